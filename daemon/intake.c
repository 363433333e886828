// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/intake.h"

#include "base/file.h"
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (256u << 10)

/* `hash` may be NULL. */
static int copy(int from, int to, struct sha256 *hash, struct error *e)
{
    char *piece = malloc(PIECE);
    ssize_t n = -1;
    int rc = piece ? 0 : error_set(e, "out of memory");
    while (rc == 0 && (n = read(from, piece, PIECE)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = error_set(e, "cannot be read: %s", strerror(errno));
        else if (file_write_all(to, piece, (size_t)n) != 0)
            rc = error_set(e, "cannot be copied: %s", strerror(errno));
        else if (hash)
            sha256_update(hash, piece, (size_t)n);
    }
    free(piece);
    if (rc == 0 && fsync(to) != 0)
        rc = error_set(e, "cannot be copied: %s", strerror(errno));
    return rc;
}

int intake_copy(int from, int to, struct error *e)
{
    return copy(from, to, NULL, e);
}

static int check_kind(int fd, const char *path, long long limit, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return error_set(e, "%s: not a regular file", path);
    if (st.st_size > limit)
        return error_set(e, "%s: more than %lld bytes", path, limit);
    return 0;
}

int intake_read(const struct caller *c, const char *path, size_t limit, char **text, size_t *size, struct error *e)
{
    int fd = caller_open(c, path, O_RDONLY | O_NONBLOCK, 0, e);
    if (fd < 0)
        return -1;
    int rc = check_kind(fd, path, (long long)limit, e);
    if (rc == 0)
        rc = file_read_open(fd, path, limit, text, size, e);
    close(fd);
    return rc;
}

/* STATE/files/SHA256/NAME: the user's own name is what errors and reports show, and its ending tells the worker what the file is. */
static int place(const char *fresh, const char *folder, const uint8_t digest[SHA256_BYTES], char path[KEYS_PATH_MAX], struct error *e)
{
    char hex[SHA256_HEX], name[2 * KEYS_PATH_MAX + 128];
    const char *slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%s/%s", folder, sha256_hex(digest, hex));
    if (file_make_folder(name, e) != 0)
        return -1;
    size_t n = strlen(name);
    snprintf(name + n, sizeof name - n, "/%s", slash ? slash + 1 : path);
    if (strlen(name) >= KEYS_PATH_MAX || rename(fresh, name) != 0) {
        error_set(e, "%s: %s", name, strlen(name) >= KEYS_PATH_MAX ? "too long a path" : strerror(errno));
        name[n] = '\0';
        rmdir(name); // unless another study's copy stands in it
        return -1;
    }
    snprintf(path, KEYS_PATH_MAX, "%.*s", KEYS_PATH_MAX - 1, name);
    return 0;
}

static int keep(int from, const char *state, char path[KEYS_PATH_MAX], struct error *e)
{
    char folder[KEYS_PATH_MAX + 16], fresh[KEYS_PATH_MAX + 64];
    uint8_t digest[SHA256_BYTES];
    struct sha256 hash;
    snprintf(folder, sizeof folder, "%s/files", state);
    if (file_make_folder(folder, e) != 0)
        return -1;
    snprintf(fresh, sizeof fresh, "%s/new-XXXXXX", folder);
    int to = mkostemp(fresh, O_CLOEXEC);
    if (to < 0)
        return error_set(e, "%s: %s", folder, strerror(errno));
    sha256_init(&hash);
    int rc = copy(from, to, &hash, e);
    close(to);
    sha256_finish(&hash, digest);
    if (rc == 0)
        rc = place(fresh, folder, digest, path, e);
    if (rc != 0)
        unlink(fresh);
    return rc;
}

int intake_text(const char *state, const char *text, char path[KEYS_PATH_MAX], struct error *e)
{
    int from = memfd_create("text", MFD_CLOEXEC);
    if (from < 0)
        return error_set(e, "a text cannot be kept: %s", strerror(errno));
    int rc = file_write_all(from, text, strlen(text)) == 0 && lseek(from, 0, SEEK_SET) == 0
                 ? keep(from, state, path, e)
                 : error_set(e, "a text cannot be kept: %s", strerror(errno));
    close(from);
    return rc;
}

static int take_file(const struct caller *c, const char *state, const char *key, char path[KEYS_PATH_MAX], char *field,
                     struct error *e)
{
    if (!path[0])
        return 0;
    int fd = caller_open(c, path, O_RDONLY | O_NONBLOCK, 0, e), rc = fd < 0 ? -1 : check_kind(fd, path, INTAKE_FILE_MAX, e);
    if (rc == 0 && state && (rc = keep(fd, state, path, e)) != 0)
        error_wrap(e, "%s", path);
    if (fd >= 0)
        close(fd);
    if (rc != 0) {
        snprintf(field, KEYS_FIELD_MAX, "%s", key);
        error_wrap(e, "\"%s\"", key);
    }
    return rc;
}

int intake_files(const struct caller *c, const char *state, struct study_file *f, char *field, struct error *e)
{
    static const char *const keys[STUDY_DATA_COUNT] = {"data.calibration", "data.validation", "data.validation_labels",
                                                       "data.test", "data.test_labels"};
    int rc = take_file(c, state, "network", f->network, field, e);
    for (int i = 0; i < STUDY_DATA_COUNT && rc == 0; i++)
        rc = take_file(c, state, keys[i], f->data[i], field, e);
    return rc;
}

void intake_hide(const char *state, char *text)
{
    char folder[KEYS_PATH_MAX + 16];
    size_t n = (size_t)snprintf(folder, sizeof folder, "%s/files/", state);
    for (char *at = text; (at = strstr(at, folder));) {
        size_t hex = strspn(at + n, "0123456789abcdef");
        if (hex == 2 * SHA256_BYTES && at[n + hex] == '/')
            memmove(at, at + n + hex + 1, strlen(at + n + hex + 1) + 1);
        else
            at += n;
    }
}

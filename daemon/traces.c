// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/traces.h"

#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX (64u << 20) // bytes of all names, far above what TRACES_BYTES_MAX lets come together

void traces_folder(const char *state, char folder[TRACES_PATH_MAX])
{
    snprintf(folder, TRACES_PATH_MAX, "%.*s/traces", KEYS_PATH_MAX, state);
}

void traces_name(int64_t study, int trial, int attempt, char name[TRACES_NAME_MAX])
{
    snprintf(name, TRACES_NAME_MAX, "%lld-%d-%d.trace", (long long)study, trial, attempt);
}

static void path_of(const char *folder, const char *name, char path[TRACES_PATH_MAX + 256])
{
    snprintf(path, TRACES_PATH_MAX + 256, "%s/%.255s", folder, name);
}

/* The new name itself is on the disk only after this. */
static int sync_folder(const char *folder, struct error *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 && fsync(fd) == 0 ? 0 : error_set(e, "%s: %s", folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

int traces_write(const char *folder, const char *name, const struct power_trace *t, int64_t kept_bytes, int64_t *bytes,
                 char sha256[SHA256_HEX])
{
    char path[TRACES_PATH_MAX + 256];
    struct error e = {""};
    path_of(folder, name, path);
    int rc = kept_bytes + (int64_t)t->size > TRACES_BYTES_MAX
                 ? error_set(&e, "the raw samples of %lld MiB that are kept are enough", (long long)(kept_bytes >> 20))
                 : power_trace_write(t, path, bytes, sha256, &e);
    if (rc == 0)
        rc = sync_folder(folder, &e);
    if (rc != 0) {
        log_warning("%s is not kept: %s", name, e.text);
        traces_remove(folder, name);
    }
    return rc;
}

int traces_read(const char *folder, const char *name, const char *sha256, struct power_trace *t, struct error *e)
{
    char path[TRACES_PATH_MAX + 256], hex[SHA256_HEX], *content;
    uint8_t digest[SHA256_BYTES];
    size_t size;
    power_trace_init(t);
    path_of(folder, name, path);
    if (file_read(path, POWER_TRACE_FILE_MAX, &content, &size, e) != 0)
        return -1;
    sha256_of(content, size, digest);
    int rc = strcmp(sha256_hex(digest, hex), sha256) == 0
                 ? power_trace_parse(content, size, t, e)
                 : error_set(e, "it is not the file that was kept: its SHA-256 is %s, not %s", hex, sha256);
    free(content);
    return rc == 0 ? 0 : error_wrap(e, "%s", path);
}

void traces_remove(const char *folder, const char *name)
{
    char path[TRACES_PATH_MAX + 256];
    path_of(folder, name, path);
    if (unlink(path) != 0 && errno != ENOENT)
        log_warning("%s: cannot be removed: %s", path, strerror(errno));
}

static void on_gone(void *user, const char *file)
{
    traces_remove(user, file);
}

/* --- at start --- */

static int add_name(void *user, const char *file)
{
    return buffer_append(user, file, strlen(file) + 1);
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names in `all`, sorted; heap. */
static const char **index_of(const struct buffer *all, size_t *n)
{
    *n = 0;
    for (size_t at = 0; at < all->size; at += strlen(all->data + at) + 1)
        ++*n;
    const char **list = malloc((*n + 1) * sizeof *list);
    size_t i = 0;
    for (size_t at = 0; list && at < all->size; at += strlen(all->data + at) + 1)
        list[i++] = all->data + at; // the store's order may be another than strcmp's
    if (list)
        qsort(list, *n, sizeof *list, compare);
    return list;
}

static void remove_unnamed(const char *folder, const char *const *names, size_t n)
{
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        const char *name = entry->d_name;
        if (name[0] != '.' && !bsearch(&name, names, n, sizeof *names, compare))
            traces_remove(folder, name);
    }
    if (d)
        closedir(d);
}

int traces_sweep(const char *state, struct store *s, struct error *e)
{
    char folder[TRACES_PATH_MAX];
    struct buffer all;
    size_t n;
    traces_folder(state, folder);
    if (file_make_folder(folder, e) != 0 || store_drop_traces(s, on_gone, folder, e) != 0)
        return -1;
    buffer_init(&all, NAMES_MAX);
    int rc = store_each_trace(s, add_name, &all, e);
    const char **names = rc == 0 ? index_of(&all, &n) : NULL;
    if (names)
        remove_unnamed(folder, names, n);
    free(names);
    buffer_finish(&all);
    return rc == 0 && names ? 0 : error_wrap(e, "traces");
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = read(fd, data + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

int file_read_open(int fd, const char *path, size_t limit, char **data, size_t *size, struct error *e)
{
    struct stat st;
    char *got = NULL;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        error_set(e, "%s: not a regular file", path);
    else if ((uintmax_t)st.st_size > limit)
        error_set(e, "%s: %jd bytes, more than the %zu that are allowed", path, (intmax_t)st.st_size, limit);
    else if (!(got = malloc((size_t)st.st_size + 1)))
        error_set(e, "%s: out of memory", path);
    else if (read_all(fd, got, (size_t)st.st_size)) {
        error_set(e, "%s: cannot read: %s", path, strerror(errno));
        free(got);
        got = NULL;
    }
    if (!got)
        return -1;
    got[st.st_size] = 0;
    *data = got;
    *size = (size_t)st.st_size;
    return 0;
}

int file_read(const char *path, size_t limit, char **data, size_t *size, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, "%s: %s", path, strerror(errno));
    int rc = file_read_open(fd, path, limit, data, size, e);
    close(fd);
    return rc;
}

int file_write_all(int fd, const void *bytes, size_t size)
{
    const char *data = bytes;
    for (size_t at = 0; at < size;) {
        ssize_t n = write(fd, data + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

int file_remove(const char *path)
{
    return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ? 0 : -1;
}

int file_write(const char *path, const void *data, size_t size, struct error *e)
{
    char neighbour[PATH_MAX];
    if (snprintf(neighbour, sizeof neighbour, "%s.new-%ld", path, (long)getpid()) >= (int)sizeof neighbour)
        return error_set(e, "%s: path too long", path);
    int fd = open(neighbour, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(e, "%s: %s", neighbour, strerror(errno));
    int failed = file_write_all(fd, data, size) || fsync(fd);
    int why = errno;
    if (close(fd) && !failed) {
        failed = -1;
        why = errno;
    }
    if (!failed && rename(neighbour, path)) {
        failed = -1;
        why = errno;
    }
    if (failed) {
        unlink(neighbour);
        return error_set(e, "%s: %s", path, strerror(why));
    }
    return 0;
}

int file_make_folder(const char *path, struct error *e)
{
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return error_set(e, "%s: path too long", path);
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p)
            continue;
        char kept = *p;
        *p = 0;
        if (mkdir(part, 0755) && errno != EEXIST)
            return error_set(e, "%s: %s", part, strerror(errno));
        *p = kept;
        if (!kept)
            return 0;
    }
}

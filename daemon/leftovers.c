// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/leftovers.h"

#include "base/file.h"
#include "base/log.h"
#include "daemon/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES (KEYS_PATH_MAX + 600) // the state folder's path and two names

static bool is_any(const char *name)
{
    (void)name;
    return true;
}

static bool is_new(const char *name)
{
    return strncmp(name, "new-", 4) == 0;
}

/* Images are made again; "x.new-PID" is a file that was being written. */
static bool is_half_done(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strstr(name, ".new-") || (dot && strcmp(dot, ".image") == 0);
}

/* A checkpoint whose training came to its end: what it came to stands beside it. */
static bool is_outlived(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    size_t n = strlen(name), end = sizeof ".part" - 1;
    if (n <= end || strcmp(name + n - end, ".part") != 0)
        return false;
    snprintf(path, sizeof path, "%s/%.*s.bin", folder, (int)(n - end), name);
    return access(path, F_OK) == 0;
}

static void sweep(const char *folder, bool (*is_left)(const char *name))
{
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        char path[PATH_BYTES];
        if (entry->d_name[0] == '.' || !(is_left(entry->d_name) || is_outlived(folder, entry->d_name)))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (file_remove(path) != 0)
            log_warning("%s: cannot be removed: %s", path, strerror(errno));
    }
    if (d)
        closedir(d);
}

static bool is_checkpoint(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".part") == 0;
}

void leftovers_of_study(const char *folder)
{
    sweep(folder, is_checkpoint);
}

void leftovers_remove(const char *state)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/exports", state);
    sweep(path, is_any);
    snprintf(path, sizeof path, "%s/files", state);
    sweep(path, is_new);
    snprintf(path, sizeof path, "%s/studies", state);
    DIR *d = opendir(path);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/studies/%s", state, entry->d_name);
        sweep(path, is_half_done);
    }
    if (d)
        closedir(d);
}

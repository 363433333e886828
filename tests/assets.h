// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Networks and data that others made, which are not part of the project: where they lie, and what a test says where they are not.
#ifndef PARE_TESTS_ASSETS_H
#define PARE_TESTS_ASSETS_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ASSETS_PATH_MAX (PATH_MAX + 256)
#define ASSETS_SKIPPED 77 // meson's exit status of a test that cannot run here

/* The path of `name` under $PARE_ASSETS, by default SOURCE_ROOT/../shared/assets. Returns `path`, which has room for `size` bytes. */
static inline const char *assets_path(const char *source_root, const char *name, char *path, size_t size)
{
    const char *folder = getenv("PARE_ASSETS");
    if (folder)
        snprintf(path, size, "%s/%s", folder, name);
    else
        snprintf(path, size, "%s/../shared/assets/%s", source_root, name);
    return path;
}

/* 0 if the file can be read, else ASSETS_SKIPPED with the reason printed. */
static inline int assets_missing(const char *path)
{
    if (access(path, R_OK) == 0)
        return 0;
    printf("skipped: no %s (PARE_ASSETS names the folder of networks and data)\n", path);
    return ASSETS_SKIPPED;
}

#endif

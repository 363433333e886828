// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Whole files: read with a limit, written so that a crash leaves the old one or the new one.
#ifndef PARE_BASE_FILE_H
#define PARE_BASE_FILE_H

#include "base/error.h"

#include <stddef.h>

/* Reads all of `path` (at most `limit` bytes) into heap memory, NUL-terminated past *size. The caller frees *data.
 * Returns 0, or -1 with the reason. */
int file_read(const char *path, size_t limit, char **data, size_t *size, struct error *e);

/* The same of a file that is open for reading, at its beginning; `path` is for the reason. */
int file_read_open(int fd, const char *path, size_t limit, char **data, size_t *size, struct error *e);

/* Writes to a neighbour, fsyncs, renames over `path`. Returns 0, or -1 with the reason; the old file is then untouched. */
int file_write(const char *path, const void *data, size_t size, struct error *e);

/* write(2) until all is written. Returns 0, or -1 with errno. */
int file_write_all(int fd, const void *data, size_t size);

/* Removes a file, or a folder with all that is in it; links are not followed. Returns 0, also if there is none, or -1 with errno. */
int file_remove(const char *path);

/* Creates a folder and its parents (mode 0755). Returns 0, or -1 with the reason. */
int file_make_folder(const char *path, struct error *e);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The files that a study names, copied into the state folder under their SHA-256: what happens to the originals later does not matter.
#ifndef PARE_DAEMON_INTAKE_H
#define PARE_DAEMON_INTAKE_H

#include "daemon/caller.h"
#include "daemon/study_file.h"

#define INTAKE_FILE_MAX (2ll << 30) // bytes of one file

/* Checks that the caller may read every file of the study; with `state` also copies them to `state`/files/SHA256/ and makes `f` name the copies.
 * Blocks: for the thread pool. Returns 0, or -1 with one line; `field` (KEYS_FIELD_MAX bytes) names the key. */
int intake_files(const struct caller *c, const char *state, struct study_file *f, char *field, struct error *e);

/* All of a file that the caller may read, at most `limit` bytes, with a NUL behind it; the caller frees *text. Blocks. Returns 0, or -1 with one line. */
int intake_read(const struct caller *c, const char *path, size_t limit, char **text, size_t *size, struct error *e);

/* Keeps a text in the same way; `path` has its name and gets where it is. For any thread but the loop's. */
int intake_text(const char *state, const char *text, char path[KEYS_PATH_MAX], struct error *e);

/* Takes the folders of such copies out of `text`: what is left of their paths are the names that the user gave. */
void intake_hide(const char *state, char *text);

/* Copies all of `from` to `to`, both open. Returns 0, or -1 with the reason. */
int intake_copy(int from, int to, struct error *e);

#endif

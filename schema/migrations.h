// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How a database file becomes one of this version: what it is, which steps it lacks, and the views of today.
#ifndef PARE_SCHEMA_MIGRATIONS_H
#define PARE_SCHEMA_MIGRATIONS_H

#include "schema/connection.h"

struct migration {
    int version;     // PRAGMA user_version afterwards; they follow each other without gaps from 1
    const char *sql; // what leads there from the version before
};

extern const struct migration migration_list[];
extern const int migration_count;

/* Tells what stands in the file without changing it: *version is 0 for an empty one. Returns 0, or -1 for a file that is not a database,
 * not one of pare, or of a version above `newest`. */
int migrations_identify(struct connection *c, const char *path, int newest, int *version, struct error *e);

/* Brings the file from `version` to the last of `list`: first, if it held anything, a backup to PATH.vVERSION.backup; then each step in
 * a transaction of its own that is taken back when it fails or leaves a foreign key that points nowhere. */
int migrations_run(struct connection *c, const char *path, int version, const struct migration *list, int n, struct error *e);

/* Replaces the views when they are not those of this build. */
int migrations_views(struct connection *c, struct error *e);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with its prepared statements, and what SQLite's results mean to the store.
#ifndef PARE_SCHEMA_CONNECTION_H
#define PARE_SCHEMA_CONNECTION_H

#include "base/buffer.h"
#include "base/error.h"
#include "schema/statements.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define CONNECTION_BUSY_MS 5000 // another program's write may take so long; pared itself never waits for itself
#define CONNECTION_ROW 100      // a row is there; beside 0 and the outcomes of store.h

struct connection {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENT_COUNT]; // each on its first use
};

/* A value to be bound. */
struct value {
    enum { VALUE_NULL = 0, VALUE_INT, VALUE_REAL, VALUE_TEXT, VALUE_BLOB } type;
    int64_t i;
    double d;
    const void *data; // must live until the statement was stepped for the last time
    size_t size;
};

struct value as_int(int64_t i);
struct value as_real(double d); // NAN: NULL
struct value as_text(const char *text); // NULL: NULL
struct value as_blob(const void *data, size_t size); // NULL: NULL

/* Two arguments: the list and its length. */
#define VALUES(...) \
    (const struct value[]){__VA_ARGS__}, (int)(sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value))
#define NO_VALUES NULL, 0

/* What the store's callers get for SQLite's `rc` (STORE_FULL, STORE_LATE or -1), with the reason. */
int connection_failed(const struct connection *c, int rc, struct error *e);

void connection_close(struct connection *c); // also one that was never opened

/* Runs SQL that is not worth preparing; for pragmas and migrations. */
int connection_execute(struct connection *c, const char *sql, struct error *e);

/* First column of the first row of such SQL as a number. */
int connection_pragma(struct connection *c, const char *sql, int64_t *value, struct error *e);

/* Binds values to ?1, ?2, ... and hands out the statement in *s, to be stepped. */
int connection_start(struct connection *c, enum statement id, const struct value *values, int n, sqlite3_stmt **s,
                     struct error *e);

/* CONNECTION_ROW, or 0 at the end, or what went wrong; the statement is reset with all but a row. A caller that stops before
 * the end calls sqlite3_reset. */
int connection_step(struct connection *c, sqlite3_stmt *s, struct error *e);

/* All of it at once, rows ignored. Returns 0, or what went wrong. */
int connection_run(struct connection *c, enum statement id, const struct value *values, int n, struct error *e);

/* First column of the first row as a number. STORE_NOT_FOUND, without a text, when there is no row. */
int connection_number(struct connection *c, enum statement id, const struct value *values, int n, int64_t *number,
                      struct error *e);

int64_t connection_changes(const struct connection *c); // rows that the last statement changed

const char *column_text(sqlite3_stmt *s, int column); // NULL for NULL; valid until the next step

/* Appends a column's bytes. Returns 0, or -1 when the buffer's limit is reached. */
int column_append(sqlite3_stmt *s, int column, struct buffer *out, struct error *e);

#endif

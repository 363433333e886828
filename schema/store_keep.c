// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Keeping the file: is it whole, and a copy of it while the writer goes on.
#include "schema/reader.h"

static int check(struct store_reader *r, bool full, struct buffer *out, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&r->c, full ? STATEMENT_FULL_CHECK : STATEMENT_QUICK_CHECK, NO_VALUES, &row, e);
    if (result == 0 && (result = connection_step(&r->c, row, e)) == CONNECTION_ROW)
        result = column_append(row, 0, out, e);
    sqlite3_reset(row);
    return result;
}

int store_check(struct store_reader *r, bool full, struct buffer *out, struct error *e)
{
    int result = reader_begin(r, e);
    return result != 0 ? result : reader_end(r, check(r, full, out, e));
}

static int copy(struct connection *c, const char *to, struct error *e)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(c->db, "VACUUM INTO ?1", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(s, 1, to, -1, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    int result = rc == SQLITE_DONE ? 0 : connection_failed(c, rc, e);
    sqlite3_finalize(s);
    return result;
}

/* The connection is the copy's own: a reader's (`query_only`) may not write, not even elsewhere. */
int store_backup(const char *path, const char *to, struct error *e)
{
    struct connection c = {.db = NULL};
    int rc = sqlite3_open_v2(path, &c.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(c.db, CONNECTION_BUSY_MS);
    int result = rc == SQLITE_OK ? copy(&c, to, e) : error_set(e, "%s: %s", path, sqlite3_errstr(rc));
    connection_close(&c);
    return result;
}

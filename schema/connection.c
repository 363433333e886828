// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "schema/connection.h"

#include "schema/store.h"

#include <math.h>

struct value as_int(int64_t i)
{
    return (struct value){.type = VALUE_INT, .i = i};
}

struct value as_real(double d)
{
    return isnan(d) ? (struct value){0} : (struct value){.type = VALUE_REAL, .d = d};
}

struct value as_text(const char *text)
{
    return text ? (struct value){.type = VALUE_TEXT, .data = text} : (struct value){0};
}

struct value as_blob(const void *data, size_t size)
{
    return data ? (struct value){.type = VALUE_BLOB, .data = data, .size = size} : (struct value){0};
}

int connection_failed(const struct connection *c, int rc, struct error *e)
{
    const char *text = c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_INTERRUPT:
        error_set(e, "the query took too long");
        return STORE_LATE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        error_set(e, "the database is held by another program");
        return STORE_FULL;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        error_set(e, "the database cannot be written: %s", text);
        return STORE_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return error_set(e, "the database is damaged: %s", text);
    default:
        return error_set(e, "database: %s", text);
    }
}

void connection_close(struct connection *c)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(c->prepared[i]);
    sqlite3_close(c->db);
    *c = (struct connection){0};
}

int connection_execute(struct connection *c, const char *sql, struct error *e)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : connection_failed(c, rc, e);
}

int connection_pragma(struct connection *c, const char *sql, int64_t *value, struct error *e)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    *value = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    int result = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : connection_failed(c, rc, e);
    sqlite3_finalize(s);
    return result;
}

static int bind(sqlite3_stmt *s, int at, const struct value *v)
{
    switch (v->type) {
    case VALUE_INT:
        return sqlite3_bind_int64(s, at, v->i);
    case VALUE_REAL:
        return sqlite3_bind_double(s, at, v->d);
    case VALUE_TEXT:
        return sqlite3_bind_text(s, at, v->data, -1, SQLITE_STATIC);
    case VALUE_BLOB:
        return sqlite3_bind_blob64(s, at, v->data, v->size, SQLITE_STATIC);
    case VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(s, at);
}

int connection_start(struct connection *c, enum statement id, const struct value *values, int n, sqlite3_stmt **s,
                     struct error *e)
{
    int rc = SQLITE_OK;
    if (!c->prepared[id])
        rc = sqlite3_prepare_v3(c->db, statement_sql[id], -1, SQLITE_PREPARE_PERSISTENT, &c->prepared[id], NULL);
    *s = c->prepared[id];
    for (int i = 0; i < n && rc == SQLITE_OK; i++)
        rc = bind(*s, i + 1, &values[i]);
    return rc == SQLITE_OK ? 0 : connection_failed(c, rc, e);
}

int connection_step(struct connection *c, sqlite3_stmt *s, struct error *e)
{
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        return CONNECTION_ROW;
    int result = rc == SQLITE_DONE ? 0 : connection_failed(c, rc, e);
    sqlite3_reset(s);
    return result;
}

int connection_run(struct connection *c, enum statement id, const struct value *values, int n, struct error *e)
{
    sqlite3_stmt *s;
    int result = connection_start(c, id, values, n, &s, e);
    if (result != 0)
        return result;
    while ((result = connection_step(c, s, e)) == CONNECTION_ROW) {
    }
    return result;
}

int connection_number(struct connection *c, enum statement id, const struct value *values, int n, int64_t *number,
                      struct error *e)
{
    sqlite3_stmt *s;
    int result = connection_start(c, id, values, n, &s, e);
    if (result != 0)
        return result;
    result = connection_step(c, s, e);
    if (result != CONNECTION_ROW)
        return result == 0 ? STORE_NOT_FOUND : result;
    *number = sqlite3_column_int64(s, 0);
    while ((result = connection_step(c, s, e)) == CONNECTION_ROW) { // an INSERT .. RETURNING wants to be finished
    }
    return result;
}

int64_t connection_changes(const struct connection *c)
{
    return sqlite3_changes64(c->db);
}

const char *column_text(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

int column_append(sqlite3_stmt *s, int column, struct buffer *out, struct error *e)
{
    const void *data = sqlite3_column_blob(s, column);
    int size = sqlite3_column_bytes(s, column);
    if (size > 0 && buffer_append(out, data, (size_t)size) < 0)
        return error_set(e, "the answer exceeds %zu bytes", out->limit);
    return 0;
}

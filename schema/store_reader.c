// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Opening read-only connections; their deadline.
#include "schema/migrations.h"
#include "schema/reader.h"

#include <stdlib.h>
#include <time.h>

#define READER_STRIDE 1000 // virtual machine instructions between two looks at the clock: some 20 us

static int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int too_late(void *user)
{
    const struct store_reader *r = user;
    return r->limit_ms >= 0 && monotonic_ms() >= r->deadline_ms;
}

static int set_up(struct store_reader *r, const char *path, struct error *e)
{
    int version;
    int rc = sqlite3_open_v2(path, &r->c.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return error_set(e, "%s: %s", path, r->c.db ? sqlite3_errmsg(r->c.db) : sqlite3_errstr(rc));
    sqlite3_extended_result_codes(r->c.db, 1);
    sqlite3_busy_timeout(r->c.db, CONNECTION_BUSY_MS);
    if (migrations_identify(&r->c, path, STORE_VERSION, &version, e) < 0)
        return -1;
    if (version != STORE_VERSION)
        return error_set(e, "%s is of version %d; pared brings it to version %d when it starts", path, version, STORE_VERSION);
    sqlite3_progress_handler(r->c.db, READER_STRIDE, too_late, r);
    return connection_execute(&r->c, "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", e);
}

struct store_reader *store_reader_open(const char *path, struct error *e)
{
    struct store_reader *r = calloc(1, sizeof *r);
    if (!r) {
        error_set(e, "no memory");
        return NULL;
    }
    r->limit_ms = -1;
    if (set_up(r, path, e) != 0) {
        store_reader_close(r);
        return NULL;
    }
    return r;
}

void store_reader_close(struct store_reader *r)
{
    if (!r)
        return;
    connection_close(&r->c);
    free(r);
}

void store_reader_limit(struct store_reader *r, int64_t ms)
{
    r->limit_ms = ms;
}

int reader_begin(struct store_reader *r, struct error *e)
{
    r->deadline_ms = monotonic_ms() + (r->limit_ms > 0 ? r->limit_ms : 0);
    return connection_run(&r->c, STATEMENT_READ, NO_VALUES, e);
}

int reader_end(struct store_reader *r, int result)
{
    if (!sqlite3_get_autocommit(r->c.db))
        connection_run(&r->c, STATEMENT_ROLLBACK, NO_VALUES, NULL); // nothing was written: ends the snapshot
    return result;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One SHA-256 over everything in a study that must not depend on crashes.
#include "schema/reader.h"

#include <string.h>

/* Type, length and bytes, so that no two different rows look alike. Doubles count with their bits. */
static void add_column(struct sha256 *h, sqlite3_stmt *row, int column)
{
    uint8_t type = (uint8_t)sqlite3_column_type(row, column);
    sha256_update(h, &type, 1);
    if (type == SQLITE_INTEGER) {
        int64_t i = sqlite3_column_int64(row, column);
        sha256_update(h, &i, sizeof i);
    } else if (type == SQLITE_FLOAT) {
        double d = sqlite3_column_double(row, column);
        sha256_update(h, &d, sizeof d);
    } else if (type != SQLITE_NULL) {
        const void *data = sqlite3_column_blob(row, column);
        int32_t size = sqlite3_column_bytes(row, column);
        sha256_update(h, &size, sizeof size);
        sha256_update(h, data, (size_t)size);
    }
}

static void add_row(struct sha256 *h, sqlite3_stmt *row, const char *tag)
{
    sha256_update(h, tag, strlen(tag));
    for (int i = 0; i < sqlite3_column_count(row); i++)
        add_column(h, row, i);
}

static int add_rows(struct store_reader *r, enum statement id, const struct value *values, int n, const char *tag,
                    struct sha256 *h, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&r->c, id, values, n, &row, e);
    while (result == 0 && (result = connection_step(&r->c, row, e)) == CONNECTION_ROW) {
        add_row(h, row, tag);
        result = 0;
    }
    return result;
}

static int add_trials(struct store_reader *r, int64_t study, struct sha256 *h, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&r->c, STATEMENT_DIGEST_TRIALS, VALUES(as_int(study)), &row, e);
    while (result == 0 && (result = connection_step(&r->c, row, e)) == CONNECTION_ROW) {
        int64_t trial = sqlite3_column_int64(row, 0);
        add_row(h, row, "trial");
        result = add_rows(r, STATEMENT_DIGEST_FIGURES, VALUES(as_int(study), as_int(trial)), "figure", h, e);
        if (result == 0)
            result = add_rows(r, STATEMENT_DIGEST_LAYERS, VALUES(as_int(study), as_int(trial)), "layer", h, e);
    }
    sqlite3_reset(row);
    return result;
}

static int digest(struct store_reader *r, int64_t study, char hex[SHA256_HEX], struct error *e)
{
    struct sha256 h;
    uint8_t bytes[SHA256_BYTES];
    int64_t objectives;
    sha256_init(&h);
    int result = connection_number(&r->c, STATEMENT_OBJECTIVES, VALUES(as_int(study)), &objectives, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "there is no study %lld", (long long)study);
    if (result == 0)
        result = add_trials(r, study, &h, e);
    if (result == 0)
        result = add_rows(r, STATEMENT_AGENT_STATE, VALUES(as_int(study)), "agent", &h, e);
    sha256_finish(&h, bytes);
    sha256_hex(bytes, hex);
    return result;
}

int store_digest(struct store_reader *r, int64_t study, char hex[SHA256_HEX], struct error *e)
{
    int result = reader_begin(r, e);
    return result != 0 ? result : reader_end(r, digest(r, study, hex, e));
}

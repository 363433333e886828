// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Reading events from a sequence number on.
#include "schema/reader.h"

static int append_events(struct store_reader *r, const struct value *values, int n, int limit, struct buffer *out,
                         int64_t *last, struct error *e)
{
    sqlite3_stmt *row;
    int rows = 0;
    int64_t seq = *last;
    int result = connection_start(&r->c, STATEMENT_READ_EVENTS, values, n, &row, e);
    while (result == 0 && (result = connection_step(&r->c, row, e)) == CONNECTION_ROW) {
        seq = sqlite3_column_int64(row, 0);
        rows++;
        result = column_append(row, 1, out, e);
        if (result == 0 && buffer_append(out, "\n", 1) < 0)
            result = error_set(e, "the answer exceeds %zu bytes", out->limit);
    }
    sqlite3_reset(row);
    if (rows == limit)
        *last = seq; // there may be more
    return result;
}

static int read_events(struct store_reader *r, int64_t since, int64_t study, const char *topics, int limit, struct buffer *out,
                       int64_t *last, struct error *e)
{
    int64_t oldest;
    int result = connection_number(&r->c, STATEMENT_LAST_EVENT, NO_VALUES, last, e);
    if (result == 0)
        result = connection_number(&r->c, STATEMENT_OLDEST_EVENT, NO_VALUES, &oldest, e);
    if (result != 0)
        return result;
    if (since + 1 < oldest || since > *last) {
        error_set(e, "events after %lld are no longer stored", (long long)since);
        return STORE_PRUNED;
    }
    return append_events(r, VALUES(as_int(since), as_int(study), as_text(topics), as_int(limit)), limit, out, last, e);
}

int store_read_events(struct store_reader *r, int64_t since, int64_t study, const char *topics, int limit, struct buffer *out,
                      int64_t *last, struct error *e)
{
    int result = reader_begin(r, e);
    return result != 0 ? result : reader_end(r, read_events(r, since, study, topics, limit, out, last, e));
}

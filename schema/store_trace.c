// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Which files with raw samples are kept. That there is one is part of a result (store_trial.c).
#include "schema/writer.h"

#include <string.h>

#define NAMES_MAX (16u << 20) // bytes of names that are dropped at once: more than a study can have

/* Their names, each with its NUL. */
static int drop(struct store *s, struct buffer *names, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_DROP_TRACES, NO_VALUES, &row, e);
    while (result == 0 && (result = connection_step(&s->c, row, e)) == CONNECTION_ROW) {
        const char *file = column_text(row, 0);
        result = buffer_append(names, file, strlen(file) + 1) == 0 ? 0 : error_set(e, "too many traces to be dropped");
    }
    sqlite3_reset(row);
    return result;
}

static int drop_at_once(struct store *s, struct buffer *names, struct error *e)
{
    int result = writer_begin(s, 0, e);
    return result != 0 ? result : writer_end(s, drop(s, names, e), e);
}

int store_drop_traces(struct store *s, void (*gone)(void *user, const char *file), void *user, struct error *e)
{
    struct buffer names;
    int64_t n;
    int result = connection_number(&s->c, STATEMENT_COUNT_UNWANTED_TRACES, NO_VALUES, &n, e);
    if (result != 0 || n == 0)
        return result;
    buffer_init(&names, NAMES_MAX);
    result = drop_at_once(s, &names, e);
    for (size_t at = 0; result == 0 && at < names.size; at += strlen(names.data + at) + 1)
        gone(user, names.data + at);
    buffer_finish(&names);
    return result;
}

int store_each_trace(struct store *s, int (*each)(void *user, const char *file), void *user, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_EACH_TRACE, NO_VALUES, &row, e);
    while (result == 0 && (result = connection_step(&s->c, row, e)) == CONNECTION_ROW)
        result = each(user, column_text(row, 0));
    sqlite3_reset(row);
    return result;
}

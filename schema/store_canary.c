// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a board's canary was measured to be, time and again.
#include "schema/writer.h"

static int not_found(const char *board, struct error *e)
{
    error_set(e, "there is no board %s", board);
    return STORE_NOT_FOUND;
}

static int put(struct store *s, const char *board, const struct store_canary *c, struct error *e)
{
    int64_t number;
    int result = connection_number(&s->c, STATEMENT_PUT_CANARY,
                                   VALUES(as_text(board), as_int(writer_now(s)), as_text(c->runner_sha256), as_text(c->image_sha256),
                                          as_int(c->cycles), as_int(c->energy_nj), as_int(c->reference), as_int(c->drifted)),
                                   &number, e);
    if (result == STORE_NOT_FOUND)
        return not_found(board, e);
    if (result != 0)
        return result;
    return connection_run(&s->c, STATEMENT_PRUNE_CANARIES, VALUES(as_text(board), as_int(number - STORE_CANARIES_MAX)), e);
}

int store_canary(struct store *s, const char *board, const struct store_canary *canary, struct store_events *events, struct error *e)
{
    int result = writer_begin(s, 0, e);
    if (result != 0)
        return result;
    result = put(s, board, canary, e);
    if (result == 0)
        result = writer_tell(s, 0, events, e);
    return writer_end(s, result, e);
}

/* Of the runner and the image that `c` names. */
static int load(struct store *s, enum statement id, const char *board, struct store_canary *c, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, id, VALUES(as_text(board), as_text(c->runner_sha256), as_text(c->image_sha256)), &row, e);
    if (result == 0)
        result = connection_step(&s->c, row, e);
    if (result != CONNECTION_ROW)
        return result;
    c->cycles = sqlite3_column_int64(row, 0);
    c->energy_nj = sqlite3_column_int64(row, 1);
    c->reference = sqlite3_column_int(row, 2);
    c->drifted = sqlite3_column_int(row, 3);
    sqlite3_reset(row);
    return 0;
}

int store_canary_load(struct store *s, const char *board, const char *runner_sha256, const char *image_sha256,
                      struct store_canary *reference, struct store_canary *last, struct error *e)
{
    *reference = *last = (struct store_canary){.runner_sha256 = runner_sha256, .image_sha256 = image_sha256};
    int result = load(s, STATEMENT_CANARY_REFERENCE, board, reference, e);
    return result == 0 ? load(s, STATEMENT_CANARY_LAST, board, last, e) : result;
}

int store_canary_forget(struct store *s, const char *board, struct store_events *events, struct error *e)
{
    int result = writer_begin(s, 0, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_FORGET_CANARIES, VALUES(as_text(board)), e);
    if (result == 0)
        result = writer_tell(s, 0, events, e);
    return writer_end(s, result, e);
}

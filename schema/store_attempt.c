// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writing attempts: how one begins and how it fails. That it went well is part of the result (store_trial.c).
#include "schema/writer.h"

static int set_state(struct store *s, int64_t study, int trial, const char *state, struct error *e)
{
    return connection_run(&s->c, STATEMENT_SET_TRIAL_STATE,
                          VALUES(as_int(study), as_int(trial), as_text(state), as_int(writer_now(s))), e);
}

static int insert_attempt(struct store *s, int64_t study, int trial, const char *board, int *attempt, struct error *e)
{
    struct known known;
    int64_t number;
    int result = writer_known(s, study, trial, &known, e);
    if (result != 0)
        return result;
    int series = known.result ? 1 : 0; // what has its result is tried again as a finalist only
    result = connection_number(&s->c, STATEMENT_BEGIN_ATTEMPT,
                               VALUES(as_int(study), as_int(trial), as_int(series), as_text(board), as_int(writer_now(s))),
                               &number, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "there is no board %s", board);
    if (result < 0 && sqlite3_extended_errcode(s->c.db) == SQLITE_CONSTRAINT_UNIQUE) {
        error_set(e, "trial %d has an attempt under way", trial);
        return STORE_CONFLICT;
    }
    if (result != 0)
        return result;
    *attempt = (int)number;
    return set_state(s, study, trial, "measuring", e);
}

int store_attempt(struct store *s, int64_t study, int trial, const char *board, int *attempt, struct error *e)
{
    int result = writer_begin(s, study, e);
    return result != 0 ? result : writer_end(s, insert_attempt(s, study, trial, board, attempt, e), e);
}

/* After the statement that ends it. */
static int ended(struct store *s, int result, int64_t study, int trial, int attempt, struct error *e)
{
    if (result == 0 && connection_changes(&s->c) == 0) {
        error_set(e, "trial %d has no attempt %d under way", trial, attempt);
        return STORE_CONFLICT;
    }
    return result == 0 ? set_state(s, study, trial, "lowered", e) : result;
}

static int fail_attempt(struct store *s, int64_t study, int trial, int attempt, const char *class, const char *text,
                        struct error *e)
{
    int result = connection_run(&s->c, STATEMENT_FAIL_ATTEMPT,
                                VALUES(as_int(study), as_int(trial), as_int(attempt), as_text(class), as_text(text),
                                       as_int(writer_now(s))),
                                e);
    return ended(s, result, study, trial, attempt, e);
}

int store_attempt_interrupted(struct store *s, int64_t study, int trial, int attempt, const char *text, struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = connection_run(&s->c, STATEMENT_INTERRUPT_ATTEMPT,
                            VALUES(as_int(study), as_int(trial), as_int(attempt), as_text(text), as_int(writer_now(s))), e);
    return writer_end(s, ended(s, result, study, trial, attempt, e), e);
}

int store_attempt_failed(struct store *s, int64_t study, int trial, int attempt, const char *class, const char *text,
                         struct store_events *events, struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = fail_attempt(s, study, trial, attempt, class, text, e);
    if (result == 0)
        result = writer_tell(s, study, events, e);
    return writer_end(s, result, e);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The transaction *stepped*: what the agent did with results, and what it proposes next.
#include "schema/writer.h"

#include <inttypes.h>
#include <math.h>

const char *store_kind_name(enum store_kind kind)
{
    static const char *const names[STORE_KIND_COUNT] = {"baseline", "policy", "neighbour", "uniform"};
    return (unsigned)kind < STORE_KIND_COUNT ? names[kind] : "unknown";
}

/* Where the study's agent stands. */
struct standing {
    int64_t step, applied_seq, next_result_seq;
};

static int look_up(struct store *s, int64_t study, struct standing *at, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_GET_STEP, VALUES(as_int(study)), &row, e);
    if (result != 0)
        return result;
    result = connection_step(&s->c, row, e);
    if (result != CONNECTION_ROW)
        return result; // never 0: writer_begin has found the study
    at->step = sqlite3_column_int64(row, 0);
    at->applied_seq = sqlite3_column_int64(row, 1);
    at->next_result_seq = sqlite3_column_int64(row, 2);
    sqlite3_reset(row);
    return 0;
}

static int check(const struct standing *at, const struct store_step *step, struct error *e)
{
    if (step->step < 1 || (step->step != at->step && step->step != at->step + 1))
        return error_set(e, "step %" PRId64 " does not follow step %" PRId64, step->step, at->step);
    if (step->step == at->step)
        return STORE_ALREADY;
    if (step->applied_seq < at->applied_seq || step->applied_seq >= at->next_result_seq)
        return error_set(e, "results up to %" PRId64 " cannot be applied: %" PRId64 " were, %" PRId64 " exist", step->applied_seq,
                         at->applied_seq, at->next_result_seq - 1);
    if (step->state_size > STORE_AGENT_MAX)
        return error_set(e, "an agent of %zu bytes exceeds %d", step->state_size, STORE_AGENT_MAX);
    return 0;
}

static int put_rewards(struct store *s, int64_t study, const struct standing *at, const struct store_step *step,
                       struct error *e)
{
    for (int i = 0; i < step->n_rewards; i++) {
        const struct store_reward *r = &step->rewards[i];
        if (!isfinite(r->reward))
            return error_set(e, "the reward of trial %d is not finite", r->trial);
        int result = connection_run(&s->c, STATEMENT_SET_REWARD,
                                    VALUES(as_int(study), as_int(r->trial), as_real(r->reward), as_int(at->applied_seq),
                                           as_int(step->applied_seq)),
                                    e);
        if (result != 0)
            return result;
        if (connection_changes(&s->c) == 0)
            return error_set(e, "trial %d is not among the measured ones that step %" PRId64 " applies", r->trial, step->step);
    }
    int64_t missing;
    int result = connection_number(&s->c, STATEMENT_COUNT_UNREWARDED, VALUES(as_int(study), as_int(step->applied_seq)),
                                   &missing, e);
    if (result == 0 && missing > 0)
        return error_set(e, "step %" PRId64 " leaves %" PRId64 " applied trials without reward", step->step, missing);
    return result;
}

static int put_agent(struct store *s, int64_t study, const struct store_step *step, struct error *e)
{
    if (!step->state && !step->summary)
        return 0;
    return connection_run(&s->c, STATEMENT_PUT_AGENT,
                          VALUES(as_int(study), as_blob(step->state, step->state_size), as_text(step->summary),
                                 as_int(writer_now(s))),
                          e);
}

static int put_proposal(struct store *s, int64_t study, const struct store_proposal *p, struct error *e)
{
    struct candidate c;
    if (candidate_parse(p->candidate, 0, &c, e) < 0)
        return error_wrap(e, "trial %d", p->trial);
    int result = connection_run(&s->c, STATEMENT_PUT_TRIAL,
                                VALUES(as_int(study), as_int(p->trial), as_text(store_kind_name(p->kind)),
                                       as_text(p->candidate), as_int((int64_t)p->hash), as_int(writer_now(s)), as_text(p->why)),
                                e);
    if (result < 0 && sqlite3_extended_errcode(s->c.db) == SQLITE_CONSTRAINT_UNIQUE)
        return error_set(e, "trial %d: the study has this candidate already", p->trial);
    return result;
}

static int put_proposals(struct store *s, int64_t study, const struct store_step *step, struct error *e)
{
    int64_t n;
    int result = connection_number(&s->c, STATEMENT_COUNT_TRIALS, VALUES(as_int(study)), &n, e);
    for (int i = 0; i < step->n_proposals && result == 0; i++) {
        if (step->proposals[i].trial != n + 1 + i)
            return error_set(e, "trial %d is not the next one, %" PRId64, step->proposals[i].trial, n + 1 + i);
        result = put_proposal(s, study, &step->proposals[i], e);
    }
    return result;
}

static int stepped(struct store *s, int64_t study, const struct store_step *step, struct error *e)
{
    struct standing at = {0};
    int result = look_up(s, study, &at, e);
    if (result == 0)
        result = check(&at, step, e);
    if (result == 0)
        result = put_rewards(s, study, &at, step, e);
    if (result == 0)
        result = connection_run(&s->c, STATEMENT_SET_STEP,
                                VALUES(as_int(study), as_int(step->step), as_int(step->applied_seq)), e);
    if (result == 0)
        result = connection_run(&s->c, STATEMENT_SET_STEPPED,
                                VALUES(as_int(study), as_int(step->applied_seq), as_int(writer_now(s))), e);
    if (result == 0)
        result = put_agent(s, study, step, e);
    return result == 0 ? put_proposals(s, study, step, e) : result;
}

int store_stepped(struct store *s, int64_t study, const struct store_step *step, struct store_events *events, struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = stepped(s, study, step, e);
    if (result == 0)
        result = writer_tell(s, study, events, e);
    return writer_end(s, result, e);
}

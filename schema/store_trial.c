// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writing what was found out about a trial: the transaction *measured*, finalists, and the front that follows from them.
#include "schema/front_points.h"
#include "schema/writer.h"

#include <math.h>
#include <string.h>

enum { SERIES_SEARCH = 0, SERIES_FINAL = 1 };

const char *store_outcome_name(enum store_outcome outcome)
{
    static const char *const names[STORE_OUTCOME_COUNT] = {"measured", "infeasible", "given_up", "dropped"};
    return (unsigned)outcome < STORE_OUTCOME_COUNT ? names[outcome] : "unknown";
}

int writer_known(struct store *s, int64_t study, int trial, struct known *known, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_GET_TRIAL, VALUES(as_int(study), as_int(trial)), &row, e);
    if (result == 0)
        result = connection_step(&s->c, row, e);
    if (result == 0) {
        error_set(e, "study %lld has no trial %d", (long long)study, trial);
        return STORE_NOT_FOUND;
    }
    if (result != CONNECTION_ROW)
        return result;
    const char *outcome = column_text(row, 0);
    known->result = outcome != NULL;
    known->measured = outcome && strcmp(outcome, "measured") == 0;
    known->result_seq = sqlite3_column_int64(row, 1);
    known->finalist = sqlite3_column_int(row, 2);
    sqlite3_reset(row);
    return 0;
}

static int put_figure(struct store *s, int64_t study, int trial, int series, int attempt, const struct store_figure *figure,
                      struct error *e)
{
    const struct figure *f = &figure->figure;
    bool on_board = f->origin == ORIGIN_REAL || f->origin == ORIGIN_VIRTUAL;
    if (f->unit == UNIT_NONE || f->unit >= UNIT_COUNT || f->origin == ORIGIN_NONE || f->origin >= ORIGIN_COUNT)
        return error_set(e, "it has no unit or no origin");
    return connection_run(&s->c, STATEMENT_PUT_FIGURE,
                          VALUES(as_int(study), as_int(trial), as_text(figure->name), as_int(series), as_int(f->value),
                                 as_text(unit_name(f->unit)), as_int(f->repeats), as_int(f->spread), as_int(f->of),
                                 as_text(origin_name(f->origin)), as_int(on_board ? attempt : 0)),
                          e);
}

int writer_figures(struct store *s, int64_t study, int trial, int series, int attempt, const struct store_figure *figures,
                   int n, struct error *e)
{
    if (n < 0 || n > STORE_FIGURES_MAX)
        return error_set(e, "%d figures, at most %d can be stored", n, STORE_FIGURES_MAX);
    int result = 0;
    for (int i = 0; i < n && result == 0; i++) {
        result = put_figure(s, study, trial, series, attempt, &figures[i], e);
        if (result == 0 && series > 0)
            result = connection_run(&s->c, STATEMENT_RETIRE_FIGURE,
                                    VALUES(as_int(study), as_int(trial), as_text(figures[i].name), as_int(series)), e);
        if (result < 0)
            error_wrap(e, "trial %d, figure %s", trial, figures[i].name);
    }
    return result;
}

int writer_front(struct store *s, int64_t study, struct error *e)
{
    struct front_points points;
    int64_t objectives;
    int result = connection_number(&s->c, STATEMENT_OBJECTIVES, VALUES(as_int(study)), &objectives, e);
    if (result != 0)
        return result;
    result = front_points_read(&s->c, study, (unsigned)objectives, &points, e);
    front_points_mark(&points);
    for (int i = 0; i < points.n && result == 0; i++) {
        const struct front_point *p = &points.list[i];
        if (p->front != p->stored)
            result = connection_run(&s->c, STATEMENT_SET_FRONT, VALUES(as_int(study), as_int(p->trial), as_int(p->front)), e);
    }
    front_points_finish(&points);
    return result;
}

static int end_attempt(struct store *s, int64_t study, const struct store_result *r, struct error *e)
{
    int64_t open;
    int result = 0;
    if (r->attempt) {
        result = connection_run(&s->c, STATEMENT_SUCCEED_ATTEMPT,
                                VALUES(as_int(study), as_int(r->trial), as_int(r->attempt), as_int(r->clock_hz),
                                       as_text(r->provenance), as_int(writer_now(s))),
                                e);
        if (result == 0 && connection_changes(&s->c) == 0)
            return error_set(e, "trial %d has no attempt %d under way", r->trial, r->attempt);
    }
    if (result == 0)
        result = connection_number(&s->c, STATEMENT_COUNT_OPEN_ATTEMPTS, VALUES(as_int(study), as_int(r->trial)), &open, e);
    if (result == 0 && open > 0)
        return error_set(e, "trial %d has another attempt under way", r->trial);
    return result;
}

static int put_layers(struct store *s, int64_t study, const struct store_result *r, int series, struct error *e)
{
    if (r->n_layers < 0 || r->n_layers > STORE_LAYERS_MAX || (r->n_layers > 0 && !r->attempt))
        return error_set(e, "trial %d: cycles of %d layers without an attempt, or of more than %d", r->trial, r->n_layers,
                         STORE_LAYERS_MAX);
    int result = 0;
    for (int i = 0; i < r->n_layers && result == 0; i++)
        result = connection_run(&s->c, STATEMENT_PUT_LAYER,
                                VALUES(as_int(study), as_int(r->trial), as_int(series), as_int(i), as_int(r->layer_cycles[i]),
                                       as_int(r->attempt)),
                                e);
    return result;
}

static int put_findings(struct store *s, int64_t study, const struct store_result *r, int series, struct error *e)
{
    int result = end_attempt(s, study, r, e);
    if (result == 0)
        result = writer_figures(s, study, r->trial, series, r->attempt, r->figures, r->n_figures, e);
    if (result == 0)
        result = put_layers(s, study, r, series, e);
    return result;
}

/* After the front is what it is with this result. */
static int put_trace(struct store *s, int64_t study, const struct store_result *r, struct error *e)
{
    struct store_trace *t = r->trace;
    sqlite3_stmt *row;
    if (!t || !r->attempt)
        return 0;
    int result = connection_start(&s->c, STATEMENT_TRACE_WANTED, VALUES(as_int(study), as_int(r->trial)), &row, e);
    if (result == 0)
        result = connection_step(&s->c, row, e);
    if (result != CONNECTION_ROW)
        return result;
    bool wanted = sqlite3_column_int(row, 0);
    int64_t kept_bytes = sqlite3_column_int64(row, 1);
    sqlite3_reset(row);
    if (!wanted || t->write(t->user, t, kept_bytes) != 0)
        return 0;
    return connection_run(&s->c, STATEMENT_PUT_TRACE,
                          VALUES(as_int(study), as_int(r->trial), as_int(r->attempt), as_text(t->file), as_int(t->bytes),
                                 as_text(t->sha256), as_int(t->windows), as_int(t->samples)),
                          e);
}

static int measured(struct store *s, int64_t study, const struct store_result *r, int64_t *result_seq, struct error *e)
{
    struct known known;
    int result = writer_known(s, study, r->trial, &known, e);
    if (result == 0 && known.result) {
        *result_seq = known.result_seq;
        return STORE_ALREADY;
    }
    if (result == 0)
        result = put_findings(s, study, r, SERIES_SEARCH, e);
    if (result == 0)
        result = connection_number(&s->c, STATEMENT_NEXT_RESULT, VALUES(as_int(study)), result_seq, e);
    if (result == 0)
        result = connection_run(&s->c, STATEMENT_SET_RESULT,
                                VALUES(as_int(study), as_int(r->trial), as_text(store_outcome_name(r->outcome)),
                                       as_text(r->reason), as_int(*result_seq), as_int(writer_now(s))),
                                e);
    if (result == 0 && r->outcome == STORE_MEASURED)
        result = writer_front(s, study, e);
    return result == 0 ? put_trace(s, study, r, e) : result;
}

int store_measured(struct store *s, int64_t study, const struct store_result *r, struct store_events *events,
                   int64_t *result_seq, struct error *e)
{
    if (r->outcome != STORE_MEASURED && r->attempt)
        return error_set(e, "trial %d is %s, but attempt %d went well", r->trial, store_outcome_name(r->outcome), r->attempt);
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = measured(s, study, r, result_seq, e);
    if (result == 0)
        result = writer_tell(s, study, events, e);
    return writer_end(s, result, e);
}

static int finish(struct store *s, int64_t study, const struct store_result *r, double reward, struct error *e)
{
    struct known known;
    int result = writer_known(s, study, r->trial, &known, e);
    if (result != 0)
        return result;
    if (known.finalist)
        return STORE_ALREADY;
    if (!known.measured || !isfinite(reward))
        return error_set(e, "trial %d was not measured, or its reward is not finite", r->trial);
    result = put_findings(s, study, r, SERIES_FINAL, e);
    if (result == 0)
        result = connection_run(&s->c, STATEMENT_SET_FINAL,
                                VALUES(as_int(study), as_int(r->trial), as_real(reward), as_int(writer_now(s))), e);
    if (result == 0)
        result = writer_front(s, study, e);
    return result == 0 ? put_trace(s, study, r, e) : result;
}

int store_final(struct store *s, int64_t study, const struct store_result *r, double reward, struct store_events *events,
                struct error *e)
{
    int result = writer_begin(s, study, e);
    if (result != 0)
        return result;
    result = finish(s, study, r, reward, e);
    if (result == 0)
        result = writer_tell(s, study, events, e);
    return writer_end(s, result, e);
}

static int lower(struct store *s, int64_t study, int trial, const struct store_figure *figures, int n, struct error *e)
{
    struct known known;
    int result = writer_known(s, study, trial, &known, e);
    if (result == 0 && known.result)
        return STORE_ALREADY;
    if (result == 0)
        result = writer_figures(s, study, trial, SERIES_SEARCH, 0, figures, n, e);
    if (result != 0)
        return result;
    return connection_run(&s->c, STATEMENT_SET_TRIAL_STATE,
                          VALUES(as_int(study), as_int(trial), as_text("lowered"), as_int(writer_now(s))), e);
}

int store_lowered(struct store *s, int64_t study, int trial, const struct store_figure *figures, int n, struct error *e)
{
    int result = writer_begin(s, study, e);
    return result != 0 ? result : writer_end(s, lower(s, study, trial, figures, n, e), e);
}

static int add_figures(struct store *s, int64_t study, int trial, const struct store_figure *figures, int n, struct error *e)
{
    struct known known;
    int result = writer_known(s, study, trial, &known, e);
    if (result == 0)
        result = writer_figures(s, study, trial, SERIES_SEARCH, 0, figures, n, e);
    return result == 0 && known.measured ? writer_front(s, study, e) : result;
}

int store_add_figures(struct store *s, int64_t study, int trial, const struct store_figure *figures, int n, struct error *e)
{
    int result = writer_begin(s, study, e);
    return result != 0 ? result : writer_end(s, add_figures(s, study, trial, figures, n, e), e);
}

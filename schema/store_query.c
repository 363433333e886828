// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Reading: SQLite writes the JSON (statements.c), row after row into the caller's buffer.
#include "schema/front_points.h"
#include "schema/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define QUERY_LIMIT 1000 // rows of a list when the caller names no limit

static int append(struct buffer *out, const char *text, struct error *e)
{
    if (buffer_append(out, text, strlen(text)) < 0)
        return error_set(e, "the answer exceeds %zu bytes", out->limit);
    return 0;
}

/* The rows' `column`, each but the first after a comma, in brackets. */
static int append_array(struct store_reader *r, enum statement id, const struct value *values, int n, struct buffer *out,
                        struct error *e)
{
    sqlite3_stmt *row;
    const char *before = "[";
    int result = connection_start(&r->c, id, values, n, &row, e);
    while (result == 0 && (result = connection_step(&r->c, row, e)) == CONNECTION_ROW) {
        result = append(out, before, e);
        if (result == 0)
            result = column_append(row, 0, out, e);
        before = ",";
    }
    sqlite3_reset(row);
    return result == 0 ? append(out, *before == '[' ? "[]" : "]", e) : result;
}

static int append_object(struct store_reader *r, enum statement id, const struct value *values, int n, struct buffer *out,
                         struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&r->c, id, values, n, &row, e);
    if (result != 0)
        return result;
    result = connection_step(&r->c, row, e);
    if (result != CONNECTION_ROW)
        return result == 0 ? STORE_NOT_FOUND : result;
    result = column_append(row, 0, out, e);
    sqlite3_reset(row);
    return result;
}

static int array(struct store_reader *r, enum statement id, const struct value *values, int n, struct buffer *out,
                 struct error *e)
{
    int result = reader_begin(r, e);
    return result != 0 ? result : reader_end(r, append_array(r, id, values, n, out, e));
}

static int object(struct store_reader *r, enum statement id, const struct value *values, int n, struct buffer *out,
                  struct error *e)
{
    int result = reader_begin(r, e);
    return result != 0 ? result : reader_end(r, append_object(r, id, values, n, out, e));
}

int store_read_study_number(struct store_reader *r, const char *name, int64_t *study, struct error *e)
{
    int result = reader_begin(r, e);
    if (result != 0)
        return result;
    result = reader_end(r, connection_number(&r->c, STATEMENT_FIND_STUDY, VALUES(as_text(name)), study, e));
    if (result == STORE_NOT_FOUND)
        error_set(e, "there is no study %s", name);
    return result;
}

int store_read_studies(struct store_reader *r, struct buffer *out, struct error *e)
{
    return array(r, STATEMENT_READ_STUDIES, NO_VALUES, out, e);
}

int store_read_study(struct store_reader *r, int64_t study, struct buffer *out, struct error *e)
{
    int result = object(r, STATEMENT_READ_STUDY, VALUES(as_int(study)), out, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "there is no study %lld", (long long)study);
    return result;
}

/* Whether `text` is among `words`, which ends with NULL. NULL is. */
static bool known(const char *text, const char *const *words)
{
    while (text && *words && strcmp(text, *words) != 0)
        words++;
    return !text || *words;
}

int store_read_trials(struct store_reader *r, int64_t study, const struct store_list *list, struct buffer *out,
                      struct error *e)
{
    static const char *const states[] = {"proposed", "lowered", "measuring", "measured", "stepped",
                                         "infeasible", "given_up", "dropped", NULL};
    static const char *const orders[] = {"trial", "reward", "flash_bytes", "accuracy", "latency_cycles", "energy_nj", NULL};
    if (!known(list->state, states))
        return error_set(e, "there is no state %s of trials", list->state);
    if (!known(list->order, orders))
        return error_set(e, "trials cannot be ordered by %s", list->order);
    return array(r, STATEMENT_READ_TRIALS,
                 VALUES(as_int(study), as_text(list->state), as_int(list->front), as_text(list->order),
                        as_int(list->limit > 0 ? list->limit : QUERY_LIMIT), as_int(list->after)),
                 out, e);
}

int store_read_trial(struct store_reader *r, int64_t study, int trial, struct buffer *out, struct error *e)
{
    int result = object(r, STATEMENT_READ_TRIAL, VALUES(as_int(study), as_int(trial)), out, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "study %lld has no trial %d", (long long)study, trial);
    return result;
}

static struct value above_zero(int64_t limit)
{
    return limit < 0 ? as_text(NULL) : as_int(limit);
}

int store_read_best(struct store_reader *r, int64_t study, const struct store_filter *filter, struct buffer *out,
                    struct error *e)
{
    static const struct store_filter none = {NAN, NAN, -1, -1};
    const struct store_filter *f = filter ? filter : &none;
    double latency_us = f->latency_us < 0 ? NAN : f->latency_us;
    double max_loss_points = f->max_loss_points;
    int result = object(r, STATEMENT_READ_BEST,
                        VALUES(as_int(study), as_real(max_loss_points), as_real(latency_us), above_zero(f->flash_bytes),
                               above_zero(f->ram_bytes)),
                        out, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "no measured trial of study %lld passes", (long long)study);
    return result;
}

/* JSON array of the numbers of the trials that are on the front. */
static int append_front(const struct front_points *p, struct buffer *numbers, struct error *e)
{
    int result = append(numbers, "[", e);
    const char *before = "";
    for (int i = 0; i < p->n && result == 0; i++) {
        if (!p->list[i].front)
            continue;
        char text[24];
        snprintf(text, sizeof text, "%s%d", before, p->list[i].trial);
        result = append(numbers, text, e);
        before = ",";
    }
    return result == 0 ? buffer_append(numbers, "]", 2) : result; // with the NUL
}

static int append_objectives(unsigned objectives, struct buffer *out, struct error *e)
{
    static const char *const names[] = {"flash_bytes", "ram_bytes", "latency_cycles", "energy_nj"};
    int result = append(out, "{\"objectives\":[\"accuracy\"", e);
    for (unsigned k = 0; k < 4 && result == 0; k++) {
        char text[32];
        snprintf(text, sizeof text, ",\"%s\"", names[k]);
        if (objectives & (1u << k))
            result = append(out, text, e);
    }
    return result == 0 ? append(out, "],\"trials\":", e) : result;
}

static int pareto(struct store_reader *r, int64_t study, unsigned objectives, struct buffer *out, struct error *e)
{
    int64_t own;
    int result = connection_number(&r->c, STATEMENT_OBJECTIVES, VALUES(as_int(study)), &own, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "there is no study %lld", (long long)study);
    if (result != 0)
        return result;
    unsigned chosen = objectives ? objectives : (unsigned)own;
    struct front_points points;
    struct buffer numbers;
    buffer_init(&numbers, out->limit);
    result = front_points_read(&r->c, study, chosen, &points, e);
    front_points_mark(&points);
    if (result == 0)
        result = append_front(&points, &numbers, e);
    if (result == 0)
        result = append_objectives(chosen, out, e);
    if (result == 0)
        result = append_array(r, STATEMENT_READ_CHOSEN, VALUES(as_int(study), as_text(numbers.data)), out, e);
    buffer_finish(&numbers);
    front_points_finish(&points);
    return result == 0 ? append(out, "}", e) : result;
}

int store_read_pareto(struct store_reader *r, int64_t study, unsigned objectives, struct buffer *out, struct error *e)
{
    int result = reader_begin(r, e);
    return result != 0 ? result : reader_end(r, pareto(r, study, objectives, out, e));
}

int store_read_boards(struct store_reader *r, struct buffer *out, struct error *e)
{
    return array(r, STATEMENT_READ_BOARDS, NO_VALUES, out, e);
}

int store_read_trace(struct store_reader *r, int64_t study, int trial, struct buffer *out, struct error *e)
{
    int result = object(r, STATEMENT_READ_TRACE, VALUES(as_int(study), as_int(trial)), out, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "no raw samples of trial %d are kept: they are of trials on the front, finalists and baselines, measured with a meter",
                  trial);
    return result;
}

int store_read_canaries(struct store_reader *r, const char *board, int limit, struct buffer *out, struct error *e)
{
    int result = object(r, STATEMENT_READ_CANARIES, VALUES(as_text(board), as_int(limit > 0 ? limit : QUERY_LIMIT)), out, e);
    if (result == STORE_NOT_FOUND)
        error_set(e, "there is no board %s", board);
    return result;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the service needs to go on after a start: studies, open proposals, results in order, the agent's state.
#include "schema/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Index of `text` among the `n` names; n if it is none of them. */
static int name_index(const char *text, const char *(*name)(int), int n)
{
    int i = 0;
    while (i < n && (!text || strcmp(text, name(i)) != 0))
        i++;
    return i;
}

static const char *state_text(int i)
{
    return store_state_name((enum store_state)i);
}

static const char *kind_text(int i)
{
    return store_kind_name((enum store_kind)i);
}

static const char *outcome_text(int i)
{
    return store_outcome_name((enum store_outcome)i);
}

static const char *unit_text(int i)
{
    return unit_name((enum unit)i);
}

static const char *origin_text(int i)
{
    return origin_name((enum origin)i);
}

static struct store_study study_of(sqlite3_stmt *row)
{
    return (struct store_study){
        .name = column_text(row, 0),
        .text = column_text(row, 1),
        .folder = column_text(row, 2),
        .config = column_text(row, 3),
        .network = column_text(row, 4),
        .board_type = column_text(row, 5),
        .seed = (uint64_t)sqlite3_column_int64(row, 6),
        .trials = sqlite3_column_int(row, 7),
        .objectives = (unsigned)sqlite3_column_int(row, 8),
        .study = sqlite3_column_int64(row, 9),
        .state = (enum store_state)name_index(column_text(row, 10), state_text, STORE_STATE_COUNT),
        .reason = column_text(row, 11),
        .resume = column_text(row, 12),
        .space = column_text(row, 13),
        .network_sha256 = column_text(row, 14),
        .runner_sha256 = column_text(row, 15),
        .n_trials = sqlite3_column_int(row, 16),
        .applied_seq = sqlite3_column_int64(row, 17),
        .next_result_seq = sqlite3_column_int64(row, 18),
        .step = sqlite3_column_int64(row, 19),
    };
}

int store_each_study(struct store *s, int (*each)(void *user, const struct store_study *study), void *user, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_EACH_STUDY, NO_VALUES, &row, e);
    while (result == 0 && (result = connection_step(&s->c, row, e)) == CONNECTION_ROW) {
        struct store_study study = study_of(row);
        result = each(user, &study);
    }
    sqlite3_reset(row);
    return result;
}

int store_each_proposal(struct store *s, int64_t study, int (*each)(void *user, const struct store_proposal *p), void *user,
                        struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_EACH_PROPOSAL, VALUES(as_int(study)), &row, e);
    while (result == 0 && (result = connection_step(&s->c, row, e)) == CONNECTION_ROW) {
        struct store_proposal p = {
            .trial = sqlite3_column_int(row, 0),
            .kind = (enum store_kind)name_index(column_text(row, 1), kind_text, STORE_KIND_COUNT),
            .candidate = column_text(row, 2),
            .hash = strtoull(column_text(row, 3), NULL, 16),
            .tries = sqlite3_column_int(row, 4),
            .faults = sqlite3_column_int(row, 5),
            .last_board = column_text(row, 6),
        };
        result = each(user, &p);
    }
    sqlite3_reset(row);
    return result;
}

static int figure_of_row(sqlite3_stmt *row, struct store_figure *figure, struct error *e)
{
    int unit = name_index(column_text(row, 2), unit_text, UNIT_COUNT);
    int origin = name_index(column_text(row, 6), origin_text, ORIGIN_COUNT);
    if (unit == UNIT_COUNT || origin == ORIGIN_COUNT)
        return error_set(e, "figure %s has a unit or an origin that this pare does not know", column_text(row, 0));
    snprintf(figure->name, sizeof figure->name, "%s", column_text(row, 0));
    figure->figure = (struct figure){
        .value = sqlite3_column_int64(row, 1),
        .unit = (uint8_t)unit,
        .repeats = sqlite3_column_int(row, 3),
        .spread = sqlite3_column_int64(row, 4),
        .of = sqlite3_column_int64(row, 5),
        .origin = (uint8_t)origin,
    };
    return 0;
}

static int read_figures(struct store *s, int64_t study, int trial, struct store_figure *figures, int *n, struct error *e)
{
    sqlite3_stmt *row;
    *n = 0;
    int result = connection_start(&s->c, STATEMENT_FIGURES, VALUES(as_int(study), as_int(trial)), &row, e);
    while (result == 0 && (result = connection_step(&s->c, row, e)) == CONNECTION_ROW)
        result = *n < STORE_FIGURES_MAX ? figure_of_row(row, &figures[(*n)++], e)
                                        : error_set(e, "trial %d has more than %d figures", trial, STORE_FIGURES_MAX);
    sqlite3_reset(row);
    return result;
}

static int read_layers(struct store *s, int64_t study, int trial, int64_t *cycles, int *n, struct error *e)
{
    sqlite3_stmt *row;
    *n = 0;
    int result = connection_start(&s->c, STATEMENT_LAYERS, VALUES(as_int(study), as_int(trial)), &row, e);
    while (result == 0 && (result = connection_step(&s->c, row, e)) == CONNECTION_ROW) {
        result = *n < STORE_LAYERS_MAX && sqlite3_column_int(row, 0) == *n ? 0 : error_set(e, "trial %d lacks cycles of layer %d", trial, *n);
        if (result == 0)
            cycles[(*n)++] = sqlite3_column_int64(row, 1);
    }
    sqlite3_reset(row);
    return result;
}

static struct store_result result_of(sqlite3_stmt *row)
{
    return (struct store_result){
        .trial = sqlite3_column_int(row, 0),
        .outcome = (enum store_outcome)name_index(column_text(row, 1), outcome_text, STORE_OUTCOME_COUNT),
        .reason = column_text(row, 2),
        .attempt = sqlite3_column_int(row, 3),
        .clock_hz = (uint32_t)sqlite3_column_int64(row, 4),
        .provenance = column_text(row, 5),
        .result_seq = sqlite3_column_int64(row, 6),
        .candidate = column_text(row, 7),
        .kind = (enum store_kind)name_index(column_text(row, 8), kind_text, STORE_KIND_COUNT),
        .stepped = sqlite3_column_int(row, 9),
        .finalist = sqlite3_column_int(row, 10),
        .reward = sqlite3_column_type(row, 11) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 11),
    };
}

int store_each_result(struct store *s, int64_t study, int64_t after, int (*each)(void *user, const struct store_result *r),
                      void *user, struct error *e)
{
    sqlite3_stmt *row;
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_LAYERS_MAX];
    int result = connection_start(&s->c, STATEMENT_EACH_RESULT, VALUES(as_int(study), as_int(after)), &row, e);
    while (result == 0 && (result = connection_step(&s->c, row, e)) == CONNECTION_ROW) {
        struct store_result r = result_of(row);
        result = read_figures(s, study, r.trial, figures, &r.n_figures, e);
        r.figures = figures;
        if (result == 0)
            result = read_layers(s, study, r.trial, cycles, &r.n_layers, e);
        r.layer_cycles = cycles;
        if (result == 0)
            result = each(user, &r);
    }
    sqlite3_reset(row);
    return result;
}

int store_agent_state(struct store *s, int64_t study, struct buffer *state, struct error *e)
{
    sqlite3_stmt *row;
    int result = connection_start(&s->c, STATEMENT_AGENT_STATE, VALUES(as_int(study)), &row, e);
    if (result != 0)
        return result;
    result = connection_step(&s->c, row, e);
    if (result == 0) {
        error_set(e, "study %lld has no saved agent", (long long)study);
        return STORE_NOT_FOUND;
    }
    if (result != CONNECTION_ROW)
        return result;
    result = column_append(row, 0, state, e);
    sqlite3_reset(row);
    return result;
}

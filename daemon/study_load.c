// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/study_load.h"

#include "base/log.h"
#include "daemon/space_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int study_load_space(const struct study_file *file, const struct boards *boards, const char *text, struct study_agent *a,
                     int *n_layers, char *network, struct error *e)
{
    int64_t flash, ram;
    bool meters;
    struct space *space = malloc(sizeof *space);
    struct costs_layer layers[CANDIDATE_LAYERS_MAX];
    int layered = 0;
    cJSON *answer = cJSON_Parse(text);
    boards_about(boards, file->board_type, &flash, &ram, &meters);
    int rc = space ? space_json_read(answer, file, flash, ram, space, e) : error_set(e, "out of memory");
    const char *hash = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "network_sha256"));
    *n_layers = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "layers"));
    snprintf(network, SHA256_HEX, "%s", hash ? hash : "");
    if (rc == 0)
        rc = layered = space_json_layers(answer, space, layers, CANDIDATE_LAYERS_MAX, e);
    if (rc >= 0 && (rc = study_agent_init(a, space, layers, layered, file, e)) != 0)
        study_agent_finish(a);
    cJSON_Delete(answer);
    free(space);
    return rc;
}

struct loading {
    struct study *s;
    struct study_agent *a;
    struct error *e;
};

static void take_figure(const struct store_figure *f, struct reward_figures *to)
{
    if (strcmp(f->name, STORE_CORRECT) == 0 || strcmp(f->name, STORE_PART_CORRECT) == 0) {
        to->correct = f->figure.value;
        to->total = f->figure.of;
    } else if (strcmp(f->name, STORE_FLASH_BYTES) == 0) {
        to->flash_bytes = f->figure.value;
    } else if (strcmp(f->name, STORE_RAM_BYTES) == 0) {
        to->ram_bytes = f->figure.value;
    } else if (strcmp(f->name, STORE_LATENCY_CYCLES) == 0) {
        to->latency_cycles = f->figure.value;
    } else if (strcmp(f->name, STORE_ENERGY_NJ) == 0) {
        to->energy_nj = f->figure.value;
    }
}

static int on_result(void *user, const struct store_result *r)
{
    struct loading *l = user;
    struct reward_figures figures = {0};
    for (int i = 0; i < r->n_figures; i++)
        take_figure(&r->figures[i], &figures);
    figures.clock_hz = r->clock_hz;
    if (r->result_seq != r->trial)
        return error_set(l->e, "the result of trial %d has place %lld", r->trial, (long long)r->result_seq);
    if (study_load_result(l->s, r->trial, r->kind, r->outcome, &figures, r->finalist, l->e) != 0)
        return -1;
    if (study_agent_add(l->a, r->candidate, l->e) != 0)
        return -1;
    study_agent_know(l->a, r->trial, r->outcome, &figures, r->layer_cycles, r->n_layers);
    study_agent_know_image(l->a, r->trial, r->provenance);
    return 0;
}

static int on_proposal(void *user, const struct store_proposal *p)
{
    struct loading *l = user;
    if (study_load_proposal(l->s, p->trial, p->kind, p->tries, p->faults, l->e) != 0)
        return -1;
    return study_agent_add(l->a, p->candidate, l->e);
}

/* A state of another version is no loss: what the agent learned from is all there. */
static int teach_anew(const struct store_study *row, const struct study *s, struct study_agent *a, const char *why,
                      struct error *e)
{
    log_warning("study %s: %s; the agent is taught anew from %d results", row->name, why, s->applied);
    if (study_agent_import(a, e) != 0)
        return -1;
    for (int t = 1; t <= s->applied; t++)
        if (study_agent_teach(a, t, e) != 0)
            return error_wrap(e, "trial %d", t);
    return 0;
}

static int load_agent(struct store *store, const struct store_study *row, const struct study *s, struct study_agent *a,
                      struct error *e)
{
    struct buffer state;
    buffer_init(&state, STORE_AGENT_MAX);
    int rc = store_agent_state(store, row->study, &state, e);
    if (rc == 0 && study_agent_load(a, state.data, state.size, s->applied, e) != 0)
        rc = teach_anew(row, s, a, e->text, e);
    buffer_finish(&state);
    return rc == 0 ? 0 : error_wrap(e, "the agent's state");
}

int study_load_trials(struct store *store, const struct store_study *row, struct study *s, struct study_agent *a,
                      struct error *e)
{
    struct loading l = {s, a, e};
    bool begun = row->space && row->step > 0;
    if (study_load(s, row->state, row->n_trials, (int)row->applied_seq, begun, e) != 0)
        return -1;
    if (begun && (store_each_result(store, row->study, 0, on_result, &l, e) != 0 ||
                  store_each_proposal(store, row->study, on_proposal, &l, e) != 0 ||
                  load_agent(store, row, s, a, e) != 0))
        return -1;
    return study_loaded(s, e);
}

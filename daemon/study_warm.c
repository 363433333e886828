// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/study_warm.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 0 for anything else than a number above 0. */
static int64_t number_of(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble > 0 && v->valuedouble < 1e15 ? (int64_t)v->valuedouble : 0;
}

static int64_t whole(const cJSON *o, const char *name)
{
    return number_of(cJSON_GetObjectItemCaseSensitive(o, name));
}

static struct reward_figures figures_of(const cJSON *o)
{
    return (struct reward_figures){.correct = whole(o, "correct"), .total = whole(o, "of"), .flash_bytes = whole(o, STORE_FLASH_BYTES),
                                   .ram_bytes = whole(o, STORE_RAM_BYTES), .latency_cycles = whole(o, STORE_LATENCY_CYCLES),
                                   .energy_nj = whole(o, STORE_ENERGY_NJ), .clock_hz = whole(o, "clock_hz")};
}

static int64_t *cycles_of(const cJSON *list, int n_layers)
{
    const cJSON *v;
    int i = 0;
    int64_t *cycles = n_layers > 0 && cJSON_GetArraySize(list) == n_layers ? malloc((size_t)n_layers * sizeof *cycles) : NULL;
    if (cycles)
        cJSON_ArrayForEach(v, list)
            cycles[i++] = number_of(v);
    return cycles;
}

static void read_trial(const cJSON *o, const struct space *s, int n_layers, struct warm *w)
{
    struct candidate c;
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "candidate"));
    if (w->n == WARM_TRIALS_MAX)
        return;
    struct warm_trial *t = &w->trials[w->n];
    t->figures = figures_of(o);
    if (!text || t->figures.total <= 0 || candidate_parse(text, s->n_slots, &c, NULL) != 0 ||
        space_choices(s, &c, w->choices + (size_t)w->n * (size_t)s->n_slots, NULL) != 0)
        return;
    t->layer_cycles = cycles_of(cJSON_GetObjectItemCaseSensitive(o, "layer_cycles"), n_layers);
    w->n++;
}

static int read_policy(const cJSON *list, struct warm *w)
{
    const cJSON *v;
    int i = 0;
    if (!list)
        return 0;
    if (cJSON_GetArraySize(list) != AGENT_PRIOR)
        return -1;
    cJSON_ArrayForEach(v, list) {
        if (!cJSON_IsNumber(v) || !isfinite(v->valuedouble))
            return -1;
        w->prior[i++] = v->valuedouble;
    }
    w->has_prior = true;
    return 0;
}

int warm_read(const char *text, const struct space *s, int n_layers, struct warm *w, struct error *e)
{
    cJSON *o = cJSON_Parse(text);
    const cJSON *trials = cJSON_GetObjectItemCaseSensitive(o, "trials"), *v;
    const char *schema = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "schema"));
    const char *from = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "from"));
    memset(w, 0, sizeof *w);
    w->choices = calloc(WARM_TRIALS_MAX, (size_t)s->n_slots);
    int rc = w->choices ? 0 : error_set(e, "out of memory");
    if (rc == 0 && (!schema || strcmp(schema, WARM_SCHEMA) != 0 || !from || read_policy(cJSON_GetObjectItemCaseSensitive(o, "policy"), w) != 0))
        rc = error_set(e, "what the study began with is not " WARM_SCHEMA);
    if (rc == 0) {
        snprintf(w->from, sizeof w->from, "%s", from);
        w->reference = figures_of(cJSON_GetArrayItem(trials, 0));
        cJSON_ArrayForEach(v, trials)
            read_trial(v, s, n_layers, w);
    }
    cJSON_Delete(o);
    return rc;
}

void warm_finish(struct warm *w)
{
    for (int i = 0; i < w->n; i++)
        free(w->trials[i].layer_cycles);
    free(w->choices);
    w->choices = NULL;
    w->n = 0;
}

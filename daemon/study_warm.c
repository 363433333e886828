// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/study_warm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 20 // of a policy: those of six studies, one after the other, are within 6; far larger ones let a softmax know one answer for good

static const char *text_of(const cJSON *o, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
    return text ? text : "";
}

/* 0 for anything else than a number above 0. */
static int64_t number_of(const cJSON *v)
{
    return cJSON_IsNumber(v) && v->valuedouble > 0 && v->valuedouble <= 1e15 ? (int64_t)v->valuedouble : 0;
}

static int64_t whole(const cJSON *o, const char *name)
{
    return number_of(cJSON_GetObjectItemCaseSensitive(o, name));
}

static struct reward_figures figures_of(const cJSON *o)
{
    return (struct reward_figures){.correct = whole(o, "correct"), .total = whole(o, "of"), .flash_bytes = whole(o, "flash_bytes"),
                                   .ram_bytes = whole(o, "ram_bytes"), .latency_cycles = whole(o, "latency_cycles"),
                                   .energy_nj = whole(o, "energy_nj"), .clock_hz = whole(o, "clock_hz")};
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
    const char *text = text_of(o, "candidate");
    if (w->n == WARM_TRIALS_MAX)
        return;
    struct warm_trial *t = &w->trials[w->n];
    t->figures = figures_of(o);
    if (t->figures.total <= 0 || candidate_parse(text, s->n_slots, &c, NULL) != 0 ||
        space_choices(s, &c, w->choices + (size_t)w->n * (size_t)s->n_slots, NULL) != 0)
        return;
    t->layer_cycles = cycles_of(cJSON_GetObjectItemCaseSensitive(o, "layer_cycles"), n_layers);
    w->n++;
}

int warm_policy(const cJSON *trials, double prior[AGENT_PRIOR], struct error *e)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(trials, "policy"), *v;
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(trials, "policy_format");
    const char *why = text_of(trials, "no_policy");
    int i = 0, n = cJSON_GetArraySize(list);
    if (!list)
        return error_set(e, "%s", why[0] ? why : "there is none");
    if (!cJSON_IsNumber(format))
        return error_set(e, "it is of another version of pare: it has no \"policy_format\"");
    if (format->valuedouble != AGENT_PRIOR_FORMAT)
        return error_set(e, "it is of another version of pare: format %.0f, and this one's is %d", format->valuedouble, AGENT_PRIOR_FORMAT);
    if (n != AGENT_PRIOR)
        return error_set(e, "it is of another version of pare: %d numbers, and this one's has %d", n, AGENT_PRIOR);
    cJSON_ArrayForEach(v, list) {
        if (!cJSON_IsNumber(v) || !(fabs(v->valuedouble) <= WEIGHT_MAX))
            return error_set(e, "number %d of it is beyond %d, where no policy learns", i + 1, WEIGHT_MAX);
        prior[i++] = v->valuedouble;
    }
    return 0;
}

static bool is_kept(const char *schema)
{
    return strcmp(schema, "pare.trials/1") == 0 || strcmp(schema, "pare.warm/1") == 0;
}

/* Where it is from and what of it does not hold. */
static void read_head(const cJSON *o, struct warm *w)
{
    snprintf(w->from, sizeof w->from, "%s", text_of(o, "from"));
    snprintf(w->file_sha256, sizeof w->file_sha256, "%s", text_of(o, "file_sha256"));
    snprintf(w->study, sizeof w->study, "%s", text_of(o, "study"));
    if (text_of(o, "no_trials")[0])
        error_set(&w->no_trials, "%s", text_of(o, "no_trials"));
    w->has_prior = warm_policy(o, w->prior, &w->no_policy) == 0;
}

int warm_read(const char *text, const struct space *s, int n_layers, struct warm *w, struct error *e)
{
    cJSON *o = cJSON_Parse(text);
    const cJSON *trials = cJSON_GetObjectItemCaseSensitive(o, "trials"), *v;
    memset(w, 0, sizeof *w);
    w->choices = calloc(WARM_TRIALS_MAX, (size_t)s->n_slots);
    int rc = w->choices ? 0 : error_set(e, "out of memory");
    if (rc == 0 && (!is_kept(text_of(o, "schema")) || !text_of(o, "from")[0]))
        rc = error_set(e, "what the study began with is not pare.trials/1");
    if (rc == 0) {
        read_head(o, w);
        w->offered = cJSON_GetArraySize(trials);
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

void warm_describe(const struct warm *w, cJSON *summary)
{
    if (!w->from[0])
        return;
    cJSON_AddStringToObject(summary, "from", w->from);
    if (w->file_sha256[0]) {
        cJSON_AddStringToObject(summary, "from_sha256", w->file_sha256);
        cJSON_AddStringToObject(summary, "from_study", w->study);
    }
    cJSON_AddNumberToObject(summary, "imported", w->n);
    if (w->offered > w->n)
        cJSON_AddNumberToObject(summary, "left_out", w->offered - w->n);
    if (w->no_trials.text[0])
        cJSON_AddStringToObject(summary, "no_trials", w->no_trials.text);
    if (!w->has_prior)
        cJSON_AddStringToObject(summary, "no_policy", w->no_policy.text);
}

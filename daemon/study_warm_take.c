// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What an earlier study has for a new one, from the store.
#include "daemon/study_warm.h"

#include "base/sha256.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT32 2 // trial of the baseline that is no candidate

/* An earlier study as the store has it. */
struct earlier {
    const char *name;
    int64_t study; // 0: not found
    struct study_file *file;
    char runner[SHA256_HEX];
    struct error *e;
    cJSON *trials;
};

static int on_study(void *user, const struct store_study *row)
{
    struct earlier *x = user;
    if (strcmp(row->name, x->name) != 0)
        return 0;
    x->study = row->study;
    snprintf(x->runner, sizeof x->runner, "%s", row->runner_sha256 ? row->runner_sha256 : "");
    return study_file_parse(row->config, NULL, NULL, x->file, NULL, x->e);
}

/* Copies are kept under their SHA-256; what a file is called does not matter. */
static bool same_file(const char *a, const char *b)
{
    const char *end_a = strrchr(a, '/'), *end_b = strrchr(b, '/');
    return end_a && end_b && end_a - a == end_b - b && memcmp(a, b, (size_t)(end_a - a)) == 0;
}

static bool same_data(const struct study_file *a, const struct study_file *b)
{
    for (int i = STUDY_CALIBRATION; i <= STUDY_VALIDATION_LABELS; i++)
        if ((a->data[i][0] || b->data[i][0]) && !same_file(a->data[i], b->data[i]))
            return false;
    return a->validation_first == b->validation_first && a->validation_samples == b->validation_samples;
}

static bool same_channels(const struct study_channels *a, const struct study_channels *b)
{
    return a->n == b->n && memcmp(a->v, b->v, (size_t)a->n * sizeof *a->v) == 0;
}

static bool same_input(const struct study_file *a, const struct study_file *b)
{
    return a->input_scale >= b->input_scale && a->input_scale <= b->input_scale && a->layout == b->layout &&
           same_channels(&a->mean, &b->mean) && same_channels(&a->std, &b->std);
}

static bool same_quantization(const struct study_file *a, const struct study_file *b)
{
    return a->clipping == b->clipping && a->per_tensor == b->per_tensor && a->equalize == b->equalize &&
           a->state_bits == b->state_bits && a->tune_steps == b->tune_steps;
}

/* In which way the earlier study's figures are not those that the new one would have; NULL if they are. */
static const char *difference(const struct earlier *x, const struct study_file *f, const char *runner)
{
    const struct study_file *g = x->file;
    return !same_file(f->network, g->network)                                  ? "its network is another one"
           : !same_data(f, g) || !same_input(f, g)                             ? "its data are others"
           : !same_quantization(f, g)                                          ? "it quantized in another way"
           : f->metric != g->metric || strcmp(f->scorer, g->scorer) != 0       ? "its metric is another one"
           : strcmp(f->board_type, g->board_type) != 0                         ? "its boards are of another type"
           : f->placement != g->placement || f->energy != g->energy            ? "it measured in another way"
           : strcmp(x->runner, runner) != 0                                    ? "its boards had another runner"
                                                                               : NULL;
}

static void add_figures(cJSON *o, const struct store_result *r)
{
    static const char *const names[] = {STORE_FLASH_BYTES, STORE_RAM_BYTES, STORE_LATENCY_CYCLES, STORE_ENERGY_NJ};
    for (int i = 0; i < r->n_figures; i++) {
        const struct store_figure *f = &r->figures[i];
        if (strcmp(f->name, STORE_CORRECT) == 0) {
            cJSON_AddNumberToObject(o, "correct", (double)f->figure.value);
            cJSON_AddNumberToObject(o, "of", (double)f->figure.of);
        }
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (strcmp(f->name, names[k]) == 0)
                cJSON_AddNumberToObject(o, names[k], (double)f->figure.value);
    }
}

/* The first one, w8a8, and the newest of the others. */
static int on_result(void *user, const struct store_result *r)
{
    struct earlier *x = user;
    if (r->outcome != STORE_MEASURED || r->trial == FLOAT32)
        return 0;
    cJSON *o = cJSON_CreateObject(), *cycles;
    cJSON_AddNumberToObject(o, "trial", r->trial);
    cJSON_AddStringToObject(o, "candidate", r->candidate);
    add_figures(o, r);
    cJSON_AddNumberToObject(o, "clock_hz", r->clock_hz);
    cycles = cJSON_AddArrayToObject(o, "layer_cycles");
    for (int i = 0; i < r->n_layers; i++)
        cJSON_AddItemToArray(cycles, cJSON_CreateNumber((double)r->layer_cycles[i]));
    cJSON_AddItemToArray(x->trials, o);
    if (cJSON_GetArraySize(x->trials) > WARM_TRIALS_MAX)
        cJSON_DeleteItemFromArray(x->trials, 1);
    return 0;
}

static bool has_reference(const cJSON *trials)
{
    const cJSON *first = cJSON_GetArrayItem(trials, 0);
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(first, "trial");
    return cJSON_IsNumber(number) && number->valuedouble <= 1;
}

static int add_policy(struct store *store, int64_t study, cJSON *o, struct error *e)
{
    struct buffer state;
    double prior[AGENT_PRIOR];
    buffer_init(&state, STORE_AGENT_MAX);
    int rc = store_agent_state(store, study, &state, e);
    if (rc == 0)
        rc = agent_prior(state.data, state.size, prior, e);
    if (rc > 0)
        cJSON_AddItemToObject(o, "policy", cJSON_CreateDoubleArray(prior, AGENT_PRIOR));
    buffer_finish(&state);
    return rc > 0 ? 0 : -1;
}

static int take(struct store *store, struct earlier *x, const struct study_file *f, const char *runner, cJSON *o, struct error *e)
{
    struct error why = {""};
    const char *other = difference(x, f, runner);
    cJSON_AddStringToObject(o, "schema", WARM_SCHEMA);
    cJSON_AddStringToObject(o, "from", x->name);
    bool policy = add_policy(store, x->study, o, &why) == 0;
    x->trials = cJSON_AddArrayToObject(o, "trials");
    if (!other && store_each_result(store, x->study, 0, on_result, x, e) != 0)
        return -1;
    if (!other && !has_reference(x->trials))
        other = "its w8a8 was not measured";
    if (other) {
        cJSON_ReplaceItemInObjectCaseSensitive(o, "trials", cJSON_CreateArray());
        cJSON_AddStringToObject(o, "no_trials", other);
    }
    if (other && !policy)
        return error_set(e, "study %s has nothing to begin with: %s, and its policy cannot be used (%s)", x->name, other,
                         why.text[0] ? why.text : "it has no results");
    return 0;
}

int warm_take(struct store *store, const char *from, const struct study_file *f, const char *runner, char **text, struct error *e)
{
    struct earlier x = {.name = from, .file = malloc(sizeof *x.file), .e = e};
    cJSON *o = cJSON_CreateObject();
    int rc = x.file && o ? store_each_study(store, on_study, &x, e) : error_set(e, "out of memory");
    if (rc == 0 && x.study == 0) {
        error_set(e, "there is no study %s to begin with", from);
        rc = STORE_NOT_FOUND;
    }
    if (rc == 0)
        rc = take(store, &x, f, runner, o, e);
    if (rc == 0 && !(*text = cJSON_PrintUnformatted(o)))
        rc = error_set(e, "out of memory");
    cJSON_Delete(o);
    free(x.file);
    return rc;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/trials_export.h"

#include "agent/agent.h"
#include "daemon/study.h"
#include "daemon/study_file.h"
#include "daemon/trials_file.h"
#include "daemon/trials_identity.h"

#include <stdlib.h>
#include <string.h>

struct exporting {
    const char *name;
    int64_t study; // 0: not found
    bool found;
    struct study_file *file;
    char runner[SHA256_HEX];
    bool is_virtual;
    struct error no_int8; // why w8a8 is none of its trials
    cJSON *out, *trials;
    struct error *e;
};

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static void copy(cJSON *to, const cJSON *from, const char *name)
{
    if (member(from, name))
        cJSON_AddItemToObject(to, name, cJSON_Duplicate(member(from, name), 1));
}

/* The names by which people know what is searched, from the worker's answer. */
static void add_space(cJSON *o, const cJSON *space)
{
    const cJSON *v;
    copy(o, space, "quantized_sha256");
    copy(o, space, "options");
    cJSON *slots = cJSON_AddArrayToObject(o, "slots"), *layers = cJSON_AddArrayToObject(o, "layers");
    cJSON_ArrayForEach(v, member(space, "slots"))
        cJSON_AddItemToArray(slots, cJSON_Duplicate(member(v, "name"), 1));
    cJSON_ArrayForEach(v, member(space, "layers")) {
        cJSON *layer = cJSON_CreateObject();
        copy(layer, v, "name");
        copy(layer, v, "kind");
        copy(layer, v, "slot");
        cJSON_AddItemToArray(layers, layer);
    }
}

static int on_study(void *user, const struct store_study *row)
{
    struct exporting *x = user;
    if (x->name[0] ? strcmp(row->name, x->name) != 0 : row->study != x->study)
        return 0;
    x->found = true;
    x->study = row->study;
    snprintf(x->runner, sizeof x->runner, "%s", row->runner_sha256 ? row->runner_sha256 : "");
    cJSON_AddStringToObject(x->out, "study", row->name);
    cJSON *space = row->space ? cJSON_Parse(row->space) : NULL;
    add_space(x->out, space);
    cJSON_Delete(space);
    return study_file_parse(row->config, NULL, NULL, x->file, NULL, x->e);
}

/* Returns the name of what a trial must have and has not, or that makes no sense; NULL if there is all. A meter that is off may say of an inference
 * that it took nothing. */
static const char *add_figures(cJSON *o, const struct store_result *r, bool energy, bool *is_virtual)
{
    static const char *const names[] = {STORE_CORRECT, STORE_FLASH_BYTES, STORE_RAM_BYTES, STORE_LATENCY_CYCLES, STORE_ENERGY_NJ};
    const char *missing = r->clock_hz > 0 ? NULL : "clock_hz";
    for (size_t k = 0; k < sizeof names / sizeof *names - (energy ? 0 : 1); k++) {
        bool have = false;
        for (int i = 0; i < r->n_figures; i++) {
            const struct figure *f = &r->figures[i].figure;
            if (strcmp(r->figures[i].name, names[k]) != 0)
                continue;
            cJSON_AddNumberToObject(o, names[k], (double)f->value);
            if (k == 0)
                cJSON_AddNumberToObject(o, "of", (double)f->of);
            if (strcmp(names[k], STORE_LATENCY_CYCLES) == 0)
                *is_virtual = f->origin == ORIGIN_VIRTUAL;
            have = k == 0 ? f->of > 0 : f->value > 0;
        }
        missing = have ? missing : names[k];
    }
    cJSON_AddNumberToObject(o, "clock_hz", r->clock_hz);
    return missing;
}

/* A study may have gone on with another runner than it began with: its identity names the last one. */
static bool is_of_runner(const struct store_result *r, const char *runner)
{
    cJSON *o = r->provenance ? cJSON_Parse(r->provenance) : NULL;
    const char *its = cJSON_GetStringValue(member(o, "runner"));
    bool same = its && strcmp(its, runner) == 0;
    cJSON_Delete(o);
    return same;
}

static int on_result(void *user, const struct store_result *r)
{
    struct exporting *x = user;
    if (r->outcome != STORE_MEASURED || r->trial == STUDY_FLOAT32)
        return 0;
    cJSON *o = cJSON_CreateObject(), *cycles;
    cJSON_AddNumberToObject(o, "trial", r->trial);
    cJSON_AddStringToObject(o, "candidate", r->candidate);
    const char *missing = add_figures(o, r, x->file->energy, &x->is_virtual);
    cycles = cJSON_AddArrayToObject(o, "layer_cycles");
    for (int i = 0; i < r->n_layers; i++)
        cJSON_AddItemToArray(cycles, cJSON_CreateNumber((double)r->layer_cycles[i]));
    if (!missing && is_of_runner(r, x->runner)) {
        cJSON_AddItemToArray(x->trials, o);
        return 0;
    }
    if (r->trial == 1 && missing)
        error_set(&x->no_int8, "its w8a8 was measured, but without \"%s\"", missing);
    else if (r->trial == 1)
        error_set(&x->no_int8, "its w8a8 was not measured with the runner that the study has now");
    cJSON_Delete(o);
    return 0;
}

/* Trials teach only beside w8a8, which is the first. */
static void keep_compared(struct exporting *x)
{
    const cJSON *number = member(cJSON_GetArrayItem(x->trials, 0), "trial");
    if (cJSON_IsNumber(number) && number->valuedouble <= 1)
        return;
    while (x->trials->child)
        cJSON_DeleteItemFromArray(x->trials, 0);
    cJSON_AddStringToObject(x->out, "no_trials", x->no_int8.text[0] ? x->no_int8.text : "its w8a8 was not measured");
}

static void add_policy(struct store *store, const struct exporting *x)
{
    struct buffer state;
    struct error why = {""};
    double prior[AGENT_PRIOR];
    buffer_init(&state, STORE_AGENT_MAX);
    int results = store_agent_state(store, x->study, &state, &why) == 0 ? agent_prior(state.data, state.size, prior, &why) : -1;
    if (results > 0) {
        cJSON_AddNumberToObject(x->out, "policy_format", AGENT_PRIOR_FORMAT);
        cJSON_AddItemToObject(x->out, "policy", cJSON_CreateDoubleArray(prior, AGENT_PRIOR));
    } else {
        cJSON_AddStringToObject(x->out, "no_policy", why.text[0] ? why.text : "it has not learned yet");
    }
    buffer_finish(&state);
}

static int export_found(struct store *store, struct exporting *x, struct error *e)
{
    x->trials = cJSON_CreateArray();
    int rc = store_each_result(store, x->study, 0, on_result, x, e);
    if (rc == 0) {
        keep_compared(x);
        add_policy(store, x);
        cJSON_AddItemToObject(x->out, "identity", trials_identity(x->file, x->runner, x->is_virtual));
        cJSON_AddItemToObject(x->out, "trials", x->trials);
    } else {
        cJSON_Delete(x->trials);
    }
    return rc;
}

int trials_export(struct store *store, const char *name, int64_t study, cJSON **trials, struct error *e)
{
    struct exporting x = {.name = name, .study = study, .file = malloc(sizeof *x.file), .out = cJSON_CreateObject(), .e = e};
    cJSON_AddStringToObject(x.out, "schema", TRIALS_FILE_SCHEMA);
    cJSON *tool = cJSON_AddObjectToObject(x.out, "tool");
    cJSON_AddStringToObject(tool, "name", "pare");
    cJSON_AddStringToObject(tool, "version", PARE_VERSION);
    int rc = x.file && x.out ? store_each_study(store, on_study, &x, e) : error_set(e, "out of memory");
    if (rc == 0 && !x.found) {
        error_set(e, name[0] ? "there is no study %s" : "there is no such study", name);
        rc = STORE_NOT_FOUND;
    }
    if (rc == 0)
        rc = export_found(store, &x, e);
    free(x.file);
    *trials = rc == 0 ? x.out : NULL;
    if (rc != 0)
        cJSON_Delete(x.out);
    return rc;
}

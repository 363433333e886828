// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/work_request.h"

#include "quant/tool/package.h"
#include "quant/tool/params.h"
#include "quant/tune/tune.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define BYTES_MAX ((int64_t)1 << 40) // of a board's flash or RAM: anything a board could have
#define SAMPLES_MAX 100000000        // of a data set: more than a .npy of 1 GiB has

static const char *const method_names[WORK_METHOD_COUNT] = {"",      "open",    "lower",
                                                            "score", "package", "inspect"};

static int copy_path(const cJSON *params, const char *key, char to[PATH_MAX], struct error *e)
{
    const char *text = params_text(params, key);
    if (text && strlen(text) >= PATH_MAX)
        return error_set(e, "'%s': the path is too long", key);
    snprintf(to, PATH_MAX, "%s", text ? text : "");
    return 0;
}

static int read_setting(const cJSON *item, const char *where, struct setting *s, struct error *e)
{
    const char *text = cJSON_GetStringValue(item);
    if (!text)
        return error_set(e, "%s: a setting is a text like \"w8a8\"", where);
    return setting_parse(text, s, e) ? error_wrap(e, "%s", where) : 0;
}

static int option_index(const struct quantize_params *q, struct setting s)
{
    for (int i = 0; i < q->n_options; i++)
        if (setting_equal(q->options[i], s))
            return i;
    return -1;
}

static int read_options(const cJSON *list, struct quantize_params *q, struct error *e)
{
    static const struct setting reference = {8, 8, SCHEME_UNIFORM};
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        struct setting s;
        if (read_setting(item, "options", &s, e))
            return -1;
        if (q->n_options == QUANTIZED_OPTIONS_MAX)
            return error_set(e, "options: there are more than %d", QUANTIZED_OPTIONS_MAX);
        if (option_index(q, s) >= 0)
            return error_set(e, "options: %s is there twice", item->valuestring);
        q->options[q->n_options++] = s;
    }
    return option_index(q, reference) < 0 ? error_set(e, "options: w8a8, the reference, must be among them")
                                          : 0;
}

static int read_rule(const cJSON *o, int i, const struct quantize_params *q, struct session_rule *rule,
                     struct error *e)
{
    static const struct params_key keys[] = {{"layer", PARAMS_TEXT, true}, {"options", PARAMS_LIST, true}};
    char where[32];
    snprintf(where, sizeof where, "rules[%d]", i);
    if (params_check(o, where, keys, COUNT(keys), e))
        return -1;
    if (strlen(params_text(o, "layer")) >= sizeof rule->layer)
        return error_set(e, "%s: 'layer' has more than %zu bytes", where, sizeof rule->layer - 1);
    strcpy(rule->layer, params_text(o, "layer"));
    const cJSON *item;
    cJSON_ArrayForEach(item, params_member(o, "options"))
    {
        struct setting s;
        if (read_setting(item, where, &s, e))
            return -1;
        int index = option_index(q, s);
        if (index < 0)
            return error_set(e, "%s: %s is not among the options", where, item->valuestring);
        rule->options |= 1u << index;
    }
    return rule->options ? 0 : error_set(e, "%s: 'options' is empty", where);
}

static int read_rules(const cJSON *list, struct session_params *p, struct error *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (p->n_rules == SESSION_RULES_MAX)
            return error_set(e, "rules: there are more than %d", SESSION_RULES_MAX);
        if (read_rule(item, p->n_rules, &p->quantize, &p->rules[p->n_rules], e))
            return -1;
        p->n_rules++;
    }
    return 0;
}

static int read_numbers(const cJSON *list, const char *key, double *to, int *n, struct error *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (*n == DATA_CHANNELS_MAX)
            return error_set(e, "input: '%s' has more than %d numbers", key, DATA_CHANNELS_MAX);
        if (!cJSON_IsNumber(item) || !(item->valuedouble > -1e30 && item->valuedouble < 1e30))
            return error_set(e, "input: '%s' is a list of numbers", key);
        to[(*n)++] = item->valuedouble;
    }
    return 0;
}

static int read_input(const cJSON *o, struct data_transform *t, struct error *e)
{
    static const struct params_key keys[] = {{"scale", PARAMS_NUMBER, false},
                                             {"mean", PARAMS_LIST, false},
                                             {"std", PARAMS_LIST, false},
                                             {"layout", PARAMS_TEXT, false}};
    if (!o)
        return 0;
    if (params_check(o, "input", keys, COUNT(keys), e))
        return -1;
    const cJSON *scale = params_member(o, "scale");
    const char *layout = params_text(o, "layout");
    t->scale = scale ? scale->valuedouble : 1;
    if (t->scale == 0)
        return error_set(e, "input: 'scale' is 0");
    if (layout && strcmp(layout, "nhwc") && strcmp(layout, "nchw"))
        return error_set(e, "input: 'layout' is nhwc or nchw, not '%.40s'", layout);
    t->nchw = layout && !strcmp(layout, "nchw");
    if (read_numbers(params_member(o, "mean"), "mean", t->mean, &t->n_mean, e) ||
        read_numbers(params_member(o, "std"), "std", t->std, &t->n_std, e))
        return -1;
    for (int i = 0; i < t->n_std; i++)
        if (!(t->std[i] > 0))
            return error_set(e, "input: 'std' must be above 0");
    return 0;
}

static int read_paths(const cJSON *o, struct session_params *p, struct error *e)
{
    const struct {
        const char *key;
        char *to;
    } paths[] = {{"network", p->network},
                 {"folder", p->folder},
                 {"calibration", p->calibration},
                 {"validation", p->validation},
                 {"validation_labels", p->validation_labels},
                 {"test", p->test},
                 {"test_labels", p->test_labels}};
    for (int i = 0; i < COUNT(paths); i++)
        if (copy_path(o, paths[i].key, paths[i].to, e))
            return -1;
    return 0;
}

static int read_counts(const cJSON *o, struct session_params *p, struct error *e)
{
    int64_t calibration, board, tune, states;
    if (params_integer(o, "calibration_samples", 1, SAMPLES_MAX, 0, &calibration, e) ||
        params_integer(o, "board_samples", 1, SESSION_BOARD_SAMPLES_MAX, 4, &board, e) ||
        params_integer(o, "tune_steps", 0, TUNE_STEPS_MAX, 0, &tune, e) ||
        params_integer(o, "state_bits", 16, 32, QUANTIZED_STATE_BITS, &states, e) ||
        params_integer(o, "ram_bytes", 1, BYTES_MAX, 0, &p->budget.ram_bytes, e) ||
        params_integer(o, "flash_bytes", 1, BYTES_MAX, 0, &p->budget.flash_bytes, e))
        return error_wrap(e, "open");
    p->quantize.calibration_samples = (int)calibration;
    p->board_samples = (int)board;
    p->tune_steps = (int)tune;
    p->quantize.state_bits = (int)states;
    return 0;
}

static int read_metric(const cJSON *o, struct metric *m, struct error *e)
{
    int64_t seconds;
    const char *name = params_text(o, "metric");
    m->kind = name ? metric_of(name) : METRIC_ACCURACY;
    if (m->kind == METRIC_NONE)
        return error_set(e, "open: 'metric' is accuracy, auc, fidelity or scorer, not '%.40s'", name);
    if (copy_path(o, "scorer", m->scorer, e) || params_integer(o, "scorer_seconds", 1, METRIC_SECONDS_MAX, METRIC_SECONDS, &seconds, e))
        return error_wrap(e, "open");
    m->scorer_seconds = (int)seconds;
    return !*m->scorer == (m->kind == METRIC_SCORER) ? error_set(e, "open: 'scorer' comes with the metric scorer") : 0;
}

static int read_labels(const struct session_params *p, struct error *e)
{
    if (metric_needs_labels(p->metric.kind) && !*p->validation_labels)
        return error_set(e, "open: 'validation_labels' is missing, which the metric %s needs", metric_name(p->metric.kind));
    if (*p->test ? metric_needs_labels(p->metric.kind) && !*p->test_labels : *p->test_labels)
        return error_set(e, "open: 'test' and 'test_labels' come together");
    return 0;
}

static int read_open(const cJSON *o, struct session_params *p, struct error *e)
{
    static const struct params_key keys[] = {
        {"network", PARAMS_TEXT, true},           {"folder", PARAMS_TEXT, true},
        {"calibration", PARAMS_TEXT, true},       {"validation", PARAMS_TEXT, true},
        {"validation_labels", PARAMS_TEXT, false}, {"test", PARAMS_TEXT, false},
        {"test_labels", PARAMS_TEXT, false},      {"input", PARAMS_OBJECT, false},
        {"options", PARAMS_LIST, true},           {"rules", PARAMS_LIST, false},
        {"clipping", PARAMS_TEXT, false},         {"calibration_samples", PARAMS_INTEGER, false},
        {"board_samples", PARAMS_INTEGER, false}, {"ram_bytes", PARAMS_INTEGER, true},
        {"flash_bytes", PARAMS_INTEGER, true},    {"per_tensor", PARAMS_BOOL, false},
        {"equalize", PARAMS_BOOL, false},         {"tune_steps", PARAMS_INTEGER, false},
        {"metric", PARAMS_TEXT, false},           {"scorer", PARAMS_TEXT, false},
        {"scorer_seconds", PARAMS_INTEGER, false}, {"state_bits", PARAMS_INTEGER, false},
    };
    memset(p, 0, sizeof *p);
    if (params_check(o, "open", keys, COUNT(keys), e))
        return -1;
    const char *clipping = params_text(o, "clipping");
    p->quantize.clipping = clipping ? clipping_of(clipping) : CLIPPING_MSE;
    if (p->quantize.clipping == CLIPPING_NONE)
        return error_set(e, "open: 'clipping' is mse, minmax, percentile or aciq, not '%.40s'", clipping);
    p->quantize.per_tensor = cJSON_IsTrue(params_member(o, "per_tensor"));
    p->equalize = cJSON_IsTrue(params_member(o, "equalize"));
    return read_paths(o, p, e) || read_metric(o, &p->metric, e) || read_labels(p, e) || read_counts(o, p, e) ||
                   read_input(params_member(o, "input"), &p->transform, e) ||
                   read_options(params_member(o, "options"), &p->quantize, e) ||
                   read_rules(params_member(o, "rules"), p, e)
               ? -1
               : 0;
}

static int read_lower(const cJSON *o, struct work_request *r, struct error *e)
{
    static const struct params_key keys[] = {{"candidate", PARAMS_TEXT, true}, {"image", PARAMS_TEXT, false},
                                             {"tune_steps", PARAMS_INTEGER, false}};
    if (params_check(o, "lower", keys, COUNT(keys), e))
        return -1;
    r->image = params_text(o, "image");
    return 0;
}

static int read_score(const cJSON *o, struct work_request *r, struct error *e)
{
    static const struct params_key keys[] = {{"candidate", PARAMS_TEXT, true},
                                             {"set", PARAMS_TEXT, true},
                                             {"tune_steps", PARAMS_INTEGER, false},
                                             {"first", PARAMS_INTEGER, false},
                                             {"n", PARAMS_INTEGER, false},
                                             {"every", PARAMS_INTEGER, false},
                                             {"offset", PARAMS_INTEGER, false}};
    int64_t first, n, every, offset;
    if (params_check(o, "score", keys, COUNT(keys), e))
        return -1;
    const char *set = params_text(o, "set");
    r->test = !strcmp(set, "test");
    if (!r->test && strcmp(set, "validation"))
        return error_set(e, "score: 'set' is validation or test, not '%.40s'", set);
    if (params_integer(o, "first", 0, SAMPLES_MAX, 0, &first, e) ||
        params_integer(o, "n", 1, SAMPLES_MAX, -1, &n, e) || params_integer(o, "every", 1, SAMPLES_MAX, 1, &every, e) ||
        params_integer(o, "offset", 0, every - 1, 0, &offset, e))
        return error_wrap(e, "score");
    r->range = (struct score_range){(int)first, (int)n, (int)every, (int)offset};
    return 0;
}

static int read_package(const cJSON *o, struct work_request *r, struct error *e)
{
    static const struct params_key keys[] = {{"candidate", PARAMS_TEXT, true},
                                             {"folder", PARAMS_TEXT, true},
                                             {"tune_steps", PARAMS_INTEGER, false},
                                             {"name", PARAMS_TEXT, false},
                                             {"figures", PARAMS_ANY, false}};
    if (params_check(o, "package", keys, COUNT(keys), e))
        return -1;
    r->folder = params_text(o, "folder");
    r->name = params_text(o, "name") ? params_text(o, "name") : "network";
    r->figures = params_member(o, "figures");
    return package_check_name(r->name, e) ? error_wrap(e, "package") : 0;
}

/* How long this candidate is trained, of each method that names one. */
static int read_tune_steps(const cJSON *o, struct work_request *r, struct error *e)
{
    int64_t steps;
    if (params_integer(o, "tune_steps", 0, TUNE_STEPS_MAX, -1, &steps, e))
        return error_wrap(e, "%s", method_names[r->method]);
    r->tune_steps = (int)steps;
    return 0;
}

static int read_params(const cJSON *o, struct work_request *r, struct session_params *open, struct error *e)
{
    switch (r->method) {
    case WORK_OPEN:
        return read_open(o, open, e);
    case WORK_LOWER:
        return read_lower(o, r, e) || read_tune_steps(o, r, e) ? -1 : 0;
    case WORK_SCORE:
        return read_score(o, r, e) || read_tune_steps(o, r, e) ? -1 : 0;
    case WORK_PACKAGE:
        return read_package(o, r, e) || read_tune_steps(o, r, e) ? -1 : 0;
    default:
        return o ? params_check(o, "inspect", NULL, 0, e) : 0;
    }
}

static int find_method(const char *name, enum work_method *method, struct error *e)
{
    for (int i = WORK_OPEN; i < WORK_METHOD_COUNT; i++)
        if (!strcmp(name, method_names[i])) {
            *method = (enum work_method)i;
            return 0;
        }
    const char *meant = params_nearest(name, method_names + 1, WORK_METHOD_COUNT - 1);
    if (meant)
        return error_set(e, "there is no method '%.40s'; did you mean '%s'?", name, meant);
    return error_set(e, "there is no method '%.40s'", name);
}

int work_request_read(const char *line, size_t size, struct work_request *r, struct session_params *open,
                      struct error *e)
{
    static const struct params_key keys[] = {
        {"id", PARAMS_INTEGER, true}, {"method", PARAMS_TEXT, true}, {"params", PARAMS_OBJECT, false}};
    const char *end = NULL;
    *r = (struct work_request){.id = -1, .json = cJSON_ParseWithLengthOpts(line, size, &end, false)};
    while (r->json && end < line + size && isspace((unsigned char)*end))
        end++;
    if (!r->json || end != line + size)
        return error_set(e, "the line is not JSON");
    int rc = params_check(r->json, "request", keys, COUNT(keys), e);
    const cJSON *id = params_member(r->json, "id");
    if (cJSON_IsNumber(id) && id->valuedouble >= 0 && id->valuedouble <= (double)PARAMS_INT_MAX)
        r->id = (int64_t)id->valuedouble;
    if (rc)
        return -1;
    if (r->id < 0)
        return error_set(e, "request: 'id' must not be negative");
    const cJSON *params = params_member(r->json, "params");
    if (find_method(params_text(r->json, "method"), &r->method, e) || read_params(params, r, open, e))
        return -1;
    r->candidate = params_text(params, "candidate");
    return 0;
}

void work_request_finish(struct work_request *r)
{
    cJSON_Delete(r->json);
    r->json = NULL;
}

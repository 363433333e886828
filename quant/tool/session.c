// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/session.h"

#include "base/file.h"
#include "base/log.h"
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/program/footprint.h"
#include "quant/quantize/equalize.h"
#include "quant/tool/session_metric.h"
#include "quant/tool/session_tuned.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLOAT_FILE_BYTES 128 // "HEX COUNT\n"

static int labelled(const int32_t *labels, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += labels[i] >= 0;
    return count;
}

static int open_set(struct session *s, const char *samples, const char *labels, struct session_set *set,
                    struct error *e)
{
    if (!*samples)
        return 0;
    if (data_open(samples, &s->net.tensors[s->net.input], &s->params.transform, &set->samples, e))
        return -1;
    if (*labels || metric_needs_labels(s->params.metric.kind)) {
        if (data_labels(labels, set->samples.n, metric_classes(s->params.metric.kind, &s->net), &set->labels, e) ||
            sha256_file(labels, set->labels_sha256, e))
            return -1;
    } else if (!(set->labels = calloc((size_t)set->samples.n + 1, sizeof *set->labels))) {
        return error_set(e, "out of memory");
    }
    set->n_labelled = labelled(set->labels, set->samples.n);
    return set->n_labelled ? 0 : error_set(e, "%s: no sample has a label", labels);
}

static int open_files(struct session *s, struct error *e)
{
    const struct session_params *p = &s->params;
    if (sha256_file(p->network, s->network_sha256, e) || import_network(p->network, &s->net, e))
        return -1;
    if (s->params.metric.kind == METRIC_NONE)
        s->params.metric.kind = METRIC_ACCURACY;
    if (metric_check(&s->params.metric, &s->net, e))
        return -1;
    if (p->equalize)
        equalize_network(&s->net);
    if (*p->calibration && data_open(p->calibration, &s->net.tensors[s->net.input], &p->transform, &s->calibration, e))
        return -1;
    return open_set(s, p->validation, p->validation_labels, &s->validation, e) ||
                   open_set(s, p->test, p->test_labels, &s->test, e)
               ? -1
               : 0;
}

/* The first rule that matches a layer's name restricts its slot. */
static int apply_rule(struct session *s, int layer, const regex_t *rules, struct error *e)
{
    const char *name = s->net.ops[s->net.layers[layer].op].name;
    uint32_t *allowed = &s->allowed[s->net.layers[layer].slot];
    int i = 0;
    while (i < s->params.n_rules && regexec(&rules[i], name, 0, NULL, 0))
        i++;
    if (i < s->params.n_rules)
        *allowed &= s->params.rules[i].options;
    return *allowed ? 0 : error_set(e, "the rules leave no option for layer '%s'", name);
}

/* Options that a slot can never have are no choice. */
static int drop_impossible(struct session *s, struct error *e)
{
    for (int slot = 0; slot < s->net.n_slots; slot++) {
        for (int o = 0; o < s->params.quantize.n_options; o++)
            if (!footprint_allows(&s->net, slot, s->params.quantize.options[o]))
                s->allowed[slot] &= ~(1u << o);
        if (!s->allowed[slot])
            return error_set(e, "slot %d: no option is left (additions have no 16-bit activations, and the file perhaps no integers)", slot);
    }
    return 0;
}

static int apply_rules(struct session *s, struct error *e)
{
    regex_t rules[SESSION_RULES_MAX];
    int n = 0, rc = 0;
    for (; n < s->params.n_rules && !rc; n++) {
        char why[128];
        int bad = regcomp(&rules[n], s->params.rules[n].layer, REG_EXTENDED | REG_NOSUB);
        if (!bad)
            continue;
        regerror(bad, &rules[n], why, sizeof why);
        rc = error_set(e, "rules[%d]: '%.60s' is not a regular expression: %s", n, s->params.rules[n].layer,
                       why);
        break;
    }
    for (int i = 0; i < s->net.n_slots; i++)
        s->allowed[i] = (uint32_t)((1ull << s->params.quantize.n_options) - 1);
    for (int i = 0; i < s->net.n_layers && !rc; i++)
        rc = apply_rule(s, i, rules, e);
    while (n-- > 0)
        regfree(&rules[n]);
    return rc ? rc : drop_impossible(s, e);
}

/* Computed once and kept: its float arithmetic may give other bits elsewhere. */
static enum session_fault open_quantized(struct session *s, quantize_progress *progress, void *user,
                                         struct error *e)
{
    char path[PATH_MAX + 16];
    const struct quantize_params *p = &s->params.quantize;
    snprintf(path, sizeof path, "%s/quantized.bin", s->params.folder);
    uint8_t key[SHA256_BYTES];
    if (*s->params.tuned)
        return quantized_load_any(s->params.tuned, &s->net, &s->quantized, e) ? SESSION_INVALID : SESSION_OK;
    if (!*s->params.calibration)
        return quantized_given(&s->net, &s->quantized, e) ? SESSION_INVALID : SESSION_OK;
    quantized_key(&s->net, &s->calibration, p, key);
    int rc = *s->params.folder ? quantized_load(path, key, &s->quantized, e) : 1;
    if (rc == 0)
        return SESSION_OK;
    if (rc < 0)
        log_warning("%s; computed again", e->text);
    if (quantize_network(&s->net, &s->calibration, p, progress, user, &s->quantized, e))
        return SESSION_INVALID;
    return *s->params.folder && quantized_save(&s->quantized, path, e) ? SESSION_FAILED : SESSION_OK;
}

/* What the float network's accuracy on the validation set depends on. */
static void float_key(const struct session *s, char hex[SHA256_HEX])
{
    struct sha256 h;
    uint8_t digest[SHA256_BYTES];
    sha256_init(&h);
    sha256_update(&h, s->quantized.key, sizeof s->quantized.key);
    sha256_update(&h, s->validation.samples.sha256, SHA256_BYTES);
    sha256_update(&h, s->validation.labels_sha256, SHA256_BYTES);
    sha256_update(&h, metric_name(s->params.metric.kind), strlen(metric_name(s->params.metric.kind)));
    sha256_finish(&h, digest);
    sha256_hex(digest, hex);
}

/* 0 when the folder has it. */
static int load_float_correct(struct session *s, const char *path, const char *hex)
{
    char *text, stored[SHA256_HEX];
    size_t size;
    if (file_read(path, FLOAT_FILE_BYTES, &text, &size, NULL))
        return -1;
    int fits = sscanf(text, "%64s %d", stored, &s->float_correct) == 2 && !strcmp(stored, hex);
    free(text);
    int most = s->params.metric.kind == METRIC_ACCURACY ? s->validation.n_labelled : METRIC_OF;
    return fits && s->float_correct >= 0 && s->float_correct <= most ? 0 : -1;
}

enum session_fault session_score_float(struct session *s, struct error *e)
{
    char path[PATH_MAX + 16], hex[SHA256_HEX], line[FLOAT_FILE_BYTES];
    int total;
    snprintf(path, sizeof path, "%s/float.txt", s->params.folder);
    float_key(s, hex);
    if (!s->validation.n_labelled || (*s->params.folder && !load_float_correct(s, path, hex)))
        return SESSION_OK;
    struct metric_value v;
    if (s->params.metric.kind != METRIC_ACCURACY) {
        enum session_fault fault = session_metric_float(s, &s->validation, &v, e);
        if (fault)
            return fault;
        s->float_correct = (int)v.good;
    } else if (float_run_score(&s->net, &s->validation.samples, s->validation.labels, &s->float_correct, &total, e)) {
        return SESSION_FAILED;
    }
    int n = snprintf(line, sizeof line, "%s %d\n", hex, s->float_correct);
    return *s->params.folder && file_write(path, line, (size_t)n, e) ? SESSION_FAILED : SESSION_OK;
}

static enum session_fault open_all(struct session *s, quantize_progress *progress, void *user,
                                   struct error *e)
{
    if (open_files(s, e) || apply_rules(s, e))
        return SESSION_INVALID;
    if (*s->params.folder && file_make_folder(s->params.folder, e))
        return SESSION_FAILED;
    return open_quantized(s, progress, user, e);
}

enum session_fault session_open(struct session *s, const struct session_params *p,
                                quantize_progress *progress, void *user, struct error *e)
{
    memset(s, 0, sizeof *s);
    s->params = *p;
    s->progress = progress, s->progress_user = user;
    s->tune_steps = p->tune_steps, s->loss = NAN;
    net_init(&s->net);
    enum session_fault fault = open_all(s, progress, user, e);
    if (fault)
        session_close(s);
    return fault;
}

static void drop_lowered(struct session *s)
{
    if (s->evaluator)
        evaluator_destroy(s->evaluator);
    if (s->has_lowered)
        lowered_finish(&s->lowered);
    s->evaluator = NULL;
    s->has_lowered = false;
}

void session_train_for(struct session *s, int steps)
{
    if (steps == s->tune_steps)
        return;
    drop_lowered(s);
    quantized_finish(&s->tuned);
    s->has_tuned = false;
    s->tune_steps = steps;
}

static void close_set(struct session_set *set)
{
    data_close(&set->samples);
    free(set->labels);
    free(set->reference);
}

void session_close(struct session *s)
{
    drop_lowered(s);
    quantized_finish(&s->tuned);
    quantized_finish(&s->quantized);
    close_set(&s->validation);
    close_set(&s->test);
    data_close(&s->calibration);
    net_finish(&s->net);
    memset(s, 0, sizeof *s);
}

int session_options(const struct candidate *c, struct quantize_params *q, struct error *e)
{
    q->n_options = 0;
    for (int i = 0; i < c->n; i++) {
        int k = 0;
        while (k < q->n_options && !setting_equal(q->options[k], c->layers[i]))
            k++;
        if (k == QUANTIZED_OPTIONS_MAX)
            return error_set(e, "the candidate has more than %d different settings", QUANTIZED_OPTIONS_MAX);
        q->options[k] = c->layers[i];
        q->n_options = k == q->n_options ? k + 1 : q->n_options;
    }
    return 0;
}

static bool is_option(const struct session *s, struct setting setting)
{
    for (int i = 0; i < s->params.quantize.n_options; i++)
        if (setting_equal(s->params.quantize.options[i], setting))
            return true;
    return false;
}

enum session_fault session_candidate(const struct session *s, const char *text, struct candidate *c,
                                     struct error *e)
{
    if (candidate_parse(text, s->net.n_slots, c, e))
        return SESSION_INVALID;
    int floats = 0;
    for (int i = 0; i < c->n; i++) {
        char name[SETTING_TEXT_MAX];
        bool is_float = c->layers[i].scheme == SCHEME_FLOAT32;
        floats += is_float;
        if (!is_float && !is_option(s, c->layers[i]))
            return (enum session_fault)error_set(e, "slot %d: %s is not among the options", i,
                                                 setting_format(c->layers[i], name));
    }
    if (floats && floats < c->n)
        return (enum session_fault)error_set(e, "float32 goes for all slots or for none");
    return SESSION_OK;
}

static bool exceeds(const struct session *s)
{
    const struct lowered_budget *b = &s->params.budget;
    return (b->ram_bytes && s->lowered.ram_bytes > b->ram_bytes) ||
           (b->flash_bytes && s->lowered.flash_bytes > b->flash_bytes);
}

static enum session_fault lower_from(struct session *s, const struct quantized *q, const struct candidate *c,
                                     const struct lowered_budget *budget, struct error *e)
{
    drop_lowered(s);
    int rc = lowered_make(&s->net, q, c, budget, &s->lowered, e);
    s->has_lowered = rc == 0;
    s->candidate = *c;
    return rc == LOWERED_TOO_LARGE ? SESSION_INFEASIBLE : rc ? SESSION_INVALID : SESSION_OK;
}

enum session_fault session_lower(struct session *s, const struct candidate *c, bool check_budget,
                                 struct error *e)
{
    static const struct lowered_budget no_limit;
    if (s->has_lowered && candidate_equal(c, &s->candidate) && (!check_budget || !exceeds(s)))
        return SESSION_OK;
    drop_lowered(s);
    const struct lowered_budget *budget = check_budget ? &s->params.budget : &no_limit;
    enum session_fault fault = SESSION_OK;
    if (check_budget && session_is_tuned(s, c)) // what does not fit is not trained
        fault = lower_from(s, &s->quantized, c, budget, e);
    const struct quantized *q = NULL;
    if (!fault)
        fault = session_tuned(s, c, &q, e);
    return fault ? fault : lower_from(s, q, c, budget, e);
}

enum session_fault session_image(struct session *s, const char *path, struct image_written *w,
                                 struct error *e)
{
    int n = s->params.board_samples < s->calibration.n ? s->params.board_samples : s->calibration.n;
    return image_write(path, &s->lowered, &s->calibration, 0, n, w, e) ? SESSION_FAILED : SESSION_OK;
}

enum session_fault session_score(struct session *s, const struct candidate *c, struct session_set *set,
                                 const struct score_range *range, struct score *score, struct error *e)
{
    enum session_fault fault = session_lower(s, c, false, e);
    if (fault)
        return fault;
    if (!s->evaluator) {
        int threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
        threads = threads < 1 ? 1 : threads > EVALUATOR_THREADS_MAX ? EVALUATOR_THREADS_MAX : threads;
        s->evaluator = evaluator_create(&s->lowered.program, lowered_blobs(&s->lowered), threads, e);
    }
    if (s->evaluator && s->params.metric.kind != METRIC_ACCURACY)
        return range->every == 1 ? session_metric_score(s, set, range->first, range->n, score, e)
                                 : (enum session_fault)error_set(e, "score: only accuracy is counted in parts");
    if (!s->evaluator || evaluator_score_range(s->evaluator, &set->samples, set->labels, range, score, e))
        return SESSION_FAILED;
    return SESSION_OK;
}

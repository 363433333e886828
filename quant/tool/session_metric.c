// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/session_metric.h"

#include "quant/net/float_run.h"

#include <stdlib.h>
#include <string.h>

const char *session_metric_labels(const struct session *s, const struct session_set *set)
{
    return set == &s->test ? s->params.test_labels : s->params.validation_labels;
}

static size_t outputs_of(const struct session *s)
{
    return net_elements(&s->net.tensors[s->net.output]);
}

struct keeping {
    float *to;
    size_t n;
};

static void keep(void *user, int sample, const float *outputs)
{
    const struct keeping *k = user;
    memcpy(k->to + (size_t)sample * k->n, outputs, k->n * sizeof *outputs);
}

/* The float network's outputs of all samples, once. */
static int make_reference(struct session *s, struct session_set *set, struct error *e)
{
    struct keeping k = {NULL, outputs_of(s)};
    if (set->reference)
        return 0;
    if ((size_t)set->samples.n > SESSION_OUTPUTS_MAX / k.n)
        return error_set(e, "%d samples with %zu outputs each are more than %zu numbers", set->samples.n, k.n, SESSION_OUTPUTS_MAX);
    k.to = malloc((size_t)set->samples.n * k.n * sizeof *k.to + 1);
    if (!k.to)
        return error_set(e, "out of memory");
    if (float_run_data(&s->net, &set->samples, 0, set->samples.n, NULL, keep, &k, e)) {
        free(k.to);
        return -1;
    }
    set->reference = k.to;
    return 0;
}

static struct metric_outputs about(const struct session *s, const struct session_set *set)
{
    return (struct metric_outputs){.net = &s->net, .data = &set->samples, .reference = set->reference, .labels = set->labels,
                                   .labels_path = session_metric_labels(s, set)};
}

/* Runs the samples and takes their outputs as floats. */
static int run_samples(struct session *s, const struct data *d, const int *samples, int n, float *outputs, uint8_t *sha256, struct error *e)
{
    const struct program *p = &s->lowered.program;
    size_t bytes = program_output(p)->bytes;
    uint8_t *raw = malloc((size_t)n * bytes + 1);
    int failed = raw ? evaluator_outputs_of(s->evaluator, d, samples, n, raw, e) : error_set(e, "out of memory");
    for (int i = 0; i < n && !failed; i++)
        lowered_take_output(p, raw + (size_t)i * bytes, outputs + (size_t)i * outputs_of(s));
    if (!failed)
        sha256_of(raw, (size_t)n * bytes, sha256);
    free(raw);
    return failed;
}

enum session_fault session_metric_score(struct session *s, struct session_set *set, int first, int n, struct score *score,
                                        struct error *e)
{
    if (s->params.metric.kind == METRIC_FIDELITY && make_reference(s, set, e))
        return SESSION_FAILED;
    struct metric_outputs o = about(s, set);
    struct metric_value v;
    int *samples = malloc(((size_t)set->samples.n + 1) * sizeof *samples);
    o.n = samples ? evaluator_labelled(&set->samples, set->labels, first, n, samples) : 0;
    float *outputs = (size_t)o.n <= SESSION_OUTPUTS_MAX / outputs_of(s) ? malloc((size_t)o.n * outputs_of(s) * sizeof *outputs + 1) : NULL;
    o.samples = samples, o.outputs = outputs;
    int failed = samples && outputs ? run_samples(s, &set->samples, samples, o.n, outputs, score->outputs_sha256, e)
                                    : error_set(e, "out of memory for the outputs of all samples");
    enum session_fault fault = failed ? SESSION_FAILED : SESSION_OK;
    if (!failed && metric_score(&s->params.metric, &o, &v, e))
        fault = SESSION_INVALID;
    if (!fault)
        score->correct = v.good, score->total = v.of, score->distance = v.distance;
    free(samples);
    free(outputs);
    return fault;
}

enum session_fault session_metric_float(struct session *s, struct session_set *set, struct metric_value *v, struct error *e)
{
    if (make_reference(s, set, e))
        return SESSION_FAILED;
    struct metric_outputs o = about(s, set);
    size_t each = outputs_of(s);
    int *samples = malloc(((size_t)set->samples.n + 1) * sizeof *samples);
    o.n = samples ? evaluator_labelled(&set->samples, set->labels, 0, -1, samples) : 0;
    float *outputs = malloc((size_t)o.n * each * sizeof *outputs + 1);
    for (int i = 0; i < o.n && outputs; i++)
        memcpy(outputs + (size_t)i * each, set->reference + (size_t)samples[i] * each, each * sizeof *outputs);
    o.samples = samples, o.outputs = outputs;
    int failed = samples && outputs ? metric_score(&s->params.metric, &o, v, e) : error_set(e, "out of memory");
    free(samples);
    free(outputs);
    return failed ? SESSION_INVALID : SESSION_OK;
}

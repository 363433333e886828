// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/evaluate.h"

#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/tool/candidate_file.h"
#include "quant/tool/session.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is open while a network is evaluated; zero-initialized it can be closed. */
struct opened {
    struct net net;
    struct data samples;
    int32_t *labels;
    struct candidate candidate;
};

static int open_all(const struct evaluate_options *o, struct opened *p, struct error *e)
{
    uint8_t sha256[SHA256_BYTES];
    if (import_network(o->network, &p->net, e) || sha256_file(o->network, sha256, e) ||
        candidate_file_read(o->setting, &p->net, sha256, &p->candidate, e) ||
        data_open(o->data, &p->net.tensors[p->net.input], &o->session.transform, &p->samples, e))
        return -1;
    const struct metric *m = &o->session.metric;
    if (metric_check(m, &p->net, e))
        return -1;
    if (o->labels)
        return data_labels(o->labels, p->samples.n, metric_classes(m->kind, &p->net), &p->labels, e);
    p->labels = calloc((size_t)p->samples.n + 1, sizeof *p->labels); // a metric without labels: all samples
    return p->labels ? 0 : error_set(e, "out of memory");
}

static void close_all(struct opened *p)
{
    free(p->labels);
    data_close(&p->samples);
    net_finish(&p->net);
}

static bool is_float(const struct candidate *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->layers[i].scheme != SCHEME_FLOAT32)
            return false;
    return true;
}

/* Does the file itself have all the integers? */
static bool is_given(const struct opened *p)
{
    struct setting s;
    for (int i = 0; i < p->candidate.n; i++)
        if (!net_given_setting(&p->net, i, &s) || !setting_equal(s, p->candidate.layers[i]))
            return false;
    return net_is_given(&p->net);
}

static int score_integers(const struct session_params *params, const struct candidate *c, struct evaluate_result *r, struct error *e)
{
    struct score score;
    struct session *s = malloc(sizeof *s);
    if (!s)
        return error_set(e, "out of memory");
    int rc = session_open(s, params, NULL, NULL, e) ? -1 : 0;
    if (!rc) {
        rc = session_score(s, c, &s->validation, &(struct score_range){0, -1, 1, 0}, &score, e) ? -1 : 0;
        session_close(s);
    }
    free(s);
    if (!rc)
        *r = (struct evaluate_result){score.correct, score.total, score.distance};
    return rc;
}

/* As the board computes them. */
static int run_integers(const struct evaluate_options *o, const struct opened *p, struct evaluate_result *r, struct error *e)
{
    struct session_params params = o->session;
    if (!o->calibration && !is_given(p))
        return error_set(e, "%s: integers need --calibration X.npy: samples that their ranges are found on", o->setting);
    if ((size_t)snprintf(params.network, PATH_MAX, "%s", o->network) >= PATH_MAX ||
        (size_t)snprintf(params.calibration, PATH_MAX, "%s", o->calibration ? o->calibration : "") >= PATH_MAX ||
        (size_t)snprintf(params.validation, PATH_MAX, "%s", o->data) >= PATH_MAX ||
        (size_t)snprintf(params.validation_labels, PATH_MAX, "%s", o->labels ? o->labels : "") >= PATH_MAX)
        return error_set(e, "a path is too long");
    return session_options(&p->candidate, &params.quantize, e) || score_integers(&params, &p->candidate, r, e) ? -1 : 0;
}

struct keeping {
    float *to;
    size_t each;
};

static void keep(void *user, int sample, const float *outputs)
{
    const struct keeping *k = user;
    memcpy(k->to + (size_t)sample * k->each, outputs, k->each * sizeof *outputs);
}

/* In float32, by another metric than accuracy. */
static int run_metric(const struct evaluate_options *o, const struct opened *p, struct evaluate_result *r, struct error *e)
{
    struct metric_value v;
    struct keeping k = {.each = net_elements(&p->net.tensors[p->net.output])};
    int n = p->samples.n, *samples = malloc(((size_t)n + 1) * sizeof *samples);
    struct metric_outputs about = {.net = &p->net, .data = &p->samples, .samples = samples, .labels = p->labels, .labels_path = o->labels};
    about.n = samples ? evaluator_labelled(&p->samples, p->labels, 0, -1, samples) : 0;
    k.to = malloc((size_t)n * k.each * sizeof *k.to + 1);
    int failed = samples && k.to ? float_run_data(&p->net, &p->samples, 0, n, NULL, keep, &k, e) : error_set(e, "out of memory");
    for (int i = 0; i < about.n && !failed; i++)
        memmove(k.to + (size_t)i * k.each, k.to + (size_t)samples[i] * k.each, k.each * sizeof *k.to);
    for (int i = 0; i < about.n && o->session.metric.kind == METRIC_FIDELITY; i++)
        samples[i] = i; // compared with itself
    about.outputs = about.reference = k.to;
    failed = failed || metric_score(&o->session.metric, &about, &v, e);
    if (!failed)
        *r = (struct evaluate_result){v.good, v.of, v.distance};
    free(samples);
    free(k.to);
    return failed ? -1 : 0;
}

static int run(const struct evaluate_options *o, const struct opened *p, struct evaluate_result *r, struct error *e)
{
    int correct = 0, total = 0;
    if (!is_float(&p->candidate))
        return run_integers(o, p, r, e);
    if (o->session.metric.kind != METRIC_ACCURACY)
        return run_metric(o, p, r, e);
    if (float_run_score(&p->net, &p->samples, p->labels, &correct, &total, e))
        return -1;
    r->correct = correct;
    r->total = total;
    return 0;
}

int evaluate_run(const struct evaluate_options *o, struct evaluate_result *r, struct error *e)
{
    struct opened p = {0};
    net_init(&p.net);
    int failed = open_all(o, &p, e) || run(o, &p, r, e);
    if (!failed && !r->total)
        failed = error_set(e, "%s: no sample has a label", o->labels ? o->labels : o->data);
    close_all(&p);
    return failed ? -1 : 0;
}

/* One object on one line, four decimals: cJSON would print a fraction as it likes. */
static int print_json(const struct evaluate_options *o, const struct evaluate_result *r)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *network = cJSON_AddStringToObject(root, "network", o->network), *setting = cJSON_AddStringToObject(root, "setting", o->setting);
    char *path = cJSON_PrintUnformatted(network), *text = cJSON_PrintUnformatted(setting);
    bool printed = path && text;
    if (printed)
        printf("{\"network\": %s, \"setting\": %s, \"%s\": %.4f, \"correct\": %lld, \"total\": %lld", path, text,
               metric_name(o->session.metric.kind), (double)r->correct / (double)r->total, (long long)r->correct, (long long)r->total);
    if (printed && o->session.metric.kind == METRIC_FIDELITY)
        printf(", \"mean_squared_distance\": %.6g", r->distance);
    if (printed)
        puts("}");
    free(path);
    free(text);
    cJSON_Delete(root);
    return printed ? 0 : 1;
}

static int print(const struct evaluate_options *o, const struct evaluate_result *r)
{
    if (o->json)
        return print_json(o, r);
    const char *name = metric_name(o->session.metric.kind);
    double share = (double)r->correct / (double)r->total;
    if (o->session.metric.kind == METRIC_FIDELITY)
        printf("%s %.6f (mean squared distance %.6g to the float network's outputs), %s\n", name, share, r->distance, o->setting);
    else if (o->session.metric.kind != METRIC_ACCURACY)
        printf("%s %.6f, %s\n", name, share, o->setting);
    if (o->session.metric.kind != METRIC_ACCURACY)
        return 0;
    printf("accuracy %.4f (%lld of %lld), %s\n", (double)r->correct / (double)r->total, (long long)r->correct, (long long)r->total,
           o->setting);
    return 0;
}

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: pare-net evaluate FILE --data X.npy --labels Y.npy [--setting S | --candidate C] [--calibration X.npy]\n"
                "         [--input-scale s] [--input-mean a,b,c] [--input-std a,b,c] [--input-layout nhwc|nchw] [--json]\n"
                "         [--metric accuracy|auc|fidelity] [--scorer PROGRAM [--scorer-seconds N]]\n"
                "         [--clipping mse|minmax|percentile|aciq] [--per-tensor] [--equalize] [--tuned FILE]\n"
                "  S: float32 (default), given (a quantized file's own integers), w8a8, or one setting for each slot; C: a file with them, or a pare.config/1\n");
    return status;
}

int evaluate_command(int argc, char **argv)
{
    struct evaluate_options o;
    struct evaluate_result r = {0};
    struct error e = {{0}};
    int wrong = evaluate_options_read(&o, argc, argv, &e);
    if (wrong > 0)
        return usage(stdout, 0);
    if (wrong < 0) {
        fprintf(stderr, "pare-net: evaluate: %s\n", e.text);
        return usage(stderr, 2);
    }
    if (!evaluate_run(&o, &r, &e))
        return print(&o, &r);
    fprintf(stderr, "pare-net: %s\n", e.text);
    return 1;
}

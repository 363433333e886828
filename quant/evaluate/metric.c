// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/evaluate/metric.h"

#include "quant/net/float_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[METRIC_COUNT] = {"", "accuracy", "auc", "fidelity", "scorer"};

const char *metric_name(enum metric_kind kind)
{
    return (unsigned)kind < METRIC_COUNT ? names[kind] : "";
}

enum metric_kind metric_of(const char *name)
{
    int kind = METRIC_COUNT - 1;
    while (kind > METRIC_NONE && strcmp(name, names[kind]) != 0)
        kind--;
    return (enum metric_kind)kind;
}

bool metric_needs_labels(enum metric_kind kind)
{
    return kind == METRIC_ACCURACY || kind == METRIC_AUC;
}

static size_t outputs_of(const struct net *n)
{
    return net_elements(&n->tensors[n->output]);
}

int metric_classes(enum metric_kind kind, const struct net *n)
{
    return kind == METRIC_AUC ? 2 : (int)outputs_of(n);
}

int metric_check(const struct metric *m, const struct net *n, struct error *e)
{
    size_t outputs = outputs_of(n);
    if (m->kind == METRIC_AUC && outputs > 2 && outputs != net_elements(&n->tensors[n->input]))
        return error_set(e, "auc: the network has %zu outputs; 1, 2 or as many as inputs are needed", outputs);
    if (m->kind == METRIC_SCORER && !*m->scorer)
        return error_set(e, "scorer: there is no program");
    return 0;
}

static void score_accuracy(const struct metric_outputs *o, struct metric_value *v)
{
    size_t n = outputs_of(o->net);
    *v = (struct metric_value){.of = o->n};
    for (int i = 0; i < o->n; i++)
        v->good += float_run_argmax(o->outputs + (size_t)i * n, (int)n) == o->labels[o->samples[i]];
}

/* ---- area under the ROC curve ---- */

struct ranked {
    double value;
    bool positive;
};

static int compare(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;
    return (x > y) - (x < y);
}

static double distance_from_input(const struct metric_outputs *o, int i, float *x)
{
    size_t n = o->data->elements;
    double sum = 0;
    data_sample(o->data, o->samples[i], x);
    for (size_t k = 0; k < n; k++)
        sum += ((double)o->outputs[(size_t)i * n + k] - (double)x[k]) * ((double)o->outputs[(size_t)i * n + k] - (double)x[k]);
    return sum;
}

static double place_of(const struct metric_outputs *o, int i, float *x)
{
    size_t n = outputs_of(o->net);
    const float *y = o->outputs + (size_t)i * n;
    return n == 1 ? (double)y[0] : n == 2 ? (double)y[1] - (double)y[0] : distance_from_input(o, i, x);
}

/* Share of pairs of both labels that stand in the right order; equals count half (Mann and Whitney). */
static int area(struct ranked *r, int n, double *share, struct error *e)
{
    double positives = 0, right = 0, below = 0;
    qsort(r, (size_t)n, sizeof *r, compare);
    for (int i = 0, end; i < n; i = end) {
        double here = 0;
        for (end = i; end < n && r[end].value == r[i].value; end++)
            here += r[end].positive;
        right += here * (below + (end - i - here) / 2);
        below += end - i - here;
        positives += here;
    }
    if (positives == 0 || below == 0)
        return error_set(e, "auc: samples of both labels are needed, there are %.0f of 1 and %.0f of 0", positives, below);
    *share = right / positives / below;
    return 0;
}

static int score_auc(const struct metric_outputs *o, double *share, struct error *e)
{
    struct ranked *r = malloc(((size_t)o->n + 1) * sizeof *r);
    float *x = malloc(o->data->elements * sizeof *x);
    int failed = r && x ? 0 : error_set(e, "out of memory");
    for (int i = 0; i < o->n && !failed; i++)
        r[i] = (struct ranked){place_of(o, i, x), o->labels[o->samples[i]] == 1};
    failed = failed || area(r, o->n, share, e);
    free(r);
    free(x);
    return failed ? -1 : 0;
}

static void score_fidelity(const struct metric_outputs *o, double *share, double *distance)
{
    size_t n = outputs_of(o->net);
    double error = 0, power = 0;
    for (int i = 0; i < o->n; i++) {
        const float *y = o->outputs + (size_t)i * n, *wanted = o->reference + (size_t)o->samples[i] * n;
        for (size_t k = 0; k < n; k++) {
            error += ((double)y[k] - (double)wanted[k]) * ((double)y[k] - (double)wanted[k]);
            power += (double)wanted[k] * (double)wanted[k];
        }
    }
    *distance = error / (double)n / o->n;
    *share = error == 0 ? 1 : power > 0 ? fmax(1 - error / power, 0) : 0;
}

int metric_score(const struct metric *m, const struct metric_outputs *o, struct metric_value *v, struct error *e)
{
    double share = 0;
    *v = (struct metric_value){.of = METRIC_OF};
    if (o->n < 1)
        return error_set(e, "%s: there are no samples", metric_name(m->kind));
    if (m->kind == METRIC_ACCURACY) {
        score_accuracy(o, v);
        return 0;
    }
    if (m->kind == METRIC_FIDELITY)
        score_fidelity(o, &share, &v->distance);
    else if (m->kind == METRIC_AUC ? score_auc(o, &share, e) : metric_run_scorer(m, o, &share, e))
        return -1;
    v->good = llround(share * METRIC_OF);
    return 0;
}

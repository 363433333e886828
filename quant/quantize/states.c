// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/states.h"

#include "quant/net/float_run.h"
#include "quant/net/float_scan.h"

#include <stdlib.h>
#include <string.h>

struct watch {
    const struct net *net;
    struct quantized *q;
    struct float_run run;
    float *out, *scratch; // of a scan run once more
};

static bool is_scan(const struct net *n, int layer)
{
    return n->ops[n->layers[layer].op].kind == NET_SCAN;
}

static int allocate(struct watch *w)
{
    const struct net *n = w->net;
    struct quantized *q = w->q;
    size_t out = 1, scratch = 1;
    for (int i = 0; i < n->n_layers * q->n_variants; i++) {
        int layer = i / q->n_variants;
        const struct net_op *op = &n->ops[n->layers[layer].op];
        if (!is_scan(n, layer))
            continue;
        size_t elements = net_elements(&n->tensors[op->out]) * (size_t)w->run.batch;
        out = elements > out ? elements : out;
        scratch = float_scan_scratch(n, op) > scratch ? float_scan_scratch(n, op) : scratch;
        if (!(q->weights[i].states = calloc(q->weights[i].n_channels, sizeof *q->weights[i].states)))
            return -1;
    }
    w->out = malloc(out * sizeof *w->out), w->scratch = malloc(scratch * sizeof *w->scratch);
    return w->out && w->scratch ? 0 : -1;
}

/* Called when a tensor has just been computed: what its operation read is still there. */
static void see(void *user, int tensor, const float *values, int samples)
{
    struct watch *w = user;
    const struct net *n = w->net;
    (void)values;
    for (int i = 0; i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        const float *in[NET_INPUTS_MAX] = {NULL};
        if (op->out != tensor || op->kind != NET_SCAN)
            continue;
        for (int k = 0; k < net_inputs(op->kind); k++)
            in[k] = w->run.tensors[op->in[k]];
        float_scan_run(n, op, in, w->out, samples, w->q->weights[i * w->q->n_variants].states, w->scratch);
    }
}

/* What the first variant's weights were told holds for all of them: it is the float network's. */
static void spread(struct watch *w)
{
    for (int i = 0; i < w->net->n_layers * w->q->n_variants; i++) {
        struct quantized_weights *to = &w->q->weights[i], *from = to - i % w->q->n_variants;
        if (to->states && to != from)
            memcpy(to->states, from->states, to->n_channels * sizeof *to->states);
    }
}

int states_run(const struct net *n, const struct data *d, int samples, struct quantized *q, struct error *e)
{
    struct watch w = {.net = n, .q = q};
    bool any = false;
    for (int i = 0; i < n->n_layers; i++)
        any |= is_scan(n, i);
    if (!any || !q->n_variants)
        return 0;
    if (float_run_init(&w.run, n, 0, e))
        return -1;
    samples = samples > 0 && samples < d->n ? samples : d->n;
    int failed = allocate(&w);
    for (int first = 0; first < samples && !failed; first += w.run.batch) {
        int count = samples - first < w.run.batch ? samples - first : w.run.batch;
        for (int i = 0; i < count; i++)
            data_sample(d, first + i, float_run_input(&w.run) + (size_t)i * d->elements);
        float_run_go(&w.run, count, see, &w);
    }
    if (!failed)
        spread(&w);
    free(w.out);
    free(w.scratch);
    float_run_finish(&w.run);
    return failed ? error_set(e, "out of memory") : 0;
}

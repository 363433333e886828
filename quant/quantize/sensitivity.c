// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/sensitivity.h"

#include "quant/net/float_ops.h"
#include "quant/net/float_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct look {
    const struct net *net;
    struct quantized *q;
    struct float_run run; // the whole network
    float *weights, *bias; // of one layer as an option has them
    float *got, *scratch;  // what it gives then, for a batch
    double *errors;       // [n_tensors][n_options], sums of squares
    double *powers;       // [n_tensors]
};

static void put_weights(struct net_op *op, const struct quantized_weights *w)
{
    uint32_t row = w->n_codes / w->n_channels;
    for (uint32_t i = 0; i < w->n_codes; i++)
        op->weights[i] = w->scales[i / row] * (float)quantized_number(w, i);
    if (op->bias)
        memcpy(op->bias, w->bias, w->n_channels * sizeof *op->bias);
}

/* Squared distance of `values`, rounded to `bits`, from what they should be. */
static double rounded_error(const float *values, const float *wanted, size_t n, struct quantized_scale s,
                            unsigned bits)
{
    float least = (float)(-(1 << (bits - 1)) - s.zero_point),
          most = (float)((1 << (bits - 1)) - 1 - s.zero_point);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        float q = fminf(fmaxf(rintf(values[i] / s.scale), least), most);
        double error = (double)(q * s.scale - wanted[i]);
        sum += error * error;
    }
    return sum;
}

static void look_at_layer(struct look *l, const struct net_op *op, const float *wanted, int samples)
{
    struct quantized *q = l->q;
    struct net_op own = *op;
    const float *in[NET_INPUTS_MAX] = {NULL};
    size_t n = (size_t)samples * net_elements(&l->net->tensors[op->out]);
    own.weights = l->weights, own.bias = op->kind == NET_RMSNORM ? NULL : l->bias;
    for (int k = 0; k < net_inputs(op->kind); k++)
        in[k] = l->run.tensors[op->in[k]];
    for (int v = 0; v < q->n_variants; v++) {
        put_weights(&own, &q->weights[op->layer * q->n_variants + v]);
        float_ops_run(l->net, &own, in, l->got, samples, l->scratch);
        for (int o = 0; o < q->n_options; o++) {
            struct setting s = q->options[o];
            if (s.w_bits == q->variants[v].w_bits && s.scheme == q->variants[v].scheme)
                l->errors[op->out * q->n_options + o] +=
                    rounded_error(l->got, wanted, n, q->tensors[op->out].at[s.a_bits], s.a_bits);
        }
    }
}

/* Additions and means have no weights: their outputs are rounded, nothing else. */
static void look_at_rounding(struct look *l, int tensor, const float *values, size_t n)
{
    struct quantized *q = l->q;
    for (int o = 0; o < q->n_options; o++) {
        struct setting s = q->options[o];
        if (s.scheme != SCHEME_FLOAT32)
            l->errors[tensor * q->n_options + o] +=
                rounded_error(values, values, n, q->tensors[tensor].at[s.a_bits], s.a_bits);
    }
}

/* Called when `tensor` has just been computed; what its operation read is still there. */
static void see(void *user, int tensor, const float *values, int samples)
{
    struct look *l = user;
    size_t n = (size_t)samples * net_elements(&l->net->tensors[tensor]);
    for (int i = 0; i < l->net->n_ops; i++) {
        const struct net_op *op = &l->net->ops[i];
        if (op->out != tensor ||
            net_keeps_scale(op)) // its values were rounded already
            continue;
        for (size_t k = 0; k < n; k++)
            l->powers[tensor] += (double)values[k] * (double)values[k];
        if (op->layer >= 0)
            look_at_layer(l, op, values, samples);
        else
            look_at_rounding(l, tensor, values, n);
    }
}

static void sum_up(struct look *l)
{
    struct quantized *q = l->q;
    memset(q->sensitivity, 0, (size_t)q->n_slots * (size_t)q->n_options * sizeof *q->sensitivity);
    for (int t = 0; t < q->n_tensors; t++) {
        int slot = net_tensor_slot(l->net, t);
        if (slot < 0 || l->powers[t] <= 0)
            continue;
        for (int o = 0; o < q->n_options; o++)
            q->sensitivity[slot * q->n_options + o] += l->errors[t * q->n_options + o] / l->powers[t];
    }
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int prepare(struct look *l, int batch, struct error *e)
{
    const struct net *n = l->net;
    size_t weights = 1, bias = 1, got = 1, scratch = 1;
    for (int i = 0; i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        weights = larger(weights, net_weight_count(n, op));
        bias = larger(bias, (size_t)net_out_channels(n, op));
        got = larger(got, net_elements(&n->tensors[op->out]) * (size_t)batch);
        scratch = larger(scratch, float_ops_scratch(n, op));
    }
    l->weights = malloc(weights * sizeof *l->weights), l->bias = malloc(bias * sizeof *l->bias);
    l->got = malloc(got * sizeof *l->got), l->scratch = malloc(scratch * sizeof *l->scratch);
    l->errors = calloc((size_t)n->n_tensors * (size_t)l->q->n_options, sizeof *l->errors);
    l->powers = calloc((size_t)n->n_tensors, sizeof *l->powers);
    if (!l->weights || !l->bias || !l->got || !l->scratch || !l->errors || !l->powers)
        return error_set(e, "out of memory");
    return 0;
}

static void finish(struct look *l)
{
    free(l->weights);
    free(l->bias);
    free(l->got);
    free(l->scratch);
    free(l->errors);
    free(l->powers);
    float_run_finish(&l->run);
}

static void run_batches(struct look *l, const struct data *d, int available, quantize_progress *progress,
                        void *user)
{
    int samples = available < SENSITIVITY_SAMPLES ? available : SENSITIVITY_SAMPLES;
    for (int first = 0; first < samples; first += l->run.batch) {
        int count = samples - first < l->run.batch ? samples - first : l->run.batch;
        for (int i = 0; i < count; i++) // spread over the whole set
            data_sample(d, (int)((int64_t)(first + i) * available / samples),
                        float_run_input(&l->run) + (size_t)i * d->elements);
        if (progress)
            progress(user, "sensitivities", first, samples);
        float_run_go(&l->run, count, see, l);
    }
}

int sensitivity_run(const struct net *n, const struct data *d, int samples, quantize_progress *progress,
                    void *user, struct quantized *q, struct error *e)
{
    if (samples <= 0 || samples > d->n)
        samples = d->n;
    struct look l = {.net = n, .q = q};
    if (float_run_init(&l.run, n, 0, e))
        return -1;
    if (l.run.batch > SENSITIVITY_SAMPLES) {
        float_run_finish(&l.run);
        if (float_run_init(&l.run, n, SENSITIVITY_SAMPLES, e))
            return -1;
    }
    int failed = prepare(&l, l.run.batch, e);
    if (!failed) {
        run_batches(&l, d, samples, progress, user);
        sum_up(&l);
    }
    finish(&l);
    return failed;
}

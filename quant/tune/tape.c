// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tune/tape.h"

#include "quant/net/float_ops.h"
#include "quant/tune/tape_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 3 // raw, values and slopes of each tensor

static size_t elements_of(const struct net *n)
{
    size_t sum = 0;
    for (int i = 0; i < n->n_tensors; i++)
        sum += net_elements(&n->tensors[i]);
    return sum;
}

size_t tape_sample_bytes(const struct net *n)
{
    return KEPT * elements_of(n) * sizeof(float);
}

static size_t weights_of(const struct net *n)
{
    size_t sum = 0;
    for (int i = 0; i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        sum += net_weight_count(n, op) + (size_t)net_out_channels(n, op);
    }
    return sum;
}

static size_t scratch_of(const struct net *n)
{
    size_t most = 1;
    for (int i = 0; i < n->n_ops; i++) {
        size_t forth = float_ops_scratch(n, &n->ops[i]), back = tape_ops_scratch(n, &n->ops[i]);
        most = forth > most ? forth : most;
        most = back > most ? back : most;
    }
    return most;
}

/* Cuts the memory into tensors and weights. */
static void cut(struct tape *t)
{
    const struct net *n = t->net;
    float *at = t->memory;
    for (int i = 0; i < n->n_tensors; i++) {
        size_t size = (size_t)t->batch * net_elements(&n->tensors[i]);
        t->raw[i] = at, t->values[i] = at + size, t->slopes[i] = at + 2 * size;
        at += KEPT * size;
    }
    for (int i = 0; i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        t->weight_slopes[i] = at, t->bias_slopes[i] = at + net_weight_count(n, op);
        at = t->bias_slopes[i] + net_out_channels(n, op);
    }
}

static void copy_ops(struct tape *t)
{
    memcpy(t->ops, t->net->ops, (size_t)t->net->n_ops * sizeof *t->ops);
    for (int i = 0; i < t->net->n_ops; i++)
        t->ops[i].act_min = -INFINITY, t->ops[i].act_max = INFINITY;
}

int tape_init(struct tape *t, const struct net *n, int batch, struct error *e)
{
    size_t tensors = (size_t)n->n_tensors, layers = (size_t)n->n_layers + 1;
    *t = (struct tape){.net = n, .batch = batch};
    for (int i = 0; i < n->n_ops; i++)
        if (!tape_ops_has(n->ops[i].kind))
            return error_set(e, "%s: there is no training through operations of kind %s", n->ops[i].name,
                             net_kind_name(n->ops[i].kind));
    if ((size_t)batch > TAPE_BYTES_MAX / tape_sample_bytes(n))
        return error_set(e, "training with %d samples at once needs more than %zu bytes", batch, TAPE_BYTES_MAX);
    t->ops = malloc((size_t)n->n_ops * sizeof *t->ops);
    t->raw = calloc(tensors, sizeof *t->raw), t->values = calloc(tensors, sizeof *t->values);
    t->slopes = calloc(tensors, sizeof *t->slopes);
    t->weight_slopes = calloc(layers, sizeof *t->weight_slopes), t->bias_slopes = calloc(layers, sizeof *t->bias_slopes);
    t->memory = malloc((KEPT * elements_of(n) * (size_t)batch + weights_of(n)) * sizeof *t->memory);
    t->scratch = malloc(scratch_of(n) * sizeof *t->scratch);
    if (!t->ops || !t->raw || !t->values || !t->slopes || !t->weight_slopes || !t->bias_slopes || !t->memory || !t->scratch) {
        tape_finish(t);
        return error_set(e, "out of memory");
    }
    copy_ops(t);
    cut(t);
    return 0;
}

void tape_finish(struct tape *t)
{
    free(t->ops);
    free(t->raw);
    free(t->values);
    free(t->slopes);
    free(t->weight_slopes);
    free(t->bias_slopes);
    free(t->memory);
    free(t->scratch);
    memset(t, 0, sizeof *t);
}

void tape_clamp(const struct net_op *op, const float *raw, float *values, size_t n)
{
    float low = op ? op->act_min : -INFINITY, high = op ? op->act_max : INFINITY;
    for (size_t i = 0; i < n; i++) {
        float x = raw[i] < low ? low : raw[i];
        values[i] = x > high ? high : x;
    }
}

void tape_clamp_back(const struct net_op *op, const float *raw, float *slopes, size_t n)
{
    for (size_t i = 0; op && i < n; i++)
        if (!(raw[i] > op->act_min && raw[i] < op->act_max))
            slopes[i] = 0;
}

static void step_forth(struct tape *t, const struct tape_step *step, const struct net_op *op, int tensor, int samples)
{
    size_t n = (size_t)samples * net_elements(&t->net->tensors[tensor]);
    if (step)
        step->forth(step->user, tensor, t->raw[tensor], t->values[tensor], n);
    else
        tape_clamp(op, t->raw[tensor], t->values[tensor], n);
}

void tape_forward(struct tape *t, int samples, const struct tape_step *step)
{
    const struct net *n = t->net;
    step_forth(t, step, NULL, n->input, samples);
    for (int i = 0; i < n->n_ops; i++) {
        const struct net_op *op = &t->ops[i];
        const float *in[NET_INPUTS_MAX] = {NULL};
        for (int k = 0; k < net_inputs(op->kind) && op->in[k] >= 0; k++)
            in[k] = t->values[op->in[k]];
        float_ops_run(n, op, in, t->raw[op->out], samples, t->scratch);
        step_forth(t, step, &n->ops[i], op->out, samples);
    }
}

static void clear_slopes(struct tape *t, int samples)
{
    const struct net *n = t->net;
    for (int i = 0; i < n->n_tensors; i++)
        if (i != n->output)
            memset(t->slopes[i], 0, (size_t)samples * net_elements(&n->tensors[i]) * sizeof(float));
    for (int i = 0; i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        memset(t->weight_slopes[i], 0, net_weight_count(n, op) * sizeof(float));
        memset(t->bias_slopes[i], 0, (size_t)net_out_channels(n, op) * sizeof(float));
    }
}

void tape_backward(struct tape *t, int samples, const struct tape_step *step)
{
    const struct net *n = t->net;
    clear_slopes(t, samples);
    for (int i = n->n_ops - 1; i >= 0; i--) {
        const struct net_op *op = &t->ops[i];
        size_t size = (size_t)samples * net_elements(&n->tensors[op->out]);
        if (step)
            step->back(step->user, op->out, t->raw[op->out], t->slopes[op->out], size);
        else
            tape_clamp_back(&n->ops[i], t->raw[op->out], t->slopes[op->out], size);
        struct tape_op back = {.net = n, .op = op, .samples = samples, .out_slopes = t->slopes[op->out], .scratch = t->scratch};
        for (int k = 0; k < net_inputs(op->kind) && op->in[k] >= 0; k++) {
            back.in[k] = t->values[op->in[k]];
            back.in_slopes[k] = op->in[k] != n->input ? t->slopes[op->in[k]] : NULL;
        }
        if (op->layer >= 0)
            back.weight_slopes = t->weight_slopes[op->layer], back.bias_slopes = t->bias_slopes[op->layer];
        tape_ops_back(&back);
    }
}

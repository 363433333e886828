// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tune/tuner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCALE_UNIT 0.05f // of a scale: what the learning rate is meant in
#define LEAST_SCALE 0.25f
#define BIAS_LIMIT 1073741824.0 // 2^30, as in quant/quantize
#define KEPT_NEAR 0.25f // of a step: how near its code's number a weight begins, so that not all codes flip at once
#define ADAM_MEAN 0.9f
#define ADAM_SQUARE 0.999f
#define ADAM_SMALL 1e-12f

static struct setting setting_of(const struct tuner *t, int layer)
{
    return t->candidate->layers[t->net->layers[layer].slot];
}

static bool any_trained(const struct candidate *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->layers[i].scheme == SCHEME_TRAINED)
            return true;
    return false;
}

/* Which activation decides the scale of tensor i. */
static int root_of(const struct net *n, int tensor)
{
    for (int i = n->n_ops - 1; i >= 0; i--)
        if (n->ops[i].out == tensor && net_keeps_scale(&n->ops[i]))
            tensor = n->ops[i].in[0];
    return tensor;
}

/* Scales come after the weights and biases of all layers: places are given out in this order. */
static void place_tensors(struct tuner *t)
{
    const struct net *n = t->net;
    for (int i = 0; i < n->n_tensors; i++) {
        struct tuner_tensor *to = &t->tensors[i];
        int slot = net_tensor_slot(n, i), root = root_of(n, i);
        to->bits = slot < 0 ? QUANTIZED_INPUT_BITS : t->candidate->layers[slot].a_bits;
        const struct quantized_scale *s = &t->q->tensors[i].at[to->bits];
        to->zero_point = s->zero_point, to->fixed = s->scale, to->rounded = true;
        to->range.least = (float)(-(1 << (to->bits - 1)) - s->zero_point);
        to->range.most = (float)((1 << (to->bits - 1)) - 1 - s->zero_point);
        to->range.act_min = -INFINITY, to->range.act_max = INFINITY;
        if (root == n->input)
            to->scale = -1;
        else if (root == i)
            to->scale = (ptrdiff_t)t->n++;
    }
    for (int i = 0; i < n->n_ops; i++) { // in execution order: roots come first
        struct tuner_tensor *to = &t->tensors[n->ops[i].out];
        to->range.act_min = n->ops[i].act_min, to->range.act_max = n->ops[i].act_max;
        to->scale = t->tensors[root_of(n, n->ops[i].out)].scale;
        to->rounded = !net_keeps_scale(&n->ops[i]);
    }
}

static int place_layers(struct tuner *t)
{
    bool all = !any_trained(t->candidate);
    for (int i = 0; i < t->net->n_layers; i++) {
        struct tuner_layer *l = &t->layers[i];
        const struct quantized_weights *w = quantized_weights_of(t->q, i, setting_of(t, i));
        l->trained = !w->table && (all || w->scheme == SCHEME_TRAINED);
        l->n_weights = w->n_codes, l->n_channels = w->n_channels;
        l->weights = t->n, l->scales = l->weights + l->n_weights, l->bias = l->scales + l->n_channels;
        t->n = l->bias + l->n_channels;
        levels_init(&l->levels, w->w_bits, w->table);
        if (t->net->ops[t->net->layers[i].op].kind == NET_SCAN)
            l->levels.most = 0; // rates above zero count as zero
        if (!(l->rounded = malloc(l->n_weights * sizeof *l->rounded)))
            return -1;
    }
    return 0;
}

static int allocate(struct tuner *t)
{
    float **arrays[] = {&t->values, &t->slopes, &t->units, &t->means, &t->squares, &t->least};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (!(*arrays[i] = calloc(t->n + 1, sizeof(float))))
            return -1;
    return 0;
}

/* What the learning rate of a bias is meant in: about a step of the output. A scan's is multiplied with what it reads, a norm has none. */
static float bias_unit(const struct tuner *t, const struct net_op *op)
{
    const struct quantized_tensor *in = &t->q->tensors[op->in[0]], *out = &t->q->tensors[op->out];
    float step = (out->high - out->low) / 255, most = fmaxf(fabsf(in->low), fabsf(in->high));
    return op->kind == NET_SCAN ? most > 0 ? step / most : 0 : net_is_product(op->kind) ? step : 0;
}

/* A weight begins where the float network has it, as far as that is within what its code stands for. */
static void begin_layer(struct tuner *t, int layer)
{
    struct tuner_layer *l = &t->layers[layer];
    const struct net_op *op = &t->net->ops[t->net->layers[layer].op];
    const struct quantized_weights *w = quantized_weights_of(t->q, layer, setting_of(t, layer));
    size_t row = l->n_weights / l->n_channels;
    for (size_t i = 0; i < l->n_weights; i++) {
        float s = w->scales[i / row], q = (float)quantized_number(w, i);
        l->rounded[i] = s * q;
        t->values[l->weights + i] = s * (q + fminf(fmaxf(op->weights[i] / s - q, -KEPT_NEAR), KEPT_NEAR));
        t->units[l->weights + i] = l->trained ? s : 0;
    }
    for (size_t c = 0; c < l->n_channels; c++) {
        t->values[l->scales + c] = w->scales[c], t->values[l->bias + c] = w->bias[c];
        t->units[l->scales + c] = l->trained ? SCALE_UNIT * w->scales[c] : 0;
        t->units[l->bias + c] = l->trained ? bias_unit(t, op) : 0;
        t->least[l->scales + c] = LEAST_SCALE * w->scales[c];
    }
    struct net_op *own = &t->tape.ops[t->net->layers[layer].op];
    own->weights = l->rounded, own->bias = t->values + l->bias;
}

static void begin_tensors(struct tuner *t)
{
    for (int i = 0; i < t->net->n_tensors; i++) {
        const struct tuner_tensor *a = &t->tensors[i];
        if (a->scale >= 0 && root_of(t->net, i) == i) {
            t->values[a->scale] = a->fixed;
            t->units[a->scale] = SCALE_UNIT * a->fixed;
            t->least[a->scale] = LEAST_SCALE * a->fixed;
        }
    }
}

int tuner_init(struct tuner *t, const struct net *n, const struct quantized *q, const struct candidate *c, int batch,
               struct error *e)
{
    *t = (struct tuner){.net = n, .q = q, .candidate = c};
    if (tape_init(&t->tape, n, batch, e))
        return -1;
    t->layers = calloc((size_t)n->n_layers + 1, sizeof *t->layers);
    t->tensors = calloc((size_t)n->n_tensors, sizeof *t->tensors);
    if (!t->layers || !t->tensors || place_layers(t))
        return error_set(e, "out of memory");
    place_tensors(t);
    if (allocate(t))
        return error_set(e, "out of memory");
    for (int i = 0; i < n->n_layers; i++)
        begin_layer(t, i);
    begin_tensors(t);
    return 0;
}

void tuner_finish(struct tuner *t)
{
    for (int i = 0; t->layers && i < t->net->n_layers; i++)
        free(t->layers[i].rounded);
    free(t->layers);
    free(t->tensors);
    free(t->values);
    free(t->slopes);
    free(t->units);
    free(t->means);
    free(t->squares);
    free(t->least);
    tape_finish(&t->tape);
    memset(t, 0, sizeof *t);
}

static float scale_of(const struct tuner *t, int tensor)
{
    const struct tuner_tensor *a = &t->tensors[tensor];
    return a->scale >= 0 ? t->values[a->scale] : a->fixed;
}

static void forth(void *user, int tensor, const float *raw, float *values, size_t n)
{
    const struct tuner *t = user;
    fake_activation(&t->tensors[tensor].range, scale_of(t, tensor), raw, values, n);
}

static void back(void *user, int tensor, const float *raw, float *slopes, size_t n)
{
    struct tuner *t = user;
    const struct tuner_tensor *a = &t->tensors[tensor];
    double slope = fake_activation_back(&a->range, scale_of(t, tensor), raw, slopes, n);
    if (a->scale >= 0 && a->rounded)
        t->slopes[a->scale] += (float)slope;
}

void tuner_forward(struct tuner *t, int samples)
{
    struct tape_step step = {forth, back, t};
    for (int i = 0; i < t->net->n_layers; i++) {
        const struct tuner_layer *l = &t->layers[i];
        size_t row = l->n_weights / l->n_channels;
        for (size_t c = 0; c < l->n_channels && l->trained; c++)
            fake_weights(&l->levels, t->values[l->scales + c], t->values + l->weights + c * row, l->rounded + c * row, row);
    }
    tape_forward(&t->tape, samples, &step);
}

void tuner_backward(struct tuner *t, int samples)
{
    struct tape_step step = {forth, back, t};
    memset(t->slopes, 0, t->n * sizeof *t->slopes);
    tape_backward(&t->tape, samples, &step);
    for (int i = 0; i < t->net->n_layers; i++) {
        const struct tuner_layer *l = &t->layers[i];
        size_t row = l->n_weights / l->n_channels;
        if (!l->trained)
            continue;
        memcpy(t->slopes + l->weights, t->tape.weight_slopes[i], l->n_weights * sizeof(float));
        memcpy(t->slopes + l->bias, t->tape.bias_slopes[i], l->n_channels * sizeof(float));
        for (size_t c = 0; c < l->n_channels; c++)
            t->slopes[l->scales + c] =
                (float)fake_weights_back(&l->levels, t->values[l->scales + c], t->values + l->weights + c * row,
                                         t->slopes + l->weights + c * row, row);
    }
}

void tuner_adam(struct tuner *t, int step, double rate)
{
    float mean_share = 1 - powf(ADAM_MEAN, (float)step), square_share = 1 - powf(ADAM_SQUARE, (float)step);
    for (size_t i = 0; i < t->n; i++) {
        float g = t->slopes[i];
        t->means[i] = ADAM_MEAN * t->means[i] + (1 - ADAM_MEAN) * g;
        t->squares[i] = ADAM_SQUARE * t->squares[i] + (1 - ADAM_SQUARE) * g * g;
        float direction = t->means[i] / mean_share / (sqrtf(t->squares[i] / square_share) + ADAM_SMALL);
        t->values[i] = fmaxf(t->values[i] - (float)rate * t->units[i] * direction, t->least[i] > 0 ? t->least[i] : -INFINITY);
    }
}

static void give_layer(const struct tuner *t, int layer, double in_scale, struct quantized_weights *w)
{
    const struct tuner_layer *l = &t->layers[layer];
    size_t row = l->n_weights / l->n_channels;
    for (size_t c = 0; c < l->n_channels; c++) {
        double least = fabs((double)t->values[l->bias + c]) / in_scale / BIAS_LIMIT;
        w->scales[c] = fmaxf(t->values[l->scales + c], (float)least);
        w->bias[c] = t->values[l->bias + c];
        w->sums_scale = 0; // the file's integers are not its biases any more
        for (size_t i = c * row; i < (c + 1) * row; i++)
            w->codes[i] = levels_code(&l->levels, levels_nearest(&l->levels, (double)(t->values[l->weights + i] / w->scales[c])));
    }
}

void tuner_give(const struct tuner *t, struct quantized *to)
{
    for (int i = 0; i < t->net->n_layers; i++) {
        const struct net_op *op = &t->net->ops[t->net->layers[i].op];
        if (t->layers[i].trained) // `to` is ours: its weights may be written
            give_layer(t, i, (double)scale_of(t, op->in[0]),
                       (struct quantized_weights *)(uintptr_t)quantized_weights_of(to, i, setting_of(t, i)));
    }
    for (int i = 0; i < t->net->n_tensors; i++)
        to->tensors[i].at[t->tensors[i].bits].scale = scale_of(t, i);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/equalize.h"

#include <math.h>

#define ROUNDS_MAX 40
#define SETTLED 1e-3 // change of the scales in a round
#define SHARE_LEAST 0x1p-12f // of its layer's largest weight, for a channel to be equalized: scales within 2^6 of the layers'

/* The channel of its input that weight `i` of a layer multiplies. */
static int input_channel(const struct net *n, const struct net_op *op, size_t i)
{
    int groups = op->kind == NET_CONV ? op->groups : 1, width = n->tensors[op->in[0]].c / groups;
    size_t row = net_weight_count(n, op) / (size_t)net_out_channels(n, op);
    int group = (int)(i / row) / (net_out_channels(n, op) / groups);
    return group * width + (int)(i % (size_t)width);
}

/* The only operation that reads a tensor, if it has weights. */
static struct net_op *only_reader(struct net *n, int tensor)
{
    struct net_op *found = NULL;
    int readers = tensor == n->output;
    for (int i = 0; i < n->n_ops; i++)
        for (int k = 0; k < NET_INPUTS_MAX; k++)
            if (n->ops[i].in[k] == tensor)
                found = &n->ops[i], readers++;
    return found && readers == 1 && net_is_product(found->kind) ? found : NULL;
}

static float largest_of(const float *x, int n)
{
    float most = 0;
    for (int i = 0; i < n; i++)
        most = fmaxf(most, x[i]);
    return most;
}

/* Replaces `first` by the scales. A channel that weight decay has left next to nothing of (1e-10 of its layer's largest weight, in a
 * trained MobileNetV1) would be scaled by 2^30: its bias, which is all that it says, would be the range of the whole tensor. */
static void find_scales(float *first, const float *second, int channels)
{
    float least_first = SHARE_LEAST * largest_of(first, channels), least_second = SHARE_LEAST * largest_of(second, channels);
    for (int c = 0; c < channels; c++) {
        bool is_dead = first[c] <= least_first || second[c] <= least_second;
        first[c] = is_dead ? 1 : sqrtf(first[c] / second[c]);
    }
}

/* The largest weight of each channel between two layers, on both sides of it. */
static void find_largest(const struct net *n, const struct net_op *a, const struct net_op *b, float *first, float *second)
{
    size_t row = net_weight_count(n, a) / (size_t)net_out_channels(n, a);
    for (int c = 0; c < net_out_channels(n, a); c++)
        first[c] = second[c] = 0;
    for (size_t i = 0; i < net_weight_count(n, a); i++)
        first[i / row] = fmaxf(first[i / row], fabsf(a->weights[i]));
    for (size_t i = 0; i < net_weight_count(n, b); i++) {
        int c = input_channel(n, b, i);
        second[c] = fmaxf(second[c], fabsf(b->weights[i]));
    }
}

/* Returns the largest change of a channel, as |log s|. */
static double equalize_pair(const struct net *n, struct net_op *a, struct net_op *b)
{
    static _Thread_local float first[NET_SIDE_MAX], second[NET_SIDE_MAX];
    double most = 0;
    int channels = net_out_channels(n, a);
    size_t row = net_weight_count(n, a) / (size_t)channels;
    find_largest(n, a, b, first, second);
    find_scales(first, second, channels);
    net_drop_given(a);
    net_drop_given(b);
    for (int c = 0; c < channels; c++) {
        float s = first[c];
        most = fmax(most, fabs(log((double)s)));
        for (size_t i = 0; i < row; i++)
            a->weights[(size_t)c * row + i] /= s;
        if (a->bias)
            a->bias[c] /= s;
    }
    for (size_t i = 0; i < net_weight_count(n, b); i++)
        b->weights[i] *= first[input_channel(n, b, i)];
    return most;
}

static bool is_homogeneous(const struct net_op *op)
{
    return net_is_product(op->kind) && isinf(op->act_max) && (isinf(op->act_min) || op->act_min == 0);
}

int equalize_network(struct net *n)
{
    int pairs = 0;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        double most = 0;
        pairs = 0;
        for (int i = 0; i < n->n_ops; i++) {
            struct net_op *a = &n->ops[i], *b = is_homogeneous(a) ? only_reader(n, a->out) : NULL;
            // a dense layer writes all of h, w and c as channels
            if (!b || net_out_channels(n, a) != n->tensors[a->out].c || n->tensors[a->out].c > NET_SIDE_MAX)
                continue;
            most = fmax(most, equalize_pair(n, a, b));
            pairs++;
        }
        if (most < SETTLED)
            break;
    }
    return pairs;
}

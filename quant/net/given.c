// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What of a network a quantized file has in integers already.
#include "quant/net/net.h"

#include <math.h>
#include <stdlib.h>

#define POOL_WEIGHTS_MAX 16384 // 4 KiB at 2 bits

void net_clamp_to_grid(struct net_op *op, const struct net_grid *g)
{
    if (!g->bits)
        return;
    int32_t least = -(1 << (g->bits - 1)), most = (1 << (g->bits - 1)) - 1;
    float low = (float)((double)g->scale * (least - g->zero_point)), high = (float)((double)g->scale * (most - g->zero_point));
    op->act_min = fminf(fmaxf(op->act_min, low), high);
    op->act_max = fmaxf(fminf(op->act_max, high), low);
}

int net_average_weights(struct net_op *op, int channels, int taps, struct error *e)
{
    size_t n = (size_t)channels * (size_t)taps;
    op->groups = channels;
    op->weights = malloc(n * sizeof *op->weights);
    op->given = (struct net_given){2, malloc((size_t)channels * sizeof(float)), calloc((size_t)channels, sizeof(int32_t))};
    if (!op->weights || !op->given.scales || !op->given.bias)
        return error_set(e, "out of memory");
    for (size_t i = 0; i < n; i++)
        op->weights[i] = (float)(1. / taps);
    for (int c = 0; c < channels; c++)
        op->given.scales[c] = (float)(1. / taps);
    return 0;
}

int net_pool_to_layer(struct net *n, struct net_op *op, const struct net_grid *g, struct error *e)
{
    int channels = n->tensors[op->in[0]].c, taps = op->kernel_h * op->kernel_w;
    bool pads = op->pad_top || op->pad_left || op->pad_bottom || op->pad_right, clamps = !isinf(op->act_min) || !isinf(op->act_max);
    if (op->kind != NET_AVGPOOL || pads || clamps || taps > POOL_WEIGHTS_MAX / channels)
        return 1;
    op->kind = NET_CONV;
    n->grids[op->out] = *g;
    net_clamp_to_grid(op, g);
    return net_average_weights(op, channels, taps, e);
}

bool net_given_setting(const struct net *n, int slot, struct setting *s)
{
    int w_bits = 0, a_bits = 0;
    for (int i = 0; i < n->n_layers; i++) {
        int bits = n->ops[n->layers[i].op].given.w_bits;
        if (n->layers[i].slot != slot)
            continue;
        if (!bits || (w_bits && bits != w_bits))
            return false;
        w_bits = bits;
    }
    for (int t = 0; t < n->n_tensors; t++) {
        int bits = n->grids[t].bits;
        if (!bits || net_tensor_slot(n, t) != slot)
            continue;
        if (a_bits && bits != a_bits)
            return false;
        a_bits = bits;
    }
    *s = (struct setting){(uint8_t)w_bits, (uint8_t)(a_bits ? a_bits : 8), SCHEME_GIVEN};
    return w_bits > 0;
}

bool net_is_given(const struct net *n)
{
    struct setting s;
    for (int slot = 0; slot < n->n_slots; slot++)
        if (!net_given_setting(n, slot, &s))
            return false;
    for (int t = 0; t < n->n_tensors; t++)
        if (!n->grids[t].bits || (net_tensor_slot(n, t) < 0 && n->grids[t].bits != 8))
            return false;
    return true;
}

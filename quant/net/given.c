// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What of a network a quantized file has in integers already.
#include "quant/net/net.h"

#include <math.h>

void net_clamp_to_grid(struct net_op *op, const struct net_grid *g)
{
    if (!g->bits)
        return;
    int32_t least = -(1 << (g->bits - 1)), most = (1 << (g->bits - 1)) - 1;
    float low = (float)((double)g->scale * (least - g->zero_point)), high = (float)((double)g->scale * (most - g->zero_point));
    op->act_min = fminf(fmaxf(op->act_min, low), high);
    op->act_max = fmaxf(fminf(op->act_max, high), low);
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

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/net/slots.h"

/* Union-find; the smallest layer of a group is its root. */
static int root_of(int *parent, int layer)
{
    while (parent[layer] != layer)
        layer = parent[layer] = parent[parent[layer]];
    return layer;
}

static int unite(int *parent, int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a > b) {
        int swap = a;
        a = b;
        b = swap;
    }
    parent[b] = a;
    return a;
}

/* decides[t]: a layer that decides the width of tensor t, -1 where only the input does. One pass in execution
 * order. */
static void find_deciders(const struct net *n, int *parent, int *decides)
{
    for (int t = 0; t < n->n_tensors; t++)
        decides[t] = -1;
    for (int i = 0; i < n->n_ops; i++) {
        const struct net_op *op = &n->ops[i];
        if (op->layer >= 0)
            decides[op->out] = op->layer;
        else if (op->kind == NET_ADD)
            decides[op->out] = unite(parent, decides[op->in[0]], decides[op->in[1]]);
        else if ((op->kind == NET_MUL || (op->kind == NET_CHANNELS && op->in[1] >= 0)) && decides[op->in[0]] < 0)
            decides[op->out] = decides[op->in[1]];
        else
            decides[op->out] = decides[op->in[0]];
    }
}

void slots_number(struct net *n)
{
    int parent[CANDIDATE_LAYERS_MAX], decides[NET_OPS_MAX + 1];
    for (int i = 0; i < n->n_layers; i++)
        parent[i] = i;
    find_deciders(n, parent, decides);
    n->n_slots = 0;
    for (int i = 0; i < n->n_layers; i++) {
        int root = root_of(parent, i);
        n->layers[i].slot = root == i ? n->n_slots++ : n->layers[root].slot;
    }
}

int net_tensor_slot(const struct net *n, int t)
{
    int parent[CANDIDATE_LAYERS_MAX], decides[NET_OPS_MAX + 1];
    for (int i = 0; i < n->n_layers; i++)
        parent[i] = i;
    find_deciders(n, parent, decides);
    return decides[t] < 0 ? -1 : n->layers[decides[t]].slot;
}

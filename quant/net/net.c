// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Builds the float network; seal.c checks and numbers it.
#include "quant/net/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void net_init(struct net *n)
{
    memset(n, 0, sizeof *n);
    n->input = n->output = -1;
}

void net_drop_given(struct net_op *op)
{
    free(op->given.scales);
    free(op->given.bias);
    op->given = (struct net_given){0, NULL, NULL};
}

struct net_op net_op_plain(enum net_kind kind, int in)
{
    return (struct net_op){.kind = kind,
                           .in = {in, -1},
                           .kernel_h = 1,
                           .kernel_w = 1,
                           .stride_h = 1,
                           .stride_w = 1,
                           .dilation_h = 1,
                           .dilation_w = 1,
                           .groups = 1,
                           .act_min = -INFINITY,
                           .act_max = INFINITY,
                           .layer = -1};
}

void net_op_finish(struct net_op *op)
{
    free(op->weights);
    free(op->bias);
    free(op->choice);
    op->weights = op->bias = NULL, op->choice = NULL;
    net_drop_given(op);
}

void net_finish(struct net *n)
{
    for (int i = 0; i < n->n_ops; i++)
        net_op_finish(&n->ops[i]);
    free(n->ops);
    free(n->tensors);
    free(n->grids);
    net_init(n);
}

/* The arrays have their full size from the start: 100 KiB, and no pointer into them ever moves. */
static int allocate(struct net *n, struct error *e)
{
    if (!n->tensors)
        n->tensors = calloc(NET_OPS_MAX + 1, sizeof *n->tensors);
    if (!n->grids)
        n->grids = calloc(NET_OPS_MAX + 1, sizeof *n->grids);
    if (!n->ops)
        n->ops = calloc(NET_OPS_MAX, sizeof *n->ops);
    return n->tensors && n->grids && n->ops ? 0 : error_set(e, "out of memory");
}

static bool is_side(int value)
{
    return value >= 1 && value <= NET_SIDE_MAX;
}

int net_add_tensor(struct net *n, int h, int w, int c, struct error *e)
{
    if (!is_side(h) || !is_side(w) || !is_side(c))
        return error_set(e, "a tensor of %d x %d x %d: sides must be 1 to %d", h, w, c, NET_SIDE_MAX);
    struct net_tensor t = {h, w, c};
    if (net_elements(&t) > NET_ACTIVATIONS_MAX)
        return error_set(e, "a tensor of %d x %d x %d is larger than %u values", h, w, c,
                         NET_ACTIVATIONS_MAX);
    if (n->n_tensors > NET_OPS_MAX)
        return error_set(e, "more than %d tensors", NET_OPS_MAX + 1);
    if (allocate(n, e))
        return -1;
    n->tensors[n->n_tensors] = t;
    return n->n_tensors++;
}

/* Weights are counted as they come, so that an importer never holds more than the limit and one layer. */
static int check_weights(const struct net *n, const struct net_op *op, struct error *e)
{
    if (op->kind == NET_CONV && (!is_side(op->kernel_h) || !is_side(op->kernel_w) || !is_side(op->groups)))
        return error_set(e, "%s: kernel sides and groups must be 1 to %d", op->name, NET_SIDE_MAX);
    size_t total = net_weight_count(n, op);
    for (int i = 0; i < n->n_ops; i++)
        total += net_weight_count(n, &n->ops[i]);
    return total > NET_WEIGHTS_MAX ? error_set(e, "more than %u weights", NET_WEIGHTS_MAX) : 0;
}

static int check_place(struct net *n, const struct net_op *op, struct error *e)
{
    if (n->n_ops >= NET_OPS_MAX)
        return error_set(e, "more than %d operations", NET_OPS_MAX);
    bool exist = op->out >= 0 && op->out < n->n_tensors;
    for (int k = 0; k < net_inputs(op->kind); k++)
        exist = exist && op->in[k] < n->n_tensors && (op->in[k] >= 0 || (k == 1 && op->kind == NET_CHANNELS));
    if (!exist)
        return error_set(e, "%s: a tensor that does not exist", op->name);
    return allocate(n, e);
}

int net_add_op(struct net *n, const struct net_op *op, struct error *e)
{
    if (check_place(n, op, e) || check_weights(n, op, e)) {
        struct net_op refused = *op;
        net_op_finish(&refused);
        return -1;
    }
    struct net_op *added = &n->ops[n->n_ops++];
    *added = *op;
    added->name[NET_NAME_MAX - 1] = 0;
    added->layer = -1;
    for (int k = net_inputs(added->kind); k < NET_INPUTS_MAX; k++)
        added->in[k] = -1;
    return 0;
}

size_t net_elements(const struct net_tensor *t)
{
    return (size_t)t->h * (size_t)t->w * (size_t)t->c;
}

size_t net_weight_count(const struct net *n, const struct net_op *op)
{
    const struct net_tensor *in = &n->tensors[op->in[0]];
    size_t out_c = (size_t)n->tensors[op->out].c;
    switch (op->kind) {
    case NET_CONV:
        return out_c * (size_t)op->kernel_h * (size_t)op->kernel_w * (size_t)(in->c / op->groups);
    case NET_DENSE:
        return out_c * net_elements(in);
    case NET_RMSNORM:
        return out_c;
    case NET_SCAN:
        return out_c * (size_t)n->tensors[op->in[2]].c;
    default:
        return 0;
    }
}

int net_out_channels(const struct net *n, const struct net_op *op)
{
    return n->tensors[op->out].c;
}

int64_t net_macs(const struct net *n, const struct net_op *op)
{
    const struct net_tensor *out = &n->tensors[op->out];
    return (int64_t)net_weight_count(n, op) * out->h * out->w;
}

const char *net_kind_name(enum net_kind kind)
{
    static const char *const names[NET_KIND_COUNT] = {
        [NET_NONE] = "none",       [NET_CONV] = "conv",       [NET_DENSE] = "dense",   [NET_ADD] = "add",
        [NET_AVGPOOL] = "avgpool", [NET_MAXPOOL] = "maxpool", [NET_LOOKUP] = "lookup", [NET_MUL] = "mul",
        [NET_RMSNORM] = "rmsnorm", [NET_SCAN] = "scan",
        [NET_CHANNELS] = "channels", [NET_RESIZE] = "resize",   [NET_SOFTMAX] = "softmax",
    };
    return kind < NET_KIND_COUNT ? names[kind] : "none";
}

bool net_is_depthwise(const struct net *n, const struct net_op *op)
{
    return op->kind == NET_CONV && op->groups > 1 && op->groups == n->tensors[op->in[0]].c;
}

bool net_has_window(enum net_kind kind)
{
    return kind == NET_CONV || kind == NET_AVGPOOL || kind == NET_MAXPOOL;
}

int net_inputs(enum net_kind kind)
{
    return kind == NET_SCAN ? 4 : kind == NET_ADD || kind == NET_MUL || kind == NET_CHANNELS ? 2 : 1;
}

bool net_is_product(enum net_kind kind)
{
    return kind == NET_CONV || kind == NET_DENSE;
}

bool net_keeps_scale(const struct net_op *op)
{
    return op->kind == NET_MAXPOOL || op->kind == NET_RESIZE || (op->kind == NET_CHANNELS && op->in[1] < 0);
}

bool net_may_overwrite(const struct net *n, const struct net_op *op, int k)
{
    bool one_by_one = op->kind == NET_ADD || op->kind == NET_MUL || op->kind == NET_LOOKUP;
    return one_by_one && op->in[k] >= 0 && net_elements(&n->tensors[op->in[k]]) == net_elements(&n->tensors[op->out]);
}

void net_alive(const struct net *n, int op, bool *alive)
{
    int first[NET_OPS_MAX + 1], last[NET_OPS_MAX + 1];
    for (int t = 0; t < n->n_tensors; t++) {
        first[t] = -1;
        last[t] = t == n->output ? n->n_ops : -1;
    }
    for (int i = 0; i < n->n_ops; i++) {
        first[n->ops[i].out] = i;
        for (int k = 0; k < NET_INPUTS_MAX; k++)
            if (n->ops[i].in[k] >= 0 && last[n->ops[i].in[k]] < i)
                last[n->ops[i].in[k]] = i;
    }
    for (int t = 0; t < n->n_tensors; t++)
        alive[t] = first[t] <= op && op <= last[t];
}

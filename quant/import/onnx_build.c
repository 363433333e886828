// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What operators share when they build: settling the input, adding operations, folding into the one before.
#include "quant/import/onnx.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void onnx_new_way(struct onnx *x, struct onnx_view *view)
{
    if (view->tensor < 0)
        view->way = ++x->n_ways;
}

/* ---- the network's input ---- */

static int settle(struct onnx *x, struct onnx_value *v, struct onnx_view view, int h, int w, int c,
                  struct error *e)
{
    view.tensor = net_add_tensor(x->net, h, w, c, e);
    if (view.tensor < 0)
        return -1;
    view.way = v->view.way;
    view.shared = v->view.shared;
    v->view = x->settled = view;
    return 0;
}

/* An input that was settled before must be looked at in the same way. */
static int settle_again(const struct onnx *x, struct onnx_value *v, struct error *e)
{
    if (v->view.way != x->settled.way)
        return error_set(e, "looks at the network's input in another shape than an operation before it");
    bool shared = v->view.shared;
    v->view = x->settled;
    v->view.shared = shared;
    return 0;
}

static int settle_plane(struct onnx *x, struct onnx_value *v, struct error *e)
{
    const int64_t *d = v->view.dims;
    if (v->view.rank != 4 || d[1] > NET_SIDE_MAX || d[2] > NET_SIDE_MAX || d[3] > NET_SIDE_MAX)
        return error_set(
            e, "an input of %d axes, or a side of more than %d (only planes, 4 axes, are supported)",
            v->view.rank, NET_SIDE_MAX);
    struct net_tensor t = {(int)d[2], (int)d[3], (int)d[1]};
    return settle(x, v, onnx_view_plane(-1, &t), t.h, t.w, t.c, e);
}

/* Time becomes the height, so that data of shape (time, channels) have the same order. */
static int settle_sequence(struct onnx *x, struct onnx_value *v, bool channels_first, struct error *e)
{
    const int64_t *d = v->view.dims;
    if (v->view.rank != 3 || d[1] > NET_SIDE_MAX || d[2] > NET_SIDE_MAX)
        return error_set(e, "an input of %d axes, or a side of more than %d (a sequence has 3 axes)", v->view.rank, NET_SIDE_MAX);
    struct net_tensor t = {(int)d[channels_first ? 2 : 1], 1, (int)d[channels_first ? 1 : 2]};
    return settle(x, v, onnx_view_sequence(-1, &t, channels_first), t.h, t.w, t.c, e);
}

static int settle_sequence_first(struct onnx *x, struct onnx_value *v, struct error *e)
{
    return settle_sequence(x, v, true, e);
}

static int settle_sequence_last(struct onnx *x, struct onnx_value *v, struct error *e)
{
    return settle_sequence(x, v, false, e);
}

/* A flattened plane keeps its sides, so that its data have them too. */
static int settle_flat(struct onnx *x, struct onnx_value *v, struct error *e)
{
    const int64_t *d = x->input_dims;
    int64_t n = (int64_t)onnx_view_elements(&v->view);
    bool plane = x->input_rank == 4 && !v->view.transposed && d[1] <= NET_SIDE_MAX && d[2] <= NET_SIDE_MAX &&
                 d[3] <= NET_SIDE_MAX;
    struct net_tensor t =
        plane ? (struct net_tensor){(int)d[2], (int)d[3], (int)d[1]} : (struct net_tensor){1, 1, 0};
    if (!plane && n > NET_SIDE_MAX)
        return error_set(e, "an input vector of %lld values, more than %d", (long long)n, NET_SIDE_MAX);
    if (!plane)
        t.c = (int)n;
    struct onnx_view view = onnx_view_plane(-1, &t);
    view.rank = v->view.rank;
    memcpy(view.dims, v->view.dims, sizeof view.dims);
    return settle(x, v, view, t.h, t.w, t.c, e);
}

/* Nobody says which axis of an image is which: three or four channels at the end, and more before, are taken
 * for channels last. */
static int settle_any(struct onnx *x, struct onnx_value *v, struct error *e)
{
    const int64_t *d = v->view.dims;
    if (v->view.rank != 4)
        return settle_flat(x, v, e);
    if (d[3] > 4 || d[3] >= d[1] || d[1] > NET_SIDE_MAX || d[2] > NET_SIDE_MAX)
        return settle_plane(x, v, e);
    struct net_tensor t = {(int)d[1], (int)d[2], (int)d[3]};
    const int to_last[] = {0, 2, 3, 1};
    struct onnx_view view = onnx_view_plane(-1, &t);
    return onnx_view_transpose(&view, &t, to_last, e) || settle(x, v, view, t.h, t.w, t.c, e) ? -1 : 0;
}

static int ready(struct onnx *x, struct onnx_value *v,
                 int (*first_time)(struct onnx *, struct onnx_value *, struct error *), bool pads_too,
                 struct error *e)
{
    if (v->view.tensor < 0 && (x->settled.tensor >= 0 ? settle_again(x, v, e) : first_time(x, v, e)))
        return -1;
    if (!pads_too && onnx_view_has_pads(&v->view))
        return error_set(e, "zero pads before it are not supported");
    return 0;
}

int onnx_plane(struct onnx *x, struct onnx_value *v, bool pads_too, struct error *e)
{
    char text[96];
    if (ready(x, v, settle_plane, pads_too, e))
        return -1;
    if (!onnx_view_is_plane(&v->view, &x->net->tensors[v->view.tensor]))
        return error_set(e, "its input of shape %s is not a plane with channels first",
                         onnx_view_text(v->view.rank, v->view.dims, text, sizeof text));
    return 0;
}

int onnx_sequence(struct onnx *x, struct onnx_value *v, bool channels_first, struct error *e)
{
    char text[96];
    if (ready(x, v, channels_first ? settle_sequence_first : settle_sequence_last, false, e))
        return -1;
    const struct net_tensor *t = &x->net->tensors[v->view.tensor];
    struct onnx_view wanted = onnx_view_sequence(v->view.tensor, t, channels_first);
    if (t->w != 1 || !onnx_view_equal(&v->view, &wanted))
        return error_set(e, "its input of shape %s is not a sequence with channels %s",
                         onnx_view_text(v->view.rank, v->view.dims, text, sizeof text), channels_first ? "first" : "last");
    return 0;
}

int onnx_any(struct onnx *x, struct onnx_value *v, struct error *e)
{
    return ready(x, v, settle_any, false, e);
}

int onnx_flat(struct onnx *x, struct onnx_value *v, struct error *e)
{
    return ready(x, v, settle_flat, false, e);
}

/* ---- operations ---- */

static bool name_is_taken(const struct net *n, const char *name)
{
    for (int i = 0; i < n->n_ops; i++)
        if (!strcmp(n->ops[i].name, name))
            return true;
    return false;
}

/* The node's name up to a ';' (converters join names with it), fit for tables and JSON, and unlike all
 * others. */
static void name_op(const struct net *n, const onnx_node *node, enum net_kind kind, char *name)
{
    char base[NET_NAME_MAX - 8];
    const char *from = node->name && node->name[0] ? node->name : node->output[0];
    size_t k = 0;
    for (; from[k] && from[k] != ';' && k + 1 < sizeof base; k++)
        base[k] = isgraph((unsigned char)from[k]) && from[k] != '"' && from[k] != '\\' ? from[k] : '_';
    base[k] = 0;
    if (!k)
        snprintf(base, sizeof base, "%s", net_kind_name(kind));
    snprintf(name, NET_NAME_MAX, "%s", base);
    for (int i = 2; name_is_taken(n, name); i++)
        snprintf(name, NET_NAME_MAX, "%s_%d", base, i);
}

struct net_op onnx_op(const struct onnx *x, const onnx_node *node, enum net_kind kind, int in)
{
    struct net_op op = net_op_plain(kind, in);
    name_op(x->net, node, kind, op.name);
    return op;
}

int onnx_add_op(struct onnx *x, struct net_op *op, int h, int w, int c, struct error *e)
{
    op->out = net_add_tensor(x->net, h, w, c, e);
    if (op->out < 0) {
        net_op_finish(op);
        return -1;
    }
    return net_add_op(x->net, op, e) ? -1 : op->out;
}

struct net_op *onnx_producer(struct onnx *x, const struct onnx_value *v, bool any_activation)
{
    if (v->uses > 1 || v->view.shared || onnx_view_has_pads(&v->view))
        return NULL;
    for (int i = x->net->n_ops - 1; i >= 0; i--) {
        struct net_op *op = &x->net->ops[i];
        if (op->out == v->view.tensor)
            return any_activation || (isinf(op->act_min) && isinf(op->act_max)) ? op : NULL;
    }
    return NULL;
}

/* Weights and bias of the layer before, multiplied and moved. */
static int fold_into(struct onnx *x, struct net_op *op, const double *scale, const double *shift,
                     struct error *e)
{
    size_t channels = (size_t)net_out_channels(x->net, op), each = net_weight_count(x->net, op) / channels;
    if (!op->bias && !(op->bias = calloc(channels, sizeof *op->bias)))
        return error_set(e, "out of memory");
    bool scaled = false;
    for (size_t c = 0; c < channels; c++) {
        scaled |= scale[c] != 1;
        for (size_t i = 0; i < each; i++)
            op->weights[c * each + i] = (float)((double)op->weights[c * each + i] * scale[c]);
        op->bias[c] = (float)((double)op->bias[c] * scale[c] + shift[c]);
    }
    if (scaled)
        net_drop_given(op);
    free(op->given.bias); // float biases are rounded to integers
    op->given.bias = NULL;
    return 0;
}

static int own_layer(struct onnx *x, const onnx_node *node, const struct onnx_value *v, const double *scale,
                     const double *shift, struct error *e)
{
    struct net_tensor t = x->net->tensors[v->view.tensor];
    struct net_op op = onnx_op(x, node, NET_CONV, v->view.tensor);
    op.groups = t.c;
    op.weights = malloc((size_t)t.c * sizeof *op.weights);
    op.bias = malloc((size_t)t.c * sizeof *op.bias);
    for (int c = 0; op.weights && op.bias && c < t.c; c++) {
        op.weights[c] = (float)scale[c];
        op.bias[c] = (float)shift[c];
    }
    return onnx_add_op(x, &op, t.h, t.w, t.c, e);
}

static bool is_zero(const double *numbers, int n)
{
    for (int i = 0; i < n; i++)
        if (numbers[i] != 0)
            return false;
    return true;
}

int onnx_scale_shift(struct onnx *x, const onnx_node *node, struct onnx_value *v, const double *scale,
                     const double *shift, struct error *e)
{
    struct net_op *op = onnx_producer(x, v, false);
    if (op && op->kind == NET_RMSNORM && is_zero(shift, net_out_channels(x->net, op))) {
        for (int c = 0; c < net_out_channels(x->net, op); c++)
            op->weights[c] = (float)((double)op->weights[c] * scale[c]);
        return onnx_output(x, node, v->view, v, e);
    }
    if (op && (op->kind == NET_CONV || op->kind == NET_DENSE))
        return fold_into(x, op, scale, shift, e) || onnx_output(x, node, v->view, v, e) ? -1 : 0;
    struct onnx_view view = v->view;
    view.tensor = own_layer(x, node, v, scale, shift, e);
    return view.tensor < 0 ? -1 : onnx_output(x, node, view, NULL, e);
}

static float clamped(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

int onnx_clamp(struct onnx *x, const onnx_node *node, struct onnx_value *v, float low, float high,
               struct error *e)
{
    struct net_op *op = onnx_producer(x, v, true);
    if (!(low <= high))
        return error_set(e, "a range from %g to %g", (double)low, (double)high);
    if (op) {
        op->act_min = clamped(op->act_min, low, high);
        op->act_max = clamped(op->act_max, low, high);
        return onnx_output(x, node, v->view, v, e);
    }
    struct net_tensor t = x->net->tensors[v->view.tensor];
    struct net_op pool = onnx_op(x, node, NET_MAXPOOL, v->view.tensor);
    struct onnx_view view = v->view;
    pool.act_min = low;
    pool.act_max = high;
    view.tensor = onnx_add_op(x, &pool, t.h, t.w, t.c, e);
    return view.tensor < 0 ? -1 : onnx_output(x, node, view, NULL, e);
}

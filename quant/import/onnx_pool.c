// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Pools, and means over axes of a plane.
#include "quant/import/onnx_operators.h"

static int add_pool(struct onnx *x, const onnx_node *node, struct net_op *op, int h, int w, struct error *e)
{
    int out = onnx_add_op(x, op, h, w, x->net->tensors[op->in[0]].c, e);
    return out < 0 ? -1 : onnx_output(x, node, onnx_view_plane(out, &x->net->tensors[out]), NULL, e);
}

/* A mean in which the zeros around the plane count is a depthwise convolution with equal weights. `op` is the pool, its output h x w. */
static int add_padded_mean(struct onnx *x, const onnx_node *node, const struct onnx_value *v, struct net_op *op, int h, int w,
                           struct error *e)
{
    const int *before = v->view.pads;
    bool own = op->pad_top != before[0] || op->pad_left != before[1] || op->pad_bottom != before[2] || op->pad_right != before[3];
    int channels = x->net->tensors[v->view.tensor].c, taps = op->kernel_h * op->kernel_w;
    if (own && !onnx_attribute_int(node, "count_include_pad", 0))
        return error_set(e, "pads that do not count, around some that do, are not supported");
    if ((unsigned)taps > NET_WEIGHTS_MAX / (unsigned)channels)
        return error_set(e, "a mean over %d values in which pads count, of %d channels", taps, channels);
    op->kind = NET_CONV;
    if (net_average_weights(op, channels, taps, e)) {
        net_op_finish(op);
        return -1;
    }
    if (!x->net->grids[v->view.tensor].bits) // no file of integers
        net_drop_given(op);
    return add_pool(x, node, op, h, w, e);
}

static bool has_pads(const struct net_op *op)
{
    return op->pad_top || op->pad_left || op->pad_bottom || op->pad_right;
}

static int pool(struct onnx *x, const onnx_node *node, struct onnx_value *v, enum net_kind kind,
                struct error *e)
{
    int kernel[2], h, w, whole_h, whole_w;
    struct net_tensor in = x->net->tensors[v->view.tensor];
    struct net_op op = onnx_op(x, node, kind, v->view.tensor);
    if (onnx_attribute_ints(node, "kernel_shape", 2, 0, 1, NET_SIDE_MAX, kernel, e))
        return -1;
    if (!kernel[0])
        return error_set(e, "no kernel_shape");
    op.kernel_h = kernel[0];
    op.kernel_w = kernel[1];
    struct net_op whole = op; // without a last window that only ceil_mode has
    if (onnx_window(node, &in, &v->view, onnx_attribute_int(node, "ceil_mode", 0) != 0, &op, &h, &w, e) ||
        onnx_window(node, &in, &v->view, false, &whole, &whole_h, &whole_w, e))
        return -1;
    if (op.dilation_h != 1 || op.dilation_w != 1)
        return error_set(e, "dilations are not supported");
    bool count = onnx_view_has_pads(&v->view) || (onnx_attribute_int(node, "count_include_pad", 0) && has_pads(&whole));
    if (kind == NET_MAXPOOL || !count)
        return add_pool(x, node, &op, h, w, e);
    if (h != whole_h || w != whole_w)
        return error_set(e, "ceil_mode with a last window that is not whole is not supported where pads count");
    return add_padded_mean(x, node, v, &op, h, w, e);
}

int onnx_average_pool(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    return !v || onnx_plane(x, v, true, e) ? -1 : pool(x, node, v, NET_AVGPOOL, e);
}

/* A zero beside values that are never below zero changes no maximum: such pads are taken over. */
static bool is_never_negative(const struct onnx *x, const struct onnx_value *v)
{
    for (int i = x->net->n_ops - 1; i >= 0; i--)
        if (x->net->ops[i].out == v->view.tensor)
            return x->net->ops[i].act_min >= 0;
    return false;
}

int onnx_max_pool(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_plane(x, v, is_never_negative(x, v), e))
        return -1;
    return pool(x, node, v, NET_MAXPOOL, e);
}

static int global_pool(struct onnx *x, const onnx_node *node, enum net_kind kind, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_plane(x, v, false, e))
        return -1;
    struct net_op op = onnx_op(x, node, kind, v->view.tensor);
    op.kernel_h = x->net->tensors[v->view.tensor].h;
    op.kernel_w = x->net->tensors[v->view.tensor].w;
    return add_pool(x, node, &op, 1, 1, e);
}

int onnx_global_average_pool(struct onnx *x, const onnx_node *node, struct error *e)
{
    return global_pool(x, node, NET_AVGPOOL, e);
}

int onnx_global_max_pool(struct onnx *x, const onnx_node *node, struct error *e)
{
    return global_pool(x, node, NET_MAXPOOL, e);
}

/* The view after the mean over `reduced` dimensions of it. */
static struct onnx_view reduced_view(const struct onnx_view *before, const struct net_tensor *t,
                                     const bool *reduced, bool keep, int tensor)
{
    struct onnx_view after = *before;
    after.tensor = tensor;
    after.rank = after.n_order = 0;
    for (int d = 0; d < before->rank; d++)
        if (!reduced[d] || keep)
            after.dims[after.rank++] = reduced[d] ? 1 : before->dims[d];
    for (int i = 0; i < before->n_order; i++)
        if (onnx_view_side(t, before->order[i]) > 1)
            after.order[after.n_order++] = before->order[i];
    return after;
}

int onnx_reduce_mean(struct onnx *x, const onnx_node *node, struct error *e)
{
    int axes[ONNX_RANK_MAX], n;
    bool reduced[ONNX_RANK_MAX] = {false};
    unsigned over = 0;
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_any(x, v, e) || onnx_axes(x, node, 1, v->view.rank, axes, &n, e))
        return -1;
    struct net_tensor in = x->net->tensors[v->view.tensor];
    for (int i = 0; i < n; i++) {
        reduced[axes[i]] = true;
        over |= onnx_view_axes(&v->view, &in, axes[i]);
    }
    if (!n || reduced[0] || (over & 1u << ONNX_C))
        return error_set(e, "only means over height and width are supported");
    struct net_op op = onnx_op(x, node, NET_AVGPOOL, v->view.tensor);
    op.kernel_h = over & 1u << ONNX_H ? in.h : 1;
    op.kernel_w = over & 1u << ONNX_W ? in.w : 1;
    int out = onnx_add_op(x, &op, in.h - op.kernel_h + 1, in.w - op.kernel_w + 1, in.c, e);
    if (out < 0)
        return -1;
    bool keep = onnx_attribute_int(node, "keepdims", 1) != 0;
    return onnx_output(x, node, reduced_view(&v->view, &x->net->tensors[out], reduced, keep, out), NULL, e);
}

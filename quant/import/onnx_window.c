// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Windows of convolutions and pools: strides, dilations and all the ways to say where the zeros go.
#include "quant/import/onnx.h"

#include <string.h>

/* One axis of a window. */
struct axis {
    int in, kernel, stride, dilation;
    int begin, end; // pads of the node
    int out;
};

static int extent(const struct axis *a)
{
    return (a->kernel - 1) * a->dilation + 1;
}

/* SAME: the output has ceil(in / stride) places; what is missing is split, the odd zero at the end (upper) or
 * the start (lower). */
static void pad_same(struct axis *a, bool upper)
{
    int out = (a->in + a->stride - 1) / a->stride;
    int missing = (out - 1) * a->stride + extent(a) - a->in;
    missing = missing > 0 ? missing : 0;
    a->begin = upper ? missing / 2 : missing - missing / 2;
    a->end = missing - a->begin;
}

static int measure(struct axis *a, bool ceil_mode, struct error *e)
{
    int room = a->in + a->begin + a->end - extent(a);
    if (room < 0)
        return error_set(e, "a kernel of %d is larger than the plane and its pads, %d", extent(a),
                         a->in + a->begin + a->end);
    a->out = room / a->stride + 1;
    if (ceil_mode && room % a->stride && a->out * a->stride < a->in + a->begin) {
        a->end += a->stride - room % a->stride; // the last window starts within the plane: zeros complete it
        a->out++;
    }
    return 0;
}

/* `axes` is 2, or 1 of a sequence: only y is told of then. */
static int read_pads(const onnx_node *node, int axes, struct axis *y, struct axis *x, struct error *e)
{
    char mode[16];
    int pads[4];
    onnx_attribute_text(node, "auto_pad", mode, sizeof mode);
    if (!strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER")) {
        pad_same(y, !strcmp(mode, "SAME_UPPER"));
        pad_same(x, !strcmp(mode, "SAME_UPPER"));
        return 0;
    }
    if (!strcmp(mode, "VALID"))
        return 0;
    if (mode[0] && strcmp(mode, "NOTSET"))
        return error_set(e, "auto_pad %s is not supported", mode);
    if (onnx_attribute_ints(node, "pads", 2 * axes, 0, 0, NET_SIDE_MAX, pads, e))
        return -1;
    y->begin = pads[0];
    y->end = pads[axes];
    x->begin = axes == 2 ? pads[1] : 0;
    x->end = axes == 2 ? pads[3] : 0;
    return 0;
}

int onnx_window(const onnx_node *node, const struct net_tensor *in, const struct onnx_view *view,
                bool ceil_mode, struct net_op *op, int *out_h, int *out_w, struct error *e)
{
    int strides[2] = {1, 1}, dilations[2] = {1, 1}, axes = view->rank - 2;
    const int *before = view->pads;
    if (onnx_attribute_ints(node, "strides", axes, 1, 1, NET_SIDE_MAX, strides, e) ||
        onnx_attribute_ints(node, "dilations", axes, 1, 1, NET_SIDE_MAX, dilations, e))
        return -1;
    struct axis y = {.in = in->h + before[0] + before[2],
                     .kernel = op->kernel_h,
                     .stride = strides[0],
                     .dilation = dilations[0]};
    struct axis x = {.in = in->w + before[1] + before[3],
                     .kernel = op->kernel_w,
                     .stride = strides[1],
                     .dilation = dilations[1]};
    if (read_pads(node, axes, &y, &x, e) || measure(&y, ceil_mode, e) || measure(&x, ceil_mode, e))
        return -1;
    op->stride_h = y.stride;
    op->stride_w = x.stride;
    op->dilation_h = y.dilation;
    op->dilation_w = x.dilation;
    op->pad_top = before[0] + y.begin;
    op->pad_left = before[1] + x.begin;
    op->pad_bottom = y.end + before[2];
    op->pad_right = x.end + before[3];
    *out_h = y.out;
    *out_w = x.out;
    return 0;
}

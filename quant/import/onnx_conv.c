// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Conv: plain, grouped and depthwise, over planes and over sequences.
#include "quant/import/onnx_operators.h"

#include <stdlib.h>
#include <string.h>

/* `rank` axes of weights: 4, or 3 of a sequence, whose kernel is 1 wide. */
static int read_kernel(const onnx_node *node, const struct onnx_constant *w, int rank, const struct net_tensor *in,
                       struct net_op *op, struct error *e)
{
    char text[96];
    int kernel[2] = {0, 1}, groups;
    if (w->rank != rank || !w->floats)
        return error_set(e, "weights of shape %s: only float weights with %d axes are supported",
                         onnx_view_text(w->rank, w->dims, text, sizeof text), rank);
    for (int i = 0; i < rank; i++)
        if (w->dims[i] < 1 || w->dims[i] > NET_SIDE_MAX)
            return error_set(e, "weights of shape %s: sides must be 1 to %d",
                             onnx_view_text(rank, w->dims, text, sizeof text), NET_SIDE_MAX);
    op->kernel_h = (int)w->dims[2];
    op->kernel_w = rank == 4 ? (int)w->dims[3] : 1;
    if (onnx_attribute_ints(node, "kernel_shape", rank - 2, 0, 1, NET_SIDE_MAX, kernel, e))
        return -1;
    if (kernel[0] && (kernel[0] != op->kernel_h || kernel[1] != op->kernel_w))
        return error_set(e, "kernel_shape %d x %d, but weights of %d x %d", kernel[0], kernel[1],
                         op->kernel_h, op->kernel_w);
    int64_t group = onnx_attribute_int(node, "group", 1);
    groups = group < 1 || group > NET_SIDE_MAX ? 0 : (int)group;
    if (!groups || in->c % groups || w->dims[0] % groups || w->dims[1] != in->c / groups)
        return error_set(e, "weights of shape %s do not fit %d input channels in %lld groups",
                         onnx_view_text(rank, w->dims, text, sizeof text), in->c, (long long)group);
    op->groups = groups;
    return 0;
}

/* From [out][in][h][w] to [out][h][w][in]. */
static float *turn_weights(const struct onnx_constant *w)
{
    size_t in_c = (size_t)w->dims[1], plane = w->elements / ((size_t)w->dims[0] * in_c);
    float *turned = malloc(w->elements * sizeof *turned), *to = turned;
    for (size_t o = 0; turned && o < (size_t)w->dims[0]; o++)
        for (size_t p = 0; p < plane; p++)
            for (size_t c = 0; c < in_c; c++)
                *to++ = w->floats[(o * in_c + c) * plane + p];
    return turned;
}

static int read_bias(struct onnx *x, const onnx_node *node, size_t channels, struct net_op *op,
                     struct error *e)
{
    if (!onnx_has_input(node, 2))
        return 0;
    const struct onnx_constant *b = onnx_constant_input(x, node, 2, e);
    if (!b)
        return -1;
    if (!b->floats || b->elements != channels)
        return error_set(e, "%zu biases for %zu output channels", b->elements, channels);
    op->bias = malloc(channels * sizeof *op->bias);
    if (!op->bias)
        return error_set(e, "out of memory");
    memcpy(op->bias, b->floats, channels * sizeof *op->bias);
    return 0;
}

int onnx_conv(struct onnx *x, const onnx_node *node, struct error *e)
{
    int h, w;
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    bool sequence = v && v->view.rank == 3;
    if (!v || (sequence ? onnx_sequence(x, v, true, e) : onnx_plane(x, v, true, e)))
        return -1;
    const struct onnx_constant *weights = onnx_constant_input(x, node, 1, e);
    struct net_tensor in = x->net->tensors[v->view.tensor];
    struct net_op op = onnx_op(x, node, NET_CONV, v->view.tensor);
    if (!weights || read_kernel(node, weights, sequence ? 3 : 4, &in, &op, e) ||
        onnx_window(node, &in, &v->view, false, &op, &h, &w, e) ||
        read_bias(x, node, (size_t)weights->dims[0], &op, e))
        return -1;
    op.weights = turn_weights(weights);
    const struct onnx_constant *bias = onnx_has_input(node, 2) ? onnx_constant_input(x, node, 2, e) : NULL;
    if (!op.weights || onnx_give(x, weights, 0, (size_t)weights->dims[0], bias, &op, e)) {
        net_op_finish(&op);
        return error_set(e, "out of memory");
    }
    int out = onnx_add_op(x, &op, h, w, (int)weights->dims[0], e);
    if (out < 0)
        return -1;
    const struct net_tensor *t = &x->net->tensors[out];
    return onnx_output(x, node, sequence ? onnx_view_sequence(out, t, true) : onnx_view_plane(out, t), NULL, e);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Operators of TensorFlow Lite. Field numbers and enumerations are those of schema.fbs, version 3.
#include "quant/import/tflite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- building ---- */

static bool has_pads(const struct tflite_tensor *t)
{
    return t->pads[0] || t->pads[1] || t->pads[2] || t->pads[3];
}

int tflite_need_plane(struct tflite *x, const struct tflite_tensor *t, bool pads_too, struct error *e)
{
    const struct net_tensor *n = &x->net->tensors[t->net];
    if (t->rank != 4 || t->dims[0] != 1 || t->dims[1] != n->h + t->pads[0] + t->pads[2] ||
        t->dims[2] != n->w + t->pads[1] + t->pads[3] || t->dims[3] != n->c)
        return error_set(e, "its input is not a plane of height, width and channels");
    if (!pads_too && has_pads(t))
        return error_set(e, "zero pads before it are not supported");
    x->input_read = x->input_read || t->net == x->net->input;
    return 0;
}

int tflite_need_any(struct tflite *x, const struct tflite_tensor *t, struct error *e)
{
    x->input_read = x->input_read || t->net == x->net->input;
    return has_pads(t) ? error_set(e, "zero pads before it are not supported") : 0;
}

struct net_op tflite_op_of(const struct tflite *x, const struct tflite_tensor *out, enum net_kind kind, int in)
{
    struct net_op op = net_op_plain(kind, in);
    tflite_name(out, op.name);
    if (!op.name[0])
        snprintf(op.name, sizeof op.name, "%s_%d", net_kind_name(kind), x->net->n_ops);
    size_t length = strlen(op.name);
    for (int i = 0, again = 2; i < x->net->n_ops; i++)
        if (!strcmp(x->net->ops[i].name, op.name)) {
            snprintf(op.name + length, sizeof op.name - length, "_%d", again++);
            i = -1;
        }
    return op;
}

int tflite_finish(struct tflite *x, struct net_op *op, struct tflite_tensor *out, int h, int w, int c,
                  struct error *e)
{
    struct net_grid grid;
    op->out = tflite_grid(out, &grid, e) ? -1 : net_add_tensor(x->net, h, w, c, e);
    if (op->out < 0) {
        net_op_finish(op);
        return -1;
    }
    int as_layer = 1;
    bool is_pool = op->kind == NET_AVGPOOL || op->kind == NET_MAXPOOL;
    const struct net_grid *from = &x->net->grids[op->in[0]];
    if (is_pool && from->bits && grid.bits && (from->scale != grid.scale || from->zero_point != grid.zero_point))
        as_layer = net_pool_to_layer(x->net, op, &grid, e);
    if (as_layer < 0) {
        net_op_finish(op);
        return -1;
    }
    is_pool = is_pool && as_layer == 1;
    if (is_pool) // keeps its input's grid; tflite_view moves it to its own
        x->net->grids[op->out] = x->net->grids[op->in[0]];
    else
        x->net->grids[op->out] = grid;
    if (!is_pool)
        net_clamp_to_grid(op, &grid);
    if (net_add_op(x->net, op, e))
        return -1;
    if (out->elements != (int64_t)h * w * c)
        return error_set(e, "its output has %lld values where %lld are computed", (long long)out->elements,
                         (long long)h * w * c);
    return tflite_view(x, op->out, out, e);
}

int tflite_fused(int64_t code, struct net_op *op, struct error *e)
{
    static const float low[] = {-INFINITY, 0, -1, 0}, high[] = {INFINITY, INFINITY, 1, 6};
    if (code < 0 || code > 3)
        return error_set(e, "fused activation %lld is not supported", (long long)code);
    op->act_min = low[code];
    op->act_max = high[code];
    return 0;
}

/* ---- windows ---- */

/* One axis: SAME puts the odd zero at the end. */
static int window(bool same, int in, int kernel, int stride, int dilation, int *begin, int *end, int *out,
                  struct error *e)
{
    int extent = (kernel - 1) * dilation + 1, sum = 0;
    if (same) {
        sum = ((in + stride - 1) / stride - 1) * stride + extent - in;
        sum = sum > 0 ? sum : 0;
    }
    if (in + sum < extent)
        return error_set(e, "a kernel of %d is larger than the plane of %d", extent, in);
    *begin += sum / 2;
    *end += sum - sum / 2;
    *out = (in + sum - extent) / stride + 1;
    return 0;
}

static int side(const struct flat_table *t, unsigned field, int otherwise, int *to, struct error *e)
{
    int64_t value = flat_integer(t, field, 4, otherwise);
    if (value < 1 || value > NET_SIDE_MAX)
        return error_set(e, "a stride, kernel or dilation of %lld is not supported", (long long)value);
    *to = (int)value;
    return 0;
}

/* Strides, padding and output of an op whose kernel is set. `dilation` is the field of the factor of w; h
 * follows. 0: none. */
static int read_window(const struct flat_table *o, unsigned dilation, const struct tflite_tensor *in,
                       struct net_op *op, int *h, int *w, struct error *e)
{
    if (side(o, 1, 0, &op->stride_w, e) || side(o, 2, 0, &op->stride_h, e) ||
        (dilation &&
         (side(o, dilation, 1, &op->dilation_w, e) || side(o, dilation + 1, 1, &op->dilation_h, e))))
        return -1;
    bool same = flat_integer(o, 0, 1, 0) == 0;
    op->pad_top = in->pads[0];
    op->pad_left = in->pads[1];
    op->pad_bottom = in->pads[2];
    op->pad_right = in->pads[3];
    return window(same, (int)in->dims[1], op->kernel_h, op->stride_h, op->dilation_h, &op->pad_top,
                  &op->pad_bottom, h, e) ||
                   window(same, (int)in->dims[2], op->kernel_w, op->stride_w, op->dilation_w, &op->pad_left,
                          &op->pad_right, w, e)
               ? -1
               : 0;
}

/* ---- layers ---- */

static int read_bias(struct tflite *x, const struct tflite_op *op, int64_t channels, struct net_op *to,
                     struct error *e)
{
    if (!tflite_has_input(op, 2))
        return 0;
    const struct tflite_tensor *b = tflite_constant(x, op, 2, e);
    if (!b)
        return -1;
    if (b->elements != channels)
        return error_set(e, "%lld biases for %lld output channels", (long long)b->elements,
                         (long long)channels);
    to->bias = tflite_floats(b, e);
    return to->bias ? 0 : -1;
}

static int check_weights(const struct tflite_tensor *k, struct error *e)
{
    if (k->rank != 4)
        return error_set(e, "weights of %d axes", k->rank);
    for (int d = 0; d < 4; d++)
        if (k->dims[d] > NET_SIDE_MAX)
            return error_set(e, "weights with a side of more than %d", NET_SIDE_MAX);
    return 0;
}

/* Weights (NULL with the reason: none), whose output channels are along `dimension` in the file, and biases are there. */
static int finish_layer(struct tflite *x, const struct tflite_op *op, struct net_op *to, int dimension,
                        struct tflite_tensor *out, int h, int w, struct error *e)
{
    const struct tflite_tensor *k = tflite_constant(x, op, 1, e), *b = tflite_has_input(op, 2) ? tflite_constant(x, op, 2, e) : NULL;
    if (!to->weights || tflite_given(k, dimension, b, to, e)) {
        net_op_finish(to);
        return -1;
    }
    return tflite_finish(x, to, out, h, w, (int)k->dims[dimension], e);
}

static int take_conv(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    int h, w;
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *k = in ? tflite_constant(x, op, 1, e) : NULL;
    struct tflite_tensor *out = k ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_plane(x, in, true, e) || check_weights(k, e))
        return -1;
    struct net_op to = tflite_op_of(x, out, NET_CONV, in->net);
    to.kernel_h = (int)k->dims[1];
    to.kernel_w = (int)k->dims[2];
    if (in->dims[3] % k->dims[3])
        return error_set(e, "weights for %lld of %lld input channels", (long long)k->dims[3],
                         (long long)in->dims[3]);
    to.groups = (int)(in->dims[3] / k->dims[3]);
    if (tflite_fused(flat_integer(&op->options, 3, 1, 0), &to, e) ||
        read_window(&op->options, 4, in, &to, &h, &w, e) || read_bias(x, op, k->dims[0], &to, e))
        return -1;
    to.weights = tflite_floats(k, e);
    return finish_layer(x, op, &to, 0, out, h, w, e);
}

/* From [h][w][out] to [out][h][w]. */
static float *turn_depthwise(const struct tflite_tensor *k, struct error *e)
{
    size_t channels = (size_t)k->dims[3], taps = (size_t)(k->dims[1] * k->dims[2]);
    float *from = tflite_floats(k, e), *to = from ? malloc(channels * taps * sizeof *to) : NULL;
    for (size_t c = 0; to && c < channels; c++)
        for (size_t t = 0; t < taps; t++)
            to[c * taps + t] = from[t * channels + c];
    free(from);
    if (from && !to)
        error_set(e, "out of memory");
    return to;
}

static int take_depthwise(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    int h, w;
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *k = in ? tflite_constant(x, op, 1, e) : NULL;
    struct tflite_tensor *out = k ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_plane(x, in, true, e) || check_weights(k, e))
        return -1;
    if (k->dims[0] != 1 || k->dims[3] % in->dims[3])
        return error_set(e, "weights of %lld channels for %lld input channels", (long long)k->dims[3],
                         (long long)in->dims[3]);
    struct net_op to = tflite_op_of(x, out, NET_CONV, in->net);
    to.kernel_h = (int)k->dims[1];
    to.kernel_w = (int)k->dims[2];
    to.groups = (int)in->dims[3];
    if (tflite_fused(flat_integer(&op->options, 4, 1, 0), &to, e) ||
        read_window(&op->options, 5, in, &to, &h, &w, e) || read_bias(x, op, k->dims[3], &to, e))
        return -1;
    to.weights = turn_depthwise(k, e);
    return finish_layer(x, op, &to, 3, out, h, w, e);
}

static int take_fully_connected(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *k = in ? tflite_constant(x, op, 1, e) : NULL;
    struct tflite_tensor *out = k ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_any(x, in, e))
        return -1;
    if (k->rank != 2 || k->dims[1] != in->elements || k->dims[0] > NET_SIDE_MAX)
        return error_set(e, "weights that do not fit %lld inputs", (long long)in->elements);
    struct net_op to = tflite_op_of(x, out, NET_DENSE, in->net);
    if (tflite_fused(flat_integer(&op->options, 0, 1, 0), &to, e) || read_bias(x, op, k->dims[0], &to, e))
        return -1;
    to.weights = tflite_floats(k, e);
    return finish_layer(x, op, &to, 0, out, 1, 1, e);
}

static int take_add(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *a = tflite_activation(x, op, 0, e), *b = a ? tflite_activation(x, op, 1, e) : NULL;
    struct tflite_tensor *out = b ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_any(x, a, e) || tflite_need_any(x, b, e))
        return -1;
    struct net_tensor t = x->net->tensors[a->net];
    if (memcmp(&t, &x->net->tensors[b->net], sizeof t))
        return error_set(e, "of different shapes is not supported");
    struct net_op to = tflite_op_of(x, out, NET_ADD, a->net);
    to.in[1] = b->net;
    return tflite_fused(flat_integer(&op->options, 0, 1, 0), &to, e) ||
                   tflite_finish(x, &to, out, t.h, t.w, t.c, e)
               ? -1
               : 0;
}

static int take_pool(struct tflite *x, const struct tflite_op *op, enum net_kind kind, struct error *e)
{
    int h, w;
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *out = in ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_plane(x, in, false, e))
        return -1;
    struct net_op to = tflite_op_of(x, out, kind, in->net);
    if (side(&op->options, 3, 0, &to.kernel_w, e) || side(&op->options, 4, 0, &to.kernel_h, e) ||
        tflite_fused(flat_integer(&op->options, 5, 1, 0), &to, e) ||
        read_window(&op->options, 0, in, &to, &h, &w, e))
        return -1;
    return tflite_finish(x, &to, out, h, w, (int)in->dims[3], e);
}

static int take_average_pool(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    return take_pool(x, op, NET_AVGPOOL, e);
}

static int take_max_pool(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    return take_pool(x, op, NET_MAXPOOL, e);
}

static int take_mean(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e),
                         *axes = in ? tflite_constant(x, op, 1, e) : NULL;
    struct tflite_tensor *out = axes ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_plane(x, in, false, e))
        return -1;
    struct net_op to = tflite_op_of(x, out, NET_AVGPOOL, in->net);
    for (size_t i = 0; i < (size_t)axes->elements; i++) {
        int64_t axis = tflite_number(axes, i);
        axis = axis < 0 ? axis + 4 : axis;
        if (axis != 1 && axis != 2)
            return error_set(e, "only means over height and width are supported");
        *(axis == 1 ? &to.kernel_h : &to.kernel_w) = (int)in->dims[axis];
    }
    return tflite_finish(x, &to, out, (int)in->dims[1] - to.kernel_h + 1, (int)in->dims[2] - to.kernel_w + 1,
                  (int)in->dims[3], e);
}

/* ---- what only looks at a tensor in another way ---- */

static int take_reshape(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *out = in ? tflite_output(x, op, e) : NULL;
    if (!out || has_pads(in))
        return out ? error_set(e, "zero pads before it are not supported") : -1;
    if (in->elements != out->elements)
        return error_set(e, "from %lld to %lld values", (long long)in->elements, (long long)out->elements);
    if (in->net == x->net->input && !x->input_read && out->rank == 4 && out->dims[0] == 1) {
        for (int d = 1; d < 4; d++)
            if (out->dims[d] > NET_SIDE_MAX)
                return error_set(e, "a side of more than %d", NET_SIDE_MAX);
        x->net->tensors[in->net] =
            (struct net_tensor){(int)out->dims[1], (int)out->dims[2], (int)out->dims[3]};
    }
    return tflite_view(x, in->net, out, e);
}

int tflite_put_softmax(struct tflite *x, struct tflite_tensor *t, struct error *e)
{
    struct net_tensor n = x->net->tensors[t->net];
    if (t->beta != 1)
        return error_set(e, "a SOFTMAX with a beta of %g is supported only at the network's end", (double)t->beta);
    if (t->rank < 1 || t->dims[t->rank - 1] != n.c)
        return error_set(e, "a SOFTMAX over another axis than the channels is not supported");
    struct net_op op = tflite_op_of(x, t, NET_SOFTMAX, t->net);
    t->softmax = false;
    return tflite_finish(x, &op, t, n.h, n.w, n.c, e);
}

/* Of a vector it is left away while nothing reads it. */
static int take_softmax(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *out = in ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_any(x, in, e))
        return -1;
    int32_t beta = (int32_t)flat_integer(&op->options, 0, 4, 0);
    memcpy(&out->beta, &beta, sizeof beta);
    out->net = in->net;
    out->computed = out->softmax = true;
    if (x->net->tensors[in->net].h == 1 && x->net->tensors[in->net].w == 1)
        return 0;
    return tflite_need_plane(x, in, false, e) || tflite_put_softmax(x, out, e) ? -1 : 0;
}

static int take_pad(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *p = in ? tflite_constant(x, op, 1, e) : NULL;
    struct tflite_tensor *out = p ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_plane(x, in, true, e))
        return -1;
    if (p->elements != 8)
        return error_set(e, "%lld pads where 8 are needed", (long long)p->elements);
    memcpy(out->pads, in->pads, sizeof out->pads);
    for (size_t i = 0; i < 8; i++) { // before and after each of n, h, w, c
        int64_t pad = tflite_number(p, i);
        if (pad < 0 || pad > NET_SIDE_MAX || (pad && (i < 2 || i > 5)))
            return error_set(e, "only zeros around height and width are supported");
        if (pad)
            out->pads[(i - 2) / 2 + (i % 2 ? 2 : 0)] += (int)pad;
    }
    const struct net_tensor *n = &x->net->tensors[in->net];
    if (out->pads[0] + out->pads[2] + n->h > NET_SIDE_MAX ||
        out->pads[1] + out->pads[3] + n->w > NET_SIDE_MAX)
        return error_set(e, "to a side of more than %d", NET_SIDE_MAX);
    out->net = in->net;
    out->computed = true;
    return 0;
}

static const struct tflite_operator operators[] = {
    {0, "ADD", take_add},
    {1, "AVERAGE_POOL_2D", take_average_pool},
    {2, "CONCATENATION", tflite_concatenation},
    {3, "CONV_2D", take_conv},
    {4, "DEPTHWISE_CONV_2D", take_depthwise},
    {9, "FULLY_CONNECTED", take_fully_connected},
    {14, "LOGISTIC", tflite_logistic},
    {17, "MAX_POOL_2D", take_max_pool},
    {18, "MUL", tflite_mul},
    {22, "RESHAPE", take_reshape},
    {25, "SOFTMAX", take_softmax},
    {28, "TANH", tflite_tanh},
    {34, "PAD", take_pad},
    {40, "MEAN", take_mean},
    {6, "DEQUANTIZE", tflite_dequantize},
    {39, "TRANSPOSE", tflite_transpose},
    {43, "SQUEEZE", take_reshape},
    {45, "STRIDED_SLICE", tflite_shape},
    {77, "SHAPE", tflite_shape},
    {83, "PACK", tflite_shape},
    {114, "QUANTIZE", tflite_quantize},
    {117, "HARD_SWISH", tflite_hard_swish},
};

const struct tflite_operator *tflite_operator_find(int code)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (operators[i].code == code)
            return &operators[i];
    return NULL;
}

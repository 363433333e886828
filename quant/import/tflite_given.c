// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Operators of TensorFlow Lite that change how numbers stand in memory, not what they are: to integers and back, shapes.
#include "quant/import/tflite.h"

#include <string.h>

static bool same_grid(const struct net_grid *a, const struct net_grid *b)
{
    return a->bits == b->bits && a->scale == b->scale && a->zero_point == b->zero_point;
}

/* What TFLite's Requantize computes is a depthwise layer of ones: sum = q - zero_point, brought to another scale. */
static int requantize(struct tflite *x, int from, const struct net_grid *g, struct tflite_tensor *out, struct error *e)
{
    struct net_tensor t = x->net->tensors[from];
    struct net_op op = tflite_op_of(x, out, NET_CONV, from);
    op.out = net_average_weights(&op, t.c, 1, e) ? -1 : net_add_tensor(x->net, t.h, t.w, t.c, e);
    if (op.out < 0) {
        net_op_finish(&op);
        return -1;
    }
    x->net->grids[op.out] = *g;
    net_clamp_to_grid(&op, g);
    out->net = op.out;
    return net_add_op(x->net, &op, e);
}

int tflite_view(struct tflite *x, int net, struct tflite_tensor *out, struct error *e)
{
    struct net_grid g;
    if (tflite_grid(out, &g, e))
        return -1;
    out->net = net;
    out->computed = true;
    struct net_grid *has = &x->net->grids[net];
    if (!g.bits || same_grid(&g, has))
        return 0;
    if (has->bits)
        return requantize(x, net, &g, out, e);
    *has = g;
    for (int i = 0; i < x->net->n_ops; i++)
        if (x->net->ops[i].out == net)
            net_clamp_to_grid(&x->net->ops[i], &g);
    return 0;
}

int tflite_quantize(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *out = in ? tflite_output(x, op, e) : NULL;
    if (!out)
        return -1;
    memcpy(out->pads, in->pads, sizeof out->pads);
    return in->elements == out->elements ? tflite_view(x, in->net, out, e) : error_set(e, "to another shape");
}

/* Of an activation, or of weights that stand in the file in fewer bits. */
int tflite_dequantize(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    int64_t k = op->inputs.n ? flat_element(&op->inputs, 0) : -1;
    struct tflite_tensor *out = tflite_output(x, op, e);
    if (!out)
        return -1;
    if (k >= 0 && (size_t)k < x->n_tensors && !x->tensors[k].computed && x->tensors[k].data.n) {
        out->constant = &x->tensors[k];
        return out->rank == x->tensors[k].rank && !memcmp(out->dims, x->tensors[k].dims, (size_t)out->rank * sizeof *out->dims)
                   ? 0
                   : error_set(e, "to another shape");
    }
    int64_t from = k >= 0 && (size_t)k < x->n_tensors ? k : 0;
    if (x->tensors[from].softmax) { // at the end, softmax and all
        *out = (struct tflite_tensor){.rank = out->rank, .elements = out->elements, .type = out->type, .table = out->table,
                                      .computed = true, .net = x->tensors[from].net, .softmax = true,
                                      .beta = x->tensors[from].beta};
        return 0;
    }
    return tflite_quantize(x, op, e);
}

/* SHAPE, and what STRIDED_SLICE and PACK make of it: a RESHAPE's output has its shape in the file as well. */
int tflite_shape(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *out = tflite_output(x, op, e);
    bool found = false;
    for (size_t i = 0; i < op->inputs.n && out; i++) {
        int64_t k = flat_element(&op->inputs, i);
        if (k < 0 || (size_t)k >= x->n_tensors)
            return error_set(e, "tensor %lld does not exist", (long long)k);
        const struct tflite_tensor *t = &x->tensors[k];
        if (op->code != 77 && !t->shape && !t->data.n)
            return error_set(e, "of an activation is not supported");
        found |= t->shape || t->computed;
    }
    if (out && !found)
        return error_set(e, "of constants is not supported");
    if (out)
        out->shape = true;
    return out ? 0 : -1;
}

/* Axes of 1 may go anywhere. Of the network's input also channels from first to last: its data have them last then. */
int tflite_transpose(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *perm = in ? tflite_constant(x, op, 1, e) : NULL;
    struct tflite_tensor *out = perm ? tflite_output(x, op, e) : NULL;
    int64_t last = -1;
    bool moved = false, to_last = in && in->rank == 4 && in->net == x->net->input && !x->input_read;
    static const int64_t channels_last[4] = {0, 2, 3, 1};
    if (!out)
        return -1;
    if (perm->elements != in->rank || out->rank != in->rank)
        return error_set(e, "of %d axes by %lld numbers", in->rank, (long long)perm->elements);
    for (int d = 0; d < in->rank; d++) {
        int64_t from = tflite_number(perm, (size_t)d);
        if (from < 0 || from >= in->rank || out->dims[d] != in->dims[from])
            return error_set(e, "numbers that do not fit its shapes");
        to_last = to_last && from == channels_last[d];
        if (in->dims[from] == 1)
            continue;
        moved |= from < last;
        last = from;
    }
    if (in->pads[0] || in->pads[1] || in->pads[2] || in->pads[3])
        return error_set(e, "zero pads before it are not supported");
    if (moved && !to_last)
        return error_set(e, "only axes of 1 can be moved, or the channels of the network's input");
    if (moved)
        x->net->tensors[in->net] = (struct net_tensor){(int)out->dims[1], (int)out->dims[2], (int)out->dims[3]};
    x->input_read |= moved;
    return tflite_view(x, in->net, out, e);
}

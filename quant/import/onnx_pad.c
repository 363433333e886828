// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Pad and Slice of planes. Zeros around a plane are taken over by the next operation. Channels of zeros
// become a 1 x 1 convolution with weights of 0 and 1, every second row and column a 1 x 1 pool: the shortcut
// of the first ResNets for CIFAR-10.
#include "quant/import/onnx_operators.h"

#include <stdlib.h>
#include <string.h>

/* Before and after each of n, c, h, w. */
static int read_pads(struct onnx *x, const onnx_node *node, int pads[8], struct error *e)
{
    memset(pads, 0, 8 * sizeof *pads);
    if (!onnx_has_input(node, 1))
        return onnx_attribute_ints(node, "pads", 8, 0, 0, NET_SIDE_MAX, pads, e);
    const struct onnx_constant *c = onnx_constant_input(x, node, 1, e);
    if (!c)
        return -1;
    if (!c->integers || c->elements != 8)
        return error_set(e, "%zu pads where 8 are needed", c->elements);
    for (int i = 0; i < 8; i++) {
        if (c->integers[i] < 0 || c->integers[i] > NET_SIDE_MAX)
            return error_set(e, "a pad of %lld is not supported", (long long)c->integers[i]);
        pads[i] = (int)c->integers[i];
    }
    return 0;
}

static int check_mode(struct onnx *x, const onnx_node *node, struct error *e)
{
    char mode[16];
    double value = (double)onnx_attribute_float(node, "value", 0);
    onnx_attribute_text(node, "mode", mode, sizeof mode);
    if (mode[0] && strcmp(mode, "constant"))
        return error_set(e, "mode %s is not supported", mode);
    if (onnx_has_input(node, 2)) {
        const struct onnx_constant *c = onnx_constant_input(x, node, 2, e);
        if (!c)
            return -1;
        value = c->elements ? onnx_constant_number(c, 0) : 0;
    }
    if (value != 0)
        return error_set(e, "pads of %g: only zeros are supported", value);
    return onnx_has_input(node, 3) ? error_set(e, "pads of chosen axes are not supported") : 0;
}

/* A plane with `before` and `after` channels of zeros around its own. */
static int widen(struct onnx *x, const onnx_node *node, struct onnx_view *view, int before, int after,
                 struct error *e)
{
    struct net_tensor t = x->net->tensors[view->tensor];
    int channels = before + t.c + after;
    struct net_op op = onnx_op(x, node, NET_CONV, view->tensor);
    if (channels > NET_SIDE_MAX)
        return error_set(e, "%d channels, more than %d", channels, NET_SIDE_MAX);
    op.weights = calloc((size_t)channels * (size_t)t.c, sizeof *op.weights);
    if (!op.weights)
        return error_set(e, "out of memory");
    for (int c = 0; c < t.c; c++)
        op.weights[(size_t)(before + c) * (size_t)t.c + (size_t)c] = 1;
    int out = onnx_add_op(x, &op, t.h, t.w, channels, e);
    if (out < 0)
        return -1;
    *view = onnx_view_plane(out, &x->net->tensors[out]);
    return 0;
}

int onnx_pad(struct onnx *x, const onnx_node *node, struct error *e)
{
    int pads[8];
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || check_mode(x, node, e) || onnx_plane(x, v, true, e) || read_pads(x, node, pads, e))
        return -1;
    if (pads[0] || pads[4])
        return error_set(e, "pads of the batch are not supported");
    struct onnx_view view = v->view;
    if (pads[1] || pads[5]) {
        if (onnx_view_has_pads(&view))
            return error_set(e, "channels after zero pads are not supported");
        if (widen(x, node, &view, pads[1], pads[5], e))
            return -1;
    }
    const int sides[4] = {pads[2], pads[3], pads[6], pads[7]};
    for (int i = 0; i < 4; i++) {
        view.pads[i] += sides[i];
        if (view.pads[i] > NET_SIDE_MAX)
            return error_set(e, "pads of more than %d", NET_SIDE_MAX);
    }
    return onnx_output(x, node, view, view.tensor == v->view.tensor ? v : NULL, e);
}

/* ---- Slice ---- */

#define SLICE_AXES_MAX 4

struct slice {
    int n;
    int64_t starts[SLICE_AXES_MAX], ends[SLICE_AXES_MAX], axes[SLICE_AXES_MAX], steps[SLICE_AXES_MAX];
};

/* One list, from an input or (before operator set 10) an attribute; absent lists keep their defaults. */
static int read_list(struct onnx *x, const onnx_node *node, size_t input, const char *name, int *n,
                     int64_t *to, struct error *e)
{
    const Onnx__AttributeProto *a = onnx_attribute(node, name);
    const int64_t *from = a ? a->ints : NULL;
    size_t count = a ? a->n_ints : 0;
    if (onnx_has_input(node, input)) {
        const struct onnx_constant *c = onnx_constant_input(x, node, input, e);
        if (!c)
            return -1;
        from = c->integers;
        count = c->elements;
    }
    if (!count)
        return 0;
    if (!from || count > SLICE_AXES_MAX || (*n >= 0 && count != (size_t)*n))
        return error_set(e, "%zu %s are not supported", count, name);
    *n = (int)count;
    memcpy(to, from, count * sizeof *to);
    return 0;
}

static int read_slice(struct onnx *x, const onnx_node *node, struct slice *s, struct error *e)
{
    s->n = -1;
    for (int i = 0; i < SLICE_AXES_MAX; i++) {
        s->axes[i] = i;
        s->steps[i] = 1;
    }
    if (read_list(x, node, 1, "starts", &s->n, s->starts, e) ||
        read_list(x, node, 2, "ends", &s->n, s->ends, e) ||
        read_list(x, node, 3, "axes", &s->n, s->axes, e) ||
        read_list(x, node, 4, "steps", &s->n, s->steps, e))
        return -1;
    return s->n > 0 ? 0 : error_set(e, "no starts or ends");
}

/* Does the slice take channels away? Their axis is 1, of a sequence with channels last 2. */
static bool is_of_channels(const struct slice *s, int rank)
{
    int64_t axis = s->axes[0] < 0 ? s->axes[0] + rank : s->axes[0];
    return s->n == 1 && axis == 1 && rank != 3;
}

static int64_t limited(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Starts and ends count from the end where they are negative, and are clamped, as the operator is defined. */
static int cut_channels(struct onnx *x, const onnx_node *node, struct onnx_value *v, const struct slice *s, struct error *e)
{
    if (onnx_channel_axis(x, v, 1, e))
        return -1;
    int64_t channels = x->net->tensors[v->view.tensor].c, step = s->steps[0];
    int64_t start = s->starts[0] < 0 ? s->starts[0] + channels : s->starts[0], end = s->ends[0] < 0 ? s->ends[0] + channels : s->ends[0];
    if (step == 0 || step < -channels || step > channels)
        return error_set(e, "a step of %lld", (long long)step);
    start = step > 0 ? limited(start, 0, channels) : limited(start, 0, channels - 1);
    end = step > 0 ? limited(end, 0, channels) : limited(s->ends[0] < 0 ? end : s->ends[0], -1, channels - 1);
    int64_t n = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
    if (n < 1)
        return error_set(e, "no channel is left");
    int *choice = malloc((size_t)n * sizeof *choice);
    for (int64_t i = 0; choice && i < n; i++)
        choice[i] = (int)(start + i * step);
    return choice ? onnx_choose_channels(x, node, 0, v, 1, choice, (int)n, e) : error_set(e, "out of memory");
}

/* The end of a sequence cut off where a convolution that nobody else reads has just padded it: it pads less (what makes a
 * convolution causal). */
static int cut_end(struct onnx *x, const onnx_node *node, struct onnx_value *v, const struct slice *s, struct error *e)
{
    struct net_op *op = onnx_producer(x, v, true);
    struct net_tensor *t = &x->net->tensors[v->view.tensor];
    int64_t axis = s->axes[0] < 0 ? s->axes[0] + 3 : s->axes[0], end = s->ends[0] < 0 ? s->ends[0] + t->h : s->ends[0];
    if (s->n != 1 || axis != 2 || s->starts[0] != 0 || s->steps[0] != 1 || end < 1)
        return error_set(e, "of a sequence only its end can be cut off");
    int64_t away = t->h - (end < t->h ? end : t->h);
    if (away && (!op || op->kind != NET_CONV || away > op->pad_bottom / op->stride_h))
        return error_set(e, "the end of a sequence can be cut off only where a convolution has padded it");
    if (away)
        op->pad_bottom -= (int)away * op->stride_h;
    t->h -= (int)away;
    return onnx_output(x, node, onnx_view_sequence(v->view.tensor, t, true), v, e);
}

int onnx_slice(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct slice s;
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (v && v->view.rank == 3)
        return onnx_sequence(x, v, true, e) || read_slice(x, node, &s, e) ? -1 : cut_end(x, node, v, &s, e);
    if (!v || read_slice(x, node, &s, e))
        return -1;
    if (is_of_channels(&s, v->view.rank))
        return cut_channels(x, node, v, &s, e);
    if (onnx_plane(x, v, false, e))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor];
    struct net_op op = onnx_op(x, node, NET_MAXPOOL, v->view.tensor);
    for (int i = 0; i < s.n; i++) {
        int64_t axis = s.axes[i] < 0 ? s.axes[i] + 4 : s.axes[i];
        if (axis < 0 || axis > 3 || s.starts[i] != 0 || s.ends[i] < v->view.dims[axis] || s.steps[i] < 1 ||
            s.steps[i] > NET_SIDE_MAX || (axis < 2 && s.steps[i] != 1))
            return error_set(e, "only every n-th row and column of a whole plane is supported");
        if (axis >= 2)
            *(axis == 2 ? &op.stride_h : &op.stride_w) = (int)s.steps[i];
    }
    int out = onnx_add_op(x, &op, (t.h - 1) / op.stride_h + 1, (t.w - 1) / op.stride_w + 1, t.c, e);
    return out < 0 ? -1 : onnx_output(x, node, onnx_view_plane(out, &x->net->tensors[out]), NULL, e);
}

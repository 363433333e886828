// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Operators of TensorFlow Lite on values as they stand: functions of each, products of two activations, concatenation of channels.
#include "quant/import/tflite.h"

#include <stdlib.h>
#include <string.h>

static int take_function(struct tflite *x, const struct tflite_op *op, enum function_kind kind, struct error *e)
{
    struct tflite_tensor *in = tflite_activation(x, op, 0, e), *out = in ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_any(x, in, e))
        return -1;
    struct net_tensor t = x->net->tensors[in->net];
    struct net_op to = tflite_op_of(x, out, NET_LOOKUP, in->net);
    to.function.kind = kind;
    return tflite_finish(x, &to, out, t.h, t.w, t.c, e);
}

int tflite_logistic(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    return take_function(x, op, FUNCTION_SIGMOID, e);
}

int tflite_tanh(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    return take_function(x, op, FUNCTION_TANH, e);
}

int tflite_hard_swish(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    return take_function(x, op, FUNCTION_HARD_SWISH, e);
}

/* ---- products ---- */

static bool same_shape(const struct tflite *x, const struct tflite_tensor *a, const struct tflite_tensor *b)
{
    return a->rank == b->rank && !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) &&
           !memcmp(&x->net->tensors[a->net], &x->net->tensors[b->net], sizeof *x->net->tensors);
}

/* Has `b` one value for each channel of `a`, both with the channels as their last axis? */
static bool is_per_channel(const struct tflite *x, const struct tflite_tensor *a, const struct tflite_tensor *b)
{
    const struct net_tensor *t = &x->net->tensors[a->net], *u = &x->net->tensors[b->net];
    return b->rank >= 1 && b->rank <= a->rank && u->h == 1 && u->w == 1 && u->c == t->c && a->dims[a->rank - 1] == t->c &&
           b->dims[b->rank - 1] == t->c;
}

/* Is `gate` the sigmoid of `v`, in float32? Then their product is one function; the sigmoid goes if nothing else reads it. */
static bool is_gate_of(const struct tflite *x, const struct tflite_tensor *v, const struct tflite_tensor *gate)
{
    for (int i = x->net->n_ops - 1; i >= 0; i--) {
        const struct net_op *op = &x->net->ops[i];
        if (op->out == gate->net)
            return op->kind == NET_LOOKUP && op->function.kind == FUNCTION_SIGMOID && op->in[0] == v->net &&
                   !x->net->grids[gate->net].bits && same_shape(x, v, gate);
    }
    return false;
}

int tflite_mul(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    struct tflite_tensor *a = tflite_activation(x, op, 0, e), *b = a ? tflite_activation(x, op, 1, e) : NULL;
    struct tflite_tensor *out = b ? tflite_output(x, op, e) : NULL;
    if (!out || tflite_need_any(x, a, e) || tflite_need_any(x, b, e))
        return -1;
    bool first = same_shape(x, a, b) || is_per_channel(x, a, b);
    if (!first && !is_per_channel(x, b, a))
        return error_set(e, "only of equal shapes, or by one value for each channel, is supported");
    bool gated = is_gate_of(x, a, b) || is_gate_of(x, b, a);
    first = first && !is_gate_of(x, b, a);
    struct net_tensor t = x->net->tensors[first ? a->net : b->net];
    struct net_op to = tflite_op_of(x, out, gated ? NET_LOOKUP : NET_MUL, first ? a->net : b->net);
    to.in[1] = gated ? -1 : first ? b->net : a->net;
    to.function.kind = gated ? FUNCTION_SILU : FUNCTION_NONE;
    return tflite_fused(flat_integer(&op->options, 0, 1, 0), &to, e) ? -1 : tflite_finish(x, &to, out, t.h, t.w, t.c, e);
}

/* ---- concatenation ---- */

/* An input whose last axis is its channels. NULL with the reason. */
static const struct tflite_tensor *part(struct tflite *x, const struct tflite_op *op, size_t i, struct error *e)
{
    const struct tflite_tensor *t = tflite_activation(x, op, i, e);
    if (!t)
        return NULL;
    const struct net_tensor *n = &x->net->tensors[t->net];
    int64_t axis = flat_integer(&op->options, 0, 4, 0);
    if ((axis < 0 ? axis + t->rank : axis) != t->rank - 1)
        error_set(e, "along axis %lld of %d: only along the last is supported", (long long)axis, t->rank);
    else if (t->rank == 2 && (n->h != 1 || n->w != 1))
        error_set(e, "of a plane that was flattened is not supported");
    else if (t->rank == 2 ? !tflite_need_any(x, t, e) : !tflite_need_plane(x, t, false, e))
        return t;
    return NULL;
}

/* All channels of tensor a, then all of b: 0 once the last are there and `out` is written, before that the tensor, or -1 with the reason. */
static int join(struct tflite *x, int a, int b, struct net_op *to, struct tflite_tensor *out, bool last, struct error *e)
{
    struct net_tensor t = x->net->tensors[a], u = x->net->tensors[b];
    if (t.h != u.h || t.w != u.w || t.c + u.c > NET_SIDE_MAX)
        return error_set(e, "of %d x %d x %d and %d x %d x %d is not supported", t.h, t.w, t.c, u.h, u.w, u.c);
    struct net_grid grid;
    to->in[0] = a, to->in[1] = b;
    to->choice = malloc((size_t)(t.c + u.c) * sizeof *to->choice);
    for (int i = 0; to->choice && i < t.c + u.c; i++)
        to->choice[i] = i;
    if (!to->choice)
        return error_set(e, "out of memory");
    if (last)
        return tflite_finish(x, to, out, t.h, t.w, t.c + u.c, e);
    to->out = tflite_grid(out, &grid, e) ? -1 : net_add_tensor(x->net, t.h, t.w, t.c + u.c, e);
    if (to->out < 0) {
        net_op_finish(to);
        return -1;
    }
    x->net->grids[to->out] = grid;
    net_clamp_to_grid(to, &grid);
    return net_add_op(x->net, to, e) ? -1 : to->out;
}

int tflite_concatenation(struct tflite *x, const struct tflite_op *op, struct error *e)
{
    const struct tflite_tensor *t = part(x, op, 0, e);
    struct tflite_tensor *out = t ? tflite_output(x, op, e) : NULL;
    if (!out)
        return -1;
    int so_far = t->net;
    for (size_t i = 1; i < op->inputs.n; i++) {
        bool last = i + 1 == op->inputs.n;
        struct net_op to = tflite_op_of(x, out, NET_CHANNELS, so_far);
        t = part(x, op, i, e);
        if (!t || (last && tflite_fused(flat_integer(&op->options, 1, 1, 0), &to, e)))
            return -1;
        so_far = join(x, so_far, t->net, &to, out, last, e);
        if (so_far < 0)
            return -1;
    }
    return op->inputs.n == 1 ? tflite_view(x, so_far, out, e) : 0;
}

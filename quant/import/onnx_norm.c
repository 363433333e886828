// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What scales and moves channels: BatchNormalization, and Add, Sub, Mul, Div with a constant. And Add of two
// tensors.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* scale[channels], then shift[channels]: 1 and 0. */
static double *neutral(int channels)
{
    double *both = calloc(2 * (size_t)channels, sizeof *both);
    for (int c = 0; both && c < channels; c++)
        both[c] = 1;
    return both;
}

/* Which dimension of the view has the channels alone; -1 if none. */
static int channel_dim(const struct onnx_view *v, const struct net_tensor *t)
{
    for (int d = 0; d < v->rank; d++)
        if (onnx_view_axes(v, t, d) == 1u << ONNX_C)
            return d;
    return -1;
}

static int read_norm(struct onnx *x, const onnx_node *node, int channels, double *both, struct error *e)
{
    const struct onnx_constant *c[4];
    double epsilon = (double)onnx_attribute_float(node, "epsilon", 1e-5f);
    for (size_t i = 0; i < 4; i++) {
        if (!(c[i] = onnx_constant_input(x, node, i + 1, e)))
            return -1;
        if (!c[i]->floats || c[i]->elements != (size_t)channels)
            return error_set(e, "%zu numbers for %d channels", c[i]->elements, channels);
    }
    for (int k = 0; k < channels; k++) {
        double variance = (double)c[3]->floats[k] + epsilon;
        if (!(variance > 0))
            return error_set(e, "the variance of channel %d is not above zero", k);
        both[k] = (double)c[0]->floats[k] / sqrt(variance);
        both[channels + k] = (double)c[1]->floats[k] - (double)c[2]->floats[k] * both[k];
    }
    return 0;
}

int onnx_batch_normalization(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || (v->view.rank == 4 ? onnx_plane(x, v, false, e) : onnx_any(x, v, e)))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor];
    if (t.c > 1 && channel_dim(&v->view, &t) != 1)
        return error_set(e, "the channels are not the second axis of its input");
    if (onnx_attribute_int(node, "training_mode", 0))
        return error_set(e, "training_mode is not supported");
    double *both = neutral(t.c);
    if (!both)
        return error_set(e, "out of memory");
    int failed = read_norm(x, node, t.c, both, e) || onnx_scale_shift(x, node, v, both, both + t.c, e);
    free(both);
    return failed ? -1 : 0;
}

/* ---- with a constant ---- */

/* The constant's number for each channel: it must be one number, or follow the channels' dimension alone. */
static int per_channel(const struct onnx_constant *c, const struct onnx_view *v, const struct net_tensor *t,
                       double *numbers, struct error *e)
{
    char text[96];
    int channels = channel_dim(v, t);
    bool fits = c->rank <= v->rank && c->elements > 0;
    for (int d = 0; d < c->rank; d++)
        fits = fits && (c->dims[d] == 1 || (v->rank - c->rank + d == channels && c->dims[d] == t->c));
    if (!fits)
        return error_set(e, "a constant of shape %s: only one number, or one for each channel, is supported",
                         onnx_view_text(c->rank, c->dims, text, sizeof text));
    for (int k = 0; k < t->c; k++)
        numbers[k] = onnx_constant_number(c, c->elements == 1 ? 0 : (size_t)k);
    return 0;
}

enum arithmetic {
    PLUS = 0,
    MINUS,
    TIMES,
    OVER,
};

/* y = x * scale + shift for "activation op constant", or with `flipped` "constant op activation"; `both`
 * holds the constant's numbers in its first half. */
static int arrange(enum arithmetic what, bool flipped, int channels, double *both, struct error *e)
{
    if (what == OVER && flipped)
        return error_set(e, "a constant divided by an activation is not supported");
    for (int k = 0; k < channels; k++) {
        double number = both[k];
        if (what == OVER && number == 0)
            return error_set(e, "a division by zero");
        both[k] = what == TIMES ? number : what == OVER ? 1 / number : what == MINUS && flipped ? -1 : 1;
        both[channels + k] = what == PLUS || (what == MINUS && flipped) ? number
                             : what == MINUS                            ? -number
                                                                        : 0;
    }
    return 0;
}

/* A constant with one number for each of the last axis, at an input that nothing has looked at: channels are
 * last there. */
static int with_constant(struct onnx *x, const onnx_node *node, size_t activation, enum arithmetic what,
                         struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, activation, e);
    const struct onnx_constant *c = v ? onnx_constant_input(x, node, 1 - activation, e) : NULL;
    if (!c || onnx_any(x, v, e))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor];
    double *both = neutral(t.c);
    if (!both)
        return error_set(e, "out of memory");
    int failed = per_channel(c, &v->view, &t, both, e) || arrange(what, activation == 1, t.c, both, e) ||
                 onnx_scale_shift(x, node, v, both, both + t.c, e);
    free(both);
    return failed ? -1 : 0;
}

static int arithmetic(struct onnx *x, const onnx_node *node, enum arithmetic what, struct error *e)
{
    if (onnx_is_constant(x, node, 0))
        return with_constant(x, node, 1, what, e);
    if (onnx_is_constant(x, node, 1))
        return with_constant(x, node, 0, what, e);
    if (!onnx_activation(x, node, 0, e) || !onnx_activation(x, node, 1, e))
        return -1;
    return error_set(e, "of two activations: only Add and Mul are supported");
}

static bool both_computed(struct onnx *x, const onnx_node *node)
{
    const struct onnx_value *a = onnx_input(x, node, 0), *b = onnx_input(x, node, 1);
    return a && b && a->state == ONNX_ACTIVATION && b->state == ONNX_ACTIVATION;
}

int onnx_sub(struct onnx *x, const onnx_node *node, struct error *e)
{
    return arithmetic(x, node, MINUS, e);
}

int onnx_mul(struct onnx *x, const onnx_node *node, struct error *e)
{
    return both_computed(x, node) ? onnx_product(x, node, e) : arithmetic(x, node, TIMES, e);
}

int onnx_div(struct onnx *x, const onnx_node *node, struct error *e)
{
    return arithmetic(x, node, OVER, e);
}

/* ---- two activations ---- */

static int add_two(struct onnx *x, const onnx_node *node, struct error *e)
{
    char one[96], other[96];
    struct onnx_value *a = onnx_activation(x, node, 0, e), *b = a ? onnx_activation(x, node, 1, e) : NULL;
    if (!b || onnx_any(x, a, e) || onnx_any(x, b, e))
        return -1;
    struct net_tensor t = x->net->tensors[a->view.tensor];
    if (!onnx_view_equal(&a->view, &b->view) || memcmp(&t, &x->net->tensors[b->view.tensor], sizeof t))
        return error_set(e, "of shapes %s and %s: only equal shapes are supported",
                         onnx_view_text(a->view.rank, a->view.dims, one, sizeof one),
                         onnx_view_text(b->view.rank, b->view.dims, other, sizeof other));
    struct net_op op = onnx_op(x, node, NET_ADD, a->view.tensor);
    op.in[1] = b->view.tensor;
    struct onnx_view view = a->view;
    view.tensor = onnx_add_op(x, &op, t.h, t.w, t.c, e);
    return view.tensor < 0 ? -1 : onnx_output(x, node, view, NULL, e);
}

int onnx_add(struct onnx *x, const onnx_node *node, struct error *e)
{
    return both_computed(x, node) ? add_two(x, node, e) : arithmetic(x, node, PLUS, e);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear and DequantizeLinear, and QONNX's Quant, which is both in one: constants become what their integers stand for and
// keep scales and width; activations get a grid.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Integers of one width. */
struct grid {
    int bits;
    bool is_signed, narrow;
    const struct onnx_constant *scale, *zero; // zero may be NULL
    int axis;                                 // of the tensor, along which there is a scale for each place; -1: one for all
};

static int64_t least_of(const struct grid *g)
{
    return g->is_signed ? -(1ll << (g->bits - 1)) + g->narrow : 0;
}

static int64_t most_of(const struct grid *g)
{
    return g->is_signed ? (1ll << (g->bits - 1)) - 1 : (1ll << g->bits) - 1 - g->narrow;
}

static double scale_at(const struct grid *g, size_t k)
{
    return onnx_constant_number(g->scale, g->scale->elements > 1 ? k : 0);
}

static double zero_at(const struct grid *g, size_t k)
{
    return g->zero ? onnx_constant_number(g->zero, g->zero->elements > 1 ? k : 0) : 0;
}

static int check_grid(const struct grid *g, struct error *e)
{
    if (!g->scale->floats || !g->scale->elements || (g->zero && g->zero->elements != 1 && g->zero->elements != g->scale->elements))
        return error_set(e, "scales that are no float numbers, or zero points that are not as many");
    for (size_t i = 0; i < g->scale->elements; i++)
        if (!isnormal(g->scale->floats[i]) || g->scale->floats[i] < 0)
            return error_set(e, "a scale of %g", (double)g->scale->floats[i]);
    return 0;
}

/* ---- constants ---- */

/* Which scale belongs to element `i`. */
static size_t place_along(const struct onnx_constant *c, int axis, size_t i)
{
    size_t inner = 1;
    for (int d = axis + 1; d < c->rank; d++)
        inner *= (size_t)c->dims[d];
    return axis < 0 ? 0 : i / inner % (size_t)c->dims[axis];
}

static int check_axis(const struct onnx_constant *c, const struct grid *g, struct error *e)
{
    if (g->scale->elements > 1 && (g->axis < 0 || g->axis >= c->rank || c->dims[g->axis] != (int64_t)g->scale->elements))
        return error_set(e, "%zu scales that fit no axis of the constant", g->scale->elements);
    return 0;
}

/* The weights' scales, where the integers have no zero point but the middle of their range. */
static int keep_scales(const struct grid *g, struct onnx_constant *to, struct error *e)
{
    double middle = g->is_signed ? 0 : (double)(1ll << (g->bits - 1));
    for (size_t i = 0; i < g->scale->elements; i++)
        if (zero_at(g, i) != middle)
            return 0;
    to->scales = malloc(g->scale->elements * sizeof *to->scales);
    if (!to->scales)
        return error_set(e, "out of memory");
    memcpy(to->scales, g->scale->floats, g->scale->elements * sizeof *to->scales);
    to->n_scales = g->scale->elements;
    to->scale_axis = g->scale->elements > 1 ? g->axis : -1;
    to->w_bits = g->bits;
    return 0;
}

static int new_constant(const struct onnx_constant *from, bool floats, struct onnx_constant *to, struct error *e)
{
    *to = (struct onnx_constant){.rank = from->rank, .elements = from->elements};
    memcpy(to->dims, from->dims, sizeof to->dims);
    if (floats)
        to->floats = malloc((to->elements + 1) * sizeof *to->floats);
    else
        to->integers = malloc((to->elements + 1) * sizeof *to->integers);
    return to->floats || to->integers ? 0 : error_set(e, "out of memory");
}

static int64_t rounded(const struct grid *g, double value, size_t k)
{
    double q = nearbyint(value / scale_at(g, k)) + zero_at(g, k);
    return (int64_t)fmin(fmax(q, (double)least_of(g)), (double)most_of(g));
}

/* From float to the integers, to what they stand for, or both. */
static int convert(struct onnx *x, const onnx_node *node, const struct grid *g, bool quantize, bool dequantize, struct error *e)
{
    struct onnx_constant to;
    const struct onnx_constant *from = onnx_constant_input(x, node, 0, e);
    if (!from || check_axis(from, g, e))
        return -1;
    if ((quantize && !from->floats) || (!quantize && !from->integers))
        return error_set(e, "numbers of another type");
    if (new_constant(from, dequantize, &to, e))
        return -1;
    for (size_t i = 0; i < from->elements; i++) {
        size_t k = place_along(from, g->axis, i);
        int64_t q = quantize ? rounded(g, (double)from->floats[i], k) : from->integers[i];
        if (dequantize)
            to.floats[i] = (float)(((double)q - zero_at(g, k)) * scale_at(g, k));
        else
            to.integers[i] = q;
    }
    to.type = g->is_signed ? ONNX_TYPE_INT8 : ONNX_TYPE_UINT8;
    if (dequantize && keep_scales(g, &to, e)) {
        onnx_constant_free(&to);
        return -1;
    }
    return onnx_output_constant(x, node, to, e);
}

/* ---- activations ---- */

static bool same(const struct net_grid *a, const struct net_grid *b)
{
    return a->bits == b->bits && a->scale == b->scale && a->zero_point == b->zero_point;
}

/* To another scale, as a depthwise layer of ones. */
static int requantize(struct onnx *x, const onnx_node *node, struct onnx_value *v, const struct net_grid *g, struct error *e)
{
    struct net_tensor t = x->net->tensors[v->view.tensor];
    struct net_op op = onnx_op(x, node, NET_CONV, v->view.tensor);
    struct onnx_view view = v->view;
    struct net_op *pool = onnx_producer(x, v, false);
    int failed = pool ? net_pool_to_layer(x->net, pool, g, e) : 1;
    if (failed <= 0)
        return failed ? -1 : onnx_output(x, node, view, v, e);
    if (net_average_weights(&op, t.c, 1, e)) {
        net_op_finish(&op);
        return -1;
    }
    net_clamp_to_grid(&op, g);
    view.tensor = onnx_add_op(x, &op, t.h, t.w, t.c, e);
    if (view.tensor < 0)
        return -1;
    x->net->grids[view.tensor] = *g;
    return onnx_output(x, node, view, NULL, e);
}

/* The grid that the value's tensor has, or will have: a pool keeps its input's. */
static struct net_grid grid_of(const struct onnx *x, const struct onnx_value *v)
{
    const struct net *n = x->net;
    int t = v->view.tensor;
    for (int i = n->n_ops - 1; i >= 0 && t >= 0 && !n->grids[t].bits; i--)
        if (n->ops[i].out == t && (n->ops[i].kind == NET_AVGPOOL || n->ops[i].kind == NET_MAXPOOL))
            t = n->ops[i].in[0];
    return t < 0 || (t == x->settled.tensor && !n->grids[t].bits) ? x->input_grid : n->grids[t];
}

static int set_grid(struct onnx *x, const onnx_node *node, struct onnx_value *v, const struct net_grid *g, bool narrow, struct error *e)
{
    struct net_grid has = grid_of(x, v);
    bool is_input = v->view.tensor < 0 || v->view.tensor == x->settled.tensor;
    if (has.bits && !same(&has, g)) {
        if (onnx_any(x, v, e))
            return -1;
        return requantize(x, node, v, g, e);
    }
    struct net_op *op = is_input ? NULL : onnx_producer(x, v, true);
    if (is_input)
        x->input_grid = *g;
    else
        x->net->grids[v->view.tensor] = *g;
    if (op) {
        struct net_grid from = *g;
        net_clamp_to_grid(op, &from);
        if (narrow)
            op->act_min = fmaxf(op->act_min, g->scale * (float)(1 - (1 << (g->bits - 1)) - g->zero_point));
    }
    return onnx_output(x, node, v->view, v, e);
}

static int take_activation(struct onnx *x, const onnx_node *node, const struct grid *g, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    double zero = zero_at(g, 0) - (g->is_signed ? 0 : (double)(1ll << (g->bits - 1)));
    if (!v)
        return -1;
    if (g->scale->elements != 1)
        return error_set(e, "activations with a scale for each channel are not supported");
    if (g->bits > 16 || (g->bits > 8 && g->bits < 16) || g->bits < 2)
        return error_set(e, "activations of %d bits are not supported (2 to 8 and 16 are)", g->bits);
    if (zero != nearbyint(zero) || fabs(zero) > (double)(1ll << (g->bits - 1)) || (g->bits == 16 && zero != 0))
        return error_set(e, "a zero point of %g", zero_at(g, 0));
    struct net_grid to = {g->scale->floats[0], (int32_t)zero, g->bits};
    return set_grid(x, node, v, &to, g->is_signed && g->narrow, e);
}

/* ---- the operators ---- */

static bool is_constant(struct onnx *x, const onnx_node *node)
{
    const struct onnx_value *v = onnx_input(x, node, 0);
    return v && (v->state == ONNX_ENCODED || v->state == ONNX_CONSTANT);
}

static int set_type(struct grid *g, int type, struct error *e)
{
    g->is_signed = type != ONNX_TYPE_UINT8 && type != ONNX_TYPE_UINT16;
    g->bits = type == ONNX_TYPE_INT8 || type == ONNX_TYPE_UINT8     ? 8
              : type == ONNX_TYPE_INT16 || type == ONNX_TYPE_UINT16 ? 16
              : type == ONNX_TYPE_INT32                             ? 32
                                                                    : 0;
    return g->bits ? 0 : error_set(e, "integers of data type %d are not supported", type);
}

/* Scale, zero point and axis; the type is the zero point's, or `otherwise`. */
static int read_linear(struct onnx *x, const onnx_node *node, int otherwise, struct grid *g, struct error *e)
{
    *g = (struct grid){.scale = onnx_constant_input(x, node, 1, e)};
    if (!g->scale)
        return -1;
    if (onnx_has_input(node, 2) && !(g->zero = onnx_constant_input(x, node, 2, e)))
        return -1;
    const struct onnx_value *v = onnx_input(x, node, 0);
    int rank = v && v->state == ONNX_CONSTANT ? v->constant.rank : 0;
    int64_t axis = onnx_attribute_int(node, "axis", 1);
    axis = axis < 0 ? axis + rank : axis;
    g->axis = g->scale->elements > 1 && axis >= 0 && axis < rank ? (int)axis : -1;
    return set_type(g, g->zero ? g->zero->type : otherwise, e) || check_grid(g, e) ? -1 : 0;
}

int onnx_quantize_linear(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct grid g;
    bool constant = is_constant(x, node);
    if ((constant && !onnx_constant_input(x, node, 0, e)) || read_linear(x, node, ONNX_TYPE_UINT8, &g, e))
        return -1;
    return constant ? convert(x, node, &g, true, false, e) : take_activation(x, node, &g, e);
}

int onnx_dequantize_linear(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct grid g;
    if (!is_constant(x, node))
        return onnx_identity(x, node, e); // its QuantizeLinear has said all
    const struct onnx_constant *c = onnx_constant_input(x, node, 0, e);
    if (!c || read_linear(x, node, c->type, &g, e))
        return -1;
    return convert(x, node, &g, false, true, e);
}

/* The one axis that several scales follow, counted from the tensor's first. */
static int axis_of(const struct onnx_constant *scale, int rank)
{
    for (int d = 0; d < scale->rank; d++)
        if (scale->dims[d] > 1)
            return d + rank - scale->rank;
    return -1;
}

int onnx_quant(struct onnx *x, const onnx_node *node, struct error *e)
{
    char mode[16];
    bool constant = is_constant(x, node);
    const struct onnx_constant *c = constant ? onnx_constant_input(x, node, 0, e) : NULL,
                               *scale = onnx_constant_input(x, node, 1, e), *zero = scale ? onnx_constant_input(x, node, 2, e) : NULL,
                               *bits = zero ? onnx_constant_input(x, node, 3, e) : NULL;
    if ((constant && !c) || !bits)
        return -1;
    if (bits->elements != 1 || !(onnx_constant_number(bits, 0) >= 2) || onnx_constant_number(bits, 0) > 32)
        return error_set(e, "a bit width that is not one number of 2 to 32");
    onnx_attribute_text(node, "rounding_mode", mode, sizeof mode);
    if (mode[0] && strcmp(mode, "ROUND"))
        return error_set(e, "rounding_mode %s is not supported", mode);
    struct grid g = {.bits = (int)onnx_constant_number(bits, 0), .scale = scale, .zero = zero};
    g.is_signed = onnx_attribute_int(node, "signed", 1) != 0;
    g.narrow = onnx_attribute_int(node, "narrow", 0) != 0;
    g.axis = c && scale->elements > 1 ? axis_of(scale, c->rank) : -1;
    if (check_grid(&g, e))
        return -1;
    return constant ? convert(x, node, &g, true, true, e) : take_activation(x, node, &g, e);
}

/* ---- for layers ---- */

/* Biases of a scale that is the input's times the weights', where float32 has not rounded the integers. */
static int give_biases(const struct onnx *x, const struct onnx_constant *b, size_t channels, struct net_op *op, struct error *e)
{
    int in = op->in[0];
    struct net_grid g = in == x->settled.tensor && !x->net->grids[in].bits ? x->input_grid : x->net->grids[in];
    bool fits = b && b->w_bits == 32 && b->elements == channels && g.bits;
    for (size_t c = 0; c < channels && fits; c++) {
        double scale = (double)b->scales[b->n_scales > 1 ? c : 0], wanted = (double)g.scale * (double)op->given.scales[c];
        fits = fabs(scale / wanted - 1) < 1e-4 && fabs((double)b->floats[c] / scale) < 4194304;
    }
    if (b && !fits)
        return 0;
    if (!(op->given.bias = calloc(channels, sizeof *op->given.bias)))
        return error_set(e, "out of memory");
    for (size_t c = 0; b && c < channels; c++)
        op->given.bias[c] = (int32_t)lrint((double)b->floats[c] / (double)b->scales[b->n_scales > 1 ? c : 0]);
    return 0;
}

int onnx_give(const struct onnx *x, const struct onnx_constant *w, int axis, size_t channels, const struct onnx_constant *b,
              struct net_op *op, struct error *e)
{
    if (!w->scales || w->w_bits > 16 || (w->n_scales > 1 && (w->scale_axis != axis || w->n_scales != channels)))
        return 0;
    if (!(op->given.scales = malloc(channels * sizeof *op->given.scales)))
        return error_set(e, "out of memory");
    op->given.w_bits = w->w_bits;
    for (size_t c = 0; c < channels; c++)
        op->given.scales[c] = w->scales[w->n_scales > 1 ? c : 0];
    return give_biases(x, b, channels, op, e);
}

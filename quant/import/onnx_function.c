// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Functions of each value, and products of two activations.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <string.h>

/* The function behind an operator, with what its attributes are where the file does not say. */
static const struct {
    const char *type;
    struct function function;
} functions[] = {
    {"Elu", {FUNCTION_ELU, 1, 0}},
    {"Gelu", {FUNCTION_GELU, 0, 0}},
    {"HardSigmoid", {FUNCTION_HARD_SIGMOID, 0.2f, 0.5f}},
    {"HardSwish", {FUNCTION_HARD_SWISH, 0, 0}},
    {"LeakyRelu", {FUNCTION_LEAKY_RELU, 0.01f, 0}},
    {"Sigmoid", {FUNCTION_SIGMOID, 0, 0}},
    {"Softplus", {FUNCTION_SOFTPLUS, 0, 0}},
    {"Tanh", {FUNCTION_TANH, 0, 0}},
};

static int read_function(const onnx_node *node, struct function *f, struct error *e)
{
    char way[16];
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(functions[i].type, node->op_type))
            *f = functions[i].function;
    if (f->alpha != 0)
        f->alpha = onnx_attribute_float(node, "alpha", f->alpha);
    if (f->beta != 0)
        f->beta = onnx_attribute_float(node, "beta", f->beta);
    onnx_attribute_text(node, "approximate", way, sizeof way);
    return way[0] && strcmp(way, "none") ? error_set(e, "approximate %s is not supported", way) : 0;
}

int onnx_add_function(struct onnx *x, const onnx_node *node, const struct onnx_value *v, const struct function *f, struct error *e)
{
    struct net_tensor t = x->net->tensors[v->view.tensor];
    struct net_op op = onnx_op(x, node, NET_LOOKUP, v->view.tensor);
    struct onnx_view view = v->view;
    op.function = *f;
    view.tensor = onnx_add_op(x, &op, t.h, t.w, t.c, e);
    return view.tensor < 0 ? -1 : onnx_output(x, node, view, NULL, e);
}

int onnx_function(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct function f = {FUNCTION_NONE, 0, 0};
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    return !v || onnx_any(x, v, e) || read_function(node, &f, e) ? -1 : onnx_add_function(x, node, v, &f, e);
}

/* With one slope, or as many that are alike, it is a LeakyRelu. */
int onnx_prelu(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    const struct onnx_constant *c = v ? onnx_constant_input(x, node, 1, e) : NULL;
    if (!c || onnx_any(x, v, e))
        return -1;
    if (!c->elements)
        return error_set(e, "no slopes");
    struct function f = {FUNCTION_LEAKY_RELU, (float)onnx_constant_number(c, 0), 0};
    for (size_t i = 1; i < c->elements; i++)
        if (onnx_constant_number(c, i) != onnx_constant_number(c, 0))
            return error_set(e, "slopes that differ are not supported");
    return onnx_add_function(x, node, v, &f, e);
}

/* ---- products ---- */

static const struct net_op *writer(const struct onnx *x, int tensor)
{
    for (int i = x->net->n_ops - 1; i >= 0; i--)
        if (x->net->ops[i].out == tensor)
            return &x->net->ops[i];
    return NULL;
}

/* Is `gate` a function of `v` by which a product with v is a function again? The one before is dropped when nothing else reads it. */
static bool is_gate_of(const struct onnx *x, const struct onnx_value *v, const struct onnx_value *gate, struct function *f)
{
    const struct net_op *op = writer(x, gate->view.tensor);
    if (!op || op->kind != NET_LOOKUP || op->in[0] != v->view.tensor || isfinite(op->act_min) || isfinite(op->act_max) ||
        !onnx_view_equal(&v->view, &gate->view))
        return false;
    bool hard = op->function.kind == FUNCTION_HARD_SIGMOID && fabsf(op->function.alpha * 6 - 1) < 1e-4f && op->function.beta == 0.5f;
    *f = (struct function){hard ? FUNCTION_HARD_SWISH : FUNCTION_SILU, 0, 0};
    return hard || op->function.kind == FUNCTION_SIGMOID;
}

/* Does b have one value for each channel of a? Then all of its dimensions are 1, but for the one that stands where a's channels do. */
static bool is_per_channel(const struct onnx *x, const struct onnx_view *a, const struct onnx_view *b)
{
    const struct net_tensor *t = &x->net->tensors[a->tensor], *u = &x->net->tensors[b->tensor];
    if (u->h != 1 || u->w != 1 || u->c != t->c || b->rank > a->rank)
        return false;
    for (int d = 0; d < b->rank; d++)
        if (b->dims[d] != 1 && onnx_view_axes(a, t, a->rank - b->rank + d) != 1u << ONNX_C)
            return false;
    return true;
}

static bool is_same(const struct onnx *x, const struct onnx_view *a, const struct onnx_view *b)
{
    return onnx_view_equal(a, b) && !memcmp(&x->net->tensors[a->tensor], &x->net->tensors[b->tensor], sizeof x->net->tensors[0]);
}

static int add_product(struct onnx *x, const onnx_node *node, const struct onnx_value *a, const struct onnx_value *b,
                       struct error *e)
{
    struct net_tensor t = x->net->tensors[a->view.tensor];
    struct net_op op = onnx_op(x, node, NET_MUL, a->view.tensor);
    struct onnx_view view = a->view;
    op.in[1] = b->view.tensor;
    view.tensor = onnx_add_op(x, &op, t.h, t.w, t.c, e);
    return view.tensor < 0 ? -1 : onnx_output(x, node, view, NULL, e);
}

/* ---- Expand ---- */

/* The shape in input 1, where 1 and the sides of input 0 mean the same, is that of a plane with the channels of input 0. */
static int read_plane(struct onnx *x, const onnx_node *node, const struct onnx_view *from, struct onnx_view *to, struct error *e)
{
    const struct onnx_constant *c = onnx_constant_input(x, node, 1, e);
    if (!c)
        return -1;
    bool fits = c->integers && c->rank == 1 && c->elements >= 1 && c->elements <= 4;
    for (int d = 0; fits && d < 4; d++) {
        int at = d - 4 + (int)c->elements;
        int64_t side = at < 0 ? 1 : c->integers[at];
        bool batch = d == 0 && side == x->batch;
        fits = side >= 1 && (d < 2 ? side == 1 || side == from->dims[d] || batch : side <= NET_SIDE_MAX);
        to->dims[d] = d < 2 ? from->dims[d] : side;
    }
    return fits ? 0 : error_set(e, "only one value for each channel becomes a plane");
}

int onnx_expand(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_plane(x, v, false, e))
        return -1;
    struct onnx_view view = v->view;
    if (view.dims[2] != 1 || view.dims[3] != 1)
        return error_set(e, "only one value for each channel becomes a plane");
    if (read_plane(x, node, &v->view, &view, e))
        return -1;
    view.expanded = view.dims[2] > 1 || view.dims[3] > 1;
    return onnx_output(x, node, view, v, e);
}

/* Input `i` as a factor, copied to `as`; what Expand made of one value for each channel is that again, if the other one is a plane
 * of its size. Returns 0, or -1 with the reason. */
static int factor(struct onnx *x, const onnx_node *node, size_t i, struct onnx_value *as, struct error *e)
{
    struct onnx_value *v = onnx_input(x, node, i);
    const struct onnx_value *other = onnx_input(x, node, 1 - i);
    if (!v || v->state != ONNX_ACTIVATION || !v->view.expanded) {
        v = onnx_activation(x, node, i, e);
        if (!v || onnx_any(x, v, e))
            return -1;
        *as = *v;
        return 0;
    }
    bool fits = other && other->state == ONNX_ACTIVATION && !other->view.expanded && other->view.rank == 4 &&
                !memcmp(other->view.dims, v->view.dims, 4 * sizeof *v->view.dims);
    *as = *v;
    as->view = onnx_view_plane(v->view.tensor, &x->net->tensors[v->view.tensor]);
    return fits ? 0 : error_set(e, "what Expand made is supported only as a factor of a plane of its size");
}

int onnx_product(struct onnx *x, const onnx_node *node, struct error *e)
{
    char one[96], other[96];
    struct function f;
    struct onnx_value a, b;
    if (factor(x, node, 0, &a, e) || factor(x, node, 1, &b, e))
        return -1;
    if (is_gate_of(x, &a, &b, &f))
        return onnx_add_function(x, node, &a, &f, e);
    if (is_gate_of(x, &b, &a, &f))
        return onnx_add_function(x, node, &b, &f, e);
    if (is_same(x, &a.view, &b.view) || is_per_channel(x, &a.view, &b.view))
        return add_product(x, node, &a, &b, e);
    if (is_per_channel(x, &b.view, &a.view))
        return add_product(x, node, &b, &a, e);
    return error_set(e, "of shapes %s and %s: only equal shapes, and one value for each channel, are supported",
                     onnx_view_text(a.view.rank, a.view.dims, one, sizeof one),
                     onnx_view_text(b.view.rank, b.view.dims, other, sizeof other));
}

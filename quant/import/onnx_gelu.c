// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// GELU as files spell it out before operator set 20: Div by sqrt(2), Erf, Add 1, Mul, Mul 0.5, in the order of PyTorch's exporter or with
// the half first.
//
// As of RMSNorm (onnx_sequence.c), views of x say how far it has got. What has been added for x / sqrt(2) and x / 2, layers of equal
// weights, nobody reads then, and net_seal drops them.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <string.h>

#define SQRT_HALF 0.70710678118654752440

/* The tensor that layer t is `factor` times, each value by itself; -1 if it is another layer. */
static int scaled_of(const struct onnx *x, int t, double factor)
{
    for (int i = 0; i < x->net->n_ops; i++) {
        const struct net_op *op = &x->net->ops[i];
        if (op->out != t)
            continue;
        int channels = x->net->tensors[t].c;
        bool plain = op->kind == NET_CONV && op->groups == channels && x->net->tensors[op->in[0]].c == channels && op->kernel_h == 1 &&
                     op->kernel_w == 1 && op->stride_h == 1 && op->stride_w == 1 && isinf(op->act_min) && isinf(op->act_max) &&
                     !op->pad_top && !op->pad_left && !op->pad_bottom && !op->pad_right;
        for (int c = 0; plain && c < channels; c++)
            plain = fabs((double)op->weights[c] / factor - 1) < 1e-5 && (!op->bias || op->bias[c] == 0);
        return plain ? op->in[0] : -1;
    }
    return -1;
}

/* Is the constant input `i` one number, and which? */
static bool is_number(struct onnx *x, const onnx_node *node, size_t i, double number)
{
    struct error ignored;
    const struct onnx_value *v = onnx_input(x, node, i);
    const struct onnx_constant *c = v && v->state != ONNX_ACTIVATION ? onnx_constant_input(x, node, i, &ignored) : NULL;
    return c && c->elements == 1 && onnx_constant_number(c, 0) == number;
}

/* What is made of x is looked at; its tensor must stay as it is. */
static int go_on(struct onnx *x, const onnx_node *node, struct onnx_view view, enum onnx_part part, struct error *e)
{
    view.part = part;
    return onnx_output_at(x, node, 0, view, true, e);
}

int onnx_erf(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_any(x, v, e))
        return -1;
    struct onnx_view view = v->view;
    view.tensor = scaled_of(x, view.tensor, SQRT_HALF);
    return view.tensor < 0 ? error_set(e, "only erf(x / sqrt(2)), as a part of GELU, is supported") : go_on(x, node, view, ONNX_PART_ERF, e);
}

static int finish(struct onnx *x, const onnx_node *node, const struct onnx_view *view, struct error *e)
{
    const struct function gelu = {FUNCTION_GELU, 0, 0};
    struct onnx_value v = {.state = ONNX_ACTIVATION, .view = *view};
    v.view.part = ONNX_PART_NONE;
    return onnx_add_function(x, node, &v, &gelu, e);
}

/* 1 + erf(x / sqrt(2)) times x, or times x / 2. */
static int multiply(struct onnx *x, const onnx_node *node, const struct onnx_view *gate, size_t other, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, other, e);
    if (!v || onnx_any(x, v, e))
        return -1;
    bool same = onnx_view_equal(&v->view, gate);
    if (same && v->view.tensor == gate->tensor)
        return go_on(x, node, *gate, ONNX_PART_TWICE, e);
    if (same && scaled_of(x, v->view.tensor, 0.5) == gate->tensor)
        return finish(x, node, gate, e);
    return error_set(e, "1 + erf(x / sqrt(2)) is supported only as a factor of x");
}

int onnx_take_gelu(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_value *first = onnx_input(x, node, 0);
    size_t at = first && first->state == ONNX_ACTIVATION && first->view.part ? 0 : 1;
    const struct onnx_view view = onnx_input(x, node, at)->view;
    bool product = !strcmp(node->op_type, "Mul"), quotient = !strcmp(node->op_type, "Div") && at == 0;
    if (view.part == ONNX_PART_ERF && !strcmp(node->op_type, "Add") && is_number(x, node, 1 - at, 1))
        return go_on(x, node, view, ONNX_PART_GATE, e);
    if (view.part == ONNX_PART_GATE && product)
        return multiply(x, node, &view, 1 - at, e);
    if (view.part == ONNX_PART_TWICE && ((product && is_number(x, node, 1 - at, 0.5)) || (quotient && is_number(x, node, 1, 2))))
        return finish(x, node, &view, e);
    return error_set(e, "erf is supported only as a part of GELU, x * (1 + erf(x / sqrt(2))) / 2");
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What networks over sequences have: RMSNorm, which files spell out in five or six nodes, and the selective scan.
//
// A root mean square adds nothing to the network while it is spelled out: each node's output is a view of the tensor that it is of,
// marked with how far it has got. The division adds the operation.
#include "quant/import/onnx_operators.h"

#include <stdlib.h>
#include <string.h>

/* ---- RMSNorm ---- */

static const struct onnx_value *part(struct onnx *x, const onnx_node *node, size_t i)
{
    const struct onnx_value *v = onnx_input(x, node, i);
    return v && v->state == ONNX_ACTIVATION && v->view.part ? v : NULL;
}

bool onnx_reads_part(struct onnx *x, const onnx_node *node)
{
    return part(x, node, 0) || part(x, node, 1);
}

static int go_on(struct onnx *x, const onnx_node *node, const struct onnx_value *v, enum onnx_part root, float epsilon,
                 struct error *e)
{
    struct onnx_view view = v->view;
    view.part = root, view.epsilon = epsilon;
    return onnx_output(x, node, view, v, e);
}

/* The one number of constant input `i`. Returns 0, or -1 with the reason. */
static int number_of(struct onnx *x, const onnx_node *node, size_t i, double *number, struct error *e)
{
    const struct onnx_constant *c = onnx_constant_input(x, node, i, e);
    if (!c || c->elements != 1)
        return c ? error_set(e, "a constant of %zu numbers where one is needed", c->elements) : -1;
    *number = onnx_constant_number(c, 0);
    return 0;
}

int onnx_square(struct onnx *x, const onnx_node *node, struct error *e)
{
    double exponent = 0;
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || number_of(x, node, 1, &exponent, e) || (v->view.rank == 3 ? onnx_sequence(x, v, false, e) : onnx_any(x, v, e)))
        return -1;
    return exponent == 2 ? go_on(x, node, v, ONNX_PART_SQUARE, 0, e)
                         : error_set(e, "a power of %g: only squares, for a root mean square, are supported", exponent);
}

static int take_mean(struct onnx *x, const onnx_node *node, const struct onnx_value *v, struct error *e)
{
    int axes[ONNX_RANK_MAX], n;
    if (onnx_axes(x, node, 1, v->view.rank, axes, &n, e))
        return -1;
    if (n != 1 || onnx_view_axes(&v->view, &x->net->tensors[v->view.tensor], axes[0]) != 1u << ONNX_C ||
        !onnx_attribute_int(node, "keepdims", 1))
        return error_set(e, "a mean of squares is supported over the channels alone, with keepdims");
    return go_on(x, node, v, ONNX_PART_MEAN, 0, e);
}

static int add_epsilon(struct onnx *x, const onnx_node *node, const struct onnx_value *v, size_t constant, struct error *e)
{
    double epsilon = 0;
    if (number_of(x, node, constant, &epsilon, e))
        return -1;
    return go_on(x, node, v, ONNX_PART_MEAN, v->view.epsilon + (float)epsilon, e);
}

static int divide(struct onnx *x, const onnx_node *node, size_t whole, const struct onnx_value *v, struct error *e)
{
    struct onnx_value *of = onnx_activation(x, node, whole, e);
    if (!of)
        return -1;
    if (!onnx_view_equal(&of->view, &v->view) || of->view.tensor != v->view.tensor)
        return error_set(e, "a root mean square is supported only as the divisor of what it is of");
    struct net_tensor t = x->net->tensors[of->view.tensor];
    struct net_op op = onnx_op(x, node, NET_RMSNORM, of->view.tensor);
    struct onnx_view view = of->view;
    op.epsilon = v->view.epsilon;
    if (!(op.weights = malloc((size_t)t.c * sizeof *op.weights)))
        return error_set(e, "out of memory");
    for (int c = 0; c < t.c; c++)
        op.weights[c] = 1;
    view.tensor = onnx_add_op(x, &op, t.h, t.w, t.c, e);
    return view.tensor < 0 ? -1 : onnx_output(x, node, view, NULL, e);
}

int onnx_take_part(struct onnx *x, const onnx_node *node, struct error *e)
{
    const char *type = node->op_type;
    size_t at = part(x, node, 0) ? 0 : 1;
    const struct onnx_value *v = part(x, node, at);
    enum onnx_part root = v->view.part;
    if (root >= ONNX_PART_ERF)
        return onnx_take_gelu(x, node, e);
    if (root == ONNX_PART_SQUARE && !strcmp(type, "ReduceMean"))
        return take_mean(x, node, v, e);
    if (root == ONNX_PART_MEAN && !strcmp(type, "Add"))
        return add_epsilon(x, node, v, 1 - at, e);
    if (root == ONNX_PART_MEAN && !strcmp(type, "Sqrt"))
        return go_on(x, node, v, ONNX_PART_ROOT, v->view.epsilon, e);
    if (root == ONNX_PART_ROOT && !strcmp(type, "Reciprocal"))
        return go_on(x, node, v, ONNX_PART_INVERSE, v->view.epsilon, e);
    if ((root == ONNX_PART_ROOT && !strcmp(type, "Div") && at == 1) || (root == ONNX_PART_INVERSE && !strcmp(type, "Mul")))
        return divide(x, node, 1 - at, v, e);
    return error_set(e, "squares, means and roots are supported only as parts of RMSNorm");
}

/* ---- SelectiveScan ---- */

/* A constant of these sides, as floats of our own: NULL with the reason. */
static float *copied(struct onnx *x, const onnx_node *node, size_t i, int64_t rows, int64_t columns, struct error *e)
{
    char text[96];
    const struct onnx_constant *c = onnx_constant_input(x, node, i, e);
    if (!c)
        return NULL;
    bool fits = c->floats && c->elements == (size_t)(rows * columns) && c->dims[c->rank - 1] == columns;
    float *to = fits ? malloc(c->elements * sizeof *to) : NULL;
    if (to)
        memcpy(to, c->floats, c->elements * sizeof *to);
    else
        error_set(e, fits ? "out of memory" : "input %zu of shape %s", i, onnx_view_text(c->rank, c->dims, text, sizeof text));
    return to;
}

static int add_scan(struct onnx *x, const onnx_node *node, struct net_op *op, struct error *e)
{
    struct net_tensor u = x->net->tensors[op->in[0]];
    if (x->net->tensors[op->in[2]].c > NET_STATES_MAX)
        return error_set(e, "%d states, more than %d", x->net->tensors[op->in[2]].c, NET_STATES_MAX);
    op->weights = copied(x, node, 2, u.c, x->net->tensors[op->in[2]].c, e);
    if (!op->weights)
        return -1;
    if (onnx_has_input(node, 5) && !(op->bias = copied(x, node, 5, 1, u.c, e))) {
        free(op->weights);
        return -1;
    }
    int out = onnx_add_op(x, op, u.h, u.w, u.c, e);
    return out < 0 ? -1 : onnx_output(x, node, onnx_view_sequence(out, &x->net->tensors[out], false), NULL, e);
}

int onnx_selective_scan(struct onnx *x, const onnx_node *node, struct error *e)
{
    static const size_t inputs[NET_INPUTS_MAX] = {0, 1, 3, 4};
    struct net_op op = {.kind = NET_NONE};
    for (int k = 0; k < NET_INPUTS_MAX; k++) {
        struct onnx_value *v = onnx_activation(x, node, inputs[k], e);
        if (!v || onnx_sequence(x, v, false, e))
            return -1;
        if (k == 0)
            op = onnx_op(x, node, NET_SCAN, v->view.tensor);
        op.in[k] = v->view.tensor;
    }
    if (onnx_attribute_int(node, "delta_softplus", 0))
        op.function.kind = FUNCTION_SOFTPLUS;
    return add_scan(x, node, &op, e);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Activations that clamp, and the softmax at the end, which changes no arg-max and is left away.
#include "quant/import/onnx_operators.h"

#include <math.h>

int onnx_relu(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    return !v || onnx_any(x, v, e) ? -1 : onnx_clamp(x, node, v, 0, INFINITY, e);
}

/* A bound is an attribute before operator set 11, an input from then on. */
static int read_bound(struct onnx *x, const onnx_node *node, const char *name, size_t input, float *bound,
                      struct error *e)
{
    *bound = onnx_attribute_float(node, name, *bound);
    if (!onnx_has_input(node, input))
        return 0;
    const struct onnx_constant *c = onnx_constant_input(x, node, input, e);
    if (!c)
        return -1;
    if (c->elements != 1)
        return error_set(e, "%s of %zu numbers", name, c->elements);
    *bound = (float)onnx_constant_number(c, 0);
    return 0;
}

int onnx_clip(struct onnx *x, const onnx_node *node, struct error *e)
{
    float low = -INFINITY, high = INFINITY;
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_any(x, v, e) || read_bound(x, node, "min", 1, &low, e) ||
        read_bound(x, node, "max", 2, &high, e))
        return -1;
    return onnx_clamp(x, node, v, low, high, e);
}

/* Is it over all of a vector's values? Before operator set 13 it is over all axes from `axis` on. */
static bool is_over_all(const struct onnx *x, const onnx_node *node, const struct onnx_view *v, int values)
{
    int64_t axis = onnx_attribute_int(node, "axis", x->opset < 13 ? 1 : -1), n = 1;
    axis = axis < 0 ? axis + v->rank : axis;
    if (axis < 0 || axis >= v->rank)
        return false;
    int end = x->opset < 13 ? v->rank : (int)axis + 1;
    for (int d = (int)axis; d < end; d++)
        n *= v->dims[d];
    return n == values && (axis > 0 || x->opset < 13);
}

int onnx_softmax(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_any(x, v, e))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor];
    if (t.h != 1 || t.w != 1)
        return error_set(e, "over a plane is not supported");
    if (!is_over_all(x, node, &v->view, t.c))
        return error_set(e, "over an axis that has not all of %d values is not supported", t.c);
    struct onnx_view view = v->view;
    view.softmax = true;
    return onnx_output(x, node, view, v, e);
}

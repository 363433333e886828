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

int onnx_softmax(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_any(x, v, e))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor];
    if (t.h != 1 || t.w != 1)
        return error_set(e, "over a plane is not supported");
    struct onnx_view view = v->view;
    view.softmax = true;
    return onnx_output(x, node, view, v, e);
}

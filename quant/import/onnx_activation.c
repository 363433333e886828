// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Activations that clamp, and softmaxes. At the end of a classifier these change no arg-max and are left away: onnx.c does so, of
// LogSoftmax nothing else is taken.
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

/* Is it over the channels of `v`, each pixel by itself? Before operator set 13 it is over all axes from `axis` on. */
static bool is_over_channels(const struct onnx *x, const onnx_node *node, const struct onnx_view *v, const struct net_tensor *t)
{
    int64_t axis = onnx_attribute_int(node, "axis", x->opset < 13 ? 1 : -1);
    unsigned over = 0;
    axis = axis < 0 ? axis + v->rank : axis;
    if (axis < 0 || axis >= v->rank || (axis == 0 && x->opset >= 13))
        return false;
    int end = x->opset < 13 ? v->rank : (int)axis + 1;
    for (int d = (int)axis; d < end; d++)
        over |= onnx_view_axes(v, t, d);
    return over == (t->c > 1 ? 1u << ONNX_C : 0);
}

int onnx_softmax(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_any(x, v, e))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor];
    if (!is_over_channels(x, node, &v->view, &t))
        return error_set(e, "over other axes than the channels of a plane, or all of a vector, is not supported");
    struct net_op op = onnx_op(x, node, NET_SOFTMAX, v->view.tensor);
    struct onnx_view view = v->view;
    view.tensor = onnx_add_op(x, &op, t.h, t.w, t.c, e);
    return view.tensor < 0 ? -1 : onnx_output(x, node, view, NULL, e);
}

int onnx_log_softmax(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_any(x, v, e))
        return -1;
    struct net_tensor t = x->net->tensors[v->view.tensor];
    if (t.h != 1 || t.w != 1 || !is_over_channels(x, node, &v->view, &t))
        return error_set(e, "of other than all of a vector is not supported");
    struct onnx_view view = v->view;
    view.log_softmax = true;
    return onnx_output(x, node, view, v, e);
}

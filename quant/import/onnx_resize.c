// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Resize and Upsample to the nearest pixel, by whole factors.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <string.h>

/* From scales or sizes, whichever input is there. */
static int read_factors(struct onnx *x, const onnx_node *node, const struct onnx_value *v, double factors[4], struct error *e)
{
    bool resize = !strcmp(node->op_type, "Resize") && x->opset > 10;
    size_t scales = resize ? 2 : 1;
    bool sizes = resize && onnx_has_input(node, 3);
    const Onnx__AttributeProto *a = onnx_attribute(node, "scales");
    const struct onnx_constant *c = a ? NULL : onnx_constant_input(x, node, sizes ? 3 : scales, e);
    if (!a && !c)
        return -1;
    if ((a ? a->n_floats : c->elements) != 4)
        return error_set(e, "of chosen axes is not supported");
    for (int d = 0; d < 4; d++)
        factors[d] = a ? (double)a->floats[d] : onnx_constant_number(c, (size_t)d) / (sizes && d ? (double)v->view.dims[d] : 1);
    if (sizes)
        factors[0] = 1; // the batch
    return 0;
}

/* With whole factors all of these come to the same pixel, but for corners that are aligned. */
static int check_way(const onnx_node *node, struct error *e)
{
    char mode[16], coordinates[32], nearest[24];
    onnx_attribute_text(node, "mode", mode, sizeof mode);
    onnx_attribute_text(node, "coordinate_transformation_mode", coordinates, sizeof coordinates);
    onnx_attribute_text(node, "nearest_mode", nearest, sizeof nearest);
    if (mode[0] && strcmp(mode, "nearest"))
        return error_set(e, "mode %s is not supported, only nearest", mode);
    bool asymmetric = !strcmp(coordinates, "asymmetric"), half = !coordinates[0] || !strcmp(coordinates, "half_pixel");
    bool floor = !strcmp(nearest, "floor"), round = !nearest[0] || !strncmp(nearest, "round_prefer_", 13);
    if (!(asymmetric && floor) && !(half && round)) // Upsample has neither attribute
        return error_set(e, "coordinates %s with rounding %s are not supported", coordinates, nearest);
    return onnx_attribute_int(node, "antialias", 0) ? error_set(e, "antialias is not supported") : 0;
}

int onnx_resize(struct onnx *x, const onnx_node *node, struct error *e)
{
    double factors[4];
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    if (!v || onnx_plane(x, v, false, e) || check_way(node, e) || read_factors(x, node, v, factors, e))
        return -1;
    for (int d = 0; d < 4; d++)
        if (!(factors[d] >= 1 && factors[d] <= (d < 2 ? 1 : NET_SIDE_MAX)) || factors[d] != floor(factors[d]))
            return error_set(e, "by a factor of %g along axis %d: only whole factors of height and width are supported", factors[d], d);
    struct net_tensor t = x->net->tensors[v->view.tensor];
    struct net_op op = onnx_op(x, node, NET_RESIZE, v->view.tensor);
    op.stride_h = (int)factors[2], op.stride_w = (int)factors[3];
    if ((int64_t)t.h * op.stride_h > NET_SIDE_MAX || (int64_t)t.w * op.stride_w > NET_SIDE_MAX)
        return error_set(e, "to a side of more than %d", NET_SIDE_MAX);
    int out = onnx_add_op(x, &op, t.h * op.stride_h, t.w * op.stride_w, t.c, e);
    return out < 0 ? -1 : onnx_output(x, node, onnx_view_plane(out, &x->net->tensors[out]), NULL, e);
}

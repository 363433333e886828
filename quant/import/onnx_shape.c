// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What only looks at a tensor in another way, of activations and of constants.
#include "quant/import/onnx_operators.h"

#include <stdlib.h>
#include <string.h>

/* ---- constants ---- */

static int copy_constant(const struct onnx_constant *from, struct onnx_constant *to, struct error *e)
{
    size_t bytes = onnx_constant_bytes(from);
    *to = *from;
    to->floats = NULL;
    to->integers = NULL;
    to->scales = NULL;
    to->n_scales = 0;
    void *data = malloc(bytes + 1);
    if (!data)
        return error_set(e, "out of memory");
    memcpy(data, from->floats ? (const void *)from->floats : (const void *)from->integers, bytes);
    if (from->floats)
        to->floats = data;
    else
        to->integers = data;
    return 0;
}

/* Of what stands for integers. On failure `to` is freed. */
static int copy_scales(const struct onnx_constant *from, struct onnx_constant *to, struct error *e)
{
    to->scales = from->scales ? malloc(from->n_scales * sizeof *to->scales) : NULL;
    if (from->scales && !to->scales) {
        onnx_constant_free(to);
        return error_set(e, "out of memory");
    }
    if (from->scales)
        memcpy(to->scales, from->scales, from->n_scales * sizeof *to->scales);
    to->n_scales = from->n_scales;
    return 0;
}

static int reshape_constant(struct onnx *x, const onnx_node *node, const struct onnx_constant *from, int rank,
                            const int64_t *dims, struct error *e)
{
    struct onnx_constant to;
    int64_t n = onnx_constant_count(rank, dims, e);
    if (n < 0)
        return -1;
    if ((size_t)n != from->elements)
        return error_set(e, "a constant of %zu numbers cannot have %lld", from->elements, (long long)n);
    bool same = rank == from->rank && !memcmp(dims, from->dims, (size_t)rank * sizeof *dims);
    if (copy_constant(from, &to, e) || ((same || from->n_scales == 1) && copy_scales(from, &to, e)))
        return -1;
    to.rank = rank;
    memcpy(to.dims, dims, (size_t)rank * sizeof *dims);
    return onnx_output_constant(x, node, to, e);
}

/* The element that stands at `i` after the transpose. */
static size_t source_index(const struct onnx_constant *from, const struct onnx_constant *to, const int *perm,
                           size_t i)
{
    size_t steps[ONNX_RANK_MAX], index = 0, step = 1;
    for (int d = from->rank - 1; d >= 0; d--) {
        steps[d] = step;
        step *= (size_t)from->dims[d];
    }
    for (int d = to->rank - 1; d >= 0; d--) {
        index += i % (size_t)to->dims[d] * steps[perm[d]];
        i /= (size_t)to->dims[d];
    }
    return index;
}

static int transpose_constant(struct onnx *x, const onnx_node *node, const struct onnx_constant *from,
                              const int *perm, struct error *e)
{
    struct onnx_constant to;
    if (copy_constant(from, &to, e) || copy_scales(from, &to, e))
        return -1;
    for (int d = 0; d < to.rank; d++) {
        to.dims[d] = from->dims[perm[d]];
        to.scale_axis = from->scale_axis == perm[d] ? d : to.scale_axis;
    }
    for (size_t i = 0; i < to.elements; i++) {
        size_t k = source_index(from, &to, perm, i);
        if (to.floats)
            to.floats[i] = from->floats[k];
        else
            to.integers[i] = from->integers[k];
    }
    return onnx_output_constant(x, node, to, e);
}

int onnx_constant_node(struct onnx *x, const onnx_node *node, struct error *e)
{
    const Onnx__AttributeProto *value = onnx_attribute(node, "value");
    const Onnx__AttributeProto *number = onnx_attribute(node, "value_float"),
                               *integer = onnx_attribute(node, "value_int");
    struct onnx_constant c = {0};
    if (value && value->t) {
        if (onnx_constant_decode(value->t, ONNX_CONSTANT_BYTES_MAX - x->constant_bytes, &c, e))
            return -1;
        return onnx_output_constant(x, node, c, e);
    }
    if (!number && !integer)
        return error_set(e, "only value, value_float and value_int are supported");
    c.elements = 1;
    c.floats = number ? malloc(sizeof *c.floats) : NULL;
    c.integers = number ? NULL : malloc(sizeof *c.integers);
    if (!c.floats && !c.integers)
        return error_set(e, "out of memory");
    if (c.floats)
        *c.floats = number->f;
    else
        *c.integers = integer->i;
    return onnx_output_constant(x, node, c, e);
}

/* ---- both ---- */

/* Other dimensions for input 0, whatever it is. */
static int reshape(struct onnx *x, const onnx_node *node, int rank, const int64_t *dims, struct error *e)
{
    if (onnx_is_constant(x, node, 0)) {
        const struct onnx_constant *c = onnx_constant_input(x, node, 0, e);
        return c ? reshape_constant(x, node, c, rank, dims, e) : -1;
    }
    struct onnx_value *v = onnx_input(x, node, 0);
    struct onnx_view view = v->view;
    if (view.split)
        return onnx_join_channels(x, node, v, rank, dims, e);
    if (onnx_can_split(x, &view, rank, dims)) {
        view.split = (int)dims[rank == 3 ? 0 : 1], view.rank = rank;
        memcpy(view.dims, dims, (size_t)rank * sizeof *dims);
        return onnx_output(x, node, view, v, e);
    }
    const struct net_tensor *t = view.tensor < 0 ? NULL : &x->net->tensors[view.tensor];
    if (onnx_view_has_pads(&view))
        return error_set(e, "zero pads before it are not supported");
    if (onnx_view_reshape(&view, t, rank, dims, e))
        return -1;
    onnx_new_way(x, &view);
    return onnx_output(x, node, view, v, e);
}

int onnx_identity(struct onnx *x, const onnx_node *node, struct error *e)
{
    int rank;
    int64_t dims[ONNX_RANK_MAX];
    if (onnx_sides(x, node, &rank, dims, e))
        return -1;
    const struct onnx_value *v = onnx_input(x, node, 0);
    return onnx_is_constant(x, node, 0) ? reshape(x, node, rank, dims, e) : onnx_output(x, node, v->view, v, e);
}

int onnx_dropout(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_constant *training = onnx_has_input(node, 2) ? onnx_constant_input(x, node, 2, e) : NULL;
    if (onnx_has_input(node, 2) && !training)
        return -1;
    if (training && (training->elements != 1 || onnx_constant_number(training, 0) != 0))
        return error_set(e, "training_mode is not supported");
    return onnx_identity(x, node, e);
}

int onnx_flatten(struct onnx *x, const onnx_node *node, struct error *e)
{
    int rank;
    int64_t dims[ONNX_RANK_MAX], both[2] = {1, 1};
    if (onnx_sides(x, node, &rank, dims, e))
        return -1;
    int64_t axis = onnx_attribute_int(node, "axis", 1);
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis > rank)
        return error_set(e, "there is no axis %lld", (long long)axis);
    for (int d = 0; d < rank; d++)
        both[d >= axis] *= dims[d];
    return reshape(x, node, 2, both, e);
}

/* The shape in input 1: 0 keeps an axis, -1 is what is left, the batch counts as 1. */
static int read_target(struct onnx *x, const onnx_node *node, int rank, const int64_t *dims, int *n,
                       int64_t *target, struct error *e)
{
    const struct onnx_constant *c = onnx_constant_input(x, node, 1, e);
    *n = 0;
    if (!c)
        return -1;
    if (!c->integers || c->elements < 1 || c->elements > ONNX_RANK_MAX)
        return error_set(e, "a shape of %zu axes", c->elements);
    int64_t elements = 1, known = 1;
    int open = -1;
    for (int d = 0; d < rank; d++)
        elements *= dims[d];
    *n = (int)c->elements;
    for (int d = 0; d < *n; d++) {
        int64_t side = c->integers[d];
        bool batch = d == 0 && side == x->batch && !onnx_is_constant(x, node, 0);
        target[d] = batch ? 1 : side == 0 && d < rank ? dims[d] : side;
        if (target[d] == -1 && open < 0)
            open = d;
        else if (target[d] < 1 || target[d] > elements || (known *= target[d]) > elements)
            return error_set(e, "a shape that does not fit %lld elements", (long long)elements);
    }
    if (open >= 0)
        target[open] = elements / known;
    return 0;
}

int onnx_reshape(struct onnx *x, const onnx_node *node, struct error *e)
{
    int rank, n;
    int64_t dims[ONNX_RANK_MAX], target[ONNX_RANK_MAX];
    if (onnx_sides(x, node, &rank, dims, e) || read_target(x, node, rank, dims, &n, target, e))
        return -1;
    return reshape(x, node, n, target, e);
}

int onnx_squeeze(struct onnx *x, const onnx_node *node, struct error *e)
{
    int rank, axes[ONNX_RANK_MAX], n, kept = 0;
    int64_t dims[ONNX_RANK_MAX], target[ONNX_RANK_MAX];
    if (onnx_sides(x, node, &rank, dims, e) || onnx_axes(x, node, 1, rank, axes, &n, e))
        return -1;
    for (int d = 0; d < rank; d++) {
        bool away = n == 0 && dims[d] == 1 && (d > 0 || onnx_is_constant(x, node, 0));
        for (int i = 0; i < n; i++)
            away = away || axes[i] == d;
        if (away && dims[d] != 1)
            return error_set(e, "axis %d has %lld elements", d, (long long)dims[d]);
        if (!away)
            target[kept++] = dims[d];
    }
    return kept ? reshape(x, node, kept, target, e) : error_set(e, "to no axes is not supported");
}

int onnx_unsqueeze(struct onnx *x, const onnx_node *node, struct error *e)
{
    int rank, axes[ONNX_RANK_MAX], n, from = 0;
    int64_t dims[ONNX_RANK_MAX], target[ONNX_RANK_MAX];
    bool added[ONNX_RANK_MAX] = {false};
    if (onnx_sides(x, node, &rank, dims, e))
        return -1;
    const Onnx__AttributeProto *a = onnx_attribute(node, "axes");
    const struct onnx_constant *c = !a && onnx_has_input(node, 1) ? onnx_constant_input(x, node, 1, e) : NULL;
    size_t count = a ? a->n_ints : c ? c->elements : 0;
    if (!count || rank + count > ONNX_RANK_MAX)
        return error_set(e, "%zu new axes", count);
    if (onnx_axes(x, node, 1, rank + (int)count, axes, &n, e))
        return -1;
    for (int i = 0; i < n; i++) {
        if (added[axes[i]])
            return error_set(e, "an axis is added twice");
        added[axes[i]] = true;
    }
    for (int d = 0; d < rank + n; d++)
        target[d] = added[d] ? 1 : dims[from++];
    return reshape(x, node, rank + n, target, e);
}

static int read_perm(const onnx_node *node, int rank, int *perm, struct error *e)
{
    bool seen[ONNX_RANK_MAX] = {false};
    const Onnx__AttributeProto *a = onnx_attribute(node, "perm");
    for (int d = 0; d < rank; d++)
        perm[d] = rank - 1 - d;
    if (a && onnx_attribute_ints(node, "perm", rank, 0, 0, rank - 1, perm, e))
        return -1;
    for (int d = 0; d < rank; d++) {
        if (seen[perm[d]])
            return error_set(e, "perm names an axis twice");
        seen[perm[d]] = true;
    }
    return 0;
}

/* Channels that were split: groups and what is in them change places. They are the first axes where the reshape left the batch away. */
static int swap_groups(struct onnx *x, const onnx_node *node, const struct onnx_value *v, const int *perm, struct error *e)
{
    struct onnx_view view = v->view;
    int at = view.rank == 3 ? 0 : 1;
    bool swaps = !view.stacked && perm[at] == at + 1 && perm[at + 1] == at;
    for (int d = at + 2; d < view.rank; d++)
        swaps = swaps && perm[d] == d;
    if (!swaps)
        return error_set(e, "of channels that a reshape has split: only a shuffle of them is supported");
    int64_t groups = view.dims[at];
    view.dims[at] = view.dims[at + 1], view.dims[at + 1] = groups;
    view.swapped = !view.swapped;
    return onnx_output(x, node, view, v, e);
}

int onnx_transpose(struct onnx *x, const onnx_node *node, struct error *e)
{
    int rank, perm[ONNX_RANK_MAX];
    int64_t dims[ONNX_RANK_MAX];
    if (onnx_sides(x, node, &rank, dims, e) || read_perm(node, rank, perm, e))
        return -1;
    if (onnx_is_constant(x, node, 0)) {
        const struct onnx_constant *c = onnx_constant_input(x, node, 0, e);
        return c ? transpose_constant(x, node, c, perm, e) : -1;
    }
    struct onnx_value *v = onnx_input(x, node, 0);
    struct onnx_view view = v->view;
    const struct net_tensor *t = view.tensor < 0 ? NULL : &x->net->tensors[view.tensor];
    if (view.split)
        return swap_groups(x, node, v, perm, e);
    if (onnx_view_has_pads(&view))
        return error_set(e, "zero pads before it are not supported");
    if (onnx_view_transpose(&view, t, perm, e))
        return -1;
    onnx_new_way(x, &view);
    return onnx_output(x, node, view, v, e);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What moves elements and leaves them as they are, shapes themselves, and the mean over axes.
#include "tests/onnx_machine.h"

#include <stdlib.h>
#include <string.h>

static struct onnx_array shape(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int from = (int)onnx_machine_int(node, "start", 0),
        n = (int)onnx_machine_int(node, "end", x->rank) - from;
    struct onnx_array y = onnx_array_create(1, &n);
    y.whole = 1;
    for (int d = 0; d < n; d++)
        y.values[d] = x->dims[from + d];
    return y;
}

/* The element of `x` for each element of y = f(x): place[d] of y counts from `start` in steps along axis
 * `perm[d]` of x. */
static struct onnx_array picked(const struct onnx_array *x, const int *dims, const int *perm,
                                const int *start, const int *step)
{
    struct onnx_array y = onnx_array_create(x->rank, dims);
    for (size_t i = 0; i < onnx_array_count(&y); i++) {
        int place[ONNX_MODEL_RANK] = {0};
        size_t rest = i, index = 0;
        bool inside = true;
        for (int d = x->rank - 1; d >= 0; d--) {
            place[perm[d]] = start[d] + (int)(rest % (size_t)dims[d]) * step[d];
            rest /= (size_t)dims[d];
        }
        for (int d = 0; d < x->rank; d++) {
            inside = inside && place[d] >= 0 && place[d] < x->dims[d];
            index = index * (size_t)x->dims[d] + (size_t)place[d];
        }
        y.values[i] = inside ? x->values[index] : 0;
    }
    return y;
}

static const int natural[ONNX_MODEL_RANK] = {0, 1, 2, 3, 4, 5};
static const int ones[ONNX_MODEL_RANK] = {1, 1, 1, 1, 1, 1};
static const int zeros[ONNX_MODEL_RANK];

static struct onnx_array transpose(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int perm[ONNX_MODEL_RANK], dims[ONNX_MODEL_RANK];
    for (int d = 0; d < x->rank; d++)
        perm[d] = x->rank - 1 - d;
    onnx_machine_list(m, node, "perm", ONNX_MACHINE_NO_INPUT, perm);
    for (int d = 0; d < x->rank; d++)
        dims[d] = x->dims[perm[d]];
    return picked(x, dims, perm, zeros, ones);
}

static struct onnx_array pad(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int pads[2 * ONNX_MODEL_RANK] = {0}, dims[ONNX_MODEL_RANK], start[ONNX_MODEL_RANK];
    onnx_machine_list(m, node, "pads", 1, pads);
    for (int d = 0; d < x->rank; d++) {
        dims[d] = x->dims[d] + pads[d] + pads[x->rank + d];
        start[d] = -pads[d];
    }
    return picked(x, dims, natural, start, ones);
}

static struct onnx_array slice(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int starts[ONNX_MODEL_RANK], ends[ONNX_MODEL_RANK], axes[ONNX_MODEL_RANK], steps[ONNX_MODEL_RANK];
    int dims[ONNX_MODEL_RANK], start[ONNX_MODEL_RANK] = {0}, step[ONNX_MODEL_RANK];
    memcpy(dims, x->dims, sizeof dims);
    memcpy(axes, natural, sizeof axes);
    memcpy(steps, ones, sizeof steps);
    memcpy(step, ones, sizeof step);
    int n = onnx_machine_list(m, node, "starts", 1, starts);
    onnx_machine_list(m, node, "ends", 2, ends);
    onnx_machine_list(m, node, "axes", 3, axes);
    onnx_machine_list(m, node, "steps", 4, steps);
    for (int i = 0; i < n; i++) {
        int end = ends[i] < x->dims[axes[i]] ? ends[i] : x->dims[axes[i]];
        end += end < 0 ? x->dims[axes[i]] : 0;
        start[axes[i]] = starts[i];
        step[axes[i]] = steps[i];
        dims[axes[i]] = (end - starts[i] + steps[i] - 1) / steps[i];
    }
    return picked(x, dims, natural, start, step);
}

/* ---- along an axis ---- */

static int axis_of(const Onnx__NodeProto *node, int rank, int otherwise)
{
    int axis = (int)onnx_machine_int(node, "axis", otherwise);
    return axis < 0 ? axis + rank : axis;
}

/* Elements first .. first + n - 1 along an axis. */
static struct onnx_array part(const struct onnx_array *x, int axis, int first, int n)
{
    int dims[ONNX_MODEL_RANK], start[ONNX_MODEL_RANK] = {0};
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = n, start[axis] = first;
    return picked(x, dims, natural, start, ones);
}

/* y = x and then z, along an axis. */
static struct onnx_array joined(const struct onnx_array *x, const struct onnx_array *z, int axis)
{
    int dims[ONNX_MODEL_RANK];
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] += z->dims[axis];
    struct onnx_array y = onnx_array_create(x->rank, dims);
    size_t inner = 1, at = 0;
    for (int d = axis + 1; d < x->rank; d++)
        inner *= (size_t)x->dims[d];
    size_t a = inner * (size_t)x->dims[axis], b = inner * (size_t)z->dims[axis];
    for (size_t i = 0; i < onnx_array_count(x) / a; i++, at += a + b) {
        memcpy(y.values + at, x->values + i * a, a * sizeof *y.values);
        memcpy(y.values + at + a, z->values + i * b, b * sizeof *y.values);
    }
    return y;
}

static struct onnx_array concat(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = onnx_array_copied(onnx_machine_input(m, node, 0));
    for (size_t i = 1; i < node->n_input; i++) {
        struct onnx_array longer = joined(&y, onnx_machine_input(m, node, i), axis_of(node, y.rank, 0));
        free(y.values);
        y = longer;
    }
    return y;
}

static struct onnx_array gather(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0), *which = onnx_machine_input(m, node, 1);
    int axis = axis_of(node, x->rank, 0);
    struct onnx_array y = {0};
    for (size_t i = 0; i < onnx_array_count(which); i++) {
        int k = (int)which->values[i];
        struct onnx_array one = part(x, axis, k < 0 ? k + x->dims[axis] : k, 1),
                          longer = i ? joined(&y, &one, axis) : one;
        if (i) {
            free(y.values);
            free(one.values);
        }
        y = longer;
    }
    if (which->rank == 0) { // a single number has no axis
        y.rank--;
        memmove(y.dims + axis, y.dims + axis + 1, (size_t)(y.rank - axis) * sizeof *y.dims);
    }
    y.whole = x->whole;
    return y;
}

void onnx_shapes_split(struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int axis = axis_of(node, x->rank, 0), sizes[8], first = 0,
        n = onnx_machine_list(m, node, "split", 1, sizes);
    for (size_t i = 0; i < node->n_output; i++) {
        int size = n ? sizes[i] : x->dims[axis] / (int)node->n_output;
        onnx_machine_put(m, node->output[i], part(x, axis, first, size));
        first += size;
    }
}

/* ---- the same elements in another shape ---- */

static struct onnx_array reshaped(const struct onnx_array *x, int rank, const int *dims)
{
    struct onnx_array y = onnx_array_copied(x);
    int open = -1, known = 1;
    y.rank = rank;
    for (int d = 0; d < rank; d++) {
        y.dims[d] = dims[d] == 0 ? x->dims[d] : dims[d];
        if (y.dims[d] < 0)
            open = d;
        else
            known *= y.dims[d];
    }
    if (open >= 0)
        y.dims[open] = (int)onnx_array_count(x) / known;
    return y;
}

static struct onnx_array shaped(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int dims[ONNX_MODEL_RANK] = {1, 1}, axes[ONNX_MODEL_RANK], rank = 0;
    bool chosen[ONNX_MODEL_RANK] = {false};
    if (!strcmp(node->op_type, "Reshape"))
        return reshaped(x, onnx_machine_list(m, node, "shape", 1, dims), dims);
    if (!strcmp(node->op_type, "Flatten")) {
        for (int d = 0; d < x->rank; d++)
            dims[d >= (int)onnx_machine_int(node, "axis", 1)] *= x->dims[d];
        return reshaped(x, 2, dims);
    }
    int n = onnx_machine_list(m, node, "axes", 1, axes);
    if (!strcmp(node->op_type, "Squeeze")) {
        for (int i = 0; i < n; i++)
            chosen[axes[i] < 0 ? axes[i] + x->rank : axes[i]] = true;
        for (int d = 0; d < x->rank; d++)
            if (!chosen[d])
                dims[rank++] = x->dims[d];
        return reshaped(x, rank, dims);
    }
    for (int i = 0; i < n; i++)
        chosen[axes[i] < 0 ? axes[i] + x->rank + n : axes[i]] = true;
    for (int d = 0, from = 0; d < x->rank + n; d++)
        dims[rank++] = chosen[d] ? 1 : x->dims[from++];
    return reshaped(x, rank, dims);
}

static struct onnx_array reduce_mean(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int axes[ONNX_MODEL_RANK], dims[ONNX_MODEL_RANK], kept[ONNX_MODEL_RANK],
        rank = 0, n = onnx_machine_list(m, node, "axes", 1, axes);
    memcpy(dims, x->dims, sizeof dims);
    for (int i = 0; i < n; i++)
        dims[axes[i] < 0 ? axes[i] + x->rank : axes[i]] = 1;
    struct onnx_array y = onnx_array_create(x->rank, dims);
    for (size_t i = 0; i < onnx_array_count(x); i++) {
        size_t rest = i, index = 0, step = 1;
        for (int d = x->rank - 1; d >= 0; d--) {
            index += dims[d] > 1 ? rest % (size_t)x->dims[d] * step : 0;
            step *= (size_t)dims[d];
            rest /= (size_t)x->dims[d];
        }
        y.values[index] += x->values[i] * (double)onnx_array_count(&y) / (double)onnx_array_count(x);
    }
    for (int d = 0; d < x->rank; d++)
        if (onnx_machine_int(node, "keepdims", 1) || dims[d] == x->dims[d])
            kept[rank++] = dims[d];
    y.rank = rank;
    memcpy(y.dims, kept, (size_t)rank * sizeof *kept);
    return y;
}

bool onnx_shapes_run(const struct onnx_machine *m, const Onnx__NodeProto *node, struct onnx_array *y)
{
    const char *t = node->op_type;
    if (!strcmp(t, "Shape"))
        *y = shape(m, node);
    else if (!strcmp(t, "Transpose"))
        *y = transpose(m, node);
    else if (!strcmp(t, "Pad"))
        *y = pad(m, node);
    else if (!strcmp(t, "Slice"))
        *y = slice(m, node);
    else if (!strcmp(t, "Concat"))
        *y = concat(m, node);
    else if (!strcmp(t, "Gather"))
        *y = gather(m, node);
    else if (!strcmp(t, "Reshape") || !strcmp(t, "Flatten") || !strcmp(t, "Squeeze") ||
             !strcmp(t, "Unsqueeze"))
        *y = shaped(m, node);
    else if (!strcmp(t, "ReduceMean"))
        *y = reduce_mean(m, node);
    else
        return false;
    return true;
}

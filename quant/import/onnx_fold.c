// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Numbers that a file computes instead of having them: the sides of a tensor, and what becomes of them on the way to a Reshape, a
// Slice or a Resize. Exporters write these where a program asks for a shape (x.view(x.size(0), -1)). Each is folded into a constant.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_NUMBERS_MAX 64 // in a folded constant: shapes are short, and weights are not computed here

/* Input `i` as a short constant of at most one axis; NULL with the reason. */
static const struct onnx_constant *numbers(struct onnx *x, const onnx_node *node, size_t i, struct error *e)
{
    const struct onnx_constant *c = onnx_constant_input(x, node, i, e);
    if (c && (c->rank > 1 || c->elements > FOLD_NUMBERS_MAX)) {
        error_set(e, "of %zu constant numbers in %d axes: at most %d in one axis are supported", c->elements, c->rank, FOLD_NUMBERS_MAX);
        return NULL;
    }
    return c;
}

/* Room for n numbers: floats, or integers. Returns 0, or -1 with the reason. */
static int make(struct onnx_constant *c, bool floats, int rank, size_t n, struct error *e)
{
    *c = (struct onnx_constant){.rank = rank, .dims = {(int64_t)n}, .elements = n};
    if (n > FOLD_NUMBERS_MAX)
        return error_set(e, "to more than %d constant numbers", FOLD_NUMBERS_MAX);
    c->floats = floats ? malloc((n + 1) * sizeof *c->floats) : NULL;
    c->integers = floats ? NULL : malloc((n + 1) * sizeof *c->integers);
    return c->floats || c->integers ? 0 : error_set(e, "out of memory");
}

/* to[at] = from[i]. */
static void copy_number(struct onnx_constant *to, size_t at, const struct onnx_constant *from, size_t i)
{
    if (to->floats)
        to->floats[at] = (float)onnx_constant_number(from, i);
    else
        to->integers[at] = from->integers[i];
}

/* ---- sides ---- */

/* Are the sides of input 0 not those of a tensor that the file has? Returns 0, or -1 with the reason. */
static int check_view(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_value *v = onnx_is_constant(x, node, 0) ? NULL : onnx_input(x, node, 0);
    if (v && (v->view.part || v->view.split))
        return error_set(e, "of a part of a root mean square or of split channels is not supported");
    if (v && onnx_view_has_pads(&v->view))
        return error_set(e, "of zero pads that the next operation takes over is not supported");
    return 0;
}

int onnx_shape(struct onnx *x, const onnx_node *node, struct error *e)
{
    int rank = 0;
    int64_t dims[ONNX_RANK_MAX];
    struct onnx_constant to;
    if (onnx_sides(x, node, &rank, dims, e) || check_view(x, node, e))
        return -1;
    int64_t start = onnx_attribute_int(node, "start", 0), end = onnx_attribute_int(node, "end", rank);
    start += start < 0 ? rank : 0;
    end += end < 0 ? rank : 0;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    if (make(&to, false, 1, (size_t)(end - start), e))
        return -1;
    memcpy(to.integers, dims + start, to.elements * sizeof *dims);
    return onnx_output_constant(x, node, to, e);
}

/* ---- choosing and joining ---- */

static int fold_gather(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_constant *from = numbers(x, node, 0, e), *which = from ? numbers(x, node, 1, e) : NULL;
    struct onnx_constant to;
    if (!which)
        return -1;
    if (!which->integers || from->rank != 1)
        return error_set(e, "of constants only with integers, from a list");
    if (make(&to, from->floats, which->rank, which->elements, e))
        return -1;
    for (size_t i = 0; i < which->elements; i++) {
        int64_t k = which->integers[i] + (which->integers[i] < 0 ? (int64_t)from->elements : 0);
        if (k < 0 || k >= (int64_t)from->elements) {
            onnx_constant_free(&to);
            return error_set(e, "number %lld of %zu", (long long)which->integers[i], from->elements);
        }
        copy_number(&to, i, from, (size_t)k);
    }
    return onnx_output_constant(x, node, to, e);
}

static int fold_concat(struct onnx *x, const onnx_node *node, struct error *e)
{
    size_t n = 0, at = 0;
    bool floats = false;
    struct onnx_constant to;
    for (size_t i = 0; i < node->n_input; i++) {
        const struct onnx_constant *from = numbers(x, node, i, e);
        if (!from)
            return -1;
        n += from->elements, floats = floats || from->floats;
    }
    if (make(&to, floats, 1, n, e))
        return -1;
    for (size_t i = 0; i < node->n_input; i++) {
        const struct onnx_constant *from = numbers(x, node, i, e);
        for (size_t k = 0; k < from->elements; k++)
            copy_number(&to, at++, from, k);
    }
    return onnx_output_constant(x, node, to, e);
}

/* One number of a Slice: an attribute's before operator set 10, an input's after. Returns 0, or -1 with the reason. */
static int slice_number(struct onnx *x, const onnx_node *node, const char *name, size_t i, int64_t otherwise, int64_t *value, struct error *e)
{
    const Onnx__AttributeProto *a = onnx_attribute(node, name);
    const struct onnx_constant *c = !a && onnx_has_input(node, i) ? numbers(x, node, i, e) : NULL;
    *value = otherwise;
    if (!a && !onnx_has_input(node, i))
        return 0;
    if (!a && !c)
        return -1;
    if (a ? a->n_ints != 1 : c->elements != 1 || !c->integers)
        return error_set(e, "of constants only along their one axis");
    *value = a ? a->ints[0] : c->integers[0];
    return 0;
}

static int fold_slice(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_constant *from = numbers(x, node, 0, e);
    int64_t start, end, axis, step, n = from ? (int64_t)from->elements : 0;
    struct onnx_constant to;
    if (!from || slice_number(x, node, "starts", 1, 0, &start, e) || slice_number(x, node, "ends", 2, n, &end, e) ||
        slice_number(x, node, "axes", 3, 0, &axis, e) || slice_number(x, node, "steps", 4, 1, &step, e))
        return -1;
    if (from->rank != 1 || (axis != 0 && axis != -1) || step != 1)
        return error_set(e, "of constants only along their one axis, in steps of 1");
    start = start < 0 ? start + n : start;
    end = end < 0 ? end + n : end;
    start = start < 0 ? 0 : start > n ? n : start;
    end = end < start ? start : end > n ? n : end;
    if (make(&to, from->floats, 1, (size_t)(end - start), e))
        return -1;
    for (size_t i = 0; i < to.elements; i++)
        copy_number(&to, i, from, (size_t)start + i);
    return onnx_output_constant(x, node, to, e);
}

/* ---- arithmetic ---- */

/* Integers wrap as two's complement does; division rounds to zero. Returns 0, or -1 with the reason. */
static int combine_integers(char what, int64_t a, int64_t b, int64_t *to, struct error *e)
{
    if (what == 'D' && (b == 0 || (b == -1 && a == INT64_MIN)))
        return error_set(e, "a division of %lld by %lld", (long long)a, (long long)b);
    uint64_t p = (uint64_t)a, q = (uint64_t)b;
    *to = what == 'D' ? a / b : (int64_t)(what == 'A' ? p + q : what == 'S' ? p - q : p * q);
    return 0;
}

static double combine_floats(char what, double a, double b)
{
    return what == 'A' ? a + b : what == 'S' ? a - b : what == 'M' ? a * b : a / b;
}

/* Add, Sub, Mul, Div of equal lengths, or with one number. */
static int fold_arithmetic(struct onnx *x, const onnx_node *node, struct error *e)
{
    char what = node->op_type[0];
    const struct onnx_constant *a = numbers(x, node, 0, e), *b = a ? numbers(x, node, 1, e) : NULL;
    struct onnx_constant to;
    if (!b)
        return -1;
    if (a->elements != b->elements && a->elements != 1 && b->elements != 1)
        return error_set(e, "of %zu and %zu constant numbers", a->elements, b->elements);
    bool floats = a->floats || b->floats;
    size_t n = a->elements == 1 ? b->elements : a->elements;
    if (make(&to, floats, a->rank > b->rank ? a->rank : b->rank, n, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        size_t k = a->elements == 1 ? 0 : i, l = b->elements == 1 ? 0 : i;
        if (floats) {
            to.floats[i] = (float)combine_floats(what, onnx_constant_number(a, k), onnx_constant_number(b, l));
        } else if (combine_integers(what, a->integers[k], b->integers[l], &to.integers[i], e)) {
            onnx_constant_free(&to);
            return -1;
        }
    }
    return onnx_output_constant(x, node, to, e);
}

/* Whole numbers are cut off towards zero. Returns 0, or -1 with the reason. */
static int cast_number(double from, int64_t *to, struct error *e)
{
    if (!(fabs(from) < 0x1p62))
        return error_set(e, "%g is no integer", from);
    *to = (int64_t)from;
    return 0;
}

static int fold_cast(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_constant *from = numbers(x, node, 0, e);
    int64_t type = onnx_attribute_int(node, "to", 0);
    bool floats = type == ONNX_TYPE_FLOAT || type == ONNX_TYPE_DOUBLE;
    struct onnx_constant to;
    if (from && !floats && type != ONNX_TYPE_INT32 && type != ONNX_TYPE_INT64)
        return error_set(e, "to data type %lld is not supported", (long long)type);
    if (!from || make(&to, floats, from->rank, from->elements, e))
        return -1;
    for (size_t i = 0; i < to.elements; i++) {
        if (floats || from->integers) {
            copy_number(&to, i, from, i);
        } else if (cast_number((double)from->floats[i], &to.integers[i], e)) {
            onnx_constant_free(&to);
            return -1;
        }
    }
    return onnx_output_constant(x, node, to, e);
}

static int fold_rounding(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_constant *from = numbers(x, node, 0, e);
    struct onnx_constant to;
    if (from && !from->floats)
        return error_set(e, "of integers");
    if (!from || make(&to, true, from->rank, from->elements, e))
        return -1;
    for (size_t i = 0; i < to.elements; i++)
        to.floats[i] = node->op_type[0] == 'F' ? floorf(from->floats[i]) : ceilf(from->floats[i]);
    return onnx_output_constant(x, node, to, e);
}

static const struct onnx_operator folded[] = {
    {"Add", fold_arithmetic}, {"Cast", fold_cast}, {"Ceil", fold_rounding}, {"Concat", fold_concat}, {"Div", fold_arithmetic},
    {"Floor", fold_rounding}, {"Gather", fold_gather}, {"Mul", fold_arithmetic}, {"Slice", fold_slice}, {"Sub", fold_arithmetic},
};

const struct onnx_operator *onnx_folded(struct onnx *x, const onnx_node *node)
{
    for (size_t i = 0; i < node->n_input; i++)
        if (onnx_has_input(node, i) && !onnx_is_constant(x, node, i))
            return NULL;
    for (size_t i = 0; i < sizeof folded / sizeof *folded; i++)
        if (!strcmp(folded[i].name, node->op_type))
            return &folded[i];
    return NULL;
}

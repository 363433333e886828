// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/import/onnx_view.h"

#include <stdio.h>
#include <string.h>

int onnx_view_side(const struct net_tensor *t, enum onnx_axis axis)
{
    return axis == ONNX_H ? t->h : axis == ONNX_W ? t->w : t->c;
}

static void set_order(struct onnx_view *v, const struct net_tensor *t, enum onnx_axis a, enum onnx_axis b,
                      enum onnx_axis c)
{
    const enum onnx_axis all[3] = {a, b, c};
    v->n_order = 0;
    for (int i = 0; i < 3; i++)
        if (onnx_view_side(t, all[i]) > 1)
            v->order[v->n_order++] = all[i];
}

struct onnx_view onnx_view_plane(int tensor, const struct net_tensor *t)
{
    struct onnx_view v = {.rank = 4, .dims = {1, t->c, t->h, t->w}, .tensor = tensor};
    set_order(&v, t, ONNX_C, ONNX_H, ONNX_W);
    return v;
}

struct onnx_view onnx_view_vector(int tensor, int n)
{
    struct onnx_view v = {.rank = 2, .dims = {1, n}, .tensor = tensor};
    set_order(&v, &(struct net_tensor){1, 1, n}, ONNX_C, ONNX_H, ONNX_W);
    return v;
}

struct onnx_view onnx_view_sequence(int tensor, const struct net_tensor *t, bool channels_first)
{
    struct onnx_view first = {.rank = 3, .dims = {1, t->c, t->h}, .tensor = tensor};
    struct onnx_view last = {.rank = 3, .dims = {1, t->h, t->c}, .tensor = tensor};
    set_order(&first, t, ONNX_C, ONNX_H, ONNX_W);
    set_order(&last, t, ONNX_H, ONNX_C, ONNX_W);
    return channels_first ? first : last;
}

size_t onnx_view_elements(const struct onnx_view *v)
{
    size_t n = 1;
    for (int i = 0; i < v->rank; i++)
        n *= (size_t)v->dims[i];
    return n;
}

bool onnx_view_has_pads(const struct onnx_view *v)
{
    return v->pads[0] || v->pads[1] || v->pads[2] || v->pads[3];
}

bool onnx_view_equal(const struct onnx_view *a, const struct onnx_view *b)
{
    return a->rank == b->rank && !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) &&
           a->n_order == b->n_order && !memcmp(a->order, b->order, (size_t)a->n_order * sizeof a->order[0]);
}

bool onnx_view_is_plane(const struct onnx_view *v, const struct net_tensor *t)
{
    struct onnx_view plane = onnx_view_plane(v->tensor, t);
    return onnx_view_equal(v, &plane);
}

/* The first place in `order` of each dimension; first[rank] is n_order. -1 if the dimensions do not follow
 * the order. */
static int split(const struct onnx_view *v, const struct net_tensor *t, int *first)
{
    int at = 0;
    for (int d = 0; d < v->rank; d++) {
        int64_t have = 1;
        first[d] = at;
        while (have < v->dims[d] && at < v->n_order)
            have *= onnx_view_side(t, v->order[at++]);
        if (have != v->dims[d])
            return -1;
    }
    first[v->rank] = at;
    return at == v->n_order ? 0 : -1;
}

unsigned onnx_view_axes(const struct onnx_view *v, const struct net_tensor *t, int d)
{
    int first[ONNX_RANK_MAX + 1];
    unsigned axes = 0;
    if (split(v, t, first))
        return 0;
    for (int i = first[d]; i < first[d + 1]; i++)
        axes |= 1u << v->order[i];
    return axes;
}

int onnx_view_reshape(struct onnx_view *v, const struct net_tensor *t, int rank, const int64_t *dims,
                      struct error *e)
{
    int first[ONNX_RANK_MAX + 1];
    char from[96], to[96];
    struct onnx_view new = *v;
    new.rank = rank;
    memcpy(new.dims, dims, (size_t)rank * sizeof *dims);
    if (dims[0] != 1 || onnx_view_elements(&new) != onnx_view_elements(v) || (t && split(&new, t, first)))
        return error_set(e, "from shape %s to %s: only joining axes and axes of 1 are supported",
                         onnx_view_text(v->rank, v->dims, from, sizeof from),
                         onnx_view_text(rank, dims, to, sizeof to));
    *v = new;
    return 0;
}

int onnx_view_transpose(struct onnx_view *v, const struct net_tensor *t, const int *perm, struct error *e)
{
    int first[ONNX_RANK_MAX + 1] = {0};
    struct onnx_view new = *v;
    if (perm[0] != 0 && v->dims[perm[0]] != 1)
        return error_set(e, "the batch must stay the first axis");
    if (t && split(v, t, first))
        return error_set(e, "a transpose of this shape");
    new.n_order = 0;
    for (int d = 0; d < v->rank; d++) {
        new.dims[d] = v->dims[perm[d]];
        for (int i = first[perm[d]]; t && i < first[perm[d] + 1]; i++)
            new.order[new.n_order++] = v->order[i];
    }
    new.transposed = true;
    *v = new;
    return 0;
}

size_t onnx_view_index(const struct onnx_view *v, const struct net_tensor *t, int y, int x, int c)
{
    const int place[3] = {[ONNX_H] = y, [ONNX_W] = x, [ONNX_C] = c};
    size_t index = 0;
    for (int i = 0; i < v->n_order; i++)
        index = index * (size_t)onnx_view_side(t, v->order[i]) + (size_t)place[v->order[i]];
    return index;
}

char *onnx_view_text(int rank, const int64_t *dims, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "(");
    for (int i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? ", " : "", (long long)dims[i]);
    if (used < size)
        snprintf(text + used, size - used, ")");
    return text;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How an ONNX file looks at a tensor that the network keeps as h, w, c: reshapes and transposes change the view, not the memory.
#ifndef PARE_QUANT_IMPORT_ONNX_VIEW_H
#define PARE_QUANT_IMPORT_ONNX_VIEW_H

#include "base/error.h"
#include "quant/net/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ONNX_RANK_MAX 8

/* How far a file has got with spelling out, of a tensor x, 1 / sqrt(mean(x^2) + epsilon) over its channels, or
 * GELU, x (1 + erf(x / sqrt(2))) / 2. */
enum onnx_part {
    ONNX_PART_NONE = 0,
    ONNX_PART_SQUARE,
    ONNX_PART_MEAN, // epsilon added, or not yet
    ONNX_PART_ROOT,
    ONNX_PART_INVERSE,
    ONNX_PART_ERF,   // erf(x / sqrt(2))
    ONNX_PART_GATE,  // 1 more
    ONNX_PART_TWICE, // times x
};

enum onnx_axis {
    ONNX_H = 0,
    ONNX_W,
    ONNX_C,
};

/* `dims` with the batch (1) first. `order` has those of h, w and c that are larger than 1, in the order in which the file counts
 * elements: each dimension is the product of zero or more of them in a row. Channels first: C, H, W. */
struct onnx_view {
    int rank;
    int64_t dims[ONNX_RANK_MAX];
    int n_order;
    enum onnx_axis order[3];
    int tensor;      // of the network; -1: the network's input, not settled yet (then order means nothing)
    int way;         // of an unsettled input: which way of looking at it this is
    bool transposed; // of an unsettled input: not only reshaped
    int pads[4];     // zeros around the plane that the next operation takes over: top, left, bottom, right
    bool log_softmax; // came through a LogSoftmax that was left away
    bool shared;     // others read the same tensor
    enum onnx_part part; // not the tensor, but what a file makes of it on the way to something else: only onnx_take_part reads such
    float epsilon;       // of it
    int split;       // of a plane: a reshape has split its channels into so many groups (0: not); only joining them may follow,
    bool swapped;    // after a transpose that exchanged groups and what is in them, or, swapped and
    bool stacked;    // with what is in a group as the first axis, before the batch, taking that apart
    bool expanded;   // one value for each channel, looked at as a plane of `dims`: only a product with such a plane may follow
};

/* A view on a tensor of the network, in channels-first order, rank 4; or rank 2 for a vector. */
struct onnx_view onnx_view_plane(int tensor, const struct net_tensor *t);
struct onnx_view onnx_view_vector(int tensor, int n);

/* On a tensor of width 1: (1, c, time) or (1, time, c), time being its height. */
struct onnx_view onnx_view_sequence(int tensor, const struct net_tensor *t, bool channels_first);

int onnx_view_side(const struct net_tensor *t, enum onnx_axis axis);
size_t onnx_view_elements(const struct onnx_view *v);
bool onnx_view_has_pads(const struct onnx_view *v);

/* Same dimensions, same order. */
bool onnx_view_equal(const struct onnx_view *a, const struct onnx_view *b);
bool onnx_view_is_plane(const struct onnx_view *v, const struct net_tensor *t);

/* Which of h, w, c dimension `d` is made of: a bit (1 << axis) each. */
unsigned onnx_view_axes(const struct onnx_view *v, const struct net_tensor *t, int d);

/* Other dimensions for the same elements; -1 if that would split or join what is not in a row. `t` is NULL while unsettled. */
int onnx_view_reshape(struct onnx_view *v, const struct net_tensor *t, int rank, const int64_t *dims, struct error *e);
int onnx_view_transpose(struct onnx_view *v, const struct net_tensor *t, const int *perm, struct error *e);

/* Where the file counts element (y, x, c) of the tensor. */
size_t onnx_view_index(const struct onnx_view *v, const struct net_tensor *t, int y, int x, int c);

/* "(1, 64, 24, 5)" */
char *onnx_view_text(int rank, const int64_t *dims, char *text, size_t size);

#endif

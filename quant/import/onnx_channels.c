// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What moves channels: Concat, Split, Slice and Gather of channels, and the channel shuffle (Reshape, Transpose, Reshape, and Gather
// of its halves). Each is a choice among the channels of one or two tensors; a choice among chosen channels goes back to where they came from.
#include "quant/import/onnx_operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where a channel stands. */
struct place {
    int tensor, channel;
};

/* The choice that wrote a tensor, if it only moves channels. */
static const struct net_op *chosen_by(const struct onnx *x, int tensor)
{
    for (int i = x->net->n_ops - 1; i >= 0; i--) {
        const struct net_op *op = &x->net->ops[i];
        if (op->out == tensor)
            return op->kind == NET_CHANNELS && isinf(op->act_min) && isinf(op->act_max) ? op : NULL;
    }
    return NULL;
}

static struct place place_in(const struct net *n, const int in[2], int k)
{
    int first = n->tensors[in[0]].c;
    return k < first ? (struct place){in[0], k} : (struct place){in[1], k - first};
}

/* To where the channels of a choice came from, if that is no more than two tensors. */
static void go_back(const struct onnx *x, int in[2], int *choice, int n)
{
    int to[2] = {-1, -1};
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < n; i++) {
            struct place p = place_in(x->net, in, choice[i]);
            const struct net_op *op = chosen_by(x, p.tensor);
            p = op ? place_in(x->net, op->in, op->choice[p.channel]) : p;
            int which = to[0] == p.tensor || to[0] < 0 ? 0 : to[1] == p.tensor || to[1] < 0 ? 1 : 2;
            if (which == 2)
                return;
            to[which] = p.tensor;
            if (pass)
                choice[i] = p.channel + (which ? x->net->tensors[to[0]].c : 0);
        }
    }
    in[0] = to[0], in[1] = to[1];
}

static bool is_whole(const struct onnx *x, const int in[2], const int *choice, int n)
{
    bool whole = in[1] < 0 && n == x->net->tensors[in[0]].c;
    for (int i = 0; i < n && whole; i++)
        whole = choice[i] == i;
    return whole;
}

/* Channels of tensor a, and of b if it is not -1. `choice` is taken over, also on failure. Returns the tensor, which may be an old
 * one, or -1 with the reason. */
static int choose(struct onnx *x, const onnx_node *node, int a, int b, int *choice, int n, struct error *e)
{
    int in[2] = {a, b};
    if (n < 1 || n > NET_SIDE_MAX) {
        free(choice);
        return error_set(e, "%d channels: there must be 1 to %d", n, NET_SIDE_MAX);
    }
    go_back(x, in, choice, n);
    if (is_whole(x, in, choice, n)) {
        free(choice);
        return in[0];
    }
    struct net_tensor t = x->net->tensors[in[0]];
    struct net_op op = onnx_op(x, node, NET_CHANNELS, in[0]);
    op.in[1] = in[1], op.choice = choice;
    return onnx_add_op(x, &op, t.h, t.w, n, e);
}

/* Room for a choice of n channels; NULL with the reason. */
static int *make_choice(int64_t n, struct error *e)
{
    int *choice = n >= 1 && n <= NET_SIDE_MAX ? malloc((size_t)n * sizeof *choice) : NULL;
    if (!choice)
        error_set(e, n >= 1 && n <= NET_SIDE_MAX ? "out of memory" : "%lld channels: there must be 1 to %d", (long long)n, NET_SIDE_MAX);
    return choice;
}

/* ---- which axis ---- */

/* The axis of attribute `axis`, from the end if it is negative, or -1 with the reason. */
static int read_axis(const onnx_node *node, int rank, int otherwise, struct error *e)
{
    int64_t axis = onnx_attribute_int(node, "axis", otherwise);
    axis = axis < 0 ? axis + rank : axis;
    return axis < 0 || axis >= rank ? error_set(e, "there is no axis %lld among %d", (long long)axis, rank) : (int)axis;
}

int onnx_channel_axis(struct onnx *x, struct onnx_value *v, int axis, struct error *e)
{
    if (v->view.rank == 3)
        return axis == 0 ? error_set(e, "along the batch is not supported") : onnx_sequence(x, v, axis == 1, e);
    if (axis != 1)
        return error_set(e, "along axis %d is not supported, only along channels", axis);
    if (v->view.rank == 4)
        return onnx_plane(x, v, false, e);
    if (v->view.rank != 2)
        return error_set(e, "of %d axes is not supported", v->view.rank);
    if (onnx_flat(x, v, e))
        return -1;
    const struct net_tensor *t = &x->net->tensors[v->view.tensor];
    return t->h == 1 && t->w == 1 ? 0 : error_set(e, "of a plane that was flattened is not supported");
}

/* How a tensor is looked at beside one whose channels are along `axis` of `rank`. */
static struct onnx_view view_of(const struct onnx *x, int tensor, int rank, int axis)
{
    const struct net_tensor *t = &x->net->tensors[tensor];
    return rank == 4   ? onnx_view_plane(tensor, t)
           : rank == 3 ? onnx_view_sequence(tensor, t, axis == 1)
                       : onnx_view_vector(tensor, t->c);
}

/* Says that output i is this tensor. It may be an old one, which must then stay as it is. */
static int put_output(struct onnx *x, const onnx_node *node, size_t i, int tensor, int rank, int axis, bool old, struct error *e)
{
    return onnx_output_at(x, node, i, view_of(x, tensor, rank, axis), old, e);
}

int onnx_choose_channels(struct onnx *x, const onnx_node *node, size_t i, const struct onnx_value *v, int axis, int *choice, int n,
                         struct error *e)
{
    int tensors = x->net->n_tensors, tensor = choose(x, node, v->view.tensor, -1, choice, n, e);
    return tensor < 0 ? -1 : put_output(x, node, i, tensor, v->view.rank, axis, tensor < tensors, e);
}

/* ---- Concat ---- */

static int join_two(struct onnx *x, const onnx_node *node, int a, int b, struct error *e)
{
    struct net_tensor t = x->net->tensors[a], u = x->net->tensors[b];
    if (t.h != u.h || t.w != u.w)
        return error_set(e, "planes of %d x %d and %d x %d", t.h, t.w, u.h, u.w);
    int *choice = make_choice((int64_t)t.c + u.c, e);
    if (!choice)
        return -1;
    for (int i = 0; i < t.c + u.c; i++)
        choice[i] = i;
    return choose(x, node, a, b, choice, t.c + u.c, e);
}

int onnx_concat(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    int axis = v ? read_axis(node, v->view.rank, 1, e) : -1, rank = v ? v->view.rank : 0, tensors = x->net->n_tensors, tensor = -1;
    for (size_t i = 0; i < node->n_input && axis >= 0; i++) {
        v = onnx_activation(x, node, i, e);
        if (v && v->view.rank != rank)
            return error_set(e, "inputs of %d and %d axes", rank, v->view.rank);
        if (!v || onnx_channel_axis(x, v, axis, e))
            return -1;
        tensor = i ? join_two(x, node, tensor, v->view.tensor, e) : v->view.tensor;
        if (tensor < 0)
            return -1;
    }
    return axis < 0 ? -1 : put_output(x, node, 0, tensor, rank, axis, tensor < tensors, e);
}

/* ---- Split ---- */

/* Channels of output i. */
static int64_t part_of(const onnx_node *node, const Onnx__AttributeProto *a, const struct onnx_constant *c, size_t i, int channels)
{
    size_t n = a ? a->n_ints : c ? c->elements : 0;
    if (n)
        return i < n ? (a ? a->ints[i] : c->integers[i]) : 0;
    int64_t equal = (channels + (int64_t)node->n_output - 1) / (int64_t)node->n_output; // the last may be smaller
    return channels - equal * (int64_t)i < equal ? channels - equal * (int64_t)i : equal;
}

static int split_at(struct onnx *x, const onnx_node *node, size_t i, const struct onnx_value *v, int axis, int first, int n,
                    struct error *e)
{
    int *choice = make_choice(n, e);
    for (int k = 0; choice && k < n; k++)
        choice[k] = first + k;
    return choice ? onnx_choose_channels(x, node, i, v, axis, choice, n, e) : -1;
}

int onnx_split(struct onnx *x, const onnx_node *node, struct error *e)
{
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    int axis = v ? read_axis(node, v->view.rank, 0, e) : -1;
    const Onnx__AttributeProto *a = onnx_attribute(node, "split");
    const struct onnx_constant *c = !a && onnx_has_input(node, 1) ? onnx_constant_input(x, node, 1, e) : NULL;
    if (axis < 0 || (!a && onnx_has_input(node, 1) && !c) || onnx_channel_axis(x, v, axis, e))
        return -1;
    if (c && !c->integers)
        return error_set(e, "sizes that are not integers");
    int64_t channels = x->net->tensors[v->view.tensor].c, first = 0;
    for (size_t i = 0; i < node->n_output; i++) {
        int64_t n = part_of(node, a, c, i, (int)channels);
        if (n < 1 || n > channels - first || (i + 1 == node->n_output && first + n != channels))
            return error_set(e, "parts that are not all of %lld channels", (long long)channels);
        if (onnx_is_read(x, node, i) && split_at(x, node, i, v, axis, (int)first, (int)n, e))
            return -1;
        first += n;
    }
    return 0;
}

/* ---- Gather ---- */

/* Index i of a list that counts from the end where it is below zero, or -1 with the reason. */
static int read_index(const struct onnx_constant *c, size_t i, int n, struct error *e)
{
    int64_t k = c->integers[i] < 0 ? c->integers[i] + n : c->integers[i];
    return k < 0 || k >= n ? error_set(e, "channel %lld of %d", (long long)c->integers[i], n) : (int)k;
}

/* Channel i of a tensor of `channels` after a shuffle of its `groups`. */
static int shuffled(int i, int groups, int channels)
{
    return i % groups * (channels / groups) + i / groups;
}

/* Of stacked channels those that are at one place of their groups. */
static int gather_part(struct onnx *x, const onnx_node *node, const struct onnx_value *v, struct error *e)
{
    const struct onnx_constant *c = onnx_constant_input(x, node, 1, e);
    struct net_tensor t = x->net->tensors[v->view.tensor];
    int groups = v->view.split, axis = c ? read_axis(node, v->view.rank, 0, e) : -1;
    if (axis < 0)
        return -1;
    if (axis != 0 || !c->integers || c->rank != 0)
        return error_set(e, "of channels that a reshape has split: only one part of all is supported");
    int part = read_index(c, 0, t.c / groups, e), *choice = part < 0 ? NULL : make_choice(groups, e);
    for (int i = 0; choice && i < groups; i++)
        choice[i] = shuffled(part * groups + i, groups, t.c);
    struct onnx_value plane = {.view = onnx_view_plane(v->view.tensor, &t)};
    return choice ? onnx_choose_channels(x, node, 0, &plane, 1, choice, groups, e) : -1;
}

int onnx_gather(struct onnx *x, const onnx_node *node, struct error *e)
{
    const struct onnx_value *whole = onnx_input(x, node, 0);
    if (whole && whole->state == ONNX_ACTIVATION && whole->view.stacked)
        return gather_part(x, node, whole, e);
    struct onnx_value *v = onnx_activation(x, node, 0, e);
    const struct onnx_constant *c = v ? onnx_constant_input(x, node, 1, e) : NULL;
    int axis = c ? read_axis(node, v->view.rank, 0, e) : -1;
    if (axis < 0 || onnx_channel_axis(x, v, axis, e))
        return -1;
    if (!c->integers || c->rank != 1)
        return error_set(e, "indices of %d axes: only a list is supported", c->rank);
    int channels = x->net->tensors[v->view.tensor].c, *choice = make_choice((int64_t)c->elements, e);
    for (size_t i = 0; choice && i < c->elements; i++) {
        if ((choice[i] = read_index(c, i, channels, e)) < 0) {
            free(choice);
            return -1;
        }
    }
    return choice ? onnx_choose_channels(x, node, 0, v, axis, choice, (int)c->elements, e) : -1;
}

/* ---- channel shuffle ---- */

bool onnx_can_split(const struct onnx *x, const struct onnx_view *v, int rank, const int64_t *dims)
{
    if (v->tensor < 0 || v->split || onnx_view_has_pads(v) || rank < 3 || rank > 5)
        return false;
    const struct net_tensor *t = &x->net->tensors[v->tensor];
    const int64_t *groups = rank == 3 ? dims : dims + 1, *each = groups + 1, *sides = each + 1;
    bool plane = rank == 5 ? sides[0] == t->h && sides[1] == t->w : sides[0] == (int64_t)t->h * t->w;
    return onnx_view_is_plane(v, t) && plane && (rank == 3 || dims[0] == 1) && *groups > 1 && *each > 1 && *groups <= t->c &&
           *each <= t->c && *groups * *each == t->c;
}

/* Shuffled channels without a batch become (each, 1, groups, h, w): parts that Gather takes one by one. */
static bool is_stack(const struct onnx_view *v, const struct net_tensor *t, int rank, const int64_t *dims)
{
    const int64_t stack[5] = {t->c / v->split, 1, v->split, t->h, t->w};
    return v->swapped && v->rank == 3 && rank == 5 && !memcmp(dims, stack, sizeof stack);
}

int onnx_join_channels(struct onnx *x, const onnx_node *node, const struct onnx_value *v, int rank, const int64_t *dims, struct error *e)
{
    struct onnx_view from = v->view;
    struct net_tensor t = x->net->tensors[from.tensor];
    struct onnx_view plane = onnx_view_plane(from.tensor, &t);
    if (is_stack(&from, &t, rank, dims)) {
        from.stacked = true, from.rank = rank;
        memcpy(from.dims, dims, (size_t)rank * sizeof *dims);
        return onnx_output(x, node, from, v, e);
    }
    if (rank != 4 || memcmp(dims, plane.dims, 4 * sizeof *dims))
        return error_set(e, "channels that were split can only be joined again");
    if (!from.swapped)
        return onnx_output(x, node, plane, v, e);
    int *choice = make_choice(t.c, e);
    for (int i = 0; choice && i < t.c; i++)
        choice[i] = shuffled(i, from.split, t.c);
    return choice ? onnx_choose_channels(x, node, 0, &(const struct onnx_value){.view = plane}, 1, choice, t.c, e) : -1;
}

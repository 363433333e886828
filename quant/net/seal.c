// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The last step of building a network: everything that later code relies on is checked here, once.
#include "quant/net/net.h"
#include "quant/net/slots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool within(int value, int low, int high)
{
    return value >= low && value <= high;
}

/* One axis of a window: does the output's side follow from the input's? */
static bool side_fits(int in, int out, int kernel, int stride, int dilation, int pad_begin, int pad_end)
{
    int64_t extent = (int64_t)(kernel - 1) * dilation + 1;
    int64_t room = (int64_t)in + pad_begin + pad_end - extent;
    return room >= 0 && room / stride + 1 == out;
}

static int check_window(const struct net *n, const struct net_op *op, struct error *e)
{
    const struct net_tensor *in = &n->tensors[op->in[0]], *out = &n->tensors[op->out];
    const int at_least_one[] = {op->kernel_h, op->kernel_w,   op->stride_h,
                                op->stride_w, op->dilation_h, op->dilation_w};
    const int pads[] = {op->pad_top, op->pad_left, op->pad_bottom, op->pad_right};
    for (int i = 0; i < 6; i++)
        if (!within(at_least_one[i], 1, NET_SIDE_MAX))
            return error_set(e, "kernel sides, strides and dilations must be 1 to %d", NET_SIDE_MAX);
    for (int i = 0; i < 4; i++)
        if (!within(pads[i], 0, NET_SIDE_MAX))
            return error_set(e, "pads must be 0 to %d", NET_SIDE_MAX);
    if (!side_fits(in->h, out->h, op->kernel_h, op->stride_h, op->dilation_h, op->pad_top, op->pad_bottom) ||
        !side_fits(in->w, out->w, op->kernel_w, op->stride_w, op->dilation_w, op->pad_left, op->pad_right))
        return error_set(e, "input %d x %d, kernel %d x %d and pads %d %d %d %d do not give output %d x %d",
                         in->h, in->w, op->kernel_h, op->kernel_w, op->pad_top, op->pad_left, op->pad_bottom,
                         op->pad_right, out->h, out->w);
    return 0;
}

static int check_conv(const struct net *n, const struct net_op *op, struct error *e)
{
    int in_c = n->tensors[op->in[0]].c, out_c = n->tensors[op->out].c;
    if (op->groups < 1 || in_c % op->groups || out_c % op->groups)
        return error_set(e, "%d groups do not divide %d input and %d output channels", op->groups, in_c,
                         out_c);
    return check_window(n, op, e);
}

static int check_dense(const struct net *n, const struct net_op *op, struct error *e)
{
    const struct net_tensor *out = &n->tensors[op->out];
    return out->h == 1 && out->w == 1 ? 0 : error_set(e, "the output of a dense layer must be a vector");
}

static int check_add(const struct net *n, const struct net_op *op, struct error *e)
{
    const struct net_tensor *a = &n->tensors[op->in[0]], *b = &n->tensors[op->in[1]],
                            *out = &n->tensors[op->out];
    if (memcmp(a, b, sizeof *a) || memcmp(a, out, sizeof *a))
        return error_set(e, "adds %d x %d x %d and %d x %d x %d to %d x %d x %d", a->h, a->w, a->c, b->h,
                         b->w, b->c, out->h, out->w, out->c);
    return 0;
}

static bool is_per_channel(const struct net_tensor *t, int channels)
{
    return t->h == 1 && t->w == 1 && t->c == channels;
}

static int check_mul(const struct net *n, const struct net_op *op, struct error *e)
{
    const struct net_tensor *a = &n->tensors[op->in[0]], *b = &n->tensors[op->in[1]], *out = &n->tensors[op->out];
    if (memcmp(a, out, sizeof *a) || (memcmp(a, b, sizeof *a) && !is_per_channel(b, a->c)))
        return error_set(e, "multiplies %d x %d x %d by %d x %d x %d to %d x %d x %d", a->h, a->w, a->c, b->h, b->w, b->c, out->h,
                         out->w, out->c);
    return 0;
}

static int check_lookup(const struct net *n, const struct net_op *op, struct error *e)
{
    if (memcmp(&n->tensors[op->in[0]], &n->tensors[op->out], sizeof n->tensors[0]))
        return error_set(e, "a function cannot change a shape");
    if (op->function.kind <= FUNCTION_NONE || op->function.kind >= FUNCTION_COUNT)
        return error_set(e, "no such function");
    return isfinite(op->function.alpha) && isfinite(op->function.beta) ? 0 : error_set(e, "a function whose numbers are not finite");
}

static int check_softmax(const struct net *n, const struct net_op *op, struct error *e)
{
    bool same = !memcmp(&n->tensors[op->in[0]], &n->tensors[op->out], sizeof n->tensors[0]);
    return same ? 0 : error_set(e, "a softmax cannot change a shape");
}

static int check_rmsnorm(const struct net *n, const struct net_op *op, struct error *e)
{
    if (memcmp(&n->tensors[op->in[0]], &n->tensors[op->out], sizeof n->tensors[0]))
        return error_set(e, "a norm cannot change a shape");
    if (!isfinite(op->epsilon) || op->epsilon < 0)
        return error_set(e, "an epsilon of %g", (double)op->epsilon);
    return op->bias ? error_set(e, "a norm has no bias") : 0;
}

/* A that grows with time would leave any fixed range. */
static int check_scan(const struct net *n, const struct net_op *op, struct error *e)
{
    const struct net_tensor *u = &n->tensors[op->in[0]], *b = &n->tensors[op->in[2]];
    if (memcmp(u, &n->tensors[op->in[1]], sizeof *u) || memcmp(u, &n->tensors[op->out], sizeof *u))
        return error_set(e, "u, delta and y must have one shape");
    if (memcmp(b, &n->tensors[op->in[3]], sizeof *b) || b->h != u->h || b->w != u->w || b->c > NET_STATES_MAX)
        return error_set(e, "B and C must have one shape, the time of u, and at most %d states", NET_STATES_MAX);
    if (op->function.kind != FUNCTION_NONE && op->function.kind != FUNCTION_SOFTPLUS)
        return error_set(e, "steps are softplus of delta, or delta");
    for (size_t i = 0; op->weights && i < net_weight_count(n, op); i++)
        if (op->weights[i] > 0)
            return error_set(e, "an A of %g: it must not be above 0", (double)op->weights[i]);
    return 0;
}

static int check_channels(const struct net *n, const struct net_op *op, struct error *e)
{
    const struct net_tensor *a = &n->tensors[op->in[0]], *b = op->in[1] < 0 ? NULL : &n->tensors[op->in[1]],
                            *out = &n->tensors[op->out];
    if (a->h != out->h || a->w != out->w || (b && (b->h != out->h || b->w != out->w)))
        return error_set(e, "channels of planes of different sides");
    for (int c = 0; op->choice && c < out->c; c++)
        if (op->choice[c] < 0 || op->choice[c] >= a->c + (b ? b->c : 0))
            return error_set(e, "channel %d of %d", op->choice[c], a->c + (b ? b->c : 0));
    return op->choice ? 0 : error_set(e, "no channels are chosen");
}

static int check_resize(const struct net *n, const struct net_op *op, struct error *e)
{
    const struct net_tensor *in = &n->tensors[op->in[0]], *out = &n->tensors[op->out];
    bool factors = within(op->stride_h, 1, NET_SIDE_MAX) && within(op->stride_w, 1, NET_SIDE_MAX);
    if (!factors || out->h != in->h * op->stride_h || out->w != in->w * op->stride_w || out->c != in->c)
        return error_set(e, "%d x %d x %d enlarged by %d and %d is not %d x %d x %d", in->h, in->w, in->c, op->stride_h, op->stride_w,
                         out->h, out->w, out->c);
    return 0;
}

/* Pads smaller than the kernel leave a tap inside the plane to every window. */
static int check_pool(const struct net *n, const struct net_op *op, struct error *e)
{
    if (n->tensors[op->in[0]].c != n->tensors[op->out].c)
        return error_set(e, "a pool cannot change the number of channels");
    if (op->dilation_h != 1 || op->dilation_w != 1)
        return error_set(e, "dilated pools are not supported");
    if (op->pad_top >= op->kernel_h || op->pad_bottom >= op->kernel_h || op->pad_left >= op->kernel_w ||
        op->pad_right >= op->kernel_w)
        return error_set(e, "the pads of a pool must be smaller than its kernel");
    return check_window(n, op, e);
}

static bool all_finite(const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static int check_weights(const struct net *n, const struct net_op *op, struct error *e)
{
    size_t count = net_weight_count(n, op);
    if (!count)
        return op->weights || op->bias ? error_set(e, "weights where none belong") : 0;
    if (!op->weights)
        return error_set(e, "no weights");
    if (!all_finite(op->weights, count) ||
        (op->bias && !all_finite(op->bias, (size_t)net_out_channels(n, op))))
        return error_set(e, "a weight is infinite or not a number");
    return 0;
}

static int check_op(const struct net *n, const struct net_op *op, struct error *e)
{
    static int (*const checks[NET_KIND_COUNT])(const struct net *, const struct net_op *, struct error *) = {
        [NET_CONV] = check_conv,    [NET_DENSE] = check_dense,  [NET_ADD] = check_add,
        [NET_AVGPOOL] = check_pool, [NET_MAXPOOL] = check_pool, [NET_LOOKUP] = check_lookup,
        [NET_MUL] = check_mul,      [NET_RMSNORM] = check_rmsnorm, [NET_SCAN] = check_scan,
        [NET_CHANNELS] = check_channels, [NET_RESIZE] = check_resize, [NET_SOFTMAX] = check_softmax,
    };
    if (op->kind <= NET_NONE || op->kind >= NET_KIND_COUNT)
        return error_set(e, "no such kind of operation");
    if (checks[op->kind](n, op, e))
        return -1;
    if (!(op->act_min <= op->act_max))
        return error_set(e, "an activation from %g to %g", (double)op->act_min, (double)op->act_max);
    return check_weights(n, op, e);
}

/* Every tensor is written once, before it is read. */
static int check_order(const struct net *n, struct error *e)
{
    bool written[NET_OPS_MAX + 1] = {false};
    written[n->input] = true;
    for (int i = 0; i < n->n_ops; i++) {
        const struct net_op *op = &n->ops[i];
        for (int k = 0; k < net_inputs(op->kind) && op->in[k] >= 0; k++)
            if (!written[op->in[k]])
                return error_set(e, "%s: reads what has not been computed yet", op->name);
        if (written[op->out])
            return error_set(e, "%s: writes what has been written before", op->name);
        written[op->out] = true;
    }
    return written[n->output] && n->output != n->input
               ? 0
               : error_set(e, "nothing computes the network's output");
}

/* Drops ops that the output does not need, then numbers tensors by first use: the input is 0. */
static int prune(struct net *n, struct error *e)
{
    bool needed[NET_OPS_MAX + 1] = {false};
    needed[n->output] = true;
    for (int i = n->n_ops - 1; i >= 0; i--)
        for (int k = 0; k < NET_INPUTS_MAX; k++)
            if (needed[n->ops[i].out] && n->ops[i].in[k] >= 0)
                needed[n->ops[i].in[k]] = true;
    if (!needed[n->input])
        return error_set(e, "the network's output does not depend on its input");
    int number[NET_OPS_MAX + 1], n_tensors = 1, n_ops = 0;
    struct net_tensor kept[NET_OPS_MAX + 1];
    struct net_grid grids[NET_OPS_MAX + 1];
    number[n->input] = 0;
    kept[0] = n->tensors[n->input], grids[0] = n->grids[n->input];
    for (int i = 0; i < n->n_ops; i++) {
        struct net_op op = n->ops[i];
        if (!needed[op.out]) {
            net_op_finish(&op);
            continue;
        }
        number[op.out] = n_tensors;
        grids[n_tensors] = n->grids[op.out];
        kept[n_tensors++] = n->tensors[op.out];
        for (int k = 0; k < NET_INPUTS_MAX; k++)
            op.in[k] = op.in[k] >= 0 ? number[op.in[k]] : -1;
        op.out = number[op.out];
        n->ops[n_ops++] = op;
    }
    memcpy(n->tensors, kept, (size_t)n_tensors * sizeof *kept);
    memcpy(n->grids, grids, (size_t)n_tensors * sizeof *grids);
    n->n_tensors = n_tensors;
    n->n_ops = n_ops;
    n->output = number[n->output];
    n->input = 0;
    return 0;
}

static int number_layers(struct net *n, struct error *e)
{
    int64_t macs = 0;
    n->n_layers = 0;
    for (int i = 0; i < n->n_ops; i++) {
        struct net_op *op = &n->ops[i];
        op->layer = -1;
        if (!op->weights)
            continue;
        macs += net_macs(n, op);
        if (n->n_layers >= CANDIDATE_LAYERS_MAX)
            return error_set(e, "more than %d layers with weights", CANDIDATE_LAYERS_MAX);
        op->layer = n->n_layers;
        n->layers[n->n_layers++] = (struct net_layer){.op = i};
    }
    if (!n->n_layers)
        return error_set(e, "no layer has weights");
    return macs > NET_MACS_MAX ? error_set(e, "%lld multiplications, more than %lld", (long long)macs,
                                           (long long)NET_MACS_MAX)
                               : 0;
}

/* A pool keeps the grid of what it reads. */
static void pass_grids(struct net *n)
{
    for (int i = 0; i < n->n_ops; i++) {
        const struct net_op *op = &n->ops[i];
        if ((op->kind == NET_AVGPOOL || op->kind == NET_MAXPOOL) && !n->grids[op->out].bits)
            n->grids[op->out] = n->grids[op->in[0]];
    }
}

int net_seal(struct net *n, struct error *e)
{
    if (n->input < 0 || n->input >= n->n_tensors || n->output < 0 || n->output >= n->n_tensors)
        return error_set(e, "a network without input or output");
    for (int i = 0; i < n->n_ops; i++)
        if (check_op(n, &n->ops[i], e))
            return error_wrap(e, "%s (%s)", n->ops[i].name, net_kind_name(n->ops[i].kind));
    if (check_order(n, e) || prune(n, e) || number_layers(n, e))
        return -1;
    pass_grids(n);
    slots_number(n);
    return 0;
}

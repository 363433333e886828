// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/program/footprint.h"

#include "quant/kernels/program.h"
#include "quant/program/lowering.h"
#include "quant/program/packed.h"

int64_t footprint_slot(const struct net *n, int slot, struct setting s)
{
    int64_t bytes = 0;
    for (int i = 0; i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        if (n->layers[i].slot == slot)
            bytes += (int64_t)packed_shape(n, op, s).bytes + packed_parameters(n, op, s).bytes;
    }
    for (int i = 0; i < n->n_ops; i++)
        if (net_tensor_slot(n, n->ops[i].in[0]) == slot)
            bytes += packed_table(n, &n->ops[i], s.a_bits);
    return bytes;
}

/* Do all the slot's layers have integers of this width in the file? */
static bool has_given(const struct net *n, int slot, struct setting s)
{
    for (int i = 0; i < n->n_layers; i++)
        if (n->layers[i].slot == slot && n->ops[n->layers[i].op].given.w_bits != s.w_bits)
            return false;
    return true;
}

bool footprint_allows(const struct net *n, int slot, struct setting s)
{
    if (s.scheme == SCHEME_GIVEN && !has_given(n, slot, s))
        return false;
    for (int i = 0; i < n->n_ops && s.a_bits == 16; i++)
        if ((n->ops[i].kind == NET_ADD || n->ops[i].kind == NET_LOOKUP || n->ops[i].kind == NET_SOFTMAX) &&
            net_tensor_slot(n, n->ops[i].out) == slot)
            return false;
    return true;
}

/* Of functions of the network's input, whose width no slot decides. */
static int64_t fixed_tables(const struct net *n)
{
    int64_t bytes = 0;
    for (int i = 0; i < n->n_ops; i++)
        if (net_tensor_slot(n, n->ops[i].in[0]) < 0)
            bytes += packed_table(n, &n->ops[i], QUANTIZED_INPUT_BITS);
    return bytes;
}

int64_t footprint_fixed(const struct net *n)
{
    return fixed_tables(n) + (int64_t)packed_align(sizeof(struct image_program)) +
           packed_align((uint64_t)n->n_tensors * sizeof(struct image_tensor)) +
           packed_align((uint64_t)n->n_ops * sizeof(struct image_op)) +
           packed_align((uint64_t)n->n_layers * sizeof(struct image_blob));
}

/* The least scratch that operation `op` takes at any option. */
static int64_t least_scratch(const struct net *n, int op, const struct setting *options, int n_options)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < n_options; i++) {
        struct image_op lowered;
        struct image_tensor tensors[3];
        const struct net_op *o = &n->ops[op];
        lowering_geometry(n, op, options[i], &lowered);
        lowering_tensor(n, NULL, o->in[0], 32, &tensors[0]); // shapes are what the scratch depends on
        lowering_tensor(n, NULL, o->out, 32, &tensors[1]);
        if (o->in[2] >= 0)
            lowering_tensor(n, NULL, o->in[2], 32, &tensors[2]);
        lowered.in0 = lowered.in1 = 0, lowered.out = 1, lowered.in2 = 2, lowered.state_bits = 16;
        int64_t bytes = kernel_scratch_bytes(&lowered, tensors);
        least = bytes < least ? bytes : least;
    }
    return n_options ? least : 0;
}

/* Does an operation perhaps write over one of its inputs (lowered.c)? Then both count once. */
static bool may_overwrite(const struct net *n, int op)
{
    const struct net_op *o = &n->ops[op];
    bool later[NET_OPS_MAX + 1] = {false};
    for (int i = op + 1; i < n->n_ops; i++)
        for (int k = 0; k < NET_INPUTS_MAX; k++)
            if (n->ops[i].in[k] >= 0)
                later[n->ops[i].in[k]] = true;
    later[n->output] = true;
    for (int k = 0; k < 2; k++)
        if (net_may_overwrite(n, o, k) && !later[o->in[k]])
            return true;
    return false;
}

/* Adds the bytes of a slot; beyond FOOTPRINT_STEP_SLOTS the smallest is forgotten, which leaves a lower
 * bound. */
static void add_slot(struct footprint_step *s, int slot, int64_t bytes)
{
    for (int i = 0; i < s->n; i++) {
        if (s->slot[i] == slot) {
            s->slot_bytes[i] += bytes;
            return;
        }
    }
    int at = s->n;
    if (s->n < FOOTPRINT_STEP_SLOTS) {
        s->n++;
    } else {
        at = 0;
        for (int i = 1; i < s->n; i++)
            at = s->slot_bytes[i] < s->slot_bytes[at] ? i : at;
        if (s->slot_bytes[at] >= bytes)
            return;
    }
    s->slot[at] = slot, s->slot_bytes[at] = bytes;
}

void footprint_steps(const struct net *n, const struct setting *options, int n_options,
                     struct footprint_step *steps)
{
    for (int i = 0; i < n->n_ops; i++) {
        struct footprint_step *s = &steps[i];
        bool alive[NET_OPS_MAX + 1];
        net_alive(n, i, alive);
        *s = (struct footprint_step){.fixed_bytes = least_scratch(n, i, options, n_options)};
        for (int t = 0; t < n->n_tensors; t++) {
            if (!alive[t] || (t == n->ops[i].out && may_overwrite(n, i)))
                continue;
            int slot = net_tensor_slot(n, t);
            int64_t bytes = (int64_t)net_elements(&n->tensors[t]);
            if (slot < 0)
                s->fixed_bytes += bytes;
            else
                add_slot(s, slot, bytes);
        }
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From network and candidate to bytes, in this order: widths of tensors, operations, the plan of the arena,
// the sections of the program, parameters and blobs, and last program_check over what was made.
#include "quant/program/lowered.h"

#include "quant/kernels/pack.h"
#include "quant/program/footprint.h"
#include "quant/program/lowering.h"
#include "quant/program/packed.h"
#include "quant/program/plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct making {
    const struct net *net;
    const struct quantized *q;
    const struct candidate *candidate;
    bool is_float;
    struct image_tensor tensors[NET_OPS_MAX + 1];
    struct image_op ops[IMAGE_OPS_MAX];
    uint32_t arena_bytes;
};

static struct setting setting_of(const struct making *m, const struct net_op *op)
{
    if (m->is_float || op->layer < 0)
        return m->candidate->layers[0];
    return m->candidate->layers[m->net->layers[op->layer].slot];
}

static const struct quantized_weights *weights_of(const struct making *m, const struct net_op *op)
{
    return m->is_float ? NULL : quantized_weights_of(m->q, op->layer, setting_of(m, op));
}

static int check_candidate(struct making *m, struct error *e)
{
    const struct net *n = m->net;
    const struct candidate *c = m->candidate;
    if (n->n_layers < 1)
        return error_set(e, "the network has no layer with weights");
    if (c->n != n->n_slots)
        return error_set(e, "the candidate has %d settings, the network %d slots", c->n, n->n_slots);
    if (n->n_ops > (int)IMAGE_OPS_MAX)
        return error_set(e, "%d operations, a program has at most %u", n->n_ops, IMAGE_OPS_MAX);
    m->is_float = c->layers[0].scheme == SCHEME_FLOAT32;
    for (int i = 0; i < c->n; i++)
        if ((c->layers[i].scheme == SCHEME_FLOAT32) != m->is_float)
            return error_set(e, "float32 for some slots and integers for others cannot be mixed");
    if (!m->is_float && (!m->q || m->q->n_tensors != n->n_tensors || m->q->n_layers != n->n_layers))
        return error_set(e, "these quantized weights are of another network");
    for (int i = 0; i < c->n; i++)
        if (c->layers[i].scheme == SCHEME_GIVEN && !footprint_allows(n, i, c->layers[i]))
            return error_set(e, "slot %d: the network's file does not have integer weights of %u bits, or they cannot have activations of %u",
                             i, c->layers[i].w_bits, c->layers[i].a_bits);
    for (int i = 0; i < n->n_layers && !m->is_float; i++) {
        char text[SETTING_TEXT_MAX];
        const struct net_op *op = &n->ops[n->layers[i].op];
        if (!weights_of(m, op))
            return error_set(e, "%s: %s is not among the options that were quantized", op->name,
                             setting_format(setting_of(m, op), text));
    }
    return 0;
}

static int make_tensors(struct making *m, struct error *e)
{
    for (int t = 0; t < m->net->n_tensors; t++) {
        int slot = net_tensor_slot(m->net, t);
        unsigned bits = m->is_float ? 32
                        : slot < 0  ? QUANTIZED_INPUT_BITS
                                    : m->candidate->layers[slot].a_bits;
        if (!m->is_float && (bits > QUANTIZED_BITS_MAX || !(m->q->tensors[t].at[bits].scale > 0)))
            return error_set(e, "activations of %u bits are not among the options that were quantized", bits);
        lowering_tensor(m->net, m->q, t, bits, &m->tensors[t]);
    }
    return 0;
}

static void make_ops(struct making *m)
{
    for (int i = 0; i < m->net->n_ops; i++) {
        const struct net_op *op = &m->net->ops[i];
        struct image_op *to = &m->ops[i];
        lowering_geometry(m->net, i, setting_of(m, op), to);
        lowering_clamp(op, &m->tensors[to->out], to);
        lowering_function(op, to);
        if (!m->is_float)
            lowering_factors(m->tensors, to);
        if (to->kind == IMAGE_RMSNORM && !m->is_float)
            lowering_epsilon(op, &m->tensors[to->in0], to);
        if (to->kind == IMAGE_SCAN && !m->is_float)
            to->state_bits = (uint8_t)m->q->state_bits;
        to->scratch_bytes = kernel_scratch_bytes(to, m->tensors);
    }
}

/* Buffers of the plan: which one each tensor stands in. */
struct buffers {
    int n;
    struct plan_buffer list[NET_OPS_MAX + 1 + IMAGE_OPS_MAX];
    int of_tensor[NET_OPS_MAX + 1], of_scratch[IMAGE_OPS_MAX];
};

static int last_reader(const struct net *n, int tensor)
{
    int last = tensor == n->output ? n->n_ops : -1;
    for (int i = 0; i < n->n_ops; i++)
        for (int k = 0; k < NET_INPUTS_MAX; k++)
            if (n->ops[i].in[k] == tensor && i > last)
                last = i;
    return last;
}

static int add_buffer(struct buffers *b, int first, int last, uint32_t bytes)
{
    b->list[b->n] = (struct plan_buffer){first, last, bytes, 0};
    return b->n++;
}

/* What goes element by element may write over an input of the same width that nothing reads later: its index, or -1. */
static int overwritten(const struct making *m, int op)
{
    const struct net_op *o = &m->net->ops[op];
    for (int k = 0; k < 2; k++)
        if (net_may_overwrite(m->net, o, k) && m->tensors[o->in[k]].bits == m->tensors[o->out].bits && last_reader(m->net, o->in[k]) == op)
            return o->in[k];
    return -1;
}

static void collect_buffers(const struct making *m, bool in_place, struct buffers *b)
{
    const struct net *n = m->net;
    b->n = 0;
    b->of_tensor[n->input] = add_buffer(b, 0, last_reader(n, n->input), m->tensors[n->input].bytes);
    for (int i = 0; i < n->n_ops; i++) {
        int out = n->ops[i].out, over = in_place ? overwritten(m, i) : -1;
        if (over >= 0) {
            b->of_tensor[out] = b->of_tensor[over];
            b->list[b->of_tensor[out]].last = last_reader(n, out);
        } else {
            b->of_tensor[out] = add_buffer(b, i, last_reader(n, out), m->tensors[out].bytes);
        }
        b->of_scratch[i] = m->ops[i].scratch_bytes ? add_buffer(b, i, i, m->ops[i].scratch_bytes) : -1;
    }
}

static void take_places(struct making *m, const struct buffers *b)
{
    for (int t = 0; t < m->net->n_tensors; t++)
        m->tensors[t].arena_offset = b->list[b->of_tensor[t]].offset;
    for (int i = 0; i < m->net->n_ops; i++)
        m->ops[i].scratch_offset = b->of_scratch[i] < 0 ? 0 : b->list[b->of_scratch[i]].offset;
}

static int make_plan(struct making *m, struct error *e)
{
    struct buffers *b = malloc(sizeof *b);
    int64_t peak = -1;
    if (b) {
        collect_buffers(m, true, b);
        peak = plan_arena(b->list, b->n);
        if (peak >= 0)
            take_places(m, b);
    }
    free(b);
    if (peak < 0)
        return error_set(e, "out of memory");
    if (peak > PROGRAM_ARENA_MAX)
        return error_set(e, "activations of %" PRId64 " bytes, a program has at most %u", peak,
                         PROGRAM_ARENA_MAX);
    m->arena_bytes = (uint32_t)peak;
    return 0;
}

/* Bytes of the table of operation i. That of a function of the network's input, whose width no slot decides, has its place in a
 * float32 program too: flash is a sum over slots. */
static uint32_t table_bytes(const struct making *m, int i)
{
    int in = m->net->ops[i].in[0];
    return packed_table(m->net, &m->net->ops[i], net_tensor_slot(m->net, in) < 0 ? QUANTIZED_INPUT_BITS : m->tensors[in].bits);
}

static void put_tables(const struct making *m, uint8_t *program)
{
    for (int i = 0; i < m->net->n_ops; i++) {
        const struct net_op *op = &m->net->ops[i];
        uint16_t *choice = (uint16_t *)(void *)(program + m->ops[i].table_offset);
        if (op->kind == NET_LOOKUP && !m->is_float && table_bytes(m, i)) // too wide for one: program_check says so
            lowering_table(op, m->tensors, &m->ops[i], (int8_t *)program + m->ops[i].table_offset);
        if (op->kind == NET_SOFTMAX && !m->is_float && table_bytes(m, i))
            lowering_exponentials(&m->tensors[op->in[0]], (uint16_t *)(void *)(program + m->ops[i].table_offset));
        for (int c = 0; op->kind == NET_CHANNELS && c < m->net->tensors[op->out].c; c++)
            choice[c] = (uint16_t)op->choice[c];
    }
}

/* Offsets of sections, of each layer's parameters and of tables; returns the program's bytes. */
static uint32_t lay_out(struct making *m, struct image_program *h, int64_t *parameters_bytes)
{
    const struct net *n = m->net;
    *h = (struct image_program){
        .magic = IMAGE_PROGRAM_MAGIC, .version = IMAGE_VERSION, .arena_bytes = m->arena_bytes};
    h->n_tensors = (uint32_t)n->n_tensors, h->n_ops = (uint32_t)n->n_ops, h->n_blobs = (uint32_t)n->n_layers;
    h->input = (uint16_t)n->input, h->output = (uint16_t)n->output;
    h->tensors_offset = packed_align(sizeof *h);
    h->ops_offset = h->tensors_offset + packed_align(h->n_tensors * sizeof(struct image_tensor));
    h->blobs_offset = h->ops_offset + packed_align(h->n_ops * sizeof(struct image_op));
    uint32_t at = h->blobs_offset + packed_align(h->n_blobs * sizeof(struct image_blob)), begin = at;
    for (int i = 0; i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        struct image_op *to = &m->ops[n->layers[i].op];
        struct packed_parameters p = packed_parameters(n, op, setting_of(m, op));
        to->weights_blob = (uint32_t)i;
        to->weights_row_bytes = packed_shape(n, op, setting_of(m, op)).row_bytes;
        to->bias_offset = p.bias == IMAGE_NONE ? IMAGE_NONE : at + p.bias;
        to->multiplier_offset = p.multiplier == IMAGE_NONE ? IMAGE_NONE : at + p.multiplier;
        to->shift_offset = p.shift == IMAGE_NONE ? IMAGE_NONE : at + p.shift;
        to->table_offset = p.table == IMAGE_NONE ? IMAGE_NONE : at + p.table;
        at += p.bytes;
    }
    for (int i = 0; i < n->n_ops; i++) {
        uint32_t table = table_bytes(m, i);
        m->ops[i].table_offset = table ? at : m->ops[i].table_offset;
        at += table;
    }
    *parameters_bytes = at - begin;
    return h->bytes = at;
}

static void put_layer(const struct making *m, const struct net_op *op, const struct image_op *to,
                      uint8_t *program)
{
    const struct quantized_weights *w = weights_of(m, op);
    if (w)
        lowering_parameters(m->tensors, w, to, program);
    else if (op->bias)
        memcpy(program + to->bias_offset, op->bias, (size_t)net_out_channels(m->net, op) * sizeof(float));
}

static int put_program(struct making *m, struct lowered *l, struct error *e)
{
    struct image_program h;
    uint32_t bytes = lay_out(m, &h, &l->parameters_bytes);
    if (!(l->bytes = aligned_alloc(IMAGE_ALIGN, bytes)))
        return error_set(e, "out of memory");
    memset(l->bytes, 0, bytes);
    memcpy(l->bytes, &h, sizeof h);
    memcpy(l->bytes + h.tensors_offset, m->tensors, h.n_tensors * sizeof *m->tensors);
    memcpy(l->bytes + h.ops_offset, m->ops, h.n_ops * sizeof *m->ops);
    struct image_blob *blobs = (struct image_blob *)(void *)(l->bytes + h.blobs_offset);
    for (int i = 0; i < m->net->n_layers; i++) {
        int op = m->net->layers[i].op;
        blobs[i].bytes = packed_shape(m->net, &m->net->ops[op], setting_of(m, &m->net->ops[op])).bytes;
        l->weights_bytes += blobs[i].bytes;
        put_layer(m, &m->net->ops[op], &m->ops[op], l->bytes);
    }
    put_tables(m, l->bytes);
    ((struct image_program *)(void *)l->bytes)->crc32 = program_crc32(l->bytes, bytes);
    l->program_bytes = bytes - l->parameters_bytes;
    l->flash_bytes = bytes + l->weights_bytes;
    l->ram_bytes = m->arena_bytes;
    return 0;
}

static int put_blobs(const struct making *m, struct lowered *l, struct error *e)
{
    for (int i = 0; i < m->net->n_layers; i++) {
        const struct net_op *op = &m->net->ops[m->net->layers[i].op];
        l->blobs[i] = packed_weights(m->net, op, weights_of(m, op));
        if (!l->blobs[i])
            return error_set(e, "out of memory");
        sha256_of(l->blobs[i], l->program.blobs[i].bytes, l->blob_sha256[i]);
    }
    return 0;
}

static int check(const struct making *m, struct lowered *l, struct error *e)
{
    uint32_t where;
    uint32_t bytes = ((const struct image_program *)(const void *)l->bytes)->bytes;
    enum program_fault fault = program_check(&l->program, l->bytes, bytes, &where);
    if (!fault)
        return 0;
    if (fault < PROGRAM_BAD_KIND || where >= (uint32_t)m->net->n_ops)
        return error_set(e, "the program is refused: %s (%" PRIu32 ")", program_fault_name(fault), where);
    return error_set(e, "%s: %s", m->net->ops[where].name, program_fault_name(fault));
}

static int check_budget(const struct lowered *l, const struct lowered_budget *b, struct error *e)
{
    int64_t ram = b && b->ram_bytes > 0 ? l->ram_bytes - b->ram_bytes : 0;
    int64_t flash = b && b->flash_bytes > 0 ? l->flash_bytes - b->flash_bytes : 0;
    if (ram <= 0 && flash <= 0)
        return 0;
    if (flash <= 0)
        error_set(e, "needs %" PRId64 " bytes of RAM, %" PRId64 " more than there are", l->ram_bytes, ram);
    else if (ram <= 0)
        error_set(e, "needs %" PRId64 " bytes of flash, %" PRId64 " more than there are", l->flash_bytes,
                  flash);
    else
        error_set(e,
                  "needs %" PRId64 " bytes of RAM, %" PRId64 " more than there are, and %" PRId64
                  " bytes of flash, %" PRId64 " more than there are",
                  l->ram_bytes, ram, l->flash_bytes, flash);
    return LOWERED_TOO_LARGE;
}

static int make(struct making *m, const struct lowered_budget *budget, struct lowered *l, struct error *e)
{
    if (check_candidate(m, e) || make_tensors(m, e))
        return -1;
    make_ops(m);
    if (make_plan(m, e) || put_program(m, l, e))
        return -1;
    int too_large = check_budget(l, budget, e);
    if (too_large)
        return too_large;
    return check(m, l, e) || put_blobs(m, l, e) ? -1 : 0;
}

int lowered_make(const struct net *n, const struct quantized *q, const struct candidate *c,
                 const struct lowered_budget *budget, struct lowered *l, struct error *e)
{
    memset(l, 0, sizeof *l);
    struct making *m = calloc(1, sizeof *m);
    if (!m)
        return error_set(e, "out of memory");
    m->net = n, m->q = q, m->candidate = c;
    int result = make(m, budget, l, e);
    free(m);
    if (result)
        lowered_finish(l);
    return result;
}

void lowered_finish(struct lowered *l)
{
    for (uint32_t i = 0; i < IMAGE_BLOBS_MAX; i++)
        free(l->blobs[i]);
    free(l->bytes);
    memset(l, 0, sizeof *l);
}

const void *const *lowered_blobs(const struct lowered *l)
{
    return (const void *const *)l->blobs;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/program/packed.h"

#include "quant/kernels/pack.h"
#include "quant/kernels/scan.h"

#include <stdlib.h>
#include <string.h>

enum image_kind packed_kind(const struct net *n, const struct net_op *op)
{
    static const enum image_kind kinds[NET_KIND_COUNT] = {
        [NET_CONV] = IMAGE_CONV,       [NET_DENSE] = IMAGE_DENSE,     [NET_ADD] = IMAGE_ADD,
        [NET_AVGPOOL] = IMAGE_AVGPOOL, [NET_MAXPOOL] = IMAGE_MAXPOOL, [NET_LOOKUP] = IMAGE_LOOKUP,
        [NET_MUL] = IMAGE_MUL,         [NET_RMSNORM] = IMAGE_RMSNORM, [NET_SCAN] = IMAGE_SCAN,
        [NET_CHANNELS] = IMAGE_CHANNELS, [NET_RESIZE] = IMAGE_RESIZE, [NET_SOFTMAX] = IMAGE_SOFTMAX,
    };
    return net_is_depthwise(n, op) ? IMAGE_DEPTHWISE : kinds[op->kind];
}

/* Channels in a row, a row for each weight of a channel. */
static bool is_turned(enum image_kind kind)
{
    return kind == IMAGE_DEPTHWISE || kind == IMAGE_RMSNORM;
}

struct packed_shape packed_shape(const struct net *n, const struct net_op *op, struct setting s)
{
    uint32_t channels = (uint32_t)net_out_channels(n, op),
             per_channel = (uint32_t)net_weight_count(n, op) / channels;
    struct packed_shape p = {.rows = channels, .columns = per_channel};
    if (is_turned(packed_kind(n, op)))
        p.rows = per_channel, p.columns = channels;
    p.row_bytes = (uint32_t)pack_row_bytes(p.columns, s.w_bits);
    p.bytes = packed_align((uint64_t)p.rows * p.row_bytes);
    return p;
}

struct packed_parameters packed_parameters(const struct net *n, const struct net_op *op, struct setting s)
{
    uint32_t channels = (uint32_t)net_out_channels(n, op), table = quantized_table_bytes(s);
    struct packed_parameters p = {0, IMAGE_NONE, IMAGE_NONE, IMAGE_NONE, packed_align(channels * 4u)};
    if (s.scheme == SCHEME_FLOAT32)
        return p;
    uint32_t factors = op->kind == NET_SCAN ? 4 * channels : channels;
    if (op->kind == NET_RMSNORM)
        p.bias = IMAGE_NONE, p.bytes = 0;
    if (op->kind == NET_SCAN)
        p.bytes = packed_align(SCAN_STEPS * sizeof(uint16_t));
    p.multiplier = p.bytes;
    p.shift = p.multiplier + packed_align(factors * 4u);
    p.bytes = p.shift + packed_align(factors);
    if (table) {
        p.table = p.bytes;
        p.bytes += packed_align(table);
    }
    return p;
}

uint32_t packed_table(const struct net *n, const struct net_op *op, unsigned bits)
{
    if (op->kind == NET_CHANNELS)
        return packed_align((uint64_t)n->tensors[op->out].c * sizeof(uint16_t));
    if (op->kind == NET_SOFTMAX && bits <= 8)
        return packed_align(sizeof(uint16_t) << bits);
    return op->kind == NET_LOOKUP && bits <= 8 ? packed_align(1u << bits) : 0;
}

/* Where in net_op.weights the weight of a row and column stands. */
static size_t place_of(enum image_kind kind, const struct packed_shape *p, uint32_t row, uint32_t column)
{
    return is_turned(kind) ? (size_t)column * p->rows + row : (size_t)row * p->columns + column;
}

static void pack_codes(uint8_t *blob, enum image_kind kind, const struct packed_shape *p,
                       const struct quantized_weights *w, uint16_t *codes)
{
    for (uint32_t row = 0; row < p->rows; row++) {
        for (uint32_t column = 0; column < p->columns; column++)
            codes[column] = w->codes[place_of(kind, p, row, column)];
        pack_row(blob + (size_t)row * p->row_bytes, codes, p->columns, w->w_bits);
    }
}

static void copy_floats(float *blob, enum image_kind kind, const struct packed_shape *p, const float *weights)
{
    for (uint32_t row = 0; row < p->rows; row++)
        for (uint32_t column = 0; column < p->columns; column++)
            *blob++ = weights[place_of(kind, p, row, column)];
}

void *packed_weights(const struct net *n, const struct net_op *op, const struct quantized_weights *w)
{
    struct setting s = {32, 32, SCHEME_FLOAT32};
    if (w)
        s = (struct setting){w->w_bits, 8, w->scheme};
    struct packed_shape p = packed_shape(n, op, s);
    enum image_kind kind = packed_kind(n, op);
    void *blob = aligned_alloc(IMAGE_ALIGN, p.bytes);
    uint16_t *codes = malloc(p.columns * sizeof *codes);
    if (blob && codes) {
        memset(blob, 0, p.bytes);
        if (w)
            pack_codes(blob, kind, &p, w, codes);
        else
            copy_floats(blob, kind, &p, op->weights);
    } else {
        free(blob);
        blob = NULL;
    }
    free(codes);
    return blob;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How one layer's weights stand in a blob and its parameters in the program: sizes, and the packing itself.
// Private to this folder.
#ifndef PARE_QUANT_PROGRAM_PACKED_H
#define PARE_QUANT_PROGRAM_PACKED_H

#include "quant/kernels/image.h"
#include "quant/net/net.h"
#include "quant/quantize/quantized.h"

/* Rows of packed weights as image.h has them: output channels of CONV and DENSE, taps of DEPTHWISE. */
struct packed_shape {
    uint32_t rows, columns, row_bytes, bytes; // bytes: of the blob, a multiple of IMAGE_ALIGN
};

/* Offsets of a layer's parameters from where they begin, each IMAGE_ALIGN-aligned; IMAGE_NONE for what it
 * does not have. */
struct packed_parameters {
    uint32_t bias, multiplier, shift, table;
    uint32_t bytes; // a multiple of IMAGE_ALIGN
};

enum image_kind packed_kind(const struct net *n, const struct net_op *op);
struct packed_shape packed_shape(const struct net *n, const struct net_op *op, struct setting s);
struct packed_parameters packed_parameters(const struct net *n, const struct net_op *op, struct setting s);

/* Bytes in the program of the table of an operation without weights whose input has `bits`: 0 where it has none. */
uint32_t packed_table(const struct net *n, const struct net_op *op, unsigned bits);

/* The blob in heap memory (IMAGE_ALIGN-aligned, shape.bytes long), from codes or, when `w` is NULL, from the
 * float weights. NULL when memory is short. */
void *packed_weights(const struct net *n, const struct net_op *op, const struct quantized_weights *w);

static inline uint32_t packed_align(uint64_t bytes)
{
    return (uint32_t)((bytes + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN);
}

#endif

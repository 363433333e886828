// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The steps of lowering that are about one operation or one tensor. Private to this folder.
#ifndef PARE_QUANT_PROGRAM_LOWERING_H
#define PARE_QUANT_PROGRAM_LOWERING_H

#include "quant/kernels/image.h"
#include "quant/net/net.h"
#include "quant/quantize/quantized.h"

/* Shape, kernel, strides and pads of an operation; no blob, no parameters, no scratch, in->out as in the net.
 * `s` is its layer's setting (any without weights). */
void lowering_geometry(const struct net *n, int op, struct setting s, struct image_op *to);

/* A tensor at a width: shape, bytes, scale and zero point, no place. `q` may be NULL for 32 bits. */
void lowering_tensor(const struct net *n, const struct quantized *q, int tensor, unsigned bits,
                     struct image_tensor *to);

/* A real factor >= 0 as a 31-bit multiplier and a power of two (TFLite's QuantizeMultiplier). */
void lowering_multiplier(double factor, int32_t *multiplier, int32_t *shift);

/* Clamp of the result in the output's integers, or as float bits. */
void lowering_clamp(const struct net_op *op, const struct image_tensor *out, struct image_op *to);

/* The function of a LOOKUP: its name, and its numbers as float bits. */
void lowering_function(const struct net_op *op, struct image_op *to);

/* The table of a LOOKUP whose clamp is set: int8[2^in.bits]. */
void lowering_table(const struct net_op *op, const struct image_tensor *tensors, const struct image_op *to, int8_t *table);

/* The table of a SOFTMAX: uint16[2^in.bits]. */
void lowering_exponentials(const struct image_tensor *in, uint16_t *table);

/* The factors of an operation without weights that has some (image.h, add_multiplier), between integers. */
void lowering_factors(const struct image_tensor *tensors, struct image_op *to);

/* The epsilon of an RMSNORM of integers. */
void lowering_epsilon(const struct net_op *op, const struct image_tensor *in, struct image_op *to);

/* Multipliers and shifts of an RMSNORM; steps, multipliers and shifts of a SCAN. Private to lowering.c. */
void lowering_rmsnorm(const struct image_tensor *tensors, const struct quantized_weights *w, const struct image_op *to,
                      uint8_t *program);
void lowering_scan(const struct image_tensor *tensors, const struct quantized_weights *w, const struct image_op *to,
                   uint8_t *program);

/* Biases, multipliers, shifts and table of a layer, at the offsets that `to` has, into the program. */
void lowering_parameters(const struct image_tensor *tensors, const struct quantized_weights *w,
                         const struct image_op *to, uint8_t *program);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What program.c hands to a kernel, and the steps that all kernels share. Private to this folder.
#ifndef PARE_QUANT_KERNELS_KERNEL_H
#define PARE_QUANT_KERNELS_KERNEL_H

#include "quant/kernels/image.h"
#include "quant/kernels/pack.h"
#include "quant/kernels/requantize.h"
#include "quant/kernels/simd.h"

/* One op with its offsets made pointers. What an op lacks is NULL. */
struct kernel {
    const struct image_op *op;
    const struct image_tensor *in, *in1, *in2, *in3, *out;
    const uint8_t *in_data, *in1_data, *in2_data, *in3_data;
    uint8_t *out_data;
    const uint8_t *weights;
    const void *bias; // int32_t or float; of a SCAN uint16_t steps
    const int32_t *multiplier;
    const int8_t *shift;
    const int16_t *table; // of weights
    const int8_t *lookup;
    const uint16_t *choice;
    const uint16_t *exponentials;
    uint8_t *scratch;
};

/* Integer kernels write every element of out once; float kernels likewise. All are pure functions of their inputs. */
void kernel_conv(const struct kernel *k);
void kernel_dense(const struct kernel *k);
void kernel_depthwise(const struct kernel *k);
void kernel_add(const struct kernel *k);
void kernel_pool(const struct kernel *k);
void kernel_lookup(const struct kernel *k);
void kernel_mul(const struct kernel *k);
void kernel_rmsnorm(const struct kernel *k);
void kernel_scan(const struct kernel *k);
void kernel_channels(const struct kernel *k);
void kernel_resize(const struct kernel *k);
void kernel_softmax(const struct kernel *k);
void kernel_float_conv(const struct kernel *k);
void kernel_float_dense(const struct kernel *k);
void kernel_float_depthwise(const struct kernel *k);
void kernel_float_add(const struct kernel *k);
void kernel_float_pool(const struct kernel *k);
void kernel_float_lookup(const struct kernel *k);
void kernel_float_mul(const struct kernel *k);
void kernel_float_rmsnorm(const struct kernel *k);
void kernel_float_scan(const struct kernel *k);
void kernel_float_channels(const struct kernel *k);
void kernel_float_resize(const struct kernel *k);
void kernel_float_softmax(const struct kernel *k);

/* Scratch bytes of the above. */
uint32_t conv_scratch_bytes(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out);
uint32_t dense_scratch_bytes(const struct image_op *op, const struct image_tensor *in);
uint32_t add_scratch_bytes(const struct image_tensor *in, const struct image_tensor *in1);
uint32_t channels_scratch_bytes(const struct image_tensor *in, const struct image_tensor *in1, const struct image_tensor *out);
uint32_t depthwise_scratch_bytes(const struct image_op *op, const struct image_tensor *out);
uint32_t rmsnorm_scratch_bytes(const struct image_tensor *in);
uint32_t scan_scratch_bytes(const struct image_op *op, const struct image_tensor *b); // of float32 too
uint32_t float_scratch_bytes(const struct image_op *op, const struct image_tensor *in);

/* Fused everywhere, in hardware or by the C library, so that host and board give the same bits whatever their compilers fuse. */
#define MULTIPLY_ADD(a, b, c) __builtin_fmaf(a, b, c)

SIMD_INLINE float float_of_bits(int32_t bits)
{
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

SIMD_INLINE float clamp_float(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

/* Element i of an output of `bits`. */
SIMD_INLINE void store_element(uint8_t *out, uint32_t i, unsigned bits, int32_t value)
{
    if (bits == 8) {
        out[i] = (uint8_t)value;
    } else if (bits == 4) {
        unsigned high = i & 1;
        out[i >> 1] = (uint8_t)((out[i >> 1] & (high ? 0x0f : 0xf0)) | (value & 15) << high * 4);
    } else {
        int16_t v = (int16_t)value;
        pack_run(out, &v, i, 1, bits);
    }
}

/* How weights are brought to the multiplier: as lanes of codes straight from memory, or through a decoded row. */
SIMD_INLINE int weights_in_lanes(const struct image_op *op)
{
    return op->w_code == IMAGE_CODE_UNIFORM && pack_in_lanes(op->w_bits) && op->w_bits >= 2 && op->w_bits <= 8;
}

/* The integer that a code stands for. */
SIMD_INLINE int32_t weight_of_code(const struct kernel *k, unsigned code)
{
    return k->op->w_code == IMAGE_CODE_TABLE ? k->table[code] : pack_weight(code, k->op->w_bits);
}

#endif

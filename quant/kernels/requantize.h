// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From an int32 sum to an output's integer: TFLite's two roundings in one step where that is exact. Private to this folder.
//
// With h = floor((v*m + 2^30) / 2^31) the definition is round(h / 2^r), halves away from zero. Since floors nest, this is
//   floor((v*m + 2^30 + 2^(30+r) - [v < 0] 2^31) / 2^(31+r))
// ([h < 0] in the definition; where v < 0 but h == 0 both give 0). For r >= 2 the added constant is 2^(r-2) in the high word
// and +2^30 or, for v < 0, -2^30 below it: one SMLAL and one shift of the high word. The zero point joins the high word.
#ifndef PARE_QUANT_KERNELS_REQUANTIZE_H
#define PARE_QUANT_KERNELS_REQUANTIZE_H

#include "quant/kernels/simd.h"

#define REQUANTIZE_QUICK_MIN 2  // right shifts for which the one step is exact, and
#define REQUANTIZE_QUICK_MAX 22 // keeps an 8-bit zero point, shifted, far from the sign bit

struct requantizer {
    int32_t multiplier;
    int32_t high;  // quick: what is added to the high word of the product
    int32_t shift; // one less than the right shift
    int32_t left;
    int32_t zero_point;
};

SIMD_INLINE int requantizer_is_quick(const struct requantizer *q)
{
    return q->shift >= REQUANTIZE_QUICK_MIN - 1 && q->shift <= REQUANTIZE_QUICK_MAX - 1;
}

SIMD_INLINE struct requantizer requantizer_of(int32_t multiplier, int shift, int32_t zero_point)
{
    struct requantizer q = {multiplier, 0, -1, 0, zero_point};
    if (shift > 0)
        q.left = shift;
    else
        q.shift = -shift - 1;
    if (requantizer_is_quick(&q))
        q.high = (1 << (q.shift - 1)) + zero_point * (1 << q.shift);
    return q;
}

/* Requantized value + zero point, not yet clamped. Only if requantizer_is_quick. */
SIMD_INLINE int32_t requantize_quick(const struct requantizer *q, int32_t value)
{
    int32_t sign = value >> 31;
    uint32_t low = 0x40000000u + ((uint32_t)sign << 31);
    int64_t sum = (int64_t)((uint64_t)(uint32_t)(q->high + sign) << 32 | low);
    sum += (int64_t)value * q->multiplier;
    return (int32_t)(sum >> 32) >> q->shift;
}

/* The same for every multiplier >= 0 and shift, step by step as it is defined. */
SIMD_INLINE int32_t requantize_any(const struct requantizer *q, int32_t value)
{
    int32_t right = q->shift + 1, mask = (int32_t)((1u << right) - 1);
    int32_t x = (int32_t)((uint32_t)value << q->left);
    x = (int32_t)((x * (int64_t)q->multiplier + (1 << 30)) >> 31); // cannot saturate with a multiplier >= 0
    x = (x >> right) + ((x & mask) > (mask >> 1) + (x < 0));
    return simd_add_wrapping(x, q->zero_point);
}

SIMD_INLINE int32_t clamp(int32_t value, int32_t low, int32_t high)
{
    value = value < low ? low : value;
    return value > high ? high : value;
}

#endif

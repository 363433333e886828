// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Fixed point for the kernels that are more than sums of products: scaling by a 31-bit multiplier, exp2 and 1/sqrt. Each states
// how far it may be from the real number; test_fixed.c looks at that. Private to this folder and its tests.
#ifndef PARE_QUANT_KERNELS_FIXED_H
#define PARE_QUANT_KERNELS_FIXED_H

#include "quant/kernels/simd.h"

#define FIXED_ONE (1 << 30)   // 1.0 of what fixed_exp2 gives
#define FIXED_EXP_BITS 24     // fraction bits of its argument
#define FIXED_EXP_MOST (31 << FIXED_EXP_BITS) // arguments above are no different: less than half a unit is left

/* A real factor: multiplier * 2^(shift - 31). */
struct fixed_factor {
    int32_t multiplier; // above INT32_MIN
    int32_t right;      // 31 - shift, 1..62
};

SIMD_INLINE int32_t fixed_saturate(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* value * factor, rounded to the nearest (halves up), saturated: off by at most 1/2. */
SIMD_INLINE int32_t fixed_scale(int32_t value, struct fixed_factor f)
{
    int64_t product = (int64_t)value * f.multiplier + ((int64_t)1 << (f.right - 1));
    return fixed_saturate(product >> f.right);
}

/* (a * b + half) >> right, for a * b below 2^62 and a result that fits. */
SIMD_INLINE int32_t fixed_multiply(int32_t a, int32_t b, int right)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << (right - 1))) >> right);
}

/* 2^(-x / 2^24) in units of 2^-30, for 0 <= x: 2^-k from a table of 16 for the first four fraction bits, the rest by Taylor's
 * polynomial of degree 3, g^4 / 24 <= 1.47e-7 too low at g = ln(2) / 16. Off by at most 1.6e-7 of itself and two units. */
int32_t fixed_exp2(uint32_t x);

/* 1 / sqrt(value) = mantissa * 2^(exponent - 30) for value > 0, mantissa 2^30 .. 2^31 - 1: off by at most 2^-28 of itself. */
struct fixed_root {
    int32_t mantissa, exponent;
};
struct fixed_root fixed_inverse_root(uint64_t value);

#endif

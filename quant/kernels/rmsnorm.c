// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// RMSNorm: the channels of each pixel over the root of their mean square, times a weight for each channel.
//
// The input's scale is in both parts of the quotient and is not needed. With q the input less its zero point, v = 2^16 (sum of q^2 +
// epsilon), and everything that does not change in multiplier and shift, out = q * number * (multiplier 2^(shift - 31)) / sqrt(v).
// The quotient is off by at most 2^-27 of itself and 1/2 (test_sequence.c looks at that).
#include "quant/kernels/fixed.h"
#include "quant/kernels/kernel.h"
#include "quant/kernels/rows.h"

#define RUN 32u // channels at a time; a multiple of 8

uint32_t rmsnorm_scratch_bytes(const struct image_tensor *in)
{
    return (in->c + 3u) / 4 * 4 * (uint32_t)sizeof(int16_t); // the weights' numbers
}

/* The op's epsilon has 62 bits: add_multiplier[1] the upper ones. */
static uint64_t epsilon_of(const struct image_op *op)
{
    return (uint64_t)(uint32_t)op->add_multiplier[1] << 31 | (uint32_t)op->add_multiplier[0];
}

static uint64_t sum_of_squares(const struct kernel *k, uint32_t first)
{
    uint64_t sum = 0;
    for (uint32_t c = 0; c < k->in->c; c += RUN) {
        uint32_t n = k->in->c - c < RUN ? k->in->c - c : RUN;
        int16_t values[RUN];
        unpack_run(values, k->in_data, first + c, n, k->in->bits, -k->in->zero_point);
        for (uint32_t i = 0; i < n; i++)
            sum += (uint32_t)((int32_t)values[i] * values[i]);
    }
    return sum;
}

/* What channel c's product of input and weight is multiplied with. */
SIMD_INLINE struct fixed_factor factor_of(const struct kernel *k, struct fixed_root root, uint32_t c)
{
    int32_t multiplier = (int32_t)(((int64_t)k->multiplier[c] * root.mantissa + (1 << 30)) >> 31);
    int32_t right = 30 - k->shift[c] - root.exponent;
    if (right > 62)
        return (struct fixed_factor){0, 62};
    return (struct fixed_factor){multiplier, right < 1 ? 1 : right};
}

static void put_pixel(const struct kernel *k, const int16_t *numbers, struct fixed_root root, uint32_t first)
{
    int32_t zero = k->out->zero_point, low = k->op->act_min - zero, high = k->op->act_max - zero;
    for (uint32_t c = 0; c < k->in->c; c += RUN) {
        uint32_t n = k->in->c - c < RUN ? k->in->c - c : RUN;
        int16_t values[RUN];
        unpack_run(values, k->in_data, first + c, n, k->in->bits, -k->in->zero_point);
        for (uint32_t i = 0; i < n; i++) {
            int32_t product = (int32_t)values[i] * numbers[c + i];
            values[i] = (int16_t)(clamp(fixed_scale(product, factor_of(k, root, c + i)), low, high) + zero);
        }
        pack_run(k->out_data, values, first + c, n, k->out->bits);
    }
}

void kernel_rmsnorm(const struct kernel *k)
{
    uint32_t elements = (uint32_t)k->in->h * k->in->w * k->in->c;
    int16_t *numbers = (int16_t *)(void *)k->scratch;
    uint64_t epsilon = epsilon_of(k->op);
    rows_decode(k, 0, k->in->c, 0, (simd_word *)(void *)numbers, 1);
    for (uint32_t first = 0; first < elements; first += k->in->c) {
        uint64_t square = (sum_of_squares(k, first) << 16) + epsilon;
        struct fixed_root root = {0, 0}; // all inputs are zero then
        if (square)
            root = fixed_inverse_root(square);
        put_pixel(k, numbers, root, first);
    }
}

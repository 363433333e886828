// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Integer operations over int16 activations: the sums and roundings of quant/kernels, arranged for a host.
// Private to this folder.
//
// Why the integers are the same: the kernels' sums are taken modulo 2^32, and so are these, so neither order
// nor grouping matters (products of int16 in pairs fit int32, or wrap to the same remainder); what follows a
// sum is the same rounding, element by element. test_evaluate.c compares all of it with program_run.
#ifndef PARE_QUANT_EVALUATE_EXACT_H
#define PARE_QUANT_EVALUATE_EXACT_H

#include <stddef.h>
#include <stdint.h>

#define EXACT_CHANNELS 16 // output channels of a block of weights
#define EXACT_PIXELS 6    // output pixels that go through a block together
#define EXACT_SLACK 32    // int16 that may be read past the end of any buffer of activations

/* Rounding of a channel's sum (quant/kernels/program.h, kernel_requantize): left and right shifts are >= 0.
 * Arrays are padded to whole blocks of EXACT_CHANNELS. */
struct exact_rounding {
    int32_t *bias, *multiplier, *left, *right;
};

/* What a rounded sum becomes. */
struct exact_output {
    int32_t zero_point, least, most;
};

/* Where one output pixel's inputs stand, from its first one on: `n` stretches of `pairs` pairs of int16, at
 * these distances. */
struct exact_stretches {
    const int32_t *at;
    int n, pairs;
};

/* The inner loops; one table for processors with AVX2, one for all others. */
struct exact_loops {
    /* EXACT_PIXELS pixels with one block of weights, [pair][EXACT_CHANNELS][2]: rounded results of its first
     * `channels` channels go to out + i * out_stride for the first `pixels`. `r` points at the block's first
     * channel. */
    void (*product)(const int16_t *const *pixels, const struct exact_stretches *s, const int16_t *weights,
                    const struct exact_rounding *r, const struct exact_output *o, int n_pixels, int channels,
                    int16_t *out, size_t out_stride);
    /* One pixel of a depthwise convolution, 8 channels: tap k's inputs are x + at[k], its weights w + k *
     * w_stride. `acc` 8 results. */
    void (*depthwise)(const int16_t *x, const int32_t *at, int taps, const int32_t *w, size_t w_stride,
                      const struct exact_rounding *r, const struct exact_output *o, int16_t *out);
    /* n sums of a[i] - zero_a and b[i] - zero_b, scaled (TFLite's quantized Add, left_shift 20). `r` has the
     * factors at [0], [1], [2]. */
    void (*add)(const int16_t *a, const int16_t *b, size_t n, int32_t zero_a, int32_t zero_b,
                const struct exact_rounding *r, const struct exact_output *o, int16_t *out);
    /* n products of a[i] - zero_a and b[i] - zero_b. `r` has the factor at [0]. */
    void (*mul)(const int16_t *a, const int16_t *b, size_t n, int32_t zero_a, int32_t zero_b, const struct exact_rounding *r,
                const struct exact_output *o, int16_t *out);
};

/* The fastest that this processor has, or the portable ones. */
const struct exact_loops *exact_loops_best(void);
const struct exact_loops *exact_loops_portable(void);

/* NULL on other processors. */
const struct exact_loops *exact_loops_avx2(void);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The portable loops, and the choice.
#include "quant/evaluate/exact.h"

#define ADD_LEFT_SHIFT 20

static int32_t rounded(int32_t value, const struct exact_rounding *r, int i)
{
    int32_t x = (int32_t)((uint32_t)value << r->left[i]), mask = (int32_t)((1u << r->right[i]) - 1);
    x = (int32_t)((x * (int64_t)r->multiplier[i] + (1 << 30)) >> 31);
    return (x >> r->right[i]) + ((x & mask) > (mask >> 1) + (x < 0));
}

static int16_t finished(int32_t value, const struct exact_output *o)
{
    int32_t x = (int32_t)((uint32_t)value + (uint32_t)o->zero_point);
    return (int16_t)(x < o->least ? o->least : x > o->most ? o->most : x);
}

static void sum_pixel(const int16_t *x, const struct exact_stretches *s, const int16_t *w, uint32_t *sums)
{
    for (int k = 0; k < s->n; k++) {
        const int16_t *pair = x + s->at[k];
        for (int i = 0; i < s->pairs; i++, pair += 2)
            for (int c = 0; c < EXACT_CHANNELS; c++, w += 2)
                sums[c] += (uint32_t)(w[0] * pair[0]) + (uint32_t)(w[1] * pair[1]);
    }
}

static void product(const int16_t *const *pixels, const struct exact_stretches *s, const int16_t *weights,
                    const struct exact_rounding *r, const struct exact_output *o, int n_pixels, int channels,
                    int16_t *out, size_t out_stride)
{
    for (int p = 0; p < n_pixels; p++, out += out_stride) {
        uint32_t sums[EXACT_CHANNELS];
        for (int c = 0; c < EXACT_CHANNELS; c++)
            sums[c] = (uint32_t)r->bias[c];
        sum_pixel(pixels[p], s, weights, sums);
        for (int c = 0; c < channels; c++)
            out[c] = finished(rounded((int32_t)sums[c], r, c), o);
    }
}

static void depthwise(const int16_t *x, const int32_t *at, int taps, const int32_t *w, size_t w_stride,
                      const struct exact_rounding *r, const struct exact_output *o, int16_t *out)
{
    for (int c = 0; c < 8; c++) {
        uint32_t sum = (uint32_t)r->bias[c];
        for (int k = 0; k < taps; k++)
            sum += (uint32_t)((int16_t)w[(size_t)k * w_stride + (size_t)c] * x[at[k] + c]);
        out[c] = finished(rounded((int32_t)sum, r, c), o);
    }
}

static void add(const int16_t *a, const int16_t *b, size_t n, int32_t zero_a, int32_t zero_b,
                const struct exact_rounding *r, const struct exact_output *o, int16_t *out)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t sum = (uint32_t)rounded((a[i] - zero_a) * (1 << ADD_LEFT_SHIFT), r, 0);
        sum += (uint32_t)rounded((b[i] - zero_b) * (1 << ADD_LEFT_SHIFT), r, 1);
        out[i] = finished(rounded((int32_t)sum, r, 2), o);
    }
}

static void mul(const int16_t *a, const int16_t *b, size_t n, int32_t zero_a, int32_t zero_b, const struct exact_rounding *r,
                const struct exact_output *o, int16_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = finished(rounded((a[i] - zero_a) * (b[i] - zero_b), r, 0), o);
}

const struct exact_loops *exact_loops_portable(void)
{
    static const struct exact_loops loops = {product, depthwise, add, mul};
    return &loops;
}

const struct exact_loops *exact_loops_best(void)
{
    const struct exact_loops *avx2 = exact_loops_avx2();
    return avx2 ? avx2 : exact_loops_portable();
}

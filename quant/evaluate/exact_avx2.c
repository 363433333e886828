// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The loops for AVX2. Everything hangs on vpmaddwd: eight times two products of int16, added in pairs to
// eight int32.
#include "quant/evaluate/exact.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE static inline __attribute__((target("avx2"), always_inline))
#define ADD_LEFT_SHIFT 20

struct rounding8 {
    __m256i multiplier, left, right, mask, half;
};

AVX2_INLINE __m256i load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2_INLINE struct rounding8 rounding_of(__m256i multiplier, __m256i left, __m256i right)
{
    struct rounding8 r = {multiplier, left, right, {0}, {0}};
    r.mask = _mm256_sub_epi32(_mm256_sllv_epi32(_mm256_set1_epi32(1), right), _mm256_set1_epi32(1));
    r.half = _mm256_srli_epi32(r.mask, 1);
    return r;
}

/* exact.c's rounded() for eight sums: the high half of twice the product, rounded, from bits 62..31 of the
 * 64-bit products. */
AVX2_INLINE __m256i rounded(__m256i value, const struct rounding8 *r)
{
    __m256i x = _mm256_sllv_epi32(value, r->left), nudge = _mm256_set1_epi64x(1 << 30);
    __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, r->multiplier), nudge);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(r->multiplier, 32));
    odd = _mm256_add_epi64(odd, nudge);
    x = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xaa);
    __m256i negative = _mm256_srai_epi32(x, 31); // -1 where x < 0
    __m256i threshold = _mm256_sub_epi32(r->half, negative);
    __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(x, r->mask), threshold); // -1 where rounded up
    return _mm256_sub_epi32(_mm256_srav_epi32(x, r->right), up);
}

AVX2_INLINE __m256i finished(__m256i value, const struct exact_output *o)
{
    __m256i x = _mm256_add_epi32(value, _mm256_set1_epi32(o->zero_point));
    return _mm256_max_epi32(_mm256_min_epi32(x, _mm256_set1_epi32(o->most)), _mm256_set1_epi32(o->least));
}

/* Sixteen int32 that fit int16, in order. */
AVX2_INLINE __m256i narrowed(__m256i low, __m256i high)
{
    return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
}

AVX2_INLINE __m256i pair_of(const int16_t *x)
{
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
    return _mm256_set1_epi32(pair);
}

/* low[p], high[p] += the pairs of pixel p times the block's sixteen channels. */
AVX2_INLINE void sum_pixels(const int16_t *const *pixels, const struct exact_stretches *s, const int16_t *w,
                            __m256i *low, __m256i *high)
{
    for (int k = 0; k < s->n; k++) {
        int32_t at = s->at[k];
        for (int i = 0; i < s->pairs; i++, at += 2, w += 2 * EXACT_CHANNELS) {
            __m256i w_low = _mm256_loadu_si256((const __m256i *)(const void *)w);
            __m256i w_high = _mm256_loadu_si256((const __m256i *)(const void *)(w + EXACT_CHANNELS));
#pragma GCC unroll 6
            for (int p = 0; p < EXACT_PIXELS; p++) {
                __m256i x = pair_of(pixels[p] + at);
                low[p] = _mm256_add_epi32(low[p], _mm256_madd_epi16(w_low, x));
                high[p] = _mm256_add_epi32(high[p], _mm256_madd_epi16(w_high, x));
            }
        }
    }
}

AVX2 static void product(const int16_t *const *pixels, const struct exact_stretches *s,
                         const int16_t *weights, const struct exact_rounding *r, const struct exact_output *o,
                         int n_pixels, int channels, int16_t *out, size_t out_stride)
{
    __m256i low[EXACT_PIXELS], high[EXACT_PIXELS];
#pragma GCC unroll 6
    for (int p = 0; p < EXACT_PIXELS; p++)
        low[p] = load(r->bias), high[p] = load(r->bias + 8);
    sum_pixels(pixels, s, weights, low, high);
    struct rounding8 r_low = rounding_of(load(r->multiplier), load(r->left), load(r->right));
    struct rounding8 r_high = rounding_of(load(r->multiplier + 8), load(r->left + 8), load(r->right + 8));
#pragma GCC unroll 6
    for (int p = 0; p < EXACT_PIXELS; p++) {
        if (p >= n_pixels)
            break;
        __m256i result =
            narrowed(finished(rounded(low[p], &r_low), o), finished(rounded(high[p], &r_high), o));
        int16_t values[EXACT_CHANNELS];
        int whole = channels == EXACT_CHANNELS;
        _mm256_storeu_si256((__m256i *)(void *)(whole ? out + (size_t)p * out_stride : values), result);
        if (!whole)
            memcpy(out + (size_t)p * out_stride, values, (size_t)channels * sizeof *out);
    }
}

AVX2_INLINE __m256i widened(const int16_t *x)
{
    return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)x));
}

AVX2 static void depthwise(const int16_t *x, const int32_t *at, int taps, const int32_t *w, size_t w_stride,
                           const struct exact_rounding *r, const struct exact_output *o, int16_t *out)
{
    __m256i sum = load(r->bias);
    for (int k = 0; k < taps;
         k++, w += w_stride) // w has the weight in its low half and 0 in the high: the sign of x drops out
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(widened(x + at[k]), load(w)));
    struct rounding8 r8 = rounding_of(load(r->multiplier), load(r->left), load(r->right));
    __m256i result = finished(rounded(sum, &r8), o);
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(narrowed(result, result)));
}

AVX2_INLINE struct rounding8 rounding_at(const struct exact_rounding *r, int i)
{
    return rounding_of(_mm256_set1_epi32(r->multiplier[i]), _mm256_set1_epi32(r->left[i]),
                       _mm256_set1_epi32(r->right[i]));
}

/* Eight of one input of an addition, scaled. */
AVX2_INLINE __m256i term(const int16_t *x, int32_t zero, const struct rounding8 *r)
{
    __m256i centred = _mm256_sub_epi32(widened(x), _mm256_set1_epi32(zero));
    return rounded(_mm256_slli_epi32(centred, ADD_LEFT_SHIFT), r);
}

AVX2 static void add(const int16_t *a, const int16_t *b, size_t n, int32_t zero_a, int32_t zero_b,
                     const struct exact_rounding *r, const struct exact_output *o, int16_t *out)
{
    struct rounding8 r_a = rounding_at(r, 0), r_b = rounding_at(r, 1), r_out = rounding_at(r, 2);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i sum = _mm256_add_epi32(term(a + i, zero_a, &r_a), term(b + i, zero_b, &r_b));
        __m256i result = finished(rounded(sum, &r_out), o);
        _mm_storeu_si128((__m128i *)(void *)(out + i), _mm256_castsi256_si128(narrowed(result, result)));
    }
    exact_loops_portable()->add(a + i, b + i, n - i, zero_a, zero_b, r, o, out + i);
}

AVX2 static void mul(const int16_t *a, const int16_t *b, size_t n, int32_t zero_a, int32_t zero_b, const struct exact_rounding *r,
                     const struct exact_output *o, int16_t *out)
{
    struct rounding8 r_out = rounding_at(r, 0);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i first = _mm256_sub_epi32(widened(a + i), _mm256_set1_epi32(zero_a));
        __m256i second = _mm256_sub_epi32(widened(b + i), _mm256_set1_epi32(zero_b));
        __m256i result = finished(rounded(_mm256_mullo_epi32(first, second), &r_out), o);
        _mm_storeu_si128((__m128i *)(void *)(out + i), _mm256_castsi256_si128(narrowed(result, result)));
    }
    exact_loops_portable()->mul(a + i, b + i, n - i, zero_a, zero_b, r, o, out + i);
}

const struct exact_loops *exact_loops_avx2(void)
{
    static const struct exact_loops loops = {product, depthwise, add, mul};
    return __builtin_cpu_supports("avx2") ? &loops : NULL;
}
#else
const struct exact_loops *exact_loops_avx2(void)
{
    return NULL;
}
#endif

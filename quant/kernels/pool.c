// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Integer pooling. Where channels come in whole words, a word of each pixel of the window is taken at a time; else runs of
// channels are unpacked.
#include "quant/kernels/kernel.h"

#define RUN 32u       // channels; a multiple of 8
#define LANE_TAPS 256 // as many values of 8 bits may be summed in a half of a word

/* The part of a pool's window that lies inside the plane. */
struct window {
    int32_t top, bottom, left, right; // from, until
};

static struct window window_of(const struct kernel *k, uint32_t y, uint32_t x)
{
    const struct image_op *op = k->op;
    int32_t top = (int32_t)(y * op->stride_h) - op->pad_top, left = (int32_t)(x * op->stride_w) - op->pad_left;
    return (struct window){clamp(top, 0, k->in->h), clamp(top + op->kernel_h, 0, k->in->h), clamp(left, 0, k->in->w),
                           clamp(left + op->kernel_w, 0, k->in->w)};
}

static int32_t taps_of(struct window w)
{
    return (w.bottom - w.top) * (w.right - w.left);
}

/* How sums become outputs: with a scale of their own, or as means of the input's integers. */
struct mean {
    int32_t own_scale, zero; // zero: the input's
    int32_t taps;            // of a whole window
    struct requantizer out;
    int32_t low, high;
};

static struct mean mean_of(const struct kernel *k)
{
    const struct image_op *op = k->op;
    return (struct mean){op->kind == IMAGE_AVGPOOL && op->add_multiplier[0] > 0, k->in->zero_point, op->kernel_h * op->kernel_w,
                         requantizer_of(op->add_multiplier[0], op->add_shift[0], k->out->zero_point), op->act_min, op->act_max};
}

/* sum * taps / n, rounded half away from zero; the quotient and what it leaves are small enough by themselves. */
static int32_t as_whole_window(int32_t sum, uint32_t n, uint32_t taps)
{
    uint32_t size = sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum, rest = size % n * taps;
    uint32_t whole = size / n * taps + rest / n + (rest % n >= n - rest % n);
    return sum < 0 ? (int32_t)(0u - whole) : (int32_t)whole;
}

static int32_t rounded_mean(int32_t sum, int32_t n)
{
    return sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n;
}

/* What a sum over n taps becomes. */
SIMD_INLINE int16_t finished(const struct mean *m, int32_t sum, int32_t n)
{
    int32_t value;
    if (m->own_scale) {
        sum -= n * m->zero;
        value = requantize_any(&m->out, n == m->taps ? sum : as_whole_window(sum, (uint32_t)n, (uint32_t)m->taps));
    } else {
        value = rounded_mean(sum, n);
    }
    return (int16_t)clamp(value, m->low, m->high);
}

/* Sums of eight channels of bytes in halves: channels 0 and 2, 1 and 3, 4 and 6, 5 and 7. `x` is the first pixel's, `width` its
 * plane's width in pixels of `step` words. */
static void sum_bytes(const simd_word *x, int32_t rows, int32_t columns, uint32_t width, uint32_t step, uint32_t sums[4])
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    for (; rows; rows--, x += width * step) {
        const simd_word *at = x;
        for (int32_t i = columns; i; i--, at += step) {
            uint32_t first = at[0], second = at[1];
            a = simd_even_bytes(first, a), b = simd_odd_bytes(first, b);
            c = simd_even_bytes(second, c), d = simd_odd_bytes(second, d);
        }
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

/* The same of nibbles, plus 8 for each tap: channels 0 and 4, 1 and 5, 2 and 6, 3 and 7. */
static void sum_nibbles(const simd_word *x, int32_t rows, int32_t columns, uint32_t width, uint32_t step, uint32_t sums[4])
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    for (; rows; rows--, x += width * step) {
        const simd_word *at = x;
        for (int32_t i = columns; i; i--, at += step) {
            uint32_t codes = *at ^ 0x88888888u, low = codes & 0x0f0f0f0fu, high = codes >> 4 & 0x0f0f0f0fu;
            a = simd_even_codes(low, a), b = simd_even_codes(high, b);
            c = simd_odd_codes(low, c), d = simd_odd_codes(high, d);
        }
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

/* Eight channels from `element` on of the window's first pixel. */
static void mean_of_eight(const struct kernel *k, const struct mean *m, struct window w, uint32_t element, int16_t out[8])
{
    static const uint8_t of_bytes[8] = {0, 2, 1, 3, 4, 6, 5, 7}, of_nibbles[8] = {0, 4, 1, 5, 2, 6, 3, 7};
    uint32_t bits = k->in->bits, step = k->in->c * bits / 32;
    const simd_word *x = (const simd_word *)(const void *)(k->in_data + element * bits / 8);
    int32_t taps = taps_of(w), offset = bits == 8 ? 0 : -8 * taps;
    uint32_t sums[4];
    (bits == 8 ? sum_bytes : sum_nibbles)(x, w.bottom - w.top, w.right - w.left, k->in->w, step, sums);
    const uint8_t *channel = bits == 8 ? of_bytes : of_nibbles;
    for (int i = 0; i < 8; i++) {
        int32_t sum = (int16_t)(sums[i / 2] >> i % 2 * 16) + offset;
        out[channel[i]] = finished(m, sum, taps);
    }
}

/* Four channels of bytes. */
static void maximum_of_four(const struct kernel *k, struct window w, uint32_t element, int16_t out[4])
{
    uint32_t most = 0x80808080u;
    for (int32_t y = w.top; y < w.bottom; y++, element += k->in->w * k->in->c) {
        const uint8_t *at = k->in_data + element;
        for (int32_t x = w.left; x < w.right; x++, at += k->in->c)
            most = simd_max_bytes(*(const simd_word *)(const void *)at, most);
    }
    for (int i = 0; i < 4; i++)
        out[i] = (int16_t)clamp((int8_t)(most >> 8 * i), k->op->act_min, k->op->act_max);
}

/* Any width, `n` channels. */
static void pool_run(const struct kernel *k, const struct mean *m, struct window w, uint32_t channel, uint32_t n, int16_t *out)
{
    int maximum = k->op->kind == IMAGE_MAXPOOL;
    int32_t results[RUN];
    for (uint32_t i = 0; i < n; i++)
        results[i] = maximum ? INT16_MIN : 0;
    for (int32_t y = w.top; y < w.bottom; y++) {
        for (int32_t x = w.left; x < w.right; x++) {
            int16_t values[RUN];
            unpack_run(values, k->in_data, ((uint32_t)y * k->in->w + (uint32_t)x) * k->in->c + channel, n, k->in->bits, 0);
            for (uint32_t i = 0; i < n; i++)
                results[i] = !maximum ? results[i] + values[i] : values[i] > results[i] ? values[i] : results[i];
        }
    }
    int32_t taps = taps_of(w);
    for (uint32_t i = 0; i < n; i++)
        out[i] = maximum ? (int16_t)clamp(results[i], m->low, m->high) : finished(m, results[i], taps);
}

/* Channels that a step takes together. */
static uint32_t channels_together(const struct kernel *k)
{
    uint32_t bits = k->in->bits, channels = k->in->c;
    if (k->op->kind == IMAGE_MAXPOOL)
        return bits == 8 && channels % 4 == 0 ? 4 : RUN;
    int few = (uint32_t)k->op->kernel_h * k->op->kernel_w <= LANE_TAPS;
    return few && (bits == 8 || bits == 4) && channels % 8 == 0 ? 8 : RUN;
}

void kernel_pool(const struct kernel *k)
{
    uint32_t channels = k->in->c, together = channels_together(k);
    struct mean m = mean_of(k);
    for (uint32_t pixel = 0; pixel < (uint32_t)k->out->h * k->out->w; pixel++) {
        struct window w = window_of(k, pixel / k->out->w, pixel % k->out->w);
        uint32_t element = ((uint32_t)w.top * k->in->w + (uint32_t)w.left) * channels;
        for (uint32_t c = 0; c < channels; c += together) {
            uint32_t n = channels - c < together ? channels - c : together;
            int16_t out[RUN];
            if (together == 8)
                mean_of_eight(k, &m, w, element + c, out);
            else if (together == 4)
                maximum_of_four(k, w, element + c, out);
            else
                pool_run(k, &m, w, c, n, out);
            pack_run(k->out_data, out, pixel * channels + c, n, k->out->bits);
        }
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution, a few channels at a time.
//
// The input is channel-minor, but each output needs one channel only. So a band of rows of up to DEPTHWISE_CHANNELS
// neighbouring channels is taken out of the input into planes of int16 (unpacked, minus the zero point, padding as zeros),
// and each plane is then convolved by itself: packed widths are unpacked once per element, not once per multiplication.
//
// A row of a plane is read in aligned pairs. Two neighbouring outputs are made together; where the second one starts
// at an odd element it takes the pair before and weights shifted by one:
//   even start: (w0,w1) (w2,0)    odd start: (0,w0) (w1,w2)
#include "quant/kernels/kernel.h"

#include <string.h>

#define DEPTHWISE_CHANNELS 4u
#define DEPTHWISE_PLANES_BYTES 8192u // a band has as many rows as keep all planes within this, but at least one output's

struct band {
    int16_t *planes;   // [channel][row][column]
    simd_word *even;   // weights of one output channel as pairs, [kernel row][pair], for even starts
    simd_word *odd;    // and for odd ones
    uint32_t pairs;    // per kernel row
    uint32_t channels; // of the input, in the planes
    uint32_t rows, columns;
    uint32_t out_rows;
};

static uint32_t span(uint32_t outputs, uint32_t stride, uint32_t kernel, uint32_t dilation)
{
    return (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

static struct band band_of(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out)
{
    struct band b = {.channels = in->c < DEPTHWISE_CHANNELS ? in->c : DEPTHWISE_CHANNELS};
    b.columns = (span(out->w, op->stride_w, op->kernel_w, op->dilation_w) + 3) & ~1u; // even, and a pair may be read past
    uint32_t row_bytes = b.channels * b.columns * (uint32_t)sizeof(int16_t);
    uint32_t fit = DEPTHWISE_PLANES_BYTES / row_bytes;
    uint32_t least = span(1, op->stride_h, op->kernel_h, op->dilation_h);
    b.out_rows = fit <= least ? 1 : (fit - least) / op->stride_h + 1;
    if (b.out_rows > out->h)
        b.out_rows = out->h;
    b.rows = span(b.out_rows, op->stride_h, op->kernel_h, op->dilation_h);
    return b;
}

/* Taps that are dilated stand apart in pairs with zeros between them. */
static uint32_t pairs_of(const struct image_op *op)
{
    return ((op->kernel_w - 1u) * op->dilation_w + 1) / 2 + 1;
}

static uint32_t taps_bytes(const struct image_op *op)
{
    return 2 * op->kernel_h * pairs_of(op) * (uint32_t)sizeof(simd_word);
}

uint32_t depthwise_scratch_bytes(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out)
{
    struct band b = band_of(op, in, out);
    return taps_bytes(op) + b.channels * b.rows * b.columns * (uint32_t)sizeof(int16_t);
}

/* `n` values from element `i` of the input. */
SIMD_INLINE void take(const struct kernel *k, uint32_t i, uint32_t n, int16_t values[DEPTHWISE_CHANNELS])
{
    if (k->in->bits == 8 && n == DEPTHWISE_CHANNELS)
        simd_widen_bytes(*(const simd_word_unaligned *)(const void *)(k->in_data + i),
                         (uint16_t)-k->in->zero_point * 0x10001u, (simd_word *)(void *)values);
    else
        unpack_run(values, k->in_data, i, n, k->in->bits, -k->in->zero_point);
}

/* Fills the planes with `n` channels from `channel` on, rows from input row `top` on. */
static void fill_planes(const struct kernel *k, const struct band *b, uint32_t channel, uint32_t n, int32_t top)
{
    const struct image_tensor *in = k->in;
    size_t plane = (size_t)b->rows * b->columns;
    memset(b->planes, 0, n * plane * sizeof *b->planes);
    int32_t left = k->op->pad_left;
    int32_t columns = (int32_t)b->columns - left < in->w ? (int32_t)b->columns - left : in->w;
    for (uint32_t r = 0; r < b->rows; r++) {
        int32_t y = top + (int32_t)r;
        if (y < 0 || y >= in->h)
            continue;
        int16_t *to = b->planes + r * b->columns + left;
        uint32_t element = (uint32_t)y * in->w * in->c + channel;
        for (int32_t x = 0; x < columns; x++, element += in->c, to++) {
            int16_t values[DEPTHWISE_CHANNELS] __attribute__((aligned(4)));
            take(k, element, n, values);
            for (uint32_t i = 0; i < n; i++)
                to[i * plane] = values[i];
        }
    }
}

static void decode_taps(const struct kernel *k, const struct band *b, uint32_t channel)
{
    const struct image_op *op = k->op;
    const uint8_t *row = k->weights;
    memset(b->even, 0, taps_bytes(op));
    for (uint32_t i = 0; i < op->kernel_h; i++) {
        int16_t *even = (int16_t *)(void *)(b->even + i * b->pairs), *odd = (int16_t *)(void *)(b->odd + i * b->pairs);
        for (uint32_t j = 0; j < op->kernel_w; j++, row += op->weights_row_bytes) {
            int16_t weight = (int16_t)weight_of_code(k, pack_row_code(row, channel, op->w_bits));
            even[j * op->dilation_w] = odd[j * op->dilation_w + 1] = weight;
        }
    }
}

/* Sums of two outputs whose windows start at words x and y of the plane; `step` words to the next kernel row. */
SIMD_INLINE void sum_two(const simd_word *x, const simd_word *y, uint32_t step, const simd_word *wx, const simd_word *wy,
                         uint32_t rows, uint32_t pairs, int32_t sums[2])
{
    for (uint32_t i = 0; i < rows; i++, x += step, y += step, wx += pairs, wy += pairs) {
        for (uint32_t j = 0; j < pairs; j++) {
            sums[0] = simd_dual_mac(x[j], wx[j], sums[0]);
            sums[1] = simd_dual_mac(y[j], wy[j], sums[1]);
        }
    }
}

/* The most common kernel, 3 x 3, is unrolled. */
static void sum_3x3(const simd_word *x, const simd_word *y, uint32_t step, const simd_word *wx, const simd_word *wy,
                    int32_t sums[2])
{
    sum_two(x, y, step, wx, wy, 3, 2, sums);
}

/* One row of outputs; `plane` is the plane's row where their windows begin. */
SIMD_INLINE void convolve_row(const struct kernel *k, const struct band *b, const int16_t *plane, struct requantizer q,
                              int32_t bias, uint32_t element)
{
    const struct image_op *op = k->op;
    const simd_word *words = (const simd_word *)(const void *)plane;
    uint32_t step = op->dilation_h * b->columns / 2;
    int is_3x3 = op->kernel_h == 3 && b->pairs == 2;
    for (uint32_t x = 0; x < k->out->w; x += 2) {
        int two = x + 1 < k->out->w;
        uint32_t at = x * op->stride_w, next = two ? at + op->stride_w : at; // `at` is even
        const simd_word *taps = next & 1 ? b->odd : b->even;
        int32_t sums[2] = {bias, bias};
        if (is_3x3)
            sum_3x3(words + at / 2, words + next / 2, step, b->even, taps, sums);
        else
            sum_two(words + at / 2, words + next / 2, step, b->even, taps, op->kernel_h, b->pairs, sums);
        for (int i = 0; i <= two; i++, element += k->out->c) {
            int32_t value = requantize_any(&q, sums[i]);
            store_element(k->out_data, element, k->out->bits, clamp(value, op->act_min, op->act_max));
        }
    }
}

/* Output channel `oc` from its plane, `rows` rows from output row `first` on. */
static void convolve_plane(const struct kernel *k, const struct band *b, const int16_t *plane, uint32_t oc,
                           uint32_t first, uint32_t rows)
{
    decode_taps(k, b, oc);
    struct requantizer q = requantizer_of(k->multiplier[oc], k->shift[oc], k->out->zero_point);
    int32_t bias = k->bias ? ((const int32_t *)k->bias)[oc] : 0;
    for (uint32_t r = 0; r < rows; r++)
        convolve_row(k, b, plane + (size_t)r * k->op->stride_h * b->columns, q, bias,
                     (first + r) * k->out->w * k->out->c + oc);
}

void kernel_depthwise(const struct kernel *k)
{
    struct band b = band_of(k->op, k->in, k->out);
    b.pairs = pairs_of(k->op);
    b.even = (simd_word *)(void *)k->scratch;
    b.odd = b.even + k->op->kernel_h * b.pairs;
    b.planes = (int16_t *)(void *)(k->scratch + taps_bytes(k->op));
    uint32_t multiplier = k->out->c / k->in->c;
    for (uint32_t channel = 0; channel < k->in->c; channel += b.channels) {
        uint32_t n = k->in->c - channel < b.channels ? k->in->c - channel : b.channels;
        for (uint32_t row = 0; row < k->out->h; row += b.out_rows) {
            uint32_t rows = k->out->h - row < b.out_rows ? k->out->h - row : b.out_rows;
            fill_planes(k, &b, channel, n, (int32_t)(row * k->op->stride_h) - k->op->pad_top);
            for (uint32_t i = 0; i < n * multiplier; i++)
                convolve_plane(k, &b, b.planes + (size_t)(i / multiplier) * b.rows * b.columns, channel * multiplier + i,
                               row, rows);
        }
    }
}

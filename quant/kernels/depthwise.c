// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution, a few channels at a time.
//
// The input is channel-minor, but each output needs one channel only. So a band of rows of up to DEPTHWISE_CHANNELS
// neighbouring channels is taken out of the input into planes of int16 (unpacked, minus the zero point, padding as zeros),
// and each plane is then convolved by itself: packed widths are unpacked once per element, not once per multiplication.
#include "quant/kernels/kernel.h"

#include <string.h>

#define DEPTHWISE_CHANNELS 4u
#define DEPTHWISE_PLANES_BYTES 8192u // a band has as many rows as keep all planes within this, but at least one output's

struct band {
    int16_t *planes;   // [channel][row][column]
    int16_t *taps;     // weights of one output channel
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

static uint32_t taps_bytes(const struct image_op *op)
{
    return ((uint32_t)op->kernel_h * op->kernel_w * (uint32_t)sizeof(int16_t) + 3) & ~3u;
}

uint32_t depthwise_scratch_bytes(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out)
{
    struct band b = band_of(op, in, out);
    return taps_bytes(op) + b.channels * b.rows * b.columns * (uint32_t)sizeof(int16_t);
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
            int16_t values[DEPTHWISE_CHANNELS];
            unpack_run(values, k->in_data, element, n, in->bits, -in->zero_point);
            for (uint32_t i = 0; i < n; i++)
                to[i * plane] = values[i];
        }
    }
}

static void decode_taps(const struct kernel *k, int16_t *taps, uint32_t channel)
{
    uint32_t n = (uint32_t)k->op->kernel_h * k->op->kernel_w;
    for (uint32_t t = 0; t < n; t++)
        taps[t] = (int16_t)weight_of_code(
            k, pack_row_code(k->weights + (size_t)t * k->op->weights_row_bytes, channel, k->op->w_bits));
}

static int32_t sum_of(const struct image_op *op, const struct band *b, const int16_t *x, int32_t sum)
{
    const int16_t *w = b->taps;
    for (uint32_t i = 0; i < op->kernel_h; i++, x += op->dilation_h * b->columns)
        for (uint32_t j = 0; j < op->kernel_w; j++)
            sum = simd_add_wrapping(sum, *w++ * x[j * op->dilation_w]);
    return sum;
}

/* Output channel `oc` from its plane, `rows` rows from output row `first` on. */
static void convolve_plane(const struct kernel *k, const struct band *b, const int16_t *plane, uint32_t oc,
                           uint32_t first, uint32_t rows)
{
    const struct image_op *op = k->op;
    decode_taps(k, b->taps, oc);
    struct requantizer q = requantizer_of(k->multiplier[oc], k->shift[oc]);
    int32_t bias = k->bias ? ((const int32_t *)k->bias)[oc] : 0;
    uint32_t element = first * k->out->w * k->out->c + oc;
    for (uint32_t r = 0; r < rows; r++) {
        const int16_t *x = plane + (size_t)r * op->stride_h * b->columns;
        for (uint32_t i = 0; i < k->out->w; i++, x += op->stride_w, element += k->out->c) {
            int32_t value = requantize(q, sum_of(op, b, x, bias));
            store_element(k->out_data, element, k->out->bits,
                          clamp(simd_add_wrapping(value, k->out->zero_point), op->act_min, op->act_max));
        }
    }
}

void kernel_depthwise(const struct kernel *k)
{
    struct band b = band_of(k->op, k->in, k->out);
    b.taps = (int16_t *)(void *)k->scratch;
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

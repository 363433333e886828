// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution, four channels at a time.
//
// A band of rows of four neighbouring channels is unpacked into scratch, minus the zero point, padding as zeros. There a pixel
// is two words, as bytes come out when they are widened: channels 0 and 2, channels 1 and 3. One word and the two channels'
// weights make two multiplications, low by low and high by high halves; two neighbouring outputs of two channels are summed
// together, so that what their windows share is loaded once.
#include "quant/kernels/output.h"

#include <string.h>

#define GROUP 4u      // channels of the input
#define STRIP 16u     // outputs of a channel that are summed before they are stored
#define SUMS_STEP 18u // from a channel's sums to the next's: windows come in twos
#define DEPTHWISE_BAND_BYTES 4096u // a band has as many rows as keep it within this, but at least one output's

struct band {
    simd_word *taps;   // of two output channels, [kernel row][kernel column], as halves of a word
    simd_word *pixels; // [row][column][2]
    uint32_t rows, columns;
    uint32_t out_rows;
};

/* Two output channels that are summed together. */
struct pair {
    uint32_t channels[2];
    uint32_t n; // of them exist, 1 or 2
    int32_t bias[2];
    struct requantizer q[2];
};

static uint32_t span(uint32_t outputs, uint32_t stride, uint32_t kernel, uint32_t dilation)
{
    return (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

static struct band band_of(const struct image_op *op, const struct image_tensor *out)
{
    struct band b = {.columns = span(out->w, op->stride_w, op->kernel_w, op->dilation_w)};
    uint32_t fit = DEPTHWISE_BAND_BYTES / (b.columns * 2 * (uint32_t)sizeof(simd_word));
    uint32_t least = span(1, op->stride_h, op->kernel_h, op->dilation_h);
    b.out_rows = fit <= least ? 1 : (fit - least) / op->stride_h + 1;
    if (b.out_rows > out->h)
        b.out_rows = out->h;
    b.rows = span(b.out_rows, op->stride_h, op->kernel_h, op->dilation_h);
    return b;
}

static uint32_t taps_bytes(const struct image_op *op)
{
    return (uint32_t)op->kernel_h * op->kernel_w * (uint32_t)sizeof(simd_word);
}

uint32_t depthwise_scratch_bytes(const struct image_op *op, const struct image_tensor *out)
{
    struct band b = band_of(op, out);
    return taps_bytes(op) + (b.rows * b.columns + 1) * 2 * (uint32_t)sizeof(simd_word); // one more pixel: windows come in twos
}

/* The `n` inputs from `element` on as one pixel. */
static void put_pixel(const struct kernel *k, uint32_t element, uint32_t n, simd_word *to)
{
    int16_t values[GROUP] = {0};
    unpack_run(values, k->in_data, element, n, k->in->bits, -k->in->zero_point);
    to[0] = simd_low_halves((uint16_t)values[0], (uint16_t)values[2]);
    to[1] = simd_low_halves((uint16_t)values[1], (uint16_t)values[3]);
}

/* `n` pixels of a row from `element` on, `channels` channels of each. */
static void put_pixels(const struct kernel *k, uint32_t element, uint32_t n, uint32_t channels, simd_word *to)
{
    uint32_t offset = (uint16_t)-k->in->zero_point * 0x10001u, step = k->in->c, bits = k->in->bits;
    const uint8_t *from = k->in_data + element;
    if (bits == 8 && channels == GROUP) {
        for (; n; n--, from += step, to += 2) {
            uint32_t bytes = *(const simd_word_unaligned *)(const void *)from;
            to[0] = simd_even_bytes(bytes, offset);
            to[1] = simd_odd_bytes(bytes, offset);
        }
    } else if (bits == 4 && channels == GROUP && step % 2 == 0) {
        offset = simd_nibble_offset(offset);
        for (from = k->in_data + element / 2; n; n--, from += step / 2, to += 2) {
            uint32_t nibbles = (from[0] | (uint32_t)from[1] << 16) ^ 0x00880088u;
            to[0] = simd_even_codes(nibbles & 0x000f000fu, offset);
            to[1] = simd_even_codes(nibbles >> 4 & 0x000f000fu, offset);
        }
    } else {
        for (; n; n--, element += step, to += 2)
            put_pixel(k, element, channels, to);
    }
}

/* Fills the band with `channels` channels from `channel` on, rows from input row `top` on. */
static void fill_band(const struct kernel *k, const struct band *b, uint32_t channel, uint32_t channels, int32_t top)
{
    const struct image_tensor *in = k->in;
    uint32_t left = k->op->pad_left, n = b->columns > left ? b->columns - left : 0;
    if (n > in->w)
        n = in->w;
    memset(b->pixels, 0, ((size_t)b->rows * b->columns + 1) * 2 * sizeof *b->pixels);
    for (uint32_t r = 0; r < b->rows; r++) {
        int32_t y = top + (int32_t)r;
        if (y >= 0 && y < in->h)
            put_pixels(k, (uint32_t)y * in->w * in->c + channel, n, channels, b->pixels + (r * b->columns + left) * 2);
    }
}

/* Half `half` of all taps: the weights of output channel `channel`. In lanes (pack.h) all of them stand at the same bits. */
static void decode_taps(const struct kernel *k, const struct band *b, uint32_t channel, uint32_t half)
{
    const struct image_op *op = k->op;
    int16_t *to = (int16_t *)(void *)b->taps + half;
    const uint8_t *row = k->weights;
    unsigned bits = op->w_bits, lanes = pack_in_lanes(bits), in_word = lanes ? channel % (32 / bits) : 0;
    unsigned shift = (in_word & 1) * 16 + (in_word >> 1) * bits, mask = (1u << bits) - 1;
    if (lanes)
        row += channel * bits / 32 * 4;
    for (uint32_t i = (uint32_t)op->kernel_h * op->kernel_w; i; i--, row += op->weights_row_bytes, to += 2) {
        unsigned code = lanes ? *(const simd_word *)(const void *)row >> shift & mask : pack_row_code(row, channel, bits);
        *to = (int16_t)weight_of_code(k, code);
    }
}

static struct pair pair_of(const struct kernel *k, const struct band *b, uint32_t first, uint32_t second, uint32_t n)
{
    struct pair p = {.channels = {first, n == 2 ? second : first}, .n = n};
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t channel = p.channels[i];
        decode_taps(k, b, channel, i);
        p.bias[i] = k->bias ? ((const int32_t *)k->bias)[channel] : 0;
        p.q[i] = requantizer_of(k->multiplier[channel], k->shift[channel], k->out->zero_point);
    }
    return p;
}

/* Windows of some pixels of some rows. */
struct windows {
    const simd_word *x; // where the first begins
    uint32_t rows, columns;
    uint32_t next_row;  // words from a row of windows to the next
    uint32_t row_step;  // words from a window's row to the next
    const simd_word *taps;
    const int32_t *bias; // of two channels
    int32_t *sums;       // to be: the first channel's, SUMS_STEP further the second's; one more may be written
};

/* The most common case, unrolled: 3 x 3, windows and taps side by side, two windows together. Not inlined: then all that the loop
 * needs is in registers. */
static __attribute__((noinline)) void sum_3x3(const struct windows *w)
{
    const simd_word *taps = w->taps, *x = w->x;
    uint32_t row_step = w->row_step, columns = w->columns;
    int32_t *row = w->sums;
    for (const int32_t *last = row + w->rows * columns; row < last; row += columns, x += w->next_row) {
        const simd_word *window = x;
        for (int32_t *sums = row, *end = row + columns; sums < end; sums += 2, window += 4) {
            int32_t a = w->bias[0], b = w->bias[1], c = a, d = b;
            const simd_word *at = window;
            for (const simd_word *tap = taps; tap < taps + 9; tap += 3, at += row_step) {
                uint32_t left = tap[0], middle = tap[1], right = tap[2];
                uint32_t first = at[0], second = at[2], third = at[4], fourth = at[6];
                a = simd_mac_low(first, left, a), b = simd_mac_high(first, left, b);
                c = simd_mac_low(second, left, c), d = simd_mac_high(second, left, d);
                a = simd_mac_low(second, middle, a), b = simd_mac_high(second, middle, b);
                c = simd_mac_low(third, middle, c), d = simd_mac_high(third, middle, d);
                a = simd_mac_low(third, right, a), b = simd_mac_high(third, right, b);
                c = simd_mac_low(fourth, right, c), d = simd_mac_high(fourth, right, d);
            }
            sums[0] = a, sums[1] = c, sums[SUMS_STEP] = b, sums[SUMS_STEP + 1] = d;
        }
    }
}

static void sum_any(const struct windows *w, const struct image_op *op)
{
    uint32_t column_step = op->dilation_w * 2u;
    int32_t *sums = w->sums;
    for (uint32_t i = 0; i < w->rows * w->columns; i++) {
        const simd_word *row = w->x + i / w->columns * w->next_row + i % w->columns * op->stride_w * 2, *tap = w->taps;
        int32_t a = w->bias[0], b = w->bias[1];
        for (uint32_t y = 0; y < op->kernel_h; y++, row += w->row_step) {
            const simd_word *at = row;
            for (const simd_word *end = tap + op->kernel_w; tap < end; tap++, at += column_step)
                a = simd_mac_low(*at, *tap, a), b = simd_mac_high(*at, *tap, b);
        }
        sums[i] = a, sums[SUMS_STEP + i] = b;
    }
}

/* Two output channels from lane `lane` of the band, `rows` rows from output row `first` on, in strips of whole rows if some fit,
 * of pieces of a row if not. */
static void convolve_pair(const struct kernel *k, const struct band *b, const struct pair *p, uint32_t lane, uint32_t first,
                          uint32_t rows)
{
    const struct image_op *op = k->op;
    int is_3x3 = op->kernel_h == 3 && op->kernel_w == 3 && op->stride_w == 1 && op->dilation_w == 1;
    uint32_t width = k->out->w, some_rows = width < STRIP ? STRIP / width : 1, some_columns = width < STRIP ? width : STRIP;
    int32_t sums[2 * SUMS_STEP];
    struct windows w = {.next_row = op->stride_h * b->columns * 2, .row_step = op->dilation_h * b->columns * 2,
                        .taps = b->taps, .bias = p->bias, .sums = sums};
    struct output_sums o = {.sums = sums, .sums_step = SUMS_STEP, .channels = p->n,
                            .channel_step = p->channels[1] - p->channels[0], .pixel_step = k->out->c};
    for (uint32_t y = 0; y < rows; y += some_rows) {
        for (uint32_t x = 0; x < width; x += some_columns) {
            w.rows = rows - y < some_rows ? rows - y : some_rows;
            w.columns = width - x < some_columns ? width - x : some_columns;
            w.x = b->pixels + y * w.next_row + x * op->stride_w * 2 + lane;
            if (is_3x3)
                sum_3x3(&w);
            else
                sum_any(&w, op);
            o.pixels = w.rows * w.columns;
            o.element = ((first + y) * width + x) * k->out->c + p->channels[0];
            output_put(k, p->q, &o);
        }
    }
}

/* The outputs of `channels` channels of the band from `channel` on: input channel c has outputs c * multiplier + i. */
static void convolve_band(const struct kernel *k, const struct band *b, uint32_t channel, uint32_t channels, uint32_t first,
                          uint32_t rows)
{
    uint32_t multiplier = k->out->c / k->in->c;
    for (uint32_t lane = 0; lane < 2 && lane < channels; lane++) {
        for (uint32_t i = 0; i < multiplier; i++) {
            uint32_t low = (channel + lane) * multiplier + i;
            struct pair p = pair_of(k, b, low, low + 2 * multiplier, lane + 2 < channels ? 2 : 1);
            convolve_pair(k, b, &p, lane, first, rows);
        }
    }
}

void kernel_depthwise(const struct kernel *k)
{
    struct band b = band_of(k->op, k->out);
    b.taps = (simd_word *)(void *)k->scratch;
    b.pixels = (simd_word *)(void *)(k->scratch + taps_bytes(k->op));
    for (uint32_t channel = 0; channel < k->in->c; channel += GROUP) {
        uint32_t channels = k->in->c - channel < GROUP ? k->in->c - channel : GROUP;
        for (uint32_t row = 0; row < k->out->h; row += b.out_rows) {
            uint32_t rows = k->out->h - row < b.out_rows ? k->out->h - row : b.out_rows;
            fill_band(k, &b, channel, channels, (int32_t)(row * k->op->stride_h) - k->op->pad_top);
            convolve_band(k, &b, channel, channels, row, rows);
        }
    }
}

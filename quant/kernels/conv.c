// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Convolution and dense layers as products of rows of weights with columns of int16.
//
// A column is what one output pixel sees: inputs minus their zero point, in the order of a row of weights, padding as
// zeros. CONV_PIXELS columns are made in scratch, then every row of weights passes over them once: a word of codes is
// read from flash, each pair of codes taken out by one instruction and multiplied with the same pair of every column.
// Uniform codes are offset binary, so a sum comes out too large by 2^(w_bits-1) times the column's sum, which is
// taken out at the start. Codes of a table, and widths that do not divide 16, are decoded row by row to int16 first.
#include "quant/kernels/kernel.h"

#include <string.h>

#define CONV_PIXELS 2u
#define CONV_ROWS 2u

struct columns {
    int16_t *values[CONV_PIXELS];
    int32_t sums[CONV_PIXELS];
    int16_t *decoded[CONV_ROWS];
    uint32_t length; // multiplications per output
    uint32_t padded; // elements of a column: whole words of codes
};

static uint32_t codes_per_word(const struct image_op *op)
{
    return weights_in_lanes(op) ? 32u / op->w_bits : 2u;
}

static uint32_t column_length(const struct image_op *op, const struct image_tensor *in)
{
    if (op->kind == IMAGE_DENSE)
        return (uint32_t)in->h * in->w * in->c;
    return (uint32_t)op->kernel_h * op->kernel_w * (in->c / op->groups);
}

static uint32_t column_padded(const struct image_op *op, const struct image_tensor *in)
{
    uint32_t per_word = codes_per_word(op);
    return (column_length(op, in) + per_word - 1) / per_word * per_word;
}

uint32_t conv_scratch_bytes(const struct image_op *op, const struct image_tensor *in)
{
    uint32_t columns = op->kind == IMAGE_DENSE ? 1 : CONV_PIXELS;
    uint32_t rows = weights_in_lanes(op) ? 0 : CONV_ROWS;
    return (columns + rows) * column_padded(op, in) * (uint32_t)sizeof(int16_t);
}

static struct columns columns_in_scratch(const struct kernel *k)
{
    struct columns c = {.length = column_length(k->op, k->in), .padded = column_padded(k->op, k->in)};
    int16_t *at = (int16_t *)(void *)k->scratch;
    for (uint32_t i = 0; i < (k->op->kind == IMAGE_DENSE ? 1 : CONV_PIXELS); i++, at += c.padded)
        c.values[i] = at;
    for (uint32_t i = 0; i < CONV_ROWS && !weights_in_lanes(k->op); i++, at += c.padded)
        c.decoded[i] = at;
    return c;
}

static int16_t *put_zeros(int16_t *to, uint32_t n)
{
    memset(to, 0, n * sizeof *to);
    return to + n;
}

/* One kernel row of a column: taps x, x + dilation, ... of input row y, `width` channels from `channel` on. */
static int16_t *put_row(const struct kernel *k, int16_t *to, int32_t y, int32_t x, uint32_t channel, uint32_t width)
{
    const struct image_op *op = k->op;
    const struct image_tensor *in = k->in;
    if (y < 0 || y >= in->h)
        return put_zeros(to, op->kernel_w * width);
    uint32_t row = (uint32_t)y * in->w;
    if (op->dilation_w == 1 && width == in->c) { // the taps lie side by side
        int32_t end = x + op->kernel_w;
        int32_t from = clamp(x, 0, in->w), until = clamp(end, 0, in->w);
        if (from >= until)
            return put_zeros(to, op->kernel_w * width);
        to = put_zeros(to, (uint32_t)(from - x) * width);
        uint32_t n = (uint32_t)(until - from) * width;
        unpack_run(to, k->in_data, (row + (uint32_t)from) * width, n, in->bits, -in->zero_point);
        return put_zeros(to + n, (uint32_t)(end - until) * width);
    }
    for (uint32_t i = 0; i < op->kernel_w; i++, x += op->dilation_w, to += width) {
        if (x < 0 || x >= in->w)
            put_zeros(to, width);
        else
            unpack_run(to, k->in_data, (row + (uint32_t)x) * in->c + channel, width, in->bits, -in->zero_point);
    }
    return to;
}

static void put_column(const struct kernel *k, int16_t *to, uint32_t pixel, uint32_t group)
{
    const struct image_op *op = k->op;
    uint32_t width = k->in->c / op->groups;
    int32_t y = (int32_t)(pixel / k->out->w) * op->stride_h - op->pad_top;
    int32_t x = (int32_t)(pixel % k->out->w) * op->stride_w - op->pad_left;
    for (uint32_t i = 0; i < op->kernel_h; i++, y += op->dilation_h)
        to = put_row(k, to, y, x, group * width, width);
}

/* Makes column i of `pixel`, with its sum. */
static void make_column(const struct kernel *k, struct columns *c, uint32_t i, uint32_t pixel, uint32_t group)
{
    int16_t *values = c->values[i];
    if (k->op->kind == IMAGE_DENSE)
        unpack_run(values, k->in_data, 0, c->length, k->in->bits, -k->in->zero_point);
    else
        put_column(k, values, pixel, group);
    put_zeros(values + c->length, c->padded - c->length);
    int32_t sum = 0;
    const simd_word *pairs = (const simd_word *)(const void *)values;
    for (uint32_t j = 0; j < c->padded / 2; j++)
        sum = simd_dual_mac(pairs[j], 0x00010001u, sum);
    c->sums[i] = sum;
}

/* Two rows of codes with `columns` columns: sums[row][column] += codes * values. bits and columns are constants. */
SIMD_INLINE void multiply(const simd_word *w0, const simd_word *w1, const struct columns *c, unsigned bits,
                          unsigned columns, int32_t sums[CONV_ROWS][CONV_PIXELS])
{
    const simd_word *x0 = (const simd_word *)(const void *)c->values[0];
    const simd_word *x1 = (const simd_word *)(const void *)c->values[columns - 1];
    const simd_word *end = w0 + c->padded * bits / 32;
    int32_t s00 = sums[0][0], s01 = sums[0][1], s10 = sums[1][0], s11 = sums[1][1];
    while (w0 < end) {
        uint32_t a = *w0++, b = *w1++;
        for (unsigned j = 0; j < 16 / bits; j++) {
            uint32_t pair_a = bits == 16 ? a : simd_pair(a, j, bits), pair_b = bits == 16 ? b : simd_pair(b, j, bits);
            uint32_t x = *x0++;
            s00 = simd_dual_mac(pair_a, x, s00);
            s10 = simd_dual_mac(pair_b, x, s10);
            if (columns > 1) {
                x = *x1++;
                s01 = simd_dual_mac(pair_a, x, s01);
                s11 = simd_dual_mac(pair_b, x, s11);
            }
        }
    }
    sums[0][0] = s00, sums[0][1] = s01, sums[1][0] = s10, sums[1][1] = s11;
}

static void multiply_any(const simd_word *w0, const simd_word *w1, const struct columns *c, unsigned bits,
                         unsigned columns, int32_t sums[CONV_ROWS][CONV_PIXELS])
{
    if (columns == 1) {
        switch (bits) {
        case 2: multiply(w0, w1, c, 2, 1, sums); return;
        case 4: multiply(w0, w1, c, 4, 1, sums); return;
        case 8: multiply(w0, w1, c, 8, 1, sums); return;
        default: multiply(w0, w1, c, 16, 1, sums); return;
        }
    }
    switch (bits) {
    case 2: multiply(w0, w1, c, 2, 2, sums); return;
    case 4: multiply(w0, w1, c, 4, 2, sums); return;
    case 8: multiply(w0, w1, c, 8, 2, sums); return;
    default: multiply(w0, w1, c, 16, 2, sums); return;
    }
}

static const simd_word *decode_row(const struct kernel *k, const struct columns *c, uint32_t i, const uint8_t *row)
{
    for (uint32_t e = 0; e < c->length; e++)
        c->decoded[i][e] = (int16_t)weight_of_code(k, pack_row_code(row, e, k->op->w_bits));
    put_zeros(c->decoded[i] + c->length, c->padded - c->length);
    return (const simd_word *)(const void *)c->decoded[i];
}

/* All output channels first..end-1 of `n` pixels from `pixel` on, whose columns are made. */
static void make_outputs(const struct kernel *k, const struct columns *c, uint32_t pixel, uint32_t n, uint32_t first,
                         uint32_t end)
{
    const struct image_op *op = k->op;
    int lanes = weights_in_lanes(op);
    const int32_t *bias = k->bias;
    for (uint32_t channel = first; channel < end; channel += CONV_ROWS) {
        uint32_t rows = end - channel < CONV_ROWS ? 1 : CONV_ROWS;
        const simd_word *w[CONV_ROWS];
        int32_t sums[CONV_ROWS][CONV_PIXELS];
        for (uint32_t r = 0; r < CONV_ROWS; r++) { // an odd last row is multiplied twice and stored once
            uint32_t oc = channel + (r < rows ? r : 0);
            const uint8_t *row = k->weights + (size_t)oc * op->weights_row_bytes;
            w[r] = lanes ? (const simd_word *)(const void *)row : decode_row(k, c, r, row);
            for (uint32_t p = 0; p < CONV_PIXELS; p++)
                sums[r][p] = (int32_t)((bias ? (uint32_t)bias[oc] : 0) -
                                       (lanes ? (uint32_t)c->sums[p] << (op->w_bits - 1) : 0));
        }
        multiply_any(w[0], w[1], c, lanes ? op->w_bits : 16, op->kind == IMAGE_DENSE ? 1 : CONV_PIXELS, sums);
        for (uint32_t r = 0; r < rows; r++) {
            struct requantizer q = requantizer_of(k->multiplier[channel + r], k->shift[channel + r]);
            for (uint32_t p = 0; p < n; p++)
                store_element(k->out_data, (pixel + p) * k->out->c + channel + r, k->out->bits,
                              clamp(simd_add_wrapping(requantize(q, sums[r][p]), k->out->zero_point), op->act_min,
                                    op->act_max));
        }
    }
}

void kernel_conv(const struct kernel *k)
{
    struct columns c = columns_in_scratch(k);
    int dense = k->op->kind == IMAGE_DENSE;
    uint32_t groups = dense ? 1 : k->op->groups;
    uint32_t channels = dense ? (uint32_t)k->out->h * k->out->w * k->out->c : k->out->c;
    uint32_t pixels = dense ? 1 : (uint32_t)k->out->h * k->out->w;
    uint32_t step = dense ? 1 : CONV_PIXELS;
    for (uint32_t group = 0; group < groups; group++) {
        for (uint32_t pixel = 0; pixel < pixels; pixel += step) {
            uint32_t n = pixels - pixel < step ? pixels - pixel : step;
            for (uint32_t i = 0; i < step; i++) // past the last pixel the last is taken again, and not stored
                make_column(k, &c, i, pixel + (i < n ? i : 0), group);
            make_outputs(k, &c, pixel, n, channels / groups * group, channels / groups * (group + 1));
        }
    }
}

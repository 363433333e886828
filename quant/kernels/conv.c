// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Convolution and dense layers as products of rows of weights with columns of int16.
//
// A column is what one output pixel sees: inputs minus their zero point, in the order of a row of weights, padding as
// zeros. PRODUCT_COLUMNS columns are made in scratch, then every row of weights passes over them once (product.h).
// Uniform codes are offset binary, so a sum comes out too large by 2^(w_bits-1) times the column's sum, which is
// taken out at the start. Codes of a table, and widths that do not divide 16, are decoded to a row of int16 first.
#include "quant/kernels/kernel.h"
#include "quant/kernels/product.h"

#include <string.h>

struct columns {
    int16_t *plain;   // one column, elements in order
    simd_word *pairs; // CONV: PRODUCT_COLUMNS columns interleaved
    int16_t *decoded; // a row (DENSE: two) of weights, or NULL
    int32_t sums[PRODUCT_COLUMNS];
    uint32_t length; // multiplications per output
    uint32_t padded; // elements of a column: whole words of codes, a multiple of 4
    unsigned bits;   // of the codes that product.h gets
};

static uint32_t codes_per_word(const struct image_op *op)
{
    return weights_in_lanes(op) ? 32u / op->w_bits : 4u; // decoded rows: so that pairs come in twos
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

/* Columns and decoded rows that an op keeps in scratch. */
static uint32_t scratch_columns(const struct image_op *op)
{
    return op->kind == IMAGE_DENSE ? 1 : 1 + PRODUCT_COLUMNS;
}

uint32_t conv_scratch_bytes(const struct image_op *op, const struct image_tensor *in)
{
    uint32_t rows = weights_in_lanes(op) ? 0 : op->kind == IMAGE_DENSE ? 2 : 1;
    return (scratch_columns(op) + rows) * column_padded(op, in) * (uint32_t)sizeof(int16_t);
}

static struct columns columns_in_scratch(const struct kernel *k)
{
    struct columns c = {.length = column_length(k->op, k->in), .padded = column_padded(k->op, k->in), .bits = 16};
    c.plain = (int16_t *)(void *)k->scratch;
    c.pairs = (simd_word *)(void *)(c.plain + c.padded);
    if (weights_in_lanes(k->op))
        c.bits = k->op->w_bits;
    else
        c.decoded = c.plain + scratch_columns(k->op) * c.padded;
    return c;
}

static int16_t *put_zeros(int16_t *to, uint32_t n)
{
    if (n)
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
    put_column(k, c->plain, pixel, group);
    put_zeros(c->plain + c->length, c->padded - c->length);
    const simd_word *from = (const simd_word *)(const void *)c->plain, *end = from + c->padded / 2;
    int32_t sum = 0;
    for (simd_word *to = c->pairs + i; from < end; from += 2, to += 2 * PRODUCT_COLUMNS) {
        uint32_t first = from[0], second = from[1];
        to[0] = first, to[PRODUCT_COLUMNS] = second;
        sum = simd_dual_mac(first, 0x00010001u, sum);
        sum = simd_dual_mac(second, 0x00010001u, sum);
    }
    c->sums[i] = sum;
}

/* A row of weights as product.h wants it; `at` 0 or 1 says where it goes if it must be decoded. */
static const simd_word *row_of(const struct kernel *k, const struct columns *c, uint32_t channel, uint32_t at)
{
    const uint8_t *row = k->weights + (size_t)channel * k->op->weights_row_bytes;
    if (!c->decoded)
        return (const simd_word *)(const void *)row;
    int16_t *to = c->decoded + at * c->padded;
    unpack_row((uint16_t *)to, row, c->length, k->op->w_bits);
    for (uint32_t i = 0; i < c->length; i++)
        to[i] = (int16_t)weight_of_code(k, (uint16_t)to[i]);
    put_zeros(to + c->length, c->padded - c->length);
    return (const simd_word *)(const void *)to;
}

/* What a sum starts from: the bias, less what offset binary codes will add too much. */
static int32_t start_of(const struct kernel *k, const struct columns *c, uint32_t channel, int32_t column_sum)
{
    uint32_t bias = k->bias ? ((const uint32_t *)k->bias)[channel] : 0;
    return (int32_t)(c->decoded ? bias : bias - ((uint32_t)column_sum << (k->op->w_bits - 1)));
}

SIMD_INLINE void put_output(const struct kernel *k, struct requantizer q, uint32_t element, int32_t sum)
{
    int32_t value = simd_add_wrapping(requantize(q, sum), k->out->zero_point);
    store_element(k->out_data, element, k->out->bits, clamp(value, k->op->act_min, k->op->act_max));
}

/* Output channels first..end-1 of `n` pixels from `pixel` on, whose columns are made. */
static void make_pixels(const struct kernel *k, const struct columns *c, uint32_t pixel, uint32_t n, uint32_t first,
                        uint32_t end)
{
    uint32_t words = c->padded * c->bits / 32;
    for (uint32_t channel = first; channel < end; channel++) {
        int32_t sums[PRODUCT_COLUMNS];
        for (uint32_t i = 0; i < PRODUCT_COLUMNS; i++)
            sums[i] = start_of(k, c, channel, c->sums[i]);
        product_columns(row_of(k, c, channel, 0), words, c->bits, c->pairs, sums);
        struct requantizer q = requantizer_of(k->multiplier[channel], k->shift[channel]);
        uint32_t element = pixel * k->out->c + channel;
        for (uint32_t i = 0; i < n; i++, element += k->out->c)
            put_output(k, q, element, sums[i]);
    }
}

static void run_dense(const struct kernel *k, struct columns *c)
{
    uint32_t channels = (uint32_t)k->out->h * k->out->w * k->out->c, words = c->padded * c->bits / 32;
    unpack_run(c->plain, k->in_data, 0, c->length, k->in->bits, -k->in->zero_point);
    put_zeros(c->plain + c->length, c->padded - c->length);
    int32_t column_sum = 0;
    for (uint32_t i = 0; i < c->length; i++)
        column_sum = simd_add_wrapping(column_sum, c->plain[i]);
    for (uint32_t channel = 0; channel < channels; channel += 2) {
        uint32_t last = channel + 1 < channels ? channel + 1 : channel; // an odd last row is multiplied twice, stored once
        int32_t sums[2] = {start_of(k, c, channel, column_sum), start_of(k, c, last, column_sum)};
        product_rows(row_of(k, c, channel, 0), row_of(k, c, last, 1), words, c->bits,
                     (const simd_word *)(const void *)c->plain, sums);
        for (uint32_t i = 0; channel + i <= last; i++)
            put_output(k, requantizer_of(k->multiplier[channel + i], k->shift[channel + i]), channel + i, sums[i]);
    }
}

void kernel_conv(const struct kernel *k)
{
    struct columns c = columns_in_scratch(k);
    if (k->op->kind == IMAGE_DENSE) {
        run_dense(k, &c);
        return;
    }
    uint32_t pixels = (uint32_t)k->out->h * k->out->w, channels = k->out->c / k->op->groups;
    for (uint32_t group = 0; group < k->op->groups; group++) {
        for (uint32_t pixel = 0; pixel < pixels; pixel += PRODUCT_COLUMNS) {
            uint32_t n = pixels - pixel < PRODUCT_COLUMNS ? pixels - pixel : PRODUCT_COLUMNS;
            for (uint32_t i = 0; i < PRODUCT_COLUMNS; i++) // past the end the last is taken again, and not stored
                make_column(k, &c, i, pixel + (i < n ? i : n - 1), group);
            make_pixels(k, &c, pixel, n, channels * group, channels * (group + 1));
        }
    }
}

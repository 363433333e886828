// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Convolution as products of rows of weights with columns of inputs.
//
// The weights of a bank, a few output channels, are decoded into scratch once. Then all pixels pass by, a few at a time: their
// columns are made, and multiplied with every row of the bank, by tiles. So a weight is decoded once per layer, an input
// unpacked about once per bank and kernel row, and what the inner loop reads is int16 whatever the widths.
#include "quant/kernels/column.h"
#include "quant/kernels/output.h"
#include "quant/kernels/product.h"
#include "quant/kernels/rows.h"

#define BANK_ROWS 18u    // more would save little: columns then cost a tenth of the products
#define BANK_BYTES 2304u // but no more rows than fit here, and at least a tile's

struct bank {
    const struct kernel *k;
    struct columns columns;
    uint32_t first, rows; // output channels
    int16_t *weights;     // tiles of two or three rows, interleaved by pairs; see tile_rows
    int32_t start[BANK_ROWS + 1];
    struct requantizer requantizers[BANK_ROWS];
};

static uint32_t bank_rows(uint32_t padded, uint32_t channels)
{
    uint32_t fit = BANK_BYTES / (padded * (uint32_t)sizeof(int16_t)) / PRODUCT_ROWS * PRODUCT_ROWS;
    fit = fit < PRODUCT_ROWS ? PRODUCT_ROWS : fit < BANK_ROWS ? fit : BANK_ROWS;
    return channels < fit ? channels : fit;
}

/* Rows of the next tile if `left` are left: threes, and twos at the end. The second of a last two may not exist. */
static uint32_t tile_rows(uint32_t left)
{
    return left == PRODUCT_ROWS || left > PRODUCT_ROWS + 1 ? PRODUCT_ROWS : PRODUCT_ROWS - 1;
}

uint32_t conv_scratch_bytes(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out)
{
    struct columns c = columns_of(op, in, out);
    uint32_t rows = bank_rows(c.padded, out->c / op->groups);
    return columns_bytes(&c) + (rows < 2 ? 2 : rows) * c.padded * (uint32_t)sizeof(int16_t);
}

static void fill_bank(struct bank *b, uint32_t first, uint32_t rows)
{
    const struct kernel *k = b->k;
    b->first = first, b->rows = rows;
    for (uint32_t r = 0, tile = 0; r < rows; r++) {
        if (r == tile + tile_rows(rows - tile))
            tile = r;
        simd_word *to = (simd_word *)(void *)(b->weights + tile * b->columns.padded);
        rows_decode(k, first + r, b->columns.length, b->columns.crossed, to + (r - tile), tile_rows(rows - tile));
        b->start[r] = k->bias ? ((const int32_t *)k->bias)[first + r] : 0;
        b->requantizers[r] = requantizer_of(k->multiplier[first + r], k->shift[first + r], k->out->zero_point);
    }
    b->start[rows] = 0;
}

/* `n` pixels, whose columns are made; `element` is the first output of the bank's, `step` from a pixel's to the next. */
static void multiply_bank(const struct bank *b, uint32_t element, uint32_t step, uint32_t n)
{
    const struct columns *c = &b->columns;
    for (uint32_t r = 0, rows; r < b->rows; r += rows) {
        int32_t sums[PRODUCT_ROWS][PRODUCT_PIXELS];
        struct product p = {.columns = (const simd_word *)(const void *)c->elements, .bytes = c->padded * 2,
                            .step_bytes = c->step * 2, .pixels = n, .start = b->start + r, .sums = sums};
        p.rows = (const simd_word *)(const void *)(b->weights + r * c->padded);
        rows = tile_rows(b->rows - r);
        (rows == PRODUCT_ROWS ? product_3_rows : product_2_rows)(&p);
        struct output_sums o = {sums[0], PRODUCT_PIXELS, rows <= b->rows - r ? rows : 1, n, element + r, 1, step};
        output_put(b->k, b->requantizers + r, &o);
    }
}

static void run_bank(const struct bank *b, uint32_t group)
{
    const struct columns *c = &b->columns;
    uint32_t channels = b->k->out->c;
    for (uint32_t x = 0; x < c->out_w; x++) {
        for (uint32_t y = 0; y < c->out_h; y += c->pixels) {
            uint32_t n = c->out_h - y < c->pixels ? c->out_h - y : c->pixels;
            columns_make(c, b->k->in_data, group, y, x, n);
            multiply_bank(b, (y * c->out_w + x) * channels + b->first, c->out_w * channels, n);
        }
    }
}

void kernel_conv(const struct kernel *k)
{
    uint32_t channels = k->out->c / k->op->groups;
    struct bank b = {.k = k, .columns = columns_of(k->op, k->in, k->out)};
    uint32_t rows = bank_rows(b.columns.padded, channels);
    b.columns.elements = (int16_t *)(void *)k->scratch;
    b.weights = (int16_t *)(void *)(k->scratch + columns_bytes(&b.columns));
    for (uint32_t group = 0; group < k->op->groups; group++) {
        for (uint32_t first = 0; first < channels; first += rows) {
            fill_bank(&b, group * channels + first, channels - first < rows ? channels - first : rows);
            run_bank(&b, group);
        }
    }
}

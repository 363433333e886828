// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Dense layers: every weight is needed once, so codes are multiplied as they stand.
//
// Uniform codes are offset binary, so a sum comes out too large by 2^(w_bits-1) times the column's sum, which is
// taken out at the start. Codes of a table, and widths that do not divide 16, are decoded to rows of int16 first.
#include "quant/kernels/kernel.h"
#include "quant/kernels/product.h"
#include "quant/kernels/rows.h"

struct dense {
    int16_t *column;
    int16_t *decoded; // two rows of weights, or NULL
    uint32_t length;  // multiplications per output
    uint32_t padded;  // whole words of codes, a multiple of 4
    unsigned bits;    // of the codes that product.h gets
    int32_t column_sum;
};

static uint32_t dense_length(const struct image_tensor *in)
{
    return (uint32_t)in->h * in->w * in->c;
}

static uint32_t dense_padded(const struct image_op *op, const struct image_tensor *in)
{
    uint32_t per_word = weights_in_lanes(op) ? 32u / op->w_bits : 4u; // decoded rows: so that pairs come in twos
    return (dense_length(in) + per_word - 1) / per_word * per_word;
}

uint32_t dense_scratch_bytes(const struct image_op *op, const struct image_tensor *in)
{
    return (weights_in_lanes(op) ? 1 : 3) * dense_padded(op, in) * (uint32_t)sizeof(int16_t);
}

static void make_column(const struct kernel *k, struct dense *d)
{
    unpack_run(d->column, k->in_data, 0, d->length, k->in->bits, -k->in->zero_point);
    for (uint32_t i = d->length; i < d->padded; i++)
        d->column[i] = 0;
    const simd_word *pairs = (const simd_word *)(const void *)d->column;
    for (uint32_t j = 0; j < d->padded / 2; j++)
        d->column_sum = simd_dual_mac(pairs[j], 0x00010001u, d->column_sum);
}

/* A row of weights as product.h wants it; `at` 0 or 1 says where it goes if it must be decoded. */
static const simd_word *row_of(const struct kernel *k, const struct dense *d, uint32_t channel, uint32_t at)
{
    if (!d->decoded)
        return (const simd_word *)(const void *)(k->weights + (size_t)channel * k->op->weights_row_bytes);
    int16_t *to = d->decoded + at * d->padded;
    rows_decode(k, channel, d->length, 0, (simd_word *)(void *)to, 1);
    for (uint32_t i = d->length; i < d->padded; i++)
        to[i] = 0;
    return (const simd_word *)(const void *)to;
}

/* What a sum starts from: the bias, less what offset binary codes will add too much. */
static int32_t start_of(const struct kernel *k, const struct dense *d, uint32_t channel)
{
    uint32_t bias = k->bias ? ((const uint32_t *)k->bias)[channel] : 0;
    return (int32_t)(d->decoded ? bias : bias - ((uint32_t)d->column_sum << (k->op->w_bits - 1)));
}

static void put_output(const struct kernel *k, uint32_t channel, int32_t sum)
{
    struct requantizer q = requantizer_of(k->multiplier[channel], k->shift[channel], k->out->zero_point);
    store_element(k->out_data, channel, k->out->bits, clamp(requantize_any(&q, sum), k->op->act_min, k->op->act_max));
}

void kernel_dense(const struct kernel *k)
{
    struct dense d = {.column = (int16_t *)(void *)k->scratch, .bits = 16};
    d.length = dense_length(k->in), d.padded = dense_padded(k->op, k->in);
    if (weights_in_lanes(k->op))
        d.bits = k->op->w_bits;
    else
        d.decoded = d.column + d.padded;
    make_column(k, &d);
    uint32_t channels = (uint32_t)k->out->h * k->out->w * k->out->c, words = d.padded * d.bits / 32;
    for (uint32_t channel = 0; channel < channels; channel += 2) {
        uint32_t last = channel + 1 < channels ? channel + 1 : channel; // an odd last row is multiplied twice, stored once
        int32_t sums[2] = {start_of(k, &d, channel), start_of(k, &d, last)};
        product_codes(row_of(k, &d, channel, 0), row_of(k, &d, last, 1), words, d.bits,
                      (const simd_word *)(const void *)d.column, sums);
        put_output(k, channel, sums[0]);
        put_output(k, last, sums[1]);
    }
}

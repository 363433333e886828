// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Codes become int16 here, once for many pixels, so that width and scheme cost the inner loop nothing.
#include "quant/kernels/rows.h"

/* A pair of codes as two weights. */
SIMD_INLINE uint32_t weights_of(uint32_t codes, unsigned bits, const int16_t *table)
{
    if (table)
        return simd_low_halves((uint16_t)table[codes & 0xffff], (uint16_t)table[codes >> 16]);
    return simd_subtract_halves(codes, (1u << (bits - 1)) * 0x10001u);
}

/* Rows in lanes (pack.h), four codes at a time. Inlined for each kind, with `bits` and `crossed` known. */
SIMD_INLINE void decode_lanes(const simd_word *row, uint32_t n, unsigned bits, const int16_t *table, int crossed, simd_word *to,
                              uint32_t stride)
{
    for (simd_word *end = to + (n + 3) / 4 * 2 * stride; to < end; row++) {
        uint32_t word = *row;
        for (unsigned at = 0; at < 16 && (bits == 8 || to < end); at += 2 * bits, word >>= 2 * bits, to += 2 * stride) {
            uint32_t first = weights_of(simd_pair(word, 0, bits), bits, table);
            uint32_t second = weights_of(simd_pair(word, 1, bits), bits, table);
            to[0] = crossed ? simd_low_halves(first, second) : first;
            to[stride] = crossed ? simd_high_halves(first, second) : second;
        }
    }
}

static void decode_uniform(const simd_word *row, uint32_t n, unsigned bits, int crossed, simd_word *to, uint32_t stride)
{
    if (bits == 8 && crossed)
        decode_lanes(row, n, 8, NULL, 1, to, stride);
    else if (bits == 8)
        decode_lanes(row, n, 8, NULL, 0, to, stride);
    else if (bits == 4 && crossed)
        decode_lanes(row, n, 4, NULL, 1, to, stride);
    else if (bits == 2 && crossed)
        decode_lanes(row, n, 2, NULL, 1, to, stride);
    else
        decode_lanes(row, n, bits, NULL, 0, to, stride);
}

/* Any width and scheme, code by code; zeros complete the last four. */
static void decode_codes(const struct kernel *k, const uint8_t *row, uint32_t n, int crossed, simd_word *to, uint32_t stride)
{
    static const uint8_t places[2][4] = {{0, 1, 2, 3}, {0, 2, 1, 3}};
    for (uint32_t i = 0; i < (n + 3) / 4 * 4; i++) {
        uint32_t place = i / 4 * 4 + places[crossed][i % 4];
        int16_t *pair = (int16_t *)(void *)(to + place / 2 * stride);
        pair[place % 2] = i < n ? (int16_t)weight_of_code(k, pack_row_code(row, i, k->op->w_bits)) : 0;
    }
}

void rows_decode(const struct kernel *k, uint32_t row, uint32_t n, int crossed, simd_word *to, uint32_t stride)
{
    const uint8_t *codes = k->weights + (size_t)row * k->op->weights_row_bytes;
    const simd_word *words = (const simd_word *)(const void *)codes;
    unsigned bits = k->op->w_bits;
    if (bits != 8 && bits != 4 && bits != 2)
        decode_codes(k, codes, n, crossed, to, stride);
    else if (k->op->w_code == IMAGE_CODE_TABLE)
        decode_lanes(words, n, bits, k->table, crossed, to, stride);
    else
        decode_uniform(words, n, bits, crossed, to, stride);
}

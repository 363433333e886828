// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A word of codes is read once; each pair in it costs one AND (with the shift in it), and each column that the pair meets one
// load and one SMLAD. Four columns, one row: 12 registers, one sequential stream from flash. The compiler cannot keep that
// without spilling, so on Armv8-M the step of one word is written out; the plain C beside it computes the same.
#include "quant/kernels/product.h"

#if defined(__ARM_FEATURE_DSP)

/* Pair p with the next word of each of the four columns; loads run two ahead of their use. */
#define LOAD_XY "ldr %[x], [%[c]], #4\n ldr %[y], [%[c]], #4\n"
#define MULTIPLY_4                                                                                                     \
    "smlad %[s0], %[p], %[x], %[s0]\n ldr %[x], [%[c]], #4\n"                                                          \
    "smlad %[s1], %[p], %[y], %[s1]\n ldr %[y], [%[c]], #4\n"                                                          \
    "smlad %[s2], %[p], %[x], %[s2]\n smlad %[s3], %[p], %[y], %[s3]\n"
#define FIRST_PAIR "ldr %[a], [%[w]], #4\n" LOAD_XY "and %[p], %[m], %[a]\n" MULTIPLY_4
#define NEXT_PAIR(shift) "and %[p], %[m], %[a], lsr #" #shift "\n" LOAD_XY MULTIPLY_4

#define COLUMNS_STEP(text)                                                                                             \
    __asm(text                                                                                                         \
          : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3), [w] "+r"(w), [c] "+r"(c), [a] "=&r"(a),        \
            [p] "=&r"(p), [x] "=&r"(x), [y] "=&r"(y)                                                                   \
          : [m] "r"(mask)                                                                                              \
          : "memory")

SIMD_INLINE void columns_loop(const simd_word *w, uint32_t words, unsigned bits, const simd_word *c, int32_t *sums)
{
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    uint32_t mask = bits == 16 ? ~0u : ((1u << bits) - 1) * 0x10001u, a, p, x, y;
    const simd_word *end = w + words;
    if (bits == 8 && words % 2)
        COLUMNS_STEP(FIRST_PAIR NEXT_PAIR(8));
    while (w < end) {
        if (bits == 8)
            COLUMNS_STEP(FIRST_PAIR NEXT_PAIR(8) FIRST_PAIR NEXT_PAIR(8));
        else if (bits == 4)
            COLUMNS_STEP(FIRST_PAIR NEXT_PAIR(4) NEXT_PAIR(8) NEXT_PAIR(12));
        else if (bits == 2)
            COLUMNS_STEP(FIRST_PAIR NEXT_PAIR(2) NEXT_PAIR(4) NEXT_PAIR(6) NEXT_PAIR(8) NEXT_PAIR(10) NEXT_PAIR(12)
                             NEXT_PAIR(14));
        else
            COLUMNS_STEP("ldr %[p], [%[w]], #4\n" LOAD_XY MULTIPLY_4 "@ %[a] %[m]\n");
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

#define FIRST_ROWS                                                                                                     \
    "ldr %[a], [%[w]], #4\n ldr %[b], [%[v]], #4\n ldr %[x], [%[c]], #4\n and %[p], %[m], %[a]\n"                      \
    "and %[q], %[m], %[b]\n smlad %[s0], %[p], %[x], %[s0]\n smlad %[s1], %[q], %[x], %[s1]\n"
#define NEXT_ROWS(shift)                                                                                               \
    "and %[p], %[m], %[a], lsr #" #shift "\n ldr %[x], [%[c]], #4\n and %[q], %[m], %[b], lsr #" #shift "\n"           \
    "smlad %[s0], %[p], %[x], %[s0]\n smlad %[s1], %[q], %[x], %[s1]\n"

#define ROWS_STEP(text)                                                                                                \
    __asm(text                                                                                                         \
          : [s0] "+r"(s0), [s1] "+r"(s1), [w] "+r"(w), [v] "+r"(v), [c] "+r"(c), [a] "=&r"(a), [b] "=&r"(b),           \
            [p] "=&r"(p), [q] "=&r"(q), [x] "=&r"(x)                                                                   \
          : [m] "r"(mask)                                                                                              \
          : "memory")

SIMD_INLINE void rows_loop(const simd_word *w, const simd_word *v, uint32_t words, unsigned bits, const simd_word *c,
                           int32_t *sums)
{
    int32_t s0 = sums[0], s1 = sums[1];
    uint32_t mask = bits == 16 ? ~0u : ((1u << bits) - 1) * 0x10001u, a, b, p, q, x;
    const simd_word *end = w + words;
    if (bits == 8 && words % 2)
        ROWS_STEP(FIRST_ROWS NEXT_ROWS(8));
    while (w < end) {
        if (bits == 8)
            ROWS_STEP(FIRST_ROWS NEXT_ROWS(8) FIRST_ROWS NEXT_ROWS(8));
        else if (bits == 4)
            ROWS_STEP(FIRST_ROWS NEXT_ROWS(4) NEXT_ROWS(8) NEXT_ROWS(12));
        else if (bits == 2)
            ROWS_STEP(FIRST_ROWS NEXT_ROWS(2) NEXT_ROWS(4) NEXT_ROWS(6) NEXT_ROWS(8) NEXT_ROWS(10) NEXT_ROWS(12)
                          NEXT_ROWS(14));
        else
            ROWS_STEP(FIRST_ROWS);
    }
    sums[0] = s0, sums[1] = s1;
}

#else

SIMD_INLINE void columns_loop(const simd_word *w, uint32_t words, unsigned bits, const simd_word *c, int32_t *sums)
{
    for (const simd_word *end = w + words; w < end; w++)
        for (unsigned j = 0; j < 16 / bits; j++, c += PRODUCT_COLUMNS)
            for (unsigned i = 0; i < PRODUCT_COLUMNS; i++)
                sums[i] = simd_dual_mac(simd_pair(*w, j, bits), c[i], sums[i]);
}

SIMD_INLINE void rows_loop(const simd_word *w, const simd_word *v, uint32_t words, unsigned bits, const simd_word *c,
                           int32_t *sums)
{
    for (const simd_word *end = w + words; w < end; w++, v++)
        for (unsigned j = 0; j < 16 / bits; j++, c++) {
            sums[0] = simd_dual_mac(simd_pair(*w, j, bits), *c, sums[0]);
            sums[1] = simd_dual_mac(simd_pair(*v, j, bits), *c, sums[1]);
        }
}

#endif

void product_columns(const simd_word *row, uint32_t words, unsigned bits, const simd_word *columns,
                     int32_t sums[PRODUCT_COLUMNS])
{
    switch (bits) {
    case 2:
        columns_loop(row, words, 2, columns, sums);
        break;
    case 4:
        columns_loop(row, words, 4, columns, sums);
        break;
    case 8:
        columns_loop(row, words, 8, columns, sums);
        break;
    default:
        columns_loop(row, words, 16, columns, sums);
        break;
    }
}

void product_rows(const simd_word *row0, const simd_word *row1, uint32_t words, unsigned bits, const simd_word *column,
                  int32_t sums[2])
{
    switch (bits) {
    case 2:
        rows_loop(row0, row1, words, 2, column, sums);
        break;
    case 4:
        rows_loop(row0, row1, words, 4, column, sums);
        break;
    case 8:
        rows_loop(row0, row1, words, 8, column, sums);
        break;
    default:
        rows_loop(row0, row1, words, 16, column, sums);
        break;
    }
}

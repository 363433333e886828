// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The inner loops of convolution and dense layers. Sums wrap modulo 2^32.
#ifndef PARE_QUANT_KERNELS_PRODUCT_H
#define PARE_QUANT_KERNELS_PRODUCT_H

#include "quant/kernels/simd.h"

#define PRODUCT_ROWS 3u   // of weights in a tile, or one less
#define PRODUCT_PIXELS 8u // columns that one call takes, at most
#define PRODUCT_STEP 4u   // elements: lengths are multiples of this

/* Rows of weights with columns; everything is pairs of int16. */
struct product {
    const simd_word *rows;    // interleaved: word n*j+r is pair j of row r, for n rows
    const simd_word *columns; // one beside the other
    uint32_t bytes;           // of a column
    uint32_t step_bytes;      // from a column to the next
    uint32_t pixels;          // columns, at least one; made even, which may write one sum too many
    const int32_t *start;
    int32_t (*sums)[PRODUCT_PIXELS];
};

/* sums[r][i] = start[r] + sum over e of row_r[e] * column_i[e], for three rows and for two. `p` is used up. */
void product_3_rows(struct product *p);
void product_2_rows(struct product *p);

/* Two rows of `words` words of lane-packed codes (bits 2, 4, 8), or of int16 (bits 16), with one column, whose word j holds
 * elements 2j and 2j+1: sums[i] += sum over e of row_i[e] * column[e]. */
void product_codes(const simd_word *row0, const simd_word *row1, uint32_t words, unsigned bits, const simd_word *column,
                   int32_t sums[2]);

#endif

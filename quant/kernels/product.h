// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The inner loops of convolution and dense layers: rows of packed codes times columns of int16.
#ifndef PARE_QUANT_KERNELS_PRODUCT_H
#define PARE_QUANT_KERNELS_PRODUCT_H

#include "quant/kernels/simd.h"

#define PRODUCT_COLUMNS 4u

/* One row of codes with four columns: sums[i] += sum over e of code[e] * column_i[e], modulo 2^32. The row has `words` words of
 * `bits` wide lane-packed codes (2, 4, 8), or of int16 values (bits 16). The columns stand interleaved: word 4j+i holds
 * elements 2j and 2j+1 of column i. */
void product_columns(const simd_word *row, uint32_t words, unsigned bits, const simd_word *columns,
                     int32_t sums[PRODUCT_COLUMNS]);

/* Two rows of codes with one column, whose word j holds elements 2j and 2j+1. */
void product_rows(const simd_word *row0, const simd_word *row1, uint32_t words, unsigned bits, const simd_word *column,
                  int32_t sums[2]);

#endif

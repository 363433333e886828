// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Rows of packed weights, decoded to what they stand for. Private to this folder.
#ifndef PARE_QUANT_KERNELS_ROWS_H
#define PARE_QUANT_KERNELS_ROWS_H

#include "quant/kernels/kernel.h"

/* Decodes the `n` weights of row `row` as pairs, `stride` words from one pair to the next. Crossed: of four weights the second
 * and the third change places first (column.h). Whole fours are written: what stands behind an odd end is arbitrary. */
void rows_decode(const struct kernel *k, uint32_t row, uint32_t n, int crossed, simd_word *to, uint32_t stride);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Tables that codes of few bits decode through: powers of two, sums of two of them, and tables fitted to weights.
// Private to this folder.
#ifndef PARE_QUANT_QUANTIZE_CODEBOOK_H
#define PARE_QUANT_QUANTIZE_CODEBOOK_H

#include "quant/quantize/quantizer.h"

#define CODEBOOK_LOG_TABLES 2 // one term, two terms
#define CODEBOOK_MOST 1024    // magnitude of numbers in a table: int32 sums then hold what 16 bits times 11 give

/* Sign and magnitude, 3 to 5 bits. `terms` 1: zero and powers of two (Miyashita et al., "Convolutional neural networks using
 * logarithmic data representation", arXiv:1603.01025). `terms` 2: sums of two powers (Li et al., "Additive powers-of-two
 * quantization", arXiv:1909.13144, table for the same width). The code that would be minus zero stands for one magnitude more
 * on the negative side, as in two's complement. table[2^w_bits]. */
void codebook_log(unsigned w_bits, int terms, int16_t *table);

/* The table with the least squared error, weighted by importance, found by Lloyd's algorithm over the rows' weights, each row
 * divided by its scale; table and scales alternate. table[2^w_bits]. Returns 0, or -1 when memory is short. */
int codebook_fit(const struct quantizer_row *rows, uint32_t n_rows, unsigned w_bits, int16_t *table);

#endif

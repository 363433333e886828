// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From float weights to codes: one row of a table for each scheme. Private to this folder.
#ifndef PARE_QUANT_QUANTIZE_QUANTIZER_H
#define PARE_QUANT_QUANTIZE_QUANTIZER_H

#include "base/setting.h"

#include <stddef.h>
#include <stdint.h>

/* The weights of one output channel. */
struct quantizer_row {
    const float *weights;
    const double *importance; // of an error at each weight: how much the input varies there
    const double *factor;     // of their covariance and its order (covariance.h), or NULL
    const int *order;
    size_t n;
    unsigned w_bits;
    float least_scale; // below it the bias would not fit its 32 bits
};

struct quantizer {
    unsigned least_bits, most_bits;
    /* What codes stand for, table[2^w_bits]. NULL: code - 2^(w_bits-1), without a table in the program. */
    void (*table)(unsigned w_bits, int16_t *table);
    /* Chooses scale and codes so that the error, weighted by importance, is small. Returns the scale. */
    float (*quantize)(const struct quantizer_row *row, const int16_t *table, uint16_t *codes);
};

/* NULL when there is no quantizer of that scheme and width. */
const struct quantizer *quantizer_of(unsigned w_bits, unsigned scheme);

#endif

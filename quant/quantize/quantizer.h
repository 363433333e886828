// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From float weights to codes. Private to this folder.
#ifndef PARE_QUANT_QUANTIZE_QUANTIZER_H
#define PARE_QUANT_QUANTIZE_QUANTIZER_H

#include "base/setting.h"
#include "quant/quantize/levels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The weights of one output channel. */
struct quantizer_row {
    const float *weights;
    const double *importance; // of an error at each weight: how much the input varies there
    const double *factor;     // of their covariance and its order (covariance.h), or NULL
    const int *order;
    size_t n;
    float least_scale; // below it the bias would not fit its 32 bits
};

/* All output channels of a layer; rows are equally long. */
struct quantizer_layer {
    const struct quantizer_row *rows;
    uint32_t n_rows;
    unsigned w_bits, scheme;
    bool per_tensor; // one scale for all rows
};

/* Is there a quantizer of that scheme and width, and do its codes have a table? */
bool quantizer_exists(unsigned w_bits, unsigned scheme);
bool quantizer_has_table(unsigned w_bits, unsigned scheme);

/* Chooses scales[n_rows], codes[n_rows][n] and, where there is one, table[2^w_bits] so that the error of the layer's outputs is
 * small; of several tables that a scheme has, the best. Returns 0, or -1 when memory is short. */
int quantizer_run(const struct quantizer_layer *l, float *scales, uint16_t *codes, int16_t *table);

/* Of `n_rows` rows that share a scale: the scale and codes[n_rows][n] of given levels. Returns the scale; `*error` is the squared
 * error of the outputs. `room` has rows[0].n doubles. */
float quantizer_round(const struct quantizer_row *rows, uint32_t n_rows, const struct levels *levels, double *room,
                      uint16_t *codes, double *error);

/* The scale alone, each weight rounded by itself. */
double quantizer_scale(const struct quantizer_row *rows, uint32_t n_rows, const struct levels *levels);

#endif

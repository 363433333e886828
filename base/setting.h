// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What one layer is given: weight bits, activation bits and a quantization scheme.
#ifndef PARE_BASE_SETTING_H
#define PARE_BASE_SETTING_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How weights are coded. Widths and schemes are data everywhere: nothing may assume that these are all. */
enum scheme {
    SCHEME_FLOAT32 = 0, // no quantization: the baseline
    SCHEME_UNIFORM,     // affine, rounded after training
    SCHEME_LOG,         // powers of two, or sums of two of them
    SCHEME_TRAINED,     // affine, weights and steps tuned by backpropagation
    SCHEME_CODEBOOK,    // codes of a table that is fitted to the layer's weights
    SCHEME_GIVEN,       // the integers that a quantized file itself has
    SCHEME_COUNT,
};

struct setting {
    uint8_t w_bits;  // 32 with SCHEME_FLOAT32
    uint8_t a_bits;  // width of the layer's OUTPUT activations; 32 with SCHEME_FLOAT32
    uint8_t scheme;  // enum scheme
};

#define SETTING_TEXT_MAX 24 // "w16a16/trained" and some room

bool setting_equal(struct setting a, struct setting b);

/* Writes "float32", "w4a8" (uniform), or "w4a8/log", with the scheme's name, into `text` (>= SETTING_TEXT_MAX bytes). Returns `text`. */
char *setting_format(struct setting s, char *text);

/* Reads what setting_format writes, from `text` up to NUL. Widths must be 1..16. Returns 0, or -1 with the reason. */
int setting_parse(const char *text, struct setting *s, struct error *e);

const char *scheme_name(enum scheme scheme);

#endif

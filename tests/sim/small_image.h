// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Image files of two dense layers, made by hand, with expected outputs from the host's kernels.
#ifndef PARE_TESTS_SIM_SMALL_IMAGE_H
#define PARE_TESTS_SIM_SMALL_IMAGE_H

#include "base/error.h"
#include "quant/kernels/mailbox.h"

struct small_image {
    uint64_t first_seed, second_seed; // of the weights of each layer: equal seeds give equal blobs
    uint32_t inputs, hidden;          // widths; outputs are 12
    uint32_t w_bits;                  // of both layers
    uint32_t n_samples;
};

/* Writes the image file; `expected` (may be NULL, MAILBOX_OUTPUTS_BYTES) receives the expected outputs. 0 or -1. */
int small_image_write(const char *path, const struct small_image *s, uint8_t *expected, struct error *e);

#endif

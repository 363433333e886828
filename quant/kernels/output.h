// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From sums to packed outputs. Private to this folder.
#ifndef PARE_QUANT_KERNELS_OUTPUT_H
#define PARE_QUANT_KERNELS_OUTPUT_H

#include "quant/kernels/kernel.h"

/* Some channels' sums of neighbouring pixels, and where they go: the sum of channel c at pixel i is sums[c * sums_step + i],
 * its output is element + c * channel_step + i * pixel_step. */
struct output_sums {
    const int32_t *sums;
    uint32_t sums_step;
    uint32_t channels, pixels;
    uint32_t element, channel_step, pixel_step;
};

/* Requantizes, clamps and stores them; q[c] is channel c's. */
void output_put(const struct kernel *k, const struct requantizer *q, const struct output_sums *sums);

#endif

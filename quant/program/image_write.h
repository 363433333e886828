// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writes an image file (quant/kernels/image.h): a lowered program, its blobs, sample inputs and the outputs
// they must give.
#ifndef PARE_QUANT_PROGRAM_IMAGE_WRITE_H
#define PARE_QUANT_PROGRAM_IMAGE_WRITE_H

#include "base/sha256.h"
#include "quant/net/data.h"
#include "quant/program/lowered.h"

struct image_written {
    int64_t bytes;
    uint8_t sha256[SHA256_BYTES];
    int n_samples; // at most what was asked for: as many as fit the board's outputs
};

/* Samples first..first+n-1 of `samples` go in; the expected outputs are computed with the kernels themselves.
 * The file appears whole or not at all. Returns 0, or -1 with the reason. */
int image_write(const char *path, const struct lowered *l, const struct data *samples, int first, int n,
                struct image_written *w, struct error *e);

#endif

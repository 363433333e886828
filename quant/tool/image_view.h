// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An image file looked at in memory, checked completely.
#ifndef PARE_QUANT_TOOL_IMAGE_VIEW_H
#define PARE_QUANT_TOOL_IMAGE_VIEW_H

#include "base/error.h"
#include "quant/kernels/program.h"

/* Pointers into the caller's bytes. */
struct image_view {
    const uint8_t *bytes;
    const struct image_file *header;
    const struct image_file_blob *blobs; // [header->n_blobs], as many as the program has
    struct program program;
    const uint8_t *inputs, *expected; // n_samples of input_bytes and output_bytes each
};

/* Checks `size` bytes (4-aligned, they must outlive the view): sections, the program, blobs' sizes and
 * hashes, samples. Returns 0, or -1 with the reason. */
int image_view_open(struct image_view *v, const void *bytes, size_t size, struct error *e);

/* The first operation that uses blob `b`, or -1. */
int image_view_op_of_blob(const struct image_view *v, uint32_t b);

/* Bytes of all packed weights. */
uint32_t image_view_weights_bytes(const struct image_view *v);

#endif

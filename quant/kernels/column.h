// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Columns: what output pixels of a convolution see, unpacked to int16. Private to this folder.
#ifndef PARE_QUANT_KERNELS_COLUMN_H
#define PARE_QUANT_KERNELS_COLUMN_H

#include "quant/kernels/kernel.h"

/* The columns of a few output pixels, one below the other in the plane. A column is `length` inputs less their zero point in
 * the order of a row of weights, padding as zeros; after them zeros up to `padded`, a multiple of PRODUCT_STEP.
 *
 * Shared: the windows of pixels below each other overlap, and so do their columns in memory; each input is unpacked once for
 * all of them. Crossed: of four elements the second and the third change places, as bytes come out when they are widened. */
struct columns {
    const struct image_op *op;
    const struct image_tensor *in;
    uint32_t out_h, out_w, in_h, in_w; // where pixels are independent of each other the plane is taken as one pixel wide
    uint32_t width;                    // channels of a group
    uint32_t length, padded;
    int shared, crossed;
    uint32_t pixels; // at most this many at a time
    uint32_t step;   // elements from one pixel's column to the next
    int16_t *elements;
};

/* All but `elements`. */
struct columns columns_of(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out);

/* Bytes of columns.elements. */
uint32_t columns_bytes(const struct columns *c);

/* Makes the columns of pixels (y, x) .. (y + n - 1, x), n <= c->pixels. */
void columns_make(const struct columns *c, const uint8_t *data, uint32_t group, uint32_t y, uint32_t x, uint32_t n);

#endif

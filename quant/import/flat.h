// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// FlatBuffers (flatbuffers.dev, "FlatBuffer Internals") read in place: every offset, table and vector is checked against the file's size.
#ifndef PARE_QUANT_IMPORT_FLAT_H
#define PARE_QUANT_IMPORT_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file in memory. What is read from outside of it is zero or absent, and `broken` stays set from then on. */
struct flat {
    const uint8_t *bytes;
    size_t size;
    bool broken;
};

/* A table; at == 0 is an absent one, whose fields are all absent. */
struct flat_table {
    struct flat *file;
    size_t at, vtable, vtable_bytes;
};

/* A vector of `n` elements that lie within the file; absent: n == 0. */
struct flat_vector {
    struct flat *file;
    size_t at, n, element_bytes;
};

struct flat_table flat_root(struct flat *f);

/* Field `i` as an integer of 1, 2, 4 or 8 bytes, sign extended. */
int64_t flat_integer(const struct flat_table *t, unsigned i, size_t bytes, int64_t otherwise);
struct flat_table flat_table_of(const struct flat_table *t, unsigned i);
struct flat_vector flat_vector_of(const struct flat_table *t, unsigned i, size_t element_bytes);

/* Element `k`, 0 outside of the vector; flat_element_table for a vector of tables (4-byte elements). */
int64_t flat_element(const struct flat_vector *v, size_t k);
float flat_element_float(const struct flat_vector *v, size_t k);
struct flat_table flat_element_table(const struct flat_vector *v, size_t k);

/* Bytes of a vector, NULL when it is empty. */
const uint8_t *flat_bytes(const struct flat_vector *v);

#endif

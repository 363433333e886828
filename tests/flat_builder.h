// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writes small FlatBuffers in a test: parents first, their references patched when the children stand.
#ifndef PARE_TESTS_FLAT_BUILDER_H
#define PARE_TESTS_FLAT_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#define FLAT_BUILDER_MAX 32768
#define FLAT_BUILDER_FIELDS 12

struct flat_builder {
    uint8_t bytes[FLAT_BUILDER_MAX];
    size_t size;
};

/* A table with `n` fields of 4 bytes each, all present and zero; the first after the header is the root. Returns its place. */
size_t flat_builder_table(struct flat_builder *b, unsigned n);

/* Sets field `i` of a table to an integer, or to refer to what stands at `target`, which must come after the table. */
void flat_builder_set(struct flat_builder *b, size_t table, unsigned i, int32_t value);
void flat_builder_refer(struct flat_builder *b, size_t table, unsigned i, size_t target);

/* Vectors: of bytes, of 4-byte integers, and of `n` references to be set with flat_builder_element. */
size_t flat_builder_bytes(struct flat_builder *b, const void *bytes, size_t n, size_t element_bytes);
size_t flat_builder_integers(struct flat_builder *b, size_t n, const int32_t *values);
size_t flat_builder_references(struct flat_builder *b, size_t n);
void flat_builder_element(struct flat_builder *b, size_t vector, size_t k, size_t target);

/* An empty file with this identifier (4 characters). */
void flat_builder_init(struct flat_builder *b, const char *identifier);

#endif

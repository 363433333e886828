// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/flat_builder.h"

#include <check.h>
#include <string.h>

static void put(struct flat_builder *b, size_t at, uint64_t value, size_t bytes)
{
    ck_assert_uint_le(at + bytes, FLAT_BUILDER_MAX);
    for (size_t i = 0; i < bytes; i++)
        b->bytes[at + i] = (uint8_t)(value >> 8 * i);
    b->size = at + bytes > b->size ? at + bytes : b->size;
}

void flat_builder_init(struct flat_builder *b, const char *identifier)
{
    memset(b, 0, sizeof *b);
    memcpy(b->bytes + 4, identifier, 4);
    b->size = 8;
}

size_t flat_builder_table(struct flat_builder *b, unsigned n)
{
    size_t vtable = (b->size + 3) / 4 * 4, table = vtable + 4 + 4 * ((n + 1) / 2);
    put(b, vtable, 4 + 2 * n, 2);
    put(b, vtable + 2, 4 + 4 * n, 2);
    for (unsigned i = 0; i < n; i++)
        put(b, vtable + 4 + 2 * i, 4 + 4 * i, 2);
    put(b, table, table - vtable, 4);
    put(b, table + 4 * n, 0, 4);
    if (!b->bytes[0])
        put(b, 0, table, 4);
    return table;
}

void flat_builder_set(struct flat_builder *b, size_t table, unsigned i, int32_t value)
{
    put(b, table + 4 + 4 * i, (uint32_t)value, 4);
}

void flat_builder_refer(struct flat_builder *b, size_t table, unsigned i, size_t target)
{
    put(b, table + 4 + 4 * i, target - (table + 4 + 4 * i), 4);
}

size_t flat_builder_bytes(struct flat_builder *b, const void *bytes, size_t n, size_t element_bytes)
{
    size_t at = (b->size + 3) / 4 * 4;
    put(b, at, n, 4);
    ck_assert_uint_le(at + 4 + n * element_bytes, FLAT_BUILDER_MAX);
    if (bytes)
        memcpy(b->bytes + at + 4, bytes, n * element_bytes);
    b->size = at + 4 + n * element_bytes;
    return at;
}

size_t flat_builder_integers(struct flat_builder *b, size_t n, const int32_t *values)
{
    return flat_builder_bytes(b, values, n, sizeof *values);
}

size_t flat_builder_references(struct flat_builder *b, size_t n)
{
    return flat_builder_bytes(b, NULL, n, 4);
}

void flat_builder_element(struct flat_builder *b, size_t vector, size_t k, size_t target)
{
    size_t at = vector + 4 + 4 * k;
    put(b, at, target - at, 4);
}

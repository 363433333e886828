// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/import/flat.h"

#include <string.h>

/* The integer at `at`, sign extended; little-endian, as the format is. */
static int64_t integer_at(struct flat *f, size_t at, size_t bytes)
{
    uint64_t value = 0;
    if (at > f->size || bytes > f->size - at) {
        f->broken = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)f->bytes[at + i] << 8 * i;
    uint64_t sign = bytes < 8 ? (uint64_t)1 << (8 * bytes - 1) : 0;
    return (int64_t)((value ^ sign) - sign);
}

static size_t unsigned_at(struct flat *f, size_t at, size_t bytes)
{
    return (size_t)integer_at(f, at, bytes) & (bytes == 2 ? 0xffffu : 0xffffffffu);
}

/* A table begins with the signed distance back to its vtable, which begins with its own size in bytes. */
static struct flat_table table_at(struct flat *f, size_t at)
{
    struct flat_table t = {.file = f};
    int64_t vtable = (int64_t)at - integer_at(f, at, 4);
    if (f->broken || vtable < 0 || (uint64_t)vtable > f->size) {
        f->broken = true;
        return t;
    }
    t.vtable = (size_t)vtable;
    t.vtable_bytes = unsigned_at(f, t.vtable, 2);
    if (f->broken || t.vtable_bytes < 4 || t.vtable_bytes > f->size - t.vtable)
        f->broken = true;
    else
        t.at = at;
    return t;
}

struct flat_table flat_root(struct flat *f)
{
    return table_at(f, unsigned_at(f, 0, 4));
}

/* Where field `i` stands, 0 when it is absent. */
static size_t field_at(const struct flat_table *t, unsigned i)
{
    size_t entry = 4 + 2 * (size_t)i;
    if (!t->at || entry + 2 > t->vtable_bytes)
        return 0;
    size_t offset = unsigned_at(t->file, t->vtable + entry, 2);
    return offset ? t->at + offset : 0;
}

int64_t flat_integer(const struct flat_table *t, unsigned i, size_t bytes, int64_t otherwise)
{
    size_t at = field_at(t, i);
    return at ? integer_at(t->file, at, bytes) : otherwise;
}

struct flat_table flat_table_of(const struct flat_table *t, unsigned i)
{
    size_t at = field_at(t, i);
    return at ? table_at(t->file, at + unsigned_at(t->file, at, 4)) : (struct flat_table){.file = t->file};
}

struct flat_vector flat_vector_of(const struct flat_table *t, unsigned i, size_t element_bytes)
{
    struct flat_vector v = {.file = t->file, .element_bytes = element_bytes};
    size_t at = field_at(t, i);
    if (!at)
        return v;
    at += unsigned_at(t->file, at, 4);
    size_t n = unsigned_at(t->file, at, 4);
    if (v.file->broken || n > (v.file->size - at - 4) / element_bytes) {
        v.file->broken = true;
        return v;
    }
    v.at = at + 4;
    v.n = n;
    return v;
}

int64_t flat_element(const struct flat_vector *v, size_t k)
{
    return k < v->n ? integer_at(v->file, v->at + k * v->element_bytes, v->element_bytes) : 0;
}

float flat_element_float(const struct flat_vector *v, size_t k)
{
    uint32_t bits = (uint32_t)flat_element(v, k);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct flat_table flat_element_table(const struct flat_vector *v, size_t k)
{
    if (k >= v->n)
        return (struct flat_table){.file = v->file};
    size_t at = v->at + k * 4;
    return table_at(v->file, at + unsigned_at(v->file, at, 4));
}

const uint8_t *flat_bytes(const struct flat_vector *v)
{
    return v->n ? v->file->bytes + v->at : NULL;
}

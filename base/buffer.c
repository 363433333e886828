// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *b, size_t limit)
{
    *b = (struct buffer){.limit = limit};
}

void buffer_finish(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){.limit = b->limit};
}

int buffer_append(struct buffer *b, const void *data, size_t size)
{
    if (!size)
        return 0;
    if (size > b->limit || b->size > b->limit - size)
        return -1;
    if (b->size + size > b->capacity) {
        size_t capacity = b->capacity ? b->capacity : 256;
        while (capacity < b->size + size)
            capacity *= 2;
        char *grown = realloc(b->data, capacity);
        if (!grown)
            return -1;
        b->data = grown;
        b->capacity = capacity;
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

void buffer_consume(struct buffer *b, size_t n)
{
    if (!n)
        return;
    memmove(b->data, b->data + n, b->size - n);
    b->size -= n;
}

char *buffer_record(struct buffer *b, char terminator, size_t *length)
{
    char *end = b->size ? memchr(b->data, terminator, b->size) : NULL;
    if (!end)
        return NULL;
    *end = 0;
    *length = (size_t)(end - b->data);
    return b->data;
}

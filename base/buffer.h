// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A byte buffer with a named limit, and the lines in it: every stream that can grow passes through one of these.
#ifndef PARE_BASE_BUFFER_H
#define PARE_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data; // heap; NULL while empty
    size_t size, capacity;
    size_t limit; // never grows past this
};

void buffer_init(struct buffer *b, size_t limit);
void buffer_finish(struct buffer *b);

/* Appends. Returns 0, or -1 (limit or memory) with the buffer unchanged. */
int buffer_append(struct buffer *b, const void *data, size_t size);

/* Takes `n` bytes off the front. */
void buffer_consume(struct buffer *b, size_t n);

/* The next whole record that ends with `terminator`: its length without it in *length, NUL put in the terminator's place.
 * Returns its start (valid until the next append or consume; then consume *length + 1), or NULL while incomplete. */
char *buffer_record(struct buffer *b, char terminator, size_t *length);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Embedded texts with @KEYS@ in them, and what they stand for.
#ifndef PARE_QUANT_TOOL_TEMPLATE_H
#define PARE_QUANT_TOOL_TEMPLATE_H

#include "base/buffer.h"
#include "quant/tool/embedded.h"

#define TEMPLATE_VALUES_MAX 48

struct template
{
    int n;
    struct {
        const char *key; // static
        char *value;     // heap
    } values[TEMPLATE_VALUES_MAX];
    int failed; // memory ran out
};

void template_init(struct template *t);
void template_finish(struct template *t);

/* What @KEY@ stands for from now on. Running out of memory is remembered, template_expand fails then. */
void template_set(struct template *t, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The embedded file of this name; there must be one. */
const struct embedded *template_file(const char *name);

/* Appends `text` with every @KEY@ replaced; a key without a value is a bug of this program. Returns 0, or -1
 * (limit, memory). */
int template_expand(const struct template *t, const char *text, struct buffer *out);

#endif

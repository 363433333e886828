// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/template.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void template_init(struct template *t)
{
    *t = (struct template){0};
}

void template_finish(struct template *t)
{
    for (int i = 0; i < t->n; i++)
        free(t->values[i].value);
    template_init(t);
}

void template_set(struct template *t, const char *key, const char *format, ...)
{
    va_list arguments;
    char *value;
    va_start(arguments, format);
    if (vasprintf(&value, format, arguments) < 0)
        value = NULL;
    va_end(arguments);
    if (!value) {
        t->failed = 1;
        return;
    }
    assert(t->n < TEMPLATE_VALUES_MAX);
    t->values[t->n].key = key;
    t->values[t->n++].value = value;
}

const struct embedded *template_file(const char *name)
{
    for (int i = 0; i < embedded_count; i++)
        if (!strcmp(embedded_files[i].name, name))
            return &embedded_files[i];
    assert(!"a file that was not embedded");
    return NULL;
}

static const char *value_of(const struct template *t, const char *key, size_t length)
{
    for (int i = 0; i < t->n; i++)
        if (strlen(t->values[i].key) == length && !memcmp(t->values[i].key, key, length))
            return t->values[i].value;
    return NULL;
}

int template_expand(const struct template *t, const char *text, struct buffer *out)
{
    if (t->failed)
        return -1;
    for (;;) {
        const char *at = strchr(text, '@');
        const char *end = at ? strchr(at + 1, '@') : NULL;
        if (!end)
            return buffer_append(out, text, strlen(text));
        const char *value = value_of(t, at + 1, (size_t)(end - at - 1));
        assert(value && "a key without a value");
        if (buffer_append(out, text, (size_t)(at - text)) || buffer_append(out, value, strlen(value)))
            return -1;
        text = end + 1;
    }
}

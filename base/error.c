// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a user's text brought along is no reason for a second line. */
static void keep_one_line(struct error *e)
{
    for (char *c = e->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

int error_set(struct error *e, const char *format, ...)
{
    if (!e)
        return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    keep_one_line(e);
    return -1;
}

int error_wrap(struct error *e, const char *format, ...)
{
    if (!e)
        return -1;
    char inner[ERROR_TEXT_MAX];
    memcpy(inner, e->text, sizeof inner);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    if (n < 0)
        n = 0;
    if ((size_t)n < sizeof e->text)
        snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", inner);
    keep_one_line(e);
    return -1;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Filling in refusals.
#include "daemon/ctl/refusal.h"

#include "daemon/ctl/strict_json.h"

#include <stdio.h>

int refusal_set_list(struct refusal *r, int code, enum kind kind, const char *field, const char *format, va_list list)
{
    r->code = code;
    r->kind = kind;
    r->hint[0] = '\0';
    snprintf(r->field, sizeof r->field, "%s", field ? field : "");
    vsnprintf(r->text, sizeof r->text, format, list);
    strict_json_clean(r->text);
    return -1;
}

int refusal_set(struct refusal *r, int code, enum kind kind, const char *field, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    refusal_set_list(r, code, kind, field, format, list);
    va_end(list);
    return -1;
}

int refusal_hint(struct refusal *r, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(r->hint, sizeof r->hint, format, list);
    va_end(list);
    strict_json_clean(r->hint);
    return -1;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/setting.h"

#include <stdio.h>
#include <string.h>

static const char *const scheme_names[SCHEME_COUNT] = {"float32", "uniform", "log", "trained", "codebook", "given"};

const char *scheme_name(enum scheme scheme)
{
    return (unsigned)scheme < SCHEME_COUNT ? scheme_names[scheme] : "unknown";
}

bool setting_equal(struct setting a, struct setting b)
{
    return a.w_bits == b.w_bits && a.a_bits == b.a_bits && a.scheme == b.scheme;
}

char *setting_format(struct setting s, char *text)
{
    if (s.scheme == SCHEME_FLOAT32)
        snprintf(text, SETTING_TEXT_MAX, "float32");
    else if (s.scheme == SCHEME_UNIFORM)
        snprintf(text, SETTING_TEXT_MAX, "w%ua%u", s.w_bits, s.a_bits);
    else
        snprintf(text, SETTING_TEXT_MAX, "w%ua%u/%s", s.w_bits, s.a_bits, scheme_name(s.scheme));
    return text;
}

int setting_parse(const char *text, struct setting *s, struct error *e)
{
    if (!strcmp(text, "float32")) {
        *s = (struct setting){32, 32, SCHEME_FLOAT32};
        return 0;
    }
    unsigned w, a;
    int used = 0;
    if (sscanf(text, "w%2ua%2u%n", &w, &a, &used) != 2 || !used || w < 1 || w > 16 || a < 1 || a > 16)
        return error_set(e, "'%.40s' is not a setting; write float32, w8a8, w4a8/log or the like", text);
    const char *rest = text + used;
    int scheme = SCHEME_UNIFORM;
    if (*rest == '/') {
        for (scheme = SCHEME_UNIFORM; scheme < SCHEME_COUNT; scheme++)
            if (!strcmp(rest + 1, scheme_names[scheme]))
                break;
    } else if (*rest) {
        scheme = SCHEME_COUNT;
    }
    if (scheme == SCHEME_COUNT)
        return error_set(e, "'%.40s' names no scheme; schemes are uniform, log, trained, codebook, given", text);
    *s = (struct setting){(uint8_t)w, (uint8_t)a, (uint8_t)scheme};
    return 0;
}

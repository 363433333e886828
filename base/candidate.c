// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/candidate.h"

#include <string.h>

uint64_t candidate_hash(const struct candidate *c)
{
    uint64_t h = 14695981039346656037u;
    for (int i = 0; i < c->n; i++) {
        const uint8_t bytes[] = {c->layers[i].w_bits, c->layers[i].a_bits, c->layers[i].scheme};
        for (size_t k = 0; k < sizeof bytes; k++)
            h = (h ^ bytes[k]) * 1099511628211u;
    }
    return h;
}

bool candidate_equal(const struct candidate *a, const struct candidate *b)
{
    if (a->n != b->n)
        return false;
    for (int i = 0; i < a->n; i++)
        if (!setting_equal(a->layers[i], b->layers[i]))
            return false;
    return true;
}

void candidate_fill(struct candidate *c, int n, struct setting s)
{
    c->n = n;
    for (int i = 0; i < n; i++)
        c->layers[i] = s;
}

int candidate_format(const struct candidate *c, char *text, size_t size)
{
    size_t used = 0;
    if (size)
        text[0] = 0;
    for (int i = 0; i < c->n; i++) {
        char one[SETTING_TEXT_MAX];
        setting_format(c->layers[i], one);
        size_t len = strlen(one) + (i > 0);
        if (used + len + 1 > size)
            return -1;
        if (i)
            text[used++] = ' ';
        strcpy(text + used, one);
        used += strlen(one);
    }
    return 0;
}

int candidate_parse(const char *text, int n_expected, struct candidate *c, struct error *e)
{
    c->n = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        char one[SETTING_TEXT_MAX];
        if (len >= sizeof one)
            return error_set(e, "'%.40s' is not a setting", text);
        memcpy(one, text, len);
        one[len] = 0;
        if (c->n == CANDIDATE_LAYERS_MAX)
            return error_set(e, "a candidate has more than %d layers", CANDIDATE_LAYERS_MAX);
        if (setting_parse(one, &c->layers[c->n], e))
            return error_wrap(e, "layer %d", c->n);
        c->n++;
        text += len;
        while (*text == ' ')
            text++;
    }
    if (c->n == 1 && n_expected > 1)
        candidate_fill(c, n_expected, c->layers[0]);
    if (!c->n || (n_expected && c->n != n_expected))
        return error_set(e, "a candidate with %d settings for a network of %d layers", c->n, n_expected);
    return 0;
}

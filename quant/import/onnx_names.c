// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/import/onnx_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int onnx_names_init(struct onnx_names *names, int limit)
{
    memset(names, 0, sizeof *names);
    names->limit = limit;
    for (names->n_slots = 16; names->n_slots < 2 * (size_t)limit;)
        names->n_slots *= 2;
    names->texts = calloc((size_t)limit, sizeof *names->texts);
    names->slots = calloc(names->n_slots, sizeof *names->slots);
    if (names->texts && names->slots)
        return 0;
    onnx_names_finish(names);
    return -1;
}

void onnx_names_finish(struct onnx_names *names)
{
    free(names->texts);
    free(names->slots);
    memset(names, 0, sizeof *names);
}

/* The slot that holds the name, or the empty one where it belongs: the table is at most half full. */
static size_t slot_of(const struct onnx_names *names, const char *text)
{
    uint64_t h = 14695981039346656037u; // FNV-1a
    for (const char *p = text; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    size_t at = (size_t)(h ^ h >> 32) & (names->n_slots - 1);
    while (names->slots[at] && strcmp(names->texts[names->slots[at] - 1], text))
        at = (at + 1) & (names->n_slots - 1);
    return at;
}

int onnx_names_find(const struct onnx_names *names, const char *text)
{
    return names->slots[slot_of(names, text)] - 1;
}

int onnx_names_number(struct onnx_names *names, const char *text)
{
    size_t at = slot_of(names, text);
    if (!names->slots[at]) {
        if (names->n == names->limit)
            return -1;
        names->texts[names->n] = text;
        names->slots[at] = ++names->n;
    }
    return names->slots[at] - 1;
}

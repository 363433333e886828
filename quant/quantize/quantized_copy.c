// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What one candidate needs of everything that was quantized.
#include "quant/quantize/quantized.h"

#include <stdlib.h>
#include <string.h>

static void *copied(const void *from, size_t bytes)
{
    void *to = malloc(bytes + 1);
    if (to)
        memcpy(to, from, bytes);
    return to;
}

static int copy_weights(const struct quantized_weights *from, struct quantized_weights *to)
{
    *to = *from;
    to->scales = copied(from->scales, from->n_channels * sizeof *from->scales);
    to->bias = copied(from->bias, from->n_channels * sizeof *from->bias);
    to->codes = copied(from->codes, from->n_codes * sizeof *from->codes);
    to->table = from->table ? copied(from->table, sizeof *from->table << from->w_bits) : NULL;
    to->states = from->states ? copied(from->states, from->n_channels * sizeof *from->states) : NULL;
    to->sums = from->sums ? copied(from->sums, from->n_channels * sizeof *from->sums) : NULL;
    return to->scales && to->bias && to->codes && (to->table || !from->table) && (to->sums || !from->sums) &&
                   (to->states || !from->states)
               ? 0
               : -1;
}

static int option_of(const struct quantized *q, struct setting s)
{
    for (int i = 0; i < q->n_options; i++)
        if (setting_equal(q->options[i], s))
            return i;
    return -1;
}

static int variant_of(const struct quantized *q, struct setting s)
{
    for (int i = 0; i < q->n_variants; i++)
        if (q->variants[i].w_bits == s.w_bits && q->variants[i].scheme == s.scheme)
            return i;
    return -1;
}

static int take_settings(const struct quantized *q, const struct candidate *c, struct quantized *to, struct error *e)
{
    char text[SETTING_TEXT_MAX];
    for (int i = 0; i < c->n; i++) {
        struct setting s = c->layers[i];
        if (option_of(q, s) < 0 || (s.scheme != SCHEME_FLOAT32 && variant_of(q, s) < 0))
            return error_set(e, "%s is not among the options that were quantized", setting_format(s, text));
        if (option_of(to, s) < 0)
            to->options[to->n_options++] = s;
        if (s.scheme != SCHEME_FLOAT32 && variant_of(to, s) < 0)
            to->variants[to->n_variants++] = (struct quantized_variant){s.w_bits, s.scheme};
    }
    return 0;
}

static int copy_arrays(const struct quantized *q, struct quantized *to)
{
    to->state_bits = q->state_bits;
    to->n_tensors = q->n_tensors, to->n_layers = q->n_layers, to->n_slots = q->n_slots;
    to->tensors = copied(q->tensors, (size_t)q->n_tensors * sizeof *q->tensors);
    to->weights = calloc((size_t)q->n_layers * (size_t)to->n_variants + 1, sizeof *to->weights);
    to->sensitivity = calloc((size_t)q->n_slots * (size_t)to->n_options + 1, sizeof *to->sensitivity);
    if (!to->tensors || !to->weights || !to->sensitivity)
        return -1;
    for (int slot = 0; slot < q->n_slots; slot++)
        for (int o = 0; o < to->n_options; o++)
            to->sensitivity[slot * to->n_options + o] = q->sensitivity[slot * q->n_options + option_of(q, to->options[o])];
    for (int layer = 0; layer < q->n_layers; layer++)
        for (int v = 0; v < to->n_variants; v++) {
            struct setting s = {to->variants[v].w_bits, 8, to->variants[v].scheme};
            if (copy_weights(&q->weights[layer * q->n_variants + variant_of(q, s)], &to->weights[layer * to->n_variants + v]))
                return -1;
        }
    return 0;
}

int quantized_of_candidate(const struct quantized *q, const struct candidate *c, struct quantized *to, struct error *e)
{
    memset(to, 0, sizeof *to);
    int failed = take_settings(q, c, to, e);
    if (!failed && copy_arrays(q, to))
        failed = error_set(e, "out of memory");
    if (failed)
        quantized_finish(to);
    return failed;
}

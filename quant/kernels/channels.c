// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Channels chosen from those of one or two tensors: concatenation, split, shuffle. What a value of an input becomes on the output's
// scale is written into a table once, where there are few values.
#include "quant/kernels/kernel.h"

#define RUN 32u // channels packed at a time

/* An input: its table (NULL where either side has more than 8 bits), and what fills it. */
struct source {
    const struct image_tensor *tensor;
    const uint8_t *data;
    int8_t *table; // by code
    struct requantizer out;
    int32_t low, high;
};

static uint32_t table_bytes(const struct image_tensor *in, const struct image_tensor *out)
{
    return in->bits <= 8 && out->bits <= 8 ? 1u << in->bits : 0;
}

uint32_t channels_scratch_bytes(const struct image_tensor *in, const struct image_tensor *in1, const struct image_tensor *out)
{
    return table_bytes(in, out) + (in1 ? table_bytes(in1, out) : 0);
}

SIMD_INLINE int32_t moved(const struct source *s, int32_t value)
{
    return clamp(requantize_any(&s->out, value - s->tensor->zero_point), s->low, s->high);
}

static struct source source_of(const struct kernel *k, int i, uint8_t *scratch)
{
    const struct image_op *op = k->op;
    struct source s = {.tensor = i ? k->in1 : k->in, .data = i ? k->in1_data : k->in_data, .low = op->act_min, .high = op->act_max};
    s.out = requantizer_of(op->add_multiplier[i], op->add_shift[i], k->out->zero_point);
    if (!table_bytes(s.tensor, k->out))
        return s;
    s.table = (int8_t *)scratch;
    int32_t codes = 1 << s.tensor->bits;
    for (int32_t code = 0; code < codes; code++)
        s.table[code] = (int8_t)moved(&s, code < codes / 2 ? code : code - codes);
    return s;
}

/* Bytes from bytes, one pixel. */
static void choose_bytes(const uint16_t *choice, uint32_t channels, const struct source *a, const struct source *b, uint32_t pixel,
                         uint8_t *out)
{
    uint32_t first = a->tensor->c, second = b->tensor->c;
    const uint8_t *from = a->data + pixel * first, *other = b->data + pixel * second;
    const int8_t *table = a->table, *other_table = b->table;
    for (const uint16_t *end = choice + channels; choice < end; choice++)
        *out++ = (uint8_t)(*choice < first ? table[from[*choice]] : other_table[other[*choice - first]]);
}

static int16_t chosen(const struct source *s, uint32_t element)
{
    int16_t value;
    unpack_run(&value, s->data, element, 1, s->tensor->bits, 0);
    return s->table ? s->table[(uint16_t)value & ((1u << s->tensor->bits) - 1)] : (int16_t)moved(s, value);
}

static void choose_any(const struct kernel *k, const struct source *a, const struct source *b, uint32_t pixel)
{
    uint32_t first = a->tensor->c, channels = k->out->c;
    for (uint32_t c = 0; c < channels; c += RUN) {
        uint32_t n = channels - c < RUN ? channels - c : RUN;
        int16_t values[RUN];
        for (uint32_t i = 0; i < n; i++) {
            uint32_t at = k->choice[c + i];
            values[i] = at < first ? chosen(a, pixel * first + at) : chosen(b, pixel * b->tensor->c + at - first);
        }
        pack_run(k->out_data, values, pixel * channels + c, n, k->out->bits);
    }
}

void kernel_channels(const struct kernel *k)
{
    struct source a = source_of(k, 0, k->scratch), b = a;
    if (k->in1)
        b = source_of(k, 1, k->scratch + table_bytes(k->in, k->out));
    int bytes = a.tensor->bits == 8 && b.tensor->bits == 8 && k->out->bits == 8;
    for (uint32_t pixel = 0; pixel < (uint32_t)k->out->h * k->out->w; pixel++) {
        if (bytes)
            choose_bytes(k->choice, k->out->c, &a, &b, pixel, k->out_data + pixel * k->out->c);
        else
            choose_any(k, &a, &b, pixel);
    }
}

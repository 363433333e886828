// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Loops that differ in what they can leave out. What they need is passed by value: to the compiler a stored byte may be
// anything's.
#include "quant/kernels/output.h"

SIMD_INLINE int32_t quick_byte(const struct requantizer *q, int32_t sum, int32_t low, int32_t high, int is_full)
{
    int32_t value = requantize_quick(q, sum);
    return is_full ? simd_saturate_byte(value) : clamp(value, low, high);
}

/* Two at a time, so that neither waits for its own results. `is_full`: the clamp is int8's range. */
SIMD_INLINE void put_quick_bytes(struct requantizer q, const int32_t *sums, const int32_t *end, int32_t low, int32_t high,
                                 uint8_t *out, uint32_t step, int is_full)
{
    for (const int32_t *even = sums + ((end - sums) & ~1); sums < even; sums += 2, out += step) {
        int32_t first = sums[0], second = sums[1];
        first = quick_byte(&q, first, low, high, is_full), second = quick_byte(&q, second, low, high, is_full);
        *out = (uint8_t)first;
        *(out += step) = (uint8_t)second;
    }
    if (sums < end)
        *out = (uint8_t)quick_byte(&q, *sums, low, high, is_full);
}

SIMD_INLINE void put_bytes(struct requantizer q, const int32_t *sums, const int32_t *end, int32_t low, int32_t high, uint8_t *out,
                           uint32_t step)
{
    if (!requantizer_is_quick(&q))
        for (; sums < end; out += step)
            *out = (uint8_t)clamp(requantize_any(&q, *sums++), low, high);
    else if (low > INT8_MIN || high < INT8_MAX)
        put_quick_bytes(q, sums, end, low, high, out, step, 0);
    else
        put_quick_bytes(q, sums, end, low, high, out, step, 1);
}

/* Into the half of a byte, always the same one: `step` is even. */
SIMD_INLINE void put_nibbles(struct requantizer q, const int32_t *sums, const int32_t *end, int32_t low, int32_t high, uint8_t *out,
                             unsigned shift, uint32_t step)
{
    uint8_t others = (uint8_t)(0xf0 >> shift);
    for (; sums < end; out += step / 2) {
        int32_t value = clamp(requantize_quick(&q, *sums++), low, high);
        *out = (uint8_t)((*out & others) | (value & 15) << shift);
    }
}

static void put_packed(const struct kernel *k, const struct requantizer *q, const int32_t *sums, const int32_t *end,
                       uint32_t element, uint32_t step)
{
    int quick = requantizer_is_quick(q);
    for (; sums < end; sums++, element += step)
        store_element(k->out_data, element, k->out->bits,
                      clamp(quick ? requantize_quick(q, *sums) : requantize_any(q, *sums), k->op->act_min, k->op->act_max));
}

void output_put(const struct kernel *k, const struct requantizer *q, const struct output_sums *o)
{
    int32_t low = k->op->act_min, high = k->op->act_max;
    unsigned bits = k->out->bits;
    uint8_t *out = k->out_data;
    const int32_t *sums = o->sums;
    uint32_t step = o->pixel_step, element = o->element;
    for (const struct requantizer *last = q + o->channels; q < last; q++, sums += o->sums_step, element += o->channel_step) {
        const int32_t *end = sums + o->pixels;
        if (bits == 8)
            put_bytes(*q, sums, end, low, high, out + element, step);
        else if (bits == 4 && step % 2 == 0 && requantizer_is_quick(q))
            put_nibbles(*q, sums, end, low, high, out + element / 2, element % 2 * 4, step);
        else
            put_packed(k, q, sums, end, element, step);
    }
}

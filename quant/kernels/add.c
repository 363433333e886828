// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Integer addition as TFLite's quantized Add: both inputs are brought to one scale with 20 bits of headroom, summed, and brought
// to the output's. An input has few values, so what each becomes is written into a table once.
#include "quant/kernels/kernel.h"

#define RUN 32u           // elements unpacked at a time where widths differ; a multiple of 8, so that a run begins on a byte
#define ADD_LEFT_SHIFT 20 // the headroom

struct adder {
    const int32_t *a, *b; // by code
    struct requantizer out;
    int32_t low, high;
};

static uint32_t table_bytes(const struct image_tensor *t)
{
    return t->bits > 8 ? 0 : (uint32_t)sizeof(int32_t) << t->bits; // above 8: whoever asks for the least of all widths
}

uint32_t add_scratch_bytes(const struct image_tensor *in, const struct image_tensor *in1)
{
    return table_bytes(in) + table_bytes(in1);
}

static void fill_table(int32_t *table, const struct image_tensor *t, int32_t multiplier, int32_t shift)
{
    struct requantizer q = requantizer_of(multiplier, shift, 0);
    for (int32_t i = 0; i < 1 << t->bits; i++) {
        int32_t value = (int32_t)((uint32_t)i << (32 - t->bits)) >> (32 - t->bits);
        table[i] = requantize_any(&q, (value - t->zero_point) * (1 << ADD_LEFT_SHIFT));
    }
}

SIMD_INLINE int32_t added(const struct adder *s, unsigned a, unsigned b, int quick)
{
    int32_t sum = simd_add_wrapping(s->a[a], s->b[b]);
    return clamp(quick ? requantize_quick(&s->out, sum) : requantize_any(&s->out, sum), s->low, s->high);
}

/* `s` by value: to the compiler a byte stored may be anything's. */
static void add_bytes(struct adder s, const uint8_t *a, const uint8_t *b, uint32_t n, uint8_t *out)
{
    for (const uint8_t *end = a + n / 2 * 2; a < end; a += 2, b += 2, out += 2) {
        int32_t first = added(&s, a[0], b[0], 1), second = added(&s, a[1], b[1], 1);
        out[0] = (uint8_t)first, out[1] = (uint8_t)second;
    }
    if (n % 2)
        *out = (uint8_t)added(&s, *a, *b, 1);
}

/* Two elements to a byte; past an odd end something is computed that program_run_op clears. */
static void add_nibbles(struct adder s, const uint8_t *a, const uint8_t *b, uint32_t n, uint8_t *out)
{
    for (const uint8_t *end = a + (n + 1) / 2; a < end; a++, b++) {
        int32_t first = added(&s, *a & 15, *b & 15, 1), second = added(&s, *a >> 4, *b >> 4, 1);
        *out++ = (uint8_t)((first & 15) | second << 4);
    }
}

static void add_any(const struct kernel *k, const struct adder *s, uint32_t elements)
{
    unsigned codes_a = (1u << k->in->bits) - 1, codes_b = (1u << k->in1->bits) - 1;
    for (uint32_t first = 0; first < elements; first += RUN) {
        uint32_t n = elements - first < RUN ? elements - first : RUN;
        int16_t a[RUN], b[RUN];
        unpack_run(a, k->in_data, first, n, k->in->bits, 0);
        unpack_run(b, k->in1_data, first, n, k->in1->bits, 0);
        for (uint32_t i = 0; i < n; i++)
            a[i] = (int16_t)added(s, (uint16_t)a[i] & codes_a, (uint16_t)b[i] & codes_b, 0);
        pack_run(k->out_data, a, first, n, k->out->bits);
    }
}

void kernel_add(const struct kernel *k)
{
    const struct image_op *op = k->op;
    uint32_t elements = (uint32_t)k->out->h * k->out->w * k->out->c, bits = k->out->bits;
    int32_t *a = (int32_t *)(void *)k->scratch, *b = a + table_bytes(k->in) / sizeof *a;
    fill_table(a, k->in, op->add_multiplier[0], op->add_shift[0]);
    fill_table(b, k->in1, op->add_multiplier[1], op->add_shift[1]);
    struct adder s = {a, b, requantizer_of(op->add_multiplier[2], op->add_shift[2], k->out->zero_point), op->act_min, op->act_max};
    int same = k->in->bits == bits && k->in1->bits == bits;
    if (same && bits == 8 && requantizer_is_quick(&s.out))
        add_bytes(s, k->in_data, k->in1_data, elements, k->out_data);
    else if (same && bits == 4 && requantizer_is_quick(&s.out))
        add_nibbles(s, k->in_data, k->in1_data, elements, k->out_data);
    else
        add_any(k, &s, elements);
}

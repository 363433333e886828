// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Integer multiplication of two tensors; the second may have one value for each channel of the first.
#include "quant/kernels/kernel.h"

#define RUN 32u // elements unpacked at a time; a multiple of 8, so that a run begins on a byte

struct multiplier {
    struct requantizer out;
    int32_t zero_a, zero_b, low, high;
};

SIMD_INLINE int32_t multiplied(const struct multiplier *m, int32_t a, int32_t b, int quick)
{
    int32_t product = (a - m->zero_a) * (b - m->zero_b);
    return clamp(quick ? requantize_quick(&m->out, product) : requantize_any(&m->out, product), m->low, m->high);
}

/* `m` by value: to the compiler a byte stored may be anything's. */
static void multiply_bytes(struct multiplier m, const uint8_t *a, const uint8_t *b, uint32_t n, uint8_t *out)
{
    for (const uint8_t *end = a + n; a < end;)
        *out++ = (uint8_t)multiplied(&m, (int8_t)*a++, (int8_t)*b++, 1);
}

/* Elements first .. first + n - 1 of out, which second factors from `second` on belong to. */
static void multiply_any(const struct kernel *k, const struct multiplier *m, uint32_t first, uint32_t second, uint32_t n)
{
    while (n) {
        uint32_t few = n < RUN ? n : RUN;
        int16_t a[RUN], b[RUN];
        unpack_run(a, k->in_data, first, few, k->in->bits, 0);
        unpack_run(b, k->in1_data, second, few, k->in1->bits, 0);
        for (uint32_t i = 0; i < few; i++)
            a[i] = (int16_t)multiplied(m, a[i], b[i], 0);
        pack_run(k->out_data, a, first, few, k->out->bits);
        first += few, second += few, n -= few;
    }
}

void kernel_mul(const struct kernel *k)
{
    const struct image_op *op = k->op;
    uint32_t elements = (uint32_t)k->out->h * k->out->w * k->out->c, period = (uint32_t)k->in1->h * k->in1->w * k->in1->c;
    struct multiplier m = {requantizer_of(op->add_multiplier[0], op->add_shift[0], k->out->zero_point), k->in->zero_point,
                           k->in1->zero_point, op->act_min, op->act_max};
    int bytes = k->in->bits == 8 && k->in1->bits == 8 && k->out->bits == 8;
    for (uint32_t first = 0; first < elements; first += period) {
        if (bytes && requantizer_is_quick(&m.out))
            multiply_bytes(m, k->in_data + first, k->in1_data, period, k->out_data + first);
        else
            multiply_any(k, &m, first, 0, period);
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A function of each value, through a table of what each code becomes.
#include "quant/kernels/kernel.h"

#define RUN 32u // elements unpacked at a time; a multiple of 8, so that a run begins on a byte

static void look_up_bytes(const int8_t *table, const uint8_t *in, uint32_t n, uint8_t *out)
{
    for (const uint8_t *end = in + n; in < end;)
        *out++ = (uint8_t)table[*in++];
}

/* Two elements to a byte; past an odd end something is looked up that program_run_op clears. */
static void look_up_nibbles(const int8_t *table, const uint8_t *in, uint32_t n, uint8_t *out)
{
    for (const uint8_t *end = in + (n + 1) / 2; in < end; in++)
        *out++ = (uint8_t)((table[*in & 15] & 15) | table[*in >> 4] * 16);
}

static void look_up_any(const struct kernel *k, uint32_t elements)
{
    unsigned codes = (1u << k->in->bits) - 1;
    for (uint32_t first = 0; first < elements; first += RUN) {
        uint32_t n = elements - first < RUN ? elements - first : RUN;
        int16_t values[RUN];
        unpack_run(values, k->in_data, first, n, k->in->bits, 0);
        for (uint32_t i = 0; i < n; i++)
            values[i] = k->lookup[(uint16_t)values[i] & codes];
        pack_run(k->out_data, values, first, n, k->out->bits);
    }
}

void kernel_lookup(const struct kernel *k)
{
    uint32_t elements = (uint32_t)k->out->h * k->out->w * k->out->c;
    if (k->in->bits == 8 && k->out->bits == 8)
        look_up_bytes(k->lookup, k->in_data, elements, k->out_data);
    else if (k->in->bits == 4 && k->out->bits == 4)
        look_up_nibbles(k->lookup, k->in_data, elements, k->out_data);
    else
        look_up_any(k, elements);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Softmax over the channels of each pixel. How far a code is below the largest of its pixel is an index into a table of exponentials
// in 16 bits without a sign; out = t * factor / sum of t, rounded. Nothing needs more than 32 bits: program_check.c sees to that.
#include "quant/kernels/kernel.h"

#define RUN 32u // channels at a time; a multiple of 8

static uint32_t run_of(const struct kernel *k, uint32_t first, uint32_t c, int16_t *values)
{
    uint32_t n = k->in->c - c < RUN ? k->in->c - c : RUN;
    unpack_run(values, k->in_data, first + c, n, k->in->bits, 0);
    return n;
}

static int32_t largest_of(const struct kernel *k, uint32_t first)
{
    int32_t most = INT16_MIN;
    for (uint32_t c = 0; c < k->in->c; c += RUN) {
        int16_t values[RUN];
        uint32_t n = run_of(k, first, c, values);
        for (uint32_t i = 0; i < n; i++)
            most = values[i] > most ? values[i] : most;
    }
    return most;
}

static uint32_t sum_of(const struct kernel *k, uint32_t first, int32_t most)
{
    uint32_t sum = 0;
    for (uint32_t c = 0; c < k->in->c; c += RUN) {
        int16_t values[RUN];
        uint32_t n = run_of(k, first, c, values);
        for (uint32_t i = 0; i < n; i++)
            sum += k->exponentials[most - values[i]];
    }
    return sum;
}

static void put_pixel(const struct kernel *k, uint32_t first, int32_t most, uint32_t sum)
{
    const struct image_op *op = k->op;
    uint32_t factor = (uint32_t)op->add_multiplier[0], half = sum / 2;
    for (uint32_t c = 0; c < k->in->c; c += RUN) {
        int16_t values[RUN];
        uint32_t n = run_of(k, first, c, values);
        for (uint32_t i = 0; i < n; i++) {
            int32_t share = (int32_t)((k->exponentials[most - values[i]] * factor + half) / sum);
            values[i] = (int16_t)clamp(share + k->out->zero_point, op->act_min, op->act_max);
        }
        pack_run(k->out_data, values, first + c, n, k->out->bits);
    }
}

void kernel_softmax(const struct kernel *k)
{
    uint32_t elements = (uint32_t)k->in->h * k->in->w * k->in->c;
    for (uint32_t first = 0; first < elements; first += k->in->c) {
        int32_t most = largest_of(k, first);
        put_pixel(k, first, most, sum_of(k, first, most) << k->op->add_shift[0]);
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Between floats and the tensors at a program's ends.
#include "quant/kernels/pack.h"
#include "quant/program/lowered.h"

#include <math.h>
#include <string.h>

#define RUN 64u // elements at a time; whole bytes at any width

static size_t elements_of(const struct image_tensor *t)
{
    return (size_t)t->h * t->w * t->c;
}

void lowered_put_input(const struct program *p, const float *x, void *input)
{
    const struct image_tensor *t = program_input(p);
    size_t n = elements_of(t);
    if (t->bits == 32) {
        memcpy(input, x, t->bytes);
        return;
    }
    float least = (float)-(1 << (t->bits - 1)), most = (float)((1 << (t->bits - 1)) - 1);
    memset(input, 0, t->bytes);
    for (size_t first = 0; first < n; first += RUN) {
        size_t count = n - first < RUN ? n - first : RUN;
        int16_t values[RUN];
        for (size_t i = 0; i < count; i++) {
            float q = roundf(x[first + i] / t->scale) + (float)t->zero_point;
            values[i] = (int16_t)(q > least ? q < most ? q : most : least);
        }
        pack_run(input, values, first, count, t->bits);
    }
}

/* The element at `i` as an integer, or as the float it is. */
static float element_of(const struct image_tensor *t, const void *tensor, size_t i)
{
    if (t->bits == 32) {
        float x;
        memcpy(&x, (const char *)tensor + i * sizeof x, sizeof x);
        return x;
    }
    int16_t q;
    unpack_run(&q, tensor, i, 1, t->bits, 0);
    return q;
}

void lowered_take_output(const struct program *p, const void *output, float *y)
{
    const struct image_tensor *t = program_output(p);
    for (size_t i = 0; i < elements_of(t); i++) {
        float x = element_of(t, output, i);
        y[i] = t->bits == 32 ? x : (x - (float)t->zero_point) * t->scale;
    }
}

int lowered_answer(const struct program *p, const void *output)
{
    const struct image_tensor *t = program_output(p);
    size_t best = 0;
    for (size_t i = 1; i < elements_of(t); i++)
        if (element_of(t, output, i) > element_of(t, output, best))
            best = i;
    return (int)best;
}

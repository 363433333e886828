// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// RMSNorm and the selective scan in float32, fused by name where a product is added to something.
#include "quant/kernels/float_function.h"
#include "quant/kernels/kernel.h"

#include <string.h>

/* 1 / sqrt(x) for x > 0 by Newton's method, from a line through its logarithm; of nothing, nothing. */
static float inverse_root(float x)
{
    int32_t bits;
    if (!(x > 0))
        return 0;
    memcpy(&bits, &x, sizeof bits);
    float y = float_of_bits(0x5f3759df - (bits >> 1));
    for (int i = 0; i < 4; i++)
        y = y * MULTIPLY_ADD(-0.5f * x * y, y, 1.5f);
    return y;
}

void kernel_float_rmsnorm(const struct kernel *k)
{
    const float *in = (const float *)(const void *)k->in_data, *weights = (const float *)(const void *)k->weights;
    float epsilon = float_of_bits(k->op->add_multiplier[0]);
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    uint32_t channels = k->out->c;
    for (uint32_t pixel = (uint32_t)k->out->h * k->out->w; pixel; pixel--, in += channels, out += channels) {
        float sum = 0;
        for (uint32_t c = 0; c < channels; c++)
            sum = MULTIPLY_ADD(in[c], in[c], sum);
        float root = inverse_root(sum / (float)channels + epsilon);
        for (uint32_t c = 0; c < channels; c++)
            out[c] = clamp_float(in[c] * root * weights[c], low, high);
    }
}

/* One channel's states go on by one step; returns y. */
static float advance(const float *a, const float *b, const float *c, uint32_t n, float step, float input, float *states, float y)
{
    for (uint32_t i = 0; i < n; i++) {
        states[i] = MULTIPLY_ADD(float_exponential(step * a[i]), states[i], input * b[i]);
        y = MULTIPLY_ADD(states[i], c[i], y);
    }
    return y;
}

void kernel_float_scan(const struct kernel *k)
{
    const float *u = (const float *)(const void *)k->in_data, *delta = (const float *)(const void *)k->in1_data;
    const float *b = (const float *)(const void *)k->in2_data, *c = (const float *)(const void *)k->in3_data;
    const float *a = (const float *)(const void *)k->weights, *skip = k->bias;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data, *states = (float *)(void *)k->scratch;
    uint32_t channels = k->out->c, n = k->in2->c, time = (uint32_t)k->out->h * k->out->w;
    for (uint32_t d = 0; d < channels; d++) {
        memset(states, 0, n * sizeof *states);
        for (uint32_t t = 0; t < time; t++) {
            float raw = delta[t * channels + d], x = u[t * channels + d];
            float step = k->op->function == IMAGE_SOFTPLUS ? float_softplus(raw) : raw > 0 ? raw : 0;
            float y = advance(a + d * n, b + t * n, c + t * n, n, step, step * x, states, skip ? skip[d] * x : 0);
            out[t * channels + d] = clamp_float(y, low, high);
        }
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Functions of one value in float32 without a C library, to about six digits. Every product that is added to something is fused by
// name, so that host and board give the same bits whatever their compilers fuse.
#include "quant/kernels/float_function.h"

#include "quant/kernels/kernel.h"

#define EXP_MOST 88.0f // beyond it float32 has no number, or none but zero
#define LOG2_E 1.44269504f
#define LN2_HIGH 0.693145752f // the sum of both is the logarithm of 2; n * LN2_HIGH is exact
#define LN2_LOW 1.42860677e-6f

static float absolute(float x)
{
    return x < 0 ? -x : x;
}

/* exp(x) = 2^n exp(r), |r| <= ln(2) / 2: the Taylor polynomial of degree 7 is off by less than 1e-8. */
float float_exponential(float x)
{
    x = x > 1 - EXP_MOST ? x : 1 - EXP_MOST; // what is not a number, too
    x = x < EXP_MOST ? x : EXP_MOST;
    int32_t n = (int32_t)MULTIPLY_ADD(x, LOG2_E, x < 0 ? -0.5f : 0.5f);
    float r = MULTIPLY_ADD(-(float)n, LN2_LOW, MULTIPLY_ADD(-(float)n, LN2_HIGH, x));
    static const float over[] = {1 / 720.0f, 1 / 120.0f, 1 / 24.0f, 1 / 6.0f, 0.5f, 1, 1};
    float sum = 1 / 5040.0f;
    for (unsigned i = 0; i < sizeof over / sizeof *over; i++)
        sum = MULTIPLY_ADD(sum, r, over[i]);
    return sum * float_of_bits((n + 127) * (1 << 23));
}

static float sigmoid(float x)
{
    return 1 / (1 + float_exponential(-x));
}

/* Near zero a polynomial: the quotient would lose its digits. */
static float hyperbolic_tangent(float x)
{
    float square = x * x;
    if (square < 0.01f)
        return x * MULTIPLY_ADD(square, MULTIPLY_ADD(square, 2 / 15.0f, -1 / 3.0f), 1);
    float e = float_exponential(-2 * absolute(x)), y = (1 - e) / (1 + e);
    return x < 0 ? -y : y;
}

/* added + log(1 + u), 0 <= u <= 1: twice the artanh of u / (2 + u), at most 1/3. */
static float logarithm_of_one_and(float u, float added)
{
    float s = u / (2 + u), square = s * s;
    static const float over[] = {1 / 9.0f, 1 / 7.0f, 1 / 5.0f, 1 / 3.0f, 1};
    float sum = 1 / 11.0f;
    for (unsigned i = 0; i < sizeof over / sizeof *over; i++)
        sum = MULTIPLY_ADD(sum, square, over[i]);
    return MULTIPLY_ADD(2 * s, sum, added);
}

/* The normal distribution's, off by at most 1e-7: Abramowitz and Stegun, 7.1.26. */
static float cumulative(float x)
{
    static const float factors[] = {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
    float z = absolute(x) * 0.707106781f, t = 1 / MULTIPLY_ADD(0.3275911f, z, 1), sum = 1.061405429f;
    for (unsigned i = 0; i < sizeof factors / sizeof *factors; i++)
        sum = MULTIPLY_ADD(sum, t, factors[i]);
    float tail = sum * t * float_exponential(-z * z) / 2;
    return x < 0 ? tail : 1 - tail;
}

float float_softplus(float x)
{
    return logarithm_of_one_and(float_exponential(-absolute(x)), x > 0 ? x : 0);
}

static float function_of(const struct image_op *op, float alpha, float beta, float x)
{
    switch (op->function) {
    case IMAGE_SIGMOID:
        return sigmoid(x);
    case IMAGE_TANH:
        return hyperbolic_tangent(x);
    case IMAGE_HARD_SIGMOID:
        return clamp_float(MULTIPLY_ADD(alpha, x, beta), 0, 1);
    case IMAGE_HARD_SWISH:
        return x * clamp_float((x + 3) / 6, 0, 1);
    case IMAGE_SILU:
        return x * sigmoid(x);
    case IMAGE_SOFTPLUS:
        return float_softplus(x);
    case IMAGE_GELU:
        return x * cumulative(x);
    case IMAGE_ELU:
        return x < 0 ? alpha * (float_exponential(x) - 1) : x;
    default: // IMAGE_LEAKY_RELU
        return x < 0 ? alpha * x : x;
    }
}

void kernel_float_lookup(const struct kernel *k)
{
    const struct image_op *op = k->op;
    const float *in = (const float *)(const void *)k->in_data;
    float low = float_of_bits(op->act_min), high = float_of_bits(op->act_max);
    float alpha = float_of_bits(op->add_multiplier[0]), beta = float_of_bits(op->add_multiplier[1]);
    float *out = (float *)(void *)k->out_data;
    size_t n = (size_t)k->out->h * k->out->w * k->out->c;
    for (size_t i = 0; i < n; i++)
        out[i] = clamp_float(function_of(op, alpha, beta, in[i]), low, high);
}

/* Three times through a pixel; the exponentials wait in the output. */
void kernel_float_softmax(const struct kernel *k)
{
    const float *in = (const float *)(const void *)k->in_data;
    float low = float_of_bits(k->op->act_min), high = float_of_bits(k->op->act_max);
    float *out = (float *)(void *)k->out_data;
    uint32_t channels = k->out->c;
    for (uint32_t pixel = (uint32_t)k->out->h * k->out->w; pixel; pixel--, in += channels, out += channels) {
        float most = in[0], sum = 0;
        for (uint32_t c = 1; c < channels; c++)
            most = in[c] > most ? in[c] : most;
        for (uint32_t c = 0; c < channels; c++)
            sum += out[c] = float_exponential(in[c] - most);
        for (uint32_t c = 0; c < channels; c++)
            out[c] = clamp_float(out[c] / sum, low, high);
    }
}

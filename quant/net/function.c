// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/net/function.h"

#include <math.h>

static double clamped(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

/* The normal distribution's. */
static double cumulative(double x)
{
    return erfc(-x * M_SQRT1_2) / 2;
}

double function_value(const struct function *f, double x)
{
    double alpha = (double)f->alpha;
    switch (f->kind) {
    case FUNCTION_SIGMOID:
        return sigmoid(x);
    case FUNCTION_TANH:
        return tanh(x);
    case FUNCTION_HARD_SIGMOID:
        return clamped(alpha * x + (double)f->beta);
    case FUNCTION_HARD_SWISH:
        return x * clamped((x + 3) / 6);
    case FUNCTION_SILU:
        return x * sigmoid(x);
    case FUNCTION_SOFTPLUS:
        return fmax(x, 0) + log1p(exp(-fabs(x)));
    case FUNCTION_GELU:
        return x * cumulative(x);
    case FUNCTION_ELU:
        return x < 0 ? alpha * expm1(x) : x;
    case FUNCTION_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    default:
        return x;
    }
}

static double bell(double x)
{
    return exp(-x * x / 2) * M_2_SQRTPI * M_SQRT1_2 / 2;
}

double function_slope(const struct function *f, double x)
{
    double alpha = (double)f->alpha, y = sigmoid(x), line = alpha * x + (double)f->beta;
    switch (f->kind) {
    case FUNCTION_SIGMOID:
        return y * (1 - y);
    case FUNCTION_TANH:
        return 1 - tanh(x) * tanh(x);
    case FUNCTION_HARD_SIGMOID:
        return line >= 0 && line < 1 ? alpha : 0;
    case FUNCTION_HARD_SWISH:
        return x < -3 ? 0 : x < 3 ? (2 * x + 3) / 6 : 1;
    case FUNCTION_SILU:
        return y + x * y * (1 - y);
    case FUNCTION_SOFTPLUS:
        return y;
    case FUNCTION_GELU:
        return cumulative(x) + x * bell(x);
    case FUNCTION_ELU:
        return x < 0 ? alpha * exp(x) : 1;
    case FUNCTION_LEAKY_RELU:
        return x < 0 ? alpha : 1;
    default:
        return 1;
    }
}

const char *function_name(enum function_kind kind)
{
    static const char *const names[FUNCTION_COUNT] = {
        [FUNCTION_NONE] = "none",
        [FUNCTION_SIGMOID] = "sigmoid",
        [FUNCTION_TANH] = "tanh",
        [FUNCTION_HARD_SIGMOID] = "hard_sigmoid",
        [FUNCTION_HARD_SWISH] = "hard_swish",
        [FUNCTION_SILU] = "silu",
        [FUNCTION_SOFTPLUS] = "softplus",
        [FUNCTION_GELU] = "gelu",
        [FUNCTION_ELU] = "elu",
        [FUNCTION_LEAKY_RELU] = "leaky_relu",
    };
    return (unsigned)kind < FUNCTION_COUNT ? names[kind] : "none";
}

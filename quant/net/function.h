// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Functions of one number that a network applies to each value of a tensor.
#ifndef PARE_QUANT_NET_FUNCTION_H
#define PARE_QUANT_NET_FUNCTION_H

enum function_kind {
    FUNCTION_NONE = 0,
    FUNCTION_SIGMOID,      // 1 / (1 + exp(-x))
    FUNCTION_TANH,
    FUNCTION_HARD_SIGMOID, // alpha x + beta, clamped to 0..1
    FUNCTION_HARD_SWISH,   // x (x + 3) / 6 with the second factor clamped to 0..1
    FUNCTION_SILU,         // x sigmoid(x)
    FUNCTION_SOFTPLUS,     // log(1 + exp(x))
    FUNCTION_GELU,         // x (1 + erf(x / sqrt(2))) / 2
    FUNCTION_ELU,          // x, below zero alpha (exp(x) - 1)
    FUNCTION_LEAKY_RELU,   // x, below zero alpha x
    FUNCTION_COUNT,
};

/* `alpha` and `beta` are zero where the function has none. */
struct function {
    enum function_kind kind;
    float alpha, beta;
};

/* By the C library's exp, tanh, log1p and erf: the last bit may be another one elsewhere. */
double function_value(const struct function *f, double x);

/* The derivative; where there are two, the right one. */
double function_slope(const struct function *f, double x);

const char *function_name(enum function_kind kind); // "sigmoid", "hard_swish" ...; a static string

#endif

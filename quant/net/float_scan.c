// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/net/float_scan.h"

#include <math.h>
#include <string.h>

size_t float_scan_scratch(const struct net *n, const struct net_op *op)
{
    return net_weight_count(n, op); // the states
}

static float step_of(const struct net_op *op, float delta)
{
    if (op->function.kind == FUNCTION_SOFTPLUS)
        return (float)function_value(&op->function, (double)delta);
    return delta > 0 ? delta : 0;
}

/* One channel goes one step on; returns the sum of C * state. */
static double advance(const float *a, const float *b, const float *c, int n, float step, float u, float *states, float *most)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        states[i] = expf(step * a[i]) * states[i] + step * u * b[i];
        sum += (double)states[i] * (double)c[i];
        if (most)
            *most = fmaxf(*most, fabsf(states[i]));
    }
    return sum;
}

void float_scan_run(const struct net *n, const struct net_op *op, const float *const in[NET_INPUTS_MAX], float *out, int samples,
                    float *most, float *scratch)
{
    const struct net_tensor *t = &n->tensors[op->out];
    int states = n->tensors[op->in[2]].c, time = t->h * t->w;
    const float *u = in[0], *delta = in[1], *b = in[2], *c = in[3];
    for (int s = 0; s < samples; s++) {
        memset(scratch, 0, float_scan_scratch(n, op) * sizeof *scratch);
        for (int i = 0; i < time; i++, b += states, c += states)
            for (int d = 0; d < t->c; d++, u++, delta++, out++) {
                size_t at = (size_t)d * (size_t)states;
                double sum = advance(op->weights + at, b, c, states, step_of(op, *delta), *u, scratch + at, most ? most + d : NULL);
                *out = (float)(sum + (op->bias ? (double)op->bias[d] * (double)*u : 0));
            }
    }
}

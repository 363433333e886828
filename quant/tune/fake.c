// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tune/fake.h"

#include <math.h>
#include <stdbool.h>

/* The numbers between which x is rounded, and which of them the width gave rather than the operation's clamp. */
struct bounds {
    float low, high;
    float low_slope, high_slope; // by s of what is clipped there
};

static struct bounds bounds_of(const struct fake_range *r, float s)
{
    float low = rintf(r->act_min / s), high = rintf(r->act_max / s);
    struct bounds b = {r->least, r->most, r->least, r->most};
    if (low > r->least)
        b.low = low, b.low_slope = 0;
    if (high < r->most)
        b.high = high, b.high_slope = 0;
    return b;
}

void fake_activation(const struct fake_range *r, float s, const float *x, float *y, size_t n)
{
    struct bounds b = bounds_of(r, s);
    float per_step = 1 / s;
    for (size_t i = 0; i < n; i++) {
        float q = rintf(x[i] * per_step);
        q = q < b.low ? b.low : q;
        y[i] = s * (q > b.high ? b.high : q);
    }
}

double fake_activation_back(const struct fake_range *r, float s, const float *x, float *slopes, size_t n)
{
    struct bounds b = bounds_of(r, s);
    float per_step = 1 / s;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        float at = x[i] * per_step, q = rintf(at);
        if (q < b.low || (q == b.low && at < b.low && b.low_slope == 0)) {
            sum += (double)(slopes[i] * b.low_slope);
            slopes[i] = 0;
        } else if (q > b.high || (q == b.high && at > b.high && b.high_slope == 0)) {
            sum += (double)(slopes[i] * b.high_slope);
            slopes[i] = 0;
        } else {
            sum += (double)(slopes[i] * (q - at));
        }
    }
    return sum;
}

void fake_weights(const struct levels *l, float s, const float *w, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = s * (float)levels_nearest(l, (double)(w[i] / s));
}

double fake_weights_back(const struct levels *l, float s, const float *w, float *slopes, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double at = (double)(w[i] / s), q = levels_nearest(l, at);
        bool clipped = at < l->least - 0.5 || at > l->most + 0.5;
        sum += (double)slopes[i] * (clipped ? q : q - at);
        if (clipped)
            slopes[i] = 0;
    }
    return sum;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/perceptron.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

#define SCALE (1 / sqrt(PERCEPTRON_UNITS)) // of the output, and of what reaches a unit at the start

_Static_assert(sizeof(struct perceptron_weights) == PERCEPTRON_PARAMETERS * sizeof(double), "nothing but doubles");

static void draw(struct rng *r, double rows[][PERCEPTRON_UNITS], int n, double scale)
{
    for (int i = 0; i < n; i++)
        for (int u = 0; u < PERCEPTRON_UNITS; u++)
            rows[i][u] = scale * rng_normal(r);
}

void perceptron_start(struct perceptron_weights *w)
{
    struct rng r;
    rng_seed(&r, 1, 0x6e6574);
    memset(w, 0, sizeof *w);
    draw(&r, w->fixed, FEATURES, SCALE);
    draw(&r, w->before, BEFORE_FEATURES, SCALE);
}

static void add_product(double x, const double *row, double *to)
{
    for (int u = 0; u < PERCEPTRON_UNITS; u++)
        to[u] += x * row[u];
}

void perceptron_fix(const struct perceptron_weights *w, const double *features, double *fixed)
{
    memcpy(fixed, w->bias, sizeof w->bias);
    for (int f = 0; f < FEATURES; f++)
        add_product(features[f], w->fixed[f], fixed);
}

void perceptron_before(const struct perceptron_weights *w, const double *before, double *part)
{
    memset(part, 0, sizeof w->bias);
    for (int f = 0; f < BEFORE_FEATURES; f++)
        add_product(before[f], w->before[f], part);
}

double perceptron_out(const struct perceptron_weights *w, const double *fixed, const double *before_part, double *units)
{
    double sum = 0;
    for (int u = 0; u < PERCEPTRON_UNITS; u++) {
        double x = fixed[u] + before_part[u];
        units[u] = x / (1 + fabs(x));
    }
    for (int u = 0; u < PERCEPTRON_UNITS; u++)
        sum += w->out[u] * units[u];
    return sum * SCALE;
}

void perceptron_back(const struct perceptron_weights *w, const double *units, double g, struct perceptron_weights *gradient, double *cell, double *before_part)
{
    g *= SCALE;
    for (int u = 0; u < PERCEPTRON_UNITS; u++) {
        double flat = 1 - fabs(units[u]), x = g * w->out[u] * flat * flat; // s'(x) = (1 - |s|)^2
        gradient->out[u] += g * units[u];
        cell[u] += x;
        before_part[u] += x;
    }
}

void perceptron_back_before(const double *before_part, const double *before, struct perceptron_weights *gradient)
{
    for (int f = 0; f < BEFORE_FEATURES; f++)
        add_product(before[f], before_part, gradient->before[f]);
}

void perceptron_back_cell(const double *cell, const double *features, struct perceptron_weights *gradient)
{
    add_product(1, cell, gradient->bias);
    for (int f = 0; f < FEATURES; f++)
        add_product(features[f], cell, gradient->fixed[f]);
}

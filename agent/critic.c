// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/critic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOISE 0.1 // variance that the kernel does not explain, in units of the targets' variance
#define OTHER_SCHEME 0.3

static double bits_distance(int a, int b)
{
    return fabs(log2(a) - log2(b));
}

static double alike_of(struct setting a, struct setting b)
{
    double k = exp(-bits_distance(a.w_bits, b.w_bits) - bits_distance(a.a_bits, b.a_bits));
    return a.scheme == b.scheme ? k : k * OTHER_SCHEME;
}

int critic_init(struct critic *c, const struct space *space)
{
    int k = space->n_options;
    *c = (struct critic){.space = space};
    c->alike = calloc((size_t)(k * k), sizeof(double));
    c->gram = calloc((size_t)CRITIC_TRIALS_MAX * CRITIC_TRIALS_MAX, sizeof(double));
    c->alpha = calloc(CRITIC_TRIALS_MAX, sizeof(double));
    c->without = calloc(CRITIC_TRIALS_MAX, sizeof(double));
    c->of_option = calloc((size_t)(space->n_slots * k), sizeof(double));
    if (!c->alike || !c->gram || !c->alpha || !c->without || !c->of_option) {
        critic_finish(c);
        return -1;
    }
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
            c->alike[i * k + j] = alike_of(space->options[i], space->options[j]);
    return 0;
}

void critic_finish(struct critic *c)
{
    free(c->alike);
    free(c->gram);
    free(c->alpha);
    free(c->without);
    free(c->of_option);
    *c = (struct critic){0};
}

static double damage_of(const struct space *s, const uint8_t *choices)
{
    double sum = 1e-8;
    for (int i = 0; i < s->n_slots; i++)
        sum += s->slots[i].sensitivity[choices[i]];
    return log10(sum);
}

static double z_of(const struct critic *c, const uint8_t *choices)
{
    return (damage_of(c->space, choices) - c->damage_mean) * c->damage_scale;
}

static void fit_damage_scale(struct critic *c, const uint8_t *const *choices)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < c->n; i++) {
        double d = damage_of(c->space, choices[i]);
        sum += d;
        squares += d * d;
    }
    c->damage_mean = sum / c->n;
    double variance = squares / c->n - c->damage_mean * c->damage_mean;
    c->damage_scale = variance > 1e-12 ? 1 / sqrt(variance) : 0;
}

static double kernel(const struct critic *c, const uint8_t *a, const uint8_t *b)
{
    int k = c->space->n_options, n = c->space->n_slots;
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += c->alike[a[i] * k + b[i]];
    return sum / n + z_of(c, a) * z_of(c, b);
}

/* In place: the lower triangle of a positive definite n x n matrix becomes its Cholesky factor L. */
static void cholesky(double *a, int n)
{
    for (int j = 0; j < n; j++) {
        for (int i = j; i < n; i++) {
            double sum = a[i * n + j];
            for (int k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
    }
}

/* In place: L becomes its inverse (lower triangle). */
static void invert_lower(double *l, int n)
{
    for (int j = 0; j < n; j++) {
        l[j * n + j] = 1 / l[j * n + j];
        for (int i = j + 1; i < n; i++) {
            double sum = 0;
            for (int k = j; k < i; k++)
                sum -= l[i * n + k] * l[k * n + j];
            l[i * n + j] = sum / l[i * n + i];
        }
    }
}

/* alpha = K^-1 y = L^-T L^-1 y, and diagonal[i] = (K^-1)_ii = sum_k (L^-1)_ki^2. */
static void solve(const double *l_inverse, const double *y, int n, double *alpha, double *diagonal)
{
    memset(alpha, 0, (size_t)n * sizeof *alpha);
    memset(diagonal, 0, (size_t)n * sizeof *diagonal);
    for (int k = 0; k < n; k++) {
        double u = 0;
        for (int i = 0; i <= k; i++)
            u += l_inverse[k * n + i] * y[i];
        for (int i = 0; i <= k; i++) {
            alpha[i] += l_inverse[k * n + i] * u;
            diagonal[i] += l_inverse[k * n + i] * l_inverse[k * n + i];
        }
    }
}

static void collect_additive_part(struct critic *c, const uint8_t *const *choices)
{
    int k = c->space->n_options;
    c->of_damage = 0;
    memset(c->of_option, 0, (size_t)(c->space->n_slots * k) * sizeof(double));
    for (int t = 0; t < c->n; t++) {
        c->of_damage += c->alpha[t] * z_of(c, choices[t]);
        for (int i = 0; i < c->space->n_slots; i++)
            for (int o = 0; o < k; o++)
                c->of_option[i * k + o] += c->alpha[t] * c->alike[o * k + choices[t][i]] / c->space->n_slots;
    }
}

void critic_fit(struct critic *c, const uint8_t *const *choices, const double *targets, int n)
{
    c->n = n;
    if (n == 0)
        return;
    fit_damage_scale(c, choices);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            c->gram[i * n + j] = kernel(c, choices[i], choices[j]) + (i == j ? NOISE : 0);
    cholesky(c->gram, n);
    invert_lower(c->gram, n);
    solve(c->gram, targets, n, c->alpha, c->without);
    for (int i = 0; i < n; i++)
        c->without[i] = targets[i] - c->alpha[i] / c->without[i];
    collect_additive_part(c, choices);
}

double critic_predict(const struct critic *c, const uint8_t *choices)
{
    if (c->n == 0)
        return 0;
    double q = c->of_damage * z_of(c, choices);
    for (int i = 0; i < c->space->n_slots; i++)
        q += c->of_option[i * c->space->n_options + choices[i]];
    return q;
}

double critic_predict_without(const struct critic *c, int i)
{
    return c->without[i];
}

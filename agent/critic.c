// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/critic.h"

#include "agent/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define START_RELEVANCE 0.6
#define START_ADDITIVE 0.5
#define START_DAMAGE 0.5
#define START_TREND 0.1
#define START_NOISE 0.03
#define TUNED_TRIALS 96   // results that tuning looks at
#define TUNED_EACH_TIME 8 // coordinates tried in one call
#define STEP 1.6          // factor of one try
#define STIFFNESS 0.5     // of the prior that holds a relevance (its logarithm) near the start

int critic_init(struct critic *c, const struct space *space)
{
    int k = space->n_options;
    *c = (struct critic){.space = space};
    c->tuning = calloc(1, sizeof *c->tuning);
    c->choices = calloc(CRITIC_TRIALS_MAX, sizeof *c->choices);
    c->distance = calloc((size_t)(k * k), sizeof(double));
    c->pairs = calloc((size_t)(space->n_slots * k * k), sizeof *c->pairs);
    c->gram = calloc((size_t)CRITIC_TRIALS_MAX * CRITIC_TRIALS_MAX, sizeof(double));
    c->alpha = calloc(CRITIC_TRIALS_MAX, sizeof(double));
    c->without = calloc(CRITIC_TRIALS_MAX, sizeof(double));
    c->z = calloc(CRITIC_TRIALS_MAX, sizeof *c->z);
    if (!c->tuning || !c->choices || !c->distance || !c->pairs || !c->gram || !c->alpha || !c->without || !c->z) {
        critic_finish(c);
        return -1;
    }
    *c->tuning = (struct critic_tuning){.additive = START_ADDITIVE, .weight = {START_DAMAGE, START_TREND, START_TREND}, .noise = START_NOISE};
    for (int i = 0; i < space->n_slots; i++)
        c->tuning->relevance[i] = START_RELEVANCE;
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) {
            struct setting a = space->options[i], b = space->options[j];
            c->distance[i * k + j] = fabs(log2(a.w_bits) - log2(b.w_bits)) + fabs(log2(a.a_bits) - log2(b.a_bits)) +
                                     (a.scheme != b.scheme);
        }
    return 0;
}

void critic_finish(struct critic *c)
{
    free(c->tuning);
    free(c->choices);
    free(c->distance);
    free(c->pairs);
    free(c->gram);
    free(c->alpha);
    free(c->without);
    free(c->z);
    *c = (struct critic){0};
}

static double bits_of(struct setting s)
{
    return log2(s.w_bits) + log2(s.a_bits);
}

static void features_of(const struct critic *c, const uint8_t *choices, double *f)
{
    const struct space *s = c->space;
    double damage = 1e-8, bits = 0;
    for (int i = 0; i < s->n_slots; i++) {
        damage += s->slots[i].sensitivity[choices[i]];
        bits += bits_of(s->options[choices[i]]);
    }
    f[0] = log10(damage);
    f[1] = log10(1 + (double)space_flash_bytes(s, choices));
    f[2] = bits / s->n_slots;
}

static void standardized(const struct critic *c, const uint8_t *choices, double *z)
{
    features_of(c, choices, z);
    for (int f = 0; f < CRITIC_FEATURES; f++)
        z[f] = (z[f] - c->mean[f]) * c->spread[f];
}

static double relevance_sum(const struct critic *c)
{
    double sum = 0;
    for (int i = 0; i < c->space->n_slots; i++)
        sum += c->tuning->relevance[i];
    return sum;
}

static void fill_slot(struct critic *c, int slot)
{
    int k2 = c->space->n_options * c->space->n_options;
    double r = c->tuning->relevance[slot];
    for (int i = 0; i < k2; i++)
        c->pairs[slot * k2 + i] = (critic_pair){r * exp(-r * c->distance[i]), r * c->distance[i]};
}

/* A candidate as the kernel reads it: where its pairs with any option begin in each slot. */
struct row {
    const critic_pair *pairs[SPACE_SLOTS_MAX];
    double z[CRITIC_FEATURES], total;
};

static void begin_row(const struct critic *c, const uint8_t *choices, const double *z, struct row *row)
{
    int k = c->space->n_options;
    for (int i = 0; i < c->space->n_slots; i++)
        row->pairs[i] = c->pairs + (i * k + choices[i]) * k;
    memcpy(row->z, z, sizeof row->z);
    row->total = relevance_sum(c);
}

static double kernel(const struct critic *c, const struct row *row, const uint8_t *b, const double *z)
{
    critic_pair sum = {0, 0};
    double m = c->tuning->additive, trend = 0;
    for (int i = 0; i < c->space->n_slots; i++)
        sum += row->pairs[i][b[i]];
    for (int f = 0; f < CRITIC_FEATURES; f++)
        trend += c->tuning->weight[f] * row->z[f] * z[f];
    return m * sum[0] / row->total + (1 - m) * exp(-sum[1]) + trend;
}

static void take_results(struct critic *c, const uint8_t *const *choices, int n)
{
    c->n = n;
    for (int i = 0; i < n; i++) {
        c->choices[i] = choices[i];
        features_of(c, choices[i], c->z[i]);
    }
    for (int f = 0; f < CRITIC_FEATURES; f++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < n; i++)
            sum += c->z[i][f];
        c->mean[f] = sum / n;
        for (int i = 0; i < n; i++)
            squares += (c->z[i][f] - c->mean[f]) * (c->z[i][f] - c->mean[f]);
        c->spread[f] = squares / n > 1e-12 ? 1 / sqrt(squares / n) : 0;
        for (int i = 0; i < n; i++)
            c->z[i][f] = (c->z[i][f] - c->mean[f]) * c->spread[f];
    }
}

/* Factorizes the kernel matrix. Returns minus twice the logarithm of the marginal likelihood, the variance profiled out. */
static double factorize(struct critic *c, const double *targets)
{
    int n = c->n;
    struct row row;
    for (int i = 0; i < n; i++) {
        begin_row(c, c->choices[i], c->z[i], &row);
        for (int j = 0; j <= i; j++)
            c->gram[i * n + j] = kernel(c, &row, c->choices[j], c->z[j]) + (i == j ? c->tuning->noise : 0);
    }
    double log_determinant = gram_factorize(c->gram, n);
    double fit = gram_fit(c->gram, targets, n, c->alpha);
    c->scale = fit / n > 1e-6 ? fit / n : 1e-6;
    return n * log(c->scale) + log_determinant;
}

void critic_fit(struct critic *c, const uint8_t *const *choices, const double *targets, int n)
{
    c->n = n;
    if (n == 0)
        return;
    take_results(c, choices, n);
    for (int i = 0; i < c->space->n_slots; i++)
        fill_slot(c, i);
    factorize(c, targets);
    gram_invert(c->gram, n);
    gram_solve(c->gram, targets, n, c->alpha, c->without);
    for (int i = 0; i < n; i++)
        c->without[i] = targets[i] - c->alpha[i] / c->without[i];
}

/* How much worse than at the start a relevance's own probability is: keeps few results from saying too much. */
static double prior(const struct critic *c)
{
    double sum = 0;
    for (int i = 0; i < c->space->n_slots; i++) {
        double l = log(c->tuning->relevance[i] / START_RELEVANCE);
        sum += STIFFNESS * l * l;
    }
    return sum;
}

/* The tunable numbers in order: relevances, m, noise, weights of the features; with their bounds. */
static double *coordinate(struct critic *c, int i, double *least, double *most)
{
    struct critic_tuning *t = c->tuning;
    int n = c->space->n_slots;
    *least = i == n + 1 ? 1e-3 : 0.01;
    *most = i < n ? 8 : i == n ? 0.95 : i == n + 1 ? 0.5 : 4;
    return i < n ? &t->relevance[i] : i == n ? &t->additive : i == n + 1 ? &t->noise : &t->weight[i - n - 2];
}

static double cost_of(struct critic *c, int changed, const double *targets)
{
    if (changed < c->space->n_slots)
        fill_slot(c, changed);
    return factorize(c, targets) + prior(c);
}

/* Tries a coordinate larger and smaller and keeps what is best. Returns the cost. */
static double tune_one(struct critic *c, int i, const double *targets, double cost)
{
    double least, most, *x = coordinate(c, i, &least, &most), was = *x, best = was;
    for (int up = 0; up < 2; up++) {
        *x = up ? fmin(was * STEP, most) : fmax(was / STEP, least);
        double now = *x == was ? cost : cost_of(c, i, targets);
        if (now < cost) {
            cost = now;
            best = *x;
        }
    }
    *x = best;
    if (i < c->space->n_slots)
        fill_slot(c, i);
    return cost;
}

void critic_tune(struct critic *c, const uint8_t *const *choices, const double *targets, int n)
{
    int first = n > TUNED_TRIALS ? n - TUNED_TRIALS : 0, coordinates = c->space->n_slots + 2 + CRITIC_FEATURES;
    if (n >= 4) {
        take_results(c, choices + first, n - first);
        for (int i = 0; i < c->space->n_slots; i++)
            fill_slot(c, i);
        double cost = factorize(c, targets + first) + prior(c);
        for (int i = 0; i < TUNED_EACH_TIME && i < coordinates; i++) {
            cost = tune_one(c, c->tuning->next, targets + first, cost);
            c->tuning->next = (c->tuning->next + 1) % coordinates;
        }
    }
    critic_fit(c, choices, targets, n);
}

double critic_predict(const struct critic *c, const uint8_t *choices, double *variance)
{
    double with[CRITIC_TRIALS_MAX], z[CRITIC_FEATURES], q = 0;
    struct row row;
    standardized(c, choices, z);
    begin_row(c, choices, z, &row);
    for (int i = 0; i < c->n; i++) {
        with[i] = kernel(c, &row, c->choices[i], c->z[i]);
        q += c->alpha[i] * with[i];
    }
    if (variance)
        *variance = c->n ? c->scale * fmax(1e-9, kernel(c, &row, choices, z) - gram_explained(c->gram, with, c->n)) : 1;
    return q;
}

double critic_predict_without(const struct critic *c, int i)
{
    return c->without[i];
}

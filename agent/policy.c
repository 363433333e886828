// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SENSITIVITY_FLOOR 1e-8 // -80 dB: below every quantizer that is offered
#define START_DAMAGE -0.7      // start by shunning sensitive options a little; everything else is learned

static void standardize(double *x, const bool *counts, int n)
{
    double sum = 0, squares = 0;
    int used = 0;
    for (int i = 0; i < n; i++)
        if (!counts || counts[i]) {
            sum += x[i];
            squares += x[i] * x[i];
            used++;
        }
    double mean = sum / used, variance = squares / used - mean * mean;
    double scale = variance > 1e-12 ? 1 / sqrt(variance) : 0;
    for (int i = 0; i < n; i++)
        x[i] = !counts || counts[i] ? (x[i] - mean) * scale : 0;
}

static double largest_flash(const struct space *s, int slot)
{
    int64_t most = 1;
    for (int o = 0; o < s->n_options; o++)
        if (s->slots[slot].allowed >> o & 1 && s->slots[slot].flash_bytes[o] > most)
            most = s->slots[slot].flash_bytes[o];
    return (double)most;
}

static int fill_features(struct policy *p)
{
    const struct space *s = p->space;
    int n = s->n_slots * s->n_options;
    bool *counts = calloc((size_t)n, sizeof *counts);
    if (!counts)
        return -1;
    for (int i = 0; i < s->n_slots; i++) {
        p->size[i] = log10(1 + s->slots[i].parameters);
        for (int o = 0; o < s->n_options; o++) {
            counts[i * s->n_options + o] = s->slots[i].allowed >> o & 1;
            p->flash[i * s->n_options + o] = (double)s->slots[i].flash_bytes[o] / largest_flash(s, i);
            p->damage[i * s->n_options + o] = log10(s->slots[i].sensitivity[o] + SENSITIVITY_FLOOR);
        }
    }
    standardize(p->damage, counts, n);
    standardize(p->size, NULL, s->n_slots);
    free(counts);
    return 0;
}

int policy_init(struct policy *p, const struct space *space)
{
    int cells = space->n_slots * space->n_options;
    *p = (struct policy){.space = space, .n = cells + POLICY_FEATURES};
    p->parameters = calloc((size_t)p->n, sizeof(double));
    p->m = calloc((size_t)p->n, sizeof(double));
    p->v = calloc((size_t)p->n, sizeof(double));
    p->damage = calloc((size_t)cells, sizeof(double));
    p->size = calloc((size_t)space->n_slots, sizeof(double));
    p->flash = calloc((size_t)cells, sizeof(double));
    if (!p->flash || !p->parameters || !p->m || !p->v || !p->damage || !p->size || fill_features(p)) {
        policy_finish(p);
        return -1;
    }
    space_walk_init(&p->walk, space);
    p->parameters[cells] = START_DAMAGE;
    return 0;
}

void policy_finish(struct policy *p)
{
    free(p->parameters);
    free(p->m);
    free(p->v);
    free(p->damage);
    free(p->size);
    free(p->flash);
    *p = (struct policy){0};
}

/* Share of the flash still free that the slots from `slot` on could make use of: 1 when all may take their largest. */
static double slack(const struct space_walk *w, int slot, int64_t used)
{
    int64_t least = w->least[slot], most = w->most[slot];
    if (most == least)
        return 1;
    double share = ((double)w->space->flash_budget_bytes - (double)used - (double)least) / (double)(most - least);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void features_of(const struct policy *p, int slot, int option, double free_share, double *f)
{
    const struct space *s = p->space;
    double damage = p->damage[slot * s->n_options + option];
    double flash = p->flash[slot * s->n_options + option];
    f[0] = damage;
    f[1] = flash * free_share;
    f[2] = flash * (1 - free_share);
    f[3] = damage * p->size[slot];
    f[4] = flash * p->tilt;
}

/* One slot's state: its mask, probabilities and features, as both sampling and gradients need them. */
struct decision {
    uint32_t mask;
    double probabilities[SPACE_OPTIONS_MAX];
    double features[SPACE_OPTIONS_MAX][POLICY_FEATURES];
};

static void softmax(double *x, int n, uint32_t mask)
{
    double largest = -INFINITY, sum = 0;
    for (int o = 0; o < n; o++)
        if (mask >> o & 1 && x[o] > largest)
            largest = x[o];
    for (int o = 0; o < n; o++)
        sum += x[o] = mask >> o & 1 ? exp(x[o] - largest) : 0;
    for (int o = 0; o < n; o++)
        x[o] /= sum;
}

static int64_t flash_before(const struct space *s, const uint8_t *choices, int slot)
{
    int64_t used = s->flash_fixed_bytes;
    for (int i = 0; i < slot; i++)
        used += s->slots[i].flash_bytes[choices[i]];
    return used;
}

static void decide(const struct policy *p, const uint8_t *choices, int slot, int64_t used, struct decision *d)
{
    const struct space *s = p->space;
    const double *w = p->parameters + s->n_slots * s->n_options;
    double free_share = slack(&p->walk, slot, used);
    d->mask = space_walk_mask(&p->walk, choices, slot, used);
    if (p->costs)
        d->mask = costs_mask(p->costs, choices, slot, d->mask);
    for (int o = 0; o < s->n_options; o++) {
        d->probabilities[o] = p->parameters[slot * s->n_options + o];
        features_of(p, slot, o, free_share, d->features[o]);
        for (int f = 0; f < POLICY_FEATURES; f++)
            d->probabilities[o] += w[f] * d->features[o][f];
    }
    if (d->mask)
        softmax(d->probabilities, s->n_options, d->mask);
}

uint32_t policy_distribution(const struct policy *p, const uint8_t *choices, int slot, double *probabilities)
{
    struct decision d;
    decide(p, choices, slot, flash_before(p->space, choices, slot), &d);
    if (d.mask)
        memcpy(probabilities, d.probabilities, (size_t)p->space->n_options * sizeof(double));
    return d.mask;
}

static int draw(const double *probabilities, int n, double u)
{
    int last = 0;
    for (int o = 0; o < n; o++)
        if (probabilities[o] > 0) {
            last = o;
            u -= probabilities[o];
            if (u < 0)
                break;
        }
    return last;
}

int policy_sample(const struct policy *p, struct rng *r, uint8_t *choices)
{
    int64_t used = p->space->flash_fixed_bytes;
    struct decision d;
    for (int i = 0; i < p->space->n_slots; i++) {
        decide(p, choices, i, used, &d);
        if (!d.mask)
            return 1;
        choices[i] = (uint8_t)draw(d.probabilities, p->space->n_options, rng_uniform(r));
        used += p->space->slots[i].flash_bytes[choices[i]];
    }
    return 0;
}

void policy_mode(const struct policy *p, uint8_t *choices)
{
    double probabilities[SPACE_OPTIONS_MAX];
    for (int i = 0; i < p->space->n_slots; i++) {
        int best = __builtin_ctz(p->space->slots[i].allowed);
        if (policy_distribution(p, choices, i, probabilities))
            for (int o = 0; o < p->space->n_options; o++)
                if (probabilities[o] > probabilities[best])
                    best = o;
        choices[i] = (uint8_t)best;
    }
}

double policy_log_probability(const struct policy *p, const uint8_t *choices)
{
    double probabilities[SPACE_OPTIONS_MAX], sum = 0;
    for (int i = 0; i < p->space->n_slots; i++) {
        if (!policy_distribution(p, choices, i, probabilities))
            return -INFINITY;
        sum += log(probabilities[choices[i]]);
    }
    return sum;
}

static double entropy_of(const struct decision *d, int n)
{
    double h = 0;
    for (int o = 0; o < n; o++)
        if (d->probabilities[o] > 0)
            h -= d->probabilities[o] * log(d->probabilities[o]);
    return h;
}

double policy_gradient(const struct policy *p, const uint8_t *choices, double weight, double entropy, double *gradient)
{
    const struct space *s = p->space;
    double *gradient_w = gradient + s->n_slots * s->n_options, total = 0;
    int64_t used = s->flash_fixed_bytes;
    struct decision d;
    for (int i = 0; i < s->n_slots; used += s->slots[i].flash_bytes[choices[i]], i++) {
        decide(p, choices, i, used, &d);
        if (!d.mask)
            break;
        double h = entropy_of(&d, s->n_options);
        total += h;
        for (int o = 0; o < s->n_options; o++) {
            double q = d.probabilities[o];
            if (q <= 0)
                continue;
            /* d log pi / d logit = [chosen] - q;  d H / d logit = -q (log q + H) */
            double g = weight * ((o == choices[i]) - q) - entropy * q * (log(q) + h);
            gradient[i * s->n_options + o] += g;
            for (int f = 0; f < POLICY_FEATURES; f++)
                gradient_w[f] += g * d.features[o][f];
        }
    }
    return total / s->n_slots;
}

void policy_ascend(struct policy *p, const double *gradient, double learning_rate)
{
    const double b1 = 0.9, b2 = 0.99;
    p->steps++;
    double fix1 = 1 - pow(b1, p->steps), fix2 = 1 - pow(b2, p->steps);
    for (int i = 0; i < p->n; i++) {
        p->m[i] = b1 * p->m[i] + (1 - b1) * gradient[i];
        p->v[i] = b2 * p->v[i] + (1 - b2) * gradient[i] * gradient[i];
        p->parameters[i] += learning_rate * (p->m[i] / fix1) / (sqrt(p->v[i] / fix2) + 1e-8);
    }
}

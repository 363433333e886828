// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define START_DAMAGE -0.7 // start by shunning sensitive options a little; everything else is learned

static double *traits_weights(const struct policy *p)
{
    return p->parameters + p->cells;
}

static struct perceptron_weights *perceptron_of(const struct policy *p)
{
    return (struct perceptron_weights *)(p->parameters + p->cells + POLICY_TRAITS);
}

int policy_init(struct policy *p, const struct space *space)
{
    int cells = space->n_slots * space->n_options;
    *p = (struct policy){.space = space, .cells = cells, .n = cells + POLICY_SHARED};
    p->n_gradient = p->n + cells * PERCEPTRON_UNITS;
    p->parameters = calloc((size_t)p->n, sizeof(double));
    p->m = calloc((size_t)p->n, sizeof(double));
    p->v = calloc((size_t)p->n, sizeof(double));
    p->fixed = calloc((size_t)cells * PERCEPTRON_UNITS, sizeof(double));
    if (!p->parameters || !p->m || !p->v || !p->fixed || features_init(&p->features, space)) {
        policy_finish(p);
        return -1;
    }
    space_walk_init(&p->walk, space);
    traits_weights(p)[0] = START_DAMAGE;
    perceptron_start(perceptron_of(p));
    policy_see(p);
    return 0;
}

void policy_finish(struct policy *p)
{
    free(p->parameters);
    free(p->m);
    free(p->v);
    free(p->fixed);
    features_finish(&p->features);
    *p = (struct policy){0};
}

static void fix(struct policy *p)
{
    for (int i = 0; i < p->cells; i++)
        perceptron_fix(perceptron_of(p), p->features.of[i], p->fixed + (size_t)i * PERCEPTRON_UNITS);
}

void policy_see(struct policy *p)
{
    features_see(&p->features, p->costs);
    fix(p);
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

/* What was decided before a slot, as far as its distribution depends on it. */
struct before {
    int64_t flash;  // fixed bytes included
    double cycles;  // the least that is still possible, where costs say
    double damage;  // sum
};

static struct before nothing_before(const struct policy *p)
{
    return (struct before){.flash = p->space->flash_fixed_bytes, .cycles = costs_nothing_chosen(p->costs)};
}

static void add_choice(const struct policy *p, struct before *b, const uint8_t *choices, int slot)
{
    b->flash += p->space->slots[slot].flash_bytes[choices[slot]];
    b->damage += features_of(&p->features, slot, choices[slot])[FEATURE_DAMAGE];
    b->cycles = costs_choose(p->costs, choices, slot, b->cycles);
}

static void fill_before(const struct policy *p, const uint8_t *choices, int slot, const struct before *b, double *x)
{
    const struct setting *last = slot > 0 ? &p->space->options[choices[slot - 1]] : NULL;
    x[BEFORE_FLASH] = slack(&p->walk, slot, b->flash);
    x[BEFORE_WEIGHT_BITS] = last ? last->w_bits / 8.0 : 0;
    x[BEFORE_ACTIVATION_BITS] = last ? last->a_bits / 8.0 : 0;
    x[BEFORE_DAMAGE] = slot > 0 ? b->damage / slot : 0;
    x[BEFORE_PREFERENCE] = p->tilt;
}

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

/* What damage and flash weigh in a slot's logits: the traits, put together. */
static void weigh_traits(const struct policy *p, int slot, double free_share, double *damage, double *flash)
{
    const double *w = traits_weights(p);
    *damage = w[0] + w[3] * features_of(&p->features, slot, 0)[FEATURE_PARAMETERS];
    *flash = w[1] * free_share + w[2] * (1 - free_share) + w[4] * p->tilt;
}

/* Returns the mask; 0 and no probabilities at a dead end. */
static uint32_t decide(const struct policy *p, const uint8_t *choices, int slot, const struct before *b, struct policy_step *step)
{
    const struct space *s = p->space;
    double part[PERCEPTRON_UNITS], units[PERCEPTRON_UNITS], damage, flash;
    uint32_t fits = space_walk_mask(&p->walk, choices, slot, b->flash);
    uint32_t mask = costs_mask(p->costs, choices, slot, b->cycles, fits, &step->before[BEFORE_LATENCY]);
    if (!mask)
        return 0;
    fill_before(p, choices, slot, b, step->before);
    perceptron_before(perceptron_of(p), step->before, part);
    weigh_traits(p, slot, step->before[BEFORE_FLASH], &damage, &flash);
    for (int o = 0; o < s->n_options; o++) {
        int cell = slot * s->n_options + o;
        const double *x = p->features.of[cell];
        if (mask >> o & 1)
            step->probabilities[o] = p->parameters[cell] + damage * x[FEATURE_DAMAGE] + flash * x[FEATURE_FLASH] +
                                     perceptron_out(perceptron_of(p), p->fixed + (size_t)cell * PERCEPTRON_UNITS, part, units);
    }
    softmax(step->probabilities, s->n_options, mask);
    return mask;
}

uint32_t policy_distribution(const struct policy *p, const uint8_t *choices, int slot, double *probabilities)
{
    struct policy_step step;
    struct before b = nothing_before(p);
    for (int i = 0; i < slot; i++)
        add_choice(p, &b, choices, i);
    uint32_t mask = decide(p, choices, slot, &b, &step);
    if (mask)
        memcpy(probabilities, step.probabilities, (size_t)p->space->n_options * sizeof(double));
    return mask;
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

int policy_sample(const struct policy *p, struct rng *r, uint8_t *choices, struct policy_step *steps)
{
    struct before b = nothing_before(p);
    struct policy_step own, *step = steps ? steps : &own;
    for (int i = 0; i < p->space->n_slots; i++, step += steps ? 1 : 0) {
        if (!decide(p, choices, i, &b, step))
            return 1;
        choices[i] = (uint8_t)draw(step->probabilities, p->space->n_options, rng_uniform(r));
        add_choice(p, &b, choices, i);
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

static double entropy_of(const double *probabilities, int n)
{
    double h = 0;
    for (int o = 0; o < n; o++)
        if (probabilities[o] > 0)
            h -= probabilities[o] * log(probabilities[o]);
    return h;
}

static void add_traits(const struct policy *p, int slot, double free_share, double damage, double flash, double *gradient)
{
    gradient[0] += damage;
    gradient[1] += flash * free_share;
    gradient[2] += flash * (1 - free_share);
    gradient[3] += damage * features_of(&p->features, slot, 0)[FEATURE_PARAMETERS];
    gradient[4] += flash * p->tilt;
}

/* Adds the gradient of one slot's decision; returns its entropy. */
static double add_gradient(const struct policy *p, const struct policy_step *step, int slot, int choice, double weight, double entropy, double *gradient)
{
    const struct space *s = p->space;
    struct perceptron_weights *perceptron = (struct perceptron_weights *)(gradient + p->cells + POLICY_TRAITS);
    double h = entropy_of(step->probabilities, s->n_options), part[PERCEPTRON_UNITS], units[PERCEPTRON_UNITS], back[PERCEPTRON_UNITS] = {0};
    double damage = 0, flash = 0;
    perceptron_before(perceptron_of(p), step->before, part);
    for (int o = 0; o < s->n_options; o++) {
        int cell = slot * s->n_options + o;
        double q = step->probabilities[o];
        if (q <= 0)
            continue;
        /* d log pi / d logit = [chosen] - q;  d H / d logit = -q (log q + H) */
        double g = weight * ((o == choice) - q) - (entropy > 0 ? entropy * q * (log(q) + h) : 0);
        gradient[cell] += g;
        damage += g * p->features.of[cell][FEATURE_DAMAGE];
        flash += g * p->features.of[cell][FEATURE_FLASH];
        perceptron_out(perceptron_of(p), p->fixed + (size_t)cell * PERCEPTRON_UNITS, part, units);
        perceptron_back(perceptron_of(p), units, g, perceptron, gradient + p->n + cell * PERCEPTRON_UNITS, back);
    }
    add_traits(p, slot, step->before[BEFORE_FLASH], damage, flash, gradient + p->cells);
    perceptron_back_before(back, step->before, perceptron);
    return h;
}

double policy_gradient(const struct policy *p, const uint8_t *choices, const struct policy_step *steps, double weight, double entropy, double *gradient)
{
    struct before b = nothing_before(p);
    struct policy_step own;
    double total = 0;
    for (int i = 0; i < p->space->n_slots; i++) {
        if (!steps && !decide(p, choices, i, &b, &own))
            break;
        total += add_gradient(p, steps ? &steps[i] : &own, i, choices[i], weight, entropy, gradient);
        if (!steps)
            add_choice(p, &b, choices, i);
    }
    return total / p->space->n_slots;
}

void policy_settle(const struct policy *p, double *gradient)
{
    struct perceptron_weights *perceptron = (struct perceptron_weights *)(gradient + p->cells + POLICY_TRAITS);
    for (int i = 0; i < p->cells; i++)
        perceptron_back_cell(gradient + p->n + i * PERCEPTRON_UNITS, p->features.of[i], perceptron);
    memset(gradient + p->n, 0, (size_t)(p->n_gradient - p->n) * sizeof *gradient);
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
    fix(p);
}

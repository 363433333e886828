// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Local search with restarts (White et al., arXiv:2005.02960), and additive sensitivities with exact dynamic programming, then
// local search from what it says (the ILP family: HAWQ-V3, MCT).
#include "tests/bench/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STALE_RESTARTS 200
#define SIZE_STEPS 4096 // the knapsack's resolution
#define FRONT_SIZES 48  // of the knapsacks that the front task solves

static double score_of(struct problem *p, const uint8_t *choices)
{
    return problem_score(p, choices, problem_measure(p, choices));
}

/* Moves to a better neighbour, looked at in random order. Returns false at a local optimum. */
static bool climb(struct problem *p, uint8_t *choices, double *score)
{
    int n = p->table->n_slots, k = p->table->n_options, moves[TABLE_SLOTS_MAX * TABLE_OPTIONS_MAX];
    for (int i = 0; i < n * k; i++) {
        int j = (int)rng_below(&p->rng, (uint32_t)i + 1);
        moves[i] = moves[j];
        moves[j] = i;
    }
    for (int i = 0; i < n * k && !problem_is_over(p); i++) {
        uint8_t look[TABLE_SLOTS_MAX];
        memcpy(look, choices, (size_t)n);
        look[moves[i] / k] = (uint8_t)(moves[i] % k);
        if (!problem_fits(p, look))
            continue;
        double s = score_of(p, look);
        if (s > *score) {
            memcpy(choices, look, (size_t)n);
            *score = s;
            return true;
        }
    }
    return false;
}

static void climb_to_top(struct problem *p, uint8_t *choices)
{
    double score = score_of(p, choices);
    while (!problem_is_over(p) && climb(p, choices, &score))
        ;
}

static void climb_from_everywhere(struct problem *p)
{
    for (int before = 0, stale = 0; !problem_is_over(p) && stale < STALE_RESTARTS;
         stale = p->measured > before ? 0 : stale + 1) {
        uint8_t choices[TABLE_SLOTS_MAX];
        before = p->measured;
        p->preference = rng_uniform(&p->rng); // counts in the front task only
        problem_random(p, choices);
        climb_to_top(p, choices);
    }
}

void rival_local(struct problem *p)
{
    climb_from_everywhere(p);
}

/* The choices of the largest summed value within `limit` bits: exact up to the resolution of sizes, which are rounded up. */
static void knapsack(const struct problem *p, double limit, double value[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX], uint8_t *choices)
{
    const struct table *t = p->table;
    int n = t->n_slots, k = t->n_options;
    double unit = (limit - table_size_fixed(t)) / SIZE_STEPS;
    double *best = malloc((size_t)(n + 1) * (SIZE_STEPS + 1) * sizeof *best);
    uint8_t *chosen = malloc((size_t)n * (SIZE_STEPS + 1));
    for (int s = 0; s <= SIZE_STEPS; s++)
        best[s] = 0;
    for (int i = 0; i < n; i++) {
        double *from = best + (size_t)i * (SIZE_STEPS + 1), *to = from + SIZE_STEPS + 1;
        for (int s = 0; s <= SIZE_STEPS; s++) {
            to[s] = -INFINITY;
            for (int o = 0; o < k; o++) {
                int cost = (int)ceil(t->weights[i] * t->bits[o] / unit);
                if (cost <= s && from[s - cost] + value[i][o] > to[s]) {
                    to[s] = from[s - cost] + value[i][o];
                    chosen[(size_t)i * (SIZE_STEPS + 1) + (size_t)s] = (uint8_t)o;
                }
            }
        }
    }
    for (int i = n - 1, s = SIZE_STEPS; i >= 0; i--) {
        choices[i] = best[(size_t)(i + 1) * (SIZE_STEPS + 1) + (size_t)s] > -INFINITY
                         ? chosen[(size_t)i * (SIZE_STEPS + 1) + (size_t)s]
                         : 0;
        s -= (int)ceil(t->weights[i] * t->bits[choices[i]] / unit);
        s = s < 0 ? 0 : s;
    }
    free(best);
    free(chosen);
}

/* Each slot alone at each width, the others at the widest: n (k - 1) + 1 measurements, whether they fit the budget or not. */
static void leave_one_out(struct problem *p, double value[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX])
{
    int n = p->table->n_slots, k = p->table->n_options;
    uint8_t choices[TABLE_SLOTS_MAX];
    double limit = p->size_limit;
    p->size_limit = INFINITY;
    for (int i = 0; i < n; i++)
        for (int o = 0; o < k; o++) {
            memset(choices, k - 1, (size_t)n);
            choices[i] = (uint8_t)o;
            value[i][o] = p->table->accuracy[table_row(p->table, choices)];
            if (table_size(p->table, choices) <= limit)
                problem_measure(p, choices);
            else
                problem_spend(p, choices);
        }
    p->size_limit = limit;
}

void rival_sensitivity(struct problem *p)
{
    double value[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX];
    uint8_t choices[TABLE_SLOTS_MAX];
    double int8 = table_size_int8(p->table), least = int8 * p->table->bits[0] / 8;
    leave_one_out(p, value);
    for (int i = 1; i < FRONT_SIZES && p->task == TASK_FRONT && !problem_is_over(p); i++) {
        knapsack(p, least + (int8 - least) * i / FRONT_SIZES, value, choices);
        problem_measure(p, choices);
    }
    knapsack(p, fmin(int8, p->size_limit), value, choices);
    if (problem_fits(p, choices))
        climb_to_top(p, choices);
    climb_from_everywhere(p);
}

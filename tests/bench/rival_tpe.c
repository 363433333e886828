// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The tree-structured Parzen estimator (Bergstra et al., NIPS 2011) for categorical slots, with Optuna's constants.
#include "tests/bench/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STARTUP 10   // random measurements before the estimator
#define CANDIDATES 24 // samples of the good density that are compared
#define PRIOR 1.0
#define GOOD_SHARE 0.1
#define GOOD_MOST 25
#define STALE 5000

struct seen {
    uint8_t choices[TABLE_SLOTS_MAX];
    double score;
};

static int by_score(const void *a, const void *b)
{
    double x = ((const struct seen *)a)->score, y = ((const struct seen *)b)->score;
    return (x < y) - (x > y);
}

/* density[i][o] of slot i over options, from seen[from..until). */
static void fit(const struct problem *p, const struct seen *seen, int from, int until,
                double density[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX])
{
    int n = p->table->n_slots, k = p->table->n_options;
    for (int i = 0; i < n; i++) {
        for (int o = 0; o < k; o++)
            density[i][o] = PRIOR / k;
        for (int s = from; s < until; s++)
            density[i][seen[s].choices[i]] += 1;
        for (int o = 0; o < k; o++)
            density[i][o] /= until - from + PRIOR;
    }
}

static uint8_t draw(struct problem *p, const double *density)
{
    double u = rng_uniform(&p->rng);
    int o = 0;
    while (o < p->table->n_options - 1 && (u -= density[o]) >= 0)
        o++;
    return (uint8_t)o;
}

static bool sample(struct problem *p, double density[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX], uint8_t *choices)
{
    for (int tries = 0; tries < 10000; tries++) {
        for (int i = 0; i < p->table->n_slots; i++)
            choices[i] = draw(p, density[i]);
        if (problem_fits(p, choices))
            return true;
    }
    return false;
}

static void suggest(struct problem *p, struct seen *seen, int n, uint8_t *choices)
{
    double good[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX], bad[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX], best = -INFINITY;
    int n_good = (int)ceil(GOOD_SHARE * n);
    n_good = n_good > GOOD_MOST ? GOOD_MOST : n_good;
    qsort(seen, (size_t)n, sizeof *seen, by_score);
    fit(p, seen, 0, n_good, good);
    fit(p, seen, n_good, n, bad);
    for (int c = 0; c < CANDIDATES; c++) {
        uint8_t look[TABLE_SLOTS_MAX];
        double gain = 0;
        if (!sample(p, good, look))
            problem_random(p, look);
        for (int i = 0; i < p->table->n_slots; i++)
            gain += log(good[i][look[i]]) - log(bad[i][look[i]]);
        if (gain > best) {
            best = gain;
            memcpy(choices, look, (size_t)p->table->n_slots);
        }
    }
}

/* Optuna tells repeated candidates to the estimator again; they cost no measurement. */
void rival_tpe(struct problem *p)
{
    struct seen *seen = calloc((size_t)p->limit + STALE + 1, sizeof *seen);
    int n = 0;
    while (!problem_is_over(p) && n < p->limit + STALE) {
        uint8_t choices[TABLE_SLOTS_MAX];
        if (n < STARTUP)
            problem_random(p, choices);
        else
            suggest(p, seen, n, choices);
        memcpy(seen[n].choices, choices, sizeof choices);
        seen[n].score = problem_score(p, choices, problem_measure(p, choices));
        n++;
    }
    free(seen);
}

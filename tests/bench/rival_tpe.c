// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The tree-structured Parzen estimator (Bergstra et al., NIPS 2011) for categorical slots, as Optuna's TPESampler(multivariate=True) has
// it: a mixture of one product kernel per observation and one prior kernel, for the good observations and for the others. With more
// than one objective the good ones are the best non-domination ranks (Ozaki et al., GECCO 2020).
#include "tests/bench/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STARTUP 10    // random measurements before the estimator
#define CANDIDATES 24 // samples of the good mixture that are compared
#define PRIOR 1.0     // weight of the prior kernel
#define GOOD_SHARE 0.1
#define GOOD_MOST 25
#define RAMP 25        // the newest observations count in full, older ones less
#define SEEN_MOST 3000 // suggestions, known ones included

struct seen {
    uint8_t choices[TABLE_SLOTS_MAX];
    double score, size;
    int number; // in order of suggestion
};

/* A mixture over n observations and the prior: each slot of a kernel has `hit` where the observation is, `miss` elsewhere. */
struct mixture {
    const struct seen *seen;
    int n, n_slots, n_options;
    double *weight; // [n + 1] summing to 1, the prior last
    double hit, miss;
};

static int by_score(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    return x->score != y->score ? (x->score < y->score) - (x->score > y->score) : x->number - y->number;
}

static int by_number(const void *a, const void *b)
{
    return ((const struct seen *)a)->number - ((const struct seen *)b)->number;
}

/* Replaces scores by how many others dominate (negated), so that sorting gives the fronts first. */
static void rank_by_dominance(struct seen *seen, int n, const double *accuracy)
{
    for (int i = 0; i < n; i++) {
        seen[i].score = 0;
        for (int j = 0; j < n; j++)
            seen[i].score -= accuracy[seen[j].number] >= accuracy[seen[i].number] && seen[j].size <= seen[i].size &&
                             (accuracy[seen[j].number] > accuracy[seen[i].number] || seen[j].size < seen[i].size);
    }
}

/* Optuna's default_weights: ones, or a ramp up to the RAMP newest. `seen` is in order of suggestion. */
static void mix(struct mixture *m, const struct problem *p, const struct seen *seen, int n, double *weight)
{
    double kernels = n + 1, share = PRIOR / kernels, sum = PRIOR;
    *m = (struct mixture){.seen = seen, .n = n, .n_slots = p->table->n_slots, .n_options = p->table->n_options, .weight = weight};
    m->hit = (1 + share) / (1 + share * m->n_options);
    m->miss = share / (1 + share * m->n_options);
    for (int i = 0; i < n; i++) {
        int old = n - RAMP; // this many are on the ramp from 1/n to 1
        weight[i] = i >= old || old < 2 ? 1 : 1.0 / n + (1 - 1.0 / n) * i / (old - 1);
        sum += weight[i];
    }
    weight[n] = PRIOR;
    for (int i = 0; i <= n; i++)
        weight[i] /= sum;
}

static double density(const struct mixture *m, const uint8_t *choices)
{
    double sum = m->weight[m->n] * pow(1.0 / m->n_options, m->n_slots);
    for (int i = 0; i < m->n; i++) {
        double product = m->weight[i];
        for (int s = 0; s < m->n_slots; s++)
            product *= m->seen[i].choices[s] == choices[s] ? m->hit : m->miss;
        sum += product;
    }
    return sum;
}

static void sample(struct problem *p, const struct mixture *m, uint8_t *choices)
{
    double u = rng_uniform(&p->rng);
    int kernel = 0;
    while (kernel < m->n && (u -= m->weight[kernel]) >= 0)
        kernel++;
    for (int s = 0; s < m->n_slots; s++) {
        choices[s] = (uint8_t)rng_below(&p->rng, (uint32_t)m->n_options);
        if (kernel < m->n && rng_uniform(&p->rng) < m->hit - m->miss)
            choices[s] = m->seen[kernel].choices[s];
    }
}

static void sample_fitting(struct problem *p, const struct mixture *m, uint8_t *choices)
{
    for (int tries = 0; tries < 1000; tries++) {
        sample(p, m, choices);
        if (problem_fits(p, choices))
            return;
    }
    problem_random(p, choices);
}

static void suggest(struct problem *p, struct seen *seen, int n, const double *accuracy, double *weights, uint8_t *choices)
{
    struct mixture good, bad;
    double best = -INFINITY;
    int n_good = (int)ceil(GOOD_SHARE * n);
    n_good = n_good > GOOD_MOST ? GOOD_MOST : n_good;
    if (p->task == TASK_FRONT)
        rank_by_dominance(seen, n, accuracy);
    qsort(seen, (size_t)n, sizeof *seen, by_score);
    qsort(seen, (size_t)n_good, sizeof *seen, by_number);
    qsort(seen + n_good, (size_t)(n - n_good), sizeof *seen, by_number);
    mix(&good, p, seen, n_good, weights);
    mix(&bad, p, seen + n_good, n - n_good, weights + n_good + 1);
    for (int c = 0; c < CANDIDATES; c++) {
        uint8_t look[TABLE_SLOTS_MAX];
        sample_fitting(p, &good, look);
        double gain = log(density(&good, look)) - log(density(&bad, look));
        if (gain > best) {
            best = gain;
            memcpy(choices, look, sizeof look);
        }
    }
}

/* Known candidates are told to the estimator again, as Optuna does; they cost no measurement. */
void rival_tpe(struct problem *p)
{
    struct seen *seen = calloc(SEEN_MOST, sizeof *seen);
    double *accuracy = calloc(SEEN_MOST, sizeof *accuracy), *weights = calloc(SEEN_MOST + 2, sizeof *weights);
    for (int n = 0; !problem_is_over(p) && n < SEEN_MOST; n++) {
        uint8_t choices[TABLE_SLOTS_MAX] = {0};
        if (n < STARTUP)
            problem_random(p, choices);
        else
            suggest(p, seen, n, accuracy, weights, choices);
        memcpy(seen[n].choices, choices, sizeof choices);
        accuracy[n] = problem_measure(p, choices);
        seen[n].number = n;
        seen[n].size = table_size(p->table, choices);
        seen[n].score = problem_score(p, choices, accuracy[n]);
    }
    free(seen);
    free(accuracy);
    free(weights);
}

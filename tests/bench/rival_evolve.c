// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Regularized evolution (Real et al., AAAI 2019) and NSGA-II (Deb et al., IEEE TEC 2002).
#include "tests/bench/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A fifth of the paper's population and sample (100, 25): its own would spend a quarter of 400 measurements on random ones. */
#define AGEING_POPULATION 20
#define AGEING_SAMPLE 5

#define NSGA_POPULATION 20 // Deb et al. use 100 for 25,000 evaluations
#define NSGA_CROSSOVER 0.9

#define TRIES 1000 // changes that do not fit, until one is drawn from all that fits
#define STALE 2000 // proposals without a new measurement: the algorithm has converged

struct individual {
    uint8_t choices[TABLE_SLOTS_MAX];
    double accuracy, score, size, crowding;
    int rank;
};

static void mutate_one(struct problem *p, uint8_t *choices)
{
    int slot = (int)rng_below(&p->rng, (uint32_t)p->table->n_slots);
    uint8_t was = choices[slot];
    while (choices[slot] == was && p->table->n_options > 1)
        choices[slot] = (uint8_t)rng_below(&p->rng, (uint32_t)p->table->n_options);
}

static void take(struct problem *p, struct individual *i)
{
    i->accuracy = problem_measure(p, i->choices);
    i->score = p->task == TASK_FRONT ? i->accuracy : problem_score(p, i->choices, i->accuracy);
    i->size = table_size(p->table, i->choices);
}

void rival_evolution(struct problem *p)
{
    struct individual population[AGEING_POPULATION], child;
    int oldest = 0;
    for (int i = 0; i < AGEING_POPULATION && !problem_is_over(p); i++) {
        problem_random(p, population[i].choices);
        take(p, &population[i]);
    }
    for (int before = 0, stale = 0; !problem_is_over(p) && stale < STALE; stale = p->measured > before ? 0 : stale + 1) {
        const struct individual *parent = NULL;
        double most = -INFINITY;
        before = p->measured;
        p->preference = rng_uniform(&p->rng); // counts in the front task only
        for (int i = 0; i < AGEING_SAMPLE; i++) {
            const struct individual *one = &population[rng_below(&p->rng, AGEING_POPULATION)];
            double score = problem_score(p, one->choices, one->accuracy);
            if (score > most) {
                parent = one;
                most = score;
            }
        }
        int tries = 0;
        do {
            child = *parent;
            mutate_one(p, child.choices);
        } while (!problem_fits(p, child.choices) && ++tries < TRIES);
        if (tries == TRIES)
            problem_random(p, child.choices);
        take(p, &child);
        population[oldest] = child;
        oldest = (oldest + 1) % AGEING_POPULATION;
    }
}

/* In the front task size counts too; else only what fits is ever made. */
static bool dominates(const struct problem *p, const struct individual *a, const struct individual *b)
{
    if (p->task != TASK_FRONT)
        return a->score > b->score;
    return a->score >= b->score && a->size <= b->size && (a->score > b->score || a->size < b->size);
}

static void rank_all(const struct problem *p, struct individual *all, int n)
{
    for (int i = 0; i < n; i++)
        all[i].rank = -1;
    for (int rank = 0, left = n; left > 0; rank++) {
        bool front[2 * NSGA_POPULATION] = {false};
        for (int i = 0; i < n; i++) {
            front[i] = all[i].rank < 0;
            for (int j = 0; j < n && front[i]; j++)
                front[i] = all[j].rank >= 0 || !dominates(p, &all[j], &all[i]);
        }
        for (int i = 0; i < n; i++)
            if (front[i]) {
                all[i].rank = rank;
                left--;
            }
    }
}

static int by_size(const void *a, const void *b)
{
    double x = ((const struct individual *)a)->size, y = ((const struct individual *)b)->size;
    return (x > y) - (x < y);
}

static int by_rank(const void *a, const void *b)
{
    const struct individual *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    return (x->crowding < y->crowding) - (x->crowding > y->crowding);
}

/* Along a front sorted by size accuracy rises too: one pass gives both objectives' distances. */
static void crowd_all(struct individual *all, int n)
{
    qsort(all, (size_t)n, sizeof *all, by_size);
    double size_range = fmax(1, all[n - 1].size - all[0].size);
    for (int i = 0; i < n; i++) {
        int before = i - 1, after = i + 1;
        while (before >= 0 && all[before].rank != all[i].rank)
            before--;
        while (after < n && all[after].rank != all[i].rank)
            after++;
        all[i].crowding = before < 0 || after >= n
                              ? INFINITY
                              : (all[after].size - all[before].size) / size_range +
                                    fabs(all[after].score - all[before].score) / 100;
    }
}

static const struct individual *tournament(struct problem *p, const struct individual *all)
{
    const struct individual *a = &all[rng_below(&p->rng, NSGA_POPULATION)], *b = &all[rng_below(&p->rng, NSGA_POPULATION)];
    return by_rank(a, b) <= 0 ? a : b;
}

static void make_child(struct problem *p, const struct individual *all, struct individual *child)
{
    int n = p->table->n_slots, tries = 0;
    do {
        const struct individual *a = tournament(p, all), *b = tournament(p, all);
        bool cross = rng_uniform(&p->rng) < NSGA_CROSSOVER;
        for (int i = 0; i < n; i++) {
            child->choices[i] = cross && rng_below(&p->rng, 2) ? b->choices[i] : a->choices[i];
            if (rng_uniform(&p->rng) < 1.0 / n)
                child->choices[i] = (uint8_t)rng_below(&p->rng, (uint32_t)p->table->n_options);
        }
    } while (!problem_fits(p, child->choices) && ++tries < TRIES);
    if (tries == TRIES)
        problem_random(p, child->choices);
}

void rival_nsga2(struct problem *p)
{
    struct individual all[2 * NSGA_POPULATION] = {0};
    for (int i = 0; i < NSGA_POPULATION; i++) {
        problem_random(p, all[i].choices);
        take(p, &all[i]);
    }
    rank_all(p, all, NSGA_POPULATION);
    crowd_all(all, NSGA_POPULATION);
    for (int before = 0, stale = 0; !problem_is_over(p) && stale < STALE / NSGA_POPULATION;
         stale = p->measured > before ? 0 : stale + 1) {
        before = p->measured;
        for (int i = 0; i < NSGA_POPULATION && !problem_is_over(p); i++) {
            make_child(p, all, &all[NSGA_POPULATION + i]);
            take(p, &all[NSGA_POPULATION + i]);
        }
        rank_all(p, all, 2 * NSGA_POPULATION);
        crowd_all(all, 2 * NSGA_POPULATION);
        qsort(all, 2 * NSGA_POPULATION, sizeof *all, by_rank);
    }
}

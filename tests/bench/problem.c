// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE_ACCURACY 10.0 // percent: of guessing among ten classes
#define MARGIN 0.1              // of ReLeQ: relative accuracy below which everything is -1
#define TRIES 100000

static double best_accuracy(const struct table *t)
{
    double best = 0;
    for (int i = 0; i < t->n_rows; i++)
        if (!t->imputed[i] && t->accuracy[i] > best)
            best = t->accuracy[i];
    return best;
}

static double size_worth(const struct table *t, const uint8_t *choices)
{
    double mean = 0;
    for (int i = 0; i < t->n_slots; i++)
        mean += t->bits[choices[i]] / (double)t->n_slots;
    return 1 - pow(mean / 8 - t->bits[0] / 8.0, 0.8);
}

/* ReLeQ's reward: x is the relative size in bits (unweighted, as there), y the relative accuracy. */
static double releq_reward(const struct table *t, const uint8_t *choices, double accuracy)
{
    double y = accuracy / best_accuracy(t);
    return y < MARGIN ? -1 : 2 * (size_worth(t, choices) * pow(y, 1 / y) - 0.5);
}

double problem_size_worth(const struct problem *p, const uint8_t *choices)
{
    return size_worth(p->table, choices);
}

static double chebyshev(const struct problem *p, const uint8_t *choices, double accuracy)
{
    double lost = p->preference * (100 - accuracy) / (100 - REFERENCE_ACCURACY);
    double size = (1 - p->preference) * table_size(p->table, choices) / table_size_int8(p->table);
    return -fmax(lost, size) - 0.05 * (lost + size);
}

double problem_score(const struct problem *p, const uint8_t *choices, double accuracy)
{
    if (p->study && p->task == TASK_BUDGET)
        return p->study->score(p->study->user, choices);
    return p->task == TASK_RELEQ   ? releq_reward(p->table, choices, accuracy)
           : p->task == TASK_FRONT ? chebyshev(p, choices, accuracy)
                                   : accuracy;
}

bool problem_fits(const struct problem *p, const uint8_t *choices)
{
    return table_size(p->table, choices) <= p->size_limit && (!p->study || p->study->fits(p->study->user, choices));
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Area between the stairs of (size, accuracy) points and the reference (int8's size, REFERENCE_ACCURACY). `only` NULL: all rows. */
static double hypervolume_of(const struct problem *p, const bool *only)
{
    const struct table *t = p->table;
    double *point = p->stairs, area = 0, accuracy = REFERENCE_ACCURACY;
    int n = 0;
    for (int row = 0; row < t->n_rows; row++) {
        uint8_t choices[TABLE_SLOTS_MAX];
        if ((only && !only[row]) || (!only && t->imputed[row]))
            continue;
        table_choices(t, row, choices);
        point[2 * n] = table_size(t, choices) / table_size_int8(t);
        point[2 * n++ + 1] = t->accuracy[row];
    }
    qsort(point, (size_t)n, 2 * sizeof *point, compare_doubles);
    for (int i = 0; i < n; i++)
        if (point[2 * i + 1] > accuracy && point[2 * i] < 1) {
            area += (1 - point[2 * i]) * (point[2 * i + 1] - accuracy);
            accuracy = point[2 * i + 1];
        }
    return area;
}

static void find_best(struct problem *p)
{
    const struct table *t = p->table;
    int n = 0;
    p->best_possible = -INFINITY;
    for (int row = 0; row < t->n_rows; row++) {
        uint8_t choices[TABLE_SLOTS_MAX];
        table_choices(t, row, choices);
        if (table_size(t, choices) > p->size_limit)
            continue;
        p->n_fitting++;
        double score = problem_score(p, choices, t->accuracy[row]);
        if (t->imputed[row])
            continue;
        p->stairs[n++] = score;
        p->best_possible = fmax(p->best_possible, score);
    }
    qsort(p->stairs, (size_t)n, sizeof *p->stairs, compare_doubles);
    p->median = n ? p->stairs[n / 2] : 0;
}

int problem_init(struct problem *p, const struct table *t, enum task task, double size, double within, int limit,
                 struct error *e)
{
    *p = (struct problem){.table = t, .task = task, .limit = limit, .within = within, .preference = 1};
    p->size_limit = task == TASK_BUDGET ? size * table_size_int8(t) : INFINITY;
    p->known = calloc((size_t)t->n_rows, sizeof *p->known);
    p->trace = calloc((size_t)limit + 1, sizeof *p->trace);
    p->stairs = calloc(2 * (size_t)t->n_rows, sizeof *p->stairs);
    if (!p->known || !p->trace || !p->stairs)
        return error_set(e, "out of memory");
    find_best(p);
    p->hypervolume = hypervolume_of(p, NULL);
    return p->n_fitting ? 0 : error_set(e, "no configuration fits %.2f of int8", size);
}

void problem_finish(struct problem *p)
{
    free(p->known);
    free(p->trace);
    free(p->stairs);
}

void problem_start(struct problem *p, uint64_t seed)
{
    rng_seed(&p->rng, seed, 54);
    memset(p->known, 0, (size_t)p->table->n_rows * sizeof *p->known);
    p->measured = 0;
    p->preference = 1;
    p->trace[0] = p->task == TASK_FRONT ? 0 : -INFINITY;
}

bool problem_is_known(const struct problem *p, const uint8_t *choices)
{
    return p->known[table_row(p->table, choices)];
}

static double goal_of(const struct problem *p)
{
    return (p->task == TASK_FRONT ? p->within : p->best_possible - p->within) - 1e-9;
}

bool problem_is_over(const struct problem *p)
{
    if (p->measured >= p->limit || p->measured >= p->n_fitting)
        return true;
    return p->measured >= PROBLEM_LAST_MARK && p->trace[p->measured] >= goal_of(p);
}

static void count(struct problem *p, const uint8_t *choices)
{
    p->known[table_row(p->table, choices)] = true;
    p->measured++;
    p->trace[p->measured] = p->trace[p->measured - 1];
    if (p->study)
        p->study->measured(p->study->user, choices);
}

void problem_spend(struct problem *p, const uint8_t *choices)
{
    if (!problem_is_known(p, choices) && !problem_is_over(p))
        count(p, choices);
}

double problem_measure(struct problem *p, const uint8_t *choices)
{
    int row = table_row(p->table, choices);
    double accuracy = p->table->accuracy[row];
    if (p->known[row] || problem_is_over(p))
        return accuracy;
    count(p, choices);
    double now = p->task == TASK_FRONT ? hypervolume_of(p, p->known) / p->hypervolume : problem_score(p, choices, accuracy);
    p->trace[p->measured] = fmax(p->trace[p->measured], now);
    return accuracy;
}

void problem_random(struct problem *p, uint8_t *choices)
{
    for (int tries = 0; tries < TRIES; tries++) {
        for (int i = 0; i < p->table->n_slots; i++)
            choices[i] = (uint8_t)rng_below(&p->rng, (uint32_t)p->table->n_options);
        if (problem_fits(p, choices))
            return;
    }
    memset(choices, 0, (size_t)p->table->n_slots);
}

int problem_reached(const struct problem *p)
{
    for (int n = 1; n <= p->measured; n++)
        if (p->trace[n] >= goal_of(p))
            return n;
    return -1;
}

double problem_regret(const struct problem *p, int n)
{
    double reached = p->trace[n < p->measured ? n : p->measured];
    double range = p->best_possible - p->median;
    if (!isfinite(reached)) // nothing that fits was measured yet
        return 1;
    return range > 0 ? (p->best_possible - reached) / range : 0;
}

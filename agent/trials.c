// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/trials.h"

#include "base/stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int trials_init(struct trials *t, int n_slots, int max)
{
    *t = (struct trials){.n_slots = n_slots, .max = max};
    t->trial = calloc((size_t)max, sizeof *t->trial);
    t->choices = calloc((size_t)max, (size_t)n_slots);
    t->order = calloc((size_t)max, sizeof *t->order);
    return t->trial && t->choices && t->order ? 0 : -1;
}

void trials_finish(struct trials *t)
{
    free(t->trial);
    free(t->choices);
    free(t->order);
    *t = (struct trials){0};
}

size_t trials_bytes_each(int n_slots)
{
    return sizeof(struct trial) + (size_t)n_slots + sizeof(uint16_t);
}

uint8_t *trials_choices(const struct trials *t, int i)
{
    return t->choices + (size_t)i * (size_t)t->n_slots;
}

int trials_find(const struct trials *t, const uint8_t *choices)
{
    for (int i = 0; i < t->n; i++)
        if (memcmp(trials_choices(t, i), choices, (size_t)t->n_slots) == 0)
            return i;
    return -1;
}

int trials_add(struct trials *t, const uint8_t *choices, double log_probability)
{
    int i = t->n++;
    memcpy(trials_choices(t, i), choices, (size_t)t->n_slots);
    memset(&t->trial[i], 0, sizeof t->trial[i]);
    t->trial[i].log_probability = log_probability;
    return i;
}

void trials_tell(struct trials *t, int i, enum agent_outcome outcome, double reward)
{
    t->trial[i].told = 1;
    t->trial[i].outcome = (uint8_t)outcome;
    t->trial[i].reward = outcome == AGENT_MEASURED ? reward : 0;
    t->order[t->n_results++] = (uint16_t)i;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void standardize(double *x, int n)
{
    double mean = stats_mean(x, n), spread = stats_stddev(x, n);
    for (int i = 0; i < n; i++)
        x[i] = spread > 0 ? (x[i] - mean) / spread : 0;
}

static double median_of(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    return x[n / 2];
}

static void fill_targets(const double *rewards, double *targets, int n)
{
    double sorted[CRITIC_TRIALS_MAX];
    memcpy(sorted, rewards, (size_t)n * sizeof *sorted);
    double median = median_of(sorted, n);
    for (int i = 0; i < n; i++)
        sorted[i] = fabs(rewards[i] - median);
    double spread = median_of(sorted, n);
    for (int i = 0; i < n; i++)
        targets[i] = asinh((rewards[i] - median) / (spread > 1e-6 ? spread : 1e-6));
    standardize(targets, n);
}

static double worst_reward(const struct trials *t)
{
    double worst = INFINITY;
    for (int i = 0; i < t->n_results; i++) {
        const struct trial *trial = &t->trial[t->order[i]];
        if (trial->outcome == AGENT_MEASURED && trial->reward < worst)
            worst = trial->reward;
    }
    return isfinite(worst) ? worst : 0;
}

void trials_lessons(const struct trials *t, struct lessons *l)
{
    double worst = worst_reward(t);
    int first = t->n_results > CRITIC_TRIALS_MAX ? t->n_results - CRITIC_TRIALS_MAX : 0;
    l->n = 0;
    for (int i = first; i < t->n_results; i++) {
        const struct trial *trial = &t->trial[t->order[i]];
        if (trial->outcome == AGENT_GIVEN_UP)
            continue;
        l->trial[l->n] = t->order[i];
        l->choices[l->n] = trials_choices(t, t->order[i]);
        l->rewards[l->n++] = trial->outcome == AGENT_INFEASIBLE ? worst : trial->reward;
    }
    if (l->n)
        fill_targets(l->rewards, l->targets, l->n);
}

int lessons_best(const struct lessons *l, int *best, int most)
{
    int n = 0;
    for (int i = 0; i < l->n; i++) {
        int at = n;
        while (at > 0 && l->rewards[i] > l->rewards[best[at - 1]])
            at--;
        if (at == most)
            continue;
        n += n < most;
        memmove(best + at + 1, best + at, (size_t)(n - at - 1) * sizeof *best);
        best[at] = i;
    }
    return n;
}

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
        if (t->trial[i].outcome != AGENT_IMPORTED && memcmp(trials_choices(t, i), choices, (size_t)t->n_slots) == 0)
            return i;
    return -1;
}

int trials_add(struct trials *t, const uint8_t *choices, enum agent_origin origin)
{
    int i = t->n++;
    memcpy(trials_choices(t, i), choices, (size_t)t->n_slots);
    memset(&t->trial[i], 0, sizeof t->trial[i]);
    t->trial[i].origin = (uint8_t)origin;
    return i;
}

void trials_tell(struct trials *t, int i, enum agent_outcome outcome, double reward, double cost)
{
    t->trial[i].told = 1;
    t->trial[i].outcome = (uint8_t)outcome;
    bool known = outcome == AGENT_MEASURED || outcome == AGENT_ASIDE || outcome == AGENT_IMPORTED;
    t->trial[i].reward = known ? reward : 0;
    t->trial[i].cost = known ? cost : 0;
    t->order[t->n_results++] = (uint16_t)i;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    return x[n / 2];
}

double lessons_target(const struct lessons_scale *s, double reward)
{
    double x = asinh((reward - s->median) / s->deviation);
    return s->spread > 0 ? (x - s->mean) / s->spread : 0;
}

double lessons_reward(const struct lessons_scale *s, double target)
{
    return s->median + s->deviation * sinh(s->mean + s->spread * target);
}

static void find_scale(struct lessons_scale *s, const double *rewards, int n)
{
    double x[CRITIC_TRIALS_MAX];
    memcpy(x, rewards, (size_t)n * sizeof *x);
    s->median = median_of(x, n);
    for (int i = 0; i < n; i++)
        x[i] = fabs(rewards[i] - s->median);
    s->deviation = fmax(median_of(x, n), 1e-6);
    for (int i = 0; i < n; i++)
        x[i] = asinh((rewards[i] - s->median) / s->deviation);
    s->mean = stats_mean(x, n);
    s->spread = stats_stddev(x, n);
}

static void fill_targets(struct lessons *l)
{
    double open[CRITIC_TRIALS_MAX];
    for (int i = 0; i < l->n; i++)
        open[i] = l->rewards[i] - l->known[i];
    find_scale(&l->open, open, l->n);
    find_scale(&l->whole, l->rewards, l->n);
    for (int i = 0; i < l->n; i++)
        l->targets[i] = lessons_target(&l->open, open[i]);
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

/* Whether it was measured, here or elsewhere. */
static bool is_measured(const struct trial *t)
{
    return t->outcome == AGENT_MEASURED || t->outcome == AGENT_IMPORTED;
}

static bool teaches(const struct trials *t, int result)
{
    return t->trial[t->order[result]].outcome != AGENT_GIVEN_UP;
}

static int compare_descending(const void *a, const void *b)
{
    return compare_doubles(b, a);
}

/* The reward that a result must have to be among the LESSONS_BEST. */
static double best_from(const struct trials *t, int n)
{
    double *rewards = malloc((size_t)(n + 1) * sizeof *rewards), from = INFINITY;
    int measured = 0;
    for (int i = 0; rewards && i < t->n_results; i++)
        if (is_measured(&t->trial[t->order[i]]))
            rewards[measured++] = t->trial[t->order[i]].reward;
    if (measured > 0) {
        qsort(rewards, (size_t)measured, sizeof *rewards, compare_descending);
        from = rewards[measured < LESSONS_BEST ? measured - 1 : LESSONS_BEST - 1];
    }
    free(rewards);
    return from;
}

static void add_lesson(const struct trials *t, struct lessons *l, int trial, double worst)
{
    const struct trial *of = &t->trial[trial];
    l->trial[l->n] = trial;
    l->choices[l->n] = trials_choices(t, trial);
    l->costs[l->n] = of->cost;
    l->aside[l->n] = of->outcome != AGENT_MEASURED;
    l->imported[l->n] = of->outcome == AGENT_IMPORTED;
    l->rewards[l->n++] = of->outcome == AGENT_INFEASIBLE ? worst : of->reward;
}

void trials_lessons(const struct trials *t, double (*known)(void *user, const uint8_t *choices), void *user, struct lessons *l)
{
    int all = 0, good = LESSONS_BEST;
    for (int i = 0; i < t->n_results; i++)
        all += teaches(t, i);
    int skip = all > LESSONS_MAX ? all - LESSONS_MAX : 0;
    double worst = worst_reward(t), from = skip ? best_from(t, t->n_results) : 0;
    skip += skip ? LESSONS_BEST : 0; // the newest that are left when the best have their places
    l->n = 0;
    for (int i = 0; i < t->n_results; i++) {
        const struct trial *trial = &t->trial[t->order[i]];
        if (!teaches(t, i))
            continue;
        bool best = skip > 0 && good > 0 && is_measured(trial) && trial->reward >= from;
        good -= best;
        if ((--skip < 0 || best) && l->n < LESSONS_MAX)
            add_lesson(t, l, t->order[i], worst);
    }
    l->has_known = known != NULL;
    for (int i = 0; i < l->n; i++)
        l->known[i] = known ? known(user, l->choices[i]) : 0;
    if (l->n)
        fill_targets(l);
}

static int best_of(const struct lessons *l, bool aside, int *best, int most)
{
    int n = 0;
    for (int i = 0; i < l->n; i++) {
        int at = n;
        while (at > 0 && l->rewards[i] > l->rewards[best[at - 1]])
            at--;
        if (at == most || (l->aside[i] && !l->imported[i] && !aside))
            continue;
        n += n < most;
        memmove(best + at + 1, best + at, (size_t)(n - at - 1) * sizeof *best);
        best[at] = i;
    }
    return n;
}

int lessons_best(const struct lessons *l, int *best, int most)
{
    int n = best_of(l, false, best, most);
    return n ? n : best_of(l, true, best, most);
}

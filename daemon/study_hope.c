// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Which trials a board need not be asked about, where the study asks it about promising ones only.
#include "daemon/study.h"

#include "base/stats.h"

#include <stdio.h>

#define RISK 0.001   // that a candidate is dropped whose accuracy on the whole set would have gone on
#define MEASURED_LEAST 4 // candidates, before anything is dropped

const struct study_part study_parts[STUDY_PARTS] = {{8, 0}, {8, 4}, {4, 2}, {2, 1}};

int study_known_before(const struct study *s, int trial)
{
    return trial > s->ahead ? trial - s->ahead : 0; // when it was proposed, no more than `ahead` were without an applied result
}

static bool counts(const struct study_trial *t)
{
    return t->kind != STORE_BASELINE && t->stored && t->outcome == STORE_MEASURED;
}

/* Whether everything that the aim looks at is known or bounded. */
static bool is_bounded(const struct study *s, const struct reward_figures *f)
{
    const struct reward_aim *a = &s->aim;
    bool chosen = a->least || s->front;
    bool latency = a->weights.latency > 0 || a->most_latency_us > 0 || (chosen && a->cost == REWARD_LATENCY);
    bool energy = a->weights.energy > 0 || a->most_energy_uj > 0 || (chosen && a->cost == REWARD_ENERGY);
    return (!latency || f->latency_cycles > 0) && (!energy || f->energy_nj > 0);
}

/* Whether a measured trial is nowhere worse than this one at its best. */
static bool is_beaten_by(const struct study *s, const struct reward_figures *best, const struct study_trial *t)
{
    if (!s->front)
        return t->reward >= study_reward(s, best);
    return t->figures.correct >= best->correct && reward_cost_of(&t->figures, s->aim.cost) <= reward_cost_of(best, s->aim.cost);
}

static int64_t most_right(const struct study *s, const struct study_work *w)
{
    return stats_most_right(w->figures.correct, w->figures.total, s->trials[1].figures.total, RISK);
}

int study_beaten_by(const struct study *s, const struct study_work *w)
{
    struct reward_figures best = w->figures;
    int measured = 0, by = 0;
    best.total = s->trials[1].figures.total;
    best.clock_hz = s->trials[1].figures.clock_hz;
    best.correct = most_right(s, w);
    for (int t = 1; t <= study_known_before(s, w->trial); t++) {
        measured += counts(&s->trials[t]);
        if (by == 0 && counts(&s->trials[t]) && is_beaten_by(s, &best, &s->trials[t]))
            by = t;
    }
    return measured >= MEASURED_LEAST && is_bounded(s, &best) ? by : 0;
}

void study_dropped_text(const struct study *s, const struct study_work *w, char *text, size_t size)
{
    snprintf(text, size, "%lld of %lld answers are right, so at most %lld of %lld: it cannot become better than trial %d", (long long)w->figures.correct,
             (long long)w->figures.total, (long long)most_right(s, w), (long long)s->trials[1].figures.total, w->beaten_by);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Which trials are measured again at the end of a study.
#include "daemon/study.h"

#define OBJECTIVES_MAX 5 // accuracy and four costs

/* A trial's point: smaller is better in each. Returns the number of objectives. */
static int point_of(const struct study *s, const struct reward_figures *f, double point[OBJECTIVES_MAX])
{
    int n = 0;
    point[n++] = f->total > 0 ? -(double)f->correct / (double)f->total : 0;
    if (s->objectives & STORE_BY_FLASH)
        point[n++] = (double)f->flash_bytes;
    if (s->objectives & STORE_BY_RAM)
        point[n++] = (double)f->ram_bytes;
    if (s->objectives & STORE_BY_LATENCY)
        point[n++] = (double)f->latency_cycles;
    if (s->objectives & STORE_BY_ENERGY)
        point[n++] = (double)f->energy_nj;
    return n;
}

static bool takes_part(const struct study_trial *t)
{
    return t->kind != STORE_BASELINE && t->stored && t->outcome == STORE_MEASURED;
}

static void add_final(struct study *s, int trial)
{
    const struct study_trial *t = &s->trials[trial];
    struct study_work *w = &s->finals[s->n_finals++];
    *w = (struct study_work){.trial = trial, .avoid = -1, .stored = t->finalist};
    if (!w->stored && t->kind != STORE_BASELINE)
        w->place = WORK_WAITING;
    if (!w->stored && s->test_set)
        w->score = SCORE_WAITING;
    if (!w->stored && s->retrains && t->kind != STORE_BASELINE)
        w->again = SCORE_WAITING;
}

/* The best of the trials that take part, are on the front if that is asked for, and were not taken yet; 0 if there is none. */
static int best(const struct study *s, const bool *on_front, const bool *taken)
{
    int found = 0;
    for (int t = 1; t <= s->n_trials; t++)
        if (takes_part(&s->trials[t]) && !taken[t] && (!on_front || on_front[t]) &&
            (found == 0 || s->trials[t].reward > s->trials[found].reward))
            found = t;
    return found;
}

static void mark_front(const struct study *s, bool *on_front)
{
    double points[STUDY_ALL_MAX * OBJECTIVES_MAX];
    bool marks[STUDY_ALL_MAX];
    int n = 0, width = 1, of[STUDY_ALL_MAX];
    for (int t = 1; t <= s->n_trials; t++)
        if (takes_part(&s->trials[t])) {
            double point[OBJECTIVES_MAX];
            width = point_of(s, &s->trials[t].figures, point);
            for (int k = 0; k < width; k++)
                points[n * width + k] = point[k];
            of[n++] = t;
        }
    if (n > 0)
        front_mark(points, n, width, marks);
    for (int i = 0; i < n; i++)
        on_front[of[i]] = marks[i];
}

/* The trials of the front by reward, best first. Returns how many. */
static int front_by_reward(const struct study *s, const bool *on_front, int *list)
{
    bool taken[STUDY_ALL_MAX + 1] = {false};
    int n = 0;
    for (int t = best(s, on_front, taken); t > 0; t = best(s, on_front, taken)) {
        taken[t] = true;
        list[n++] = t;
    }
    return n;
}

/* Trials of the front in order of accuracy, from end to end. */
static int front_by_accuracy(const struct study *s, const bool *on_front, int *list)
{
    int n = front_by_reward(s, on_front, list);
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && s->trials[list[j]].figures.correct > s->trials[list[j - 1]].figures.correct; j--) {
            int other = list[j - 1];
            list[j - 1] = list[j];
            list[j] = other;
        }
    return n;
}

/* As many as are wanted, from the most accurate to the cheapest. */
static void spread(struct study *s, const bool *on_front, bool *taken)
{
    int list[STUDY_ALL_MAX], n = front_by_accuracy(s, on_front, list), most = s->finalists_wanted;
    for (int i = 0; i < most && n > 0; i++) {
        int t = list[most > 1 && n > most ? i * (n - 1) / (most - 1) : i < n ? i : n - 1];
        if (!taken[t])
            add_final(s, t);
        taken[t] = true;
    }
}

static int searched_finalists(const struct study *s)
{
    int n = 0;
    for (int i = 0; i < s->n_finals; i++)
        n += s->trials[s->finals[i].trial].kind != STORE_BASELINE;
    return n;
}

void study_choose_finalists(struct study *s)
{
    bool on_front[STUDY_ALL_MAX + 1] = {false}, taken[STUDY_ALL_MAX + 1] = {false};
    mark_front(s, on_front);
    s->n_finals = 0;
    for (int t = 1; t <= STUDY_BASELINES && s->test_set; t++)
        add_final(s, t);
    if (s->front)
        spread(s, on_front, taken);
    while (searched_finalists(s) < s->finalists_wanted) {
        int t = best(s, on_front, taken);
        if (t == 0)
            t = best(s, NULL, taken);
        if (t == 0)
            break;
        taken[t] = true;
        add_final(s, t);
    }
}

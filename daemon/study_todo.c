// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a study has to do next: storing first, then the agent, then the worker (images before scores), then boards.
#include "daemon/study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The works under way: those of the search without a stored outcome, or the finals. */
struct span {
    struct study_work *work;
    int n;
    bool final;
};

static struct span under_way(struct study *s)
{
    if (s->phase == STORE_FINISHING)
        return (struct span){s->finals, s->n_finals, true};
    return (struct span){s->works + s->stored + 1, s->n_trials - s->stored, false};
}

static bool todo_for(struct study_todo *t, enum study_todo_kind kind, const struct span *span, const struct study_work *w)
{
    t->kind = kind;
    t->final = span->final;
    t->trial = w->trial;
    return true;
}

/* --- the store --- */

static bool is_complete(const struct study_work *w)
{
    bool place = w->place == WORK_NONE || w->place >= WORK_MEASURED;
    bool score = w->score == SCORE_NONE || w->score == SCORE_DONE, again = w->again == SCORE_NONE || w->again == SCORE_DONE;
    return place && score && again && !w->storing && !w->stored;
}

static bool store(struct study *s, struct study_todo *t)
{
    struct span u = under_way(s);
    for (int i = 0; i < u.n; i++) {
        struct study_work *w = &u.work[i];
        if (w->place == WORK_PLANNED && !w->storing && s->hold != STUDY_ENDS) {
            w->storing = true;
            return todo_for(t, STUDY_DO_STORE_PLAN, &u, w);
        }
        if (!is_complete(w) || (!u.final && (s->storing || w->trial != s->stored + 1)))
            continue;
        w->storing = true;
        s->storing = s->storing || !u.final;
        t->outcome = study_outcome(w);
        if (u.final && t->outcome == STORE_MEASURED) {
            struct reward_figures fresh = s->trials[w->trial].figures;
            if (w->again == SCORE_DONE)
                fresh.correct = w->figures.correct, fresh.total = w->figures.total;
            fresh.latency_cycles = w->figures.latency_cycles;
            fresh.energy_nj = w->figures.energy_nj;
            fresh.clock_hz = w->figures.clock_hz;
            t->reward = study_reward(s, &fresh);
        }
        return todo_for(t, STUDY_DO_STORE, &u, w);
    }
    return false;
}

static bool step(struct study *s, struct study_todo *t)
{
    if (s->stepping || s->applied == s->stored)
        return false;
    s->stepping = true;
    t->kind = STUDY_DO_STEP;
    t->trial = s->applied + 1;
    t->outcome = s->trials[t->trial].outcome;
    t->reward = s->trials[t->trial].reward;
    return true;
}

/* --- the worker --- */

static bool use_worker(struct study *s, struct study_todo *t)
{
    struct span u = under_way(s);
    if (s->worker == WORKER_GONE) {
        s->worker = WORKER_OPENING;
        t->kind = STUDY_DO_OPEN;
        return true;
    }
    if (s->worker != WORKER_THERE || s->worker_busy)
        return false;
    if (!s->begun) {
        if (s->beginning)
            return false;
        s->beginning = true;
        t->kind = STUDY_DO_BEGIN;
        return true;
    }
    for (int i = 0; i < u.n; i++)
        if (u.work[i].place == WORK_WAITING) {
            u.work[i].place = WORK_LOWERING;
            s->worker_busy = true;
            return todo_for(t, STUDY_DO_LOWER, &u, &u.work[i]);
        }
    for (int i = 0; i < u.n; i++)
        if (u.work[i].score == SCORE_WAITING) {
            u.work[i].score = SCORE_RUNNING;
            s->worker_busy = true;
            t->part = u.work[i].place == WORK_HELD ? u.work[i].parts : -1;
            return todo_for(t, STUDY_DO_SCORE, &u, &u.work[i]);
        }
    for (int i = 0; i < u.n; i++)
        if (u.work[i].again == SCORE_WAITING) {
            u.work[i].again = SCORE_RUNNING;
            s->worker_busy = t->again = true;
            return todo_for(t, STUDY_DO_SCORE, &u, &u.work[i]);
        }
    return false;
}

/* Pausing lets the worker end what it is at; ending does not. */
static bool leave_worker(struct study *s, struct study_todo *t)
{
    bool there = s->worker == WORKER_OPENING || s->worker == WORKER_THERE;
    if (!there || (s->hold == STUDY_PAUSES && (s->worker_busy || s->beginning)))
        return false;
    s->worker = WORKER_LEAVING;
    t->kind = STUDY_DO_CLOSE;
    return true;
}

/* --- boards --- */

static bool want_board(struct study *s, struct study_todo *t)
{
    struct span u = under_way(s);
    for (int i = 0; i < u.n; i++) {
        struct study_work *w = &u.work[i];
        if (w->place != WORK_READY)
            continue;
        w->place = WORK_ON_BOARD;
        t->avoid = w->avoid;
        t->rest_ms = s->host_failures ? STUDY_HOST_REST_MS << (s->host_failures - 1) : 0;
        return todo_for(t, STUDY_DO_MEASURE, &u, w);
    }
    return false;
}

static bool cancel(struct study *s, struct study_todo *t)
{
    struct span u = under_way(s);
    for (int i = 0; i < u.n; i++)
        if (u.work[i].place == WORK_ON_BOARD && !u.work[i].cancelling) {
            u.work[i].cancelling = true;
            return todo_for(t, STUDY_DO_CANCEL, &u, &u.work[i]);
        }
    return false;
}

/* After its end a study keeps no measurement that is not stored; but one that is still on a board may complete the row. */
static bool forget(struct study *s, struct study_todo *t)
{
    struct span u = under_way(s);
    for (int i = 0; i < u.n; i++)
        if (u.work[i].place == WORK_ON_BOARD || u.work[i].storing)
            return false;
    for (int i = 0; i < u.n; i++)
        if (u.work[i].place == WORK_MEASURED && !u.work[i].stored) {
            u.work[i].place = WORK_READY;
            return todo_for(t, STUDY_DO_FORGET, &u, &u.work[i]);
        }
    return false;
}

void study_next(struct study *s, struct study_todo *t)
{
    *t = (struct study_todo){.kind = STUDY_DO_NOTHING, .reward = NAN, .part = -1, .avoid = -1};
    if (s->tell_state) {
        s->tell_state = false;
        t->kind = STUDY_DO_STATE;
        return;
    }
    bool keeps = !s->store_broken && (s->hold != STUDY_ENDS || s->state == STORE_STOPPED);
    if (keeps && (store(s, t) || (s->hold != STUDY_ENDS && step(s, t))))
        return;
    if (s->hold != STUDY_GOES) {
        if (!cancel(s, t) && !(s->hold == STUDY_ENDS && forget(s, t)))
            leave_worker(s, t);
        return;
    }
    if (!use_worker(s, t))
        want_board(s, t);
}

/* --- for people --- */

static const char *doing(const struct study_work *w)
{
    static const char *const images[] = {"",           "waiting for the worker", "lowering", "storing its plan", "held for its score",
                                         "waiting for a board", "waiting for a board",    "measured", "refused", "given up", "dropped"};
    if (w->place >= WORK_MEASURED && (w->score == SCORE_RUNNING || w->again == SCORE_RUNNING))
        return "scoring";
    return w->place == WORK_NONE ? "scoring" : images[w->place];
}

void study_progress(const struct study *s, char *text, size_t size)
{
    const struct study_work *w = s->phase == STORE_FINISHING ? s->finals : s->works + s->stored + 1;
    int n = s->phase == STORE_FINISHING ? s->n_finals : s->n_trials - s->stored, i = 0;
    text[0] = '\0';
    if (s->hold != STUDY_GOES)
        return;
    if (!s->begun) {
        snprintf(text, size, "the worker prepares the network");
        return;
    }
    while (i < n && (w[i].stored || (w[i].place == WORK_NONE && w[i].score == SCORE_NONE)))
        i++;
    if (i < n)
        snprintf(text, size, "%s %d: %s", s->phase == STORE_FINISHING ? "finalist" : "trial", w[i].trial, doing(&w[i]));
}

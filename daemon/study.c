// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How events change a study; study_todo.c says what is to be done next.
#include "daemon/study.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- parts --- */

struct study_work *study_work(struct study *s, bool final, int trial)
{
    if (!final)
        return trial >= 1 && trial <= s->n_trials ? &s->works[trial] : NULL;
    for (int i = 0; i < s->n_finals; i++)
        if (s->finals[i].trial == trial)
            return &s->finals[i];
    return NULL;
}

double study_reward(const struct study *s, const struct reward_figures *figures)
{
    return reward_for(figures, &s->trials[1].figures, &s->aim);
}

bool study_searched(const struct study *s)
{
    return s->begun && s->applied == s->n_trials;
}

static void set_state(struct study *s, enum store_state state, const char *reason)
{
    s->state = state;
    s->hold = state == STORE_PAUSED                             ? STUDY_PAUSES
              : state == STORE_CREATED                          ? STUDY_PAUSES
              : state == STORE_FINISHED || state == STORE_FAILED || state == STORE_STOPPED ? STUDY_ENDS
                                                                                          : STUDY_GOES;
    snprintf(s->reason, sizeof s->reason, "%s", reason ? reason : "");
    s->tell_state = true;
}

static void set_phase(struct study *s, enum store_state phase)
{
    s->phase = phase;
    if (s->hold == STUDY_GOES && s->state != phase)
        set_state(s, phase, NULL);
}

static void add_trial(struct study *s, enum store_kind kind)
{
    int t = ++s->n_trials;
    s->trials[t] = (struct study_trial){.kind = kind, .reward = NAN};
    s->works[t] = (struct study_work){.trial = t, .place = WORK_WAITING, .avoid = -1};
}

/* What the worker was at is to be done again. */
static void forget_busy(struct study_work *w, int n)
{
    for (int i = 0; i < n; i++) {
        if (w[i].place == WORK_LOWERING)
            w[i].place = WORK_WAITING;
        if (w[i].score == SCORE_RUNNING)
            w[i].score = SCORE_WAITING;
        if (w[i].again == SCORE_RUNNING)
            w[i].again = SCORE_WAITING;
    }
}

static void worker_stops(struct study *s)
{
    s->worker_busy = false;
    forget_busy(s->works + 1, s->n_trials);
    forget_busy(s->finals, s->n_finals);
}

static void search_is_over(struct study *s)
{
    if (!study_searched(s) || s->phase == STORE_FINISHING)
        return;
    study_choose_finalists(s);
    set_phase(s, STORE_FINISHING);
}

static void finish_if_done(struct study *s)
{
    if (s->phase != STORE_FINISHING || s->hold == STUDY_ENDS)
        return;
    for (int i = 0; i < s->n_finals; i++)
        if (!s->finals[i].stored)
            return;
    set_state(s, STORE_FINISHED, NULL);
}

/* --- beginning and going on --- */

void study_init(struct study *s, const struct study_file *f)
{
    memset(s, 0, sizeof *s);
    s->total = (int)f->trials + STUDY_BASELINES;
    s->ahead = f->ahead > 0 ? (int)f->ahead : 1;
    s->attempts = (int)f->attempts;
    s->finalists_wanted = (int)f->finalists;
    s->test_set = f->data[STUDY_TEST][0] != '\0';
    s->energy = f->energy;
    s->promising = f->board == STUDY_PROMISING;
    s->retrains = f->finalist_tune_steps > 0;
    s->aim = study_file_aim(f);
    s->front = f->goal == STUDY_WHOLE_FRONT;
    s->objectives = study_file_objectives(f);
    s->state = STORE_CREATED;
    s->phase = STORE_PREPARING;
    s->hold = STUDY_PAUSES;
}

int study_load(struct study *s, enum store_state state, int n_trials, int applied, bool begun, struct error *e)
{
    if (n_trials < 0 || n_trials > s->total || applied < 0 || applied > n_trials || (begun && n_trials < STUDY_BASELINES))
        return error_set(e, "the stored study has %d trials of %d, %d applied", n_trials, s->total, applied);
    set_state(s, state, NULL);
    s->tell_state = false;
    s->begun = begun;
    s->applied = applied;
    return 0;
}

static int load_trial(struct study *s, int trial, enum store_kind kind, struct error *e)
{
    if (trial != s->n_trials + 1 || trial > s->total)
        return error_set(e, "trial %d follows trial %d in the store", trial, s->n_trials);
    if ((kind == STORE_BASELINE) != (trial <= STUDY_BASELINES))
        return error_set(e, "trial %d is a %s in the store", trial, store_kind_name(kind));
    add_trial(s, kind);
    return 0;
}

int study_load_result(struct study *s, int trial, enum store_kind kind, enum store_outcome outcome,
                      const struct reward_figures *figures, bool finalist, struct error *e)
{
    if (s->stored != s->n_trials)
        return error_set(e, "trial %d has a result and the one before has none", trial);
    if (load_trial(s, trial, kind, e) != 0)
        return -1;
    struct study_trial *t = &s->trials[trial];
    *t = (struct study_trial){.kind = kind, .outcome = outcome, .stored = true, .finalist = finalist, .figures = *figures};
    t->reward = outcome == STORE_MEASURED ? study_reward(s, figures) : NAN;
    s->works[trial] = (struct study_work){.trial = trial, .avoid = -1, .stored = true};
    s->stored = trial;
    return 0;
}

int study_load_proposal(struct study *s, int trial, enum store_kind kind, int tries, int faults, struct error *e)
{
    if (load_trial(s, trial, kind, e) != 0)
        return -1;
    s->works[trial].tries = tries;
    s->works[trial].faults = faults;
    return 0;
}

int study_loaded(struct study *s, struct error *e)
{
    if (s->applied > s->stored)
        return error_set(e, "%d results are applied and %d stored", s->applied, s->stored);
    if (s->begun && s->phase == STORE_PREPARING)
        set_phase(s, STORE_SEARCHING);
    search_is_over(s);
    finish_if_done(s);
    return 0;
}

/* --- events --- */

/* Whether the host looks before a board does. */
static bool is_held(const struct study *s, const struct study_work *w)
{
    return s->promising && s->trials[w->trial].kind != STORE_BASELINE && study_known_before(s, w->trial) > STUDY_BASELINES;
}

static void on_lowered(struct study *s, struct study_work *w, const struct study_event *ev)
{
    s->worker_busy = false;
    w->figures.flash_bytes = ev->figures.flash_bytes;
    w->figures.ram_bytes = ev->figures.ram_bytes;
    w->place = ev->final ? WORK_READY : WORK_PLANNED;
    if (!ev->final && !is_held(s, w))
        w->score = SCORE_WAITING;
}

/* A baseline's accuracy is of interest even where it does not fit. */
static void on_refused(struct study *s, struct study_work *w, const struct study_event *ev)
{
    s->worker_busy = false;
    w->place = WORK_REFUSED;
    if (!ev->final && s->trials[w->trial].kind == STORE_BASELINE)
        w->score = SCORE_WAITING;
}

/* One part more: dropped, scored further, or off to a board. */
static void on_part_scored(struct study *s, struct study_work *w, const struct study_event *ev)
{
    w->figures.correct = ev->figures.correct;
    w->figures.total = ev->figures.total;
    w->figures.latency_cycles = ev->figures.latency_cycles;
    w->figures.energy_nj = ev->figures.energy_nj;
    w->parts++;
    w->beaten_by = study_beaten_by(s, w);
    w->figures.latency_cycles = w->figures.energy_nj = 0; // nothing predicted is kept
    w->score = w->beaten_by || w->parts == STUDY_PARTS ? SCORE_DONE : SCORE_WAITING;
    if (w->beaten_by)
        w->place = WORK_DROPPED;
    else if (w->parts == STUDY_PARTS)
        w->place = WORK_READY;
}

static void on_scored(struct study *s, struct study_work *w, const struct study_event *ev)
{
    s->worker_busy = false;
    if (w->place == WORK_HELD) {
        on_part_scored(s, w, ev);
        return;
    }
    if (ev->again)
        w->again = SCORE_DONE;
    else
        w->score = SCORE_DONE;
    if (ev->final && !ev->again)
        return; // the test set counts for no reward
    w->figures.correct = ev->figures.correct;
    w->figures.total = ev->figures.total;
}

static void on_measured(struct study *s, struct study_work *w, const struct study_event *ev)
{
    s->host_failures = 0;
    w->cancelling = false;
    w->place = WORK_MEASURED;
    w->figures.latency_cycles = ev->figures.latency_cycles;
    w->figures.energy_nj = ev->figures.energy_nj;
    w->figures.clock_hz = ev->figures.clock_hz;
}

/* Probes, meters and this machine say nothing about the candidate: such failures only count where somebody must end it. */
static bool is_fault(enum board_failure f)
{
    return f == BOARD_FAIL_FLASH || f == BOARD_FAIL_RUN || f == BOARD_FAIL_MISMATCH;
}

static bool is_spent(const struct study *s, const struct study_work *w)
{
    return w->faults >= s->attempts || w->tries >= STUDY_TRIES_MAX;
}

/* It may have failed often enough before a restart. */
static void on_plan_stored(struct study *s, struct study_work *w)
{
    w->storing = false;
    w->place = is_spent(s, w) ? WORK_GIVEN_UP : is_held(s, w) ? WORK_HELD : WORK_READY;
    if (w->place == WORK_HELD)
        w->score = SCORE_WAITING;
}

static void on_failed(struct study *s, struct study_work *w, const struct study_event *ev)
{
    w->cancelling = false;
    w->place = WORK_READY;
    w->avoid = ev->board;
    if (ev->failure == BOARD_FAIL_HOST) {
        w->avoid = -1;
        if (++s->host_failures >= STUDY_HOST_FAILURES_MAX && s->hold == STUDY_GOES)
            set_state(s, STORE_PAUSED, ev->text);
        return;
    }
    s->host_failures = 0;
    if (ev->failure == BOARD_FAIL_WORN) // that board is out; the trial waits for another
        return;
    w->tries++;
    w->faults += is_fault(ev->failure);
    if (ev->failure == BOARD_FAIL_BUILD || is_spent(s, w))
        w->place = WORK_GIVEN_UP;
}

enum store_outcome study_outcome(const struct study_work *w)
{
    return w->place == WORK_REFUSED    ? STORE_INFEASIBLE
           : w->place == WORK_MEASURED ? STORE_MEASURED
           : w->place == WORK_DROPPED  ? STORE_DROPPED
                                       : STORE_GIVEN_UP;
}

static void on_stored(struct study *s, struct study_work *w, const struct study_event *ev)
{
    w->storing = false;
    w->stored = true;
    if (ev->final) {
        finish_if_done(s);
        return;
    }
    struct study_trial *t = &s->trials[w->trial];
    s->storing = false;
    s->stored = w->trial;
    t->stored = true;
    t->outcome = study_outcome(w);
    t->figures = w->figures;
    if (t->outcome == STORE_MEASURED)
        t->reward = study_reward(s, &t->figures);
    if (w->trial == 1 && t->outcome != STORE_MEASURED && s->hold != STUDY_ENDS) {
        char text[ERROR_TEXT_MAX];
        snprintf(text, sizeof text, "w8a8, the reference of all rewards: %.400s", ev->text ? ev->text : "not measured");
        set_state(s, STORE_FAILED, text);
    }
}

static void on_begun(struct study *s, const struct study_event *ev)
{
    s->beginning = false;
    s->begun = true;
    for (int i = 0; i < STUDY_BASELINES; i++)
        add_trial(s, STORE_BASELINE);
    for (int i = 0; i < ev->n; i++)
        add_trial(s, ev->kinds[i]);
    set_phase(s, STORE_SEARCHING);
}

static void on_stepped(struct study *s, const struct study_event *ev)
{
    s->stepping = false;
    s->applied = ev->trial;
    for (int i = 0; i < ev->n; i++)
        add_trial(s, ev->kinds[i]);
    search_is_over(s);
    finish_if_done(s);
}

static void pause_for(struct study *s, const char *why)
{
    if (s->hold == STUDY_GOES)
        set_state(s, STORE_PAUSED, why);
}

/* It is done again after a resume; what the agent made of a result is kept by the caller. */
static void on_not_stored(struct study *s, const struct study_event *ev)
{
    struct study_work *w = study_work(s, ev->final, ev->trial);
    s->store_broken = true;
    s->beginning = s->beginning && ev->todo != STUDY_DO_BEGIN;
    s->stepping = s->stepping && ev->todo != STUDY_DO_STEP;
    s->storing = s->storing && (ev->todo != STUDY_DO_STORE || ev->final);
    if (w && (ev->todo == STUDY_DO_STORE || ev->todo == STUDY_DO_STORE_PLAN))
        w->storing = false;
    pause_for(s, ev->text);
}

static void on_start(struct study *s)
{
    s->host_failures = 0;
    s->store_broken = false;
    set_state(s, s->phase, NULL);
    finish_if_done(s);
}

/* Events about the study as a whole. Returns whether it was one. */
static bool whole_study(struct study *s, const struct study_event *ev)
{
    switch (ev->kind) {
    case STUDY_EV_START:
        if (s->hold == STUDY_PAUSES)
            on_start(s);
        return true;
    case STUDY_EV_PAUSE:
        pause_for(s, ev->text);
        return true;
    case STUDY_EV_STOP:
        if (s->hold != STUDY_ENDS)
            set_state(s, STORE_STOPPED, ev->text);
        return true;
    case STUDY_EV_OPENED:
        if (s->worker == WORKER_OPENING)
            s->worker = WORKER_THERE;
        return true;
    case STUDY_EV_INVALID:
        worker_stops(s);
        if (s->hold != STUDY_ENDS)
            set_state(s, STORE_FAILED, ev->text);
        return true;
    case STUDY_EV_UNABLE:
        worker_stops(s);
        pause_for(s, ev->text);
        return true;
    case STUDY_EV_NOT_STORED:
        on_not_stored(s, ev);
        return true;
    case STUDY_EV_CLOSED:
        worker_stops(s);
        s->worker = WORKER_GONE;
        return true;
    case STUDY_EV_BEGUN:
        on_begun(s, ev);
        return true;
    case STUDY_EV_STEPPED:
        on_stepped(s, ev);
        return true;
    default:
        return false;
    }
}

void study_step(struct study *s, const struct study_event *ev)
{
    if (whole_study(s, ev))
        return;
    struct study_work *w = study_work(s, ev->final, ev->trial);
    assert(w);
    switch (ev->kind) {
    case STUDY_EV_LOWERED:
        on_lowered(s, w, ev);
        break;
    case STUDY_EV_REFUSED:
        on_refused(s, w, ev);
        break;
    case STUDY_EV_PLAN_STORED:
        on_plan_stored(s, w);
        break;
    case STUDY_EV_SCORED:
        on_scored(s, w, ev);
        break;
    case STUDY_EV_MEASURED:
        on_measured(s, w, ev);
        break;
    case STUDY_EV_FAILED:
        on_failed(s, w, ev);
        break;
    case STUDY_EV_CANCELLED:
        w->cancelling = false;
        w->place = WORK_READY;
        break;
    case STUDY_EV_STORED:
        on_stored(s, w, ev);
        break;
    default:
        break;
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/study_lab.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum lab_what {
    LAB_TELL = 0, // an event for the study
    LAB_STATE,    // commits, each followed by its event
    LAB_BEGIN,
    LAB_PLAN,
    LAB_RESULT,
    LAB_FINAL,
    LAB_STEP,
    LAB_BOARD,    // a board ends
    LAB_LEASE,    // boards look for wishes
};

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static void note(struct lab *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(l->trace + l->trace_size, LAB_TRACE_MAX - l->trace_size, format, args);
    va_end(args);
    l->trace_size += l->trace_size + (size_t)n < LAB_TRACE_MAX ? (size_t)n : 0;
}

static struct lab_event *later(struct lab *l, int what, uint64_t least_ms, uint32_t spread_ms)
{
    assert(l->n_events < LAB_EVENTS_MAX);
    struct lab_event *e = &l->events[l->n_events++];
    *e = (struct lab_event){.at_ms = l->now_ms + least_ms + rng_below(&l->rng, spread_ms + 1), .order = l->order++,
                            .what = what, .reward = NAN};
    return e;
}

static struct lab_event *tell(struct lab *l, enum study_event_kind kind, const struct study_todo *t, uint32_t spread_ms)
{
    struct lab_event *e = later(l, LAB_TELL, 1, spread_ms);
    e->event = (struct study_event){.kind = kind, .trial = t->trial, .final = t->final};
    return e;
}

/* --- what candidates are like --- */

static struct reward_figures figures_of(const struct lab *l, int trial)
{
    uint64_t c = l->store.candidates[trial];
    return (struct reward_figures){.correct = 800 + (int64_t)(mix(c, 1) % 200), .total = 1000,
                                   .flash_bytes = 10000 + (int64_t)(mix(c, 2) % 20000),
                                   .ram_bytes = 5000 + (int64_t)(mix(c, 3) % 1000),
                                   .latency_cycles = 1000000 + (int64_t)(mix(c, 4) % 1000000),
                                   .energy_nj = 100000 + (int64_t)(mix(c, 5) % 10000)};
}

static bool divides(int every, uint64_t candidate, int trial)
{
    return every && trial > STUDY_BASELINES && mix(candidate, 6) % (uint64_t)every == 0;
}

static bool is_refused(const struct lab *l, int trial)
{
    return divides(l->config.refused_every, l->store.candidates[trial], trial);
}

static bool is_bad(const struct lab *l, int trial)
{
    return trial == l->config.bad_trial || divides(l->config.bad_every, l->store.candidates[trial], trial);
}

/* --- the agent and its store --- */

static int propose(struct lab *l)
{
    struct lab_store *s = &l->store;
    int n = 0, most = l->config.exhausted_after ? l->config.exhausted_after + STUDY_BASELINES : l->study.total;
    while (s->n_trials < most && s->n_trials < l->study.total && s->n_trials - s->applied < l->study.ahead) {
        int t = ++s->n_trials;
        s->agent = mix(s->agent, 77);
        s->kinds[t] = t % 2 ? STORE_POLICY : STORE_NEIGHBOUR;
        s->candidates[t] = s->agent;
        n++;
    }
    return n;
}

static void commit_begin(struct lab *l, struct lab_event *e)
{
    struct lab_store *s = &l->store;
    if (!s->begun) {
        s->begun = true;
        s->n_trials = STUDY_BASELINES;
        s->candidates[1] = 1;
        s->candidates[2] = 2;
        e->event.n = propose(l);
    }
    e->event.kinds = s->kinds + STUDY_BASELINES + 1;
}

static void commit_result(struct lab *l, const struct lab_event *e)
{
    struct lab_store *s = &l->store;
    int t = e->event.trial;
    if (t <= s->n_results)
        return;
    assert(t == s->n_results + 1);
    s->n_results = t;
    s->open[t] = false;
    s->outcomes[t] = e->outcome;
    s->figures[t] = (struct reward_figures){0};
    if (e->outcome == STORE_MEASURED)
        s->figures[t] = figures_of(l, t);
    note(l, "result %d %s\n", t, store_outcome_name(e->outcome));
}

static void commit_step(struct lab *l, struct lab_event *e)
{
    struct lab_store *s = &l->store;
    int t = e->event.trial;
    assert(t == s->applied + 1 && t <= s->n_results);
    uint64_t bits;
    memcpy(&bits, &e->reward, sizeof bits);
    s->agent = mix(s->agent, isnan(e->reward) ? (uint64_t)e->outcome : bits);
    s->applied = t;
    e->event.kinds = s->kinds + s->n_trials + 1;
    e->event.n = propose(l);
    note(l, "step %d, %d proposed\n", t, e->event.n);
}

static void commit_final(struct lab *l, const struct lab_event *e)
{
    int t = e->event.trial;
    l->store.open[t] = false;
    l->store.test_correct[t] = l->study.test_set ? 700 + (int64_t)(l->store.candidates[t] % 100) : 1;
    l->store.finalists[t] = t > STUDY_BASELINES && e->outcome == STORE_MEASURED;
    l->store.final_rewards[t] = l->store.finalists[t] ? e->reward : 0;
    note(l, "final %d %s\n", t, store_outcome_name(e->outcome));
}

/* --- boards --- */

static void lease(struct lab *l)
{
    for (int b = 0; b < l->config.boards && l->n_wishes; b++) {
        if (l->board_busy[b])
            continue;
        struct study_todo wish = l->wishes[0];
        memmove(l->wishes, l->wishes + 1, (size_t)--l->n_wishes * sizeof *l->wishes);
        l->board_busy[b] = l->store.open[wish.trial] = true;
        struct lab_event *e = later(l, LAB_BOARD, 1000, 4000);
        e->board = b;
        e->event = (struct study_event){.trial = wish.trial, .final = wish.final, .board = b};
    }
}

static void board_ends(struct lab *l, struct lab_event *e)
{
    struct study_event *ev = &e->event;
    l->board_busy[e->board] = false;
    ev->kind = STUDY_EV_FAILED;
    ev->text = "it failed";
    if (l->config.host_failures > 0) {
        l->config.host_failures--;
        ev->failure = BOARD_FAIL_HOST;
    } else if (l->config.worn_failures > 0) {
        l->config.worn_failures--;
        ev->failure = BOARD_FAIL_WORN;
    } else if ((int)rng_below(&l->rng, 100) < l->config.flaky_percent) {
        ev->failure = BOARD_FAIL_PROBE;
    } else if (is_bad(l, ev->trial)) {
        ev->failure = BOARD_FAIL_MISMATCH;
    } else {
        ev->kind = STUDY_EV_MEASURED;
        ev->figures = figures_of(l, ev->trial);
    }
    l->store.open[ev->trial] = ev->kind == STUDY_EV_MEASURED;
    if (ev->kind == STUDY_EV_FAILED && !ev->final) {
        l->store.tries[ev->trial] += ev->failure != BOARD_FAIL_HOST && ev->failure != BOARD_FAIL_WORN;
        l->store.faults[ev->trial] += ev->failure == BOARD_FAIL_MISMATCH;
    }
    later(l, LAB_LEASE, 0, 0);
}

static void cancel(struct lab *l, const struct study_todo *t)
{
    for (int i = 0; i < l->n_wishes; i++)
        if (l->wishes[i].trial == t->trial && l->wishes[i].final == t->final) {
            memmove(l->wishes + i, l->wishes + i + 1, (size_t)(--l->n_wishes - i) * sizeof *l->wishes);
            tell(l, STUDY_EV_CANCELLED, t, 0);
            return;
        }
}

/* --- todos --- */

static void answer(struct lab *l, const struct study_todo *t)
{
    if (++l->answers == 3 && l->config.worker_fails) {
        tell(l, STUDY_EV_UNABLE, t, 10)->event.text = l->config.worker_fails;
        return;
    }
    if (t->kind == STUDY_DO_SCORE && t->part >= 0) {
        static const int64_t totals[STUDY_PARTS] = {125, 250, 500, 1000};
        struct reward_figures f = figures_of(l, t->trial);
        f.correct = f.correct * totals[t->part] / 1000;
        f.total = totals[t->part];
        f.latency_cycles = f.latency_cycles * 95 / 100; // as cheap as may be
        f.energy_nj = f.energy_nj * 95 / 100;
        l->parts++;
        tell(l, STUDY_EV_SCORED, t, 1000)->event.figures = f;
        return;
    }
    if (t->kind == STUDY_DO_SCORE) {
        struct study_event *ev = &tell(l, STUDY_EV_SCORED, t, 3000)->event;
        ev->again = t->again;
        ev->figures = figures_of(l, t->trial);
        ev->figures.correct += t->again ? LAB_TRAINED_CORRECT : t->final ? -100 : 0;
        return;
    }
    bool refused = is_refused(l, t->trial);
    tell(l, refused ? STUDY_EV_REFUSED : STUDY_EV_LOWERED, t, 500)->event.figures = figures_of(l, t->trial);
}

static void commit_later(struct lab *l, int what, enum study_event_kind kind, const struct study_todo *t)
{
    struct lab_event *e = later(l, what, 0, 50);
    e->event = (struct study_event){.kind = kind, .trial = t->trial, .final = t->final, .todo = t->kind};
    e->outcome = t->outcome;
    e->reward = t->reward;
}

static void carry_out(struct lab *l, const struct study_todo *t)
{
    switch (t->kind) {
    case STUDY_DO_NOTHING:
        break;
    case STUDY_DO_STATE:
        l->store.state = l->study.state;
        snprintf(l->store.reason, sizeof l->store.reason, "%s", l->study.reason);
        note(l, "state %s%s%s\n", store_state_name(l->study.state), l->study.reason[0] ? ": " : "", l->study.reason);
        break;
    case STUDY_DO_OPEN:
        tell(l, STUDY_EV_OPENED, t, 2000);
        break;
    case STUDY_DO_CLOSE:
        for (int i = 0; i < l->n_events; i++) // a killed worker says nothing more
            if (l->events[i].what == LAB_TELL && (l->events[i].event.kind == STUDY_EV_OPENED ||
                                                  l->events[i].event.kind == STUDY_EV_LOWERED ||
                                                  l->events[i].event.kind == STUDY_EV_SCORED))
                l->events[i--] = l->events[--l->n_events];
        tell(l, STUDY_EV_CLOSED, t, 100);
        break;
    case STUDY_DO_BEGIN:
        commit_later(l, LAB_BEGIN, STUDY_EV_BEGUN, t);
        break;
    case STUDY_DO_LOWER:
    case STUDY_DO_SCORE:
        answer(l, t);
        break;
    case STUDY_DO_STORE_PLAN:
        commit_later(l, LAB_PLAN, STUDY_EV_PLAN_STORED, t);
        break;
    case STUDY_DO_MEASURE:
        l->asked += !t->final;
        l->wishes[l->n_wishes++] = *t;
        later(l, LAB_LEASE, t->rest_ms, 0);
        break;
    case STUDY_DO_CANCEL:
        cancel(l, t);
        break;
    case STUDY_DO_STORE:
        commit_later(l, t->final ? LAB_FINAL : LAB_RESULT, STUDY_EV_STORED, t);
        break;
    case STUDY_DO_FORGET:
        assert(l->store.open[t->trial]);
        l->store.open[t->trial] = false;
        break;
    case STUDY_DO_STEP:
        commit_later(l, LAB_STEP, STUDY_EV_STEPPED, t);
        break;
    }
}

static void carry_out_all(struct lab *l)
{
    struct study_todo t;
    for (study_next(&l->study, &t); t.kind != STUDY_DO_NOTHING; study_next(&l->study, &t))
        carry_out(l, &t);
}

/* --- the clock --- */

static struct lab_event take_next(struct lab *l)
{
    int first = 0;
    for (int i = 1; i < l->n_events; i++) {
        const struct lab_event *a = &l->events[i], *b = &l->events[first];
        if (a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order))
            first = i;
    }
    struct lab_event e = l->events[first];
    l->events[first] = l->events[--l->n_events];
    return e;
}

static void commit(struct lab *l, struct lab_event *e)
{
    l->commits++;
    if (l->commits >= l->config.fail_at && l->commits < l->config.fail_at + l->config.fail_n) {
        struct lab_event *no = later(l, LAB_TELL, 0, 20);
        no->event = e->event;
        no->event.kind = STUDY_EV_NOT_STORED;
        no->event.text = "it cannot be written";
        return;
    }
    if (e->what == LAB_BEGIN)
        commit_begin(l, e);
    if (e->what == LAB_RESULT)
        commit_result(l, e);
    if (e->what == LAB_FINAL)
        commit_final(l, e);
    if (e->what == LAB_STEP)
        commit_step(l, e);
    struct lab_event *ack = later(l, LAB_TELL, 0, 20); // a crash may come in between
    ack->event = e->event;
    ack->event.text = "as the trial's reason says";
}

static void person(struct lab *l)
{
    struct study_event ev = {.kind = STUDY_EV_START};
    if (l->delivered == l->config.pause_at)
        ev.kind = STUDY_EV_PAUSE;
    else if (l->delivered == l->config.stop_at)
        ev.kind = STUDY_EV_STOP;
    else if (l->delivered != l->config.resume_at)
        return;
    study_step(&l->study, &ev);
}

static void deliver(struct lab *l, struct lab_event *e)
{
    l->now_ms = e->at_ms;
    if (e->what == LAB_LEASE)
        lease(l);
    else if (e->what == LAB_TELL || e->what == LAB_BOARD) {
        if (e->what == LAB_BOARD)
            board_ends(l, e);
        study_step(&l->study, &e->event);
    } else {
        commit(l, e);
    }
    l->delivered++;
    person(l);
    carry_out_all(l);
}

void lab_wants(struct lab *l, enum study_event_kind kind)
{
    study_step(&l->study, &(struct study_event){.kind = kind});
    carry_out_all(l);
}

void lab_init(struct lab *l, const struct lab_config *config)
{
    memset(l, 0, sizeof *l);
    l->config = *config;
    rng_seed(&l->rng, config->timing, 1);
    l->store.agent = (uint64_t)config->file.seed;
    study_init(&l->study, &config->file);
    study_step(&l->study, &(struct study_event){.kind = STUDY_EV_START});
    carry_out_all(l);
}

void lab_crash(struct lab *l)
{
    const struct lab_store *s = &l->store;
    struct error e = {""};
    note(l, "crash\n");
    memset(l->store.open, 0, sizeof l->store.open);
    l->n_events = l->n_wishes = 0;
    memset(l->board_busy, 0, sizeof l->board_busy);
    study_init(&l->study, &l->config.file);
    int rc = study_load(&l->study, s->state, s->n_trials, s->applied, s->begun, &e);
    for (int t = 1; rc == 0 && t <= s->n_trials; t++)
        rc = t <= s->n_results
                 ? study_load_result(&l->study, t, s->kinds[t], s->outcomes[t], &s->figures[t], s->finalists[t], &e)
                 : study_load_proposal(&l->study, t, s->kinds[t], s->tries[t], s->faults[t], &e);
    rc = rc == 0 ? study_loaded(&l->study, &e) : rc;
    if (rc != 0)
        note(l, "%s\n", e.text);
    assert(rc == 0);
    carry_out_all(l);
}

void lab_turn(struct lab *l)
{
    if (l->config.crash_at && l->delivered == l->config.crash_at) {
        l->delivered++;
        lab_crash(l);
    } else {
        struct lab_event e = take_next(l);
        deliver(l, &e);
    }
}

int lab_run(struct lab *l)
{
    while (l->n_events)
        lab_turn(l);
    return l->delivered;
}

struct reward_figures lab_truth(const struct lab *l, int trial)
{
    return figures_of(l, trial);
}

uint64_t lab_digest(const struct lab *l)
{
    const struct lab_store *s = &l->store;
    uint64_t h = mix(s->agent, (uint64_t)s->state);
    for (int t = 1; t <= s->n_trials; t++) {
        h = mix(h, s->candidates[t] ^ (uint64_t)s->kinds[t] << 60);
        h = mix(h, t <= s->n_results ? (uint64_t)s->outcomes[t] + 1 : 0);
        h = mix(h, (uint64_t)s->finalists[t]);
        h = mix(h, (uint64_t)s->test_correct[t]);
        h = mix(h, (uint64_t)llrint(s->final_rewards[t] * 1e9));
    }
    return mix(h, (uint64_t)s->applied);
}

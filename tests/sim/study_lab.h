// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A lab on a virtual clock around the study's core: a store, a worker, boards and an agent that are as slow and as flaky as told.
#ifndef PARE_TESTS_SIM_STUDY_LAB_H
#define PARE_TESTS_SIM_STUDY_LAB_H

#include "base/rng.h"
#include "daemon/study.h"

#define LAB_EVENTS_MAX 256
#define LAB_TRACE_MAX (1 << 20)

/* What survives a crash. */
struct lab_store {
    enum store_state state;
    char reason[ERROR_TEXT_MAX];
    bool begun;
    int n_trials, n_results, applied;
    enum store_kind kinds[STUDY_ALL_MAX + 1];
    uint64_t candidates[STUDY_ALL_MAX + 1];
    enum store_outcome outcomes[STUDY_ALL_MAX + 1];
    struct reward_figures figures[STUDY_ALL_MAX + 1];
    int tries[STUDY_ALL_MAX + 1], faults[STUDY_ALL_MAX + 1];
    bool open[STUDY_ALL_MAX + 1]; // an attempt is under way, or went well and has no result
    bool finalists[STUDY_ALL_MAX + 1];
    int64_t test_correct[STUDY_ALL_MAX + 1]; // 0: not stored
    double final_rewards[STUDY_ALL_MAX + 1]; // of finalists
    uint64_t agent; // a hash over all calls of it
};

struct lab_config {
    struct study_file file;
    int boards;
    uint64_t timing;     // seed of everything that must not matter
    int flaky_percent;   // measurements that fail by the probe's fault
    int host_failures;   // the first so many measurements fail by this machine's fault
    int worn_failures;   // the next so many by a board's wear
    int bad_every;       // candidates divisible by it always give wrong outputs; 0: none
    int bad_trial;       // this trial does, too
    int refused_every;   // ... do not fit
    int exhausted_after; // proposals that the agent can make; 0: any number
    int pause_at, resume_at, stop_at; // events, counted; 0: never
    int crash_at;        // before this event is delivered; 0: never
    int fail_at, fail_n; // so many commits fail from the fail_at-th on, not for a full disk; 0: none
    const char *worker_fails; // text of a failure of this machine at the worker's third answer; NULL
};

struct lab_event {
    uint64_t at_ms, order;
    int what; // enum lab_what
    struct study_event event;
    int board;
    double reward;
    enum store_outcome outcome;
};

struct lab {
    struct lab_config config;
    struct lab_store store;
    struct study study;
    struct rng rng;
    uint64_t now_ms, order;
    struct lab_event events[LAB_EVENTS_MAX];
    int n_events, delivered, answers, commits;
    bool board_busy[8];
    struct study_todo wishes[STUDY_AHEAD_MAX + STUDY_FINALISTS_MAX];
    int n_wishes;
    int parts, asked;  // parts of the validation set that were scored; measurements of the search that were asked for
    char trace[LAB_TRACE_MAX]; // what was done, a line each
    size_t trace_size;
};

void lab_init(struct lab *l, const struct lab_config *config);

/* Runs until nothing is left to come. Returns the number of events that were delivered. */
int lab_run(struct lab *l);

/* Delivers the next event only. */
void lab_turn(struct lab *l);

/* What a person wants: start, pause or stop. */
void lab_wants(struct lab *l, enum study_event_kind kind);

/* Forgets all but the store, as kill -9 does, and goes on from there. */
void lab_crash(struct lab *l);

/* What a measurement of the trial's candidate would give. */
struct reward_figures lab_truth(const struct lab *l, int trial);

/* What a finalist's training for longer adds to that: right answers on the validation set. */
#define LAB_TRAINED_CORRECT 11

/* What must not depend on timing: the store without tries. */
uint64_t lab_digest(const struct lab *l);

#endif

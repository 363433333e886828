// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The life of a study as a pure state machine: events in, things to do out. No I/O, no clock, no allocation.
//
// What is proposed must be a function of the study file and the figures only, never of timing. So results are stored and applied
// in the order of the trials (a trial's result_seq is its number), one by one, and after each of them the agent proposes until
// `ahead` trials are without an applied result. However boards and worker race, the agent sees the same calls in the same order.
#ifndef PARE_DAEMON_STUDY_H
#define PARE_DAEMON_STUDY_H

#include "agent/front.h"
#include "agent/reward.h"
#include "daemon/study_file.h"
#include "hwlink/board.h"
#include "schema/store.h"

#define STUDY_BASELINES 2 // trial 1 is w8a8, the reference of all rewards; trial 2 is float32
#define STUDY_FLOAT32 2   // trial that is no candidate of the space
#define STUDY_ALL_MAX (STUDY_TRIALS_MAX + STUDY_BASELINES)
#define STUDY_TRIES_MAX 16      // measurements of one trial that failed, whosever fault; then it is given up
#define STUDY_HOST_FAILURES_MAX 6 // in a row; then this machine needs a person, and the study is paused
#define STUDY_HOST_REST_MS 1000u  // before a try after a failure of this machine; doubled with each further one

/*
 *   CREATED -> PREPARING -> SEARCHING -> FINISHING -> FINISHED
 *                 the worker   trial by trial  finalists once more
 *   PREPARING, SEARCHING, FINISHING <-> PAUSED;   any of them -> STOPPED or FAILED
 */

/* One piece of work for a trial: an image that is measured on a board, beside it a set that is scored on the host. */
enum study_place {
    WORK_NONE = 0,  // no board is wanted
    WORK_WAITING,   // for the worker
    WORK_LOWERING,  // by the worker
    WORK_PLANNED,   // its plan is being stored
    WORK_HELD,      // the host looks first whether it is promising
    WORK_READY,     // a board may have it
    WORK_ON_BOARD,  // asked for, perhaps already measured
    WORK_MEASURED,
    WORK_REFUSED,   // the exact plan says that it does not fit
    WORK_GIVEN_UP,
    WORK_DROPPED,   // not promising
};

enum study_score {
    SCORE_NONE = 0, // no score is wanted
    SCORE_WAITING,
    SCORE_RUNNING,
    SCORE_DONE,
};

struct study_work {
    int trial;
    enum study_place place;
    enum study_score score;
    enum study_score again; // of a finalist that is trained anew: the validation set once more
    int parts;       // of the validation set that it was scored on, while it is held
    int beaten_by;   // the trial that it cannot become better than; 0: it may
    int faults;      // failures that may be the candidate's: measure.attempts of them end it
    int tries;       // all failures
    int avoid;       // board of the last failure, -1: none
    bool storing;    // the plan, the outcome or the fresh figures are on their way to the store
    bool stored;     // the outcome, or the fresh figures
    bool cancelling;
    struct reward_figures figures; // found out so far
};

struct study_trial {
    enum store_kind kind;
    enum store_outcome outcome; // valid once stored
    bool stored, finalist;
    struct reward_figures figures; // of the search
    double reward;                 // NAN unless measured
};

enum study_hold { // why nothing new is begun
    STUDY_GOES = 0,
    STUDY_PAUSES,
    STUDY_ENDS, // finished, stopped or failed
};

struct study {
    /* What never changes */
    int total;                      // trials to come to, baselines included
    int ahead;
    int attempts;
    int finalists_wanted;
    bool test_set, energy, promising; // promising: only such trials are measured on a board
    bool retrains;                  // finalists are trained anew, for longer
    struct reward_aim aim;
    bool front;                     // all of it is wanted, not one best trial
    unsigned objectives;            // STORE_BY_...

    enum store_state state;         // as stored, or on its way there
    enum store_state phase;         // PREPARING, SEARCHING or FINISHING: where a paused study goes on
    char reason[ERROR_TEXT_MAX];    // of the state
    enum study_hold hold;
    bool tell_state;                // `state` is not on its way to the store yet

    enum { WORKER_GONE = 0, WORKER_OPENING, WORKER_THERE, WORKER_LEAVING } worker;
    bool worker_busy;
    bool begun, beginning;          // the baselines and first proposals are stored
    int n_trials;                   // proposed
    int stored;                     // results 1..stored are stored
    int applied;                    // ... and applied
    bool storing, stepping;
    bool store_broken;              // nothing more is stored before somebody resumes
    int host_failures;              // in a row

    struct study_trial trials[STUDY_ALL_MAX + 1]; // from 1
    struct study_work works[STUDY_ALL_MAX + 1];   // of the search, from 1
    int n_finals;                                 // in FINISHING: the baselines, then the finalists
    struct study_work finals[STUDY_BASELINES + STUDY_FINALISTS_MAX];
};

enum study_todo_kind {
    STUDY_DO_NOTHING = 0,
    STUDY_DO_STATE,        // store state and reason
    STUDY_DO_OPEN,         // start the worker
    STUDY_DO_CLOSE,        // let it go
    STUDY_DO_BEGIN,        // store space, baselines and first proposals
    STUDY_DO_LOWER,        // make the trial's image
    STUDY_DO_SCORE,        // the validation set, or a part of it; final: the test set, unless `again`
    STUDY_DO_STORE_PLAN,
    STUDY_DO_MEASURE,      // as soon as a board is free, after rest_ms; rather not on `avoid`
    STUDY_DO_CANCEL,       // withdraw that, if no board has it yet
    STUDY_DO_STORE,        // the outcome; final: fresh figures and reward, or only the test set's (outcome given up)
    STUDY_DO_FORGET,       // the study has ended: a good measurement that is not stored
    STUDY_DO_STEP,         // tell the agent the trial's outcome, propose until `ahead` trials are without, store both
};

enum study_event_kind {
    STUDY_EV_START = 0,    // start or resume
    STUDY_EV_PAUSE,        // text: why, or NULL (a person wants it)
    STUDY_EV_STOP,
    STUDY_EV_OPENED,       // the worker is there
    STUDY_EV_INVALID,      // the study cannot go on: text
    STUDY_EV_UNABLE,       // this machine cannot go on now: text; the study is paused
    STUDY_EV_CLOSED,       // the worker is gone, as it was told
    STUDY_EV_BEGUN,        // n proposals are stored with the baselines
    STUDY_EV_LOWERED,      // flash_bytes, ram_bytes
    STUDY_EV_REFUSED,      // the candidate does not fit
    STUDY_EV_PLAN_STORED,
    STUDY_EV_SCORED,       // correct, total; of a part: of all parts so far, and latency_cycles and energy_nj as study_agent_hope says
    STUDY_EV_MEASURED,     // latency_cycles, energy_nj, clock_hz
    STUDY_EV_FAILED,       // a measurement: failure, board
    STUDY_EV_CANCELLED,    // a wish for a board was withdrawn
    STUDY_EV_STORED,       // the outcome, or the fresh figures
    STUDY_EV_STEPPED,      // n new proposals, kinds
    STUDY_EV_NOT_STORED,   // `todo` could not be stored: text; the study is paused, and what is out comes again when it is resumed
};

struct study_event {
    enum study_event_kind kind;
    bool final;                     // about finals[], not works[]
    bool again;                     // STUDY_EV_SCORED: as the todo said
    int trial;
    struct reward_figures figures;  // the members that the kind names
    enum board_failure failure;
    int board;
    int n;
    const enum store_kind *kinds;   // [n]
    enum study_todo_kind todo;
    const char *text;
};

struct study_todo {
    enum study_todo_kind kind;
    bool final;
    bool again;          // of STUDY_DO_SCORE: a finalist that was trained anew, on the validation set
    int trial;
    enum store_outcome outcome;
    double reward;       // NAN unless measured
    int part;            // of STUDY_DO_SCORE: number in study_parts; -1: all
    int avoid;
    uint32_t rest_ms;
};

/* A study as it was created. `file` need not outlive the call. */
void study_init(struct study *s, const struct study_file *file);

/* Going on after a start, before the first step: what the store knows. Call study_load, then study_load_result for each result in
 * order and study_load_proposal for each trial without one, then study_loaded. Return 0, or -1 with the reason (a damaged store). */
int study_load(struct study *s, enum store_state state, int n_trials, int applied, bool begun, struct error *e);
int study_load_result(struct study *s, int trial, enum store_kind kind, enum store_outcome outcome,
                      const struct reward_figures *figures, bool finalist, struct error *e);
int study_load_proposal(struct study *s, int trial, enum store_kind kind, int tries, int faults, struct error *e);
int study_loaded(struct study *s, struct error *e);

/* Takes one event. */
void study_step(struct study *s, const struct study_event *event);

/* The next thing to do; the caller carries it out (later, from its loop) and asks again until there is STUDY_DO_NOTHING. */
void study_next(struct study *s, struct study_todo *todo);

/* Whether every trial has its result applied and nothing more is proposed. */
bool study_searched(const struct study *s);

/* The work that an event or todo is about; NULL if there is none. */
struct study_work *study_work(struct study *s, bool final, int trial);

/* The outcome of a work that is complete. */
enum store_outcome study_outcome(const struct study_work *w);

/* The reward of these figures against int8's of the search, by the study's aim. */
double study_reward(const struct study *s, const struct reward_figures *figures);

/* A held trial is scored on one part of the validation set after the other; together they are all of it. Each is spread over the whole. */
#define STUDY_PARTS 4

struct study_part {
    int every, offset; // as in score_range
};

extern const struct study_part study_parts[STUDY_PARTS];

/* Whether a held trial cannot become what the study is after (study_hope.c): even with as many right answers as its score allows (all but one
 * chance in a thousand) and at the least cost that is thought possible, it is no better than a trial that was measured; for a whole front, than
 * one that is nowhere worse. Only trials count that had a result before any later one could be proposed, so that it depends on nothing but
 * the study file and figures. Returns the number of that trial, or 0. */
int study_beaten_by(const struct study *s, const struct study_work *w);

/* Why a trial was dropped, for its reason. */
void study_dropped_text(const struct study *s, const struct study_work *w, char *text, size_t size);

/* The last trial whose result counts for whether this one is promising. */
int study_known_before(const struct study *s, int trial);

/* Chooses the finalists (study_finish.c): the best rewards on the front, or spread over it if it is what is wanted; where it is too short,
 * the best of the others. */
void study_choose_finalists(struct study *s);

/* One line for a person: what is going on. */
void study_progress(const struct study *s, char *text, size_t size);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the parts of a study on the loop share. Only for uv_study*.c.
#ifndef PARE_DAEMON_UV_STUDY_INNER_H
#define PARE_DAEMON_UV_STUDY_INNER_H

#include "daemon/study_agent.h"
#include "daemon/study_store.h"
#include "daemon/trial_record.h"
#include "daemon/uv_study.h"
#include "daemon/uv_worker.h"

struct study_run {
    struct study_host host;
    struct study_file file;
    char folder[KEYS_PATH_MAX + 32];
    struct study core;
    struct study_agent agent;
    bool agent_there;
    int64_t step;              // number of the last stored one
    char *space;               // the worker's answer, as it is stored
    char network[SHA256_HEX];
    int n_layers;
    struct worker *worker;
    char worker_text[160];     // its progress
    struct trial_record *records;
    struct study_store store;
    int jobs, wishes;          // out with the writer, with the boards
    struct pool_step *stepping;
    struct pool_step *unstored; // a step of the agent that the store could not take: stored when it is asked for again
    struct study_event cancelled; // a wish that was withdrawn just now; trial 0: none
    struct out *asked;         // the question that is out with the worker
    uv_timer_t timer;
    char told[ERROR_TEXT_MAX]; // the last progress that was stored
    bool closing, timer_closed;
    void (*closed)(void *user);
    void *closed_user;
};

/* The record that a question or wish is about, and whose it is. */
struct out {
    struct study_run *run;
    struct trial_record *record;
};

/* --- uv_study.c --- */

/* The only way into the core; NULL only asks what is to be done. Not from inside a todo. */
void study_run_event(struct study_run *r, const struct study_event *ev);

void study_run_tell(struct study_run *r, enum study_event_kind kind, const char *text);

/* An event about a trial, with what its record knows. */
void study_run_tell_of(struct study_run *r, enum study_event_kind kind, const struct trial_record *t);

/* The trial's record, made when there is none yet; and its end, with its image. */
struct trial_record *study_run_record(struct study_run *r, bool final, int trial);
void study_run_forget(struct study_run *r, struct trial_record *gone);

struct out *study_run_out(struct study_run *r, struct trial_record *t);

/* Something of a run that closes has ended: tells its owner when all has. */
void study_run_part_closed(struct study_run *r);

/* --- todos: uv_study_work.c, the worker and boards --- */

void study_run_open_worker(struct study_run *r);
void study_run_close_worker(struct study_run *r);
void study_run_ask_worker(struct study_run *r, const struct study_todo *t);
void study_run_wish(struct study_run *r, const struct study_todo *t);
void study_run_cancel_wish(struct study_run *r, const struct study_todo *t);

/* --- todos: uv_study_keep.c, the store and the agent's step --- */

void study_run_store_state(struct study_run *r);
void study_run_store_work(struct study_run *r, const struct study_todo *t);
void study_run_forget_attempt(struct study_run *r, const struct study_todo *t);
void study_run_step_agent(struct study_run *r, const struct study_todo *t);

/* Frees a step that was never stored. */
void study_run_drop_step(struct study_run *r);

/* Of any job of the study's: study_store's `failed`. */
void study_run_not_stored(void *user, int rc, const char *text);

#endif

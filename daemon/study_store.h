// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the store is told of a study, as jobs for the writer: the two transactions and what surrounds them.
#ifndef PARE_DAEMON_STUDY_STORE_H
#define PARE_DAEMON_STUDY_STORE_H

#include "daemon/study_agent.h"
#include "daemon/traces.h"
#include "daemon/trial_record.h"
#include "daemon/uv_writer.h"

/* Comes from the loop, exactly once. `rc` is the store's result, STORE_ALREADY counted as 0. */
typedef void study_stored(void *user, int rc, const char *text);

struct study_store {
    struct writer *writer;
    int64_t study;
    char traces[TRACES_PATH_MAX]; // folder of raw samples
    study_stored *failed; // told of every failure, before the job's own `done`; may be NULL
    void *user;
};

/* Everything is copied but records, which must stay as they are until `done`. `done` may be NULL. */

void study_store_state(const struct study_store *s, enum store_state state, const char *reason, study_stored *done, void *user);

void study_store_progress(const struct study_store *s, const char *text);

/* The beginning: the worker's answer, the runner, the baselines and the agent's first proposals. */
void study_store_begin(const struct study_store *s, const char *space, const char *network_sha256, const char *runner_sha256,
                       const struct study_agent *a, const struct agent_step *step, study_stored *done, void *user);

void study_store_runner(const struct study_store *s, const char *runner_sha256);

void study_store_plan(const struct study_store *s, const struct trial_record *r, study_stored *done, void *user);

/* The transaction *measured*. -1 if the store gives it another place than the trial's number. */
void study_store_result(const struct study_store *s, const struct trial_record *r, enum store_outcome outcome,
                        study_stored *done, void *user);

/* A finalist's fresh figures; with another outcome than measured only the test set's score. */
void study_store_final(const struct study_store *s, const struct trial_record *r, enum store_outcome outcome, double reward,
                       study_stored *done, void *user);

/* The transaction *stepped*: step number `number` applied the trial's result. */
void study_store_step(const struct study_store *s, int64_t number, const struct study_agent *a, const struct agent_step *step,
                      study_stored *done, void *user);

/* An attempt whose good result is not wanted any more. */
void study_store_forget(const struct study_store *s, int trial, int attempt, const char *why, study_stored *done, void *user);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One study's agent and the candidates of its trials: what happens in the thread pool between two transactions.
#ifndef PARE_DAEMON_STUDY_AGENT_H
#define PARE_DAEMON_STUDY_AGENT_H

#include "agent/agent.h"
#include "base/sha256.h"
#include "daemon/study.h"
#include "daemon/study_warm.h"
#include "daemon/study_why.h"

/* What was found out about a trial. */
struct study_known {
    bool known;
    enum store_outcome outcome;
    struct reward_figures figures;
    int64_t *layer_cycles; // heap, [n_layers]; NULL: not measured
    char image[SHA256_HEX]; // that was measured; empty: none was
};

struct study_agent {
    struct space space;
    struct costs costs;        // of what the agent was told
    struct agent *agent;
    enum agent_algorithm algorithm;
    int total, ahead;  // as in struct study
    int n_trials;      // whose candidates are known
    uint8_t *choices;  // [(total + 1) * n_slots], by trial; not of float32
    struct study_known *known; // [total + 1], by trial
    struct warm warm;          // what it began with
    struct reward_aim aim;
    bool weighs;               // the agent is told accuracy and cost apart, and weighs them itself
};

/* One step: tell a result that is known (unless trial is 0: the beginning), then propose until `ahead` trials are without an applied
 * result. */
struct agent_step {
    int trial;
    enum store_outcome outcome; // of the trial, and the reward that is stored with the step
    double reward;

    int rc;            // out, as the rest: 0, or -1 with the reason
    struct error error;
    int n_proposals;
    enum store_kind kinds[STUDY_AHEAD_MAX];
    char whys[STUDY_AHEAD_MAX][STUDY_WHY_MAX];
    char *state;       // heap
    long state_size;
    char *summary;     // heap: JSON for study.show's "agent"
};

/* `space` is checked and copied, the layers too. Returns 0, or -1 with the reason; study_agent_finish in any case. */
int study_agent_init(struct study_agent *a, const struct space *space, const struct costs_layer *layers, int n_layers,
                     const struct study_file *file, struct error *e);
void study_agent_finish(struct study_agent *a);

/* After a start: the candidates of the stored trials in order, then the saved state. */
int study_agent_add(struct study_agent *a, const char *candidate, struct error *e);
/* The state has the results of the trials up to `applied` in it, which are known. */
int study_agent_load(struct study_agent *a, const void *state, size_t size, int applied, struct error *e);

/* What was found out about a trial, before the step that tells the agent; after a start too. On the loop: also while a step of an earlier
 * trial is in the thread pool. */
void study_agent_know(struct study_agent *a, int trial, enum store_outcome outcome, const struct reward_figures *figures,
                      const int64_t *layer_cycles, int n_layers);

/* After study_agent_know: the image that its figures are of, from their provenance (JSON; NULL or empty: none was measured). */
void study_agent_know_image(struct study_agent *a, int trial, const char *provenance);

/* At the beginning, and before study_agent_teach: what the study began with. */
int study_agent_import(struct study_agent *a, struct error *e);

/* Instead of a saved state that cannot be used (of another version): tells a known result that was applied before. In order of the trials. */
int study_agent_teach(struct study_agent *a, int trial, struct error *e);

/* Pure and slow (up to 100 ms): for the thread pool. Trials that it proposes are added. */
void study_agent_step(struct study_agent *a, struct agent_step *step);
void agent_step_finish(struct agent_step *step);

/* What a trial costs as cheap as may be, by the results of the trials 1 to `before`: latency_cycles and energy_nj of `f`, 0 where they say
 * nothing. On the loop: also while a step is in the thread pool, if it is of a later trial. Under a millisecond for each hundred results. */
void study_agent_hope(const struct study_agent *a, int trial, int before, struct reward_figures *f);

/* A trial's candidate; the baselines' too. */
void study_agent_candidate(const struct study_agent *a, int trial, struct candidate *c);

#endif

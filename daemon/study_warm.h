// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A warm start: what a new study takes from an earlier one. It is written down when the study is created, under its SHA-256 like the study's data,
// and never looked up again, so that a study that goes on has what it began with.
#ifndef PARE_DAEMON_STUDY_WARM_H
#define PARE_DAEMON_STUDY_WARM_H

#include "agent/agent.h"
#include "agent/reward.h"
#include "daemon/study_file.h"
#include "schema/store.h"

#define WARM_SCHEMA "pare.warm/1"
#define WARM_TRIALS_MAX 200     // the newest of the earlier study
#define WARM_TEXT_MAX (8u << 20) // bytes: 200 trials of 256 layers are 1 MB

/* One trial that was measured in the earlier study. */
struct warm_trial {
    struct reward_figures figures;
    int64_t *layer_cycles; // heap, as many as the table of costs has layers; NULL: not measured
};

struct warm {
    char from[STUDY_NAME_MAX]; // empty: nothing was taken
    bool has_prior;
    double prior[AGENT_PRIOR]; // weights of the policy
    struct reward_figures reference; // w8a8 there
    int n;
    struct warm_trial trials[WARM_TRIALS_MAX];
    uint8_t *choices;          // heap, [n * n_slots]
};

/* In the writer's thread: what the study called `from` has for one of `file`, whose files were taken in, on boards with `runner`. Trials only if
 * network, data, quantization, metric, boards, placement and runner are the same; the policy in any case. The caller frees *text, which has one
 * of both. Returns 0, STORE_NOT_FOUND, or -1 with the reason. */
int warm_take(struct store *store, const char *from, const struct study_file *file, const char *runner, char **text, struct error *e);

/* Reads such a text. Trials whose candidate `s` does not have are left out. Returns 0, or -1 with the reason; warm_finish in any case. */
int warm_read(const char *text, const struct space *s, int n_layers, struct warm *w, struct error *e);
void warm_finish(struct warm *w);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A warm start: what a new study takes from an earlier one, of this service or from a file. It is a `pare.trials/1` (daemon/trials_file.h) cut to
// what holds for the new study, written down when that is created, under its SHA-256 like the study's data, and never looked up again, so that a
// study that goes on has what it began with.
#ifndef PARE_DAEMON_STUDY_WARM_H
#define PARE_DAEMON_STUDY_WARM_H

#include "agent/agent.h"
#include "agent/reward.h"
#include "agent/space.h"
#include "base/sha256.h"

#include <cjson/cJSON.h>

#define WARM_TRIALS_MAX 200     // the newest of the earlier study
#define WARM_TEXT_MAX (8u << 20) // bytes: 200 trials of 256 layers are 1 MB
#define WARM_NAME_MAX 256       // of a study or a file, with the NUL

/* Where it is taken from. */
struct warm_source {
    const char *name;   // of a study, or of a file without its folder
    const char *sha256; // of the file; NULL: a study of this service
};

/* What of it holds. */
struct warm_taken {
    int trials;
    bool policy;
    struct error no_trials, no_policy; // why not; empty where it was taken
};

/* Cuts `trials`, a checked or exported `pare.trials/1`, to what a study with the identity `ours` (daemon/trials_identity.h) keeps: trials only if
 * theirs is equal; the policy in any case, if it is of this pare's format and size. Returns 0, or -1 with the reason if neither is left. */
int warm_take(cJSON *trials, const struct warm_source *from, const cJSON *ours, struct warm_taken *taken, struct error *e);

/* What was taken as the text that the study keeps, for the caller to free. NULL with the reason, also where warm_read could not take it again. */
char *warm_text(const cJSON *trials, struct error *e);

/* The policy's numbers, if a "policy" of `trials` can be used. Returns 0, or -1 with the reason. */
int warm_policy(const cJSON *trials, double prior[AGENT_PRIOR], struct error *e);

/* One trial that was measured in the earlier study. */
struct warm_trial {
    struct reward_figures figures;
    int64_t *layer_cycles; // heap, as many as the table of costs has layers; NULL: not measured
};

struct warm {
    char from[WARM_NAME_MAX];    // study or file; empty: nothing was taken
    char file_sha256[SHA256_HEX]; // empty: a study of this service
    char study[WARM_NAME_MAX];   // that the file is of
    int offered;                 // trials, of which n can be used
    bool has_prior;
    double prior[AGENT_PRIOR];   // weights of the policy
    struct error no_trials, no_policy; // why not; empty where there are some
    struct reward_figures reference; // w8a8 there
    int n;
    struct warm_trial trials[WARM_TRIALS_MAX];
    uint8_t *choices;          // heap, [n * n_slots]
};

/* Reads what a study keeps (also pare.warm/1, which was kept before there were files). Trials whose candidate `s` does not have are left out.
 * Returns 0, or -1 with the reason; warm_finish in any case. */
int warm_read(const char *text, const struct space *s, int n_layers, struct warm *w, struct error *e);
void warm_finish(struct warm *w);

/* Adds to the agent's summary for people what a study began with, as study.show has it (docs/protocol.md). */
void warm_describe(const struct warm *w, cJSON *summary);

#endif

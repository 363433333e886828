// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A study with a few measured trials and a policy, and what it hands out, for tests of `pare.trials/1` and of what begins with it.
#ifndef PARE_TESTS_UNIT_TRIALS_CASE_H
#define PARE_TESTS_UNIT_TRIALS_CASE_H

#include "agent/agent.h"
#include "daemon/study_file.h"
#include "tests/unit/store_case.h"

#define TRIALS_CASE_TRIALS 6 // measured ones of the study that is exported, w8a8 among them
#define TRIALS_CASE_HEX(digit) digit digit digit digit digit digit digit digit
#define TRIALS_CASE_SHA256(digit) TRIALS_CASE_HEX(digit digit digit digit digit digit digit digit) // as one file of the study has it

extern const char trials_case_study[]; // its file

struct trials_case {
    struct store_case lab;
    struct study_file file;
    struct space space;
    cJSON *tree; // what the study hands out
};

/* A lab in which the study "alps" has measured TRIALS_CASE_TRIALS trials and float32; its last proposal has no result. */
void trials_case_open(struct trials_case *c);
void trials_case_close(struct trials_case *c);

/* Another study of the same file, that is ready to measure and is `c`'s from then on. */
void trials_case_begin(struct trials_case *c, const char *name);

/* Saves an agent that has seen two results as step `step` of the study; its policy moved after them if it is one that learns. */
void trials_case_agent(struct trials_case *c, int64_t step, enum agent_algorithm algorithm);

/* Parts of the tree. */
cJSON *trials_case_in(const struct trials_case *c, const char *name);
cJSON *trials_case_trial(const struct trials_case *c, int i);
void trials_case_set(cJSON *object, const char *name, const char *json);

/* A tree as a file, and a file as a tree: NULL with the reason in store_case_error. */
char *trials_case_text(const cJSON *tree);
cJSON *trials_case_parse(const char *text);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A lab for tests of the store: a database in a folder of its own, and a small study that can be played, cut off and played on.
#ifndef PARE_TESTS_UNIT_STORE_CASE_H
#define PARE_TESTS_UNIT_STORE_CASE_H

#include "schema/store.h"

#include <cjson/cJSON.h>

#define STORE_CASE_TRIALS 8 // of a played study, baselines included
#define STORE_CASE_LAYERS 3
#define STORE_CASE_RUNNER "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" // of whatever is measured

struct store_case {
    char folder[64];
    char path[96]; // folder/pare.db
    struct store *s;
    struct store_reader *r; // opened by store_case_reader
    int64_t study;
};

/* Checked calls: a failure ends the test with its text. */
#define must(call) \
    do { \
        int must_result = (call); \
        ck_assert_msg(must_result == 0, "%s: %d: %s", #call, must_result, store_case_error.text); \
    } while (0)

extern struct error store_case_error; // of the last call that got it

void store_case_open(struct store_case *c); // makes the folder and the store
void store_case_close(struct store_case *c); // and removes them
void store_case_reopen(struct store_case *c); // closes and opens the store, as a new start of the service does
struct store_reader *store_case_reader(struct store_case *c);

/* A study "demo" on board type "virtual-u585" with its space and the board "vboard-1"; no trials yet. */
void store_case_study(struct store_case *c);

/* Proposes `n` trials from `first` on, as step `step`, applying nothing. */
void store_case_propose(struct store_case *c, int64_t step, int first, int n);

/* Candidate number `trial`: 1 is w8a8, 2 is float32, the others differ from each other. `text` has CANDIDATE_TEXT_MAX bytes. */
void store_case_candidate(int trial, char *text);

/* What trial `trial` is found to be: deterministic figures with origin `virtual`. Fills figures[] and cycles[STORE_CASE_LAYERS]. */
struct store_result store_case_result(int trial, int attempt, struct store_figure *figures, int64_t *cycles);

/* Measures a trial on vboard-1, attempt and all; its result_seq. */
int64_t store_case_measure(struct store_case *c, int trial);

/* Plays a study of STORE_CASE_TRIALS trials as the service does, from wherever the database at `path` stands, to its end. Trial 4 is
 * infeasible, trial 5 given up, trial 6 fails once; trial 3 is the finalist. With `die_at` > 0 the process ends hard before that
 * statement. Returns the number of statements. */
int store_case_play(const char *path, int die_at);

/* Runs a reading call's answer through cJSON; the caller deletes it. */
cJSON *store_case_json(struct buffer *out);

double store_case_number(const cJSON *object, const char *key); // NAN for null
const char *store_case_text(const cJSON *object, const char *key); // NULL for null

void store_case_digest(const char *path, char hex[SHA256_HEX]); // of study 1

#endif

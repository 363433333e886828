// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What was found out about a trial so far, until the store has it: plan, score, measurement.
#ifndef PARE_DAEMON_TRIAL_RECORD_H
#define PARE_DAEMON_TRIAL_RECORD_H

#include "daemon/study.h"
#include "daemon/uv_boards.h"
#include "schema/store.h"

#include <cjson/cJSON.h>

#define RECORD_PATH_MAX (KEYS_PATH_MAX + 64)

struct trial_record {
    int trial;
    bool final;
    char reason[ERROR_TEXT_MAX];   // why it does not fit, or the last failure
    char board_text[96];           // what its board is doing; empty: it has none
    char image[RECORD_PATH_MAX];
    struct board_wish wish;
    bool wished;

    bool planned, scored, measured, dropped; // dropped: the score is of a part of the set
    int64_t flash_bytes, weights_bytes, parameters_bytes, program_bytes, ram_bytes;
    int64_t correct, total;        // of the validation set; final: of the test set
    bool again;                    // a final one that was trained anew has, of the validation set:
    int64_t again_correct, again_total;
    char trained[160];             // JSON: what its weights were trained with; empty: they were not
    int attempt;
    struct figure latency, energy, ram_used, stack_used;
    uint32_t clock_hz;
    int n_layers;
    int64_t layer_cycles[STORE_LAYERS_MAX];
    char provenance[BOARD_PROVENANCE_MAX];
    struct power_trace trace;      // raw samples of its power windows; n 0: none

    struct store_figure figures[STORE_FIGURES_MAX]; // as they are stored
    int n_figures;
    struct trial_record *next;
};

/* Takes the worker's answer to `lower`. Returns 0, or -1 when it is not what docs/worker.md says. */
int trial_record_plan(struct trial_record *r, const cJSON *answer, struct error *e);

/* Takes the worker's answer to `score`; `again`: of a finalist that was trained anew, on the validation set. */
int trial_record_score(struct trial_record *r, bool again, const cJSON *answer, struct error *e);

/* The same of one part of the set: adds to those before. */
int trial_record_part(struct trial_record *r, const cJSON *answer, struct error *e);

/* Takes a board's good result, and its raw samples to itself; to the provenance comes what the weights were trained with. `n_layers` is that of the
 * network. */
void trial_record_measured(struct trial_record *r, const struct board_attempt *a, int n_layers);

/* Fills `figures` from what is known, always in the same order. A final one's score counts for the test set, and `search` has the
 * validation set's unless it was scored again; NULL for a trial of the search. */
void trial_record_figures(struct trial_record *r, const struct reward_figures *search);

/* What the event about its result says, as JSON; the caller frees it. */
char *trial_record_event(const struct trial_record *r, enum store_outcome outcome);

#endif

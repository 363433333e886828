// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Candidates of a loop_case measured for real: a whole inference on a virtual board behind openocd, and answers by the integer evaluator. Both
// are deterministic, so that each candidate is measured once, whoever proposes it, and kept in a file: a run that was cut short goes on.
#ifndef PARE_TESTS_BENCH_LOOP_BOARDS_H
#define PARE_TESTS_BENCH_LOOP_BOARDS_H

#include "tests/bench/loop_case.h"

#include <stdio.h>

struct trial; // of tests/system/trial.h

struct loop_boards {
    const struct loop_case *about;
    struct trial *trial;
    int group_of_slot[CANDIDATE_LAYERS_MAX];
    int every;                   // the evaluator is run for every so many-th new candidate, else the table has what it says
    FILE *file;                  // "row correct total flash cycles, cycles of each layer"
    struct loop_figures **known; // [n_rows]
    int runs, evaluations;       // of this process
};

/* Starts a board, reads the file (made if missing) and calls `body`, within a Check test because a board that fails ends one. argv[0..11]:
 * PARE_VBOARD RUNNER_BIN SOURCE_ROOT NETWORK CALIBRATION INPUT_SCALE SAMPLES as for trial_arguments_read, GROUPS as for make-table,
 * VALIDATION, LABELS, `every`, the file. Returns an exit status: 0, 1, or 77 with a printed reason where something is missing. */
int loop_boards_run(const struct loop_case *c, char **argv, void (*body)(struct loop_boards *b));

/* For struct loop_source. Fails also when the table says otherwise: other answers, other flash, or cycles that differ by more than 0.1 %. */
int loop_boards_measure(void *boards, const uint8_t *choices, struct loop_figures *f, struct error *e);

/* Measures n of the known ones again, evaluator included. Returns how many there were, or -1 with the reason when one differs. */
int loop_boards_again(struct loop_boards *b, int n, struct error *e);

#endif

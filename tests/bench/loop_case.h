// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A network whose complete table is known, as the subject of whole studies: its figures, what a task is after, and the ways to measure.
#ifndef PARE_TESTS_BENCH_LOOP_CASE_H
#define PARE_TESTS_BENCH_LOOP_CASE_H

#include "agent/costs.h"
#include "tests/bench/table.h"

#define LOOP_LAYERS_MAX 64

struct loop_case {
    struct table table; // of make-table; its sizes are flash, its weights what flash a bit takes
    int samples;        // that accuracy is of
    int n_layers;
    struct costs_layer layers[LOOP_LAYERS_MAX];
    int64_t cycles[LOOP_LAYERS_MAX][TABLE_OPTIONS_MAX], rest; // of table-cycles, by option of the table
};

/* What one candidate did. */
struct loop_figures {
    int64_t correct, total, flash_bytes, cycles;
    int64_t layer_cycles[LOOP_LAYERS_MAX];
};

/* A way to measure: a candidate is an option of the table for each slot. Returns 0, or -1 with the reason. */
struct loop_source {
    void *user;
    int (*measure)(void *user, const uint8_t *choices, struct loop_figures *f, struct error *e);
};

/* What a study is after: the most accurate within shares of int8's flash and latency, or the front of accuracy and flash. */
struct loop_task {
    const char *name;
    bool front;
    double flash_share, latency_share; // INFINITY: no limit
};

/* Reads the files of make-table and table-cycles, which are of the same groups of slots. Returns 0, or -1 with the reason. */
int loop_case_read(struct loop_case *c, const char *table, const char *cycles, struct error *e);
void loop_case_finish(struct loop_case *c);

/* The table's figures, cycles composed: a measurement that asks no board. `user` of such a source is the case. */
int loop_case_look_up(void *loop_case, const uint8_t *choices, struct loop_figures *f, struct error *e);

void loop_case_int8(const struct loop_case *c, uint8_t *choices);

/* The worth of what was measured, rows of the table: accuracy in percent of the best within both limits (0: nothing is), or the area that the
 * front has above guessing and below int8's flash. */
double loop_case_value(const struct loop_case *c, const struct loop_task *t, const int *rows, int n);
double loop_case_value_of_all(const struct loop_case *c, const struct loop_task *t, int *n_fitting);

#endif

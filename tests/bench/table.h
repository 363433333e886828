// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A search problem as a complete table: the accuracy of every configuration, so that an optimum is known and a measurement is free.
#ifndef PARE_TESTS_BENCH_TABLE_H
#define PARE_TESTS_BENCH_TABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define TABLE_SLOTS_MAX 16
#define TABLE_OPTIONS_MAX 8
#define TABLE_ROWS_MAX (1 << 20)

struct table {
    int n_slots, n_options, n_rows; // n_rows = n_options ^ n_slots
    int bits[TABLE_OPTIONS_MAX];    // ascending
    double weights[TABLE_SLOTS_MAX]; // parameters of each slot
    double *accuracy;               // [n_rows] percent
    bool *imputed;                  // [n_rows] the file did not have it: the mean of its neighbours
    double *flash;                  // [n_rows] bytes: the number behind `#`; 0 where a row has none
    bool by_flash;                  // sizes are that instead of weights times bits
    int n_imputed;
};

/* Reads lines "b1 b2 ... bn accuracy". Weights start as 1. Returns 0, or -1 with the reason. */
int table_read(const char *path, struct table *t, struct error *e);

/* A made-up landscape that no simple law describes: noise powers add up along the network, each slot with its own law per bit and some not
 * monotone, slots amplify what came before and act on each other in pairs, accuracy collapses beyond a threshold, and every
 * configuration has its own deviation. Odd seeds have widths 2 3 4 5 8, even ones 2 4 6 8. */
int table_generate(struct table *t, int n_slots, uint64_t seed, struct error *e);

void table_finish(struct table *t);

/* Index of a configuration given as an option per slot, and back. */
int table_row(const struct table *t, const uint8_t *choices);
void table_choices(const struct table *t, int row, uint8_t *choices);

double table_size(const struct table *t, const uint8_t *choices); // bits
double table_size_int8(const struct table *t);
double table_size_fixed(const struct table *t); // of that, what no width changes

#endif

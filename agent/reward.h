// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One number for a measured trial, from stored integers only: accuracy against int8 and what was saved against it.
#ifndef PARE_AGENT_REWARD_H
#define PARE_AGENT_REWARD_H

#include <stdint.h>

/* What one candidate did; a cost that was not measured is 0 and then needs weight 0. */
struct reward_figures {
    int64_t correct, total;   // answers on the validation set
    int64_t flash_bytes, ram_bytes;
    int64_t latency_cycles;   // of one inference
    int64_t energy_nj;        // of one inference
};

/* Points of accuracy that a halving of each cost is worth. */
struct reward_weights {
    double flash, ram, latency, energy;
};

/* 100 * (share of correct answers - that of `int8`) + sum over costs of weight * log2(int8's cost / cost). */
double reward_of(const struct reward_figures *figures, const struct reward_figures *int8, const struct reward_weights *weights);

#endif

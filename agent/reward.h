// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One number for a measured trial, from stored integers only: how well it serves what a study is after.
#ifndef PARE_AGENT_REWARD_H
#define PARE_AGENT_REWARD_H

#include <stdbool.h>
#include <stdint.h>

enum reward_cost {
    REWARD_FLASH = 0,
    REWARD_RAM,
    REWARD_LATENCY,
    REWARD_ENERGY,
    REWARD_COST_COUNT,
};

/* What one candidate did; a cost that was not measured is 0 and then needs weight 0. */
struct reward_figures {
    int64_t correct, total;   // answers on the validation set
    int64_t flash_bytes, ram_bytes;
    int64_t latency_cycles;   // of one inference
    int64_t energy_nj;        // of one inference
    int64_t clock_hz;         // of the core, when those two were measured
};

/* Points of accuracy that a halving of each cost is worth. */
struct reward_weights {
    double flash, ram, latency, energy;
};

/* 100 * (share of correct answers - that of `int8`) + sum over costs of weight * log2(int8's cost / cost). */
double reward_of(const struct reward_figures *figures, const struct reward_figures *int8, const struct reward_weights *weights);

/* What a study is after: the highest reward_of, or the least of one cost among those that lose little accuracy. */
struct reward_aim {
    struct reward_weights weights; // unless `least`
    bool least;
    enum reward_cost cost;
    double max_loss_points;        // of accuracy against int8, that `least` allows
    double most_latency_us, most_energy_uj; // budgets that only measuring shows; 0: none
};

#define REWARD_SHORT (-1e5) // of what falls short of an aim: below everything that does not, with any weights

int64_t reward_cost_of(const struct reward_figures *figures, enum reward_cost cost);

/* Points of accuracy that are won against int8; negative where they are lost. */
double reward_points(const struct reward_figures *figures, const struct reward_figures *int8);

/* Whether a measured cost is beyond its budget. */
bool reward_is_beyond(const struct reward_figures *figures, const struct reward_aim *aim);

/* Higher is better. With `least` the halvings of the cost against int8. What loses too much accuracy or is beyond a budget has REWARD_SHORT minus
 * the points and the halvings that it is short of. */
double reward_for(const struct reward_figures *figures, const struct reward_figures *int8, const struct reward_aim *aim);

#endif

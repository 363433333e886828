// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/reward.h"

#include <math.h>

#define ROUNDING 1e-9 // points: a loss that is exactly the allowed one passes

static double saved(double weight, int64_t cost, int64_t int8_cost)
{
    return weight != 0 && cost > 0 && int8_cost > 0 ? weight * log2((double)int8_cost / (double)cost) : 0;
}

static double accuracy(const struct reward_figures *f)
{
    return f->total > 0 ? (double)f->correct / (double)f->total : 0;
}

double reward_points(const struct reward_figures *f, const struct reward_figures *int8)
{
    return 100 * (accuracy(f) - accuracy(int8));
}

double reward_of(const struct reward_figures *f, const struct reward_figures *int8, const struct reward_weights *w)
{
    return reward_points(f, int8) + saved(w->flash, f->flash_bytes, int8->flash_bytes) +
           saved(w->ram, f->ram_bytes, int8->ram_bytes) +
           saved(w->latency, f->latency_cycles, int8->latency_cycles) + saved(w->energy, f->energy_nj, int8->energy_nj);
}

int64_t reward_cost_of(const struct reward_figures *f, enum reward_cost cost)
{
    return cost == REWARD_FLASH     ? f->flash_bytes
           : cost == REWARD_RAM     ? f->ram_bytes
           : cost == REWARD_LATENCY ? f->latency_cycles
                                    : f->energy_nj;
}

double reward_for(const struct reward_figures *f, const struct reward_figures *int8, const struct reward_aim *aim)
{
    double excess = -reward_points(f, int8) - aim->max_loss_points;
    if (!aim->least)
        return reward_of(f, int8, &aim->weights);
    if (excess > ROUNDING)
        return REWARD_SHORT - excess;
    return saved(1, reward_cost_of(f, aim->cost), reward_cost_of(int8, aim->cost));
}

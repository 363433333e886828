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

static double halvings_short(double value, double most)
{
    return most > 0 && value > most ? log2(value / most) : 0;
}

/* Halvings that latency and energy are short of their budgets. */
static double beyond(const struct reward_figures *f, const struct reward_aim *aim)
{
    double latency_us = f->clock_hz > 0 ? 1e6 * (double)f->latency_cycles / (double)f->clock_hz : 0;
    return halvings_short(latency_us, aim->most_latency_us) + halvings_short((double)f->energy_nj / 1000, aim->most_energy_uj);
}

bool reward_is_beyond(const struct reward_figures *f, const struct reward_aim *aim)
{
    return beyond(f, aim) > 0;
}

double reward_for(const struct reward_figures *f, const struct reward_figures *int8, const struct reward_aim *aim)
{
    double lost = -reward_points(f, int8) - aim->max_loss_points, short_of = beyond(f, aim);
    if (aim->least && lost > ROUNDING)
        short_of += lost;
    if (short_of > 0)
        return REWARD_SHORT - short_of;
    return aim->least ? saved(1, reward_cost_of(f, aim->cost), reward_cost_of(int8, aim->cost)) : reward_of(f, int8, &aim->weights);
}

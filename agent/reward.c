// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/reward.h"

#include <math.h>

static double saved(double weight, int64_t cost, int64_t int8_cost)
{
    return weight != 0 && cost > 0 && int8_cost > 0 ? weight * log2((double)int8_cost / (double)cost) : 0;
}

static double accuracy(const struct reward_figures *f)
{
    return f->total > 0 ? (double)f->correct / (double)f->total : 0;
}

double reward_of(const struct reward_figures *f, const struct reward_figures *int8, const struct reward_weights *w)
{
    return 100 * (accuracy(f) - accuracy(int8)) + saved(w->flash, f->flash_bytes, int8->flash_bytes) +
           saved(w->ram, f->ram_bytes, int8->ram_bytes) +
           saved(w->latency, f->latency_cycles, int8->latency_cycles) + saved(w->energy, f->energy_nj, int8->energy_nj);
}

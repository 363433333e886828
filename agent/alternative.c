// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a user could do instead of the agent, as a check that it is worth it: uniform settings, local search, additive sensitivities.
#include "agent/demonstration.h"
#include "agent/knapsack.h"
#include "agent/mind.h"

#include <string.h>

#define SIZES 32      // flash limits that the sensitivity problem is solved for, from the budget down
#define RESTARTS 200  // tries to find a new place to climb from

static bool is_new(const struct agent *a, const uint8_t *choices)
{
    return mind_fits(a, choices) && trials_find(&a->trials, choices) < 0;
}

static int propose_uniform_setting(struct agent *a, uint8_t *choices)
{
    for (int o = 0; o < a->space->n_options; o++) {
        memset(choices, o, (size_t)a->space->n_slots);
        if (is_new(a, choices))
            return 0;
    }
    return 1;
}

/* The best result of the present climb, or -1 while it has none. */
static int climb_top(const struct agent *a)
{
    int top = -1;
    for (int i = a->climb_from; i < a->trials.n; i++) {
        const struct trial *t = &a->trials.trial[i];
        if (t->told && t->outcome == AGENT_MEASURED && (top < 0 || t->reward > a->trials.trial[top].reward))
            top = i;
    }
    return top;
}

/* A new neighbour of the climb's top, every one with equal probability. Returns 1 when all are known: a local optimum. */
static int propose_neighbour(struct agent *a, const uint8_t *top, uint8_t *choices)
{
    uint8_t look[SPACE_SLOTS_MAX];
    uint32_t n = 0;
    for (int i = 0; i < a->space->n_slots; i++)
        for (int o = 0; o < a->space->n_options; o++) {
            memcpy(look, top, (size_t)a->space->n_slots);
            look[i] = (uint8_t)o;
            if (is_new(a, look) && rng_below(&a->rng, ++n) == 0)
                memcpy(choices, look, (size_t)a->space->n_slots);
        }
    return n ? 0 : 1;
}

/* Local search with random restarts (White et al., arXiv:2005.02960), moving to the first improvement. */
static int propose_climb(struct agent *a, uint8_t *choices)
{
    int top = climb_top(a);
    if (top >= 0 && propose_neighbour(a, trials_choices(&a->trials, top), choices) == 0)
        return 0;
    for (int i = 0; i < RESTARTS; i++)
        if (mind_sample_uniform(a, choices) == 0 && is_new(a, choices)) {
            a->climb_from = top >= 0 ? a->trials.n : a->climb_from; // still waiting for the first result: the climb goes on
            return 0;
        }
    return 1;
}

/* The exact answer for the whole budget, then for less and less of it (what the sum of sensitivities calls good), then a climb. */
static int propose_additive(struct agent *a, uint8_t *choices)
{
    int64_t least, most, fixed = a->space->flash_fixed_bytes, budget = a->space->flash_budget_bytes;
    space_flash_rest(a->space, 0, &least, &most);
    budget = budget > fixed + most ? fixed + most : budget;
    for (int i = a->trials.n; i < SIZES; i++) {
        int64_t flash = budget - (budget - fixed - least) * i / SIZES;
        if (knapsack_solve(a->space, flash, choices) == 0 && is_new(a, choices))
            return 0;
    }
    return propose_climb(a, choices);
}

int alternative_propose(struct agent *a, uint8_t *choices)
{
    return a->config.algorithm == AGENT_UNIFORM ? propose_uniform_setting(a, choices)
           : a->config.algorithm == AGENT_LOCAL ? propose_climb(a, choices)
                                                : propose_additive(a, choices);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/demonstration.h"

#include <math.h>
#include <string.h>

#define BOUND 3  // when a budget binds, which already says how small a good one is
#define LADDER 5 // uniform settings from the largest to the smallest, when no budget binds

static bool is_allowed(const struct space *s, int slot, int option)
{
    return s->slots[slot].allowed >> option & 1;
}

static bool fits(const struct space *s, const uint8_t *choices, int64_t flash)
{
    return space_flash_bytes(s, choices) <= flash && space_ram_bytes(s, choices) <= s->ram_budget_bytes;
}

static void cheapest(const struct space *s, uint8_t *choices)
{
    for (int i = 0; i < s->n_slots; i++) {
        int best = -1;
        for (int o = 0; o < s->n_options; o++)
            if (is_allowed(s, i, o) && (best < 0 || s->slots[i].flash_bytes[o] < s->slots[i].flash_bytes[best] ||
                                        (s->slots[i].flash_bytes[o] == s->slots[i].flash_bytes[best] &&
                                         s->options[o].a_bits < s->options[best].a_bits)))
                best = o;
        choices[i] = (uint8_t)best;
    }
}

/* The one change that takes away most sensitivity for a byte and still fits. Returns false when there is none. */
static bool improve(const struct space *s, uint8_t *choices, int64_t flash)
{
    double most = 0;
    int slot = -1, option = 0;
    for (int i = 0; i < s->n_slots; i++) {
        const struct space_slot *of = &s->slots[i];
        uint8_t was = choices[i];
        for (int o = 0; o < s->n_options; o++) {
            double gain = of->sensitivity[was] - of->sensitivity[o];
            if (!is_allowed(s, i, o) || gain <= 0)
                continue;
            int64_t bytes = of->flash_bytes[o] - of->flash_bytes[was];
            gain /= bytes > 1 ? (double)bytes : 1;
            choices[i] = (uint8_t)o;
            if (gain > most && fits(s, choices, flash)) {
                most = gain;
                slot = i;
                option = o;
            }
        }
        choices[i] = was;
    }
    if (slot >= 0)
        choices[slot] = (uint8_t)option;
    return slot >= 0;
}

static int least_sensitivity(const struct space *s, double share, uint8_t *choices)
{
    int64_t least, most, flash = s->flash_budget_bytes;
    space_flash_rest(s, 0, &least, &most);
    if (flash > s->flash_fixed_bytes + most)
        flash = s->flash_fixed_bytes + most;
    least += s->flash_fixed_bytes;
    flash = least + (int64_t)(share * (double)(flash - least));
    cheapest(s, choices);
    if (!fits(s, choices, s->flash_budget_bytes))
        return 1;
    while (improve(s, choices, flash))
        ;
    return 0;
}

/* The option with the `rank`-th largest flash summed over all slots. */
static int option_of_rank(const struct space *s, int rank)
{
    int64_t flash[SPACE_OPTIONS_MAX] = {0};
    for (int o = 0; o < s->n_options; o++)
        for (int i = 0; i < s->n_slots; i++)
            flash[o] += s->slots[i].flash_bytes[o];
    for (int o = 0; o < s->n_options; o++) {
        int larger = 0;
        for (int p = 0; p < s->n_options; p++)
            larger += flash[p] > flash[o] || (flash[p] == flash[o] && p < o);
        if (larger == rank)
            return o;
    }
    return 0;
}

/* Whether even the largest candidate fits: then nothing says how small a good one is. */
static bool is_free(const struct space *s)
{
    int64_t least, most;
    space_flash_rest(s, 0, &least, &most);
    return s->flash_fixed_bytes + most <= s->flash_budget_bytes;
}

static int uniform(const struct space *s, int option, uint8_t *choices)
{
    for (int slot = 0; slot < s->n_slots; slot++) {
        if (!is_allowed(s, slot, option))
            return 1;
        choices[slot] = (uint8_t)option;
    }
    return fits(s, choices, s->flash_budget_bytes) ? 0 : 1;
}

int demonstration_count(const struct space *s)
{
    return is_free(s) ? LADDER : BOUND;
}

int demonstration_of(const struct space *s, int i, uint8_t *choices)
{
    if (is_free(s)) {
        int rungs = s->n_options < LADDER ? s->n_options : LADDER;
        return i < rungs ? uniform(s, option_of_rank(s, rungs > 1 ? i * (s->n_options - 1) / (rungs - 1) : 0), choices) : 1;
    }
    if (i < 2)
        return least_sensitivity(s, i == 0 ? 1 : 0.75, choices);
    return i - 2 < s->n_options ? uniform(s, option_of_rank(s, i - 2), choices) : 1;
}

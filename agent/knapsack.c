// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/knapsack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 32768

static int steps_of(int64_t bytes, double unit)
{
    double steps = ceil((double)bytes / unit);
    return steps > STEPS ? STEPS + 1 : (int)steps;
}

/* From the best of the slots before at every size to the best with this slot. */
static void add_slot(const struct space *s, int slot, double unit, const double *from, double *to, uint8_t *chosen)
{
    const struct space_slot *of = &s->slots[slot];
    for (int i = 0; i <= STEPS; i++) {
        to[i] = INFINITY;
        chosen[i] = 0;
    }
    for (int o = 0; o < s->n_options; o++) {
        int cost = steps_of(of->flash_bytes[o], unit);
        if (!(of->allowed >> o & 1))
            continue;
        for (int i = cost; i <= STEPS; i++)
            if (from[i - cost] + of->sensitivity[o] < to[i]) {
                to[i] = from[i - cost] + of->sensitivity[o];
                chosen[i] = (uint8_t)o;
            }
    }
}

int knapsack_solve(const struct space *s, int64_t flash, uint8_t *choices)
{
    int64_t least, most, room = flash - s->flash_fixed_bytes;
    space_flash_rest(s, 0, &least, &most);
    if (room < least)
        return 1;
    room = room < most ? room : most;
    double unit = fmax(1, (double)room / STEPS);
    int last = (int)((double)room / unit);
    last = last > STEPS ? STEPS : last;
    double *best = calloc(2 * (STEPS + 1), sizeof *best), *from = best, *to = best + STEPS + 1;
    uint8_t *chosen = malloc((size_t)s->n_slots * (STEPS + 1));
    for (int slot = 0; best && chosen && slot < s->n_slots; slot++) {
        add_slot(s, slot, unit, from, to, chosen + (size_t)slot * (STEPS + 1));
        double *was = from;
        from = to;
        to = was;
    }
    int rc = !best || !chosen ? -1 : isinf(from[last]) ? 1 : 0;
    for (int slot = s->n_slots - 1, size = last; rc == 0 && slot >= 0; slot--) {
        choices[slot] = chosen[(size_t)slot * (STEPS + 1) + (size_t)size];
        size -= steps_of(s->slots[slot].flash_bytes[choices[slot]], unit);
    }
    free(best);
    free(chosen);
    return rc;
}

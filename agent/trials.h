// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent's memory: every candidate it proposed or was told of, with its result, and what the learner makes of them.
#ifndef PARE_AGENT_TRIALS_H
#define PARE_AGENT_TRIALS_H

#include "agent/critic.h"

#include <stddef.h>
#include <stdint.h>

enum agent_outcome {
    AGENT_MEASURED = 0, // `reward` counts
    AGENT_INFEASIBLE,   // the exact plan refused it: counts as the worst result so far
    AGENT_GIVEN_UP,     // never measured: teaches nothing, but is not proposed again
    AGENT_OUTCOME_COUNT,
};

struct trial {
    double reward;          // as told
    double log_probability; // under the policy that proposed it; 0 where it was no sample of the policy
    uint8_t told, outcome;
    uint8_t reserved[6]; // zero: saved states are compared byte for byte
};

struct trials {
    int n_slots, n, max, n_results;
    struct trial *trial; // [max] in order of proposal
    uint8_t *choices;    // [max * n_slots]
    uint16_t *order;     // [max] trials in order of their results
};

int trials_init(struct trials *t, int n_slots, int max); // 0, or -1 when out of memory
void trials_finish(struct trials *t);
size_t trials_bytes_each(int n_slots); // what one takes in a saved state

uint8_t *trials_choices(const struct trials *t, int i);
int trials_find(const struct trials *t, const uint8_t *choices); // index, or -1

/* Both need room: n < max. Returns the index of the new trial. */
int trials_add(struct trials *t, const uint8_t *choices, double log_probability);
void trials_tell(struct trials *t, int i, enum agent_outcome outcome, double reward);

/* The results that teach, in order, the newest CRITIC_TRIALS_MAX of them. Targets are asinh((R - median) / median absolute
 * deviation), standardized: a collapsed candidate costs tens of points and says little, and the logarithmic tails keep it from
 * drowning the rest. */
struct lessons {
    int n;
    int trial[CRITIC_TRIALS_MAX];
    const uint8_t *choices[CRITIC_TRIALS_MAX];
    double rewards[CRITIC_TRIALS_MAX], targets[CRITIC_TRIALS_MAX];
};

void trials_lessons(const struct trials *t, struct lessons *l);

/* The `most` best lessons, best first, as indices into `l`. Returns how many there are. */
int lessons_best(const struct lessons *l, int *best, int most);

#endif

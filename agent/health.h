// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How well the learning goes, in numbers and in words for the user.
#ifndef PARE_AGENT_HEALTH_H
#define PARE_AGENT_HEALTH_H

#include "agent/agent.h"

#define HEALTH_ADVICE_MAX 1024
#define HEALTH_RECENT 20 // candidates that shares are taken over: the newest

struct agent_health {
    int results, updates;
    double entropy_bits, entropy_most_bits; // of the policy, mean per slot, and the largest possible
    double critic_r2;  // of predictions of each result from all the others, on the critic's scale: 1 perfect, 0 no better than the mean; NAN below 8 results
    double flash_tight, ram_tight; // share of the recent candidates within 3 % of the budget; 0 without one
    double refused, given_up;      // share of the recent results
    int since_best;                // results since the best one
    char advice[HEALTH_ADVICE_MAX]; // sentences, each ended by a newline; empty when all is well
};

/* Looks at the agent as it is; nothing it will do changes. */
void agent_health_of(struct agent *a, struct agent_health *h);

#endif

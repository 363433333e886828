// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent's memory: every candidate it proposed or was told of, with its result, and what the learner makes of them.
#ifndef PARE_AGENT_TRIALS_H
#define PARE_AGENT_TRIALS_H

#include "agent/critic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum agent_outcome {
    AGENT_MEASURED = 0, // `reward` counts
    AGENT_INFEASIBLE,   // the exact plan refused it: counts as the worst result so far
    AGENT_GIVEN_UP,     // never measured: teaches nothing, but is not proposed again
    AGENT_ASIDE,        // `reward` teaches, but this is no answer: beyond a budget that only measuring shows, or dropped early and estimated
    AGENT_IMPORTED,     // measured elsewhere: `reward` teaches and its neighbours are looked at, but it is no answer and may be proposed itself
    AGENT_OUTCOME_COUNT,
};

enum agent_origin {
    AGENT_TOLD = 0,      // not proposed: came from elsewhere
    AGENT_DEMONSTRATION, // what a user would try first
    AGENT_SAMPLE,        // drawn from the policy
    AGENT_PICK,          // the critic's choice among neighbours of the best, samples and others
    AGENT_ANY,           // uniform over what fits
    AGENT_STEP,          // of an alternative algorithm: local search, sensitivity, uniform settings
    AGENT_ORIGIN_COUNT,
};

struct trial {
    double reward;          // as told
    double cost;            // as told, where the goal's cost is measured; else 0
    double log_probability; // under the policy that proposed it; 0 where it was no sample of the policy
    float expected, doubt;  // reward that the critic expected when it was proposed, and its standard deviation; doubt 0: it had no opinion
    uint8_t told, outcome, origin;
    uint8_t preference;     // of the episode, in 1/255: 0 for accuracy alone, 255 for cost alone
    uint8_t reserved[4];    // zero: saved states are compared byte for byte
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
int trials_find(const struct trials *t, const uint8_t *choices); // index, or -1; imported ones are not looked at

/* Both need room: n < max. Returns the index of the new trial. */
int trials_add(struct trials *t, const uint8_t *choices, enum agent_origin origin);
void trials_tell(struct trials *t, int i, enum agent_outcome outcome, double reward, double cost);

#define LESSONS_MAX 224     // results that teach at once
#define LESSONS_BEST 64     // of them, at least so many are the best so far; the others are the newest
#define IN_FLIGHT_MAX (CRITIC_TRIALS_MAX - LESSONS_MAX) // proposals without a result that are believed to be as predicted

/* Rewards as targets: asinh((R - median) / median absolute deviation), standardized: a collapsed candidate costs tens of points and
 * says little, and the logarithmic tails keep it from drowning the rest. */
struct lessons_scale {
    double median, deviation, mean, spread; // of the rewards, and of their asinh
};

/* The results that teach, in order. The critic learns what rewards leave open: their targets are of reward - known. */
struct lessons {
    int n;
    int trial[CRITIC_TRIALS_MAX];
    const uint8_t *choices[CRITIC_TRIALS_MAX];
    double rewards[CRITIC_TRIALS_MAX], targets[CRITIC_TRIALS_MAX];
    double costs[CRITIC_TRIALS_MAX];
    double known[CRITIC_TRIALS_MAX];        // part of the reward that was known beforehand
    bool has_known;
    bool aside[CRITIC_TRIALS_MAX];          // no answer: never the best, never on the front
    bool imported[CRITIC_TRIALS_MAX];       // aside, but worth searching around
    struct lessons_scale open, whole;       // of reward - known, which is what targets are of, and of rewards
};

/* `known` NULL: of no reward anything is known beforehand. */
void trials_lessons(const struct trials *t, double (*known)(void *user, const uint8_t *choices), void *user, struct lessons *l);

/* The target of a reward on a scale, and back. */
double lessons_target(const struct lessons_scale *s, double reward);
double lessons_reward(const struct lessons_scale *s, double target);

/* The `most` best lessons, best first, as indices into `l`; those aside only where there are no others. Returns how many there are. */
int lessons_best(const struct lessons *l, int *best, int most);

#endif

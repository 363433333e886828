// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What an agent is made of: for the files that share its work (agent, mind, learner, pool, alternative, agent_state, health), nobody else.
#ifndef PARE_AGENT_MIND_H
#define PARE_AGENT_MIND_H

#include "agent/agent.h"
#include "agent/critic.h"
#include "agent/goal.h"
#include "agent/policy.h"

struct agent {
    const struct space *space;
    struct agent_config config;
    struct policy policy;
    struct critic critic;
    struct critic cost_critic;  // of the standardized logarithm of what a measured cost is of the table's; else unused
    struct critic whole_critic; // of whole rewards where a part of them is known and `critic` learns the rest; else unused
    double trust;               // 0..1: share of `critic` in what both say
    double cost_mean, cost_spread;
    struct rng rng;
    struct trials trials;
    int n_updates;
    int climb_from;         // of local search: the trial that its present climb began with
    double *gradient;       // [policy.n_gradient], working space as what follows
    struct policy_step *steps; // [learner_rollouts * n_slots]
    struct lessons lessons, whole; // the second for whole_critic
    struct goal_view view, whole_view;
};

/* Whether a candidate is within the budgets, and may be within the limit of its costs. */
bool mind_fits(const struct agent *a, const uint8_t *choices);

/* The cost of a candidate: exact, or what the table of costs and the cost critic say. */
double mind_cost(const struct agent *a, const uint8_t *choices);

bool mind_has_measured_cost(const struct agent *a);

/* The part of a candidate's reward that needs no measurement. */
double mind_known(const struct agent *a, const uint8_t *choices);

/* Fills lessons and view from the results so far and fits the critics to them; `tune` first lets their own numbers move. Returns the
 * number of lessons; the critics are fitted if there are two or more. */
int mind_study(struct agent *a, bool tune);

/* Adds proposals without a result to the fit as if they were as predicted (the "kriging believer", Ginsbourger et al. 2010). */
void mind_believe(struct agent *a);

/* What the policy is to maximize, of a candidate and of lesson i without having seen it. */
double mind_utility(const struct agent *a, const uint8_t *choices, double cost, double preference);
double mind_utility_without(const struct agent *a, int i, double preference);

struct mind_opinion {
    double gain;            // to be expected of measuring it
    double expected, doubt; // reward and its standard deviation
};

void mind_judge(const struct agent *a, const uint8_t *choices, struct mind_opinion *o);

/* Of a saved state without any trials. */
size_t mind_fixed_bytes(const struct agent *a);

/* One update of the policy from the results so far. */
void learner_update(struct agent *a);
int learner_rollouts(int n_slots); // at once, at most

/* The new candidate that promises most. Notes what was expected of it in `expected` and `doubt`. Returns 0, or 1 when there is none. */
int pool_propose(struct agent *a, uint8_t *choices, float *expected, float *doubt);

int mind_sample_uniform(struct agent *a, uint8_t *choices); // 0, or 1 at a dead end

/* The next candidate of local search, sensitivity or uniform settings. Returns 0, or 1 when there is none. */
int alternative_propose(struct agent *a, uint8_t *choices);

#endif

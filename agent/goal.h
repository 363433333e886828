// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What is searched for: how much a candidate would improve on the results so far, and what the policy is to maximize.
#ifndef PARE_AGENT_GOAL_H
#define PARE_AGENT_GOAL_H

#include "agent/trials.h"

enum agent_goal {
    AGENT_BEST_REWARD = 0, // the highest reward within the budgets
    AGENT_LEAST_COST,      // the lowest cost with a reward of at least `floor`
    AGENT_WHOLE_FRONT,     // every trade-off of reward and cost
    AGENT_GOAL_COUNT,
};

/* The results so far as a goal sees them. */
struct goal_view {
    enum agent_goal goal;
    const struct lessons *lessons;
    double best;            // highest reward
    double floor, cheapest; // AGENT_LEAST_COST: the floor as a target; the lowest cost that reaches it, INFINITY if none
    double low, high, cost_low, cost_high; // ranges of targets and of costs seen
    double reward_low, reward_high;        // range of rewards
    int n_front;            // AGENT_WHOLE_FRONT: results that nothing beats, costs ascending
    int front[CRITIC_TRIALS_MAX];          // as indices into the lessons
    int n_centers, center[CRITIC_TRIALS_MAX]; // the same with imported results
    double front_cost[CRITIC_TRIALS_MAX], front_reward[CRITIC_TRIALS_MAX];
};

/* `floor` is a reward. `l` has one result at least and stays valid as long as the view. */
void goal_see(struct goal_view *v, enum agent_goal goal, const struct lessons *l, double floor);

/* What is to be expected of a candidate with this cost whose target is normally distributed. Higher is better, never negative:
 * expected improvement (Jones et al. 1998, eq. 15), times the probability of reaching the floor (Gardner et al. 2014), or of the hypervolume
 * between the front and the worst that was seen, in rewards, by quadrature, as cost is known exactly (Emmerich et al. 2011). `known` is the part
 * of its reward that is, with AGENT_BEST_REWARD. */
double goal_gain(const struct goal_view *v, double mean, double variance, double cost, double known);

/* What the policy maximizes: the target, of the whole reward; minus the cost while the floor is kept; or, for a preference 0..1 of cost, the augmented Chebyshev
 * scalarization of target and cost (Knowles 2006). */
double goal_utility(const struct goal_view *v, double target, double cost, double preference, double known);

/* The results worth searching around, at most `most`, as indices into the lessons. Returns how many. */
int goal_centers(const struct goal_view *v, int *centers, int most);

#endif

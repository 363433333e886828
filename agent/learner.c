// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One update of the policy: REINFORCE with the critic as control variate (see agent.h).
#include "agent/mind.h"

#include <math.h>
#include <string.h>

#define STEPS_PER_UPDATE 8 // of the optimizer, each on fresh roll-outs
#define GROUPS 12          // of roll-outs per step: those of a group share a preference
#define GROUP 8            // roll-outs of a group, whose mean is the baseline; without preferences all are one group
#define GROUP_LEAST 4      // in networks of many slots, so that an update keeps to its time
#define GROUP_SLOTS 160    // of all roll-outs of a group
#define RATIO_MAX 2.0      // truncation of importance weights (Ionides 2008) within an update
#define PRIOR_HOLD 0.2     // weight of the pull to an earlier agent's weights, at first
#define PRIOR_UPDATES 4.0  // in so many updates it halves
#define ENTROPY_FLOOR 0.15 // share of the largest entropy: below, the bonus is ENTROPY_BOOST times as large
#define ENTROPY_BOOST 10.0

static double cost_for(const struct agent *a, const uint8_t *choices)
{
    return a->config.goal == AGENT_BEST_REWARD ? 0 : mind_cost(a, choices);
}

static int group_size(int n_slots)
{
    int size = GROUP_SLOTS / n_slots;
    return size < GROUP_LEAST ? GROUP_LEAST : size > GROUP ? GROUP : size;
}

int learner_rollouts(int n_slots)
{
    return GROUPS * group_size(n_slots);
}

static struct policy_step *steps_of(struct agent *a, int rollout)
{
    return a->steps + (size_t)rollout * (size_t)a->space->n_slots;
}

/* E over a group's roll-outs of (q - mean q) grad log pi, and the entropy bonus. Returns their mean entropy. */
static double add_group(struct agent *a, int size, double bonus, double weight)
{
    uint8_t rollouts[GROUPS * GROUP][SPACE_SLOTS_MAX];
    double q[GROUPS * GROUP], mean = 0, entropy = 0, preference = (1 + a->policy.tilt) / 2;
    int n = 0;
    for (int i = 0; i < size; i++)
        if (policy_sample(&a->policy, &a->rng, rollouts[n], steps_of(a, n)) == 0) {
            q[n] = mind_utility(a, rollouts[n], cost_for(a, rollouts[n]), preference);
            mean += q[n++];
        }
    bonus *= weight / a->space->n_slots / n;
    for (int i = 0; i < n; i++)
        entropy += policy_gradient(&a->policy, rollouts[i], steps_of(a, i), weight * (q[i] - mean / n) / n, bonus, a->gradient) / n;
    return entropy;
}

static double add_rollouts(struct agent *a, double bonus)
{
    double entropy = 0;
    int size = group_size(a->space->n_slots);
    a->policy.tilt = 0;
    if (a->config.goal != AGENT_WHOLE_FRONT)
        return add_group(a, GROUPS * size, bonus, 1);
    for (int g = 0; g < GROUPS; g++) {
        a->policy.tilt = 2 * rng_uniform(&a->rng) - 1;
        entropy += add_group(a, size, bonus, 1.0 / GROUPS) / GROUPS;
    }
    return entropy;
}

/* The batch's (R - q without it) grad log pi, importance-weighted by how far the policy has moved within this update. */
static void add_results(struct agent *a)
{
    const struct lessons *l = &a->lessons;
    int first = l->n > a->config.batch ? l->n - a->config.batch : 0;
    for (int i = first; i < l->n; i++) {
        const struct trial *t = &a->trials.trial[l->trial[i]];
        double preference = t->preference / 255.0;
        if (t->log_probability >= 0)
            continue;
        a->policy.tilt = a->config.goal == AGENT_WHOLE_FRONT ? 2 * preference - 1 : 0;
        double ratio = exp(policy_log_probability(&a->policy, l->choices[i]) - t->log_probability);
        double surprise = goal_utility(&a->view, l->targets[i], l->costs[i], preference, l->known[i]) -
                          mind_utility_without(a, i, preference);
        policy_gradient(&a->policy, l->choices[i], NULL, fmin(ratio, RATIO_MAX) * surprise / (l->n - first), 0, a->gradient);
    }
}

/* The gradient of half the squared distance to what an earlier agent had learned, weaker with every update. */
static void add_prior(struct agent *a)
{
    int first = a->policy.cells;
    double hold = PRIOR_HOLD * exp2(-a->n_updates / PRIOR_UPDATES);
    for (int f = 0; a->config.prior && f < POLICY_SHARED; f++)
        a->gradient[first + f] += hold * (a->config.prior[f] - a->policy.parameters[first + f]);
}

void learner_update(struct agent *a)
{
    if (mind_study(a, true) < 2)
        return;
    policy_see(&a->policy);
    double entropy = agent_entropy_bits(a) * M_LN2, floor = ENTROPY_FLOOR * log(a->space->n_options);
    for (int step = 0; step < STEPS_PER_UPDATE; step++) {
        memset(a->gradient, 0, (size_t)a->policy.n_gradient * sizeof *a->gradient);
        entropy = add_rollouts(a, a->config.entropy * (entropy < floor ? ENTROPY_BOOST : 1));
        add_results(a);
        policy_settle(&a->policy, a->gradient);
        add_prior(a);
        policy_ascend(&a->policy, a->gradient, a->config.learning_rate);
    }
    a->policy.tilt = 0;
    a->n_updates++;
}

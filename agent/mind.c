// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the agent makes of its results: costs, the critics' fits, and what they say of a candidate.
#include "agent/mind.h"

#include "base/stats.h"

#include <math.h>
#include <string.h>

#define TRUST 2.0  // power of what a critic misses that its trust falls with
#define TINY 1e-6

bool mind_has_measured_cost(const struct agent *a)
{
    return a->config.goal != AGENT_BEST_REWARD && (a->config.cost == AGENT_COST_LATENCY || a->config.cost == AGENT_COST_ENERGY);
}

bool mind_fits(const struct agent *a, const uint8_t *choices)
{
    return space_fits(a->space, choices) && (!a->config.costs || costs_fit(a->config.costs, choices));
}

/* What the table of costs says; 1 where it says nothing. */
static double prior_cost(const struct agent *a, const uint8_t *choices)
{
    const struct costs *c = a->config.costs;
    double cost = !c ? 0 : a->config.cost == AGENT_COST_ENERGY ? costs_energy(c, choices) : costs_cycles(c, choices);
    return cost > 0 ? cost : 1;
}

double mind_cost(const struct agent *a, const uint8_t *choices)
{
    if (mind_has_measured_cost(a))
        return prior_cost(a, choices) * exp(a->cost_mean + a->cost_spread * critic_predict(&a->cost_critic, choices, NULL));
    if (a->config.cost == AGENT_COST_LATENCY || a->config.cost == AGENT_COST_ENERGY)
        return 0;
    return (double)(a->config.cost == AGENT_COST_RAM ? space_ram_bytes(a->space, choices) : space_flash_bytes(a->space, choices));
}

double mind_known(const struct agent *a, const uint8_t *choices)
{
    return a->lessons.has_known ? a->config.known(a->config.user, choices) : 0;
}

/* What has no cost, because it was refused, gets what the others say. */
static void study_costs(struct agent *a, bool tune)
{
    struct lessons *l = &a->lessons;
    double targets[CRITIC_TRIALS_MAX];
    const uint8_t *choices[CRITIC_TRIALS_MAX];
    int n = 0;
    for (int i = 0; i < l->n; i++)
        if (l->costs[i] > 0) {
            choices[n] = l->choices[i];
            targets[n++] = log(l->costs[i] / prior_cost(a, l->choices[i]));
        }
    a->cost_mean = n ? stats_mean(targets, n) : 0;
    a->cost_spread = n ? fmax(stats_stddev(targets, n), 1e-9) : 1;
    for (int i = 0; i < n; i++)
        targets[i] = (targets[i] - a->cost_mean) / a->cost_spread;
    (tune ? critic_tune : critic_fit)(&a->cost_critic, choices, targets, n);
    for (int i = 0; i < l->n; i++)
        if (!(l->costs[i] > 0))
            l->costs[i] = mind_cost(a, l->choices[i]);
}

/* Near the best, what is known and what is open often balance, so that the whole can be easier to learn than what is open. Both are fitted; each
 * is trusted by how little it misses of each of the better half of the results, from all the others: it is there that the best is looked for. */
static void study_whole(struct agent *a, bool tune)
{
    const struct lessons *l = &a->lessons;
    struct lessons *w = &a->whole;
    double missed = 0, missed_whole = 0;
    *w = *l;
    w->has_known = false;
    w->open = l->whole;
    memset(w->known, 0, sizeof w->known);
    for (int i = 0; i < l->n; i++)
        w->targets[i] = lessons_target(&l->whole, l->rewards[i]);
    (tune ? critic_tune : critic_fit)(&a->whole_critic, w->choices, w->targets, w->n);
    for (int i = 0; i < l->n; i++) {
        if (l->rewards[i] < l->whole.median)
            continue;
        double open = lessons_reward(&l->open, critic_predict_without(&a->critic, i));
        missed += fabs(w->targets[i] - lessons_target(&l->whole, open + l->known[i]));
        missed_whole += fabs(w->targets[i] - critic_predict_without(&a->whole_critic, i));
    }
    missed = pow(missed + TINY, TRUST);
    missed_whole = pow(missed_whole + TINY, TRUST);
    a->trust = missed_whole / (missed + missed_whole);
    goal_see(&a->whole_view, a->config.goal, w, a->config.floor);
}

int mind_study(struct agent *a, bool tune)
{
    struct lessons *l = &a->lessons;
    trials_lessons(&a->trials, a->config.known, a->config.user, l);
    if (l->n == 0)
        return 0;
    if (mind_has_measured_cost(a))
        study_costs(a, tune);
    for (int i = 0; i < l->n && !mind_has_measured_cost(a); i++)
        l->costs[i] = mind_cost(a, l->choices[i]);
    (tune ? critic_tune : critic_fit)(&a->critic, l->choices, l->targets, l->n);
    goal_see(&a->view, a->config.goal, l, a->config.floor);
    if (l->has_known)
        study_whole(a, tune);
    return l->n;
}

/* Adds a proposal to what is believed. */
static void believe(struct lessons *l, const struct critic *critic, const uint8_t *choices, double cost, double known)
{
    int n = l->n++;
    l->choices[n] = choices;
    l->targets[n] = critic_predict(critic, choices, NULL);
    l->known[n] = known;
    l->rewards[n] = lessons_reward(&l->open, l->targets[n]) + known;
    l->costs[n] = cost;
    l->aside[n] = l->imported[n] = false;
}

void mind_believe(struct agent *a)
{
    struct lessons *l = &a->lessons;
    int told = l->n;
    for (int i = a->trials.n - 1; i >= 0 && l->n < told + IN_FLIGHT_MAX; i--)
        if (!a->trials.trial[i].told) {
            const uint8_t *choices = trials_choices(&a->trials, i);
            double cost = mind_cost(a, choices);
            if (l->has_known)
                believe(&a->whole, &a->whole_critic, choices, cost, 0);
            believe(l, &a->critic, choices, cost, mind_known(a, choices));
        }
    if (l->n == told)
        return;
    critic_fit(&a->critic, l->choices, l->targets, l->n);
    goal_see(&a->view, a->config.goal, l, a->config.floor);
    if (!l->has_known)
        return;
    critic_fit(&a->whole_critic, a->whole.choices, a->whole.targets, a->whole.n);
    goal_see(&a->whole_view, a->config.goal, &a->whole, a->config.floor);
}

double mind_utility(const struct agent *a, const uint8_t *choices, double cost, double preference)
{
    double open = goal_utility(&a->view, critic_predict(&a->critic, choices, NULL), cost, preference, mind_known(a, choices));
    if (!a->lessons.has_known)
        return open;
    return a->trust * open + (1 - a->trust) * critic_predict(&a->whole_critic, choices, NULL);
}

double mind_utility_without(const struct agent *a, int i, double preference)
{
    const struct lessons *l = &a->lessons;
    double open = goal_utility(&a->view, critic_predict_without(&a->critic, i), l->costs[i], preference, l->known[i]);
    return l->has_known ? a->trust * open + (1 - a->trust) * critic_predict_without(&a->whole_critic, i) : open;
}

/* Reward that a critic expects, and its standard deviation. */
static void expect(const struct lessons_scale *scale, double mean, double variance, double known, double share, struct mind_opinion *o)
{
    double s = sqrt(variance);
    o->expected += share * (lessons_reward(scale, mean) + known);
    o->doubt += share * (lessons_reward(scale, mean + s) - lessons_reward(scale, mean - s)) / 2;
}

void mind_judge(const struct agent *a, const uint8_t *choices, struct mind_opinion *o)
{
    double variance, mean = critic_predict(&a->critic, choices, &variance), known = mind_known(a, choices), cost = mind_cost(a, choices);
    double trust = a->lessons.has_known ? a->trust : 1;
    *o = (struct mind_opinion){.gain = trust * goal_gain(&a->view, mean, variance, cost, known)};
    expect(&a->lessons.open, mean, variance, known, trust, o);
    if (!a->lessons.has_known)
        return;
    mean = critic_predict(&a->whole_critic, choices, &variance);
    o->gain += (1 - trust) * goal_gain(&a->whole_view, mean, variance, cost, 0);
    expect(&a->whole.open, mean, variance, 0, 1 - trust, o);
}

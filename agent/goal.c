// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/goal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NODES 12          // of the quadrature over a candidate's reward
#define REACH 2.6         // its range in standard deviations
#define HEADROOM 0.1      // a reward may exceed the best so far by this share of the range
#define SHORTFALL 3.0     // utility lost per unit of target below the floor
#define AUGMENTED 0.05    // share of the sum in the Chebyshev scalarization

static void see_ranges(struct goal_view *v)
{
    const struct lessons *l = v->lessons;
    v->low = v->cost_low = v->reward_low = INFINITY;
    v->high = v->cost_high = v->reward_high = -INFINITY;
    for (int i = 0; i < l->n; i++) {
        v->low = fmin(v->low, l->targets[i]);
        v->high = fmax(v->high, l->targets[i]);
        v->reward_low = fmin(v->reward_low, l->rewards[i]);
        v->reward_high = fmax(v->reward_high, l->rewards[i]);
        v->cost_low = fmin(v->cost_low, l->costs[i]);
        v->cost_high = fmax(v->cost_high, l->costs[i]);
    }
    v->best = -INFINITY;
    for (int i = 0; i < l->n; i++)
        if (!l->aside[i])
            v->best = fmax(v->best, l->rewards[i]);
    v->best = isfinite(v->best) ? v->best : v->reward_low;
}

/* Inserts result i into the front sorted by cost, unless something on it is at least as good; drops what it beats. */
static void add_to_front(struct goal_view *v, int i)
{
    const struct lessons *l = v->lessons;
    int at = 0, n = 0;
    for (int f = 0; f < v->n_front; f++)
        if (v->front_cost[f] <= l->costs[i] && v->front_reward[f] >= l->rewards[i])
            return;
    for (int f = 0; f < v->n_front; f++)
        if (v->front_cost[f] < l->costs[i] || v->front_reward[f] > l->rewards[i])
            v->front[n++] = v->front[f];
    while (at < n && l->costs[v->front[at]] < l->costs[i])
        at++;
    for (int f = n; f > at; f--)
        v->front[f] = v->front[f - 1];
    v->front[at] = i;
    v->n_front = n + 1;
    for (int f = 0; f < v->n_front; f++) {
        v->front_cost[f] = l->costs[v->front[f]];
        v->front_reward[f] = l->rewards[v->front[f]];
    }
}

/* What is worth searching around, then what was really found. */
static void see_front(struct goal_view *v)
{
    const struct lessons *l = v->lessons;
    for (int i = 0; i < l->n; i++)
        if (!l->aside[i] || l->imported[i])
            add_to_front(v, i);
    v->n_centers = v->n_front;
    memcpy(v->center, v->front, sizeof v->center);
    v->n_front = 0;
    for (int i = 0; i < l->n; i++)
        if (!l->aside[i])
            add_to_front(v, i);
}

void goal_see(struct goal_view *v, enum agent_goal goal, const struct lessons *l, double floor)
{
    v->goal = goal;
    v->lessons = l;
    v->n_front = 0;
    v->floor = lessons_target(&l->open, floor);
    v->cheapest = INFINITY;
    see_ranges(v);
    if (goal == AGENT_WHOLE_FRONT)
        see_front(v);
    for (int i = 0; i < l->n; i++) {
        if (l->rewards[i] >= floor && !l->aside[i])
            v->cheapest = fmin(v->cheapest, l->costs[i]);
    }
}

static double density(double u)
{
    return exp(-u * u / 2) / sqrt(2 * M_PI);
}

static double probability(double u)
{
    return 0.5 * erfc(-u / M_SQRT2);
}

/* What is open must reach what the best leaves when the candidate's known part is taken off; how much is won counts on the scale of whole rewards. */
static double gain_of_reward(const struct goal_view *v, double mean, double s, double known)
{
    const struct lessons *l = v->lessons;
    double u = (mean - lessons_target(&l->open, v->best - known)) / s, unit = s;
    if (l->has_known)
        unit = (goal_utility(v, mean + s, 0, 0, known) - goal_utility(v, mean - s, 0, 0, known)) / 2;
    return unit * (u * probability(u) + density(u));
}

static double gain_of_cost(const struct goal_view *v, double mean, double s, double cost)
{
    double reaches = probability((mean - v->floor) / s);
    if (!isfinite(v->cheapest))
        return reaches;
    return cost > 0 && v->cheapest > cost ? log(v->cheapest / cost) * reaches : 0;
}

/* Area that a point adds below the stairs: beyond its cost, above what the front reaches there. */
static double area_of(const struct goal_view *v, double cost, double reward)
{
    double area = 0, reached = v->reward_low, from = cost, end = v->cost_high * 1.001;
    for (int f = 0; f < v->n_front && from < end; f++) {
        if (v->front_cost[f] > from) {
            if (reward > reached)
                area += (v->front_cost[f] - from) * (reward - reached);
            from = v->front_cost[f];
        }
        reached = v->front_reward[f];
        if (reached >= reward)
            return area;
    }
    return area + (from < end && reward > reached ? (end - from) * (reward - reached) : 0);
}

static double gain_of_front(const struct goal_view *v, double mean, double s, double cost)
{
    double most = v->reward_high + HEADROOM * (v->reward_high - v->reward_low), sum = 0, weights = 0;
    for (int i = 0; i < NODES; i++) {
        double u = REACH * (2 * (i + 0.5) / NODES - 1), w = density(u);
        sum += w * area_of(v, cost, fmin(lessons_reward(&v->lessons->open, mean + s * u), most));
        weights += w;
    }
    return sum / weights;
}

double goal_gain(const struct goal_view *v, double mean, double variance, double cost, double known)
{
    double s = sqrt(variance);
    return v->goal == AGENT_LEAST_COST    ? gain_of_cost(v, mean, s, cost)
           : v->goal == AGENT_WHOLE_FRONT ? gain_of_front(v, mean, s, cost)
                                          : gain_of_reward(v, mean, s, known);
}

static double share(double x, double low, double high)
{
    return high > low ? (x - low) / (high - low) : 0;
}

double goal_utility(const struct goal_view *v, double target, double cost, double preference, double known)
{
    if (v->goal == AGENT_BEST_REWARD)
        return v->lessons->has_known ? lessons_target(&v->lessons->whole, lessons_reward(&v->lessons->open, target) + known) : target;
    double size = share(cost, v->cost_low, v->cost_high), lost = 1 - share(target, v->low, v->high);
    if (v->goal == AGENT_LEAST_COST)
        return -2 * size - SHORTFALL * fmax(0, v->floor - target);
    size *= preference;
    lost *= 1 - preference;
    return -3 * (fmax(lost, size) + AUGMENTED * (lost + size)); // 3: about standardized, as targets are
}

/* The cheapest that reach the floor; while none does, the best. */
static int cheapest_centers(const struct goal_view *v, int *centers, int most)
{
    const struct lessons *l = v->lessons;
    int n = 0;
    for (int i = 0; i < l->n; i++) {
        if (l->targets[i] < v->floor || (l->aside[i] && !l->imported[i]))
            continue;
        int at = n < most ? n++ : most;
        for (; at > 0 && l->costs[i] < l->costs[centers[at - 1]]; at--)
            if (at < most)
                centers[at] = centers[at - 1];
        if (at < most)
            centers[at] = i;
    }
    return n ? n : lessons_best(l, centers, most);
}

int goal_centers(const struct goal_view *v, int *centers, int most)
{
    if (v->goal == AGENT_BEST_REWARD)
        return lessons_best(v->lessons, centers, most);
    if (v->goal == AGENT_LEAST_COST)
        return cheapest_centers(v, centers, most);
    int n = v->n_centers < most ? v->n_centers : most;
    if (n == 0)
        return lessons_best(v->lessons, centers, most);
    for (int i = 0; i < n; i++) // spread over the front
        centers[i] = v->center[n > 1 ? i * (v->n_centers - 1) / (n - 1) : 0];
    return n;
}

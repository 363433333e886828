// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The policy: for every slot, in order, a masked categorical distribution over the space's options.
//
//     logit(slot, option) = theta[slot][option] + w . traits(slot, option, before) + perceptron(features(slot, option), before)
//
// theta learns what is special to a slot; w and the perceptron (perceptron.h), what holds for all slots and for other networks too: the first by a few
// traits that each have a plain meaning and are learned from few results, the second by whatever it makes of all features (feature.h). Traits are the
// option's sensitivity, its share of the slot's flash while much or little of the budget remains, sensitivity weighed by the slot's size, and flash
// under the preference of the moment (when several objectives are searched at once). A linear and a deep part side by side: Cheng et al. 2016.
// At first only w is away from zero.
#ifndef PARE_AGENT_POLICY_H
#define PARE_AGENT_POLICY_H

#include "agent/costs.h"
#include "agent/feature.h"
#include "agent/perceptron.h"
#include "agent/space.h"
#include "base/rng.h"

#define POLICY_TRAITS 5
#define POLICY_SHARED (POLICY_TRAITS + PERCEPTRON_PARAMETERS) // parameters that are not a slot's; AGENT_PRIOR too

struct policy {
    const struct space *space;
    struct space_walk walk;
    const struct costs *costs; // whose limit masks, and what layers cost; NULL: none
    double tilt;         // preference of the moment: 1 for small candidates, -1 for accurate ones, 0 between or where there is none
    int cells;           // n_slots * n_options
    int n;               // parameters: cells of theta, POLICY_TRAITS of w, the perceptron's
    int n_gradient;      // n, and PERCEPTRON_UNITS of each cell
    int steps;           // of Adam
    double *parameters;  // [n]
    double *m, *v;       // [n] each: Adam's moments
    struct features features;
    double *fixed;       // [cells][PERCEPTRON_UNITS]: what features and parameters say before anything is decided
};

/* What a slot's decision was made from: enough for its gradient. */
struct policy_step {
    double before[BEFORE_FEATURES];
    double probabilities[SPACE_OPTIONS_MAX]; // 0 where masked
};

/* Allocates for a checked `space`, which must outlive the policy. Returns 0, or -1 when out of memory. */
int policy_init(struct policy *p, const struct space *space);
void policy_finish(struct policy *p);

/* To be called when parameters were changed from outside, or the costs have learned. */
void policy_see(struct policy *p);

/* The distribution of `slot` given the choices before it: probabilities[n_options], 0 where masked. Returns the mask; 0 (and no
 * probabilities) at a dead end. */
uint32_t policy_distribution(const struct policy *p, const uint8_t *choices, int slot, double *probabilities);

/* Samples a whole candidate; steps[n_slots] (may be NULL) is how. Returns 0, or 1 at a dead end (see space_mask). */
int policy_sample(const struct policy *p, struct rng *r, uint8_t *choices, struct policy_step *steps);

/* The most probable choice in every slot, in order; at a dead end the slots that remain get their first allowed option. */
void policy_mode(const struct policy *p, uint8_t *choices);

/* log pi(choices). -INFINITY where a choice is masked. */
double policy_log_probability(const struct policy *p, const uint8_t *choices);

/* Returns the mean entropy of the slots' distributions, in nats.
 * Adds weight * grad log pi(choices) + entropy * grad sum_slots H(pi(. | choices before)) to gradient[n_gradient]; the perceptron's part is
 * complete after policy_settle. `steps` are those of policy_sample, parameters unchanged since; NULL: they are made anew. */
double policy_gradient(const struct policy *p, const uint8_t *choices, const struct policy_step *steps, double weight, double entropy, double *gradient);
void policy_settle(const struct policy *p, double *gradient);

/* One step of Adam (Kingma and Ba 2015, b1 0.9, b2 0.99) uphill along a settled `gradient`. */
void policy_ascend(struct policy *p, const double *gradient, double learning_rate);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The policy: for every slot, in order, a masked categorical distribution over the space's options.
//
//     logit(slot, option) = theta[slot][option] + sum_f w[f] * feature_f(slot, option, what was chosen before)
//
// theta learns what is special to a slot, w what holds for all: features are the option's sensitivity, its share of the slot's
// flash while much or little of the budget remains, sensitivity weighed by the slot's size, and flash under the preference of the moment
// (when several objectives are searched at once). Only w starts away from zero.
#ifndef PARE_AGENT_POLICY_H
#define PARE_AGENT_POLICY_H

#include "agent/costs.h"
#include "agent/space.h"
#include "base/rng.h"

#define POLICY_FEATURES 5 // AGENT_PRIOR too

struct policy {
    const struct space *space;
    struct space_walk walk;
    const struct costs *costs; // whose limit masks, too; NULL: none
    double tilt;         // preference of the moment: 1 for small candidates, -1 for accurate ones, 0 between or where there is none
    int n;               // parameters: n_slots * n_options of theta, then POLICY_FEATURES of w
    int steps;           // of Adam
    double *parameters;  // [n]
    double *m, *v;       // [n] each: Adam's moments
    double *damage;      // [n_slots * n_options] log10 of sensitivity, standardized over the space
    double *size;        // [n_slots] log10 of parameters, standardized
    double *flash;       // [n_slots * n_options] share of the slot's largest
};

/* Allocates for a checked `space`, which must outlive the policy. Returns 0, or -1 when out of memory. */
int policy_init(struct policy *p, const struct space *space);
void policy_finish(struct policy *p);

/* The distribution of `slot` given the choices before it: probabilities[n_options], 0 where masked. Returns the mask; 0 (and no
 * probabilities) at a dead end. */
uint32_t policy_distribution(const struct policy *p, const uint8_t *choices, int slot, double *probabilities);

/* Samples a whole candidate. Returns 0, or 1 at a dead end (see space_mask). */
int policy_sample(const struct policy *p, struct rng *r, uint8_t *choices);

/* The most probable choice in every slot, in order; at a dead end the slots that remain get their first allowed option. */
void policy_mode(const struct policy *p, uint8_t *choices);

/* log pi(choices). -INFINITY where a choice is masked. */
double policy_log_probability(const struct policy *p, const uint8_t *choices);

/* Returns the mean entropy of the slots' distributions, in nats.
 * Adds weight * grad log pi(choices) + entropy * grad sum_slots H(pi(. | choices before)) to gradient[n]. */
double policy_gradient(const struct policy *p, const uint8_t *choices, double weight, double entropy, double *gradient);

/* One step of Adam (Kingma and Ba 2015, b1 0.9, b2 0.99) uphill along `gradient`. */
void policy_ascend(struct policy *p, const double *gradient, double learning_rate);

#endif

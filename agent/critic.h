// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The critic: what the results so far say about any candidate. A Gaussian process regression (Rasmussen and Williams 2006,
// section 2.2) with an additive kernel over the slots,
//     k(c, c') = 1/S sum_s exp(-|log2 w - log2 w'| - |log2 a - log2 a'|) [scheme differs: * 0.3] + z(c) z(c')
// where z is the standardized logarithm of the candidate's summed sensitivity. It serves as the policy gradient's baseline.
#ifndef PARE_AGENT_CRITIC_H
#define PARE_AGENT_CRITIC_H

#include "agent/space.h"

#define CRITIC_TRIALS_MAX 400 // the latest results it looks at: the fit takes their cube in time

struct critic {
    const struct space *space;
    int n;           // results fitted
    double *alike;   // [n_options * n_options] kernel of two options
    double *gram;    // [CRITIC_TRIALS_MAX^2] Cholesky factor of the kernel matrix, then its inverse
    double *alpha;   // [CRITIC_TRIALS_MAX]
    double *without; // [CRITIC_TRIALS_MAX] prediction of each result from all the others
    double *of_option; // [n_slots * n_options] the additive part of a prediction
    double of_damage;  // weight of z
    double damage_mean, damage_scale;
};

int critic_init(struct critic *c, const struct space *space); // 0, or -1 when out of memory
void critic_finish(struct critic *c);

/* Fits `n` <= CRITIC_TRIALS_MAX results: choices[i] points to n_slots option indices, targets[i] is about standardized. */
void critic_fit(struct critic *c, const uint8_t *const *choices, const double *targets, int n);

/* The expected target of a candidate; 0 before the first fit. */
double critic_predict(const struct critic *c, const uint8_t *choices);

/* What the fit would have said of its own result `i` without having seen it (closed form: Rasmussen and Williams, 5.12). */
double critic_predict_without(const struct critic *c, int i);

#endif

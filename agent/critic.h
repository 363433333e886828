// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The critic: what the results so far say about any candidate, and how sure they are. A Gaussian process regression (Rasmussen and
// Williams 2006, section 2.2) over the slots' settings, with the kernel
//     k(c, c') = m sum_i r_i/sum(r) exp(-r_i d_i) + (1 - m) exp(-sum_i r_i d_i) + sum_f w_f z_f(c) z_f(c')
// where d_i is how far apart the two settings of slot i are (|log2| of weight and of activation bits, 1 for another scheme), r_i how much
// slot i matters, and z_f a standardized feature of the whole candidate: the logarithms of its summed sensitivity and of its flash, and its mean
// width. The first term learns what each slot costs by itself, the second what only combinations show, the third trends.
// r, m, w and the noise follow from the results by their marginal likelihood
// (section 5.4.1), a few coordinates at a time. The critic is the policy gradient's baseline, and judges candidates before they are measured.
#ifndef PARE_AGENT_CRITIC_H
#define PARE_AGENT_CRITIC_H

#include "agent/space.h"

#define CRITIC_FEATURES 3
#define CRITIC_TRIALS_MAX 256 // results it looks at: the fit takes their cube in time

/* What is learned beside the results themselves: plain data, part of the agent's saved state. */
struct critic_tuning {
    double relevance[SPACE_SLOTS_MAX];
    double additive;      // m
    double weight[CRITIC_FEATURES]; // w
    double noise;         // variance that the kernel does not explain, relative to k
    int32_t next;         // the coordinate that is looked at next
    int32_t reserved;
};

/* Of two options in a slot: r exp(-r d) and r d. A pair, because their sums over the slots are most of the critic's work. */
typedef double critic_pair __attribute__((vector_size(16)));

struct critic {
    const struct space *space;
    struct critic_tuning *tuning;
    int n;              // results fitted
    const uint8_t **choices; // [CRITIC_TRIALS_MAX] of the results; the caller's, valid until the next fit
    double *distance;   // [n_options * n_options] of two options
    critic_pair *pairs; // [n_slots * n_options * n_options]
    double *gram;       // [CRITIC_TRIALS_MAX^2] inverse of the kernel matrix' Cholesky factor
    double *alpha;      // [CRITIC_TRIALS_MAX]
    double *without;    // [CRITIC_TRIALS_MAX] prediction of each result from all the others
    double (*z)[CRITIC_FEATURES]; // [CRITIC_TRIALS_MAX] of each result
    double scale;       // variance of the kernel
    double mean[CRITIC_FEATURES], spread[CRITIC_FEATURES]; // of the features; spread inverted
};

int critic_init(struct critic *c, const struct space *space); // 0, or -1 when out of memory
void critic_finish(struct critic *c);

/* Tunes a few coordinates and fits `n` <= CRITIC_TRIALS_MAX results: choices[i] points to n_slots option indices and stays valid until the next
 * fit, targets[i] is about standardized. */
void critic_tune(struct critic *c, const uint8_t *const *choices, const double *targets, int n);

/* Fits with the tuning as it is. */
void critic_fit(struct critic *c, const uint8_t *const *choices, const double *targets, int n);

/* The expected target of a candidate, 0 before the first fit; `variance` (may be NULL) becomes its uncertainty. */
double critic_predict(const struct critic *c, const uint8_t *choices, double *variance);

/* What the fit would have said of its own result `i` without having seen it (closed form: Rasmussen and Williams, 5.12). */
double critic_predict_without(const struct critic *c, int i);

#endif

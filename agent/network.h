// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The policy's network: one hidden layer, the same for every slot and option, so that it fits any network that is searched.
//
//     out(slot, option, before) = sum_u out_u s(bias_u + fixed_u . features(slot, option) + before_u . before) / sqrt(UNITS),  s(x) = x / (1 + |x|)
//
// Slots are decided in order, a dozen options each, thousands of times in an update: what does not depend on what was decided before is kept for
// each cell (a slot's option), and so is the gradient that reaches it.
#ifndef PARE_AGENT_NETWORK_H
#define PARE_AGENT_NETWORK_H

#include "agent/feature.h"

#define NETWORK_UNITS 8

/* All of its parameters, or their gradient; nothing but doubles. */
struct network_weights {
    double out[NETWORK_UNITS], bias[NETWORK_UNITS];
    double fixed[FEATURES][NETWORK_UNITS], before[BEFORE_FEATURES][NETWORK_UNITS];
};

#define NETWORK_PARAMETERS ((2 + FEATURES + BEFORE_FEATURES) * NETWORK_UNITS)

/* Makes weights that say nothing of any option (out is 0) and can learn; the same in every study. */
void network_start(struct network_weights *w);

/* The part of a cell's units that its features decide. */
void network_fix(const struct network_weights *w, const double *features, double *fixed);

/* The part that before[BEFORE_FEATURES] decides. */
void network_before(const struct network_weights *w, const double *before, double *part);

/* What the network says of a cell, and its units on the way. */
double network_out(const struct network_weights *w, const double *fixed, const double *before_part, double *units);

/* The way back of one cell: adds g * d out to the gradient of w->out, to `cell` (of what network_fix gave) and to `before_part`. */
void network_back(const struct network_weights *w, const double *units, double g, struct network_weights *gradient, double *cell, double *before_part);

/* From the gradient of before_part, and of a cell, to that of the weights. The bias is the cell's. */
void network_back_before(const double *before_part, const double *before, struct network_weights *gradient);
void network_back_cell(const double *cell, const double *features, struct network_weights *gradient);

#endif

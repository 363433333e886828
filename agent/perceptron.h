// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The policy's perceptron: one hidden layer, the same for every slot and option, so that it fits any network that is searched.
//
//     out(slot, option, before) = sum_u out_u s(bias_u + fixed_u . features(slot, option) + before_u . before) / sqrt(UNITS),  s(x) = x / (1 + |x|)
//
// Slots are decided in order, a dozen options each, thousands of times in an update: what does not depend on what was decided before is kept for
// each cell (a slot's option), and so is the gradient that reaches it.
#ifndef PARE_AGENT_PERCEPTRON_H
#define PARE_AGENT_PERCEPTRON_H

#include "agent/feature.h"

#define PERCEPTRON_UNITS 8

/* All of its parameters, or their gradient; nothing but doubles. */
struct perceptron_weights {
    double out[PERCEPTRON_UNITS], bias[PERCEPTRON_UNITS];
    double fixed[FEATURES][PERCEPTRON_UNITS], before[BEFORE_FEATURES][PERCEPTRON_UNITS];
};

#define PERCEPTRON_PARAMETERS ((2 + FEATURES + BEFORE_FEATURES) * PERCEPTRON_UNITS)

/* Makes weights that say nothing of any option (out is 0) and can learn; the same in every study. */
void perceptron_start(struct perceptron_weights *w);

/* The part of a cell's units that its features decide. */
void perceptron_fix(const struct perceptron_weights *w, const double *features, double *fixed);

/* The part that before[BEFORE_FEATURES] decides. */
void perceptron_before(const struct perceptron_weights *w, const double *before, double *part);

/* What the perceptron says of a cell, and its units on the way. */
double perceptron_out(const struct perceptron_weights *w, const double *fixed, const double *before_part, double *units);

/* The way back of one cell: adds g * d out to the gradient of w->out, to `cell` (of what perceptron_fix gave) and to `before_part`. */
void perceptron_back(const struct perceptron_weights *w, const double *units, double g, struct perceptron_weights *gradient, double *cell, double *before_part);

/* From the gradient of before_part, and of a cell, to that of the weights. The bias is the cell's. */
void perceptron_back_before(const double *before_part, const double *before, struct perceptron_weights *gradient);
void perceptron_back_cell(const double *cell, const double *features, struct perceptron_weights *gradient);

#endif

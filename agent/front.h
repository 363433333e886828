// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The Pareto front: the results that no other result beats in everything.
#ifndef PARE_AGENT_FRONT_H
#define PARE_AGENT_FRONT_H

#include <stdbool.h>

#define FRONT_OBJECTIVES_MAX 6

/* Marks in on_front[i] which of `n` points (points[i * n_objectives + k], smaller is better in each objective; negate what is to
 * grow) no other point dominates: at least as good everywhere and better somewhere. Equal points: the first stays. O(n^2). */
void front_mark(const double *points, int n, int n_objectives, bool *on_front);

#endif

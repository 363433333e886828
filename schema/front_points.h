// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The measured trials of a study as points, and which of them are on the Pareto front of chosen objectives.
#ifndef PARE_SCHEMA_FRONT_POINTS_H
#define PARE_SCHEMA_FRONT_POINTS_H

#include "schema/connection.h"

#include <stdbool.h>
#include <stdint.h>

#define FRONT_POINTS_OBJECTIVES 5 // accuracy, flash, RAM, latency, energy

struct front_point {
    int trial;
    bool stored; // as trial.front says
    bool front;  // as front_points_mark found out
    int n;
    double cost[FRONT_POINTS_OBJECTIVES]; // [n], smaller is better; NAN where one is not known
};

struct front_points {
    int n;
    struct front_point *list; // heap
};

/* Reads the measured trials of `study` with the chosen `objectives` (STORE_BY_..., accuracy is always one). Returns 0, or what went
 * wrong; front_points_finish in any case. */
int front_points_read(struct connection *c, int64_t study, unsigned objectives, struct front_points *p, struct error *e);
void front_points_finish(struct front_points *p);

/* Sorts the points (best accuracy first) and marks those that no other one beats: at least as good everywhere, better somewhere. Of
 * equal points the lowest trial is marked. Points that lack an objective are not. O(n log n + n * front). */
void front_points_mark(struct front_points *p);

#endif

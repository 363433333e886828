// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The course of a long recording in few points: means over equal times, whose length doubles as often as need be.
#ifndef PARE_HWLINK_PROFILE_H
#define PARE_HWLINK_PROFILE_H

#include <stdint.h>

#define PROFILE_POINTS 64 // at most; at least half of them, once there are so many samples

struct profile {
    uint32_t n, per;    // whole points, and the samples in each
    uint32_t filled;    // samples in the present point
    double sum;         // of the present point
    double points[PROFILE_POINTS];
};

void profile_init(struct profile *p);

void profile_add(struct profile *p, double value);

/* What was recorded so far, in whole points times `scale`, rounded; negative values count as 0. Returns how many. */
uint32_t profile_read(const struct profile *p, double scale, uint32_t out[PROFILE_POINTS]);

#endif

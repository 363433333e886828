// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The additive sensitivity problem: the least summed sensitivity within a size.
#ifndef PARE_AGENT_KNAPSACK_H
#define PARE_AGENT_KNAPSACK_H

#include "agent/space.h"

/* By dynamic programming over `flash` bytes, exactly up to 32 KiB; beyond, in 32768 steps, rounded up so that the answer always fits. RAM
 * does not count. Returns 0; 1 when nothing fits; -1 when out of memory. */
int knapsack_solve(const struct space *s, int64_t flash, uint8_t *choices);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Candidates worth measuring before anything is learned: what a user would try by hand.
#ifndef PARE_AGENT_DEMONSTRATION_H
#define PARE_AGENT_DEMONSTRATION_H

#include "agent/space.h"

#define DEMONSTRATIONS_MAX (2 + SPACE_OPTIONS_MAX)

/* How many of the first proposals are demonstrations: 3 when a budget binds, 5 when none does. Measured in docs/agent.md. */
int demonstration_count(const struct space *s);

/* Demonstration `i`. When flash binds, 0 and 1 have the least summed sensitivity that fits the whole, or three quarters of the flash between
 * the smallest candidate and the budget (greedy: the largest gain for a byte first, starting from the cheapest); then the uniform settings
 * that fit, largest first. When it does not, uniform settings from the largest to the smallest.
 * Returns 0, or 1 when there is none of this number (there may be later ones up to DEMONSTRATIONS_MAX). */
int demonstration_of(const struct space *s, int i, uint8_t *choices);

#endif

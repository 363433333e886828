// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Tells a core that only waits (a short loop that reads memory and changes nothing) from one that works.
#ifndef PARE_HWLINK_VBOARD_IDLE_H
#define PARE_HWLINK_VBOARD_IDLE_H

#include <stdbool.h>

struct machine;

/* True if the core, which must not be halted, goes round in a loop of a few instructions that read normal memory and end in the state
 * they began in, with no timer or interrupt under way: until memory is changed from outside, it will do nothing else. Executes up to two
 * dozen instructions to find out. */
bool idle_is_waiting(struct machine *m);

#endif

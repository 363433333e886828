// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Core clock, cache, cycle counter and the two pins that a meter watches.
#ifndef PARE_HWLINK_RUNNER_CLOCK_H
#define PARE_HWLINK_RUNNER_CLOCK_H

#include <stdint.h>

#define CLOCK_HZ 160000000u

/* From MSI at 4 MHz to 160 MHz by PLL1: step-down converter, voltage range 1 with booster, 4 wait states, prefetch, instruction cache as it is after
 * reset (2 ways), cycle counter running, pins low. Returns 0, or -1 if something did not become ready in time. */
int clock_start(void);

/* Forgets cached flash: a debugger may have written there. Every job begins with a cold cache. */
void clock_empty_cache(void);

void clock_window_pin(int high);
void clock_lap_pin(int high);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How much energy a virtual STM32U585 takes: every constant of the model stands in power.c, with its source.
#ifndef PARE_HWLINK_VBOARD_POWER_H
#define PARE_HWLINK_VBOARD_POWER_H

#include <stdbool.h>
#include <stdint.h>

/* How the part is fed and set up. */
struct power_setup {
    uint32_t supply_mv;
    uint32_t hclk_hz;
    bool smps;      // step-down converter; else the linear regulator
    bool debugger;  // halting debug is enabled
    bool deep;      // what sleeps, sleeps in Stop mode
};

/* What the part did in a short time, POWER_TIME_MAX at most. Times are 1/256 core cycles. */
#define POWER_TIME_MAX (1u << 26)
struct power_activity {
    uint64_t run_time, sleep_time;
    uint64_t flash_lines; // of 16 bytes, read from the flash array
};

/* Energy drawn from the supply, in femtojoules. */
uint64_t power_energy_fj(const struct power_setup *s, const struct power_activity *a);

/* How long that took, in picoseconds. */
uint64_t power_duration_ps(const struct power_setup *s, const struct power_activity *a);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How much energy a virtual STM32U585 takes: every constant of the model stands in power.c, with its source.
#ifndef PARE_HWLINK_VBOARD_POWER_H
#define PARE_HWLINK_VBOARD_POWER_H

#include "hwlink/vboard/rcc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Firmware that switches off SRAM blocks and clocks that it does not need, and firmware that does not. */
#define POWER_LEAN_PERMILLE 1000u
#define POWER_PLAIN_PERMILLE 1125u

/* How the part is fed and set up. */
struct power_setup {
    uint32_t supply_mv;
    uint32_t hclk_hz;
    int range;      // of the core's voltage, 1 (1.2 V) to 4
    bool smps;      // step-down converter; else the linear regulator
    uint32_t factor_permille; // set-up factor of the step-down converter's energy per cycle: POWER_LEAN, POWER_PLAIN or another
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

/* Fills in what clock and power registers say: hclk_hz, range, smps, and the factor: lean where an SRAM block is off. */
void power_setup_read(struct power_setup *s, const struct rcc *rcc);

/* In a line of text, of POWER_TEXT_MAX bytes at most. */
#define POWER_TEXT_MAX 128u
void power_setup_text(const struct power_setup *s, char *text, size_t size);

#endif

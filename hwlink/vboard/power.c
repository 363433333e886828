// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The power model. P = static + energy per core cycle + energy per flash line.
#include "hwlink/vboard/power.h"

/* By the step-down converter the power hardly depends on the supply, so energies are given. MLPerf Tiny round v1.2, closed,
 * STMicroelectronics, NUCLEO-U575ZI-Q at 1.8 V and 160 MHz: 141.1 (kws), 142.8 (vww), 145.1 (ic) and 149.3 (ad) pJ per cycle. The
 * same part in the streaming benchmark of round v1.3 took 11.47 mW at 160 MHz (36.3 % busy) and 9.52 mW at 60 MHz (97.0 % busy);
 * a straight line through 160 and 60 MHz has 1.6 mW at 0 MHz. */
#define STATIC_UW 1600u          // power that does not depend on the clock
#define RUN_FJ_PER_CYCLE 131000u // 141 pJ at 160 MHz, less 10 pJ of static power
#define LINE_FJ 200000u          // ad streams its weights from flash: 6.5 pJ more per cycle at 0.03 lines per cycle

/* By the linear regulator the current hardly depends on the supply. STM32U575/585 data sheet (DS13737, DS13086), as others quote
 * it: 84 uA/MHz in run mode at 160 MHz from flash, 4.35 mA asleep at 160 MHz, range 1. */
#define LDO_RUN_PC_PER_CYCLE 84u
#define SLEEP_PERMILLE 324u // 4.35 mA of 13.44 mA; taken for both regulators

/* Stop 2 with all SRAM kept, same sources: 8.2 uA (step-down converter) and 20.5 uA (linear regulator) at 3 V. */
#define STOP_SMPS_NA 8200u
#define STOP_LDO_NA 20500u

/* What an attached debugger keeps awake (debug power domain, trace clock). No published figure was found: an assumption that only has
 * to show that energy must not be measured with a debugger attached. */
#define DEBUGGER_UW 1500u

#define PS_PER_S 1000000000000u

static uint64_t cycles_of(uint64_t time)
{
    return time >> 8;
}

uint64_t power_duration_ps(const struct power_setup *s, const struct power_activity *a)
{
    return (a->run_time + a->sleep_time) * (PS_PER_S / 256) / s->hclk_hz;
}

/* Microwatts over picoseconds are attojoules. */
static uint64_t constant_fj(uint64_t microwatts, uint64_t ps)
{
    return microwatts * ps / 1000;
}

static uint64_t asleep_deep_fj(const struct power_setup *s, const struct power_activity *a)
{
    struct power_activity asleep = {.sleep_time = a->sleep_time};
    uint64_t nanowatts = (uint64_t)(s->smps ? STOP_SMPS_NA : STOP_LDO_NA) * s->supply_mv / 1000;
    return nanowatts * power_duration_ps(s, &asleep) / 1000000;
}

uint64_t power_energy_fj(const struct power_setup *s, const struct power_activity *a)
{
    struct power_activity awake = *a;
    if (s->deep)
        awake.sleep_time = 0;
    uint64_t ps = power_duration_ps(s, &awake);
    uint64_t per_cycle = s->smps ? RUN_FJ_PER_CYCLE : (uint64_t)LDO_RUN_PC_PER_CYCLE * s->supply_mv;
    uint64_t fj = (awake.run_time * per_cycle >> 8) + cycles_of(awake.sleep_time) * per_cycle * SLEEP_PERMILLE / 1000;
    fj += a->flash_lines * LINE_FJ;
    fj += s->smps ? constant_fj(STATIC_UW, ps) : 0; // the linear regulator's figures are whole
    fj += s->debugger ? constant_fj(DEBUGGER_UW, ps) : 0;
    return fj + (s->deep ? asleep_deep_fj(s, a) : 0);
}

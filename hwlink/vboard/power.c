// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The power model. P = static + energy per core cycle + energy per flash line.
#include "hwlink/vboard/power.h"

#include <stdio.h>

/* By the step-down converter the power hardly depends on the supply, so energies are given. MLPerf Tiny round v1.2, closed,
 * STMicroelectronics, NUCLEO-U575ZI-Q at 1.8 V and 160 MHz: 2579.0 (ic), 656.2 (kws), 1354.7 (vww) and 81.9 uJ (ad) for an inference;
 * with the cycles that this model counts they leave 140.5 pJ for a cycle within 1.6 %. That firmware switches off the SRAM
 * blocks and clocks that it does not need. In rounds v0.7 and v1.0 the same vendor's took 153 to 169 pJ for a cycle, with more clocks on and
 * both ways of the cache: the mean of eight results is 1.125 times as much, and taken for plain firmware (POWER_PLAIN_PERMILLE). */
#define RUN_FJ_PER_CYCLE 140500u
#define LINE_FJ 200000u // ad streams its weights from flash: 6.5 pJ more per cycle at 0.03 lines per cycle

/* By the linear regulator the current hardly depends on the supply. STM32U575/585 data sheet (DS13737, DS13086), as others quote
 * it: 84 uA/MHz in run mode at 160 MHz in range 1, 73 uA/MHz at 24 MHz in range 4, 4.35 mA asleep at 160 MHz, at 3 V. A current that
 * is proportional to clock and core voltage, and one that is not, meet both: 82.3 uA/MHz in range 1, and 0.27 mA. */
#define LDO_RUN_FC_PER_CYCLE 82300u
#define STATIC_NA 270000u
#define SLEEP_PERMILLE 324u // 4.35 mA of 13.44 mA; taken for both regulators

/* The same current at 1.2 V, by a converter of 80 % efficiency: an assumption, a hundredth of the power at 160 MHz. */
#define SMPS_STATIC_UW 400u

/* Core voltage of ranges 1 to 4 (RM0456, PWR), in hundredths of range 1's 1.2 V; charge follows it, energy its square. */
static const uint8_t core_voltage[] = {100, 92, 83, 75};

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

static uint64_t fj_per_cycle(const struct power_setup *s)
{
    uint64_t percent = core_voltage[s->range > 1 && s->range <= 4 ? s->range - 1 : 0];
    if (!s->smps)
        return (uint64_t)LDO_RUN_FC_PER_CYCLE * s->supply_mv / 1000 * percent / 100;
    return RUN_FJ_PER_CYCLE * percent / 100 * percent / 100 * s->factor_permille / 1000;
}

static uint64_t static_uw(const struct power_setup *s)
{
    return s->smps ? SMPS_STATIC_UW : (uint64_t)STATIC_NA * s->supply_mv / 1000000;
}

uint64_t power_energy_fj(const struct power_setup *s, const struct power_activity *a)
{
    struct power_activity awake = *a;
    if (s->deep)
        awake.sleep_time = 0;
    uint64_t ps = power_duration_ps(s, &awake), per_cycle = fj_per_cycle(s);
    uint64_t fj = (awake.run_time * per_cycle >> 8) + cycles_of(awake.sleep_time) * per_cycle * SLEEP_PERMILLE / 1000;
    fj += a->flash_lines * LINE_FJ;
    fj += constant_fj(static_uw(s), ps);
    fj += s->debugger ? constant_fj(DEBUGGER_UW, ps) : 0;
    return fj + (s->deep ? asleep_deep_fj(s, a) : 0);
}

void power_setup_read(struct power_setup *s, const struct rcc *rcc)
{
    s->hclk_hz = rcc_hclk_hz(rcc);
    s->smps = rcc_uses_smps(rcc);
    s->range = rcc_voltage_range(rcc);
    s->factor_permille = rcc_sram_is_off(rcc) ? POWER_LEAN_PERMILLE : POWER_PLAIN_PERMILLE;
}

static const char *factor_name(uint32_t permille)
{
    return permille == POWER_LEAN_PERMILLE ? "lean: SRAM blocks off" : permille == POWER_PLAIN_PERMILLE ? "plain" : "declared";
}

void power_setup_text(const struct power_setup *s, char *text, size_t size)
{
    int n = snprintf(text, size, "%u mV, %s, range %d, %u.%03u MHz", (unsigned)s->supply_mv,
                     s->smps ? "step-down converter" : "linear regulator", s->range, (unsigned)(s->hclk_hz / 1000000),
                     (unsigned)(s->hclk_hz / 1000 % 1000));
    if (s->smps && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, ", set-up factor %u.%03u (%s)", (unsigned)(s->factor_permille / 1000),
                 (unsigned)(s->factor_permille % 1000), factor_name(s->factor_permille));
}

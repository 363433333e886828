// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The kinds of meters.
#include "hwlink/meter.h"

const struct meter_kind_actions *meter_actions(enum meter_kind kind)
{
    static const struct meter_kind_actions *const kinds[METER_KIND_COUNT] = {
        [METER_LPM01A] = &meter_lpm01a, [METER_LPM01A_ASCII] = &meter_lpm01a_ascii, [METER_V3PWR] = &meter_v3pwr,
        [METER_PPK2] = &meter_ppk2,     [METER_HWMON] = &meter_hwmon};
    return (unsigned)kind < METER_KIND_COUNT ? kinds[kind] : NULL;
}

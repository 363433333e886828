// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The kinds of meters.
#include "hwlink/meter.h"

const struct meter_kind_actions *meter_actions(enum meter_kind kind)
{
    return kind == METER_LPM01A ? &meter_lpm01a : NULL;
}

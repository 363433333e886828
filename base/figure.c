// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "base/figure.h"

#include "base/stats.h"

const char *unit_name(enum unit unit)
{
    static const char *const names[UNIT_COUNT] = {"none", "cycles", "nJ", "bytes", "correct"};
    return (unsigned)unit < UNIT_COUNT ? names[unit] : "unknown";
}

const char *origin_name(enum origin origin)
{
    static const char *const names[ORIGIN_COUNT] = {"none", "real", "virtual", "host", "planned", "predicted"};
    return (unsigned)origin < ORIGIN_COUNT ? names[origin] : "unknown";
}

struct figure figure_of(int64_t *values, int n, enum unit unit, enum origin origin)
{
    struct figure f = {.repeats = n, .unit = (uint8_t)unit, .origin = (uint8_t)origin};
    f.value = stats_median_i64(values, n); // sorts
    f.spread = values[n - 1] - values[0];
    return f;
}

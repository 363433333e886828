// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/profile.h"

#include <string.h>

void profile_init(struct profile *p)
{
    memset(p, 0, sizeof *p);
    p->per = 1;
}

static void halve(struct profile *p)
{
    for (uint32_t i = 0; i < PROFILE_POINTS / 2; i++)
        p->points[i] = (p->points[2 * i] + p->points[2 * i + 1]) / 2;
    p->n = PROFILE_POINTS / 2;
    p->per *= 2;
}

void profile_add(struct profile *p, double value)
{
    if (p->n == PROFILE_POINTS)
        halve(p);
    p->sum += value;
    if (++p->filled < p->per)
        return;
    p->points[p->n++] = p->sum / p->per;
    p->sum = 0;
    p->filled = 0;
}

uint32_t profile_read(const struct profile *p, double scale, uint32_t out[PROFILE_POINTS])
{
    for (uint32_t i = 0; i < p->n; i++) {
        double value = p->points[i] * scale + 0.5;
        out[i] = value < 0 ? 0 : value < 4e9 ? (uint32_t)value : UINT32_MAX;
    }
    return p->n;
}

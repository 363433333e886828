// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the policy sees: a slot's layer and an option in numbers that mean the same in every network, and what was decided before them.
// Geometry, position, multiplications and earlier choices are those of HAQ (Wang et al. 2019, section 3.1); sensitivity, memory and cycles are ours.
#ifndef PARE_AGENT_FEATURE_H
#define PARE_AGENT_FEATURE_H

#include "agent/costs.h"
#include "agent/space.h"

/* Of a slot and an option, whatever else is chosen. */
enum feature {
    FEATURE_PARAMETERS,  // logarithm, standardized over the slots; as is the next
    FEATURE_MACS,
    FEATURE_LATENCY,     // logarithm of its share of w8a8's cycles to an equal share; before they are measured, of its share of multiplications
    FEATURE_TAPS,        // of the kernel; logarithm, as are the next three; 0: not known
    FEATURE_INPUTS,      // channels
    FEATURE_OUTPUTS,
    FEATURE_PIXELS,
    FEATURE_STRIDE,      // 1: more than one
    FEATURE_DEPTHWISE,   // 1: so
    FEATURE_POSITION,    // from -1, the first slot, to 1, the last
    FEATURE_FIRST,       // 1: so; as is the next
    FEATURE_LAST,
    FEATURE_DAMAGE,      // logarithm of the option's sensitivity, standardized over the space
    FEATURE_FLASH,       // share of the slot's largest
    FEATURE_WEIGHT_BITS, // 1: 8
    FEATURE_ACTIVATION_BITS,
    FEATURE_POWERS,      // 1: powers of two
    FEATURE_FITTED,      // 1: trained, or codes of a fitted table
    FEATURE_CYCLES,      // logarithm of its cycles to w8a8's; 0: not known
    FEATURES
};

/* Of what was decided before a slot. */
enum feature_before {
    BEFORE_FLASH,           // share of what is left for this slot and the rest that they could make use of
    BEFORE_LATENCY,         // share of the limit that is left when they are as cheap as may be
    BEFORE_WEIGHT_BITS,     // of the slot before; 0 for the first
    BEFORE_ACTIVATION_BITS,
    BEFORE_DAMAGE,          // mean of those chosen
    BEFORE_PREFERENCE,      // 1 for small candidates, -1 for accurate ones
    BEFORE_FEATURES
};

struct features {
    const struct space *space;
    double (*of)[FEATURES]; // [n_slots * n_options]
};

/* Allocates for a checked `space`, which must outlive them. Returns 0, or -1 when out of memory. */
int features_init(struct features *f, const struct space *space);
void features_finish(struct features *f);

/* Takes over what `costs` (may be NULL) have learned of cycles. */
void features_see(struct features *f, const struct costs *costs);

const double *features_of(const struct features *f, int slot, int option);

#endif

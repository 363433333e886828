// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A number that was found out: an integer with its unit, repeats, spread and where it came from.
#ifndef PARE_BASE_FIGURE_H
#define PARE_BASE_FIGURE_H

#include <stddef.h>
#include <stdint.h>

enum unit {
    UNIT_NONE = 0,
    UNIT_CYCLES,     // core cycles, DWT CYCCNT
    UNIT_NANOJOULES, // energy of one inference
    UNIT_BYTES,
    UNIT_CORRECT, // correct answers; `of` has the number of questions
    UNIT_COUNT,
};

/* Nothing from a virtual board, a model or a prediction may pass as a measurement: every figure carries this. */
enum origin {
    ORIGIN_NONE = 0,
    ORIGIN_REAL,      // measured on a board
    ORIGIN_VIRTUAL,   // measured on a virtual board
    ORIGIN_HOST,      // computed exactly by the integer evaluator on the host
    ORIGIN_PLANNED,   // exact plan: flash and RAM
    ORIGIN_PREDICTED, // a model's guess
    ORIGIN_COUNT,
};

struct figure {
    int64_t value;  // median of the repeats
    int64_t spread; // largest minus smallest repeat
    int64_t of;     // the whole, where value is a part of it (UNIT_CORRECT); else 0
    int32_t repeats;
    uint8_t unit;   // enum unit
    uint8_t origin; // enum origin
};

const char *unit_name(enum unit unit);
const char *origin_name(enum origin origin); // "real", "virtual", "host", "planned", "predicted"

/* From `n` >= 1 repeats; `values` is sorted in place. */
struct figure figure_of(int64_t *values, int n, enum unit unit, enum origin origin);

#endif

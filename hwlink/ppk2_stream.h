// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a Nordic PPK2 sends: calibration as text, then 100,000 little-endian words a second: ADC [13:0], range [16:14], counter [23:18],
// logic inputs [31:24]. Pure. Source: NordicSemiconductor/pc-nrfconnect-ppk, src/device/serialDevice.ts; IRNAS/ppk2-api-python.
#ifndef PARE_HWLINK_PPK2_STREAM_H
#define PARE_HWLINK_PPK2_STREAM_H

#include "base/error.h"
#include "hwlink/power_trace.h"
#include "hwlink/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PPK2_HZ 100000u
#define PPK2_RANGES 5
#define PPK2_SAMPLES_MAX 60000000u // ten minutes

/* Of each range: I = ug (i0 (gs i0 + gi) + s Vdd + i) with i0 = (ADC - o) (1.8 / 163840) / r, in A. */
struct ppk2_calibration {
    double r[PPK2_RANGES], gs[PPK2_RANGES], gi[PPK2_RANGES], o[PPK2_RANGES], s[PPK2_RANGES], i[PPK2_RANGES], ug[PPK2_RANGES];
};

/* Reads "R0: 1031.64\n...END". What is not said keeps its usual value; a resistor must be told. Returns 0, or -1 with the reason. */
int ppk2_calibration_read(const char *text, struct ppk2_calibration *c, struct error *e);

struct ppk2_stream {
    const struct ppk2_calibration *calibration;
    double vdd; // V
    uint8_t word[4];
    size_t n;
    bool known;         // the phase of the bytes and the last counter are
    uint32_t counter;   // of the last sample
    uint32_t hunted;    // the last counter while the phase is not known
    uint32_t streak;    // words in a row whose counters follow each other
    uint32_t resyncs;   // bytes that were skipped for another phase
    /* the filter of the range switch */
    bool filtering;
    double average, average4;
    int range, after_switch, in_range;
    double last;        // A, of the last sample
    /* the window: logic input 0 is high */
    bool inside, ended;
    uint64_t samples, lost; // in the window; lost ones count as the one before
    double amperes;         // sum
    struct profile profile;
    struct power_trace *trace; // takes the window's samples, nA; NULL: nobody does
};

void ppk2_stream_init(struct ppk2_stream *s, const struct ppk2_calibration *calibration, uint32_t supply_mv);

/* Takes bytes in, in pieces as they come; nothing after `ended`. */
void ppk2_stream_take(struct ppk2_stream *s, const uint8_t *bytes, size_t n);

#endif

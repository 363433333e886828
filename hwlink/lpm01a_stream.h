// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What an X-NUCLEO-LPM01A sends while it records in format bin_hexa: samples and metadata out of bytes. Pure.
// Source: UM2269 as four public programs agree on it: a sample is 2 bytes, current = low 12 bits * 16^-(high 4 bits) A; metadata is
// F0 Fx ... FF FF (F1 error text, F2 text, F3 time stamp, F4 end, F5 overcurrent, F6 power down, F7 voltage).
#ifndef PARE_HWLINK_LPM01A_STREAM_H
#define PARE_HWLINK_LPM01A_STREAM_H

#include "hwlink/power_trace.h"
#include "hwlink/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LPM01A_FRAME_MAX 160  // longer metadata is garbage
#define LPM01A_SAMPLES_MAX 60000000u // ten minutes at 100 kHz: the sums stay exact enough and a lost edge ends

struct lpm01a_stream {
    uint8_t frame[LPM01A_FRAME_MAX]; // the sample or metadata that is being received
    size_t n;
    bool fixed_frames;      // STLINK-V3PWR: metadata has lengths instead of ends
    uint64_t samples;
    double amperes;         // sum over all samples
    uint64_t end_samples;   // samples before the falling edge, once `ended`
    double end_amperes;
    struct profile profile; // of the window, A
    struct power_trace *trace; // takes the window's samples, nA; NULL: nobody does
    bool ended;             // the falling edge was marked
    bool over;              // the instrument ended the recording
    bool repeated;          // it says that a waveform was streamed again
    uint32_t lost;          // bytes that were neither
    uint32_t voltage_mv;    // as it says; 0 if it does not
    char trouble[64];       // overcurrent, power down or its error text; empty if none
};

void lpm01a_stream_init(struct lpm01a_stream *s);

/* Takes `n` bytes in, in pieces as they come. */
void lpm01a_stream_take(struct lpm01a_stream *s, const uint8_t *bytes, size_t n);

/* The same for format ascii_dec: lines; a sample is "6409-07", which is 6409e-7 A. `frame` holds the line. */
void lpm01a_ascii_take(struct lpm01a_stream *s, const uint8_t *bytes, size_t n);

void lpm01a_stream_sample(struct lpm01a_stream *s, double amperes);

/* What a line of text in either format means: events, repetitions. */
void lpm01a_stream_text(struct lpm01a_stream *s, const char *text);

#endif

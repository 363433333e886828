// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An X-NUCLEO-LPM01A: its command language, its acquisition, its stream. Pure: bytes in, bytes out, cells of power in. Source: the
// command help of ST's UM2269 as public programs repeat it, and what they agree on of the two data formats.
#ifndef PARE_HWLINK_VBOARD_POWERSHIELD_H
#define PARE_HWLINK_VBOARD_POWERSHIELD_H

#include "base/buffer.h"
#include "base/rng.h"
#include "hwlink/vboard/waveform.h"

#include <stdbool.h>
#include <stdint.h>

#define POWERSHIELD_LINE_MAX 128u    // bytes of a command
#define POWERSHIELD_OUTPUT_MAX 65536u // bytes that wait for the host; then virtual time waits too
#define POWERSHIELD_OUTPUT_FULL 57344u
#define POWERSHIELD_OUTPUT_BRIM 65024u // where time does not wait (a debugger holds the board), samples are lost from here on

enum powershield_state {
    POWERSHIELD_IDLE = 0,
    POWERSHIELD_ARMED, // waits for the edge at D7
    POWERSHIELD_RUNNING,
};

struct powershield {
    /* Supplies the target, or cuts it off; called from inside powershield_take. */
    void (*supply)(void *user, bool on, uint32_t mv);
    void *user;
    char name[64]; // the unique ID it tells
    struct buffer out;

    bool host_control;
    uint32_t supply_mv, hz;
    uint64_t acquisition_us; // 0: until stopped
    bool energy, binary;     // else current; else ASCII
    bool trigger_d7;
    bool event_rising, event_falling;
    bool supplied, off_after, status_wanted;

    enum powershield_state state;
    struct waveform_sampler sampler;
    uint64_t samples;
    uint32_t events;
    bool event_due;      // goes out behind the sample that it falls into
    double residue;      // what rounding left over, in the unit of a sample: the sum stays right
    struct rng noise;
    double gain;         // of this recording
    struct waveform_cell gap; // of a targrst, that still has to be streamed
    char line[POWERSHIELD_LINE_MAX];
    uint32_t line_bytes;
};

/* Idle, 3.3 V, supplying. The owner has set nothing before and sets `supply`, `user` and `name` after. */
void powershield_init(struct powershield *p);
void powershield_finish(struct powershield *p);

/* Bytes from the host. */
void powershield_take(struct powershield *p, const uint8_t *bytes, size_t n);

/* Takes power as far as there is room for samples; what is left stays in `cell` (ps 0: all taken). */
void powershield_cell(struct powershield *p, struct waveform_cell *cell);

bool powershield_is_full(const struct powershield *p);

/* The level at D7 changed. */
void powershield_edge(struct powershield *p, int level);

/* A line of information in the stream; nothing unless running. */
void powershield_say(struct powershield *p, const char *text);

/* Noise of recordings from now on: a function of these alone. */
void powershield_seed(struct powershield *p, uint64_t seed, uint64_t repeat);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A power meter that supplies a board: power-cycle it, record one energy window.
#ifndef PARE_HWLINK_METER_H
#define PARE_HWLINK_METER_H

#include "base/error.h"
#include "hwlink/board_file.h"
#include "hwlink/power_trace.h"
#include "hwlink/profile.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define METER_NAME_MAX 96

/* One window: from the rising to the falling edge of the window pin. */
struct meter_window {
    int64_t energy_nj;     // over the whole window
    int64_t length_us;
    uint32_t samples;
    uint32_t lost;         // of these, that did not arrive and count as the one before
    bool marked;           // the end was marked by the instrument; else it is the expected length
    bool repeated;         // the (virtual) instrument says that a waveform was streamed again
    uint32_t n_points, points_uw[PROFILE_POINTS]; // the course of its power, in points of equal length
    int64_t point_us;
    const struct power_trace *trace; // all its samples, as one window
    char instrument[METER_NAME_MAX]; // name and firmware as it tells them
};

/* What is to be recorded. */
struct meter_wish {
    int64_t expected_us; // how long the window should last: for an instrument that cannot mark the falling edge it is what is integrated
                         // over
    int64_t lead_us;     // from the start of the runner to the window's rising edge, about
    uint64_t deadline_ms; // bounds the whole
};

struct meter;

/* An instrument kind: one file each. Everything is asynchronous; `done` is called once, later, from the loop. */
struct meter_kind_actions {
    const char *name;
    /* Starts talking. Returns NULL with the reason if the path cannot be opened. */
    struct meter *(*open)(uv_loop_t *loop, const struct board_file *file, struct error *e);
    /* Power off, power on, and record from the window's rising edge to its end. An instrument without `cycle` is told when the runner
     * starts. `status` 0, or -1 with `text`; both and `w` are valid during the call. */
    void (*record)(struct meter *m, const struct meter_wish *wish,
                   void (*done)(void *user, int status, const char *text, const struct meter_window *w), void *user);
    /* Takes the board's supply away for a while and gives it back. NULL for an instrument that cannot. */
    void (*cycle)(struct meter *m, uint64_t deadline_ms, void (*done)(void *user, int status, const char *text), void *user);
    /* Ends what runs (no callback of it) and leaves the target powered. */
    void (*close)(struct meter *m, void (*closed)(void *user), void *user);
};

extern const struct meter_kind_actions meter_lpm01a, meter_lpm01a_ascii, meter_v3pwr, meter_ppk2, meter_hwmon;

/* The kind's actions, or NULL for METER_NONE. */
const struct meter_kind_actions *meter_actions(enum meter_kind kind);

#endif

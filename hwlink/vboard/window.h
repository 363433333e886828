// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// An energy window of the runner: laps until two are alike, then the last one's waveform said again for all that are left. Pure.
#ifndef PARE_HWLINK_VBOARD_WINDOW_H
#define PARE_HWLINK_VBOARD_WINDOW_H

#include "hwlink/vboard/waveform.h"

#include <stdbool.h>
#include <stdint.h>

struct window {
    bool open;
    uint32_t laps;              // begun
    struct waveform_lap last, present;
    uint64_t to_repeat;         // laps that are still to be said again
    size_t next;                // cell of `last` that comes next
    uint64_t repeated;          // laps said again in this window
    uint64_t fj, ps;            // of the window so far, what is said again included
};

void window_open(struct window *w);
void window_close(struct window *w);
void window_finish(struct window *w); // frees

/* A cell inside the window. */
void window_cell(struct window *w, struct waveform_cell cell);

/* A lap begins. True if the two before it are alike, cell for cell: the rest may be repeated. */
bool window_lap(struct window *w);

/* Says the last whole lap again `laps` times: cells come from window_next until it returns false. */
void window_repeat(struct window *w, uint64_t laps);
bool window_next(struct window *w, struct waveform_cell *cell);

#endif

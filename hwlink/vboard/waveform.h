// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Power over virtual time: short cells of constant power, laps of cells that can be compared and said again, and their resampling to
// the rate of an instrument. Energy is conserved to the femtojoule. Pure.
#ifndef PARE_HWLINK_VBOARD_WAVEFORM_H
#define PARE_HWLINK_VBOARD_WAVEFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAVEFORM_CELL_CYCLES 1024u  // 6.4 us at 160 MHz: finer than a sample at 100 kHz
#define WAVEFORM_LAP_CELLS_MAX (4u << 20) // of one lap: 26 s at 160 MHz; longer laps are not repeated

/* Cells with energy last at most 100 us, so that products of both fit. */
struct waveform_cell {
    uint64_t ps;
    uint64_t fj;
};

/* One lap: what was drawn from its start on. */
struct waveform_lap {
    struct waveform_cell *cells;
    size_t n, capacity;
    bool complete; // no cell was lost (limit or memory)
};

void waveform_lap_begin(struct waveform_lap *l);
void waveform_lap_add(struct waveform_lap *l, struct waveform_cell cell);
bool waveform_lap_equal(const struct waveform_lap *a, const struct waveform_lap *b); // false if one is incomplete
void waveform_lap_finish(struct waveform_lap *l); // frees

struct waveform_sampler {
    uint64_t period_ps;
    uint64_t filled_ps;      // of the present sample
    uint64_t filled_fj;
};

void waveform_sampler_begin(struct waveform_sampler *s, uint32_t hz);

/* Takes as much of `cell` as fits into the present sample; the rest stays in `cell` (ps 0: all taken). Returns true with *fj when
 * the sample is complete. */
bool waveform_sampler_take(struct waveform_sampler *s, struct waveform_cell *cell, uint64_t *fj);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/window.h"

void window_open(struct window *w)
{
    w->open = true;
    w->laps = 0;
    w->to_repeat = w->repeated = 0;
    w->fj = w->ps = 0;
    waveform_lap_begin(&w->last);
    waveform_lap_begin(&w->present);
}

void window_close(struct window *w)
{
    w->open = false;
    w->to_repeat = 0;
}

void window_finish(struct window *w)
{
    waveform_lap_finish(&w->last);
    waveform_lap_finish(&w->present);
}

static void count(struct window *w, struct waveform_cell cell)
{
    w->fj += cell.fj;
    w->ps += cell.ps;
}

void window_cell(struct window *w, struct waveform_cell cell)
{
    count(w, cell);
    if (w->laps > 0)
        waveform_lap_add(&w->present, cell);
}

bool window_lap(struct window *w)
{
    bool alike = w->laps >= 2 && waveform_lap_equal(&w->last, &w->present);
    struct waveform_lap spare = w->last;
    w->laps++;
    w->last = w->present;
    w->present = spare;
    waveform_lap_begin(&w->present);
    return alike;
}

void window_repeat(struct window *w, uint64_t laps)
{
    w->to_repeat = laps;
    w->repeated += laps;
    w->next = 0;
}

bool window_next(struct window *w, struct waveform_cell *cell)
{
    if (w->to_repeat == 0)
        return false;
    *cell = w->last.cells[w->next++];
    count(w, *cell);
    if (w->next == w->last.n) {
        w->next = 0;
        w->to_repeat--;
    }
    return true;
}

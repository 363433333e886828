// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/waveform.h"

#include <stdlib.h>
#include <string.h>

void waveform_lap_begin(struct waveform_lap *l)
{
    l->n = 0;
    l->complete = true;
}

void waveform_lap_add(struct waveform_lap *l, struct waveform_cell cell)
{
    if (!l->complete)
        return;
    if (l->n == l->capacity) {
        size_t capacity = l->capacity ? 2 * l->capacity : 1024;
        struct waveform_cell *cells =
            l->capacity < WAVEFORM_LAP_CELLS_MAX ? realloc(l->cells, capacity * sizeof *cells) : NULL;
        if (!cells) {
            l->complete = false;
            return;
        }
        l->cells = cells;
        l->capacity = capacity;
    }
    l->cells[l->n++] = cell;
}

bool waveform_lap_equal(const struct waveform_lap *a, const struct waveform_lap *b)
{
    return a->complete && b->complete && a->n == b->n && a->n > 0 &&
           memcmp(a->cells, b->cells, a->n * sizeof *a->cells) == 0;
}

void waveform_lap_finish(struct waveform_lap *l)
{
    free(l->cells);
    memset(l, 0, sizeof *l);
}

void waveform_sampler_begin(struct waveform_sampler *s, uint32_t hz)
{
    s->period_ps = 1000000000000u / hz;
    s->filled_ps = s->filled_fj = 0;
}

bool waveform_sampler_take(struct waveform_sampler *s, struct waveform_cell *cell, uint64_t *fj)
{
    uint64_t room = s->period_ps - s->filled_ps;
    uint64_t ps = cell->ps < room ? cell->ps : room;
    uint64_t share = ps == cell->ps ? cell->fj : cell->fj * ps / cell->ps;
    s->filled_ps += ps;
    s->filled_fj += share;
    cell->ps -= ps;
    cell->fj -= share;
    if (s->filled_ps < s->period_ps)
        return false;
    *fj = s->filled_fj;
    s->filled_ps = s->filled_fj = 0;
    return true;
}

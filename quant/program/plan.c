// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Buffers are placed one after the other, each in the smallest gap that holds it between those that are alive
// at the same time. What matters is their order: three plain ones are tried, then random exchanges within the
// best, until the plan is as low as the most that is alive at once, or the tries are used up. The generator's
// seed is fixed.
#include "quant/program/plan.h"

#include "base/rng.h"
#include "quant/kernels/image.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_TRIES 2000       // exchanges, of a small network
#define PLAN_WORK (50u << 20) // pairs of buffers looked at in all exchanges: a bound on time for large ones

struct planner {
    const struct plan_buffer *buffers;
    int n;
    int *order, *best;
    int *alive;       // scratch: those placed that meet the one to be placed, by offset
    int64_t *offsets; // of the order being tried
    int64_t *best_offsets;
    int64_t peak; // of the best
};

static int64_t aligned(int64_t bytes)
{
    return (bytes + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

static bool meet(const struct plan_buffer *a, const struct plan_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Those of the first `placed` in order that meet buffer `b`, sorted by offset into p->alive. */
static int collect(const struct planner *p, int placed, int b)
{
    int n = 0;
    for (int i = 0; i < placed; i++) {
        int other = p->order[i];
        if (!p->buffers[other].bytes || !meet(&p->buffers[b], &p->buffers[other]))
            continue;
        int at = n++;
        for (; at > 0 && p->offsets[p->alive[at - 1]] > p->offsets[other]; at--)
            p->alive[at] = p->alive[at - 1];
        p->alive[at] = other;
    }
    return n;
}

static int64_t place(const struct planner *p, int placed, int b)
{
    int n = collect(p, placed, b);
    int64_t bytes = aligned(p->buffers[b].bytes), end = 0, best = -1, best_gap = INT64_MAX;
    for (int i = 0; i < n; i++) {
        int64_t start = p->offsets[p->alive[i]], gap = start - end;
        if (gap >= bytes && gap < best_gap)
            best_gap = gap, best = end;
        int64_t after = start + aligned(p->buffers[p->alive[i]].bytes);
        end = after > end ? after : end;
    }
    return best >= 0 ? best : end;
}

/* Places all in p->order; a better plan becomes the best. */
static bool try_order(struct planner *p)
{
    int64_t peak = 0;
    for (int i = 0; i < p->n; i++) {
        int b = p->order[i];
        p->offsets[b] = place(p, i, b);
        int64_t end = p->offsets[b] + p->buffers[b].bytes;
        peak = p->buffers[b].bytes && end > peak ? end : peak;
    }
    if (peak >= p->peak)
        return false;
    p->peak = peak;
    memcpy(p->best, p->order, (size_t)p->n * sizeof *p->best);
    memcpy(p->best_offsets, p->offsets, (size_t)p->n * sizeof *p->offsets);
    return true;
}

/* Stable insertion sort, largest key first. */
static void sort_by(struct planner *p, int64_t (*key)(const struct plan_buffer *))
{
    for (int i = 0; i < p->n; i++) {
        int at = i;
        for (; at > 0 && key(&p->buffers[p->order[at - 1]]) < key(&p->buffers[i]); at--)
            p->order[at] = p->order[at - 1];
        p->order[at] = i;
    }
}

static int64_t by_bytes(const struct plan_buffer *b)
{
    return b->bytes;
}

static int64_t by_area(const struct plan_buffer *b)
{
    return (int64_t)b->bytes * (b->last - b->first + 1);
}

static int64_t by_start(const struct plan_buffer *b)
{
    return -b->first;
}

static void exchange(struct planner *p, int64_t bound)
{
    struct rng r;
    rng_seed(&r, 1, 1);
    uint32_t n = (uint32_t)p->n, tries = n ? PLAN_WORK / (n * n) : 0;
    tries = tries < PLAN_TRIES ? tries : PLAN_TRIES;
    for (uint32_t i = 0; i < tries && p->peak > bound; i++) {
        memcpy(p->order, p->best, n * sizeof *p->order);
        for (uint32_t swaps = 1 + rng_below(&r, 3); swaps; swaps--) {
            uint32_t a = rng_below(&r, n), b = rng_below(&r, n);
            int kept = p->order[a];
            p->order[a] = p->order[b], p->order[b] = kept;
        }
        try_order(p);
    }
}

int64_t plan_lower_bound(const struct plan_buffer *buffers, int n)
{
    int64_t most = 0;
    for (int i = 0; i < n; i++) { // the most is alive where some buffer begins
        int64_t sum = 0, slack = 0;
        for (int k = 0; k < n; k++) {
            if (buffers[k].first > buffers[i].first || buffers[k].last < buffers[i].first)
                continue;
            int64_t bytes = aligned(buffers[k].bytes), over = bytes - buffers[k].bytes;
            sum += bytes;
            slack = over > slack ? over : slack;
        }
        most = sum - slack > most ? sum - slack : most;
    }
    return most;
}

int64_t plan_arena(struct plan_buffer *buffers, int n)
{
    static int64_t (*const keys[])(const struct plan_buffer *) = {by_bytes, by_area, by_start};
    struct planner p = {.buffers = buffers, .n = n, .peak = INT64_MAX};
    int *orders = calloc(3 * (size_t)n + 1, sizeof *orders);
    int64_t *offsets = calloc(2 * (size_t)n + 1, sizeof *offsets), bound = plan_lower_bound(buffers, n);
    if (orders && offsets) {
        p.order = orders, p.best = orders + n, p.alive = orders + 2 * n;
        p.offsets = offsets, p.best_offsets = offsets + n;
        for (size_t i = 0; i < sizeof keys / sizeof *keys && p.peak > bound; i++) {
            sort_by(&p, keys[i]);
            try_order(&p);
        }
        exchange(&p, bound);
        for (int i = 0; i < n; i++)
            buffers[i].offset = (uint32_t)p.best_offsets[i];
    }
    free(orders);
    free(offsets);
    return orders && offsets ? p.peak : -1;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How far instruction fetch is ahead of execution, where data and instructions share a bus.
//
// Fetch reads a word in each cycle that its bus is free, until TIMING_FETCH_AHEAD halfwords wait. Only an access to data on the same bus
// takes a cycle from it, so between two of those the number of halfwords never falls: it need not be kept up, but is worked out
// from the time and the address when the next one comes.
#include "hwlink/vboard/op.h"

#define LONG_AGO 1000000u // cycles; more would not fit into the sum below, and the queue is full after three

static unsigned halfwords_at(const struct core_region *region, uint32_t address)
{
    uint16_t first = 0;
    uint32_t at = address - region->base;
    if (at + 2 <= region->bytes)
        memcpy(&first, region->memory + at, 2);
    return first >> 11 >= 0x1d ? 2 : 1;
}

/* Since the last taken branch, if that is newer than the last access to data. Its target's first word is there when it issues; if the
 * target is an instruction that is split, the cycle which that costs has brought the second. */
static void start_at_entry(struct core *c)
{
    if (c->entry_time < c->ahead_time)
        return;
    c->ahead_time = c->entry_time;
    c->ahead_pc = c->entry->pc;
    c->ahead = c->entry->flags & OP_SPLIT ? 3 : c->entry->pc & 2 ? 1 : 2;
}

/* When the instruction began: its cost has been added to the time already. */
static int ahead_at(const struct core *c, const struct op *op)
{
    uint64_t cycles = (c->time - op->cost - c->ahead_time) >> CORE_TIME_BITS;
    int fetched = 2 * (int)(cycles < LONG_AGO ? cycles : LONG_AGO);
    int ahead = c->ahead + fetched - (int)(op->pc - c->ahead_pc) / 2;
    return ahead < TIMING_FETCH_AHEAD ? ahead : TIMING_FETCH_AHEAD;
}

uint32_t fetch_gives_way(struct machine *m, const struct op *op, uint32_t waited)
{
    struct core *c = &m->core;
    uint32_t next = op_next(op)->pc, stall = 0;
    start_at_entry(c);
    if (c->time != c->ahead_time) // else another word of the same instruction
        c->ahead = ahead_at(c, op) + 2 * (op->cost >> CORE_TIME_BITS) - (int)(next - op->pc) / 2;
    c->ahead -= 2;
    if (c->ahead < (int)halfwords_at(c->region, next)) {
        stall = TIMING_CYCLE;
        c->ahead += 2;
    }
    c->ahead_pc = next;
    c->ahead_time = c->time + waited + stall;
    return stall;
}

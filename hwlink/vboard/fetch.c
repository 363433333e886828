// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How far instruction fetch is ahead of execution, where data and instructions share a bus.
//
// Fetch reads a word in each cycle that its bus is free, until TIMING_FETCH_AHEAD bytes wait. Only an access to data on the same bus takes
// a cycle from it, so between two of those the number of bytes never falls: it need not be kept up, but is worked out from the
// time and the address when the next one comes.
#include "hwlink/vboard/op.h"

#define LONG_AGO (1000000u << CORE_TIME_BITS) // the queue is full, and more would not fit into a sum

/* Of an instruction; its slot may wait to be decoded. */
static inline int bytes_of(const struct op *op)
{
    return op->step == sizeof *op ? 2 : 4;
}

/* Since the last taken branch, if that is newer than the last access to data. Its target's first word is there when it issues; if the
 * target is an instruction that is split, the cycle which that costs has brought the second. */
static inline void start_at_entry(struct core *c)
{
    if (c->entry_time < c->ahead_time)
        return;
    c->ahead_time = c->entry_time;
    c->ahead_pc = c->entry->pc;
    c->ahead = c->entry->flags & OP_SPLIT ? 6 : c->entry->pc & 2 ? 2 : 4;
}

/* When the instruction began: its cost has been added to the time already. */
static inline int ahead_at(const struct core *c, const struct op *op)
{
    uint64_t time = c->time - op->cost - c->ahead_time;
    if (time > LONG_AGO)
        return TIMING_FETCH_AHEAD;
    int ahead = c->ahead + 4 * (int)(time >> CORE_TIME_BITS) - (int)(op->pc - c->ahead_pc);
    return ahead < TIMING_FETCH_AHEAD ? ahead : TIMING_FETCH_AHEAD;
}

uint32_t fetch_gives_way(struct machine *m, const struct op *op, uint32_t waited)
{
    struct core *c = &m->core;
    const struct op *next = op_next(op);
    uint64_t until = c->time + waited;
    start_at_entry(c);
    if (c->time != c->ahead_time) { // else another word of the same instruction
        c->ahead = ahead_at(c, op) + 4 * (op->cost >> CORE_TIME_BITS) - bytes_of(op);
        c->ahead_pc = next->pc;
    }
    if (c->ahead - 4 >= bytes_of(next)) {
        c->ahead -= 4;
        c->ahead_time = until;
        return 0;
    }
    c->ahead_time = until + TIMING_CYCLE; // in which the word comes that gave way
    return TIMING_CYCLE;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From code memory to ops: straight runs are decoded at once, because the time of an instruction depends on its neighbour.
#include "hwlink/vboard/exec.h"

#include <stdlib.h>

#define RUN_MAX 64 // instructions that are decoded at once

static uint32_t halfword(const struct core_region *region, uint32_t at)
{
    uint16_t h = 0;
    if (at + 2 <= region->bytes)
        memcpy(&h, region->memory + at, 2);
    return h;
}

static int is_wide(uint32_t h)
{
    return h >> 11 >= 0x1d;
}

/* ITSTATE after an instruction that had `it`. */
static unsigned it_advance(unsigned it)
{
    return it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
}

/* Fills `op` for the instruction at `at`, under ITSTATE `it`, as if nothing were around it. */
static void decode_one(struct machine *m, const struct core_region *region, uint32_t at, unsigned it, struct op *op,
                       struct op_use *use)
{
    uint32_t h = halfword(region, at);
    *op = (struct op){.pc = region->base + at, .it = (uint8_t)it};
    *use = (struct op_use){0};
    if (it & 15) {
        op->flags |= OP_CONDITIONAL;
        op->cond = (uint8_t)(it >> 4);
    }
    if (is_wide(h))
        decode_32(m, op, use, h, halfword(region, at + 2));
    else
        decode_16(m, op, use, h);
    if (op->flags & OP_CONDITIONAL) {
        if (op->inner != run_undefined)
            op->flags &= (uint8_t)~OP_ENDS;
        use->reads_flags = 1;
        if (op->inner == run_bkpt) // not conditional
            op->flags &= (uint8_t)~OP_CONDITIONAL;
    }
    op->issue = use->cycles;
}

static const struct op *run_conditional(struct machine *m, const struct op *op)
{
    struct core *c = &m->core;
    if (holds(c, op->cond))
        return op->inner(m, op);
    c->time -= op->cost - TIMING_CYCLE + op->refund * TIMING_CYCLE;
    return op_next(op);
}

void fetch_line(struct machine *m, uint32_t line)
{
    m->core.line = line;
    add_stall(&m->core.counts.stall_fetch, &m->core, icache_read(&m->core, &m->icache, line));
}

const struct op *fetch_then_go(struct machine *m, const struct op *op, uint32_t line)
{
    fetch_line(m, line);
    return op;
}

static __attribute__((noinline)) const struct op *fetch_then_run(struct machine *m, const struct op *op, uint32_t line)
{
    fetch_line(m, line);
    return op->inner(m, op);
}

/* First instruction that ends in its line, unless a branch arrived in that line. */
static inline const struct op *run_line(struct machine *m, const struct op *op, uint32_t bytes)
{
    struct core *c = &m->core;
    uint32_t line = (op->pc + bytes - 1) >> ICACHE_LINE_BITS;
    if (c->line == line)
        return op->inner(m, op);
    c->line = line;
    return icache_hit(c, &m->icache, line) ? op->inner(m, op) : fetch_then_run(m, op, line);
}

static const struct op *run_line_narrow(struct machine *m, const struct op *op)
{
    return run_line(m, op, 2);
}

static const struct op *run_line_wide(struct machine *m, const struct op *op)
{
    return run_line(m, op, 4);
}

/* The wrapper of rare flags: breakpoint, condition, line. */
static const struct op *run_wrapped(struct machine *m, const struct op *op)
{
    struct core *c = &m->core;
    if (op->flags & OP_BREAK && !c->stepping) {
        c->time -= op->cost;
        c->counts.instructions--;
        c->stop = CORE_BREAKPOINT + 1;
        core_look(c);
        return op;
    }
    if (op->flags & OP_LINE && c->line != (op->pc + op->step / sizeof *op * 2 - 1) >> ICACHE_LINE_BITS)
        fetch_line(m, (op->pc + (uint32_t)(op->step / sizeof *op * 2) - 1) >> ICACHE_LINE_BITS);
    if (op->flags & OP_CONDITIONAL && !holds(c, op->cond)) {
        /* Does not execute: takes one cycle, waits for nothing. */
        c->time -= op->cost - TIMING_CYCLE + op->refund * TIMING_CYCLE;
        return op_next(op);
    }
    return op->inner(m, op);
}

void op_finish(struct op *op)
{
    unsigned flags = op->flags & (OP_LINE | OP_CONDITIONAL | OP_BREAK);
    if (flags == 0)
        op->run = op->inner;
    else if (flags == OP_LINE)
        op->run = op->step == sizeof *op ? run_line_narrow : run_line_wide;
    else if (flags == OP_CONDITIONAL)
        op->run = run_conditional;
    else
        op->run = run_wrapped;
}

static int is_direct_branch(const struct op *op)
{
    for (int i = 0; i < 15; i++)
        if (op->inner == exec_branch[i])
            return 1;
    return op->inner == run_bl || op->inner == run_cbz || op->inner == run_cbnz;
}

/* A jump may go there: a stub decodes it when it does. Its address and length are known before that: a run may be cut there, its line
 * is fetched on arrival, and what comes before may have to wait for its second half. */
static void prepare_slot(const struct core_region *region, struct op *slot)
{
    if (slot->run && slot->run != op_decode_here)
        return;
    uint32_t at = 2 * (uint32_t)(slot - region->ops);
    slot->run = op_decode_here;
    slot->pc = region->base + at;
    slot->step = (uint8_t)(is_wide(halfword(region, at)) ? 2 * sizeof *slot : sizeof *slot);
}

/* A target outside the region becomes the slot past its end, where the fetch faults. */
static void prepare_branch(const struct core_region *region, struct op *op, uint32_t at)
{
    if (!is_direct_branch(op))
        return;
    uint32_t target = at + 2 * op->imm;
    if (target >= region->bytes) {
        op->imm = (region->bytes - at) / 2;
        target = region->bytes;
    }
    if ((target & 2) && is_wide(halfword(region, target)))
        op->flags |= OP_TARGET_SPLIT;
    prepare_slot(region, &region->ops[target / 2]);
}

static void set_place(struct machine *m, const struct core_region *region, struct op *op, uint32_t at, uint32_t bytes)
{
    if (bytes == 4 && (at & 2))
        op->flags |= OP_SPLIT;
    if (region->flash && at && (at - 1) >> ICACHE_LINE_BITS != (at + bytes - 1) >> ICACHE_LINE_BITS)
        op->flags |= OP_LINE;
    if (debug_breakpoint_at(m, op->pc))
        op->flags |= OP_BREAK;
}

static void mark_code(const struct core_region *region, uint32_t at, uint32_t bytes)
{
    if (region->granules) {
        region->granules[at / MEMORY_GRANULE] = 1;
        region->granules[(at + bytes - 1) / MEMORY_GRANULE] = 1;
    }
}

/* What the pair of neighbours costs, and whether the second may issue with the first. */
static void join(struct op *first, const struct op_use *first_use, struct op *second, const struct op_use *second_use)
{
    unsigned bubble = first->flags & OP_ENDS ? 0 : op_bubble(first_use, second_use);
    first->cost = (uint16_t)((first->issue + bubble) * TIMING_CYCLE);
    second->refund = (uint8_t)bubble;
    second->flags &= (uint8_t)~(OP_AFTER_NARROW | OP_AFTER_FLAGS);
    if (first_use->narrow && second_use->narrow)
        second->flags |= OP_AFTER_NARROW;
    if (first_use->sets_flags)
        second->flags |= OP_AFTER_FLAGS;
}

/* Decodes from `at` until something ends the run, or it meets what is decoded already. */
static void decode_run(struct machine *m, struct core_region *region, uint32_t at, unsigned it)
{
    struct op op, following;
    struct op_use use, following_use;
    decode_one(m, region, at, it, &op, &use);
    /* What came before is only known if it was decoded before. */
    op.flags |= region->ops[at / 2].flags & (OP_AFTER_NARROW | OP_AFTER_FLAGS);
    op.refund = region->ops[at / 2].refund;
    for (int i = 0; i < RUN_MAX; i++) {
        uint32_t bytes = op.step == sizeof op ? 2 : 4, next = at + bytes;
        unsigned next_it = op.inner == run_it ? op.imm : it_advance(it);
        prepare_branch(region, &op, at);
        set_place(m, region, &op, at, bytes);
        mark_code(region, at, bytes);
        decode_one(m, region, next, next_it, &following, &following_use);
        join(&op, &use, &following, &following_use);
        op_finish(&op);
        region->ops[at / 2] = op;
        struct op *slot = &region->ops[next / 2];
        int known = slot->run && slot->run != op_decode_here && slot->it == next_it;
        prepare_slot(region, slot);
        if (next >= region->bytes)
            break;
        slot->refund = following.refund;
        slot->flags = (uint8_t)((slot->flags & ~(OP_AFTER_NARROW | OP_AFTER_FLAGS)) |
                                (following.flags & (OP_AFTER_NARROW | OP_AFTER_FLAGS)));
        slot->it = (uint8_t)next_it;
        if ((op.flags & OP_ENDS) || (known && !(next_it & 15)))
            break;
        op = following;
        use = following_use;
        at = next;
        it = next_it;
    }
}

const struct op *op_decode_here(struct machine *m, const struct op *op)
{
    struct core_region *region = m->core.region;
    uint32_t index = (uint32_t)(op - region->ops);
    m->core.counts.instructions--; // nothing has been executed; its cost is 0
    if (2 * index >= region->bytes)
        return exception_fetch_fault(m, region->base + 2 * index);
    decode_run(m, region, 2 * index, op->it);
    return op;
}

/* The slots of a region, with one more for running past its end. */
static int allocate(struct core_region *region)
{
    if (!region->ops)
        region->ops = calloc(region->bytes / 2 + 2, sizeof *region->ops);
    return region->ops ? 0 : -1;
}

static struct core_region *region_of(struct machine *m, uint32_t address)
{
    struct core_region *region = m->core.region;
    if (region && address - region->base < region->bytes)
        return region;
    for (region = m->core.regions; region->bytes; region++)
        if (address - region->base < region->bytes)
            return allocate(region) ? NULL : region;
    return NULL;
}

const struct op *op_at(struct machine *m, uint32_t address)
{
    struct core *c = &m->core;
    struct core_region *region = region_of(m, address);
    if (!region)
        return exception_fetch_fault(m, address);
    c->region = region;
    c->fetches = (uint32_t)region->flash;
    c->sram_free = region->shares_bus ? 0 : SRAM_BYTES;
    struct op *op = &region->ops[(address - region->base) / 2];
    if (c->itstate && op->it != c->itstate)
        op->run = NULL;
    if (!op->run || op->run == op_decode_here)
        decode_run(m, region, address - region->base, c->itstate);
    c->itstate = 0;
    return op;
}

static void forget(struct core_region *region, uint32_t at, uint32_t until)
{
    for (uint32_t i = at / 2; i < (until + 1) / 2 && i < region->bytes / 2; i++) {
        struct op *op = &region->ops[i];
        if (!op->run)
            continue;
        op->run = op_decode_here;
        op->cost = 0;
        op->it = 0;
        op->flags &= OP_AFTER_NARROW | OP_AFTER_FLAGS;
    }
}

/* With some bytes before: an instruction that begins there, an IT block, a neighbour whose time depends on it. */
void core_invalidate(struct machine *m, uint32_t address, uint32_t bytes)
{
    const uint8_t *changed = memory_at(m, address, 1);
    for (struct core_region *region = m->core.regions; changed && region->bytes; region++) {
        if (changed < region->memory || changed >= region->memory + region->bytes)
            continue;
        uint32_t at = (uint32_t)(changed - region->memory);
        uint32_t from = at / MEMORY_GRANULE * MEMORY_GRANULE;
        uint32_t until = (at + bytes + MEMORY_GRANULE - 1) / MEMORY_GRANULE * MEMORY_GRANULE;
        if (region->granules)
            for (uint32_t g = from; g < until && g < region->bytes; g += MEMORY_GRANULE)
                region->granules[g / MEMORY_GRANULE] = 0;
        if (region->ops)
            forget(region, from > 18 ? from - 18 : 0, until);
    }
}

void core_invalidate_all(struct machine *m)
{
    memset(m->memory.code, 0, (SRAM_BYTES + SRAM4_BYTES) / MEMORY_GRANULE);
    for (struct core_region *region = m->core.regions; region->bytes; region++)
        if (region->ops)
            forget(region, 0, region->bytes);
}

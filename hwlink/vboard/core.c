// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/core.h"

#include "hwlink/vboard/fpu.h"
#include "hwlink/vboard/op.h"

#include <stdlib.h>

#define SLICE_CYCLES 4096u // between two looks at ask_stop
#define WFI_STUB_AT 0x10000u // in system memory: a blank part waits in its boot loader
#define XPSR_T (1u << 24)

int core_init(struct machine *m)
{
    struct memory *memory = &m->memory;
    uint8_t *code4 = memory->code + SRAM_BYTES / MEMORY_GRANULE;
    const struct core_region all[] = {
        {FLASH_BASE, FLASH_BYTES, memory->flash, NULL, NULL, 1, 0},
        {SRAM_BASE, SRAM_BYTES, memory->sram, NULL, memory->code, 0, 1},
        {SYSTEM_MEMORY_BASE, SYSTEM_MEMORY_BYTES, memory->system_memory, NULL, NULL, 0, 0},
        {SRAM4_BASE, SRAM4_BYTES, memory->sram4, NULL, code4, 0, 1},
        {0x0a000000u, SRAM_BYTES, memory->sram, NULL, memory->code, 0, 0},
        {0x0c000000u, FLASH_BYTES, memory->flash, NULL, NULL, 1, 0},
        {0x0e000000u, SRAM_BYTES, memory->sram, NULL, memory->code, 0, 0},
        {0x30000000u, SRAM_BYTES, memory->sram, NULL, memory->code, 0, 1},
        {0x38000000u, SRAM4_BYTES, memory->sram4, NULL, code4, 0, 1},
        {0, 0, NULL, NULL, NULL, 0, 0},
    };
    m->core.regions = malloc(sizeof all);
    if (!m->core.regions)
        return -1;
    memcpy(m->core.regions, all, sizeof all);
    static const uint16_t stub[] = {0xbf30, 0xe7fd}; // wfi; b to it
    memcpy(memory->system_memory + WFI_STUB_AT, stub, sizeof stub);
    return 0;
}

void core_finish(struct machine *m)
{
    for (struct core_region *region = m->core.regions; region && region->bytes; region++)
        free(region->ops);
    free(m->core.regions);
}

void core_use_flash(struct machine *m, uint8_t *flash)
{
    for (struct core_region *region = m->core.regions; region->bytes; region++)
        if (region->flash)
            region->memory = flash;
    core_invalidate_all(m);
}

void core_reset(struct machine *m)
{
    struct core *c = &m->core;
    uint32_t sp, pc;
    bus_read(m, m->system.vtor, 4, &sp, BUS_CORE);
    bus_read(m, m->system.vtor + 4, 4, &pc, BUS_CORE);
    if (sp == ~0u && pc == ~0u) {
        sp = SRAM_BASE + SRAM_BYTES;
        pc = (SYSTEM_MEMORY_BASE + WFI_STUB_AT) | 1;
    }
    memset(c->r, 0, sizeof c->r);
    memset(c->s, 0, sizeof c->s);
    c->r[13] = sp & ~3u;
    c->r[14] = ~0u;
    c->r[15] = pc & ~1u;
    c->entry = c->second = NULL;
    c->line = ~0u;
    c->ipsr = c->other_sp = c->control = c->primask = c->faultmask = c->basepri = c->msplim = c->psplim = 0;
    c->fpscr = 0;
    c->itstate = 0;
    c->exclusive = c->event = c->sleeping = c->locked_up = c->reset_requested = 0;
    c->stop = 0;
    set_apsr(c, 0);
    core_look(c);
}

void core_ask_stop(struct machine *m)
{
    atomic_store(&m->core.ask_stop, 1);
}

/* At least one instruction, until time reaches the limit. This is where the time of a simulation is spent. */
static const struct op *execute(struct machine *m, const struct op *op)
{
    struct core *c = &m->core;
    do {
        __asm__("" ::: "memory"); // time is added to in memory: an instruction less for each of the core's
        c->time += op->cost;
        c->counts.instructions++;
        op = op->run(m, op);
    } while (c->time < c->limit);
    return op;
}

/* The same, and why instructions took more than a cycle. */
static const struct op *execute_accounting(struct machine *m, const struct op *op)
{
    struct core *c = &m->core;
    do {
        uint64_t before = c->counts.instructions;
        uint32_t cost = op->cost, issue = op->issue * TIMING_CYCLE;
        c->time += cost;
        c->counts.instructions++;
        op = op->run(m, op);
        if (c->counts.instructions != before && cost) {
            c->counts.stall_use += cost - issue;
            c->counts.stall_issue += issue - TIMING_CYCLE;
        }
    } while (c->time < c->limit);
    return op;
}

static uint64_t soonest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t in_time(uint64_t cycles)
{
    return cycles > CORE_NEVER >> CORE_TIME_BITS ? CORE_NEVER : cycles << CORE_TIME_BITS;
}

/* Timers up to now. Returns when the next of them is due. */
static uint64_t advance(struct machine *m)
{
    uint64_t systick = system_advance(m);
    return in_time(soonest(systick, peripheral_advance(m)));
}

/* Sleeps until `event` or `until`. Returns 0 when awake, else a reason to return from core_run, or -1 to look again. */
static int sleep_on(struct machine *m, uint64_t event, uint64_t until)
{
    struct core *c = &m->core;
    if (system_next(m, 1) || (c->sleeping == 2 && c->event)) {
        c->sleeping = 0;
        return 0;
    }
    if (event == CORE_NEVER)
        return CORE_ASLEEP;
    uint64_t to = soonest(event, until);
    if (to > c->time) {
        c->counts.sleep_time += to - c->time;
        c->time = to;
    }
    return c->time >= until ? CORE_BUDGET : -1;
}

/* Between instructions: resets, events, sleep, interrupts. Returns the next instruction, or NULL with *stop. */
static const struct op *prepare(struct machine *m, uint64_t until, enum core_stop *stop)
{
    struct core *c = &m->core;
    for (;;) {
        if (c->reset_requested)
            machine_reset(m, 0);
        int wanted = c->stop;
        c->stop = 0;
        if (c->locked_up)
            wanted = CORE_LOCKED_UP + 1;
        if (!wanted && atomic_exchange(&c->ask_stop, 0))
            wanted = CORE_ASKED + 1;
        if (wanted) {
            *stop = (enum core_stop)(wanted - 1);
            return NULL;
        }
        uint64_t event = advance(m);
        int asleep = c->sleeping ? sleep_on(m, event, until) : 0;
        if (asleep > 0 || (asleep == CORE_BUDGET && c->sleeping)) {
            *stop = (enum core_stop)asleep;
            return NULL;
        }
        if (asleep < 0)
            continue;
        c->limit = soonest(soonest(until, event), c->time + SLICE_CYCLES * TIMING_CYCLE);
        unsigned exception = system_next(m, 0);
        const struct op *op = exception ? exception_enter(m, exception, c->r[15], c->itstate) : op_at(m, c->r[15]);
        if (!c->entry)
            arrive(m, op);
        if (!c->stop)
            return op;
        c->r[15] = op->pc;
    }
}

static enum core_stop run_until(struct machine *m, uint64_t until, int once)
{
    struct core *c = &m->core;
    enum core_stop stop = CORE_BUDGET;
    do {
        const struct op *op = prepare(m, until, &stop);
        if (!op)
            return stop;
        if (once)
            core_look(c);
        op = c->account ? execute_accounting(m, op) : execute(m, op);
        c->r[15] = op->pc;
        c->itstate = op->it;
    } while (c->stop || c->reset_requested || (c->time < until && !once));
    return CORE_BUDGET;
}

enum core_stop core_run(struct machine *m, uint64_t max_cycles)
{
    struct core *c = &m->core;
    uint64_t span = in_time(max_cycles);
    uint64_t until = span > CORE_NEVER - c->time ? CORE_NEVER : c->time + span;
    fpu_enter(c);
    enum core_stop stop = run_until(m, until, 0);
    fpu_leave(c);
    return stop;
}

enum core_stop core_step(struct machine *m)
{
    struct core *c = &m->core;
    c->stepping = 1;
    fpu_enter(c);
    enum core_stop stop = run_until(m, c->time + 1, 1);
    fpu_leave(c);
    c->stepping = 0;
    return stop;
}

static int uses_psp(const struct core *c)
{
    return (c->control & 2) && !c->ipsr;
}

static uint32_t whole_xpsr(const struct core *c)
{
    return apsr(c) | c->ipsr | XPSR_T | (c->itstate & 3) << 25 | (c->itstate >> 2) << 10;
}

uint32_t core_register(struct machine *m, unsigned selector)
{
    struct core *c = &m->core;
    if (selector < 16)
        return c->r[selector];
    if (selector >= 64 && selector < 96)
        return c->s[selector - 64];
    switch (selector) {
    case 16: return whole_xpsr(c);
    case 17: return uses_psp(c) ? c->other_sp : c->r[13];
    case 18: return uses_psp(c) ? c->r[13] : c->other_sp;
    case 20: return c->control << 24 | c->faultmask << 16 | c->basepri << 8 | c->primask;
    case 28: return c->msplim;
    case 29: return c->psplim;
    case 33: return c->fpscr;
    default: return 0;
    }
}

/* Which of the two pointers is r[13] may change. */
static void set_modes(struct core *c, uint32_t ipsr, uint32_t control)
{
    int before = uses_psp(c);
    c->ipsr = ipsr;
    c->control = control;
    if (uses_psp(c) == before)
        return;
    uint32_t sp = c->r[13];
    c->r[13] = c->other_sp;
    c->other_sp = sp;
}

static void set_sp(struct core *c, int psp, uint32_t value)
{
    *(psp == uses_psp(c) ? &c->r[13] : &c->other_sp) = value & ~3u;
}

static void set_masks(struct core *c, uint32_t value)
{
    set_modes(c, c->ipsr, value >> 24 & 7);
    c->faultmask = value >> 16 & 1;
    c->basepri = value >> 8 & 0xf0;
    c->primask = value & 1;
}

void core_set_register(struct machine *m, unsigned selector, uint32_t value)
{
    struct core *c = &m->core;
    core_look(c);
    if (selector == 15) {
        c->r[15] = value & ~1u;
        c->entry = NULL; // arrives there by no branch of its own
        c->sleeping = c->locked_up = 0;
    } else if (selector < 16) {
        c->r[selector] = selector == 13 ? value & ~3u : value;
    } else if (selector >= 64 && selector < 96) {
        c->s[selector - 64] = value;
    }
    switch (selector) {
    case 16:
        set_apsr(c, value);
        c->itstate = (value >> 25 & 3) | (value >> 8 & 0xfc);
        set_modes(c, value & 0x1ff, c->control);
        break;
    case 17: set_sp(c, 0, value); break;
    case 18: set_sp(c, 1, value); break;
    case 20: set_masks(c, value); break;
    case 28: c->msplim = value & ~7u; break;
    case 29: c->psplim = value & ~7u; break;
    case 33: c->fpscr = value & FPSCR_WRITABLE; break;
    default: break;
    }
}

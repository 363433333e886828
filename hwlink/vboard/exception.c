// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Exception entry and return, escalation of faults, lock-up (Armv8-M manual, B3; without the Security Extension).
#include "hwlink/vboard/data.h"
#include "hwlink/vboard/fpu.h"
#include "hwlink/vboard/op.h"

#define FRAME_BYTES 32u
#define FLOAT_FRAME_BYTES 72u // S0-S15, FPSCR, and a reserved word
#define XPSR_ALIGNED (1u << 9)
#define XPSR_T (1u << 24)
#define EXC_RETURN_SPSEL (1u << 2)
#define EXC_RETURN_THREAD (1u << 3)
#define EXC_RETURN_NO_FLOAT (1u << 4)
#define FPCCR_ASPEN (1u << 31)
#define FPCCR_LSPEN (1u << 30)

#define LOCKUP_ADDRESS 0xeffffffeu

static int uses_psp(const struct core *c)
{
    return (c->control & 2) && !c->ipsr;
}

/* Which stack pointer is current follows from CONTROL and IPSR: changes ipsr and swaps if it must. */
static void set_mode(struct core *c, uint32_t ipsr, uint32_t control)
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

static uint32_t xpsr(const struct core *c, uint32_t it)
{
    return apsr(c) | c->ipsr | XPSR_T | (it & 3) << 25 | (it >> 2) << 10;
}

static uint32_t push_words(struct machine *m, uint32_t at, const uint32_t *words, unsigned n)
{
    uint32_t fault = 0;
    for (unsigned i = 0; i < n && !fault; i++)
        fault = bus_write(m, at + 4 * i, 4, words[i], BUS_CORE) ? CFSR_STKERR : 0;
    return fault;
}

/* Pushes the frame. Returns a bit of CFSR, or 0. The stack pointer moves in any case. */
static uint32_t push_frame(struct machine *m, uint32_t return_address, uint32_t it)
{
    struct core *c = &m->core;
    int with_float = (c->control & 4) != 0;
    uint32_t size = FRAME_BYTES + (with_float ? FLOAT_FRAME_BYTES : 0);
    uint32_t aligned = c->r[13] & 4 ? XPSR_ALIGNED : 0;
    uint32_t sp = (c->r[13] - size) & ~4u;
    const uint32_t frame[8] = {c->r[0], c->r[1], c->r[2], c->r[3], c->r[12], c->r[14], return_address, xpsr(c, it) | aligned};
    if (!stack_allows(c, sp)) {
        c->r[13] = uses_psp(c) ? c->psplim : c->msplim;
        return CFSR_STKOF;
    }
    c->r[13] = sp;
    uint32_t fault = push_words(m, sp, frame, 8);
    if (with_float && !fault) {
        fpu_gather(c);
        uint32_t status[2] = {c->fpscr, 0};
        fault = push_words(m, sp + 32, c->s, 16);
        if (!fault)
            fault = push_words(m, sp + 96, status, 2);
        m->system.fpcar = sp + 32;
        if (!(m->system.fpccr & FPCCR_LSPEN))
            add_stall(&c->counts.stall_exception, c, TIMING_FP_STACKING);
    }
    return fault;
}

static uint32_t exc_return_value(const struct core *c)
{
    uint32_t value = 0xffffff80u | 0x20u | EXC_RETURN_NO_FLOAT; // DCRS set; S, ES clear: non-secure
    if (c->control & 4)
        value &= ~EXC_RETURN_NO_FLOAT;
    if (!c->ipsr)
        value |= EXC_RETURN_THREAD;
    if (c->control & 2)
        value |= EXC_RETURN_SPSEL;
    return value;
}

/* Fetched for ever. */
static const struct op *run_locked_up(struct machine *m, const struct op *op)
{
    m->core.counts.instructions--;
    core_look(&m->core);
    return op;
}

static const struct op locked_up = {.run = run_locked_up, .inner = run_locked_up, .pc = LOCKUP_ADDRESS};

const struct op *exception_lockup(struct machine *m)
{
    struct core *c = &m->core;
    c->locked_up = 1;
    c->r[15] = LOCKUP_ADDRESS;
    c->stop = CORE_LOCKED_UP + 1;
    core_look(c);
    return &locked_up;
}

/* Of a fault while another is being taken: HardFault, or lock-up. */
static const struct op *derived(struct machine *m, uint32_t cfsr, uint32_t return_address, uint32_t it);

/* Vector fetch and first instruction of the handler. Registers are on the stack already. */
static const struct op *take(struct machine *m, unsigned number, uint32_t exc_return)
{
    struct core *c = &m->core;
    uint32_t vector;
    set_mode(c, number, c->control & ~6u); // handler mode: MSP, no floating point context yet
    c->r[14] = exc_return;
    c->exclusive = 0;
    c->itstate = 0;
    c->second = NULL;
    system_set_active(m, number, 1);
    c->counts.exceptions++;
    add_stall(&c->counts.stall_exception, c, TIMING_ENTRY);
    if (bus_read(m, m->system.vtor + 4 * number, 4, &vector, BUS_CORE)) {
        m->system.hfsr |= 2; // VECTTBL
        return exception_lockup(m);
    }
    if (debug_vector_catch(m, number)) {
        c->stop = CORE_CATCH + 1;
        core_look(c);
    }
    if (!(vector & 1)) {
        c->r[15] = vector;
        return number <= EXCEPTION_HARDFAULT ? exception_lockup(m) : derived(m, CFSR_INVSTATE, vector, 0);
    }
    core_look(c);
    return jump(m, vector & ~1u);
}

static int is_enabled(const struct machine *m, unsigned number)
{
    switch (number) {
    case EXCEPTION_MEMMANAGE: return m->system.shcsr_enables >> 16 & 1;
    case EXCEPTION_BUSFAULT: return m->system.shcsr_enables >> 17 & 1;
    case EXCEPTION_USAGEFAULT: return m->system.shcsr_enables >> 18 & 1;
    default: return 1;
    }
}

/* The exception that a fault is taken as: itself, HardFault, or 0 for lock-up. */
static unsigned escalated(struct machine *m, unsigned number)
{
    int now = system_execution_priority(m);
    if (number != EXCEPTION_HARDFAULT && is_enabled(m, number) && system_priority(m, number) < now)
        return number;
    if (number != EXCEPTION_HARDFAULT)
        m->system.hfsr |= 1u << 30; // FORCED
    return now <= -1 ? 0 : EXCEPTION_HARDFAULT;
}

const struct op *exception_enter(struct machine *m, unsigned number, uint32_t return_address, uint32_t it)
{
    struct core *c = &m->core;
    if (number == EXCEPTION_SVCALL && system_priority(m, number) >= system_execution_priority(m))
        number = escalated(m, EXCEPTION_SVCALL);
    if (!number)
        return exception_lockup(m);
    uint32_t exc_return = exc_return_value(c);
    uint32_t fault = push_frame(m, return_address, it);
    if (!fault)
        return take(m, number, exc_return);
    /* Derived: the frame is lost, the fault is taken in the exception's place. */
    m->system.cfsr |= fault;
    number = escalated(m, fault == CFSR_STKOF ? EXCEPTION_USAGEFAULT : EXCEPTION_BUSFAULT);
    return number ? take(m, number, exc_return) : exception_lockup(m);
}

static const struct op *fault_at(struct machine *m, unsigned number, uint32_t cfsr, uint32_t return_address, uint32_t it)
{
    m->system.cfsr |= cfsr;
    number = escalated(m, number);
    if (!number)
        return exception_lockup(m);
    return exception_enter(m, number, return_address, it);
}

const struct op *exception_fault(struct machine *m, const struct op *op, unsigned number, uint32_t cfsr)
{
    return fault_at(m, number, cfsr, op->pc, op->it);
}

const struct op *exception_fetch_fault(struct machine *m, uint32_t address)
{
    return fault_at(m, EXCEPTION_BUSFAULT, CFSR_IBUSERR, address, m->core.itstate);
}

static const struct op *derived(struct machine *m, uint32_t cfsr, uint32_t return_address, uint32_t it)
{
    return fault_at(m, EXCEPTION_USAGEFAULT, cfsr, return_address, it);
}

static uint32_t pop_words(struct machine *m, uint32_t at, uint32_t *words, unsigned n)
{
    uint32_t fault = 0;
    for (unsigned i = 0; i < n && !fault; i++)
        fault = bus_read(m, at + 4 * i, 4, &words[i], BUS_CORE) ? CFSR_UNSTKERR : 0;
    return fault;
}

static uint32_t pop_float(struct machine *m, uint32_t sp)
{
    struct core *c = &m->core;
    uint32_t fault = pop_words(m, sp + 32, c->s, 16);
    if (!fault)
        fault = pop_words(m, sp + 96, &c->fpscr, 1);
    fpu_enter(c);
    return fault;
}

static void set_xpsr(struct core *c, uint32_t value)
{
    set_apsr(c, value);
    c->itstate = (value >> 25 & 3) | (value >> 8 & 0xfc);
}

static int return_is_valid(const struct machine *m, uint32_t exc_return)
{
    const struct core *c = &m->core;
    uint32_t active = m->system.active[c->ipsr / 32] >> c->ipsr % 32 & 1;
    return exc_return >> 7 == 0x1ffffff && active && (exc_return & EXC_RETURN_THREAD || !(exc_return & EXC_RETURN_SPSEL));
}

const struct op *exception_return(struct machine *m, uint32_t exc_return)
{
    struct core *c = &m->core;
    unsigned number = c->ipsr;
    if (!return_is_valid(m, exc_return))
        return fault_at(m, EXCEPTION_USAGEFAULT, CFSR_INVPC, exc_return & ~1u, 0);
    system_set_active(m, number, 0);
    if (number != EXCEPTION_NMI)
        c->faultmask = 0;
    uint32_t frame[8];
    int with_float = !(exc_return & EXC_RETURN_NO_FLOAT);
    int to_psp = (exc_return & EXC_RETURN_SPSEL) != 0;
    uint32_t sp = to_psp ? c->other_sp : c->r[13]; // in handler mode r[13] is MSP
    uint32_t fault = pop_words(m, sp, frame, 8);
    if (!fault && with_float)
        fault = pop_float(m, sp);
    if (fault)
        return fault_at(m, EXCEPTION_BUSFAULT, fault, exc_return & ~1u, 0);
    uint32_t after = (sp + FRAME_BYTES + (with_float ? FLOAT_FRAME_BYTES : 0)) | (frame[7] & XPSR_ALIGNED ? 4 : 0);
    *(to_psp ? &c->other_sp : &c->r[13]) = after;
    uint32_t thread = exc_return & EXC_RETURN_THREAD;
    set_mode(c, thread ? 0 : frame[7] & 0x1ff, (c->control & 1) | (to_psp ? 2 : 0) | (with_float ? 4 : 0));
    for (int i = 0; i < 4; i++)
        c->r[i] = frame[i];
    c->r[12] = frame[4];
    c->r[14] = frame[5];
    set_xpsr(c, frame[7]);
    c->exclusive = 0;
    c->second = NULL;
    c->event = 1;
    add_stall(&c->counts.stall_exception, c, TIMING_RETURN);
    core_look(c);
    if (thread && m->system.scr & 2)
        c->sleeping = 1; // SLEEPONEXIT
    return jump(m, frame[6] & ~1u);
}

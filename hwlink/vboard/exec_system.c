// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Special registers, supervisor calls, breakpoints, and what is not an instruction.
#include "hwlink/vboard/exec.h"

#define HANDLER(name) const struct op *name(struct machine *m, const struct op *op)

HANDLER(run_svc)
{
    const struct op *next = op_next(op);
    return exception_enter(m, EXCEPTION_SVCALL, op->pc + 2, next->it);
}

HANDLER(run_bkpt)
{
    struct core *c = &m->core;
    if (!c->bkpt_stops && !debug_bkpt_halts(m)) {
        m->system.hfsr |= 1u << 31; // DEBUGEVT
        return exception_fault(m, op, EXCEPTION_HARDFAULT, 0);
    }
    c->time -= op->cost;
    c->counts.instructions--;
    c->stop = CORE_BREAKPOINT + 1;
    core_look(c);
    return op;
}

HANDLER(run_undefined)
{
    return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_UNDEFINSTR);
}

HANDLER(run_no_coprocessor)
{
    return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_NOCP);
}

HANDLER(run_barrier)
{
    (void)m;
    return op_next(op);
}

HANDLER(run_unmodelled)
{
    machine_note_unknown(m, "instruction", op->pc, 0);
    m->core.r[op->d] = 0;
    return op_next(op);
}

static int is_privileged(const struct core *c)
{
    return c->ipsr || !(c->control & 1);
}

/* imm: bit 4 disables, bit 1 PRIMASK, bit 0 FAULTMASK */
HANDLER(run_cps)
{
    struct core *c = &m->core;
    if (!is_privileged(c))
        return op_next(op);
    uint32_t value = op->imm >> 4 & 1;
    if (op->imm & 2)
        c->primask = value;
    if (op->imm & 1)
        c->faultmask = value;
    core_look(c);
    return op_next(op);
}

enum special {
    SPECIAL_IPSR = 5, SPECIAL_MSP = 8, SPECIAL_PSP, SPECIAL_MSPLIM, SPECIAL_PSPLIM, SPECIAL_PRIMASK = 16, SPECIAL_BASEPRI,
    SPECIAL_BASEPRI_MAX, SPECIAL_FAULTMASK, SPECIAL_CONTROL,
};

static int uses_psp(const struct core *c)
{
    return (c->control & 2) && !c->ipsr;
}

static uint32_t read_special(const struct core *c, unsigned number)
{
    switch (number) {
    case SPECIAL_MSP: return uses_psp(c) ? c->other_sp : c->r[13];
    case SPECIAL_PSP: return uses_psp(c) ? c->r[13] : c->other_sp;
    case SPECIAL_MSPLIM: return c->msplim;
    case SPECIAL_PSPLIM: return c->psplim;
    case SPECIAL_PRIMASK: return c->primask;
    case SPECIAL_BASEPRI:
    case SPECIAL_BASEPRI_MAX: return c->basepri;
    case SPECIAL_FAULTMASK: return c->faultmask;
    case SPECIAL_CONTROL: return c->control;
    default: return 0;
    }
}

HANDLER(run_mrs)
{
    struct core *c = &m->core;
    uint32_t value = 0;
    if (op->imm < 8) { // IPSR by bit 0, APSR unless bit 2; EPSR reads as zero
        value = (op->imm & 1 ? c->ipsr : 0) | (op->imm & 4 ? 0 : apsr(c));
    } else if (is_privileged(c) || op->imm == SPECIAL_CONTROL) {
        value = read_special(c, op->imm);
    }
    c->r[op->d] = value;
    return op_next(op);
}

static void write_sp(struct core *c, int psp, uint32_t value)
{
    if (psp == uses_psp(c))
        c->r[13] = value & ~3u;
    else
        c->other_sp = value & ~3u;
}

static void write_control(struct core *c, uint32_t value)
{
    int before = uses_psp(c);
    c->control = value & 7;
    if (uses_psp(c) == before)
        return;
    uint32_t sp = c->r[13];
    c->r[13] = c->other_sp;
    c->other_sp = sp;
}

static void write_special(struct core *c, unsigned number, uint32_t value)
{
    switch (number) {
    case SPECIAL_MSP: write_sp(c, 0, value); break;
    case SPECIAL_PSP: write_sp(c, 1, value); break;
    case SPECIAL_MSPLIM: c->msplim = value & ~7u; break;
    case SPECIAL_PSPLIM: c->psplim = value & ~7u; break;
    case SPECIAL_PRIMASK: c->primask = value & 1; break;
    case SPECIAL_BASEPRI: c->basepri = value & 0xf0; break;
    case SPECIAL_BASEPRI_MAX:
        value &= 0xf0;
        if (value && (value < c->basepri || !c->basepri))
            c->basepri = value;
        break;
    case SPECIAL_FAULTMASK: c->faultmask = value & 1; break;
    case SPECIAL_CONTROL: write_control(c, value); break;
    default: break;
    }
}

HANDLER(run_msr)
{
    struct core *c = &m->core;
    uint32_t value = c->r[op->n];
    unsigned number = op->imm & 255;
    if (number < 4) {
        uint32_t mask = (op->imm & 0x800 ? 0xf8000000u : 0) | (op->imm & 0x400 ? 0x000f0000u : 0);
        set_apsr(c, (value & mask) | (apsr(c) & ~mask));
    } else if (is_privileged(c)) {
        write_special(c, number, value);
        core_look(c);
    }
    return op_next(op);
}

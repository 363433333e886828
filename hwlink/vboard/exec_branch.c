// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Branches, IT, hints.
#include "hwlink/vboard/exec.h"

#define HANDLER(name) const struct op *name(struct machine *m, const struct op *op)

/* Beyond its issue, which has been added already. */
static inline void taken_time(struct machine *m, const struct op *op)
{
    struct core *c = &m->core;
    c->counts.branches++;
    if (pairs(c, op) && !(op->flags & OP_AFTER_FLAGS)) {
        c->counts.dual_issued++;
        return;
    }
    add_stall(&c->counts.stall_branch, c, TIMING_TAKEN);
}

static inline const struct op *branch(struct machine *m, const struct op *op)
{
    taken_time(m, op);
    if (op->flags & OP_TARGET_SPLIT)
        add_stall(&m->core.counts.stall_branch, &m->core, TIMING_SPLIT_TARGET);
    return arrive(m, op + (int32_t)op->imm);
}

/* Issues for nothing if it is the second of a pair. */
static inline const struct op *pass(struct core *c, const struct op *op)
{
    if (pairs(c, op)) {
        c->time -= TIMING_CYCLE;
        c->counts.dual_issued++;
    }
    return op_next(op);
}

#define BRANCH(name, condition)                                                                                          \
    static HANDLER(name)                                                                                                 \
    {                                                                                                                    \
        struct core *c = &m->core;                                                                                       \
        return (condition) ? branch(m, op) : pass(c, op);                                                                \
    }
BRANCH(branch_eq, c->z == 0)
BRANCH(branch_ne, c->z != 0)
BRANCH(branch_cs, c->c)
BRANCH(branch_cc, !c->c)
BRANCH(branch_mi, (int32_t)c->n < 0)
BRANCH(branch_pl, (int32_t)c->n >= 0)
BRANCH(branch_vs, c->v)
BRANCH(branch_vc, !c->v)
BRANCH(branch_hi, c->c && c->z)
BRANCH(branch_ls, !(c->c && c->z))
BRANCH(branch_ge, c->n >> 31 == c->v)
BRANCH(branch_lt, c->n >> 31 != c->v)
BRANCH(branch_gt, c->z && c->n >> 31 == c->v)
BRANCH(branch_le, !(c->z && c->n >> 31 == c->v))

static HANDLER(branch_always)
{
    return branch(m, op);
}

op_run *const exec_branch[15] = {
    branch_eq, branch_ne, branch_cs, branch_cc, branch_mi, branch_pl, branch_vs, branch_vc,
    branch_hi, branch_ls, branch_ge, branch_lt, branch_gt, branch_le, branch_always,
};

HANDLER(run_cbz)
{
    return m->core.r[op->n] == 0 ? branch(m, op) : pass(&m->core, op);
}

HANDLER(run_cbnz)
{
    return m->core.r[op->n] != 0 ? branch(m, op) : pass(&m->core, op);
}

HANDLER(run_bl)
{
    m->core.r[14] = (op->pc + 4) | 1;
    return branch(m, op);
}

const struct op *jump_exchange(struct machine *m, const struct op *op, uint32_t target)
{
    m->core.counts.branches++;
    if (target >= 0xff000000u && m->core.ipsr)
        return exception_return(m, target);
    if (target & 1)
        return jump(m, target & ~1u);
    /* The branch is done; its target faults for want of the Thumb bit (EPSR.T = 0). */
    struct op landed = *op;
    landed.pc = target & ~1u;
    landed.it = 0;
    return exception_fault(m, &landed, EXCEPTION_USAGEFAULT, CFSR_INVSTATE);
}

static inline const struct op *exchange(struct machine *m, const struct op *op, uint32_t target)
{
    m->core.counts.branches--; // jump_exchange counts it again
    taken_time(m, op);
    return jump_exchange(m, op, target);
}

HANDLER(run_bx)
{
    return exchange(m, op, m->core.r[op->m]);
}

HANDLER(run_blx)
{
    uint32_t target = m->core.r[op->m];
    m->core.r[14] = (op->pc + 2) | 1;
    return exchange(m, op, target);
}

HANDLER(run_mov_pc)
{
    taken_time(m, op);
    return jump(m, m->core.r[op->m] & ~1u);
}

HANDLER(run_add_pc)
{
    taken_time(m, op);
    return jump(m, (op->pc + 4 + m->core.r[op->m]) & ~1u);
}

HANDLER(run_it)
{
    return pass(&m->core, op);
}

HANDLER(run_nop)
{
    return pass(&m->core, op);
}

HANDLER(run_wfi)
{
    m->core.sleeping = 1;
    core_look(&m->core);
    return op_next(op);
}

HANDLER(run_wfe)
{
    struct core *c = &m->core;
    if (!c->event)
        c->sleeping = 2;
    c->event = 0;
    core_look(c);
    return op_next(op);
}

HANDLER(run_sev)
{
    m->core.event = 1;
    return op_next(op);
}

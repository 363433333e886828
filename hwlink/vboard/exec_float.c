// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Floating point instructions, with their scoreboard: when each S register and the unit itself are ready.
#include "hwlink/vboard/data.h"
#include "hwlink/vboard/exec.h"
#include "hwlink/vboard/fpu.h"

#define HANDLER(name) const struct op *name(struct machine *m, const struct op *op)
#define NONE 255u

/* First floating point instruction since the context was left: FPSCR's modes come from FPDSCR. */
static void begin_context(struct machine *m)
{
    struct core *c = &m->core;
    c->control |= 4;
    if (m->system.fpccr >> 31) { // ASPEN
        fpu_gather(c);
        c->fpscr = (c->fpscr & ~0x07c00000u) | (m->system.fpdscr & 0x07c00000u);
        fpu_enter(c);
    }
}

static inline void in_context(struct machine *m)
{
    if (__builtin_expect(!(m->core.control & 4), 0))
        begin_context(m);
}

static inline uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Stalls until `ready`. core.time already includes the instruction's `cycles`. Returns when it starts. */
static inline uint64_t start_at(struct core *c, uint64_t ready, unsigned cycles)
{
    uint64_t start = c->time - cycles * TIMING_CYCLE;
    ready = later(ready, c->fpu_ready);
    if (ready > start) {
        c->time += ready - start;
        c->counts.stall_fpu += ready - start;
        start = ready;
    }
    return start;
}

static inline void issue1(struct machine *m, const struct op *op, unsigned latency)
{
    struct core *c = &m->core;
    in_context(m);
    c->s_ready[op->d] = start_at(c, c->s_ready[op->m], 1) + latency * TIMING_CYCLE;
}

static inline void issue2(struct machine *m, const struct op *op, unsigned latency)
{
    struct core *c = &m->core;
    in_context(m);
    c->s_ready[op->d] = start_at(c, later(c->s_ready[op->n], c->s_ready[op->m]), 1) + latency * TIMING_CYCLE;
}

static inline void issue_fma(struct machine *m, const struct op *op)
{
    struct core *c = &m->core;
    in_context(m);
    uint64_t ready = later(c->s_ready[op->d], later(c->s_ready[op->n], c->s_ready[op->m]));
    uint64_t start = start_at(c, ready, 1);
    c->s_ready[op->d] = start + TIMING_FMA_LATENCY * TIMING_CYCLE;
    c->fpu_ready = start + (1 + TIMING_FMA_BLOCKS) * TIMING_CYCLE;
}

/* VDIV and VSQRT: integer instructions go on meanwhile. */
static inline void occupy(struct core *c, const struct op *op)
{
    c->fpu_ready = c->s_ready[op->d] = c->time + (TIMING_FPU_DIV_CYCLES - 1) * TIMING_CYCLE;
}

#define BINARY(name, value)                                                                                              \
    HANDLER(name)                                                                                                        \
    {                                                                                                                    \
        struct core *c = &m->core;                                                                                       \
        issue2(m, op, TIMING_FPU_LATENCY);                                                                               \
        uint32_t a = c->s[op->n], b = c->s[op->m];                                                                       \
        c->s[op->d] = (value);                                                                                           \
        return op_next_wide(op);                                                                                              \
    }
BINARY(run_vadd, fpu_do(c, a, b, FPU_ADD))
BINARY(run_vsub, fpu_do(c, a, b, FPU_SUB))
BINARY(run_vmul, fpu_do(c, a, b, FPU_MUL))
BINARY(run_vnmul, fpu_do(c, a, b, FPU_MUL) ^ 0x80000000u)
BINARY(run_vmaxnm, fpu_max(c, a, b))
BINARY(run_vminnm, fpu_min(c, a, b))
BINARY(run_vsel, holds(c, op->cond) ? a : b)

HANDLER(run_vdiv)
{
    struct core *c = &m->core;
    issue2(m, op, TIMING_FPU_LATENCY);
    occupy(c, op);
    c->s[op->d] = fpu_do(c, c->s[op->n], c->s[op->m], FPU_DIV);
    return op_next_wide(op);
}

HANDLER(run_vsqrt)
{
    struct core *c = &m->core;
    issue1(m, op, TIMING_FPU_LATENCY);
    occupy(c, op);
    uint32_t a = fpu_flush_input(c, c->s[op->m]);
    uint32_t r = fpu_bits(sqrtf(fpu_float(a)));
    c->s[op->d] = fpu_is_nan(r) ? fpu_nan2(c, a, 0) : r;
    return op_next_wide(op);
}

#define UNARY(name, latency, value)                                                                                      \
    HANDLER(name)                                                                                                        \
    {                                                                                                                    \
        struct core *c = &m->core;                                                                                       \
        issue1(m, op, latency);                                                                                          \
        uint32_t a = c->s[op->m];                                                                                        \
        c->s[op->d] = (value);                                                                                           \
        return op_next_wide(op);                                                                                              \
    }
UNARY(run_vabs, 1, a & 0x7fffffffu)
UNARY(run_vneg, 1, a ^ 0x80000000u)
UNARY(run_vmov_reg, 1, a)
/* shift: rounding; FPU_AWAY + 1 is FPSCR's. amount: bit 0 signed (or inexact for VRINTX) */
#define ROUNDING (op->shift > FPU_AWAY ? fpu_mode(c) : (enum fpu_rounding)op->shift)
UNARY(run_vrint, TIMING_FPU_LATENCY, fpu_round(c, a, ROUNDING, op->amount))
UNARY(run_vcvt_int, TIMING_FPU_LATENCY, fpu_to_integer(c, a, ROUNDING, op->amount))
UNARY(run_vcvt_from_int, TIMING_FPU_LATENCY, fpu_from_integer(a, op->amount))

/* imm: fraction bits; shift: bit 0 to fixed, bit 1 signed; amount: 16 or 32 */
UNARY(run_vcvt_fixed, TIMING_FPU_LATENCY,
      op->shift & 1 ? fpu_to_fixed(c, a, op->shift & 2, op->amount, op->imm)
                    : fpu_from_fixed(a, op->shift & 2, op->amount, op->imm))

/* shift: 1 to half; amount: 16 for the top half */
HANDLER(run_vcvt_half)
{
    struct core *c = &m->core;
    issue1(m, op, TIMING_FPU_LATENCY);
    uint32_t a = c->s[op->m];
    if (op->shift)
        c->s[op->d] = (c->s[op->d] & ~(0xffffu << op->amount)) | fpu_to_half(c, a) << op->amount;
    else
        c->s[op->d] = fpu_from_half(c, a >> op->amount & 0xffffu);
    return op_next_wide(op);
}

HANDLER(run_vmov_imm)
{
    struct core *c = &m->core;
    in_context(m);
    c->s_ready[op->d] = start_at(c, 0, 1) + TIMING_CYCLE;
    c->s[op->d] = op->imm;
    return op_next_wide(op);
}

HANDLER(run_vfma)
{
    struct core *c = &m->core;
    issue_fma(m, op);
    uint32_t n = c->s[op->n] ^ (uint32_t)(op->shift & 1) << 31, a = c->s[op->d] ^ (uint32_t)(op->shift & 2) << 30;
    c->s[op->d] = fpu_fma(c, a, n, c->s[op->m]);
    return op_next_wide(op);
}

HANDLER(run_vmla)
{
    struct core *c = &m->core;
    issue_fma(m, op);
    uint32_t product = fpu_do(c, c->s[op->n], c->s[op->m], FPU_MUL) ^ (uint32_t)(op->shift & 1) << 31;
    uint32_t a = c->s[op->d] ^ (uint32_t)(op->shift & 2) << 30;
    c->s[op->d] = fpu_do(c, a, product, FPU_ADD);
    return op_next_wide(op);
}

/* shift: bit 0 a quiet NaN is invalid too, bit 1 with zero */
HANDLER(run_vcmp)
{
    struct core *c = &m->core;
    in_context(m);
    start_at(c, later(c->s_ready[op->d], op->shift & 2 ? 0 : c->s_ready[op->m]), 1);
    uint32_t b = op->shift & 2 ? 0 : c->s[op->m];
    uint32_t flags = fpu_compare(c, c->s[op->d], b, op->shift & 1);
    c->fpscr = (c->fpscr & 0x0fffffffu) | flags;
    return op_next_wide(op);
}

/* shift: 1 to the core register d from S register n, 0 to S register n */
HANDLER(run_vmov_core)
{
    struct core *c = &m->core;
    in_context(m);
    if (op->shift) {
        start_at(c, c->s_ready[op->n], 1);
        c->r[op->d] = c->s[op->n];
    } else {
        c->s_ready[op->n] = start_at(c, 0, 1) + TIMING_CYCLE;
        c->s[op->n] = c->r[op->d];
    }
    return op_next_wide(op);
}

/* d and a with S registers m and m + 1 */
HANDLER(run_vmov_pair)
{
    struct core *c = &m->core;
    in_context(m);
    uint32_t *s = &c->s[op->m];
    if (op->shift) {
        start_at(c, later(c->s_ready[op->m], c->s_ready[op->m + 1]), 2);
        c->r[op->d] = s[0];
        c->r[op->a] = s[1];
    } else {
        c->s_ready[op->m] = c->s_ready[op->m + 1] = start_at(c, 0, 2) + 2 * TIMING_CYCLE;
        s[0] = c->r[op->d];
        s[1] = c->r[op->a];
    }
    return op_next_wide(op);
}

HANDLER(run_vmrs)
{
    struct core *c = &m->core;
    in_context(m);
    fpu_gather(c);
    if (op->d == 15)
        set_apsr(c, (c->fpscr & 0xf0000000u) | (apsr(c) & 0x0fffffffu));
    else
        c->r[op->d] = c->fpscr;
    return op_next_wide(op);
}

HANDLER(run_vmsr)
{
    struct core *c = &m->core;
    in_context(m);
    c->fpscr = c->r[op->d] & FPSCR_WRITABLE;
    fpu_enter(c);
    return op_next_wide(op);
}

static inline uint32_t float_address(const struct core *c, const struct op *op)
{
    return op->n == 15 ? op->imm : c->r[op->n] + op->imm;
}

static uint32_t move_words(struct machine *m, const struct op *op, uint32_t address, unsigned words, int load, uint32_t *at)
{
    struct core *c = &m->core;
    uint32_t offset = address - SRAM_BASE;
    if (load && offset < SRAM_BYTES - 128 && !(address & 3) && c->sram_free) { // all at once
        c->counts.loads += words;
        memcpy(&c->s[op->d], m->memory.sram + offset, 4 * words);
        return 0;
    }
    for (unsigned i = 0; i < words && op->d + i < 32; i++) {
        *at = address + 4 * i;
        uint32_t *s = &c->s[op->d + i];
        uint32_t fault = load ? data_load_word(m, op, *at, s) : data_store_word(m, op, *at, *s);
        if (fault)
            return fault;
    }
    return 0;
}

static inline const struct op *move(struct machine *m, const struct op *op, uint32_t address, unsigned words, int load)
{
    struct core *c = &m->core;
    uint64_t ready = 0;
    in_context(m);
    for (unsigned i = 0; !load && i < words && op->d + i < 32; i++)
        ready = later(ready, c->s_ready[op->d + i]);
    uint64_t start = start_at(c, ready, words);
    for (unsigned i = 0; load && i < words && op->d + i < 32; i++)
        c->s_ready[op->d + i] = start + (i + TIMING_FPU_LOAD_LATENCY) * TIMING_CYCLE;
    uint32_t at;
    uint32_t fault = move_words(m, op, address, words, load, &at);
    return fault ? data_fault(m, op, at, fault) : NULL;
}

HANDLER(run_vldr)
{
    struct core *c = &m->core;
    if (op->m == 1 && !((float_address(c, op)) & 3)) {
        in_context(m);
        c->s_ready[op->d] = start_at(c, 0, 1) + TIMING_FPU_LOAD_LATENCY * TIMING_CYCLE;
        uint32_t fault = data_load(m, op, float_address(c, op), 4, &c->s[op->d]);
        return __builtin_expect(fault == 0, 1) ? op_next_wide(op) : data_fault(m, op, float_address(c, op), fault);
    }
    const struct op *faulted = move(m, op, float_address(c, op), op->m, 1);
    return faulted ? faulted : op_next_wide(op);
}

HANDLER(run_vstr)
{
    const struct op *faulted = move(m, op, float_address(&m->core, op), op->m, 0);
    return faulted ? faulted : op_next_wide(op);
}

static inline const struct op *move_multiple(struct machine *m, const struct op *op, int load)
{
    struct core *c = &m->core;
    uint32_t bytes = op->imm, base = c->r[op->n];
    uint32_t address = op->shift ? base - bytes : base;
    if (op->n == 13 && op->shift && !stack_allows(c, address))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    const struct op *faulted = move(m, op, address, op->m, load);
    if (faulted)
        return faulted;
    if (op->amount)
        c->r[op->n] = op->shift ? address : base + bytes;
    return op_next_wide(op);
}

HANDLER(run_vldm)
{
    return move_multiple(m, op, 1);
}

HANDLER(run_vstm)
{
    return move_multiple(m, op, 0);
}

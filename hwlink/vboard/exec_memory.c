// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Loads and stores of core registers.
#include "hwlink/vboard/data.h"
#include "hwlink/vboard/exec.h"

#define HANDLER(name) const struct op *name(struct machine *m, const struct op *op)

static inline uint32_t address_of(struct core *c, const struct op *op, enum addressing how)
{
    switch (how) {
    case ADDRESS_IMM:
    case ADDRESS_PRE:
        return c->r[op->n] + op->imm;
    case ADDRESS_REG:
        return c->r[op->n] + (c->r[op->m] << op->amount);
    case ADDRESS_POST:
        return c->r[op->n];
    default:
        return op->imm;
    }
}

/* Writes the base back. Returns 0 where the stack limit forbids it. */
static inline int write_back(struct core *c, const struct op *op, enum addressing how)
{
    if (how != ADDRESS_PRE && how != ADDRESS_POST)
        return 1;
    uint32_t base = c->r[op->n] + op->imm;
    if (op->n == 13 && !stack_allows(c, base))
        return 0;
    c->r[op->n] = base;
    return 1;
}

static inline uint32_t extended(uint32_t value, enum transfer what)
{
    return what == LOAD_S16 ? (uint32_t)(int16_t)value : what == LOAD_S8 ? (uint32_t)(int8_t)value : value;
}

static const uint8_t sizes[TRANSFERS] = {4, 2, 1, 2, 1, 4, 2, 1};

/* Any load or store, wherever it goes. */
static __attribute__((noinline)) const struct op *transfer(struct machine *m, const struct op *op, enum transfer what,
                                                           enum addressing how)
{
    struct core *c = &m->core;
    int is_load = what < STORE_32;
    uint32_t address = address_of(c, op, how), value = c->r[op->d];
    if (op->n == 13 && how == ADDRESS_PRE && !stack_allows(c, address))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    uint32_t fault = is_load ? data_load(m, op, address, sizes[what], &value) : data_store(m, op, address, sizes[what], value);
    if (fault)
        return data_fault(m, op, address, fault);
    if (!write_back(c, op, how))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    if (is_load)
        c->r[op->d] = extended(value, what);
    return op_next(op);
}

HANDLER(run_transfer_sp)
{
    return transfer(m, op, (enum transfer)op->shift, (enum addressing)op->a);
}

/* The base is not the stack pointer if it is written: of PRE and POST. */
static inline const struct op *loaded(struct core *c, const struct op *op, uint32_t value, enum transfer what,
                                      enum addressing how)
{
    if (how == ADDRESS_PRE || how == ADDRESS_POST)
        c->r[op->n] += op->imm;
    c->r[op->d] = extended(value, what);
    return op_next(op);
}

static __attribute__((noinline)) const struct op *load_elsewhere(struct machine *m, const struct op *op, uint32_t address,
                                                                 enum transfer what, enum addressing how)
{
    uint32_t value, fault = data_load_elsewhere(m, op, address, sizes[what], &value);
    return fault ? data_fault(m, op, address, fault) : loaded(&m->core, op, value, what, how);
}

/* The common case in a few host instructions: aligned, in SRAM, the bus free. */
static inline const struct op *load(struct machine *m, const struct op *op, enum transfer what, enum addressing how)
{
    struct core *c = &m->core;
    uint32_t address = address_of(c, op, how), at = address - SRAM_BASE, value = 0;
    c->counts.loads++;
    if (__builtin_expect(at >= c->sram_free || (address & (sizes[what] - 1u)), 0))
        return load_elsewhere(m, op, address, what, how);
    memcpy(&value, m->memory.sram + at, sizes[what]);
    return loaded(c, op, value, what, how);
}

static inline const struct op *store(struct machine *m, const struct op *op, enum transfer what, enum addressing how)
{
    struct core *c = &m->core;
    uint32_t address = address_of(c, op, how), at = address - SRAM_BASE, value = c->r[op->d];
    if (__builtin_expect(at >= c->sram_free || (address & (sizes[what] - 1u)) || m->memory.code[at / MEMORY_GRANULE], 0))
        return transfer(m, op, what, how);
    c->counts.stores++;
    memcpy(m->memory.sram + at, &value, sizes[what]);
    if (how == ADDRESS_PRE || how == ADDRESS_POST)
        c->r[op->n] += op->imm;
    return op_next(op);
}

#define TRANSFER(name, kind, what, how)                                                                                  \
    static HANDLER(name)                                                                                                 \
    {                                                                                                                    \
        return kind(m, op, what, how);                                                                                   \
    }
#define TRANSFERS_OF(name, kind, what)                                                                                   \
    TRANSFER(name##_imm, kind, what, ADDRESS_IMM)                                                                        \
    TRANSFER(name##_reg, kind, what, ADDRESS_REG)                                                                        \
    TRANSFER(name##_pre, kind, what, ADDRESS_PRE)                                                                        \
    TRANSFER(name##_post, kind, what, ADDRESS_POST)                                                                      \
    TRANSFER(name##_literal, kind, what, ADDRESS_LITERAL)
TRANSFERS_OF(ldr, load, LOAD_U32)
TRANSFERS_OF(ldrh, load, LOAD_U16)
TRANSFERS_OF(ldrb, load, LOAD_U8)
TRANSFERS_OF(ldrsh, load, LOAD_S16)
TRANSFERS_OF(ldrsb, load, LOAD_S8)
TRANSFERS_OF(str, store, STORE_32)
TRANSFERS_OF(strh, store, STORE_16)
TRANSFERS_OF(strb, store, STORE_8)

#define TRANSFER_ROW(name) {name##_imm, name##_reg, name##_pre, name##_post, name##_literal}

op_run *const exec_transfer[TRANSFERS][ADDRESSINGS] = {
    TRANSFER_ROW(ldr), TRANSFER_ROW(ldrh), TRANSFER_ROW(ldrb), TRANSFER_ROW(ldrsh),
    TRANSFER_ROW(ldrsb), TRANSFER_ROW(str), TRANSFER_ROW(strh), TRANSFER_ROW(strb),
};

HANDLER(run_ldr_pc)
{
    struct core *c = &m->core;
    enum addressing how = op->shift;
    uint32_t address = address_of(c, op, how), target;
    uint32_t fault = data_load_word(m, op, address, &target);
    if (fault)
        return data_fault(m, op, address, fault);
    if (!write_back(c, op, how))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    add_stall(&c->counts.stall_branch, c, TIMING_LOADED_PC);
    return jump_exchange(m, op, target);
}

HANDLER(run_ldrd)
{
    struct core *c = &m->core;
    enum addressing how = op->shift;
    uint32_t address = address_of(c, op, how), first, second;
    uint32_t fault = data_load_word(m, op, address, &first);
    if (!fault)
        fault = data_load_word(m, op, address + 4, &second);
    if (fault)
        return data_fault(m, op, address, fault);
    if (!write_back(c, op, how))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    c->r[op->d] = first;
    c->r[op->a] = second;
    return op_next(op);
}

HANDLER(run_strd)
{
    struct core *c = &m->core;
    enum addressing how = op->shift;
    uint32_t address = address_of(c, op, how);
    if (op->n == 13 && how == ADDRESS_PRE && !stack_allows(c, address))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    uint32_t fault = data_store_word(m, op, address, c->r[op->d]);
    if (!fault)
        fault = data_store_word(m, op, address + 4, c->r[op->a]);
    if (fault)
        return data_fault(m, op, address, fault);
    write_back(c, op, how);
    return op_next(op);
}

HANDLER(run_ldm)
{
    struct core *c = &m->core;
    uint32_t base = c->r[op->n], bytes = (uint32_t)__builtin_popcount(op->imm) * 4;
    uint32_t address = op->shift ? base - bytes : base, value = 0;
    uint32_t after = op->shift ? base - bytes : base + bytes;
    for (uint32_t left = op->imm; left; left &= left - 1, address += 4) {
        uint32_t fault = data_load_word(m, op, address, &value);
        if (fault) {
            c->r[op->n] = base;
            return data_fault(m, op, address, fault);
        }
        c->r[__builtin_ctz(left)] = value; // r[15] holds a loaded PC until the jump below
    }
    if (op->amount)
        c->r[op->n] = after;
    if (!(op->imm & 0x8000u))
        return op_next(op);
    add_stall(&c->counts.stall_branch, c, TIMING_LOADED_PC);
    return jump_exchange(m, op, value);
}

HANDLER(run_stm)
{
    struct core *c = &m->core;
    uint32_t base = c->r[op->n], bytes = (uint32_t)__builtin_popcount(op->imm) * 4;
    uint32_t address = op->shift ? base - bytes : base;
    uint32_t after = op->shift ? base - bytes : base + bytes;
    if (op->n == 13 && op->shift && !stack_allows(c, after))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    for (uint32_t left = op->imm; left; left &= left - 1, address += 4) {
        uint32_t fault = data_store_word(m, op, address, c->r[__builtin_ctz(left)]);
        if (fault)
            return data_fault(m, op, address, fault);
    }
    if (op->amount)
        c->r[op->n] = after;
    return op_next(op);
}

HANDLER(run_ldrex)
{
    struct core *c = &m->core;
    uint32_t address = c->r[op->n] + op->imm, value;
    uint32_t fault = address & (op->amount - 1u) ? CFSR_UNALIGNED : data_load(m, op, address, op->amount, &value);
    if (fault)
        return data_fault(m, op, address, fault);
    c->exclusive = 1;
    c->r[op->d] = value;
    return op_next(op);
}

HANDLER(run_strex)
{
    struct core *c = &m->core;
    uint32_t address = c->r[op->n] + op->imm, failed = !c->exclusive;
    if (!failed) {
        uint32_t fault = address & (op->amount - 1u) ? CFSR_UNALIGNED : data_store(m, op, address, op->amount, c->r[op->a]);
        if (fault)
            return data_fault(m, op, address, fault);
    }
    c->exclusive = 0;
    c->r[op->d] = failed;
    return op_next(op);
}

HANDLER(run_clrex)
{
    m->core.exclusive = 0;
    return op_next(op);
}

static inline const struct op *table_branch(struct machine *m, const struct op *op, unsigned size)
{
    struct core *c = &m->core;
    uint32_t table = op->n == 15 ? op->pc + 4 : c->r[op->n];
    uint32_t address = table + c->r[op->m] * size, slots;
    uint32_t fault = data_load(m, op, address, size, &slots);
    if (fault)
        return data_fault(m, op, address, fault);
    c->counts.branches++;
    add_stall(&c->counts.stall_branch, c, TIMING_LOADED_PC);
    return jump(m, op->pc + 4 + 2 * slots);
}

HANDLER(run_tbb)
{
    return table_branch(m, op, 1);
}

HANDLER(run_tbh)
{
    return table_branch(m, op, 2);
}

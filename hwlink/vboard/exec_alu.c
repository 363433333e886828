// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Data processing: one handler for each operation, kind of second operand, and whether it sets flags.
#include "hwlink/vboard/exec.h"

#define HANDLER(name) const struct op *name(struct machine *m, const struct op *op)

/* The second operand and the carry of the shifter. Amounts are 1..32, and 0 for LSL where the carry is not wanted. */
static inline uint32_t shifted(const struct core *c, const struct op *op, uint32_t *carry)
{
    uint32_t value = c->r[op->m];
    unsigned amount = op->amount;
    switch (op->shift) {
    case SHIFT_LSL:
        *carry = (uint32_t)((uint64_t)value << amount >> 32) & 1;
        return value << amount;
    case SHIFT_LSR:
        *carry = value >> (amount - 1) & 1;
        return amount == 32 ? 0 : value >> amount;
    case SHIFT_ASR:
        *carry = (uint32_t)((int32_t)value >> (amount - 1)) & 1;
        return (uint32_t)((int32_t)value >> (amount == 32 ? 31 : amount));
    case SHIFT_ROR:
        *carry = value >> (amount - 1) & 1;
        return value >> amount | value << (32 - amount);
    default:
        *carry = value & 1;
        return value >> 1 | c->c << 31;
    }
}

static inline uint32_t immediate_carry(const struct core *c, const struct op *op)
{
    return op->shift ? op->amount : c->c;
}

static inline void logical_flags(struct core *c, uint32_t result, uint32_t carry)
{
    set_nz(c, result);
    c->c = carry;
}

/* `b` and `carry` of the three kinds of operand. */
#define OPERAND_imm uint32_t b = op->imm, carry = immediate_carry(c, op); (void)carry;
#define OPERAND_reg uint32_t b = c->r[op->m], carry = c->c; (void)carry;
#define OPERAND_shift uint32_t carry, b = shifted(c, op, &carry);

#define FORM(name, operand, statement)                                                                                   \
    static HANDLER(name)                                                                                                 \
    {                                                                                                                    \
        struct core *c = &m->core;                                                                                       \
        uint32_t a = c->r[op->n];                                                                                        \
        (void)a;                                                                                                         \
        OPERAND_##operand statement;                                                                                     \
        return op_next(op);                                                                                              \
    }
#define FORMS(name, statement)                                                                                           \
    FORM(name##_imm, imm, statement) FORM(name##_reg, reg, statement) FORM(name##_shift, shift, statement)

#define LOGICAL(name, value)                                                                                             \
    FORMS(name, c->r[op->d] = (value))                                                                                   \
    FORMS(name##s, uint32_t r = (value); c->r[op->d] = r; logical_flags(c, r, carry))
#define ARITHMETIC(name, value, x, y, in)                                                                                \
    FORMS(name, c->r[op->d] = (value)) FORMS(name##s, c->r[op->d] = add_carry(c, x, y, in))

LOGICAL(and, a & b)
LOGICAL(bic, a & ~b)
LOGICAL(orr, a | b)
LOGICAL(orn, a | ~b)
LOGICAL(eor, a ^ b)
LOGICAL(mov, b)
LOGICAL(mvn, ~b)
ARITHMETIC(add, a + b, a, b, 0)
ARITHMETIC(adc, a + b + c->c, a, b, c->c)
ARITHMETIC(sbc, a + ~b + c->c, a, ~b, c->c)
ARITHMETIC(sub, a - b, a, ~b, 1)
ARITHMETIC(rsb, b - a, ~a, b, 1)
FORMS(tst, logical_flags(c, a & b, carry))
FORMS(teq, logical_flags(c, a ^ b, carry))
FORMS(cmn, add_carry(c, a, b, 0))
FORMS(cmp, add_carry(c, a, ~b, 1))

#define ROW(index, name) \
    [index] = {{name##_imm, name##s_imm}, {name##_reg, name##s_reg}, {name##_shift, name##s_shift}}
#define TEST_ROW(index, name) [index] = {{NULL, name##_imm}, {NULL, name##_reg}, {NULL, name##_shift}}

op_run *const exec_alu[ALU_OPERATIONS][ALU_OPERANDS][2] = {
    ROW(ALU_AND, and), ROW(ALU_BIC, bic), ROW(ALU_ORR, orr), ROW(ALU_ORN, orn), ROW(ALU_EOR, eor), ROW(ALU_MOV, mov),
    ROW(ALU_MVN, mvn), ROW(ALU_ADD, add), ROW(ALU_ADC, adc), ROW(ALU_SBC, sbc), ROW(ALU_SUB, sub), ROW(ALU_RSB, rsb),
    TEST_ROW(ALU_TST, tst), TEST_ROW(ALU_TEQ, teq), TEST_ROW(ALU_CMN, cmn), TEST_ROW(ALU_CMP, cmp),
};

/* Shifts by a register: by its low byte, 0 leaves value and carry. */
static uint32_t lsl_by(uint32_t value, uint32_t by, uint32_t *carry)
{
    if (by)
        *carry = by <= 32 ? (uint32_t)((uint64_t)value << by >> 32) & 1 : 0;
    return by < 32 ? value << by : 0;
}

static uint32_t lsr_by(uint32_t value, uint32_t by, uint32_t *carry)
{
    if (by)
        *carry = by <= 32 ? value >> (by - 1) & 1 : 0;
    return by < 32 ? value >> by : 0;
}

static uint32_t asr_by(uint32_t value, uint32_t by, uint32_t *carry)
{
    uint32_t most = by < 32 ? by : 31;
    uint32_t result = (uint32_t)((int32_t)value >> most);
    if (by)
        *carry = by < 32 ? value >> (by - 1) & 1 : value >> 31;
    return result;
}

static uint32_t ror_by(uint32_t value, uint32_t by, uint32_t *carry)
{
    uint32_t turn = by & 31;
    uint32_t result = turn ? value >> turn | value << (32 - turn) : value;
    if (by)
        *carry = result >> 31;
    return result;
}

#define SHIFT_BY(name)                                                                                                   \
    HANDLER(run_##name##_reg)                                                                                            \
    {                                                                                                                    \
        struct core *c = &m->core;                                                                                       \
        uint32_t unused;                                                                                                 \
        c->r[op->d] = name##_by(c->r[op->n], c->r[op->m] & 255, &unused);                                                \
        return op_next(op);                                                                                              \
    }                                                                                                                    \
    HANDLER(run_##name##s_reg)                                                                                           \
    {                                                                                                                    \
        struct core *c = &m->core;                                                                                       \
        uint32_t result = name##_by(c->r[op->n], c->r[op->m] & 255, &c->c);                                              \
        c->r[op->d] = result;                                                                                            \
        set_nz(c, result);                                                                                               \
        return op_next(op);                                                                                              \
    }
SHIFT_BY(lsl)
SHIFT_BY(lsr)
SHIFT_BY(asr)
SHIFT_BY(ror)

/* The stack pointer is a multiple of 4 and, while it is lowered, checked against its limit. */
static const struct op *set_sp(struct machine *m, const struct op *op, uint32_t sp)
{
    sp &= ~3u;
    if (!stack_allows(&m->core, sp))
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_STKOF);
    m->core.r[13] = sp;
    return op_next(op);
}

HANDLER(run_sp_add_imm)
{
    return set_sp(m, op, m->core.r[op->n] + op->imm);
}

HANDLER(run_sp_add)
{
    uint32_t carry, b = shifted(&m->core, op, &carry);
    return set_sp(m, op, m->core.r[op->n] + b);
}

HANDLER(run_sp_sub)
{
    uint32_t carry, b = shifted(&m->core, op, &carry);
    return set_sp(m, op, m->core.r[op->n] - b);
}

HANDLER(run_sp_mov)
{
    return set_sp(m, op, m->core.r[op->m]);
}

HANDLER(run_movt)
{
    uint32_t *r = &m->core.r[op->d];
    *r = (*r & 0xffffu) | op->imm << 16;
    return op_next(op);
}

static inline uint32_t low_bits(unsigned n)
{
    return n >= 32 ? ~0u : (1u << n) - 1;
}

HANDLER(run_bfi)
{
    uint32_t *r = &m->core.r[op->d];
    uint32_t mask = low_bits(op->amount) << op->shift;
    *r = (*r & ~mask) | (m->core.r[op->n] << op->shift & mask);
    return op_next(op);
}

HANDLER(run_bfc)
{
    m->core.r[op->d] &= ~(low_bits(op->amount) << op->shift);
    return op_next(op);
}

HANDLER(run_ubfx)
{
    m->core.r[op->d] = m->core.r[op->n] >> op->shift & low_bits(op->amount);
    return op_next(op);
}

HANDLER(run_sbfx)
{
    uint32_t up = m->core.r[op->n] << (32 - op->shift - op->amount);
    m->core.r[op->d] = (uint32_t)((int32_t)up >> (32 - op->amount));
    return op_next(op);
}

HANDLER(run_clz)
{
    uint32_t value = m->core.r[op->m];
    m->core.r[op->d] = value ? (uint32_t)__builtin_clz(value) : 32;
    return op_next(op);
}

HANDLER(run_rbit)
{
    uint32_t v = __builtin_bswap32(m->core.r[op->m]);
    v = (v & 0x0f0f0f0fu) << 4 | (v >> 4 & 0x0f0f0f0fu);
    v = (v & 0x33333333u) << 2 | (v >> 2 & 0x33333333u);
    m->core.r[op->d] = (v & 0x55555555u) << 1 | (v >> 1 & 0x55555555u);
    return op_next(op);
}

HANDLER(run_rev)
{
    m->core.r[op->d] = __builtin_bswap32(m->core.r[op->m]);
    return op_next(op);
}

HANDLER(run_rev16)
{
    uint32_t v = m->core.r[op->m];
    m->core.r[op->d] = (v & 0x00ff00ffu) << 8 | (v >> 8 & 0x00ff00ffu);
    return op_next(op);
}

HANDLER(run_revsh)
{
    m->core.r[op->d] = (uint32_t)(int16_t)__builtin_bswap16((uint16_t)m->core.r[op->m]);
    return op_next(op);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The DSP extension without multiplications: saturation, parallel sums, extension, packing.
#include "hwlink/vboard/exec.h"

#define HANDLER(name) const struct op *name(struct machine *m, const struct op *op)

static inline uint32_t rotated(const struct core *c, const struct op *op)
{
    uint32_t value = c->r[op->m];
    return op->amount ? value >> op->amount | value << (32 - op->amount) : value;
}

static inline uint32_t signed_bytes(uint32_t v)
{
    return ((uint32_t)(int8_t)v & 0xffffu) | (uint32_t)(int8_t)(v >> 16) << 16;
}

/* Sums of the two halves, each on its own. */
static inline uint32_t halves_sum(uint32_t a, uint32_t b)
{
    return ((a + b) & 0xffffu) | ((a & 0xffff0000u) + (b & 0xffff0000u));
}

#define EXTEND(name, value)                                                                                              \
    HANDLER(run_##name)                                                                                                  \
    {                                                                                                                    \
        uint32_t v = rotated(&m->core, op);                                                                              \
        m->core.r[op->d] = (value);                                                                                      \
        return op_next(op);                                                                                              \
    }
EXTEND(sxtb, (uint32_t)(int8_t)v)
EXTEND(sxth, (uint32_t)(int16_t)v)
EXTEND(uxtb, v & 255)
EXTEND(uxth, v & 0xffff)
EXTEND(sxtb16, signed_bytes(v))
EXTEND(uxtb16, v & 0x00ff00ffu)
EXTEND(sxtab, m->core.r[op->n] + (uint32_t)(int8_t)v)
EXTEND(sxtah, m->core.r[op->n] + (uint32_t)(int16_t)v)
EXTEND(uxtab, m->core.r[op->n] + (v & 255))
EXTEND(uxtah, m->core.r[op->n] + (v & 0xffff))
EXTEND(sxtab16, halves_sum(m->core.r[op->n], signed_bytes(v)))
EXTEND(uxtab16, halves_sum(m->core.r[op->n], v & 0x00ff00ffu))

static inline uint32_t shifted_lsl(const struct core *c, const struct op *op)
{
    return c->r[op->m] << op->amount;
}

HANDLER(run_pkhbt)
{
    m->core.r[op->d] = (m->core.r[op->n] & 0xffffu) | (shifted_lsl(&m->core, op) & 0xffff0000u);
    return op_next_wide(op);
}

HANDLER(run_pkhtb)
{
    uint32_t low = (uint32_t)((int32_t)m->core.r[op->m] >> (op->amount > 31 ? 31 : op->amount));
    m->core.r[op->d] = (m->core.r[op->n] & 0xffff0000u) | (low & 0xffffu);
    return op_next_wide(op);
}

static int32_t signed_limit(struct core *c, int64_t value, unsigned bits)
{
    int64_t most = ((int64_t)1 << (bits - 1)) - 1;
    int64_t kept = value > most ? most : value < -most - 1 ? -most - 1 : value;
    c->q |= kept != value;
    return (int32_t)kept;
}

static uint32_t unsigned_limit(struct core *c, int64_t value, unsigned bits)
{
    int64_t most = ((int64_t)1 << bits) - 1;
    int64_t kept = value > most ? most : value < 0 ? 0 : value;
    c->q |= kept != value;
    return (uint32_t)kept;
}

/* Operand of SSAT and USAT: n shifted by LSL or, shift = 1, ASR. */
static int32_t to_saturate(const struct core *c, const struct op *op)
{
    uint32_t value = c->r[op->n];
    return op->shift ? (int32_t)value >> (op->amount > 31 ? 31 : op->amount) : (int32_t)(value << op->amount);
}

HANDLER(run_ssat)
{
    m->core.r[op->d] = (uint32_t)signed_limit(&m->core, to_saturate(&m->core, op), op->imm);
    return op_next_wide(op);
}

HANDLER(run_usat)
{
    m->core.r[op->d] = unsigned_limit(&m->core, to_saturate(&m->core, op), op->imm);
    return op_next_wide(op);
}

HANDLER(run_ssat16)
{
    struct core *c = &m->core;
    uint32_t v = c->r[op->n];
    uint32_t low = (uint32_t)signed_limit(c, (int16_t)v, op->imm) & 0xffffu;
    c->r[op->d] = low | (uint32_t)signed_limit(c, (int32_t)v >> 16, op->imm) << 16;
    return op_next_wide(op);
}

HANDLER(run_usat16)
{
    struct core *c = &m->core;
    uint32_t v = c->r[op->n];
    uint32_t low = unsigned_limit(c, (int16_t)v, op->imm);
    c->r[op->d] = low | unsigned_limit(c, (int32_t)v >> 16, op->imm) << 16;
    return op_next_wide(op);
}

#define SATURATING(name, value)                                                                                          \
    HANDLER(run_##name)                                                                                                  \
    {                                                                                                                    \
        struct core *c = &m->core;                                                                                       \
        int64_t first = (int32_t)c->r[op->m], second = (int32_t)c->r[op->n];                                             \
        c->r[op->d] = (uint32_t)signed_limit(c, value, 32);                                                              \
        return op_next_wide(op);                                                                                              \
    }
SATURATING(qadd, first + second)
SATURATING(qsub, first - second)
SATURATING(qdadd, first + signed_limit(c, 2 * second, 32))
SATURATING(qdsub, first - signed_limit(c, 2 * second, 32))

HANDLER(run_sel)
{
    struct core *c = &m->core;
    uint32_t mask = 0;
    for (int i = 0; i < 4; i++)
        mask |= (c->ge >> i & 1) * (255u << 8 * i);
    c->r[op->d] = (c->r[op->n] & mask) | (c->r[op->m] & ~mask);
    return op_next_wide(op);
}

enum parallel { PARALLEL_PLAIN, PARALLEL_SATURATE, PARALLEL_HALVE };

/* One lane of `bits`; its GE flag. */
static uint32_t lane(int32_t value, unsigned bits, enum parallel how, int is_signed, int subtract, int *ge)
{
    int32_t one = 1;
    int32_t least = is_signed ? -(one << (bits - 1)) : 0, most = is_signed ? (one << (bits - 1)) - 1 : (one << bits) - 1;
    *ge = is_signed || subtract ? value >= 0 : value > most;
    if (how == PARALLEL_SATURATE)
        value = value < least ? least : value > most ? most : value;
    if (how == PARALLEL_HALVE)
        value >>= 1;
    return (uint32_t)value & ((1u << bits) - 1);
}

static int32_t lane_of(uint32_t word, unsigned at, unsigned bits, int is_signed)
{
    uint32_t v = word >> at;
    if (bits == 8)
        return is_signed ? (int8_t)v : (int32_t)(v & 255);
    return is_signed ? (int16_t)v : (int32_t)(v & 0xffff);
}

enum parallel_operation { PARALLEL_ADD8, PARALLEL_ADD16, PARALLEL_ASX, PARALLEL_SUB8, PARALLEL_SUB16, PARALLEL_SAX };

static inline const struct op *parallel(struct core *c, const struct op *op, enum parallel_operation operation, enum parallel how,
                                        int is_signed)
{
    unsigned bits = operation == PARALLEL_ADD8 || operation == PARALLEL_SUB8 ? 8 : 16;
    int exchanges = operation == PARALLEL_ASX || operation == PARALLEL_SAX;
    uint32_t n = c->r[op->n], k = c->r[op->m], result = 0, flags = 0;
    if (exchanges)
        k = k >> 16 | k << 16;
    for (unsigned at = 0; at < 32; at += bits) {
        int subtract = operation == PARALLEL_SUB8 || operation == PARALLEL_SUB16 || (operation == PARALLEL_ASX && at == 0) ||
                       (operation == PARALLEL_SAX && at == 16);
        int32_t x = lane_of(n, at, bits, is_signed), y = lane_of(k, at, bits, is_signed);
        int ge;
        result |= lane(subtract ? x - y : x + y, bits, how, is_signed, subtract, &ge) << at;
        flags |= (ge ? (bits == 8 ? 1u : 3u) : 0) << at / 8;
    }
    c->r[op->d] = result;
    if (how == PARALLEL_PLAIN)
        c->ge = flags;
    return op_next_wide(op);
}

#define PARALLEL(name, operation, how, is_signed)                                                                        \
    static HANDLER(name)                                                                                                 \
    {                                                                                                                    \
        return parallel(&m->core, op, operation, how, is_signed);                                                        \
    }
#define PARALLELS(name, operation)                                                                                       \
    PARALLEL(s##name, operation, PARALLEL_PLAIN, 1)                                                                      \
    PARALLEL(q##name, operation, PARALLEL_SATURATE, 1)                                                                   \
    PARALLEL(sh##name, operation, PARALLEL_HALVE, 1)                                                                     \
    PARALLEL(u##name, operation, PARALLEL_PLAIN, 0)                                                                      \
    PARALLEL(uq##name, operation, PARALLEL_SATURATE, 0)                                                                  \
    PARALLEL(uh##name, operation, PARALLEL_HALVE, 0)
PARALLELS(add8, PARALLEL_ADD8)
PARALLELS(add16, PARALLEL_ADD16)
PARALLELS(asx, PARALLEL_ASX)
PARALLELS(sub8, PARALLEL_SUB8)
PARALLELS(sub16, PARALLEL_SUB16)
PARALLELS(sax, PARALLEL_SAX)

#define PARALLEL_ROW(name) {s##name, q##name, sh##name, NULL, u##name, uq##name, uh##name, NULL}

op_run *const exec_parallel[8][8] = {
    [0] = PARALLEL_ROW(add8), [1] = PARALLEL_ROW(add16), [2] = PARALLEL_ROW(asx),
    [4] = PARALLEL_ROW(sub8), [5] = PARALLEL_ROW(sub16), [6] = PARALLEL_ROW(sax),
};

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Multiplication, multiply-accumulate and division.
#include "hwlink/vboard/exec.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define HANDLER(name) const struct op *name(struct machine *m, const struct op *op)

static inline int32_t low(uint32_t word)
{
    return (int16_t)word;
}

static inline int32_t high(uint32_t word)
{
    return (int32_t)word >> 16;
}

static inline uint32_t turned(uint32_t word)
{
    return word >> 16 | word << 16;
}

static inline uint64_t wide(const struct core *c, const struct op *op)
{
    return (uint64_t)c->r[op->d] << 32 | c->r[op->a];
}

static inline const struct op *set_wide(struct core *c, const struct op *op, uint64_t value)
{
    c->r[op->a] = (uint32_t)value;
    c->r[op->d] = (uint32_t)(value >> 32);
    return op_next_wide(op);
}

/* Stores a sum that sets Q when it does not fit; it wraps. */
static inline const struct op *set_sum(struct core *c, const struct op *op, int64_t sum)
{
    c->r[op->d] = (uint32_t)sum;
    if (__builtin_expect(sum != (int32_t)sum, 0))
        c->q = 1;
    return op_next_wide(op);
}

HANDLER(run_mul)
{
    m->core.r[op->d] = m->core.r[op->n] * m->core.r[op->m];
    return op_next(op);
}

HANDLER(run_muls)
{
    struct core *c = &m->core;
    uint32_t result = c->r[op->n] * c->r[op->m];
    c->r[op->d] = result;
    set_nz(c, result);
    return op_next(op);
}

HANDLER(run_mla)
{
    struct core *c = &m->core;
    c->r[op->d] = c->r[op->a] + c->r[op->n] * c->r[op->m];
    return op_next_wide(op);
}

HANDLER(run_mls)
{
    struct core *c = &m->core;
    c->r[op->d] = c->r[op->a] - c->r[op->n] * c->r[op->m];
    return op_next_wide(op);
}

HANDLER(run_smull)
{
    struct core *c = &m->core;
    return set_wide(c, op, (uint64_t)((int64_t)(int32_t)c->r[op->n] * (int32_t)c->r[op->m]));
}

HANDLER(run_umull)
{
    struct core *c = &m->core;
    return set_wide(c, op, (uint64_t)c->r[op->n] * c->r[op->m]);
}

HANDLER(run_smlal)
{
    struct core *c = &m->core;
    return set_wide(c, op, wide(c, op) + (uint64_t)((int64_t)(int32_t)c->r[op->n] * (int32_t)c->r[op->m]));
}

HANDLER(run_umlal)
{
    struct core *c = &m->core;
    return set_wide(c, op, wide(c, op) + (uint64_t)c->r[op->n] * c->r[op->m]);
}

HANDLER(run_umaal)
{
    struct core *c = &m->core;
    return set_wide(c, op, (uint64_t)c->r[op->n] * c->r[op->m] + c->r[op->d] + c->r[op->a]);
}

static inline int32_t half(uint32_t word, int top)
{
    return top ? high(word) : low(word);
}

static inline int32_t halves(const struct core *c, const struct op *op)
{
    return half(c->r[op->n], op->shift >> 1) * half(c->r[op->m], op->shift & 1);
}

HANDLER(run_smulxy)
{
    m->core.r[op->d] = (uint32_t)halves(&m->core, op);
    return op_next_wide(op);
}

HANDLER(run_smlaxy)
{
    struct core *c = &m->core;
    return set_sum(c, op, (int64_t)(int32_t)c->r[op->a] + halves(c, op));
}

static inline int64_t by_half(const struct core *c, const struct op *op)
{
    return (int64_t)(int32_t)c->r[op->n] * half(c->r[op->m], op->shift & 1) >> 16;
}

HANDLER(run_smulwy)
{
    m->core.r[op->d] = (uint32_t)by_half(&m->core, op);
    return op_next_wide(op);
}

HANDLER(run_smlawy)
{
    struct core *c = &m->core;
    return set_sum(c, op, (int32_t)c->r[op->a] + by_half(c, op));
}

HANDLER(run_smlalxy)
{
    struct core *c = &m->core;
    return set_wide(c, op, wide(c, op) + (uint64_t)(int64_t)halves(c, op));
}

/* The sum of the two products of halves, modulo 2^32. It is one half of what a host's instruction gives, where there is one. */
static inline int32_t dot(uint32_t n, uint32_t k)
{
#ifdef __SSE2__
    return _mm_cvtsi128_si32(_mm_madd_epi16(_mm_cvtsi32_si128((int)n), _mm_cvtsi32_si128((int)k)));
#else
    return (int32_t)((uint32_t)(low(n) * low(k)) + (uint32_t)(high(n) * high(k)));
#endif
}

/* With the accumulator; most sums fit. That of products is 2^31 at most, for four times -32768, and never -2^31. */
static inline const struct op *add_dot(struct core *c, const struct op *op, uint32_t n, uint32_t k)
{
    int32_t a = (int32_t)c->r[op->a], products = dot(n, k), sum;
    if (__builtin_expect(products == INT32_MIN || __builtin_add_overflow(products, a, &sum), 0))
        return set_sum(c, op, (int64_t)low(n) * low(k) + (int64_t)high(n) * high(k) + a);
    c->r[op->d] = (uint32_t)sum;
    return op_next_wide(op);
}

HANDLER(run_smlad)
{
    struct core *c = &m->core;
    return add_dot(c, op, c->r[op->n], c->r[op->m]);
}

HANDLER(run_smladx)
{
    struct core *c = &m->core;
    return add_dot(c, op, c->r[op->n], turned(c->r[op->m]));
}

/* The two products; `shift` exchanges the halves of the second operand. */
static inline void products(const struct core *c, const struct op *op, int64_t *p0, int64_t *p1)
{
    uint32_t n = c->r[op->n], k = op->shift ? turned(c->r[op->m]) : c->r[op->m];
    *p0 = (int64_t)low(n) * low(k);
    *p1 = (int64_t)high(n) * high(k);
}

HANDLER(run_smuad)
{
    int64_t p0, p1;
    products(&m->core, op, &p0, &p1);
    return set_sum(&m->core, op, p0 + p1);
}

HANDLER(run_smlsd)
{
    int64_t p0, p1;
    products(&m->core, op, &p0, &p1);
    return set_sum(&m->core, op, p0 - p1 + (int32_t)m->core.r[op->a]);
}

HANDLER(run_smusd)
{
    int64_t p0, p1;
    products(&m->core, op, &p0, &p1);
    m->core.r[op->d] = (uint32_t)(p0 - p1);
    return op_next_wide(op);
}

HANDLER(run_smlald)
{
    int64_t p0, p1;
    products(&m->core, op, &p0, &p1);
    return set_wide(&m->core, op, wide(&m->core, op) + (uint64_t)(p0 + p1));
}

HANDLER(run_smlsld)
{
    int64_t p0, p1;
    products(&m->core, op, &p0, &p1);
    return set_wide(&m->core, op, wide(&m->core, op) + (uint64_t)(p0 - p1));
}

static inline const struct op *most_significant(struct core *c, const struct op *op, int subtract)
{
    uint64_t product = (uint64_t)((int64_t)(int32_t)c->r[op->n] * (int32_t)c->r[op->m]);
    uint64_t sum = op->a == 15 ? 0 : (uint64_t)c->r[op->a] << 32;
    sum = subtract ? sum - product : sum + product;
    if (op->shift)
        sum += 0x80000000u;
    c->r[op->d] = (uint32_t)(sum >> 32);
    return op_next_wide(op);
}

HANDLER(run_smmla)
{
    return most_significant(&m->core, op, 0);
}

HANDLER(run_smmls)
{
    return most_significant(&m->core, op, 1);
}

HANDLER(run_usada8)
{
    struct core *c = &m->core;
    uint32_t sum = op->a == 15 ? 0 : c->r[op->a];
    for (int i = 0; i < 32; i += 8) {
        int difference = (int)(c->r[op->n] >> i & 255) - (int)(c->r[op->m] >> i & 255);
        sum += (uint32_t)(difference < 0 ? -difference : difference);
    }
    c->r[op->d] = sum;
    return op_next_wide(op);
}

/* Early termination: by the bits of the quotient (timing.h). */
static void divide_time(struct core *c, uint32_t n, uint32_t d)
{
    unsigned bits = 0;
    if (d && n >= d)
        bits = (unsigned)(__builtin_clz(d) - __builtin_clz(n)) + 1;
    uint32_t more = (TIMING_DIV_CYCLES - 1 + (bits * TIMING_DIV_RANGE_CYCLES + 31) / 32) * TIMING_CYCLE;
    c->time += more;
    c->counts.stall_issue += more;
}

static uint32_t magnitude(uint32_t value)
{
    return value >> 31 ? 0 - value : value;
}

static const struct op *divide_by_zero(struct machine *m, const struct op *op)
{
    if (m->system.ccr & 1u << 4) // DIV_0_TRP
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, CFSR_DIVBYZERO);
    m->core.r[op->d] = 0;
    return op_next_wide(op);
}

HANDLER(run_sdiv)
{
    struct core *c = &m->core;
    uint32_t n = c->r[op->n], d = c->r[op->m];
    divide_time(c, magnitude(n), magnitude(d));
    if (!d)
        return divide_by_zero(m, op);
    c->r[op->d] = d == ~0u ? 0 - n : (uint32_t)((int32_t)n / (int32_t)d);
    return op_next_wide(op);
}

HANDLER(run_udiv)
{
    struct core *c = &m->core;
    uint32_t n = c->r[op->n], d = c->r[op->m];
    divide_time(c, n, d);
    if (!d)
        return divide_by_zero(m, op);
    c->r[op->d] = n / d;
    return op_next_wide(op);
}

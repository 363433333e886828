// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Single precision arithmetic as FPv5 defines it, on the host's IEEE arithmetic. Values are bit patterns.
#ifndef PARE_HWLINK_VBOARD_FPU_H
#define PARE_HWLINK_VBOARD_FPU_H

#include "hwlink/vboard/core.h"

#include <math.h>
#include <string.h>

#define FPSCR_IOC (1u << 0)
#define FPSCR_DZC (1u << 1)
#define FPSCR_OFC (1u << 2)
#define FPSCR_UFC (1u << 3)
#define FPSCR_IXC (1u << 4)
#define FPSCR_IDC (1u << 7)
#define FPSCR_RMODE_SHIFT 22
#define FPSCR_FZ (1u << 24)
#define FPSCR_DN (1u << 25)
#define FPSCR_AHP (1u << 26)
#define FPSCR_WRITABLE 0xf7c0009fu

enum fpu_rounding { FPU_NEAREST = 0, FPU_UP, FPU_DOWN, FPU_ZERO, FPU_AWAY };

/* The host's environment carries rounding mode and exception flags while the core runs. */
void fpu_enter(struct core *c);      // before the first instruction, and after FPSCR was written
void fpu_leave(struct core *c);      // gathers the flags, restores the host's rounding
void fpu_gather(struct core *c);     // moves the host's flags into c->fpscr

/* Slow paths: NaN results, flushing. */
uint32_t fpu_nan2(struct core *c, uint32_t a, uint32_t b);
uint32_t fpu_nan3(struct core *c, uint32_t a, uint32_t n, uint32_t m);
uint32_t fpu_flush_input(struct core *c, uint32_t a);
uint32_t fpu_flush_result(struct core *c, uint32_t a);

uint32_t fpu_fma(struct core *c, uint32_t a, uint32_t n, uint32_t m); // a + n * m, rounded once
uint32_t fpu_compare(struct core *c, uint32_t a, uint32_t b, int quiet_signals); // NZCV in bits 31..28
uint32_t fpu_max(struct core *c, uint32_t a, uint32_t b);
uint32_t fpu_min(struct core *c, uint32_t a, uint32_t b);
uint32_t fpu_round(struct core *c, uint32_t a, enum fpu_rounding how, int exact);
uint32_t fpu_to_integer(struct core *c, uint32_t a, enum fpu_rounding how, int is_signed);
uint32_t fpu_from_integer(uint32_t a, int is_signed);
uint32_t fpu_to_fixed(struct core *c, uint32_t a, int is_signed, unsigned bits, unsigned fraction);
uint32_t fpu_from_fixed(uint32_t a, int is_signed, unsigned bits, unsigned fraction);
uint32_t fpu_from_half(struct core *c, uint32_t half);
uint32_t fpu_to_half(struct core *c, uint32_t a);

static inline enum fpu_rounding fpu_mode(const struct core *c)
{
    return (enum fpu_rounding)(c->fpscr >> FPSCR_RMODE_SHIFT & 3);
}

static inline float fpu_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t fpu_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline int fpu_is_nan(uint32_t a)
{
    return (a & 0x7fffffffu) > 0x7f800000u;
}

enum fpu_operation { FPU_ADD, FPU_SUB, FPU_MUL, FPU_DIV };

/* a operation b */
static inline uint32_t fpu_do(struct core *c, uint32_t a, uint32_t b, enum fpu_operation operation)
{
    if (__builtin_expect((c->fpscr & FPSCR_FZ) != 0, 0)) {
        a = fpu_flush_input(c, a);
        b = fpu_flush_input(c, b);
    }
    float x = fpu_float(a), y = fpu_float(b);
    uint32_t r = fpu_bits(operation == FPU_ADD ? x + y : operation == FPU_SUB ? x - y : operation == FPU_MUL ? x * y : x / y);
    if (__builtin_expect(fpu_is_nan(r), 0))
        return fpu_nan2(c, a, b);
    if (__builtin_expect((c->fpscr & FPSCR_FZ) != 0, 0))
        return fpu_flush_result(c, r);
    return r;
}

#endif

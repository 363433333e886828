// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/fpu.h"

#include <fenv.h>

#define DEFAULT_NAN 0x7fc00000u
#define QUIET 0x00400000u
#define SIGN 0x80000000u

void fpu_enter(struct core *c)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    feclearexcept(FE_ALL_EXCEPT);
    if (fegetround() != modes[fpu_mode(c)])
        fesetround(modes[fpu_mode(c)]);
}

void fpu_gather(struct core *c)
{
    int raised = fetestexcept(FE_ALL_EXCEPT);
    c->fpscr |= (raised & FE_INVALID ? FPSCR_IOC : 0) | (raised & FE_DIVBYZERO ? FPSCR_DZC : 0) |
                (raised & FE_OVERFLOW ? FPSCR_OFC : 0) | (raised & FE_UNDERFLOW ? FPSCR_UFC : 0) |
                (raised & FE_INEXACT ? FPSCR_IXC : 0);
}

void fpu_leave(struct core *c)
{
    fpu_gather(c);
    if (fegetround() != FE_TONEAREST)
        fesetround(FE_TONEAREST);
}

static int is_signalling(uint32_t a)
{
    return fpu_is_nan(a) && !(a & QUIET);
}

static uint32_t quieted(struct core *c, uint32_t a)
{
    if (is_signalling(a))
        c->fpscr |= FPSCR_IOC;
    return c->fpscr & FPSCR_DN ? DEFAULT_NAN : a | QUIET;
}

/* FPProcessNaNs: the first signalling operand, else the first quiet one; none: the operation was invalid. */
uint32_t fpu_nan2(struct core *c, uint32_t a, uint32_t b)
{
    if (is_signalling(a))
        return quieted(c, a);
    if (is_signalling(b))
        return quieted(c, b);
    if (fpu_is_nan(a))
        return quieted(c, a);
    return fpu_is_nan(b) ? quieted(c, b) : DEFAULT_NAN;
}

static int is_infinite(uint32_t a)
{
    return (a & ~SIGN) == 0x7f800000u;
}

static int is_zero(uint32_t a)
{
    return (a & ~SIGN) == 0;
}

uint32_t fpu_nan3(struct core *c, uint32_t a, uint32_t n, uint32_t m)
{
    int invalid = (is_infinite(n) && is_zero(m)) || (is_zero(n) && is_infinite(m));
    if (is_signalling(a))
        return quieted(c, a);
    if (is_signalling(n))
        return quieted(c, n);
    if (is_signalling(m))
        return quieted(c, m);
    if (fpu_is_nan(a) && invalid)
        c->fpscr |= FPSCR_IOC;
    if (fpu_is_nan(a))
        return invalid ? DEFAULT_NAN : quieted(c, a);
    return fpu_nan2(c, n, m);
}

static int is_subnormal(uint32_t a)
{
    return !(a & 0x7f800000u) && (a & 0x007fffffu);
}

uint32_t fpu_flush_input(struct core *c, uint32_t a)
{
    if (!(c->fpscr & FPSCR_FZ) || !is_subnormal(a))
        return a;
    c->fpscr |= FPSCR_IDC;
    return a & SIGN;
}

uint32_t fpu_flush_result(struct core *c, uint32_t a)
{
    if (!is_subnormal(a))
        return a;
    c->fpscr |= FPSCR_UFC;
    return a & SIGN;
}

uint32_t fpu_fma(struct core *c, uint32_t a, uint32_t n, uint32_t m)
{
    int flush = (c->fpscr & FPSCR_FZ) != 0;
    if (flush) {
        a = fpu_flush_input(c, a);
        n = fpu_flush_input(c, n);
        m = fpu_flush_input(c, m);
    }
    uint32_t r = fpu_bits(fmaf(fpu_float(n), fpu_float(m), fpu_float(a)));
    if (__builtin_expect(fpu_is_nan(r), 0))
        return fpu_nan3(c, a, n, m);
    return flush ? fpu_flush_result(c, r) : r;
}

/* Order of two numbers: -1, 0, 1. */
static int order(uint32_t a, uint32_t b)
{
    if (is_zero(a) && is_zero(b))
        return 0;
    int64_t x = a & SIGN ? -(int64_t)(a & ~SIGN) : (int64_t)a;
    int64_t y = b & SIGN ? -(int64_t)(b & ~SIGN) : (int64_t)b;
    return (x > y) - (x < y);
}

uint32_t fpu_compare(struct core *c, uint32_t a, uint32_t b, int quiet_signals)
{
    a = fpu_flush_input(c, a);
    b = fpu_flush_input(c, b);
    if (fpu_is_nan(a) || fpu_is_nan(b)) {
        if (quiet_signals || is_signalling(a) || is_signalling(b))
            c->fpscr |= FPSCR_IOC;
        return 3u << 28;
    }
    int o = order(a, b);
    return o < 0 ? 8u << 28 : o == 0 ? 6u << 28 : 2u << 28;
}

/* maxNum and minNum of IEEE 754-2008: a number beats a quiet NaN. */
static uint32_t number_wins(struct core *c, uint32_t a, uint32_t b, int most)
{
    a = fpu_flush_input(c, a);
    b = fpu_flush_input(c, b);
    if (fpu_is_nan(a) && !fpu_is_nan(b) && !is_signalling(a))
        return b;
    if (fpu_is_nan(b) && !fpu_is_nan(a) && !is_signalling(b))
        return a;
    if (fpu_is_nan(a) || fpu_is_nan(b))
        return fpu_nan2(c, a, b);
    if (is_zero(a) && is_zero(b))
        return most ? a & b : a | b;
    return (order(a, b) > 0) == most ? a : b;
}

uint32_t fpu_max(struct core *c, uint32_t a, uint32_t b)
{
    return number_wins(c, a, b, 1);
}

uint32_t fpu_min(struct core *c, uint32_t a, uint32_t b)
{
    return number_wins(c, a, b, 0);
}

/* Does the magnitude go up, given the fraction that is cut off relative to one half? */
static int rounds_up(enum fpu_rounding how, int negative, int odd, int against_half, int inexact)
{
    switch (how) {
    case FPU_NEAREST:
        return against_half > 0 || (against_half == 0 && odd);
    case FPU_AWAY:
        return against_half >= 0;
    case FPU_UP:
        return inexact && !negative;
    case FPU_DOWN:
        return inexact && negative;
    default:
        return 0;
    }
}

/* To an integral value, by bits. *inexact tells whether it changed. `a` is a number. */
static uint32_t integral(uint32_t a, enum fpu_rounding how, int *inexact)
{
    int exponent = (int)(a >> 23 & 255) - 127, negative = (int)(a >> 31);
    *inexact = 0;
    if (exponent >= 23 || is_zero(a))
        return a;
    *inexact = 1;
    if (exponent < 0) {
        int against = exponent < -1 ? -1 : (a & 0x007fffffu) ? 1 : 0;
        return rounds_up(how, negative, 0, against, 1) ? (a & SIGN) | 0x3f800000u : a & SIGN;
    }
    uint32_t unit = 1u << (23 - exponent), cut = a & (unit - 1), half = unit >> 1;
    *inexact = cut != 0;
    if (!cut)
        return a;
    int odd = (exponent == 0) || (a & unit); // the hidden bit is the unit of exponent 0
    uint32_t kept = a & ~(unit - 1);
    return rounds_up(how, negative, odd, (cut > half) - (cut < half), 1) ? kept + unit : kept;
}

uint32_t fpu_round(struct core *c, uint32_t a, enum fpu_rounding how, int exact)
{
    int inexact;
    a = fpu_flush_input(c, a);
    if (fpu_is_nan(a))
        return quieted(c, a);
    uint32_t r = integral(a, how, &inexact);
    if (inexact && exact)
        c->fpscr |= FPSCR_IXC;
    return r;
}

/* An integer to `bits`, saturated; sets the flags of the conversion. */
static uint32_t saturated(struct core *c, int64_t value, int is_signed, unsigned bits, int inexact)
{
    int64_t most = is_signed ? ((int64_t)1 << (bits - 1)) - 1 : ((int64_t)1 << bits) - 1;
    int64_t least = is_signed ? -most - 1 : 0;
    int64_t kept = value > most ? most : value < least ? least : value;
    if (kept != value)
        c->fpscr |= FPSCR_IOC;
    else if (inexact)
        c->fpscr |= FPSCR_IXC;
    return (uint32_t)kept;
}

/* a * 2^power towards zero; far out of range for 32 bits is just as far for 63. `a` is a number. */
static int64_t scaled(uint32_t a, int power, int *inexact)
{
    int exponent = (int)(a >> 23 & 255);
    uint64_t significand = (a & 0x007fffffu) | (exponent ? 0x00800000u : 0);
    int up = (exponent ? exponent : 1) - 150 + power;
    uint64_t magnitude;
    *inexact = 0;
    if (up >= 0) {
        magnitude = significand << (up > 38 ? 38 : up);
    } else {
        magnitude = up < -63 ? 0 : significand >> -up;
        *inexact = up < -63 ? significand != 0 : magnitude << -up != significand;
    }
    return a & SIGN ? -(int64_t)magnitude : (int64_t)magnitude;
}

uint32_t fpu_to_integer(struct core *c, uint32_t a, enum fpu_rounding how, int is_signed)
{
    int inexact, none;
    a = fpu_flush_input(c, a);
    if (fpu_is_nan(a)) {
        c->fpscr |= FPSCR_IOC;
        return 0;
    }
    int64_t whole = scaled(integral(a, how, &inexact), 0, &none);
    return saturated(c, whole, is_signed, 32, inexact);
}

uint32_t fpu_from_integer(uint32_t a, int is_signed)
{
    return fpu_bits(is_signed ? (float)(int32_t)a : (float)a);
}

uint32_t fpu_to_fixed(struct core *c, uint32_t a, int is_signed, unsigned bits, unsigned fraction)
{
    int inexact;
    a = fpu_flush_input(c, a);
    if (fpu_is_nan(a)) {
        c->fpscr |= FPSCR_IOC;
        return 0;
    }
    int64_t whole = scaled(a, (int)fraction, &inexact);
    uint32_t r = saturated(c, whole, is_signed, bits, inexact);
    if (bits == 16)
        r = is_signed ? (uint32_t)(int16_t)r : r & 0xffffu;
    return r;
}

/* Rounds to nearest whatever FPSCR says. */
uint32_t fpu_from_fixed(uint32_t a, int is_signed, unsigned bits, unsigned fraction)
{
    int64_t value = is_signed ? (int64_t)(int32_t)a : (int64_t)a;
    if (bits == 16)
        value = is_signed ? (int64_t)(int16_t)a : (int64_t)(a & 0xffffu);
    int mode = fegetround();
    if (mode != FE_TONEAREST)
        fesetround(FE_TONEAREST);
    volatile float rounded = (float)value; // here, not after the mode is back
    if (mode != FE_TONEAREST)
        fesetround(mode);
    uint32_t r = fpu_bits(rounded);
    return value ? r - (fraction << 23) : r; // at least 2^-32: no underflow
}

uint32_t fpu_from_half(struct core *c, uint32_t half)
{
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ffu;
    if (exponent == 31 && !(c->fpscr & FPSCR_AHP)) {
        uint32_t wide = sign | 0x7f800000u | fraction << 13;
        return fraction ? quieted(c, wide) : wide;
    }
    if (exponent == 0) // exact: fraction times 2^-24
        return sign | fpu_bits((float)fraction * 0x1p-24f);
    return sign | (exponent + 112) << 23 | fraction << 13;
}

static uint32_t half_overflow(struct core *c, uint32_t sign)
{
    enum fpu_rounding how = fpu_mode(c);
    if (c->fpscr & FPSCR_AHP) {
        c->fpscr |= FPSCR_IOC;
        return sign | 0x7fffu;
    }
    c->fpscr |= FPSCR_OFC | FPSCR_IXC;
    int to_infinity = how == FPU_NEAREST || (how == FPU_UP && !sign) || (how == FPU_DOWN && sign);
    return sign | (to_infinity ? 0x7c00u : 0x7bffu);
}

static uint32_t half_nan(struct core *c, uint32_t a, uint32_t sign)
{
    if (is_signalling(a) || c->fpscr & FPSCR_AHP)
        c->fpscr |= FPSCR_IOC;
    if (c->fpscr & FPSCR_AHP)
        return sign;
    return c->fpscr & FPSCR_DN ? 0x7e00u : sign | 0x7e00u | (a >> 13 & 0x1ffu);
}

uint32_t fpu_to_half(struct core *c, uint32_t a)
{
    uint32_t sign = a >> 16 & 0x8000u;
    a = fpu_flush_input(c, a);
    if (fpu_is_nan(a))
        return half_nan(c, a, sign);
    if (is_infinite(a))
        return c->fpscr & FPSCR_AHP ? half_overflow(c, sign) : sign | 0x7c00u;
    int exponent = (int)(a >> 23 & 255) - 127;
    uint32_t significand = (a & 0x7f800000u ? 0x00800000u : 0) | (a & 0x007fffffu);
    int drop = exponent >= -14 ? 13 : 13 + (-14 - exponent);
    if (drop > 25)
        drop = 25;
    uint32_t kept = significand >> drop, cut = significand & ((1u << drop) - 1), half = 1u << (drop - 1);
    int up = rounds_up(fpu_mode(c), sign != 0, (int)(kept & 1), (cut > half) - (cut < half), cut != 0);
    uint32_t biased = exponent >= -14 ? (uint32_t)(exponent + 14) << 10 : 0; // the hidden bit adds one more
    uint32_t r = biased + kept + (uint32_t)up;
    if (r >= (c->fpscr & FPSCR_AHP ? 0x8000u : 0x7c00u))
        return half_overflow(c, sign);
    if (cut)
        c->fpscr |= FPSCR_IXC | (exponent < -14 ? FPSCR_UFC : 0);
    return sign | r;
}

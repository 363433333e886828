// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The few operations that Cortex-M33 has an instruction for, each with plain C that gives the same integers.
// Sums wrap modulo 2^32 everywhere, as SMLAD's do.
#ifndef PARE_QUANT_KERNELS_SIMD_H
#define PARE_QUANT_KERNELS_SIMD_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "programs and their kernels are little-endian"
#endif

#define SIMD_INLINE static inline __attribute__((always_inline))

/* Memory of any type read as words. */
typedef uint32_t __attribute__((may_alias)) simd_word;
typedef uint32_t __attribute__((may_alias, aligned(1))) simd_word_unaligned;

/* sum + low(a) low(b) + high(a) high(b), halves signed. */
SIMD_INLINE int32_t simd_dual_mac(uint32_t a, uint32_t b, int32_t sum)
{
#if defined(__ARM_FEATURE_DSP)
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
#else
    int32_t low = (int16_t)a * (int16_t)b;
    int32_t high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
#endif
}

/* sum + low(a) low(b), sum + high(a) high(b), halves signed. */
SIMD_INLINE int32_t simd_mac_low(uint32_t a, uint32_t b, int32_t sum)
{
#if defined(__ARM_FEATURE_DSP)
    return __smlabb((int32_t)a, (int32_t)b, sum);
#else
    return (int32_t)((uint32_t)sum + (uint32_t)((int16_t)a * (int16_t)b));
#endif
}

SIMD_INLINE int32_t simd_mac_high(uint32_t a, uint32_t b, int32_t sum)
{
#if defined(__ARM_FEATURE_DSP)
    return __smlatt((int32_t)a, (int32_t)b, sum);
#else
    return (int32_t)((uint32_t)sum + (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16)));
#endif
}

/* The greater of each two signed bytes. */
SIMD_INLINE uint32_t simd_max_bytes(uint32_t a, uint32_t b)
{
#if defined(__ARM_FEATURE_DSP)
    uint32_t result;
    __asm("ssub8 %0, %1, %2\n sel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
#else
    uint32_t result = 0;
    for (int i = 0; i < 32; i += 8)
        result |= ((int8_t)(a >> i) > (int8_t)(b >> i) ? a : b) & 0xffu << i;
    return result;
#endif
}

/* Pair j of a word of lane-packed codes (pack.h): codes 2j and 2j+1 as two unsigned halves. bits 16: the word. */
SIMD_INLINE uint32_t simd_pair(uint32_t word, unsigned j, unsigned bits)
{
    return bits == 16 ? word : word >> (j * bits) & ((1u << bits) - 1) * 0x10001u;
}

#if !defined(__ARM_FEATURE_DSP)
SIMD_INLINE uint32_t simd_halves(uint32_t low, uint32_t high, uint32_t offset)
{
    return ((low + offset) & 0xffffu) | (high + (offset >> 16)) << 16;
}
#endif

/* low(a) and low(b), high(a) and high(b) as two halves, the first one low. */
SIMD_INLINE uint32_t simd_low_halves(uint32_t a, uint32_t b)
{
#if defined(__ARM_FEATURE_DSP)
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(a) : "r"(a), "r"(b));
    return a;
#else
    return (a & 0xffffu) | b << 16;
#endif
}

SIMD_INLINE uint32_t simd_high_halves(uint32_t a, uint32_t b)
{
#if defined(__ARM_FEATURE_DSP)
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(a) : "r"(b), "r"(a));
    return a;
#else
    return a >> 16 | (b & 0xffff0000u);
#endif
}

/* Of halves, modulo 2^16. */
SIMD_INLINE uint32_t simd_subtract_halves(uint32_t a, uint32_t b)
{
#if defined(__ARM_FEATURE_DSP)
    return (uint32_t)__ssub16((int16x2_t)a, (int16x2_t)b);
#else
    return ((a - b) & 0xffffu) | (a - (b & 0xffff0000u)) >> 16 << 16;
#endif
}

/* The signed bytes 0 and 2 (even), 1 and 3 (odd) of a word as halves, plus the halves of `offset`. */
SIMD_INLINE uint32_t simd_even_bytes(uint32_t bytes, uint32_t offset)
{
#if defined(__ARM_FEATURE_DSP)
    return (uint32_t)__sxtab16((int16x2_t)offset, (int8x4_t)bytes);
#else
    return simd_halves((uint32_t)(int8_t)bytes, (uint32_t)(int8_t)(bytes >> 16), offset);
#endif
}

SIMD_INLINE uint32_t simd_odd_bytes(uint32_t bytes, uint32_t offset)
{
#if defined(__ARM_FEATURE_DSP)
    uint32_t odd; // the intrinsics cannot rotate
    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(odd) : "r"(offset), "r"(bytes));
    return odd;
#else
    return simd_halves((uint32_t)(int8_t)(bytes >> 8), (uint32_t)(int8_t)(bytes >> 24), offset);
#endif
}

/* Four signed bytes plus `offset` as two words of halves, in order. */
SIMD_INLINE void simd_widen_bytes(uint32_t bytes, uint32_t offset, simd_word out[2])
{
    uint32_t even = simd_even_bytes(bytes, offset), odd = simd_odd_bytes(bytes, offset);
    out[0] = simd_low_halves(even, odd);
    out[1] = simd_high_halves(even, odd);
}

/* The same of unsigned bytes. */
SIMD_INLINE uint32_t simd_even_codes(uint32_t bytes, uint32_t offset)
{
#if defined(__ARM_FEATURE_DSP)
    return (uint32_t)__uxtab16((int16x2_t)offset, (int8x4_t)bytes);
#else
    return simd_halves(bytes & 0xffu, bytes >> 16 & 0xffu, offset);
#endif
}

SIMD_INLINE uint32_t simd_odd_codes(uint32_t bytes, uint32_t offset)
{
#if defined(__ARM_FEATURE_DSP)
    uint32_t odd;
    __asm("uxtab16 %0, %1, %2, ror #8" : "=r"(odd) : "r"(offset), "r"(bytes));
    return odd;
#else
    return simd_halves(bytes >> 8 & 0xffu, bytes >> 24, offset);
#endif
}

/* Eight signed nibbles plus `offset` (from simd_nibble_offset) as four words of halves, in order; or crossed: of each four the
 * second and the third change places. */
SIMD_INLINE uint32_t simd_nibble_offset(uint32_t offset)
{
    return ((offset - 8) & 0xffffu) * 0x10001u; // the nibbles are taken as offset binary, value + 8
}

SIMD_INLINE void simd_widen_nibbles(uint32_t nibbles, uint32_t offset, int crossed, simd_word out[4])
{
    uint32_t binary = nibbles ^ 0x88888888u, low = binary & 0x0f0f0f0fu, high = binary >> 4 & 0x0f0f0f0fu;
    uint32_t a = simd_even_codes(low, offset), b = simd_even_codes(high, offset); // 0 and 4, 1 and 5
    uint32_t c = simd_odd_codes(low, offset), d = simd_odd_codes(high, offset);   // 2 and 6, 3 and 7
    out[0] = simd_low_halves(a, crossed ? c : b), out[1] = simd_low_halves(crossed ? b : c, d);
    out[2] = simd_high_halves(a, crossed ? c : b), out[3] = simd_high_halves(crossed ? b : c, d);
}

/* Clamped to int8. */
SIMD_INLINE int32_t simd_saturate_byte(int32_t value)
{
#if defined(__ARM_FEATURE_DSP)
    return __ssat(value, 8);
#else
    return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
#endif
}

SIMD_INLINE int32_t simd_add_wrapping(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

SIMD_INLINE int32_t simd_mul_wrapping(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

#endif

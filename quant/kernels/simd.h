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

/* Pair j of a word of lane-packed codes (pack.h): codes 2j and 2j+1 as two unsigned halves. bits 16: the word. */
SIMD_INLINE uint32_t simd_pair(uint32_t word, unsigned j, unsigned bits)
{
    return bits == 16 ? word : word >> (j * bits) & ((1u << bits) - 1) * 0x10001u;
}

#if !defined(__ARM_FEATURE_DSP)
SIMD_INLINE uint32_t simd_halves(uint32_t low, uint32_t high, uint32_t offset)
{
    return ((low + offset) & 0xffffu) | (high + offset) << 16;
}
#endif

/* Four signed bytes plus `offset` (the same in both of its halves) as two words of halves, in order. */
SIMD_INLINE void simd_widen_bytes(uint32_t bytes, uint32_t offset, simd_word out[2])
{
#if defined(__ARM_FEATURE_DSP)
    uint32_t even, odd; // the intrinsics cannot rotate
    __asm("sxtab16 %0, %1, %2" : "=r"(even) : "r"(offset), "r"(bytes));
    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(odd) : "r"(offset), "r"(bytes));
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(out[0]) : "r"(even), "r"(odd));
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(out[1]) : "r"(odd), "r"(even));
#else
    for (int i = 0; i < 2; i++)
        out[i] = simd_halves((uint32_t)(int8_t)(bytes >> 16 * i), (uint32_t)(int8_t)(bytes >> (16 * i + 8)), offset);
#endif
}

/* Eight signed nibbles plus `offset` as four words of halves, in order. */
SIMD_INLINE void simd_widen_nibbles(uint32_t nibbles, uint32_t offset, simd_word out[4])
{
    uint32_t binary = nibbles ^ 0x88888888u; // offset binary: value + 8
#if defined(__ARM_FEATURE_DSP)
    offset = ((offset - 8) & 0xffffu) * 0x10001u;
    uint32_t low = binary & 0x0f0f0f0fu, high = binary >> 4 & 0x0f0f0f0fu, a, b;
    __asm("uxtab16 %0, %1, %2" : "=r"(a) : "r"(offset), "r"(low));
    __asm("uxtab16 %0, %1, %2" : "=r"(b) : "r"(offset), "r"(high));
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(out[0]) : "r"(a), "r"(b));
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(out[2]) : "r"(b), "r"(a));
    __asm("uxtab16 %0, %1, %2, ror #8" : "=r"(a) : "r"(offset), "r"(low));
    __asm("uxtab16 %0, %1, %2, ror #8" : "=r"(b) : "r"(offset), "r"(high));
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(out[1]) : "r"(a), "r"(b));
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(out[3]) : "r"(b), "r"(a));
#else
    for (int i = 0; i < 4; i++)
        out[i] = simd_halves((binary >> 8 * i & 15) - 8, (binary >> (8 * i + 4) & 15) - 8, offset);
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

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

/* Four signed bytes plus `offset` (the same in both of its halves) as two words of halves, in order. */
SIMD_INLINE void simd_widen(uint32_t bytes, uint32_t offset, uint32_t out[2])
{
#if defined(__ARM_FEATURE_DSP)
    uint32_t even = (uint32_t)__sxtab16((int16x2_t)offset, (int8x4_t)bytes);
    uint32_t odd; // the intrinsic cannot rotate
    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(odd) : "r"(offset), "r"(bytes));
    out[0] = (even & 0xffffu) | odd << 16;
    out[1] = even >> 16 | (odd & 0xffff0000u);
#else
    uint16_t add = (uint16_t)offset;
    uint16_t v[4];
    for (int i = 0; i < 4; i++)
        v[i] = (uint16_t)((uint16_t)(int8_t)(bytes >> 8 * i) + add);
    out[0] = v[0] | (uint32_t)v[1] << 16;
    out[1] = v[2] | (uint32_t)v[3] << 16;
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

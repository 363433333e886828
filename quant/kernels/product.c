// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A tile is three rows with two columns: per pair of elements 5 loads and 6 SMLAD, 12 multiplications in 11 cycles. That takes
// every register there is, more than a compiler keeps without spilling, so on Armv8-M it is written out; the plain C beside
// it computes the same.
#include "quant/kernels/product.h"

#if defined(__ARM_FEATURE_DSP)

/* One pair of elements: r10, r11 from the columns, r12, lr from the rows. No result is wanted too early. */
#define LOAD "ldrd r12, lr, [r0], #8\n ldr r10, [r1], #4\n ldr r11, [r2], #4\n"
#define PAIR_3_ROWS                                                                                                    \
    LOAD "smlad r4, r12, r10, r4\n smlad r5, r12, r11, r5\n ldr r12, [r0], #4\n smlad r6, lr, r10, r6\n"              \
         "smlad r7, lr, r11, r7\n smlad r8, r12, r10, r8\n smlad r9, r12, r11, r9\n"
#define PAIR_2_ROWS                                                                                                    \
    LOAD "smlad r4, r12, r10, r4\n smlad r5, r12, r11, r5\n smlad r6, lr, r10, r6\n smlad r7, lr, r11, r7\n"

/* The struct is in r0 and on the stack. For every two columns: r1 and r2 go through them to r3, the end of the first less
 * what one turn takes; 16 elements a turn while there are as many, then PRODUCT_STEP. A lone last column is taken twice. */
#define PRODUCT(begin, pair, finish)                                                                                   \
    __asm("push {r0, r4-r11, lr}\n mov lr, r0\n"                                                                       \
          "0: ldr r0, [lr]\n ldr r1, [lr, #4]\n ldr r3, [lr, #8]\n ldr r2, [lr, #12]\n ldr r12, [lr, #16]\n"            \
          "ldr r11, [lr, #20]\n add r3, r1\n add r10, r1, r2, lsl #1\n str r10, [lr, #4]\n subs r12, #2\n"             \
          "str r12, [lr, #16]\n ite mi\n movmi r2, r1\n addpl r2, r1\n" begin "sub r3, #28\n b 2f\n .balign 4\n"       \
          "1:\n" pair pair pair pair pair pair pair pair                                                               \
          "2: cmp r1, r3\n blo 1b\n add r3, #28\n b 4f\n .balign 4\n"                                                 \
          "3:\n" pair pair                                                                                             \
          "4: cmp r1, r3\n bne 3b\n ldr lr, [sp]\n ldr r12, [lr, #16]\n ldr r10, [lr, #24]\n" finish                  \
          "add r10, #8\n str r10, [lr, #24]\n cmp r12, #0\n bgt 0b\n pop {r0, r4-r11, pc}\n")
#define UNUSED __attribute__((unused))

__attribute__((naked)) void product_3_rows(struct product *p UNUSED)
{
    PRODUCT("ldr r4, [r11]\n ldr r6, [r11, #4]\n ldr r8, [r11, #8]\n mov r5, r4\n mov r7, r6\n mov r9, r8\n", PAIR_3_ROWS,
            "strd r4, r5, [r10]\n strd r6, r7, [r10, #32]\n strd r8, r9, [r10, #64]\n");
}

__attribute__((naked)) void product_2_rows(struct product *p UNUSED)
{
    PRODUCT("ldr r4, [r11]\n ldr r6, [r11, #4]\n mov r5, r4\n mov r7, r6\n", PAIR_2_ROWS,
            "strd r4, r5, [r10]\n strd r6, r7, [r10, #32]\n");
}

#define FIRST_ROWS                                                                                                     \
    "ldr %[a], [%[w]], #4\n ldr %[b], [%[v]], #4\n ldr %[x], [%[c]], #4\n and %[p], %[m], %[a]\n"                      \
    "and %[q], %[m], %[b]\n smlad %[s0], %[p], %[x], %[s0]\n smlad %[s1], %[q], %[x], %[s1]\n"
#define NEXT_ROWS(shift)                                                                                               \
    "and %[p], %[m], %[a], lsr #" #shift "\n ldr %[x], [%[c]], #4\n and %[q], %[m], %[b], lsr #" #shift "\n"           \
    "smlad %[s0], %[p], %[x], %[s0]\n smlad %[s1], %[q], %[x], %[s1]\n"

#define ROWS_STEP(text)                                                                                                \
    __asm(text                                                                                                         \
          : [s0] "+r"(s0), [s1] "+r"(s1), [w] "+r"(w), [v] "+r"(v), [c] "+r"(c), [a] "=&r"(a), [b] "=&r"(b),           \
            [p] "=&r"(p), [q] "=&r"(q), [x] "=&r"(x)                                                                   \
          : [m] "r"(mask)                                                                                              \
          : "memory")

SIMD_INLINE void rows_loop(const simd_word *w, const simd_word *v, uint32_t words, unsigned bits, const simd_word *c,
                           int32_t *sums)
{
    int32_t s0 = sums[0], s1 = sums[1];
    uint32_t mask = bits == 16 ? ~0u : ((1u << bits) - 1) * 0x10001u, a, b, p, q, x;
    const simd_word *end = w + words;
    if (bits == 8 && words % 2)
        ROWS_STEP(FIRST_ROWS NEXT_ROWS(8));
    while (w < end) {
        if (bits == 8)
            ROWS_STEP(FIRST_ROWS NEXT_ROWS(8) FIRST_ROWS NEXT_ROWS(8));
        else if (bits == 4)
            ROWS_STEP(FIRST_ROWS NEXT_ROWS(4) NEXT_ROWS(8) NEXT_ROWS(12));
        else if (bits == 2)
            ROWS_STEP(FIRST_ROWS NEXT_ROWS(2) NEXT_ROWS(4) NEXT_ROWS(6) NEXT_ROWS(8) NEXT_ROWS(10) NEXT_ROWS(12)
                          NEXT_ROWS(14));
        else
            ROWS_STEP(FIRST_ROWS);
    }
    sums[0] = s0, sums[1] = s1;
}

#else

SIMD_INLINE void product_rows(struct product *p, uint32_t n)
{
    for (uint32_t i = 0; i < p->pixels; i++, p->columns += p->step_bytes / 4)
        for (uint32_t r = 0; r < n; r++) {
            int32_t sum = p->start[r];
            for (uint32_t j = 0; j < p->bytes / 4; j++)
                sum = simd_dual_mac(p->rows[n * j + r], p->columns[j], sum);
            p->sums[r][i] = sum;
        }
}

void product_3_rows(struct product *p)
{
    product_rows(p, 3);
}

void product_2_rows(struct product *p)
{
    product_rows(p, 2);
}

SIMD_INLINE void rows_loop(const simd_word *w, const simd_word *v, uint32_t words, unsigned bits, const simd_word *c,
                           int32_t *sums)
{
    for (const simd_word *end = w + words; w < end; w++, v++)
        for (unsigned j = 0; j < 16 / bits; j++, c++) {
            sums[0] = simd_dual_mac(simd_pair(*w, j, bits), *c, sums[0]);
            sums[1] = simd_dual_mac(simd_pair(*v, j, bits), *c, sums[1]);
        }
}

#endif

void product_codes(const simd_word *row0, const simd_word *row1, uint32_t words, unsigned bits, const simd_word *column,
                   int32_t sums[2])
{
    switch (bits) {
    case 2:
        rows_loop(row0, row1, words, 2, column, sums);
        break;
    case 4:
        rows_loop(row0, row1, words, 4, column, sums);
        break;
    case 8:
        rows_loop(row0, row1, words, 8, column, sums);
        break;
    default:
        rows_loop(row0, row1, words, 16, column, sums);
        break;
    }
}

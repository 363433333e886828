// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/kernels/fixed.h"

/* The high word of a product. A number with n fraction bits times one with m has n + m - 32. */
SIMD_INLINE int32_t high_word(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b) >> 32);
}

/* With f the fraction that the table leaves over: 1 - 2^-f = f (L1 - f (L2 - f L3)), L_i = ln(2)^i / i!. */
int32_t fixed_exp2(uint32_t x)
{
    static const int32_t table[16] = {1073741824, 1028218693, 984625594, 942880699, 902905651, 864625413, 827968132, 792865000,
                                      759250125,  727060411,  696235434, 666717336, 638450708, 611382493, 585461881, 560640218};
    const int32_t l1 = 744261118, l2 = 64485312, l3 = 3724818; // with 30, 28 and 26 fraction bits
    int32_t f = (int32_t)((x & 0xfffff) << 10);                // with 34
    int32_t less = high_word(f, l1 - high_word(f, l2 - high_word(f, l3))); // with 32
    int32_t whole = table[x >> 20 & 15];
    whole -= (int32_t)(((int64_t)whole * less + (1ll << 31)) >> 32);
    unsigned right = x >> FIXED_EXP_BITS;
    return (int32_t)(((uint32_t)whole + (1u << right >> 1)) >> right);
}

SIMD_INLINE uint32_t product_from(uint32_t a, uint32_t b, int right)
{
    return (uint32_t)((uint64_t)a * b >> right);
}

/* Newton's y (3 - v y^2) / 2 for 1 / sqrt(v), 1/4 <= v < 1, from a line that is off by at most 9 %: 0.012, 2.3e-4, 7.8e-8 and, but
 * for rounding, 1e-14. It comes from below, so y <= 2 always. v has 32 fraction bits, y 30, v y^2 29. */
struct fixed_root fixed_inverse_root(uint64_t value)
{
    int left = __builtin_clzll(value) & ~1;
    uint32_t v = (uint32_t)(value << left >> 32);
    uint32_t y = 2287070085u - product_from(v, 1299227607u, 32);
    for (int i = 0; i < 4; i++) {
        uint32_t square = product_from(product_from(y, y, 31), v, 32);
        y = product_from(y, (3u << 29) - square, 30);
    }
    y = y < (uint32_t)FIXED_ONE ? (uint32_t)FIXED_ONE : y > INT32_MAX ? INT32_MAX : y;
    return (struct fixed_root){(int32_t)y, left / 2 - 32};
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the kernel of a scan and whoever makes its factors agree upon.
#ifndef PARE_QUANT_KERNELS_SCAN_H
#define PARE_QUANT_KERNELS_SCAN_H

#include <stdint.h>

#define SCAN_STEPS 257u      // entries of the table of steps, whatever delta's width
#define SCAN_STEP_MOST 65535 // of an entry

/* By how many bits an input is shifted right after it was multiplied with B, of `b_bits`: what is multiplied may be 64 times the
 * largest state where B is small. */
static inline int scan_input_right(unsigned b_bits)
{
    return b_bits > 7 ? (int)b_bits - 7 : 0;
}

/* By how many bits a sum of n products of a state and C, of `c_bits`, is shifted right, so that it fits 32 bits. */
static inline int scan_sum_right(unsigned c_bits, uint32_t n)
{
    int right = (int)c_bits;
    while (n > 1u << (right - (int)c_bits))
        right++;
    return right;
}

#endif

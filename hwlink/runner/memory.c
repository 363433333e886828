// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/runner/memory.h"

#include <stdint.h>

/* The compiler must not make calls of themselves out of their loops. */
#define NO_CALLS __attribute__((optimize("no-tree-loop-distribute-patterns")))

NO_CALLS void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if (((uintptr_t)t | (uintptr_t)f) % 4 == 0)
        for (; n >= 4; n -= 4, t += 4, f += 4)
            *(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
    while (n--)
        *t++ = *f++;
    return to;
}

NO_CALLS void *memset(void *to, int value, size_t n)
{
    uint8_t *t = to;
    for (; n && (uintptr_t)t % 4; n--)
        *t++ = (uint8_t)value;
    for (uint32_t word = (uint8_t)value * 0x01010101u; n >= 4; n -= 4, t += 4)
        *(uint32_t *)(void *)t = word;
    while (n--)
        *t++ = (uint8_t)value;
    return to;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The numbers that the codes of a layer's weights stand for, and which of them is nearest. For this folder and
// quant/tune.
#ifndef PARE_QUANT_QUANTIZE_LEVELS_H
#define PARE_QUANT_QUANTIZE_LEVELS_H

#include <stdint.h>

#define LEVELS_TABLE_BITS 8                   // the widest codes that have a table
#define LEVELS_MAX (1 << LEVELS_TABLE_BITS)
#define LEVELS_TO_NEAREST 6755399441055744.0 // 1.5 * 2^52: adding and taking it away rounds to an integer

struct levels {
    unsigned w_bits;
    double least, most;     // of all numbers
    int n;                  // of a table: different numbers, ascending; 0: every integer from least to most
    double numbers[LEVELS_MAX];
    uint16_t codes[LEVELS_MAX];
};

/* Without a table (NULL) codes are offset binary: code - 2^(w_bits-1). */
void levels_init(struct levels *l, unsigned w_bits, const int16_t *table);

/* Of a table: the index of the number nearest to x, the smaller one of two. */
static inline int levels_index(const struct levels *l, double x)
{
    int low = 0, high = l->n - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (2 * x > l->numbers[middle] + l->numbers[middle + 1])
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static inline double levels_nearest(const struct levels *l, double x)
{
    if (l->n)
        return l->numbers[levels_index(l, x)];
    double q = (x + LEVELS_TO_NEAREST) - LEVELS_TO_NEAREST;
    return q < l->least ? l->least : q > l->most ? l->most : q;
}

/* The code of a number that levels_nearest gave. */
static inline uint16_t levels_code(const struct levels *l, double number)
{
    return l->n ? l->codes[levels_index(l, number)] : (uint16_t)((int)number - (int)l->least);
}

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/levels.h"

/* Sorted in; a number that is there already keeps its first code. */
static void insert(struct levels *l, double number, uint16_t code)
{
    int at = l->n;
    while (at > 0 && l->numbers[at - 1] >= number)
        at--;
    if (at < l->n && l->numbers[at] <= number)
        return;
    for (int i = l->n++; i > at; i--)
        l->numbers[i] = l->numbers[i - 1], l->codes[i] = l->codes[i - 1];
    l->numbers[at] = number, l->codes[at] = code;
}

void levels_init(struct levels *l, unsigned w_bits, const int16_t *table)
{
    l->w_bits = w_bits, l->n = 0;
    l->least = -(1 << (w_bits - 1)), l->most = (1 << (w_bits - 1)) - 1;
    if (!table)
        return;
    for (int code = 0; code < 1 << w_bits; code++)
        insert(l, table[code], (uint16_t)code);
    l->least = l->numbers[0], l->most = l->numbers[l->n - 1];
}

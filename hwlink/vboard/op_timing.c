// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Bubbles between neighbours: a late result that the very next instruction wants too early. Source: [jnk] in timing.h.
#include "hwlink/vboard/op.h"

/* Of the registers that `first` writes late, those that `second` wants at issue. */
static unsigned wanted_early(const struct op_use *first, const struct op_use *second)
{
    unsigned wanted = first->late & second->reads;
    /* A multiply takes any late result as its accumulator; {S,U}XTA* all but a loaded value. Store data may always be late. */
    if (second->kind == KIND_XTA && first->kind == KIND_LOAD)
        wanted |= first->late & second->accumulates;
    return wanted;
}

unsigned op_bubble(const struct op_use *first, const struct op_use *second)
{
    if (first->fills_multiplier && second->multiplies && TIMING_MULTIPLY_BUBBLE_CYCLES)
        return TIMING_MULTIPLY_BUBBLE_CYCLES;
    if (wanted_early(first, second))
        return TIMING_BUBBLE_CYCLES;
    /* Flags of an instruction with a shifted operand come a cycle later. */
    return first->late_flags && second->reads_flags ? TIMING_BUBBLE_CYCLES : 0;
}

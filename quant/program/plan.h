// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Places buffers that live for some operations each into one arena. Private to this folder.
#ifndef PARE_QUANT_PROGRAM_PLAN_H
#define PARE_QUANT_PROGRAM_PLAN_H

#include <stdint.h>

/* Alive from operation `first` to `last`, both included. */
struct plan_buffer {
    int first, last;
    uint32_t bytes;
    uint32_t offset; // the result, a multiple of IMAGE_ALIGN
};

/* Fills in the offsets so that no two buffers meet in time and place, and the end of the highest is low.
 * Always the same answer for the same buffers. Returns that end, or -1 when memory is short. */
int64_t plan_arena(struct plan_buffer *buffers, int n);

/* What no plan can be below: the most that is alive at once. */
int64_t plan_lower_bound(const struct plan_buffer *buffers, int n);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One operation of a program, its weights decoded and its windows laid out for exact.h. Private to this
// folder.
#ifndef PARE_QUANT_EVALUATE_STEP_H
#define PARE_QUANT_EVALUATE_STEP_H

#include "quant/evaluate/exact.h"
#include "quant/kernels/program.h"

#include <stdbool.h>

/* What does not depend on the sample; shared by threads. */
struct step {
    const struct image_op *op;
    const struct image_tensor *in, *in1, *out;
    const struct exact_loops *loops;
    // layers: the padded plane that inputs are copied into, minus their zero point
    int plane_h, plane_w, plane_c; // DEPTHWISE: one channel per output channel, padded to 8
    int channels;                  // output channels of a group
    int blocks;                    // of EXACT_CHANNELS of a group
    int32_t *at;                   // stretches of a pixel, or taps
    struct exact_stretches stretches;
    int16_t *weights;               // [group][block][pair][EXACT_CHANNELS][2]
    int32_t *taps;                  // DEPTHWISE: [tap][plane_c]
    struct exact_rounding rounding; // [group][block][EXACT_CHANNELS], or [plane_c]; ADD: three, MUL and AVGPOOL: one
    struct exact_output output;
    const int8_t *table; // LOOKUP: in the program
    const uint16_t *choice; // CHANNELS: in the program
    int16_t *moved[2];      // CHANNELS: of each input what each value becomes, from the least on
};

/* Is this an operation that has no loops here? It is left to the kernel. */
bool step_is_kernel(const struct image_op *op);

/* Decodes the weights. Returns 0, or -1 when memory is short; step_finish in both cases. */
int step_init(struct step *s, const struct program *p, const struct image_op *op, const void *const *blobs,
              const struct exact_loops *loops);
void step_finish(struct step *s);

/* int16 that the plane takes, without EXACT_SLACK. */
size_t step_plane_elements(const struct step *s);

/* Computes the op over tensors of int16 in memory order, as they stand in the program unpacked. `plane` is
 * the caller's scratch. */
void step_run(const struct step *s, const int16_t *in, const int16_t *in1, int16_t *out, int16_t *plane);

#endif

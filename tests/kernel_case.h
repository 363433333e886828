// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Programs of one operation for tests and benchmarks, in static memory, so that the same source makes the same programs on
// host and board.
#ifndef PARE_TESTS_KERNEL_CASE_H
#define PARE_TESTS_KERNEL_CASE_H

#include "base/rng.h"
#include "quant/kernels/program.h"

#define KERNEL_CASE_PROGRAM_BYTES 8192u
#define KERNEL_CASE_BLOB_BYTES 49152u
#define KERNEL_CASE_ARENA_BYTES 131072u

/* What the operation is; the sides of `out` are computed from the rest. */
struct kernel_shape {
    enum image_kind kind;
    int float32;
    unsigned w_bits, w_code, in_bits, in1_bits, out_bits;
    unsigned h, w, c, out_c;
    unsigned kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    unsigned pad_top, pad_left, pad_bottom, pad_right, groups;
    unsigned in1_c;  // CHANNELS: of a second input, 0 without one
    int own_scale;   // AVGPOOL: the output does not keep the scale
    int per_channel; // MUL: the second factor has one value for each channel
    const void *weights; // where they stand already (a benchmark's flash), or NULL: random ones are made
};

struct kernel_case {
    struct kernel_shape shape;
    struct program program;
    const struct image_op *op;
    const void *blobs[1];
    uint8_t *bytes; // the program, KERNEL_CASE_PROGRAM_BYTES long
    const uint8_t *blob;
    uint8_t *arena;
    int aliased; // ADD, MUL, LOOKUP: out stands where in0 stands
};

/* Any kind, width and geometry that fits the memory here. */
struct kernel_shape kernel_shape_random(struct rng *r);

/* Builds the program with random weights, parameters and inputs. There is one case at a time: the memory is shared.
 * Returns what program_check says of it. */
enum program_fault kernel_case_make(struct kernel_case *c, struct kernel_shape shape, struct rng *r);

/* Recomputes the header's checksum after a change. */
void kernel_case_seal(struct kernel_case *c);

/* The integer (or float, by its bits) at an index of tensor `t`. */
int32_t kernel_case_element(const struct kernel_case *c, const struct image_tensor *t, uint32_t i);

/* The weight of output channel oc at tap (y, x) of channel i within its group. */
int32_t kernel_case_weight(const struct kernel_case *c, unsigned oc, unsigned y, unsigned x, unsigned i);

#endif

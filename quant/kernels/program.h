// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Checks and executes a program (image.h): the same source, and the same integers, on host and board.
// Order of use: program_check once; then for each sample write the input's place in the arena, program_run, read the output.
#ifndef PARE_QUANT_KERNELS_PROGRAM_H
#define PARE_QUANT_KERNELS_PROGRAM_H

#include "quant/kernels/image.h"

#include <stddef.h>

/* Named limits: beyond them index arithmetic in 32 bits would not be safe. */
#define PROGRAM_SIDE_MAX 8192u         // of every height, width, kernel side, stride, dilation and pad
#define PROGRAM_ARENA_MAX (64u << 20)  // bytes of arena
#define PROGRAM_BYTES_MAX (16u << 20)  // bytes of program
#define PROGRAM_TENSORS_MAX 1024u
#define PROGRAM_COLUMN_MAX (1u << 20)  // multiplications that one output takes
#define PROGRAM_STATES_MAX 256u        // of one channel of a scan

/* What is wrong with a program. program_fault_name gives the words. */
enum program_fault {
    PROGRAM_OK = 0,
    PROGRAM_BAD_SIZE,    // shorter than its header says, not a multiple of IMAGE_ALIGN, or not 4-aligned in memory
    PROGRAM_BAD_MAGIC,
    PROGRAM_BAD_VERSION,
    PROGRAM_BAD_CRC,
    PROGRAM_BAD_SECTION, // a table of tensors, ops or blobs lies outside the program or has too many rows
    PROGRAM_BAD_TENSOR,  // shape, bits, zero point or place of a tensor
    PROGRAM_BAD_INPUT,   // the program's input or output is no tensor
    PROGRAM_BAD_KIND,    // an op, a code or a width that these kernels do not have
    PROGRAM_BAD_OPERAND, // an op's tensor does not exist, or its bits do not go with the op
    PROGRAM_BAD_SHAPE,   // shapes of inputs, kernel, groups and output do not go together
    PROGRAM_BAD_WEIGHTS, // weights do not fit their blob
    PROGRAM_BAD_PARAMETERS, // bias, multipliers, shifts, table or clamp outside the program or out of range
    PROGRAM_BAD_OVERLAP, // output or scratch overlaps what the op reads
    PROGRAM_BAD_SCRATCH, // scratch outside the arena or smaller than kernel_scratch_bytes
    PROGRAM_FAULT_COUNT,
};

/* A checked program: pointers into the caller's bytes, which must outlive it unchanged. */
struct program {
    const uint8_t *bytes;
    const struct image_program *header;
    const struct image_tensor *tensors;
    const struct image_op *ops;
    const struct image_blob *blobs;
};

/* Called around each op of program_run; either may be NULL. */
struct program_hook {
    void (*before)(void *user, uint32_t op);
    void (*after)(void *user, uint32_t op);
    void *user;
};

/* Validates untrusted bytes completely: after PROGRAM_OK program_run reads nothing but the program, the first
 * blobs[i].bytes of each blob and arena_bytes of arena, and writes nothing but the arena. `*where` (may be NULL) becomes the
 * index of the tensor, op or blob at fault. `p` is written only on PROGRAM_OK. Blob addresses are not looked at. */
enum program_fault program_check(struct program *p, const void *bytes, size_t size, uint32_t *where);

/* "bad weights" and so on; a static string. */
const char *program_fault_name(enum program_fault fault);

/* The crc that belongs in header.crc32: over the program with that field and all blob addresses taken as zero. The section
 * offsets must be right already. */
uint32_t program_crc32(const void *bytes, size_t size);

/* Executes all ops in order. blobs[i] is where blob i stands (4-aligned; blobs[i].bytes long); `arena` is 16-aligned, has
 * arena_bytes and the input in place. Cannot fail after program_check. `hook` may be NULL. */
void program_run(const struct program *p, const void *const *blobs, void *arena, const struct program_hook *hook);

/* One op of it, for evaluators that keep intermediate results. */
void program_run_op(const struct program *p, uint32_t op, const void *const *blobs, void *arena);

/* The tensors that the caller writes before and reads after a run, as places in the arena. */
const struct image_tensor *program_input(const struct program *p);
const struct image_tensor *program_output(const struct program *p);

/* Bytes of arena that the op's kernel needs as scratch, and writes to the last one: what image_op.scratch_bytes must at least
 * be. 0 for pools, lookups, products and resizes. Depends on the op's shape fields, w_bits, w_code and its tensors' shapes and bits only. */
uint32_t kernel_scratch_bytes(const struct image_op *op, const struct image_tensor *tensors);

/* TFLite's MultiplyByQuantizedMultiplier: saturating rounding doubling high multiply of value * 2^max(shift,0), then a
 * rounding right shift by max(-shift,0). multiplier >= 0; shift -31..30. Source: tensorflow/lite/kernels/internal/common.h. */
int32_t kernel_requantize(int32_t value, int32_t multiplier, int shift);

#endif

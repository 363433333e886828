// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A network lowered to integers (or to float32, the baseline) for one candidate: the program's bytes and the
// packed weights.
#ifndef PARE_QUANT_PROGRAM_LOWERED_H
#define PARE_QUANT_PROGRAM_LOWERED_H

#include "base/candidate.h"
#include "base/error.h"
#include "quant/kernels/program.h"
#include "quant/net/net.h"
#include "quant/quantize/quantized.h"

#include <stdint.h>

/* What a candidate may take; 0: no limit. */
struct lowered_budget {
    int64_t ram_bytes, flash_bytes;
};

/* Flash is weights + parameters + program: blobs; biases, multipliers, shifts and tables; and the program
 * without those. */
struct lowered {
    uint8_t *bytes;               // the program, program.header->bytes long, passed by program_check
    struct program program;       // points into bytes
    void *blobs[IMAGE_BLOBS_MAX]; // packed weights, program.blobs[i].bytes long, one per layer
    uint8_t blob_sha256[IMAGE_BLOBS_MAX][SHA256_BYTES];
    int64_t weights_bytes, parameters_bytes, program_bytes, flash_bytes;
    int64_t ram_bytes; // the arena: activations and scratch, exact
};

#define LOWERED_TOO_LARGE 1

/* Lowers `n` for a candidate of one setting per slot. All slots float32, or none. Returns 0;
 * LOWERED_TOO_LARGE with a line that says how many bytes of what are missing; -1 with the reason. `l` is
 * empty unless 0. End it with lowered_finish. `q` may be NULL for float32. */
int lowered_make(const struct net *n, const struct quantized *q, const struct candidate *c,
                 const struct lowered_budget *budget, struct lowered *l, struct error *e);
void lowered_finish(struct lowered *l);

/* Blobs as program_run wants them. */
const void *const *lowered_blobs(const struct lowered *l);

/* A float sample as the input tensor's bytes (program_input(..)->bytes of them). */
void lowered_put_input(const struct program *p, const float *x, void *input);

/* An output tensor's bytes as floats. */
void lowered_take_output(const struct program *p, const void *output, float *y);

/* Index of the largest output, the first one of several. */
int lowered_answer(const struct program *p, const void *output);

#endif

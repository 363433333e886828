// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Random programs of one RMSNORM or SCAN, for the kernels' tests on host and board. No heap: one case at a time.
#ifndef PARE_TESTS_SEQUENCE_CASE_H
#define PARE_TESTS_SEQUENCE_CASE_H

#include "base/rng.h"
#include "quant/kernels/program.h"

#define SEQUENCE_CASE_PROGRAM_BYTES 4096
#define SEQUENCE_CASE_BLOB_BYTES 2048
#define SEQUENCE_CASE_ARENA_BYTES 16384

struct sequence_case {
    uint8_t *bytes, *blob, *arena; // with the inputs in it
    const void *blobs[1];
    struct program program;
};

/* Draws kind, shapes, widths, weights, factors and inputs, all valid. Returns what program_check says. */
enum program_fault sequence_case_make(struct sequence_case *c, struct rng *r);

#endif

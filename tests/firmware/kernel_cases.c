// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Runs the random programs of tests/kernel_case.h and tests/sequence_case.h and prints a checksum of their outputs: host and board must print the
// same. Float programs are left out: the board fuses multiply and add.
#include "quant/kernels/pack.h"
#include "tests/firmware/console.h"
#include "tests/kernel_case.h"
#include "tests/sequence_case.h"

#ifndef KERNEL_CASES
#define KERNEL_CASES 300
#endif
#define LINE 25 // cases per printed line

static uint32_t run_case(struct rng *r, uint32_t crc, unsigned *refused)
{
    struct kernel_shape shape = kernel_shape_random(r);
    struct kernel_case c;
    shape.float32 = 0;
    if (kernel_case_make(&c, shape, r)) {
        ++*refused;
        return crc;
    }
    program_run(&c.program, c.blobs, c.arena, NULL);
    const struct image_tensor *out = program_output(&c.program);
    return pack_crc32(crc, c.arena + out->arena_offset, out->bytes);
}

static uint32_t run_sequence(struct rng *r, uint32_t crc, unsigned *refused)
{
    struct sequence_case c;
    if (sequence_case_make(&c, r)) {
        ++*refused;
        return crc;
    }
    program_run(&c.program, c.blobs, c.arena, NULL);
    const struct image_tensor *out = program_output(&c.program);
    return pack_crc32(crc, c.arena + out->arena_offset, out->bytes);
}

int main(void)
{
    struct rng r;
    uint32_t crc = 0;
    unsigned refused = 0;
    rng_seed(&r, 30, 1);
    for (unsigned i = 1; i <= KERNEL_CASES; i++) {
        crc = run_case(&r, crc, &refused);
        if (i % 3 == 0)
            crc = run_sequence(&r, crc, &refused);
        if (i % LINE)
            continue;
        console_text("cases ");
        console_unsigned(i);
        console_text(" refused ");
        console_unsigned(refused);
        console_text(" outputs ");
        console_hex(crc);
        console_text("\n");
    }
    console_end();
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/sequence_case.h"

#include "quant/kernels/pack.h"
#include "quant/kernels/scan.h"

#include <string.h>

static _Alignas(16) uint8_t program_memory[SEQUENCE_CASE_PROGRAM_BYTES], blob_memory[SEQUENCE_CASE_BLOB_BYTES],
    arena_memory[SEQUENCE_CASE_ARENA_BYTES];

static uint32_t aligned(uint32_t bytes)
{
    return (bytes + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

static uint32_t between(struct rng *r, uint32_t low, uint32_t high)
{
    return low + rng_below(r, high - low + 1);
}

/* Places a tensor of `channels` over `time` steps after the one before and fills it. Returns where it ends. */
static uint32_t put_tensor(struct sequence_case *c, struct image_tensor *t, uint32_t time, uint32_t channels, uint32_t at,
                           struct rng *r)
{
    static const uint8_t widths[] = {2, 3, 4, 5, 6, 7, 8, 8, 8, 16};
    unsigned bits = widths[rng_below(r, sizeof widths)];
    *t = (struct image_tensor){.arena_offset = at, .h = (uint16_t)time, .w = 1, .c = (uint16_t)channels, .bits = (uint8_t)bits};
    t->bytes = (uint32_t)pack_bytes((size_t)time * channels, bits);
    t->zero_point = bits == 16 ? 0 : (int32_t)rng_below(r, 1u << bits) - (1 << (bits - 1));
    t->scale = 1;
    for (uint32_t i = 0; i < time * channels; i++) {
        int16_t value = (int16_t)((int32_t)rng_below(r, 1u << bits) - (1 << (bits - 1)));
        pack_run(c->arena + at, &value, i, 1, bits);
    }
    return aligned(at + t->bytes);
}

/* Rows of codes; of a scan numbers are below zero more often than not. */
static uint32_t put_weights(struct sequence_case *c, struct image_op *op, uint32_t rows, uint32_t columns, struct rng *r)
{
    uint16_t codes[64];
    op->w_bits = (uint8_t)between(r, 2, 8);
    op->weights_row_bytes = (uint32_t)pack_row_bytes(columns, op->w_bits);
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t i = 0; i < columns; i++)
            codes[i] = (uint16_t)(rng_below(r, 1u << op->w_bits) / (1 + rng_below(r, 2)));
        pack_row(c->blob + row * op->weights_row_bytes, codes, columns, op->w_bits);
    }
    return aligned(rows * op->weights_row_bytes);
}

/* Factors from 2^low to 2^high. */
static void put_factors(struct sequence_case *c, const struct image_op *op, uint32_t first, uint32_t n, int low, int high,
                        struct rng *r)
{
    int32_t *multiplier = (int32_t *)(void *)(c->bytes + op->multiplier_offset);
    for (uint32_t i = first; i < first + n; i++) {
        multiplier[i] = (int32_t)((1u << 30) + rng_below(r, 1u << 30));
        c->bytes[op->shift_offset + i] = (uint8_t)(low + (int)rng_below(r, (uint32_t)(high - low + 1)));
    }
}

static uint32_t put_scan(struct sequence_case *c, struct image_op *op, uint32_t channels, uint32_t at, struct rng *r)
{
    uint16_t *steps = (uint16_t *)(void *)(c->bytes + at);
    op->state_bits = rng_below(r, 2) ? 16 : 32;
    op->bias_offset = at;
    op->multiplier_offset = aligned(at + SCAN_STEPS * 2);
    op->shift_offset = op->multiplier_offset + 16 * channels;
    for (uint32_t i = 0; i < SCAN_STEPS; i++)
        steps[i] = (uint16_t)(rng_below(r, 65536) >> rng_below(r, 12));
    put_factors(c, op, 0, channels, -4, 10, r);
    put_factors(c, op, channels, channels, -4, 8, r);
    put_factors(c, op, 2 * channels, channels, 4, 16, r);
    put_factors(c, op, 3 * channels, channels, -26, -8, r);
    int32_t *skip = (int32_t *)(void *)(c->bytes + op->multiplier_offset + 8 * channels);
    for (uint32_t i = 0; i < channels; i++)
        skip[i] = rng_below(r, 2) ? -skip[i] : skip[i];
    return aligned(op->shift_offset + 4 * channels);
}

static uint32_t put_rmsnorm(struct sequence_case *c, struct image_op *op, uint32_t channels, uint32_t at, struct rng *r)
{
    op->multiplier_offset = at;
    op->shift_offset = at + 4 * channels;
    op->add_multiplier[0] = (int32_t)(rng_u32(r) >> 1) >> rng_below(r, 32);
    op->add_multiplier[1] = rng_below(r, 4) ? 0 : (int32_t)rng_below(r, 256);
    put_factors(c, op, 0, channels, 8, 14, r);
    return aligned(op->shift_offset + channels);
}

static void start(struct sequence_case *c, struct image_program *h)
{
    *c = (struct sequence_case){.bytes = program_memory, .blob = blob_memory, .arena = arena_memory, .blobs = {blob_memory}};
    memset(program_memory, 0, sizeof program_memory);
    memset(blob_memory, 0, sizeof blob_memory);
    memset(arena_memory, 0, sizeof arena_memory);
    *h = (struct image_program){.magic = IMAGE_PROGRAM_MAGIC, .version = IMAGE_VERSION, .n_tensors = 5, .n_ops = 1,
                                .n_blobs = 1, .output = 4};
    h->tensors_offset = aligned(sizeof *h);
    h->ops_offset = h->tensors_offset + aligned(5 * sizeof(struct image_tensor));
    h->blobs_offset = h->ops_offset + aligned(sizeof(struct image_op));
    h->bytes = h->blobs_offset + aligned(sizeof(struct image_blob));
}

enum program_fault sequence_case_make(struct sequence_case *c, struct rng *r)
{
    struct image_program *h = (struct image_program *)(void *)program_memory;
    start(c, h);
    struct image_tensor *t = (struct image_tensor *)(void *)(c->bytes + h->tensors_offset);
    struct image_op *op = (struct image_op *)(void *)(c->bytes + h->ops_offset);
    int scan = (int)rng_below(r, 2);
    uint32_t time = between(r, 1, 20), channels = between(r, 1, 21), states = between(r, 1, 17), at = 0;
    for (int i = 0; i < 5; i++)
        at = put_tensor(c, &t[i], time, i == 2 || i == 3 ? states : channels, at, r);
    *op = (struct image_op){.kind = scan ? IMAGE_SCAN : IMAGE_RMSNORM, .layer = 0xffff, .in1 = scan ? 1 : 0xffff,
                            .in2 = scan ? 2 : 0xffff, .in3 = scan ? 3 : 0xffff, .out = 4};
    op->act_min = -(1 << (t[4].bits - 1)), op->act_max = (1 << (t[4].bits - 1)) - 1;
    op->bias_offset = op->table_offset = IMAGE_NONE;
    struct image_blob *blob = (struct image_blob *)(void *)(c->bytes + h->blobs_offset);
    blob->bytes = put_weights(c, op, scan ? channels : 1, scan ? states : channels, r);
    h->bytes = scan ? put_scan(c, op, channels, h->bytes, r) : put_rmsnorm(c, op, channels, h->bytes, r);
    op->scratch_offset = at;
    op->scratch_bytes = kernel_scratch_bytes(op, t);
    h->arena_bytes = at + op->scratch_bytes;
    if (h->arena_bytes > SEQUENCE_CASE_ARENA_BYTES || h->bytes > SEQUENCE_CASE_PROGRAM_BYTES || blob->bytes > SEQUENCE_CASE_BLOB_BYTES)
        return PROGRAM_BAD_SIZE;
    h->crc32 = program_crc32(c->bytes, h->bytes);
    return program_check(&c->program, c->bytes, h->bytes, NULL);
}

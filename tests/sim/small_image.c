// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Builds the file section by section in one buffer.
#include "tests/sim/small_image.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "quant/kernels/pack.h"
#include "quant/kernels/program.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUTS 12u
#define FILE_MAX (4u << 20)

struct building {
    uint8_t *file;
    uint32_t size;
    struct image_file *header;
    struct image_file_blob *blobs;
    struct image_program *program;
};

/* Reserves `bytes` in the file, aligned. Returns the offset. */
static uint32_t reserve(struct building *b, uint32_t bytes)
{
    uint32_t at = (b->size + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
    b->size = at + bytes;
    return at;
}

static void add_blob(struct building *b, uint32_t k, uint32_t rows, uint32_t columns, uint32_t w_bits, uint64_t seed)
{
    struct rng r;
    uint16_t codes[4096];
    uint32_t row_bytes = (uint32_t)pack_row_bytes(columns, w_bits);
    uint32_t at = reserve(b, rows * row_bytes);
    rng_seed(&r, seed, k);
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < columns; j++)
            codes[j] = (uint16_t)rng_below(&r, 1u << w_bits);
        pack_row(b->file + at + i * row_bytes, codes, columns, w_bits);
    }
    b->blobs[k].offset = at;
    b->blobs[k].bytes = rows * row_bytes;
    sha256_of(b->file + at, rows * row_bytes, b->blobs[k].sha256);
}

static struct image_tensor tensor(uint32_t arena_offset, uint32_t n)
{
    return (struct image_tensor){.arena_offset = arena_offset, .bytes = n, .h = 1, .w = 1, .c = (uint16_t)n, .bits = 8,
                                 .scale = 1};
}

/* One dense op; its parameters lie at `at` in the program: bias, multipliers, shifts. */
static struct image_op dense(uint16_t k, uint32_t columns, uint32_t rows, uint32_t w_bits, uint32_t at)
{
    return (struct image_op){.kind = IMAGE_DENSE, .w_bits = (uint8_t)w_bits, .layer = k, .in0 = k, .in1 = 0xffff,
                             .out = (uint16_t)(k + 1), .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1,
                             .dilation_h = 1, .dilation_w = 1, .groups = 1, .act_min = -128, .act_max = 127,
                             .weights_blob = k, .weights_row_bytes = (uint32_t)pack_row_bytes(columns, w_bits),
                             .bias_offset = at, .multiplier_offset = at + 4 * rows, .shift_offset = at + 8 * rows,
                             .table_offset = IMAGE_NONE};
}

static void fill_parameters(uint8_t *program, const struct image_op *op, uint32_t rows)
{
    int32_t *bias = (int32_t *)(void *)(program + op->bias_offset);
    int32_t *multiplier = (int32_t *)(void *)(program + op->multiplier_offset);
    int8_t *shift = (int8_t *)(program + op->shift_offset);
    for (uint32_t i = 0; i < rows; i++) {
        bias[i] = (int32_t)i * 7 - 40;
        multiplier[i] = 0x50000000;
        shift[i] = -(int8_t)(op->w_bits + 1);
    }
}

static uint32_t align(uint32_t n)
{
    return (n + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
}

static void add_program(struct building *b, const struct small_image *s)
{
    uint32_t rows[2] = {s->hidden, OUTPUTS}, columns[2] = {s->inputs, s->hidden};
    struct image_program p = {.magic = IMAGE_PROGRAM_MAGIC, .version = IMAGE_VERSION, .n_tensors = 3, .n_ops = 2, .n_blobs = 2,
                              .input = 0, .output = 2};
    p.tensors_offset = align(sizeof p);
    p.ops_offset = align(p.tensors_offset + 3 * (uint32_t)sizeof(struct image_tensor));
    p.blobs_offset = align(p.ops_offset + 2 * (uint32_t)sizeof(struct image_op));
    uint32_t at = align(p.blobs_offset + 2 * (uint32_t)sizeof(struct image_blob));
    struct image_tensor tensors[3] = {tensor(0, s->inputs), tensor(align(s->inputs), s->hidden),
                                      tensor(align(s->inputs) + align(s->hidden), OUTPUTS)};
    p.arena_bytes = align(s->inputs) + align(s->hidden) + align(OUTPUTS);
    struct image_op ops[2];
    uint32_t scratch = 0;
    for (uint16_t k = 0; k < 2; k++) {
        ops[k] = dense(k, columns[k], rows[k], s->w_bits, at);
        at = align(at + 9 * rows[k]);
        ops[k].scratch_bytes = kernel_scratch_bytes(&ops[k], tensors);
        ops[k].scratch_offset = p.arena_bytes;
        scratch = ops[k].scratch_bytes > scratch ? ops[k].scratch_bytes : scratch;
    }
    p.arena_bytes += scratch;
    p.bytes = at;
    b->header->program_offset = reserve(b, p.bytes);
    b->header->program_bytes = p.bytes;
    uint8_t *program = b->file + b->header->program_offset;
    memcpy(program, &p, sizeof p);
    memcpy(program + p.tensors_offset, tensors, sizeof tensors);
    memcpy(program + p.ops_offset, ops, sizeof ops);
    for (uint32_t k = 0; k < 2; k++) {
        struct image_blob blob = {0, b->blobs[k].bytes};
        memcpy(program + p.blobs_offset + k * sizeof blob, &blob, sizeof blob);
        fill_parameters(program, &ops[k], rows[k]);
    }
    b->program = (struct image_program *)(void *)program;
    b->program->crc32 = program_crc32(program, p.bytes);
}

static int add_samples(struct building *b, const struct small_image *s, struct error *e)
{
    struct image_file *f = b->header;
    struct program p;
    struct rng r;
    f->n_samples = s->n_samples;
    f->input_bytes = s->inputs;
    f->output_bytes = OUTPUTS;
    f->inputs_bytes = s->n_samples * s->inputs;
    f->expected_bytes = s->n_samples * OUTPUTS;
    f->inputs_offset = reserve(b, f->inputs_bytes);
    f->expected_offset = reserve(b, f->expected_bytes);
    rng_seed(&r, 77, 1);
    for (uint32_t i = 0; i < f->inputs_bytes; i++)
        b->file[f->inputs_offset + i] = (uint8_t)rng_below(&r, 256);
    sha256_of(b->file + f->inputs_offset, f->inputs_bytes, f->inputs_sha256);
    enum program_fault fault = program_check(&p, b->program, b->program->bytes, NULL);
    if (fault != PROGRAM_OK)
        return error_set(e, "%s", program_fault_name(fault));
    const void *blobs[2] = {b->file + b->blobs[0].offset, b->file + b->blobs[1].offset};
    uint8_t *arena = aligned_alloc(16, b->program->arena_bytes);
    for (uint32_t i = 0; i < s->n_samples; i++) {
        memcpy(arena + program_input(&p)->arena_offset, b->file + f->inputs_offset + i * s->inputs, s->inputs);
        program_run(&p, blobs, arena, NULL);
        memcpy(b->file + f->expected_offset + i * OUTPUTS, arena + program_output(&p)->arena_offset, OUTPUTS);
    }
    free(arena);
    return 0;
}

int small_image_write(const char *path, const struct small_image *s, uint8_t *expected, struct error *e)
{
    struct building b = {.file = calloc(1, FILE_MAX)};
    b.size = sizeof *b.header;
    b.header = (struct image_file *)(void *)b.file;
    b.blobs = (struct image_file_blob *)(void *)(b.file + b.size);
    b.size += 2 * sizeof *b.blobs;
    *b.header = (struct image_file){.magic = IMAGE_FILE_MAGIC, .version = IMAGE_VERSION, .n_blobs = 2};
    add_blob(&b, 0, s->hidden, s->inputs, s->w_bits, s->first_seed);
    add_blob(&b, 1, OUTPUTS, s->hidden, s->w_bits, s->second_seed);
    add_program(&b, s);
    int rc = add_samples(&b, s, e);
    b.header->bytes = b.size;
    if (rc == 0 && expected)
        memcpy(expected, b.file + b.header->expected_offset, b.header->expected_bytes);
    if (rc == 0)
        rc = file_write(path, b.file, b.size, e);
    free(b.file);
    return rc;
}

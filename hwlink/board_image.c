// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Reads image files as what they are: input from outside.
#include "hwlink/board_image.h"

#include "base/file.h"
#include "quant/kernels/mailbox.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* `n` things of `size` bytes at `offset` lie inside `whole` bytes, aligned. */
static bool inside(uint64_t offset, uint64_t n, uint64_t size, uint64_t whole, uint32_t align)
{
    return offset % align == 0 && offset <= whole && n * size <= whole - offset;
}

static int check_header(const struct board_image *i, struct error *e)
{
    const struct image_file *f = i->file;
    if (i->size < sizeof *f || f->magic != IMAGE_FILE_MAGIC)
        return error_set(e, "not an image file");
    if (f->version != IMAGE_VERSION)
        return error_set(e, "image version %u, not %u", f->version, IMAGE_VERSION);
    if (f->bytes != i->size)
        return error_set(e, "%zu bytes long, not %u: truncated", i->size, f->bytes);
    if (f->n_blobs > IMAGE_BLOBS_MAX || !inside(sizeof *f, f->n_blobs, sizeof *i->blobs, i->size, 4))
        return error_set(e, "%u blobs", f->n_blobs);
    if (f->n_samples < 1 || f->n_samples > MAILBOX_SAMPLES_MAX)
        return error_set(e, "%u samples, not 1 to %u", f->n_samples, MAILBOX_SAMPLES_MAX);
    if (f->input_bytes == 0 || f->output_bytes == 0 || f->input_bytes % 4 || f->output_bytes % 4 ||
        (uint64_t)f->n_samples * f->input_bytes != f->inputs_bytes ||
        (uint64_t)f->n_samples * f->output_bytes != f->expected_bytes)
        return error_set(e, "inputs or outputs have odd sizes");
    if (f->expected_bytes > MAILBOX_OUTPUTS_BYTES)
        return error_set(e, "outputs of %u bytes, more than the mailbox's %u", f->expected_bytes, MAILBOX_OUTPUTS_BYTES);
    if (!inside(f->inputs_offset, 1, f->inputs_bytes, i->size, IMAGE_ALIGN) ||
        !inside(f->expected_offset, 1, f->expected_bytes, i->size, IMAGE_ALIGN) ||
        !inside(f->program_offset, 1, f->program_bytes, i->size, IMAGE_ALIGN))
        return error_set(e, "a section lies outside the file");
    return 0;
}

static int check_program(const struct board_image *i, struct error *e)
{
    const struct image_program *p = i->program;
    uint32_t bytes = i->file->program_bytes;
    if (bytes < sizeof *p || p->magic != IMAGE_PROGRAM_MAGIC || p->version != IMAGE_VERSION || p->bytes != bytes)
        return error_set(e, "no program of version %u and %u bytes in it", IMAGE_VERSION, bytes);
    if (p->n_ops < 1 || p->n_ops > IMAGE_OPS_MAX || !inside(p->ops_offset, p->n_ops, sizeof *i->ops, bytes, 4))
        return error_set(e, "a program of %u operations", p->n_ops);
    if (p->n_blobs != i->file->n_blobs ||
        !inside(p->blobs_offset, p->n_blobs, sizeof(struct image_blob), bytes, 4))
        return error_set(e, "%u blobs in the program, %u in the file", p->n_blobs, i->file->n_blobs);
    if (p->arena_bytes > BOARD_ARENA_BYTES)
        return error_set(e, "an arena of %u bytes, more than %u", p->arena_bytes, BOARD_ARENA_BYTES);
    return 0;
}

static int check_content(const char *what, const void *data, size_t size, const uint8_t sha256[SHA256_BYTES],
                         struct error *e)
{
    uint8_t digest[SHA256_BYTES];
    sha256_of(data, size, digest);
    return memcmp(digest, sha256, SHA256_BYTES) == 0 ? 0 : error_set(e, "%s has other contents than it says", what);
}

static int check_blobs(const struct board_image *i, struct error *e)
{
    for (uint32_t k = 0; k < i->file->n_blobs; k++) {
        const struct image_file_blob *b = &i->blobs[k];
        if (b->bytes == 0 || !inside(b->offset, 1, b->bytes, i->size, IMAGE_ALIGN))
            return error_set(e, "blob %u lies outside the file", k);
        if (check_content("a blob", i->data + b->offset, b->bytes, b->sha256, e) != 0)
            return -1;
    }
    return check_content("the inputs' section", i->inputs, i->file->inputs_bytes, i->file->inputs_sha256, e);
}

/* The header is checked before any pointer beyond it is followed. */
static int check(struct board_image *i, struct error *e)
{
    i->file = (const struct image_file *)i->data;
    if (check_header(i, e) != 0)
        return -1;
    i->blobs = (const struct image_file_blob *)(i->data + sizeof *i->file);
    i->inputs = (const uint8_t *)i->data + i->file->inputs_offset;
    i->expected = (const uint8_t *)i->data + i->file->expected_offset;
    i->program = (struct image_program *)(i->data + i->file->program_offset);
    if (check_program(i, e) != 0)
        return -1;
    i->ops = (const struct image_op *)((const char *)i->program + i->program->ops_offset);
    return check_blobs(i, e);
}

int board_image_read(const char *path, struct board_image *i, struct error *e)
{
    memset(i, 0, sizeof *i);
    if (file_read(path, BOARD_IMAGE_MAX, &i->data, &i->size, e) != 0)
        return -1;
    sha256_of(i->data, i->size, i->sha256);
    if (check(i, e) == 0)
        return 0;
    board_image_finish(i);
    return error_wrap(e, "%s", path);
}

void board_image_finish(struct board_image *i)
{
    free(i->data);
    memset(i, 0, sizeof *i);
}

void board_image_patch(struct board_image *i, uint32_t k, uint32_t address)
{
    struct image_blob *table = (struct image_blob *)((char *)i->program + i->program->blobs_offset);
    table[k].address = address;
}

static bool floats_agree(const char *a, const char *b, uint32_t n)
{
    float x, y, largest = 0;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(&x, a + 4 * i, 4);
        largest = fabsf(x) > largest ? fabsf(x) : largest;
    }
    for (uint32_t i = 0; i < n; i++) {
        memcpy(&x, a + 4 * i, 4);
        memcpy(&y, b + 4 * i, 4);
        if (!(fabsf(x - y) <= largest * (float)BOARD_FLOAT_TOLERANCE)) // also where one is no number
            return false;
    }
    return true;
}

bool board_image_agrees(const struct board_image *i, const void *outputs)
{
    const struct image_file *f = i->file;
    const char *expected = (const char *)i->expected;
    if (memcmp(outputs, expected, f->expected_bytes) == 0)
        return true;
    if (!i->ops[i->program->n_ops - 1].float32)
        return false;
    for (uint32_t k = 0; k < f->n_samples; k++)
        if (!floats_agree(expected + k * f->output_bytes, (const char *)outputs + k * f->output_bytes, f->output_bytes / 4))
            return false;
    return true;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/image_view.h"

#include "base/sha256.h"

#include <stdbool.h>
#include <string.h>

#define SAMPLES_MAX 4096u

static bool within(uint64_t offset, uint64_t bytes, size_t size)
{
    return offset % IMAGE_ALIGN == 0 && offset <= size && bytes <= size - offset;
}

static int check_header(const struct image_file *f, size_t size, struct error *e)
{
    if (size < sizeof *f || f->magic != IMAGE_FILE_MAGIC)
        return error_set(e, "not an image file");
    if (f->version != IMAGE_VERSION)
        return error_set(e, "an image of version %u, this program knows %u", f->version, IMAGE_VERSION);
    if (f->bytes != size)
        return error_set(e, "the image says that it has %u bytes, the file has %zu", f->bytes, size);
    if (f->n_blobs > IMAGE_BLOBS_MAX || sizeof *f + f->n_blobs * sizeof(struct image_file_blob) > size ||
        !within(f->program_offset, f->program_bytes, size) || f->n_samples > SAMPLES_MAX ||
        !within(f->inputs_offset, (uint64_t)f->n_samples * f->input_bytes, size) ||
        !within(f->expected_offset, (uint64_t)f->n_samples * f->output_bytes, size))
        return error_set(e, "a section lies outside the image");
    return 0;
}

static int check_blobs(const struct image_view *v, struct error *e)
{
    if (v->header->n_blobs != v->program.header->n_blobs)
        return error_set(e, "the image has %u blobs, its program %u", v->header->n_blobs,
                         v->program.header->n_blobs);
    for (uint32_t i = 0; i < v->header->n_blobs; i++) {
        const struct image_file_blob *b = &v->blobs[i];
        uint8_t sha256[SHA256_BYTES];
        if (!within(b->offset, b->bytes, v->header->bytes) || b->bytes != v->program.blobs[i].bytes)
            return error_set(e, "blob %u has a wrong place or size", i);
        sha256_of(v->bytes + b->offset, b->bytes, sha256);
        if (memcmp(sha256, b->sha256, sizeof sha256))
            return error_set(e, "blob %u is damaged: its hash differs", i);
    }
    return 0;
}

int image_view_open(struct image_view *v, const void *bytes, size_t size, struct error *e)
{
    const struct image_file *f = bytes;
    if (check_header(f, size, e))
        return -1;
    *v = (struct image_view){.bytes = bytes, .header = f, .blobs = (const void *)(f + 1)};
    v->inputs = v->bytes + f->inputs_offset;
    v->expected = v->bytes + f->expected_offset;
    uint32_t where;
    enum program_fault fault =
        program_check(&v->program, v->bytes + f->program_offset, f->program_bytes, &where);
    if (fault != PROGRAM_OK)
        return error_set(e, "the image's program: %s (%u)", program_fault_name(fault), where);
    if (f->input_bytes < program_input(&v->program)->bytes ||
        f->output_bytes < program_output(&v->program)->bytes)
        return error_set(e, "the image's samples are smaller than its input or output");
    return check_blobs(v, e);
}

int image_view_op_of_blob(const struct image_view *v, uint32_t b)
{
    for (uint32_t i = 0; i < v->program.header->n_ops; i++)
        if (v->program.ops[i].weights_blob == b)
            return (int)i;
    return -1;
}

uint32_t image_view_weights_bytes(const struct image_view *v)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < v->header->n_blobs; i++)
        bytes += v->blobs[i].bytes;
    return bytes;
}

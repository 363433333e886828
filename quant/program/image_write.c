// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/program/image_write.h"

#include "base/file.h"
#include "quant/kernels/mailbox.h"
#include "quant/program/packed.h"

#include <stdlib.h>
#include <string.h>

struct writing {
    const struct lowered *l;
    uint8_t *file;
    struct image_file header;
};

static uint32_t round4(uint32_t bytes)
{
    return (bytes + 3) & ~3u;
}

/* Header first, then program, blobs, inputs and expected outputs; the blobs' table is written by put_blobs.
 */
static int lay_out(struct writing *w, int n, struct error *e)
{
    const struct image_program *p = w->l->program.header;
    struct image_file *h = &w->header;
    *h = (struct image_file){
        .magic = IMAGE_FILE_MAGIC, .version = IMAGE_VERSION, .n_blobs = p->n_blobs, .n_samples = (uint32_t)n};
    h->input_bytes = round4(program_input(&w->l->program)->bytes);
    h->output_bytes = round4(program_output(&w->l->program)->bytes);
    uint64_t at = packed_align(sizeof *h + p->n_blobs * sizeof(struct image_file_blob));
    h->program_offset = (uint32_t)at, h->program_bytes = p->bytes;
    at += packed_align(p->bytes) + (uint64_t)w->l->weights_bytes;
    h->inputs_offset = (uint32_t)at, h->inputs_bytes = h->n_samples * h->input_bytes;
    at += packed_align((uint64_t)h->n_samples * h->input_bytes);
    h->expected_offset = (uint32_t)at, h->expected_bytes = h->n_samples * h->output_bytes;
    at += packed_align(h->expected_bytes);
    if (at > UINT32_MAX)
        return error_set(e, "an image of more than 4 GiB");
    h->bytes = (uint32_t)at;
    w->file = calloc(1, (size_t)at);
    return w->file ? 0 : error_set(e, "out of memory");
}

static void put_blobs(struct writing *w)
{
    const struct program *p = &w->l->program;
    struct image_file_blob *table = (struct image_file_blob *)(void *)(w->file + sizeof w->header);
    uint32_t at = w->header.program_offset + packed_align(p->header->bytes);
    for (uint32_t i = 0; i < p->header->n_blobs; i++) {
        table[i].offset = at, table[i].bytes = p->blobs[i].bytes;
        memcpy(table[i].sha256, w->l->blob_sha256[i], SHA256_BYTES);
        memcpy(w->file + at, w->l->blobs[i], p->blobs[i].bytes);
        at += p->blobs[i].bytes;
    }
}

static int put_samples(struct writing *w, const struct data *d, int first, struct error *e)
{
    const struct program *p = &w->l->program;
    const struct image_tensor *in = program_input(p), *out = program_output(p);
    uint8_t *arena = aligned_alloc(IMAGE_ALIGN, packed_align(p->header->arena_bytes));
    float *x = malloc(d->elements * sizeof *x);
    for (uint32_t i = 0; arena && x && i < w->header.n_samples; i++) {
        uint8_t *input = w->file + w->header.inputs_offset + (size_t)i * w->header.input_bytes;
        data_sample(d, first + (int)i, x);
        lowered_put_input(p, x, input);
        memcpy(arena + in->arena_offset, input, in->bytes);
        program_run(p, lowered_blobs(w->l), arena, NULL);
        memcpy(w->file + w->header.expected_offset + (size_t)i * w->header.output_bytes,
               arena + out->arena_offset, out->bytes);
    }
    int failed = arena && x ? 0 : error_set(e, "out of memory");
    free(arena);
    free(x);
    sha256_of(w->file + w->header.inputs_offset, w->header.inputs_bytes, w->header.inputs_sha256);
    return failed;
}

static int put_all(struct writing *w, const struct data *samples, int first, struct error *e)
{
    put_blobs(w);
    memcpy(w->file + w->header.program_offset, w->l->bytes, w->l->program.header->bytes);
    if (put_samples(w, samples, first, e))
        return -1;
    memcpy(w->file, &w->header, sizeof w->header);
    return 0;
}

int image_write(const char *path, const struct lowered *l, const struct data *samples, int first, int n,
                struct image_written *written, struct error *e)
{
    struct writing w = {.l = l};
    uint32_t output_bytes = round4(program_output(&l->program)->bytes);
    uint32_t most = MAILBOX_OUTPUTS_BYTES / output_bytes;
    most = most < MAILBOX_SAMPLES_MAX ? most : MAILBOX_SAMPLES_MAX;
    if (first < 0 || n < 1 || first >= samples->n || n > samples->n - first)
        return error_set(e, "samples %d to %d of %d", first, first + n - 1, samples->n);
    if (most < 1)
        return error_set(e, "an output of %u bytes, more than the mailbox's %u", output_bytes,
                         MAILBOX_OUTPUTS_BYTES);
    n = (uint32_t)n < most ? n : (int)most;
    int failed =
        lay_out(&w, n, e) || put_all(&w, samples, first, e) || file_write(path, w.file, w.header.bytes, e);
    if (!failed) {
        *written = (struct image_written){.bytes = w.header.bytes, .n_samples = n};
        sha256_of(w.file, w.header.bytes, written->sha256);
    }
    free(w.file);
    return failed ? -1 : 0;
}

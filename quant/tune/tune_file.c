// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tune/tune_file.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAGIC 0x54455250u // "PRET"

struct file_header {
    uint32_t magic, version;
    uint8_t key[SHA256_BYTES];
    uint64_t n;
    int32_t step, reserved;
    double loss;
};

static size_t file_bytes(const struct tuner *t)
{
    return sizeof(struct file_header) + 3 * t->n * sizeof(float) + SHA256_BYTES;
}

static int put_all(struct buffer *b, const uint8_t *key, const struct tuner *t, int step, double loss)
{
    struct file_header h = {FILE_MAGIC, TUNE_FILE_VERSION, {0}, t->n, step, 0, loss};
    uint8_t digest[SHA256_BYTES];
    memcpy(h.key, key, sizeof h.key);
    if (buffer_append(b, &h, sizeof h) || buffer_append(b, t->values, t->n * sizeof(float)) ||
        buffer_append(b, t->means, t->n * sizeof(float)) || buffer_append(b, t->squares, t->n * sizeof(float)))
        return -1;
    sha256_of(b->data, b->size, digest);
    return buffer_append(b, digest, sizeof digest);
}

int tune_file_save(const char *path, const uint8_t key[SHA256_BYTES], const struct tuner *t, int step, double loss,
                   struct error *e)
{
    struct buffer b;
    buffer_init(&b, TUNE_FILE_MAX);
    int failed = put_all(&b, key, t, step, loss) ? error_set(e, "%s: out of memory, or larger than %u bytes", path, TUNE_FILE_MAX)
                                                 : file_write(path, b.data, b.size, e);
    buffer_finish(&b);
    return failed;
}

/* What is wrong with the bytes, NULL when they are of this training, "" when of another. */
static const char *fault_of(const char *data, size_t size, const uint8_t *key, const struct tuner *t, struct file_header *h)
{
    uint8_t digest[SHA256_BYTES];
    if (size < sizeof *h + SHA256_BYTES)
        return "too short";
    memcpy(h, data, sizeof *h);
    if (h->magic != FILE_MAGIC)
        return "not a checkpoint of training";
    sha256_of(data, size - SHA256_BYTES, digest);
    if (memcmp(digest, data + size - SHA256_BYTES, SHA256_BYTES) != 0)
        return "damaged: its checksum differs";
    if (h->version != TUNE_FILE_VERSION || memcmp(h->key, key, SHA256_BYTES) != 0)
        return "";
    return h->n == t->n && size == file_bytes(t) && h->step >= 0 ? NULL : "its parts do not fit together";
}

void tune_file_load(const char *path, const uint8_t key[SHA256_BYTES], struct tuner *t, int *step, double *loss)
{
    char *data;
    size_t size;
    struct error e = {""};
    struct file_header h;
    if (access(path, F_OK) != 0)
        return;
    if (file_read(path, TUNE_FILE_MAX, &data, &size, &e)) {
        log_warning("%s; training begins anew", e.text);
        return;
    }
    const char *fault = fault_of(data, size, key, t, &h), *at = data + sizeof h;
    if (!fault) {
        float *arrays[] = {t->values, t->means, t->squares};
        for (int i = 0; i < 3; i++, at += t->n * sizeof(float))
            memcpy(arrays[i], at, t->n * sizeof(float));
        *step = h.step, *loss = h.loss;
    } else if (*fault) {
        log_warning("%s: %s; training begins anew", path, fault);
    }
    free(data);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// `quantized.bin`: a header, the arrays of struct quantized in order, and a SHA-256 over all of it.
// Little-endian, as on every host we know; a file of the other kind has the wrong magic.
#include "base/buffer.h"
#include "base/file.h"
#include "quant/quantize/quantized.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAGIC 0x51455250u // "PREQ"
#define FILE_VERSION 5u

struct file_header {
    uint32_t magic, version;
    uint8_t key[SHA256_BYTES];
    int32_t n_tensors, n_layers, n_slots, n_options, n_variants, state_bits;
};

struct file_weights {
    uint32_t w_bits, scheme, n_channels, n_codes, n_table, n_sums, n_states;
    float sums_scale;
};

static void hash_op(struct sha256 *s, const struct net *n, const struct net_op *op)
{
    const int numbers[] = {(int)op->kind, op->in[0],       op->in[1],      op->in[2],
                           op->in[3],     op->out,        op->kernel_h,
                           op->kernel_w,  op->stride_h,    op->stride_w,   op->dilation_h, op->dilation_w,
                           op->pad_top,   op->pad_left,    op->pad_bottom, op->pad_right,  op->groups,
                           op->layer,     op->bias != NULL, (int)op->function.kind};
    const float clamp[] = {op->act_min, op->act_max, op->function.alpha, op->function.beta, op->epsilon};
    sha256_update(s, numbers, sizeof numbers);
    sha256_update(s, clamp, sizeof clamp);
    if (op->choice)
        sha256_update(s, op->choice, (size_t)n->tensors[op->out].c * sizeof *op->choice);
    if (op->layer < 0)
        return;
    sha256_update(s, op->weights, net_weight_count(n, op) * sizeof(float));
    if (op->bias)
        sha256_update(s, op->bias, (size_t)net_out_channels(n, op) * sizeof(float));
    sha256_update(s, &op->given.w_bits, sizeof op->given.w_bits);
    if (op->given.w_bits)
        sha256_update(s, op->given.scales, (size_t)net_out_channels(n, op) * sizeof(float));
    if (op->given.bias)
        sha256_update(s, op->given.bias, (size_t)net_out_channels(n, op) * sizeof(int32_t));
}

void quantized_key(const struct net *n, const struct data *calibration, const struct quantize_params *p,
                   uint8_t key[SHA256_BYTES])
{
    struct sha256 s;
    const struct data_transform *t = &calibration->transform;
    const uint32_t version = FILE_VERSION;
    const int numbers[] = {n->n_tensors, n->n_ops,         n->n_layers,    n->n_slots,
                           n->input,     n->output,        t->n_mean,      t->n_std,
                           t->nchw,      (int)p->clipping, calibration->n, p->calibration_samples,
                           p->n_options, p->per_tensor,    p->state_bits ? p->state_bits : QUANTIZED_STATE_BITS};
    sha256_init(&s);
    sha256_update(&s, &version, sizeof version);
    sha256_update(&s, numbers, sizeof numbers);
    sha256_update(&s, n->tensors, (size_t)n->n_tensors * sizeof *n->tensors);
    sha256_update(&s, n->grids, (size_t)n->n_tensors * sizeof *n->grids);
    for (int i = 0; i < n->n_ops; i++)
        hash_op(&s, n, &n->ops[i]);
    sha256_update(&s, calibration->sha256, SHA256_BYTES);
    sha256_update(&s, &t->scale, sizeof t->scale);
    sha256_update(&s, t->mean, (size_t)t->n_mean * sizeof *t->mean);
    sha256_update(&s, t->std, (size_t)t->n_std * sizeof *t->std);
    sha256_update(&s, p->options, (size_t)p->n_options * sizeof *p->options);
    sha256_finish(&s, key);
}

static void hash_weights(struct sha256 *s, const struct quantized_weights *w)
{
    const uint32_t numbers[] = {w->w_bits, w->scheme, w->n_channels, w->n_codes, w->table != NULL, w->states != NULL, w->sums != NULL};
    sha256_update(s, numbers, sizeof numbers);
    sha256_update(s, w->scales, w->n_channels * sizeof *w->scales);
    sha256_update(s, w->bias, w->n_channels * sizeof *w->bias);
    sha256_update(s, w->codes, w->n_codes * sizeof *w->codes);
    if (w->table)
        sha256_update(s, w->table, (1u << w->w_bits) * sizeof *w->table);
    if (w->states)
        sha256_update(s, w->states, w->n_channels * sizeof *w->states);
    if (w->sums) {
        sha256_update(s, w->sums, w->n_channels * sizeof *w->sums);
        sha256_update(s, &w->sums_scale, sizeof w->sums_scale);
    }
}

void quantized_sha256(const struct quantized *q, uint8_t sha256[SHA256_BYTES])
{
    struct sha256 s;
    const int numbers[] = {q->n_tensors, q->n_layers, q->n_variants, q->state_bits};
    sha256_init(&s);
    sha256_update(&s, numbers, sizeof numbers);
    sha256_update(&s, q->tensors, (size_t)q->n_tensors * sizeof *q->tensors);
    for (int i = 0; i < q->n_layers * q->n_variants; i++)
        hash_weights(&s, &q->weights[i]);
    sha256_finish(&s, sha256);
}

static int put_weights(struct buffer *b, const struct quantized_weights *w)
{
    struct file_weights f = {w->w_bits, w->scheme, w->n_channels, w->n_codes, w->table ? 1u << w->w_bits : 0,
                              w->sums ? w->n_channels : 0, w->states ? w->n_channels : 0, w->sums_scale};
    return buffer_append(b, &f, sizeof f) || buffer_append(b, w->scales, w->n_channels * sizeof *w->scales) ||
           buffer_append(b, w->bias, w->n_channels * sizeof *w->bias) ||
           buffer_append(b, w->codes, w->n_codes * sizeof *w->codes) ||
           (w->table && buffer_append(b, w->table, f.n_table * sizeof *w->table)) ||
           (w->sums && buffer_append(b, w->sums, f.n_sums * sizeof *w->sums)) ||
           (w->states && buffer_append(b, w->states, f.n_states * sizeof *w->states));
}

static int put_all(struct buffer *b, const struct quantized *q)
{
    struct file_header h = {FILE_MAGIC,   FILE_VERSION,  {0}, q->n_tensors, q->n_layers, q->n_slots,
                            q->n_options, q->n_variants, q->state_bits};
    memcpy(h.key, q->key, sizeof h.key);
    if (buffer_append(b, &h, sizeof h) || buffer_append(b, q->options, sizeof q->options) ||
        buffer_append(b, q->variants, sizeof q->variants) ||
        buffer_append(b, q->tensors, (size_t)q->n_tensors * sizeof *q->tensors) ||
        buffer_append(b, q->sensitivity, (size_t)q->n_slots * (size_t)q->n_options * sizeof *q->sensitivity))
        return -1;
    for (int i = 0; i < q->n_layers * q->n_variants; i++)
        if (put_weights(b, &q->weights[i]))
            return -1;
    uint8_t digest[SHA256_BYTES];
    sha256_of(b->data, b->size, digest);
    return buffer_append(b, digest, sizeof digest);
}

int quantized_save(const struct quantized *q, const char *path, struct error *e)
{
    struct buffer b;
    buffer_init(&b, QUANTIZED_FILE_MAX);
    int failed = put_all(&b, q)
                     ? error_set(e, "%s: out of memory, or larger than %u bytes", path, QUANTIZED_FILE_MAX)
                     : file_write(path, b.data, b.size, e);
    buffer_finish(&b);
    return failed;
}

struct reader {
    const char *at;
    size_t left;
};

/* The next n things of `size` bytes as heap memory (NULL: too short, or no memory; at least one byte is
 * allocated). */
static void *take(struct reader *r, size_t n, size_t size)
{
    if (n > r->left / size)
        return NULL;
    void *to = malloc(n * size + 1);
    if (!to)
        return NULL;
    memcpy(to, r->at, n * size);
    r->at += n * size, r->left -= n * size;
    return to;
}

static int take_into(struct reader *r, void *to, size_t size)
{
    if (size > r->left)
        return -1;
    memcpy(to, r->at, size);
    r->at += size, r->left -= size;
    return 0;
}

static int take_weights(struct reader *r, struct quantized_weights *w)
{
    struct file_weights f;
    if (take_into(r, &f, sizeof f) || f.w_bits < 1 || f.w_bits > QUANTIZED_BITS_MAX ||
        f.scheme >= SCHEME_COUNT || f.n_channels < 1 || f.n_codes % f.n_channels ||
        (f.n_table && f.n_table != 1u << f.w_bits) || (f.n_sums && f.n_sums != f.n_channels) ||
        (f.n_states && f.n_states != f.n_channels))
        return -1;
    w->w_bits = (uint8_t)f.w_bits, w->scheme = (uint8_t)f.scheme, w->n_channels = f.n_channels,
    w->n_codes = f.n_codes, w->sums_scale = f.sums_scale;
    if (!(w->scales = take(r, f.n_channels, sizeof *w->scales)) ||
        !(w->bias = take(r, f.n_channels, sizeof *w->bias)) ||
        !(w->codes = take(r, f.n_codes, sizeof *w->codes)))
        return -1;
    for (uint32_t i = 0; i < f.n_codes; i++)
        if (w->codes[i] >> f.w_bits)
            return -1;
    if (f.n_table && !(w->table = take(r, f.n_table, sizeof *w->table)))
        return -1;
    if (f.n_sums && !(w->sums = take(r, f.n_sums, sizeof *w->sums)))
        return -1;
    return f.n_states && !(w->states = take(r, f.n_states, sizeof *w->states)) ? -1 : 0;
}

static int take_all(struct reader *r, const struct file_header *h, struct quantized *q)
{
    if (h->n_tensors < 1 || h->n_tensors > NET_OPS_MAX + 1 || h->n_layers < 0 ||
        h->n_layers > CANDIDATE_LAYERS_MAX || h->n_slots < 0 || h->n_slots > h->n_layers ||
        h->n_options < 1 || h->n_options > QUANTIZED_OPTIONS_MAX || h->n_variants < 0 ||
        h->n_variants > h->n_options || (h->state_bits != 16 && h->state_bits != 32))
        return -1;
    q->state_bits = h->state_bits;
    q->n_tensors = h->n_tensors, q->n_slots = h->n_slots, q->n_options = h->n_options;
    q->n_layers = h->n_layers, q->n_variants = h->n_variants;
    memcpy(q->key, h->key, sizeof q->key);
    q->weights = calloc((size_t)h->n_layers * (size_t)h->n_variants + 1, sizeof *q->weights);
    if (!q->weights || take_into(r, q->options, sizeof q->options) ||
        take_into(r, q->variants, sizeof q->variants) ||
        !(q->tensors = take(r, (size_t)h->n_tensors, sizeof *q->tensors)) ||
        !(q->sensitivity = take(r, (size_t)h->n_slots * (size_t)h->n_options, sizeof *q->sensitivity)))
        return -1;
    for (int i = 0; i < h->n_layers * h->n_variants; i++)
        if (take_weights(r, &q->weights[i]))
            return -1;
    return r->left == 0 ? 0 : -1;
}

/* 0, 1 (another key; NULL: any), or -1. */
static int read_bytes(const char *data, size_t size, const uint8_t *key, struct quantized *q, struct error *e)
{
    struct file_header h;
    uint8_t digest[SHA256_BYTES];
    struct reader r = {data, size - SHA256_BYTES};
    if (size < sizeof h + SHA256_BYTES || take_into(&r, &h, sizeof h) || h.magic != FILE_MAGIC)
        return error_set(e, "not a file of quantized weights");
    if (h.version != FILE_VERSION)
        return error_set(e, "version %u, not %u", h.version, FILE_VERSION);
    sha256_of(data, size - SHA256_BYTES, digest);
    if (memcmp(digest, data + size - SHA256_BYTES, SHA256_BYTES) != 0)
        return error_set(e, "damaged: its checksum differs");
    if (key && memcmp(h.key, key, SHA256_BYTES) != 0)
        return 1;
    if (take_all(&r, &h, q)) {
        quantized_finish(q);
        return error_set(e, "its parts do not fit together");
    }
    return 0;
}

int quantized_load(const char *path, const uint8_t key[SHA256_BYTES], struct quantized *q, struct error *e)
{
    char *data;
    size_t size;
    memset(q, 0, sizeof *q);
    if (access(path, F_OK) != 0)
        return 1;
    if (file_read(path, QUANTIZED_FILE_MAX, &data, &size, e))
        return -1;
    int result = read_bytes(data, size, key, q, e);
    free(data);
    return result < 0 ? error_wrap(e, "%s", path) : result;
}

static bool fits(const struct quantized *q, const struct net *n)
{
    bool same = q->n_tensors == n->n_tensors && q->n_layers == n->n_layers && q->n_slots == n->n_slots;
    for (int i = 0; same && i < q->n_layers * q->n_variants; i++) {
        const struct net_op *op = &n->ops[n->layers[i / q->n_variants].op];
        const struct quantized_weights *w = &q->weights[i];
        const struct quantized_variant *v = &q->variants[i % q->n_variants];
        same = w->n_codes == net_weight_count(n, op) && w->n_channels == (uint32_t)net_out_channels(n, op) &&
               w->w_bits == v->w_bits && w->scheme == v->scheme && (w->states != NULL) == (op->kind == NET_SCAN);
    }
    return same;
}

int quantized_load_any(const char *path, const struct net *n, struct quantized *q, struct error *e)
{
    int result = quantized_load(path, NULL, q, e);
    if (result == 0 && fits(q, n))
        return 0;
    if (result == 0) {
        quantized_finish(q);
        return error_set(e, "%s: made from another network", path);
    }
    return result < 0 ? -1 : error_set(e, "%s: there is no such file", path);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From packed weights and offsets in the program to the arrays that step.c runs over.
#include "quant/evaluate/step.h"

#include "quant/kernels/pack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

static int span(int outputs, int stride, int kernel, int dilation)
{
    return (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

static void lay_out_plane(struct step *s)
{
    const struct image_op *op = s->op;
    if (op->kind == IMAGE_DENSE) {
        s->plane_h = s->plane_w = 1;
        s->plane_c = s->in->h * s->in->w * s->in->c;
        return;
    }
    s->plane_h = span(s->out->h, op->stride_h, op->kernel_h, op->dilation_h);
    s->plane_w = span(s->out->w, op->stride_w, op->kernel_w, op->dilation_w);
    if (s->plane_w < op->pad_left) // fill_row writes all of the pad
        s->plane_w = op->pad_left;
    s->plane_c = op->kind == IMAGE_DEPTHWISE ? round_up(s->out->c, 8) : s->in->c;
}

/* Where a window's inputs stand: whole kernel rows where they lie side by side, else single taps. */
static int lay_out_window(struct step *s)
{
    const struct image_op *op = s->op;
    int dense = op->kind == IMAGE_DENSE;
    int rows = dense ? 1 : op->kernel_h, taps = dense ? 1 : op->kernel_w, row_step = s->plane_w * s->plane_c;
    int width = dense ? s->plane_c : s->in->c / op->groups;
    bool together = op->kind == IMAGE_CONV && op->groups == 1 && op->dilation_w == 1;
    s->stretches.n = rows * (together ? 1 : taps);
    s->stretches.pairs = ((together ? taps : 1) * width + 1) / 2;
    s->stretches.at = s->at = malloc((size_t)s->stretches.n * sizeof *s->at);
    if (!s->at)
        return -1;
    for (int i = 0; i < s->stretches.n; i++) {
        int row = together ? i : i / taps, tap = together ? 0 : i % taps;
        s->at[i] = row * op->dilation_h * row_step + tap * op->dilation_w * s->plane_c;
    }
    return 0;
}

static int allocate_rounding(struct exact_rounding *r, size_t n)
{
    r->bias = calloc(4 * n, sizeof *r->bias);
    r->multiplier = r->bias + n, r->left = r->multiplier + n, r->right = r->left + n;
    return r->bias ? 0 : -1;
}

static void put_rounding(struct exact_rounding *r, size_t at, int32_t bias, int32_t multiplier, int shift)
{
    r->bias[at] = bias, r->multiplier[at] = multiplier;
    r->left[at] = shift > 0 ? shift : 0, r->right[at] = shift < 0 ? -shift : 0;
}

/* Of output channel `oc` of the program, to place `at`. */
static void take_rounding(struct step *s, const struct program *p, size_t at, int oc)
{
    const struct image_op *op = s->op;
    const int32_t *multiplier = (const int32_t *)(const void *)(p->bytes + op->multiplier_offset);
    const int8_t *shift = (const int8_t *)(p->bytes + op->shift_offset);
    int32_t bias = 0;
    if (op->bias_offset != IMAGE_NONE)
        memcpy(&bias, p->bytes + op->bias_offset + (size_t)oc * 4, 4);
    put_rounding(&s->rounding, at, bias, multiplier[oc], shift[oc]);
}

/* A row of packed weights as numbers. */
static void decode_row(const struct step *s, const struct program *p, const uint8_t *blob, int row, int n,
                       int16_t *to)
{
    const struct image_op *op = s->op;
    const int16_t *table = (const int16_t *)(const void *)(p->bytes + op->table_offset);
    unpack_row((uint16_t *)to, blob + (size_t)row * op->weights_row_bytes, (size_t)n, op->w_bits);
    for (int i = 0; i < n; i++) {
        unsigned code = (uint16_t)to[i];
        to[i] = (int16_t)(op->w_code == IMAGE_CODE_TABLE ? table[code] : pack_weight(code, op->w_bits));
    }
}

/* One output channel's row into its block: stretch after stretch, an odd end filled with zero. */
static void put_row(const struct step *s, const int16_t *row, int length, int16_t *block, int channel)
{
    int stretch = length / s->stretches.n;
    for (int k = 0; k < s->stretches.n; k++)
        for (int i = 0; i < stretch; i++, row++)
            block[(((size_t)k * (size_t)s->stretches.pairs + (size_t)i / 2) * EXACT_CHANNELS +
                   (size_t)channel) *
                      2 +
                  i % 2] = *row;
}

static int init_conv(struct step *s, const struct program *p, const uint8_t *blob)
{
    int dense = s->op->kind == IMAGE_DENSE, groups = dense ? 1 : s->op->groups;
    int all = dense ? s->out->h * s->out->w * s->out->c : s->out->c;
    int length = dense ? s->plane_c : s->op->kernel_h * s->op->kernel_w * (s->in->c / groups);
    s->channels = all / groups, s->blocks = round_up(s->channels, EXACT_CHANNELS) / EXACT_CHANNELS;
    size_t n_blocks = (size_t)groups * (size_t)s->blocks;
    size_t block_weights = (size_t)s->stretches.n * (size_t)s->stretches.pairs * EXACT_CHANNELS * 2;
    int16_t *row = malloc((size_t)length * sizeof *row);
    s->weights = calloc(n_blocks * block_weights, sizeof *s->weights);
    if (!row || !s->weights || allocate_rounding(&s->rounding, n_blocks * EXACT_CHANNELS)) {
        free(row);
        return -1;
    }
    for (int oc = 0; oc < all; oc++) {
        int channel = oc % s->channels;
        size_t block = (size_t)(oc / s->channels) * (size_t)s->blocks + (size_t)(channel / EXACT_CHANNELS);
        decode_row(s, p, blob, oc, length, row);
        put_row(s, row, length, s->weights + block * block_weights, channel % EXACT_CHANNELS);
        take_rounding(s, p, block * EXACT_CHANNELS + (size_t)(channel % EXACT_CHANNELS), oc);
    }
    free(row);
    return 0;
}

static int init_depthwise(struct step *s, const struct program *p, const uint8_t *blob)
{
    int taps = s->op->kernel_h * s->op->kernel_w;
    int16_t *row = malloc((size_t)s->out->c * sizeof *row);
    s->taps = calloc((size_t)taps * (size_t)s->plane_c, sizeof *s->taps);
    if (!row || !s->taps || allocate_rounding(&s->rounding, (size_t)s->plane_c)) {
        free(row);
        return -1;
    }
    for (int tap = 0; tap < taps; tap++) {
        decode_row(s, p, blob, tap, s->out->c, row);
        for (int c = 0; c < s->out->c; c++)
            s->taps[(size_t)tap * (size_t)s->plane_c + (size_t)c] = (uint16_t)row[c];
    }
    for (int c = 0; c < s->out->c; c++)
        take_rounding(s, p, (size_t)c, c);
    free(row);
    return 0;
}

static int init_factors(struct step *s, size_t n)
{
    if (allocate_rounding(&s->rounding, n))
        return -1;
    for (size_t i = 0; i < n; i++)
        put_rounding(&s->rounding, i, 0, s->op->add_multiplier[i], s->op->add_shift[i]);
    return 0;
}

bool step_is_kernel(const struct image_op *op)
{
    return op->kind == IMAGE_RMSNORM || op->kind == IMAGE_SCAN || op->kind == IMAGE_SOFTMAX;
}

/* Of each input's values what they become: there are at most 2^16. */
static int init_channels(struct step *s, const struct program *p)
{
    s->choice = (const uint16_t *)(const void *)(p->bytes + s->op->table_offset);
    for (int i = 0; i < (s->in1 ? 2 : 1); i++) {
        const struct image_tensor *in = i ? s->in1 : s->in;
        int32_t values = 1 << in->bits;
        if (!(s->moved[i] = malloc((size_t)values * sizeof *s->moved[i])))
            return -1;
        for (int32_t k = 0; k < values; k++) {
            int32_t value = kernel_requantize(k - values / 2 - in->zero_point, s->op->add_multiplier[i], s->op->add_shift[i]);
            value = (int32_t)((uint32_t)value + (uint32_t)s->output.zero_point);
            value = value < s->output.least ? s->output.least : value > s->output.most ? s->output.most : value;
            s->moved[i][k] = (int16_t)value;
        }
    }
    return 0;
}

int step_init(struct step *s, const struct program *p, const struct image_op *op, const void *const *blobs,
              const struct exact_loops *loops)
{
    *s = (struct step){.op = op, .in = &p->tensors[op->in0], .out = &p->tensors[op->out], .loops = loops};
    s->output = (struct exact_output){s->out->zero_point, op->act_min, op->act_max};
    if (op->in1 != 0xffff)
        s->in1 = &p->tensors[op->in1];
    if (op->kind == IMAGE_ADD || op->kind == IMAGE_MUL || op->kind == IMAGE_AVGPOOL)
        return init_factors(s, op->kind == IMAGE_ADD ? 3 : 1);
    if (op->kind == IMAGE_CHANNELS)
        return init_channels(s, p);
    if (op->kind == IMAGE_LOOKUP)
        s->table = (const int8_t *)p->bytes + op->table_offset;
    if (op->weights_blob == IMAGE_NONE || step_is_kernel(op))
        return 0;
    lay_out_plane(s);
    if (lay_out_window(s))
        return -1;
    return op->kind == IMAGE_DEPTHWISE ? init_depthwise(s, p, blobs[op->weights_blob])
                                       : init_conv(s, p, blobs[op->weights_blob]);
}

void step_finish(struct step *s)
{
    free(s->at);
    free(s->moved[0]);
    free(s->moved[1]);
    free(s->weights);
    free(s->taps);
    free(s->rounding.bias);
}

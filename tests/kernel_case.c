// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel_case.h"

#include "quant/kernels/pack.h"

#include <string.h>

static uint8_t program_memory[KERNEL_CASE_PROGRAM_BYTES] __attribute__((aligned(16)));
static uint8_t blob_memory[KERNEL_CASE_BLOB_BYTES] __attribute__((aligned(16)));
static uint8_t arena_memory[KERNEL_CASE_ARENA_BYTES] __attribute__((aligned(16)));

static unsigned between(struct rng *r, unsigned low, unsigned high)
{
    return low + rng_below(r, high - low + 1);
}

static unsigned one_of(struct rng *r, const unsigned *values, unsigned n)
{
    return values[rng_below(r, n)];
}

static uint32_t aligned(size_t bytes)
{
    return (uint32_t)((bytes + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN);
}

static int reads_two(const struct kernel_shape *s)
{
    return s->kind == IMAGE_ADD || s->kind == IMAGE_MUL || s->in1_c;
}

static int is_elementwise(enum image_kind kind)
{
    return kind == IMAGE_ADD || kind == IMAGE_MUL || kind == IMAGE_LOOKUP;
}

static unsigned out_side(unsigned in, unsigned pads, unsigned kernel, unsigned dilation, unsigned stride)
{
    unsigned span = (kernel - 1) * dilation + 1;
    return in + pads < span ? 0 : (in + pads - span) / stride + 1;
}

static void random_window(struct kernel_shape *s, struct rng *r)
{
    s->kernel_h = between(r, 1, 4), s->kernel_w = between(r, 1, 4);
    if (rng_below(r, 3) == 0)
        s->kernel_h = s->kernel_w = 1;
    else if (rng_below(r, 2) == 0)
        s->kernel_h = s->kernel_w = 3;
    s->stride_h = between(r, 1, 3), s->stride_w = between(r, 1, 3);
    s->dilation_h = s->dilation_w = 1;
    if (s->kind <= IMAGE_DEPTHWISE && rng_below(r, 4) == 0)
        s->dilation_h = between(r, 1, 2), s->dilation_w = between(r, 1, 3);
    s->pad_top = rng_below(r, (s->kernel_h - 1) * s->dilation_h + 1);
    s->pad_left = rng_below(r, (s->kernel_w - 1) * s->dilation_w + 1);
    s->pad_bottom = rng_below(r, s->kernel_h), s->pad_right = rng_below(r, s->kernel_w);
}

static void random_channels(struct kernel_shape *s, struct rng *r)
{
    switch (s->kind) {
    case IMAGE_CONV:
        s->groups = rng_below(r, 4) ? 1 : between(r, 2, 3);
        s->c = s->groups * between(r, 1, 20 / s->groups);
        s->out_c = s->groups * between(r, 1, 12 / s->groups);
        return;
    case IMAGE_DEPTHWISE:
        s->groups = s->c;
        s->out_c = s->c * (rng_below(r, 3) ? 1 : 2);
        return;
    case IMAGE_DENSE:
        s->out_c = between(r, 1, 20);
        return;
    case IMAGE_CHANNELS:
        s->in1_c = rng_below(r, 2) ? between(r, 1, 20) : 0;
        s->out_c = between(r, 1, 40);
        return;
    default:
        s->out_c = s->c;
        return;
    }
}

struct kernel_shape kernel_shape_random(struct rng *r)
{
    static const unsigned w_widths[] = {2, 4, 8, 2, 4, 8, 2, 4, 8, 1, 3, 5, 6, 7, 16};
    static const unsigned a_widths[] = {8, 4, 8, 4, 2, 8, 4, 3, 5, 6, 7, 16};
    static const unsigned kinds[] = {IMAGE_CONV,    IMAGE_DEPTHWISE, IMAGE_DENSE, IMAGE_ADD,      IMAGE_AVGPOOL, IMAGE_MAXPOOL,
                                     IMAGE_LOOKUP, IMAGE_MUL,       IMAGE_CHANNELS, IMAGE_RESIZE, IMAGE_SOFTMAX};
    struct kernel_shape s = {.groups = 1};
    do {
        s.kind = (enum image_kind)one_of(r, kinds, sizeof kinds / sizeof *kinds);
        s.float32 = rng_below(r, 8) == 0;
        s.w_bits = one_of(r, w_widths, sizeof w_widths / sizeof *w_widths);
        s.w_code = rng_below(r, 4) == 0 && s.w_bits <= 8 ? IMAGE_CODE_TABLE : IMAGE_CODE_UNIFORM;
        int narrow = s.kind == IMAGE_ADD || s.kind == IMAGE_LOOKUP || s.kind == IMAGE_SOFTMAX;
        unsigned a = sizeof a_widths / sizeof *a_widths - (unsigned)narrow; // 16 is the last
        s.in_bits = one_of(r, a_widths, a), s.in1_bits = one_of(r, a_widths, a), s.out_bits = one_of(r, a_widths, a);
        s.h = between(r, 1, 12), s.w = between(r, 1, 12), s.c = between(r, 1, 20), s.groups = 1;
        if (s.kind == IMAGE_DENSE)
            s.h = between(r, 1, 5), s.w = between(r, 1, 5);
        s.in1_c = 0, s.own_scale = s.kind == IMAGE_AVGPOOL && !s.float32 && rng_below(r, 2);
        s.per_channel = s.kind == IMAGE_MUL && rng_below(r, 2);
        random_channels(&s, r);
        random_window(&s, r);
    } while (!out_side(s.h, s.pad_top + s.pad_bottom, s.kernel_h, s.dilation_h, s.stride_h) ||
             !out_side(s.w, s.pad_left + s.pad_right, s.kernel_w, s.dilation_w, s.stride_w));
    return s;
}

static struct image_tensor tensor_of(unsigned h, unsigned w, unsigned c, unsigned bits, struct rng *r)
{
    struct image_tensor t = {.h = (uint16_t)h, .w = (uint16_t)w, .c = (uint16_t)c, .bits = (uint8_t)bits};
    t.bytes = (uint32_t)pack_bytes((size_t)h * w * c, bits);
    t.scale = 1.0f;
    if (bits <= 8)
        t.zero_point = (int32_t)rng_below(r, 1u << bits) - (1 << (bits - 1));
    return t;
}

static void make_tensors(struct kernel_case *c, struct image_tensor *t, struct rng *r)
{
    const struct kernel_shape *s = &c->shape;
    unsigned h = s->h, w = s->w;
    if (s->kind == IMAGE_DENSE) {
        h = w = 1;
    } else if (s->kind == IMAGE_RESIZE) {
        h *= s->stride_h, w *= s->stride_w;
    } else if (!is_elementwise(s->kind) && s->kind != IMAGE_CHANNELS && s->kind != IMAGE_SOFTMAX) {
        h = out_side(s->h, s->pad_top + s->pad_bottom, s->kernel_h, s->dilation_h, s->stride_h);
        w = out_side(s->w, s->pad_left + s->pad_right, s->kernel_w, s->dilation_w, s->stride_w);
    }
    t[0] = tensor_of(s->h, s->w, s->c, s->float32 ? 32 : s->in_bits, r);
    t[1] = tensor_of(s->per_channel ? 1 : s->h, s->per_channel ? 1 : s->w, s->in1_c ? s->in1_c : s->c, s->float32 ? 32 : s->in1_bits ? s->in1_bits : 8, r);
    t[2] = tensor_of(h, w, s->out_c, s->float32 ? 32 : s->out_bits, r);
    t[2].arena_offset = aligned(t[0].bytes);
    if (reads_two(s)) {
        t[1].arena_offset = t[2].arena_offset;
        t[2].arena_offset += aligned(t[1].bytes);
    } else {
        t[1] = t[0];
    }
    c->aliased = is_elementwise(s->kind) && t[0].bits == t[2].bits && rng_below(r, 2);
    if (c->aliased)
        t[2].arena_offset = 0;
}

static void fill_random(uint8_t *bytes, size_t n, struct rng *r)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)rng_u32(r);
}

static void fill_floats(void *to, size_t n, struct rng *r)
{
    float *values = to;
    for (size_t i = 0; i < n; i++)
        values[i] = (float)((int32_t)rng_below(r, 2001) - 1000) / 512.0f;
}

/* Random activations; the bits after the last are zero as the format wants. */
static void fill_tensor(struct kernel_case *c, const struct image_tensor *t, struct rng *r)
{
    uint8_t *at = c->arena + t->arena_offset;
    unsigned used = (unsigned)t->h * t->w * t->c * t->bits % 8;
    if (t->bits == 32) {
        fill_floats(at, t->bytes / 4, r);
        return;
    }
    fill_random(at, t->bytes, r);
    if (used)
        at[t->bytes - 1] &= (uint8_t)((1u << used) - 1);
}

static unsigned weight_rows(const struct kernel_shape *s)
{
    return s->kind == IMAGE_DEPTHWISE ? s->kernel_h * s->kernel_w : s->out_c;
}

static unsigned weight_columns(const struct kernel_shape *s)
{
    if (s->kind == IMAGE_DEPTHWISE)
        return s->out_c;
    return s->kind == IMAGE_DENSE ? s->h * s->w * s->c : s->kernel_h * s->kernel_w * (s->c / s->groups);
}

static uint32_t make_weights(struct kernel_case *c, struct image_op *op, struct rng *r)
{
    const struct kernel_shape *s = &c->shape;
    unsigned rows = weight_rows(s), columns = weight_columns(s);
    op->w_bits = s->float32 ? 32 : (uint8_t)s->w_bits;
    op->w_code = s->float32 ? IMAGE_CODE_UNIFORM : (uint8_t)s->w_code;
    op->weights_blob = 0;
    op->weights_row_bytes = (uint32_t)pack_row_bytes(columns, op->w_bits);
    if (s->weights)
        return rows * op->weights_row_bytes;
    if (s->float32) {
        fill_floats(blob_memory, (size_t)rows * columns, r);
        return rows * op->weights_row_bytes;
    }
    for (unsigned row = 0; row < rows; row++) {
        uint8_t *at = blob_memory + (size_t)row * op->weights_row_bytes;
        uint16_t codes[1024];
        for (unsigned i = 0; i < columns; i++)
            codes[i % 1024] = (uint16_t)rng_below(r, 1u << s->w_bits);
        if (columns <= 1024)
            pack_row(at, codes, columns, s->w_bits);
        else
            fill_random(at, op->weights_row_bytes, r);
    }
    return rows * op->weights_row_bytes;
}

/* A multiplier and shift that bring sums of about `terms` products into an output's range. */
static void random_scale(int32_t *multiplier, int32_t *shift, unsigned magnitude_bits, unsigned out_bits, struct rng *r)
{
    *multiplier = (int32_t)(rng_below(r, 1u << 30) + (1u << 30));
    *shift = (int32_t)out_bits - (int32_t)magnitude_bits + (int32_t)rng_below(r, 3);
    if (*shift < -31)
        *shift = -31;
}

static unsigned log2_of(unsigned value)
{
    unsigned bits = 0;
    for (; value > 1; value >>= 1)
        bits++;
    return bits;
}

static uint32_t make_parameters(struct kernel_case *c, struct image_op *op, uint32_t at, struct rng *r)
{
    const struct kernel_shape *s = &c->shape;
    unsigned n = s->out_c;
    op->bias_offset = rng_below(r, 8) ? at : IMAGE_NONE;
    op->multiplier_offset = at + n * 4;
    op->shift_offset = at + n * 8;
    op->table_offset = aligned(op->shift_offset + n);
    int32_t *bias = (int32_t *)(void *)(c->bytes + at), *multiplier = bias + n;
    if (s->float32) {
        fill_floats(bias, n, r);
        op->multiplier_offset = op->shift_offset = op->table_offset = IMAGE_NONE;
        return aligned(at + n * 4);
    }
    unsigned magnitude = s->in_bits + s->w_bits + log2_of(weight_columns(s)) / 2;
    for (unsigned i = 0; i < n; i++) {
        int32_t shift;
        bias[i] = (int32_t)rng_below(r, 2u << (magnitude < 24 ? magnitude : 24)) - (1 << (magnitude < 24 ? magnitude : 24));
        random_scale(&multiplier[i], &shift, magnitude, s->out_bits, r);
        c->bytes[op->shift_offset + i] = (uint8_t)shift;
    }
    if (s->w_code != IMAGE_CODE_TABLE) {
        op->table_offset = IMAGE_NONE;
        return aligned(op->shift_offset + n);
    }
    int16_t *table = (int16_t *)(void *)(c->bytes + op->table_offset);
    for (unsigned i = 0; i < 1u << s->w_bits; i++)
        table[i] = (int16_t)((int)rng_below(r, 1024) - 512);
    return aligned(op->table_offset + (2u << s->w_bits));
}

static void make_clamp(struct kernel_case *c, struct image_op *op, struct rng *r)
{
    unsigned bits = c->shape.out_bits;
    op->act_min = -(1 << (bits - 1)), op->act_max = (1 << (bits - 1)) - 1;
    if (bits >= 4 && rng_below(r, 2))
        op->act_min += (int32_t)rng_below(r, 1u << (bits - 2)), op->act_max -= (int32_t)rng_below(r, 1u << (bits - 2));
    if (c->shape.float32) {
        float low = rng_below(r, 2) ? 0.0f : -100.0f, high = rng_below(r, 2) ? 6.0f : 1e6f;
        memcpy(&op->act_min, &low, 4);
        memcpy(&op->act_max, &high, 4);
    }
}

static void make_geometry(const struct kernel_shape *s, struct image_op *op)
{
    op->kind = (uint8_t)s->kind;
    op->float32 = (uint8_t)s->float32;
    op->layer = 0xffff;
    op->in0 = 0, op->in1 = reads_two(s) ? 1 : 0xffff, op->out = 2;
    op->kernel_h = (uint16_t)s->kernel_h, op->kernel_w = (uint16_t)s->kernel_w;
    op->stride_h = (uint16_t)s->stride_h, op->stride_w = (uint16_t)s->stride_w;
    op->dilation_h = (uint16_t)s->dilation_h, op->dilation_w = (uint16_t)s->dilation_w;
    op->pad_top = (uint16_t)s->pad_top, op->pad_left = (uint16_t)s->pad_left;
    op->groups = (uint16_t)s->groups;
    op->weights_blob = op->bias_offset = op->multiplier_offset = op->shift_offset = op->table_offset = IMAGE_NONE;
}

static void make_factors(struct kernel_case *c, struct image_op *op, struct rng *r)
{
    const struct kernel_shape *s = &c->shape;
    for (int i = 0; i < 3 && s->kind == IMAGE_ADD; i++)
        random_scale(&op->add_multiplier[i], &op->add_shift[i], i < 2 ? 1 : 20 + s->in_bits, i < 2 ? 0 : s->out_bits, r);
    for (int i = 0; i < 2 && s->kind == IMAGE_CHANNELS; i++)
        random_scale(&op->add_multiplier[i], &op->add_shift[i], i ? s->in1_bits : s->in_bits, s->out_bits, r);
    if (s->own_scale)
        random_scale(&op->add_multiplier[0], &op->add_shift[0], s->in_bits + log2_of(s->kernel_h * s->kernel_w), s->out_bits, r);
    if (s->kind == IMAGE_MUL)
        random_scale(&op->add_multiplier[0], &op->add_shift[0], s->in_bits + s->in1_bits - 1, s->out_bits, r);
}

static uint32_t make_choice(struct kernel_case *c, struct image_op *op, uint32_t at, struct rng *r)
{
    uint16_t *choice = (uint16_t *)(void *)(c->bytes + at);
    op->table_offset = at;
    for (unsigned i = 0; i < c->shape.out_c; i++)
        choice[i] = (uint16_t)rng_below(r, c->shape.c + c->shape.in1_c);
    return aligned(at + c->shape.out_c * sizeof *choice);
}

static uint32_t make_lookup(struct kernel_case *c, struct image_op *op, uint32_t at, struct rng *r)
{
    float numbers[2];
    op->function = (uint16_t)between(r, 1, IMAGE_FUNCTION_COUNT - 1);
    fill_floats(numbers, 2, r);
    if (c->shape.float32) {
        memcpy(op->add_multiplier, numbers, sizeof numbers);
        return at;
    }
    op->table_offset = at;
    for (unsigned i = 0; i < 1u << c->shape.in_bits; i++)
        c->bytes[at + i] = (uint8_t)((int)rng_below(r, 1u << c->shape.out_bits) - (1 << (c->shape.out_bits - 1)));
    return aligned(at + (1u << c->shape.in_bits));
}

/* Exponentials that fall as they like, but the first is some of all. */
static uint32_t make_shares(struct kernel_case *c, struct image_op *op, uint32_t at, struct rng *r)
{
    uint16_t *table = (uint16_t *)(void *)(c->bytes + at);
    if (c->shape.float32)
        return at;
    op->table_offset = at;
    op->add_shift[0] = (int32_t)rng_below(r, 8);
    op->add_multiplier[0] = (int32_t)rng_below(r, 1u << (c->shape.out_bits + (unsigned)op->add_shift[0]));
    for (unsigned i = 0; i < 1u << c->shape.in_bits; i++)
        table[i] = (uint16_t)(rng_below(r, 65536) >> rng_below(r, 17));
    table[0] = (uint16_t)(table[0] ? table[0] : 1);
    return aligned(at + (2u << c->shape.in_bits));
}

enum program_fault kernel_case_make(struct kernel_case *c, struct kernel_shape shape, struct rng *r)
{
    *c = (struct kernel_case){.shape = shape, .bytes = program_memory, .arena = arena_memory};
    c->blob = shape.weights ? shape.weights : blob_memory;
    memset(program_memory, 0, sizeof program_memory);
    struct image_program *h = (struct image_program *)(void *)c->bytes;
    *h = (struct image_program){.magic = IMAGE_PROGRAM_MAGIC, .version = IMAGE_VERSION, .n_tensors = 3, .n_ops = 1,
                                .n_blobs = 1, .output = 2};
    h->tensors_offset = aligned(sizeof *h);
    h->ops_offset = h->tensors_offset + aligned(3 * sizeof(struct image_tensor));
    h->blobs_offset = h->ops_offset + aligned(sizeof(struct image_op));
    h->bytes = h->blobs_offset + aligned(sizeof(struct image_blob));
    struct image_tensor *tensors = (struct image_tensor *)(void *)(c->bytes + h->tensors_offset);
    struct image_op *op = (struct image_op *)(void *)(c->bytes + h->ops_offset);
    struct image_blob *blob = (struct image_blob *)(void *)(c->bytes + h->blobs_offset);
    make_tensors(c, tensors, r);
    make_geometry(&shape, op);
    make_clamp(c, op, r);
    if (shape.kind <= IMAGE_DENSE) {
        if (!shape.weights && weight_rows(&shape) * pack_row_bytes(weight_columns(&shape), shape.float32 ? 32 : shape.w_bits) > KERNEL_CASE_BLOB_BYTES)
            return PROGRAM_BAD_SIZE;
        blob->bytes = make_weights(c, op, r);
        h->bytes = make_parameters(c, op, h->bytes, r);
    }
    make_factors(c, op, r);
    if (shape.kind == IMAGE_LOOKUP)
        h->bytes = make_lookup(c, op, h->bytes, r);
    if (shape.kind == IMAGE_CHANNELS)
        h->bytes = make_choice(c, op, h->bytes, r);
    if (shape.kind == IMAGE_SOFTMAX)
        h->bytes = make_shares(c, op, h->bytes, r);
    op->scratch_offset = tensors[2].arena_offset + aligned(tensors[2].bytes);
    if (c->aliased)
        op->scratch_offset = tensors[1].arena_offset + aligned(tensors[1].bytes);
    op->scratch_bytes = kernel_scratch_bytes(op, tensors);
    h->arena_bytes = op->scratch_offset + op->scratch_bytes;
    if (h->arena_bytes > KERNEL_CASE_ARENA_BYTES || h->bytes > KERNEL_CASE_PROGRAM_BYTES)
        return PROGRAM_BAD_SIZE;
    memset(c->arena, 0xa5, KERNEL_CASE_ARENA_BYTES);
    fill_tensor(c, &tensors[0], r);
    if (reads_two(&shape))
        fill_tensor(c, &tensors[1], r);
    kernel_case_seal(c);
    c->blobs[0] = c->blob;
    enum program_fault fault = program_check(&c->program, c->bytes, h->bytes, NULL);
    c->op = op;
    return fault;
}

void kernel_case_seal(struct kernel_case *c)
{
    struct image_program *h = (struct image_program *)(void *)c->bytes;
    h->crc32 = program_crc32(c->bytes, h->bytes);
}

int32_t kernel_case_element(const struct kernel_case *c, const struct image_tensor *t, uint32_t i)
{
    const uint8_t *at = c->arena + t->arena_offset;
    int32_t value = 0;
    if (t->bits == 32) {
        memcpy(&value, at + i * 4, 4);
        return value;
    }
    for (unsigned b = 0; b < t->bits; b++) // bit by bit: not the way the kernels do it
        value |= (at[(i * t->bits + b) / 8] >> (i * t->bits + b) % 8 & 1) << b;
    return value >= 1 << (t->bits - 1) ? value - (1 << t->bits) : value;
}

int32_t kernel_case_weight(const struct kernel_case *c, unsigned oc, unsigned y, unsigned x, unsigned i)
{
    const struct kernel_shape *s = &c->shape;
    unsigned tap = y * s->kernel_w + x, row = oc, column = tap * (s->c / s->groups) + i;
    if (s->kind == IMAGE_DEPTHWISE)
        row = tap, column = oc;
    const uint8_t *at = c->blob + (size_t)row * c->op->weights_row_bytes;
    if (s->float32) {
        int32_t bits;
        memcpy(&bits, at + column * 4, 4);
        return bits;
    }
    unsigned code = pack_row_code(at, column, s->w_bits);
    if (s->w_code == IMAGE_CODE_TABLE)
        return ((const int16_t *)(const void *)(c->bytes + c->op->table_offset))[code];
    return (int32_t)code - (1 << (s->w_bits - 1));
}

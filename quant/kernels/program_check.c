// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Everything that program_run takes for granted is established here, once, from untrusted bytes. Arithmetic is in 64
// bits where factors come from the program.
#include "quant/kernels/program.h"

#include "quant/kernels/pack.h"


static int in_range(uint64_t offset, uint64_t bytes, uint64_t limit)
{
    return offset <= limit && bytes <= limit - offset;
}

static int overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes && a_bytes && b_bytes;
}

static uint64_t elements_of(const struct image_tensor *t)
{
    return (uint64_t)t->h * t->w * t->c;
}

static int side_fits(uint32_t value)
{
    return value >= 1 && value <= PROGRAM_SIDE_MAX;
}

static int section_fits(const struct image_program *h, uint32_t offset, uint64_t n, uint64_t size, uint64_t max)
{
    return offset % 4 == 0 && offset >= sizeof *h && n <= max && in_range(offset, n * size, h->bytes);
}

static enum program_fault check_header(const struct image_program *h, size_t size)
{
    if ((uintptr_t)h % 4 || size < sizeof *h)
        return PROGRAM_BAD_SIZE;
    if (h->magic != IMAGE_PROGRAM_MAGIC)
        return PROGRAM_BAD_MAGIC;
    if (h->version != IMAGE_VERSION)
        return PROGRAM_BAD_VERSION;
    if (h->bytes < sizeof *h || h->bytes > size || h->bytes > PROGRAM_BYTES_MAX || h->bytes % IMAGE_ALIGN)
        return PROGRAM_BAD_SIZE;
    if (!section_fits(h, h->tensors_offset, h->n_tensors, sizeof(struct image_tensor), PROGRAM_TENSORS_MAX) ||
        !section_fits(h, h->ops_offset, h->n_ops, sizeof(struct image_op), IMAGE_OPS_MAX) ||
        !section_fits(h, h->blobs_offset, h->n_blobs, sizeof(struct image_blob), IMAGE_BLOBS_MAX))
        return PROGRAM_BAD_SECTION;
    if (program_crc32(h, h->bytes) != h->crc32)
        return PROGRAM_BAD_CRC;
    if (h->arena_bytes > PROGRAM_ARENA_MAX)
        return PROGRAM_BAD_SIZE;
    if (h->input >= h->n_tensors || h->output >= h->n_tensors)
        return PROGRAM_BAD_INPUT;
    return PROGRAM_OK;
}

static int value_fits(int32_t value, unsigned bits)
{
    return value >= -(1 << (bits - 1)) && value < 1 << (bits - 1);
}

static enum program_fault check_tensor(const struct image_program *h, const struct image_tensor *t)
{
    if (!side_fits(t->h) || !side_fits(t->w) || !side_fits(t->c))
        return PROGRAM_BAD_TENSOR;
    if (!(t->bits >= 2 && t->bits <= 8) && t->bits != 16 && t->bits != 32)
        return PROGRAM_BAD_TENSOR;
    if (t->bits <= 8 ? !value_fits(t->zero_point, t->bits) : t->zero_point != 0)
        return PROGRAM_BAD_TENSOR;
    if (t->bytes != (elements_of(t) * t->bits + 7) / 8 || t->arena_offset % IMAGE_ALIGN)
        return PROGRAM_BAD_TENSOR;
    return in_range(t->arena_offset, t->bytes, h->arena_bytes) ? PROGRAM_OK : PROGRAM_BAD_TENSOR;
}

static int has_weights(const struct image_op *op)
{
    return op->kind == IMAGE_CONV || op->kind == IMAGE_DEPTHWISE || op->kind == IMAGE_DENSE || op->kind == IMAGE_RMSNORM ||
           op->kind == IMAGE_SCAN;
}

static enum program_fault check_kind(const struct image_op *op)
{
    if (op->kind == IMAGE_KIND_NONE || op->kind >= IMAGE_KIND_COUNT || op->float32 > 1)
        return PROGRAM_BAD_KIND;
    if (!has_weights(op))
        return op->w_bits == 0 && op->weights_blob == IMAGE_NONE ? PROGRAM_OK : PROGRAM_BAD_KIND;
    if (op->float32)
        return op->w_bits == 32 && op->w_code == IMAGE_CODE_UNIFORM ? PROGRAM_OK : PROGRAM_BAD_KIND;
    return op->w_bits >= 1 && op->w_bits <= 16 && op->w_code < IMAGE_CODE_COUNT ? PROGRAM_OK : PROGRAM_BAD_KIND;
}

static int reads_two(const struct image_op *op)
{
    return op->kind == IMAGE_ADD || op->kind == IMAGE_MUL || (op->kind == IMAGE_CHANNELS && op->in1 != 0xffff);
}

/* The tensors that an op reads, as indices: at most 4. Returns how many. */
static uint32_t inputs_of(const struct image_op *op, uint32_t in[4])
{
    in[0] = op->in0, in[1] = op->in1, in[2] = op->in2, in[3] = op->in3;
    return op->kind == IMAGE_SCAN ? 4 : reads_two(op) ? 2 : 1;
}

/* Some kernels have no room for wide tensors: ADD's left shift of 20, the tables of LOOKUP and SOFTMAX. */
static int widths_fit(const struct program *p, const struct image_op *op)
{
    unsigned in = p->tensors[op->in0].bits, out = p->tensors[op->out].bits;
    if (op->float32)
        return 1;
    if (op->kind == IMAGE_ADD)
        return in <= 8 && p->tensors[op->in1].bits <= 8;
    return (op->kind != IMAGE_LOOKUP && op->kind != IMAGE_SOFTMAX) || (in <= 8 && out <= 8);
}

static enum program_fault check_operands(const struct program *p, const struct image_op *op)
{
    uint32_t in[4], n = inputs_of(op, in);
    if (op->out >= p->header->n_tensors || (n == 1 && op->in1 != 0xffff))
        return PROGRAM_BAD_OPERAND;
    if ((p->tensors[op->out].bits == 32) != op->float32)
        return PROGRAM_BAD_OPERAND;
    for (uint32_t i = 0; i < n; i++)
        if (in[i] >= p->header->n_tensors || (p->tensors[in[i]].bits == 32) != op->float32)
            return PROGRAM_BAD_OPERAND;
    return widths_fit(p, op) ? PROGRAM_OK : PROGRAM_BAD_OPERAND;
}

/* Sides of the kernel and how it walks, for all kinds that have one. */
static int window_fits(const struct image_op *op)
{
    return side_fits(op->kernel_h) && side_fits(op->kernel_w) && side_fits(op->stride_h) && side_fits(op->stride_w) &&
           side_fits(op->dilation_h) && side_fits(op->dilation_w) &&
           (uint64_t)(op->kernel_h - 1u) * op->dilation_h < PROGRAM_SIDE_MAX &&
           (uint64_t)(op->kernel_w - 1u) * op->dilation_w < PROGRAM_SIDE_MAX &&
           op->pad_top <= (op->kernel_h - 1u) * op->dilation_h && op->pad_left <= (op->kernel_w - 1u) * op->dilation_w;
}

/* The last window of a side begins inside the plane, so that every window has something in it. */
static int last_window_fits(uint32_t out, uint32_t stride, uint32_t pad, uint32_t in)
{
    return (uint64_t)(out - 1) * stride < (uint64_t)in + pad;
}

static int same_shape(const struct image_tensor *a, const struct image_tensor *b)
{
    return a->h == b->h && a->w == b->w && a->c == b->c;
}

/* Of what goes element by element; the second factor of MUL may have one value for each channel. */
static enum program_fault check_elementwise(const struct program *p, const struct image_op *op)
{
    const struct image_tensor *out = &p->tensors[op->out];
    int fits = same_shape(&p->tensors[op->in0], out);
    if (reads_two(op)) {
        const struct image_tensor *in1 = &p->tensors[op->in1];
        int per_channel = op->kind == IMAGE_MUL && in1->h == 1 && in1->w == 1 && in1->c == out->c;
        fits = fits && (same_shape(in1, out) || per_channel);
    }
    return fits ? PROGRAM_OK : PROGRAM_BAD_SHAPE;
}

static enum program_fault check_scan(const struct program *p, const struct image_op *op)
{
    const struct image_tensor *out = &p->tensors[op->out], *b = &p->tensors[op->in2];
    int fits = same_shape(&p->tensors[op->in0], out) && same_shape(&p->tensors[op->in1], out) && same_shape(b, &p->tensors[op->in3]);
    fits = fits && b->h == out->h && b->w == out->w && b->c <= PROGRAM_STATES_MAX;
    return fits && (op->float32 || op->state_bits == 16 || op->state_bits == 32) ? PROGRAM_OK : PROGRAM_BAD_SHAPE;
}

/* Of planes whose channels are chosen from. */
static enum program_fault check_sides(const struct program *p, const struct image_op *op)
{
    const struct image_tensor *in = &p->tensors[op->in0], *in1 = reads_two(op) ? &p->tensors[op->in1] : in, *out = &p->tensors[op->out];
    int fits = in->h == out->h && in->w == out->w && in1->h == out->h && in1->w == out->w;
    return fits ? PROGRAM_OK : PROGRAM_BAD_SHAPE;
}

static enum program_fault check_shape(const struct program *p, const struct image_op *op)
{
    if (op->kind == IMAGE_SCAN)
        return check_scan(p, op);
    const struct image_tensor *in = &p->tensors[op->in0], *out = &p->tensors[op->out];
    if (op->kind == IMAGE_ADD || op->kind == IMAGE_MUL || op->kind == IMAGE_LOOKUP || op->kind == IMAGE_RMSNORM ||
        op->kind == IMAGE_SOFTMAX)
        return check_elementwise(p, op);
    if (op->kind == IMAGE_CHANNELS)
        return check_sides(p, op);
    if (op->kind == IMAGE_RESIZE) {
        int fits = out->h == (uint32_t)in->h * op->stride_h && out->w == (uint32_t)in->w * op->stride_w && out->c == in->c;
        return fits ? PROGRAM_OK : PROGRAM_BAD_SHAPE;
    }
    if (op->kind == IMAGE_DENSE)
        return elements_of(in) <= PROGRAM_COLUMN_MAX && elements_of(out) <= PROGRAM_COLUMN_MAX ? PROGRAM_OK
                                                                                               : PROGRAM_BAD_SHAPE;
    if (!window_fits(op) || !last_window_fits(out->h, op->stride_h, op->pad_top, in->h) ||
        !last_window_fits(out->w, op->stride_w, op->pad_left, in->w))
        return PROGRAM_BAD_SHAPE;
    uint64_t taps = (uint64_t)op->kernel_h * op->kernel_w;
    if (op->kind == IMAGE_AVGPOOL || op->kind == IMAGE_MAXPOOL) {
        int plain = op->dilation_h == 1 && op->dilation_w == 1 && out->c == in->c && taps <= 0xffff;
        return plain ? PROGRAM_OK : PROGRAM_BAD_SHAPE;
    }
    if (op->groups == 0 || in->c % op->groups || out->c % op->groups)
        return PROGRAM_BAD_SHAPE;
    if (op->kind == IMAGE_DEPTHWISE && op->groups != in->c)
        return PROGRAM_BAD_SHAPE;
    return taps * (in->c / op->groups) <= PROGRAM_COLUMN_MAX ? PROGRAM_OK : PROGRAM_BAD_SHAPE;
}

/* Rows of weights and codes in a row. */
static void weights_shape(const struct program *p, const struct image_op *op, uint64_t *rows, uint64_t *columns)
{
    const struct image_tensor *in = &p->tensors[op->in0], *out = &p->tensors[op->out];
    uint64_t taps = op->kind == IMAGE_RMSNORM ? 1 : (uint64_t)op->kernel_h * op->kernel_w;
    if (op->kind == IMAGE_SCAN) {
        *rows = out->c, *columns = p->tensors[op->in2].c;
        return;
    }
    *rows = op->kind == IMAGE_DENSE ? elements_of(out) : op->kind == IMAGE_CONV ? out->c : taps;
    *columns = op->kind == IMAGE_DENSE  ? elements_of(in)
               : op->kind == IMAGE_CONV ? taps * (in->c / op->groups)
                                        : out->c;
}

static enum program_fault check_weights(const struct program *p, const struct image_op *op)
{
    if (!has_weights(op))
        return PROGRAM_OK;
    if (op->weights_blob >= p->header->n_blobs)
        return PROGRAM_BAD_WEIGHTS;
    uint64_t rows, columns;
    weights_shape(p, op, &rows, &columns);
    uint64_t row_bytes = pack_row_bytes((size_t)columns, op->w_bits);
    int row_fits = op->float32 ? op->weights_row_bytes == row_bytes : op->weights_row_bytes >= row_bytes;
    if (!row_fits || op->weights_row_bytes % 4)
        return PROGRAM_BAD_WEIGHTS;
    uint64_t bytes = (rows - 1) * op->weights_row_bytes + row_bytes;
    return bytes <= p->blobs[op->weights_blob].bytes ? PROGRAM_OK : PROGRAM_BAD_WEIGHTS;
}

static int array_fits(const struct program *p, uint32_t offset, uint64_t n, uint64_t size)
{
    return offset % size == 0 && in_range(offset, n * size, p->header->bytes);
}

static int scale_fits(int32_t multiplier, int32_t shift)
{
    return multiplier >= 0 && shift >= -31 && shift <= 30;
}

static int epsilon_fits(const struct image_op *op)
{
    return op->add_multiplier[0] >= 0 && op->add_multiplier[1] >= 0 && op->add_multiplier[1] < 1 << 30;
}

/* Of a SCAN four times as many; the third ones are D's and may be below 0. */
static int scales_fit(const struct program *p, const struct image_op *op, uint64_t channels)
{
    uint64_t signed_from = op->kind == IMAGE_SCAN ? 2 * channels : 0, signed_to = op->kind == IMAGE_SCAN ? 3 * channels : 0;
    channels *= op->kind == IMAGE_SCAN ? 4 : 1;
    if (!array_fits(p, op->multiplier_offset, channels, sizeof(int32_t)) ||
        !array_fits(p, op->shift_offset, channels, sizeof(int8_t)))
        return 0;
    const int32_t *multiplier = (const int32_t *)(const void *)(p->bytes + op->multiplier_offset);
    const int8_t *shift = (const int8_t *)(p->bytes + op->shift_offset);
    for (uint64_t i = 0; i < channels; i++) {
        int is_signed = i >= signed_from && i < signed_to && multiplier[i] > INT32_MIN;
        if (!scale_fits(is_signed ? 0 : multiplier[i], shift[i]))
            return 0;
    }
    return 1;
}

static int clamp_fits(const struct program *p, const struct image_op *op)
{
    unsigned bits = p->tensors[op->out].bits;
    return value_fits(op->act_min, bits) && value_fits(op->act_max, bits) && op->act_min <= op->act_max;
}

/* How many of add_multiplier an op has. */
static int factors_of(const struct image_op *op)
{
    if (op->kind == IMAGE_CHANNELS)
        return reads_two(op) ? 2 : 1;
    return op->kind == IMAGE_ADD ? 3 : op->kind == IMAGE_MUL || op->kind == IMAGE_AVGPOOL ? 1 : 0;
}

static int choice_fits(const struct program *p, const struct image_op *op)
{
    uint32_t channels = p->tensors[op->in0].c + (reads_two(op) ? p->tensors[op->in1].c : 0u), n = p->tensors[op->out].c;
    if (!array_fits(p, op->table_offset, n, sizeof(uint16_t)))
        return 0;
    const uint16_t *choice = (const uint16_t *)(const void *)(p->bytes + op->table_offset);
    for (uint32_t i = 0; i < n; i++)
        if (choice[i] >= channels)
            return 0;
    return 1;
}

/* No sum is zero, and what a softmax multiplies and sums stays below 2^32. */
static int shares_fit(const struct program *p, const struct image_op *op)
{
    int32_t factor = op->add_multiplier[0], shift = op->add_shift[0];
    if (!array_fits(p, op->table_offset, 1ull << p->tensors[op->in0].bits, sizeof(uint16_t)) || shift < 0 || shift > 15)
        return 0;
    const uint16_t *table = (const uint16_t *)(const void *)(p->bytes + op->table_offset);
    uint64_t most = (uint64_t)UINT16_MAX * p->tensors[op->in0].c << shift;
    return table[0] && factor >= 0 && factor <= INT16_MAX && most <= UINT32_MAX;
}

static enum program_fault check_parameters(const struct program *p, const struct image_op *op)
{
    const struct image_tensor *out = &p->tensors[op->out];
    uint64_t channels = op->kind == IMAGE_DENSE ? elements_of(out) : out->c;
    if (has_weights(op) && op->bias_offset != IMAGE_NONE && !array_fits(p, op->bias_offset, channels, 4))
        return PROGRAM_BAD_PARAMETERS;
    if (op->kind == IMAGE_LOOKUP && (op->function == IMAGE_FUNCTION_NONE || op->function >= IMAGE_FUNCTION_COUNT))
        return PROGRAM_BAD_PARAMETERS;
    if (op->kind == IMAGE_CHANNELS && !choice_fits(p, op))
        return PROGRAM_BAD_PARAMETERS;
    if (op->float32)
        return PROGRAM_OK;
    if (!clamp_fits(p, op))
        return PROGRAM_BAD_PARAMETERS;
    if (op->kind == IMAGE_LOOKUP && !array_fits(p, op->table_offset, 1ull << p->tensors[op->in0].bits, sizeof(int8_t)))
        return PROGRAM_BAD_PARAMETERS;
    if (op->kind == IMAGE_SOFTMAX && !shares_fit(p, op))
        return PROGRAM_BAD_PARAMETERS;
    for (int i = 0; i < factors_of(op); i++)
        if (!scale_fits(op->add_multiplier[i], op->add_shift[i]))
            return PROGRAM_BAD_PARAMETERS;
    if (!has_weights(op))
        return PROGRAM_OK;
    if (!scales_fit(p, op, channels) || (op->kind == IMAGE_RMSNORM && !epsilon_fits(op)))
        return PROGRAM_BAD_PARAMETERS;
    if (op->kind == IMAGE_SCAN && !array_fits(p, op->bias_offset, 257, sizeof(uint16_t)))
        return PROGRAM_BAD_PARAMETERS;
    if (op->w_code == IMAGE_CODE_TABLE && !array_fits(p, op->table_offset, 1ull << op->w_bits, sizeof(int16_t)))
        return PROGRAM_BAD_PARAMETERS;
    return PROGRAM_OK;
}

static int tensors_overlap(const struct image_tensor *a, const struct image_tensor *b)
{
    return overlap(a->arena_offset, a->bytes, b->arena_offset, b->bytes);
}

/* What goes element by element may write over an input that stands at exactly the same bits. */
static int clashes(const struct image_op *op, const struct image_tensor *in, const struct image_tensor *out)
{
    int one_by_one = op->kind == IMAGE_ADD || op->kind == IMAGE_MUL || op->kind == IMAGE_LOOKUP;
    if (one_by_one && in->arena_offset == out->arena_offset && in->bits == out->bits && in->bytes == out->bytes)
        return 0;
    return tensors_overlap(in, out);
}

static enum program_fault check_places(const struct program *p, const struct image_op *op)
{
    const struct image_tensor *out = &p->tensors[op->out];
    uint32_t in[4], n = inputs_of(op, in);
    for (uint32_t i = 0; i < n; i++)
        if (clashes(op, &p->tensors[in[i]], out))
            return PROGRAM_BAD_OVERLAP;
    uint32_t needed = kernel_scratch_bytes(op, p->tensors);
    if (needed > op->scratch_bytes || op->scratch_offset % IMAGE_ALIGN ||
        !in_range(op->scratch_offset, op->scratch_bytes, p->header->arena_bytes))
        return PROGRAM_BAD_SCRATCH;
    if (overlap(op->scratch_offset, op->scratch_bytes, out->arena_offset, out->bytes))
        return PROGRAM_BAD_OVERLAP;
    for (uint32_t i = 0; i < n; i++)
        if (overlap(op->scratch_offset, op->scratch_bytes, p->tensors[in[i]].arena_offset, p->tensors[in[i]].bytes))
            return PROGRAM_BAD_OVERLAP;
    return PROGRAM_OK;
}

static enum program_fault check_op(const struct program *p, const struct image_op *op)
{
    static enum program_fault (*const checks[])(const struct program *, const struct image_op *) = {
        check_operands, check_shape, check_weights, check_parameters, check_places,
    };
    enum program_fault fault = check_kind(op);
    for (size_t i = 0; i < sizeof checks / sizeof *checks && !fault; i++)
        fault = checks[i](p, op);
    return fault;
}

enum program_fault program_check(struct program *out, const void *bytes, size_t size, uint32_t *where)
{
    uint32_t ignored;
    where = where ? where : &ignored;
    *where = 0;
    const struct image_program *h = bytes;
    enum program_fault fault = check_header(h, size);
    if (fault)
        return fault;
    const uint8_t *at = bytes;
    struct program p = {at, h, (const void *)(at + h->tensors_offset), (const void *)(at + h->ops_offset),
                        (const void *)(at + h->blobs_offset)};
    for (uint32_t i = 0; i < h->n_tensors; i++) {
        *where = i;
        if ((fault = check_tensor(h, &p.tensors[i])))
            return fault;
    }
    for (uint32_t i = 0; i < h->n_ops; i++) {
        *where = i;
        if ((fault = check_op(&p, &p.ops[i])))
            return fault;
    }
    *out = p;
    return PROGRAM_OK;
}

const char *program_fault_name(enum program_fault fault)
{
    static const char *const names[PROGRAM_FAULT_COUNT] = {
        [PROGRAM_OK] = "ok",
        [PROGRAM_BAD_SIZE] = "bad size",
        [PROGRAM_BAD_MAGIC] = "not a program",
        [PROGRAM_BAD_VERSION] = "unknown version",
        [PROGRAM_BAD_CRC] = "checksum differs",
        [PROGRAM_BAD_SECTION] = "table outside the program",
        [PROGRAM_BAD_TENSOR] = "bad tensor",
        [PROGRAM_BAD_INPUT] = "no such input or output",
        [PROGRAM_BAD_KIND] = "no kernel for this op",
        [PROGRAM_BAD_OPERAND] = "bad operand",
        [PROGRAM_BAD_SHAPE] = "shapes do not fit",
        [PROGRAM_BAD_WEIGHTS] = "weights do not fit",
        [PROGRAM_BAD_PARAMETERS] = "bad parameters",
        [PROGRAM_BAD_OVERLAP] = "output or scratch overlaps an input",
        [PROGRAM_BAD_SCRATCH] = "bad scratch",
    };
    return fault < PROGRAM_FAULT_COUNT ? names[fault] : "unknown fault";
}

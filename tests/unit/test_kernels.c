// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Every kernel against definitions written down as plainly as possible, over random shapes and widths.
#include "quant/kernels/pack.h"
#include "quant/kernels/program.h"
#include "quant/net/function.h"
#include "tests/kernel_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CASES 4000

/* gemmlowp's definition, with its division. */
static int32_t doubling_high_multiply(int32_t a, int32_t b)
{
    int64_t ab = (int64_t)a * b;
    int64_t nudge = ab >= 0 ? 1 << 30 : 1 - (1 << 30);
    return a == b && a == INT32_MIN ? INT32_MAX : (int32_t)((ab + nudge) / (1ll << 31));
}

static int32_t rounding_divide(int32_t x, int exponent)
{
    int32_t mask = (int32_t)((1ll << exponent) - 1), remainder = x & mask;
    int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

static int32_t reference_requantize(int32_t value, int32_t multiplier, int shift)
{
    int32_t shifted = (int32_t)((uint32_t)value << (shift > 0 ? shift : 0));
    return rounding_divide(doubling_high_multiply(shifted, multiplier), shift < 0 ? -shift : 0);
}

static float as_float(int32_t bits)
{
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

struct place {
    unsigned y, x, c;
};

/* Input element at window position (i, j) of an output, or 0 outside of the plane. */
static int input_at(const struct kernel_case *c, struct place at, unsigned i, unsigned j, unsigned channel, int32_t *value)
{
    const struct kernel_shape *s = &c->shape;
    long y = (long)(at.y * s->stride_h + i * s->dilation_h) - (long)s->pad_top;
    long x = (long)(at.x * s->stride_w + j * s->dilation_w) - (long)s->pad_left;
    if (y < 0 || x < 0 || y >= (long)s->h || x >= (long)s->w)
        return 0;
    *value = kernel_case_element(c, &c->program.tensors[0],
                                 (uint32_t)(((unsigned)y * s->w + (unsigned)x) * s->c + channel));
    return 1;
}

struct sums {
    int64_t integer;
    double real;
};

static struct sums weighted(const struct kernel_case *c, struct place at)
{
    const struct kernel_shape *s = &c->shape;
    struct sums sum = {0, 0};
    unsigned group_in = s->c / s->groups, group = at.c / (s->out_c / s->groups);
    for (unsigned i = 0; i < s->kernel_h; i++)
        for (unsigned j = 0; j < s->kernel_w; j++)
            for (unsigned k = 0; k < group_in; k++) {
                int32_t x, w = kernel_case_weight(c, at.c, i, j, k);
                if (!input_at(c, at, i, j, group * group_in + k, &x))
                    continue;
                if (s->float32)
                    sum.real += (double)as_float(w) * (double)as_float(x);
                else
                    sum.integer += (int64_t)w * (x - c->program.tensors[0].zero_point);
            }
    return sum;
}

static struct sums weighted_dense(const struct kernel_case *c, unsigned oc)
{
    const struct kernel_shape *s = &c->shape;
    struct sums sum = {0, 0};
    for (unsigned i = 0; i < s->h * s->w * s->c; i++) {
        const uint8_t *row = c->blob + (size_t)oc * c->op->weights_row_bytes;
        int32_t x = kernel_case_element(c, &c->program.tensors[0], i);
        if (s->float32) {
            sum.real += (double)((const float *)(const void *)row)[i] * (double)as_float(x);
            continue;
        }
        unsigned code = pack_row_code(row, i, s->w_bits);
        int32_t w = s->w_code == IMAGE_CODE_TABLE
                        ? ((const int16_t *)(const void *)(c->bytes + c->op->table_offset))[code]
                        : (int32_t)code - (1 << (s->w_bits - 1));
        sum.integer += (int64_t)w * (x - c->program.tensors[0].zero_point);
    }
    return sum;
}

static struct sums pooled(const struct kernel_case *c, struct place at)
{
    const struct kernel_shape *s = &c->shape;
    struct sums sum = {0, 0}, most = {INT64_MIN, -INFINITY};
    int n = 0;
    for (unsigned i = 0; i < s->kernel_h; i++)
        for (unsigned j = 0; j < s->kernel_w; j++) {
            int32_t x;
            if (!input_at(c, at, i, j, at.c, &x))
                continue;
            n++;
            sum.integer += x, sum.real += (double)as_float(x);
            most.integer = x > most.integer ? x : most.integer;
            most.real = fmax(most.real, (double)as_float(x));
        }
    if (s->kind == IMAGE_MAXPOOL)
        return most;
    if (s->own_scale) {
        const struct image_tensor *t = c->program.tensors;
        double share = (double)(s->kernel_h * s->kernel_w) / n; // of a whole window
        int32_t whole = (int32_t)lround((double)(sum.integer - n * t[0].zero_point) * share);
        return (struct sums){t[2].zero_point + reference_requantize(whole, c->op->add_multiplier[0], c->op->add_shift[0]), 0};
    }
    return (struct sums){s->float32 ? 0 : (int64_t)lround((double)sum.integer / n), sum.real / n};
}

static struct sums added(const struct kernel_case *c, uint32_t i)
{
    struct sums sum = {0, 0};
    int32_t raw = 0;
    for (int k = 0; k < 2; k++) {
        const struct image_tensor *t = &c->program.tensors[k];
        int32_t x = kernel_case_element(c, t, i);
        sum.real += (double)as_float(x);
        if (!c->shape.float32)
            raw += reference_requantize((x - t->zero_point) * (1 << 20), c->op->add_multiplier[k], c->op->add_shift[k]);
    }
    if (!c->shape.float32)
        sum.integer = reference_requantize(raw, c->op->add_multiplier[2], c->op->add_shift[2]);
    return sum;
}

static struct sums multiplied(const struct kernel_case *c, uint32_t i)
{
    const struct image_tensor *t = c->program.tensors, *out = &t[2];
    int32_t a = kernel_case_element(c, &t[0], i), b = kernel_case_element(c, &t[1], c->shape.per_channel ? i % out->c : i);
    struct sums sum = {0, (double)as_float(a) * (double)as_float(b)};
    if (!c->shape.float32)
        sum.integer = out->zero_point + reference_requantize((a - t[0].zero_point) * (b - t[1].zero_point), c->op->add_multiplier[0],
                                                             c->op->add_shift[0]);
    return sum;
}

/* The table has the clamp in it already. */
static struct sums looked_up(const struct kernel_case *c, uint32_t i)
{
    const struct image_op *op = c->op;
    struct function f = {(enum function_kind)op->function, as_float(op->add_multiplier[0]), as_float(op->add_multiplier[1])};
    int32_t x = kernel_case_element(c, &c->program.tensors[0], i);
    if (c->shape.float32)
        return (struct sums){0, function_value(&f, (double)as_float(x))};
    return (struct sums){(int8_t)c->bytes[op->table_offset + ((uint32_t)x & ((1u << c->shape.in_bits) - 1))], 0};
}

static struct sums chosen(const struct kernel_case *c, uint32_t i)
{
    const struct image_tensor *t = c->program.tensors;
    uint32_t pixel = i / t[2].c, k = ((const uint16_t *)(const void *)(c->bytes + c->op->table_offset))[i % t[2].c];
    int which = k >= t[0].c;
    int32_t x = kernel_case_element(c, &t[which], which ? pixel * t[1].c + k - t[0].c : pixel * t[0].c + k);
    struct sums sum = {0, (double)as_float(x)};
    if (!c->shape.float32)
        sum.integer = t[2].zero_point +
                      reference_requantize(x - t[which].zero_point, c->op->add_multiplier[which], c->op->add_shift[which]);
    return sum;
}

static struct sums enlarged(const struct kernel_case *c, struct place at)
{
    const struct kernel_shape *s = &c->shape;
    uint32_t pixel = at.y / s->stride_h * s->w + at.x / s->stride_w;
    int32_t x = kernel_case_element(c, &c->program.tensors[0], pixel * s->c + at.c);
    return (struct sums){x, (double)as_float(x)};
}

/* A pixel's channels from `first` on, of which i is one. */
static struct sums shared(const struct kernel_case *c, uint32_t i)
{
    const struct image_tensor *in = &c->program.tensors[0];
    const uint16_t *table = (const uint16_t *)(const void *)(c->bytes + c->op->table_offset);
    uint32_t first = i / in->c * in->c;
    int32_t most = INT32_MIN;
    int64_t sum = 0;
    double real = 0;
    for (uint32_t k = first; k < first + in->c; k++) {
        int32_t x = kernel_case_element(c, in, k);
        most = x > most ? x : most;
        real += exp((double)as_float(x));
    }
    int32_t own = kernel_case_element(c, in, i);
    if (c->shape.float32)
        return (struct sums){0, exp((double)as_float(own)) / real};
    for (uint32_t k = first; k < first + in->c; k++)
        sum += table[most - kernel_case_element(c, in, k)];
    sum <<= c->op->add_shift[0];
    return (struct sums){c->program.tensors[2].zero_point + ((int64_t)table[most - own] * c->op->add_multiplier[0] + sum / 2) / sum, 0};
}

static int64_t limited(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* What element i of the output must be. */
static struct sums expected(const struct kernel_case *c, uint32_t i)
{
    const struct image_op *op = c->op;
    const struct image_tensor *out = &c->program.tensors[2];
    struct place at = {i / out->c / out->w, i / out->c % out->w, i % out->c};
    struct sums sum;
    if (op->kind == IMAGE_LOOKUP && !op->float32)
        return looked_up(c, i);
    if (op->kind == IMAGE_ADD)
        sum = added(c, i);
    else if (op->kind == IMAGE_MUL || op->kind == IMAGE_LOOKUP)
        sum = op->kind == IMAGE_MUL ? multiplied(c, i) : looked_up(c, i);
    else if (op->kind == IMAGE_CHANNELS || op->kind == IMAGE_RESIZE)
        sum = op->kind == IMAGE_CHANNELS ? chosen(c, i) : enlarged(c, at);
    else if (op->kind == IMAGE_SOFTMAX)
        sum = shared(c, i);
    else if (op->kind == IMAGE_AVGPOOL || op->kind == IMAGE_MAXPOOL)
        sum = pooled(c, at);
    else
        sum = op->kind == IMAGE_DENSE ? weighted_dense(c, at.c) : weighted(c, at);
    if (op->kind <= IMAGE_DENSE && op->bias_offset != IMAGE_NONE) {
        int32_t bias = ((const int32_t *)(const void *)(c->bytes + op->bias_offset))[at.c];
        sum.integer += bias, sum.real += (double)as_float(bias);
    }
    if (op->kind <= IMAGE_DENSE && !op->float32)
        sum.integer = reference_requantize((int32_t)(uint32_t)sum.integer,
                                           ((const int32_t *)(const void *)(c->bytes + op->multiplier_offset))[at.c],
                                           (int8_t)c->bytes[op->shift_offset + at.c]);
    if (op->kind <= IMAGE_ADD)
        sum.integer += out->zero_point;
    sum.integer = limited(sum.integer, op->act_min, op->act_max);
    sum.real = fmin(fmax(sum.real, (double)as_float(op->act_min)), (double)as_float(op->act_max));
    return sum;
}

/* Runs the case and compares all of its output; the expectation is taken first, for ADD may write over its input. */
static void verify(struct kernel_case *c)
{
    const struct image_tensor *out = &c->program.tensors[2];
    uint32_t n = (uint32_t)out->h * out->w * out->c;
    struct sums *want = malloc(n * sizeof *want);
    ck_assert_ptr_nonnull(want);
    for (uint32_t i = 0; i < n; i++)
        want[i] = expected(c, i);
    program_run(&c->program, c->blobs, c->arena, NULL);
    for (uint32_t i = 0; i < n; i++) {
        int32_t got = kernel_case_element(c, out, i);
        if (c->shape.float32)
            ck_assert_double_eq_tol((double)as_float(got), want[i].real, 1e-4 * (1 + fabs(want[i].real)));
        else
            ck_assert_msg(got == want[i].integer, "kind %d w%u/%u a%u->%u element %u: %d, not %ld", (int)c->shape.kind,
                          c->shape.w_bits, c->shape.w_code, c->shape.in_bits, c->shape.out_bits, i, got,
                          (long)want[i].integer);
    }
    unsigned used = (unsigned)(n * out->bits % 8);
    if (used)
        ck_assert_uint_eq(c->arena[out->arena_offset + out->bytes - 1] >> used, 0);
    uint32_t beyond = 0;
    for (uint32_t i = c->program.header->arena_bytes; i < KERNEL_CASE_ARENA_BYTES; i++)
        beyond += c->arena[i] != 0xa5;
    ck_assert_uint_eq(beyond, 0);
    free(want);
}

START_TEST(kernels_equal_their_definition_for_random_shapes_and_widths)
{
    struct rng r;
    rng_seed(&r, 20, 1);
    unsigned seen[IMAGE_KIND_COUNT] = {0};
    for (int i = 0; i < CASES; i++) {
        struct kernel_case c;
        enum program_fault fault = kernel_case_make(&c, kernel_shape_random(&r), &r);
        ck_assert_msg(fault == PROGRAM_OK, "case %d: %s", i, program_fault_name(fault));
        verify(&c);
        seen[c.shape.kind]++;
    }
    for (int kind = IMAGE_CONV; kind < IMAGE_KIND_COUNT; kind++)
        if (kind != IMAGE_RMSNORM && kind != IMAGE_SCAN) // test_sequence.c
            ck_assert_uint_gt(seen[kind], CASES / 20);
}
END_TEST

START_TEST(every_combination_of_widths_is_exact)
{
    struct rng r;
    rng_seed(&r, 21, 1);
    static const enum image_kind kinds[] = {IMAGE_CONV, IMAGE_DEPTHWISE, IMAGE_DENSE};
    for (unsigned k = 0; k < 3; k++)
        for (unsigned w = 2; w <= 8; w++)
            for (unsigned a = 2; a <= 8; a++)
                for (unsigned o = 2; o <= 8; o++) {
                    struct kernel_shape s = {.kind = kinds[k], .w_bits = w, .in_bits = a, .out_bits = o, .h = 5, .w = 6, .c = 9,
                                             .out_c = k == 1 ? 9 : 7, .kernel_h = 3, .kernel_w = 3, .stride_h = 1,
                                             .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .pad_top = 1, .pad_left = 1,
                                             .pad_bottom = 1, .pad_right = 1, .groups = k == 1 ? 9 : 1};
                    struct kernel_case c;
                    ck_assert_int_eq(kernel_case_make(&c, s, &r), PROGRAM_OK);
                    verify(&c);
                }
}
END_TEST

/* 27 weights of a row are completed to 28: else a painted arena would not show all that the plan has. */
START_TEST(scratch_of_odd_rows_is_written_to_its_end)
{
    struct rng r;
    rng_seed(&r, 26, 1);
    for (unsigned w = 2; w <= 8; w++) {
        struct kernel_shape s = {.kind = IMAGE_CONV, .w_bits = w, .in_bits = 8, .out_bits = 8, .h = 5, .w = 6, .c = 3, .out_c = 6,
                                 .kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1,
                                 .groups = 1};
        struct kernel_case c;
        ck_assert_int_eq(kernel_case_make(&c, s, &r), PROGRAM_OK);
        verify(&c);
        uint32_t end = c.op->scratch_offset + c.op->scratch_bytes;
        ck_assert_msg(c.arena[end - 1] != 0xa5 || c.arena[end - 2] != 0xa5, "weights of %u bits", w);
    }
}
END_TEST

START_TEST(grouped_pointwise_convolutions_of_few_channels_are_exact)
{
    struct rng r;
    rng_seed(&r, 25, 1);
    for (unsigned groups = 1; groups <= 4; groups++)
        for (unsigned width = 1; width <= 8; width++) {
            struct kernel_shape s = {.kind = IMAGE_CONV, .w_bits = 8, .in_bits = 8, .out_bits = 8, .h = 5, .w = 3, .c = groups * width,
                                     .out_c = groups * 3, .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1,
                                     .dilation_h = 1, .dilation_w = 1, .groups = groups};
            struct kernel_case c;
            ck_assert_int_eq(kernel_case_make(&c, s, &r), PROGRAM_OK);
            verify(&c);
        }
}
END_TEST

START_TEST(requantization_rounds_as_tflite_does)
{
    static const struct {
        int32_t value, multiplier;
        int shift;
        int32_t result;
    } known[] = {
        {0, 1 << 30, 0, 0},       {1, 1 << 30, 0, 1},          {-1, 1 << 30, 0, 0},     // halves go up in the first step
        {3, 1 << 30, 0, 2},       {-3, 1 << 30, 0, -1},        {5, 1 << 30, 1, 5},      {10, 1 << 30, -1, 3},
        {-10, 1 << 30, -1, -3},   {6, 1 << 30, -1, 2},         {-6, 1 << 30, -1, -2},   // and away from zero in the second
        {INT32_MAX, INT32_MAX, 0, INT32_MAX - 1},              {INT32_MIN, INT32_MAX, 0, INT32_MIN + 1},
        {INT32_MAX, INT32_MAX, -31, 1}, {INT32_MIN, INT32_MAX, -31, -1}, {1000, 1717986918, -7, 6},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_int_eq(kernel_requantize(known[i].value, known[i].multiplier, known[i].shift), known[i].result);
    struct rng r;
    rng_seed(&r, 22, 1);
    for (int i = 0; i < 1000000; i++) {
        int32_t value = (int32_t)rng_u32(&r) >> rng_below(&r, 32), multiplier = (int32_t)(rng_u32(&r) >> 1);
        int shift = (int)rng_below(&r, 62) - 31;
        ck_assert_int_eq(kernel_requantize(value, multiplier, shift), reference_requantize(value, multiplier, shift));
    }
}
END_TEST

START_TEST(rows_and_runs_come_back_as_they_were_packed)
{
    struct rng r;
    rng_seed(&r, 23, 1);
    for (unsigned bits = 1; bits <= 16; bits++) {
        for (size_t n = 1; n < 70; n += 3) {
            uint16_t codes[70], codes_back[70];
            int16_t values[70], back[70];
            uint8_t row[160] __attribute__((aligned(4))), tensor[160] = {0};
            for (size_t i = 0; i < n; i++) {
                codes[i] = (uint16_t)rng_below(&r, 1u << bits);
                values[i] = (int16_t)((int32_t)rng_below(&r, 1u << bits) - (1 << (bits - 1)));
            }
            pack_row(row, codes, n, bits);
            pack_run(tensor, values, 3, n, bits);
            unpack_run(back, tensor, 3, n, bits, 0);
            unpack_row(codes_back, row, n, bits);
            ck_assert_mem_eq(codes, codes_back, n * sizeof *codes);
            for (size_t i = 0; i < n; i++) {
                ck_assert_uint_eq(pack_row_code(row, i, bits), codes[i]);
                ck_assert_int_eq(back[i], values[i]);
            }
            ck_assert_uint_eq(pack_row_bytes(n, bits) % 4, 0);
        }
    }
    ck_assert_uint_eq(pack_crc32(0, "123456789", 9), 0xcbf43926u);
    ck_assert_uint_eq(pack_crc32(pack_crc32(0, "1234", 4), "56789", 5), 0xcbf43926u);
}
END_TEST

START_TEST(lanes_hold_neighbouring_codes_side_by_side)
{
    const uint16_t codes[] = {1, 2, 3, 4};
    uint8_t row[4];
    pack_row(row, codes, 4, 8);
    ck_assert_mem_eq(row, ((uint8_t[]){1, 3, 2, 4}), 4);
    pack_row(row, codes, 4, 4);
    ck_assert_mem_eq(row, ((uint8_t[]){0x31, 0, 0x42, 0}), 4);
}
END_TEST

/* Flips something in a valid program; the checksum is made right again so that the checks behind it are reached. */
static void mutate(struct kernel_case *c, struct rng *r)
{
    struct image_program *h = (struct image_program *)(void *)c->bytes;
    uint32_t bytes = h->bytes;
    for (unsigned n = 1 + rng_below(r, 3); n--;) {
        uint32_t at = rng_below(r, bytes);
        switch (rng_below(r, 4)) {
        case 0: c->bytes[at] = (uint8_t)rng_u32(r); break;
        case 1: c->bytes[at] ^= (uint8_t)(1u << rng_below(r, 8)); break;
        case 2: c->bytes[at] = 0xff; break;
        default: c->bytes[at] = (uint8_t)(c->bytes[at] + 1 - 2 * (int)rng_below(r, 2)); break;
        }
    }
    if (h->bytes <= bytes && h->bytes >= sizeof *h && h->blobs_offset >= sizeof *h &&
        (uint64_t)h->blobs_offset + 8ull * h->n_blobs <= h->bytes)
        kernel_case_seal(c);
}

START_TEST(mutated_programs_are_rejected_or_stay_within_their_memory)
{
    struct rng r;
    rng_seed(&r, 24, 1);
    unsigned rejected = 0, ran = 0;
    for (int i = 0; i < 10000; i++) {
        struct kernel_case c;
        ck_assert_int_eq(kernel_case_make(&c, kernel_shape_random(&r), &r), PROGRAM_OK);
        uint32_t blob_bytes = c.program.blobs[0].bytes, bytes = c.program.header->bytes;
        uint8_t *copy = aligned_alloc(16, bytes); // exact sizes, so that a sanitizer sees the first byte too many
        mutate(&c, &r);
        memcpy(copy, c.bytes, bytes);
        struct program p;
        enum program_fault fault = program_check(&p, copy, bytes, NULL);
        ck_assert_str_ne(program_fault_name(fault), "unknown fault");
        rejected += fault != PROGRAM_OK;
        if (!fault && p.header->arena_bytes <= 1u << 20 && (p.header->n_blobs == 0 || p.blobs[0].bytes <= blob_bytes)) {
            uint8_t *blob = malloc(blob_bytes ? blob_bytes : 1);
            uint8_t *arena = aligned_alloc(16, (p.header->arena_bytes + 31) / 16 * 16);
            memcpy(blob, c.blob, blob_bytes);
            memset(arena, 1, p.header->arena_bytes);
            const void *blobs[IMAGE_BLOBS_MAX];
            for (int b = 0; b < (int)IMAGE_BLOBS_MAX; b++)
                blobs[b] = blob;
            program_run(&p, blobs, arena, NULL);
            ran++;
            free(arena);
            free(blob);
        }
        free(copy);
    }
    ck_assert_uint_gt(rejected, 1000);
    ck_assert_uint_gt(ran, 1000);
}
END_TEST

START_TEST(truncated_programs_are_rejected)
{
    struct rng r;
    struct kernel_case c;
    rng_seed(&r, 25, 1);
    ck_assert_int_eq(kernel_case_make(&c, kernel_shape_random(&r), &r), PROGRAM_OK);
    struct program p;
    for (uint32_t n = 0; n < c.program.header->bytes; n++)
        ck_assert_int_eq(program_check(&p, c.bytes, n, NULL), PROGRAM_BAD_SIZE);
    c.bytes[c.program.header->bytes - 1] ^= 1;
    ck_assert_int_eq(program_check(&p, c.bytes, c.program.header->bytes, NULL), PROGRAM_BAD_CRC);
    c.bytes[0] ^= 1;
    ck_assert_int_eq(program_check(&p, c.bytes, c.program.header->bytes, NULL), PROGRAM_BAD_MAGIC);
}
END_TEST

START_TEST(blob_addresses_do_not_change_the_checksum)
{
    struct rng r;
    struct kernel_case c;
    rng_seed(&r, 26, 1);
    ck_assert_int_eq(kernel_case_make(&c, kernel_shape_random(&r), &r), PROGRAM_OK);
    struct image_program *h = (struct image_program *)(void *)c.bytes;
    ((struct image_blob *)(void *)(c.bytes + h->blobs_offset))->address = 0x08020000;
    struct program p;
    ck_assert_int_eq(program_check(&p, c.bytes, h->bytes, NULL), PROGRAM_OK);
    ((struct image_blob *)(void *)(c.bytes + h->blobs_offset))->bytes ^= 4;
    ck_assert_int_eq(program_check(&p, c.bytes, h->bytes, NULL), PROGRAM_BAD_CRC);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels");
    TCase *t = suite_case(s, "kernels", NULL, NULL);
    tcase_add_test(t, kernels_equal_their_definition_for_random_shapes_and_widths);
    tcase_add_test(t, every_combination_of_widths_is_exact);
    tcase_add_test(t, requantization_rounds_as_tflite_does);
    tcase_add_test(t, scratch_of_odd_rows_is_written_to_its_end);
    tcase_add_test(t, grouped_pointwise_convolutions_of_few_channels_are_exact);
    tcase_add_test(t, rows_and_runs_come_back_as_they_were_packed);
    tcase_add_test(t, lanes_hold_neighbouring_codes_side_by_side);
    tcase_add_test(t, mutated_programs_are_rejected_or_stay_within_their_memory);
    tcase_add_test(t, truncated_programs_are_rejected);
    tcase_add_test(t, blob_addresses_do_not_change_the_checksum);
    return suite_run_as(s, CK_NOFORK, CK_NORMAL);
}

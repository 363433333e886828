// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// RMSNorm and the selective scan: integers against real numbers with the bounds that docs/kernels.md states, and a Mamba
// classifier from PyTorch (tests/data/make_mamba.py) from the file to the kernels.
// usage: test_sequence SOURCE_ROOT
#include "base/file.h"
#include "quant/evaluate/evaluator.h"
#include "quant/import/import.h"
#include "quant/kernels/kernel.h"
#include "quant/kernels/scan.h"
#include "quant/net/float_run.h"
#include "quant/net/float_scan.h"
#include "quant/net/npy.h"
#include "quant/program/lowered.h"
#include "quant/program/lowering.h"
#include "tests/sequence_case.h"
#include "tests/suite.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096 // elements of a tensor here

static struct error error;
static struct rng rng;
static const char *source_root;

/* ---- one operation, its tensors as integers and as the real numbers that these are ---- */

struct one {
    struct image_tensor t[5]; // u, delta, B, C and y; the first and the last
    struct image_op op;
    uint8_t data[5][2 * MOST], program[8192], scratch[16384], blob[8192];
    float real[5][MOST];
};

static struct one one;

static int between(int low, int high)
{
    return low + (int)rng_below(&rng, (uint32_t)(high - low + 1));
}

static int code_of(const struct image_tensor *t, const uint8_t *data, size_t i)
{
    int16_t code;
    unpack_run(&code, data, i, 1, t->bits, 0);
    return code;
}

static void draw_tensor(int k, int time, int channels, double scale)
{
    static const uint8_t widths[] = {4, 6, 8, 8, 16};
    struct image_tensor *t = &one.t[k];
    *t = (struct image_tensor){.h = (uint16_t)time, .w = 1, .c = (uint16_t)channels, .bits = widths[rng_below(&rng, sizeof widths)]};
    int codes = 1 << t->bits;
    t->zero_point = t->bits == 16 ? 0 : between(-codes / 2, codes / 2 - 1);
    t->scale = (float)(scale / codes * (1 + rng_uniform(&rng)));
    for (size_t i = 0; i < (size_t)time * (size_t)channels; i++) {
        int16_t code = (int16_t)(between(0, codes - 1) - codes / 2);
        pack_run(one.data[k], &code, i, 1, t->bits);
        one.real[k][i] = t->scale * (float)(code - t->zero_point);
    }
}

/* Uniform codes of numbers[rows][columns] that the weights are. */
static void put_weights(const int *numbers, int rows, int columns)
{
    uint16_t codes[MOST];
    one.op.w_bits = 8;
    one.op.weights_row_bytes = (uint32_t)pack_row_bytes((size_t)columns, 8);
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < columns; i++)
            codes[i] = pack_code(numbers[r * columns + i], 8);
        pack_row(one.blob + (size_t)r * one.op.weights_row_bytes, codes, (size_t)columns, 8);
    }
}

static struct kernel kernel_of_one(void)
{
    unsigned bits = one.t[4].bits;
    one.op.act_min = -(1 << (bits - 1)), one.op.act_max = (1 << (bits - 1)) - 1;
    one.op.in0 = 0, one.op.in1 = 1, one.op.in2 = 2, one.op.in3 = 3, one.op.out = 4;
    one.op.multiplier_offset = 1024, one.op.shift_offset = 4096, one.op.bias_offset = 0, one.op.table_offset = IMAGE_NONE;
    ck_assert_uint_le(kernel_scratch_bytes(&one.op, one.t), sizeof one.scratch);
    return (struct kernel){.op = &one.op, .in = &one.t[0], .in1 = &one.t[1], .in2 = &one.t[2], .in3 = &one.t[3], .out = &one.t[4],
                           .in_data = one.data[0], .in1_data = one.data[1], .in2_data = one.data[2], .in3_data = one.data[3],
                           .out_data = one.data[4], .weights = one.blob, .bias = one.program, .scratch = one.scratch,
                           .multiplier = (const int32_t *)(const void *)(one.program + 1024), .shift = (const int8_t *)one.program + 4096};
}

/* The output's code is within `bound` (in codes, rounding included) of a real number, where that does not clip. Returns how far it
 * is of what is allowed, 0..1. */
static double check_output(size_t i, double real, double bound)
{
    const struct image_tensor *t = &one.t[4];
    double wanted = real / (double)t->scale + t->zero_point, got = code_of(t, one.data[4], i);
    wanted = fmin(fmax(wanted, one.op.act_min), one.op.act_max);
    if (!(fabs(got - wanted) <= bound)) // an assertion that holds costs more than a scan
        ck_abort_msg("element %zu: %g instead of %g, more than %g away", i, got, wanted, bound);
    return fabs(got - wanted) / bound;
}

/* ---- RMSNorm ---- */

static void check_pixel(const int *numbers, const float *scales, double epsilon, size_t first)
{
    int channels = one.t[0].c;
    double sum = 0, scale = (double)one.t[0].scale, least = scale * scale / 65536; // epsilon is rounded to a 2^16th of a code squared
    for (int c = 0; c < channels; c++)
        sum += (double)one.real[0][first + (size_t)c] * (double)one.real[0][first + (size_t)c];
    double v = sum + epsilon * channels, root = sqrt(v / channels);
    for (int c = 0; c < channels; c++) {
        double real = sum > 0 ? (double)one.real[0][first + (size_t)c] / root * numbers[c] * (double)scales[c] : 0;
        double relative = ldexp(1, -27) + (sum > 0 ? least / v : 0) + 1e-6; // real[] is float
        check_output(first + (size_t)c, real, 0.5 + fabs(real) / (double)one.t[4].scale * relative + 1e-9);
    }
}

static void random_norm(void)
{
    int time = between(1, 12), channels = between(1, 60), numbers[64];
    float scales[64];
    memset(&one, 0, sizeof one);
    draw_tensor(0, time, channels, pow(10, between(-3, 3)));
    draw_tensor(4, time, channels, 6);
    one.op.kind = IMAGE_RMSNORM;
    for (int c = 0; c < channels; c++)
        numbers[c] = between(-128, 127), scales[c] = (float)(0.01 * (0.1 + rng_uniform(&rng)));
    put_weights(numbers, 1, channels);
    struct kernel k = kernel_of_one();
    struct net_op op = {.epsilon = (float)(1e-5 * rng_uniform(&rng))};
    struct quantized_weights w = {.n_channels = (uint32_t)channels, .scales = scales};
    lowering_epsilon(&op, &one.t[0], &one.op);
    lowering_rmsnorm(one.t, &w, &one.op, one.program);
    kernel_rmsnorm(&k);
    for (int i = 0; i < time; i++)
        check_pixel(numbers, scales, (double)op.epsilon, (size_t)(i * channels));
}

START_TEST(a_norm_of_integers_is_the_real_one_rounded)
{
    for (int i = 0; i < 400; i++)
        random_norm();
}
END_TEST

/* ---- scan ---- */

/* What a scan is made of here. */
struct scan_case {
    int time, channels, states;
    int numbers[512];
    float a[512], scales[32], d[32], most[32], y[MOST], scratch[512];
};

static struct scan_case sc;

static void draw_scan(void)
{
    sc.time = between(1, 60), sc.channels = between(1, 20), sc.states = between(1, 20);
    memset(&one, 0, sizeof one);
    draw_tensor(0, sc.time, sc.channels, 4);
    draw_tensor(1, sc.time, sc.channels, pow(2, between(-3, 3)));
    draw_tensor(2, sc.time, sc.states, 3);
    draw_tensor(3, sc.time, sc.states, 3);
    draw_tensor(4, sc.time, sc.channels, 1);
    for (int d = 0; d < sc.channels; d++) {
        sc.scales[d] = (float)(0.002 + 0.1 * rng_uniform(&rng)), sc.d[d] = (float)rng_normal(&rng), sc.most[d] = 0;
        for (int i = 0; i < sc.states; i++) {
            int at = d * sc.states + i;
            sc.numbers[at] = -between(0, 128);
            sc.a[at] = sc.scales[d] * (float)sc.numbers[at];
        }
    }
    one.op.kind = IMAGE_SCAN;
    one.op.function = rng_below(&rng, 2) ? IMAGE_SOFTPLUS : IMAGE_FUNCTION_NONE;
    one.op.state_bits = rng_below(&rng, 2) ? 16 : 32;
    put_weights(sc.numbers, sc.channels, sc.states);
}

/* The float scan over the same numbers: how large states become, and what range y needs. */
static void calibrate_scan(void)
{
    struct net_tensor tensors[5];
    struct net_op op = {.kind = NET_SCAN, .in = {0, 1, 2, 3}, .out = 4, .weights = sc.a, .bias = sc.d};
    op.function.kind = one.op.function == IMAGE_SOFTPLUS ? FUNCTION_SOFTPLUS : FUNCTION_NONE;
    for (int i = 0; i < 5; i++)
        tensors[i] = (struct net_tensor){one.t[i].h, 1, one.t[i].c};
    struct net n = {.tensors = tensors};
    const float *in[] = {one.real[0], one.real[1], one.real[2], one.real[3]};
    float_scan_run(&n, &op, in, sc.y, 1, sc.most, sc.scratch);
    double most = 1e-3;
    for (int i = 0; i < sc.time * sc.channels; i++)
        most = fmax(most, (double)fabsf(sc.y[i]));
    one.t[4].scale = (float)(most / (1 << (one.t[4].bits - 1)));
    one.t[4].zero_point = 0;
}

/* How far a step in the table is from the real one: half a unit, and where the table is a line between each 256th of 16-bit codes
 * softplus bends by at most 1/4. */
static double step_error(double unit)
{
    double wide = (double)one.t[1].scale * 256;
    return unit / 2 + (one.t[1].bits == 16 ? unit / 2 + wide * wide / 8 * (one.op.function == IMAGE_SOFTPLUS ? 0.25 : 1) : 0) + 1e-6;
}

/* Where max(delta, 0) bends inside a line it is off by at most a quarter of the line; wide * wide / 8 above is of softplus. */
static double bend(void)
{
    double wide = (double)one.t[1].scale * 256;
    return one.t[1].bits == 16 && one.op.function != IMAGE_SOFTPLUS ? wide / 4 : 0;
}

/* Channel d in doubles, its error beside it: what docs/kernels.md says, step by step. Returns the largest share of the bound. */
static double check_channel(int d, double step_unit, double state_unit, double c_unit)
{
    double states[32] = {0}, errors[32] = {0}, off = step_error(step_unit) + bend(), worst = 0;
    double rounding = 66 + (one.op.state_bits == 16 ? 32768 : 0);
    for (int t = 0; t < sc.time; t++) {
        size_t at = (size_t)(t * sc.channels + d);
        double u = (double)one.real[0][at], delta = (double)one.real[1][at], y = (double)sc.d[d] * u, y_error = 0;
        double step = one.op.function == IMAGE_SOFTPLUS ? log1p(exp(delta)) : fmax(delta, 0);
        for (int i = 0; i < sc.states; i++) {
            double a = (double)sc.a[d * sc.states + i], b = (double)one.real[2][t * sc.states + i], decay = exp(step * a);
            errors[i] = errors[i] * fmin(decay + fabs(a) * off, 1) + fabs(states[i]) * (1.9e-7 + fabs(a) * off) + off * fabs(u * b) +
                        rounding * state_unit;
            states[i] = decay * states[i] + step * u * b;
            y += states[i] * (double)one.real[3][t * sc.states + i];
            y_error += errors[i] * fabs((double)one.real[3][t * sc.states + i]);
        }
        y_error += 1.5 * state_unit * c_unit + 1e-6 * fabs(y);
        worst = fmax(worst, check_output(at, y, y_error / (double)one.t[4].scale + 0.5));
    }
    return worst;
}

static double random_scan(void)
{
    draw_scan();
    calibrate_scan();
    struct kernel k = kernel_of_one();
    struct quantized_weights w = {.n_channels = (uint32_t)sc.channels, .scales = sc.scales, .bias = sc.d, .states = sc.most};
    lowering_scan(one.t, &w, &one.op, one.program);
    kernel_scan(&k);
    double c_unit = ldexp((double)one.t[3].scale, scan_sum_right(one.t[3].bits, one.t[3].c)), worst = 0, step_unit = 0;
    int delta_codes = one.t[1].bits == 16 ? 65536 : 1 << one.t[1].bits;
    double largest = (double)one.t[1].scale * (delta_codes / 2 - one.t[1].zero_point);
    step_unit = (one.op.function == IMAGE_SOFTPLUS ? log1p(exp(largest)) : fmax(largest, 0)) / SCAN_STEP_MOST;
    for (int d = 0; d < sc.channels; d++) {
        int at = 3 * sc.channels + d; // the factor from y to the output says what a unit of a state is
        double out = ldexp(k.multiplier[at], k.shift[at] - 31), state_unit = out * (double)one.t[4].scale / c_unit;
        worst = fmax(worst, check_channel(d, step_unit, state_unit, c_unit));
    }
    return worst;
}

START_TEST(a_scan_of_integers_is_within_its_bound_of_the_real_one)
{
    double worst = 0;
    for (int i = 0; i < 400; i++)
        worst = fmax(worst, random_scan());
    ck_assert_double_gt(worst, 0.5); // the bound is not far from what happens
}
END_TEST

/* 16 bits for states cost little where 32 would do, and less than the bound says. */
START_TEST(narrow_states_are_close_to_wide_ones)
{
    double difference = 0, power = 0;
    for (int i = 0; i < 60; i++) {
        int16_t wide[MOST];
        draw_scan();
        calibrate_scan();
        one.t[4].bits = 16, one.t[4].scale = (float)((double)one.t[4].scale * (1 << (one.t[4].bits - 1)) / 32768);
        struct kernel k = kernel_of_one();
        struct quantized_weights w = {.n_channels = (uint32_t)sc.channels, .scales = sc.scales, .bias = sc.d, .states = sc.most};
        size_t n = (size_t)(sc.time * sc.channels);
        for (int bits = 32; bits >= 16; bits -= 16) {
            one.op.state_bits = (uint8_t)bits;
            lowering_scan(one.t, &w, &one.op, one.program);
            kernel_scan(&k);
            for (size_t j = 0; j < n && bits == 16; j++) {
                difference += pow(wide[j] - code_of(&one.t[4], one.data[4], j), 2);
                power += pow(wide[j], 2);
            }
            unpack_run(wide, one.data[4], 0, n, 16, 0);
        }
    }
    ck_assert_double_gt(difference, 0);
    ck_assert_double_gt(10 * log10(power / difference), 60);
}
END_TEST

/* ---- untrusted programs ---- */

START_TEST(mutated_programs_are_rejected_or_stay_within_their_memory)
{
    unsigned rejected = 0, ran = 0;
    for (int i = 0; i < 4000; i++) {
        struct sequence_case c;
        ck_assert_int_eq(sequence_case_make(&c, &rng), PROGRAM_OK);
        struct image_program *h = (struct image_program *)(void *)c.bytes;
        uint32_t bytes = h->bytes, blob_bytes = c.program.blobs[0].bytes, at = rng_below(&rng, bytes);
        uint8_t *copy = aligned_alloc(16, bytes), *blob = malloc(blob_bytes);
        c.bytes[at] = rng_below(&rng, 2) ? (uint8_t)rng_u32(&rng) : (uint8_t)(c.bytes[at] ^ 1u << rng_below(&rng, 8));
        if (h->bytes <= bytes && h->bytes >= sizeof *h && h->blobs_offset >= sizeof *h &&
            (uint64_t)h->blobs_offset + 8ull * h->n_blobs <= h->bytes)
            h->crc32 = program_crc32(c.bytes, h->bytes);
        memcpy(copy, c.bytes, bytes); // exact sizes, so that a sanitizer sees the first byte too many
        memcpy(blob, c.blob, blob_bytes);
        struct program p;
        enum program_fault fault = program_check(&p, copy, bytes, NULL);
        rejected += fault != PROGRAM_OK;
        if (!fault && p.header->arena_bytes <= 1u << 20 && (p.header->n_blobs == 0 || p.blobs[0].bytes <= blob_bytes)) {
            uint8_t *arena = aligned_alloc(16, (p.header->arena_bytes + 31) / 16 * 16);
            const void *blobs[IMAGE_BLOBS_MAX];
            for (int b = 0; b < (int)IMAGE_BLOBS_MAX; b++)
                blobs[b] = blob;
            memset(arena, 0x5a, p.header->arena_bytes);
            program_run(&p, blobs, arena, NULL);
            ran++;
            free(arena);
        }
        free(copy);
        free(blob);
    }
    ck_assert_uint_gt(rejected, 400);
    ck_assert_uint_gt(ran, 400);
}
END_TEST

/* ---- the classifier ---- */

static struct net net;
static struct data samples;
static int32_t *labels;

static const char *path(const char *name)
{
    static char text[512];
    snprintf(text, sizeof text, "%s/tests/data/%s", source_root, name);
    return text;
}

static void open_classifier(void)
{
    struct data_transform t = {.scale = 0.125};
    ck_assert_msg(import_network(path("mamba.onnx"), &net, &error) == 0, "%s", error.text);
    ck_assert_msg(data_open(path("mamba_x.npy"), &net.tensors[net.input], &t, &samples, &error) == 0, "%s", error.text);
    ck_assert_msg(data_labels(path("mamba_labels.npy"), samples.n, 4, &labels, &error) == 0, "%s", error.text);
}

static void close_classifier(void)
{
    free(labels);
    data_close(&samples);
    net_finish(&net);
}

static int of_kind(enum net_kind kind)
{
    int n = 0;
    for (int i = 0; i < net.n_ops; i++)
        n += net.ops[i].kind == kind;
    return n;
}

START_TEST(a_mamba_classifier_is_imported_as_what_it_is)
{
    open_classifier();
    ck_assert_int_eq(of_kind(NET_SCAN), 2);
    ck_assert_int_eq(of_kind(NET_RMSNORM), 3);
    ck_assert_int_eq(of_kind(NET_MUL), 2);
    ck_assert_int_eq(of_kind(NET_LOOKUP), 4); // SiLU of the convolution and of the gate, in two blocks
    ck_assert_int_eq(of_kind(NET_ADD), 2);
    close_classifier();
}
END_TEST

struct outputs {
    char *bytes;
    struct npy array;
    double worst;
};

static void compare_output(void *user, int sample, const float *y)
{
    struct outputs *o = user;
    for (size_t i = 0; i < 4; i++)
        o->worst = fmax(o->worst, fabs((double)y[i] - npy_number(&o->array, o->bytes, (size_t)sample * 4 + i)));
}

START_TEST(the_float_network_gives_what_pytorch_gave)
{
    struct outputs o = {0};
    size_t size;
    open_classifier();
    ck_assert_msg(file_read(path("mamba_y.npy"), 1 << 20, &o.bytes, &size, &error) == 0, "%s", error.text);
    ck_assert_msg(npy_parse(o.bytes, size, &o.array, &error) == 0, "%s", error.text);
    ck_assert_uint_eq(o.array.elements, 4 * (size_t)samples.n);
    ck_assert_int_eq(float_run_data(&net, &samples, 0, samples.n, NULL, compare_output, &o, &error), 0);
    ck_assert_double_lt(o.worst, 2e-5);
    free(o.bytes);
    close_classifier();
}
END_TEST

static const char *const settings[] = {"w8a8", "w4a8", "float32"};

static void lower(const char *setting, int state_bits, struct quantized *q, struct lowered *l)
{
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = 3, .state_bits = state_bits};
    struct candidate c;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(setting_parse(settings[i], &p.options[i], &error), 0);
    ck_assert_msg(quantize_network(&net, &samples, &p, NULL, NULL, q, &error) == 0, "%s", error.text);
    ck_assert_int_eq(candidate_parse(setting, net.n_slots, &c, &error), 0);
    ck_assert_msg(lowered_make(&net, q, &c, NULL, l, &error) == 0, "%s", error.text);
}

/* Some samples through the interpreter, the others through the evaluator; the arena's high-water mark is the plan's number. */
static void compare_with_kernels(const struct lowered *l, struct evaluator *v)
{
    const struct image_tensor *in = program_input(&l->program), *out = program_output(&l->program);
    size_t room = (size_t)(l->ram_bytes + 15) / 16 * 16 + 64;
    uint8_t *arena = aligned_alloc(16, room), outputs[20][64], input[2048];
    float x[72];
    ck_assert_int_eq(evaluator_outputs(v, &samples, 0, 1, outputs[0], &error), 0);
    for (int i = 0; i < 20; i++) {
        memset(arena, 0xa5, room);
        data_sample(&samples, i, x);
        lowered_put_input(&l->program, x, input);
        memcpy(arena + in->arena_offset, input, in->bytes);
        program_run(&l->program, lowered_blobs(l), arena, NULL);
        evaluator_run(v, input, outputs[i]);
        ck_assert_mem_eq(arena + out->arena_offset, outputs[i], out->bytes);
        for (size_t k = (size_t)l->ram_bytes; k < room; k++)
            if (arena[k] != 0xa5)
                ck_abort_msg("byte %zu of the arena was written", k);
    }
    free(arena);
}

START_TEST(integers_answer_as_the_float_network_does)
{
    static const int allowed[] = {8, 26, 0}; // of 256 answers
    open_classifier();
    int correct, total, bits = _i / 3 ? 16 : 32;
    struct quantized q;
    struct lowered l;
    struct score s;
    ck_assert_int_eq(float_run_score(&net, &samples, labels, &correct, &total, &error), 0);
    ck_assert_int_gt(correct, 200);
    lower(settings[_i % 3], bits, &q, &l);
    struct evaluator *v = evaluator_create(&l.program, lowered_blobs(&l), 1, &error);
    ck_assert_int_eq(evaluator_score(v, &samples, labels, 0, -1, &s, &error), 0);
    ck_assert_msg(abs((int)s.correct - correct) <= allowed[_i % 3], "%s, states of %d bits: %d right, float32 %d", settings[_i % 3],
                  bits, (int)s.correct, correct);
    compare_with_kernels(&l, v);
    evaluator_destroy(v);
    lowered_finish(&l);
    quantized_finish(&q);
    close_classifier();
}
END_TEST

static void setup(void)
{
    rng_seed(&rng, 11, 3);
}

int main(int argc, char **argv)
{
    (void)argc;
    source_root = argv[1];
    Suite *s = suite_create("sequence");
    TCase *c = suite_case(s, "sequence", setup, NULL);
    tcase_add_test(c, a_norm_of_integers_is_the_real_one_rounded);
    tcase_add_test(c, a_scan_of_integers_is_within_its_bound_of_the_real_one);
    tcase_add_test(c, narrow_states_are_close_to_wide_ones);
    tcase_add_test(c, mutated_programs_are_rejected_or_stay_within_their_memory);
    tcase_add_test(c, a_mamba_classifier_is_imported_as_what_it_is);
    tcase_add_test(c, the_float_network_gives_what_pytorch_gave);
    tcase_add_loop_test(c, integers_answer_as_the_float_network_does, 0, 6);
    return suite_run(s);
}

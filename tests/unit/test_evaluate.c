// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The evaluator against program_run, bit for bit, over random networks, candidates of all widths, and single
// operations with parameters that no quantizer would choose.
#include "quant/evaluate/evaluator.h"
#include "quant/evaluate/exact.h"
#include "quant/program/lowered.h"
#include "tests/kernel_case.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define NETS 40
#define CANDIDATES 6
#define OPERATIONS 4000

static struct error error;
static struct rng rng;
static struct net_case test_case;
static struct quantized quantized;
static struct lowered lowered;
static struct candidate candidate;

static void begin(uint64_t seed)
{
    net_case_begin(&test_case, &rng, seed, 4, &quantized);
}

static void end(void)
{
    net_case_end(&test_case, &quantized);
}

static void lower(void)
{
    int result = lowered_make(&test_case.net, &quantized, &candidate, NULL, &lowered, &error);
    ck_assert_msg(result == 0, "%s", error.text);
}

static size_t output_bytes(void)
{
    return program_output(&lowered.program)->bytes;
}

/* All samples through program_run. */
static uint8_t *outputs_of_kernels(void)
{
    const struct program *p = &lowered.program;
    const struct image_tensor *in = program_input(p), *out = program_output(p);
    uint8_t *outputs = malloc((size_t)test_case.data.n * out->bytes + 1);
    uint8_t *arena = aligned_alloc(16, (size_t)(lowered.ram_bytes + 15) / 16 * 16);
    float *x = malloc(test_case.data.elements * sizeof *x);
    for (int i = 0; i < test_case.data.n; i++) {
        data_sample(&test_case.data, i, x);
        lowered_put_input(p, x, arena + in->arena_offset);
        program_run(p, lowered_blobs(&lowered), arena, NULL);
        memcpy(outputs + (size_t)i * out->bytes, arena + out->arena_offset, out->bytes);
    }
    free(arena);
    free(x);
    return outputs;
}

static uint8_t *outputs_of_evaluator(const struct exact_loops *loops, int threads)
{
    struct evaluator *v =
        evaluator_create_with(&lowered.program, lowered_blobs(&lowered), threads, loops, &error);
    uint8_t *outputs = malloc((size_t)test_case.data.n * output_bytes() + 1);
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(evaluator_outputs(v, &test_case.data, 0, test_case.data.n, outputs, &error), 0);
    evaluator_destroy(v);
    return outputs;
}

static void compare(const struct exact_loops *loops, int threads, const uint8_t *wanted)
{
    uint8_t *got = outputs_of_evaluator(loops, threads);
    ck_assert_int_eq(memcmp(got, wanted, (size_t)test_case.data.n * output_bytes()), 0);
    free(got);
}

START_TEST(networks_give_the_kernels_outputs)
{
    begin((uint64_t)_i);
    for (int k = 0; k < CANDIDATES; k++) {
        net_case_candidate(&test_case, &rng, &candidate);
        if (k == 0)
            candidate_fill(&candidate, candidate.n, (struct setting){32, 32, SCHEME_FLOAT32});
        lower();
        uint8_t *wanted = outputs_of_kernels();
        compare(exact_loops_best(), 1 + k % 3, wanted);
        compare(exact_loops_portable(), 1, wanted);
        free(wanted);
        lowered_finish(&lowered);
    }
    end();
}
END_TEST

/* Random codes, zero points, biases, multipliers and clamps; sums that wrap; table codes. */
static void compare_operation(const struct kernel_case *c, const struct exact_loops *loops)
{
    static uint8_t got[KERNEL_CASE_ARENA_BYTES], input[KERNEL_CASE_ARENA_BYTES];
    const struct program *p = &c->program;
    const struct image_tensor *in = program_input(p), *out = program_output(p);
    struct evaluator *v = evaluator_create_with(p, c->blobs, 1, loops, &error);
    ck_assert_ptr_nonnull(v);
    memcpy(input, c->arena + in->arena_offset, in->bytes);
    evaluator_run(v, input, got);
    program_run(p, c->blobs, c->arena, NULL);
    ck_assert_int_eq(memcmp(got, c->arena + out->arena_offset, out->bytes), 0);
    memcpy(c->arena + in->arena_offset, input, in->bytes);
    evaluator_destroy(v);
}

START_TEST(operations_give_the_kernels_outputs)
{
    int done = 0;
    rng_seed(&rng, (uint64_t)_i, 5);
    while (done < OPERATIONS / 4) {
        struct kernel_case c;
        struct kernel_shape shape = kernel_shape_random(&rng);
        if (shape.kind == IMAGE_ADD || shape.kind == IMAGE_MUL || shape.in1_c || kernel_case_make(&c, shape, &rng) != PROGRAM_OK)
            continue; // a program has one input: what reads two is compared within networks
        compare_operation(&c, exact_loops_best());
        compare_operation(&c, exact_loops_portable());
        done++;
    }
}
END_TEST

/* Sums of one pixel without inputs are the biases: all that is left is the rounding, here where halves meet.
 */
static void compare_roundings(const struct exact_loops *loops)
{
    static const int32_t multipliers[] = {0, 1, 1 << 30, 3 << 29, 5 << 28, INT32_MAX, (1 << 30) + 1};
    const int16_t zero[2] = {0}, *const pixels[EXACT_PIXELS] = {zero, zero, zero, zero, zero, zero};
    const struct exact_stretches none = {NULL, 0, 0};
    const struct exact_output all = {3, INT16_MIN, INT16_MAX};
    int32_t bias[EXACT_CHANNELS], multiplier[EXACT_CHANNELS], left[EXACT_CHANNELS], right[EXACT_CHANNELS];
    const struct exact_rounding r = {bias, multiplier, left, right};
    int16_t got[EXACT_CHANNELS], one[8];
    for (int i = 0; i < EXACT_CHANNELS; i++) {
        int shift = (int)rng_below(&rng, 62) - 31;
        bias[i] = (int32_t)rng_u32(&rng) >> rng_below(&rng, 32);
        multiplier[i] = multipliers[rng_below(&rng, sizeof multipliers / sizeof *multipliers)];
        left[i] = shift > 0 ? shift : 0, right[i] = shift < 0 ? -shift : 0;
    }
    loops->product(pixels, &none, NULL, &r, &all, 1, EXACT_CHANNELS, got, EXACT_CHANNELS);
    loops->depthwise(zero, NULL, 0, NULL, 8, &r, &all, one);
    for (int i = 0; i < EXACT_CHANNELS; i++) {
        int64_t wanted = kernel_requantize(bias[i], multiplier[i], left[i] - right[i]);
        wanted = (int32_t)((uint32_t)wanted + 3u);
        wanted = wanted < INT16_MIN ? INT16_MIN : wanted > INT16_MAX ? INT16_MAX : wanted;
        ck_assert_int_eq(got[i], wanted);
        if (i < 8)
            ck_assert_int_eq(one[i], wanted);
    }
}

START_TEST(roundings_are_the_kernels_where_halves_meet)
{
    rng_seed(&rng, 1, 6);
    for (int i = 0; i < 20000; i++) {
        compare_roundings(exact_loops_best());
        compare_roundings(exact_loops_portable());
    }
}
END_TEST

START_TEST(scores_count_labelled_samples_in_parts)
{
    int32_t labels[NET_CASE_SAMPLES];
    begin(3);
    candidate_fill(&candidate, test_case.net.n_slots, (struct setting){4, 8, SCHEME_UNIFORM});
    lower();
    uint8_t *outputs = outputs_of_kernels();
    int labelled = 0, right = 0;
    for (int i = 0; i < NET_CASE_SAMPLES; i++) {
        int answer = lowered_answer(&lowered.program, outputs + (size_t)i * output_bytes());
        labels[i] = i % 5 == 0 ? -1 : i % 3 ? answer : answer + 1;
        labelled += i % 5 != 0, right += i % 5 != 0 && i % 3 != 0;
    }
    struct evaluator *v = evaluator_create(&lowered.program, lowered_blobs(&lowered), 2, &error);
    struct score all, part, rest;
    ck_assert_int_eq(evaluator_score(v, &test_case.data, labels, 0, -1, &all, &error), 0);
    ck_assert_int_eq(evaluator_score(v, &test_case.data, labels, 0, 7, &part, &error), 0);
    ck_assert_int_eq(evaluator_score(v, &test_case.data, labels, 7, -1, &rest, &error), 0);
    ck_assert_int_eq(all.total, labelled);
    ck_assert_int_eq(all.correct, right);
    ck_assert_int_eq(part.total, 7);
    ck_assert_int_eq(part.total + rest.total, all.total);
    ck_assert_int_eq(part.correct + rest.correct, all.correct);
    struct score whole = {0};
    for (int offset = 0; offset < 3; offset++) { // every third one, three times: all, each once
        ck_assert_int_eq(evaluator_score_range(v, &test_case.data, labels, &(struct score_range){2, -1, 3, offset}, &part, &error), 0);
        whole.correct += part.correct;
        whole.total += part.total;
    }
    ck_assert_int_eq(evaluator_score(v, &test_case.data, labels, 2, -1, &rest, &error), 0);
    ck_assert_int_eq(whole.correct, rest.correct);
    ck_assert_int_eq(whole.total, rest.total);
    ck_assert_int_eq(evaluator_score_range(v, &test_case.data, labels, &(struct score_range){0, 7, 4, 1}, &part, &error), 0);
    ck_assert_int_eq(part.total, 2); // numbers 1 and 5 of seven
    ck_assert_int_ne(memcmp(part.outputs_sha256, all.outputs_sha256, SHA256_BYTES), 0);
    evaluator_destroy(v);
    free(outputs);
    lowered_finish(&lowered);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("evaluate");
    TCase *t = suite_case(s, "evaluate", NULL, NULL);
    tcase_add_loop_test(t, networks_give_the_kernels_outputs, 0, NETS);
    tcase_add_loop_test(t, operations_give_the_kernels_outputs, 0, 4);
    tcase_add_test(t, roundings_are_the_kernels_where_halves_meet);
    tcase_add_test(t, scores_count_labelled_samples_in_parts);
    return suite_run(s);
}

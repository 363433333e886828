// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Lowered programs over random networks and candidates: accepted by program_check, planned exactly, close to
// the float network.
#include "base/file.h"
#include "quant/kernels/pack.h"
#include "quant/net/float_run.h"
#include "quant/program/footprint.h"
#include "quant/program/image_write.h"
#include "quant/program/lowered.h"
#include "quant/program/plan.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES 25
#define OUTPUT_MAX (1 << 17)
#define CANDIDATES 5 // of each network

static struct error error;
static struct rng rng;
static struct net_case test_case;
static struct quantized quantized;
static struct lowered lowered;
static struct candidate candidate;

static void begin(uint64_t seed)
{
    net_case_begin(&test_case, &rng, seed, 3, &quantized);
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

/* One sample through the program; `arena` has the arena's bytes and 64 more. The output goes to `output`. */
static void run(int sample, uint8_t *arena, uint8_t *output)
{
    const struct program *p = &lowered.program;
    float *x = malloc(test_case.data.elements * sizeof *x);
    data_sample(&test_case.data, sample, x);
    lowered_put_input(p, x, arena + program_input(p)->arena_offset);
    program_run(p, lowered_blobs(&lowered), arena, NULL);
    memcpy(output, arena + program_output(p)->arena_offset, program_output(p)->bytes);
    free(x);
}

static uint8_t *painted(uint8_t paint)
{
    size_t bytes = (size_t)(lowered.ram_bytes + 127) / 64 * 64;
    uint8_t *arena = aligned_alloc(64, bytes);
    ck_assert_ptr_nonnull(arena);
    memset(arena, paint, bytes);
    return arena;
}

static int64_t high_water(const uint8_t *arena, uint8_t paint)
{
    int64_t n = lowered.ram_bytes + 1;
    while (n > 0 && arena[n - 1] == paint)
        n--;
    return n;
}

START_TEST(high_water_of_a_painted_arena_is_the_plan)
{
    begin((uint64_t)_i);
    for (int k = 0; k < CANDIDATES; k++) {
        net_case_candidate(&test_case, &rng, &candidate);
        lower();
        int64_t seen = 0;
        for (int paint = 0; paint < 2;
             paint++) { // what is written may by chance look like one paint, not like both
            uint8_t *arena = painted(paint ? 0xa5 : 0x5a), output[OUTPUT_MAX];
            ck_assert_uint_le(program_output(&lowered.program)->bytes, sizeof output);
            run(0, arena, output);
            int64_t n = high_water(arena, paint ? 0xa5 : 0x5a);
            seen = n > seen ? n : seen;
            free(arena);
        }
        ck_assert_int_eq(seen, lowered.ram_bytes);
        ck_assert_int_eq(lowered.ram_bytes, lowered.program.header->arena_bytes);
        lowered_finish(&lowered);
    }
    end();
}
END_TEST

START_TEST(flash_is_the_sum_over_slots_and_equals_the_bytes)
{
    begin((uint64_t)_i);
    for (int k = 0; k <= CANDIDATES; k++) {
        net_case_candidate(&test_case, &rng, &candidate);
        if (k == CANDIDATES)
            candidate_fill(&candidate, candidate.n, (struct setting){32, 32, SCHEME_FLOAT32});
        lower();
        int64_t planned = footprint_fixed(&test_case.net), bytes = lowered.program.header->bytes;
        for (int i = 0; i < candidate.n; i++)
            planned += footprint_slot(&test_case.net, i, candidate.layers[i]);
        for (uint32_t i = 0; i < lowered.program.header->n_blobs; i++)
            bytes += lowered.program.blobs[i].bytes;
        ck_assert_int_eq(planned, bytes);
        ck_assert_int_eq(lowered.flash_bytes, bytes);
        ck_assert_int_eq(lowered.flash_bytes,
                         lowered.weights_bytes + lowered.parameters_bytes + lowered.program_bytes);
        lowered_finish(&lowered);
    }
    end();
}
END_TEST

START_TEST(settings_are_allowed_where_they_can_be_lowered)
{
    struct setting wide = {8, 16, SCHEME_UNIFORM}, narrow = {5, 8, SCHEME_LOG};
    begin((uint64_t)_i);
    for (int slot = 0; slot < test_case.net.n_slots; slot++) {
        candidate_fill(&candidate, test_case.net.n_slots, narrow);
        ck_assert(footprint_allows(&test_case.net, slot, narrow));
        candidate.layers[slot] = wide;
        bool allowed = footprint_allows(&test_case.net, slot, wide);
        ck_assert_int_eq(lowered_make(&test_case.net, &quantized, &candidate, NULL, &lowered, &error) == 0, allowed);
        lowered_finish(&lowered);
    }
    end();
}
END_TEST

START_TEST(steps_never_exceed_the_plan)
{
    static struct footprint_step steps[NET_OPS_MAX];
    struct quantize_params p = net_case_params();
    begin((uint64_t)_i);
    footprint_steps(&test_case.net, p.options, p.n_options, steps);
    for (int k = 0; k < 4 * CANDIDATES; k++) {
        net_case_candidate(&test_case, &rng, &candidate);
        lower();
        for (int i = 0; i < test_case.net.n_ops; i++) {
            int64_t sum = steps[i].fixed_bytes;
            for (int s = 0; s < steps[i].n; s++)
                sum += (steps[i].slot_bytes[s] * candidate.layers[steps[i].slot[s]].a_bits + 7) / 8;
            ck_assert_int_le(sum, lowered.ram_bytes);
        }
        lowered_finish(&lowered);
    }
    end();
}
END_TEST

/* Power of the float outputs over the power of the difference, in decibels. */
static double signal_to_noise(void)
{
    struct float_run f;
    uint8_t *arena = painted(0), output[OUTPUT_MAX];
    size_t n = net_elements(&test_case.net.tensors[test_case.net.output]);
    float *got = malloc(n * sizeof *got);
    double signal = 1e-20, noise = 1e-20;
    ck_assert_int_eq(float_run_init(&f, &test_case.net, 1, &error), 0);
    for (int i = 0; i < test_case.data.n; i++) {
        data_sample(&test_case.data, i, float_run_input(&f));
        const float *wanted = float_run_go(&f, 1, NULL, NULL);
        run(i, arena, output);
        lowered_take_output(&lowered.program, output, got);
        for (size_t k = 0; k < n; k++) {
            signal += (double)wanted[k] * (double)wanted[k];
            noise += (double)(wanted[k] - got[k]) * (double)(wanted[k] - got[k]);
        }
    }
    float_run_finish(&f);
    free(arena);
    free(got);
    return 10 * log10(signal / noise);
}

static double signal_to_noise_of(const char *setting)
{
    ck_assert_int_eq(candidate_parse(setting, test_case.net.n_slots, &candidate, &error), 0);
    lower();
    double decibels = signal_to_noise();
    lowered_finish(&lowered);
    return decibels;
}

/* Eight bits leave about 1/256 of the range as error; a chain of up to twenty operations keeps 15 dB. A mistake in a
 * zero point, a multiplier, a pad or the order of weights leaves less than 10. */
START_TEST(programs_compute_what_the_float_network_does)
{
    begin((uint64_t)_i);
    double exact = signal_to_noise_of("float32"), eight = signal_to_noise_of("w8a8"),
           two = signal_to_noise_of("w2a8");
    ck_assert_msg(exact > 90, "float32: %.1f dB", exact);
    ck_assert_msg(eight > 15, "w8a8: %.1f dB", eight);
    ck_assert_msg(eight > two, "w8a8: %.1f dB, w2a8: %.1f dB", eight, two);
    end();
}
END_TEST

START_TEST(what_does_not_fit_says_how_many_bytes_are_missing)
{
    begin(5);
    candidate_fill(&candidate, test_case.net.n_slots, (struct setting){8, 8, SCHEME_UNIFORM});
    lower();
    struct lowered_budget exact = {lowered.ram_bytes, lowered.flash_bytes};
    struct lowered_budget tight = {lowered.ram_bytes - 17, lowered.flash_bytes - 4};
    char wanted[256];
    snprintf(wanted, sizeof wanted,
             "needs %jd bytes of RAM, 17 more than there are, and %jd bytes of flash, 4 more than there are",
             (intmax_t)lowered.ram_bytes, (intmax_t)lowered.flash_bytes);
    lowered_finish(&lowered);
    ck_assert_int_eq(lowered_make(&test_case.net, &quantized, &candidate, &exact, &lowered, &error), 0);
    lowered_finish(&lowered);
    ck_assert_int_eq(lowered_make(&test_case.net, &quantized, &candidate, &tight, &lowered, &error),
                     LOWERED_TOO_LARGE);
    ck_assert_str_eq(error.text, wanted);
    ck_assert_ptr_null(lowered.bytes);
    end();
}
END_TEST

START_TEST(candidates_that_make_no_sense_are_refused)
{
    begin(9);
    ck_assert_int_ge(test_case.net.n_slots, 2);
    candidate_fill(&candidate, test_case.net.n_slots - 1, (struct setting){8, 8, SCHEME_UNIFORM});
    ck_assert_int_eq(lowered_make(&test_case.net, &quantized, &candidate, NULL, &lowered, &error), -1);
    candidate_fill(&candidate, test_case.net.n_slots, (struct setting){8, 8, SCHEME_UNIFORM});
    candidate.layers[0] = (struct setting){32, 32, SCHEME_FLOAT32};
    ck_assert_int_eq(lowered_make(&test_case.net, &quantized, &candidate, NULL, &lowered, &error), -1);
    candidate.layers[0] = (struct setting){9, 8, SCHEME_UNIFORM};
    ck_assert_int_eq(lowered_make(&test_case.net, &quantized, &candidate, NULL, &lowered, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "w9a8"));
    end();
}
END_TEST

START_TEST(an_image_carries_blobs_by_name_and_what_the_kernels_compute)
{
    char path[96], *data;
    size_t size;
    struct image_written written;
    begin((uint64_t)_i);
    net_case_candidate(&test_case, &rng, &candidate);
    lower();
    snprintf(path, sizeof path, "%s/a.pimg", test_case.folder);
    ck_assert_msg(image_write(path, &lowered, &test_case.data, 2, 3, &written, &error) == 0, "%s",
                  error.text);
    ck_assert_int_eq(file_read(path, 1 << 24, &data, &size, &error), 0);
    const struct image_file *h = (const void *)data;
    const struct image_file_blob *blobs = (const void *)(data + sizeof *h);
    uint8_t digest[SHA256_BYTES], output[OUTPUT_MAX], *arena = painted(0);
    ck_assert_uint_eq(h->bytes, size);
    ck_assert_uint_eq(h->n_samples, 3);
    ck_assert_mem_eq(data + h->program_offset, lowered.bytes, h->program_bytes);
    for (uint32_t i = 0; i < h->n_blobs; i++) {
        sha256_of(data + blobs[i].offset, blobs[i].bytes, digest);
        ck_assert_mem_eq(digest, blobs[i].sha256, SHA256_BYTES);
        ck_assert_mem_eq(data + blobs[i].offset, lowered.blobs[i], blobs[i].bytes);
    }
    for (uint32_t i = 0; i < h->n_samples; i++) {
        run(2 + (int)i, arena, output);
        ck_assert_mem_eq(data + h->expected_offset + i * h->output_bytes, output,
                         program_output(&lowered.program)->bytes);
    }
    sha256_of(data, size, digest);
    ck_assert_mem_eq(digest, written.sha256, SHA256_BYTES);
    free(arena);
    free(data);
    lowered_finish(&lowered);
    end();
}
END_TEST

static bool collide(const struct plan_buffer *a, const struct plan_buffer *b)
{
    return a->first <= b->last && b->first <= a->last && a->offset < b->offset + b->bytes &&
           b->offset < a->offset + a->bytes;
}

START_TEST(planned_buffers_never_collide_and_chains_are_planned_without_loss)
{
    struct plan_buffer b[24];
    rng_seed(&rng, (uint64_t)_i, 9);
    bool chain = _i % 2; // each buffer meets only the one before
    int n = 2 + (int)rng_below(&rng, 22);
    for (int i = 0; i < n; i++) {
        b[i] = (struct plan_buffer){chain ? i : (int)rng_below(&rng, 20), 0, 1 + rng_below(&rng, 5000), 0};
        b[i].last = b[i].first + (chain ? 1 : (int)rng_below(&rng, 6));
    }
    int64_t peak = plan_arena(b, n), bound = plan_lower_bound(b, n);
    ck_assert_int_ge(peak, bound);
    if (chain)
        ck_assert_int_le(peak, bound + IMAGE_ALIGN);
    for (int i = 0; i < n; i++) {
        ck_assert_uint_eq(b[i].offset % IMAGE_ALIGN, 0);
        ck_assert_int_le(b[i].offset + b[i].bytes, peak);
        for (int k = 0; k < i; k++)
            ck_assert(!collide(&b[i], &b[k]));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("program");
    TCase *t = suite_case(s, "program", NULL, NULL);
    tcase_add_loop_test(t, high_water_of_a_painted_arena_is_the_plan, 0, CASES);
    tcase_add_loop_test(t, flash_is_the_sum_over_slots_and_equals_the_bytes, 0, CASES);
    tcase_add_loop_test(t, settings_are_allowed_where_they_can_be_lowered, 0, 20);
    tcase_add_loop_test(t, steps_never_exceed_the_plan, 0, CASES);
    tcase_add_loop_test(t, programs_compute_what_the_float_network_does, 0, CASES);
    tcase_add_test(t, what_does_not_fit_says_how_many_bytes_are_missing);
    tcase_add_test(t, candidates_that_make_no_sense_are_refused);
    tcase_add_loop_test(t, an_image_carries_blobs_by_name_and_what_the_kernels_compute, 0, 10);
    tcase_add_loop_test(t, planned_buffers_never_collide_and_chains_are_planned_without_loss, 0, 60);
    return suite_run(s);
}

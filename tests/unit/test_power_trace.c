// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The samples of power windows: what is kept of them, how small, and what a damaged file is.
#include "hwlink/power_trace.h"

#include "base/file.h"
#include "base/rng.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 20000 // 0.2 s at 100 kHz

static char folder[64], path[96];
static struct power_trace trace;
static struct error error;
static double counts[SAMPLES];

static void set_up(void)
{
    strcpy(folder, "/tmp/pare-trace-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.trace", folder);
    power_trace_init(&trace);
}

static void tear_down(void)
{
    power_trace_finish(&trace);
    file_remove(folder);
}

/* Current in nA as a board draws it: layers of some milliseconds, noise of some microamperes, a step now and then. */
static void make_counts(uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed, 0);
    double level = 8e6;
    for (int i = 0; i < SAMPLES; i++) {
        if (rng_below(&rng, 400) == 0)
            level = 4e6 + (double)rng_below(&rng, 8000000);
        counts[i] = floor(level + (double)rng_below(&rng, 40000) - 20000);
    }
}

static void record(struct power_trace *t, int n)
{
    power_trace_begin(t, 10000, 3300, 0);
    for (int i = 0; i < n; i++)
        power_trace_add(t, counts[i]);
}

static int expect(void *user, int window, double time_us, double watts)
{
    int *i = user;
    ck_assert_int_eq(window, *i / SAMPLES);
    ck_assert_double_eq_tol(time_us, *i % SAMPLES * 10.0, 1e-6);
    ck_assert_double_eq_tol(watts, counts[*i % SAMPLES] * (3300 + 5 * window) * 1e-12, 1e-15);
    ++*i;
    return 0;
}

/* Reads the file at `path` back into `t`. */
static int read_back(struct power_trace *t)
{
    char *content;
    size_t size;
    ck_assert_int_eq(file_read(path, POWER_TRACE_FILE_MAX, &content, &size, &error), 0);
    int rc = power_trace_parse(content, size, t, &error);
    free(content);
    return rc;
}

START_TEST(what_was_recorded_comes_back_sample_by_sample)
{
    struct power_trace window, again;
    int64_t bytes;
    char hex[SHA256_HEX];
    int seen = 0;
    make_counts(7);
    power_trace_init(&window);
    for (int i = 0; i < 3; i++) {
        record(&window, SAMPLES);
        window.windows[0].unit_pw += 5 * i; // the instrument tells another supply
        power_trace_append(&trace, &window);
    }
    strcpy(trace.instrument, "X-NUCLEO-LPM01A \"1.0\"");
    trace.is_virtual = trace.repeated = true;
    trace.windows[1].lost = 5;
    trace.windows[2].energy_nj = 123456789;
    ck_assert_msg(power_trace_write(&trace, path, &bytes, hex, &error) == 0, "%s", error.text);
    ck_assert_msg(read_back(&again) == 0, "%s", error.text);
    ck_assert_str_eq(again.instrument, trace.instrument);
    ck_assert(again.is_virtual && again.repeated);
    ck_assert_int_eq(again.n, 3);
    ck_assert_int_eq(again.windows[1].lost, 5);
    ck_assert_int_eq(again.windows[2].energy_nj, 123456789);
    ck_assert_int_eq(power_trace_each(&again, expect, &seen), 0);
    ck_assert_int_eq(seen, 3 * SAMPLES);
    power_trace_finish(&again);
    power_trace_finish(&window);
}
END_TEST

START_TEST(the_file_is_the_one_that_its_sum_names)
{
    uint8_t digest[SHA256_BYTES];
    int64_t bytes;
    char hex[SHA256_HEX], of_file[SHA256_HEX], *content;
    size_t size;
    make_counts(8);
    record(&trace, SAMPLES);
    ck_assert_int_eq(power_trace_write(&trace, path, &bytes, hex, &error), 0);
    ck_assert_int_eq(sha256_file(path, digest, &error), 0);
    ck_assert_str_eq(hex, sha256_hex(digest, of_file));
    ck_assert_int_eq(file_read(path, POWER_TRACE_FILE_MAX, &content, &size, &error), 0);
    ck_assert_int_eq((int64_t)size, bytes);
    free(content);
    printf("%.2f bytes a sample\n", (double)bytes / SAMPLES);
    ck_assert_int_lt(bytes, (int64_t)(3.1 * SAMPLES)); // noise of 15 bits; as numbers in text it takes eight bytes
}
END_TEST

START_TEST(equal_samples_take_a_byte_each)
{
    for (int i = 0; i < SAMPLES; i++)
        counts[i] = 7654321;
    record(&trace, SAMPLES);
    ck_assert_uint_lt(trace.size, SAMPLES + 8);
}
END_TEST

START_TEST(whatever_a_count_is_comes_back)
{
    static const double extremes[] = {0, -1, 1, 63, -64, 64, -65, 1e9, -1e9, 9e14, -9e14, 0.4, -0.6};
    int n = sizeof extremes / sizeof *extremes, seen = 0;
    for (int i = 0; i < SAMPLES; i++)
        counts[i] = i < n ? extremes[i] : 0;
    record(&trace, SAMPLES);
    for (int i = 0; i < SAMPLES; i++)
        counts[i] = round(counts[i]);
    ck_assert_int_eq(power_trace_each(&trace, expect, &seen), 0);
    ck_assert_int_eq(seen, SAMPLES);
}
END_TEST

START_TEST(a_long_window_keeps_its_beginning_and_tells_its_length)
{
    power_trace_begin(&trace, 10000, 3300, 0);
    int64_t n = POWER_TRACE_BYTES_MAX;
    for (int64_t i = 0; i < n; i++)
        power_trace_add(&trace, (double)(i % 2 * 100)); // two bytes each
    ck_assert_uint_le(trace.size, POWER_TRACE_BYTES_MAX);
    ck_assert_int_eq(trace.windows[0].of, n);
    ck_assert_int_ge(trace.windows[0].samples, n / 2 - 16);
    ck_assert_int_lt(trace.windows[0].samples, n);
    struct power_trace all;
    power_trace_init(&all);
    power_trace_append(&all, &trace);
    power_trace_append(&all, &trace); // no room: the window is told, its samples are not kept
    ck_assert_int_eq(all.n, 2);
    ck_assert_int_eq(all.windows[1].samples, 0);
    ck_assert_int_eq(all.windows[1].of, n);
    power_trace_finish(&all);
}
END_TEST

START_TEST(a_value_that_is_no_number_ends_what_is_kept)
{
    power_trace_begin(&trace, 10000, 3300, 0);
    power_trace_add(&trace, 5);
    power_trace_add(&trace, NAN);
    power_trace_add(&trace, 6);
    ck_assert_int_eq(trace.windows[0].samples, 1);
    ck_assert_int_eq(trace.windows[0].of, 3);
}
END_TEST

static char *good_file(size_t *size)
{
    int64_t bytes;
    char hex[SHA256_HEX], *content;
    make_counts(9);
    record(&trace, 500);
    ck_assert_int_eq(power_trace_write(&trace, path, &bytes, hex, &error), 0);
    ck_assert_int_eq(file_read(path, POWER_TRACE_FILE_MAX, &content, size, &error), 0);
    return content;
}

START_TEST(a_file_that_is_cut_or_changed_is_refused)
{
    size_t size;
    char *content = good_file(&size);
    struct power_trace t;
    size_t head = (size_t)((char *)memchr(content, '\n', size) - content) + 1;
    for (size_t n = 0; n < size; n += n < head ? 1 : 7) {
        ck_assert_int_eq(power_trace_parse(content, n, &t, &error), -1);
        power_trace_finish(&t);
    }
    for (size_t i = head; i < size; i++) {
        content[i] ^= 4;
        ck_assert_int_eq(power_trace_parse(content, size, &t, &error), -1);
        power_trace_finish(&t);
        content[i] ^= 4;
    }
    free(content);
}
END_TEST

static int count(void *user, int window, double time_us, double watts)
{
    (void)window, (void)time_us, (void)watts;
    ++*(int64_t *)user;
    return 0;
}

START_TEST(no_first_line_does_harm)
{
    size_t size;
    char *content = good_file(&size);
    size_t head = (size_t)((char *)memchr(content, '\n', size) - content);
    struct rng rng;
    rng_seed(&rng, 3, 0);
    for (int i = 0; i < 4000; i++) {
        struct power_trace t;
        int64_t seen = 0;
        size_t at = rng_below(&rng, (uint32_t)head);
        char before = content[at];
        content[at] = (char)(' ' + rng_below(&rng, 95));
        if (power_trace_parse(content, size, &t, &error) == 0)
            power_trace_each(&t, count, &seen); // may not be what the windows say; may not read past its end
        ck_assert_int_le(seen, (int64_t)size);
        power_trace_finish(&t);
        content[at] = before;
    }
    free(content);
}
END_TEST

START_TEST(a_file_is_whole_or_not_there)
{
    int64_t bytes;
    char hex[SHA256_HEX];
    record(&trace, 10);
    ck_assert_int_eq(power_trace_write(&trace, "/nonexistent/a.trace", &bytes, hex, &error), -1);
    ck_assert_msg(strstr(error.text, "/nonexistent") != NULL, "%s", error.text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("power_trace");
    TCase *t = suite_case(s, "power_trace", set_up, tear_down);
    tcase_add_test(t, what_was_recorded_comes_back_sample_by_sample);
    tcase_add_test(t, the_file_is_the_one_that_its_sum_names);
    tcase_add_test(t, equal_samples_take_a_byte_each);
    tcase_add_test(t, whatever_a_count_is_comes_back);
    tcase_add_test(t, a_long_window_keeps_its_beginning_and_tells_its_length);
    tcase_add_test(t, a_value_that_is_no_number_ends_what_is_kept);
    tcase_add_test(t, a_file_that_is_cut_or_changed_is_refused);
    tcase_add_test(t, no_first_line_does_harm);
    tcase_add_test(t, a_file_is_whole_or_not_there);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The values and small tools that every folder shares.
#include "base/buffer.h"
#include "base/candidate.h"
#include "base/error.h"
#include "base/figure.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "base/stats.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(error_text_grows_from_the_inside_out)
{
    struct error e = {""};
    ck_assert_int_eq(error_set(&e, "page %d is worn", 7), -1);
    error_wrap(&e, "board %s", "A");
    ck_assert_str_eq(e.text, "board A: page 7 is worn");
}
END_TEST

START_TEST(an_error_is_one_line_whatever_a_user_wrote)
{
    struct error e = {""};
    error_set(&e, "'%s' is no setting", "w8\na8");
    error_wrap(&e, "%s", "key\t1");
    ck_assert_str_eq(e.text, "key?1: 'w8?a8' is no setting");
}
END_TEST

START_TEST(settings_are_read_as_they_are_written)
{
    const char *texts[] = {"float32", "w8a8", "w4a8", "w2a4/log", "w3a16/trained"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct setting s;
        char text[SETTING_TEXT_MAX];
        ck_assert_int_eq(setting_parse(texts[i], &s, NULL), 0);
        ck_assert_str_eq(setting_format(s, text), texts[i]);
    }
    struct setting s;
    struct error e;
    const char *bad[] = {"", "w8", "w0a8", "w8a8x", "w8a8/none", "8a8", "w8a17"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(setting_parse(bad[i], &s, &e), -1);
}
END_TEST

START_TEST(candidates_are_read_as_they_are_written_and_hash_by_content)
{
    struct candidate a, b;
    char text[CANDIDATE_TEXT_MAX];
    ck_assert_int_eq(candidate_parse("w8a8 w4a8 w2a4", 3, &a, NULL), 0);
    ck_assert_int_eq(candidate_format(&a, text, sizeof text), 0);
    ck_assert_str_eq(text, "w8a8 w4a8 w2a4");
    ck_assert_int_eq(candidate_parse("w8a8 w4a8 w2a8", 3, &b, NULL), 0);
    ck_assert(candidate_hash(&a) != candidate_hash(&b));
    ck_assert_int_eq(candidate_parse("w4a8", 5, &b, NULL), 0);
    ck_assert_int_eq(b.n, 5);
    ck_assert_int_eq(candidate_parse("w4a8 w8a8", 5, &b, NULL), -1);
    ck_assert_int_eq(candidate_format(&a, text, 8), -1);
}
END_TEST

START_TEST(figures_are_the_median_with_its_spread)
{
    int64_t values[] = {30, 10, 20};
    struct figure f = figure_of(values, 3, UNIT_CYCLES, ORIGIN_VIRTUAL);
    ck_assert_int_eq(f.value, 20);
    ck_assert_int_eq(f.spread, 20);
    ck_assert_str_eq(origin_name(f.origin), "virtual");
}
END_TEST

START_TEST(sha256_gives_the_published_digests)
{
    uint8_t d[SHA256_BYTES];
    char hex[SHA256_HEX];
    sha256_of("abc", 3, d); // FIPS 180-4 example
    ck_assert_str_eq(sha256_hex(d, hex), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    char many[119];
    memset(many, 'a', sizeof many); // two blocks of padding
    struct sha256 s;
    sha256_init(&s);
    for (size_t i = 0; i < sizeof many; i += 7)
        sha256_update(&s, many + i, 7);
    sha256_finish(&s, d);
    ck_assert_str_eq(sha256_hex(d, hex), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
    uint8_t back[SHA256_BYTES];
    ck_assert_int_eq(sha256_parse(hex, back), 0);
    ck_assert_mem_eq(back, d, sizeof d);
    ck_assert_int_eq(sha256_parse("zz", back), -1);
}
END_TEST

START_TEST(rng_is_the_published_sequence_and_continues_from_a_copy)
{
    struct rng r; // pcg32-demo of the reference implementation: seed 42, stream 54
    rng_seed(&r, 42, 54);
    const uint32_t expected[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e};
    for (int i = 0; i < 6; i++)
        ck_assert_uint_eq(rng_u32(&r), expected[i]);
    struct rng copy = r;
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(rng_below(&r, 7), rng_below(&copy, 7));
    double sum = 0, squares = 0;
    for (int i = 0; i < 20000; i++) {
        double x = rng_normal(&r);
        sum += x;
        squares += x * x;
    }
    ck_assert(fabs(sum / 20000) < 0.03 && fabs(squares / 20000 - 1) < 0.05);
}
END_TEST

START_TEST(buffer_hands_out_whole_records_within_its_limit)
{
    struct buffer b;
    size_t n;
    buffer_init(&b, 16);
    ck_assert_int_eq(buffer_append(&b, "one\ntw", 6), 0);
    ck_assert_str_eq(buffer_record(&b, '\n', &n), "one");
    buffer_consume(&b, n + 1);
    ck_assert_ptr_null(buffer_record(&b, '\n', &n));
    ck_assert_int_eq(buffer_append(&b, "0123456789abcdef", 16), -1);
    ck_assert_int_eq(buffer_append(&b, "o\n", 2), 0);
    ck_assert_str_eq(buffer_record(&b, '\n', &n), "two");
    buffer_finish(&b);
}
END_TEST

START_TEST(files_are_replaced_whole_and_read_within_a_limit)
{
    char folder[] = "/tmp/pare-base-XXXXXX", path[80], deep[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(deep, sizeof deep, "%s/a/b", folder);
    snprintf(path, sizeof path, "%s/x", deep);
    struct error e;
    ck_assert_int_eq(file_make_folder(deep, &e), 0);
    ck_assert_int_eq(file_write(path, "first", 5, &e), 0);
    ck_assert_int_eq(file_write(path, "second", 6, &e), 0);
    char *data;
    size_t size;
    ck_assert_int_eq(file_read(path, 100, &data, &size, &e), 0);
    ck_assert_str_eq(data, "second");
    free(data);
    ck_assert_int_eq(file_read(path, 5, &data, &size, &e), -1);
    ck_assert_int_eq(file_read("/nowhere/x", 5, &data, &size, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/x"));
    ck_assert_int_eq(file_write("/nowhere/x", "", 0, &e), -1);
    unlink(path);
    rmdir(deep);
    deep[strlen(deep) - 2] = 0;
    rmdir(deep);
    rmdir(folder);
}
END_TEST

/* The largest number that the definition allows, by counting all ways to draw. */
static int64_t most_right_by_counting(int right, int seen, int total, double risk)
{
    int64_t most = right;
    for (int all = right; all <= total - (seen - right); all++) {
        double ways = 0, few = 0;
        for (unsigned drawn = 0; drawn < 1u << total; drawn++) {
            if (__builtin_popcount(drawn) != seen)
                continue;
            ways++;
            few += __builtin_popcount(drawn & ((1u << all) - 1)) <= right;
        }
        if (few / ways >= risk)
            most = all;
    }
    return most;
}

START_TEST(a_part_bounds_the_whole)
{
    for (int seen = 1; seen <= 12; seen += 3)
        for (int right = 0; right <= seen; right += 2)
            for (int k = 0; k < 3; k++) {
                const double risks[] = {0.3, 0.05, 0.001};
                ck_assert_int_eq(stats_most_right(right, seen, 12, risks[k]), most_right_by_counting(right, seen, 12, risks[k]));
            }
    ck_assert_int_eq(stats_most_right(900, 1000, 1000, 0.001), 900); // all was seen
    ck_assert_int_eq(stats_most_right(0, 0, 1000, 0.001), 1000);     // nothing was
    int64_t bound = stats_most_right(100, 125, 1000, 0.001);
    ck_assert(bound > 870 && bound < 900); // 80 % of an eighth: 3.1 deviations of 3.3 points more
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = suite_case(s, "base", NULL, NULL);
    tcase_add_test(t, error_text_grows_from_the_inside_out);
    tcase_add_test(t, an_error_is_one_line_whatever_a_user_wrote);
    tcase_add_test(t, settings_are_read_as_they_are_written);
    tcase_add_test(t, candidates_are_read_as_they_are_written_and_hash_by_content);
    tcase_add_test(t, figures_are_the_median_with_its_spread);
    tcase_add_test(t, sha256_gives_the_published_digests);
    tcase_add_test(t, rng_is_the_published_sequence_and_continues_from_a_copy);
    tcase_add_test(t, buffer_hands_out_whole_records_within_its_limit);
    tcase_add_test(t, files_are_replaced_whole_and_read_within_a_limit);
    tcase_add_test(t, a_part_bounds_the_whole);
    return suite_run(s);
}

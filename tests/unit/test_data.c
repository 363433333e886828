// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// .npy files: what is read from them, and that broken ones are refused with a reason.
#include "quant/net/data.h"

#include "base/file.h"
#include "base/rng.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/pare-test-data-XXXXXX";
static struct error error;
static const struct net_tensor input = {2, 3, 2}; // h, w, c

static void setup(void)
{
    strcpy(path, "/tmp/pare-test-data-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    error.text[0] = 0;
}

static void teardown(void)
{
    unlink(path);
}

/* Writes an array as numpy.save does; `version` 1 or 2. Returns the file's size. */
static size_t save(int version, const char *descr, const char *shape, const void *data, size_t bytes)
{
    char file[4096] = "\x93NUMPY";
    size_t start = version == 1 ? 10 : 12;
    file[6] = (char)version;
    int n = snprintf(file + start, sizeof file - start,
                     "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    size_t length = ((size_t)n + start + 1 + 63) / 64 * 64 - start;
    memset(file + start + n, ' ', length - (size_t)n);
    file[start + length - 1] = '\n';
    file[8] = (char)(length & 255);
    file[9] = (char)(length >> 8);
    ck_assert(start + length + bytes <= sizeof file);
    memcpy(file + start + length, data, bytes);
    ck_assert_msg(file_write(path, file, start + length + bytes, &error) == 0, "%s", error.text);
    return start + length + bytes;
}

static void check_first(const struct data_transform *t, const float *expected)
{
    struct data d;
    float x[12];
    ck_assert_msg(data_open(path, &input, t, &d, &error) == 0, "%s", error.text);
    ck_assert_int_eq(d.n, 1);
    data_sample(&d, 0, x);
    for (int i = 0; i < 12; i++)
        ck_assert_float_eq_tol(x[i], expected[i], 1e-6f);
    data_close(&d);
}

static void refuse(const char *why)
{
    struct data d;
    ck_assert_int_eq(data_open(path, &input, NULL, &d, &error), -1);
    ck_assert_msg(strstr(error.text, why) != NULL, "said \"%s\"", error.text);
    ck_assert_msg(strncmp(error.text, path, strlen(path)) == 0, "the file is not named: %s", error.text);
}

static const uint8_t u1[24] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255};
static const float as_stored[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255};

START_TEST(all_types_give_the_same_numbers)
{
    int8_t i1[12];
    int16_t i2[12];
    int32_t i4[12];
    float f4[12];
    double f8[12];
    float expected[12];
    for (int i = 0; i < 12; i++) {
        expected[i] = (float)(i * 7 - 40);
        i1[i] = (int8_t)(i * 7 - 40);
        i2[i] = i1[i];
        i4[i] = i1[i];
        f4[i] = i1[i];
        f8[i] = i1[i];
    }
    save(1, "|u1", "(1, 2, 3, 2)", u1, 12);
    check_first(NULL, as_stored);
    save(1, "|i1", "(1, 2, 3, 2)", i1, 12);
    check_first(NULL, expected);
    save(1, "<i2", "(1, 2, 3, 2)", i2, 24);
    check_first(NULL, expected);
    save(2, "<i4", "(1, 2, 3, 2)", i4, 48);
    check_first(NULL, expected);
    save(1, "<f4", "(1, 2, 3, 2)", f4, 48);
    check_first(NULL, expected);
    save(2, "<f8", "(1, 2, 3, 2)", f8, 96);
    check_first(NULL, expected);
}
END_TEST

START_TEST(channels_first_is_turned_and_scaled_by_channel)
{
    struct data_transform t = {
        .scale = 0.5, .n_mean = 2, .n_std = 2, .mean = {1, 2}, .std = {2, 4}, .nchw = true};
    float expected[12];
    for (int p = 0; p < 6; p++) {
        expected[2 * p] = (as_stored[p] / 2 - 1) / 2;
        expected[2 * p + 1] = (as_stored[6 + p] / 2 - 2) / 4;
    }
    save(1, "|u1", "(1, 2, 2, 3)", u1, 12);
    check_first(&t, expected);
}
END_TEST

START_TEST(axes_of_one_may_be_missing_or_added)
{
    const struct net_tensor flat = {1, 1, 12}, gray = {4, 3, 1};
    struct data d;
    save(1, "|u1", "(1, 12)", u1, 12);
    ck_assert_int_eq(data_open(path, &flat, NULL, &d, &error), 0);
    data_close(&d);
    save(1, "|u1", "(1, 4, 3)", u1, 12);
    ck_assert_int_eq(data_open(path, &gray, NULL, &d, &error), 0);
    data_close(&d);
    save(1, "|u1", "(1, 1, 4, 3)", u1, 12);
    ck_assert_int_eq(data_open(path, &gray, NULL, &d, &error), 0);
    data_close(&d);
}
END_TEST

START_TEST(a_wrong_shape_names_both)
{
    save(1, "|u1", "(1, 3, 2, 2)", u1, 12);
    refuse("samples of shape (3, 2, 2), but the network takes (2, 3, 2)");
    save(1, "|u1", "(2, 2, 3)", u1, 12);
    refuse("samples of shape (2, 3)");
    save(1, "|u1", "()", u1, 1);
    refuse("no samples");
    save(1, "|u1", "(0, 2, 3, 2)", u1, 0);
    refuse("no samples");
}
END_TEST

START_TEST(what_is_not_taken_says_why)
{
    save(1, ">i2", "(1, 2, 3, 2)", u1, 24);
    refuse("numbers of type '>i2' are not supported");
    save(1, "<c8", "(1, 2, 3, 2)", u1, 24);
    refuse("numbers of type '<c8'");
    save(1, "|u1", "(1, 2, 3, 2)", u1, 11);
    refuse("too short for its shape");
    save(1, "|u1", "(1, 2, 3, 2)", u1, 13);
    refuse("longer than its shape says");
    save(1, "|u1", "(4294967296, 4294967296, 3, 2)", u1, 12);
    refuse("too short for its shape");
    save(3, "|u1", "(1, 2, 3, 2)", u1, 12);
    refuse(".npy version 3");
    ck_assert_int_eq(file_write(path, "hello, world", 12, &error), 0);
    refuse("not a .npy file");
    const float nan_sample[12] = {[5] = __builtin_nanf("")};
    save(1, "<f4", "(1, 2, 3, 2)", nan_sample, 48);
    refuse("sample 0 has a value that is not finite");
    unlink(path);
    refuse("No such file");
}
END_TEST

START_TEST(a_transform_must_fit_the_channels)
{
    struct data d;
    struct data_transform three = {.n_mean = 3}, zero = {.n_std = 1};
    save(1, "|u1", "(1, 2, 3, 2)", u1, 12);
    ck_assert_int_eq(data_open(path, &input, &three, &d, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "3 means"));
    ck_assert_int_eq(data_open(path, &input, &zero, &d, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "standard deviation that is zero"));
}
END_TEST

START_TEST(labels_are_read_and_left_out_ones_are_marked)
{
    const uint8_t bytes[] = {0, 9, 255, 3};
    const int64_t wide[] = {0, 9, -1, 3};
    for (int k = 0; k < 2; k++) {
        int32_t *labels;
        if (k)
            save(1, "<i8", "(4,)", wide, sizeof wide);
        else
            save(1, "|u1", "(4,)", bytes, sizeof bytes);
        ck_assert_msg(data_labels(path, 4, 10, &labels, &error) == 0, "%s", error.text);
        ck_assert(labels[0] == 0 && labels[1] == 9 && labels[2] == -1 && labels[3] == 3);
        free(labels);
    }
}
END_TEST

START_TEST(bad_labels_are_named_with_their_place)
{
    int32_t *labels;
    const uint8_t bytes[] = {0, 9, 10, 3};
    save(1, "|u1", "(4,)", bytes, sizeof bytes);
    ck_assert_int_eq(data_labels(path, 4, 10, &labels, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "label 10 of sample 2 is not one of the 10 classes"));
    ck_assert_int_eq(data_labels(path, 5, 11, &labels, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "4 labels for 5 samples"));
    save(1, "<f4", "(1,)", bytes, 4);
    ck_assert_int_eq(data_labels(path, 1, 10, &labels, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "labels must be integers"));
}
END_TEST

/* Whatever stands in a file: an answer, never a crash (a sanitizer build makes this sharper). */
START_TEST(broken_files_never_crash)
{
    struct rng rng;
    struct data d;
    char *bytes;
    size_t size;
    float x[12];
    int taken = 0;
    rng_seed(&rng, 3, 1);
    size_t whole = save(1, "|u1", "(1, 2, 3, 2)", u1, 12);
    ck_assert_int_eq(file_read(path, 4096, &bytes, &size, &error), 0);
    ck_assert_uint_eq(size, whole);
    for (int i = 0; i < 1000; i++) {
        char broken[256];
        size_t length = i % 4 ? size : rng_below(&rng, (uint32_t)size);
        memcpy(broken, bytes, size);
        for (int k = 0; k < 1 + i % 3; k++)
            broken[rng_below(&rng, 80)] = (char)rng_u32(&rng);
        ck_assert_int_eq(file_write(path, broken, length, &error), 0);
        error.text[0] = 0;
        if (data_open(path, &input, NULL, &d, &error)) {
            ck_assert(error.text[0] != 0);
            continue;
        }
        data_sample(&d, d.n - 1, x);
        data_close(&d);
        taken++;
    }
    ck_assert_int_gt(taken, 0);
    ck_assert_int_lt(taken, 900);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data");
    TCase *tc = suite_case(suite, "data", setup, teardown);
    tcase_add_test(tc, all_types_give_the_same_numbers);
    tcase_add_test(tc, channels_first_is_turned_and_scaled_by_channel);
    tcase_add_test(tc, axes_of_one_may_be_missing_or_added);
    tcase_add_test(tc, a_wrong_shape_names_both);
    tcase_add_test(tc, what_is_not_taken_says_why);
    tcase_add_test(tc, a_transform_must_fit_the_channels);
    tcase_add_test(tc, labels_are_read_and_left_out_ones_are_marked);
    tcase_add_test(tc, bad_labels_are_named_with_their_place);
    tcase_add_test(tc, broken_files_never_crash);
    return suite_run(suite);
}

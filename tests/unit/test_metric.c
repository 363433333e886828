// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Metrics on outputs that were thought out, and programs that score well and badly.
#include "quant/evaluate/metric.h"

#include "base/file.h"
#include "quant/net/npy.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLES 6

static struct net net;
static struct net_tensor tensors[2];
static struct data data;
static struct metric_outputs about;
static struct metric_value value;
static struct metric metric;
static struct error error;
static char folder[] = "/tmp/pare-test-metric-XXXXXX", program[64], inputs[64];
static const int all[SAMPLES] = {0, 1, 2, 3, 4, 5};
static const int32_t labels[SAMPLES] = {0, 0, 0, 1, 1, 1};

/* A network of `outputs`, and data of two numbers for each sample. */
static void begin(enum metric_kind kind, int outputs, const float *values)
{
    tensors[0] = (struct net_tensor){1, 1, 2}, tensors[1] = (struct net_tensor){1, 1, outputs};
    net = (struct net){.n_tensors = 2, .tensors = tensors, .input = 0, .output = 1};
    metric = (struct metric){.kind = kind};
    about = (struct metric_outputs){.net = &net, .data = &data, .samples = all, .n = SAMPLES, .outputs = values, .labels = labels};
    error.text[0] = 0;
}

static void setup(void)
{
    static const float x[SAMPLES * 2] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const size_t shape[2] = {SAMPLES, 2};
    const struct net_tensor input = {1, 1, 2};
    struct data_transform t = {0};
    strcpy(folder, "/tmp/pare-test-metric-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/scorer", folder);
    snprintf(inputs, sizeof inputs, "%s/x.npy", folder);
    ck_assert_int_eq(npy_write(inputs, NPY_F4, 2, shape, x, &error), 0);
    ck_assert_msg(data_open(inputs, &input, &t, &data, &error) == 0, "%s", error.text);
}

static void teardown(void)
{
    data_close(&data);
    unlink(inputs);
    unlink(program);
    rmdir(folder);
}

static int64_t scored(void)
{
    ck_assert_msg(metric_score(&metric, &about, &value, &error) == 0, "%s", error.text);
    return value.good;
}

static void refused(const char *why)
{
    ck_assert_int_eq(metric_score(&metric, &about, &value, &error), -1);
    ck_assert_msg(strstr(error.text, why) != NULL, "said \"%s\"", error.text);
}

START_TEST(an_auc_is_the_share_of_pairs_in_order)
{
    static const float y[SAMPLES] = {0.1f, 0.4f, 0.35f, 0.8f, 0.4f, 0.2f}; // 9 pairs: 6 in order, one equal
    begin(METRIC_AUC, 1, y);
    ck_assert_int_eq(scored(), 722222);
    ck_assert_int_eq(value.of, METRIC_OF);
}
END_TEST

START_TEST(an_auc_of_two_outputs_is_of_their_difference)
{
    static const float y[2 * SAMPLES] = {5, 4, 9, 8, 1, 0, 0, 1, 7, 8, -3, -2};
    begin(METRIC_AUC, 2, y);
    tensors[0].c = 5;
    ck_assert_int_eq(scored(), METRIC_OF);
}
END_TEST

START_TEST(an_autoencoder_is_judged_by_its_distance)
{
    float y[3 * SAMPLES] = {0};
    begin(METRIC_AUC, 3, y);
    ck_assert_int_eq(metric_check(&metric, &net, &error), -1); // 2 inputs, 3 outputs
    ck_assert_msg(strstr(error.text, "3 outputs") != NULL, "%s", error.text);
    tensors[0].c = 3; // and the data 3 numbers for each sample
    ck_assert_int_eq(metric_check(&metric, &net, &error), 0);
    data_close(&data);
    const size_t shape[2] = {SAMPLES, 3};
    struct data_transform t = {0};
    for (int i = 0; i < 3 * SAMPLES; i++)
        y[i] = (float)i;
    ck_assert_int_eq(npy_write(inputs, NPY_F4, 2, shape, y, &error), 0);
    ck_assert_int_eq(data_open(inputs, &tensors[0], &t, &data, &error), 0);
    y[2 * 3] += 2, y[3 * 3] += 1, y[4 * 3 + 1] -= 3, y[5 * 3 + 2] += 3; // distances 0 0 4 of the normal ones, 1 9 9
    ck_assert_int_eq(scored(), 888889); // 8 of 9 pairs
}
END_TEST

START_TEST(an_auc_needs_both_labels)
{
    static const float y[SAMPLES] = {0};
    static const int32_t ones[SAMPLES] = {1, 1, 1, 1, 1, 1};
    begin(METRIC_AUC, 1, y);
    about.labels = ones;
    refused("samples of both labels are needed");
    about.n = 0;
    refused("no samples");
}
END_TEST

START_TEST(fidelity_is_what_is_left_of_the_power)
{
    static const float wanted[SAMPLES] = {1, -1, 2, 0, 0, 2}, y[SAMPLES] = {1, -1, 2, 1, 0, 2};
    begin(METRIC_FIDELITY, 1, y);
    about.reference = wanted;
    ck_assert_int_eq(scored(), 900000); // 1 of 10
    ck_assert(value.distance == 1. / 6);
    about.outputs = wanted;
    ck_assert_int_eq(scored(), METRIC_OF);
}
END_TEST

START_TEST(accuracy_counts_answers)
{
    static const float y[2 * SAMPLES] = {1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 3, 3};
    begin(METRIC_ACCURACY, 2, y);
    ck_assert_int_eq(scored(), 4); // of equals the first
    ck_assert_int_eq(value.of, SAMPLES);
}
END_TEST

static void write_program(const char *body)
{
    char text[400];
    int n = snprintf(text, sizeof text, "#!/bin/sh\n%s\n", body);
    ck_assert_int_eq(file_write(program, text, (size_t)n, &error), 0);
    ck_assert_int_eq(chmod(program, 0755), 0);
    snprintf(metric.scorer, sizeof metric.scorer, "%s", program);
    metric.scorer_seconds = 20;
}

START_TEST(a_program_gets_files_and_prints_a_number)
{
    static const float y[SAMPLES] = {0};
    begin(METRIC_SCORER, 1, y);
    about.labels_path = "/labels.npy";
    // 128 bytes of header, 24 of numbers
    write_program("[ \"$(head -c 6 \"$1\" | tail -c 5)\" = NUMPY ] && [ \"$(wc -c < \"$1\")\" = 152 ] && [ \"$(wc -c < \"$2\")\" = 152 ] &&\n"
                  "  [ \"$3\" = /labels.npy ] && echo 0.25");
    ck_assert_int_eq(scored(), 250000);
}
END_TEST

START_TEST(a_program_that_goes_wrong_is_named)
{
    static const float y[SAMPLES] = {0};
    static const char *const cases[][2] = {{"exit 3", "scorer: exit status 3"},
                                           {"echo many 1", "printed 'many 1"},
                                           {"echo 1.5", "not between 0 and 1"},
                                           {"echo nan", "not between 0 and 1"},
                                           {"kill -9 $$", "ended by signal 9"},
                                           {"head -c 1000 /dev/zero", "printed more than a number"}};
    begin(METRIC_SCORER, 1, y);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_program(cases[i][0]);
        refused(cases[i][1]);
    }
    unlink(program);
    refused("No such file");
}
END_TEST

START_TEST(a_program_that_does_not_end_is_ended)
{
    static const float y[SAMPLES] = {0};
    begin(METRIC_SCORER, 1, y);
    write_program("tail -f /dev/null & tail -f /dev/null"); // and what it started
    metric.scorer_seconds = 1;
    refused("not done after 1 seconds");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metric");
    TCase *tc = suite_case(suite, "metric", setup, teardown);
    tcase_add_test(tc, an_auc_is_the_share_of_pairs_in_order);
    tcase_add_test(tc, an_auc_of_two_outputs_is_of_their_difference);
    tcase_add_test(tc, an_autoencoder_is_judged_by_its_distance);
    tcase_add_test(tc, an_auc_needs_both_labels);
    tcase_add_test(tc, fidelity_is_what_is_left_of_the_power);
    tcase_add_test(tc, accuracy_counts_answers);
    tcase_add_test(tc, a_program_gets_files_and_prints_a_number);
    tcase_add_test(tc, a_program_that_goes_wrong_is_named);
    tcase_add_test(tc, a_program_that_does_not_end_is_ended);
    return suite_run(suite);
}

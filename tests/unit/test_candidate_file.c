// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Candidates as text and as pare.config/1, strict reading of JSON objects, names of packages.
#include "quant/tool/candidate_file.h"
#include "quant/tool/package.h"
#include "quant/tool/params.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct net_tensor tensors[] = {{4, 4, 8}, {4, 4, 8}, {4, 4, 8}, {4, 4, 8}, {1, 1, 3}};
static struct net_op ops[] = {
    {.kind = NET_CONV, .name = "conv_0", .in = {0, -1}, .out = 1, .groups = 1, .layer = 0},
    {.kind = NET_CONV, .name = "dw \"1\"", .in = {1, -1}, .out = 2, .groups = 8, .layer = 1},
    {.kind = NET_ADD, .name = "add", .in = {1, 2}, .out = 3, .layer = -1},
    {.kind = NET_DENSE, .name = "dense", .in = {3, -1}, .out = 4, .groups = 1, .layer = 2},
};
static struct net net = {.n_tensors = 5,
                         .n_ops = 4,
                         .n_layers = 3,
                         .n_slots = 2,
                         .tensors = tensors,
                         .ops = ops,
                         .layers = {{0, 0}, {1, 0}, {3, 1}},
                         .output = 4};
static const uint8_t sha256[SHA256_BYTES] = {1, 2, 3}, other[SHA256_BYTES] = {4};
static struct candidate c;
static struct error e;

static void expect_settings(const char *text)
{
    char is[256];
    ck_assert_int_eq(candidate_format(&c, is, sizeof is), 0);
    ck_assert_str_eq(is, text);
}

/* The configuration of "w4a8/log w2a4" with `from` replaced by `to`. */
static char *config(const char *from, const char *to)
{
    ck_assert_int_eq(candidate_parse("w4a8/log w2a4", 2, &c, &e), 0);
    cJSON *o = candidate_file_config(&net, &c, "1.0", "/some/where/net.onnx", sha256, NULL, NULL);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    char *at = strstr(text, from), *changed;
    ck_assert_msg(at, "no %s in %s", from, text);
    ck_assert_int_gt(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
    free(text);
    return changed;
}

START_TEST(a_configuration_is_read_back_as_it_was_written)
{
    char *text = config("\"net.onnx\"", "\"net.onnx\"");
    c.n = 0;
    ck_assert_msg(candidate_file_parse(text, &net, sha256, &c, &e) == 0, "%s", e.text);
    expect_settings("w4a8/log w2a4");
    ck_assert_int_eq(candidate_file_parse(text, &net, NULL, &c, &e), 0);
    ck_assert_ptr_nonnull(strstr(text, "\"kind\":\"depthwise\""));
    free(text);
}
END_TEST

START_TEST(a_configuration_of_something_else_is_refused)
{
    static const char *const changes[][3] = {
        {"pare.config/1", "pare.config/2", "this program reads"},
        {"\"conv_0\"", "\"conv_9\"", "the network's is 'conv_0'"},
        {"\"w_bits\":4", "\"w_bits\":5", "must be alike"},
        {"\"w_bits\":4", "\"w_bits\":40", "must be 1 to 32"},
        {"\"w_bits\":4", "\"w_bits\":32", "does not go with"},
        {"\"w_bits\":4", "\"w_bits\":\"4\"", "not a number"},
        {"\"log\"", "\"logs\"", "no scheme 'logs'"},
        {"\"layers\":[", "\"layers\":[{},", "4 layers, the network 3"},
        {"\"layers\":", "\"layer\":", "0 layers"},
        {"\"schema\"", "schema", "not JSON"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *text = config(changes[i][0], changes[i][1]);
        ck_assert_int_eq(candidate_file_parse(text, &net, sha256, &c, &e), -1);
        ck_assert_msg(strstr(e.text, changes[i][2]), "'%s' does not say '%s'", e.text, changes[i][2]);
        free(text);
    }
    char *text = config("1.0", "1.0");
    ck_assert_int_eq(candidate_file_parse(text, &net, other, &c, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "another network"));
    free(text);
}
END_TEST

START_TEST(settings_are_read_from_the_argument_or_from_a_text_file)
{
    ck_assert_int_eq(candidate_file_read("w4a4", &net, sha256, &c, &e), 0);
    expect_settings("w4a4 w4a4");
    ck_assert_int_eq(candidate_file_read("  w4a4\tw8a8 ", &net, sha256, &c, &e), 0);
    expect_settings("w4a4 w8a8");
    ck_assert_int_eq(candidate_file_read("best.json", &net, sha256, &c, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "no such file"));

    char path[] = "/tmp/test_candidate-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, "\nw2a8\n\nw8a4\n", 12), 12);
    close(fd);
    ck_assert_msg(candidate_file_read(path, &net, sha256, &c, &e) == 0, "%s", e.text);
    expect_settings("w2a8 w8a4");
    ck_assert_int_eq(truncate(path, 3), 0);
    ck_assert_int_eq(candidate_file_read(path, &net, sha256, &c, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, path));
    unlink(path);
}
END_TEST

START_TEST(a_slip_of_the_pen_gets_a_suggestion)
{
    static const char *const words[] = {"candidate", "image", "set"};
    ck_assert_str_eq(params_nearest("candidat", words, 3), "candidate");
    ck_assert_str_eq(params_nearest("iamge", words, 3), "image");
    ck_assert_ptr_null(params_nearest("folder", words, 3));
    ck_assert_ptr_null(
        params_nearest("a very long key that nobody would ever have meant to write", words, 3));
}
END_TEST

START_TEST(a_package_has_the_name_of_a_c_identifier)
{
    static const char *const good[] = {"network", "Kws_2", "a"};
    static const char *const bad[] = {"",    "2a",   "_a",        "a-b",
                                      "int", "test", "n\xc3\xa4", "x12345678901234567890123456789012"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_int_eq(package_check_name(good[i], &e), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(package_check_name(bad[i], &e) == -1, "took '%s'", bad[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("candidate_file");
    TCase *tests = suite_case(suite, "candidate_file", NULL, NULL);
    tcase_add_test(tests, a_configuration_is_read_back_as_it_was_written);
    tcase_add_test(tests, a_configuration_of_something_else_is_refused);
    tcase_add_test(tests, settings_are_read_from_the_argument_or_from_a_text_file);
    tcase_add_test(tests, a_slip_of_the_pen_gets_a_suggestion);
    tcase_add_test(tests, a_package_has_the_name_of_a_c_identifier);
    return suite_run(suite);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Weights, biases and sensitivities of whole networks against what they promise, and the file that keeps them.
#include "base/file.h"
#include "quant/net/float_run.h"
#include "quant/quantize/quantized.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES 20

static struct error error;
static struct rng rng;
static struct net_case test_case;
static struct quantized quantized;

static void begin(uint64_t seed)
{
    net_case_begin(&test_case, &rng, seed, 6, &quantized);
}

static void end(void)
{
    net_case_end(&test_case, &quantized);
}

/* Relative squared error of a layer's weights at a setting. */
static double weight_error(int layer, const char *text)
{
    struct setting s;
    const struct net_op *op = &test_case.net.ops[test_case.net.layers[layer].op];
    ck_assert_int_eq(setting_parse(text, &s, &error), 0);
    const struct quantized_weights *w = quantized_weights_of(&quantized, layer, s);
    ck_assert_ptr_nonnull(w);
    double sum = 0, power = 0;
    for (uint32_t i = 0; i < w->n_codes; i++) {
        ck_assert_uint_lt(w->codes[i], 1u << s.w_bits);
        double x =
            (double)w->scales[i / (w->n_codes / w->n_channels)] * (w->codes[i] - (1 << (s.w_bits - 1)));
        sum += pow(x - (double)op->weights[i], 2);
        power += pow((double)op->weights[i], 2);
    }
    return sum / power;
}

START_TEST(more_bits_bring_weights_closer)
{
    begin((uint64_t)_i);
    for (int i = 0; i < test_case.net.n_layers; i++) {
        ck_assert_double_lt(weight_error(i, "w16a8"), 1e-7); // the bias may want a larger scale than 16 bits do
        ck_assert_double_lt(weight_error(i, "w8a8"), 1e-3);
        ck_assert_double_le(weight_error(i, "w8a8"), weight_error(i, "w4a8") + 1e-9);
        ck_assert_double_le(weight_error(i, "w2a8"), 1);
    }
    end();
}
END_TEST

/* Mean over the calibration data of what a layer gives with 2-bit weights, less what it should give, relative
 * to its deviation. */
static double mean_error(bool corrected)
{
    struct setting two = {2, 8, SCHEME_UNIFORM};
    struct net_op *op = &test_case.net.ops[0];
    const struct quantized_weights *w = quantized_weights_of(&quantized, 0, two);
    size_t n = 0, n_out = net_elements(&test_case.net.tensors[test_case.net.output]);
    float *wanted = malloc((size_t)test_case.data.n * n_out * sizeof *wanted);
    double shift[5] = {0};
    struct float_run run;
    ck_assert_int_eq(float_run_init(&run, &test_case.net, 1, &error), 0);
    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (int i = 0; i < test_case.data.n; i++) {
            data_sample(&test_case.data, i, float_run_input(&run));
            const float *got = float_run_go(&run, 1, NULL, NULL);
            for (size_t k = 0; k < n_out; k++, n++) {
                if (pass == 0)
                    wanted[n] = got[k];
                else
                    shift[k % 5] += (double)(got[k] - wanted[n]);
            }
        }
        for (uint32_t i = 0; i < w->n_codes; i++)
            op->weights[i] = w->scales[i / (w->n_codes / 5)] * (float)(w->codes[i] - 2);
        if (corrected)
            memcpy(op->bias, w->bias, 5 * sizeof *op->bias);
    }
    double most = 0;
    for (int k = 0; k < 5; k++)
        most = fmax(most, fabs(shift[k]) / (double)n * 5);
    float_run_finish(&run);
    free(wanted);
    return most;
}

static double mean_error_of(enum net_kind kind, bool corrected)
{
    rng_seed(&rng, 11, 1);
    float *data = net_case_noise(&rng, NET_CASE_SAMPLES * 6 * 6 * 4, 1);
    for (size_t i = 0; i < NET_CASE_SAMPLES * 6 * 6 * 4; i++)
        data[i] = fabsf(data[i]); // as after a ReLU
    net_case_one_layer(&test_case, &rng, kind, data);
    net_case_quantize(&test_case, &quantized);
    double result = mean_error(corrected);
    free(data);
    end();
    return result;
}

START_TEST(corrected_biases_take_out_the_mean_error)
{
    enum net_kind kind = _i ? NET_DENSE : NET_CONV;
    double before = mean_error_of(kind, false), after = mean_error_of(kind, true);
    ck_assert_double_gt(before, 0.01);
    ck_assert_msg(after < before * (kind == NET_DENSE ? 0.001 : 0.1), "%g, before %g", after, before);
}
END_TEST

static double sensitivity_of(int slot, const char *text)
{
    struct setting s;
    ck_assert_int_eq(setting_parse(text, &s, &error), 0);
    for (int o = 0; o < quantized.n_options; o++)
        if (setting_equal(quantized.options[o], s))
            return quantized.sensitivity[slot * quantized.n_options + o];
    ck_abort_msg("no option %s", text);
}

START_TEST(fewer_bits_disturb_more)
{
    begin((uint64_t)_i);
    for (int i = 0; i < test_case.net.n_slots; i++) {
        ck_assert_double_eq(sensitivity_of(i, "float32"), 0);
        ck_assert_double_gt(sensitivity_of(i, "w8a8"), 0);
        ck_assert_double_le(sensitivity_of(i, "w8a8"), sensitivity_of(i, "w4a8"));
        ck_assert_double_le(sensitivity_of(i, "w8a8"), sensitivity_of(i, "w8a4"));
        ck_assert_double_le(sensitivity_of(i, "w4a8"), sensitivity_of(i, "w2a8") * 1.05);
        ck_assert_double_lt(sensitivity_of(i, "w2a4"), 10);
    }
    end();
}
END_TEST

START_TEST(a_channel_of_zeros_keeps_its_bias)
{
    rng_seed(&rng, 12, 1);
    float *data = net_case_noise(&rng, NET_CASE_SAMPLES * 6 * 6 * 4, 1);
    net_case_one_layer(&test_case, &rng, NET_CONV, data);
    struct net_op *op = &test_case.net.ops[0];
    memset(op->weights, 0, 36 * sizeof *op->weights);
    op->weights[36] = 1e-20f; // and one that is nearly zero
    memset(op->weights + 37, 0, 35 * sizeof *op->weights);
    op->bias[0] = 3, op->bias[1] = -4;
    net_case_quantize(&test_case, &quantized);
    const struct quantized_weights *w =
        quantized_weights_of(&quantized, 0, (struct setting){4, 8, SCHEME_UNIFORM});
    for (int k = 0; k < 2; k++) {
        double integer =
            (double)w->bias[k] / ((double)w->scales[k] * (double)quantized.tensors[0].at[8].scale);
        ck_assert_double_lt(fabs(integer), 2147483647.0);
        ck_assert_double_eq_tol((double)w->bias[k], (double)op->bias[k], 1e-6);
    }
    free(data);
    end();
}
END_TEST

START_TEST(options_without_a_quantizer_are_refused)
{
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = 1};
    begin(1);
    struct quantized other;
    p.options[0] = (struct setting){1, 8, SCHEME_UNIFORM};
    ck_assert_int_eq(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &other, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "w1a8"));
    p.options[0] = (struct setting){2, 8, SCHEME_LOG};
    ck_assert_int_eq(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &other, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "w2a8/log"));
    p.options[0] = (struct setting){8, 12, SCHEME_UNIFORM};
    ck_assert_int_eq(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &other, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "w8a12"));
    end();
}
END_TEST

static const char *file_path(void)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/quantized.bin", test_case.folder);
    return path;
}

START_TEST(a_file_gives_back_every_bit)
{
    struct quantized again;
    char *first, *second;
    size_t n_first, n_second;
    begin((uint64_t)_i);
    ck_assert_int_eq(quantized_save(&quantized, file_path(), &error), 0);
    ck_assert_int_eq(quantized_load(file_path(), quantized.key, &again, &error), 0);
    ck_assert_int_eq(file_read(file_path(), 1 << 28, &first, &n_first, &error), 0);
    ck_assert_int_eq(quantized_save(&again, file_path(), &error), 0);
    ck_assert_int_eq(file_read(file_path(), 1 << 28, &second, &n_second, &error), 0);
    ck_assert_uint_eq(n_first, n_second);
    ck_assert_int_eq(memcmp(first, second, n_first), 0);
    for (int i = 0; i < quantized.n_layers * quantized.n_variants; i++) {
        const struct quantized_weights *a = &quantized.weights[i], *b = &again.weights[i];
        ck_assert_mem_eq(a->codes, b->codes, a->n_codes * sizeof *a->codes);
        ck_assert_mem_eq(a->scales, b->scales, a->n_channels * sizeof *a->scales);
        ck_assert_mem_eq(a->bias, b->bias, a->n_channels * sizeof *a->bias);
    }
    ck_assert_mem_eq(quantized.tensors, again.tensors, (size_t)again.n_tensors * sizeof *again.tensors);
    quantized_finish(&again);
    free(first);
    free(second);
    end();
}
END_TEST

START_TEST(broken_files_are_refused)
{
    struct quantized again;
    char *data;
    size_t size;
    begin(4);
    ck_assert_int_eq(quantized_save(&quantized, file_path(), &error), 0);
    ck_assert_int_eq(file_read(file_path(), 1 << 28, &data, &size, &error), 0);
    for (int i = 0; i < 200; i++) {
        size_t at = i < 64 ? (size_t)i : rng_below(&rng, (uint32_t)size);
        data[at] ^= (char)(1 << i % 8);
        ck_assert_int_eq(file_write(file_path(), data, size, &error), 0);
        ck_assert_int_eq(quantized_load(file_path(), quantized.key, &again, &error), -1);
        ck_assert_ptr_null(again.weights);
        data[at] ^= (char)(1 << i % 8);
    }
    for (int i = 0; i < 40; i++) {
        size_t cut = i < 20 ? (size_t)i * 8 : rng_below(&rng, (uint32_t)size);
        ck_assert_int_eq(file_write(file_path(), data, cut, &error), 0);
        ck_assert_int_eq(quantized_load(file_path(), quantized.key, &again, &error), -1);
    }
    free(data);
    end();
}
END_TEST

START_TEST(a_missing_broken_or_foreign_file_is_made_again)
{
    struct quantized again;
    struct quantize_params p = net_case_params();
    uint8_t other[SHA256_BYTES] = {1};
    begin(4);
    ck_assert_int_eq(quantized_load(file_path(), quantized.key, &again, &error), 1);
    ck_assert_int_eq(
        quantized_open(file_path(), &test_case.net, &test_case.data, &p, NULL, NULL, &again, &error), 0);
    ck_assert_mem_eq(again.key, quantized.key, SHA256_BYTES);
    quantized_finish(&again);
    ck_assert_int_eq(quantized_load(file_path(), other, &again, &error), 1);
    ck_assert_int_eq(file_write(file_path(), "junk", 4, &error), 0);
    ck_assert_int_eq(
        quantized_open(file_path(), &test_case.net, &test_case.data, &p, NULL, NULL, &again, &error), 0);
    quantized_finish(&again);
    ck_assert_int_eq(quantized_load(file_path(), quantized.key, &again, &error), 0);
    quantized_finish(&again);
    test_case.net.ops[0].act_max = 5; // another network
    uint8_t key[SHA256_BYTES];
    quantized_key(&test_case.net, &test_case.data, &p, key);
    ck_assert_int_ne(memcmp(key, quantized.key, SHA256_BYTES), 0);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("quantize");
    TCase *t = suite_case(s, "quantize", NULL, NULL);
    tcase_add_loop_test(t, more_bits_bring_weights_closer, 0, CASES);
    tcase_add_loop_test(t, corrected_biases_take_out_the_mean_error, 0, 2);
    tcase_add_loop_test(t, fewer_bits_disturb_more, 0, CASES);
    tcase_add_test(t, a_channel_of_zeros_keeps_its_bias);
    tcase_add_test(t, options_without_a_quantizer_are_refused);
    tcase_add_loop_test(t, a_file_gives_back_every_bit, 0, 5);
    tcase_add_test(t, broken_files_are_refused);
    tcase_add_test(t, a_missing_broken_or_foreign_file_is_made_again);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Scales of activations: what each clipping makes of the values that calibration has seen.
#include "quant/net/float_run.h"
#include "quant/quantize/calibration.h"
#include "quant/quantize/quantized.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

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

static double rounded(double x, struct quantized_scale s, int bits)
{
    double least = -(1 << (bits - 1)), most = (1 << (bits - 1)) - 1;
    double q = fmin(fmax(round(x / (double)s.scale) + s.zero_point, least), most);
    return (q - s.zero_point) * (double)s.scale;
}

struct errors {
    int tensor, bits;
    struct quantized_scale scale;
    double sum;
};

static void sum_errors(void *user, int tensor, const float *x, int samples)
{
    struct errors *s = user;
    size_t n = (size_t)samples * net_elements(&test_case.net.tensors[tensor]);
    for (size_t i = 0; tensor == s->tensor && i < n; i++)
        s->sum += pow(rounded((double)x[i], s->scale, s->bits) - (double)x[i], 2);
}

static double squared_error(int tensor, int bits, struct quantized_scale scale)
{
    struct errors s = {tensor, bits, scale, 0};
    ck_assert_int_eq(
        float_run_data(&test_case.net, &test_case.data, 0, test_case.data.n, sum_errors, NULL, &s, &error),
        0);
    return s.sum;
}

START_TEST(clipping_by_error_beats_min_max_on_the_data_it_saw)
{
    struct quantized by_range;
    struct quantize_params p = net_case_params();
    p.clipping = CLIPPING_MINMAX;
    begin((uint64_t)_i);
    ck_assert_int_eq(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &by_range, &error), 0);
    for (int i = 0; i < test_case.net.n_ops; i++) {
        const struct net_op *op = &test_case.net.ops[i];
        if (net_keeps_scale(op))
            continue;
        double range_error = squared_error(op->out, 4, by_range.tensors[op->out].at[4]);
        double error_error = squared_error(op->out, 4, quantized.tensors[op->out].at[4]);
        ck_assert_double_le(error_error, range_error * 1.01 + 1e-12);
    }
    quantized_finish(&by_range);
    end();
}
END_TEST

START_TEST(min_max_ranges_hold_all_that_was_seen)
{
    struct quantize_params p = net_case_params();
    p.clipping = CLIPPING_MINMAX;
    rng_seed(&rng, (uint64_t)_i, 6);
    net_case_make(&test_case, &rng);
    ck_assert_int_eq(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &quantized, &error),
                     0);
    for (int t = 0; t < test_case.net.n_tensors; t++) {
        struct quantized_scale s = quantized.tensors[t].at[8];
        double half = (double)s.scale / 2 * 1.001;
        ck_assert_double_le(
            fabs(rounded((double)quantized.tensors[t].low, s, 8) - (double)quantized.tensors[t].low),
            2 * half);
        ck_assert_double_le(
            fabs(rounded((double)quantized.tensors[t].high, s, 8) - (double)quantized.tensors[t].high),
            2 * half);
        ck_assert_int_ge(s.zero_point, -128);
        ck_assert_int_le(s.zero_point, 127);
    }
    end();
}
END_TEST

static float *all_samples(size_t *n)
{
    *n = test_case.data.elements * (size_t)test_case.data.n;
    float *values = malloc(*n * sizeof *values);
    for (int i = 0; i < test_case.data.n; i++)
        data_sample(&test_case.data, i, values + (size_t)i * test_case.data.elements);
    return values;
}

START_TEST(stored_integers_stay_exact)
{
    static const int firsts[] = {0, -128, -100};
    size_t n = NET_CASE_SAMPLES * 6 * 6 * 4, count;
    float *data = malloc(n * sizeof *data);
    rng_seed(&rng, (uint64_t)_i, 2);
    for (size_t i = 0; i < n; i++)
        data[i] = 0.25f * (float)(firsts[_i] + (int)rng_below(&rng, _i == 2 ? 180 : 256));
    net_case_one_layer(&test_case, &rng, NET_DENSE, data);
    net_case_quantize(&test_case, &quantized);
    struct quantized_scale s = quantized.tensors[test_case.net.input].at[8];
    float *values = all_samples(&count);
    ck_assert_double_eq((double)s.scale, 0.25);
    ck_assert_int_eq(s.zero_point, _i == 0 ? -128 : 0);
    for (size_t i = 0; i < count; i++)
        ck_assert_double_eq(rounded((double)values[i], s, 8), (double)values[i]);
    free(values);
    free(data);
    end();
}
END_TEST

/* A tensor whose values are those given, as calibration would have seen them. */
static struct calibrated seen(const float *x, size_t n)
{
    struct calibrated t = {.low = INFINITY, .high = -INFINITY};
    t.bins = calloc(CALIBRATION_BINS, sizeof *t.bins);
    for (size_t i = 0; i < n; i++)
        t.low = fminf(t.low, x[i]), t.high = fmaxf(t.high, x[i]);
    for (size_t i = 0; i < n; i++) {
        int bin = (int)((x[i] - t.low) / (t.high - t.low) * CALIBRATION_BINS);
        t.bins[bin < CALIBRATION_BINS ? bin : CALIBRATION_BINS - 1]++;
    }
    return t;
}

#define VALUES 200000

START_TEST(the_analytic_rule_finds_the_papers_clips)
{
    /* Banner et al., section 3: half ranges in deviations, of a Laplace (by its mean deviation) and a normal distribution */
    static const double laplace[] = {2.83, 3.89, 5.03, 6.20}, normal[] = {1.71, 2.15, 2.55, 2.93};
    unsigned bits = 2 + (unsigned)_i % 4;
    bool is_normal = _i >= 4;
    rng_seed(&rng, 21, 1);
    float *x = net_case_noise(&rng, VALUES, 1);
    for (int i = 0; i < VALUES && !is_normal; i++) {
        double u = rng_uniform(&rng) - 0.5;
        x[i] = (float)(u < 0 ? log(1 + 2 * u + 1e-12) : -log(1 - 2 * u + 1e-12));
    }
    struct calibrated t = seen(x, VALUES);
    double range = (double)calibration_scale(&t, bits, CLIPPING_ACIQ).scale * ((1 << bits) - 1);
    ck_assert_double_eq_tol(range / 2, is_normal ? normal[bits - 2] : laplace[bits - 2], 0.06);
    for (int i = 0; i < VALUES; i++) // after a ReLU: one bit more for the upper half
        x[i] = fmaxf(x[i], 0);
    free(t.bins);
    t = seen(x, VALUES);
    range = (double)calibration_scale(&t, bits - 1, CLIPPING_ACIQ).scale * ((1 << (bits - 1)) - 1);
    ck_assert_double_eq_tol(range, is_normal ? normal[bits - 2] : laplace[bits - 2], 0.06);
    free(t.bins);
    free(x);
}
END_TEST

START_TEST(the_percentile_leaves_out_outliers_at_both_ends)
{
    rng_seed(&rng, 22, 1);
    float *x = net_case_noise(&rng, VALUES, 1);
    for (int i = 0; i < VALUES; i++)
        x[i] = fminf(fmaxf(x[i], -1), 2);
    x[5] = 50, x[9] = -30; // one in 200,000
    struct calibrated t = seen(x, VALUES);
    double range = (double)calibration_scale(&t, 8, CLIPPING_PERCENTILE).scale * 255;
    ck_assert_double_eq_tol(range, 3, 0.1);
    free(t.bins);
    free(x);
}
END_TEST

/* Squared errors of a tensor's pixels over their squares, summed: what an RMSNorm makes of them. */
static void sum_shares(void *user, int tensor, const float *x, int samples)
{
    struct errors *s = user;
    const struct net_tensor *t = &test_case.net.tensors[tensor];
    for (int pixel = 0; tensor == s->tensor && pixel < samples * t->h * t->w; pixel++) {
        double square = 0, error_square = 0;
        for (int c = 0; c < t->c; c++, x++) {
            square += pow((double)*x, 2);
            error_square += pow(rounded((double)*x, s->scale, s->bits) - (double)*x, 2);
        }
        s->sum += error_square / square;
    }
}

/* A convolution, an eighth of its samples `factor` times as large, and if `norm` an RMSNorm behind it: shares lost at 8 bits. */
static double shares_lost(bool norm, float factor)
{
    rng_seed(&rng, 23, 6);
    size_t each = 6 * 6 * 4;
    float *data = net_case_noise(&rng, NET_CASE_SAMPLES * each, 1);
    for (size_t i = 0; i < NET_CASE_SAMPLES / 8 * each; i++)
        data[i] *= factor;
    net_case_one_layer(&test_case, &rng, NET_CONV, data);
    struct net *net = &test_case.net;
    struct net_op op = {.kind = NET_RMSNORM, .name = "norm", .in = {net->output, -1, -1, -1}, .act_min = -INFINITY, .act_max = INFINITY};
    if (norm) {
        op.out = net_add_tensor(net, 6, 6, 5, &error), op.weights = net_case_noise(&rng, 5, 1);
        ck_assert_int_eq(net_add_op(net, &op, &error), 0);
        net->output = op.out;
        ck_assert_msg(net_seal(net, &error) == 0, "%s", error.text);
    }
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = 1, .options = {{8, 8, SCHEME_UNIFORM}}};
    ck_assert_int_eq(quantize_network(net, &test_case.data, &p, NULL, NULL, &quantized, &error), 0);
    struct errors s = {op.in[0], 8, quantized.tensors[op.in[0]].at[8], 0};
    ck_assert_int_eq(float_run_data(net, &test_case.data, 0, test_case.data.n, sum_shares, NULL, &s, &error), 0);
    free(data);
    end();
    return s.sum;
}

START_TEST(before_a_norm_an_error_counts_by_its_share_of_the_pixel)
{
    double with = shares_lost(true, 100), without = shares_lost(false, 100);
    ck_assert_msg(with < 0.5 * without, "%g, without a norm %g", with, without);
    with = shares_lost(true, 1), without = shares_lost(false, 1);
    ck_assert_msg(with < 1.01 * without, "%g, without a norm %g", with, without);
}
END_TEST

START_TEST(names_of_clippings_are_read_back)
{
    for (int c = CLIPPING_NONE + 1; c < CLIPPING_COUNT; c++)
        ck_assert_int_eq(clipping_of(clipping_name((enum clipping)c)), c);
    ck_assert_int_eq(clipping_of("mean"), CLIPPING_NONE);
    ck_assert_int_eq(clipping_of(""), CLIPPING_NONE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("calibration");
    TCase *t = suite_case(s, "calibration", NULL, NULL);
    tcase_add_loop_test(t, clipping_by_error_beats_min_max_on_the_data_it_saw, 0, CASES);
    tcase_add_loop_test(t, min_max_ranges_hold_all_that_was_seen, 0, CASES);
    tcase_add_loop_test(t, stored_integers_stay_exact, 0, 3);
    tcase_add_loop_test(t, the_analytic_rule_finds_the_papers_clips, 0, 8);
    tcase_add_test(t, the_percentile_leaves_out_outliers_at_both_ends);
    tcase_add_test(t, before_a_norm_an_error_counts_by_its_share_of_the_pixel);
    tcase_add_test(t, names_of_clippings_are_read_back);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Codes for rows of weights: levels and tables of each scheme, and rounding together by covariance.
#include "base/rng.h"
#include "quant/quantize/codebook.h"
#include "quant/quantize/covariance.h"
#include "quant/quantize/quantizer.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct error error;
static struct rng rng;
static struct net_case test_case;

#define ROW 24

/* Inputs that vary together, as the activations of neighbours do: C = A A' + 0.05, R upper triangular with R'
 * R = C. */
static void random_covariance(double c[ROW][ROW], double r[ROW][ROW])
{
    double a[ROW][4];
    for (int i = 0; i < ROW * 4; i++)
        a[i / 4][i % 4] = rng_normal(&rng);
    memset(r, 0, sizeof(double[ROW][ROW]));
    for (int i = 0; i < ROW; i++) {
        for (int k = 0; k < ROW; k++) {
            c[i][k] = i == k ? 0.05 : 0;
            for (int j = 0; j < 4; j++)
                c[i][k] += a[i][j] * a[k][j];
        }
    }
    for (int i = 0; i < ROW; i++) {
        for (int k = i; k < ROW; k++) {
            double sum = c[i][k];
            for (int j = 0; j < i; j++)
                sum -= r[j][i] * r[j][k];
            r[i][k] = i == k ? sqrt(sum) : sum / r[i][i];
        }
    }
}

/* What the rounded row does to the output, on average: d' C d. */
static double output_error(const struct quantizer_row *row, unsigned w_bits, double c[ROW][ROW])
{
    uint16_t codes[ROW];
    double d[ROW], sum = 0;
    struct quantizer_layer layer = {row, 1, w_bits, SCHEME_UNIFORM, false};
    float scale;
    ck_assert_int_eq(quantizer_run(&layer, &scale, codes, NULL), 0);
    for (int i = 0; i < ROW; i++)
        d[i] = (double)row->weights[i] - (double)scale * (codes[i] - (1 << (w_bits - 1)));
    for (int i = 0; i < ROW; i++)
        for (int k = 0; k < ROW; k++)
            sum += d[i] * c[i][k] * d[k];
    return sum;
}

START_TEST(rounding_together_keeps_the_output_closer_than_one_by_one)
{
    static double c[ROW][ROW], r[ROW][ROW];
    double together = 0, alone = 0, importance[ROW];
    int order[ROW];
    rng_seed(&rng, (uint64_t)_i, 8);
    for (int n = 0; n < 50; n++) {
        random_covariance(c, r);
        float *weights = net_case_noise(&rng, ROW, 1);
        for (int i = 0; i < ROW; i++)
            importance[i] = c[i][i], order[i] = i;
        struct quantizer_row row = {weights, importance, NULL, NULL, ROW, 1e-30f};
        alone += output_error(&row, 2 + (unsigned)_i, c);
        row.factor = r[0], row.order = order;
        together += output_error(&row, 2 + (unsigned)_i, c);
        free(weights);
    }
    ck_assert_msg(together < 0.5 * alone, "%u bits: together %g, one by one %g", 2 + (unsigned)_i, together,
                  alone);
}
END_TEST

START_TEST(covariances_are_those_of_the_samples)
{
    struct covariance v = {0};
    size_t n = NET_CASE_SAMPLES * 6 * 6 * 4, length = 144;
    rng_seed(&rng, 13, 1);
    float *data = net_case_noise(&rng, n, 1), *x = data;
    net_case_one_layer(&test_case, &rng, NET_DENSE, data);
    ck_assert_int_eq(covariance_run(&test_case.net, &test_case.data, 0, NULL, NULL, &v, &error), 0);
    double *mean = calloc(length, sizeof *mean), diagonal = 0;
    for (size_t i = 0; i < n; i++)
        mean[i % length] += (double)x[i] / NET_CASE_SAMPLES;
    for (size_t i = 0; i < n; i++)
        diagonal += pow((double)x[i] - mean[i % length], 2) / NET_CASE_SAMPLES / (double)length;
    for (int t = 0; t < 500; t++) {
        size_t a = rng_below(&rng, (uint32_t)length), b = rng_below(&rng, (uint32_t)length);
        size_t first = (size_t)v.order[a], second = (size_t)v.order[b];
        double wanted = a == b ? 0.01 * diagonal : 0, got = 0;
        for (size_t i = 0; i < NET_CASE_SAMPLES; i++)
            wanted += ((double)x[i * length + first] - mean[first]) *
                      ((double)x[i * length + second] - mean[second]) / NET_CASE_SAMPLES;
        for (size_t k = 0; k <= (a < b ? a : b); k++)
            got += v.factor[k * length + a] * v.factor[k * length + b];
        ck_assert_double_eq_tol(got, wanted, 1e-9);
    }
    free(mean);
    free(data);
    covariance_finish(&v, 1);
    net_case_finish(&test_case);
}
END_TEST

static bool is_power(int x)
{
    return x > 0 && (x & (x - 1)) == 0;
}

static bool is_sum_of_powers(int x, int terms)
{
    if (x == 0 || is_power(x))
        return true;
    for (int power = 1; terms > 1 && power < x; power *= 2)
        if (is_power(x - power))
            return true;
    return false;
}

START_TEST(log_tables_hold_powers_of_two_and_their_sums)
{
    for (unsigned bits = 3; bits <= 5; bits++) {
        int16_t table[32];
        int half = 1 << (bits - 1);
        codebook_log(bits, _i, table);
        for (int code = 0; code < 2 * half; code++) {
            ck_assert(is_sum_of_powers(abs(table[code]), _i));
            ck_assert_int_le(abs(table[code]), CODEBOOK_MOST);
            if (code > 0 && code < half)
                ck_assert_int_eq(table[half + code], -table[code]); // one bit is the sign
        }
        ck_assert_int_eq(table[0], 0);
        ck_assert_int_lt(table[half], table[2 * half - 1]); // minus zero: one magnitude more
    }
}
END_TEST

START_TEST(the_nearest_level_is_the_nearest)
{
    struct levels l;
    int16_t table[LEVELS_MAX];
    unsigned bits = 2 + (unsigned)_i;
    rng_seed(&rng, (uint64_t)_i, 3);
    for (int i = 0; i < 1 << bits; i++)
        table[i] = (int16_t)((int)rng_below(&rng, 200) - 100);
    for (int with_table = 0; with_table < 2; with_table++) {
        levels_init(&l, bits, with_table ? table : NULL);
        for (int t = 0; t < 1000; t++) {
            double x = rng_normal(&rng) * 60, best = INFINITY, got = levels_nearest(&l, x);
            for (int code = 0; code < 1 << bits; code++)
                best = fmin(best, fabs(x - (with_table ? table[code] : code - (1 << (bits - 1)))));
            uint16_t code = levels_code(&l, got);
            ck_assert_double_eq(fabs(x - got), best);
            ck_assert_double_eq(got, with_table ? table[code] : (int)code - (1 << (bits - 1)));
        }
    }
}
END_TEST

#define ROWS 8

/* Rows of normal weights, each with its own size. */
static void normal_rows(struct quantizer_row *rows, float *weights, double *importance, size_t n)
{
    for (size_t i = 0; i < ROWS * n; i++) {
        weights[i] = (float)(rng_normal(&rng) * (double)(1 + i / n));
        importance[i] = 1;
    }
    for (size_t r = 0; r < ROWS; r++)
        rows[r] = (struct quantizer_row){weights + r * n, importance + r * n, NULL, NULL, n, 1e-30f};
}

/* Mean squared error over power of what a scheme makes of normal weights. */
static double error_of_scheme(unsigned w_bits, unsigned scheme, bool per_tensor, float scales[ROWS])
{
    enum { N = 300 };
    static float weights[ROWS * N];
    static double importance[ROWS * N];
    static uint16_t codes[ROWS * N];
    int16_t table[LEVELS_MAX];
    struct quantizer_row rows[ROWS];
    double sum = 0, power = 0;
    rng_seed(&rng, 77, 3);
    normal_rows(rows, weights, importance, N);
    bool has_table = quantizer_has_table(w_bits, scheme);
    struct quantizer_layer l = {rows, ROWS, w_bits, scheme, per_tensor};
    ck_assert_int_eq(quantizer_run(&l, scales, codes, has_table ? table : NULL), 0);
    for (size_t i = 0; i < ROWS * N; i++) {
        int number = has_table ? table[codes[i]] : (int)codes[i] - (1 << (w_bits - 1));
        sum += pow((double)weights[i] - (double)scales[i / N] * number, 2) / pow((double)(1 + i / N), 2);
        power += pow((double)weights[i], 2) / pow((double)(1 + i / N), 2);
    }
    return sum / power;
}

START_TEST(a_fitted_table_is_closer_than_equal_steps)
{
    /* Least mean squared errors for normal numbers: Max, "Quantizing for minimum distortion" (1960), tables 1 and 2. */
    static const double equal[] = {0.1188, 0.03744, 0.01154, 0.003495}, best[] = {0.1175, 0.03454, 0.009497, 0.002499};
    float scales[ROWS];
    double uniform = error_of_scheme(2 + (unsigned)_i, SCHEME_UNIFORM, false, scales);
    double fitted = error_of_scheme(2 + (unsigned)_i, SCHEME_CODEBOOK, false, scales);
    ck_assert_double_lt(fitted, uniform);
    ck_assert_double_lt(fitted, best[_i] * 1.1);
    ck_assert_double_lt(uniform, equal[_i] * 1.35); // zero is one of the values, where Max has none
}
END_TEST

START_TEST(logarithmic_weights_are_as_close_as_their_levels_allow)
{
    float scales[ROWS];
    double three = error_of_scheme(3, SCHEME_LOG, false, scales), four = error_of_scheme(4, SCHEME_LOG, false, scales);
    double five = error_of_scheme(5, SCHEME_LOG, false, scales);
    ck_assert_double_lt(three, 0.06);
    ck_assert_double_lt(four, 0.018);
    ck_assert_double_lt(five, 0.006);
}
END_TEST

START_TEST(weights_per_tensor_share_a_scale)
{
    static const unsigned schemes[] = {SCHEME_UNIFORM, SCHEME_LOG, SCHEME_CODEBOOK};
    float scales[ROWS];
    double each = error_of_scheme(4, schemes[_i], false, scales), all = error_of_scheme(4, schemes[_i], true, scales);
    for (int i = 1; i < ROWS; i++)
        ck_assert_double_eq((double)scales[i], (double)scales[0]);
    ck_assert_double_gt(all, 1.5 * each); // rows are of different size
}
END_TEST

int main(void)
{
    Suite *s = suite_create("quantizer");
    TCase *t = suite_case(s, "quantizer", NULL, NULL);
    tcase_add_loop_test(t, rounding_together_keeps_the_output_closer_than_one_by_one, 0, 7);
    tcase_add_test(t, covariances_are_those_of_the_samples);
    tcase_add_loop_test(t, log_tables_hold_powers_of_two_and_their_sums, 1, 3);
    tcase_add_loop_test(t, the_nearest_level_is_the_nearest, 0, 7);
    tcase_add_loop_test(t, a_fitted_table_is_closer_than_equal_steps, 0, 4);
    tcase_add_test(t, logarithmic_weights_are_as_close_as_their_levels_allow);
    tcase_add_loop_test(t, weights_per_tensor_share_a_scale, 0, 3);
    return suite_run(s);
}

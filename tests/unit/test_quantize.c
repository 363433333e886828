// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Scales, codes, biases and sensitivities against what they promise, and the file that keeps them.
#include "base/file.h"
#include "quant/net/float_run.h"
#include "quant/quantize/calibration.h"
#include "quant/quantize/codebook.h"
#include "quant/quantize/covariance.h"
#include "quant/quantize/equalize.h"
#include "quant/quantize/quantized.h"
#include "quant/quantize/quantizer.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CASES 20

static struct error error;
static struct rng rng;
static struct net_case test_case;
static struct quantized quantized;

static void begin(uint64_t seed)
{
    rng_seed(&rng, seed, 6);
    net_case_make(&test_case, &rng);
    net_case_quantize(&test_case, &quantized);
}

static void end(void)
{
    quantized_finish(&quantized);
    net_case_finish(&test_case);
}

static float *noise(size_t n, double size)
{
    float *values = malloc((n + 1) * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(rng_normal(&rng) * size);
    return values;
}

/* One layer: 3 x 3 convolution with padding over 6 x 6 x 4, or a dense layer. */
static void begin_with_one_layer(enum net_kind kind, const float *data)
{
    struct net *n = &test_case.net;
    bool dense = kind == NET_DENSE;
    net_init(n);
    n->input = net_add_tensor(n, 6, 6, 4, &error);
    n->output = net_add_tensor(n, dense ? 1 : 6, dense ? 1 : 6, 5, &error);
    struct net_op op = {.kind = kind,
                        .name = "layer",
                        .in = {n->input, -1},
                        .out = n->output,
                        .kernel_h = 1,
                        .kernel_w = 1,
                        .stride_h = 1,
                        .stride_w = 1,
                        .dilation_h = 1,
                        .dilation_w = 1,
                        .groups = 1,
                        .act_min = -INFINITY,
                        .act_max = INFINITY};
    if (!dense)
        op.kernel_h = op.kernel_w = 3, op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = 1;
    op.weights = noise(net_weight_count(n, &op), 0.2);
    op.bias = noise(5, 0.1);
    ck_assert_int_eq(net_add_op(n, &op, &error), 0);
    ck_assert_msg(net_seal(n, &error) == 0, "%s", error.text);
    net_case_data(&test_case, data);
}

static float *all_samples(size_t *n)
{
    *n = test_case.data.elements * (size_t)test_case.data.n;
    float *values = malloc(*n * sizeof *values);
    for (int i = 0; i < test_case.data.n; i++)
        data_sample(&test_case.data, i, values + (size_t)i * test_case.data.elements);
    return values;
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
    float *data = noise(NET_CASE_SAMPLES * 6 * 6 * 4, 1);
    for (size_t i = 0; i < NET_CASE_SAMPLES * 6 * 6 * 4; i++)
        data[i] = fabsf(data[i]); // as after a ReLU
    begin_with_one_layer(kind, data);
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

START_TEST(stored_integers_stay_exact)
{
    static const int firsts[] = {0, -128, -100};
    size_t n = NET_CASE_SAMPLES * 6 * 6 * 4, count;
    float *data = malloc(n * sizeof *data);
    rng_seed(&rng, (uint64_t)_i, 2);
    for (size_t i = 0; i < n; i++)
        data[i] = 0.25f * (float)(firsts[_i] + (int)rng_below(&rng, _i == 2 ? 180 : 256));
    begin_with_one_layer(NET_DENSE, data);
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

START_TEST(a_channel_of_zeros_keeps_its_bias)
{
    rng_seed(&rng, 12, 1);
    float *data = noise(NET_CASE_SAMPLES * 6 * 6 * 4, 1);
    begin_with_one_layer(NET_CONV, data);
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
        float *weights = noise(ROW, 1);
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
    float *data = noise(n, 1), *x = data;
    begin_with_one_layer(NET_DENSE, data);
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
    float *x = noise(VALUES, 1);
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
    float *x = noise(VALUES, 1);
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
    float *data = noise(NET_CASE_SAMPLES * each, 1);
    for (size_t i = 0; i < NET_CASE_SAMPLES / 8 * each; i++)
        data[i] *= factor;
    begin_with_one_layer(NET_CONV, data);
    struct net *net = &test_case.net;
    struct net_op op = {.kind = NET_RMSNORM, .name = "norm", .in = {net->output, -1, -1, -1}, .act_min = -INFINITY, .act_max = INFINITY};
    if (norm) {
        op.out = net_add_tensor(net, 6, 6, 5, &error), op.weights = noise(5, 1);
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

static float *all_outputs(size_t *n)
{
    size_t each = net_elements(&test_case.net.tensors[test_case.net.output]);
    struct float_run run;
    *n = each * (size_t)test_case.data.n;
    float *to = malloc(*n * sizeof *to);
    ck_assert_int_eq(float_run_init(&run, &test_case.net, 1, &error), 0);
    for (int i = 0; i < test_case.data.n; i++) {
        data_sample(&test_case.data, i, float_run_input(&run));
        memcpy(to + (size_t)i * each, float_run_go(&run, 1, NULL, NULL), each * sizeof *to);
    }
    float_run_finish(&run);
    return to;
}

START_TEST(an_equalized_network_computes_the_same)
{
    size_t n;
    rng_seed(&rng, (uint64_t)_i, 6);
    net_case_make(&test_case, &rng);
    for (int i = 0; i < test_case.net.n_ops; i++) { // channels of very different size
        struct net_op *op = &test_case.net.ops[i];
        size_t count = net_weight_count(&test_case.net, op), row = count ? count / (size_t)net_out_channels(&test_case.net, op) : 1;
        for (size_t k = 0; k < count; k++)
            op->weights[k] *= (float)(1 + k / row % 5 * 10);
    }
    float *before = all_outputs(&n), most = 0;
    equalize_network(&test_case.net);
    float *after = all_outputs(&n);
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(before[i]));
    for (size_t i = 0; i < n; i++)
        ck_assert_float_le(fabsf(before[i] - after[i]), 1e-4f * most);
    free(before);
    free(after);
    net_case_finish(&test_case);
}
END_TEST

/* A convolution with a ReLU and a dense layer behind it, built by hand; its channels grow by `factor` from one to the next, and what
 * multiplies them falls by as much. */
static void begin_with_two_layers(double factor, const float *data)
{
    begin_with_one_layer(NET_CONV, data);
    struct net *net = &test_case.net;
    struct net_op dense = net->ops[0];
    net->ops[0].act_min = 0;
    for (size_t k = 0; k < 180; k++)
        net->ops[0].weights[k] *= (float)pow(factor, (double)(k / 36));
    dense.kind = NET_DENSE, dense.in[0] = net->output, dense.out = net_add_tensor(net, 1, 1, 3, &error);
    dense.kernel_h = dense.kernel_w = 1, dense.pad_top = dense.pad_left = dense.pad_bottom = dense.pad_right = 0;
    dense.weights = noise(3 * 180, 0.1), dense.bias = NULL, dense.act_min = -INFINITY;
    for (size_t k = 0; k < 3 * 180; k++)
        dense.weights[k] /= (float)pow(factor, (double)(k % 5));
    ck_assert_int_eq(net_add_op(net, &dense, &error), 0);
    net->output = dense.out;
    ck_assert_msg(net_seal(net, &error) == 0, "%s", error.text);
}

static double sensitivity_of_both(bool per_tensor, struct setting option)
{
    struct quantize_params p = {.clipping = CLIPPING_MSE, .per_tensor = per_tensor, .n_options = 1, .options = {option}};
    ck_assert_int_eq(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &quantized, &error), 0);
    return quantized.sensitivity[0] + quantized.sensitivity[1];
}

START_TEST(equal_channels_lose_less_with_one_scale_for_all)
{
    double sensitivity[2] = {0};
    for (int equal = 0; equal < 2; equal++) {
        rng_seed(&rng, 17, 6);
        float *data = noise(NET_CASE_SAMPLES * 6 * 6 * 4, 1);
        begin_with_two_layers(4, data);
        ck_assert_int_eq(equal ? equalize_network(&test_case.net) : 1, 1);
        sensitivity[equal] = sensitivity_of_both(true, (struct setting){4, 8, SCHEME_UNIFORM});
        free(data);
        end();
    }
    ck_assert_msg(sensitivity[1] < 0.5 * sensitivity[0], "%g, unequal %g", sensitivity[1], sensitivity[0]);
}
END_TEST

/* Channel 2, as training with weight decay leaves it: next to nothing before it (0) or behind it (1), and a bias. */
static void let_a_channel_die(bool behind)
{
    struct net_op *a = &test_case.net.ops[0], *b = &test_case.net.ops[1];
    for (size_t k = 0; k < 180; k++)
        if (!behind && k / 36 == 2)
            a->weights[k] *= 1e-12f;
    for (size_t k = 0; k < 3 * 180; k++)
        if (behind && k % 5 == 2)
            b->weights[k] *= 1e-12f;
    a->bias[2] = 0.5f;
}

START_TEST(a_dead_channel_is_not_equalized)
{
    double sensitivity[2] = {0};
    for (int equal = 0; equal < 2; equal++) {
        rng_seed(&rng, 17, 6);
        float *data = noise(NET_CASE_SAMPLES * 6 * 6 * 4, 1);
        begin_with_two_layers(2, data);
        let_a_channel_die(_i);
        float other = test_case.net.ops[0].bias[4], dead = test_case.net.ops[0].weights[2 * 36];
        ck_assert_int_eq(equal ? equalize_network(&test_case.net) : 1, 1);
        ck_assert_float_eq(test_case.net.ops[0].bias[2], 0.5f);
        ck_assert_float_eq(test_case.net.ops[0].weights[2 * 36], dead);
        ck_assert(!equal || test_case.net.ops[0].bias[4] != other);
        sensitivity[equal] = sensitivity_of_both(false, (struct setting){8, 8, SCHEME_UNIFORM});
        free(data);
        end();
    }
    ck_assert_msg(sensitivity[1] < 2 * sensitivity[0], "%g, unequal %g", sensitivity[1], sensitivity[0]);
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

int main(void)
{
    Suite *s = suite_create("quantize");
    TCase *t = suite_case(s, "quantize", NULL, NULL);
    tcase_add_loop_test(t, clipping_by_error_beats_min_max_on_the_data_it_saw, 0, CASES);
    tcase_add_loop_test(t, min_max_ranges_hold_all_that_was_seen, 0, CASES);
    tcase_add_loop_test(t, more_bits_bring_weights_closer, 0, CASES);
    tcase_add_loop_test(t, corrected_biases_take_out_the_mean_error, 0, 2);
    tcase_add_loop_test(t, fewer_bits_disturb_more, 0, CASES);
    tcase_add_loop_test(t, stored_integers_stay_exact, 0, 3);
    tcase_add_test(t, a_channel_of_zeros_keeps_its_bias);
    tcase_add_loop_test(t, rounding_together_keeps_the_output_closer_than_one_by_one, 0, 7);
    tcase_add_test(t, covariances_are_those_of_the_samples);
    tcase_add_loop_test(t, log_tables_hold_powers_of_two_and_their_sums, 1, 3);
    tcase_add_loop_test(t, the_nearest_level_is_the_nearest, 0, 7);
    tcase_add_loop_test(t, a_fitted_table_is_closer_than_equal_steps, 0, 4);
    tcase_add_test(t, logarithmic_weights_are_as_close_as_their_levels_allow);
    tcase_add_loop_test(t, weights_per_tensor_share_a_scale, 0, 3);
    tcase_add_loop_test(t, the_analytic_rule_finds_the_papers_clips, 0, 8);
    tcase_add_test(t, the_percentile_leaves_out_outliers_at_both_ends);
    tcase_add_test(t, before_a_norm_an_error_counts_by_its_share_of_the_pixel);
    tcase_add_test(t, names_of_clippings_are_read_back);
    tcase_add_loop_test(t, an_equalized_network_computes_the_same, 0, CASES);
    tcase_add_test(t, equal_channels_lose_less_with_one_scale_for_all);
    tcase_add_loop_test(t, a_dead_channel_is_not_equalized, 0, 2);
    tcase_add_loop_test(t, a_file_gives_back_every_bit, 0, 5);
    tcase_add_test(t, broken_files_are_refused);
    tcase_add_test(t, a_missing_broken_or_foreign_file_is_made_again);
    tcase_add_test(t, options_without_a_quantizer_are_refused);
    return suite_run(s);
}

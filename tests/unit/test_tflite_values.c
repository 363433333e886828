// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What TensorFlow Lite files compute: functions by their formulas, and a file's own integers bit for bit as its kernels do.
#include "quant/net/float_run.h"
#include "quant/program/lowered.h"
#include "tests/suite.h"
#include "tests/unit/tfl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Integer tensors with one scale. */
static int quantized(int rank, const int32_t *dims, int type, const float *scale, int64_t zero)
{
    int t = tfl_tensor(rank, dims, type, NULL, 0);
    tfl.file.tensors[t].scales = scale;
    tfl.file.tensors[t].n_scales = 1;
    tfl.file.tensors[t].zero = zero;
    return t;
}

static int constant(int rank, const int32_t *dims, int type, const void *data, size_t bytes, const float *scales, int n_scales)
{
    int t = tfl_tensor(rank, dims, type, data, bytes);
    tfl.file.tensors[t].scales = scales;
    tfl.file.tensors[t].n_scales = n_scales;
    return t;
}

/* tensorflow/lite/kernels/internal/common.h, MultiplyByQuantizedMultiplier, and quantization_util.cc, QuantizeMultiplier */
static int32_t multiplied(int32_t value, double factor)
{
    int shift;
    int64_t m = llround(frexp(factor, &shift) * 2147483648.0);
    if (m == 2147483648)
        m /= 2, shift++;
    int64_t product = (int64_t)value * (1 << (shift > 0 ? shift : 0)) * m;
    int32_t high = (int32_t)((product + (product >= 0 ? 1 << 30 : 1 - (1 << 30))) / 2147483648);
    int right = shift > 0 ? 0 : -shift;
    int32_t mask = (int32_t)((1ll << right) - 1), rest = high & mask, threshold = (mask >> 1) + (high < 0);
    return (high >> right) + (rest > threshold);
}

static int32_t limited(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Runs the file's own integers on one sample. */
static void run_given(const int8_t *in, int8_t *out)
{
    struct quantized q;
    struct candidate c = {.n = tfl.net.n_slots};
    struct lowered l;
    ck_assert(net_is_given(&tfl.net));
    for (int i = 0; i < c.n; i++)
        ck_assert(net_given_setting(&tfl.net, i, &c.layers[i]));
    ck_assert_msg(quantized_given(&tfl.net, &q, &tfl.error) == 0, "%s", tfl.error.text);
    ck_assert_msg(lowered_make(&tfl.net, &q, &c, NULL, &l, &tfl.error) == 0, "%s", tfl.error.text);
    uint8_t *arena = aligned_alloc(64, (l.program.header->arena_bytes + 63) / 64 * 64);
    memcpy(arena + program_input(&l.program)->arena_offset, in, program_input(&l.program)->bytes);
    program_run(&l.program, lowered_blobs(&l), arena, NULL);
    memcpy(out, arena + program_output(&l.program)->arena_offset, program_output(&l.program)->bytes);
    free(arena);
    lowered_finish(&l);
    quantized_finish(&q);
}

START_TEST(integers_of_a_file_give_what_its_kernels_give)
{
    static const float in_scale = 0.0371f, out_scale = 0.0523f, scales[3] = {0.011f, 0.0007f, 0.02f}, bias_scale = 1;
    static const int32_t biases[3] = {1234, -77777777, -5};
    int8_t codes[3 * 4], in[5 * 4], out[5 * 3];
    for (int i = 0; i < 12; i++)
        codes[i] = (int8_t)rng_u32(&tfl.rng);
    for (int i = 0; i < 20; i++)
        in[i] = (int8_t)rng_u32(&tfl.rng);
    int x = quantized(4, INTS(1, 5, 1, 4), INT8, &in_scale, -7), y = quantized(4, INTS(1, 5, 1, 3), INT8, &out_scale, 11);
    int w = constant(4, INTS(3, 1, 1, 4), INT8, codes, sizeof codes, scales, 3);
    int b = constant(1, INTS(3), INT32, biases, sizeof biases, &bias_scale, 1);
    tfl_op(CONV_2D, x, w, b, y, 6, INTS(1, 1, 1, 3, 1, 1)); // RELU6
    tfl_take(y);
    ck_assert_float_eq(tfl.net.grids[tfl.net.input].scale, in_scale);
    ck_assert_int_eq(tfl.net.grids[tfl.net.output].zero_point, 11);
    run_given(in, out);
    for (int p = 0; p < 5; p++)
        for (int c = 0; c < 3; c++) {
            int32_t sum = biases[c];
            for (int i = 0; i < 4; i++)
                sum += codes[c * 4 + i] * (in[p * 4 + i] + 7);
            int32_t wanted = multiplied(sum, (double)in_scale * (double)scales[c] / (double)out_scale) + 11;
            ck_assert_int_eq(out[p * 3 + c], limited(wanted, 11, limited(11 + (int32_t)lroundf(6 / out_scale), 11, 127)));
        }
}
END_TEST

START_TEST(a_fully_connected_layer_of_one_scale_multiplies_scales_in_float)
{
    static const float in_scale = 0.0371f, out_scale = 0.0523f, scale = 0.0113f;
    int8_t codes[2 * 8], in[8], out[2];
    for (int i = 0; i < 16; i++)
        codes[i] = (int8_t)rng_u32(&tfl.rng), in[i % 8] = (int8_t)rng_u32(&tfl.rng);
    int x = quantized(2, INTS(1, 8), INT8, &in_scale, 3), y = quantized(2, INTS(1, 2), INT8, &out_scale, 0);
    tfl_op(FULLY_CONNECTED, x, constant(2, INTS(2, 8), INT8, codes, sizeof codes, &scale, 1), -1, y, 1, INTS(0));
    tfl_take(y);
    run_given(in, out);
    for (int c = 0; c < 2; c++) {
        int32_t sum = 0;
        for (int i = 0; i < 8; i++)
            sum += codes[c * 8 + i] * (in[i] - 3);
        ck_assert_int_eq(out[c], limited(multiplied(sum, (double)(in_scale * scale) / (double)out_scale), -128, 127));
    }
}
END_TEST

START_TEST(a_quantize_between_two_scales_is_a_layer_of_ones)
{
    static const float first = 0.05f, second = 0.08f;
    const int8_t in[6] = {-128, -1, 0, 4, 77, 127};
    int8_t out[6];
    int x = quantized(4, INTS(1, 1, 2, 3), UINT8, &first, 100), y = quantized(4, INTS(1, 1, 2, 3), INT8, &second, 9);
    tfl_op(QUANTIZE, x, -1, -1, y, 1, INTS(0));
    tfl_take(y);
    ck_assert(net_is_depthwise(&tfl.net, &tfl.net.ops[0]));
    ck_assert_int_eq(tfl.net.grids[tfl.net.input].zero_point, -28);
    run_given(in, out);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(out[i], limited(multiplied(in[i] + 28, (double)first / (double)second) + 9, -128, 127));
}
END_TEST

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double hard_swish(double x)
{
    return x * fmin(fmax(x + 3, 0), 6) / 6;
}

START_TEST(functions_products_and_concatenation_give_their_formulas)
{
    static const int32_t axes[2] = {1, 2};
    int x = tfl_activation(2, 3, 4), k = tfl_weights(4, 1, 1, 4), a = tfl_activation(2, 3, 4), g = tfl_activation(2, 3, 4);
    int s = tfl_activation(2, 3, 4);
    int h = tfl_activation(2, 3, 4), m = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0), p = tfl_activation(2, 3, 4);
    int t = tfl_activation(2, 3, 4);
    int y = tfl_activation(2, 3, 16);
    tfl_op(CONV_2D, x, k, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_op(LOGISTIC, a, -1, -1, g, 1, INTS(0));
    tfl_op(MUL, a, g, -1, s, 1, INTS(1)); // RELU
    tfl_op(HARD_SWISH, a, -1, -1, h, 1, INTS(0));
    tfl_op(MEAN, h, tfl_tensor(1, INTS(2), INT32, axes, sizeof axes), -1, m, 1, INTS(0));
    tfl_op(MUL, m, h, -1, p, 1, INTS(0));
    tfl_op(TANH, a, -1, -1, t, 1, INTS(0));
    tfl_op(CONCATENATION, s, p, t, y, 2, INTS(3, 0));
    tfl.file.ops[tfl.file.n_ops - 1].inputs[3] = x;
    tfl.file.ops[tfl.file.n_ops - 1].n_inputs = 4;
    tfl_take(y);
    ck_assert_int_eq(tfl.net.ops[1].function.kind, FUNCTION_SILU); // the sigmoid and the product
    ck_assert_float_eq(tfl.net.ops[1].act_min, 0);
    struct float_run r;
    ck_assert_int_eq(float_run_init(&r, &tfl.net, 1, &tfl.error), 0);
    memcpy(float_run_input(&r), tfl.noise + 100, 24 * sizeof *tfl.noise);
    const float *out = float_run_go(&r, 1, NULL, NULL);
    double sums[24], means[4] = {0};
    for (int i = 0; i < 24; i++) {
        sums[i] = 0;
        for (int c = 0; c < 4; c++)
            sums[i] += (double)tfl.noise[i % 4 * 4 + c] * (double)tfl.noise[100 + i / 4 * 4 + c];
        means[i % 4] += hard_swish(sums[i]) / 6;
    }
    for (int i = 0; i < 24; i++) {
        const float *pixel = out + i / 4 * 16;
        ck_assert_double_eq_tol(pixel[i % 4], fmax(sums[i] * sigmoid(sums[i]), 0), 1e-5);
        ck_assert_double_eq_tol(pixel[4 + i % 4], hard_swish(sums[i]) * means[i % 4], 1e-5);
        ck_assert_double_eq_tol(pixel[8 + i % 4], tanh(sums[i]), 1e-5);
        ck_assert_float_eq(pixel[12 + i % 4], tfl.noise[100 + i]);
    }
    float_run_finish(&r);
}
END_TEST

static int32_t coded(double value, double scale, int zero)
{
    return limited((int32_t)lround(value / scale) + zero, -128, 127);
}

START_TEST(functions_products_and_concatenation_work_on_the_integers_of_a_file)
{
    static const float in_scale = 0.03f, a_scale = 0.06f, g_scale = 1.f / 256, s_scale = 0.05f, w_scale = 0.01f;
    static const int32_t biases[4] = {100, -200, 300, 0};
    static const float bias_scale = 1;
    int8_t codes[16], in[24], out[6 * 12];
    for (int i = 0; i < 16; i++)
        codes[i] = (int8_t)rng_u32(&tfl.rng);
    for (int i = 0; i < 24; i++)
        in[i] = (int8_t)rng_u32(&tfl.rng);
    int x = quantized(4, INTS(1, 2, 3, 4), INT8, &in_scale, 3), a = quantized(4, INTS(1, 2, 3, 4), INT8, &a_scale, -9);
    int g = quantized(4, INTS(1, 2, 3, 4), INT8, &g_scale, -128), h = quantized(4, INTS(1, 2, 3, 4), INT8, &s_scale, -50);
    int s = quantized(4, INTS(1, 2, 3, 4), INT8, &s_scale, -50), y = quantized(4, INTS(1, 2, 3, 12), INT8, &s_scale, -50);
    int t = quantized(4, INTS(1, 2, 3, 4), INT8, &s_scale, -50);
    int w = constant(4, INTS(4, 1, 1, 4), INT8, codes, sizeof codes, &w_scale, 1);
    int b = constant(1, INTS(4), INT32, biases, sizeof biases, &bias_scale, 1);
    tfl_op(CONV_2D, x, w, b, a, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_op(LOGISTIC, a, -1, -1, g, 1, INTS(0));
    tfl_op(MUL, a, g, -1, s, 1, INTS(0));
    tfl_op(HARD_SWISH, a, -1, -1, h, 1, INTS(0));
    tfl_op(MUL, a, a, -1, t, 1, INTS(1)); // RELU
    tfl_op(CONCATENATION, s, h, t, y, 2, INTS(-1, 0));
    tfl_take(y);
    run_given(in, out);
    for (int i = 0; i < 24; i++) {
        int32_t sum = biases[i % 4];
        for (int c = 0; c < 4; c++)
            sum += codes[i % 4 * 4 + c] * (in[i / 4 * 4 + c] - 3);
        int32_t code = limited(multiplied(sum, (double)in_scale * (double)w_scale / (double)a_scale) - 9, -128, 127);
        double value = (double)a_scale * (code + 9), square = (double)a_scale * (double)a_scale / (double)s_scale;
        int32_t gate = coded(sigmoid(value), 1. / 256, -128);
        int32_t product = multiplied((code + 9) * (gate + 128), (double)a_scale / 256 / (double)s_scale) - 50;
        const int8_t *pixel = out + i / 4 * 12 + i % 4;
        ck_assert_int_eq(pixel[0], limited(product, -128, 127));
        ck_assert_int_eq(pixel[4], coded(hard_swish(value), (double)s_scale, -50));
        ck_assert_int_eq(pixel[8], limited(multiplied((code + 9) * (code + 9), square) - 50, -50, 127));
    }
}
END_TEST

START_TEST(float_ends_and_half_weights_are_seen_through)
{
    static const float in_scale = 0.5f, out_scale = 2;
    static const uint16_t halves[3] = {0x3c00, 0xc000, 0x0001}; // 1, -2, 2^-24
    int x = tfl_activation(1, 1, 3), q = quantized(4, INTS(1, 1, 1, 3), INT8, &in_scale, 1), y = tfl_activation(1, 1, 3);
    int k = tfl_tensor(4, INTS(1, 1, 1, 3), FLOAT16, halves, sizeof halves), w = tfl_tensor(4, INTS(1, 1, 1, 3), FLOAT32, NULL, 0);
    int s = quantized(4, INTS(1, 1, 1, 3), INT8, &out_scale, 0);
    tfl_op(QUANTIZE, x, -1, -1, q, 1, INTS(0));
    tfl_op(DEQUANTIZE, k, -1, -1, w, 1, INTS(0));
    tfl_op(DEPTHWISE_CONV_2D, q, w, -1, s, 7, INTS(1, 1, 1, 1, 0, 1, 1));
    tfl_op(DEQUANTIZE, s, -1, -1, y, 1, INTS(0));
    tfl_take(y);
    struct setting given;
    ck_assert_int_eq(tfl.net.n_ops, 1);
    ck_assert(tfl.net.ops[0].weights[0] == 1 && tfl.net.ops[0].weights[1] == -2 && tfl.net.ops[0].weights[2] == 0x1p-24f);
    ck_assert(tfl.net.grids[0].zero_point == 1 && tfl.net.grids[1].scale == out_scale);
    ck_assert(!net_given_setting(&tfl.net, 0, &given) && !net_is_given(&tfl.net)); // its weights are no integers
    ck_assert(tfl.net.ops[0].act_min == -256 && tfl.net.ops[0].act_max == 254);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tflite");
    TCase *tc = suite_case(suite, "tflite_values", tfl_setup, tfl_teardown);
    tcase_add_test(tc, integers_of_a_file_give_what_its_kernels_give);
    tcase_add_test(tc, a_fully_connected_layer_of_one_scale_multiplies_scales_in_float);
    tcase_add_test(tc, a_quantize_between_two_scales_is_a_layer_of_ones);
    tcase_add_test(tc, functions_products_and_concatenation_give_their_formulas);
    tcase_add_test(tc, functions_products_and_concatenation_work_on_the_integers_of_a_file);
    tcase_add_test(tc, float_ends_and_half_weights_are_seen_through);
    return suite_run(suite);
}

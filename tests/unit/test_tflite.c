// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite files made here: what becomes of each operator, what is refused, and that broken files
// never crash.
#include "quant/import/flat.h"
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/program/lowered.h"
#include "tests/flat_builder.h"
#include "tests/suite.h"

#include "base/rng.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { // BuiltinOperator, TensorType
    ADD = 0,
    AVERAGE_POOL_2D = 1,
    CONCATENATION = 2,
    CONV_2D = 3,
    DEPTHWISE_CONV_2D = 4,
    FULLY_CONNECTED = 9,
    LOGISTIC = 14,
    MAX_POOL_2D = 17,
    MUL = 18,
    RESHAPE = 22,
    SOFTMAX = 25,
    TANH = 28,
    PAD = 34,
    DEQUANTIZE = 6,
    TRANSPOSE = 39,
    MEAN = 40,
    STRIDED_SLICE = 45,
    SHAPE = 77,
    PACK = 83,
    QUANTIZE = 114,
    HARD_SWISH = 117,
    FLOAT32 = 0,
    FLOAT16 = 1,
    INT32 = 2,
    UINT8 = 3,
    INT8 = 9,
};

#define TENSORS_MAX 24
#define OPS_MAX 12
#define INTS(...) ((const int32_t[]){__VA_ARGS__})

/* What a file will have; written at once, because FlatBuffers refer forwards. */
struct described {
    int n_tensors, n_ops, input, output;
    struct {
        int rank, type;
        int32_t dims[4];
        const void *data;
        size_t bytes;
        const float *scales; // [n_scales], along the first axis
        int n_scales;
        int64_t zero; // of all
    } tensors[TENSORS_MAX];
    struct {
        int code, n_inputs, output, n_options;
        int32_t inputs[4], options[8];
    } ops[OPS_MAX];
};

static struct described file;
static struct flat_builder builder;
static struct net net;
static struct error error;
static struct rng rng;
static float noise[4096];

static void setup(void)
{
    memset(&file, 0, sizeof file);
    net_init(&net);
    rng_seed(&rng, 5, 1);
    error.text[0] = 0;
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
        noise[i] = (float)rng_normal(&rng);
}

static void teardown(void)
{
    net_finish(&net);
}

static int tensor(int rank, const int32_t *dims, int type, const void *data, size_t bytes)
{
    int t = file.n_tensors++;
    file.tensors[t].rank = rank;
    file.tensors[t].type = type;
    memcpy(file.tensors[t].dims, dims, (size_t)rank * sizeof *dims);
    file.tensors[t].data = data;
    file.tensors[t].bytes = bytes;
    return t;
}

static int activation(int h, int w, int c)
{
    return tensor(4, INTS(1, h, w, c), FLOAT32, NULL, 0);
}

static int weights(int a, int b, int c, int d)
{
    return tensor(4, INTS(a, b, c, d), FLOAT32, noise, (size_t)(a * b * c * d) * sizeof *noise);
}

/* in1 and in2 are -1 where there are none. */
static void op(int code, int in0, int in1, int in2, int out, int n_options, const int32_t *options)
{
    int k = file.n_ops++;
    file.ops[k].code = code;
    file.ops[k].n_inputs = in2 >= 0 ? 3 : in1 >= 0 ? 2 : 1;
    file.ops[k].inputs[0] = in0;
    file.ops[k].inputs[1] = in1;
    file.ops[k].inputs[2] = in2;
    file.ops[k].output = out;
    file.ops[k].n_options = n_options;
    memcpy(file.ops[k].options, options, (size_t)n_options * sizeof *options);
}

static void write_tensors(size_t graph)
{
    size_t tables[TENSORS_MAX], list = flat_builder_references(&builder, (size_t)file.n_tensors);
    flat_builder_refer(&builder, graph, 0, list);
    for (int i = 0; i < file.n_tensors; i++) {
        tables[i] = flat_builder_table(&builder, 5);
        flat_builder_element(&builder, list, (size_t)i, tables[i]);
        flat_builder_set(&builder, tables[i], 1, file.tensors[i].type);
        flat_builder_set(&builder, tables[i], 2, i + 1);
        flat_builder_refer(
            &builder, tables[i], 0,
            flat_builder_integers(&builder, (size_t)file.tensors[i].rank, file.tensors[i].dims));
        char name[] = {'t', (char)('a' + i), ';', 'x'};
        flat_builder_refer(&builder, tables[i], 3, flat_builder_bytes(&builder, name, sizeof name, 1));
        size_t q = flat_builder_table(&builder, 4);
        if (file.tensors[i].n_scales)
            flat_builder_refer(&builder, q, 3, flat_builder_bytes(&builder, &file.tensors[i].zero, 1, 8));
        flat_builder_refer(&builder, tables[i], 4, q);
        flat_builder_refer(&builder, q, 0, flat_builder_integers(&builder, 0, INTS(0)));
        flat_builder_refer(&builder, q, 1, flat_builder_integers(&builder, 0, INTS(0)));
        flat_builder_refer(
            &builder, q, 2,
            flat_builder_bytes(&builder, file.tensors[i].scales, (size_t)file.tensors[i].n_scales, 4));
    }
}

static void write_ops(size_t graph)
{
    size_t list = flat_builder_references(&builder, (size_t)file.n_ops);
    flat_builder_refer(&builder, graph, 3, list);
    for (int i = 0; i < file.n_ops; i++) {
        size_t t = flat_builder_table(&builder, 5);
        flat_builder_element(&builder, list, (size_t)i, t);
        flat_builder_set(&builder, t, 0, i);
        flat_builder_refer(&builder, t, 1,
                           flat_builder_integers(&builder, (size_t)file.ops[i].n_inputs, file.ops[i].inputs));
        flat_builder_refer(&builder, t, 2, flat_builder_integers(&builder, 1, INTS(file.ops[i].output)));
        size_t options = flat_builder_table(&builder, (unsigned)file.ops[i].n_options);
        flat_builder_refer(&builder, t, 4, options);
        for (int k = 0; k < file.ops[i].n_options; k++)
            flat_builder_set(&builder, options, (unsigned)k, file.ops[i].options[k]);
    }
}

static void write_file(void)
{
    flat_builder_init(&builder, "TFL3");
    size_t model = flat_builder_table(&builder, 5);
    flat_builder_set(&builder, model, 0, 3);
    size_t codes = flat_builder_references(&builder, (size_t)file.n_ops);
    flat_builder_refer(&builder, model, 1, codes);
    for (int i = 0; i < file.n_ops; i++) {
        size_t code = flat_builder_table(&builder, 4);
        flat_builder_element(&builder, codes, (size_t)i, code);
        flat_builder_set(&builder, code, 3, file.ops[i].code);
    }
    size_t graphs = flat_builder_references(&builder, 1), graph = flat_builder_table(&builder, 4);
    flat_builder_refer(&builder, model, 2, graphs);
    flat_builder_element(&builder, graphs, 0, graph);
    flat_builder_refer(&builder, model, 3, flat_builder_bytes(&builder, "test", 4, 1));
    write_tensors(graph);
    flat_builder_refer(&builder, graph, 1, flat_builder_integers(&builder, 1, INTS(file.input)));
    flat_builder_refer(&builder, graph, 2, flat_builder_integers(&builder, 1, INTS(file.output)));
    write_ops(graph);
    size_t buffers = flat_builder_references(&builder, (size_t)file.n_tensors + 1);
    flat_builder_refer(&builder, model, 4, buffers);
    for (int i = 0; i <= file.n_tensors; i++) {
        size_t buffer = flat_builder_table(&builder, 1);
        flat_builder_element(&builder, buffers, (size_t)i, buffer);
        flat_builder_refer(&builder, buffer, 0,
                           flat_builder_bytes(&builder, i ? file.tensors[i - 1].data : NULL,
                                              i ? file.tensors[i - 1].bytes : 0, 1));
    }
}

static void take(int output)
{
    file.output = output;
    write_file();
    ck_assert_msg(import_bytes((const char *)builder.bytes, builder.size, &net, &error) == 0, "%s",
                  error.text);
}

static void refuse(int output, const char *why)
{
    file.output = output;
    write_file();
    ck_assert_int_eq(import_bytes((const char *)builder.bytes, builder.size, &net, &error), -1);
    ck_assert_msg(strstr(error.text, why) != NULL, "said \"%s\"", error.text);
}

START_TEST(a_convolution_keeps_its_weights_and_pads_at_the_end)
{
    int x = activation(8, 7, 3), w = weights(5, 3, 2, 3), b = tensor(1, INTS(5), FLOAT32, noise, 20),
        y = activation(4, 4, 5);
    op(CONV_2D, x, w, b, y, 6, INTS(0, 2, 2, 3, 1, 1)); // SAME, strides 2, RELU6
    take(y);
    const struct net_op *c = &net.ops[0];
    ck_assert_int_eq(c->kind, NET_CONV);
    ck_assert_str_eq(c->name, "td");
    ck_assert(c->kernel_h == 3 && c->kernel_w == 2 && c->stride_h == 2 && c->stride_w == 2 && c->groups == 1);
    ck_assert(c->pad_top == 0 && c->pad_bottom == 1 && c->pad_left == 0 && c->pad_right == 1);
    ck_assert(c->act_min == 0 && c->act_max == 6);
    ck_assert_int_eq(memcmp(c->weights, noise, 5 * 3 * 2 * 3 * sizeof *noise), 0);
    ck_assert_int_eq(memcmp(c->bias, noise, 5 * sizeof *noise), 0);
}
END_TEST

START_TEST(a_depthwise_convolution_with_a_multiplier_is_turned)
{
    int x = activation(6, 6, 2), w = weights(1, 3, 3, 6), y = activation(4, 4, 6);
    op(DEPTHWISE_CONV_2D, x, w, -1, y, 7, INTS(1, 1, 1, 3, 1, 1, 1)); // VALID, multiplier 3, RELU
    take(y);
    const struct net_op *c = &net.ops[0];
    ck_assert(c->groups == 2 && c->act_min == 0 && isinf(c->act_max));
    for (int o = 0; o < 6; o++)
        for (int t = 0; t < 9; t++)
            ck_assert_float_eq(c->weights[o * 9 + t], noise[t * 6 + o]);
}
END_TEST

#define BETA_1 0x3f800000 // as its bits

START_TEST(a_softmax_of_a_plane_or_amid_vectors_is_an_operation)
{
    int x = activation(8, 8, 3), w = weights(4, 1, 1, 3), a = activation(8, 8, 4), s = activation(8, 8, 4), y = activation(8, 8, 4);
    op(CONV_2D, x, w, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    op(SOFTMAX, a, -1, -1, s, 1, INTS(BETA_1));
    op(ADD, s, a, -1, y, 1, INTS(0));
    take(y);
    ck_assert_int_eq(net.n_ops, 3);
    ck_assert_int_eq(net.ops[1].kind, NET_SOFTMAX);
    ck_assert(!net.softmax);

    teardown();
    setup();
    int v = tensor(2, INTS(1, 4), FLOAT32, NULL, 0), f = tensor(2, INTS(4, 4), FLOAT32, noise, 64), g = tensor(2, INTS(1, 4), FLOAT32, NULL, 0);
    int p = tensor(2, INTS(1, 4), FLOAT32, NULL, 0), z = tensor(2, INTS(1, 4), FLOAT32, NULL, 0);
    op(FULLY_CONNECTED, v, f, -1, g, 4, INTS(0, 0, 0, 0));
    op(SOFTMAX, g, -1, -1, p, 1, INTS(BETA_1));
    op(FULLY_CONNECTED, p, f, -1, z, 4, INTS(0, 0, 0, 0));
    take(z);
    ck_assert_int_eq(net.n_ops, 3);
    ck_assert_int_eq(net.ops[1].kind, NET_SOFTMAX);
}
END_TEST

START_TEST(a_softmax_with_another_beta_is_taken_only_at_the_end)
{
    int x = activation(8, 8, 3), w = weights(4, 1, 1, 3), a = activation(8, 8, 4), s = activation(8, 8, 4);
    op(CONV_2D, x, w, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    op(SOFTMAX, a, -1, -1, s, 1, INTS(0x40000000));
    refuse(s, "a SOFTMAX with a beta of 2 is supported only at the network's end");
}
END_TEST

START_TEST(a_small_network_is_taken_whole)
{
    static const int32_t pads[8] = {0, 0, 1, 0, 2, 1, 0, 0}, axes[2] = {1, 2}, shape[2] = {1, 4};
    int x = activation(8, 8, 3), w = weights(4, 1, 1, 3), a = activation(8, 8, 4), p = activation(9, 11, 4);
    int k = weights(4, 3, 4, 4), b = activation(7, 8, 4), m = activation(7, 8, 4), s = activation(7, 8, 4);
    op(CONV_2D, x, w, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    op(PAD, a, tensor(2, INTS(4, 2), INT32, pads, sizeof pads), -1, p, 1, INTS(0));
    op(CONV_2D, p, k, -1, b, 6, INTS(1, 1, 1, 1, 1, 1));
    op(MAX_POOL_2D, b, -1, -1, m, 6, INTS(0, 1, 1, 3, 2, 0));
    op(ADD, m, b, -1, s, 1, INTS(1));
    int g = tensor(2, INTS(1, 4), FLOAT32, NULL, 0), r = tensor(2, INTS(1, 4), FLOAT32, NULL, 0);
    int f = tensor(2, INTS(5, 4), FLOAT32, noise, 80), d = tensor(2, INTS(1, 5), FLOAT32, NULL, 0);
    int z = tensor(2, INTS(1, 5), FLOAT32, NULL, 0);
    op(MEAN, s, tensor(1, INTS(2), INT32, axes, sizeof axes), -1, g, 1, INTS(0));
    op(RESHAPE, g, tensor(1, INTS(2), INT32, shape, sizeof shape), -1, r, 1, INTS(0));
    op(FULLY_CONNECTED, r, f, -1, d, 4, INTS(0, 0, 0, 0));
    op(SOFTMAX, d, -1, -1, z, 1, INTS(0));
    take(z);
    ck_assert_int_eq(net.n_ops, 6);
    ck_assert(net.softmax);
    ck_assert(net.ops[1].pad_top == 1 && net.ops[1].pad_bottom == 0 && net.ops[1].pad_left == 2 &&
              net.ops[1].pad_right == 1);
    ck_assert(net.ops[2].kind == NET_MAXPOOL && net.ops[2].kernel_w == 3 && net.ops[2].kernel_h == 2);
    ck_assert(net.ops[3].kind == NET_ADD && net.ops[3].act_min == 0);
    ck_assert(net.ops[4].kind == NET_AVGPOOL && net.ops[4].kernel_h == 7 && net.ops[4].kernel_w == 8);
    ck_assert(net.ops[5].kind == NET_DENSE);
}
END_TEST

START_TEST(integer_weights_between_float_activations_are_scaled)
{
    static const int8_t codes[6] = {-128, 1, 2, 3, 100, 127};
    static const float scales[2] = {0.5f, 0.25f};
    int x = tensor(2, INTS(1, 3), FLOAT32, NULL, 0), w = tensor(2, INTS(2, 3), INT8, codes, sizeof codes);
    int y = tensor(2, INTS(1, 2), FLOAT32, NULL, 0);
    file.tensors[w].scales = scales;
    file.tensors[w].n_scales = 2;
    op(FULLY_CONNECTED, x, w, -1, y, 4, INTS(0, 0, 0, 0));
    take(y);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(net.ops[0].weights[i], (float)codes[i] * scales[i / 3]);
}
END_TEST

/* Integer tensors with one scale. */
static int quantized(int rank, const int32_t *dims, int type, const float *scale, int64_t zero)
{
    int t = tensor(rank, dims, type, NULL, 0);
    file.tensors[t].scales = scale;
    file.tensors[t].n_scales = 1;
    file.tensors[t].zero = zero;
    return t;
}

static int constant(int rank, const int32_t *dims, int type, const void *data, size_t bytes, const float *scales, int n_scales)
{
    int t = tensor(rank, dims, type, data, bytes);
    file.tensors[t].scales = scales;
    file.tensors[t].n_scales = n_scales;
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
    struct candidate c = {.n = net.n_slots};
    struct lowered l;
    ck_assert(net_is_given(&net));
    for (int i = 0; i < c.n; i++)
        ck_assert(net_given_setting(&net, i, &c.layers[i]));
    ck_assert_msg(quantized_given(&net, &q, &error) == 0, "%s", error.text);
    ck_assert_msg(lowered_make(&net, &q, &c, NULL, &l, &error) == 0, "%s", error.text);
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
        codes[i] = (int8_t)rng_u32(&rng);
    for (int i = 0; i < 20; i++)
        in[i] = (int8_t)rng_u32(&rng);
    int x = quantized(4, INTS(1, 5, 1, 4), INT8, &in_scale, -7), y = quantized(4, INTS(1, 5, 1, 3), INT8, &out_scale, 11);
    int w = constant(4, INTS(3, 1, 1, 4), INT8, codes, sizeof codes, scales, 3);
    int b = constant(1, INTS(3), INT32, biases, sizeof biases, &bias_scale, 1);
    op(CONV_2D, x, w, b, y, 6, INTS(1, 1, 1, 3, 1, 1)); // RELU6
    take(y);
    ck_assert_float_eq(net.grids[net.input].scale, in_scale);
    ck_assert_int_eq(net.grids[net.output].zero_point, 11);
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
        codes[i] = (int8_t)rng_u32(&rng), in[i % 8] = (int8_t)rng_u32(&rng);
    int x = quantized(2, INTS(1, 8), INT8, &in_scale, 3), y = quantized(2, INTS(1, 2), INT8, &out_scale, 0);
    op(FULLY_CONNECTED, x, constant(2, INTS(2, 8), INT8, codes, sizeof codes, &scale, 1), -1, y, 1, INTS(0));
    take(y);
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
    op(QUANTIZE, x, -1, -1, y, 1, INTS(0));
    take(y);
    ck_assert(net_is_depthwise(&net, &net.ops[0]));
    ck_assert_int_eq(net.grids[net.input].zero_point, -28);
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
    int x = activation(2, 3, 4), k = weights(4, 1, 1, 4), a = activation(2, 3, 4), g = activation(2, 3, 4), s = activation(2, 3, 4);
    int h = activation(2, 3, 4), m = tensor(2, INTS(1, 4), FLOAT32, NULL, 0), p = activation(2, 3, 4), t = activation(2, 3, 4);
    int y = activation(2, 3, 16);
    op(CONV_2D, x, k, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    op(LOGISTIC, a, -1, -1, g, 1, INTS(0));
    op(MUL, a, g, -1, s, 1, INTS(1)); // RELU
    op(HARD_SWISH, a, -1, -1, h, 1, INTS(0));
    op(MEAN, h, tensor(1, INTS(2), INT32, axes, sizeof axes), -1, m, 1, INTS(0));
    op(MUL, m, h, -1, p, 1, INTS(0));
    op(TANH, a, -1, -1, t, 1, INTS(0));
    op(CONCATENATION, s, p, t, y, 2, INTS(3, 0));
    file.ops[file.n_ops - 1].inputs[3] = x;
    file.ops[file.n_ops - 1].n_inputs = 4;
    take(y);
    ck_assert_int_eq(net.ops[1].function.kind, FUNCTION_SILU); // the sigmoid and the product
    ck_assert_float_eq(net.ops[1].act_min, 0);
    struct float_run r;
    ck_assert_int_eq(float_run_init(&r, &net, 1, &error), 0);
    memcpy(float_run_input(&r), noise + 100, 24 * sizeof *noise);
    const float *out = float_run_go(&r, 1, NULL, NULL);
    double sums[24], means[4] = {0};
    for (int i = 0; i < 24; i++) {
        sums[i] = 0;
        for (int c = 0; c < 4; c++)
            sums[i] += (double)noise[i % 4 * 4 + c] * (double)noise[100 + i / 4 * 4 + c];
        means[i % 4] += hard_swish(sums[i]) / 6;
    }
    for (int i = 0; i < 24; i++) {
        const float *pixel = out + i / 4 * 16;
        ck_assert_double_eq_tol(pixel[i % 4], fmax(sums[i] * sigmoid(sums[i]), 0), 1e-5);
        ck_assert_double_eq_tol(pixel[4 + i % 4], hard_swish(sums[i]) * means[i % 4], 1e-5);
        ck_assert_double_eq_tol(pixel[8 + i % 4], tanh(sums[i]), 1e-5);
        ck_assert_float_eq(pixel[12 + i % 4], noise[100 + i]);
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
        codes[i] = (int8_t)rng_u32(&rng);
    for (int i = 0; i < 24; i++)
        in[i] = (int8_t)rng_u32(&rng);
    int x = quantized(4, INTS(1, 2, 3, 4), INT8, &in_scale, 3), a = quantized(4, INTS(1, 2, 3, 4), INT8, &a_scale, -9);
    int g = quantized(4, INTS(1, 2, 3, 4), INT8, &g_scale, -128), h = quantized(4, INTS(1, 2, 3, 4), INT8, &s_scale, -50);
    int s = quantized(4, INTS(1, 2, 3, 4), INT8, &s_scale, -50), y = quantized(4, INTS(1, 2, 3, 12), INT8, &s_scale, -50);
    int t = quantized(4, INTS(1, 2, 3, 4), INT8, &s_scale, -50);
    int w = constant(4, INTS(4, 1, 1, 4), INT8, codes, sizeof codes, &w_scale, 1);
    int b = constant(1, INTS(4), INT32, biases, sizeof biases, &bias_scale, 1);
    op(CONV_2D, x, w, b, a, 6, INTS(0, 1, 1, 0, 1, 1));
    op(LOGISTIC, a, -1, -1, g, 1, INTS(0));
    op(MUL, a, g, -1, s, 1, INTS(0));
    op(HARD_SWISH, a, -1, -1, h, 1, INTS(0));
    op(MUL, a, a, -1, t, 1, INTS(1)); // RELU
    op(CONCATENATION, s, h, t, y, 2, INTS(-1, 0));
    take(y);
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
    int x = activation(1, 1, 3), q = quantized(4, INTS(1, 1, 1, 3), INT8, &in_scale, 1), y = activation(1, 1, 3);
    int k = tensor(4, INTS(1, 1, 1, 3), FLOAT16, halves, sizeof halves), w = tensor(4, INTS(1, 1, 1, 3), FLOAT32, NULL, 0);
    int s = quantized(4, INTS(1, 1, 1, 3), INT8, &out_scale, 0);
    op(QUANTIZE, x, -1, -1, q, 1, INTS(0));
    op(DEQUANTIZE, k, -1, -1, w, 1, INTS(0));
    op(DEPTHWISE_CONV_2D, q, w, -1, s, 7, INTS(1, 1, 1, 1, 0, 1, 1));
    op(DEQUANTIZE, s, -1, -1, y, 1, INTS(0));
    take(y);
    struct setting given;
    ck_assert_int_eq(net.n_ops, 1);
    ck_assert(net.ops[0].weights[0] == 1 && net.ops[0].weights[1] == -2 && net.ops[0].weights[2] == 0x1p-24f);
    ck_assert(net.grids[0].zero_point == 1 && net.grids[1].scale == out_scale);
    ck_assert(!net_given_setting(&net, 0, &given) && !net_is_given(&net)); // its weights are no integers
    ck_assert(net.ops[0].act_min == -256 && net.ops[0].act_max == 254);
}
END_TEST

START_TEST(shapes_that_are_computed_and_axes_of_one_are_folded)
{
    static const int32_t perm[4] = {0, 3, 1, 2}, ends[1] = {1};
    int x = activation(1, 1, 6), w = weights(4, 1, 1, 6), a = activation(1, 1, 4), t = activation(4, 1, 1);
    int shape = tensor(1, INTS(4), INT32, NULL, 0), batch = tensor(1, INTS(1), INT32, NULL, 0);
    int packed = tensor(1, INTS(2), INT32, NULL, 0), one = tensor(1, INTS(1), INT32, ends, sizeof ends);
    int r = tensor(2, INTS(1, 4), FLOAT32, NULL, 0), y = tensor(2, INTS(1, 3), FLOAT32, NULL, 0);
    op(CONV_2D, x, w, -1, a, 6, INTS(1, 1, 1, 0, 1, 1));
    op(TRANSPOSE, a, tensor(1, INTS(4), INT32, perm, sizeof perm), -1, t, 1, INTS(0));
    op(SHAPE, t, -1, -1, shape, 1, INTS(0));
    op(STRIDED_SLICE, shape, one, one, batch, 1, INTS(0));
    op(PACK, batch, one, -1, packed, 1, INTS(0));
    op(RESHAPE, t, packed, -1, r, 1, INTS(0));
    op(FULLY_CONNECTED, r, tensor(2, INTS(3, 4), FLOAT32, noise, 48), -1, y, 1, INTS(0));
    take(y);
    ck_assert_int_eq(net.n_ops, 2);
}
END_TEST

START_TEST(a_flat_input_takes_the_shape_that_is_looked_at)
{
    int x = tensor(2, INTS(1, 30), FLOAT32, NULL, 0), p = activation(5, 6, 1), w = weights(2, 3, 3, 1),
        y = activation(3, 4, 2);
    op(RESHAPE, x, -1, -1, p, 1, INTS(0));
    op(CONV_2D, p, w, -1, y, 6, INTS(1, 1, 1, 0, 1, 1));
    take(y);
    ck_assert(net.tensors[net.input].h == 5 && net.tensors[net.input].w == 6 &&
              net.tensors[net.input].c == 1);
}
END_TEST

START_TEST(what_cannot_be_taken_is_named)
{
    int x = activation(8, 8, 3), y = activation(8, 8, 3);
    op(116, x, -1, -1, y, 1, INTS(0));
    refuse(y, "node 'tb' (builtin 116): this operator is not supported");
    setup();
    x = activation(8, 8, 3);
    y = activation(16, 8, 3);
    op(CONCATENATION, x, x, -1, y, 2, INTS(1, 0));
    refuse(y, "node 'tb' (CONCATENATION): along axis 1 of 4: only along the last is supported");
    setup();
    x = activation(8, 8, 3);
    y = activation(8, 8, 4);
    int z = activation(8, 8, 4);
    op(CONV_2D, x, weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 0, 1, 1));
    op(MUL, x, y, -1, z, 1, INTS(0));
    refuse(z, "node 'tc' (MUL): only of equal shapes, or by one value for each channel, is supported");
    setup();
    x = activation(8, 8, 3);
    y = activation(8, 8, 4);
    op(CONV_2D, x, weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 4, 1, 1)); // TANH
    refuse(y, "node 'tb' (CONV_2D): fused activation 4 is not supported");
    setup();
    x = tensor(4, INTS(1, 8, 8, 3), INT8, NULL, 0);
    y = activation(8, 8, 4);
    op(CONV_2D, x, weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 0, 1, 1));
    refuse(y, "the input: integer activations without one scale");
    setup();
    x = activation(8, 8, 3);
    y = activation(7, 8, 4);
    op(CONV_2D, x, weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 0, 1, 1));
    refuse(y, "its output has 224 values where 256 are computed");
}
END_TEST

START_TEST(offsets_out_of_the_file_are_seen)
{
    static const uint8_t bytes[] = {8, 0, 0, 0, 'T', 'F', 'L', '3', 4, 0, 0, 0, 255, 255, 255, 255};
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct flat f = {bytes, size, false};
        struct flat_table root = flat_root(&f);
        struct flat_vector v = flat_vector_of(&root, 0, 4);
        ck_assert(f.broken);
        ck_assert_uint_eq(v.n, 0);
        ck_assert_int_eq(flat_integer(&root, 3, 8, 42), 42);
    }
}
END_TEST

START_TEST(broken_files_never_crash)
{
    uint8_t *broken = malloc(FLAT_BUILDER_MAX);
    int x = activation(8, 8, 3), a = activation(8, 8, 4), y = activation(4, 4, 4), taken = 0;
    op(CONV_2D, x, weights(4, 1, 1, 3), -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    op(DEPTHWISE_CONV_2D, a, weights(1, 3, 3, 4), -1, y, 7, INTS(0, 2, 2, 1, 1, 1, 1));
    int g = activation(4, 4, 4), m = activation(4, 4, 4), c = activation(4, 4, 12);
    op(LOGISTIC, y, -1, -1, g, 1, INTS(0));
    op(MUL, y, g, -1, m, 1, INTS(0));
    op(CONCATENATION, m, y, g, c, 2, INTS(3, 0));
    take(c);
    for (int i = 0; i < 2000; i++) {
        net_finish(&net);
        memcpy(broken, builder.bytes, builder.size);
        for (int k = 0; k <= i % 4; k++)
            broken[rng_below(&rng, (uint32_t)builder.size)] = (uint8_t)rng_u32(&rng);
        size_t size = i % 5 ? builder.size : rng_below(&rng, (uint32_t)builder.size);
        error.text[0] = 0;
        if (import_bytes((const char *)broken, size, &net, &error))
            ck_assert(error.text[0] != 0);
        else
            taken++;
    }
    ck_assert_int_gt(taken, 50);
    ck_assert_int_lt(taken, 1900);
    free(broken);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tflite");
    TCase *tc = suite_case(suite, "tflite", setup, teardown);
    tcase_add_test(tc, a_convolution_keeps_its_weights_and_pads_at_the_end);
    tcase_add_test(tc, a_depthwise_convolution_with_a_multiplier_is_turned);
    tcase_add_test(tc, a_softmax_of_a_plane_or_amid_vectors_is_an_operation);
    tcase_add_test(tc, a_softmax_with_another_beta_is_taken_only_at_the_end);
    tcase_add_test(tc, a_small_network_is_taken_whole);
    tcase_add_test(tc, integer_weights_between_float_activations_are_scaled);
    tcase_add_test(tc, integers_of_a_file_give_what_its_kernels_give);
    tcase_add_test(tc, a_fully_connected_layer_of_one_scale_multiplies_scales_in_float);
    tcase_add_test(tc, a_quantize_between_two_scales_is_a_layer_of_ones);
    tcase_add_test(tc, functions_products_and_concatenation_give_their_formulas);
    tcase_add_test(tc, functions_products_and_concatenation_work_on_the_integers_of_a_file);
    tcase_add_test(tc, float_ends_and_half_weights_are_seen_through);
    tcase_add_test(tc, shapes_that_are_computed_and_axes_of_one_are_folded);
    tcase_add_test(tc, a_flat_input_takes_the_shape_that_is_looked_at);
    tcase_add_test(tc, what_cannot_be_taken_is_named);
    tcase_add_test(tc, offsets_out_of_the_file_are_seen);
    tcase_add_test(tc, broken_files_never_crash);
    return suite_run(suite);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX models made here, imported and run, against the operators' definitions; what is refused, and how it is said.
#include "quant/import/import.h"
#include "quant/net/float_run.h"

#include "tests/onnx_model.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rng rng;
static struct error error;
static struct net net;
static Onnx__ModelProto *model;

#define DIMS(...) ((const int64_t[]){__VA_ARGS__})

static void setup(void)
{
    rng_seed(&rng, 11, 1);
    net_init(&net);
    model = NULL;
    error.text[0] = 0;
}

static void teardown(void)
{
    net_finish(&net);
    if (model)
        onnx_model_destroy(model);
}

static void start(int opset, int rank, const int64_t *dims)
{
    teardown();
    net_init(&net);
    model = onnx_model_create(opset, rank, dims);
}

static Onnx__NodeProto *node(const char *type, const char *inputs, const char *output)
{
    return onnx_model_node(model, type, inputs, output);
}

static void noise(const char *name, int rank, const int64_t *dims)
{
    onnx_model_noise(model, name, rank, dims, 0, &rng);
}

static int take(void)
{
    char *bytes;
    size_t size = onnx_model_pack(model, &bytes);
    int failed = import_bytes(bytes, size, &net, &error);
    free(bytes);
    return failed;
}

static void refuse(const char *why)
{
    ck_assert_int_eq(take(), -1);
    ck_assert_msg(strstr(error.text, why) != NULL, "said \"%s\"", error.text);
    ck_assert_msg(!strchr(error.text, '\n'), "more than one line: %s", error.text);
    ck_assert_int_eq(net.n_ops, 0);
}

enum layout {
    CHANNELS_FIRST, // the file counts c, h, w; the network h, w, c
    AS_STORED,
};

/* Where element i of the network's tensor stands in the file's order. */
static size_t place(const struct net_tensor *t, enum layout layout, size_t i)
{
    size_t c = i % (size_t)t->c, pixel = i / (size_t)t->c;
    return layout == CHANNELS_FIRST ? c * (size_t)t->h * (size_t)t->w + pixel : i;
}

/* Imports the model and compares one sample with the definitions; in and out say how the file counts. */
static void compare(enum layout in, enum layout out)
{
    ck_assert_msg(take() == 0, "%s", error.text);
    const struct net_tensor *from = &net.tensors[net.input], *to = &net.tensors[net.output];
    double *x = calloc(net_elements(from), sizeof *x);
    for (size_t i = 0; i < net_elements(from); i++)
        x[i] = (double)(float)rng_normal(&rng);
    struct onnx_array y = onnx_model_run(model, x);
    struct float_run run;
    ck_assert_int_eq(float_run_init(&run, &net, 1, &error), 0);
    for (size_t i = 0; i < net_elements(from); i++)
        float_run_input(&run)[i] = (float)x[place(from, in, i)];
    const float *got = float_run_go(&run, 1, NULL, NULL);
    ck_assert_uint_eq(net_elements(to), onnx_array_count(&y));
    for (size_t i = 0; i < net_elements(to); i++) {
        double expected = y.values[place(to, out, i)];
        ck_assert_msg(fabs((double)got[i] - expected) <= 1e-4 * (1 + fabs(expected)), "element %zu: %g, not %g", i, (double)got[i], expected);
    }
    float_run_finish(&run);
    free(y.values);
    free(x);
}

static int drawn(int from, int to)
{
    return from + (int)rng_below(&rng, (uint32_t)(to - from + 1));
}

/* A 1 x 1 convolution from x to `output` with `c` channels: something to stand before the operator under test. */
static void stem(const char *output, int in_c, int c)
{
    noise("stem_w", 4, DIMS(c, in_c, 1, 1));
    noise("stem_b", 1, DIMS(c));
    node("Conv", "x stem_w stem_b", output);
}

/* ---- Conv ---- */

static void random_conv(int i)
{
    static const int shapes[][3] = {{1, 3, 5}, {4, 4, 4}, {4, 4, 8}, {2, 6, 4}, {1, 1, 6}}; // groups, in, out
    const int *s = shapes[i % 5];
    static const char *modes[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    int mode = i % 7 < 4 ? 0 : i % 7 - 3, h = drawn(1, 4), w = drawn(1, 4);
    start(drawn(9, 17), 4, DIMS(1, s[1], drawn(8, 13), drawn(8, 13)));
    noise("w", 4, DIMS(s[2], s[1] / s[0], h, w));
    noise("b", 1, DIMS(s[2]));
    Onnx__NodeProto *n = node("Conv", i % 3 ? "x w b" : "x w", "y");
    onnx_model_int(n, "group", s[0]);
    onnx_model_ints(n, "strides", 2, DIMS(drawn(1, 3), drawn(1, 3)));
    onnx_model_ints(n, "dilations", 2, DIMS(drawn(1, 2), drawn(1, 2)));
    if (i % 2)
        onnx_model_ints(n, "kernel_shape", 2, DIMS(h, w));
    if (mode)
        onnx_model_text(n, "auto_pad", modes[mode]);
    else
        onnx_model_ints(n, "pads", 4, DIMS(drawn(0, 3), drawn(0, 3), drawn(0, 3), drawn(0, 3)));
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(net.n_ops, 1);
}

START_TEST(convolutions_with_all_attributes)
{
    for (int i = 0; i < 140; i++)
        random_conv(i);
}
END_TEST

START_TEST(weights_in_every_field_of_the_format_are_read)
{
    for (int way = 0; way < 3; way++) {
        start(13, 4, DIMS(1, 2, 5, 5));
        Onnx__TensorProto *t = onnx_model_noise(model, "w", 4, DIMS(3, 2, 3, 3), 0, &rng);
        float values[54];
        memcpy(values, t->raw_data.data, sizeof values);
        node("Conv", "x w", "y");
        if (way) { // the same numbers, as float_data or double_data
            t->has_raw_data = 0;
            t->raw_data.len = 0;
        }
        if (way == 1) {
            t->n_float_data = 54;
            t->float_data = malloc(sizeof values);
            memcpy(t->float_data, values, sizeof values);
        } else if (way == 2) {
            t->data_type = 11;
            t->n_double_data = 54;
            t->double_data = malloc(54 * sizeof(double));
            for (int i = 0; i < 54; i++)
                t->double_data[i] = (double)values[i];
        }
        ck_assert_msg(take() == 0, "%s", error.text);
        for (int i = 0; i < 54; i++)
            ck_assert_float_eq(net.ops[0].weights[(i / 18 * 9 + i % 9) * 2 + i / 9 % 2], values[i]);
    }
}
END_TEST

/* ---- what folds ---- */

static void norm_constants(int64_t c)
{
    onnx_model_noise(model, "scale", 1, DIMS(c), 1, &rng);
    onnx_model_noise(model, "shift", 1, DIMS(c), 0, &rng);
    onnx_model_noise(model, "mean", 1, DIMS(c), 0, &rng);
    Onnx__TensorProto *v = onnx_model_noise(model, "variance", 1, DIMS(c), 2, &rng);
    for (int64_t i = 0; i < c; i++) {
        float value;
        memcpy(&value, v->raw_data.data + 4 * i, sizeof value);
        value = fabsf(value) + 0.1f;
        memcpy(v->raw_data.data + 4 * i, &value, sizeof value);
    }
}

START_TEST(a_batch_normalization_folds_into_the_convolution_before)
{
    for (int groups = 1; groups <= 4; groups += 3) {
        start(9, 4, DIMS(1, 4, 6, 6));
        noise("w", 4, DIMS(8, 4 / groups, 3, 3));
        norm_constants(8);
        onnx_model_int(node("Conv", "x w", "c"), "group", groups);
        onnx_model_float(node("BatchNormalization", "c scale shift mean variance", "n"), "epsilon", 0.01f);
        node("Relu", "n", "y");
        compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(net.n_ops, 1);
        ck_assert(net.ops[0].act_min == 0);
    }
}
END_TEST

START_TEST(a_batch_normalization_folds_into_the_gemm_before)
{
    start(11, 2, DIMS(1, 10));
    noise("w", 2, DIMS(10, 7));
    norm_constants(7);
    node("Gemm", "x w", "g");
    node("BatchNormalization", "g scale shift mean variance", "y");
    compare(AS_STORED, AS_STORED);
    ck_assert_int_eq(net.n_ops, 1);
}
END_TEST

START_TEST(a_batch_normalization_that_cannot_fold_is_a_layer_of_its_own)
{
    start(13, 4, DIMS(1, 5, 6, 6));
    norm_constants(5);
    noise("w", 4, DIMS(4, 5, 3, 3));
    node("BatchNormalization", "x scale shift mean variance", "n");
    onnx_model_ints(node("Conv", "n w", "y"), "pads", 4, DIMS(1, 1, 1, 1));
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(net.n_layers, 2);
    ck_assert(net_is_depthwise(&net, &net.ops[0]));
}
END_TEST

START_TEST(a_tensor_with_two_readers_is_not_changed_behind_their_back)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    norm_constants(4);
    node("Identity", "s", "same");
    node("BatchNormalization", "same scale shift mean variance", "n");
    node("Relu", "s", "r");
    node("Add", "n r", "a");
    node("Add", "a s", "y");
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert(isinf(net.ops[0].act_min));
}
END_TEST

START_TEST(clamps_are_fused_however_they_are_written)
{
    static const int opsets[] = {9, 13, 13};
    for (int i = 0; i < 3; i++) {
        start(opsets[i], 4, DIMS(1, 3, 5, 5));
        stem("s", 3, 4);
        if (i == 0) {
            Onnx__NodeProto *n = node("Clip", "s", "y");
            onnx_model_float(n, "min", -0.5f);
            onnx_model_float(n, "max", 0.75f);
        } else {
            onnx_model_number(model, "low", -0.5f);
            onnx_model_number(model, "high", 0.75f);
            node("Clip", i == 1 ? "s low high" : "s - high", "y");
        }
        compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(net.n_ops, 1);
    }
}
END_TEST

START_TEST(two_clamps_in_a_row_are_one)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    onnx_model_number(model, "low", -2);
    onnx_model_number(model, "high", -1);
    node("Relu", "s", "r");
    node("Clip", "r low high", "y"); // everything becomes -1
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(net.n_ops, 1);
}
END_TEST

/* ---- Add and its like ---- */

START_TEST(additions_of_equal_shapes_join_slots)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    noise("w", 4, DIMS(4, 4, 3, 3));
    onnx_model_ints(node("Conv", "s w", "c"), "pads", 4, DIMS(1, 1, 1, 1));
    node("Add", "c s", "a");
    node("Relu", "a", "y");
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(net.n_slots, 1);
    ck_assert_int_eq(net.n_ops, 3);
}
END_TEST

START_TEST(arithmetic_with_constants_folds)
{
    static const char *types[] = {"Add", "Sub", "Mul", "Div"};
    for (int i = 0; i < 4; i++)
        for (int shape = 0; shape < 3; shape++)
            for (int flipped = 0; flipped < (i == 3 ? 1 : 2); flipped++) {
                start(13, 4, DIMS(1, 3, 5, 5));
                stem("s", 3, 4);
                if (shape == 0)
                    onnx_model_number(model, "k", 1.5f);
                else
                    onnx_model_noise(model, "k", shape == 1 ? 3 : 4, shape == 1 ? DIMS(4, 1, 1) : DIMS(1, 4, 1, 1), 4, &rng);
                node(types[i], flipped ? "k s" : "s k", "y");
                compare(CHANNELS_FIRST, CHANNELS_FIRST);
                ck_assert_int_eq(net.n_ops, 1);
            }
}
END_TEST

START_TEST(scaling_of_a_channels_last_input_is_a_layer)
{
    start(11, 4, DIMS(1, 6, 7, 3));
    noise("mean", 1, DIMS(3));
    onnx_model_number(model, "std", 0.25f);
    noise("w", 4, DIMS(4, 3, 3, 3));
    node("Sub", "x mean", "a");
    node("Div", "a std", "b");
    onnx_model_ints(node("Transpose", "b", "t"), "perm", 4, DIMS(0, 3, 1, 2));
    node("Conv", "t w", "y");
    compare(AS_STORED, CHANNELS_FIRST);
    ck_assert_int_eq(net.n_ops, 2);
}
END_TEST

/* ---- pools ---- */

static void random_pool(int i)
{
    start(drawn(10, 17), 4, DIMS(1, 3, drawn(6, 12), drawn(6, 12)));
    stem("s", 3, 4);
    int h = drawn(2, 4), w = drawn(2, 4);
    Onnx__NodeProto *n = node(i % 2 ? "MaxPool" : "AveragePool", "s", "y");
    onnx_model_ints(n, "kernel_shape", 2, DIMS(h, w));
    onnx_model_ints(n, "strides", 2, DIMS(drawn(1, 3), drawn(1, 3)));
    if (i % 5 == 0)
        onnx_model_text(n, "auto_pad", "SAME_UPPER");
    else
        onnx_model_ints(n, "pads", 4, DIMS(drawn(0, h - 1), drawn(0, w - 1), drawn(0, h - 1), drawn(0, w - 1)));
    onnx_model_int(n, "ceil_mode", i / 2 % 2);
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(net.n_ops, 2);
}

START_TEST(pools_with_all_attributes)
{
    for (int i = 0; i < 120; i++)
        random_pool(i);
}
END_TEST

START_TEST(global_pools_and_means_over_the_plane_end_in_a_dense_layer)
{
    for (int way = 0; way < 4; way++) {
        start(13, 4, DIMS(1, 3, 6, 5));
        stem("s", 3, 8);
        noise("w", 2, DIMS(10, 8));
        if (way < 2)
            node(way ? "GlobalMaxPool" : "GlobalAveragePool", "s", "p");
        else
            onnx_model_ints(node("ReduceMean", "s", "p"), "axes", 2, DIMS(-1, 2));
        onnx_model_list(model, "axes", 2, DIMS(2, -1));
        if (way == 3)
            onnx_model_int(model->graph->node[1], "keepdims", 0);
        else
            node("Squeeze", "p axes", "f");
        onnx_model_int(node("Gemm", way == 3 ? "p w" : "f w", "y"), "transB", 1);
        compare(CHANNELS_FIRST, AS_STORED);
        ck_assert_int_eq(net.n_ops, 3);
    }
}
END_TEST

START_TEST(a_mean_in_channels_last_order_is_the_same_pool)
{
    start(11, 4, DIMS(1, 3, 6, 5));
    stem("s", 3, 4);
    onnx_model_ints(node("Transpose", "s", "t"), "perm", 4, DIMS(0, 2, 3, 1));
    Onnx__NodeProto *n = node("ReduceMean", "t", "y");
    onnx_model_ints(n, "axes", 2, DIMS(1, 2));
    onnx_model_int(n, "keepdims", 0);
    compare(CHANNELS_FIRST, AS_STORED);
}
END_TEST

START_TEST(zero_pads_are_taken_over)
{
    start(9, 4, DIMS(1, 3, 6, 5));
    stem("s", 3, 4);
    node("Relu", "s", "r");
    onnx_model_ints(node("Pad", "r", "p"), "pads", 8, DIMS(0, 0, 1, 0, 0, 0, 1, 2));
    Onnx__NodeProto *pool = node("MaxPool", "p", "m");
    onnx_model_ints(pool, "kernel_shape", 2, DIMS(3, 3));
    onnx_model_list(model, "pads", 8, DIMS(0, 0, 2, 1, 0, 0, 0, 1));
    node("Pad", "m pads", "q");
    noise("w", 4, DIMS(4, 4, 3, 3));
    node("Conv", "q w", "y");
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(net.n_ops, 3);
}
END_TEST

START_TEST(the_padded_shortcut_of_a_residual_network_is_taken)
{
    start(13, 4, DIMS(1, 3, 8, 7));
    stem("s", 3, 4);
    noise("w", 4, DIMS(8, 4, 3, 3));
    onnx_model_list(model, "starts", 2, DIMS(0, 0));
    onnx_model_list(model, "ends", 2, DIMS(INT64_MAX, INT32_MAX));
    onnx_model_list(model, "axes", 2, DIMS(2, 3));
    onnx_model_list(model, "steps", 2, DIMS(2, 2));
    onnx_model_list(model, "pads", 8, DIMS(0, 1, 0, 0, 0, 3, 0, 0));
    Onnx__NodeProto *c = node("Conv", "s w", "c");
    onnx_model_ints(c, "pads", 4, DIMS(1, 1, 1, 1));
    onnx_model_ints(c, "strides", 2, DIMS(2, 2));
    node("Slice", "s starts ends axes steps", "h");
    node("Pad", "h pads", "p");
    node("Add", "c p", "y");
    compare(CHANNELS_FIRST, CHANNELS_FIRST);
}
END_TEST

/* ---- dense layers and shapes ---- */

START_TEST(a_dense_layer_after_a_flatten_gets_its_weights_turned)
{
    for (int way = 0; way < 4; way++) {
        start(13, 4, DIMS(1, 3, 4, 5));
        stem("s", 3, 6);
        onnx_model_list(model, "shape", 2, way == 1 ? DIMS(0, -1) : DIMS(-1, 120));
        noise("w", 2, way == 3 ? DIMS(120, 7) : DIMS(7, 120));
        noise("b", 1, DIMS(7));
        if (way == 0)
            node("Flatten", "s", "f");
        else
            node("Reshape", "s shape", "f");
        if (way == 3) {
            node("MatMul", "f w", "m");
            node("Add", "m b", "y");
        } else {
            Onnx__NodeProto *n = node("Gemm", "f w b", "y");
            onnx_model_int(n, "transB", 1);
            onnx_model_float(n, "alpha", way == 2 ? 0.5f : 1);
            onnx_model_float(n, "beta", way == 2 ? 2 : 1);
        }
        compare(CHANNELS_FIRST, AS_STORED);
        ck_assert_int_eq(net.n_ops, 2);
    }
}
END_TEST

START_TEST(a_transpose_to_channels_last_is_absorbed)
{
    start(11, 4, DIMS(1, 3, 4, 5));
    stem("s", 3, 6);
    onnx_model_list(model, "shape", 2, DIMS(-1, 120));
    noise("w", 2, DIMS(120, 7));
    onnx_model_ints(node("Transpose", "s", "t"), "perm", 4, DIMS(0, 2, 3, 1));
    node("Reshape", "t shape", "f");
    node("Gemm", "f w", "y");
    compare(CHANNELS_FIRST, AS_STORED);
}
END_TEST

START_TEST(transposes_there_and_back_are_nothing)
{
    start(11, 4, DIMS(1, 4, 5, 3));
    noise("w", 4, DIMS(6, 3, 3, 3));
    onnx_model_ints(node("Transpose", "x", "a"), "perm", 4, DIMS(0, 3, 1, 2));
    node("Conv", "a w", "c");
    onnx_model_ints(node("Transpose", "c", "b"), "perm", 4, DIMS(0, 2, 3, 1));
    node("Relu", "b", "r");
    onnx_model_ints(node("Transpose", "r", "d"), "perm", 4, DIMS(0, 3, 1, 2));
    node("GlobalAveragePool", "d", "e");
    onnx_model_ints(node("Transpose", "e", "y"), "perm", 4, DIMS(0, 2, 3, 1));
    compare(AS_STORED, AS_STORED);
    ck_assert_int_eq(net.n_ops, 2);
}
END_TEST

START_TEST(inputs_of_other_ranks_become_planes_or_vectors)
{
    start(9, 4, DIMS(1, 9, 5, 1)); // features with a last axis of one, made a plane with one channel
    onnx_model_list(model, "shape", 4, DIMS(1, 1, 9, 5));
    noise("w", 4, DIMS(3, 1, 4, 3));
    node("Reshape", "x shape", "p");
    node("Conv", "p w", "y");
    compare(AS_STORED, CHANNELS_FIRST);
    ck_assert_int_eq(net.tensors[net.input].h, 9);
    ck_assert_int_eq(net.tensors[net.input].c, 1);
    start(9, 4, DIMS(1, 2, 3, 4)); // a plane that only dense layers read keeps its sides
    noise("m", 2, DIMS(24, 5));
    node("Flatten", "x", "f");
    node("Gemm", "f m", "y");
    compare(CHANNELS_FIRST, AS_STORED);
    ck_assert_int_eq(net.tensors[net.input].c, 2);
    start(13, 3, DIMS(1, 9, 5)); // rank 3, unsqueezed
    onnx_model_list(model, "axes", 1, DIMS(1));
    noise("w", 4, DIMS(3, 1, 4, 3));
    node("Unsqueeze", "x axes", "p");
    node("Conv", "p w", "y");
    compare(AS_STORED, CHANNELS_FIRST);
}
END_TEST

START_TEST(constants_may_be_reshaped_and_transposed)
{
    start(13, 2, DIMS(1, 12));
    noise("w", 3, DIMS(5, 4, 3));
    onnx_model_list(model, "shape", 2, DIMS(5, 12));
    node("Reshape", "w shape", "flat");
    node("Transpose", "flat", "turned");
    node("Identity", "turned", "same");
    node("MatMul", "x same", "y");
    compare(AS_STORED, AS_STORED);
}
END_TEST

START_TEST(a_softmax_at_the_end_is_left_away)
{
    start(13, 2, DIMS(1, 12));
    noise("w", 2, DIMS(12, 5));
    node("Gemm", "x w", "g");
    node("Softmax", "g", "s");
    node("Identity", "s", "y");
    compare(AS_STORED, AS_STORED);
    ck_assert(net.softmax);
    ck_assert_int_eq(net.n_ops, 1);
}
END_TEST

START_TEST(what_the_output_does_not_need_may_be_anything)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    node("Shape", "x", "unused");
    node("Nonsense", "unused", "more");
    stem("y", 3, 4);
    ck_assert_msg(take() == 0, "%s", error.text);
}
END_TEST

/* ---- refused ---- */

START_TEST(an_operator_that_is_not_supported_is_named_with_its_node)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    node("HardSwish", "s", "swish_7");
    node("Relu", "swish_7", "y");
    refuse("node 'swish_7' (HardSwish): this operator is not supported");
    free(model->graph->node[1]->domain);
    model->graph->node[1]->domain = strdup("com.example");
    refuse("domain 'com.example' is not supported");
}
END_TEST

START_TEST(what_an_operator_cannot_do_is_said)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    Onnx__NodeProto *n = node("AveragePool", "s", "y");
    onnx_model_ints(n, "kernel_shape", 2, DIMS(3, 3));
    onnx_model_ints(n, "pads", 4, DIMS(1, 1, 1, 1));
    onnx_model_int(n, "count_include_pad", 1);
    refuse("node 'y' (AveragePool): count_include_pad with pads is not supported");

    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    onnx_model_text(node("Pad", "s", "y"), "mode", "reflect");
    refuse("(Pad): mode reflect is not supported");

    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    node("Softmax", "s", "m");
    node("Relu", "m", "y");
    refuse("(Softmax): over a plane is not supported");

    start(13, 2, DIMS(1, 12));
    noise("w", 2, DIMS(12, 12));
    node("MatMul", "x w", "g");
    node("Softmax", "g", "s");
    node("MatMul", "s w", "y");
    refuse("a Softmax is supported only at the network's end");

    start(13, 4, DIMS(1, 8, 5, 5));
    stem("s", 8, 8);
    onnx_model_list(model, "shape", 5, DIMS(1, 2, 4, 5, 5));
    node("Reshape", "s shape", "r");
    node("Relu", "r", "y");
    refuse("(Reshape): from shape (1, 8, 5, 5) to (1, 2, 4, 5, 5)");
}
END_TEST

START_TEST(weights_that_do_not_fit_are_refused)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    noise("w", 4, DIMS(4, 2, 3, 3));
    node("Conv", "x w", "y");
    refuse("weights of shape (4, 2, 3, 3) do not fit 3 input channels");

    start(13, 4, DIMS(1, 3, 5, 5));
    noise("w", 4, DIMS(4, 3, 9, 9));
    node("Conv", "x w", "y");
    refuse("larger than the plane");

    start(13, 2, DIMS(1, 10));
    noise("w", 2, DIMS(11, 3));
    node("Gemm", "x w", "y");
    refuse("weights for 11 inputs, but an input of shape (1, 10)");

    start(13, 2, DIMS(1, 10));
    noise("w", 2, DIMS(10, 3));
    model->graph->initializer[0]->dims[0] = 1000000;
    node("Gemm", "x w", "y");
    refuse("numbers where its shape needs 3000000");

    start(13, 2, DIMS(1, 10));
    noise("w", 2, DIMS(10, 3));
    model->graph->initializer[0]->data_type = 10; // float16
    node("Gemm", "x w", "y");
    refuse("data type 10 is not supported");
}
END_TEST

START_TEST(graphs_that_make_no_sense_are_refused)
{
    start(13, 4, DIMS(1, 3, 5, 5));
    node("Relu", "nothing", "y");
    refuse("the output depends on no input");

    start(13, 4, DIMS(1, 3, 5, 5));
    stem("s", 3, 4);
    node("Add", "s nothing", "y");
    refuse("nothing before it computes");

    start(13, 4, DIMS(1, 3, 5, 5));
    stem("x", 3, 3);
    node("Relu", "x", "y");
    refuse("which is there already");

    start(13, 4, DIMS(1, 3, 5, 5));
    node("Relu", "x", "y");
    refuse("no layer has weights");

    start(5, 4, DIMS(1, 3, 5, 5));
    stem("y", 3, 4);
    refuse("operator set 5 is not supported (7 to 21 are)");

    start(13, 4, DIMS(1, 3, 1 << 20, 1 << 20));
    stem("y", 3, 4);
    refuse("no fixed size");

    start(13, 4, DIMS(1, 3, 5, 0));
    stem("y", 3, 4);
    refuse("no fixed size");
}
END_TEST

START_TEST(other_files_are_told_apart)
{
    static const char *const files[][2] = {{"\x89HDF\r\n\x1a\n", "tf2onnx"}, {"PK\x03\x04....", "torch.onnx.export"}, {"hello, world", "not an ONNX file"}};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(import_bytes(files[i][0], strlen(files[i][0]), &net, &error), -1);
        ck_assert_msg(strstr(error.text, files[i][1]) != NULL, "said \"%s\"", error.text);
    }
    ck_assert_int_eq(import_bytes("", 0, &net, &error), -1);
    ck_assert_int_eq(import_network("/nonexistent.onnx", &net, &error), -1);
    ck_assert_str_eq(error.text, "/nonexistent.onnx: No such file or directory");
}
END_TEST

/* A graph of a million empty nodes is two megabytes of file and would be a hundred in memory. */
START_TEST(small_files_cannot_take_much_memory)
{
    size_t n = 16u << 20, at = 0;
    char *bytes = malloc(n + 16);
    bytes[at++] = 0x3a; // graph, length-delimited
    for (size_t rest = n; rest; rest >>= 7)
        bytes[at++] = (char)((rest & 127) | (rest > 127 ? 128 : 0));
    for (size_t i = 0; i < n; i += 2) { // node, empty
        bytes[at + i] = 0x0a;
        bytes[at + i + 1] = 0;
    }
    ck_assert_int_eq(import_bytes(bytes, at + n, &net, &error), -1);
    free(bytes);
}
END_TEST

/* ---- broken files ---- */

static size_t read_demo(char **bytes)
{
    FILE *f = fopen(PARE_SOURCE_ROOT "/configs/demo/dscnn.onnx", "rb");
    ck_assert_ptr_nonnull(f);
    *bytes = malloc(1 << 20);
    size_t size = fread(*bytes, 1, 1 << 20, f);
    fclose(f);
    ck_assert_uint_gt(size, 10000);
    return size;
}

START_TEST(the_demo_network_is_taken)
{
    char *bytes;
    size_t size = read_demo(&bytes);
    ck_assert_msg(import_bytes(bytes, size, &net, &error) == 0, "%s", error.text);
    ck_assert_int_eq(net.n_layers, 10);
    ck_assert_int_eq(net.n_slots, 10);
    ck_assert_int_eq(net.tensors[net.input].h, 49);
    ck_assert_int_eq(net.tensors[net.output].c, 12);
    free(bytes);
}
END_TEST

START_TEST(truncated_files_are_refused)
{
    char *bytes;
    size_t size = read_demo(&bytes);
    for (size_t cut = 0; cut < 200; cut++) {
        ck_assert_int_eq(import_bytes(bytes, cut * (size - 1) / 199, &net, &error), -1);
        ck_assert(error.text[0] != 0);
    }
    free(bytes);
}
END_TEST

/* Bytes anywhere: most hit weights, so half of the hits go to the graph's structure at the start. */
START_TEST(mutated_files_never_crash)
{
    char *bytes, *broken = malloc(1 << 20);
    size_t size = read_demo(&bytes);
    int taken = 0;
    for (int i = 0; i < 500; i++) {
        memcpy(broken, bytes, size);
        for (int k = 0; k < 1 + i % 8; k++) {
            size_t where = rng_below(&rng, i % 2 ? 3000 : (uint32_t)size);
            broken[where] = i % 3 ? (char)rng_u32(&rng) : (char)(broken[where] ^ 1 << rng_below(&rng, 8));
        }
        error.text[0] = 0;
        if (import_bytes(broken, size, &net, &error)) {
            ck_assert(error.text[0] != 0);
            ck_assert_int_eq(net.n_ops, 0);
        } else {
            taken++;
            net_finish(&net);
        }
    }
    ck_assert_int_gt(taken, 10);
    ck_assert_int_lt(taken, 490);
    free(broken);
    free(bytes);
}
END_TEST

static TCase *operators(void)
{
    TCase *tc = tcase_create("operators");
    tcase_add_test(tc, convolutions_with_all_attributes);
    tcase_add_test(tc, weights_in_every_field_of_the_format_are_read);
    tcase_add_test(tc, a_batch_normalization_folds_into_the_convolution_before);
    tcase_add_test(tc, a_batch_normalization_folds_into_the_gemm_before);
    tcase_add_test(tc, a_batch_normalization_that_cannot_fold_is_a_layer_of_its_own);
    tcase_add_test(tc, a_tensor_with_two_readers_is_not_changed_behind_their_back);
    tcase_add_test(tc, clamps_are_fused_however_they_are_written);
    tcase_add_test(tc, two_clamps_in_a_row_are_one);
    tcase_add_test(tc, additions_of_equal_shapes_join_slots);
    tcase_add_test(tc, arithmetic_with_constants_folds);
    tcase_add_test(tc, scaling_of_a_channels_last_input_is_a_layer);
    tcase_add_test(tc, pools_with_all_attributes);
    tcase_add_test(tc, global_pools_and_means_over_the_plane_end_in_a_dense_layer);
    tcase_add_test(tc, a_mean_in_channels_last_order_is_the_same_pool);
    tcase_add_test(tc, zero_pads_are_taken_over);
    tcase_add_test(tc, the_padded_shortcut_of_a_residual_network_is_taken);
    tcase_add_test(tc, a_dense_layer_after_a_flatten_gets_its_weights_turned);
    tcase_add_test(tc, a_transpose_to_channels_last_is_absorbed);
    tcase_add_test(tc, transposes_there_and_back_are_nothing);
    tcase_add_test(tc, inputs_of_other_ranks_become_planes_or_vectors);
    tcase_add_test(tc, constants_may_be_reshaped_and_transposed);
    tcase_add_test(tc, a_softmax_at_the_end_is_left_away);
    tcase_add_test(tc, what_the_output_does_not_need_may_be_anything);
    return tc;
}

static TCase *refusals(void)
{
    TCase *tc = tcase_create("refusals");
    tcase_add_test(tc, an_operator_that_is_not_supported_is_named_with_its_node);
    tcase_add_test(tc, what_an_operator_cannot_do_is_said);
    tcase_add_test(tc, weights_that_do_not_fit_are_refused);
    tcase_add_test(tc, graphs_that_make_no_sense_are_refused);
    tcase_add_test(tc, other_files_are_told_apart);
    tcase_add_test(tc, small_files_cannot_take_much_memory);
    tcase_add_test(tc, the_demo_network_is_taken);
    tcase_add_test(tc, truncated_files_are_refused);
    tcase_add_test(tc, mutated_files_never_crash);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("import");
    TCase *cases[] = {operators(), refusals()};
    for (int i = 0; i < 2; i++) {
        tcase_add_checked_fixture(cases[i], setup, teardown);
        tcase_set_timeout(cases[i], 120);
        suite_add_tcase(suite, cases[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

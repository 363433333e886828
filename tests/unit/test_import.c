// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX models made here, imported and run, against the operators' definitions.
#include "tests/import_case.h"
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Conv ---- */

static void random_conv(int i)
{
    static const int shapes[][3] = {{1, 3, 5}, {4, 4, 4}, {4, 4, 8}, {2, 6, 4}, {1, 1, 6}}; // groups, in, out
    const int *s = shapes[i % 5];
    static const char *modes[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    int mode = i % 7 < 4 ? 0 : i % 7 - 3, h = import_case_drawn(1, 4), w = import_case_drawn(1, 4);
    import_case_start(import_case_drawn(9, 17), 4,
                      DIMS(1, s[1], import_case_drawn(8, 13), import_case_drawn(8, 13)));
    import_case_noise("w", 4, DIMS(s[2], s[1] / s[0], h, w));
    import_case_noise("b", 1, DIMS(s[2]));
    Onnx__NodeProto *n = import_case_node("Conv", i % 3 ? "x w b" : "x w", "y");
    onnx_model_int(n, "group", s[0]);
    onnx_model_ints(n, "strides", 2, DIMS(import_case_drawn(1, 3), import_case_drawn(1, 3)));
    onnx_model_ints(n, "dilations", 2, DIMS(import_case_drawn(1, 2), import_case_drawn(1, 2)));
    if (i % 2)
        onnx_model_ints(n, "kernel_shape", 2, DIMS(h, w));
    if (mode)
        onnx_model_text(n, "auto_pad", modes[mode]);
    else
        onnx_model_ints(n, "pads", 4,
                        DIMS(import_case_drawn(0, 3), import_case_drawn(0, 3), import_case_drawn(0, 3),
                             import_case_drawn(0, 3)));
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 1);
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
        import_case_start(13, 4, DIMS(1, 2, 5, 5));
        Onnx__TensorProto *t =
            onnx_model_noise(import_case.model, "w", 4, DIMS(3, 2, 3, 3), 0, &import_case.rng);
        float values[54];
        memcpy(values, t->raw_data.data, sizeof values);
        import_case_node("Conv", "x w", "y");
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
        ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
        for (int i = 0; i < 54; i++)
            ck_assert_float_eq(import_case.net.ops[0].weights[(i / 18 * 9 + i % 9) * 2 + i / 9 % 2],
                               values[i]);
    }
}
END_TEST

/* ---- what folds ---- */

static void norm_constants(int64_t c)
{
    onnx_model_noise(import_case.model, "scale", 1, DIMS(c), 1, &import_case.rng);
    onnx_model_noise(import_case.model, "shift", 1, DIMS(c), 0, &import_case.rng);
    onnx_model_noise(import_case.model, "mean", 1, DIMS(c), 0, &import_case.rng);
    Onnx__TensorProto *v = onnx_model_noise(import_case.model, "variance", 1, DIMS(c), 2, &import_case.rng);
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
        import_case_start(9, 4, DIMS(1, 4, 6, 6));
        import_case_noise("w", 4, DIMS(8, 4 / groups, 3, 3));
        norm_constants(8);
        onnx_model_int(import_case_node("Conv", "x w", "c"), "group", groups);
        onnx_model_float(import_case_node("BatchNormalization", "c scale shift mean variance", "n"),
                         "epsilon", 0.01f);
        import_case_node("Relu", "n", "y");
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 1);
        ck_assert(import_case.net.ops[0].act_min == 0);
    }
}
END_TEST

START_TEST(a_batch_normalization_folds_into_the_gemm_before)
{
    import_case_start(11, 2, DIMS(1, 10));
    import_case_noise("w", 2, DIMS(10, 7));
    norm_constants(7);
    import_case_node("Gemm", "x w", "g");
    import_case_node("BatchNormalization", "g scale shift mean variance", "y");
    import_case_compare(AS_STORED, AS_STORED);
    ck_assert_int_eq(import_case.net.n_ops, 1);
}
END_TEST

START_TEST(a_batch_normalization_that_cannot_fold_is_a_layer_of_its_own)
{
    import_case_start(13, 4, DIMS(1, 5, 6, 6));
    norm_constants(5);
    import_case_noise("w", 4, DIMS(4, 5, 3, 3));
    import_case_node("BatchNormalization", "x scale shift mean variance", "n");
    onnx_model_ints(import_case_node("Conv", "n w", "y"), "pads", 4, DIMS(1, 1, 1, 1));
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_layers, 2);
    ck_assert(net_is_depthwise(&import_case.net, &import_case.net.ops[0]));
}
END_TEST

START_TEST(a_tensor_with_two_readers_is_not_changed_behind_their_back)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    norm_constants(4);
    import_case_node("Identity", "s", "same");
    import_case_node("BatchNormalization", "same scale shift mean variance", "n");
    import_case_node("Relu", "s", "r");
    import_case_node("Add", "n r", "a");
    import_case_node("Add", "a s", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert(isinf(import_case.net.ops[0].act_min));
}
END_TEST

START_TEST(clamps_are_fused_however_they_are_written)
{
    static const int opsets[] = {9, 13, 13};
    for (int i = 0; i < 3; i++) {
        import_case_start(opsets[i], 4, DIMS(1, 3, 5, 5));
        import_case_stem("s", 3, 4);
        if (i == 0) {
            Onnx__NodeProto *n = import_case_node("Clip", "s", "y");
            onnx_model_float(n, "min", -0.5f);
            onnx_model_float(n, "max", 0.75f);
        } else {
            onnx_model_number(import_case.model, "low", -0.5f);
            onnx_model_number(import_case.model, "high", 0.75f);
            import_case_node("Clip", i == 1 ? "s low high" : "s - high", "y");
        }
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 1);
    }
}
END_TEST

START_TEST(two_clamps_in_a_row_are_one)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    onnx_model_number(import_case.model, "low", -2);
    onnx_model_number(import_case.model, "high", -1);
    import_case_node("Relu", "s", "r");
    import_case_node("Clip", "r low high", "y"); // everything becomes -1
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 1);
}
END_TEST

/* ---- Add and its like ---- */

START_TEST(additions_of_equal_shapes_join_slots)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_stem("s", 3, 4);
    import_case_noise("w", 4, DIMS(4, 4, 3, 3));
    onnx_model_ints(import_case_node("Conv", "s w", "c"), "pads", 4, DIMS(1, 1, 1, 1));
    import_case_node("Add", "c s", "a");
    import_case_node("Relu", "a", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_slots, 1);
    ck_assert_int_eq(import_case.net.n_ops, 3);
}
END_TEST

START_TEST(arithmetic_with_constants_folds)
{
    static const char *types[] = {"Add", "Sub", "Mul", "Div"};
    for (int i = 0; i < 4; i++)
        for (int shape = 0; shape < 3; shape++)
            for (int flipped = 0; flipped < (i == 3 ? 1 : 2); flipped++) {
                import_case_start(13, 4, DIMS(1, 3, 5, 5));
                import_case_stem("s", 3, 4);
                if (shape == 0)
                    onnx_model_number(import_case.model, "k", 1.5f);
                else
                    onnx_model_noise(import_case.model, "k", shape == 1 ? 3 : 4,
                                     shape == 1 ? DIMS(4, 1, 1) : DIMS(1, 4, 1, 1), 4, &import_case.rng);
                import_case_node(types[i], flipped ? "k s" : "s k", "y");
                import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
                ck_assert_int_eq(import_case.net.n_ops, 1);
            }
}
END_TEST

START_TEST(scaling_of_a_channels_last_input_is_a_layer)
{
    import_case_start(11, 4, DIMS(1, 6, 7, 3));
    import_case_noise("mean", 1, DIMS(3));
    onnx_model_number(import_case.model, "std", 0.25f);
    import_case_noise("w", 4, DIMS(4, 3, 3, 3));
    import_case_node("Sub", "x mean", "a");
    import_case_node("Div", "a std", "b");
    onnx_model_ints(import_case_node("Transpose", "b", "t"), "perm", 4, DIMS(0, 3, 1, 2));
    import_case_node("Conv", "t w", "y");
    import_case_compare(AS_STORED, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 2);
}
END_TEST

/* ---- pools ---- */

static void random_pool(int i)
{
    import_case_start(import_case_drawn(10, 17), 4,
                      DIMS(1, 3, import_case_drawn(6, 12), import_case_drawn(6, 12)));
    import_case_stem("s", 3, 4);
    int h = import_case_drawn(2, 4), w = import_case_drawn(2, 4);
    Onnx__NodeProto *n = import_case_node(i % 2 ? "MaxPool" : "AveragePool", "s", "y");
    onnx_model_ints(n, "kernel_shape", 2, DIMS(h, w));
    onnx_model_ints(n, "strides", 2, DIMS(import_case_drawn(1, 3), import_case_drawn(1, 3)));
    if (i % 5 == 0)
        onnx_model_text(n, "auto_pad", "SAME_UPPER");
    else
        onnx_model_ints(n, "pads", 4,
                        DIMS(import_case_drawn(0, h - 1), import_case_drawn(0, w - 1),
                             import_case_drawn(0, h - 1), import_case_drawn(0, w - 1)));
    onnx_model_int(n, "ceil_mode", i / 2 % 2);
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 2);
}

/* Zeros that count: of a Pad before it, or its own. */
static void random_padded_mean(int i)
{
    import_case_start(import_case_drawn(11, 17), 4, DIMS(1, 3, import_case_drawn(6, 9), import_case_drawn(6, 9)));
    import_case_stem("s", 3, i % 7 ? 4 : 1);
    int h = import_case_drawn(2, 4), w = import_case_drawn(2, 4);
    const int64_t pads[4] = {import_case_drawn(0, h - 1), import_case_drawn(0, w - 1), import_case_drawn(0, h - 1), import_case_drawn(0, w - 1)};
    onnx_model_list(import_case.model, "pads", 8, DIMS(0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]));
    if (i % 3)
        import_case_node("Pad", "s pads", "padded");
    Onnx__NodeProto *n = import_case_node("AveragePool", i % 3 ? "padded" : "s", "y");
    onnx_model_ints(n, "kernel_shape", 2, DIMS(h, w));
    onnx_model_ints(n, "strides", 2, DIMS(import_case_drawn(1, 3), import_case_drawn(1, 3)));
    onnx_model_int(n, "count_include_pad", i % 3 != 1);
    if (i % 3 != 1 && i % 4 == 0)
        onnx_model_text(n, "auto_pad", i % 8 ? "SAME_UPPER" : "SAME_LOWER");
    else if (i % 3 != 1)
        onnx_model_ints(n, "pads", 4, pads);
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 2);
}

START_TEST(means_in_which_pads_count_are_layers)
{
    for (int i = 0; i < 120; i++)
        random_padded_mean(i);
}
END_TEST

START_TEST(pools_with_all_attributes)
{
    for (int i = 0; i < 120; i++)
        random_pool(i);
}
END_TEST

START_TEST(global_pools_and_means_over_the_plane_end_in_a_dense_layer)
{
    for (int way = 0; way < 4; way++) {
        import_case_start(13, 4, DIMS(1, 3, 6, 5));
        import_case_stem("s", 3, 8);
        import_case_noise("w", 2, DIMS(10, 8));
        if (way < 2)
            import_case_node(way ? "GlobalMaxPool" : "GlobalAveragePool", "s", "p");
        else
            onnx_model_ints(import_case_node("ReduceMean", "s", "p"), "axes", 2, DIMS(-1, 2));
        onnx_model_list(import_case.model, "axes", 2, DIMS(2, -1));
        if (way == 3)
            onnx_model_int(import_case.model->graph->node[1], "keepdims", 0);
        else
            import_case_node("Squeeze", "p axes", "f");
        onnx_model_int(import_case_node("Gemm", way == 3 ? "p w" : "f w", "y"), "transB", 1);
        import_case_compare(CHANNELS_FIRST, AS_STORED);
        ck_assert_int_eq(import_case.net.n_ops, 3);
    }
}
END_TEST

START_TEST(a_mean_in_channels_last_order_is_the_same_pool)
{
    import_case_start(11, 4, DIMS(1, 3, 6, 5));
    import_case_stem("s", 3, 4);
    onnx_model_ints(import_case_node("Transpose", "s", "t"), "perm", 4, DIMS(0, 2, 3, 1));
    Onnx__NodeProto *n = import_case_node("ReduceMean", "t", "y");
    onnx_model_ints(n, "axes", 2, DIMS(1, 2));
    onnx_model_int(n, "keepdims", 0);
    import_case_compare(CHANNELS_FIRST, AS_STORED);
}
END_TEST

START_TEST(zero_pads_are_taken_over)
{
    import_case_start(9, 4, DIMS(1, 3, 6, 5));
    import_case_stem("s", 3, 4);
    import_case_node("Relu", "s", "r");
    onnx_model_ints(import_case_node("Pad", "r", "p"), "pads", 8, DIMS(0, 0, 1, 0, 0, 0, 1, 2));
    Onnx__NodeProto *pool = import_case_node("MaxPool", "p", "m");
    onnx_model_ints(pool, "kernel_shape", 2, DIMS(3, 3));
    onnx_model_list(import_case.model, "pads", 8, DIMS(0, 0, 2, 1, 0, 0, 0, 1));
    import_case_node("Pad", "m pads", "q");
    import_case_noise("w", 4, DIMS(4, 4, 3, 3));
    import_case_node("Conv", "q w", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 3);
}
END_TEST

START_TEST(the_padded_shortcut_of_a_residual_network_is_taken)
{
    import_case_start(13, 4, DIMS(1, 3, 8, 7));
    import_case_stem("s", 3, 4);
    import_case_noise("w", 4, DIMS(8, 4, 3, 3));
    onnx_model_list(import_case.model, "starts", 2, DIMS(0, 0));
    onnx_model_list(import_case.model, "ends", 2, DIMS(INT64_MAX, INT32_MAX));
    onnx_model_list(import_case.model, "axes", 2, DIMS(2, 3));
    onnx_model_list(import_case.model, "steps", 2, DIMS(2, 2));
    onnx_model_list(import_case.model, "pads", 8, DIMS(0, 1, 0, 0, 0, 3, 0, 0));
    Onnx__NodeProto *c = import_case_node("Conv", "s w", "c");
    onnx_model_ints(c, "pads", 4, DIMS(1, 1, 1, 1));
    onnx_model_ints(c, "strides", 2, DIMS(2, 2));
    import_case_node("Slice", "s starts ends axes steps", "h");
    import_case_node("Pad", "h pads", "p");
    import_case_node("Add", "c p", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
}
END_TEST

/* ---- dense layers and shapes ---- */

START_TEST(a_dense_layer_after_a_flatten_gets_its_weights_turned)
{
    for (int way = 0; way < 4; way++) {
        import_case_start(13, 4, DIMS(1, 3, 4, 5));
        import_case_stem("s", 3, 6);
        onnx_model_list(import_case.model, "shape", 2, way == 1 ? DIMS(0, -1) : DIMS(-1, 120));
        import_case_noise("w", 2, way == 3 ? DIMS(120, 7) : DIMS(7, 120));
        import_case_noise("b", 1, DIMS(7));
        if (way == 0)
            import_case_node("Flatten", "s", "f");
        else
            import_case_node("Reshape", "s shape", "f");
        if (way == 3) {
            import_case_node("MatMul", "f w", "m");
            import_case_node("Add", "m b", "y");
        } else {
            Onnx__NodeProto *n = import_case_node("Gemm", "f w b", "y");
            onnx_model_int(n, "transB", 1);
            onnx_model_float(n, "alpha", way == 2 ? 0.5f : 1);
            onnx_model_float(n, "beta", way == 2 ? 2 : 1);
        }
        import_case_compare(CHANNELS_FIRST, AS_STORED);
        ck_assert_int_eq(import_case.net.n_ops, 2);
    }
}
END_TEST

START_TEST(a_transpose_to_channels_last_is_absorbed)
{
    import_case_start(11, 4, DIMS(1, 3, 4, 5));
    import_case_stem("s", 3, 6);
    onnx_model_list(import_case.model, "shape", 2, DIMS(-1, 120));
    import_case_noise("w", 2, DIMS(120, 7));
    onnx_model_ints(import_case_node("Transpose", "s", "t"), "perm", 4, DIMS(0, 2, 3, 1));
    import_case_node("Reshape", "t shape", "f");
    import_case_node("Gemm", "f w", "y");
    import_case_compare(CHANNELS_FIRST, AS_STORED);
}
END_TEST

START_TEST(transposes_there_and_back_are_nothing)
{
    import_case_start(11, 4, DIMS(1, 4, 5, 3));
    import_case_noise("w", 4, DIMS(6, 3, 3, 3));
    onnx_model_ints(import_case_node("Transpose", "x", "a"), "perm", 4, DIMS(0, 3, 1, 2));
    import_case_node("Conv", "a w", "c");
    onnx_model_ints(import_case_node("Transpose", "c", "b"), "perm", 4, DIMS(0, 2, 3, 1));
    import_case_node("Relu", "b", "r");
    onnx_model_ints(import_case_node("Transpose", "r", "d"), "perm", 4, DIMS(0, 3, 1, 2));
    import_case_node("GlobalAveragePool", "d", "e");
    onnx_model_ints(import_case_node("Transpose", "e", "y"), "perm", 4, DIMS(0, 2, 3, 1));
    import_case_compare(AS_STORED, AS_STORED);
    ck_assert_int_eq(import_case.net.n_ops, 2);
}
END_TEST

START_TEST(inputs_of_other_ranks_become_planes_or_vectors)
{
    import_case_start(9, 4,
                      DIMS(1, 9, 5, 1)); // features with a last axis of one, made a plane with one channel
    onnx_model_list(import_case.model, "shape", 4, DIMS(1, 1, 9, 5));
    import_case_noise("w", 4, DIMS(3, 1, 4, 3));
    import_case_node("Reshape", "x shape", "p");
    import_case_node("Conv", "p w", "y");
    import_case_compare(AS_STORED, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.tensors[import_case.net.input].h, 9);
    ck_assert_int_eq(import_case.net.tensors[import_case.net.input].c, 1);
    import_case_start(9, 4, DIMS(1, 2, 3, 4)); // a plane that only dense layers read keeps its sides
    import_case_noise("m", 2, DIMS(24, 5));
    import_case_node("Flatten", "x", "f");
    import_case_node("Gemm", "f m", "y");
    import_case_compare(CHANNELS_FIRST, AS_STORED);
    ck_assert_int_eq(import_case.net.tensors[import_case.net.input].c, 2);
    import_case_start(13, 3, DIMS(1, 9, 5)); // rank 3, unsqueezed
    onnx_model_list(import_case.model, "axes", 1, DIMS(1));
    import_case_noise("w", 4, DIMS(3, 1, 4, 3));
    import_case_node("Unsqueeze", "x axes", "p");
    import_case_node("Conv", "p w", "y");
    import_case_compare(AS_STORED, CHANNELS_FIRST);
}
END_TEST

START_TEST(constants_may_be_reshaped_and_transposed)
{
    import_case_start(13, 2, DIMS(1, 12));
    import_case_noise("w", 3, DIMS(5, 4, 3));
    onnx_model_list(import_case.model, "shape", 2, DIMS(5, 12));
    import_case_node("Reshape", "w shape", "flat");
    import_case_node("Transpose", "flat", "turned");
    import_case_node("Identity", "turned", "same");
    import_case_node("MatMul", "x same", "y");
    import_case_compare(AS_STORED, AS_STORED);
}
END_TEST

/* A causal convolution as PyTorch writes it: padded on both ends, then cut. */
static void random_sequence(int taps, int stride)
{
    import_case_start(13, 3, DIMS(1, import_case_drawn(5, 12), 6));
    import_case_noise("w1", 2, DIMS(6, 4));
    import_case_noise("w2", 2, DIMS(8, 3));
    import_case_noise("b1", 1, DIMS(4));
    import_case_noise("k", 3, DIMS(8, 1, taps));
    import_case_noise("b2", 1, DIMS(8));
    onnx_model_list(import_case.model, "zero", 1, DIMS(0));
    onnx_model_list(import_case.model, "two", 1, DIMS(2));
    onnx_model_list(import_case.model, "end", 1, DIMS(1 - taps));
    import_case_node("MatMul", "x w1", "m");
    import_case_node("Add", "b1 m", "a");
    onnx_model_ints(import_case_node("Transpose", "a", "t"), "perm", 3, DIMS(0, 2, 1));
    Onnx__NodeProto *n = import_case_node("Conv", "t k b2", "c");
    onnx_model_int(n, "group", 4);
    onnx_model_ints(n, "pads", 2, DIMS(taps - 1, (taps - 1) * stride));
    onnx_model_ints(n, "strides", 1, DIMS(stride));
    import_case_node("Slice", "c zero end two", "s");
    onnx_model_ints(import_case_node("Transpose", "s", "u"), "perm", 3, DIMS(0, 2, 1));
    import_case_node("MatMul", "u w2", "y");
}

START_TEST(a_sequence_goes_through_products_and_causal_convolutions)
{
    for (int i = 0; i < 20; i++) {
        random_sequence(2 + i % 4, 1 + i % 3 / 2);
        import_case_compare(AS_STORED, AS_STORED);
        const struct net_op *conv = &import_case.net.ops[1];
        ck_assert_int_eq(import_case.net.n_ops, 3);
        ck_assert_int_eq(conv->pad_bottom, 0);
        ck_assert_int_eq(conv->kernel_w, 1);
    }
}
END_TEST

START_TEST(what_would_be_cut_off_a_sequence_itself_is_refused)
{
    import_case_start(13, 3, DIMS(1, 6, 9));
    import_case_noise("k", 3, DIMS(8, 6, 3));
    onnx_model_list(import_case.model, "zero", 1, DIMS(0));
    onnx_model_list(import_case.model, "two", 1, DIMS(2));
    onnx_model_list(import_case.model, "end", 1, DIMS(-2));
    onnx_model_ints(import_case_node("Conv", "x k", "c"), "pads", 2, DIMS(1, 1));
    import_case_node("Slice", "c zero end two", "y");
    import_case_refuse("only where a convolution has padded it");
}
END_TEST

/* A root mean square over the channels as PyTorch writes it; `wrong` breaks it at one place. */
static void root_mean_square(const char *wrong)
{
    bool inverse = import_case_drawn(0, 1);
    import_case_start(13, 3, DIMS(1, 5, 7));
    import_case_noise("g", 1, DIMS(7));
    onnx_model_number(import_case.model, "two", strcmp(wrong, "cube") ? 2 : 3);
    onnx_model_number(import_case.model, "eps", 1e-3f);
    import_case_node("Pow", "x two", "p");
    onnx_model_ints(import_case_node("ReduceMean", "p", "m"), "axes", 1, DIMS(strcmp(wrong, "time") ? -1 : 1));
    import_case_node("Add", "m eps", "e");
    import_case_node(strcmp(wrong, "relu") ? "Sqrt" : "Relu", "e", "s");
    if (inverse)
        import_case_node("Reciprocal", "s", "r");
    import_case_node(inverse ? "Mul" : "Div", inverse ? "r x" : "x s", "n");
    import_case_node("Mul", "n g", "y");
}

START_TEST(a_root_mean_square_is_a_norm_with_its_weights)
{
    for (int i = 0; i < 10; i++) {
        root_mean_square("");
        import_case_compare(AS_STORED, AS_STORED);
        ck_assert_int_eq(import_case.net.n_ops, 1);
        ck_assert_int_eq(import_case.net.ops[0].kind, NET_RMSNORM);
        ck_assert_float_eq(import_case.net.ops[0].epsilon, 1e-3f);
    }
    root_mean_square("cube");
    import_case_refuse("a power of 3");
    root_mean_square("time");
    import_case_refuse("over the channels alone");
    root_mean_square("relu");
    import_case_refuse("only as parts of RMSNorm");
}
END_TEST

static void scan(int b_channels, double a, const char *domain)
{
    import_case_start(13, 3, DIMS(1, 6, 4));
    import_case_noise("wb", 2, DIMS(4, 3));
    import_case_noise("wc", 2, DIMS(4, b_channels));
    Onnx__TensorProto *t = onnx_model_noise(import_case.model, "A", 2, DIMS(4, 3), 0, &import_case.rng);
    for (int i = 0; i < 12; i++) {
        float value = (float)a - 0.1f * (float)i;
        memcpy(t->raw_data.data + 4 * i, &value, sizeof value);
    }
    import_case_noise("D", 1, DIMS(4));
    import_case_node("MatMul", "x wb", "B");
    import_case_node("MatMul", "x wc", "C");
    Onnx__NodeProto *n = import_case_node("SelectiveScan", "x x A B C D", "y");
    onnx_model_int(n, "delta_softplus", import_case_drawn(0, 1));
    n->domain = strdup(domain);
}

START_TEST(a_selective_scan_follows_its_definition)
{
    for (int i = 0; i < 10; i++) {
        scan(3, -0.1, "pare");
        import_case_compare(AS_STORED, AS_STORED);
    }
    scan(3, 0.5, "pare");
    import_case_refuse("must not be above 0");
    scan(2, -0.1, "pare");
    import_case_refuse("B and C must have one shape");
    scan(3, -0.1, "somebody");
    import_case_refuse("of domain 'somebody' is not supported");
}
END_TEST

START_TEST(a_softmax_at_the_end_is_left_away)
{
    import_case_start(13, 2, DIMS(1, 12));
    import_case_noise("w", 2, DIMS(12, 5));
    import_case_node("Gemm", "x w", "g");
    import_case_node("Softmax", "g", "s");
    import_case_node("Identity", "s", "y");
    import_case_compare(AS_STORED, AS_STORED);
    ck_assert(import_case.net.softmax);
    ck_assert_int_eq(import_case.net.n_ops, 1);
}
END_TEST

START_TEST(what_the_output_does_not_need_may_be_anything)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 5));
    import_case_node("Shape", "x", "unused");
    import_case_node("Nonsense", "unused", "more");
    import_case_stem("y", 3, 4);
    ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import");
    TCase *tc = suite_case(s, "operators", import_case_setup, import_case_teardown);
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
    tcase_add_test(tc, means_in_which_pads_count_are_layers);
    tcase_add_test(tc, global_pools_and_means_over_the_plane_end_in_a_dense_layer);
    tcase_add_test(tc, a_mean_in_channels_last_order_is_the_same_pool);
    tcase_add_test(tc, zero_pads_are_taken_over);
    tcase_add_test(tc, the_padded_shortcut_of_a_residual_network_is_taken);
    tcase_add_test(tc, a_dense_layer_after_a_flatten_gets_its_weights_turned);
    tcase_add_test(tc, a_transpose_to_channels_last_is_absorbed);
    tcase_add_test(tc, transposes_there_and_back_are_nothing);
    tcase_add_test(tc, inputs_of_other_ranks_become_planes_or_vectors);
    tcase_add_test(tc, constants_may_be_reshaped_and_transposed);
    tcase_add_test(tc, a_sequence_goes_through_products_and_causal_convolutions);
    tcase_add_test(tc, what_would_be_cut_off_a_sequence_itself_is_refused);
    tcase_add_test(tc, a_root_mean_square_is_a_norm_with_its_weights);
    tcase_add_test(tc, a_selective_scan_follows_its_definition);
    tcase_add_test(tc, a_softmax_at_the_end_is_left_away);
    tcase_add_test(tc, what_the_output_does_not_need_may_be_anything);
    return suite_run(s);
}

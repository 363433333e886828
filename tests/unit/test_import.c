// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX convolutions, what folds into them, additions and pools: made here, imported and run, against their definitions.
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
    return suite_run(s);
}

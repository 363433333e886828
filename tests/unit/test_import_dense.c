// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX dense layers, changes of shape, sequences and a network's end: made here, imported and run, against their definitions.
#include "tests/import_case.h"
#include "tests/suite.h"

#include <string.h>

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

/* ---- sequences ---- */

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

/* ---- the end ---- */

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
    TCase *tc = suite_case(s, "import_dense", import_case_setup, import_case_teardown);
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

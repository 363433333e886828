// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX operators beyond convolutions and pools: functions, products, and whatever moves channels.
#include "tests/import_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- functions ---- */

START_TEST(functions_are_computed_as_defined)
{
    static const char *const types[] = {"Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Softplus", "Gelu", "Elu", "LeakyRelu"};
    for (int i = 0; i < 16; i++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        Onnx__NodeProto *n = import_case_node(types[i / 2], "s", "y");
        bool has_alpha = i / 2 == 2 || i / 2 >= 6;
        if (i % 2 && has_alpha)
            onnx_model_float(n, "alpha", 0.375f);
        if (i % 2 && i / 2 == 2)
            onnx_model_float(n, "beta", 0.25f);
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 2);
        ck_assert_int_eq(import_case.net.ops[1].kind, NET_LOOKUP);
        ck_assert_int_eq(import_case.net.n_slots, 1);
    }
}
END_TEST

START_TEST(a_clamp_after_a_function_is_fused)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    onnx_model_number(import_case.model, "low", -0.25f);
    onnx_model_number(import_case.model, "high", 0.5f);
    import_case_node("Tanh", "s", "t");
    import_case_node("Clip", "t low high", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 2);
}
END_TEST

START_TEST(a_gelu_that_is_an_approximation_is_refused)
{
    import_case_start(20, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    onnx_model_text(import_case_node("Gelu", "s", "y"), "approximate", "tanh");
    import_case_refuse("node 'y' (Gelu): approximate tanh is not supported");
}
END_TEST

START_TEST(products_with_a_function_of_the_same_value_are_functions)
{
    for (int i = 0; i < 4; i++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        Onnx__NodeProto *n = import_case_node(i / 2 ? "HardSigmoid" : "Sigmoid", "s", "g");
        if (i / 2)
            onnx_model_float(n, "alpha", 1 / 6.0f);
        import_case_node("Mul", i % 2 ? "s g" : "g s", "y");
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 2);
        ck_assert_int_eq(import_case.net.ops[1].function.kind, i / 2 ? FUNCTION_HARD_SWISH : FUNCTION_SILU);
    }
}
END_TEST

START_TEST(a_gate_that_others_read_stays)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    import_case_node("Sigmoid", "s", "g");
    import_case_node("Mul", "s g", "m");
    import_case_node("Add", "m g", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 4);
}
END_TEST

START_TEST(other_products_of_a_value_with_its_function_are_products)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    import_case_node("HardSigmoid", "s", "g"); // alpha 0.2
    import_case_node("Mul", "s g", "m");
    import_case_node("Tanh", "m", "t");
    import_case_node("Mul", "m t", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 5);
}
END_TEST

/* ---- products ---- */

START_TEST(products_of_equal_shapes)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    import_case_noise("w", 4, DIMS(6, 6, 1, 1));
    import_case_node("Conv", "s w", "c");
    import_case_node("Mul", "c s", "m");
    import_case_node("Mul", "m m", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_slots, 2); // a product ties nothing
}
END_TEST

START_TEST(squeeze_and_excitation)
{
    for (int flipped = 0; flipped < 2; flipped++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        import_case_noise("w", 4, DIMS(2, 6, 1, 1));
        import_case_noise("v", 4, DIMS(6, 2, 1, 1));
        import_case_node("GlobalAveragePool", "s", "p");
        import_case_node("Conv", "p w", "a");
        import_case_node("Relu", "a", "r");
        import_case_node("Conv", "r v", "b");
        import_case_node("Sigmoid", "b", "g");
        import_case_node("Mul", flipped ? "g s" : "s g", "y");
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        const struct net_op *last = &import_case.net.ops[import_case.net.n_ops - 1];
        ck_assert_int_eq(last->kind, NET_MUL);
        ck_assert_int_eq(import_case.net.tensors[last->in[0]].h, 5);
        ck_assert_int_eq(import_case.net.tensors[last->in[1]].h, 1);
        ck_assert_int_eq(net_tensor_slot(&import_case.net, last->out), 0); // the width of what is gated
    }
}
END_TEST

START_TEST(products_of_other_shapes_are_refused)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    import_case_noise("w", 4, DIMS(1, 6, 1, 1));
    import_case_node("Conv", "s w", "map");
    import_case_node("Mul", "s map", "y");
    import_case_refuse("node 'y' (Mul): of shapes (1, 6, 5, 4) and (1, 1, 5, 4): only equal shapes, and one value for each channel");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("operators");
    tcase_add_test(tc, functions_are_computed_as_defined);
    tcase_add_test(tc, a_clamp_after_a_function_is_fused);
    tcase_add_test(tc, a_gelu_that_is_an_approximation_is_refused);
    tcase_add_test(tc, products_with_a_function_of_the_same_value_are_functions);
    tcase_add_test(tc, a_gate_that_others_read_stays);
    tcase_add_test(tc, other_products_of_a_value_with_its_function_are_products);
    tcase_add_test(tc, products_of_equal_shapes);
    tcase_add_test(tc, squeeze_and_excitation);
    tcase_add_test(tc, products_of_other_shapes_are_refused);
    return import_case_run(tc) ? EXIT_FAILURE : EXIT_SUCCESS;
}

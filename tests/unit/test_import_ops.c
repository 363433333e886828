// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX operators beyond convolutions and pools: functions, products, and whatever moves channels.
#include "tests/import_case.h"
#include "tests/suite.h"

#include <math.h>
#include <stdio.h>
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

/* As PyTorch's exporter writes it, and with the half first. */
START_TEST(a_gelu_that_is_spelled_out_is_one_function)
{
    for (int i = 0; i < 4; i++) {
        import_case_start(i % 2 ? 13 : 9, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, i == 3 ? 1 : 6);
        onnx_model_number(import_case.model, "root", sqrtf(2));
        onnx_model_number(import_case.model, "one", 1);
        onnx_model_number(import_case.model, "half", 0.5f);
        onnx_model_number(import_case.model, "two", 2);
        import_case_node("Div", "s root", "d");
        import_case_node("Erf", "d", "e");
        import_case_node("Add", i % 2 ? "one e" : "e one", "g");
        import_case_node("Mul", i / 2 ? "s half" : "s g", "m");
        import_case_node(i == 1 ? "Div" : "Mul", i == 1 ? "m two" : i / 2 ? "m g" : "m half", "y");
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 2);
        ck_assert_int_eq(import_case.net.ops[1].function.kind, FUNCTION_GELU);
        ck_assert_int_eq(import_case.net.n_layers, 1);
    }
}
END_TEST

START_TEST(what_else_has_an_erf_is_refused)
{
    static const struct {
        const char *type, *inputs, *why;
    } cases[] = {
        {"Erf", "s", "node 'z' (Erf): only erf(x / sqrt(2)), as a part of GELU, is supported"},
        {"Erf", "p", "node 'z' (Erf): only erf(x / sqrt(2)), as a part of GELU, is supported"},
        {"Add", "e two", "node 'z' (Add): erf is supported only as a part of GELU"},
        {"Mul", "g d", "node 'z' (Mul): 1 + erf(x / sqrt(2)) is supported only as a factor of x"},
        {"Mul", "g half", "node 'z' (Mul): input 1 is a constant where an activation is expected"},
        {"Mul", "m two", "node 'z' (Mul): erf is supported only as a part of GELU"},
        {"Relu", "g", "node 'z' (Relu): erf is supported only as a part of GELU"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        onnx_model_number(import_case.model, "root", sqrtf(2));
        onnx_model_number(import_case.model, "one", 1);
        onnx_model_number(import_case.model, "half", 0.5f);
        onnx_model_number(import_case.model, "two", 2);
        import_case_node("Div", "s two", "p");
        import_case_node("Div", "s root", "d");
        import_case_node("Erf", "d", "e");
        import_case_node("Add", "e one", "g");
        import_case_node("Mul", "s g", "m");
        import_case_node(cases[i].type, cases[i].inputs, "z");
        import_case_node("Add", "z s", "y"); // s has other readers, so that no division is folded into it
        import_case_refuse(cases[i].why);
    }
}
END_TEST

START_TEST(a_prelu_of_one_slope_is_a_leaky_relu)
{
    for (int i = 0; i < 3; i++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        Onnx__TensorProto *t = onnx_model_noise(import_case.model, "slope", 3, i ? DIMS(6, 1, 1) : DIMS(1, 1, 1), 0, &import_case.rng);
        const float slopes[6] = {0.3f, 0.3f, 0.3f, 0.3f, 0.3f, i == 2 ? 0.2f : 0.3f};
        memcpy(t->raw_data.data, slopes, i ? sizeof slopes : sizeof *slopes);
        import_case_node("PRelu", "s slope", "y");
        if (i == 2) {
            import_case_refuse("node 'y' (PRelu): slopes that differ are not supported");
            continue;
        }
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 2);
        ck_assert_int_eq(import_case.net.ops[1].function.kind, FUNCTION_LEAKY_RELU);
    }
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

/* ---- softmax ---- */

/* FastestDet's: the channels go last and come back. */
START_TEST(a_softmax_over_the_channels_of_each_pixel)
{
    for (int i = 0; i < 4; i++) {
        import_case_start(i % 2 ? 11 : 13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        onnx_model_ints(import_case_node("Transpose", "s", "t"), "perm", 4, i / 2 ? DIMS(0, 3, 2, 1) : DIMS(0, 2, 3, 1));
        Onnx__NodeProto *n = import_case_node("Softmax", "t", "p");
        onnx_model_int(n, "axis", i ? 3 : -1);
        onnx_model_ints(import_case_node("Transpose", "p", "u"), "perm", 4, i / 2 ? DIMS(0, 3, 2, 1) : DIMS(0, 3, 1, 2));
        onnx_model_int(import_case_node("Concat", "u s", "y"), "axis", 1);
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 3);
        ck_assert_int_eq(import_case.net.ops[1].kind, NET_SOFTMAX);
        ck_assert(!import_case.net.softmax);
    }
}
END_TEST

START_TEST(a_softmax_over_channels_that_stand_first)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    onnx_model_int(import_case_node("Softmax", "s", "y"), "axis", 1); // at the end too: pixels are compared with each other
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 2);
    ck_assert(!import_case.net.softmax);
}
END_TEST

START_TEST(a_softmax_amid_vectors_stays_and_one_at_the_end_does_not)
{
    for (int i = 0; i < 4; i++) {
        import_case_start(i % 2 ? 12 : 13, 2, DIMS(1, 12));
        import_case_noise("w", 2, DIMS(12, 12));
        import_case_node("MatMul", "x w", "g");
        import_case_node("Softmax", "g", "s");
        import_case_node("MatMul", "s w", "h");
        import_case_node("Softmax", i / 2 ? "h" : "s", "y");
        import_case_compare(AS_STORED, AS_STORED);
        ck_assert_int_eq(import_case.net.n_ops, i / 2 ? 3 : 2);
        ck_assert(import_case.net.softmax);
    }
}
END_TEST

START_TEST(a_clamp_after_a_softmax_at_the_end_keeps_it)
{
    import_case_start(13, 2, DIMS(1, 12));
    import_case_noise("w", 2, DIMS(12, 12));
    onnx_model_number(import_case.model, "low", 0.05f);
    import_case_node("MatMul", "x w", "g");
    import_case_node("Softmax", "g", "s");
    import_case_node("Clip", "s low", "y");
    import_case_compare(AS_STORED, AS_STORED);
    ck_assert_int_eq(import_case.net.n_ops, 2);
    ck_assert(!import_case.net.softmax);
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

/* ---- channels ---- */

START_TEST(concatenations_of_channels)
{
    for (int n = 2; n <= 4; n++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        import_case_noise("w", 4, DIMS(5, 6, 1, 1));
        import_case_noise("v", 4, DIMS(2, 3, 1, 1));
        import_case_node("Conv", "s w", "a");
        import_case_node("Conv", "x v", "b");
        onnx_model_int(import_case_node("Concat", n == 2 ? "s a" : n == 3 ? "a b s" : "b s b a", "y"), "axis", n == 3 ? -3 : 1);
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    }
}
END_TEST

START_TEST(concatenations_of_vectors_and_sequences)
{
    import_case_start(13, 2, DIMS(1, 7));
    import_case_noise("w", 2, DIMS(7, 4));
    import_case_node("MatMul", "x w", "a");
    onnx_model_int(import_case_node("Concat", "x a", "y"), "axis", 1);
    import_case_compare(AS_STORED, AS_STORED);
    import_case_start(13, 3, DIMS(1, 9, 6));
    import_case_noise("w", 2, DIMS(6, 4));
    import_case_node("MatMul", "x w", "a");
    onnx_model_int(import_case_node("Concat", "x a", "y"), "axis", 2);
    import_case_compare(AS_STORED, AS_STORED);
}
END_TEST

START_TEST(splits_slices_and_gathers_choose_channels)
{
    for (int way = 0; way < 6; way++) {
        import_case_start(way < 2 ? 11 : 13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        Onnx__NodeProto *n;
        if (way < 3) {
            onnx_model_list(import_case.model, "sizes", 2, DIMS(4, 2));
            n = import_case_node("Split", way == 2 ? "s sizes" : "s", "a b");
            onnx_model_int(n, "axis", 1);
            if (way == 1)
                onnx_model_ints(n, "split", 2, DIMS(2, 4));
            import_case_node("Relu", way == 1 ? "a" : "b", "y");
        } else if (way < 5) {
            onnx_model_list(import_case.model, "starts", 1, DIMS(1));
            onnx_model_list(import_case.model, "ends", 1, DIMS(way == 3 ? INT64_MAX : -1));
            onnx_model_list(import_case.model, "axes", 1, DIMS(1));
            onnx_model_list(import_case.model, "steps", 1, DIMS(way == 3 ? 2 : 1));
            import_case_node("Slice", "s starts ends axes steps", "y");
        } else {
            onnx_model_list(import_case.model, "which", 4, DIMS(5, 0, -2, 0));
            onnx_model_int(import_case_node("Gather", "s which", "y"), "axis", 1);
        }
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 2);
        ck_assert_int_eq(import_case.net.n_slots, 1);
    }
}
END_TEST

static void shuffle(const char *from, const char *to, int channels, int groups, int h, int w)
{
    char first[32], second[32], shape[32], back[32];
    snprintf(first, sizeof first, "%s_split", to);
    snprintf(second, sizeof second, "%s_swapped", to);
    snprintf(shape, sizeof shape, "%s %s_5", from, to);
    snprintf(back, sizeof back, "%s_swapped %s_4", to, to);
    onnx_model_list(import_case.model, strchr(shape, ' ') + 1, 5, DIMS(1, groups, channels / groups, h, w));
    onnx_model_list(import_case.model, strchr(back, ' ') + 1, 4, DIMS(-1, channels, h, w));
    import_case_node("Reshape", shape, first);
    onnx_model_ints(import_case_node("Transpose", first, second), "perm", 5, DIMS(0, 2, 1, 3, 4));
    import_case_node("Reshape", back, to);
}

START_TEST(a_channel_shuffle_is_a_choice)
{
    for (int groups = 2; groups <= 6; groups++) {
        if (12 % groups)
            continue;
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 12);
        shuffle("s", "y", 12, groups, 5, 4);
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 2);
    }
}
END_TEST

/* Two units of ShuffleNetV2: what is concatenated, shuffled and split again is read from where it came. */
START_TEST(concatenation_shuffle_and_split_become_one_choice_each)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 8);
    import_case_noise("w", 4, DIMS(4, 4, 1, 1));
    onnx_model_int(import_case_node("Split", "s", "p q"), "axis", 1);
    import_case_node("Conv", "q w", "c");
    onnx_model_int(import_case_node("Concat", "p c", "j"), "axis", 1);
    shuffle("j", "k", 8, 2, 5, 4);
    onnx_model_int(import_case_node("Split", "k", "l m"), "axis", 1);
    import_case_node("Conv", "m w", "d");
    onnx_model_int(import_case_node("Concat", "l d", "y"), "axis", 1);
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    // stem, q, conv, m, conv, and l with d: p and l are read where they stand
    int choices = 0;
    for (int i = 0; i < import_case.net.n_ops; i++)
        choices += import_case.net.ops[i].kind == NET_CHANNELS;
    ck_assert_int_eq(choices, 4);
    ck_assert_int_eq(import_case.net.n_ops, 7);
}
END_TEST

/* As ShuffleNetV2's other authors write it: the batch is left away, and the halves are taken by their number. */
static void shuffle_in_parts(const char *from, const char *first, const char *second, int channels, int h, int w)
{
    char inputs[32];
    snprintf(inputs, sizeof inputs, "%s pairs", from);
    onnx_model_list(import_case.model, "pairs", 3, DIMS(channels / 2, 2, h * w));
    onnx_model_list(import_case.model, "halves", 5, DIMS(2, -1, channels / 2, h, w));
    onnx_model_list(import_case.model, "zero", 1, DIMS(0))->n_dims = 0;
    onnx_model_list(import_case.model, "last", 1, DIMS(-1))->n_dims = 0;
    import_case_node("Reshape", inputs, "split");
    onnx_model_ints(import_case_node("Transpose", "split", "swapped"), "perm", 3, DIMS(1, 0, 2));
    import_case_node("Reshape", "swapped halves", "stack");
    import_case_node("Gather", "stack zero", first);
    import_case_node("Gather", "stack last", second);
}

START_TEST(parts_of_a_shuffle_that_are_taken_by_number_are_choices)
{
    for (int flipped = 0; flipped < 2; flipped++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 12);
        import_case_noise("w", 4, DIMS(6, 6, 1, 1));
        shuffle_in_parts("s", flipped ? "b" : "a", flipped ? "a" : "b", 12, 5, 4);
        import_case_node("Conv", "b w", "c");
        onnx_model_int(import_case_node("Concat", "a c", "y"), "axis", 1);
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.n_ops, 4); // stem, b, conv, and a with c: a is read where it stands
    }
}
END_TEST

START_TEST(a_shuffle_without_a_batch_is_a_choice)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 12);
    onnx_model_list(import_case.model, "triples", 3, DIMS(4, 3, 20));
    onnx_model_list(import_case.model, "plane", 4, DIMS(1, 12, 5, 4));
    import_case_node("Reshape", "s triples", "split");
    onnx_model_ints(import_case_node("Transpose", "split", "swapped"), "perm", 3, DIMS(1, 0, 2));
    import_case_node("Reshape", "swapped plane", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.n_ops, 2);
}
END_TEST

START_TEST(what_else_reads_a_stack_of_parts_is_refused)
{
    static const struct {
        const char *type, *inputs, *why;
    } cases[] = {
        {"Gather", "stack list", "node 'y' (Gather): of channels that a reshape has split: only one part of all is supported"},
        {"Gather", "stack two", "node 'y' (Gather): channel 2 of 2"},
        {"Gather", "swapped zero", "node 'y' (Gather): channels that a reshape has split: only a shuffle of them is supported"},
        {"Transpose", "stack", "node 'y' (Transpose): of channels that a reshape has split"},
        {"Reshape", "split halves", "node 'y' (Reshape): channels that were split can only be joined again"},
        {"Relu", "stack", "node 'y' (Relu): channels that a reshape has split: only a shuffle of them is supported"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 12);
        onnx_model_list(import_case.model, "list", 1, DIMS(0));
        onnx_model_list(import_case.model, "two", 1, DIMS(2))->n_dims = 0;
        shuffle_in_parts("s", "a", "b", 12, 5, 4);
        import_case_node("Add", "a b", "unread");
        import_case_node(cases[i].type, cases[i].inputs, "y");
        import_case_refuse(cases[i].why);
    }
}
END_TEST

START_TEST(splits_that_are_joined_again_are_nothing)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 8);
    onnx_model_int(import_case_node("Split", "s", "p q"), "axis", 1);
    onnx_model_int(import_case_node("Concat", "p q", "j"), "axis", 1);
    import_case_node("Relu", "j", "r"); // s has another reader: it must not be clamped
    import_case_node("Add", "r s", "y");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert(isinf(import_case.net.ops[0].act_min));
}
END_TEST

START_TEST(a_clamp_on_a_concatenation_is_not_read_around)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 8);
    onnx_model_int(import_case_node("Concat", "s x", "j"), "axis", 1);
    import_case_node("Relu", "j", "r");
    onnx_model_int(import_case_node("Split", "r", "p q unread"), "axis", 1);
    onnx_model_ints(import_case.model->graph->node[3], "split", 3, DIMS(5, 4, 2));
    onnx_model_int(import_case_node("Concat", "q p", "y"), "axis", 1);
    import_case.model->opset_import[0]->version = 11;
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
}
END_TEST

START_TEST(planes_are_enlarged_by_whole_factors)
{
    for (int way = 0; way < 3; way++) {
        const float scales[4] = {1, 1, 2, 3};
        import_case_start(way == 2 ? 9 : 13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 4);
        Onnx__TensorProto *t = onnx_model_noise(import_case.model, "scales", 1, DIMS(4), 0, &import_case.rng);
        memcpy(t->raw_data.data, scales, sizeof scales);
        Onnx__NodeProto *n = import_case_node(way == 2 ? "Upsample" : "Resize", way == 2 ? "s scales" : "s - scales", "y");
        onnx_model_text(n, "mode", "nearest");
        if (way == 1) {
            onnx_model_text(n, "coordinate_transformation_mode", "asymmetric");
            onnx_model_text(n, "nearest_mode", "floor");
        }
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.ops[1].kind, NET_RESIZE);
    }
}
END_TEST

START_TEST(what_else_would_move_elements_is_refused)
{
    static const struct {
        const char *type, *inputs, *attribute, *why;
        int value;
    } cases[] = {
        {"Concat", "s s", "axis", "node 'y' (Concat): along axis 2 is not supported, only along channels", 2},
        {"Concat", "s s", "axis", "node 'y' (Concat): there is no axis 4 among 4", 4},
        {"Concat", "s x", "axis", "node 'y' (Concat): along axis 3", 3},
        {"Split", "s", "axis", "node 'y' (Split): along axis 2", 2},
        {"Gather", "s many", "axis", "node 'y' (Gather): channel 9 of 6", 1},
        {"Gather", "s x", "axis", "node 'y' (Gather): input 1 must be a constant", 1},
        {"Resize", "s - half", NULL, "node 'y' (Resize): by a factor of 1.5 along axis 2: only whole factors", 0},
        {"Transpose", "split", NULL, "node 'y' (Transpose): of channels that a reshape has split", 0},
        {"Relu", "split", NULL, "node 'y' (Relu): channels that a reshape has split: only a shuffle of them is supported", 0},
    };
    const float scales[4] = {1, 1, 1.5f, 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        onnx_model_list(import_case.model, "many", 2, DIMS(0, 9));
        onnx_model_list(import_case.model, "five", 5, DIMS(1, 2, 3, 5, 4));
        Onnx__TensorProto *t = onnx_model_noise(import_case.model, "half", 1, DIMS(4), 0, &import_case.rng);
        memcpy(t->raw_data.data, scales, sizeof scales);
        import_case_node("Reshape", "s five", "split");
        Onnx__NodeProto *n = import_case_node(cases[i].type, cases[i].inputs, "y");
        if (cases[i].attribute)
            onnx_model_int(n, cases[i].attribute, cases[i].value);
        import_case_refuse(cases[i].why);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import");
    TCase *tc = suite_case(s, "operators", import_case_setup, import_case_teardown);
    tcase_add_test(tc, functions_are_computed_as_defined);
    tcase_add_test(tc, a_clamp_after_a_function_is_fused);
    tcase_add_test(tc, a_gelu_that_is_an_approximation_is_refused);
    tcase_add_test(tc, a_gelu_that_is_spelled_out_is_one_function);
    tcase_add_test(tc, what_else_has_an_erf_is_refused);
    tcase_add_test(tc, a_prelu_of_one_slope_is_a_leaky_relu);
    tcase_add_test(tc, products_with_a_function_of_the_same_value_are_functions);
    tcase_add_test(tc, a_gate_that_others_read_stays);
    tcase_add_test(tc, other_products_of_a_value_with_its_function_are_products);
    tcase_add_test(tc, a_softmax_over_the_channels_of_each_pixel);
    tcase_add_test(tc, a_softmax_over_channels_that_stand_first);
    tcase_add_test(tc, a_softmax_amid_vectors_stays_and_one_at_the_end_does_not);
    tcase_add_test(tc, a_clamp_after_a_softmax_at_the_end_keeps_it);
    tcase_add_test(tc, products_of_equal_shapes);
    tcase_add_test(tc, squeeze_and_excitation);
    tcase_add_test(tc, products_of_other_shapes_are_refused);
    tcase_add_test(tc, concatenations_of_channels);
    tcase_add_test(tc, concatenations_of_vectors_and_sequences);
    tcase_add_test(tc, splits_slices_and_gathers_choose_channels);
    tcase_add_test(tc, a_channel_shuffle_is_a_choice);
    tcase_add_test(tc, concatenation_shuffle_and_split_become_one_choice_each);
    tcase_add_test(tc, parts_of_a_shuffle_that_are_taken_by_number_are_choices);
    tcase_add_test(tc, a_shuffle_without_a_batch_is_a_choice);
    tcase_add_test(tc, what_else_reads_a_stack_of_parts_is_refused);
    tcase_add_test(tc, splits_that_are_joined_again_are_nothing);
    tcase_add_test(tc, a_clamp_on_a_concatenation_is_not_read_around);
    tcase_add_test(tc, planes_are_enlarged_by_whole_factors);
    tcase_add_test(tc, what_else_would_move_elements_is_refused);
    return suite_run(s);
}

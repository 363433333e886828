// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Shapes that a file computes, as exporters write them where a program asks for the sides of a tensor.
#include "tests/import_case.h"
#include "tests/suite.h"

#include <stdio.h>
#include <string.h>

/* A single number, which has no axis. */
static void integer(const char *name, int64_t value)
{
    onnx_model_list(import_case.model, name, 1, &value)->n_dims = 0;
}

/* `to` is side `d` of `of`, a list of one number. */
static void side(const char *of, int d, const char *to)
{
    char shape[32], index[32], one[32], inputs[80];
    snprintf(shape, sizeof shape, "%s_shape", to);
    snprintf(index, sizeof index, "%s_index", to);
    snprintf(one, sizeof one, "%s_number", to);
    import_case_node("Shape", of, shape);
    integer(index, d);
    snprintf(inputs, sizeof inputs, "%s %s", shape, index);
    onnx_model_int(import_case_node("Gather", inputs, one), "axis", 0);
    onnx_model_ints(import_case_node("Unsqueeze", one, to), "axes", 1, DIMS(0));
}

static void open_batch(void)
{
    Onnx__TensorShapeProto__Dimension *d = import_case.model->graph->input[0]->type->tensor_type->shape->dim[0];
    d->has_dim_value = 0;
}

/* x.view(x.size(0), -1) */
START_TEST(a_view_that_keeps_the_batch_is_a_flatten)
{
    for (int open = 0; open < 2; open++) {
        import_case_start(11, 4, DIMS(1, 3, 5, 4));
        import_case_stem("s", 3, 6);
        import_case_node("Relu", "s", "r");
        side("r", 0, "b");
        onnx_model_list(import_case.model, "rest", 1, DIMS(-1));
        onnx_model_int(import_case_node("Concat", "b rest", "target"), "axis", 0);
        import_case_node("Reshape", "r target", "f");
        import_case_noise("w", 2, DIMS(120, 7));
        import_case_node("Gemm", "f w", "y");
        if (open)
            open_batch();
        import_case_compare(CHANNELS_FIRST, AS_STORED);
        ck_assert_int_eq(import_case.net.n_ops, 2); // the shape has not kept Relu from the convolution
    }
}
END_TEST

/* b, c, h, w = x.shape; x.reshape(b, c * h * w) */
START_TEST(products_of_sides_are_folded)
{
    import_case_start(11, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    side("s", 0, "b");
    side("s", 1, "c");
    side("s", 2, "h");
    side("s", -1, "w");
    import_case_node("Mul", "c h", "ch");
    import_case_node("Mul", "ch w", "chw");
    onnx_model_int(import_case_node("Concat", "b chw", "target"), "axis", 0);
    import_case_node("Reshape", "s target", "f");
    import_case_noise("m", 2, DIMS(120, 7));
    import_case_node("Gemm", "f m", "y");
    import_case_compare(CHANNELS_FIRST, AS_STORED);
}
END_TEST

/* The pads are not in the network's tensor: its sides are not those that the file means. */
START_TEST(the_shape_of_zero_pads_is_refused)
{
    import_case_start(11, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    onnx_model_list(import_case.model, "pads", 8, DIMS(0, 0, 1, 1, 0, 0, 1, 1));
    import_case_node("Pad", "s pads", "p");
    side("p", 2, "h");
    import_case_noise("w", 4, DIMS(6, 6, 3, 3));
    import_case_node("Conv", "p w", "c");
    onnx_model_int(import_case_node("Cast", "h", "f"), "to", 1);
    import_case_node("Div", "c f", "y");
    import_case_refuse("node 'h_shape' (Shape): of zero pads that the next operation takes over is not supported");
}
END_TEST

/* torch.chunk(x, 2, 1) of 7 channels: 4 and 3. */
START_TEST(slices_between_computed_sides_are_folded)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 7);
    import_case_node("Shape", "s", "shape");
    onnx_model_list(import_case.model, "one", 1, DIMS(1));
    onnx_model_list(import_case.model, "two", 1, DIMS(2));
    onnx_model_list(import_case.model, "none", 1, DIMS(0));
    import_case_node("Gather", "shape one", "c");
    import_case_node("Add", "c one", "more");
    import_case_node("Div", "more two", "half");
    import_case_node("Mul", "half two", "end");
    import_case_node("Slice", "s none half one", "p");
    import_case_node("Slice", "s half end one", "q");
    onnx_model_int(import_case_node("Concat", "q p", "y"), "axis", 1);
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.ops[import_case.net.n_ops - 1].choice[0], 4);
}
END_TEST

/* F.interpolate(y, size=x.shape[2:]) as opset 9 writes it: sizes become scales by way of floats. */
START_TEST(scales_from_two_shapes_are_folded)
{
    import_case_start(9, 4, DIMS(1, 3, 4, 6));
    import_case_stem("s", 3, 4);
    onnx_model_ints(import_case_node("MaxPool", "s", "p"), "kernel_shape", 2, DIMS(2, 3));
    onnx_model_ints(import_case.model->graph->node[1], "strides", 2, DIMS(2, 3));
    for (int i = 0; i < 2; i++) {
        const char *of = i ? "p" : "s";
        char shape[16], part[16], floats[16];
        snprintf(shape, sizeof shape, "%s_shape", of);
        snprintf(part, sizeof part, "%s_sides", of);
        snprintf(floats, sizeof floats, "%s_floats", of);
        import_case_node("Shape", of, shape);
        Onnx__NodeProto *slice = import_case_node("Slice", shape, part);
        onnx_model_ints(slice, "axes", 1, DIMS(0));
        onnx_model_ints(slice, "starts", 1, DIMS(2));
        onnx_model_ints(slice, "ends", 1, DIMS(4));
        onnx_model_int(import_case_node("Cast", part, floats), "to", 1);
    }
    import_case_node("Div", "s_floats p_floats", "factors");
    import_case_node("Floor", "factors", "whole");
    onnx_model_list(import_case.model, "ones", 2, DIMS(1, 1));
    onnx_model_int(import_case_node("Cast", "ones", "float_ones"), "to", 1);
    onnx_model_int(import_case_node("Concat", "float_ones whole", "scales"), "axis", 0);
    onnx_model_text(import_case_node("Upsample", "p scales", "y"), "mode", "nearest");
    import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
    ck_assert_int_eq(import_case.net.ops[2].stride_w, 3);
}
END_TEST

static void excitation(const char *plane)
{
    import_case_start(13, 4, DIMS(1, 3, 5, 4));
    import_case_stem("s", 3, 6);
    import_case_node("GlobalAveragePool", "s", "g");
    import_case_node("Sigmoid", "g", "e");
    import_case_node("Shape", plane, "shape");
    import_case_node("Expand", "e shape", "wide");
}

/* x * y.expand_as(x) */
START_TEST(a_factor_that_is_expanded_stays_one_value_for_each_channel)
{
    for (int way = 0; way < 2; way++) {
        excitation("s");
        import_case_node("Mul", way ? "s wide" : "wide s", "y");
        import_case_compare(CHANNELS_FIRST, CHANNELS_FIRST);
        ck_assert_int_eq(import_case.net.ops[import_case.net.n_ops - 1].kind, NET_MUL);
    }
}
END_TEST

START_TEST(what_was_expanded_is_nothing_but_a_factor)
{
    excitation("s");
    import_case_node("Add", "s wide", "y");
    import_case_refuse("node 'y' (Add): what Expand made is supported only as a factor of a plane of its size");
    excitation("s");
    import_case_node("Identity", "wide", "y");
    import_case_refuse("of what Expand made is not supported");
    excitation("s");
    onnx_model_ints(import_case_node("MaxPool", "s", "small"), "kernel_shape", 2, DIMS(2, 2));
    import_case_node("Mul", "small wide", "y");
    import_case_refuse("only as a factor of a plane of its size");
    excitation("s");
    import_case.model->graph->node[4]->output[0][0] = 'y';
    import_case.model->graph->node[4]->output[0][1] = 0;
    import_case_refuse("out of an Expand is not supported");
}
END_TEST

START_TEST(numbers_that_cannot_be_folded_are_refused)
{
    static const struct {
        const char *type, *inputs, *why;
    } cases[] = {
        {"Div", "one none", "a division of 1 by 0"},
        {"Gather", "one two", "number 2 of 1"},
        {"Add", "two three", "of 2 and 3 constant numbers"},
        {"Add", "many one", "at most 64"},
        {"Cast", "one", "to data type 0 is not supported"},
        {"Slice", "three none two two", "only along their one axis"},
        {"Floor", "one", "of integers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const int64_t zeros[65];
        import_case_start(13, 4, DIMS(1, 3, 5, 4));
        onnx_model_list(import_case.model, "none", 1, DIMS(0));
        onnx_model_list(import_case.model, "one", 1, DIMS(1));
        onnx_model_list(import_case.model, "two", i == 2 ? 2 : 1, DIMS(2, 2));
        onnx_model_list(import_case.model, "three", 3, DIMS(1, 2, 3));
        onnx_model_list(import_case.model, "many", 65, zeros);
        import_case_node(cases[i].type, cases[i].inputs, "target");
        import_case_stem("s", 3, 6);
        import_case_node("Reshape", "s target", "y");
        import_case_refuse(cases[i].why);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import");
    TCase *tc = suite_case(s, "import_shapes", import_case_setup, import_case_teardown);
    tcase_add_test(tc, a_view_that_keeps_the_batch_is_a_flatten);
    tcase_add_test(tc, products_of_sides_are_folded);
    tcase_add_test(tc, the_shape_of_zero_pads_is_refused);
    tcase_add_test(tc, slices_between_computed_sides_are_folded);
    tcase_add_test(tc, scales_from_two_shapes_are_folded);
    tcase_add_test(tc, a_factor_that_is_expanded_stays_one_value_for_each_channel);
    tcase_add_test(tc, what_was_expanded_is_nothing_but_a_factor);
    tcase_add_test(tc, numbers_that_cannot_be_folded_are_refused);
    return suite_run(s);
}

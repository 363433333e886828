// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX files with integers: QuantizeLinear and DequantizeLinear, and QONNX's Quant.
#include "tests/import_case.h"
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { // TensorProto.DataType
    UINT8 = 2,
    INT8 = 3,
    INT32 = 6,
};

/* An initializer of integers. */
static void integers(const char *name, int type, int rank, const int64_t *dims, int count, const int64_t *values)
{
    Onnx__TensorProto *t = onnx_model_noise(import_case.model, name, rank, dims, 0, &import_case.rng);
    t->data_type = type;
    t->has_raw_data = 0;
    t->raw_data.len = 0;
    t->n_int32_data = (size_t)count;
    t->int32_data = malloc((size_t)count * sizeof *t->int32_data);
    for (int i = 0; i < count; i++)
        t->int32_data[i] = (int32_t)values[i];
}

static void zero_point(const char *name, int type, int64_t value)
{
    integers(name, type, 0, NULL, 1, &value);
}

static void floats(const char *name, int rank, const int64_t *dims, int count, const float *values)
{
    Onnx__TensorProto *t = onnx_model_noise(import_case.model, name, rank, dims, 0, &import_case.rng);
    memcpy(t->raw_data.data, values, (size_t)count * sizeof *values);
}

static void number(const char *name, float value)
{
    onnx_model_number(import_case.model, name, value);
}

/* x, in integers; y of t, in integers. */
static void ends(float scale, int type, int64_t zero)
{
    number("xs", 0.5f);
    zero_point("xz", UINT8, 128);
    import_case_node("QuantizeLinear", "x xs xz", "xq");
    import_case_node("DequantizeLinear", "xq xs xz", "xd");
    number("ys", scale);
    zero_point("yz", type, zero);
    import_case_node("QuantizeLinear", "t ys yz", "yq");
    import_case_node("DequantizeLinear", "yq ys yz", "y");
}

START_TEST(a_convolution_between_quantizers_keeps_its_integers)
{
    static const int64_t codes[4] = {-127, 5, 0, 127}, biases[2] = {1000, -3};
    static const float scales[2] = {0.25f, 0.003f}, bias_scales[2] = {0.5f * 0.25f, 0.5f * 0.003f};
    import_case_start(13, 4, DIMS(1, 2, 3, 3));
    integers("wq", INT8, 4, DIMS(2, 2, 1, 1), 4, codes);
    floats("ws", 1, DIMS(2), 2, scales);
    onnx_model_int(import_case_node("DequantizeLinear", "wq ws", "w"), "axis", 0);
    integers("bq", INT32, 1, DIMS(2), 2, biases);
    floats("bs", 1, DIMS(2), 2, bias_scales);
    onnx_model_int(import_case_node("DequantizeLinear", "bq bs", "b"), "axis", 0);
    number("xs", 0.5f);
    zero_point("xz", UINT8, 128);
    import_case_node("QuantizeLinear", "x xs xz", "xq");
    import_case_node("DequantizeLinear", "xq xs xz", "xd");
    import_case_node("Conv", "xd w b", "c");
    import_case_node("Relu", "c", "t");
    number("ys", 0.125f);
    zero_point("yz", INT8, -128);
    import_case_node("QuantizeLinear", "t ys yz", "yq");
    import_case_node("DequantizeLinear", "yq ys yz", "y");
    ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
    const struct net *n = &import_case.net;
    const struct net_op *op = &n->ops[0];
    struct setting s;
    ck_assert_int_eq(n->n_ops, 1);
    ck_assert(n->grids[n->input].scale == 0.5f && n->grids[n->input].zero_point == 0 && n->grids[n->input].bits == 8);
    ck_assert(n->grids[n->output].scale == 0.125f && n->grids[n->output].zero_point == -128);
    ck_assert(op->act_min == 0 && op->act_max == 255 * 0.125f);
    ck_assert_int_eq(op->given.w_bits, 8);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(op->weights[i], (float)codes[i] * scales[i / 2]);
    ck_assert(op->given.scales[1] == scales[1] && op->given.bias[0] == 1000 && op->given.bias[1] == -3);
    ck_assert(net_is_given(n) && net_given_setting(n, 0, &s));
    ck_assert(s.w_bits == 8 && s.a_bits == 8 && s.scheme == SCHEME_GIVEN);
}
END_TEST

START_TEST(weights_that_a_quantizer_in_the_file_rounds_are_integers_too)
{
    static const float weights[4] = {0.26f, -0.12f, 40, -40}; // of steps of 0.25: 1.04 and -0.48, and beyond the range
    import_case_start(13, 2, DIMS(1, 2));
    floats("wf", 2, DIMS(2, 2), 4, weights);
    number("ws", 0.25f);
    zero_point("wz", INT8, 0);
    import_case_node("QuantizeLinear", "wf ws wz", "wq");
    import_case_node("DequantizeLinear", "wq ws wz", "w");
    number("xs", 0.5f);
    zero_point("xz", UINT8, 128);
    import_case_node("QuantizeLinear", "x xs xz", "xq");
    import_case_node("DequantizeLinear", "xq xs xz", "xd");
    import_case_node("MatMul", "xd w", "t");
    number("ys", 1);
    import_case_node("QuantizeLinear", "t ys", "yq"); // without a zero point: uint8 from 0
    import_case_node("DequantizeLinear", "yq ys", "y");
    ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
    const struct net_op *op = &import_case.net.ops[0];
    ck_assert_int_eq(op->given.w_bits, 8);
    ck_assert_float_eq(op->weights[0], 0.25f); // [out][in]
    ck_assert_float_eq(op->weights[2], 0);
    ck_assert_float_eq(op->weights[1], 127 * 0.25f);
    ck_assert_float_eq(op->weights[3], -128 * 0.25f);
    ck_assert(op->act_min == 0 && op->act_max == 255);
}
END_TEST

START_TEST(a_qonnx_quant_has_any_width)
{
    static const float weights[4] = {3, -100, 0.6f, 100};
    import_case_start(13, 4, DIMS(1, 2, 3, 3));
    floats("wf", 4, DIMS(2, 2, 1, 1), 4, weights);
    number("one", 1);
    number("half", 0.5f);
    number("zero", 0);
    number("four", 4);
    number("eight", 8);
    import_case_node("Quant", "x one zero eight", "xq");
    import_case_node("Quant", "wf one zero four", "w");
    import_case_node("Conv", "xq w", "c");
    import_case_node("Relu", "c", "r");
    Onnx__NodeProto *n = import_case_node("Quant", "r half zero four", "y");
    onnx_model_int(n, "signed", 0);
    ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
    struct setting s;
    const struct net *net = &import_case.net;
    ck_assert(net_is_given(net) && net_given_setting(net, 0, &s));
    ck_assert(s.w_bits == 4 && s.a_bits == 4);
    ck_assert(net->ops[0].weights[1] == -8 && net->ops[0].weights[2] == 1 && net->ops[0].weights[3] == 7);
    ck_assert(net->grids[net->output].zero_point == -8 && net->ops[0].act_max == 7.5f);
}
END_TEST

START_TEST(a_pool_with_a_scale_of_its_own_is_a_layer)
{
    import_case_start(13, 4, DIMS(1, 2, 3, 4));
    import_case_node("GlobalAveragePool", "xd", "t");
    ends(0.0625f, INT8, 3);
    // nodes stand in the order in which they were added: the pool's input must be there before
    Onnx__NodeProto *pool = import_case.model->graph->node[0];
    memmove(import_case.model->graph->node, import_case.model->graph->node + 1, 2 * sizeof pool);
    import_case.model->graph->node[2] = pool;
    ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
    const struct net *n = &import_case.net;
    ck_assert_int_eq(n->n_ops, 1);
    ck_assert(net_is_depthwise(n, &n->ops[0]) && n->ops[0].given.w_bits == 2);
    ck_assert_float_eq(n->ops[0].weights[5], (float)(1. / 12));
    ck_assert(n->grids[n->output].scale == 0.0625f && n->grids[n->output].zero_point == 3);
}
END_TEST

/* Over the pixels of a plane it stays, with the file's scale; of a vector at the end it goes, quantizer and all. */
START_TEST(a_softmax_before_a_quantizer)
{
    for (int side = 1; side <= 3; side += 2) {
        import_case_start(13, 4, DIMS(1, 3, side, side));
        import_case_stem("s", 3, 6);
        onnx_model_int(import_case_node("Softmax", "s", "t"), "axis", 1);
        ends(0.00390625f, INT8, -128);
        ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
        const struct net *n = &import_case.net;
        ck_assert_int_eq(n->n_ops, side == 1 ? 1 : 2);
        ck_assert_int_eq(n->softmax, side == 1);
        ck_assert_int_eq(n->grids[n->output].zero_point, side == 1 ? 0 : -128);
        ck_assert(side == 1 || n->grids[n->output].scale == 0.00390625f);
    }
}
END_TEST

START_TEST(what_cannot_be_taken_is_named)
{
    static const float scales[2] = {1, 2};
    import_case_start(13, 4, DIMS(1, 2, 3, 3));
    floats("s", 1, DIMS(2), 2, scales);
    import_case_node("QuantizeLinear", "x s", "y");
    ck_assert_int_eq(import_case_take(), -1);
    ck_assert_msg(strstr(import_case.error.text, "activations with a scale for each channel") != NULL, "%s", import_case.error.text);
    import_case_start(13, 4, DIMS(1, 2, 3, 3));
    number("s", 0);
    import_case_node("QuantizeLinear", "x s", "y");
    ck_assert_int_eq(import_case_take(), -1);
    ck_assert_msg(strstr(import_case.error.text, "a scale of 0") != NULL, "%s", import_case.error.text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import");
    TCase *tc = suite_case(s, "import_quantized", import_case_setup, import_case_teardown);
    tcase_add_test(tc, a_convolution_between_quantizers_keeps_its_integers);
    tcase_add_test(tc, weights_that_a_quantizer_in_the_file_rounds_are_integers_too);
    tcase_add_test(tc, a_qonnx_quant_has_any_width);
    tcase_add_test(tc, a_pool_with_a_scale_of_its_own_is_a_layer);
    tcase_add_test(tc, a_softmax_before_a_quantizer);
    tcase_add_test(tc, what_cannot_be_taken_is_named);
    return suite_run(s);
}

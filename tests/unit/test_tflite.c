// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite files made here: what becomes of each operator, what is refused, and that broken files never crash.
#include "quant/import/flat.h"
#include "quant/import/import.h"
#include "tests/suite.h"
#include "tests/unit/tfl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_convolution_keeps_its_weights_and_pads_at_the_end)
{
    int x = tfl_activation(8, 7, 3), w = tfl_weights(5, 3, 2, 3), b = tfl_tensor(1, INTS(5), FLOAT32, tfl.noise, 20),
        y = tfl_activation(4, 4, 5);
    tfl_op(CONV_2D, x, w, b, y, 6, INTS(0, 2, 2, 3, 1, 1)); // SAME, strides 2, RELU6
    tfl_take(y);
    const struct net_op *c = &tfl.net.ops[0];
    ck_assert_int_eq(c->kind, NET_CONV);
    ck_assert_str_eq(c->name, "td");
    ck_assert(c->kernel_h == 3 && c->kernel_w == 2 && c->stride_h == 2 && c->stride_w == 2 && c->groups == 1);
    ck_assert(c->pad_top == 0 && c->pad_bottom == 1 && c->pad_left == 0 && c->pad_right == 1);
    ck_assert(c->act_min == 0 && c->act_max == 6);
    ck_assert_int_eq(memcmp(c->weights, tfl.noise, 5 * 3 * 2 * 3 * sizeof *tfl.noise), 0);
    ck_assert_int_eq(memcmp(c->bias, tfl.noise, 5 * sizeof *tfl.noise), 0);
}
END_TEST

START_TEST(a_depthwise_convolution_with_a_multiplier_is_turned)
{
    int x = tfl_activation(6, 6, 2), w = tfl_weights(1, 3, 3, 6), y = tfl_activation(4, 4, 6);
    tfl_op(DEPTHWISE_CONV_2D, x, w, -1, y, 7, INTS(1, 1, 1, 3, 1, 1, 1)); // VALID, multiplier 3, RELU
    tfl_take(y);
    const struct net_op *c = &tfl.net.ops[0];
    ck_assert(c->groups == 2 && c->act_min == 0 && isinf(c->act_max));
    for (int o = 0; o < 6; o++)
        for (int t = 0; t < 9; t++)
            ck_assert_float_eq(c->weights[o * 9 + t], tfl.noise[t * 6 + o]);
}
END_TEST

#define BETA_1 0x3f800000 // as its bits

START_TEST(a_softmax_of_a_plane_or_amid_vectors_is_an_operation)
{
    int x = tfl_activation(8, 8, 3), w = tfl_weights(4, 1, 1, 3), a = tfl_activation(8, 8, 4), s = tfl_activation(8, 8, 4);
    int y = tfl_activation(8, 8, 4);
    tfl_op(CONV_2D, x, w, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_op(SOFTMAX, a, -1, -1, s, 1, INTS(BETA_1));
    tfl_op(ADD, s, a, -1, y, 1, INTS(0));
    tfl_take(y);
    ck_assert_int_eq(tfl.net.n_ops, 3);
    ck_assert_int_eq(tfl.net.ops[1].kind, NET_SOFTMAX);
    ck_assert(!tfl.net.softmax);

    tfl_teardown();
    tfl_setup();
    int v = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0), f = tfl_tensor(2, INTS(4, 4), FLOAT32, tfl.noise, 64);
    int g = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0);
    int p = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0), z = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0);
    tfl_op(FULLY_CONNECTED, v, f, -1, g, 4, INTS(0, 0, 0, 0));
    tfl_op(SOFTMAX, g, -1, -1, p, 1, INTS(BETA_1));
    tfl_op(FULLY_CONNECTED, p, f, -1, z, 4, INTS(0, 0, 0, 0));
    tfl_take(z);
    ck_assert_int_eq(tfl.net.n_ops, 3);
    ck_assert_int_eq(tfl.net.ops[1].kind, NET_SOFTMAX);
}
END_TEST

START_TEST(a_softmax_with_another_beta_is_taken_only_at_the_end)
{
    int x = tfl_activation(8, 8, 3), w = tfl_weights(4, 1, 1, 3), a = tfl_activation(8, 8, 4), s = tfl_activation(8, 8, 4);
    tfl_op(CONV_2D, x, w, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_op(SOFTMAX, a, -1, -1, s, 1, INTS(0x40000000));
    tfl_refuse(s, "a SOFTMAX with a beta of 2 is supported only at the network's end");
}
END_TEST

START_TEST(a_small_network_is_taken_whole)
{
    static const int32_t pads[8] = {0, 0, 1, 0, 2, 1, 0, 0}, axes[2] = {1, 2}, shape[2] = {1, 4};
    int x = tfl_activation(8, 8, 3), w = tfl_weights(4, 1, 1, 3), a = tfl_activation(8, 8, 4), p = tfl_activation(9, 11, 4);
    int k = tfl_weights(4, 3, 4, 4), b = tfl_activation(7, 8, 4), m = tfl_activation(7, 8, 4), s = tfl_activation(7, 8, 4);
    tfl_op(CONV_2D, x, w, -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_op(PAD, a, tfl_tensor(2, INTS(4, 2), INT32, pads, sizeof pads), -1, p, 1, INTS(0));
    tfl_op(CONV_2D, p, k, -1, b, 6, INTS(1, 1, 1, 1, 1, 1));
    tfl_op(MAX_POOL_2D, b, -1, -1, m, 6, INTS(0, 1, 1, 3, 2, 0));
    tfl_op(ADD, m, b, -1, s, 1, INTS(1));
    int g = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0), r = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0);
    int f = tfl_tensor(2, INTS(5, 4), FLOAT32, tfl.noise, 80), d = tfl_tensor(2, INTS(1, 5), FLOAT32, NULL, 0);
    int z = tfl_tensor(2, INTS(1, 5), FLOAT32, NULL, 0);
    tfl_op(MEAN, s, tfl_tensor(1, INTS(2), INT32, axes, sizeof axes), -1, g, 1, INTS(0));
    tfl_op(RESHAPE, g, tfl_tensor(1, INTS(2), INT32, shape, sizeof shape), -1, r, 1, INTS(0));
    tfl_op(FULLY_CONNECTED, r, f, -1, d, 4, INTS(0, 0, 0, 0));
    tfl_op(SOFTMAX, d, -1, -1, z, 1, INTS(0));
    tfl_take(z);
    ck_assert_int_eq(tfl.net.n_ops, 6);
    ck_assert(tfl.net.softmax);
    ck_assert(tfl.net.ops[1].pad_top == 1 && tfl.net.ops[1].pad_bottom == 0 && tfl.net.ops[1].pad_left == 2 &&
              tfl.net.ops[1].pad_right == 1);
    ck_assert(tfl.net.ops[2].kind == NET_MAXPOOL && tfl.net.ops[2].kernel_w == 3 && tfl.net.ops[2].kernel_h == 2);
    ck_assert(tfl.net.ops[3].kind == NET_ADD && tfl.net.ops[3].act_min == 0);
    ck_assert(tfl.net.ops[4].kind == NET_AVGPOOL && tfl.net.ops[4].kernel_h == 7 && tfl.net.ops[4].kernel_w == 8);
    ck_assert(tfl.net.ops[5].kind == NET_DENSE);
}
END_TEST

START_TEST(integer_weights_between_float_activations_are_scaled)
{
    static const int8_t codes[6] = {-128, 1, 2, 3, 100, 127};
    static const float scales[2] = {0.5f, 0.25f};
    int x = tfl_tensor(2, INTS(1, 3), FLOAT32, NULL, 0), w = tfl_tensor(2, INTS(2, 3), INT8, codes, sizeof codes);
    int y = tfl_tensor(2, INTS(1, 2), FLOAT32, NULL, 0);
    tfl.file.tensors[w].scales = scales;
    tfl.file.tensors[w].n_scales = 2;
    tfl_op(FULLY_CONNECTED, x, w, -1, y, 4, INTS(0, 0, 0, 0));
    tfl_take(y);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(tfl.net.ops[0].weights[i], (float)codes[i] * scales[i / 3]);
}
END_TEST

START_TEST(shapes_that_are_computed_and_axes_of_one_are_folded)
{
    static const int32_t perm[4] = {0, 3, 1, 2}, ends[1] = {1};
    int x = tfl_activation(1, 1, 6), w = tfl_weights(4, 1, 1, 6), a = tfl_activation(1, 1, 4), t = tfl_activation(4, 1, 1);
    int shape = tfl_tensor(1, INTS(4), INT32, NULL, 0), batch = tfl_tensor(1, INTS(1), INT32, NULL, 0);
    int packed = tfl_tensor(1, INTS(2), INT32, NULL, 0), one = tfl_tensor(1, INTS(1), INT32, ends, sizeof ends);
    int r = tfl_tensor(2, INTS(1, 4), FLOAT32, NULL, 0), y = tfl_tensor(2, INTS(1, 3), FLOAT32, NULL, 0);
    tfl_op(CONV_2D, x, w, -1, a, 6, INTS(1, 1, 1, 0, 1, 1));
    tfl_op(TRANSPOSE, a, tfl_tensor(1, INTS(4), INT32, perm, sizeof perm), -1, t, 1, INTS(0));
    tfl_op(SHAPE, t, -1, -1, shape, 1, INTS(0));
    tfl_op(STRIDED_SLICE, shape, one, one, batch, 1, INTS(0));
    tfl_op(PACK, batch, one, -1, packed, 1, INTS(0));
    tfl_op(RESHAPE, t, packed, -1, r, 1, INTS(0));
    tfl_op(FULLY_CONNECTED, r, tfl_tensor(2, INTS(3, 4), FLOAT32, tfl.noise, 48), -1, y, 1, INTS(0));
    tfl_take(y);
    ck_assert_int_eq(tfl.net.n_ops, 2);
}
END_TEST

START_TEST(a_flat_input_takes_the_shape_that_is_looked_at)
{
    int x = tfl_tensor(2, INTS(1, 30), FLOAT32, NULL, 0), p = tfl_activation(5, 6, 1), w = tfl_weights(2, 3, 3, 1),
        y = tfl_activation(3, 4, 2);
    tfl_op(RESHAPE, x, -1, -1, p, 1, INTS(0));
    tfl_op(CONV_2D, p, w, -1, y, 6, INTS(1, 1, 1, 0, 1, 1));
    tfl_take(y);
    ck_assert(tfl.net.tensors[tfl.net.input].h == 5 && tfl.net.tensors[tfl.net.input].w == 6 &&
              tfl.net.tensors[tfl.net.input].c == 1);
}
END_TEST

START_TEST(what_cannot_be_taken_is_named)
{
    int x = tfl_activation(8, 8, 3), y = tfl_activation(8, 8, 3);
    tfl_op(116, x, -1, -1, y, 1, INTS(0));
    tfl_refuse(y, "node 'tb' (builtin 116): this operator is not supported");
    tfl_setup();
    x = tfl_activation(8, 8, 3);
    y = tfl_activation(16, 8, 3);
    tfl_op(CONCATENATION, x, x, -1, y, 2, INTS(1, 0));
    tfl_refuse(y, "node 'tb' (CONCATENATION): along axis 1 of 4: only along the last is supported");
    tfl_setup();
    x = tfl_activation(8, 8, 3);
    y = tfl_activation(8, 8, 4);
    int z = tfl_activation(8, 8, 4);
    tfl_op(CONV_2D, x, tfl_weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_op(MUL, x, y, -1, z, 1, INTS(0));
    tfl_refuse(z, "node 'tc' (MUL): only of equal shapes, or by one value for each channel, is supported");
    tfl_setup();
    x = tfl_activation(8, 8, 3);
    y = tfl_activation(8, 8, 4);
    tfl_op(CONV_2D, x, tfl_weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 4, 1, 1)); // TANH
    tfl_refuse(y, "node 'tb' (CONV_2D): fused activation 4 is not supported");
    tfl_setup();
    x = tfl_tensor(4, INTS(1, 8, 8, 3), INT8, NULL, 0);
    y = tfl_activation(8, 8, 4);
    tfl_op(CONV_2D, x, tfl_weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_refuse(y, "the input: integer activations without one scale");
    tfl_setup();
    x = tfl_activation(8, 8, 3);
    y = tfl_activation(7, 8, 4);
    tfl_op(CONV_2D, x, tfl_weights(4, 1, 1, 3), -1, y, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_refuse(y, "its output has 224 values where 256 are computed");
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
    int x = tfl_activation(8, 8, 3), a = tfl_activation(8, 8, 4), y = tfl_activation(4, 4, 4), taken = 0;
    tfl_op(CONV_2D, x, tfl_weights(4, 1, 1, 3), -1, a, 6, INTS(0, 1, 1, 0, 1, 1));
    tfl_op(DEPTHWISE_CONV_2D, a, tfl_weights(1, 3, 3, 4), -1, y, 7, INTS(0, 2, 2, 1, 1, 1, 1));
    int g = tfl_activation(4, 4, 4), m = tfl_activation(4, 4, 4), c = tfl_activation(4, 4, 12);
    tfl_op(LOGISTIC, y, -1, -1, g, 1, INTS(0));
    tfl_op(MUL, y, g, -1, m, 1, INTS(0));
    tfl_op(CONCATENATION, m, y, g, c, 2, INTS(3, 0));
    tfl_take(c);
    for (int i = 0; i < 2000; i++) {
        net_finish(&tfl.net);
        memcpy(broken, tfl.builder.bytes, tfl.builder.size);
        for (int k = 0; k <= i % 4; k++)
            broken[rng_below(&tfl.rng, (uint32_t)tfl.builder.size)] = (uint8_t)rng_u32(&tfl.rng);
        size_t size = i % 5 ? tfl.builder.size : rng_below(&tfl.rng, (uint32_t)tfl.builder.size);
        tfl.error.text[0] = 0;
        if (import_bytes((const char *)broken, size, &tfl.net, &tfl.error))
            ck_assert(tfl.error.text[0] != 0);
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
    TCase *tc = suite_case(suite, "tflite", tfl_setup, tfl_teardown);
    tcase_add_test(tc, a_convolution_keeps_its_weights_and_pads_at_the_end);
    tcase_add_test(tc, a_depthwise_convolution_with_a_multiplier_is_turned);
    tcase_add_test(tc, a_softmax_of_a_plane_or_amid_vectors_is_an_operation);
    tcase_add_test(tc, a_softmax_with_another_beta_is_taken_only_at_the_end);
    tcase_add_test(tc, a_small_network_is_taken_whole);
    tcase_add_test(tc, integer_weights_between_float_activations_are_scaled);
    tcase_add_test(tc, shapes_that_are_computed_and_axes_of_one_are_folded);
    tcase_add_test(tc, a_flat_input_takes_the_shape_that_is_looked_at);
    tcase_add_test(tc, what_cannot_be_taken_is_named);
    tcase_add_test(tc, offsets_out_of_the_file_are_seen);
    tcase_add_test(tc, broken_files_never_crash);
    return suite_run(suite);
}

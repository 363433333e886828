// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Building and sealing networks, slots, liveness, and the float network against plain loops.
#include "quant/net/float_run.h"
#include "quant/net/net.h"

#include "base/rng.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct net net;
static struct error error;
static struct rng rng;

static void setup(void)
{
    net_init(&net);
    rng_seed(&rng, 7, 1);
    error.text[0] = 0;
}

static void teardown(void)
{
    net_finish(&net);
}

static float *noise(size_t n)
{
    float *values = malloc((n + 1) * sizeof *values);
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)rng_normal(&rng);
    return values;
}

static int tensor(int h, int w, int c)
{
    int t = net_add_tensor(&net, h, w, c, &error);
    ck_assert_msg(t >= 0, "%s", error.text);
    return t;
}

static struct net_op plain(enum net_kind kind, const char *name, int in, int out)
{
    struct net_op op = net_op_plain(kind, in);
    op.out = out;
    snprintf(op.name, sizeof op.name, "%s", name);
    return op;
}

static void add(struct net_op op)
{
    size_t weights = net_weight_count(&net, &op);
    if (weights) {
        op.weights = noise(weights);
        op.bias = noise((size_t)net_out_channels(&net, &op));
    }
    ck_assert_msg(net_add_op(&net, &op, &error) == 0, "%s", error.text);
}

static int conv_1x1(const char *name, int in, int c)
{
    int out = tensor(net.tensors[in].h, net.tensors[in].w, c);
    add(plain(NET_CONV, name, in, out));
    return out;
}

static int sum(const char *name, int a, int b)
{
    int out = tensor(net.tensors[a].h, net.tensors[a].w, net.tensors[a].c);
    struct net_op op = plain(NET_ADD, name, a, out);
    op.in[1] = b;
    add(op);
    return out;
}

static int pool_all(const char *name, enum net_kind kind, int in)
{
    int out = tensor(1, 1, net.tensors[in].c);
    struct net_op op = plain(kind, name, in, out);
    op.kernel_h = net.tensors[in].h;
    op.kernel_w = net.tensors[in].w;
    add(op);
    return out;
}

static void seal(int input, int output)
{
    net.input = input;
    net.output = output;
    ck_assert_msg(net_seal(&net, &error) == 0, "%s", error.text);
}

static void refuse(int input, int output, const char *why)
{
    net.input = input;
    net.output = output;
    ck_assert_int_eq(net_seal(&net, &error), -1);
    ck_assert_msg(strstr(error.text, why) != NULL, "said \"%s\"", error.text);
}

START_TEST(layers_that_meet_in_an_addition_share_a_slot)
{
    int in = tensor(4, 4, 3), a = conv_1x1("a", in, 8), b = conv_1x1("b", a, 8), c = conv_1x1("c", b, 8);
    int d = conv_1x1("d", sum("s1", a, c), 8);
    seal(in, d);
    const int slots[] = {0, 1, 0, 2};
    ck_assert_int_eq(net.n_layers, 4);
    ck_assert_int_eq(net.n_slots, 3);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(net.layers[i].slot, slots[i]);
}
END_TEST

START_TEST(slots_are_joined_through_pools_and_chains_of_additions)
{
    int in = tensor(4, 4, 3), a = conv_1x1("a", in, 8), b = conv_1x1("b", in, 8), c = conv_1x1("c", in, 8);
    int p = pool_all("p", NET_AVGPOOL, a), q = pool_all("q", NET_MAXPOOL, b),
        r = pool_all("r", NET_AVGPOOL, c);
    int s = sum("s2", sum("s1", p, q), r);
    seal(in, s);
    ck_assert_int_eq(net.n_slots, 1);
    ck_assert_int_eq(net_tensor_slot(&net, net.output), 0);
}
END_TEST

START_TEST(the_input_has_no_slot_even_through_many_additions)
{
    int in = tensor(2, 2, 4), x = in;
    for (int i = 0; i < 100; i++)
        x = sum("double", x, x);
    int y = conv_1x1("a", x, 4);
    seal(in, y);
    ck_assert_int_eq(net_tensor_slot(&net, net.input), -1);
    ck_assert_int_eq(net_tensor_slot(&net, net.ops[99].out), -1);
    ck_assert_int_eq(net_tensor_slot(&net, net.output), 0);
}
END_TEST

START_TEST(what_the_output_does_not_need_is_dropped)
{
    int unused = tensor(9, 9, 9), in = tensor(2, 2, 4), a = conv_1x1("a", in, 4), b = conv_1x1("b", a, 5),
        c = conv_1x1("c", a, 6);
    (void)unused;
    (void)b;
    seal(in, c);
    ck_assert_int_eq(net.n_ops, 2);
    ck_assert_int_eq(net.n_tensors, 3);
    ck_assert_int_eq(net.input, 0);
    ck_assert_int_eq(net.tensors[net.output].c, 6);
    ck_assert_str_eq(net.ops[1].name, "c");
}
END_TEST

START_TEST(a_tensor_lives_from_its_writer_to_its_last_reader)
{
    int in = tensor(2, 2, 4), a = conv_1x1("a", in, 4), b = conv_1x1("b", a, 4), s = sum("s", a, b),
        d = conv_1x1("d", s, 4);
    seal(in, d);
    const bool expected[4][5] = {{1, 1, 0, 0, 0}, {0, 1, 1, 0, 0}, {0, 1, 1, 1, 0}, {0, 0, 0, 1, 1}};
    for (int i = 0; i < 4; i++) {
        bool alive[5];
        net_alive(&net, i, alive);
        for (int t = 0; t < 5; t++)
            ck_assert_msg(alive[t] == expected[i][t], "tensor %d at op %d", t, i);
    }
}
END_TEST

START_TEST(a_wrong_shape_is_named)
{
    int in = tensor(5, 5, 3), out = tensor(3, 3, 4);
    struct net_op op = plain(NET_CONV, "stem", in, out);
    op.kernel_h = op.kernel_w = 2;
    add(op);
    refuse(in, out, "stem (conv): input 5 x 5, kernel 2 x 2");
}
END_TEST

START_TEST(groups_must_divide_the_channels)
{
    int in = tensor(1, 1, 6), out = tensor(1, 1, 6);
    struct net_op op = plain(NET_CONV, "g", in, out);
    op.groups = 4;
    add(op);
    refuse(in, out, "4 groups do not divide 6");
}
END_TEST

START_TEST(a_weight_that_is_not_a_number_is_refused)
{
    int in = tensor(1, 1, 6), out = conv_1x1("bad", in, 2);
    net.ops[0].weights[7] = NAN;
    refuse(in, out, "bad (conv): a weight is infinite or not a number");
}
END_TEST

START_TEST(a_network_without_weights_or_a_path_from_the_input_is_refused)
{
    int in = tensor(2, 2, 3), other = tensor(2, 2, 3), out = pool_all("p", NET_AVGPOOL, in);
    refuse(in, out, "no layer has weights");
    net_finish(&net);
    in = tensor(2, 2, 3);
    other = tensor(2, 2, 3);
    refuse(in, conv_1x1("a", other, 3), "a: reads what has not been computed yet");
}
END_TEST

START_TEST(limits_are_kept)
{
    ck_assert_int_eq(net_add_tensor(&net, NET_SIDE_MAX + 1, 1, 1, &error), -1);
    ck_assert_int_eq(net_add_tensor(&net, 0, 1, 1, &error), -1);
    ck_assert_int_eq(net_add_tensor(&net, 8192, 8192, 2, &error), -1);
    int in = tensor(1, 1, 1), x = in;
    for (int i = 0; i < NET_OPS_MAX; i++)
        x = sum("s", x, x);
    ck_assert_int_eq(net_add_tensor(&net, 1, 1, 1, &error), -1);
    struct net_op op = plain(NET_ADD, "s", 0, x);
    op.in[1] = 0;
    ck_assert_int_eq(net_add_op(&net, &op, &error), -1);
    net_finish(&net);
    in = x = tensor(1, 1, 1);
    for (int i = 0; i <= CANDIDATE_LAYERS_MAX; i++)
        x = conv_1x1("c", x, 1);
    refuse(in, x, "more than 256 layers");
}
END_TEST

START_TEST(multiplications_are_counted)
{
    int in = tensor(8, 8, 6), mid = tensor(4, 4, 6), out = tensor(1, 1, 10);
    struct net_op op = plain(NET_CONV, "dw", in, mid);
    op.kernel_h = op.kernel_w = 3;
    op.stride_h = op.stride_w = 2;
    op.pad_bottom = op.pad_right = 1;
    op.groups = 6;
    add(op);
    add(plain(NET_DENSE, "fc", mid, out));
    seal(in, out);
    ck_assert(net_is_depthwise(&net, &net.ops[0]));
    ck_assert_int_eq(net_macs(&net, &net.ops[0]), 4 * 4 * 6 * 9);
    ck_assert_int_eq(net_macs(&net, &net.ops[1]), 4 * 4 * 6 * 10);
}
END_TEST

/* One output value of a convolution, by its definition. */
static double conv_at(const struct net_op *op, const float *x, int y0, int x0, int oc)
{
    const struct net_tensor *in = &net.tensors[op->in[0]];
    int in_c = in->c / op->groups, out_c = net.tensors[op->out].c / op->groups;
    double total = (double)op->bias[oc];
    for (int ky = 0; ky < op->kernel_h; ky++)
        for (int kx = 0; kx < op->kernel_w; kx++)
            for (int c = 0; c < in_c; c++) {
                int y = y0 + ky * op->dilation_h, xx = x0 + kx * op->dilation_w, ic = oc / out_c * in_c + c;
                if (y >= 0 && y < in->h && xx >= 0 && xx < in->w)
                    total += (double)x[(y * in->w + xx) * in->c + ic] *
                             (double)op->weights[((oc * op->kernel_h + ky) * op->kernel_w + kx) * in_c + c];
            }
    return fmin(fmax(total, (double)op->act_min), (double)op->act_max);
}

static void check_conv(const float *x, const float *out)
{
    const struct net_op *op = &net.ops[0];
    const struct net_tensor *o = &net.tensors[op->out];
    for (int y = 0; y < o->h; y++)
        for (int xx = 0; xx < o->w; xx++)
            for (int c = 0; c < o->c; c++) {
                double expected =
                    conv_at(op, x, y * op->stride_h - op->pad_top, xx * op->stride_w - op->pad_left, c);
                ck_assert_float_eq_tol(out[(y * o->w + xx) * o->c + c], (float)expected, 1e-4f);
            }
}

static int drawn(int from, int to)
{
    return from + (int)rng_below(&rng, (uint32_t)(to - from + 1));
}

static int side(int in, int kernel, int stride, int dilation, int pads)
{
    int room = in + pads - ((kernel - 1) * dilation + 1);
    return room < 0 ? 0 : room / stride + 1;
}

static void random_conv(int groups, int in_c, int out_c)
{
    struct net_op op = plain(NET_CONV, "c", 0, 1);
    int h = drawn(3, 12), w = drawn(3, 12);
    op.groups = groups;
    op.kernel_h = drawn(1, 4);
    op.kernel_w = drawn(1, 4);
    op.stride_h = drawn(1, 3);
    op.stride_w = drawn(1, 3);
    op.dilation_h = drawn(1, 2);
    op.dilation_w = drawn(1, 2);
    op.pad_top = drawn(0, 3);
    op.pad_left = drawn(0, 3);
    op.pad_bottom = drawn(0, 3);
    op.pad_right = drawn(0, 3);
    int oh = side(h, op.kernel_h, op.stride_h, op.dilation_h, op.pad_top + op.pad_bottom);
    int ow = side(w, op.kernel_w, op.stride_w, op.dilation_w, op.pad_left + op.pad_right);
    if (!oh || !ow)
        return;
    if (drawn(0, 1))
        op.act_min = 0;
    tensor(h, w, in_c);
    tensor(oh, ow, out_c);
    add(op);
    seal(0, 1);
    struct float_run run;
    ck_assert_int_eq(float_run_init(&run, &net, 3, &error), 0);
    float *x = noise(3 * net_elements(&net.tensors[0]));
    memcpy(float_run_input(&run), x, 3 * net_elements(&net.tensors[0]) * sizeof *x);
    const float *out = float_run_go(&run, 3, NULL, NULL);
    for (size_t s = 0; s < 3; s++)
        check_conv(x + s * net_elements(&net.tensors[0]), out + s * net_elements(&net.tensors[1]));
    free(x);
    float_run_finish(&run);
}

START_TEST(convolutions_of_all_shapes_equal_their_definition)
{
    static const int shapes[][3] = {{1, 3, 5}, {1, 1, 7}, {5, 5, 5},  {4, 4, 12},
                                    {2, 6, 4}, {3, 3, 9}, {1, 16, 1}, {4, 8, 8}};
    for (int i = 0; i < 160; i++) {
        net_finish(&net);
        random_conv(shapes[i % 8][0], shapes[i % 8][1], shapes[i % 8][2]);
    }
}
END_TEST

START_TEST(a_dense_layer_and_its_activation_equal_their_definition)
{
    int in = tensor(3, 2, 4), out = tensor(1, 1, 6);
    struct net_op op = plain(NET_DENSE, "fc", in, out);
    op.act_min = -1;
    op.act_max = 1.5f;
    add(op);
    seal(in, out);
    struct float_run run;
    ck_assert_int_eq(float_run_init(&run, &net, 2, &error), 0);
    float *x = noise(48);
    memcpy(float_run_input(&run), x, 48 * sizeof *x);
    const float *y = float_run_go(&run, 2, NULL, NULL);
    for (int s = 0; s < 2; s++)
        for (int o = 0; o < 6; o++) {
            double expected = (double)net.ops[0].bias[o];
            for (int i = 0; i < 24; i++)
                expected += (double)x[s * 24 + i] * (double)net.ops[0].weights[o * 24 + i];
            ck_assert_float_eq_tol(y[s * 6 + o], (float)fmin(fmax(expected, -1), 1.5), 1e-5f);
        }
    free(x);
    float_run_finish(&run);
}
END_TEST

/* A pool at one place: only what lies inside the plane counts. */
static double pool_at(const struct net_op *op, const float *x, int y0, int x0, int c)
{
    const struct net_tensor *in = &net.tensors[op->in[0]];
    double total = 0, largest = -INFINITY;
    int count = 0;
    for (int y = y0; y < y0 + op->kernel_h; y++)
        for (int xx = x0; xx < x0 + op->kernel_w; xx++)
            if (y >= 0 && y < in->h && xx >= 0 && xx < in->w) {
                double v = (double)x[(y * in->w + xx) * in->c + c];
                total += v;
                largest = v > largest ? v : largest;
                count++;
            }
    return op->kind == NET_AVGPOOL ? total / count : largest;
}

START_TEST(pools_equal_their_definition)
{
    for (int k = 0; k < 2; k++) {
        net_finish(&net);
        int in = tensor(7, 6, 3), mid = tensor(4, 4, 3), out = tensor(4, 4, 2);
        struct net_op op = plain(k ? NET_MAXPOOL : NET_AVGPOOL, "p", in, mid);
        op.kernel_h = op.kernel_w = 3;
        op.stride_h = op.stride_w = 2;
        op.pad_top = op.pad_bottom = op.pad_left = 1;
        op.pad_right = 2;
        add(op);
        add(plain(NET_CONV, "c", mid, out));
        seal(in, out);
        struct float_run run;
        ck_assert_int_eq(float_run_init(&run, &net, 1, &error), 0);
        float *x = noise(7 * 6 * 3);
        memcpy(float_run_input(&run), x, 7 * 6 * 3 * sizeof *x);
        float_run_go(&run, 1, NULL, NULL);
        for (int i = 0; i < 4 * 4 * 3; i++)
            ck_assert_float_eq_tol(run.tensors[1][i],
                                   (float)pool_at(&net.ops[0], x, i / 12 * 2 - 1, i / 3 % 4 * 2 - 1, i % 3),
                                   1e-5f);
        free(x);
        float_run_finish(&run);
    }
}
END_TEST

struct seen {
    int count, tensors[8];
    float sums[8];
};

static void look(void *userdata, int t, const float *values, int samples)
{
    struct seen *s = userdata;
    s->tensors[s->count] = t;
    for (size_t i = 0; i < (size_t)samples * net_elements(&net.tensors[t]); i++)
        s->sums[s->count] += values[i];
    s->count++;
}

START_TEST(shared_buffers_never_hold_two_living_tensors)
{
    int in = tensor(3, 3, 4), a = conv_1x1("a", in, 6), b = conv_1x1("b", a, 6), c = conv_1x1("c", b, 6),
        s = sum("s", a, c);
    seal(in, sum("t", s, c));
    struct float_run run;
    struct seen seen = {0};
    ck_assert_int_eq(float_run_init(&run, &net, 2, &error), 0);
    float *x = noise(72);
    memcpy(float_run_input(&run), x, 72 * sizeof *x);
    float_run_go(&run, 2, look, &seen);
    ck_assert_int_eq(seen.count, 6);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(seen.tensors[i], i);
    ck_assert_float_eq_tol(seen.sums[4], seen.sums[1] + seen.sums[3], 1e-3f);
    ck_assert_float_eq_tol(seen.sums[5], seen.sums[4] + seen.sums[3], 1e-3f);
    ck_assert_int_lt(run.n_buffers, net.n_tensors);
    free(x);
    float_run_finish(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net");
    TCase *tc = suite_case(suite, "net", setup, teardown);
    tcase_add_test(tc, layers_that_meet_in_an_addition_share_a_slot);
    tcase_add_test(tc, slots_are_joined_through_pools_and_chains_of_additions);
    tcase_add_test(tc, the_input_has_no_slot_even_through_many_additions);
    tcase_add_test(tc, what_the_output_does_not_need_is_dropped);
    tcase_add_test(tc, a_tensor_lives_from_its_writer_to_its_last_reader);
    tcase_add_test(tc, a_wrong_shape_is_named);
    tcase_add_test(tc, groups_must_divide_the_channels);
    tcase_add_test(tc, a_weight_that_is_not_a_number_is_refused);
    tcase_add_test(tc, a_network_without_weights_or_a_path_from_the_input_is_refused);
    tcase_add_test(tc, limits_are_kept);
    tcase_add_test(tc, multiplications_are_counted);
    tcase_add_test(tc, convolutions_of_all_shapes_equal_their_definition);
    tcase_add_test(tc, a_dense_layer_and_its_activation_equal_their_definition);
    tcase_add_test(tc, pools_equal_their_definition);
    tcase_add_test(tc, shared_buffers_never_hold_two_living_tensors);
    return suite_run(suite);
}

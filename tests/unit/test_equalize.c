// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Equalized channels: the network computes the same, and loses less when it is quantized.
#include "quant/net/float_run.h"
#include "quant/quantize/equalize.h"
#include "quant/quantize/quantized.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CASES 20

static struct error error;
static struct rng rng;
static struct net_case test_case;
static struct quantized quantized;

static void end(void)
{
    quantized_finish(&quantized);
    net_case_finish(&test_case);
}

static float *all_outputs(size_t *n)
{
    size_t each = net_elements(&test_case.net.tensors[test_case.net.output]);
    struct float_run run;
    *n = each * (size_t)test_case.data.n;
    float *to = malloc(*n * sizeof *to);
    ck_assert_int_eq(float_run_init(&run, &test_case.net, 1, &error), 0);
    for (int i = 0; i < test_case.data.n; i++) {
        data_sample(&test_case.data, i, float_run_input(&run));
        memcpy(to + (size_t)i * each, float_run_go(&run, 1, NULL, NULL), each * sizeof *to);
    }
    float_run_finish(&run);
    return to;
}

START_TEST(an_equalized_network_computes_the_same)
{
    size_t n;
    rng_seed(&rng, (uint64_t)_i, 6);
    net_case_make(&test_case, &rng);
    for (int i = 0; i < test_case.net.n_ops; i++) { // channels of very different size
        struct net_op *op = &test_case.net.ops[i];
        size_t count = net_weight_count(&test_case.net, op), row = count ? count / (size_t)net_out_channels(&test_case.net, op) : 1;
        for (size_t k = 0; k < count; k++)
            op->weights[k] *= (float)(1 + k / row % 5 * 10);
    }
    float *before = all_outputs(&n), most = 0;
    equalize_network(&test_case.net);
    float *after = all_outputs(&n);
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(before[i]));
    for (size_t i = 0; i < n; i++)
        ck_assert_float_le(fabsf(before[i] - after[i]), 1e-4f * most);
    free(before);
    free(after);
    net_case_finish(&test_case);
}
END_TEST

/* A convolution with a ReLU and a dense layer behind it, built by hand; its channels grow by `factor` from one to the next, and what
 * multiplies them falls by as much. */
static void begin_with_two_layers(double factor, const float *data)
{
    net_case_one_layer(&test_case, &rng, NET_CONV, data);
    struct net *net = &test_case.net;
    struct net_op dense = net->ops[0];
    net->ops[0].act_min = 0;
    for (size_t k = 0; k < 180; k++)
        net->ops[0].weights[k] *= (float)pow(factor, (double)(k / 36));
    dense.kind = NET_DENSE, dense.in[0] = net->output, dense.out = net_add_tensor(net, 1, 1, 3, &error);
    dense.kernel_h = dense.kernel_w = 1, dense.pad_top = dense.pad_left = dense.pad_bottom = dense.pad_right = 0;
    dense.weights = net_case_noise(&rng, 3 * 180, 0.1), dense.bias = NULL, dense.act_min = -INFINITY;
    for (size_t k = 0; k < 3 * 180; k++)
        dense.weights[k] /= (float)pow(factor, (double)(k % 5));
    ck_assert_int_eq(net_add_op(net, &dense, &error), 0);
    net->output = dense.out;
    ck_assert_msg(net_seal(net, &error) == 0, "%s", error.text);
}

static double sensitivity_of_both(bool per_tensor, struct setting option)
{
    struct quantize_params p = {.clipping = CLIPPING_MSE, .per_tensor = per_tensor, .n_options = 1, .options = {option}};
    ck_assert_int_eq(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &quantized, &error), 0);
    return quantized.sensitivity[0] + quantized.sensitivity[1];
}

START_TEST(equal_channels_lose_less_with_one_scale_for_all)
{
    double sensitivity[2] = {0};
    for (int equal = 0; equal < 2; equal++) {
        rng_seed(&rng, 17, 6);
        float *data = net_case_noise(&rng, NET_CASE_SAMPLES * 6 * 6 * 4, 1);
        begin_with_two_layers(4, data);
        ck_assert_int_eq(equal ? equalize_network(&test_case.net) : 1, 1);
        sensitivity[equal] = sensitivity_of_both(true, (struct setting){4, 8, SCHEME_UNIFORM});
        free(data);
        end();
    }
    ck_assert_msg(sensitivity[1] < 0.5 * sensitivity[0], "%g, unequal %g", sensitivity[1], sensitivity[0]);
}
END_TEST

/* Channel 2, as training with weight decay leaves it: next to nothing before it (0) or behind it (1), and a bias. */
static void let_a_channel_die(bool behind)
{
    struct net_op *a = &test_case.net.ops[0], *b = &test_case.net.ops[1];
    for (size_t k = 0; k < 180; k++)
        if (!behind && k / 36 == 2)
            a->weights[k] *= 1e-12f;
    for (size_t k = 0; k < 3 * 180; k++)
        if (behind && k % 5 == 2)
            b->weights[k] *= 1e-12f;
    a->bias[2] = 0.5f;
}

START_TEST(a_dead_channel_is_not_equalized)
{
    double sensitivity[2] = {0};
    for (int equal = 0; equal < 2; equal++) {
        rng_seed(&rng, 17, 6);
        float *data = net_case_noise(&rng, NET_CASE_SAMPLES * 6 * 6 * 4, 1);
        begin_with_two_layers(2, data);
        let_a_channel_die(_i);
        float other = test_case.net.ops[0].bias[4], dead = test_case.net.ops[0].weights[2 * 36];
        ck_assert_int_eq(equal ? equalize_network(&test_case.net) : 1, 1);
        ck_assert_float_eq(test_case.net.ops[0].bias[2], 0.5f);
        ck_assert_float_eq(test_case.net.ops[0].weights[2 * 36], dead);
        ck_assert(!equal || test_case.net.ops[0].bias[4] != other);
        sensitivity[equal] = sensitivity_of_both(false, (struct setting){8, 8, SCHEME_UNIFORM});
        free(data);
        end();
    }
    ck_assert_msg(sensitivity[1] < 2 * sensitivity[0], "%g, unequal %g", sensitivity[1], sensitivity[0]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("equalize");
    TCase *t = suite_case(s, "equalize", NULL, NULL);
    tcase_add_loop_test(t, an_equalized_network_computes_the_same, 0, CASES);
    tcase_add_test(t, equal_channels_lose_less_with_one_scale_for_all);
    tcase_add_loop_test(t, a_dead_channel_is_not_equalized, 0, 2);
    return suite_run(s);
}

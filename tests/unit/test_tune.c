// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Slopes against differences, for every kind of operation and for rounding; and training: that it lowers the loss, stops, goes on to the
// same bits, and gives what lowers to a program.
#include "base/file.h"
#include "quant/evaluate/evaluator.h"
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/program/lowered.h"
#include "quant/tune/fake.h"
#include "quant/tune/tape.h"
#include "quant/tune/tape_ops.h"
#include "quant/tune/tune.h"
#include "quant/tune/tune_loss.h"
#include "tests/net_case.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETS 30
#define SAMPLES 4

static const char *source_root;
static struct error error;
static struct rng rng;
static struct net_case test_case;
static struct quantized quantized;

static float *noise(size_t n, double size)
{
    float *values = malloc((n + 1) * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(rng_normal(&rng) * size);
    return values;
}

static double product(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The loss: outputs times fixed numbers. */
static double loss_of(struct tape *t, const float *by)
{
    tape_forward(t, SAMPLES, NULL);
    return product(t->values[t->net->output], by, SAMPLES * net_elements(&t->net->tensors[t->net->output]));
}

static void move(float *values, const float *direction, double by, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] += (float)(by * (double)direction[i]);
}

/* Both sides of a small move along `direction`. */
static double difference(struct tape *t, const float *by, float *values, const float *direction, size_t n)
{
    const double small = 1.0 / 1024;
    float *kept = malloc(n * sizeof *kept);
    memcpy(kept, values, n * sizeof *kept);
    move(values, direction, small, n);
    double above = loss_of(t, by);
    memcpy(values, kept, n * sizeof *kept);
    move(values, direction, -small, n);
    double below = loss_of(t, by);
    memcpy(values, kept, n * sizeof *kept);
    free(kept);
    return (above - below) / (2 * small);
}

struct agreement {
    double worst; // relative to the length of the slopes
    int n, far;
};

/* A random direction, its length 1 on average; clamps and maxima within the move make a difference: such are counted, not refused. */
static void compare(struct tape *t, const float *by, float *values, const float *slopes, size_t n, struct agreement *a)
{
    float *direction = noise(n, 1 / sqrt((double)n)), *kept = malloc(n * sizeof *kept);
    memcpy(kept, slopes, n * sizeof *kept);
    double length = sqrt(product(kept, kept, n) / (double)n), got = product(kept, direction, n);
    double wanted = difference(t, by, values, direction, n), off = fabs(got - wanted) / (length + 1e-3);
    a->n++, a->far += off > 0.02;
    a->worst = fmax(a->worst, off);
    free(direction);
    free(kept);
}

/* Weights and biases of all layers of a network, and through them the inputs of all its operations. */
static void compare_network(const struct net *n, const float *input, struct agreement *a)
{
    struct tape t;
    size_t n_out = SAMPLES * net_elements(&n->tensors[n->output]);
    ck_assert_msg(tape_init(&t, n, SAMPLES, &error) == 0, "%s", error.text);
    memcpy(t.raw[n->input], input, SAMPLES * net_elements(&n->tensors[n->input]) * sizeof *input);
    float *by = noise(n_out, 1);
    for (int layer = 0; layer < n->n_layers; layer++) {
        struct net_op *op = &t.ops[n->layers[layer].op];
        loss_of(&t, by);
        memcpy(t.slopes[n->output], by, n_out * sizeof *by);
        tape_backward(&t, SAMPLES, NULL);
        compare(&t, by, op->weights, t.weight_slopes[layer], net_weight_count(n, op), a);
        if (op->bias)
            compare(&t, by, op->bias, t.bias_slopes[layer], (size_t)net_out_channels(n, op), a);
    }
    free(by);
    tape_finish(&t);
}

START_TEST(slopes_of_random_networks_are_differences)
{
    struct agreement a = {0};
    for (int i = 0; i < NETS; i++) {
        rng_seed(&rng, (uint64_t)(_i * NETS + i), 9);
        net_case_make(&test_case, &rng);
        float *input = noise(SAMPLES * test_case.data.elements, 1);
        compare_network(&test_case.net, input, &a);
        free(input);
        net_case_finish(&test_case);
    }
    ck_assert_int_gt(a.n, 2 * NETS);
    ck_assert_msg(a.far * 10 < a.n, "%d of %d are off by more than 2 %%, the worst by %g", a.far, a.n, a.worst);
}
END_TEST

/* A 3 x 3 convolution, so that the operation behind it has slopes to give back, and then the operation in question, smooth
 * (but for maxima, which here are far apart). */
static void make_pair(enum net_kind kind, bool other)
{
    struct net *n = &test_case.net;
    net_init(n);
    n->input = net_add_tensor(n, 6, 5, 4, &error);
    int middle = net_add_tensor(n, 6, 5, 4, &error);
    struct net_op op = {.kind = NET_CONV, .in = {n->input, -1}, .out = middle, .kernel_h = 3, .kernel_w = 3, .stride_h = 1,
                        .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1,
                        .pad_right = 1, .groups = 1, .act_min = -INFINITY, .act_max = INFINITY};
    snprintf(op.name, sizeof op.name, "first");
    op.weights = noise(net_weight_count(n, &op), kind == NET_SCAN ? 1.0 / 6 : 1), op.bias = noise(4, 1); // u, B and C are multiplied
    ck_assert_int_eq(net_add_op(n, &op, &error), 0);
    op.kind = kind, op.in[0] = middle, op.weights = op.bias = NULL;
    snprintf(op.name, sizeof op.name, "second");
    if (kind == NET_DENSE) {
        op.kernel_h = op.kernel_w = 1, op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = 0;
        op.out = net_add_tensor(n, 1, 1, 7, &error);
    } else if (!net_has_window(kind)) {
        op.function.kind = (enum function_kind)(1 + rng_below(&rng, FUNCTION_COUNT - 1));
        op.function.alpha = 0.25f;
        op.in[1] = n->input, op.kernel_h = op.kernel_w = 1, op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = 0;
        op.out = net_add_tensor(n, 6, 5, 4, &error);
    } else {
        op.stride_h = op.stride_w = 2, op.groups = other ? 4 : kind == NET_CONV ? 2 : 1;
        op.out = net_add_tensor(n, 3, 3, kind == NET_CONV ? 8 : 4, &error);
    }
    if (kind == NET_RESIZE) {
        op.stride_h = 2, op.stride_w = 3;
        op.out = net_add_tensor(n, 12, 15, 4, &error);
    }
    if (kind == NET_CHANNELS) {
        static const int choice[] = {3, 7, 0, 3, 4, 1};
        op.choice = malloc(sizeof choice);
        memcpy(op.choice, choice, sizeof choice);
        op.out = net_add_tensor(n, 6, 5, 6, &error);
    }
    if (kind == NET_SCAN) // u, delta, B and C are all the convolution's: what each gives back is in the sum
        op.in[1] = op.in[2] = op.in[3] = middle, op.function.kind = other ? FUNCTION_NONE : FUNCTION_SOFTPLUS;
    if (kind == NET_RMSNORM)
        op.epsilon = 0.1f;
    if (net_is_product(kind) || kind == NET_RMSNORM || kind == NET_SCAN)
        op.weights = noise(net_weight_count(n, &op), 1);
    for (size_t i = 0; kind == NET_SCAN && i < net_weight_count(n, &op); i++)
        op.weights[i] = -fabsf(op.weights[i]);
    if (net_is_product(kind) || kind == NET_SCAN)
        op.bias = noise(8, 1);
    ck_assert_msg(net_add_op(n, &op, &error) == 0, "%s", error.text);
    n->output = op.out;
    ck_assert_msg(net_seal(n, &error) == 0, "%s", error.text);
}

START_TEST(slopes_of_every_kind_are_differences)
{
    static const struct {
        enum net_kind kind;
        bool other; // form of it: depthwise, or a scan without softplus
    } kinds[] = {{NET_CONV, false}, {NET_CONV, true}, {NET_DENSE, false}, {NET_ADD, false}, {NET_AVGPOOL, false}, {NET_MAXPOOL, false},
                 {NET_LOOKUP, false}, {NET_MUL, false}, {NET_CHANNELS, false}, {NET_RESIZE, false}, {NET_RMSNORM, false},
                 {NET_SCAN, false}, {NET_SCAN, true}, {NET_SOFTMAX, false}};
    bool has_kinks = kinds[_i].kind == NET_MAXPOOL || (kinds[_i].kind == NET_SCAN && kinds[_i].other); // maxima, and steps of max(delta, 0)
    struct agreement a = {0};
    for (int kind = NET_NONE + 1; kind < NET_KIND_COUNT; kind++) { // whoever adds a kind adds its way back, and a row here
        bool has_row = false;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            has_row |= kinds[i].kind == (enum net_kind)kind;
        ck_assert_msg(has_row && tape_ops_has((enum net_kind)kind), "%s", net_kind_name((enum net_kind)kind));
    }
    rng_seed(&rng, (uint64_t)_i, 10);
    for (int i = 0; i < 10; i++) {
        make_pair(kinds[_i].kind, kinds[_i].other);
        float *input = noise(SAMPLES * 6 * 5 * 4, 1);
        compare_network(&test_case.net, input, &a);
        free(input);
        net_finish(&test_case.net);
    }
    ck_assert_msg(has_kinks ? a.far * 5 < a.n : a.worst < 0.02, "the worst of %d is off by %g", a.n, a.worst);
}
END_TEST

/* What rounding is taken for: adding what it added at x0 and s0; clipped to where it was clipped there. */
static double surrogate(double x, double s, double x0, double s0)
{
    double q = rint(x0 / s0);
    if (q < -7 || q > 8)
        return s * (q < -7 ? -7 : 8);
    return s * (x / s + (q - x0 / s0));
}

START_TEST(slopes_of_rounding_are_those_of_adding_a_constant)
{
    struct fake_range r = {-7, 8, -INFINITY, INFINITY};
    rng_seed(&rng, (uint64_t)_i, 11);
    float s = 0.1f + 0.05f * (float)_i;
    for (int i = 0; i < 1000; i++) {
        float x = (float)(rng_normal(&rng) * 6 * (double)s), y, slope = 1;
        double small = 1e-4, s0 = (double)s, x0 = (double)x;
        double by_s = (surrogate(x0, s0 + small, x0, s0) - surrogate(x0, s0 - small, x0, s0)) / (2 * small);
        double by_x = (surrogate(x0 + small, s0, x0, s0) - surrogate(x0 - small, s0, x0, s0)) / (2 * small);
        if (fabs(x0 / s0 - rint(x0 / s0)) > 0.49) // float and double may round to different sides
            continue;
        fake_activation(&r, s, &x, &y, 1);
        ck_assert_double_eq_tol((double)y, surrogate(x0, s0, x0, s0), 1e-5);
        ck_assert_double_eq_tol(fake_activation_back(&r, s, &x, &slope, 1), by_s, 1e-4);
        ck_assert_double_eq_tol((double)slope, by_x, 1e-6);
    }
}
END_TEST

START_TEST(an_operations_own_clamp_gives_no_slope)
{
    struct fake_range r = {0, 255, 0, 6};
    float x[] = {-0.5f, -0.001f, 3, 5.99f, 6.5f, 100}, y[6], slopes[] = {1, 1, 1, 1, 1, 1}, s = 0.03125f;
    fake_activation(&r, s, x, y, 6);
    ck_assert_float_eq(y[0], 0);
    ck_assert_float_eq_tol(y[4], 6, s);
    ck_assert_float_eq_tol(y[5], 6, s);
    fake_activation_back(&r, s, x, slopes, 6);
    ck_assert_float_eq(slopes[0], 0);
    ck_assert_float_eq(slopes[2], 1);
    ck_assert_float_eq(slopes[5], 0);
    float out[] = {-1, 9}, none[] = {1, 1};
    ck_assert_double_eq(fake_activation_back(&r, s, out, none, 2), 0);
}
END_TEST

START_TEST(slopes_of_rounded_weights_are_those_of_adding_a_constant)
{
    static const int16_t table[8] = {0, 1, 2, 4, -8, -1, -2, -4};
    struct levels l;
    levels_init(&l, 3, _i ? table : NULL);
    rng_seed(&rng, (uint64_t)_i, 12);
    for (int i = 0; i < 500; i++) {
        float w = (float)rng_normal(&rng) * 2, y, slope = 1, s = 0.7f;
        fake_weights(&l, s, &w, &y, 1);
        double q = levels_nearest(&l, (double)(w / s));
        ck_assert_double_eq_tol((double)y, (double)s * q, 1e-6);
        double by_s = fake_weights_back(&l, s, &w, &slope, 1);
        bool clipped = (double)(w / s) > l.most + 0.5 || (double)(w / s) < l.least - 0.5;
        ck_assert_double_eq_tol(by_s, clipped ? q : q - (double)(w / s), 1e-5);
        ck_assert_float_eq(slope, clipped ? 0 : 1);
    }
}
END_TEST

START_TEST(slopes_of_the_loss_are_differences)
{
    struct net_tensor out = _i ? (struct net_tensor){2, 3, 1} : (struct net_tensor){1, 1, 6};
    rng_seed(&rng, (uint64_t)_i, 13);
    float *got = noise(18, 2), *wanted = noise(18, 2), slopes[18], ignored[18];
    ck_assert_double_eq_tol(tune_loss(&out, 3, wanted, wanted, 5, ignored), 0, 1e-6);
    ck_assert_double_gt(tune_loss(&out, 3, got, wanted, 5, slopes), 0);
    for (int i = 0; i < 18; i++) {
        float kept = got[i];
        got[i] = kept + 0.01f;
        double above = tune_loss(&out, 3, got, wanted, 5, ignored);
        got[i] = kept - 0.01f;
        double below = tune_loss(&out, 3, got, wanted, 5, ignored);
        got[i] = kept;
        ck_assert_double_eq_tol((double)slopes[i], (above - below) / 0.02, 1e-3);
    }
    free(got);
    free(wanted);
}
END_TEST

static void begin(uint64_t seed)
{
    net_case_begin(&test_case, &rng, seed, 6, &quantized);
}

static void end(void)
{
    net_case_end(&test_case, &quantized);
}

/* The loss of a candidate's integer program over all samples. */
static double loss_of_program(const struct quantized *q, const struct candidate *c)
{
    struct lowered l;
    size_t n = net_elements(&test_case.net.tensors[test_case.net.output]);
    ck_assert_msg(lowered_make(&test_case.net, q, c, NULL, &l, &error) == 0, "%s", error.text);
    struct evaluator *v = evaluator_create(&l.program, lowered_blobs(&l), 1, &error);
    size_t bytes = program_output(&l.program)->bytes;
    uint8_t *outputs = malloc((size_t)test_case.data.n * bytes + 1);
    float *y = malloc(n * sizeof *y);
    ck_assert_int_eq(evaluator_outputs(v, &test_case.data, 0, test_case.data.n, outputs, &error), 0);
    struct float_run run;
    double sum = 0;
    float *ignored = malloc(n * sizeof *ignored);
    ck_assert_int_eq(float_run_init(&run, &test_case.net, 1, &error), 0);
    for (int i = 0; i < test_case.data.n; i++) {
        data_sample(&test_case.data, i, float_run_input(&run));
        const float *wanted = float_run_go(&run, 1, NULL, NULL);
        lowered_take_output(&l.program, outputs + (size_t)i * bytes, y);
        sum += tune_loss(&test_case.net.tensors[test_case.net.output], 1, y, wanted, 1, ignored);
    }
    float_run_finish(&run);
    free(ignored);
    free(outputs);
    free(y);
    evaluator_destroy(v);
    lowered_finish(&l);
    return sum;
}

static const struct tune_params some_steps = {.steps = 200, .batch = 8, .rate = 0.03, .seed = 1};

static void tune(const struct candidate *c, const struct tune_params *p, struct quantized *to)
{
    int result = tune_candidate(&test_case.net, &quantized, &test_case.data, c, p, NULL, NULL, to, &error);
    ck_assert_msg(result == 0, "%s", error.text);
}

START_TEST(trained_programs_come_closer_to_the_float_network)
{
    static const char *const settings[] = {"w2a8", "w3a5", "w4a4"};
    double left = 0; // the mean of ratios as logarithms: of some networks next to nothing is left to learn
    for (int i = 0; i < 12; i++) {
        struct candidate c;
        struct quantized tuned;
        begin((uint64_t)i);
        ck_assert_int_eq(candidate_parse(settings[_i], test_case.net.n_slots, &c, &error), 0);
        tune(&c, &some_steps, &tuned);
        double untrained = loss_of_program(&quantized, &c), trained = loss_of_program(&tuned, &c);
        left += log((trained + 1e-9) / (untrained + 1e-9)) / 12;
        quantized_finish(&tuned);
        end();
    }
    ck_assert_msg(exp(left) < 0.9, "%s: %g of the loss is left", settings[_i], exp(left));
}
END_TEST

static bool same(const struct quantized *a, const struct quantized *b)
{
    bool equal = a->n_layers == b->n_layers && a->n_variants == b->n_variants && a->n_tensors == b->n_tensors;
    for (int i = 0; equal && i < a->n_layers * a->n_variants; i++) {
        const struct quantized_weights *x = &a->weights[i], *y = &b->weights[i];
        equal = !memcmp(x->codes, y->codes, x->n_codes * sizeof *x->codes) &&
                !memcmp(x->scales, y->scales, x->n_channels * sizeof *x->scales) &&
                !memcmp(x->bias, y->bias, x->n_channels * sizeof *x->bias);
    }
    return equal && !memcmp(a->tensors, b->tensors, (size_t)a->n_tensors * sizeof *a->tensors) &&
           !memcmp(a->key, b->key, sizeof a->key);
}

static int stop_at(void *user, int step, int steps, double loss)
{
    ck_assert_int_le(step, steps);
    ck_assert(isfinite(loss));
    return step >= *(int *)user;
}

START_TEST(interrupted_training_goes_on_to_the_same_bits)
{
    struct quantized whole, parts;
    struct candidate c;
    char path[128];
    struct tune_params p = some_steps;
    begin((uint64_t)_i);
    candidate_fill(&c, test_case.net.n_slots, (struct setting){3, 5, SCHEME_UNIFORM});
    tune(&c, &p, &whole);
    snprintf(path, sizeof path, "%s/checkpoint", test_case.folder);
    p.checkpoint = path;
    for (int until = 13; until < p.steps; until += 20)
        ck_assert_int_eq(tune_candidate(&test_case.net, &quantized, &test_case.data, &c, &p, stop_at, &until, &parts, &error),
                         TUNE_STOPPED);
    tune(&c, &p, &parts);
    ck_assert(same(&whole, &parts));
    quantized_finish(&parts);
    ck_assert_int_eq(file_write(path, "junk", 4, &error), 0); // is said, and training begins anew
    tune(&c, &p, &parts);
    ck_assert(same(&whole, &parts));
    quantized_finish(&parts);
    p.seed = 2; // another training does not take it
    tune(&c, &p, &parts);
    ck_assert(!same(&whole, &parts));
    quantized_finish(&parts);
    quantized_finish(&whole);
    end();
}
END_TEST

START_TEST(only_slots_of_scheme_trained_are_trained)
{
    struct candidate c;
    struct quantized tuned;
    int trained = 0, changed = 0;
    begin((uint64_t)_i);
    net_case_candidate(&test_case, &rng, &c);
    for (int i = 0; i < c.n; i++) {
        if (i % 2 || c.n == 1)
            c.layers[i] = (struct setting){4, 8, SCHEME_TRAINED};
        else if (c.layers[i].scheme == SCHEME_TRAINED)
            c.layers[i] = (struct setting){4, 4, SCHEME_UNIFORM};
    }
    tune(&c, &some_steps, &tuned);
    for (int i = 0; i < test_case.net.n_layers; i++) {
        struct setting s = c.layers[test_case.net.layers[i].slot];
        const struct quantized_weights *a = quantized_weights_of(&quantized, i, s), *b = quantized_weights_of(&tuned, i, s);
        bool equal = !memcmp(a->codes, b->codes, a->n_codes * sizeof *a->codes) &&
                     !memcmp(a->scales, b->scales, a->n_channels * sizeof *a->scales) &&
                     !memcmp(a->bias, b->bias, a->n_channels * sizeof *a->bias);
        ck_assert(s.scheme == SCHEME_TRAINED || equal);
        trained += s.scheme == SCHEME_TRAINED, changed += !equal;
    }
    ck_assert(!trained || changed);
    quantized_finish(&tuned);
    end();
}
END_TEST

START_TEST(a_trained_candidate_survives_its_file)
{
    struct candidate c;
    struct quantized tuned, again;
    char path[128];
    begin(3);
    snprintf(path, sizeof path, "%s/tuned", test_case.folder);
    candidate_fill(&c, test_case.net.n_slots, (struct setting){4, 4, SCHEME_UNIFORM});
    tune(&c, &some_steps, &tuned);
    ck_assert_int_eq(quantized_save(&tuned, path, &error), 0);
    ck_assert_int_eq(quantized_load_any(path, &test_case.net, &again, &error), 0);
    ck_assert(same(&tuned, &again));
    ck_assert_double_eq(loss_of_program(&tuned, &c), loss_of_program(&again, &c));
    quantized_finish(&again);
    quantized_finish(&tuned);
    ck_assert_int_eq(quantized_load_any("/nowhere", &test_case.net, &again, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "no such file"));
    test_case.net.n_layers--; // another network
    ck_assert_int_eq(quantized_load_any(path, &test_case.net, &again, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "another network"));
    ck_assert_ptr_null(again.weights);
    test_case.net.n_layers++;
    end();
}
END_TEST

/* PyTorch's little Mamba classifier (tests/data/make_mamba.py): norms, scans, causal convolutions, gates. */
static void begin_mamba(const char *setting, struct candidate *c)
{
    struct data_transform t = {.scale = 0.125};
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = 1};
    char path[512];
    snprintf(path, sizeof path, "%s/tests/data/mamba.onnx", source_root);
    ck_assert_msg(import_network(path, &test_case.net, &error) == 0, "%s", error.text);
    snprintf(path, sizeof path, "%s/tests/data/mamba_x.npy", source_root);
    ck_assert_msg(data_open(path, &test_case.net.tensors[test_case.net.input], &t, &test_case.data, &error) == 0, "%s", error.text);
    ck_assert_int_eq(candidate_parse(setting, test_case.net.n_slots, c, &error), 0);
    p.options[0] = c->layers[0];
    ck_assert_msg(quantize_network(&test_case.net, &test_case.data, &p, NULL, NULL, &quantized, &error) == 0, "%s", error.text);
}

START_TEST(a_mamba_comes_closer_to_the_float_network_too)
{
    static const char *const settings[] = {"w4a8", "w3a8"};
    struct tune_params p = {.steps = 300, .seed = 1};
    struct candidate c;
    struct quantized tuned;
    begin_mamba(settings[_i], &c);
    tune(&c, &p, &tuned);
    double untrained = loss_of_program(&quantized, &c), trained = loss_of_program(&tuned, &c);
    ck_assert_msg(trained < 0.9 * untrained, "%s: a loss of %g became %g", settings[_i], untrained, trained);
    quantized_finish(&tuned);
    quantized_finish(&quantized);
    data_close(&test_case.data);
    net_finish(&test_case.net);
}
END_TEST

START_TEST(what_cannot_be_trained_is_refused)
{
    struct candidate c;
    struct quantized tuned;
    struct tune_params p = some_steps;
    begin(5);
    candidate_fill(&c, test_case.net.n_slots, (struct setting){32, 32, SCHEME_FLOAT32});
    ck_assert_int_eq(tune_candidate(&test_case.net, &quantized, &test_case.data, &c, &p, NULL, NULL, &tuned, &error), -1);
    candidate_fill(&c, test_case.net.n_slots, (struct setting){7, 8, SCHEME_TRAINED});
    ck_assert_int_eq(tune_candidate(&test_case.net, &quantized, &test_case.data, &c, &p, NULL, NULL, &tuned, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "w7a8/trained"));
    candidate_fill(&c, test_case.net.n_slots, (struct setting){4, 8, SCHEME_UNIFORM});
    p.steps = 0;
    ck_assert_int_eq(tune_candidate(&test_case.net, &quantized, &test_case.data, &c, &p, NULL, NULL, &tuned, &error), -1);
    ck_assert_ptr_null(tuned.weights);
    end();
}
END_TEST

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "test_tune: the source folder is wanted\n");
        return 2;
    }
    source_root = argv[1];
    Suite *s = suite_create("tune");
    TCase *t = suite_case(s, "tune", NULL, NULL);
    tcase_add_loop_test(t, slopes_of_random_networks_are_differences, 0, 2);
    tcase_add_loop_test(t, slopes_of_every_kind_are_differences, 0, 14);
    tcase_add_loop_test(t, slopes_of_rounding_are_those_of_adding_a_constant, 0, 4);
    tcase_add_test(t, an_operations_own_clamp_gives_no_slope);
    tcase_add_loop_test(t, slopes_of_rounded_weights_are_those_of_adding_a_constant, 0, 2);
    tcase_add_loop_test(t, slopes_of_the_loss_are_differences, 0, 2);
    tcase_add_loop_test(t, trained_programs_come_closer_to_the_float_network, 0, 3);
    tcase_add_loop_test(t, a_mamba_comes_closer_to_the_float_network_too, 0, 2);
    tcase_add_loop_test(t, interrupted_training_goes_on_to_the_same_bits, 0, 3);
    tcase_add_loop_test(t, only_slots_of_scheme_trained_are_trained, 0, 5);
    tcase_add_test(t, a_trained_candidate_survives_its_file);
    tcase_add_test(t, what_cannot_be_trained_is_refused);
    return suite_run(s);
}

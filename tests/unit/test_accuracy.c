// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Real networks: what eight bits keep and two bits lose, and host and kernels bit for bit.
// usage: test_accuracy SOURCE_ROOT demo | resnet-8
#include "quant/evaluate/evaluator.h"
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/program/lowered.h"
#include "quant/quantize/quantized.h"
#include "tests/assets.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 1000
#define RUNS_OF_KERNELS 5

struct subject {
    const char *network, *calibration, *samples, *labels; // paths
    double scale;
};

static struct error error;
static char paths[4][512];
static const char *source_root;
static struct net net;
static struct data calibration, samples;
static int32_t *labels;
static struct quantized quantized;

static const char *path(int i, const char *folder, const char *name)
{
    if (snprintf(paths[i], sizeof paths[i], "%s/%s", folder, name) >= (int)sizeof paths[i])
        abort();
    return paths[i];
}

static const char *asset(int i, const char *name)
{
    return assets_path(source_root, name, paths[i], sizeof paths[i]);
}

static void begin(const struct subject *s)
{
    static const char *const options[] = {"w8a8", "w4a8", "w2a8", "w4a4"};
    struct data_transform t = {.scale = s->scale};
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = 4, .calibration_samples = 500};
    for (int i = 0; i < p.n_options; i++)
        ck_assert_int_eq(setting_parse(options[i], &p.options[i], &error), 0);
    ck_assert_msg(import_network(s->network, &net, &error) == 0, "%s", error.text);
    const struct net_tensor *in = &net.tensors[net.input];
    ck_assert_msg(data_open(s->calibration, in, &t, &calibration, &error) == 0, "%s", error.text);
    ck_assert_msg(data_open(s->samples, in, &t, &samples, &error) == 0, "%s", error.text);
    int classes = (int)net_elements(&net.tensors[net.output]);
    ck_assert_msg(data_labels(s->labels, samples.n, classes, &labels, &error) == 0, "%s", error.text);
    int labelled = 0; // the first SAMPLES are looked at
    for (int i = 0; i < samples.n; i++)
        if (labels[i] >= 0 && labelled++ >= SAMPLES)
            labels[i] = -1;
    ck_assert_msg(quantize_network(&net, &calibration, &p, NULL, NULL, &quantized, &error) == 0, "%s",
                  error.text);
}

static void end(void)
{
    quantized_finish(&quantized);
    free(labels);
    data_close(&samples);
    data_close(&calibration);
    net_finish(&net);
}

static void lower(const char *setting, struct lowered *l)
{
    struct candidate c;
    ck_assert_int_eq(candidate_parse(setting, net.n_slots, &c, &error), 0);
    ck_assert_msg(lowered_make(&net, &quantized, &c, NULL, l, &error) == 0, "%s", error.text);
}

static double percent(const char *setting)
{
    struct lowered l;
    struct score s;
    lower(setting, &l);
    struct evaluator *v = evaluator_create(&l.program, lowered_blobs(&l), 2, &error);
    ck_assert_int_eq(evaluator_score(v, &samples, labels, 0, SAMPLES, &s, &error), 0);
    ck_assert_int_eq(s.total, SAMPLES);
    printf("%s: %s %d of %d, flash %d, RAM %d bytes\n", net.ops[0].name, setting, (int)s.correct,
           (int)s.total, (int)l.flash_bytes, (int)l.ram_bytes);
    evaluator_destroy(v);
    lowered_finish(&l);
    return 100.0 * (double)s.correct / (double)s.total;
}

static double float_percent(void)
{
    int correct, total;
    ck_assert_int_eq(float_run_score(&net, &samples, labels, &correct, &total, &error), 0);
    printf("%s: float32 %d of %d\n", net.ops[0].name, correct, total);
    return 100.0 * correct / total;
}

/* A few samples through the interpreter itself. */
static void compare_with_kernels(const char *setting)
{
    struct lowered l;
    lower(setting, &l);
    const struct image_tensor *in = program_input(&l.program), *out = program_output(&l.program);
    uint8_t *arena = aligned_alloc(16, (size_t)(l.ram_bytes + 15) / 16 * 16),
            *outputs = malloc(RUNS_OF_KERNELS * out->bytes);
    float *x = malloc(samples.elements * sizeof *x);
    struct evaluator *v = evaluator_create(&l.program, lowered_blobs(&l), 2, &error);
    ck_assert_int_eq(evaluator_outputs(v, &samples, 0, RUNS_OF_KERNELS, outputs, &error), 0);
    for (int i = 0; i < RUNS_OF_KERNELS; i++) {
        data_sample(&samples, i, x);
        lowered_put_input(&l.program, x, arena + in->arena_offset);
        program_run(&l.program, lowered_blobs(&l), arena, NULL);
        ck_assert_int_eq(memcmp(arena + out->arena_offset, outputs + (size_t)i * out->bytes, out->bytes), 0);
    }
    evaluator_destroy(v);
    free(arena);
    free(outputs);
    free(x);
    lowered_finish(&l);
}

static void check_subject(const struct subject *s)
{
    begin(s);
    double exact = float_percent(), eight = percent("w8a8"), two = percent("w2a8");
    ck_assert_msg(eight >= exact - 1, "w8a8 %.1f, float32 %.1f", eight, exact);
    ck_assert_msg(two <= exact - 10, "w2a8 %.1f, float32 %.1f", two, exact);
    ck_assert_msg(percent("w4a8") > two, "w4a8 is not above w2a8");
    compare_with_kernels("w8a8");
    compare_with_kernels("w4a4");
    compare_with_kernels("w2a8");
    end();
}

START_TEST(the_demo_keeps_its_accuracy_with_eight_bits_and_loses_it_with_two)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s/configs/demo", source_root);
    struct subject s = {path(0, folder, "dscnn.onnx"), path(1, folder, "calibration_x.npy"),
                        path(2, folder, "validation_x.npy"), path(3, folder, "validation_y.npy"), 0.25};
    check_subject(&s);
}
END_TEST

START_TEST(resnet_8_keeps_its_accuracy_with_eight_bits_and_loses_it_with_two)
{
    struct subject s = {asset(0, "models/mlperf-tiny-onnx/pretrainedResnet.onnx"), asset(1, "data/cifar10/calib_x.npy"),
                        asset(2, "data/cifar10/test_x.npy"), asset(3, "data/cifar10/test_y.npy"), 0};
    check_subject(&s);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 3)
        return fputs("usage: test_accuracy SOURCE_ROOT demo | resnet-8\n", stderr), 2;
    bool demo = !strcmp(argv[2], "demo");
    source_root = argv[1];
    if (!demo && assets_missing(asset(0, "data/cifar10/test_x.npy")))
        return ASSETS_SKIPPED;
    Suite *s = suite_create("accuracy");
    TCase *t = suite_case(s, "accuracy", NULL, NULL);
    if (demo)
        tcase_add_test(t, the_demo_keeps_its_accuracy_with_eight_bits_and_loses_it_with_two);
    else
        tcase_add_test(t, resnet_8_keeps_its_accuracy_with_eight_bits_and_loses_it_with_two);
    return suite_run(s);
}

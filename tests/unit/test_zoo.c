// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A network of the zoo: its structure, its accuracy in float32 and with eight bits, and that it fits the board.
// usage: test_zoo SOURCE_ROOT NETWORK      (mobilenet_v1, ...)
#include "quant/evaluate/evaluator.h"
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "quant/program/lowered.h"
#include "quant/quantize/quantized.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 1000
#define POINTS_OF_EIGHT_BITS 1 // that 8 bits may lose
#define POINTS_OF_FLOATS 0.25  // two samples: sums of floats differ from host to host
#define BOARD_RAM 688128 // configs/boards/virtual.json: without stack and runner
#define BOARD_FLASH 1966080

/* Operations by kind, as the papers have them: a network that is called so has them all. (MobileNetV2 has ten additions; two
 * more of the zoo's blocks have as many channels out as in. ShuffleNetV2's 13 units of stride 1 choose twice among channels that are
 * joined, shuffled and split, and the three stages' ends once. Mamba has seven projections in each of two blocks, and one before.)
 * `percent`: right in float32, of the test samples, as configs/zoo/README.md says. */
static const struct expected {
    const char *name;
    double percent;
    int convs, depthwise, dense, adds, choices, norms, scans;
} networks[] = {
    {"mobilenet_v1", 90.9, 14, 13, 1, 0, 0, 0, 0},
    {"mobilenet_v2", 90.9, 35, 17, 1, 12, 0, 0, 0},
    {"resnet50", 91.3, 53, 0, 1, 16, 0, 0, 0},
    {"shufflenet_v2", 91.6, 37, 19, 1, 0, 29, 0, 0},
    {"mamba", 91.9, 15, 2, 1, 2, 0, 3, 2},
};

static const char *source_root;
static const struct expected *expected;
static struct error error;
static struct net net;
static struct data calibration, samples;
static int32_t *labels;

static void open_data(const char *name, struct data *d)
{
    char path[512];
    const struct data_transform features = {.scale = 0.25};
    snprintf(path, sizeof path, "%s/configs/demo/%s_x.npy", source_root, name);
    ck_assert_msg(data_open(path, &net.tensors[net.input], &features, d, &error) == 0, "%s", error.text);
}

static void begin(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/configs/zoo/%s.onnx", source_root, expected->name);
    ck_assert_msg(import_network(path, &net, &error) == 0, "%s", error.text);
    open_data("calibration", &calibration);
    open_data("test", &samples);
    snprintf(path, sizeof path, "%s/configs/demo/test_y.npy", source_root);
    int classes = (int)net_elements(&net.tensors[net.output]);
    ck_assert_msg(data_labels(path, samples.n, classes, &labels, &error) == 0, "%s", error.text);
}

static void end(void)
{
    free(labels);
    data_close(&samples);
    data_close(&calibration);
    net_finish(&net);
}

START_TEST(it_has_the_operations_of_its_paper)
{
    int n[NET_KIND_COUNT] = {0}, depthwise = 0;
    for (int i = 0; i < net.n_ops; i++) {
        n[net.ops[i].kind]++;
        depthwise += net_is_depthwise(&net, &net.ops[i]);
    }
    ck_assert_int_eq(n[NET_CONV] - depthwise, expected->convs);
    ck_assert_int_eq(depthwise, expected->depthwise);
    ck_assert_int_eq(n[NET_DENSE], expected->dense);
    ck_assert_int_eq(n[NET_ADD], expected->adds);
    ck_assert_int_eq(n[NET_CHANNELS], expected->choices);
    ck_assert_int_eq(n[NET_RMSNORM], expected->norms);
    ck_assert_int_eq(n[NET_SCAN], expected->scans);
}
END_TEST

static double float_percent(void)
{
    int correct, total;
    ck_assert_int_eq(float_run_score(&net, &samples, labels, &correct, &total, &error), 0);
    ck_assert_int_eq(total, SAMPLES);
    return 100.0 * correct / total;
}

static struct setting setting_of(const char *text)
{
    struct setting s;
    ck_assert_int_eq(setting_parse(text, &s, &error), 0);
    return s;
}

static void lower(const struct quantized *q, const struct candidate *c, struct lowered *l)
{
    static const struct lowered_budget board = {BOARD_RAM, BOARD_FLASH};
    ck_assert_msg(lowered_make(&net, q, c, &board, l, &error) == 0, "%s", error.text);
}

static double percent_of(const struct quantized *q, const struct candidate *c)
{
    struct lowered l;
    struct score s;
    lower(q, c, &l);
    struct evaluator *v = evaluator_create(&l.program, lowered_blobs(&l), 2, &error);
    ck_assert_msg(v && evaluator_score(v, &samples, labels, 0, SAMPLES, &s, &error) == 0, "%s", error.text);
    printf("%s: 8 bits take %d bytes of flash, %d of RAM\n", expected->name, (int)l.flash_bytes, (int)l.ram_bytes);
    evaluator_destroy(v);
    lowered_finish(&l);
    return 100.0 * (double)s.correct / (double)s.total;
}

START_TEST(it_answers_as_stated_and_eight_bits_keep_that)
{
    struct quantize_params p = {.clipping = CLIPPING_MSE, .n_options = 1, .calibration_samples = calibration.n,
                                .options = {setting_of("w8a8")}};
    struct quantized q;
    struct candidate c;
    double exact = float_percent();
    ck_assert_msg(fabs(exact - expected->percent) <= POINTS_OF_FLOATS, "float32 answers %.1f %%", exact);
    ck_assert_msg(quantize_network(&net, &calibration, &p, NULL, NULL, &q, &error) == 0, "%s", error.text);
    candidate_fill(&c, net.n_slots, setting_of("w8a8"));
    double eight = percent_of(&q, &c);
    printf("%s: float32 %.1f %%, 8 bits %.1f %%\n", expected->name, exact, eight);
    ck_assert_msg(eight >= exact - POINTS_OF_EIGHT_BITS, "8 bits %.1f %%, float32 %.1f %%", eight, exact);
    quantized_finish(&q);
}
END_TEST

START_TEST(its_float32_baseline_fits_the_board)
{
    struct lowered l;
    struct candidate c;
    candidate_fill(&c, net.n_slots, setting_of("float32"));
    lower(NULL, &c, &l);
    printf("%s: float32 takes %d bytes of flash, %d of RAM\n", expected->name, (int)l.flash_bytes, (int)l.ram_bytes);
    lowered_finish(&l);
}
END_TEST

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof networks / sizeof *networks; i++)
        expected = strcmp(argv[2], networks[i].name) ? expected : &networks[i];
    if (!expected)
        return fputs("usage: test_zoo SOURCE_ROOT NETWORK\n", stderr), 2;
    source_root = argv[1];
    Suite *s = suite_create("zoo");
    TCase *t = suite_case(s, "zoo", begin, end);
    tcase_add_test(t, it_has_the_operations_of_its_paper);
    tcase_add_test(t, it_answers_as_stated_and_eight_bits_keep_that);
    tcase_add_test(t, its_float32_baseline_fits_the_board);
    return suite_run(s);
}

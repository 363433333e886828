// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Accuracy of quantized files that others made, run with their own integers, against the values stated for them.
// usage: given_accuracy SOURCE_ROOT [--whole]
// Looks under $PARE_ASSETS (default SOURCE_ROOT/../shared/assets). Small sets are used whole and must agree within 0.1 point; of large
// ones the first 1,000 samples must agree within four standard errors, or with --whole all samples within 0.1 point.
#include "quant/evaluate/evaluator.h"
#include "quant/import/import.h"
#include "quant/program/lowered.h"
#include "tests/assets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUICK_SAMPLES 1000
#define BYTE (1. / 255)

static const struct {
    const char *network, *data;
    double accuracy; // stated, in percent
    struct data_transform transform;
} cases[] = {
    {"mlperf-tiny/pretrainedResnet_quant.tflite", "cifar10/test_%c.npy", 87.03, {.scale = 1}},
    {"mlperf-tiny/kws_ref_model.tflite", "kws01/%c.npy", 90.2, {.scale = 0.5847029, .n_mean = 1, .mean = {0.5847029 * 83}}},
    {"mlperf-tiny/vww_96_int8.tflite", "vww200/%c.npy", 84.5, {.scale = BYTE}},
    {"mlperf-tiny-onnx/resnet8_int8_qdq.onnx", "cifar10/test_%c.npy", 87.0, {.scale = 1}},
    {"mlperf-tiny-onnx/kws_int8_qdq.onnx", "kws01/%c.npy", 90.2, {.scale = 0.5847029, .n_mean = 1, .mean = {0.5847029 * 83}}},
    {"tinymaix/mnist_resnet_q.tflite", "mnist/test_%c.npy", 97.5, {.scale = BYTE}},
    {"tinymaix/mnist_valid_q.tflite", "mnist/test_%c.npy", 95.1, {.scale = BYTE}},
};

static const char *source_root = ".";

static const char *network_path(int i, char path[ASSETS_PATH_MAX])
{
    char name[256];
    snprintf(name, sizeof name, "models/%s", cases[i].network);
    return assets_path(source_root, name, path, ASSETS_PATH_MAX);
}

static const char *data_path(int i, char what, char path[ASSETS_PATH_MAX])
{
    char file[256];
    const char *pattern = cases[i].data, *mark = strstr(pattern, "%c");
    const char *name = what == 'x' && strstr(pattern, "kws01") ? "x_int8" : what == 'x' ? "x" : "y";
    snprintf(file, sizeof file, "data/%.*s%s%s", (int)(mark - pattern), pattern, name, mark + 2);
    return assets_path(source_root, file, path, ASSETS_PATH_MAX);
}

static int lower(const struct net *n, struct quantized *q, struct lowered *l, struct error *e)
{
    struct candidate c = {.n = n->n_slots};
    for (int slot = 0; slot < c.n; slot++)
        if (!net_given_setting(n, slot, &c.layers[slot]))
            return error_set(e, "slot %d has no integers", slot);
    return quantized_given(n, q, e) || lowered_make(n, q, &c, NULL, l, e) ? -1 : 0;
}

static int score(int i, int limit, struct score *s, struct error *e)
{
    char path[ASSETS_PATH_MAX];
    struct net n;
    struct data d = {0};
    struct quantized q = {0};
    struct lowered l = {0};
    int32_t *labels = NULL;
    if (import_network(network_path(i, path), &n, e))
        return -1;
    int failed = data_open(data_path(i, 'x', path), &n.tensors[n.input], &cases[i].transform, &d, e) ||
                 data_labels(data_path(i, 'y', path), d.n, (int)net_elements(&n.tensors[n.output]), &labels, e) ||
                 lower(&n, &q, &l, e);
    struct evaluator *v = failed ? NULL : evaluator_create(&l.program, lowered_blobs(&l), 2, e);
    failed = !v || evaluator_score(v, &d, labels, 0, limit, s, e);
    evaluator_destroy(v);
    lowered_finish(&l);
    quantized_finish(&q);
    free(labels);
    data_close(&d);
    net_finish(&n);
    return failed ? -1 : 0;
}

static int check(int i, bool whole)
{
    struct error e = {{0}};
    struct score s = {0};
    if (score(i, whole ? -1 : QUICK_SAMPLES, &s, &e)) {
        printf("FAILED %s: %s\n", cases[i].network, e.text);
        return 1;
    }
    double accuracy = 100. * (double)s.correct / (double)s.total, stated = cases[i].accuracy;
    bool all = whole || s.total <= QUICK_SAMPLES;
    double allowed = all && !strstr(cases[i].data, "test_") ? 0.1 : whole ? 0.1 : 4 * sqrt(stated * (100 - stated) / (double)s.total);
    bool good = fabs(accuracy - stated) <= allowed + 1e-9;
    printf("%s %s: %.2f %% (%lld of %lld), stated %.2f, allowed difference %.2f\n", good ? "ok" : "FAILED", cases[i].network, accuracy,
           (long long)s.correct, (long long)s.total, stated, allowed);
    return !good;
}

int main(int argc, char **argv)
{
    char path[ASSETS_PATH_MAX];
    bool whole = argc > 2 && !strcmp(argv[2], "--whole");
    int failed = 0;
    source_root = argc > 1 ? argv[1] : source_root;
    if (assets_missing(network_path(0, path)))
        return ASSETS_SKIPPED;
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++)
        failed += check(i, whole);
    return failed ? 1 : 0;
}

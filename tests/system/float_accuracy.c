// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The float network's accuracy on networks and data that others made, against the values stated for them.
// usage: float_accuracy SOURCE_ROOT [--whole]
// Looks under $PARE_ASSETS (default SOURCE_ROOT/../shared/assets). Small sets are used whole and must agree
// within 0.1 point; of large ones the first 1,000 samples must agree within four standard errors, or with
// --whole all samples within 0.1 point.
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "tests/assets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUICK_SAMPLES 1000

#define CIFAR "data/cifar10/test_x.npy", "data/cifar10/test_y.npy"
#define KWS "data/kws01/x_int8.npy", "data/kws01/y.npy"
#define VWW "data/vww200/x.npy", "data/vww200/y.npy"
#define MNIST "data/mnist/test_x.npy", "data/mnist/test_y.npy"
#define FEATURES                                                                                             \
    {                                                                                                        \
        .scale = 0.5847029, .n_mean = 1, .mean = { 0.5847029 * 83 }                                          \
    }
#define BYTE (1. / 255)
#define IMAGENET                                                                                             \
    {                                                                                                        \
        .scale = BYTE, .n_mean = 3, .n_std = 3, .mean = {.485, .456, .406}, .std = { .229, .224, .225 }      \
    }

static const struct {
    const char *network, *samples, *labels;
    double accuracy; // stated, in percent
    struct data_transform transform;
} cases[] = {
    {"models/mlperf-tiny-onnx/pretrainedResnet.onnx", CIFAR, 87.20, {.scale = 1}},
    {"models/akamaster/resnet20-12fca82f.onnx", CIFAR, 91.73, IMAGENET},
    {"models/alibaba-v0.7/model_ic.onnx", CIFAR, 83.60, IMAGENET},
    {"models/mlperf-tiny-onnx/vww_96_float.onnx",
     "data/vww200/x.npy",
     "data/vww200/y.npy",
     85.0,
     {.scale = BYTE}},
    {"models/alibaba-v0.7/model_kws.onnx", KWS, 90.8, FEATURES},
    {"models/mlperf-tiny/pretrainedResnet.tflite", CIFAR, 87.20, {.scale = 1}},
    {"models/mlperf-tiny/vww_96_float.tflite", VWW, 85.0, {.scale = BYTE}},
    {"models/mlperf-tiny/kws_saved_model_float.tflite", KWS, 91.5, FEATURES},
    {"models/tinymaix/mnist_valid_f.tflite", MNIST, 95.1, {.scale = BYTE}},
    {"models/tinymaix/mnist_dw_f.tflite", MNIST, 91.0, {.scale = BYTE}},
    {"models/tinymaix/mnist_resnet_f.tflite", MNIST, 97.5, {.scale = BYTE}},
};

struct count {
    const int32_t *labels;
    int classes, correct, total;
};

static void count_answer(void *userdata, int sample, const float *outputs)
{
    struct count *c = userdata;
    c->total += c->labels[sample] >= 0;
    c->correct += float_run_argmax(outputs, c->classes) == c->labels[sample];
}

static const char *source_root = ".";

/* The first `limit` samples (0: all). */
static int score(int i, int limit, struct count *c, bool *all, struct error *e)
{
    char path[ASSETS_PATH_MAX];
    struct net n;
    struct data d = {0};
    int32_t *labels = NULL;
    if (import_network(assets_path(source_root, cases[i].network, path, sizeof path), &n, e))
        return -1;
    c->classes = (int)net_elements(&n.tensors[n.output]);
    int failed =
        data_open(assets_path(source_root, cases[i].samples, path, sizeof path), &n.tensors[n.input], &cases[i].transform, &d, e) ||
        data_labels(assets_path(source_root, cases[i].labels, path, sizeof path), d.n, c->classes, &labels, e);
    if (!failed) {
        int samples = limit && limit < d.n ? limit : d.n;
        *all = samples == d.n;
        c->labels = labels;
        failed = float_run_data(&n, &d, 0, samples, NULL, count_answer, c, e);
    }
    free(labels);
    data_close(&d);
    net_finish(&n);
    return failed ? -1 : 0;
}

static int check(int i, int limit)
{
    struct error e = {{0}};
    struct count c = {0};
    bool all = false;
    if (score(i, limit, &c, &all, &e)) {
        printf("FAILED %s\n", e.text);
        return 1;
    }
    double accuracy = 100. * c.correct / c.total, stated = cases[i].accuracy;
    double allowed = all ? 0.1 : 4 * sqrt(stated * (100 - stated) / c.total);
    bool good = fabs(accuracy - stated) <= allowed + 1e-9;
    printf("%s %s: %.2f %% (%d of %d), stated %.2f, allowed difference %.2f\n", good ? "ok" : "FAILED",
           cases[i].network, accuracy, c.correct, c.total, stated, allowed);
    return !good;
}

int main(int argc, char **argv)
{
    char path[ASSETS_PATH_MAX];
    bool whole = argc > 2 && !strcmp(argv[2], "--whole");
    int failed = 0;
    source_root = argc > 1 ? argv[1] : source_root;
    if (assets_missing(assets_path(source_root, cases[0].network, path, sizeof path)))
        return ASSETS_SKIPPED;
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++)
        failed += check(i, whole ? 0 : QUICK_SAMPLES);
    return failed ? 1 : 0;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writes ResNet-50 (He et al., arXiv:1512.03385, table 1; strides in the 3 x 3 convolutions) with random weights, and a few random images:
// for sizes and errors, never for accuracy.
// usage: make_resnet50 NETWORK.onnx IMAGES.npy COUNT
#include "base/file.h"
#include "quant/net/npy.h"
#include "tests/one_test.h"
#include "tests/onnx_model.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIMS(...) ((const int64_t[]){__VA_ARGS__})
#define SIDE 224

struct making {
    Onnx__ModelProto *model;
    struct rng rng;
    int n;
};

/* Normal weights that keep the power of what goes through (He et al., arXiv:1502.01852). */
static void weights(struct making *m, const char *name, int rank, const int64_t *dims, int64_t inputs, double gain)
{
    Onnx__TensorProto *t = onnx_model_noise(m->model, name, rank, dims, 0, &m->rng);
    float *values = (float *)(void *)t->raw_data.data;
    for (size_t i = 0; i < t->raw_data.len / sizeof *values; i++)
        values[i] *= (float)(gain * sqrt(2. / (double)inputs));
}

/* Names of what was added last are c1, c2 ... */
static void conv(struct making *m, const char *in, int64_t from, int64_t to, int64_t kernel, int64_t stride, double gain, char *out)
{
    char w[24], both[64];
    snprintf(out, 24, "c%d", ++m->n);
    snprintf(w, sizeof w, "w%d", m->n);
    snprintf(both, sizeof both, "%.24s %.24s", in, w);
    weights(m, w, 4, DIMS(to, from, kernel, kernel), from * kernel * kernel, gain);
    Onnx__NodeProto *n = onnx_model_node(m->model, "Conv", both, out);
    onnx_model_ints(n, "strides", 2, DIMS(stride, stride));
    onnx_model_ints(n, "pads", 4, DIMS(kernel / 2, kernel / 2, kernel / 2, kernel / 2));
}

static void relu(struct making *m, char *name)
{
    char out[24];
    snprintf(out, sizeof out, "r%d", ++m->n);
    onnx_model_node(m->model, "Relu", name, out);
    snprintf(name, 24, "%s", out);
}

static void bottleneck(struct making *m, char *name, int64_t from, int64_t width, int64_t stride)
{
    char a[24], b[24], c[24], shortcut[24], both[64];
    conv(m, name, from, width, 1, 1, 1, a);
    relu(m, a);
    conv(m, a, width, width, 3, stride, 1, b);
    relu(m, b);
    conv(m, b, width, 4 * width, 1, 1, 0.5, c);
    snprintf(shortcut, sizeof shortcut, "%s", name);
    if (from != 4 * width || stride != 1)
        conv(m, name, from, 4 * width, 1, stride, 0.7, shortcut);
    snprintf(both, sizeof both, "%.24s %.24s", c, shortcut);
    snprintf(name, 24, "s%d", ++m->n);
    onnx_model_node(m->model, "Add", both, name);
    relu(m, name);
}

static void build(struct making *m)
{
    static const int blocks[4] = {3, 4, 6, 3};
    char name[24], both[64];
    int64_t from = 64;
    m->model = onnx_model_create(13, 4, DIMS(1, 3, SIDE, SIDE));
    conv(m, "x", 3, 64, 7, 2, 1, name);
    relu(m, name);
    Onnx__NodeProto *pool = onnx_model_node(m->model, "MaxPool", name, "pool");
    onnx_model_ints(pool, "kernel_shape", 2, DIMS(3, 3));
    onnx_model_ints(pool, "strides", 2, DIMS(2, 2));
    onnx_model_ints(pool, "pads", 4, DIMS(1, 1, 1, 1));
    snprintf(name, sizeof name, "pool");
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < blocks[stage]; i++) {
            bottleneck(m, name, from, 64 << stage, i == 0 && stage > 0 ? 2 : 1);
            from = 256 << stage;
        }
    onnx_model_node(m->model, "GlobalAveragePool", name, "mean");
    onnx_model_node(m->model, "Flatten", "mean", "flat");
    weights(m, "fc", 2, DIMS(1000, 2048), 2048, 1);
    snprintf(both, sizeof both, "flat fc");
    onnx_model_int(onnx_model_node(m->model, "Gemm", both, "y"), "transB", 1);
}

static int write_images(struct making *m, const char *path, size_t count, struct error *e)
{
    const size_t shape[4] = {count, SIDE, SIDE, 3}, n = count * SIDE * SIDE * 3;
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)rng_normal(&m->rng);
    int failed = x ? npy_write(path, NPY_F4, 4, shape, x, e) : error_set(e, "out of memory");
    free(x);
    return failed;
}

static char **arguments;

START_TEST(it_is_written) // the makers of models are a test's: they assert
{
    struct making m = {0};
    struct error e = {{0}};
    char *bytes;
    rng_seed(&m.rng, 50, 1);
    build(&m);
    size_t size = onnx_model_pack(m.model, &bytes);
    ck_assert_msg(file_write(arguments[1], bytes, size, &e) == 0, "%s", e.text);
    ck_assert_msg(write_images(&m, arguments[2], strtoul(arguments[3], NULL, 10), &e) == 0, "%s", e.text);
    free(bytes);
    onnx_model_destroy(m.model);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    arguments = argv;
    return one_test_run("make_resnet50", it_is_written, CK_NOFORK, CK_SILENT);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The float network's outputs on networks that others made and no labels are for (detectors), against the operators' definitions in
// doubles (tests/onnx_machine.h, which shares nothing with the importer). usage: float_reference SOURCE_ROOT
// Looks under $PARE_ASSETS (default SOURCE_ROOT/../shared/assets).
#include "base/file.h"
#include "quant/import/import.h"
#include "quant/net/data.h"
#include "quant/net/float_run.h"
#include "tests/assets.h"
#include "tests/onnx_model.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SAMPLES 4
#define BYTES_MAX (64u << 20)
#define ALLOWED 1e-4

static const struct {
    const char *network, *samples;
    struct data_transform transform;
} cases[] = {
    {"models/fastestdet/FastestDet_96.onnx", "data/vww200/x.npy", {.scale = 1. / 255}},
};

static Onnx__ModelProto *read_model(const char *path, struct error *e)
{
    char *bytes = NULL;
    size_t size;
    if (file_read(path, BYTES_MAX, &bytes, &size, e))
        return NULL;
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, size, (const uint8_t *)bytes);
    free(bytes);
    if (!m)
        error_set(e, "%s: not an ONNX file", path);
    return m;
}

/* Element i of h, w, c order, counted in c, h, w order. */
static size_t place(const struct net_tensor *t, size_t i)
{
    size_t c = (size_t)t->c, plane = (size_t)t->h * (size_t)t->w;
    return i % c * plane + i / c;
}

/* The largest distance of an output from what it should be, relative to 1 and its size. */
static double distance(const Onnx__ModelProto *m, const struct net *n, const float *x, const float *y)
{
    const struct net_tensor *in = &n->tensors[n->input], *out = &n->tensors[n->output];
    double *turned = calloc(net_elements(in), sizeof *turned), worst = 0;
    for (size_t i = 0; i < net_elements(in); i++)
        turned[place(in, i)] = (double)x[i];
    struct onnx_array wanted = onnx_model_run(m, turned);
    if (onnx_array_count(&wanted) != net_elements(out))
        worst = INFINITY;
    for (size_t i = 0; i < net_elements(out) && isfinite(worst); i++) {
        double is = wanted.values[place(out, i)];
        worst = fmax(worst, fabs((double)y[i] - is) / (1 + fabs(is)));
    }
    free(wanted.values);
    free(turned);
    return worst;
}

/* Returns the distance over all samples, below 0 with the reason. */
static double compare(const Onnx__ModelProto *m, const struct net *n, const struct data *d, struct error *e)
{
    struct float_run r;
    double worst = 0;
    if (float_run_init(&r, n, 1, e))
        return -1;
    float *x = calloc(d->elements, sizeof *x);
    for (int i = 0; i < SAMPLES && x; i++) {
        data_sample(d, i, x);
        data_sample(d, i, float_run_input(&r));
        worst = fmax(worst, distance(m, n, x, float_run_go(&r, 1, NULL, NULL)));
    }
    free(x);
    float_run_finish(&r);
    return worst;
}

static const char *source_root = ".";

START_TEST(outputs_are_those_of_the_definitions)
{
    char path[ASSETS_PATH_MAX];
    struct error e = {{0}};
    struct net n;
    struct data d = {0};
    Onnx__ModelProto *m = read_model(assets_path(source_root, cases[_i].network, path, sizeof path), &e);
    ck_assert_msg(m && !import_network(path, &n, &e), "%s", e.text);
    assets_path(source_root, cases[_i].samples, path, sizeof path);
    ck_assert_msg(data_open(path, &n.tensors[n.input], &cases[_i].transform, &d, &e) == 0, "%s", e.text);
    double worst = compare(m, &n, &d, &e);
    ck_assert_msg(worst >= 0, "%s", e.text);
    printf("%s: off by at most %.2g, allowed %.2g\n", cases[_i].network, worst, ALLOWED);
    ck_assert_double_le(worst, ALLOWED);
    data_close(&d);
    net_finish(&n);
    onnx__model_proto__free_unpacked(m, NULL);
}
END_TEST

int main(int argc, char **argv)
{
    char path[ASSETS_PATH_MAX];
    source_root = argc > 1 ? argv[1] : source_root;
    if (assets_missing(assets_path(source_root, cases[0].network, path, sizeof path)))
        return ASSETS_SKIPPED;
    Suite *suite = suite_create("float_reference");
    TCase *tc = suite_case(suite, "float_reference", NULL, NULL);
    tcase_add_loop_test(tc, outputs_are_those_of_the_definitions, 0, sizeof cases / sizeof *cases);
    return suite_run(suite);
}

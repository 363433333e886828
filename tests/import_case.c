// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/import_case.h"

#include "quant/import/import.h"
#include "quant/net/float_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import_case import_case;

void import_case_setup(void)
{
    rng_seed(&import_case.rng, 11, 1);
    net_init(&import_case.net);
    import_case.model = NULL;
    import_case.error.text[0] = 0;
}

void import_case_teardown(void)
{
    net_finish(&import_case.net);
    if (import_case.model)
        onnx_model_destroy(import_case.model);
}

void import_case_start(int opset, int rank, const int64_t *dims)
{
    import_case_teardown();
    net_init(&import_case.net);
    import_case.model = onnx_model_create(opset, rank, dims);
}

Onnx__NodeProto *import_case_node(const char *type, const char *inputs, const char *output)
{
    return onnx_model_node(import_case.model, type, inputs, output);
}

void import_case_noise(const char *name, int rank, const int64_t *dims)
{
    onnx_model_noise(import_case.model, name, rank, dims, 0, &import_case.rng);
}

int import_case_take(void)
{
    char *bytes;
    size_t size = onnx_model_pack(import_case.model, &bytes);
    int failed = import_bytes(bytes, size, &import_case.net, &import_case.error);
    free(bytes);
    return failed;
}

void import_case_refuse(const char *why)
{
    ck_assert_int_eq(import_case_take(), -1);
    ck_assert_msg(strstr(import_case.error.text, why) != NULL, "said \"%s\"", import_case.error.text);
    ck_assert_msg(!strchr(import_case.error.text, '\n'), "more than one line: %s", import_case.error.text);
    ck_assert_int_eq(import_case.net.n_ops, 0);
}

/* Where element i of the network's tensor stands in the file's order. */
static size_t place(const struct net_tensor *t, enum import_case_layout layout, size_t i)
{
    size_t c = i % (size_t)t->c, pixel = i / (size_t)t->c;
    return layout == CHANNELS_FIRST ? c * (size_t)t->h * (size_t)t->w + pixel : i;
}

/* Of what a network puts out that leaves its last step away. */
static void finish_softmax(const float *values, size_t n, float *to)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)values[i]);
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(exp((double)values[i]) / sum);
}

void import_case_compare(enum import_case_layout in, enum import_case_layout out)
{
    ck_assert_msg(import_case_take() == 0, "%s", import_case.error.text);
    const struct net_tensor *from = &import_case.net.tensors[import_case.net.input],
                            *to = &import_case.net.tensors[import_case.net.output];
    double *x = calloc(net_elements(from), sizeof *x);
    for (size_t i = 0; i < net_elements(from); i++)
        x[i] = (double)(float)rng_normal(&import_case.rng);
    struct onnx_array y = onnx_model_run(import_case.model, x);
    struct float_run run;
    ck_assert_int_eq(float_run_init(&run, &import_case.net, 1, &import_case.error), 0);
    for (size_t i = 0; i < net_elements(from); i++)
        float_run_input(&run)[i] = (float)x[place(from, in, i)];
    const float *got = float_run_go(&run, 1, NULL, NULL);
    float *finished = calloc(net_elements(to), sizeof *finished);
    if (import_case.net.softmax) {
        finish_softmax(got, net_elements(to), finished);
        got = finished;
    }
    ck_assert_uint_eq(net_elements(to), onnx_array_count(&y));
    for (size_t i = 0; i < net_elements(to); i++) {
        double expected = y.values[place(to, out, i)];
        ck_assert_msg(fabs((double)got[i] - expected) <= 1e-4 * (1 + fabs(expected)),
                      "element %zu: %g, not %g", i, (double)got[i], expected);
    }
    float_run_finish(&run);
    free(finished);
    free(y.values);
    free(x);
}

int import_case_drawn(int from, int to)
{
    return from + (int)rng_below(&import_case.rng, (uint32_t)(to - from + 1));
}

void import_case_stem(const char *output, int in_c, int c)
{
    import_case_noise("stem_w", 4, DIMS(c, in_c, 1, 1));
    import_case_noise("stem_b", 1, DIMS(c));
    import_case_node("Conv", "x stem_w stem_b", output);
}

size_t import_case_demo(char **bytes)
{
    FILE *f = fopen(PARE_SOURCE_ROOT "/configs/demo/dscnn.onnx", "rb");
    ck_assert_ptr_nonnull(f);
    *bytes = malloc(1 << 20);
    size_t size = fread(*bytes, 1, 1 << 20, f);
    fclose(f);
    ck_assert_uint_gt(size, 10000);
    return size;
}

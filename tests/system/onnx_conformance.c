// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// ONNX's own node tests as a conformance suite: what is imported must compute what the test says, all else must be refused in one line.
// usage: onnx_conformance [--verbose] [FOLDER]
// FOLDER is Debian's libonnx-testdata if not given; where it is not, the test is skipped.
#include "quant/import/import.h"
#include "quant/net/float_run.h"
#include "tests/one_test.h"
#include "tests/onnx_node_test.h"

#include <check.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBIAN_FOLDER "/usr/share/libonnx-testdata/data/node"
#define SKIPPED 77
#define RELATIVE 1e-3 // the tolerances of ONNX's own runner (onnx/backend/test/runner)
#define ABSOLUTE 1e-6

static const char *root = DEBIAN_FOLDER;
static bool verbose;

struct counts {
    int tests, run, refused, compared, failed;
};

/* Operators of which at least so many tests must run: a reader that refuses all is no conforming one. The tests of Constant, Pad, Pow,
 * Slice, QuantizeLinear and DequantizeLinear all need what docs/networks.md says is not taken. */
static struct {
    const char *type;
    int least, run, refused;
} operators[] = {
    {.type = "Add", .least = 2},
    {.type = "AveragePool", .least = 11},
    {.type = "BatchNormalization", .least = 2},
    {.type = "Clip", .least = 3},
    {.type = "Concat", .least = 6},
    {.type = "Conv", .least = 6},
    {.type = "Div", .least = 1},
    {.type = "Dropout", .least = 5},
    {.type = "Elu", .least = 2},
    {.type = "Flatten", .least = 3},
    {.type = "Gather", .least = 1},
    {.type = "Gemm", .least = 8},
    {.type = "GlobalAveragePool", .least = 2},
    {.type = "GlobalMaxPool", .least = 2},
    {.type = "HardSigmoid", .least = 2},
    {.type = "HardSwish", .least = 1},
    {.type = "Identity", .least = 1},
    {.type = "LeakyRelu", .least = 2},
    {.type = "LogSoftmax", .least = 2},
    {.type = "MatMul", .least = 1},
    {.type = "MaxPool", .least = 11},
    {.type = "Mul", .least = 2},
    {.type = "ReduceMean", .least = 4},
    {.type = "Relu", .least = 1},
    {.type = "Reshape", .least = 3},
    {.type = "Resize", .least = 1},
    {.type = "Sigmoid", .least = 1},
    {.type = "Softmax", .least = 6},
    {.type = "Softplus", .least = 1},
    {.type = "Split", .least = 2},
    {.type = "Squeeze", .least = 1},
    {.type = "Sub", .least = 1},
    {.type = "Tanh", .least = 1},
    {.type = "Transpose", .least = 2},
    {.type = "Unsqueeze", .least = 7},
    {.type = "Upsample", .least = 1},
};

static void count_operator(const char *type, bool run)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        operators[i].run += !strcmp(operators[i].type, type) && run;
        operators[i].refused += !strcmp(operators[i].type, type) && !run;
    }
}

/* ---- comparing ---- */

/* Between the file's order, which may have channels before all else, and the network's. */
static size_t place(const struct onnx_node_case *form, const struct net_tensor *t, size_t i)
{
    size_t c = (size_t)t->c, rest = (size_t)t->h * (size_t)t->w, n = c * rest;
    return form->channels_last ? i : i / n * n + i % rest * c + i % n / rest;
}

static bool has_shape(const struct onnx_node_case *form, const struct onnx_constant *c, const struct net_tensor *t)
{
    int64_t batch = form->input.dims[0], channels = c->dims[form->channels_last ? 2 : 1];
    return c->dims[0] == batch && channels == t->c && c->elements == (size_t)batch * net_elements(t);
}

/* After the softmax over all values that the network leaves away. */
static void finish_softmax(float *values, size_t n, bool logarithm)
{
    double sum = 0, most = values[float_run_argmax(values, (int)n)];
    for (size_t i = 0; i < n; i++)
        sum += exp(values[i] - most);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(logarithm ? values[i] - most - log(sum) : exp(values[i] - most) / sum);
}

static bool compare(const struct onnx_node_case *c, const struct net_tensor *t, const float *values)
{
    bool good = true;
    for (size_t i = 0; i < c->output.elements; i++) {
        double is = values[place(c, t, i)], wants = c->output.floats[i];
        good = good && fabs(is - wants) <= ABSOLUTE + RELATIVE * fabs(wants);
    }
    return good;
}

/* Returns 1 if the outputs are not those of the test. */
static int run(const char *name, const struct onnx_node_case *c, const struct net *n)
{
    struct error e = {{0}};
    struct float_run r;
    const struct net_tensor *in = &n->tensors[n->input], *out = &n->tensors[n->output];
    int batch = (int)c->input.dims[0];
    bool shapes = has_shape(c, &c->input, in) && has_shape(c, &c->output, out);
    if (!shapes || float_run_init(&r, n, batch, &e)) {
        printf("FAILED %s: %s\n", name, shapes ? e.text : "shapes are not those of the test");
        return 1;
    }
    for (size_t i = 0; i < c->input.elements; i++)
        float_run_input(&r)[place(c, in, i)] = c->input.floats[i];
    const float *computed = float_run_go(&r, batch, NULL, NULL);
    float *values = malloc(c->output.elements * sizeof *values);
    bool good = values && n->softmax == c->softmax;
    if (good)
        memcpy(values, computed, c->output.elements * sizeof *values);
    for (int i = 0; good && c->softmax && i < batch; i++)
        finish_softmax(values + (size_t)i * net_elements(out), net_elements(out), c->logarithm);
    good = good && compare(c, out, values);
    if (!good)
        printf("FAILED %s: other values than the test's\n", name);
    free(values);
    float_run_finish(&r);
    return !good;
}

/* ---- one test ---- */

static bool is_one_line(const char *text)
{
    return text[0] && !strpbrk(text, "\n\r");
}

/* Imports a file. Returns 1 if it was refused as it should be; then there is no network. */
static int refuses(const char *name, const char *bytes, size_t size, struct net *n, struct counts *count)
{
    struct error e = {{0}};
    if (!import_bytes(bytes, size, n, &e))
        return 0;
    if (verbose)
        printf("refused %s: %s\n", name, e.text);
    if (!is_one_line(e.text)) {
        printf("FAILED %s: refused without one line: '%s'\n", name, e.text);
        count->failed++;
    }
    return 1;
}

/* Returns 1 if this form of the test was run. */
static int check_case(const char *folder, const char *name, bool all, enum onnx_node_form form, int k,
                      struct counts *count)
{
    struct error e = {{0}};
    struct onnx_node_test t;
    struct onnx_node_case c;
    struct net n;
    int ran = 0;
    if (!onnx_node_test_read(folder, &t, &e) && !onnx_node_case_make(&t, all, form, k, &c)) {
        ran = !refuses(name, c.bytes, c.size, &n, count);
        count->compared += ran;
        if (ran) {
            count->failed += run(name, &c, &n);
            net_finish(&n);
        }
        onnx_node_case_finish(&c);
    }
    onnx_node_test_finish(&t);
    return ran;
}

/* The file as it is: most have no weights, or inputs that are not data. */
static int check_original(const char *folder, const char *name)
{
    char path[PATH_MAX + 16];
    struct error e = {{0}};
    struct net n;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    bool taken = !import_network(path, &n, &e);
    if (taken)
        net_finish(&n);
    if (taken || is_one_line(e.text))
        return 0;
    printf("FAILED %s: refused without one line: '%s'\n", name, e.text);
    return 1;
}

static void check_test(const char *name, struct counts *count)
{
    char folder[PATH_MAX];
    struct onnx_node_test t;
    struct error e = {{0}};
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    int bad = onnx_node_test_read(folder, &t, &e), outputs = bad ? 0 : t.n_outputs, ran = 0;
    count->failed += bad ? 1 : check_original(folder, name);
    for (int k = 0; k < outputs; k++)
        for (enum onnx_node_form form = 0; form < ONNX_NODE_FORM_COUNT; form++)
            ran += check_case(folder, name, false, form, k, count) + check_case(folder, name, true, form, k, count);
    if (!bad && t.model->graph->n_node == 1)
        count_operator(t.model->graph->node[0]->op_type, ran > 0);
    if (bad)
        printf("FAILED %s\n", e.text);
    onnx_node_test_finish(&t);
    count->tests++;
    count->run += ran > 0;
    count->refused += ran == 0;
    if (verbose && ran)
        printf("run %s\n", name);
}

static int check_operators(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        bool good = operators[i].run >= operators[i].least;
        if (verbose || !good)
            printf("%s%s: %d run, %d refused, %d at least must run\n", good ? "" : "FAILED ", operators[i].type,
                   operators[i].run, operators[i].refused, operators[i].least);
        failed += !good;
    }
    return failed;
}

static int is_test(const struct dirent *d)
{
    return !strncmp(d->d_name, "test_", 5);
}

START_TEST(node_tests_are_computed_or_refused_in_one_line)
{
    struct counts count = {0};
    struct dirent **names;
    int n = scandir(root, &names, is_test, alphasort);
    ck_assert_int_gt(n, 0);
    for (int i = 0; i < n; i++) {
        check_test(names[i]->d_name, &count);
        free(names[i]);
    }
    free(names);
    count.failed += check_operators();
    printf("%d tests: %d run (%d comparisons), %d refused; %d failed\n", count.tests, count.run, count.compared,
           count.refused, count.failed);
    fflush(stdout);
    ck_assert_int_eq(count.failed, 0);
}
END_TEST

int main(int argc, char **argv)
{
    verbose = argc > 1 && !strcmp(argv[1], "--verbose");
    root = argc > 1 + verbose ? argv[1 + verbose] : root;
    if (access(root, R_OK)) {
        printf("skipped: no ONNX node tests in %s (Debian: libonnx-testdata)\n", root);
        return SKIPPED;
    }
    return one_test_run("onnx_conformance", node_tests_are_computed_or_refused_in_one_line, CK_FORK_GETENV, CK_NORMAL);
}

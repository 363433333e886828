// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What is computed element by element, of one array or of two, and the softmax.
#include "tests/onnx_machine.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double combined(char what, double a, double b)
{
    if (what == '<') // a PRelu's slope
        return a < 0 ? a * b : a;
    return what == '+' ? a + b : what == '-' ? a - b : what == '*' ? a * b : a / b;
}

/* NumPy's broadcasting. */
static struct onnx_array broadcast(const struct onnx_machine *m, const Onnx__NodeProto *node, char what)
{
    const struct onnx_array *a = onnx_machine_input(m, node, 0), *b = onnx_machine_input(m, node, 1);
    int rank = a->rank > b->rank ? a->rank : b->rank, dims[ONNX_MODEL_RANK];
    for (int d = 0; d < rank; d++) {
        int da = d - rank + a->rank >= 0 ? a->dims[d - rank + a->rank] : 1,
            db = d - rank + b->rank >= 0 ? b->dims[d - rank + b->rank] : 1;
        dims[d] = da > db ? da : db;
    }
    struct onnx_array y = onnx_array_create(rank, dims);
    for (size_t i = 0; i < onnx_array_count(&y); i++) {
        size_t ia = 0, ib = 0, sa = 1, sb = 1, rest = i;
        for (int d = rank - 1; d >= 0; d--) {
            size_t place = rest % (size_t)dims[d];
            int pa = d - rank + a->rank, pb = d - rank + b->rank;
            rest /= (size_t)dims[d];
            if (pa >= 0) {
                ia += a->dims[pa] > 1 ? place * sa : 0;
                sa *= (size_t)a->dims[pa];
            }
            if (pb >= 0) {
                ib += b->dims[pb] > 1 ? place * sb : 0;
                sb *= (size_t)b->dims[pb];
            }
        }
        y.values[i] = combined(what, a->values[ia], b->values[ib]);
        if (a->whole && b->whole)
            y.values[i] = trunc(y.values[i]);
    }
    y.whole = a->whole && b->whole;
    return y;
}

/* Zeros of the shape in input 1, plus input 0. */
static struct onnx_array expand(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    int dims[ONNX_MODEL_RANK], rank = onnx_machine_list(m, node, "shape", 1, dims);
    struct onnx_machine *both = calloc(1, sizeof *both);
    ck_assert_ptr_nonnull(both);
    onnx_machine_put(both, node->input[0], *onnx_machine_input(m, node, 0));
    onnx_machine_put(both, node->input[1], onnx_array_create(rank, dims));
    struct onnx_array y = broadcast(both, node, '+');
    free(both->arrays[1].values);
    free(both);
    return y;
}

static struct onnx_array clip(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = onnx_array_copied(onnx_machine_input(m, node, 0));
    const struct onnx_array *low = onnx_machine_input(m, node, 1), *high = onnx_machine_input(m, node, 2);
    double from = low ? low->values[0] : onnx_machine_float(node, "min", -INFINITY),
           to = high ? high->values[0] : onnx_machine_float(node, "max", INFINITY);
    if (!strcmp(node->op_type, "Relu"))
        from = 0;
    for (size_t i = 0; i < onnx_array_count(&y); i++)
        y.values[i] = fmin(fmax(y.values[i], from), to);
    return y;
}

/* By the formulas of the ONNX specification. */
static double function_of(const Onnx__NodeProto *node, double x)
{
    const char *t = node->op_type;
    if (!strcmp(t, "Sigmoid"))
        return 1 / (1 + exp(-x));
    if (!strcmp(t, "Tanh"))
        return tanh(x);
    if (!strcmp(t, "HardSigmoid"))
        return fmax(
            0, fmin(1, onnx_machine_float(node, "alpha", 0.2) * x + onnx_machine_float(node, "beta", 0.5)));
    if (!strcmp(t, "HardSwish"))
        return x * fmax(0, fmin(1, x / 6 + 0.5));
    if (!strcmp(t, "Softplus"))
        return log(exp(x) + 1);
    if (!strcmp(t, "Gelu"))
        return 0.5 * x * (1 + erf(x / sqrt(2)));
    if (!strcmp(t, "Elu"))
        return x < 0 ? onnx_machine_float(node, "alpha", 1) * (exp(x) - 1) : x;
    if (!strcmp(t, "LeakyRelu"))
        return x < 0 ? onnx_machine_float(node, "alpha", 0.01) * x : x;
    return NAN;
}

static struct onnx_array each(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = onnx_array_copied(onnx_machine_input(m, node, 0));
    for (size_t i = 0; i < onnx_array_count(&y); i++)
        y.values[i] = function_of(node, y.values[i]);
    return y;
}

/* Before operator set 13 over all axes from `axis` on, 1 if it is not given; then over one, the last. */
static struct onnx_array softmax(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = onnx_array_copied(onnx_machine_input(m, node, 0));
    bool early = m->model->opset_import[0]->version < 13;
    int axis = (int)onnx_machine_int(node, "axis", early ? 1 : -1), inner = 1, over = 1;
    axis += axis < 0 ? y.rank : 0;
    for (int d = axis; d < y.rank; d++)
        *(early || d == axis ? &over : &inner) *= y.dims[d];
    for (int i = 0; i < (int)onnx_array_count(&y); i += i % inner == inner - 1 ? inner * (over - 1) + 1 : 1) {
        double sum = 0;
        for (int k = 0; k < over; k++)
            sum += exp(y.values[i + k * inner]);
        for (int k = 0; k < over; k++)
            y.values[i + k * inner] = exp(y.values[i + k * inner]) / sum;
    }
    return y;
}

static struct onnx_array cast(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = onnx_array_copied(onnx_machine_input(m, node, 0));
    y.whole = onnx_machine_int(node, "to", 0) != 1;
    for (size_t i = 0; i < onnx_array_count(&y); i++)
        y.values[i] = y.whole ? trunc(y.values[i]) : y.values[i];
    return y;
}

static struct onnx_array mapped(const struct onnx_array *x, double (*f)(double))
{
    struct onnx_array y = onnx_array_copied(x);
    for (size_t i = 0; i < onnx_array_count(&y); i++)
        y.values[i] = f(y.values[i]);
    return y;
}

static double inverse(double x)
{
    return 1 / x;
}

/* A square: the only power there is. */
static double square(double x)
{
    return x * x;
}

bool onnx_elements_run(const struct onnx_machine *m, const Onnx__NodeProto *node, struct onnx_array *y)
{
    const char *t = node->op_type;
    if (!strcmp(t, "Add") || !strcmp(t, "Sub") || !strcmp(t, "Mul") || !strcmp(t, "Div"))
        *y = broadcast(m, node, t[0] == 'A' ? '+' : t[0] == 'S' ? '-' : t[0] == 'M' ? '*' : '/');
    else if (!strcmp(t, "PRelu"))
        *y = broadcast(m, node, '<');
    else if (!strcmp(t, "Expand"))
        *y = expand(m, node);
    else if (!strcmp(t, "Relu") || !strcmp(t, "Clip"))
        *y = clip(m, node);
    else if (!strcmp(t, "Softmax"))
        *y = softmax(m, node);
    else if (!strcmp(t, "Cast"))
        *y = cast(m, node);
    else if (!strcmp(t, "Erf"))
        *y = mapped(onnx_machine_input(m, node, 0), erf);
    else if (!strcmp(t, "Floor") || !strcmp(t, "Ceil"))
        *y = mapped(onnx_machine_input(m, node, 0), t[0] == 'F' ? floor : ceil);
    else if (!strcmp(t, "Pow"))
        *y = mapped(onnx_machine_input(m, node, 0), square);
    else if (!strcmp(t, "Sqrt") || !strcmp(t, "Reciprocal"))
        *y = mapped(onnx_machine_input(m, node, 0), t[0] == 'S' ? sqrt : inverse);
    else if (!strcmp(t, "Identity") || !strcmp(t, "Dropout"))
        *y = onnx_array_copied(onnx_machine_input(m, node, 0));
    else if (!isnan(function_of(node, 0)))
        *y = each(m, node);
    else
        return false;
    return true;
}

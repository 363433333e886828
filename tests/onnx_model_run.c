// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The interpreter: each operator as the ONNX specification defines it, for the attributes that the tests use.
#include "tests/onnx_model.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 1024 // nodes and constants

#define ONNX_MODEL_STATES 16 // of a scan's channel

struct machine {
    const Onnx__ModelProto *model;
    int n;
    const char *names[VALUES_MAX];
    struct onnx_array arrays[VALUES_MAX];
};

size_t onnx_array_count(const struct onnx_array *a)
{
    size_t n = 1;
    for (int i = 0; i < a->rank; i++)
        n *= (size_t)a->dims[i];
    return n;
}

static struct onnx_array array(int rank, const int *dims)
{
    struct onnx_array a = {.rank = rank};
    ck_assert_int_le(rank, ONNX_MODEL_RANK);
    if (rank)
        memcpy(a.dims, dims, (size_t)rank * sizeof *dims);
    a.values = calloc(onnx_array_count(&a) + 1, sizeof *a.values);
    ck_assert_ptr_nonnull(a.values);
    return a;
}

static void put(struct machine *m, const char *name, struct onnx_array a)
{
    ck_assert_int_lt(m->n, VALUES_MAX);
    m->names[m->n] = name;
    m->arrays[m->n++] = a;
}

static const struct onnx_array *get(const struct machine *m, const Onnx__NodeProto *node, size_t i)
{
    if (i >= node->n_input || !node->input[i][0])
        return NULL;
    for (int k = 0; k < m->n; k++)
        if (!strcmp(m->names[k], node->input[i]))
            return &m->arrays[k];
    ck_abort_msg("no value '%s'", node->input[i]);
    return NULL;
}

static const Onnx__AttributeProto *find(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (!strcmp(node->attribute[i]->name, name))
            return node->attribute[i];
    return NULL;
}

static int64_t int_of(const Onnx__NodeProto *node, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *a = find(node, name);
    return a ? a->i : otherwise;
}

static double float_of(const Onnx__NodeProto *node, const char *name, double otherwise)
{
    const Onnx__AttributeProto *a = find(node, name);
    return a ? (double)a->f : otherwise;
}

/* The list from an attribute or input `i`. */
static int list_of(const struct machine *m, const Onnx__NodeProto *node, const char *name, size_t i,
                   int *values)
{
    const Onnx__AttributeProto *a = find(node, name);
    const struct onnx_array *c = a ? NULL : get(m, node, i);
    int n = a ? (int)a->n_ints : c ? (int)onnx_array_count(c) : 0;
    for (int k = 0; k < n; k++) {
        double value = a ? (double)a->ints[k] : c->values[k];
        values[k] = value > INT32_MAX ? INT32_MAX : (int)value;
    }
    return n;
}

static struct onnx_array decoded(const Onnx__TensorProto *t)
{
    int dims[ONNX_MODEL_RANK] = {0};
    for (size_t i = 0; i < t->n_dims; i++)
        dims[i] = (int)t->dims[i];
    struct onnx_array a = array((int)t->n_dims, dims);
    a.whole = t->data_type == 7;
    for (size_t i = 0; i < onnx_array_count(&a); i++) {
        float f;
        int64_t k;
        if (t->has_raw_data && t->data_type == 1) {
            memcpy(&f, t->raw_data.data + i * sizeof f, sizeof f);
            a.values[i] = (double)f;
        } else if (t->has_raw_data) {
            memcpy(&k, t->raw_data.data + i * sizeof k, sizeof k);
            a.values[i] = (double)k;
        } else {
            a.values[i] = t->data_type == 1 ? (double)t->float_data[i] : (double)t->int64_data[i];
        }
    }
    return a;
}

/* ---- windows ---- */

struct window {
    int kernel[2], stride[2], dilation[2], begin[2], in[2], out[2];
    int end[2];
};

static struct window window_of(const struct machine *m, const Onnx__NodeProto *node,
                               const struct onnx_array *x, const int *kernel)
{
    struct window w = {.stride = {1, 1}, .dilation = {1, 1}};
    int pads[4] = {0};
    const Onnx__AttributeProto *mode = find(node, "auto_pad");
    list_of(m, node, "strides", 99, w.stride);
    list_of(m, node, "dilations", 99, w.dilation);
    list_of(m, node, "pads", 99, pads);
    for (int i = 0; i < 2; i++) {
        w.kernel[i] = kernel[i];
        w.in[i] = x->dims[2 + i];
        w.begin[i] = pads[i];
        w.end[i] = pads[2 + i];
        int extent = (kernel[i] - 1) * w.dilation[i] + 1;
        if (mode && !strncmp((const char *)mode->s.data, "SAME", 4)) {
            int out = (w.in[i] + w.stride[i] - 1) / w.stride[i],
                sum = (out - 1) * w.stride[i] + extent - w.in[i];
            sum = sum < 0 ? 0 : sum;
            w.begin[i] = !strncmp((const char *)mode->s.data, "SAME_UPPER", 10) ? sum / 2 : sum - sum / 2;
            w.end[i] = sum - w.begin[i];
        }
        double places = (double)(w.in[i] + w.begin[i] + w.end[i] - extent) / w.stride[i];
        w.out[i] = (int)(int_of(node, "ceil_mode", 0) ? ceil(places) : floor(places)) + 1;
        if (int_of(node, "ceil_mode", 0) && (w.out[i] - 1) * w.stride[i] >= w.in[i] + w.begin[i])
            w.out[i]--;
    }
    return w;
}

static double at(const struct onnx_array *x, int c, int y, int xx, double outside)
{
    if (y < 0 || y >= x->dims[2] || xx < 0 || xx >= x->dims[3])
        return outside;
    return x->values[((size_t)c * (size_t)x->dims[2] + (size_t)y) * (size_t)x->dims[3] + (size_t)xx];
}

static struct onnx_array conv_sequence(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0), *k = get(m, node, 1), *b = get(m, node, 2);
    int pads[2] = {0}, stride = 1, dilation = 1, in_c = k->dims[1], taps = k->dims[2], time = x->dims[2];
    list_of(m, node, "pads", 99, pads);
    list_of(m, node, "strides", 99, &stride);
    list_of(m, node, "dilations", 99, &dilation);
    int per_group = k->dims[0] / (int)int_of(node, "group", 1);
    struct onnx_array y = array(3, (const int[]){1, k->dims[0], (time + pads[0] + pads[1] - (taps - 1) * dilation - 1) / stride + 1});
    for (int i = 0; i < (int)onnx_array_count(&y); i++) {
        int o = i / y.dims[2], t = i % y.dims[2] * stride - pads[0];
        y.values[i] = b ? b->values[o] : 0;
        for (int c = 0; c < in_c; c++)
            for (int tap = 0; tap < taps; tap++) {
                int from = t + tap * dilation;
                if (from >= 0 && from < time)
                    y.values[i] += k->values[(o * in_c + c) * taps + tap] * x->values[(o / per_group * in_c + c) * time + from];
            }
    }
    return y;
}

static struct onnx_array conv(const struct machine *m, const Onnx__NodeProto *node)
{
    if (get(m, node, 0)->rank == 3)
        return conv_sequence(m, node);
    const struct onnx_array *x = get(m, node, 0), *k = get(m, node, 1), *b = get(m, node, 2);
    struct window w = window_of(m, node, x, &k->dims[2]);
    const int dims[] = {1, k->dims[0], w.out[0], w.out[1]};
    struct onnx_array y = array(4, dims);
    int in_c = k->dims[1], per_group = k->dims[0] / (int)int_of(node, "group", 1);
    double *to = y.values;
    for (int o = 0; o < dims[1]; o++)
        for (int r = 0; r < dims[2]; r++)
            for (int q = 0; q < dims[3]; q++, to++) {
                const double *weight = k->values + (size_t)o * (size_t)(in_c * w.kernel[0] * w.kernel[1]);
                *to = b ? b->values[o] : 0;
                for (int c = 0; c < in_c; c++)
                    for (int ky = 0; ky < w.kernel[0]; ky++)
                        for (int kx = 0; kx < w.kernel[1]; kx++)
                            *to += *weight++ * at(x, o / per_group * in_c + c,
                                                  r * w.stride[0] - w.begin[0] + ky * w.dilation[0],
                                                  q * w.stride[1] - w.begin[1] + kx * w.dilation[1], 0);
            }
    return y;
}

static struct onnx_array pool(const struct machine *m, const Onnx__NodeProto *node, bool mean, bool global)
{
    const struct onnx_array *x = get(m, node, 0);
    int kernel[2] = {x->dims[2], x->dims[3]};
    if (!global)
        list_of(m, node, "kernel_shape", 99, kernel);
    struct window w = window_of(m, node, x, kernel);
    const int dims[] = {1, x->dims[1], w.out[0], w.out[1]};
    struct onnx_array y = array(4, dims);
    double *to = y.values;
    for (int c = 0; c < dims[1]; c++)
        for (int r = 0; r < dims[2]; r++)
            for (int q = 0; q < dims[3]; q++, to++) {
                double sum = 0, largest = -INFINITY;
                int count = 0, padded = int_of(node, "count_include_pad", 0) != 0;
                for (int ky = 0; ky < kernel[0]; ky++)
                    for (int kx = 0; kx < kernel[1]; kx++) {
                        int py = r * w.stride[0] - w.begin[0] + ky, px = q * w.stride[1] - w.begin[1] + kx;
                        double v = at(x, c, py, px, NAN);
                        count += !isnan(v) || (padded && py < w.in[0] + w.end[0] && px < w.in[1] + w.end[1]);
                        sum += isnan(v) ? 0 : v;
                        largest = v > largest ? v : largest;
                    }
                *to = mean ? sum / count : largest;
            }
    return y;
}

/* ---- element by element ---- */

static double combined(char what, double a, double b)
{
    if (what == '<') // a PRelu's slope
        return a < 0 ? a * b : a;
    return what == '+' ? a + b : what == '-' ? a - b : what == '*' ? a * b : a / b;
}

/* NumPy's broadcasting. */
static struct onnx_array broadcast(const struct machine *m, const Onnx__NodeProto *node, char what)
{
    const struct onnx_array *a = get(m, node, 0), *b = get(m, node, 1);
    int rank = a->rank > b->rank ? a->rank : b->rank, dims[ONNX_MODEL_RANK];
    for (int d = 0; d < rank; d++) {
        int da = d - rank + a->rank >= 0 ? a->dims[d - rank + a->rank] : 1,
            db = d - rank + b->rank >= 0 ? b->dims[d - rank + b->rank] : 1;
        dims[d] = da > db ? da : db;
    }
    struct onnx_array y = array(rank, dims);
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

static struct onnx_array copied(const struct onnx_array *x)
{
    struct onnx_array y = array(x->rank, x->dims);
    memcpy(y.values, x->values, onnx_array_count(x) * sizeof *y.values);
    y.whole = x->whole;
    return y;
}

static struct onnx_array clip(const struct machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = copied(get(m, node, 0));
    const struct onnx_array *low = get(m, node, 1), *high = get(m, node, 2);
    double from = low ? low->values[0] : float_of(node, "min", -INFINITY),
           to = high ? high->values[0] : float_of(node, "max", INFINITY);
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
        return fmax(0, fmin(1, float_of(node, "alpha", 0.2) * x + float_of(node, "beta", 0.5)));
    if (!strcmp(t, "HardSwish"))
        return x * fmax(0, fmin(1, x / 6 + 0.5));
    if (!strcmp(t, "Softplus"))
        return log(exp(x) + 1);
    if (!strcmp(t, "Gelu"))
        return 0.5 * x * (1 + erf(x / sqrt(2)));
    if (!strcmp(t, "Elu"))
        return x < 0 ? float_of(node, "alpha", 1) * (exp(x) - 1) : x;
    if (!strcmp(t, "LeakyRelu"))
        return x < 0 ? float_of(node, "alpha", 0.01) * x : x;
    return NAN;
}

static struct onnx_array each(const struct machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = copied(get(m, node, 0));
    for (size_t i = 0; i < onnx_array_count(&y); i++)
        y.values[i] = function_of(node, y.values[i]);
    return y;
}

/* Before operator set 13 over all axes from `axis` on, 1 if it is not given; then over one, the last. */
static struct onnx_array softmax(const struct machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = copied(get(m, node, 0));
    bool early = m->model->opset_import[0]->version < 13;
    int axis = (int)int_of(node, "axis", early ? 1 : -1), inner = 1, over = 1;
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

static struct onnx_array batch_norm(const struct machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = copied(get(m, node, 0));
    const struct onnx_array *scale = get(m, node, 1), *b = get(m, node, 2), *mean = get(m, node, 3),
                            *variance = get(m, node, 4);
    size_t inner = onnx_array_count(&y) / (size_t)y.dims[1];
    for (size_t i = 0; i < onnx_array_count(&y); i++) {
        size_t c = i / inner;
        y.values[i] = scale->values[c] * (y.values[i] - mean->values[c]) /
                          sqrt(variance->values[c] + float_of(node, "epsilon", 1e-5)) +
                      b->values[c];
    }
    return y;
}

/* ---- products ---- */

static struct onnx_array gemm(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *a = get(m, node, 0), *b = get(m, node, 1), *c = get(m, node, 2);
    bool is_gemm = !strcmp(node->op_type, "Gemm"), turned = is_gemm && int_of(node, "transB", 0);
    int k = a->dims[a->rank - 1], n = turned ? b->dims[0] : b->dims[1], dims[ONNX_MODEL_RANK];
    memcpy(dims, a->dims, sizeof dims);
    dims[a->rank - 1] = n;
    struct onnx_array y = array(a->rank, dims);
    double alpha = is_gemm ? float_of(node, "alpha", 1) : 1, beta = is_gemm ? float_of(node, "beta", 1) : 0;
    for (int at = 0; at < (int)onnx_array_count(&y); at++) {
        const double *row = a->values + at / n * k;
        int j = at % n;
        double sum = 0;
        for (int i = 0; i < k; i++)
            sum += row[i] * b->values[turned ? j * k + i : i * n + j];
        y.values[at] = alpha * sum + (c ? beta * c->values[onnx_array_count(c) == 1 ? 0 : j] : 0);
    }
    return y;
}

/* ---- shapes ---- */

static struct onnx_array shape(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0);
    int from = (int)int_of(node, "start", 0), n = (int)int_of(node, "end", x->rank) - from;
    struct onnx_array y = array(1, &n);
    y.whole = 1;
    for (int d = 0; d < n; d++)
        y.values[d] = x->dims[from + d];
    return y;
}

/* Zeros of the shape in input 1, plus input 0. */
static struct onnx_array expand(const struct machine *m, const Onnx__NodeProto *node)
{
    int dims[ONNX_MODEL_RANK], rank = list_of(m, node, "shape", 1, dims);
    struct machine *both = calloc(1, sizeof *both);
    ck_assert_ptr_nonnull(both);
    put(both, node->input[0], *get(m, node, 0));
    put(both, node->input[1], array(rank, dims));
    struct onnx_array y = broadcast(both, node, '+');
    free(both->arrays[1].values);
    free(both);
    return y;
}

static struct onnx_array cast(const struct machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = copied(get(m, node, 0));
    y.whole = int_of(node, "to", 0) != 1;
    for (size_t i = 0; i < onnx_array_count(&y); i++)
        y.values[i] = y.whole ? trunc(y.values[i]) : y.values[i];
    return y;
}

/* The element of `x` for each element of y = f(x): place[d] of y counts from `start` in steps along axis
 * `perm[d]` of x. */
static struct onnx_array picked(const struct onnx_array *x, const int *dims, const int *perm,
                                const int *start, const int *step)
{
    struct onnx_array y = array(x->rank, dims);
    for (size_t i = 0; i < onnx_array_count(&y); i++) {
        int place[ONNX_MODEL_RANK] = {0};
        size_t rest = i, index = 0;
        bool inside = true;
        for (int d = x->rank - 1; d >= 0; d--) {
            place[perm[d]] = start[d] + (int)(rest % (size_t)dims[d]) * step[d];
            rest /= (size_t)dims[d];
        }
        for (int d = 0; d < x->rank; d++) {
            inside = inside && place[d] >= 0 && place[d] < x->dims[d];
            index = index * (size_t)x->dims[d] + (size_t)place[d];
        }
        y.values[i] = inside ? x->values[index] : 0;
    }
    return y;
}

static const int natural[ONNX_MODEL_RANK] = {0, 1, 2, 3, 4, 5};
static const int ones[ONNX_MODEL_RANK] = {1, 1, 1, 1, 1, 1};
static const int zeros[ONNX_MODEL_RANK];

static struct onnx_array transpose(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0);
    int perm[ONNX_MODEL_RANK], dims[ONNX_MODEL_RANK];
    for (int d = 0; d < x->rank; d++)
        perm[d] = x->rank - 1 - d;
    list_of(m, node, "perm", 99, perm);
    for (int d = 0; d < x->rank; d++)
        dims[d] = x->dims[perm[d]];
    return picked(x, dims, perm, zeros, ones);
}

static struct onnx_array pad(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0);
    int pads[2 * ONNX_MODEL_RANK] = {0}, dims[ONNX_MODEL_RANK], start[ONNX_MODEL_RANK];
    list_of(m, node, "pads", 1, pads);
    for (int d = 0; d < x->rank; d++) {
        dims[d] = x->dims[d] + pads[d] + pads[x->rank + d];
        start[d] = -pads[d];
    }
    return picked(x, dims, natural, start, ones);
}

static struct onnx_array slice(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0);
    int starts[ONNX_MODEL_RANK], ends[ONNX_MODEL_RANK], axes[ONNX_MODEL_RANK], steps[ONNX_MODEL_RANK];
    int dims[ONNX_MODEL_RANK], start[ONNX_MODEL_RANK] = {0}, step[ONNX_MODEL_RANK];
    memcpy(dims, x->dims, sizeof dims);
    memcpy(axes, natural, sizeof axes);
    memcpy(steps, ones, sizeof steps);
    memcpy(step, ones, sizeof step);
    int n = list_of(m, node, "starts", 1, starts);
    list_of(m, node, "ends", 2, ends);
    list_of(m, node, "axes", 3, axes);
    list_of(m, node, "steps", 4, steps);
    for (int i = 0; i < n; i++) {
        int end = ends[i] < x->dims[axes[i]] ? ends[i] : x->dims[axes[i]];
        end += end < 0 ? x->dims[axes[i]] : 0;
        start[axes[i]] = starts[i];
        step[axes[i]] = steps[i];
        dims[axes[i]] = (end - starts[i] + steps[i] - 1) / steps[i];
    }
    return picked(x, dims, natural, start, step);
}

/* ---- channels ---- */

static int axis_of(const Onnx__NodeProto *node, int rank, int otherwise)
{
    int axis = (int)int_of(node, "axis", otherwise);
    return axis < 0 ? axis + rank : axis;
}

/* Elements first .. first + n - 1 along an axis. */
static struct onnx_array part(const struct onnx_array *x, int axis, int first, int n)
{
    int dims[ONNX_MODEL_RANK], start[ONNX_MODEL_RANK] = {0};
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = n, start[axis] = first;
    return picked(x, dims, natural, start, ones);
}

/* y = x and then z, along an axis. */
static struct onnx_array joined(const struct onnx_array *x, const struct onnx_array *z, int axis)
{
    int dims[ONNX_MODEL_RANK];
    memcpy(dims, x->dims, sizeof dims);
    dims[axis] += z->dims[axis];
    struct onnx_array y = array(x->rank, dims);
    size_t inner = 1, at = 0;
    for (int d = axis + 1; d < x->rank; d++)
        inner *= (size_t)x->dims[d];
    size_t a = inner * (size_t)x->dims[axis], b = inner * (size_t)z->dims[axis];
    for (size_t i = 0; i < onnx_array_count(x) / a; i++, at += a + b) {
        memcpy(y.values + at, x->values + i * a, a * sizeof *y.values);
        memcpy(y.values + at + a, z->values + i * b, b * sizeof *y.values);
    }
    return y;
}

static struct onnx_array concat(const struct machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = copied(get(m, node, 0));
    for (size_t i = 1; i < node->n_input; i++) {
        struct onnx_array longer = joined(&y, get(m, node, i), axis_of(node, y.rank, 0));
        free(y.values);
        y = longer;
    }
    return y;
}

static struct onnx_array gather(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0), *which = get(m, node, 1);
    int axis = axis_of(node, x->rank, 0);
    struct onnx_array y = {0};
    for (size_t i = 0; i < onnx_array_count(which); i++) {
        int k = (int)which->values[i];
        struct onnx_array one = part(x, axis, k < 0 ? k + x->dims[axis] : k, 1), longer = i ? joined(&y, &one, axis) : one;
        if (i) {
            free(y.values);
            free(one.values);
        }
        y = longer;
    }
    if (which->rank == 0) { // a single number has no axis
        y.rank--;
        memmove(y.dims + axis, y.dims + axis + 1, (size_t)(y.rank - axis) * sizeof *y.dims);
    }
    y.whole = x->whole;
    return y;
}

static void split(struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0);
    int axis = axis_of(node, x->rank, 0), sizes[8], first = 0, n = list_of(m, node, "split", 1, sizes);
    for (size_t i = 0; i < node->n_output; i++) {
        int size = n ? sizes[i] : x->dims[axis] / (int)node->n_output;
        put(m, node->output[i], part(x, axis, first, size));
        first += size;
    }
}

/* To the nearest pixel, asymmetric coordinates rounded down. */
static struct onnx_array resize(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0), *scales = get(m, node, node->n_input > 2 ? 2 : 1);
    int dims[ONNX_MODEL_RANK];
    for (int d = 0; d < 4; d++)
        dims[d] = (int)(x->dims[d] * scales->values[d]);
    struct onnx_array y = array(4, dims);
    for (size_t i = 0; i < onnx_array_count(&y); i++) {
        int w = (int)(i % (size_t)dims[3]), h = (int)(i / (size_t)dims[3] % (size_t)dims[2]), c = (int)(i / (size_t)dims[3] / (size_t)dims[2]);
        y.values[i] = at(x, c, (int)(h / scales->values[2]), (int)(w / scales->values[3]), 0);
    }
    return y;
}

static struct onnx_array reshaped(const struct onnx_array *x, int rank, const int *dims)
{
    struct onnx_array y = copied(x);
    int open = -1, known = 1;
    y.rank = rank;
    for (int d = 0; d < rank; d++) {
        y.dims[d] = dims[d] == 0 ? x->dims[d] : dims[d];
        if (y.dims[d] < 0)
            open = d;
        else
            known *= y.dims[d];
    }
    if (open >= 0)
        y.dims[open] = (int)onnx_array_count(x) / known;
    return y;
}

static struct onnx_array shaped(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0);
    int dims[ONNX_MODEL_RANK] = {1, 1}, axes[ONNX_MODEL_RANK], rank = 0;
    bool chosen[ONNX_MODEL_RANK] = {false};
    if (!strcmp(node->op_type, "Reshape"))
        return reshaped(x, list_of(m, node, "shape", 1, dims), dims);
    if (!strcmp(node->op_type, "Flatten")) {
        for (int d = 0; d < x->rank; d++)
            dims[d >= (int)int_of(node, "axis", 1)] *= x->dims[d];
        return reshaped(x, 2, dims);
    }
    int n = list_of(m, node, "axes", 1, axes);
    if (!strcmp(node->op_type, "Squeeze")) {
        for (int i = 0; i < n; i++)
            chosen[axes[i] < 0 ? axes[i] + x->rank : axes[i]] = true;
        for (int d = 0; d < x->rank; d++)
            if (!chosen[d])
                dims[rank++] = x->dims[d];
        return reshaped(x, rank, dims);
    }
    for (int i = 0; i < n; i++)
        chosen[axes[i] < 0 ? axes[i] + x->rank + n : axes[i]] = true;
    for (int d = 0, from = 0; d < x->rank + n; d++)
        dims[rank++] = chosen[d] ? 1 : x->dims[from++];
    return reshaped(x, rank, dims);
}

static struct onnx_array reduce_mean(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = get(m, node, 0);
    int axes[ONNX_MODEL_RANK], dims[ONNX_MODEL_RANK], kept[ONNX_MODEL_RANK],
        rank = 0, n = list_of(m, node, "axes", 1, axes);
    memcpy(dims, x->dims, sizeof dims);
    for (int i = 0; i < n; i++)
        dims[axes[i] < 0 ? axes[i] + x->rank : axes[i]] = 1;
    struct onnx_array y = array(x->rank, dims);
    for (size_t i = 0; i < onnx_array_count(x); i++) {
        size_t rest = i, index = 0, step = 1;
        for (int d = x->rank - 1; d >= 0; d--) {
            index += dims[d] > 1 ? rest % (size_t)x->dims[d] * step : 0;
            step *= (size_t)dims[d];
            rest /= (size_t)x->dims[d];
        }
        y.values[index] += x->values[i] * (double)onnx_array_count(&y) / (double)onnx_array_count(x);
    }
    for (int d = 0; d < x->rank; d++)
        if (int_of(node, "keepdims", 1) || dims[d] == x->dims[d])
            kept[rank++] = dims[d];
    y.rank = rank;
    memcpy(y.dims, kept, (size_t)rank * sizeof *kept);
    return y;
}

static struct onnx_array mapped(const struct onnx_array *x, double (*f)(double))
{
    struct onnx_array y = copied(x);
    for (size_t i = 0; i < onnx_array_count(&y); i++)
        y.values[i] = f(y.values[i]);
    return y;
}

static double inverse(double x)
{
    return 1 / x;
}

/* docs/networks.md. */
static struct onnx_array selective_scan(const struct machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *u = get(m, node, 0), *delta = get(m, node, 1), *a = get(m, node, 2), *b = get(m, node, 3),
                            *c = get(m, node, 4), *skip = get(m, node, 5);
    struct onnx_array y = array(3, u->dims);
    int channels = u->dims[2], n = a->dims[1];
    for (int d = 0; d < channels; d++) {
        double h[ONNX_MODEL_STATES] = {0};
        for (int t = 0; t < u->dims[1]; t++) {
            int at = t * channels + d;
            double x = delta->values[at], step = int_of(node, "delta_softplus", 0) ? log(1 + exp(x)) : fmax(x, 0);
            y.values[at] = skip ? skip->values[d] * u->values[at] : 0;
            for (int i = 0; i < n; i++) {
                h[i] = exp(step * a->values[d * n + i]) * h[i] + step * b->values[t * n + i] * u->values[at];
                y.values[at] += c->values[t * n + i] * h[i];
            }
        }
    }
    return y;
}

/* A square: the only power there is. */
static double square(double x)
{
    return x * x;
}

static struct onnx_array run_node(const struct machine *m, const Onnx__NodeProto *node)
{
    const char *t = node->op_type;
    if (!strcmp(t, "Conv"))
        return conv(m, node);
    if (!strcmp(t, "AveragePool") || !strcmp(t, "MaxPool"))
        return pool(m, node, t[0] == 'A', false);
    if (!strcmp(t, "GlobalAveragePool") || !strcmp(t, "GlobalMaxPool"))
        return pool(m, node, t[6] == 'A', true);
    if (!strcmp(t, "Gemm") || !strcmp(t, "MatMul"))
        return gemm(m, node);
    if (!strcmp(t, "Add") || !strcmp(t, "Sub") || !strcmp(t, "Mul") || !strcmp(t, "Div"))
        return broadcast(m, node, t[0] == 'A' ? '+' : t[0] == 'S' ? '-' : t[0] == 'M' ? '*' : '/');
    if (!strcmp(t, "PRelu"))
        return broadcast(m, node, '<');
    if (!strcmp(t, "Erf"))
        return mapped(get(m, node, 0), erf);
    if (!strcmp(t, "Relu") || !strcmp(t, "Clip"))
        return clip(m, node);
    if (!strcmp(t, "BatchNormalization"))
        return batch_norm(m, node);
    if (!strcmp(t, "ReduceMean"))
        return reduce_mean(m, node);
    if (!strcmp(t, "Transpose"))
        return transpose(m, node);
    if (!strcmp(t, "Pad"))
        return pad(m, node);
    if (!strcmp(t, "Concat"))
        return concat(m, node);
    if (!strcmp(t, "Gather"))
        return gather(m, node);
    if (!strcmp(t, "Resize") || !strcmp(t, "Upsample"))
        return resize(m, node);
    if (!strcmp(t, "Slice"))
        return slice(m, node);
    if (!strcmp(t, "Constant"))
        return decoded(find(node, "value")->t);
    if (!strcmp(t, "Reshape") || !strcmp(t, "Flatten") || !strcmp(t, "Squeeze") || !strcmp(t, "Unsqueeze"))
        return shaped(m, node);
    if (!strcmp(t, "Identity") || !strcmp(t, "Dropout"))
        return copied(get(m, node, 0));
    if (!strcmp(t, "Softmax"))
        return softmax(m, node);
    if (!isnan(function_of(node, 0)))
        return each(m, node);
    if (!strcmp(t, "Shape"))
        return shape(m, node);
    if (!strcmp(t, "Expand"))
        return expand(m, node);
    if (!strcmp(t, "Cast"))
        return cast(m, node);
    if (!strcmp(t, "Floor") || !strcmp(t, "Ceil"))
        return mapped(get(m, node, 0), t[0] == 'F' ? floor : ceil);
    if (!strcmp(t, "Pow"))
        return mapped(get(m, node, 0), square);
    if (!strcmp(t, "Sqrt") || !strcmp(t, "Reciprocal"))
        return mapped(get(m, node, 0), t[0] == 'S' ? sqrt : inverse);
    if (!strcmp(t, "SelectiveScan"))
        return selective_scan(m, node);
    ck_abort_msg("the interpreter has no %s", t);
    return (struct onnx_array){0};
}

struct onnx_array onnx_model_run(const Onnx__ModelProto *model, const double *input)
{
    struct machine *m = calloc(1, sizeof *m);
    const Onnx__GraphProto *g = model->graph;
    const Onnx__TensorShapeProto *shape = g->input[0]->type->tensor_type->shape;
    int dims[ONNX_MODEL_RANK];
    ck_assert_ptr_nonnull(m);
    m->model = model;
    for (size_t i = 0; i < shape->n_dim; i++)
        dims[i] = i ? (int)shape->dim[i]->dim_value : 1;
    struct onnx_array x = array((int)shape->n_dim, dims);
    memcpy(x.values, input, onnx_array_count(&x) * sizeof *input);
    put(m, g->input[0]->name, x);
    for (size_t i = 0; i < g->n_initializer; i++)
        put(m, g->initializer[i]->name, decoded(g->initializer[i]));
    for (size_t i = 0; i < g->n_node; i++)
        if (!strcmp(g->node[i]->op_type, "Split"))
            split(m, g->node[i]);
        else
            put(m, g->node[i]->output[0], run_node(m, g->node[i]));
    struct onnx_array y = m->arrays[m->n - 1];
    for (int i = 0; i < m->n - 1; i++)
        free(m->arrays[i].values);
    free(m);
    return y;
}

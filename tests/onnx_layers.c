// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Layers: windows over a plane or a sequence, products, normalization, the selective scan.
#include "tests/onnx_machine.h"

#include <math.h>
#include <string.h>

#define STATES 16 // of a scan's channel

/* ---- windows ---- */

struct window {
    int kernel[2], stride[2], dilation[2], begin[2], in[2], out[2];
    int end[2];
};

static struct window window_of(const struct onnx_machine *m, const Onnx__NodeProto *node,
                               const struct onnx_array *x, const int *kernel)
{
    struct window w = {.stride = {1, 1}, .dilation = {1, 1}};
    int pads[4] = {0};
    const Onnx__AttributeProto *mode = onnx_machine_attribute(node, "auto_pad");
    onnx_machine_list(m, node, "strides", ONNX_MACHINE_NO_INPUT, w.stride);
    onnx_machine_list(m, node, "dilations", ONNX_MACHINE_NO_INPUT, w.dilation);
    onnx_machine_list(m, node, "pads", ONNX_MACHINE_NO_INPUT, pads);
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
        w.out[i] = (int)(onnx_machine_int(node, "ceil_mode", 0) ? ceil(places) : floor(places)) + 1;
        if (onnx_machine_int(node, "ceil_mode", 0) && (w.out[i] - 1) * w.stride[i] >= w.in[i] + w.begin[i])
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

static struct onnx_array conv_sequence(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0), *k = onnx_machine_input(m, node, 1),
                            *b = onnx_machine_input(m, node, 2);
    int pads[2] = {0}, stride = 1, dilation = 1, in_c = k->dims[1], taps = k->dims[2], time = x->dims[2];
    onnx_machine_list(m, node, "pads", ONNX_MACHINE_NO_INPUT, pads);
    onnx_machine_list(m, node, "strides", ONNX_MACHINE_NO_INPUT, &stride);
    onnx_machine_list(m, node, "dilations", ONNX_MACHINE_NO_INPUT, &dilation);
    int per_group = k->dims[0] / (int)onnx_machine_int(node, "group", 1);
    struct onnx_array y = onnx_array_create(
        3, (const int[]){1, k->dims[0], (time + pads[0] + pads[1] - (taps - 1) * dilation - 1) / stride + 1});
    for (int i = 0; i < (int)onnx_array_count(&y); i++) {
        int o = i / y.dims[2], t = i % y.dims[2] * stride - pads[0];
        y.values[i] = b ? b->values[o] : 0;
        for (int c = 0; c < in_c; c++)
            for (int tap = 0; tap < taps; tap++) {
                int from = t + tap * dilation;
                if (from >= 0 && from < time)
                    y.values[i] += k->values[(o * in_c + c) * taps + tap] *
                                   x->values[(o / per_group * in_c + c) * time + from];
            }
    }
    return y;
}

static struct onnx_array conv(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    if (onnx_machine_input(m, node, 0)->rank == 3)
        return conv_sequence(m, node);
    const struct onnx_array *x = onnx_machine_input(m, node, 0), *k = onnx_machine_input(m, node, 1),
                            *b = onnx_machine_input(m, node, 2);
    struct window w = window_of(m, node, x, &k->dims[2]);
    const int dims[] = {1, k->dims[0], w.out[0], w.out[1]};
    struct onnx_array y = onnx_array_create(4, dims);
    int in_c = k->dims[1], per_group = k->dims[0] / (int)onnx_machine_int(node, "group", 1);
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

static struct onnx_array pool(const struct onnx_machine *m, const Onnx__NodeProto *node, bool mean,
                              bool global)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0);
    int kernel[2] = {x->dims[2], x->dims[3]};
    if (!global)
        onnx_machine_list(m, node, "kernel_shape", ONNX_MACHINE_NO_INPUT, kernel);
    struct window w = window_of(m, node, x, kernel);
    const int dims[] = {1, x->dims[1], w.out[0], w.out[1]};
    struct onnx_array y = onnx_array_create(4, dims);
    double *to = y.values;
    for (int c = 0; c < dims[1]; c++)
        for (int r = 0; r < dims[2]; r++)
            for (int q = 0; q < dims[3]; q++, to++) {
                double sum = 0, largest = -INFINITY;
                int count = 0, padded = onnx_machine_int(node, "count_include_pad", 0) != 0;
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

/* To the nearest pixel, asymmetric coordinates rounded down. */
static struct onnx_array resize(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *x = onnx_machine_input(m, node, 0),
                            *scales = onnx_machine_input(m, node, node->n_input > 2 ? 2 : 1);
    int dims[ONNX_MODEL_RANK];
    for (int d = 0; d < 4; d++)
        dims[d] = (int)(x->dims[d] * scales->values[d]);
    struct onnx_array y = onnx_array_create(4, dims);
    for (size_t i = 0; i < onnx_array_count(&y); i++) {
        int w = (int)(i % (size_t)dims[3]), h = (int)(i / (size_t)dims[3] % (size_t)dims[2]),
            c = (int)(i / (size_t)dims[3] / (size_t)dims[2]);
        y.values[i] = at(x, c, (int)(h / scales->values[2]), (int)(w / scales->values[3]), 0);
    }
    return y;
}

/* ---- products ---- */

static struct onnx_array gemm(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *a = onnx_machine_input(m, node, 0), *b = onnx_machine_input(m, node, 1),
                            *c = onnx_machine_input(m, node, 2);
    bool is_gemm = !strcmp(node->op_type, "Gemm"), turned = is_gemm && onnx_machine_int(node, "transB", 0);
    int k = a->dims[a->rank - 1], n = turned ? b->dims[0] : b->dims[1], dims[ONNX_MODEL_RANK];
    memcpy(dims, a->dims, sizeof dims);
    dims[a->rank - 1] = n;
    struct onnx_array y = onnx_array_create(a->rank, dims);
    double alpha = is_gemm ? onnx_machine_float(node, "alpha", 1) : 1,
           beta = is_gemm ? onnx_machine_float(node, "beta", 1) : 0;
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

static struct onnx_array batch_norm(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    struct onnx_array y = onnx_array_copied(onnx_machine_input(m, node, 0));
    const struct onnx_array *scale = onnx_machine_input(m, node, 1), *b = onnx_machine_input(m, node, 2),
                            *mean = onnx_machine_input(m, node, 3),
                            *variance = onnx_machine_input(m, node, 4);
    size_t inner = onnx_array_count(&y) / (size_t)y.dims[1];
    for (size_t i = 0; i < onnx_array_count(&y); i++) {
        size_t c = i / inner;
        y.values[i] = scale->values[c] * (y.values[i] - mean->values[c]) /
                          sqrt(variance->values[c] + onnx_machine_float(node, "epsilon", 1e-5)) +
                      b->values[c];
    }
    return y;
}

/* docs/networks.md. */
static struct onnx_array selective_scan(const struct onnx_machine *m, const Onnx__NodeProto *node)
{
    const struct onnx_array *u = onnx_machine_input(m, node, 0), *delta = onnx_machine_input(m, node, 1),
                            *a = onnx_machine_input(m, node, 2), *b = onnx_machine_input(m, node, 3),
                            *c = onnx_machine_input(m, node, 4), *skip = onnx_machine_input(m, node, 5);
    struct onnx_array y = onnx_array_create(3, u->dims);
    int channels = u->dims[2], n = a->dims[1];
    for (int d = 0; d < channels; d++) {
        double h[STATES] = {0};
        for (int t = 0; t < u->dims[1]; t++) {
            int at = t * channels + d;
            double x = delta->values[at],
                   step = onnx_machine_int(node, "delta_softplus", 0) ? log(1 + exp(x)) : fmax(x, 0);
            y.values[at] = skip ? skip->values[d] * u->values[at] : 0;
            for (int i = 0; i < n; i++) {
                h[i] = exp(step * a->values[d * n + i]) * h[i] + step * b->values[t * n + i] * u->values[at];
                y.values[at] += c->values[t * n + i] * h[i];
            }
        }
    }
    return y;
}

bool onnx_layers_run(const struct onnx_machine *m, const Onnx__NodeProto *node, struct onnx_array *y)
{
    const char *t = node->op_type;
    if (!strcmp(t, "Conv"))
        *y = conv(m, node);
    else if (!strcmp(t, "AveragePool") || !strcmp(t, "MaxPool"))
        *y = pool(m, node, t[0] == 'A', false);
    else if (!strcmp(t, "GlobalAveragePool") || !strcmp(t, "GlobalMaxPool"))
        *y = pool(m, node, t[6] == 'A', true);
    else if (!strcmp(t, "Resize") || !strcmp(t, "Upsample"))
        *y = resize(m, node);
    else if (!strcmp(t, "Gemm") || !strcmp(t, "MatMul"))
        *y = gemm(m, node);
    else if (!strcmp(t, "BatchNormalization"))
        *y = batch_norm(m, node);
    else if (!strcmp(t, "SelectiveScan"))
        *y = selective_scan(m, node);
    else
        return false;
    return true;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/net/float_ops.h"

#include "quant/net/float_scan.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define COLUMNS_TARGET                                                                                       \
    (256u << 10) // floats of unrolled input per matrix product: what a second-level cache holds

/* One matrix product: out[rows][n] (row stride `ldc`) = in[rows][k] (row stride `lda`) times weights[n][k]
 * transposed, plus bias. */
static void product(int rows, int n, int k, const float *in, int lda, const float *weights, const float *bias,
                    float *out, int ldc)
{
    for (int r = 0; r < rows; r++) {
        float *row = out + (size_t)r * (size_t)ldc;
        if (bias)
            memcpy(row, bias, (size_t)n * sizeof *row);
        else
            memset(row, 0, (size_t)n * sizeof *row);
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n, k, 1, in, lda, weights, k, 1, out, ldc);
}

/* A convolution's sizes, named once. */
struct conv {
    const struct net_op *op;
    struct net_tensor in, out;
    int in_c, out_c; // of one group
    size_t taps, k;  // kernel positions; floats of one unrolled row
};

static struct conv conv_of(const struct net *n, const struct net_op *op)
{
    struct conv c = {.op = op, .in = n->tensors[op->in[0]], .out = n->tensors[op->out]};
    c.in_c = c.in.c / op->groups;
    c.out_c = c.out.c / op->groups;
    c.taps = (size_t)op->kernel_h * (size_t)op->kernel_w;
    c.k = c.taps * (size_t)c.in_c;
    return c;
}

static bool is_pointwise(const struct conv *c)
{
    const struct net_op *op = c->op;
    return op->groups == 1 && c->taps == 1 && op->stride_h == 1 && op->stride_w == 1 && op->pad_top == 0 &&
           op->pad_left == 0 && op->pad_bottom == 0 && op->pad_right == 0;
}

static size_t rows_at_a_time(const struct conv *c)
{
    return c->k < COLUMNS_TARGET ? COLUMNS_TARGET / c->k : 1;
}

size_t float_ops_scratch(const struct net *n, const struct net_op *op)
{
    if (op->kind == NET_SCAN)
        return float_scan_scratch(n, op);
    if (op->kind != NET_CONV)
        return 0;
    struct conv c = conv_of(n, op);
    if (net_is_depthwise(n, op))
        return c.taps * (size_t)c.out.c;
    return is_pointwise(&c) ? 0 : rows_at_a_time(&c) * c.k;
}

/* One kernel row of one output pixel: kernel_w taps of in_c channels each, zeros outside the plane. */
static void unroll_row(const struct conv *c, const float *line, int x0, int channel, float *to)
{
    const struct net_op *op = c->op;
    size_t one = (size_t)c->in_c, pixel = (size_t)c->in.c;
    if (op->groups == 1 && op->dilation_w == 1 && x0 >= 0 && x0 + op->kernel_w <= c->in.w) {
        memcpy(to, line + (size_t)x0 * pixel, (size_t)op->kernel_w * one * sizeof *to);
        return;
    }
    for (int kx = 0; kx < op->kernel_w; kx++, to += one) {
        int x = x0 + kx * op->dilation_w;
        if (x >= 0 && x < c->in.w)
            memcpy(to, line + (size_t)x * pixel + channel, one * sizeof *to);
        else
            memset(to, 0, one * sizeof *to);
    }
}

/* The input values that output pixel `row` (of all samples') multiplies: k floats. */
static void unroll(const struct conv *c, const float *in, size_t row, int channel, float *to)
{
    const struct net_op *op = c->op;
    size_t plane = (size_t)c->out.h * (size_t)c->out.w, at = row % plane;
    const float *sample = in + row / plane * net_elements(&c->in);
    int y0 = (int)(at / (size_t)c->out.w) * op->stride_h - op->pad_top;
    int x0 = (int)(at % (size_t)c->out.w) * op->stride_w - op->pad_left;
    size_t step = (size_t)op->kernel_w * (size_t)c->in_c;
    for (int ky = 0; ky < op->kernel_h; ky++, to += step) {
        int y = y0 + ky * op->dilation_h;
        if (y >= 0 && y < c->in.h)
            unroll_row(c, sample + (size_t)y * (size_t)c->in.w * (size_t)c->in.c, x0, channel, to);
        else
            memset(to, 0, step * sizeof *to);
    }
}

static void run_group(const struct conv *c, int group, const float *in, float *out, size_t rows,
                      float *columns)
{
    const float *weights = c->op->weights + (size_t)group * (size_t)c->out_c * c->k;
    const float *bias = c->op->bias ? c->op->bias + group * c->out_c : NULL;
    size_t chunk = rows_at_a_time(c);
    for (size_t first = 0; first < rows; first += chunk) {
        size_t count = rows - first < chunk ? rows - first : chunk;
        for (size_t r = 0; r < count; r++)
            unroll(c, in, first + r, group * c->in_c, columns + r * c->k);
        product((int)count, c->out_c, (int)c->k, columns, (int)c->k, weights, bias,
                out + first * (size_t)c->out.c + (size_t)(group * c->out_c), c->out.c);
    }
}

/* sum[oc] += in[oc / multiplier] * weights[oc] */
static void depthwise_tap(const float *in, const float *weights, int in_c, int multiplier, float *sum)
{
    if (multiplier == 1) {
        for (int i = 0; i < in_c; i++)
            sum[i] += in[i] * weights[i];
        return;
    }
    for (int i = 0; i < in_c; i++)
        for (int m = 0; m < multiplier; m++)
            sum[i * multiplier + m] += in[i] * weights[i * multiplier + m];
}

static void depthwise_pixel(const struct conv *c, const float *sample, int y0, int x0, const float *weights,
                            float *sum)
{
    const struct net_op *op = c->op;
    if (op->bias)
        memcpy(sum, op->bias, (size_t)c->out.c * sizeof *sum);
    else
        memset(sum, 0, (size_t)c->out.c * sizeof *sum);
    for (int ky = 0; ky < op->kernel_h; ky++) {
        int y = y0 + ky * op->dilation_h;
        for (int kx = 0; kx < op->kernel_w && y >= 0 && y < c->in.h; kx++) {
            int x = x0 + kx * op->dilation_w;
            if (x < 0 || x >= c->in.w)
                continue;
            depthwise_tap(sample + ((size_t)y * (size_t)c->in.w + (size_t)x) * (size_t)c->in.c,
                          weights + ((size_t)ky * (size_t)op->kernel_w + (size_t)kx) * (size_t)c->out.c,
                          c->in.c, c->out_c, sum);
        }
    }
}

/* Channels innermost, as the data are: weights are turned to [tap][out.c] first. */
static void run_depthwise(const struct conv *c, const float *in, float *out, int samples, float *turned)
{
    for (size_t oc = 0; oc < (size_t)c->out.c; oc++)
        for (size_t tap = 0; tap < c->taps; tap++)
            turned[tap * (size_t)c->out.c + oc] = c->op->weights[oc * c->taps + tap];
    for (int s = 0; s < samples; s++, in += net_elements(&c->in))
        for (int y = 0; y < c->out.h; y++)
            for (int x = 0; x < c->out.w; x++, out += c->out.c)
                depthwise_pixel(c, in, y * c->op->stride_h - c->op->pad_top,
                                x * c->op->stride_w - c->op->pad_left, turned, out);
}

static void run_conv(const struct net *n, const struct net_op *op, const float *in, float *out, int samples,
                     float *scratch)
{
    struct conv c = conv_of(n, op);
    size_t rows = (size_t)samples * (size_t)c.out.h * (size_t)c.out.w;
    if (net_is_depthwise(n, op))
        run_depthwise(&c, in, out, samples, scratch);
    else if (is_pointwise(&c))
        product((int)rows, c.out.c, c.in.c, in, c.in.c, op->weights, op->bias, out, c.out.c);
    else
        for (int g = 0; g < op->groups; g++)
            run_group(&c, g, in, out, rows, scratch);
}

static void run_dense(const struct net *n, const struct net_op *op, const float *in, float *out, int samples)
{
    int k = (int)net_elements(&n->tensors[op->in[0]]), out_c = n->tensors[op->out].c;
    product(samples, out_c, k, in, k, op->weights, op->bias, out, out_c);
}

static void pool_pixel(const struct net_op *op, const struct net_tensor *in, const float *sample, int y0,
                       int x0, float *to)
{
    int y1 = y0 + op->kernel_h < in->h ? y0 + op->kernel_h : in->h,
        x1 = x0 + op->kernel_w < in->w ? x0 + op->kernel_w : in->w;
    int y_first = y0 > 0 ? y0 : 0, x_first = x0 > 0 ? x0 : 0;
    bool mean = op->kind == NET_AVGPOOL;
    for (int c = 0; c < in->c; c++)
        to[c] = mean ? 0 : -INFINITY;
    for (int y = y_first; y < y1; y++) {
        for (int x = x_first; x < x1; x++) {
            const float *from = sample + ((size_t)y * (size_t)in->w + (size_t)x) * (size_t)in->c;
            for (int c = 0; c < in->c; c++)
                to[c] = mean ? to[c] + from[c] : from[c] > to[c] ? from[c] : to[c];
        }
    }
    float count = (float)(y1 - y_first) * (float)(x1 - x_first);
    for (int c = 0; mean && c < in->c; c++)
        to[c] /= count;
}

static void run_pool(const struct net *n, const struct net_op *op, const float *in, float *out, int samples)
{
    const struct net_tensor *from = &n->tensors[op->in[0]], *to = &n->tensors[op->out];
    for (int s = 0; s < samples; s++, in += net_elements(from))
        for (int y = 0; y < to->h; y++)
            for (int x = 0; x < to->w; x++, out += to->c)
                pool_pixel(op, from, in, y * op->stride_h - op->pad_top, x * op->stride_w - op->pad_left,
                           out);
}

static void run_lookup(const struct net_op *op, const float *in, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)function_value(&op->function, (double)in[i]);
}

/* The second factor begins anew with each sample, or with each pixel where it has one value for each channel. */
static void run_mul(const struct net *n, const struct net_op *op, const float *const in[NET_INPUTS_MAX], float *out, int samples)
{
    size_t each = net_elements(&n->tensors[op->in[0]]), period = net_elements(&n->tensors[op->in[1]]);
    for (size_t first = 0; first < each * (size_t)samples; first += period)
        for (size_t i = 0; i < period; i++)
            out[first + i] = in[0][first + i] * in[1][first / each * period + i];
}

static void run_rmsnorm(const struct net *n, const struct net_op *op, const float *in, float *out, int samples)
{
    size_t channels = (size_t)n->tensors[op->out].c, pixels = (size_t)samples * net_elements(&n->tensors[op->out]) / channels;
    for (size_t i = 0; i < pixels; i++, in += channels, out += channels) {
        double sum = 0;
        for (size_t c = 0; c < channels; c++)
            sum += (double)in[c] * (double)in[c];
        double root = sqrt(sum / (double)channels + (double)op->epsilon);
        for (size_t c = 0; c < channels; c++) // all zero, with an epsilon of zero: zero
            out[c] = root > 0 ? (float)((double)in[c] / root * (double)op->weights[c]) : 0;
    }
}

static void run_softmax(const struct net *n, const struct net_op *op, const float *in, float *out, int samples)
{
    size_t channels = (size_t)n->tensors[op->out].c, pixels = (size_t)samples * net_elements(&n->tensors[op->out]) / channels;
    for (size_t i = 0; i < pixels; i++, in += channels, out += channels) {
        float most = -INFINITY, sum = 0;
        for (size_t c = 0; c < channels; c++)
            most = in[c] > most ? in[c] : most;
        for (size_t c = 0; c < channels; c++)
            sum += out[c] = expf(in[c] - most);
        for (size_t c = 0; c < channels; c++)
            out[c] /= sum;
    }
}

/* Pixel by pixel. */
static void run_channels(const struct net *n, const struct net_op *op, const float *const in[2], float *out, size_t total)
{
    int first = n->tensors[op->in[0]].c, second = op->in[1] < 0 ? 0 : n->tensors[op->in[1]].c, channels = n->tensors[op->out].c;
    const float *a = in[0], *b = in[1];
    for (const float *end = out + total; out < end; out += channels, a += first, b = b ? b + second : NULL)
        for (int c = 0; c < channels; c++)
            out[c] = op->choice[c] < first ? a[op->choice[c]] : b[op->choice[c] - first];
}

static void run_resize(const struct net *n, const struct net_op *op, const float *in, float *out, int samples)
{
    const struct net_tensor *from = &n->tensors[op->in[0]], *to = &n->tensors[op->out];
    size_t pixel = (size_t)from->c;
    for (int s = 0; s < samples; s++, in += net_elements(from))
        for (int y = 0; y < to->h; y++)
            for (int x = 0; x < to->w; x++, out += pixel)
                memcpy(out, in + ((size_t)(y / op->stride_h) * (size_t)from->w + (size_t)(x / op->stride_w)) * pixel,
                       pixel * sizeof *out);
}

static void clamp(float *values, size_t n, float low, float high)
{
    if (isinf(low) && isinf(high))
        return;
    for (size_t i = 0; i < n; i++) {
        float v = values[i] < low ? low : values[i];
        values[i] = v > high ? high : v;
    }
}

void float_ops_run(const struct net *n, const struct net_op *op, const float *const in[NET_INPUTS_MAX], float *out,
                   int samples, float *scratch)
{
    size_t total = (size_t)samples * net_elements(&n->tensors[op->out]);
    switch (op->kind) {
    case NET_CONV:
        run_conv(n, op, in[0], out, samples, scratch);
        break;
    case NET_DENSE:
        run_dense(n, op, in[0], out, samples);
        break;
    case NET_ADD:
        for (size_t i = 0; i < total; i++)
            out[i] = in[0][i] + in[1][i];
        break;
    case NET_LOOKUP:
        run_lookup(op, in[0], out, total);
        break;
    case NET_MUL:
        run_mul(n, op, in, out, samples);
        break;
    case NET_RMSNORM:
        run_rmsnorm(n, op, in[0], out, samples);
        break;
    case NET_SCAN:
        float_scan_run(n, op, in, out, samples, NULL, scratch);
        break;
    case NET_CHANNELS:
        run_channels(n, op, in, out, total);
        break;
    case NET_RESIZE:
        run_resize(n, op, in[0], out, samples);
        break;
    case NET_SOFTMAX:
        run_softmax(n, op, in[0], out, samples);
        break;
    default:
        run_pool(n, op, in[0], out, samples);
    }
    clamp(out, total, op->act_min, op->act_max);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// With Y = X W' (rows of X: what each output sees): dW = dY' X, dX = dY W. Depthwise convolutions and pools go pixel by pixel.
#include "quant/tune/tape_ops.h"

#include "quant/tune/tape_sequence.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define COLUMNS_TARGET (256u << 10) // floats of unrolled input at a time: what a second-level cache holds

/* Of a window: the plane it slides over and where it stands. */
struct window {
    const struct net_op *op;
    const struct net_tensor *in, *out;
    int width;    // input channels of a group
    size_t length; // of a row of weights
};

static struct window window_of(const struct net *n, const struct net_op *op)
{
    struct window w = {op, &n->tensors[op->in[0]], &n->tensors[op->out], 0, 0};
    w.width = op->kind == NET_CONV ? w.in->c / op->groups : w.in->c;
    w.length = (size_t)op->kernel_h * (size_t)op->kernel_w * (size_t)w.width;
    return w;
}

static size_t rows_at_a_time(const struct window *w)
{
    return w->length < COLUMNS_TARGET ? COLUMNS_TARGET / w->length : 1;
}

size_t tape_ops_scratch(const struct net *n, const struct net_op *op)
{
    if (op->kind == NET_SCAN)
        return tape_scan_scratch(n, op);
    if (op->kind == NET_SOFTMAX)
        return (size_t)n->tensors[op->out].c;
    if (op->kind != NET_CONV)
        return 0;
    struct window w = window_of(n, op);
    if (net_is_depthwise(n, op))
        return 2 * net_weight_count(n, op);
    return 2 * rows_at_a_time(&w) * w.length;
}

/* Where tap (y, x) of output pixel `at` stands in its sample, or -1 outside the plane. */
static ptrdiff_t place_of(const struct window *w, int at, int y, int x)
{
    int row = at / w->out->w * w->op->stride_h - w->op->pad_top + y * w->op->dilation_h;
    int column = at % w->out->w * w->op->stride_w - w->op->pad_left + x * w->op->dilation_w;
    if (row < 0 || row >= w->in->h || column < 0 || column >= w->in->w)
        return -1;
    return ((ptrdiff_t)row * w->in->w + column) * w->in->c;
}

/* What output pixel `at` sees of a group, and back: its slopes added to where they came from. */
static void take_column(const struct window *w, const float *sample, int at, float *to)
{
    for (int y = 0; y < w->op->kernel_h; y++)
        for (int x = 0; x < w->op->kernel_w; x++, to += w->width) {
            ptrdiff_t place = place_of(w, at, y, x);
            if (place >= 0)
                memcpy(to, sample + place, (size_t)w->width * sizeof *to);
            else
                memset(to, 0, (size_t)w->width * sizeof *to);
        }
}

static void add_column(const struct window *w, float *sample, int at, const float *from)
{
    for (int y = 0; y < w->op->kernel_h; y++)
        for (int x = 0; x < w->op->kernel_w; x++, from += w->width) {
            ptrdiff_t place = place_of(w, at, y, x);
            for (int c = 0; c < w->width && place >= 0; c++)
                sample[place + c] += from[c];
        }
}

/* Output pixels first..first+rows-1 of all samples', of one group. */
static void back_rows(const struct tape_op *t, const struct window *w, int group, size_t first, size_t rows)
{
    int out_c = w->out->c / t->op->groups, length = (int)w->length;
    size_t plane = (size_t)w->out->h * (size_t)w->out->w, in_elements = net_elements(w->in);
    float *columns = t->scratch, *slopes = columns + rows_at_a_time(w) * w->length;
    const float *out = t->out_slopes + first * (size_t)w->out->c + group * out_c;
    const float *weights = t->op->weights + (size_t)(group * out_c) * w->length;
    for (size_t r = 0; r < rows; r++)
        take_column(w, t->in[0] + (first + r) / plane * in_elements + group * w->width, (int)((first + r) % plane),
                    columns + r * w->length);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out_c, length, (int)rows, 1, out, w->out->c, columns, length, 1,
                t->weight_slopes + (size_t)(group * out_c) * w->length, length);
    if (!t->in_slopes[0])
        return;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, length, out_c, 1, out, w->out->c, weights, length, 0,
                slopes, length);
    for (size_t r = 0; r < rows; r++)
        add_column(w, t->in_slopes[0] + (first + r) / plane * in_elements + group * w->width, (int)((first + r) % plane),
                   slopes + r * w->length);
}

static void back_groups(const struct tape_op *t)
{
    struct window w = window_of(t->net, t->op);
    size_t rows = (size_t)t->samples * (size_t)w.out->h * (size_t)w.out->w, chunk = rows_at_a_time(&w);
    for (int group = 0; group < t->op->groups; group++)
        for (size_t first = 0; first < rows; first += chunk)
            back_rows(t, &w, group, first, rows - first < chunk ? rows - first : chunk);
}

/* Channels innermost: weights [tap][out.c] and their slopes likewise, in scratch. */
static void back_depthwise_pixel(const struct tape_op *t, const struct window *w, const float *in, float *in_slopes, int at,
                                 const float *out)
{
    int channels = w->out->c, multiplier = channels / w->in->c;
    const float *weights = t->scratch;
    float *slopes = t->scratch + net_weight_count(t->net, t->op);
    for (int y = 0; y < t->op->kernel_h; y++)
        for (int x = 0; x < t->op->kernel_w; x++, weights += channels, slopes += channels) {
            ptrdiff_t place = place_of(w, at, y, x);
            if (place < 0)
                continue;
            for (int c = 0; c < channels; c++)
                slopes[c] += out[c] * in[place + c / multiplier];
            for (int c = 0; c < channels && in_slopes; c++)
                in_slopes[place + c / multiplier] += out[c] * weights[c];
        }
}

static void back_depthwise(const struct tape_op *t)
{
    struct window w = window_of(t->net, t->op);
    size_t channels = (size_t)w.out->c, taps = net_weight_count(t->net, t->op) / channels, elements = net_elements(w.in);
    float *turned = t->scratch, *slopes = turned + taps * channels;
    memset(slopes, 0, taps * channels * sizeof *slopes);
    for (size_t c = 0; c < channels; c++)
        for (size_t tap = 0; tap < taps; tap++)
            turned[tap * channels + c] = t->op->weights[c * taps + tap];
    const float *out = t->out_slopes;
    for (int s = 0; s < t->samples; s++)
        for (int at = 0; at < w.out->h * w.out->w; at++, out += channels)
            back_depthwise_pixel(t, &w, t->in[0] + (size_t)s * elements,
                                 t->in_slopes[0] ? t->in_slopes[0] + (size_t)s * elements : NULL, at, out);
    for (size_t c = 0; c < channels; c++)
        for (size_t tap = 0; tap < taps; tap++)
            t->weight_slopes[c * taps + tap] += slopes[tap * channels + c];
}

static void back_conv(const struct tape_op *t)
{
    if (net_is_depthwise(t->net, t->op))
        back_depthwise(t);
    else
        back_groups(t);
}

static void back_dense(const struct tape_op *t)
{
    int length = (int)net_elements(&t->net->tensors[t->op->in[0]]), out_c = t->net->tensors[t->op->out].c;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out_c, length, t->samples, 1, t->out_slopes, out_c, t->in[0], length, 1,
                t->weight_slopes, length);
    if (t->in_slopes[0])
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, t->samples, length, out_c, 1, t->out_slopes, out_c,
                    t->op->weights, length, 1, t->in_slopes[0], length);
}

static void back_add(const struct tape_op *t)
{
    size_t n = (size_t)t->samples * net_elements(&t->net->tensors[t->op->out]);
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < n && t->in_slopes[k]; i++)
            t->in_slopes[k][i] += t->out_slopes[i];
}

static void back_lookup(const struct tape_op *t)
{
    size_t n = (size_t)t->samples * net_elements(&t->net->tensors[t->op->out]);
    for (size_t i = 0; i < n && t->in_slopes[0]; i++)
        t->in_slopes[0][i] += t->out_slopes[i] * (float)function_slope(&t->op->function, (double)t->in[0][i]);
}

/* Of a pixel: y, then dx = y (dy - sum of y dy). */
static void back_softmax_pixel(const float *in, const float *out_slopes, size_t channels, float *y, float *in_slopes)
{
    float most = in[0], sum = 0, mean = 0;
    for (size_t c = 1; c < channels; c++)
        most = in[c] > most ? in[c] : most;
    for (size_t c = 0; c < channels; c++)
        sum += y[c] = expf(in[c] - most);
    for (size_t c = 0; c < channels; c++)
        y[c] /= sum, mean += y[c] * out_slopes[c];
    for (size_t c = 0; c < channels; c++)
        in_slopes[c] += y[c] * (out_slopes[c] - mean);
}

static void back_softmax(const struct tape_op *t)
{
    size_t channels = (size_t)t->net->tensors[t->op->out].c, n = (size_t)t->samples * net_elements(&t->net->tensors[t->op->out]);
    for (size_t i = 0; i < n && t->in_slopes[0]; i += channels)
        back_softmax_pixel(t->in[0] + i, t->out_slopes + i, channels, t->scratch, t->in_slopes[0] + i);
}

/* As float_ops.c goes over the factors. */
static void back_mul(const struct tape_op *t)
{
    size_t each = net_elements(&t->net->tensors[t->op->in[0]]), period = net_elements(&t->net->tensors[t->op->in[1]]);
    for (size_t first = 0; first < each * (size_t)t->samples; first += period) {
        size_t second = first / each * period;
        for (size_t i = 0; i < period && t->in_slopes[0]; i++)
            t->in_slopes[0][first + i] += t->out_slopes[first + i] * t->in[1][second + i];
        for (size_t i = 0; i < period && t->in_slopes[1]; i++)
            t->in_slopes[1][second + i] += t->out_slopes[first + i] * t->in[0][first + i];
    }
}

static void back_channels(const struct tape_op *t)
{
    const struct net *n = t->net;
    int first = n->tensors[t->op->in[0]].c, second = t->op->in[1] < 0 ? 0 : n->tensors[t->op->in[1]].c, channels = n->tensors[t->op->out].c;
    size_t pixels = (size_t)t->samples * net_elements(&n->tensors[t->op->out]) / (size_t)channels;
    const float *out = t->out_slopes;
    for (size_t p = 0; p < pixels; p++, out += channels) {
        for (int c = 0; c < channels; c++) {
            int k = t->op->choice[c] < first ? 0 : 1;
            if (t->in_slopes[k])
                t->in_slopes[k][p * (size_t)(k ? second : first) + (size_t)(t->op->choice[c] - (k ? first : 0))] += out[c];
        }
    }
}

static void back_resize(const struct tape_op *t)
{
    const struct net_tensor *in = &t->net->tensors[t->op->in[0]], *to = &t->net->tensors[t->op->out];
    const float *out = t->out_slopes;
    for (int s = 0; s < t->samples && t->in_slopes[0]; s++)
        for (int y = 0; y < to->h; y++)
            for (int x = 0; x < to->w; x++, out += to->c) {
                size_t pixel = (size_t)(y / t->op->stride_h) * (size_t)in->w + (size_t)(x / t->op->stride_w);
                for (int c = 0; c < to->c; c++)
                    t->in_slopes[0][(size_t)s * net_elements(in) + pixel * (size_t)in->c + (size_t)c] += out[c];
            }
}

/* A mean's slope goes in equal parts to what lay inside, a maximum's to the first that was it. */
static void back_pool_pixel(const struct window *w, const float *in, float *in_slopes, int at, const float *out)
{
    bool mean = w->op->kind == NET_AVGPOOL;
    int inside = 0;
    for (int y = 0; y < w->op->kernel_h; y++)
        for (int x = 0; x < w->op->kernel_w; x++)
            inside += place_of(w, at, y, x) >= 0;
    for (int c = 0; c < w->in->c; c++) {
        ptrdiff_t largest = -1;
        for (int y = 0; y < w->op->kernel_h; y++)
            for (int x = 0; x < w->op->kernel_w; x++) {
                ptrdiff_t place = place_of(w, at, y, x);
                if (place >= 0 && mean)
                    in_slopes[place + c] += out[c] / (float)inside;
                else if (place >= 0 && (largest < 0 || in[place + c] > in[largest]))
                    largest = place + c;
            }
        if (!mean)
            in_slopes[largest] += out[c];
    }
}

static void back_pool(const struct tape_op *t)
{
    struct window w = window_of(t->net, t->op);
    const float *out = t->out_slopes;
    for (int s = 0; s < t->samples && t->in_slopes[0]; s++)
        for (int at = 0; at < w.out->h * w.out->w; at++, out += w.out->c)
            back_pool_pixel(&w, t->in[0] + (size_t)s * net_elements(w.in), t->in_slopes[0] + (size_t)s * net_elements(w.in), at,
                            out);
}

/* Of products alone: a scan's D is none, and a norm has no bias. */
static void back_bias(const struct tape_op *t)
{
    size_t channels = (size_t)net_out_channels(t->net, t->op),
           n = (size_t)t->samples * net_elements(&t->net->tensors[t->op->out]);
    for (size_t i = 0; i < n; i += channels)
        for (size_t c = 0; c < channels; c++)
            t->bias_slopes[c] += t->out_slopes[i + c];
}

/* Every kind of operation has a way back; a kind without one is refused before training (tape_ops_has). */
static void (*const backs[NET_KIND_COUNT])(const struct tape_op *t) = {
    [NET_CONV] = back_conv,       [NET_DENSE] = back_dense,   [NET_ADD] = back_add,
    [NET_AVGPOOL] = back_pool,    [NET_MAXPOOL] = back_pool,  [NET_LOOKUP] = back_lookup,
    [NET_MUL] = back_mul,         [NET_RMSNORM] = tape_back_rmsnorm, [NET_SCAN] = tape_back_scan,
    [NET_CHANNELS] = back_channels, [NET_RESIZE] = back_resize, [NET_SOFTMAX] = back_softmax,
};

bool tape_ops_has(enum net_kind kind)
{
    return (unsigned)kind < NET_KIND_COUNT && backs[kind];
}

void tape_ops_back(const struct tape_op *t)
{
    if (t->bias_slopes && net_is_product(t->op->kind))
        back_bias(t);
    backs[t->op->kind](t);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/calibration.h"

#include "quant/net/float_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LATTICE_VALUES 256 // of 8 bits

struct pass {
    const struct net *net;
    struct calibration *c;
    bool histogram; // the second pass
    bool finite;
    size_t seen; // samples of the batches before
};

static void see_range(struct calibrated *t, const float *x, size_t n, bool *finite)
{
    float low = t->low, high = t->high;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            *finite = false;
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    t->low = low, t->high = high;
}

static void see_means(struct calibrated *t, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += t->n_means) {
        for (size_t k = 0; k < t->n_means; k++) {
            double v = (double)x[i + k];
            t->mean[k] += v;
            t->square[k] += v * v;
        }
    }
}

static int bin_of(const struct calibrated *t, float x)
{
    int bin = (int)((x - t->low) * ((float)CALIBRATION_BINS / (t->high - t->low)));
    return bin < CALIBRATION_BINS ? bin : CALIBRATION_BINS - 1;
}

static void see_bins(struct calibrated *t, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        t->bins[bin_of(t, x[i])]++;
}

/* A pixel that is smaller than a bin is wide has no more weight than one of that size: bins tell no more of it. */
static void see_shares(struct calibrated *t, const float *x, size_t n, size_t channels)
{
    double width = ((double)t->high - (double)t->low) / CALIBRATION_BINS;
    for (size_t i = 0; i < n; i += channels) {
        double square = 0;
        for (size_t k = 0; k < channels; k++)
            square += (double)x[i + k] * (double)x[i + k];
        double share = 1 / (square / (double)channels + width * width);
        for (size_t k = 0; k < channels; k++)
            t->shares[bin_of(t, x[i + k])] += share;
    }
}

static void see(void *user, int tensor, const float *x, int samples)
{
    struct pass *p = user;
    struct calibrated *t = &p->c->tensors[tensor];
    size_t n = (size_t)samples * net_elements(&p->net->tensors[tensor]);
    if (!p->histogram) {
        see_range(t, x, n, &p->finite);
        if (t->mean)
            see_means(t, x, n);
    } else if (t->high > t->low) {
        see_bins(t, x, n);
        if (t->shares)
            see_shares(t, x, n, (size_t)p->net->tensors[tensor].c);
    }
}

/* Marks what reaches an RMSNorm with its pixels as they are. The norm divides a pixel by its root mean square, so an error counts
 * by its share of that: of Mamba's activations, a few pixels are a hundred times as large as most, and would decide the range. */
static void find_shares(const struct net *n, bool *shares)
{
    for (int i = n->n_ops - 1; i >= 0; i--) {
        const struct net_op *op = &n->ops[i];
        bool one_by_one = op->kind == NET_CONV && op->kernel_h == 1 && op->kernel_w == 1;
        bool passes = op->kind == NET_ADD || op->kind == NET_MUL || one_by_one;
        for (int k = 0; k < 2; k++)
            if (op->in[k] >= 0 && (op->kind == NET_RMSNORM || (passes && shares[op->out])))
                shares[op->in[k]] = true;
    }
}

/* Room for the histograms, and for the means of what layers read. */
static int prepare(const struct net *n, struct calibration *c, struct error *e)
{
    bool shares[NET_OPS_MAX + 1] = {false};
    memset(c, 0, sizeof *c);
    find_shares(n, shares);
    c->n_tensors = n->n_tensors;
    c->tensors = calloc((size_t)n->n_tensors, sizeof *c->tensors);
    if (!c->tensors)
        return error_set(e, "out of memory");
    for (int i = 0; i < n->n_ops; i++) {
        const struct net_op *op = &n->ops[i];
        const struct net_tensor *in = &n->tensors[op->in[0]];
        size_t wanted = op->kind == NET_DENSE ? net_elements(in) : (size_t)in->c;
        struct calibrated *t = &c->tensors[op->in[0]];
        t->n_means = net_is_product(op->kind) && wanted > t->n_means ? wanted : t->n_means;
    }
    for (int i = 0; i < n->n_tensors; i++) {
        struct calibrated *t = &c->tensors[i];
        t->bins = calloc(CALIBRATION_BINS, sizeof *t->bins);
        t->shares = shares[i] ? calloc(CALIBRATION_BINS, sizeof *t->shares) : NULL;
        t->mean = t->n_means ? calloc(t->n_means, sizeof *t->mean) : NULL;
        t->square = t->n_means ? calloc(t->n_means, sizeof *t->square) : NULL;
        if (!t->bins || (shares[i] && !t->shares) || (t->n_means && (!t->mean || !t->square)))
            return error_set(e, "out of memory");
        t->low = INFINITY, t->high = -INFINITY;
    }
    return 0;
}

static int compare_floats(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Sorts out which values occur: n of them become the returned count, at most LATTICE_VALUES + 1. */
static int distinct(float *x, size_t n)
{
    qsort(x, n, sizeof *x, compare_floats);
    int count = 0;
    for (size_t i = 0; i < n && count <= LATTICE_VALUES; i++)
        if (count == 0 || x[i] != x[count - 1])
            x[count++] = x[i];
    return count;
}

/* Do all values stand at whole multiples of their smallest distance, at most 255 apart? */
static void find_lattice(struct calibration *c, float *x, size_t n)
{
    int count = distinct(x, n);
    if (count < 2 || count > LATTICE_VALUES)
        return;
    double step = (double)x[count - 1] - (double)x[0];
    for (int i = 1; i < count; i++)
        step = fmin(step, (double)x[i] - (double)x[i - 1]);
    for (int i = 0; i < count; i++) {
        double at = ((double)x[i] - (double)x[0]) / step;
        if (at > LATTICE_VALUES - 0.5 || fabs(at - rint(at)) > 1e-3)
            return;
    }
    step = ((double)x[count - 1] - (double)x[0]) / rint(((double)x[count - 1] - (double)x[0]) / step);
    double zero = -(double)x[0] / step;
    if (fabs(zero - rint(zero)) > 1e-3) // zero itself must be a value
        return;
    c->lattice = (float)step;
}

static int look_at_inputs(const struct data *d, int samples, struct calibration *c, struct error *e)
{
    int n = samples < 64 ? samples : 64;
    float *x = malloc((size_t)n * d->elements * sizeof *x);
    if (!x)
        return error_set(e, "out of memory");
    for (int i = 0; i < n; i++)
        data_sample(d, (int)((int64_t)i * samples / n), x + (size_t)i * d->elements);
    find_lattice(c, x, (size_t)n * d->elements);
    free(x);
    return 0;
}

static void divide_means(const struct net *n, struct calibration *c, int samples)
{
    for (int i = 0; i < c->n_tensors; i++) {
        struct calibrated *t = &c->tensors[i];
        for (size_t k = 0; k < t->n_means; k++) {
            double count = (double)samples * (double)net_elements(&n->tensors[i]) / (double)t->n_means;
            t->mean[k] /= count;
            t->square[k] /= count;
        }
    }
}

static int passes(const struct net *n, const struct data *d, int samples, quantize_progress *progress,
                  void *user, struct calibration *c, struct error *e)
{
    struct pass p = {.net = n, .c = c, .finite = true};
    for (int pass = 0; pass < 2; pass++) {
        if (progress)
            progress(user, "calibration", pass, 2);
        p.histogram = pass == 1;
        if (float_run_data(n, d, 0, samples, see, NULL, &p, e))
            return -1;
        if (!p.finite)
            return error_set(e, "the network gives infinite values on the calibration data");
    }
    divide_means(n, c, samples);
    return look_at_inputs(d, samples, c, e);
}

int calibration_run(const struct net *n, const struct data *d, int samples, quantize_progress *progress,
                    void *user, struct calibration *c, struct error *e)
{
    if (samples <= 0 || samples > d->n)
        samples = d->n;
    if (samples < 1)
        return error_set(e, "no calibration samples");
    if (prepare(n, c, e) || passes(n, d, samples, progress, user, c, e)) {
        calibration_finish(c);
        return -1;
    }
    return 0;
}

void calibration_finish(struct calibration *c)
{
    for (int i = 0; c->tensors && i < c->n_tensors; i++) {
        free(c->tensors[i].bins);
        free(c->tensors[i].shares);
        free(c->tensors[i].mean);
        free(c->tensors[i].square);
    }
    free(c->tensors);
    memset(c, 0, sizeof *c);
}

/* How often tap `k` of a side lies inside the plane, over all outputs. */
static double share_inside(int out, int stride, int dilation, int pad, int in, int k)
{
    int inside = 0;
    for (int i = 0; i < out; i++) {
        int at = i * stride + k * dilation - pad;
        inside += at >= 0 && at < in;
    }
    return (double)inside / out;
}

/* Of channel k of a tensor, whether it is kept by channels or by elements. */
static double channel_mean(const double *means, size_t n_means, int channels, int k)
{
    double sum = 0;
    for (size_t i = (size_t)k; i < n_means; i += (size_t)channels)
        sum += means[i];
    return sum / (double)(n_means / (size_t)channels);
}

void calibration_row(const struct calibration *c, const struct net *n, const struct net_op *op, int channel,
                     double *mean, double *square)
{
    const struct net_tensor *in = &n->tensors[op->in[0]], *out = &n->tensors[op->out];
    const struct calibrated *t = &c->tensors[op->in[0]];
    if (!net_is_product(op->kind)) { // an error of a weight is no error times an input
        for (size_t i = 0; i < net_weight_count(n, op) / (size_t)net_out_channels(n, op); i++)
            mean[i] = 0, square[i] = 1;
        return;
    }
    if (op->kind == NET_DENSE) {
        memcpy(mean, t->mean, t->n_means * sizeof *mean);
        memcpy(square, t->square, t->n_means * sizeof *square);
        return;
    }
    int width = in->c / op->groups, first = channel / (out->c / op->groups) * width;
    for (int y = 0; y < op->kernel_h; y++) {
        double share_y = share_inside(out->h, op->stride_h, op->dilation_h, op->pad_top, in->h, y);
        for (int x = 0; x < op->kernel_w; x++) {
            double share =
                share_y * share_inside(out->w, op->stride_w, op->dilation_w, op->pad_left, in->w, x);
            for (int k = 0; k < width; k++) {
                *mean++ = share * channel_mean(t->mean, t->n_means, in->c, first + k);
                *square++ = share * channel_mean(t->square, t->n_means, in->c, first + k);
            }
        }
    }
}

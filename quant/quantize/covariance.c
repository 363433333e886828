// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/covariance.h"

#include "quant/net/float_run.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAMPING 0.01 // of the mean diagonal

struct gathering {
    const struct net *net;
    struct covariance *layers;
    struct float_run run;
    double *columns; // [batch * COVARIANCE_PIXELS][n] of one group
    double **sums;   // of each layer, [groups][n]
    double *counts;  // columns seen, of each layer
};

static int length_of(const struct net *n, const struct net_op *op)
{
    return (int)(net_weight_count(n, op) / (size_t)net_out_channels(n, op));
}

static int allocate(struct gathering *g)
{
    const struct net *n = g->net;
    int longest = 1;
    g->sums = calloc((size_t)n->n_layers + 1, sizeof *g->sums);
    g->counts = calloc((size_t)n->n_layers + 1, sizeof *g->counts);
    for (int i = 0; g->sums && g->counts && i < n->n_layers; i++) {
        const struct net_op *op = &n->ops[n->layers[i].op];
        struct covariance *c = &g->layers[i];
        *c = (struct covariance){length_of(n, op), op->kind == NET_CONV ? op->groups : 1, NULL, NULL};
        if (c->n > COVARIANCE_LENGTH_MAX || !net_is_product(op->kind))
            continue;
        size_t rows = (size_t)c->groups * (size_t)c->n;
        longest = c->n > longest ? c->n : longest;
        c->factor = calloc(rows * (size_t)c->n, sizeof *c->factor);
        c->order = calloc(rows, sizeof *c->order);
        g->sums[i] = calloc(rows, sizeof *g->sums[i]);
        if (!c->factor || !c->order || !g->sums[i])
            return -1;
    }
    g->columns = malloc((size_t)g->run.batch * COVARIANCE_PIXELS * (size_t)longest * sizeof *g->columns);
    return g->sums && g->counts && g->columns ? 0 : -1;
}

/* What output (y, x) of a group sees, in the order of a row of weights. */
static void put_column(const struct net *n, const struct net_op *op, const float *in, int y, int x, int group,
                       double *to)
{
    const struct net_tensor *t = &n->tensors[op->in[0]];
    int width = t->c / op->groups;
    for (int i = 0; i < op->kernel_h; i++) {
        int row = y * op->stride_h - op->pad_top + i * op->dilation_h;
        for (int k = 0; k < op->kernel_w; k++, to += width) {
            int column = x * op->stride_w - op->pad_left + k * op->dilation_w;
            bool inside = row >= 0 && row < t->h && column >= 0 && column < t->w;
            const float *from =
                in + ((size_t)(inside ? row * t->w + column : 0)) * (size_t)t->c + group * width;
            for (int c = 0; c < width; c++)
                to[c] = inside ? (double)from[c] : 0;
        }
    }
}

/* Columns of some outputs, spread evenly over the plane and differently in each sample. Returns how many. */
static int put_columns(const struct gathering *g, const struct net_op *op, int samples, int group, int n)
{
    const struct net *net = g->net;
    const struct net_tensor *in = &net->tensors[op->in[0]], *out = &net->tensors[op->out];
    int pixels = op->kind == NET_DENSE ? 1 : out->h * out->w,
        step = (pixels + COVARIANCE_PIXELS - 1) / COVARIANCE_PIXELS;
    int count = 0;
    for (int s = 0; s < samples; s++) {
        const float *x = g->run.tensors[op->in[0]] + (size_t)s * net_elements(in);
        for (int pixel = s % step; pixel < pixels; pixel += step, count++) {
            double *to = g->columns + (size_t)count * (size_t)n;
            if (op->kind == NET_DENSE)
                for (int i = 0; i < n; i++)
                    to[i] = (double)x[i];
            else
                put_column(net, op, x, pixel / out->w, pixel % out->w, group, to);
        }
    }
    return count;
}

static void see(void *user, int tensor, const float *values, int samples)
{
    struct gathering *g = user;
    (void)values;
    for (int i = 0; i < g->net->n_layers; i++) {
        const struct net_op *op = &g->net->ops[g->net->layers[i].op];
        struct covariance *c = &g->layers[i];
        if (op->out != tensor || !c->factor)
            continue;
        int count = 0;
        for (int group = 0; group < c->groups; group++) {
            double *sums = g->sums[i] + (size_t)group * (size_t)c->n;
            count = put_columns(g, op, samples, group, c->n);
            cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, c->n, count, 1, g->columns, c->n, 1,
                        c->factor + (size_t)group * (size_t)c->n * (size_t)c->n, c->n);
            for (int k = 0; k < count * c->n; k++)
                sums[k % c->n] += g->columns[k];
        }
        g->counts[i] += count;
    }
}

/* Sorts by how much the inputs vary, least first. */
static void sort_order(const double *covariance, int n, int *order)
{
    for (int i = 0; i < n; i++) {
        int at = i;
        double varies = covariance[(size_t)i * (size_t)n + (size_t)i];
        for (; at > 0 && covariance[(size_t)order[at - 1] * (size_t)(n + 1)] > varies; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* R of C = R' R in place of C's upper triangle (Cholesky, row by row; C is positive definite by its damping).
 */
static void factorize(double *c, int n)
{
    for (int i = 0; i < n; i++) {
        double *row = c + (size_t)i * (size_t)n, pivot = sqrt(fmax(row[i], 1e-300));
        for (int k = i; k < n; k++)
            row[k] /= pivot;
        for (int r = i + 1; r < n; r++) {
            double *to = c + (size_t)r * (size_t)n, by = row[r];
            for (int k = r; by != 0 && k < n; k++)
                to[k] -= by * row[k];
        }
    }
}

/* From sums of products to R. `from` is scratch of n x n. */
static void finish_group(double *matrix, const double *sums, double count, int n, int *order, double *from)
{
    double diagonal = 0;
    for (int i = 0; i < n; i++) {
        for (int k = i; k < n; k++) {
            double value =
                matrix[(size_t)i * (size_t)n + (size_t)k] / count - sums[i] / count * (sums[k] / count);
            from[(size_t)i * (size_t)n + (size_t)k] = from[(size_t)k * (size_t)n + (size_t)i] = value;
        }
        diagonal += fmax(from[(size_t)i * (size_t)(n + 1)], 0) / n;
    }
    sort_order(from, n, order);
    for (int i = 0; i < n; i++) {
        for (int k = i; k < n; k++)
            matrix[(size_t)i * (size_t)n + (size_t)k] = from[(size_t)order[i] * (size_t)n + (size_t)order[k]];
        matrix[(size_t)i * (size_t)(n + 1)] += diagonal > 0 ? DAMPING * diagonal : 1;
    }
    factorize(matrix, n);
}

static int finish_layers(struct gathering *g, quantize_progress *progress, void *user)
{
    for (int i = 0; i < g->net->n_layers; i++) {
        struct covariance *c = &g->layers[i];
        size_t n = (size_t)c->n;
        double *scratch = c->factor ? malloc(n * n * sizeof *scratch) : NULL;
        if (progress)
            progress(user, "covariances", i, g->net->n_layers);
        if (c->factor && !scratch)
            return -1;
        for (int group = 0; c->factor && group < c->groups; group++)
            finish_group(c->factor + (size_t)group * n * n, g->sums[i] + (size_t)group * n, g->counts[i],
                         c->n, c->order + (size_t)group * n, scratch);
        free(scratch);
    }
    return 0;
}

static void gather(struct gathering *g, const struct data *d, int available)
{
    int samples = available < COVARIANCE_SAMPLES ? available : COVARIANCE_SAMPLES;
    for (int first = 0; first < samples; first += g->run.batch) {
        int count = samples - first < g->run.batch ? samples - first : g->run.batch;
        for (int i = 0; i < count; i++)
            data_sample(d, (int)((int64_t)(first + i) * available / samples),
                        float_run_input(&g->run) + (size_t)i * d->elements);
        float_run_go(&g->run, count, see, g);
    }
}

int covariance_run(const struct net *n, const struct data *d, int samples, quantize_progress *progress,
                   void *user, struct covariance *c, struct error *e)
{
    struct gathering g = {.net = n, .layers = c};
    if (samples <= 0 || samples > d->n)
        samples = d->n;
    if (float_run_init(&g.run, n, 0, e))
        return -1;
    int failed = allocate(&g);
    if (!failed) {
        gather(&g, d, samples);
        failed = finish_layers(&g, progress, user);
    }
    for (int i = 0; g.sums && i < n->n_layers; i++)
        free(g.sums[i]);
    free(g.sums);
    free(g.counts);
    free(g.columns);
    float_run_finish(&g.run);
    return failed ? error_set(e, "out of memory") : 0;
}

void covariance_finish(struct covariance *c, int n_layers)
{
    for (int i = 0; i < n_layers; i++) {
        free(c[i].factor);
        free(c[i].order);
    }
}

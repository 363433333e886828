// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/net/data.h"

#include "base/file.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_OUT_U1 255 // a label that says "not labelled"
#define SHAPE_TEXT_MAX 128

static int check_transform(const struct data_transform *t, int channels, struct error *e)
{
    if ((t->n_mean != 0 && t->n_mean != 1 && t->n_mean != channels) ||
        (t->n_std != 0 && t->n_std != 1 && t->n_std != channels))
        return error_set(
            e, "%d means and %d standard deviations for %d channels (1 or as many as channels are needed)",
            t->n_mean, t->n_std, channels);
    if (t->n_mean > DATA_CHANNELS_MAX || t->n_std > DATA_CHANNELS_MAX)
        return error_set(e, "more than %d means or standard deviations", DATA_CHANNELS_MAX);
    if (!isfinite(t->scale))
        return error_set(e, "a scale that is not finite");
    for (int i = 0; i < t->n_mean; i++)
        if (!isfinite(t->mean[i]))
            return error_set(e, "a mean that is not finite");
    for (int i = 0; i < t->n_std; i++)
        if (!isfinite(t->std[i]) || t->std[i] == 0)
            return error_set(e, "a standard deviation that is zero or not finite");
    return 0;
}

/* Same memory order: equal once all axes of 1 are gone. */
static bool shape_fits(const struct npy *a, const int *wanted)
{
    int k = 0;
    for (int i = 1; i < a->n_axes; i++) {
        if (a->axes[i] == 1)
            continue;
        while (k < 3 && wanted[k] == 1)
            k++;
        if (k == 3 || a->axes[i] != (size_t)wanted[k++])
            return false;
    }
    while (k < 3 && wanted[k] == 1)
        k++;
    return k == 3;
}

static int check_shape(const struct data *d, struct error *e)
{
    const struct npy *a = &d->array;
    int wanted[3] = {d->h, d->w, d->c};
    if (d->transform.nchw) {
        wanted[0] = d->c;
        wanted[1] = d->h;
        wanted[2] = d->w;
    }
    char shape[SHAPE_TEXT_MAX];
    if (a->type == NPY_I8)
        return error_set(e, "samples of type i8 are not supported");
    if (a->n_axes < 1 || a->axes[0] == 0 || a->axes[0] > INT_MAX)
        return error_set(e, "no samples, or too many: shape %s", npy_shape_text(a, 0, shape, sizeof shape));
    if (!shape_fits(a, wanted))
        return error_set(e, "samples of shape %s, but the network takes (%d, %d, %d), %s",
                         npy_shape_text(a, 1, shape, sizeof shape), wanted[0], wanted[1], wanted[2],
                         d->transform.nchw ? "channels first" : "channels last");
    return 0;
}

static int check_finite(const struct data *d, struct error *e)
{
    if (d->array.type != NPY_F4 && d->array.type != NPY_F8)
        return 0;
    for (size_t i = 0; i < d->array.elements; i++)
        if (!isfinite(npy_number(&d->array, d->bytes, i)))
            return error_set(e, "sample %zu has a value that is not finite", i / d->elements);
    return 0;
}

int data_open(const char *path, const struct net_tensor *input, const struct data_transform *t,
              struct data *d, struct error *e)
{
    size_t size;
    memset(d, 0, sizeof *d);
    if (t)
        d->transform = *t;
    d->h = input->h;
    d->w = input->w;
    d->c = input->c;
    d->elements = net_elements(input);
    if (check_transform(&d->transform, d->c, e) || file_read(path, DATA_FILE_MAX, &d->bytes, &size, e))
        return -1;
    if (npy_parse(d->bytes, size, &d->array, e) || check_shape(d, e) || check_finite(d, e)) {
        data_close(d);
        return error_wrap(e, "%s", path);
    }
    d->n = (int)d->array.axes[0];
    sha256_of(d->bytes, size, d->sha256);
    return 0;
}

void data_close(struct data *d)
{
    free(d->bytes);
    memset(d, 0, sizeof *d);
}

void data_sample(const struct data *d, int i, float *x)
{
    const struct data_transform *t = &d->transform;
    double scale = t->scale == 0 ? 1 : t->scale;
    size_t plane = (size_t)d->h * (size_t)d->w, channels = (size_t)d->c, first = (size_t)i * d->elements;
    for (size_t c = 0; c < channels; c++) {
        double mean = t->n_mean ? t->mean[t->n_mean > 1 ? c : 0] : 0;
        double std = t->n_std ? t->std[t->n_std > 1 ? c : 0] : 1;
        for (size_t p = 0; p < plane; p++) {
            size_t from = first + (t->nchw ? c * plane + p : p * channels + c);
            x[p * channels + c] = (float)((npy_number(&d->array, d->bytes, from) * scale - mean) / std);
        }
    }
}

static int read_labels(const struct npy *a, const char *bytes, int n, int classes, int32_t *labels,
                       struct error *e)
{
    for (int i = 0; i < n; i++) {
        int64_t label = npy_integer(a, bytes, (size_t)i);
        bool left_out = label == -1 || (label == LEFT_OUT_U1 && classes <= LEFT_OUT_U1);
        if (!left_out && (label < 0 || label >= classes))
            return error_set(e, "label %lld of sample %d is not one of the %d classes", (long long)label, i,
                             classes);
        labels[i] = left_out ? -1 : (int32_t)label;
    }
    return 0;
}

static int parse_labels(const char *bytes, size_t size, int n, struct npy *a, struct error *e)
{
    if (npy_parse(bytes, size, a, e))
        return -1;
    if (a->type == NPY_F4 || a->type == NPY_F8)
        return error_set(e, "labels must be integers");
    if (a->elements != (size_t)n || a->n_axes < 1 || a->axes[0] != (size_t)n)
        return error_set(e, "%zu labels for %d samples", a->elements, n);
    return 0;
}

int data_labels(const char *path, int n, int classes, int32_t **labels, struct error *e)
{
    char *bytes;
    size_t size;
    struct npy a;
    if (file_read(path, DATA_FILE_MAX, &bytes, &size, e))
        return -1;
    int failed = parse_labels(bytes, size, n, &a, e);
    int32_t *got = failed ? NULL : malloc((size_t)n * sizeof *got);
    if (!failed && !got)
        failed = error_set(e, "out of memory");
    if (!failed)
        failed = read_labels(&a, bytes, n, classes, got, e);
    free(bytes);
    if (failed) {
        free(got);
        return error_wrap(e, "%s", path);
    }
    *labels = got;
    return 0;
}

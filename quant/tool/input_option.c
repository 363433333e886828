// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/input_option.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int read_number(const char *text, const char **end, double *value)
{
    char *stop;
    errno = 0;
    *value = strtod(text, &stop);
    *end = stop;
    return stop == text || errno || !isfinite(*value) ? -1 : 0;
}

static int read_list(const char *name, const char *text, double *values, int *n, struct error *e)
{
    const char *at = text;
    for (*n = 0;; at++) {
        if (*n == DATA_CHANNELS_MAX)
            return error_set(e, "--input-%s has more than %d numbers", name, DATA_CHANNELS_MAX);
        if (read_number(at, &at, &values[*n]) || (*at && *at != ','))
            return error_set(e, "--input-%s %s: numbers separated by commas are wanted", name, text);
        ++*n;
        if (!*at)
            return 0;
    }
}

int input_option(struct data_transform *t, const char *name, const char *value, struct error *e)
{
    const char *end;
    if (!strcmp(name, "scale"))
        return read_number(value, &end, &t->scale) || *end || t->scale == 0
                   ? error_set(e, "--input-scale %s: a number other than 0 is wanted", value)
                   : 0;
    if (!strcmp(name, "mean"))
        return read_list(name, value, t->mean, &t->n_mean, e);
    if (!strcmp(name, "std")) {
        if (read_list(name, value, t->std, &t->n_std, e))
            return -1;
        for (int i = 0; i < t->n_std; i++)
            if (!(t->std[i] > 0))
                return error_set(e, "--input-std %s: deviations must be above 0", value);
        return 0;
    }
    if (strcmp(name, "layout"))
        return 1;
    t->nchw = !strcmp(value, "nchw");
    return t->nchw || !strcmp(value, "nhwc")
               ? 0
               : error_set(e, "--input-layout %s: nhwc or nchw is wanted", value);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The command line of `pare-net evaluate`.
#include "quant/tool/evaluate.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DATA = 1,
    LABELS,
    SETTING,
    CANDIDATE,
    CALIBRATION,
    SCALE,
    MEAN,
    STD,
    LAYOUT,
    JSON,
    HELP,
};

static const struct option options[] = {
    {"data", required_argument, NULL, DATA},
    {"labels", required_argument, NULL, LABELS},
    {"setting", required_argument, NULL, SETTING},
    {"candidate", required_argument, NULL, CANDIDATE},
    {"calibration", required_argument, NULL, CALIBRATION},
    {"input-scale", required_argument, NULL, SCALE},
    {"input-mean", required_argument, NULL, MEAN},
    {"input-std", required_argument, NULL, STD},
    {"input-layout", required_argument, NULL, LAYOUT},
    {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, HELP},
    {0},
};

/* "0.485,0.456,0.406" */
static int read_numbers(const char *option, const char *text, int limit, double *values, int *n, struct error *e)
{
    *n = 0;
    for (const char *p = text;; p++) {
        char *end;
        if (*n == limit)
            return error_set(e, "%s has more than %d numbers", option, limit);
        double value = strtod(p, &end);
        if (end == p || !isfinite(value) || (*end && *end != ','))
            return error_set(e, "%s: '%s' is not a list of numbers", option, text);
        values[(*n)++] = value;
        if (!*end)
            return 0;
        p = end;
    }
}

static int read_scale(const char *text, struct data_transform *t, struct error *e)
{
    int n;
    if (read_numbers("--input-scale", text, 1, &t->scale, &n, e))
        return -1;
    return t->scale == 0 ? error_set(e, "--input-scale must not be 0") : 0;
}

static int read_layout(const char *text, struct data_transform *t, struct error *e)
{
    t->nchw = !strcmp(text, "nchw");
    return t->nchw || !strcmp(text, "nhwc") ? 0 : error_set(e, "--input-layout is nhwc or nchw, not '%s'", text);
}

static int read_setting(const char *text, struct evaluate_options *o, struct error *e)
{
    if (o->setting)
        return error_set(e, "one of --setting and --candidate, once");
    o->setting = text;
    return 0;
}

static int read_option(int option, const char *text, struct evaluate_options *o, struct error *e)
{
    switch (option) {
    case DATA:
        o->data = text;
        return 0;
    case LABELS:
        o->labels = text;
        return 0;
    case SETTING:
    case CANDIDATE:
        return read_setting(text, o, e);
    case CALIBRATION:
        o->calibration = text;
        return 0;
    case SCALE:
        return read_scale(text, &o->transform, e);
    case MEAN:
        return read_numbers("--input-mean", text, DATA_CHANNELS_MAX, o->transform.mean, &o->transform.n_mean, e);
    case STD:
        return read_numbers("--input-std", text, DATA_CHANNELS_MAX, o->transform.std, &o->transform.n_std, e);
    case LAYOUT:
        return read_layout(text, &o->transform, e);
    case JSON:
        o->json = true;
        return 0;
    default:
        return error_set(e, "an option that does not exist, or one without its value");
    }
}

int evaluate_options_read(struct evaluate_options *o, int argc, char **argv, struct error *e)
{
    int option;
    memset(o, 0, sizeof *o);
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == HELP)
            return 1;
        if (read_option(option, optarg, o, e))
            return -1;
    }
    if (argc - optind != 1)
        return error_set(e, "one network is needed");
    o->network = argv[optind];
    if (!o->data || !o->labels)
        return error_set(e, "--data and --labels are needed");
    o->setting = o->setting ? o->setting : "float32";
    return 0;
}

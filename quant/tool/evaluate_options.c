// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The command line of `pare-net evaluate`.
#include "quant/tool/evaluate.h"

#include "quant/tool/input_option.h"
#include "quant/tool/quantize_option.h"

#include <getopt.h>
#include <stdio.h>
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
    METRIC,
    SCORER,
    SCORER_SECONDS,
    QUANTIZE,
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
    {"metric", required_argument, NULL, METRIC},
    {"scorer", required_argument, NULL, SCORER},
    {"scorer-seconds", required_argument, NULL, SCORER_SECONDS},
    {"json", no_argument, NULL, JSON},
    QUANTIZE_OPTIONS(QUANTIZE),
    {"help", no_argument, NULL, HELP},
    {0},
};

static int read_setting(const char *text, struct evaluate_options *o, struct error *e)
{
    if (o->setting)
        return error_set(e, "one of --setting and --candidate, once");
    o->setting = text;
    return 0;
}

static int read_scorer(const char *text, struct metric *m, struct error *e)
{
    m->kind = METRIC_SCORER;
    return (size_t)snprintf(m->scorer, PATH_MAX, "%s", text) >= PATH_MAX ? error_set(e, "--scorer: the path is too long") : 0;
}

static int read_seconds(const char *text, struct metric *m, struct error *e)
{
    char *end;
    long seconds = strtol(text, &end, 10);
    m->scorer_seconds = (int)seconds;
    return *end || seconds < 1 || seconds > METRIC_SECONDS_MAX
               ? error_set(e, "--scorer-seconds %s: 1 to %d are wanted", text, METRIC_SECONDS_MAX)
               : 0;
}

static int read_metric(const char *text, struct metric *m, struct error *e)
{
    m->kind = metric_of(text);
    return m->kind ? 0 : error_set(e, "--metric %s: accuracy, auc, fidelity or scorer is wanted", text);
}

static int read_option(int option, const char *name, const char *text, struct evaluate_options *o, struct error *e)
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
        return input_option(&o->session.transform, "scale", text, e);
    case MEAN:
        return input_option(&o->session.transform, "mean", text, e);
    case STD:
        return input_option(&o->session.transform, "std", text, e);
    case LAYOUT:
        return input_option(&o->session.transform, "layout", text, e);
    case METRIC:
        return read_metric(text, &o->session.metric, e);
    case SCORER:
        return read_scorer(text, &o->session.metric, e);
    case SCORER_SECONDS:
        return read_seconds(text, &o->session.metric, e);
    case QUANTIZE:
        return quantize_option(&o->session, name, text, e);
    case JSON:
        o->json = true;
        return 0;
    default:
        return error_set(e, "an option that does not exist, or one without its value");
    }
}

int evaluate_options_read(struct evaluate_options *o, int argc, char **argv, struct error *e)
{
    int option, index = 0;
    memset(o, 0, sizeof *o);
    o->session.quantize.clipping = CLIPPING_MSE;
    o->session.metric.kind = METRIC_ACCURACY;
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (option == HELP)
            return 1;
        if (read_option(option, options[index].name, optarg, o, e))
            return -1;
    }
    if (argc - optind != 1)
        return error_set(e, "one network is needed");
    o->network = argv[optind];
    if (o->session.metric.kind == METRIC_SCORER && !*o->session.metric.scorer)
        return error_set(e, "--metric scorer: --scorer PROGRAM is needed");
    if (!o->data || (!o->labels && metric_needs_labels(o->session.metric.kind)))
        return error_set(e, "--data and --labels are needed");
    o->setting = o->setting ? o->setting : "float32";
    return 0;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Accuracy of a network on labelled data: `pare-net evaluate FILE --data X.npy --labels Y.npy [--setting S | --candidate C]`.
#ifndef PARE_QUANT_TOOL_EVALUATE_H
#define PARE_QUANT_TOOL_EVALUATE_H

#include "base/candidate.h"
#include "quant/net/data.h"
#include "quant/net/net.h"
#include "quant/tool/session.h"

#include <stdint.h>

int evaluate_command(int argc, char **argv);

/* What the command line says; texts are argv's. */
struct evaluate_options {
    const char *network, *data, *labels;
    const char *setting;     // "float32" if neither is given
    const char *calibration; // needed for integers
    bool json;
    struct session_params session; // input transform, and how it is quantized
};

/* Reads argv[1..]. Returns 0; 1: help was asked for; or -1 with what is wrong. */
int evaluate_options_read(struct evaluate_options *o, int argc, char **argv, struct error *e);

struct evaluate_result {
    int64_t correct, total; // of a million but for accuracy
    double distance;        // METRIC_FIDELITY
};

/* Returns 0, or -1 with the reason. */
int evaluate_run(const struct evaluate_options *o, struct evaluate_result *r, struct error *e);

#endif

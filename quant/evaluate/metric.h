// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How good a network's outputs are: a share, 0 to 1 and higher is better, kept as two integers.
#ifndef PARE_QUANT_EVALUATE_METRIC_H
#define PARE_QUANT_EVALUATE_METRIC_H

#include "base/error.h"
#include "quant/net/data.h"
#include "quant/net/net.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define METRIC_OF 1000000 // what the shares of all metrics but accuracy are counted in
#define METRIC_SECONDS 60 // a scorer's time, if nobody says another
#define METRIC_SECONDS_MAX 3600

enum metric_kind {
    METRIC_NONE = 0,
    METRIC_ACCURACY, // the largest output is the label's
    METRIC_AUC,      // area under the ROC curve: labels are 0 and 1
    METRIC_FIDELITY, // 1 - squared distance to the float network's outputs / their power, no less than 0; needs no labels
    METRIC_SCORER,   // what a program says of the outputs; labels are its own affair
    METRIC_COUNT,
};

struct metric {
    enum metric_kind kind;
    char scorer[PATH_MAX]; // METRIC_SCORER: the program
    int scorer_seconds;    // and its time limit; 0: METRIC_SECONDS
};

/* "accuracy", "auc", "fidelity", "scorer"; and back: METRIC_NONE when there is no such name. */
const char *metric_name(enum metric_kind kind);
enum metric_kind metric_of(const char *name);

bool metric_needs_labels(enum metric_kind kind);

/* Labels are below this. */
int metric_classes(enum metric_kind kind, const struct net *n);

/* Can the network be judged so? An AUC takes what orders samples from 0 to 1 from one output, the second less the first of two, or the
 * squared distance of as many outputs as there are inputs from those (autoencoders). Returns 0, or -1 with the reason. */
int metric_check(const struct metric *m, const struct net *n, struct error *e);

/* Outputs of some samples, and what they are compared with; each kind of metric needs a part of it. */
struct metric_outputs {
    const struct net *net;
    const struct data *data;
    const int *samples; // [n] places in the data
    int n;
    const float *outputs;   // [n][elements of the output]
    const float *reference; // FIDELITY: the float network's, [data->n][elements]
    const int32_t *labels;  // ACCURACY, AUC: [data->n]
    const char *labels_path; // SCORER: handed on; may be NULL or empty
};

struct metric_value {
    int64_t good, of;
    double distance; // FIDELITY: the mean squared distance itself
};

/* Returns 0, or -1 with the reason: no samples, samples of one label only, a scorer that fails. */
int metric_score(const struct metric *m, const struct metric_outputs *o, struct metric_value *v, struct error *e);

/* Runs `program OUTPUTS.npy SAMPLES.npy [LABELS.npy]`: float32 outputs [n][h][w][c], and int32 places of these samples in the data.
 * It prints one number, 0 to 1, and ends with status 0 within the time; else it is killed. Returns 0, or -1 with the reason. */
int metric_run_scorer(const struct metric *m, const struct metric_outputs *o, double *share, struct error *e);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One network with its data and everything that was found out about quantizing it: what the worker keeps
// between requests.
#ifndef PARE_QUANT_TOOL_SESSION_H
#define PARE_QUANT_TOOL_SESSION_H

#include "quant/evaluate/evaluator.h"
#include "quant/evaluate/metric.h"
#include "quant/net/data.h"
#include "quant/net/net.h"
#include "quant/program/image_write.h"
#include "quant/program/lowered.h"
#include "quant/quantize/quantized.h"

#include <limits.h>

#define SESSION_RULES_MAX 64
#define SESSION_BOARD_SAMPLES_MAX 64 // the mailbox's limit

/* Layers whose name matches may have these options only. */
struct session_rule {
    char layer[256];  // POSIX extended regular expression
    uint32_t options; // bit i: options[i]
};

/* What the user decides. Paths are empty where there is none. */
struct session_params {
    char network[PATH_MAX];
    char folder[PATH_MAX]; // where quantized.bin is kept; empty: nowhere
    char calibration[PATH_MAX]; // empty: the network's own integers are all there is
    char validation[PATH_MAX], validation_labels[PATH_MAX]; // optional
    char test[PATH_MAX], test_labels[PATH_MAX];             // optional
    struct data_transform transform;
    struct quantize_params quantize; // options and how they are calibrated
    char tuned[PATH_MAX];            // what `pare-net tune` made; instead of quantizing
    int tune_steps;                  // of training candidates with slots of scheme `trained`; 0: they are not trained; see session_train_for
    bool equalize;                   // cross-layer equalization of the network, before anything else
    int n_rules;
    struct session_rule rules[SESSION_RULES_MAX];
    struct metric metric; // kind METRIC_NONE: accuracy
    int board_samples; // in each image, from the calibration data
    struct lowered_budget budget;
};

/* Samples with labels; all are 0 where there is no file and the metric needs none. `samples.n` is 0 where there are none. */
struct session_set {
    struct data samples;
    int32_t *labels;
    uint8_t labels_sha256[SHA256_BYTES];
    int n_labelled; // without those left out
    float *reference; // METRIC_FIDELITY: the float network's outputs, once they were needed
};

struct session {
    struct session_params params;
    uint8_t network_sha256[SHA256_BYTES];
    struct net net;
    struct data calibration;
    struct session_set validation, test;
    struct quantized quantized;
    uint32_t allowed[CANDIDATE_LAYERS_MAX]; // per slot: bit i: options[i]
    int float_correct;                      // on the validation set, once session_score_float was called; of a million but for accuracy
    // what was lowered last, so that lowering and scoring one candidate is done once
    bool has_lowered;
    struct candidate candidate;
    struct lowered lowered;
    // what was trained last, and for how long candidates are trained now
    int tune_steps;
    double loss; // of the training under way, while `progress` tells of it; else NAN
    bool kept;   // the same: the folder has a checkpoint of just this step
    bool has_tuned;
    struct candidate tuned_candidate;
    struct quantized tuned;
    quantize_progress *progress; // also of what comes after session_open
    void *progress_user;
    struct evaluator *evaluator;
};

/* Whose fault a failure is. */
enum session_fault {
    SESSION_OK = 0,
    SESSION_INVALID = -1,   // the user's files or settings: trying again does not help
    SESSION_FAILED = -2,    // this machine: disk, memory
    SESSION_INFEASIBLE = 1, // the candidate does not fit the board
};

/* Opens everything; what is in the folder already is not computed again. Anything but SESSION_OK comes with
 * the reason and leaves `s` closed. `progress` is called until the session is closed. */
enum session_fault session_open(struct session *s, const struct session_params *p,
                                quantize_progress *progress, void *user, struct error *e);
void session_close(struct session *s);

/* Scores the float network on the validation set, or finds in the folder what it scored: its bits may differ
 * elsewhere. */
enum session_fault session_score_float(struct session *s, struct error *e);

/* The different settings of `c` as the options of `q`. Returns 0, or -1 with the reason: more than there can
 * be. */
int session_options(const struct candidate *c, struct quantize_params *q, struct error *e);

/* The candidate of a text: one setting for each slot, or one for all; each an option, or float32 for all.
 * SESSION_OK or SESSION_INVALID. */
enum session_fault session_candidate(const struct session *s, const char *text, struct candidate *c,
                                     struct error *e);

/* From now on candidates with slots of scheme `trained` are trained for so many batches, 0: not at all. Each length has its own result;
 * session_open begins with the params'. */
void session_train_for(struct session *s, int steps);

/* Lowers it into s->lowered. With `check_budget` a candidate that exceeds the board is SESSION_INFEASIBLE. */
enum session_fault session_lower(struct session *s, const struct candidate *c, bool check_budget,
                                 struct error *e);

/* Writes the image of s->lowered. */
enum session_fault session_image(struct session *s, const char *path, struct image_written *w,
                                 struct error *e);

/* Scores a range of the labelled samples of `set` by the metric: correct and total are answers, or parts of METRIC_OF. Only accuracy has
 * ranges of every second sample or fewer. */
enum session_fault session_score(struct session *s, const struct candidate *c, struct session_set *set,
                                 const struct score_range *range, struct score *score, struct error *e);

#endif

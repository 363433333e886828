// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Trained quantization: weights, biases and scales of one candidate are moved so that the whole network, computed with them rounded,
// gives what the float network gives on the calibration samples. No labels are needed.
#ifndef PARE_QUANT_TUNE_TUNE_H
#define PARE_QUANT_TUNE_TUNE_H

#include "base/candidate.h"
#include "quant/net/data.h"
#include "quant/net/net.h"
#include "quant/quantize/quantized.h"

#define TUNE_STEPS_MAX 1000000
#define TUNE_BATCH_MAX 256

struct tune_params {
    int steps;               // batches
    int batch;               // samples of each; 0: 32
    double rate;             // learning rate, in steps of rounding for each step of training; 0: TUNE_RATE
    int calibration_samples; // the first so many; 0: all
    uint64_t seed;           // of the order of samples
    const char *checkpoint;  // file that is written every TUNE_CHECKPOINT_STEPS steps and gone on from; NULL: none
};

#define TUNE_BATCH 32
#define TUNE_RATE 0.005
#define TUNE_CHECKPOINT_STEPS 50

/* Called after each step, and its checkpoint if it has one, with the mean loss of the last ones; anything but 0 stops (the checkpoint is written). May be NULL. */
typedef int tune_progress(void *user, int step, int steps, double loss);

#define TUNE_STOPPED 1

/* Trains candidate `c` from where `q` (made for the same net, with c's settings among its options) has it. Slots of scheme trained are
 * trained, or all when none is, but for codes that have a table; codes, scales and biases of the others stay. `to` becomes what `q` is for c's settings alone, with the trained
 * weights and the scales of activations in place: an ordinary struct quantized, but for no other candidate. Returns 0, TUNE_STOPPED,
 * or -1 with the reason; `to` is then empty. Same bits on the same host, also when stopped and gone on with. */
int tune_candidate(const struct net *n, const struct quantized *q, const struct data *calibration, const struct candidate *c,
                   const struct tune_params *p, tune_progress *progress, void *user, struct quantized *to, struct error *e);

/* Samples of a batch: fewer than the params say where memory would not do. */
int tune_batch(const struct net *n, const struct tune_params *p);

/* The key of what tune_candidate makes: of q's key, the candidate and the params. */
void tune_key(const struct quantized *q, const struct candidate *c, const struct tune_params *p, uint8_t key[SHA256_BYTES]);

#endif

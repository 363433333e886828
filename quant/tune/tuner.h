// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What training changes and how: all parameters in one array, and where each layer and each activation has its own in it.
// Private to this folder.
#ifndef PARE_QUANT_TUNE_TUNER_H
#define PARE_QUANT_TUNE_TUNER_H

#include "quant/tune/fake.h"
#include "quant/tune/tape.h"
#include "quant/tune/tune.h"

/* A layer's weights, its scales and its biases, as places in the array. */
struct tuner_layer {
    bool trained;
    size_t weights, scales, bias;
    size_t n_weights, n_channels;
    struct levels levels;
    float *rounded; // [n_weights]: what the network is computed with
};

/* An activation. Pools and what they read have one scale. */
struct tuner_tensor {
    ptrdiff_t scale;  // its place, or -1: `fixed`
    float fixed;
    unsigned bits;
    int32_t zero_point;
    bool rounded;     // false: a maximum of values that are rounded already
    struct fake_range range;
};

struct tuner {
    const struct net *net;
    const struct quantized *q;
    const struct candidate *candidate;
    struct tape tape;
    struct tuner_layer *layers;   // [n_layers]
    struct tuner_tensor *tensors; // [n_tensors]
    size_t n;
    float *values, *slopes, *units;   // [n]; a unit is what the learning rate is meant in
    float *means, *squares;           // Adam's moments
    float *least;                     // below which a scale must not fall; 0 for others
};

/* Takes everything from `q`. Returns 0, or -1 with the reason; tuner_finish in both cases. */
int tuner_init(struct tuner *t, const struct net *n, const struct quantized *q, const struct candidate *c, int batch,
               struct error *e);
void tuner_finish(struct tuner *t);

/* Rounds the weights, computes values[output] of `samples` inputs that stand in raw[input]. */
void tuner_forward(struct tuner *t, int samples);

/* From slopes[output] of the tape to t->slopes. */
void tuner_backward(struct tuner *t, int samples);

/* One step of Adam (Kingma and Ba, arXiv:1412.6980), the `step`-th from 1 on. */
void tuner_adam(struct tuner *t, int step, double rate);

/* Puts what was learned into `to`, which has the candidate's weights as they were. */
void tuner_give(const struct tuner *t, struct quantized *to);

#endif

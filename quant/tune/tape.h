// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One batch through a network and back: values of all tensors are kept, slopes of a loss go from the output to every weight.
#ifndef PARE_QUANT_TUNE_TAPE_H
#define PARE_QUANT_TUNE_TAPE_H

#include "quant/net/net.h"

#include <stddef.h>

#define TAPE_BYTES_MAX ((size_t)4 << 30) // of all buffers

/* Between what an operation computed and what the next ones read stands a step that the user may define: clamps and rounding.
 * `forth` makes values[n] of raw[n]; `back` turns slopes at the values into slopes at the raw ones, in place. */
struct tape_step {
    void (*forth)(void *user, int tensor, const float *raw, float *values, size_t n);
    void (*back)(void *user, int tensor, const float *raw, float *slopes, size_t n);
    void *user;
};

struct tape {
    const struct net *net; // borrowed
    int batch;
    struct net_op *ops; // [n_ops] as in the net, but without clamps; weights and bias may be replaced (borrowed)
    float **raw, **values, **slopes;       // [n_tensors][batch][elements]
    float **weight_slopes, **bias_slopes;  // [n_layers]: sums over the batch, set by tape_backward
    // what follows is private to tape.c
    float *memory, *scratch;
};

/* Returns 0, or -1 with the reason (and nothing to finish). */
int tape_init(struct tape *t, const struct net *n, int batch, struct error *e);
void tape_finish(struct tape *t);

/* Bytes that one sample takes. */
size_t tape_sample_bytes(const struct net *n);

/* From raw[input] to values[output]. `step` NULL: the clamps of the net. */
void tape_forward(struct tape *t, int samples, const struct tape_step *step);

/* From slopes[output], set by the caller, to all weights and biases. Needs the last tape_forward's values. */
void tape_backward(struct tape *t, int samples, const struct tape_step *step);

/* The clamps of the net, as steps: `user` is the net's op, NULL for the input. */
void tape_clamp(const struct net_op *op, const float *raw, float *values, size_t n);
void tape_clamp_back(const struct net_op *op, const float *raw, float *slopes, size_t n);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The float network on the host, through OpenBLAS: the reference that every candidate is compared with, and what calibration
// looks at. Its bits depend on processor and thread count; what is derived from it is stored, never computed again.
#ifndef PARE_QUANT_NET_FLOAT_RUN_H
#define PARE_QUANT_NET_FLOAT_RUN_H

#include "base/error.h"
#include "quant/net/data.h"
#include "quant/net/net.h"

#include <stddef.h>
#include <stdint.h>

#define FLOAT_RUN_BYTES_MAX ((size_t)4 << 30) // of one run's buffers

/* Buffers for `batch` samples at a time. Tensors that are never alive together share memory. */
struct float_run {
    const struct net *net; // borrowed; must outlive the run
    int batch;
    float **tensors; // [net->n_tensors]: [batch][elements], valid from its op until its last reader
    // what follows is private to float_run.c
    float **buffers;
    int n_buffers;
    float *columns;
    size_t columns_size; // floats
};

/* Sees the tensor that was just computed (the input first): `samples` times net_elements floats. */
typedef void float_run_see(void *userdata, int tensor, const float *values, int samples);

/* `batch` 0 chooses a count for which the buffers stay small. Returns 0, or -1 with the reason (nothing is left to finish). */
int float_run_init(struct float_run *r, const struct net *n, int batch, struct error *e);
void float_run_finish(struct float_run *r);

/* Where the next batch's inputs go: [batch][elements of the input]. */
float *float_run_input(struct float_run *r);

/* Computes `samples` (1..batch) samples. `see` may be NULL. Returns the outputs, [samples][elements of the output], valid until the
 * next run. */
const float *float_run_go(struct float_run *r, int samples, float_run_see *see, void *userdata);

/* The index of the largest of n >= 1 values; of equals the first. */
int float_run_argmax(const float *values, int n);

/* Runs samples first .. first + n - 1 of `d` through the network. `see` as above; `done`, if not NULL, gets each sample's outputs.
 * Returns 0, or -1 with the reason. */
typedef void float_run_done(void *userdata, int sample, const float *outputs);
int float_run_data(const struct net *n, const struct data *d, int first, int count, float_run_see *see, float_run_done *done,
                   void *userdata, struct error *e);

/* Correct answers over all labelled samples (label -1: left out). Returns 0, or -1 with the reason. */
int float_run_score(const struct net *n, const struct data *d, const int32_t *labels, int *correct, int *total, struct error *e);

#endif

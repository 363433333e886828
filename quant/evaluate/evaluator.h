// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Runs a lowered program over many samples on the host: bit for bit what program_run computes, fast.
#ifndef PARE_QUANT_EVALUATE_EVALUATOR_H
#define PARE_QUANT_EVALUATE_EVALUATOR_H

#include "base/error.h"
#include "base/sha256.h"
#include "quant/kernels/program.h"
#include "quant/net/data.h"

#include <stdint.h>

#define EVALUATOR_THREADS_MAX 64

struct evaluator;
struct exact_loops;

/* Takes a checked program and its blobs; both must outlive it. The weights are decoded once, here. NULL with
 * the reason when memory is short. */
struct evaluator *evaluator_create(const struct program *p, const void *const *blobs, int threads,
                                   struct error *e);
void evaluator_destroy(struct evaluator *v);

/* The same with inner loops of one's own choice (exact.h), for tests. */
struct evaluator *evaluator_create_with(const struct program *p, const void *const *blobs, int threads,
                                        const struct exact_loops *loops, struct error *e);

/* One sample, in the program's own formats: program_input(p)->bytes in, program_output(p)->bytes out. */
void evaluator_run(struct evaluator *v, const void *input, void *output);

/* Samples first..first+n-1: outputs[n][program_output(p)->bytes]. Independent of the number of threads. */
int evaluator_outputs(struct evaluator *v, const struct data *d, int first, int n, uint8_t *outputs,
                      struct error *e);

/* The listed samples: outputs[n][program_output(p)->bytes]. */
int evaluator_outputs_of(struct evaluator *v, const struct data *d, const int *samples, int n, uint8_t *outputs, struct error *e);

/* Of the samples that have a label (labels[i] >= 0), in stored order, the `n` from the `first` on (n < 0: all the rest): their places
 * into samples[d->n]. Returns how many. */
int evaluator_labelled(const struct data *d, const int32_t *labels, int first, int n, int *samples);

struct score {
    int64_t correct, total; // answers; by another metric (metric.h) its good and of
    double distance;        // METRIC_FIDELITY
    uint8_t outputs_sha256[SHA256_BYTES]; // of the output tensors of these samples, one after another
};

/* Of the samples that have a label (labels[i] >= 0), in stored order, the `n` from the `first` on (n < 0: all
 * the rest). The answer is the largest output, the first one of several. Returns 0, or -1 with the reason. */
int evaluator_score(struct evaluator *v, const struct data *d, const int32_t *labels, int first, int n,
                    struct score *s, struct error *e);

/* Of those `n` from the `first` on, only number `offset` and every `every`-th after it (1 and 0: all). */
struct score_range {
    int first, n, every, offset;
};

int evaluator_score_range(struct evaluator *v, const struct data *d, const int32_t *labels, const struct score_range *range,
                          struct score *s, struct error *e);

#endif

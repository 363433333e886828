// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A real network as a search problem: the space that the worker would give the agent, and exact accuracy of any candidate.
#ifndef PARE_TESTS_BENCH_SUBJECT_H
#define PARE_TESTS_BENCH_SUBJECT_H

#include "agent/space.h"
#include "quant/net/data.h"
#include "quant/quantize/quantized.h"

struct subject_files {
    const char *network, *calibration, *samples, *labels;
    struct data_transform transform;
};

struct subject {
    struct net net;
    struct data calibration, samples;
    int32_t *labels;
    struct quantized quantized;
    struct space space; // without budgets
    int n_samples;      // the first so many labelled ones are looked at
};

struct subject_figures {
    int64_t correct, total, flash_bytes, ram_bytes;
};

/* Opens, calibrates and fills the space for `n_options` settings, all allowed in every slot. Returns 0, or -1 with the reason. */
int subject_open(struct subject *s, const struct subject_files *files, const struct setting *options, int n_options, int n_samples,
                 struct error *e);
void subject_close(struct subject *s);

/* Lowers the candidate and counts its right answers, in integers. */
int subject_measure(const struct subject *s, const struct candidate *c, struct subject_figures *f, struct error *e);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The way back through one operation. Private to this folder.
#ifndef PARE_QUANT_TUNE_TAPE_OPS_H
#define PARE_QUANT_TUNE_TAPE_OPS_H

#include "quant/net/net.h"

#include <stddef.h>

struct tape_op {
    const struct net *net;
    const struct net_op *op;
    int samples;
    const float *in[NET_INPUTS_MAX], *out_slopes; // [samples][elements]; NULL where there is no such input
    float *in_slopes[NET_INPUTS_MAX];     // added to; NULL: not wanted
    float *weight_slopes, *bias_slopes;   // added to
    float *scratch;                       // tape_ops_scratch floats
};

/* Is there a way back through operations of this kind? */
bool tape_ops_has(enum net_kind kind);

size_t tape_ops_scratch(const struct net *n, const struct net_op *op);
void tape_ops_back(const struct tape_op *t);

#endif

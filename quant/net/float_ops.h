// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One operation of the float network on a batch of samples.
#ifndef PARE_QUANT_NET_FLOAT_OPS_H
#define PARE_QUANT_NET_FLOAT_OPS_H

#include "quant/net/net.h"

/* Floats of scratch that `op` needs; depends on the op alone. */
size_t float_ops_scratch(const struct net *n, const struct net_op *op);

/* in and out: [samples][elements], NHWC; as many inputs as the kind has. `scratch` has float_ops_scratch floats. */
void float_ops_run(const struct net *n, const struct net_op *op, const float *const in[NET_INPUTS_MAX], float *out, int samples, float *scratch);

#endif

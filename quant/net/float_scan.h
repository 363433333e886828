// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The selective scan of the float network.
#ifndef PARE_QUANT_NET_FLOAT_SCAN_H
#define PARE_QUANT_NET_FLOAT_SCAN_H

#include "quant/net/net.h"

/* Floats of scratch. */
size_t float_scan_scratch(const struct net *n, const struct net_op *op);

/* in: u, delta, B, C; out: [samples][elements]. `most`, if not NULL, has a number for each channel that is raised to the largest
 * |state| of that channel. Sums are kept in double, states in float. */
void float_scan_run(const struct net *n, const struct net_op *op, const float *const in[NET_INPUTS_MAX], float *out, int samples,
                    float *most, float *scratch);

#endif

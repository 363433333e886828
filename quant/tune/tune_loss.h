// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How far outputs are from the float network's. Private to this folder.
#ifndef PARE_QUANT_TUNE_TUNE_LOSS_H
#define PARE_QUANT_TUNE_TUNE_LOSS_H

#include "quant/net/net.h"

#define TUNE_LOSS_TEMPERATURE 2.0 // of both softmaxes (Hinton et al., arXiv:1503.02531)

/* Mean over the samples: of networks that classify (one pixel, at least two channels) the cross entropy of their softmaxes less the
 * least it can be, of others the squared distance over `power`. Writes the slopes by `got`. */
double tune_loss(const struct net_tensor *out, int samples, const float *got, const float *wanted, double power, float *slopes);

#endif

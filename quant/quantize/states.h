// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How large the states of scans become on the calibration samples. Private to this folder.
#ifndef PARE_QUANT_QUANTIZE_STATES_H
#define PARE_QUANT_QUANTIZE_STATES_H

#include "quant/quantize/quantized.h"

/* Sets `states` of the weights of every scan, from the first `samples` of `d` (0: all). A pass over them, if there is a scan.
 * Returns 0, or -1 with the reason. */
int states_run(const struct net *n, const struct data *d, int samples, struct quantized *q, struct error *e);

#endif

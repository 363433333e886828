// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How much each option disturbs each slot by itself. Private to this folder.
#ifndef PARE_QUANT_QUANTIZE_SENSITIVITY_H
#define PARE_QUANT_QUANTIZE_SENSITIVITY_H

#include "quant/quantize/quantized.h"

#define SENSITIVITY_SAMPLES 32

/* Fills q->sensitivity; scales, weights and biases in `q` must be there. Each layer gets the float network's
 * input; its output with quantized weights and bias, then rounded to the option's activation width, is
 * compared with the float output. The additions and average pools that follow count with the rounding of
 * their outputs. Returns 0, or -1 with the reason. */
int sensitivity_run(const struct net *n, const struct data *d, int samples, quantize_progress *progress,
                    void *user, struct quantized *q, struct error *e);

#endif

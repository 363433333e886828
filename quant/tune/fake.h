// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Rounding within float arithmetic, with slopes for what is rounded and for the scale: "learned step size quantization" (Esser et
// al., arXiv:1902.08153). Rounding is taken as adding a constant, so for y = s round(x / s) the slope by x is 1 and the slope by s is
// round(x / s) - x / s; where x was clipped to a number q they are 0 and q.
#ifndef PARE_QUANT_TUNE_FAKE_H
#define PARE_QUANT_TUNE_FAKE_H

#include "quant/quantize/levels.h"

#include <stddef.h>

/* An activation: y = s clamp(round(x / s), least, most), numbers without their zero point. */
struct fake_range {
    float least, most;         // of the width
    float act_min, act_max;    // the operation's own clamp, as real values
};

void fake_activation(const struct fake_range *r, float s, const float *x, float *y, size_t n);

/* Slopes by y become slopes by x, in place. Returns the slope by s: 0 from what the operation's own clamp cut. */
double fake_activation_back(const struct fake_range *r, float s, const float *x, float *slopes, size_t n);

/* A row of weights: y = s nearest(w / s). */
void fake_weights(const struct levels *l, float s, const float *w, float *y, size_t n);
double fake_weights_back(const struct levels *l, float s, const float *w, float *slopes, size_t n);

#endif

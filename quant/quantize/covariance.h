// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How the inputs of a layer's weights vary together: what one weight's rounding does wrong, the next ones can
// make good. Private to this folder.
#ifndef PARE_QUANT_QUANTIZE_COVARIANCE_H
#define PARE_QUANT_QUANTIZE_COVARIANCE_H

#include "quant/quantize/quantized.h"

#define COVARIANCE_LENGTH_MAX                                                                                \
    1536 // inputs of one output: the matrix is their square. Longer rows are rounded one by one
#define COVARIANCE_SAMPLES 512
#define COVARIANCE_PIXELS 24 // outputs of a sample that are looked at

/* Of one layer. With C the covariance of the inputs of a row in the order given, plus 1 % of its mean
 * diagonal on the diagonal, C = R' R, R upper triangular. */
struct covariance {
    int n, groups;
    double *factor; // R: [groups][n][n], or NULL: longer than COVARIANCE_LENGTH_MAX
    int *order;     // [groups][n]: which weight of the row stands where; the inputs that vary most come last
};

/* Fills c[n->n_layers] from the float network on the calibration samples. Returns 0, or -1 with the reason;
 * covariance_finish in both cases. */
int covariance_run(const struct net *n, const struct data *d, int samples, quantize_progress *progress,
                   void *user, struct covariance *c, struct error *e);
void covariance_finish(struct covariance *c, int n_layers);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the float network's activations look like on the calibration samples. Private to this folder.
#ifndef PARE_QUANT_QUANTIZE_CALIBRATION_H
#define PARE_QUANT_QUANTIZE_CALIBRATION_H

#include "quant/quantize/quantized.h"

#define CALIBRATION_BINS 2048

/* One tensor. `mean` and `square` (of x and x^2) are kept for tensors that a layer reads: one per channel, or
 * one per element where a dense layer reads it. */
struct calibrated {
    float low, high;
    uint32_t *bins; // [CALIBRATION_BINS], equal parts of low..high
    double *shares; // the same, each value over its pixel's mean square, where an RMSNorm divides by that; else NULL
    double *mean, *square;
    size_t n_means;
};

struct calibration {
    int n_tensors;
    struct calibrated *tensors;
    float lattice; // what all values of the input are whole multiples of (stored integers), or 0
};

/* Two passes over the first `samples` of `d` (0: all): ranges and means, then histograms. Returns 0, or -1
 * with the reason. */
int calibration_run(const struct net *n, const struct data *d, int samples, quantize_progress *progress,
                    void *user, struct calibration *c, struct error *e);
void calibration_finish(struct calibration *c);

/* What the weights of one output channel meet on average, in their order: mean and mean square of the input
 * at each weight of a row, with padding as zeros (0 and 1 where weights are not multiplied with inputs and
 * summed). Rows have net_weight_count / out.c entries; of a grouped
 * convolution, the row of `channel`. */
void calibration_row(const struct calibration *c, const struct net *n, const struct net_op *op, int channel,
                     double *mean, double *square);

/* The scale of an activation at a width. CLIPPING_MSE shrinks the range from both ends, coordinate by
 * coordinate, to the least squared error over the histogram, of shares where there are any. CLIPPING_ACIQ: half the range is the one with the least
 * expected squared error for a normal or a Laplace distribution with the tensor's moments, whichever is nearer by its mean
 * deviation; with a tensor without negative values (a ReLU's) it is the upper half of such a distribution (Banner et al.,
 * "Post-training 4-bit quantization of convolution networks for rapid deployment", arXiv:1810.05723, section 3 and appendix).
 * Zero is always one of the values: padding needs it. */
struct quantized_scale calibration_scale(const struct calibrated *t, unsigned bits, enum clipping clipping);

/* The scale of the network's input, whose range is never clipped. Values that are whole multiples of a
 * lattice (stored integers) keep it, and are then exact. */
struct quantized_scale calibration_input_scale(const struct calibration *c, const struct calibrated *t,
                                               unsigned bits);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From what was seen of an activation to its scale and zero point.
#include "quant/quantize/calibration.h"

#include <math.h>

#define TO_NEAREST 6755399441055744.0 // 1.5 * 2^52: adding and taking it away rounds to an integer
#define CLIP_STEPS 64                 // of a range's end, between zero and what was seen
#define CLIP_ROUNDS 3                 // over both ends: the second one depends on the first

static const struct quantized_scale ALL_ZERO = {1.0f, 0};

/* Asymmetric, zero included: scale = (high - low) / (2^bits - 1), zero point rounded. */
static struct quantized_scale scale_of(double low, double high, unsigned bits)
{
    low = fmin(low, 0), high = fmax(high, 0);
    if (!(high > low))
        return ALL_ZERO;
    int least = -(1 << (bits - 1)), most = (1 << (bits - 1)) - 1;
    double scale = (high - low) / (double)(most - least);
    double zero = rint(least - low / scale);
    return (struct quantized_scale){(float)scale, (int32_t)fmin(fmax(zero, least), most)};
}

static struct quantized_scale scale_of_16(double low, double high)
{
    double most = fmax(fabs(low), fabs(high));
    return most > 0 ? (struct quantized_scale){(float)(most / 32767), 0} : ALL_ZERO;
}

/* Sum of squared errors over the histogram, each bin as its middle. */
static double error_of(const struct calibrated *t, struct quantized_scale s, unsigned bits)
{
    double width = ((double)t->high - (double)t->low) / CALIBRATION_BINS, sum = 0;
    double step = (double)s.scale, per_step = 1 / step;
    double least = (-(1 << (bits - 1)) - s.zero_point), most = ((1 << (bits - 1)) - 1 - s.zero_point);
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        if (!t->bins[i])
            continue;
        double x = (double)t->low + (i + 0.5) * width, q = (x * per_step + TO_NEAREST) - TO_NEAREST;
        q = q < least ? least : q > most ? most : q;
        double error = x - q * step;
        sum += error * error * t->bins[i];
    }
    return sum;
}

/* Tries all shares of one end; the other stays. */
static void clip_end(const struct calibrated *t, unsigned bits, double *end, double whole, const double *low,
                     const double *high, double *least_error)
{
    double best = *end;
    for (int i = 1; i <= CLIP_STEPS; i++) {
        *end = whole * i / CLIP_STEPS;
        double error = error_of(t, scale_of(*low, *high, bits), bits);
        if (error < *least_error) {
            *least_error = error;
            best = *end;
        }
    }
    *end = best;
}

struct quantized_scale calibration_scale(const struct calibrated *t, unsigned bits, enum clipping clipping)
{
    double low = fmin((double)t->low, 0), high = fmax((double)t->high, 0);
    if (bits == 16)
        return scale_of_16(low, high);
    if (clipping != CLIPPING_MSE || !(t->high > t->low))
        return scale_of(low, high, bits);
    double whole_low = low, whole_high = high, error = error_of(t, scale_of(low, high, bits), bits);
    for (int round = 0; round < CLIP_ROUNDS; round++) {
        if (whole_high > 0)
            clip_end(t, bits, &high, whole_high, &low, &high, &error);
        if (whole_low < 0)
            clip_end(t, bits, &low, whole_low, &low, &high, &error);
    }
    return scale_of(low, high, bits);
}

struct quantized_scale calibration_input_scale(const struct calibration *c, const struct calibrated *t,
                                               unsigned bits)
{
    double step = (double)c->lattice;
    if (bits != 8 || step <= 0)
        return scale_of((double)t->low, (double)t->high, bits);
    double first = rint((double)t->low / step), last = rint((double)t->high / step);
    static const int zeros[] = {
        0, -128}; // of int8 and uint8 data: the whole type then fits, whatever was seen of it
    for (int i = 0; i < 2; i++)
        if (first + zeros[i] >= -128 && last + zeros[i] <= 127)
            return (struct quantized_scale){c->lattice, zeros[i]};
    double zero = rint(-128 - first);
    if (last - first > 255 || zero < -128 || zero > 127)
        return scale_of((double)t->low, (double)t->high, bits);
    return (struct quantized_scale){c->lattice, (int32_t)zero};
}

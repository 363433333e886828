// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From what was seen of an activation to its scale and zero point.
#include "quant/quantize/calibration.h"

#include <math.h>
#include <stdbool.h>

#define TO_NEAREST 6755399441055744.0 // 1.5 * 2^52: adding and taking it away rounds to an integer
#define CLIP_STEPS 64                 // of a range's end, between zero and what was seen
#define CLIP_ROUNDS 3                 // over both ends: the second one depends on the first
#define PERCENTILE_REST 0.0001        // of all values, at each end
#define ACIQ_REACH 16.0               // deviations: beyond what 9 bits want
#define ACIQ_STEPS 1600

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

/* How much an error of the values in a bin counts. */
static double weight_of(const struct calibrated *t, int bin)
{
    return t->shares ? t->shares[bin] : (double)t->bins[bin];
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
        sum += error * error * weight_of(t, i);
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

/* Shrinks both ends to the least error over the histogram. */
static void clip_by_error(const struct calibrated *t, unsigned bits, double *low, double *high)
{
    double whole_low = *low, whole_high = *high, error = error_of(t, scale_of(*low, *high, bits), bits);
    for (int round = 0; round < CLIP_ROUNDS; round++) {
        if (whole_high > 0)
            clip_end(t, bits, high, whole_high, low, high, &error);
        if (whole_low < 0)
            clip_end(t, bits, low, whole_low, low, high, &error);
    }
}

static double middle_of(const struct calibrated *t, int bin)
{
    return (double)t->low + (bin + 0.5) * ((double)t->high - (double)t->low) / CALIBRATION_BINS;
}

/* Leaves out PERCENTILE_REST of all values at each end. */
static void clip_by_percentile(const struct calibrated *t, double *low, double *high)
{
    double total = 0, below = 0, above = 0, width = ((double)t->high - (double)t->low) / CALIBRATION_BINS;
    int first = 0, last = CALIBRATION_BINS - 1;
    for (int i = 0; i < CALIBRATION_BINS; i++)
        total += t->bins[i];
    while (first < last && (below += t->bins[first]) <= PERCENTILE_REST * total)
        first++;
    while (last > first && (above += t->bins[last]) <= PERCENTILE_REST * total)
        last--;
    *low = fmin((double)t->low + first * width, 0);
    *high = fmax((double)t->low + (last + 1) * width, 0);
}

/* Expected squared errors of a clipped, rounded value: what the clipping takes and what the steps take. */
static double laplace_error(double clip, double deviation, unsigned bits)
{
    return 2 * deviation * deviation * exp(-clip / deviation) + clip * clip / (3 * pow(4, bits));
}

static double normal_error(double clip, double sigma, unsigned bits)
{
    double x = clip / sigma;
    return sigma * sigma * ((x * x + 1) * erfc(x / M_SQRT2) - x * sqrt(2 / M_PI) * exp(-x * x / 2)) +
           clip * clip / (3 * pow(4, bits));
}

static double least_clip(double (*error)(double, double, unsigned), double size, unsigned bits)
{
    double best = size, least = INFINITY;
    for (int i = 1; i <= ACIQ_STEPS; i++) {
        double clip = size * i * ACIQ_REACH / ACIQ_STEPS, e = error(clip, size, bits);
        if (e < least)
            least = e, best = clip;
    }
    return best;
}

/* A ReLU's zeros say nothing of how its positive values are spread; mirrored, they are a distribution about zero with
 * twice the steps. */
static void clip_by_rule(const struct calibrated *t, unsigned bits, double *low, double *high)
{
    bool positive = *low >= 0;
    double count = 0, mean = 0, absolute = 0, square = 0;
    for (int i = positive ? 1 : 0; i < CALIBRATION_BINS; i++)
        count += t->bins[i], mean += t->bins[i] * middle_of(t, i);
    if (count <= 0)
        return;
    mean = positive ? 0 : mean / count;
    for (int i = positive ? 1 : 0; i < CALIBRATION_BINS; i++) {
        double x = middle_of(t, i) - mean;
        absolute += t->bins[i] * fabs(x) / count, square += t->bins[i] * x * x / count;
    }
    double ratio = absolute / sqrt(square); // sqrt(2/pi) = 0.798 of a normal, sqrt(1/2) = 0.707 of a Laplace distribution
    bool normal = ratio > (sqrt(2 / M_PI) + M_SQRT1_2) / 2;
    double clip = normal ? least_clip(normal_error, sqrt(square), bits + positive)
                         : least_clip(laplace_error, absolute, bits + positive);
    *low = fmax(*low, mean - clip), *high = fmin(*high, mean + clip);
}

struct quantized_scale calibration_scale(const struct calibrated *t, unsigned bits, enum clipping clipping)
{
    double low = fmin((double)t->low, 0), high = fmax((double)t->high, 0);
    if (bits == 16)
        return scale_of_16(low, high);
    bool spread = t->high > t->low;
    if (spread && clipping == CLIPPING_MSE)
        clip_by_error(t, bits, &low, &high);
    else if (spread && clipping == CLIPPING_PERCENTILE)
        clip_by_percentile(t, &low, &high);
    else if (spread && clipping == CLIPPING_ACIQ)
        clip_by_rule(t, bits, &low, &high);
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

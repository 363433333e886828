// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tune/tune_loss.h"

#include <math.h>

/* log(sum(exp(x / T))) */
static double log_sum(const float *x, int n)
{
    double most = (double)x[0], sum = 0;
    for (int i = 1; i < n; i++)
        most = fmax(most, (double)x[i]);
    for (int i = 0; i < n; i++)
        sum += exp(((double)x[i] - most) / TUNE_LOSS_TEMPERATURE);
    return most / TUNE_LOSS_TEMPERATURE + log(sum);
}

/* sum p log(p / q); its slope by an output of q is (q - p) / T, and is multiplied by T^2 with the loss. */
static double divergence(int n, const float *got, const float *wanted, double share, float *slopes)
{
    double got_sum = log_sum(got, n), wanted_sum = log_sum(wanted, n), sum = 0;
    const double t = TUNE_LOSS_TEMPERATURE;
    for (int i = 0; i < n; i++) {
        double log_q = (double)got[i] / t - got_sum, log_p = (double)wanted[i] / t - wanted_sum;
        sum += exp(log_p) * (log_p - log_q);
        slopes[i] = (float)(share * t * (exp(log_q) - exp(log_p)));
    }
    return sum * t * t;
}

double tune_loss(const struct net_tensor *out, int samples, const float *got, const float *wanted, double power, float *slopes)
{
    int n = (int)net_elements(out);
    double sum = 0;
    if (out->h == 1 && out->w == 1 && out->c > 1) {
        for (int s = 0; s < samples; s++)
            sum += divergence(n, got + (size_t)s * (size_t)n, wanted + (size_t)s * (size_t)n, 1.0 / samples,
                              slopes + (size_t)s * (size_t)n);
        return sum / samples;
    }
    for (int i = 0; i < samples * n; i++) {
        double d = (double)got[i] - (double)wanted[i];
        sum += d * d;
        slopes[i] = (float)(2 * d / power / samples);
    }
    return sum / power / samples;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Uniform, symmetric, per output channel. The scale is searched between a fifth of what the largest weight
// asks for and all of it (few bits want the tails cut off), then fitted to the codes found: for given codes q
// the best scale is sum(w q) / sum(q^2), for a given scale the best codes are the nearest; the two steps
// alternate (Lloyd, "Least squares quantization in PCM").
//
// Where the covariance C = R' R of the inputs is known, codes are not the nearest ones but chosen one after
// the other, each to make good what those before it did to the output: with errors d = w - scale q, the
// output's error is |R d|^2, a sum of one square for each row of R, and from the last row up each square is
// made least by its own weight (Babai's nearest plane; Frantar et al., "GPTQ", arXiv:2210.17323, comes to the
// same codes). The scale is then searched again around the first one.
#include "quant/quantize/quantizer.h"

#include <math.h>
#include <stdlib.h>

#define TO_NEAREST 6755399441055744.0 // 1.5 * 2^52: adding and taking it away rounds to an integer
#define SCALE_STEPS 81                // 0.20, 0.21 .. 1.00 of the largest weight's
#define FIT_ROUNDS 4
#define TOGETHER_STEPS 8 // of 4 %, to both sides
#define TOGETHER_BITS 7  // from here on the first scale is as good

static int code_limit(unsigned w_bits)
{
    return 1 << (w_bits - 1);
}

static double nearest(double weight, double scale, unsigned w_bits)
{
    double limit = code_limit(w_bits), q = (weight / scale + TO_NEAREST) - TO_NEAREST;
    return q < -limit ? -limit : q > limit - 1 ? limit - 1 : q;
}

static double error_of(const struct quantizer_row *r, double scale)
{
    double sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        double error = (double)r->weights[i] - scale * nearest((double)r->weights[i], scale, r->w_bits);
        sum += r->importance[i] * error * error;
    }
    return sum;
}

static double fitted(const struct quantizer_row *r, double scale)
{
    double product = 0, square = 0;
    for (size_t i = 0; i < r->n; i++) {
        double q = nearest((double)r->weights[i], scale, r->w_bits);
        product += r->importance[i] * (double)r->weights[i] * q;
        square += r->importance[i] * q * q;
    }
    return square > 0 && product > 0 ? product / square : scale;
}

static double best_scale(const struct quantizer_row *r, double largest)
{
    double top = largest / (code_limit(r->w_bits) - 1), best = top, least = INFINITY;
    for (int i = 0; i < SCALE_STEPS; i++) {
        double scale = top * (1.0 - 0.01 * i), error = error_of(r, scale);
        if (error < least)
            least = error, best = scale;
    }
    for (int i = 0; i < FIT_ROUNDS; i++) {
        double scale = fitted(r, best), error = error_of(r, scale);
        if (!(error < least))
            break;
        least = error, best = scale;
    }
    return best;
}

/* Chooses q (as numbers) for a scale. `d` has room for n. Returns the output's squared error. */
static double round_together(const struct quantizer_row *r, double scale, double *d, uint16_t *codes)
{
    double sum = 0;
    for (size_t p = r->n; p-- > 0;) {
        const double *row = r->factor + p * r->n;
        double pushed = 0;
        for (size_t k = p + 1; k < r->n; k++)
            pushed += row[k] * d[k];
        double weight = (double)r->weights[r->order[p]], wanted = weight + pushed / row[p];
        double q = nearest(wanted, scale, r->w_bits);
        d[p] = weight - scale * q;
        sum += row[p] * row[p] * (wanted - scale * q) * (wanted - scale * q);
        codes[r->order[p]] = (uint16_t)((int)q + code_limit(r->w_bits));
    }
    return sum;
}

/* The best of some scales around the first one, with its codes. */
static float quantize_together(const struct quantizer_row *r, float scale, double *d, uint16_t *codes)
{
    double best = (double)scale, least = round_together(r, best, d, codes);
    for (int i = -TOGETHER_STEPS; i <= TOGETHER_STEPS && r->w_bits < TOGETHER_BITS; i++) {
        double tried = (double)scale * (1 + 0.04 * i), error = round_together(r, tried, d, codes);
        if (error < least && tried > (double)r->least_scale)
            least = error, best = tried;
    }
    round_together(r, (double)(float)best, d, codes);
    return (float)best;
}

static float quantize_uniform(const struct quantizer_row *r, const int16_t *table, uint16_t *codes)
{
    (void)table;
    double largest = 0;
    for (size_t i = 0; i < r->n; i++)
        largest = fmax(largest, fabs((double)r->weights[i]));
    float scale = largest > 0 ? (float)best_scale(r, largest) : 0;
    if (!(scale > r->least_scale))
        scale = r->least_scale;
    double *d = r->factor && largest > 0 ? malloc(r->n * sizeof *d) : NULL;
    if (d) {
        scale = quantize_together(r, scale, d, codes);
        free(d);
        return scale;
    }
    for (size_t i = 0; i < r->n; i++) {
        int q = (int)nearest((double)r->weights[i], (double)scale, r->w_bits);
        codes[i] = (uint16_t)(q + code_limit(r->w_bits));
    }
    return scale;
}

const struct quantizer *quantizer_of(unsigned w_bits, unsigned scheme)
{
    static const struct quantizer quantizers[SCHEME_COUNT] = {
        [SCHEME_UNIFORM] = {2, 16, NULL, quantize_uniform},
    };
    if (scheme >= SCHEME_COUNT || !quantizers[scheme].quantize)
        return NULL;
    const struct quantizer *q = &quantizers[scheme];
    return w_bits >= q->least_bits && w_bits <= q->most_bits ? q : NULL;
}

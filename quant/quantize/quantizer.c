// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Scales are symmetric, one for each output channel (or one for all). The scale is searched between a fifth of what the largest
// weight asks for and all of it (few bits want the tails cut off), then fitted to the codes found: for given codes q
// the best scale is sum(w q) / sum(q^2), for a given scale the best codes are the nearest; the two steps
// alternate (Lloyd, "Least squares quantization in PCM").
//
// Where the covariance C = R' R of the inputs is known, codes are not the nearest ones but chosen one after
// the other, each to make good what those before it did to the output: with errors d = w - scale q, the
// output's error is |R d|^2, a sum of one square for each row of R, and from the last row up each square is
// made least by its own weight (Babai's nearest plane; Frantar et al., "GPTQ", arXiv:2210.17323, comes to the
// same codes). The scale is then searched again around the first one.
//
// Schemes differ only in the numbers that codes stand for (levels.h).
#include "quant/quantize/quantizer.h"

#include "quant/quantize/codebook.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCALE_STEPS 81  // 0.20, 0.21 .. 1.00 of the largest weight's
#define TABLE_STEPS 141 // .. 1.60: the largest numbers of a table may be meant for other rows
#define FIT_ROUNDS 4
#define TOGETHER_STEPS 8 // of 4 %, to both sides
#define TOGETHER_BITS 7  // from here on the first scale is as good

/* Rows that share a scale. */
struct group {
    const struct quantizer_row *rows;
    uint32_t n;
    const struct levels *levels;
};

static double error_of(const struct group *g, double scale)
{
    double sum = 0;
    for (const struct quantizer_row *r = g->rows; r < g->rows + g->n; r++)
        for (size_t i = 0; i < r->n; i++) {
            double weight = (double)r->weights[i],
                   error = weight - scale * levels_nearest(g->levels, weight / scale);
            sum += r->importance[i] * error * error;
        }
    return sum;
}

static double fitted(const struct group *g, double scale)
{
    double product = 0, square = 0;
    for (const struct quantizer_row *r = g->rows; r < g->rows + g->n; r++)
        for (size_t i = 0; i < r->n; i++) {
            double q = levels_nearest(g->levels, (double)r->weights[i] / scale);
            product += r->importance[i] * (double)r->weights[i] * q;
            square += r->importance[i] * q * q;
        }
    return square > 0 && product > 0 ? product / square : scale;
}

static double best_scale(const struct group *g, double largest)
{
    double reach = fmin(g->levels->most, -g->levels->least);
    if (!(reach > 0)) // a table fitted to weights of one sign
        reach = fmax(g->levels->most, -g->levels->least);
    double top = largest / reach, best = top, least = INFINITY;
    int steps = g->levels->n ? TABLE_STEPS : SCALE_STEPS;
    for (int i = 0; i < steps; i++) {
        double scale = top * ((g->levels->n ? 1.6 : 1.0) - 0.01 * i), error = error_of(g, scale);
        if (error < least)
            least = error, best = scale;
    }
    for (int i = 0; i < FIT_ROUNDS; i++) {
        double scale = fitted(g, best), error = error_of(g, scale);
        if (!(error < least))
            break;
        least = error, best = scale;
    }
    return best;
}

static double largest_of(const struct group *g)
{
    double largest = 0;
    for (const struct quantizer_row *r = g->rows; r < g->rows + g->n; r++)
        for (size_t i = 0; i < r->n; i++)
            largest = fmax(largest, fabs((double)r->weights[i]));
    return largest;
}

static float least_scale(const struct group *g)
{
    float least = 0;
    for (uint32_t i = 0; i < g->n; i++)
        least = fmaxf(least, g->rows[i].least_scale);
    return least;
}

double quantizer_scale(const struct quantizer_row *rows, uint32_t n_rows, const struct levels *levels)
{
    struct group g = {rows, n_rows, levels};
    double largest = largest_of(&g), least = (double)least_scale(&g);
    return fmax(largest > 0 ? best_scale(&g, largest) : 0, least);
}

/* Chooses codes for a scale. `d` has room for n. Returns the output's squared error. */
static double round_together(const struct quantizer_row *r, const struct levels *l, double scale, double *d,
                             uint16_t *codes)
{
    double sum = 0;
    for (size_t p = r->n; p-- > 0;) {
        const double *row = r->factor + p * r->n;
        double pushed = 0;
        for (size_t k = p + 1; k < r->n; k++)
            pushed += row[k] * d[k];
        double weight = (double)r->weights[r->order[p]], wanted = weight + pushed / row[p];
        double q = levels_nearest(l, wanted / scale);
        d[p] = weight - scale * q;
        sum += row[p] * row[p] * (wanted - scale * q) * (wanted - scale * q);
        codes[r->order[p]] = levels_code(l, q);
    }
    return sum;
}

static double round_alone(const struct quantizer_row *r, const struct levels *l, double scale, uint16_t *codes)
{
    double sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        double weight = (double)r->weights[i], q = levels_nearest(l, weight / scale);
        codes[i] = levels_code(l, q);
        sum += r->importance[i] * (weight - scale * q) * (weight - scale * q);
    }
    return sum;
}

static double round_group(const struct group *g, double scale, double *d, uint16_t *codes)
{
    double sum = 0;
    for (const struct quantizer_row *r = g->rows; r < g->rows + g->n; r++, codes += r->n)
        sum += r->factor ? round_together(r, g->levels, scale, d, codes) : round_alone(r, g->levels, scale, codes);
    return sum;
}

float quantizer_round(const struct quantizer_row *rows, uint32_t n_rows, const struct levels *levels, double *room,
                      uint16_t *codes, double *error)
{
    struct group g = {rows, n_rows, levels};
    float first = (float)quantizer_scale(rows, n_rows, levels), lowest = least_scale(&g);
    double best = (double)first, least;
    bool again = rows->factor && levels->w_bits < TOGETHER_BITS && largest_of(&g) > 0;
    least = again ? round_group(&g, best, room, codes) : 0;
    for (int i = -TOGETHER_STEPS; i <= TOGETHER_STEPS && again; i++) {
        double tried = (double)first * (1 + 0.04 * i), sum = round_group(&g, tried, room, codes);
        if (sum < least && tried > (double)lowest)
            least = sum, best = tried;
    }
    *error = round_group(&g, (double)(float)best, room, codes);
    return (float)best;
}

static const struct {
    unsigned least_bits, most_bits;
    int tables; // that are tried
} schemes[SCHEME_COUNT] = {
    [SCHEME_UNIFORM] = {2, 16, 0},
    [SCHEME_LOG] = {3, 5, CODEBOOK_LOG_TABLES},
    [SCHEME_TRAINED] = {2, 8, 0}, // where training begins
    [SCHEME_CODEBOOK] = {2, LEVELS_TABLE_BITS, 1},
    [SCHEME_GIVEN] = {2, 16, 0}, // for layers that have none, which no candidate can ask for
};

bool quantizer_exists(unsigned w_bits, unsigned scheme)
{
    return scheme < SCHEME_COUNT && schemes[scheme].least_bits && w_bits >= schemes[scheme].least_bits &&
           w_bits <= schemes[scheme].most_bits;
}

bool quantizer_has_table(unsigned w_bits, unsigned scheme)
{
    return quantizer_exists(w_bits, scheme) && schemes[scheme].tables > 0;
}

/* What one choice of levels comes to. */
static double run_levels(const struct quantizer_layer *l, const struct levels *levels, double *room, float *scales,
                         uint16_t *codes)
{
    double sum = 0, error;
    uint32_t together = l->per_tensor ? l->n_rows : 1;
    for (uint32_t i = 0; i < l->n_rows; i += together) {
        scales[i] = quantizer_round(l->rows + i, together, levels, room, codes + i * l->rows->n, &error);
        for (uint32_t k = 1; k < together; k++)
            scales[i + k] = scales[i];
        sum += error;
    }
    return sum;
}

static int make_table(const struct quantizer_layer *l, int which, int16_t *table)
{
    if (l->scheme == SCHEME_CODEBOOK)
        return codebook_fit(l->rows, l->n_rows, l->w_bits, table);
    codebook_log(l->w_bits, which + 1, table);
    return 0;
}

/* Of the tables that there are the best, then once more with it. */
static int choose_table(const struct quantizer_layer *l, struct levels *levels, double *room, float *scales, uint16_t *codes,
                        int16_t *table)
{
    int best = 0, tables = schemes[l->scheme].tables;
    double least = INFINITY;
    for (int i = 0; i < tables && tables > 1; i++) {
        if (make_table(l, i, table))
            return -1;
        levels_init(levels, l->w_bits, table);
        double error = run_levels(l, levels, room, scales, codes);
        if (error < least)
            least = error, best = i;
    }
    return make_table(l, best, table);
}

int quantizer_run(const struct quantizer_layer *l, float *scales, uint16_t *codes, int16_t *table)
{
    struct levels *levels = malloc(sizeof *levels);
    double *room = malloc((l->rows->n + 1) * sizeof *room);
    int failed = !levels || !room || (table && choose_table(l, levels, room, scales, codes, table));
    if (!failed) {
        levels_init(levels, l->w_bits, table);
        run_levels(l, levels, room, scales, codes);
    }
    free(levels);
    free(room);
    return failed ? -1 : 0;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/quantize/codebook.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIT_ROUNDS 3    // table, scales, table, ...
#define LLOYD_ROUNDS 40

/* Magnitudes in units of the smallest power; the last one belongs to minus zero. A power above CODEBOOK_MOST would be of no use:
 * the smallest is below a thousandth of it. */
static int one_term(unsigned w_bits, int i)
{
    int most = 1 << (w_bits - 1), last = 11;
    if (most > last)
        i = i - (most - last) < 0 ? 0 : i - (most - last);
    return i == 0 ? 0 : 1 << (i - 1);
}

static int two_terms(unsigned w_bits, int i)
{
    static const int magnitudes[3][17] = {
        {0, 1, 2, 3, 4},                                              // {0,1} + {0,2}
        {0, 1, 2, 3, 4, 6, 8, 10, 12},                                // {0,1,4,8} + {0,2}
        {0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48, 64}, // {0,1,4,16} * 2^0 + {0,2,8,32}
    };
    return magnitudes[w_bits - 3][i];
}

void codebook_log(unsigned w_bits, int terms, int16_t *table)
{
    int half = 1 << (w_bits - 1);
    for (int i = 0; i < half; i++) {
        int m = terms == 1 ? one_term(w_bits, i) : two_terms(w_bits, i);
        table[i] = (int16_t)m, table[half + i] = (int16_t)-m;
    }
    table[half] = (int16_t) - (terms == 1 ? one_term(w_bits, half) : two_terms(w_bits, half));
}

/* A weight divided by its row's scale, and how much its error counts. */
struct point {
    double x, weight;
};

struct fitting {
    const struct quantizer_row *rows;
    uint32_t n_rows;
    int n_codes;
    size_t n;
    struct point *points;  // ascending
    double *sums, *places; // of weight and of weight * x, of the points before: [n + 1]
    double *scales;        // [n_rows]
    double centers[LEVELS_MAX];
};

static int compare_points(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

static void sort_points(struct fitting *f)
{
    size_t at = 0;
    for (uint32_t r = 0; r < f->n_rows; r++)
        for (size_t i = 0; i < f->rows[r].n; i++, at++) {
            double scale = f->scales[r];
            f->points[at] = (struct point){(double)f->rows[r].weights[i] / scale, f->rows[r].importance[i] * scale * scale};
        }
    qsort(f->points, f->n, sizeof *f->points, compare_points);
    f->sums[0] = f->places[0] = 0;
    for (size_t i = 0; i < f->n; i++) {
        f->sums[i + 1] = f->sums[i] + f->points[i].weight;
        f->places[i + 1] = f->places[i] + f->points[i].weight * f->points[i].x;
    }
}

/* The first point not below x. */
static size_t point_at(const struct fitting *f, double x)
{
    size_t low = 0, high = f->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->points[middle].x < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Each center goes to the mean of the points nearest to it. */
static void move_centers(struct fitting *f)
{
    size_t first = 0;
    double old[LEVELS_MAX];
    memcpy(old, f->centers, sizeof old);
    for (int c = 0; c < f->n_codes; c++) {
        size_t end = c + 1 < f->n_codes ? point_at(f, (old[c] + old[c + 1]) / 2) : f->n;
        double weight = f->sums[end] - f->sums[first];
        if (weight > 0)
            f->centers[c] = (f->places[end] - f->places[first]) / weight;
        first = end;
    }
}

/* Centers begin halfway between equal shares of the points and equal distances: tails are thin, but cost most. */
static void begin_centers(struct fitting *f)
{
    double low = f->points[0].x, high = f->points[f->n - 1].x;
    for (int c = 0; c < f->n_codes; c++) {
        double share = (c + 0.5) / f->n_codes;
        f->centers[c] = (low + (high - low) * share + f->points[(size_t)(share * (double)f->n)].x) / 2;
    }
}

/* The largest magnitude becomes CODEBOOK_MOST - 1. */
static void put_table(const struct fitting *f, int16_t *table)
{
    double most = fmax(fabs(f->centers[0]), fabs(f->centers[f->n_codes - 1]));
    for (int c = 0; c < f->n_codes; c++)
        table[c] = most > 0 ? (int16_t)lrint(f->centers[c] / most * (CODEBOOK_MOST - 1)) : (int16_t)(c - f->n_codes / 2);
}

static void begin_scales(struct fitting *f)
{
    for (uint32_t r = 0; r < f->n_rows; r++) {
        double square = 0;
        for (size_t i = 0; i < f->rows[r].n; i++)
            square += (double)f->rows[r].weights[i] * (double)f->rows[r].weights[i];
        f->scales[r] = square > 0 ? sqrt(square / (double)f->rows[r].n) : 1;
    }
}

static void fit(struct fitting *f, unsigned w_bits, struct levels *levels, int16_t *table)
{
    begin_scales(f);
    for (int round = 0; round < FIT_ROUNDS; round++) {
        sort_points(f);
        begin_centers(f);
        for (int i = 0; i < LLOYD_ROUNDS; i++)
            move_centers(f);
        put_table(f, table);
        levels_init(levels, w_bits, table);
        for (uint32_t r = 0; r < f->n_rows && round + 1 < FIT_ROUNDS; r++)
            f->scales[r] = quantizer_scale(&f->rows[r], 1, levels);
    }
}

int codebook_fit(const struct quantizer_row *rows, uint32_t n_rows, unsigned w_bits, int16_t *table)
{
    struct fitting f = {rows, n_rows, 1 << w_bits, rows->n * n_rows, NULL, NULL, NULL, NULL, {0}};
    struct levels *levels = malloc(sizeof *levels);
    f.points = malloc((f.n + 1) * sizeof *f.points);
    f.sums = malloc((f.n + 1) * sizeof *f.sums);
    f.places = malloc((f.n + 1) * sizeof *f.places);
    f.scales = malloc((n_rows + 1) * sizeof *f.scales);
    int failed = !levels || !f.points || !f.sums || !f.places || !f.scales;
    if (!failed)
        fit(&f, w_bits, levels, table);
    free(levels);
    free(f.points);
    free(f.sums);
    free(f.places);
    free(f.scales);
    return failed ? -1 : 0;
}

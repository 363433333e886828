// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/loop_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUESSING 10.0 // percent: the reference of hypervolumes, with int8's cost
#define WIDTHS 4      // 2, 3, 4 and 8, as table-cycles has them

static int read_samples(const char *path)
{
    static const char before[] = "accuracy on the first ";
    char line[512] = "";
    FILE *f = fopen(path, "r");
    const char *at = f && fgets(line, sizeof line, f) ? strstr(line, before) : NULL;
    if (f)
        fclose(f);
    return at ? atoi(at + sizeof before - 1) : 0;
}

static int read_layer(struct loop_case *c, const char *line, struct error *e)
{
    long long w[WIDTHS];
    int slot, i = c->n_layers;
    if (sscanf(line, "layer %d %lld %lld %lld %lld", &slot, &w[0], &w[1], &w[2], &w[3]) != 1 + WIDTHS)
        return 0;
    if (i == LOOP_LAYERS_MAX || slot < 0 || slot >= c->table.n_slots)
        return error_set(e, "too many layers, or of another network");
    for (int o = 0; o < WIDTHS; o++)
        c->cycles[i][o] = w[o];
    c->layers[i] = (struct costs_layer){slot, i ? c->layers[i - 1].slot : -1, 1, (uint64_t)i};
    c->n_layers++;
    return 0;
}

static int read_cycles(struct loop_case *c, const char *path, struct error *e)
{
    char line[256];
    int rc = 0;
    FILE *f = fopen(path, "r");
    while (f && rc == 0 && fgets(line, sizeof line, f)) {
        long long rest;
        if (sscanf(line, "rest %lld", &rest) == 1)
            c->rest = rest;
        rc = read_layer(c, line, e);
    }
    if (f)
        fclose(f);
    if (rc == 0 && (c->n_layers == 0 || c->rest == 0))
        return error_set(e, "%s: no cycles", path);
    return rc;
}

/* The flash that a bit of each slot takes, for algorithms that know sizes as weights times bits. */
static void fill_weights(struct table *t)
{
    uint8_t choices[TABLE_SLOTS_MAX];
    memset(choices, t->n_options - 1, sizeof choices);
    double int8 = t->flash[table_row(t, choices)];
    for (int i = 0; i < t->n_slots; i++) {
        choices[i] = 0;
        t->weights[i] = 8 * (int8 - t->flash[table_row(t, choices)]) / (t->bits[t->n_options - 1] - t->bits[0]);
        choices[i] = (uint8_t)(t->n_options - 1);
    }
}

int loop_case_read(struct loop_case *c, const char *table, const char *cycles, struct error *e)
{
    static const int widths[WIDTHS] = {2, 3, 4, 8};
    struct table *t = &c->table;
    *c = (struct loop_case){.samples = read_samples(table)};
    if (table_read(table, t, e) != 0)
        return -1;
    if (t->n_options != WIDTHS || memcmp(t->bits, widths, sizeof widths) != 0 || t->n_imputed || c->samples == 0)
        return error_set(e, "%s is no complete table of make-table", table);
    for (int row = 0; row < t->n_rows; row++)
        if (t->flash[row] <= 0)
            return error_set(e, "%s has a row without flash", table);
    t->by_flash = true;
    fill_weights(t);
    return read_cycles(c, cycles, e);
}

void loop_case_finish(struct loop_case *c)
{
    table_finish(&c->table);
}

int loop_case_look_up(void *loop_case, const uint8_t *choices, struct loop_figures *f, struct error *e)
{
    const struct loop_case *c = loop_case;
    int row = table_row(&c->table, choices);
    (void)e; // a table has everything
    *f = (struct loop_figures){.correct = llround(c->table.accuracy[row] * c->samples / 100), .total = c->samples,
                               .flash_bytes = (int64_t)c->table.flash[row], .cycles = c->rest};
    for (int i = 0; i < c->n_layers; i++)
        f->cycles += f->layer_cycles[i] = c->cycles[i][choices[c->layers[i].slot]];
    return 0;
}

void loop_case_int8(const struct loop_case *c, uint8_t *choices)
{
    memset(choices, c->table.n_options - 1, (size_t)c->table.n_slots);
}

struct point {
    double cost, accuracy;
};

static int compare_points(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

static double hypervolume(struct point *p, int n)
{
    double area = 0, reached = GUESSING;
    qsort(p, (size_t)n, sizeof *p, compare_points);
    for (int i = 0; i < n; i++)
        if (p[i].cost < 1 && p[i].accuracy > reached) {
            area += (1 - p[i].cost) * (p[i].accuracy - reached);
            reached = p[i].accuracy;
        }
    return area;
}

static void shares(const struct loop_case *c, int row, double *flash, double *latency)
{
    uint8_t choices[TABLE_SLOTS_MAX];
    struct loop_figures f, int8;
    table_choices(&c->table, row, choices);
    loop_case_look_up((void *)c, choices, &f, NULL);
    loop_case_int8(c, choices);
    loop_case_look_up((void *)c, choices, &int8, NULL);
    *flash = (double)f.flash_bytes / (double)int8.flash_bytes;
    *latency = (double)f.cycles / (double)int8.cycles;
}

static bool is_within(const struct loop_case *c, const struct loop_task *t, int row, double *flash)
{
    double latency;
    shares(c, row, flash, &latency);
    return *flash <= t->flash_share && latency <= t->latency_share;
}

double loop_case_value(const struct loop_case *c, const struct loop_task *t, const int *rows, int n)
{
    struct point *points = calloc((size_t)n + 1, sizeof *points);
    double best = 0;
    int n_points = 0;
    if (!points)
        abort();
    for (int i = 0; i < n; i++) {
        struct point *p = &points[n_points];
        if (!is_within(c, t, rows[i], &p->cost))
            continue;
        p->accuracy = c->table.accuracy[rows[i]];
        best = fmax(best, p->accuracy);
        n_points++;
    }
    double value = t->front ? hypervolume(points, n_points) : best;
    free(points);
    return value;
}

double loop_case_value_of_all(const struct loop_case *c, const struct loop_task *t, int *n_fitting)
{
    int *all = calloc((size_t)c->table.n_rows, sizeof *all);
    double flash;
    if (!all)
        abort();
    *n_fitting = 0;
    for (int row = 0; row < c->table.n_rows; row++) {
        all[row] = row;
        *n_fitting += is_within(c, t, row, &flash);
    }
    double value = loop_case_value(c, t, all, c->table.n_rows);
    free(all);
    return value;
}

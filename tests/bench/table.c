// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/table.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 512

int table_row(const struct table *t, const uint8_t *choices)
{
    int row = 0;
    for (int i = 0; i < t->n_slots; i++)
        row = row * t->n_options + choices[i];
    return row;
}

void table_choices(const struct table *t, int row, uint8_t *choices)
{
    for (int i = t->n_slots - 1; i >= 0; i--, row /= t->n_options)
        choices[i] = (uint8_t)(row % t->n_options);
}

double table_size(const struct table *t, const uint8_t *choices)
{
    if (t->by_flash)
        return 8 * t->flash[table_row(t, choices)];
    double bits = 0;
    for (int i = 0; i < t->n_slots; i++)
        bits += t->weights[i] * t->bits[choices[i]];
    return bits;
}

static double weights_at_8(const struct table *t)
{
    double bits = 0;
    for (int i = 0; i < t->n_slots; i++)
        bits += t->weights[i] * 8;
    return bits;
}

double table_size_int8(const struct table *t)
{
    return t->by_flash ? 8 * t->flash[t->n_rows - 1] : weights_at_8(t);
}

double table_size_fixed(const struct table *t)
{
    return table_size_int8(t) - weights_at_8(t);
}

static int allocate(struct table *t, struct error *e)
{
    t->n_rows = 1;
    for (int i = 0; i < t->n_slots; i++)
        if ((t->n_rows *= t->n_options) > TABLE_ROWS_MAX)
            return error_set(e, "more than %d configurations", TABLE_ROWS_MAX);
    t->accuracy = malloc((size_t)t->n_rows * sizeof *t->accuracy);
    t->imputed = calloc((size_t)t->n_rows, sizeof *t->imputed);
    t->flash = calloc((size_t)t->n_rows, sizeof *t->flash);
    if (!t->accuracy || !t->imputed || !t->flash)
        return error_set(e, "out of memory");
    for (int i = 0; i < t->n_rows; i++)
        t->accuracy[i] = NAN;
    for (int i = 0; i < t->n_slots; i++)
        t->weights[i] = 1;
    return 0;
}

/* The numbers of a line; their count. */
static int parse_line(const char *line, double values[TABLE_SLOTS_MAX + 1])
{
    int n = 0;
    for (char *end; n <= TABLE_SLOTS_MAX; n++, line = end) {
        values[n] = strtod(line, &end);
        if (end == line)
            break;
        while (*end == ',')
            end++;
    }
    return n;
}

static void note_bits(struct table *t, int bits)
{
    int at = 0;
    while (at < t->n_options && t->bits[at] < bits)
        at++;
    if ((at < t->n_options && t->bits[at] == bits) || t->n_options == TABLE_OPTIONS_MAX)
        return;
    memmove(t->bits + at + 1, t->bits + at, (size_t)(t->n_options - at) * sizeof *t->bits);
    t->bits[at] = bits;
    t->n_options++;
}

static int option_of(const struct table *t, double bits)
{
    for (int o = 0; o < t->n_options; o++)
        if (t->bits[o] == bits)
            return o;
    return -1;
}

static int read_shape(FILE *f, struct table *t, struct error *e)
{
    char line[LINE_MAX_BYTES];
    double values[TABLE_SLOTS_MAX + 1];
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        int n = line[0] == '#' ? 0 : parse_line(line, values);
        if (n == 0)
            continue;
        if (t->n_slots == 0)
            t->n_slots = n - 1;
        if (n < 2 || n - 1 != t->n_slots)
            return error_set(e, "line %d has %d numbers", number, n);
        for (int i = 0; i < t->n_slots; i++)
            note_bits(t, (int)values[i]);
    }
    rewind(f);
    return t->n_slots ? 0 : error_set(e, "no configurations");
}

static int read_rows(FILE *f, struct table *t, struct error *e)
{
    char line[LINE_MAX_BYTES];
    double values[TABLE_SLOTS_MAX + 1];
    uint8_t choices[TABLE_SLOTS_MAX];
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        if (line[0] == '#' || parse_line(line, values) == 0)
            continue;
        for (int i = 0; i < t->n_slots; i++) {
            int o = option_of(t, values[i]);
            if (o < 0)
                return error_set(e, "line %d: more than %d widths", number, TABLE_OPTIONS_MAX);
            choices[i] = (uint8_t)o;
        }
        const char *more = strchr(line, '#');
        t->accuracy[table_row(t, choices)] = values[t->n_slots];
        t->flash[table_row(t, choices)] = more ? strtod(more + 1, NULL) : 0;
    }
    return 0;
}

static double neighbours_mean(const struct table *t, int row)
{
    uint8_t choices[TABLE_SLOTS_MAX];
    table_choices(t, row, choices);
    double sum = 0;
    int n = 0;
    for (int i = 0; i < t->n_slots; i++) {
        uint8_t was = choices[i];
        for (int o = was - 1; o <= was + 1; o += 2) {
            if (o < 0 || o >= t->n_options)
                continue;
            choices[i] = (uint8_t)o;
            double a = t->accuracy[table_row(t, choices)];
            if (!isnan(a)) {
                sum += a;
                n++;
            }
        }
        choices[i] = was;
    }
    return n ? sum / n : NAN;
}

static void impute(struct table *t)
{
    for (bool more = true; more;) {
        more = false;
        for (int row = 0; row < t->n_rows; row++) {
            if (!isnan(t->accuracy[row]))
                continue;
            t->accuracy[row] = neighbours_mean(t, row);
            more |= isnan(t->accuracy[row]);
            t->n_imputed += !isnan(t->accuracy[row]);
            t->imputed[row] = true;
        }
    }
}

int table_read(const char *path, struct table *t, struct error *e)
{
    *t = (struct table){0};
    FILE *f = fopen(path, "r");
    if (!f)
        return error_set(e, "%s cannot be read", path);
    int rc = read_shape(f, t, e) || allocate(t, e) || read_rows(f, t, e) ? -1 : 0;
    fclose(f);
    if (rc == 0)
        impute(t);
    else
        table_finish(t);
    return rc ? error_wrap(e, "%s", path) : 0;
}

/* A made-up network: how much each slot's quantization disturbs, and how slots act on each other. */
struct landscape {
    double disturbs[TABLE_SLOTS_MAX][TABLE_OPTIONS_MAX];                  // noise power
    double pair[TABLE_SLOTS_MAX][TABLE_SLOTS_MAX];                        // of two that are coarse together: worse, or they make up for each other
    double gain[TABLE_SLOTS_MAX];                                         // how much a coarse slot amplifies what reaches it
    double collapse, depth, slope, deviation;
};

static void draw_slot(struct table *t, int i, struct landscape *l, struct rng *r)
{
    t->weights[i] = floor(exp(log(300) + rng_uniform(r) * log(300)));
    double power = exp(1.2 * rng_normal(r)), law = 1.8 + 2.7 * rng_uniform(r); // per bit; a plain quantizer's is 4
    double rough = rng_uniform(r) < 0.4 ? 0.8 : 0.15;                         // a rough slot may get worse with more bits
    l->gain[i] = 20 + 60 * rng_uniform(r);
    for (int o = 0; o < t->n_options; o++)
        l->disturbs[i][o] = power * pow(law, 3 - t->bits[o]) / 64 * exp(rough * rng_normal(r));
    for (int j = 0; j < i; j++)
        l->pair[i][j] = rng_uniform(r) < 0.3 ? 3 * rng_normal(r) : 0;
}

static double accuracy_of(const struct table *t, const struct landscape *l, const uint8_t *choices, struct rng *r)
{
    double power = 0, together = 0;
    for (int i = 0; i < t->n_slots; i++) {
        power = power * (1 + l->gain[i] * pow(4, -t->bits[choices[i]])) + l->disturbs[i][choices[i]];
        for (int j = 0; j < i; j++)
            together += l->pair[i][j] * sqrt(l->disturbs[i][choices[i]] * l->disturbs[j][choices[j]]);
    }
    power = fmax(power + together, 0.2 * power);
    double lost = l->depth / (1 + pow(l->collapse / power, 1.5)) + l->slope * power / l->collapse * 0.2;
    return fmax(8 + rng_uniform(r), 92 - lost + l->deviation * rng_normal(r));
}

int table_generate(struct table *t, int n_slots, uint64_t seed, struct error *e)
{
    static const int widths[2][5] = {{2, 3, 4, 5, 8}, {2, 4, 6, 8}};
    int kind = seed % 2 == 0;
    *t = (struct table){.n_slots = n_slots, .n_options = kind ? 4 : 5};
    memcpy(t->bits, widths[kind], sizeof widths[kind]);
    if (n_slots < 1 || n_slots > 8 || allocate(t, e))
        return error_set(e, "1 to 8 slots can be generated");
    struct landscape l;
    struct rng r;
    rng_seed(&r, seed, 77);
    for (int i = 0; i < n_slots; i++)
        draw_slot(t, i, &l, &r);
    l.collapse = 0.05 + 0.15 * rng_uniform(&r);
    l.depth = 60 + 25 * rng_uniform(&r);
    l.slope = 2 + 6 * rng_uniform(&r);
    l.deviation = 0.1 + 0.5 * rng_uniform(&r);
    for (int row = 0; row < t->n_rows; row++) {
        uint8_t choices[TABLE_SLOTS_MAX];
        table_choices(t, row, choices);
        t->accuracy[row] = accuracy_of(t, &l, choices, &r);
    }
    return 0;
}

void table_finish(struct table *t)
{
    free(t->accuracy);
    free(t->imputed);
    free(t->flash);
    *t = (struct table){0};
}

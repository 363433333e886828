// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/costs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOUBT_MEASURED 0.002 // of a measured cell, relative
#define DOUBT_RATIO 0.03     // of a ratio, beside its spread over shapes
#define DOUBT_ONE 0.15       // of a ratio that one shape gave
#define DOUBT_WIDTH 0.15     // of the same setting at another width of the input
#define DOUBT_NOTHING 0.5    // of a setting that was never measured
#define TIGHTEN 0.5          // share of an excess that the limit is lowered by
#define RELAX 0.9            // of that, after each result that is no such surprise
#define ROUNDING (1 + 1e-9)  // a sum that is kept up slot by slot may exceed the same sum made at once
#define TIGHT_MOST 0.05      // logarithm: beyond that not the limit is at fault

static const struct setting int8 = {8, 8, SCHEME_UNIFORM};

/* --- means --- */

static void mean_add(struct costs_mean *m, double x)
{
    double d = x - m->mean;
    m->n++;
    m->mean += d / m->n;
    m->squares += d * (x - m->mean);
}

static double mean_spread(const struct costs_mean *m)
{
    return m->n > 1 ? sqrt(m->squares / (m->n - 1)) : 0;
}

/* --- the table --- */

static int width_of_bits(int a_bits)
{
    return a_bits <= 4 ? 0 : a_bits == 8 ? 1 : a_bits == 16 ? 2 : 3;
}

/* Width of a layer's input if `choices` are made. */
static int input_width(const struct costs *c, const struct costs_layer *l, const uint8_t *choices)
{
    return width_of_bits(l->input_slot < 0 ? 8 : c->space->options[choices[l->input_slot]].a_bits);
}

static size_t cell(const struct costs *c, int row, int option, int width)
{
    return ((size_t)row * (size_t)c->space->n_options + (size_t)option) * COSTS_WIDTHS + (size_t)width;
}

/* As cheap as may be; n_options and COSTS_WIDTHS stand for any. */
static double *least_cell(const struct costs *c, int layer, int option, int width)
{
    return &c->least[((size_t)layer * ((size_t)c->space->n_options + 1) + (size_t)option) * (COSTS_WIDTHS + 1) + (size_t)width];
}

static int reference_of(const struct space *s)
{
    for (int o = 0; o < s->n_options; o++)
        if (setting_equal(s->options[o], int8))
            return o;
    return 0;
}

static void number_shapes(struct costs *c)
{
    for (int i = 0; i < c->n_layers; i++) {
        int j = 0;
        while (j < i && (c->layers[j].shape != c->layers[i].shape || c->layers[j].kind != c->layers[i].kind))
            j++;
        c->shape[i] = j < i ? c->shape[j] : c->n_shapes++;
        c->kind[c->shape[i]] = c->layers[i].kind;
    }
}

static bool touches(const struct costs_layer *l, int slot)
{
    return l->slot == slot || l->input_slot == slot;
}

static void index_slots(struct costs *c)
{
    int n = 0;
    for (int slot = 0; slot < c->space->n_slots; slot++) {
        for (int i = 0; i < c->n_layers; i++)
            if (touches(&c->layers[i], slot))
                c->touched[n++] = (uint16_t)i;
        c->first[slot + 1] = (uint16_t)n;
    }
}

int costs_init(struct costs *c, const struct space *space, const struct costs_layer *layers, int n)
{
    *c = (struct costs){.space = space, .n_layers = n, .reference = reference_of(space)};
    if (n > CANDIDATE_LAYERS_MAX)
        return -1;
    for (int i = 0; i < n; i++)
        if (layers[i].slot < 0 || layers[i].slot >= space->n_slots || layers[i].input_slot < -1 || layers[i].input_slot >= space->n_slots)
            return -1;
    size_t cells = (size_t)(n + 1) * (size_t)space->n_options * COSTS_WIDTHS;
    c->widths = 1u << width_of_bits(8);
    for (int o = 0; o < space->n_options; o++)
        c->widths |= 1u << width_of_bits(space->options[o].a_bits);
    c->layers = calloc((size_t)n + 1, sizeof *c->layers);
    c->shape = calloc((size_t)n + 1, sizeof *c->shape);
    c->touched = calloc(2 * (size_t)n + 1, sizeof *c->touched);
    c->first = calloc((size_t)space->n_slots + 1, sizeof *c->first);
    c->kind = calloc((size_t)n + 1, sizeof *c->kind);
    c->cells = calloc(cells, sizeof *c->cells);
    c->cycles = calloc(cells, sizeof *c->cycles);
    c->least = calloc((size_t)(n + 1) * ((size_t)space->n_options + 1) * (COSTS_WIDTHS + 1), sizeof *c->least);
    if (!c->layers || !c->shape || !c->touched || !c->first || !c->kind || !c->cells || !c->cycles || !c->least) {
        costs_finish(c);
        return -1;
    }
    memcpy(c->layers, layers, (size_t)n * sizeof *layers);
    number_shapes(c);
    index_slots(c);
    return 0;
}

void costs_finish(struct costs *c)
{
    free(c->layers);
    free(c->shape);
    free(c->touched);
    free(c->first);
    free(c->kind);
    free(c->cells);
    free(c->cycles);
    free(c->least);
    *c = (struct costs){0};
}

/* --- what was not measured --- */

/* The logarithm of what `option` takes of w8a8 in the shapes that have both, of one kind or of all. Returns how many there are. */
static int pooled_ratio(const struct costs *c, int option, int width, const uint32_t *kind, double *ratio, double *doubt)
{
    struct costs_mean m = {0};
    for (int s = 0; s < c->n_shapes; s++) {
        const struct costs_mean *known = &c->cells[cell(c, s, option, width)], *base = &c->cells[cell(c, s, c->reference, 1)];
        if (known->n > 0 && base->n > 0 && (!kind || c->kind[s] == *kind))
            mean_add(&m, known->mean - base->mean);
    }
    *ratio = m.mean;
    *doubt = m.n > 1 ? hypot(mean_spread(&m), DOUBT_RATIO) : DOUBT_ONE;
    return m.n;
}

/* Logarithm of the cycles of a shape, and its doubt. */
static double expect(const struct costs *c, int shape, int option, int width, double *doubt)
{
    const struct costs_mean *own = &c->cells[cell(c, shape, option, width)], *base = &c->cells[cell(c, shape, c->reference, 1)];
    double ratio;
    if (own->n > 0) {
        *doubt = hypot(mean_spread(own), DOUBT_MEASURED);
        return own->mean;
    }
    if (pooled_ratio(c, option, width, &c->kind[shape], &ratio, doubt) || pooled_ratio(c, option, width, NULL, &ratio, doubt))
        return base->mean + ratio;
    for (int w = 0; w < COSTS_WIDTHS; w++)
        if (c->cells[cell(c, shape, option, w)].n > 0) {
            *doubt = DOUBT_WIDTH;
            return c->cells[cell(c, shape, option, w)].mean;
        }
    *doubt = DOUBT_NOTHING;
    return base->mean;
}

static void lower(double *to, double x)
{
    *to = fmin(*to, x);
}

static void expect_layer(struct costs *c, int i)
{
    int n = c->space->n_options;
    for (int o = 0; o <= n; o++)
        for (int w = 0; w <= COSTS_WIDTHS; w++)
            *least_cell(c, i, o, w) = INFINITY;
    for (int o = 0; o < n; o++)
        for (int w = 0; w < COSTS_WIDTHS; w++) {
            double doubt, log_cycles = expect(c, c->shape[i], o, w, &doubt), least = exp(log_cycles - COSTS_DOUBTS * doubt);
            bool possible = c->widths >> w & 1, allowed = c->space->slots[c->layers[i].slot].allowed >> o & 1;
            c->cycles[cell(c, i, o, w)] = exp(log_cycles);
            *least_cell(c, i, o, w) = least;
            if (possible)
                lower(least_cell(c, i, o, COSTS_WIDTHS), least);
            if (allowed)
                lower(least_cell(c, i, n, w), least);
            if (possible && allowed)
                lower(least_cell(c, i, n, COSTS_WIDTHS), least);
        }
}

/* --- bounds --- */

static double limit_of(const struct costs *c)
{
    double limit = c->cycles_limit > 0 ? c->cycles_limit : INFINITY;
    double each = c->energy.mean - COSTS_DOUBTS * mean_spread(&c->energy);
    if (c->energy_limit > 0 && c->energy.n > 0 && each > 0)
        limit = fmin(limit, c->energy_limit / each);
    return limit * exp(-c->tight);
}

/* The least that a layer can take with `choices` up to and including `last`, whatever comes after. */
static double least_of(const struct costs *c, int layer, const uint8_t *choices, int last)
{
    const struct costs_layer *l = &c->layers[layer];
    int option = l->slot <= last ? choices[l->slot] : c->space->n_options;
    int width = l->input_slot <= last ? input_width(c, l, choices) : COSTS_WIDTHS;
    return *least_cell(c, layer, option, width);
}

static double least_sum(const struct costs *c, const uint8_t *choices, int last)
{
    double sum = c->rest.mean;
    for (int i = 0; i < c->n_layers; i++)
        sum += least_of(c, i, choices, last);
    return sum;
}

static void bound(struct costs *c)
{
    c->least_all = c->ready ? least_sum(c, NULL, -1) : 0;
    c->bounds = c->ready && isfinite(limit_of(c)) && c->least_all <= limit_of(c);
}

void costs_limit(struct costs *c, double cycles, double energy_nj)
{
    c->cycles_limit = cycles;
    c->energy_limit = energy_nj;
    bound(c);
}

/* Dual ascent on what the table expected, not only hoped, to be within the limit. */
static void tighten(struct costs *c, const uint8_t *choices, int64_t cycles, int64_t energy_nj)
{
    double excess = c->cycles_limit > 0 ? log((double)cycles / c->cycles_limit) : -INFINITY;
    if (c->energy_limit > 0 && energy_nj > 0)
        excess = fmax(excess, log((double)energy_nj / c->energy_limit));
    bool expected = c->bounds && costs_cycles(c, choices) <= limit_of(c);
    c->tight = excess > 0 && expected ? fmin(c->tight + TIGHTEN * excess, TIGHT_MOST) : c->tight * RELAX;
}

void costs_add(struct costs *c, const uint8_t *choices, const int64_t *layer_cycles, int64_t cycles, int64_t energy_nj)
{
    double rest = (double)cycles;
    if (cycles <= 0)
        return;
    for (int i = 0; i < c->n_layers; i++) {
        const struct costs_layer *l = &c->layers[i];
        rest -= (double)layer_cycles[i];
        if (layer_cycles[i] > 0)
            mean_add(&c->cells[cell(c, c->shape[i], choices[l->slot], input_width(c, l, choices))], log((double)layer_cycles[i]));
    }
    mean_add(&c->rest, fmax(rest, 0));
    if (energy_nj > 0)
        mean_add(&c->energy, (double)energy_nj / (double)cycles);
}

void costs_refresh(struct costs *c)
{
    c->ready = c->n_layers > 0;
    for (int s = 0; s < c->n_shapes; s++)
        c->ready = c->ready && c->cells[cell(c, s, c->reference, 1)].n > 0;
    for (int i = 0; i < c->n_layers; i++)
        expect_layer(c, i);
    bound(c);
}

void costs_tell(struct costs *c, const uint8_t *choices, const int64_t *layer_cycles, int64_t cycles, int64_t energy_nj)
{
    if (cycles <= 0)
        return;
    tighten(c, choices, cycles, energy_nj);
    costs_add(c, choices, layer_cycles, cycles, energy_nj);
    costs_refresh(c);
}

/* --- candidates --- */

double costs_cycles(const struct costs *c, const uint8_t *choices)
{
    double sum = c->rest.mean;
    for (int i = 0; i < c->n_layers; i++)
        sum += c->cycles[cell(c, i, choices[c->layers[i].slot], input_width(c, &c->layers[i], choices))];
    return c->ready ? sum : 0;
}

double costs_least_cycles(const struct costs *c, const uint8_t *choices)
{
    return c->ready ? least_sum(c, choices, c->space->n_slots - 1) : 0;
}

double costs_energy(const struct costs *c, const uint8_t *choices)
{
    return c->energy.n ? costs_cycles(c, choices) * c->energy.mean : 0;
}

double costs_least_energy(const struct costs *c, const uint8_t *choices)
{
    double each = c->energy.mean - COSTS_DOUBTS * mean_spread(&c->energy);
    return c->energy.n && each > 0 ? costs_least_cycles(c, choices) * each : 0;
}

bool costs_fit(const struct costs *c, const uint8_t *choices)
{
    return !c->bounds || costs_least_cycles(c, choices) <= limit_of(c);
}

/* Cycles of a slot's layers with `option`, of all layers for slot -1; inputs of 8 bits. */
static double slot_cycles(const struct costs *c, int slot, int option)
{
    double sum = 0;
    for (int i = 0; i < c->n_layers; i++)
        if (slot < 0 || c->layers[i].slot == slot)
            sum += c->cycles[cell(c, i, option, width_of_bits(8))];
    return sum;
}

double costs_share(const struct costs *c, int slot)
{
    return c && c->ready ? slot_cycles(c, slot, c->reference) / slot_cycles(c, -1, c->reference) : 0;
}

double costs_ratio(const struct costs *c, int slot, int option)
{
    double int8_cycles = c && c->ready ? slot_cycles(c, slot, c->reference) : 0;
    return int8_cycles > 0 ? log(slot_cycles(c, slot, option) / int8_cycles) : 0;
}

/* The least that the layers can take on which `slot` decides, with `choices` up to and including `last`. */
static double touched_sum(const struct costs *c, const uint8_t *choices, int slot, int last)
{
    double sum = 0;
    for (int i = c->first[slot]; i < c->first[slot + 1]; i++)
        sum += least_of(c, c->touched[i], choices, last);
    return sum;
}

double costs_nothing_chosen(const struct costs *c)
{
    return c ? c->least_all : 0;
}

double costs_choose(const struct costs *c, const uint8_t *choices, int slot, double least)
{
    return c && c->bounds ? least - touched_sum(c, choices, slot, slot - 1) + touched_sum(c, choices, slot, slot) : least;
}

uint32_t costs_mask(const struct costs *c, const uint8_t *choices, int slot, double least, uint32_t mask, double *free_share)
{
    if (free_share)
        *free_share = 1;
    if (!c || !c->bounds || !mask)
        return mask;
    uint8_t with[SPACE_SLOTS_MAX];
    uint32_t fitting = 0, cheapest = 0;
    double rest = least - touched_sum(c, choices, slot, slot - 1), lowest = INFINITY, limit = limit_of(c);
    memcpy(with, choices, (size_t)slot);
    for (int o = 0; o < c->space->n_options; o++) {
        if (!(mask >> o & 1))
            continue;
        with[slot] = (uint8_t)o;
        double sum = rest + touched_sum(c, with, slot, slot);
        fitting |= sum <= limit * ROUNDING ? UINT32_C(1) << o : 0;
        cheapest = sum < lowest ? UINT32_C(1) << o : cheapest;
        lowest = fmin(lowest, sum);
    }
    if (free_share)
        *free_share = fmax(0, 1 - lowest / limit);
    return fitting ? fitting : cheapest;
}

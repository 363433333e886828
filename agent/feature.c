// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/feature.h"

#include <math.h>
#include <stdlib.h>

#define SENSITIVITY_FLOOR 1e-8 // -80 dB: below every quantizer that is offered
#define SHARE_MOST 2.0         // of FEATURE_LATENCY either way: two decades

static double *at(struct features *f, int slot, int option)
{
    return f->of[slot * f->space->n_options + option];
}

const double *features_of(const struct features *f, int slot, int option)
{
    return f->of[slot * f->space->n_options + option];
}

/* Brings x[n] to mean 0 and variance 1; to 0 where all are alike. */
static void standardize(double *x, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    double mean = sum / n, variance = squares / n - mean * mean, scale = variance > 1e-12 ? 1 / sqrt(variance) : 0;
    for (int i = 0; i < n; i++)
        x[i] = (x[i] - mean) * scale;
}

/* Over the slots, whatever they allow. */
static void standardize_slots(struct features *f, enum feature feature)
{
    const struct space *s = f->space;
    double x[SPACE_SLOTS_MAX];
    for (int i = 0; i < s->n_slots; i++)
        x[i] = at(f, i, 0)[feature];
    standardize(x, s->n_slots);
    for (int i = 0; i < s->n_slots; i++)
        for (int o = 0; o < s->n_options; o++)
            at(f, i, o)[feature] = x[i];
}

/* Over the options that slots allow; 0 for the others. */
static void standardize_options(struct features *f, enum feature feature)
{
    const struct space *s = f->space;
    double x[SPACE_SLOTS_MAX * SPACE_OPTIONS_MAX];
    int n = 0;
    for (int i = 0; i < s->n_slots; i++)
        for (int o = 0; o < s->n_options; o++)
            if (s->slots[i].allowed >> o & 1)
                x[n++] = at(f, i, o)[feature];
    standardize(x, n);
    n = 0;
    for (int i = 0; i < s->n_slots; i++)
        for (int o = 0; o < s->n_options; o++)
            at(f, i, o)[feature] = s->slots[i].allowed >> o & 1 ? x[n++] : 0;
}

static double largest_flash(const struct space_slot *slot, int n_options)
{
    int64_t most = 1;
    for (int o = 0; o < n_options; o++)
        if (slot->allowed >> o & 1 && slot->flash_bytes[o] > most)
            most = slot->flash_bytes[o];
    return (double)most;
}

/* About 0 to 1 up to 2^most; 0 for what is not known. */
static double scaled_log(double x, double most)
{
    return x > 0 ? log2(x) / most : 0;
}

static void fill_slot(const struct space *s, int slot, double *x)
{
    const struct space_geometry *g = &s->slots[slot].geometry;
    x[FEATURE_PARAMETERS] = log10(1 + s->slots[slot].parameters);
    x[FEATURE_MACS] = log10(1 + s->slots[slot].macs);
    x[FEATURE_TAPS] = scaled_log(g->taps, 4);
    x[FEATURE_INPUTS] = scaled_log(g->inputs, 8);
    x[FEATURE_OUTPUTS] = scaled_log(g->outputs, 8);
    x[FEATURE_PIXELS] = scaled_log(g->pixels, 12);
    x[FEATURE_STRIDE] = g->stride > 1;
    x[FEATURE_DEPTHWISE] = g->depthwise;
    x[FEATURE_POSITION] = s->n_slots > 1 ? 2.0 * slot / (s->n_slots - 1) - 1 : 0;
    x[FEATURE_FIRST] = slot == 0;
    x[FEATURE_LAST] = slot == s->n_slots - 1;
}

static void fill_option(const struct space *s, int slot, int option, double *x)
{
    const struct setting *setting = &s->options[option];
    x[FEATURE_DAMAGE] = log10(s->slots[slot].sensitivity[option] + SENSITIVITY_FLOOR);
    x[FEATURE_FLASH] = (double)s->slots[slot].flash_bytes[option] / largest_flash(&s->slots[slot], s->n_options);
    x[FEATURE_WEIGHT_BITS] = setting->w_bits / 8.0;
    x[FEATURE_ACTIVATION_BITS] = setting->a_bits / 8.0;
    x[FEATURE_POWERS] = setting->scheme == SCHEME_LOG;
    x[FEATURE_FITTED] = setting->scheme == SCHEME_TRAINED || setting->scheme == SCHEME_CODEBOOK;
}

int features_init(struct features *f, const struct space *space)
{
    *f = (struct features){.space = space};
    f->of = calloc((size_t)(space->n_slots * space->n_options), sizeof *f->of);
    if (!f->of)
        return -1;
    for (int i = 0; i < space->n_slots; i++)
        for (int o = 0; o < space->n_options; o++) {
            fill_slot(space, i, at(f, i, o));
            fill_option(space, i, o, at(f, i, o));
        }
    standardize_slots(f, FEATURE_PARAMETERS);
    standardize_slots(f, FEATURE_MACS);
    standardize_options(f, FEATURE_DAMAGE);
    features_see(f, NULL);
    return 0;
}

void features_finish(struct features *f)
{
    free(f->of);
    f->of = NULL;
}

void features_see(struct features *f, const struct costs *costs)
{
    const struct space *s = f->space;
    double macs = 0;
    for (int i = 0; i < s->n_slots; i++)
        macs += s->slots[i].macs;
    for (int i = 0; i < s->n_slots; i++) {
        double share = costs_share(costs, i);
        if (!(share > 0) && macs > 0)
            share = s->slots[i].macs / macs;
        share = share > 0 ? log10(share * s->n_slots) : 0;
        for (int o = 0; o < s->n_options; o++) {
            at(f, i, o)[FEATURE_LATENCY] = fmax(-SHARE_MOST, fmin(SHARE_MOST, share));
            at(f, i, o)[FEATURE_CYCLES] = costs_ratio(costs, i, o);
        }
    }
}

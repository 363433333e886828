// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/ppk2_stream.h"

#include <stdlib.h>
#include <string.h>

#define COUNTERS 64u
#define STREAK 4u            // words that must follow each other before their phase is believed
#define ADC_VOLTS (1.8 / 163840)
#define ALPHA 0.18           // of the filter
#define ALPHA_RANGE_4 0.06
#define SWITCH_SAMPLES 3     // that a range switch disturbs
#define LOGIC_WINDOW (1u << 24)

/* --- calibration --- */

static const struct {
    const char *name;
    size_t offset;
    double usual;
} keys[] = {
    {"R", offsetof(struct ppk2_calibration, r), 0},   {"GS", offsetof(struct ppk2_calibration, gs), 1},
    {"GI", offsetof(struct ppk2_calibration, gi), 1}, {"O", offsetof(struct ppk2_calibration, o), 0},
    {"S", offsetof(struct ppk2_calibration, s), 0},   {"I", offsetof(struct ppk2_calibration, i), 0},
    {"UG", offsetof(struct ppk2_calibration, ug), 1},
};

#define N_KEYS (sizeof keys / sizeof *keys)

static double *values(struct ppk2_calibration *c, size_t key)
{
    return (double *)(void *)((char *)c + keys[key].offset);
}

/* "GS3: 1.02" */
static void take_line(struct ppk2_calibration *c, const char *line)
{
    for (size_t k = 0; k < N_KEYS; k++) {
        size_t n = strlen(keys[k].name);
        if (strncmp(line, keys[k].name, n) == 0 && line[n] >= '0' && line[n] < '0' + PPK2_RANGES && line[n + 1] == ':')
            values(c, k)[line[n] - '0'] = strtod(line + n + 2, NULL);
    }
}

int ppk2_calibration_read(const char *text, struct ppk2_calibration *c, struct error *e)
{
    for (size_t k = 0; k < N_KEYS; k++)
        for (int i = 0; i < PPK2_RANGES; i++)
            values(c, k)[i] = keys[k].usual;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        take_line(c, line);
    for (int i = 0; i < PPK2_RANGES; i++)
        if (!(c->r[i] > 0))
            return error_set(e, "the instrument does not tell the resistor of its range %d", i);
    return 0;
}

/* --- samples --- */

void ppk2_stream_init(struct ppk2_stream *s, const struct ppk2_calibration *calibration, uint32_t supply_mv)
{
    memset(s, 0, sizeof *s);
    s->calibration = calibration;
    s->vdd = supply_mv / 1000.0;
    profile_init(&s->profile);
}

static double raw_amperes(const struct ppk2_stream *s, int k, uint32_t adc)
{
    const struct ppk2_calibration *c = s->calibration;
    double i0 = (adc - c->o[k]) * (ADC_VOLTS / c->r[k]);
    return c->ug[k] * (i0 * (c->gs[k] * i0 + c->gi[k]) + c->s[k] * s->vdd + c->i[k]);
}

/* After a switch of the range a few samples show the switch and not the current: the running average stands for them. */
static double filtered(struct ppk2_stream *s, int range, double amperes)
{
    double before = s->average, before4 = s->average4, out = amperes;
    s->average = s->filtering ? ALPHA * amperes + (1 - ALPHA) * before : amperes;
    s->average4 = s->filtering ? ALPHA_RANGE_4 * amperes + (1 - ALPHA_RANGE_4) * before4 : amperes;
    if (!s->filtering)
        s->range = range;
    if (s->range != range) {
        s->in_range = 0;
        s->after_switch = SWITCH_SAMPLES;
    } else {
        s->in_range++;
    }
    if (s->after_switch > 0) {
        if (range == 4 && s->in_range < 2 && s->filtering) {
            s->average = before;
            s->average4 = before4;
        }
        out = range == 4 ? s->average4 : s->average;
        s->after_switch--;
    }
    s->filtering = true;
    s->range = range;
    return out;
}

static void count(struct ppk2_stream *s, double amperes, uint32_t n)
{
    if (!s->inside || s->ended)
        return;
    s->samples += n;
    s->amperes += amperes * n;
    for (uint32_t i = 0; i < n; i++) {
        profile_add(&s->profile, amperes);
        if (s->trace)
            power_trace_add(s->trace, amperes * 1e9);
    }
}

static void take_sample(struct ppk2_stream *s, uint32_t word)
{
    int range = (int)(word >> 14 & 7);
    bool high = word & LOGIC_WINDOW;
    range = range < PPK2_RANGES ? range : PPK2_RANGES - 1;
    s->last = filtered(s, range, raw_amperes(s, range, (word & 0x3fff) * 4));
    if (s->inside && !high)
        s->ended = true;
    s->inside = s->inside || high;
    count(s, s->last, 1);
}

static void take_lost(struct ppk2_stream *s, uint32_t n)
{
    if (s->inside)
        s->lost += n;
    count(s, s->last, n);
}

/* The phase is not known: words count when some in a row follow each other; else the next byte may begin a word. */
static void hunt(struct ppk2_stream *s, uint32_t word)
{
    uint32_t counter = word >> 18 & (COUNTERS - 1);
    s->streak = s->streak > 0 && counter == (s->hunted + 1) % COUNTERS ? s->streak + 1 : s->streak > 0 ? 0 : 1;
    s->hunted = counter;
    if (s->streak == 0) {
        memmove(s->word, s->word + 1, 3);
        s->n = 3;
        s->resyncs++;
        return;
    }
    if (s->streak < STREAK)
        return;
    if (s->filtering)
        take_lost(s, (counter - s->counter - 1) % COUNTERS);
    s->known = true;
    s->counter = counter;
    take_sample(s, word);
}

static void take_word(struct ppk2_stream *s)
{
    uint32_t word = (uint32_t)s->word[0] | (uint32_t)s->word[1] << 8 | (uint32_t)s->word[2] << 16 | (uint32_t)s->word[3] << 24;
    uint32_t counter = word >> 18 & (COUNTERS - 1);
    s->n = 0;
    if (s->known && counter == (s->counter + 1) % COUNTERS) {
        s->counter = counter;
        take_sample(s, word);
        return;
    }
    if (s->known) {
        s->known = false;
        s->streak = 0;
    }
    hunt(s, word);
}

void ppk2_stream_take(struct ppk2_stream *s, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n && !s->ended && s->samples < PPK2_SAMPLES_MAX; i++) {
        s->word[s->n++] = bytes[i];
        if (s->n == sizeof s->word)
            take_word(s);
    }
}

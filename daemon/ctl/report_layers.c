// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The charts over layers: which widths the search tried, and where the cycles go.
#include "daemon/ctl/compare.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/html.h"
#include "daemon/ctl/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_WIDTH 150 // units of the <svg> for the names of layers
#define ROW 14
#define BITS_MAX 33    // widths 1 to 8, and 32 of float32

/* Weight bits (`letter` w) or activation bits (a) of a setting: "w4a8/log", "float32". 0: not one. */
static int bits_of(const char *setting, char letter)
{
    int w = 0, a = 0;
    if (strncmp(setting, "float32", 7) == 0)
        return 32;
    if (sscanf(setting, "w%2da%2d", &w, &a) != 2 || w < 1 || a < 1 || w > 32 || a > 32)
        return 0;
    return letter == 'w' ? w : a;
}

/* The setting of a slot; of a candidate of one word, that of all. */
static int slot_bits(const char *candidate, int slot, char letter)
{
    const char *at = candidate;
    if (!strchr(candidate, ' '))
        slot = 0;
    for (; slot > 0 && *at; slot--) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return bits_of(at, letter);
}

static int slot_of(const cJSON *layer, int otherwise)
{
    double slot;
    return field_number(layer, "slot", &slot) && slot >= 0 && slot < REPORT_LAYERS_MAX ? (int)slot : otherwise;
}

static void layer_names(const cJSON *layers, struct buffer *out)
{
    const cJSON *layer;
    int row = 0;
    cJSON_ArrayForEach(layer, layers)
    {
        if (row == REPORT_LAYERS_MAX)
            break;
        text_print(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", NAME_WIDTH - 6, row * ROW + 11);
        html_text(out, field_text(layer, "name").text);
        text_print(out, "</text>\n");
        row++;
    }
}

/* --- the map of bits --- */

struct map {
    int n_trials, n_layers, slots[REPORT_LAYERS_MAX];
    const char *candidates[REPORT_TRIALS_MAX];
    char letter;
    bool used[BITS_MAX];
};

static void map_init(struct map *m, const cJSON *report, char letter)
{
    const cJSON *trial, *layer;
    memset(m, 0, sizeof *m);
    m->letter = letter;
    cJSON_ArrayForEach(layer, field_find(report, "study.layers"))
    {
        if (m->n_layers < REPORT_LAYERS_MAX) {
            m->slots[m->n_layers] = slot_of(layer, m->n_layers);
            m->n_layers++;
        }
    }
    cJSON_ArrayForEach(trial, field_find(report, "trials"))
    {
        const char *candidate = field_string(trial, "candidate");
        if (m->n_trials < REPORT_TRIALS_MAX && slot_bits(candidate, 0, letter) != 32)
            m->candidates[m->n_trials++] = candidate;
    }
    for (int t = 0; t < m->n_trials; t++)
        for (int l = 0; l < m->n_layers; l++)
            m->used[slot_bits(m->candidates[t], m->slots[l], letter)] = true;
}

/* All cells of one width as one path, neighbours in a row joined. */
static void map_path(const struct map *m, int bits, struct buffer *out)
{
    text_print(out, "<path class=\"b%d\" d=\"", bits);
    for (int l = 0; l < m->n_layers; l++)
        for (int t = 0; t < m->n_trials; t++) {
            int from = t;
            while (t < m->n_trials && slot_bits(m->candidates[t], m->slots[l], m->letter) == bits)
                t++;
            if (t > from)
                text_print(out, "M%d %dh%dv1h-%dz", from, l, t - from, t - from);
        }
    text_print(out, "\"/>\n");
}

static void map_key(const struct map *m, struct buffer *out)
{
    text_print(out, "<p class=\"key\">bits: ");
    for (int bits = 1; bits < BITS_MAX; bits++)
        if (m->used[bits])
            text_print(out, "<span class=\"b%d\"></span>%d ", bits, bits);
    text_print(out, "</p>\n");
}

static void print_map(const struct map *m, const cJSON *layers, const char *title, struct buffer *out)
{
    text_print(out, "<h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\">\n<title>%s</title>\n", title, HTML_CHART_WIDTH, m->n_layers * ROW + 22, title);
    layer_names(layers, out);
    text_print(out, "<svg x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\">\n",
               NAME_WIDTH, HTML_CHART_WIDTH - NAME_WIDTH, m->n_layers * ROW, m->n_trials, m->n_layers);
    for (int bits = 1; bits < BITS_MAX; bits++)
        if (m->used[bits])
            map_path(m, bits, out);
    text_print(out, "</svg>\n<text x=\"%d\" y=\"%d\">first trial</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">last trial</text>\n</svg>\n", NAME_WIDTH,
               m->n_layers * ROW + 15, HTML_CHART_WIDTH, m->n_layers * ROW + 15);
    map_key(m, out);
}

/* Are there several widths? One alone needs no map. */
static bool is_varied(const struct map *m)
{
    int n = 0;
    for (int bits = 1; bits < BITS_MAX; bits++)
        n += m->used[bits];
    return n > 1;
}

void report_bits(const cJSON *report, struct buffer *out)
{
    const cJSON *layers = field_find(report, "study.layers");
    struct map *m = malloc(sizeof *m);
    if (!m)
        return;
    map_init(m, report, 'w');
    if (m->n_trials > 0 && m->n_layers > 0)
        print_map(m, layers, "weights", out);
    map_init(m, report, 'a');
    if (m->n_trials > 0 && m->n_layers > 0 && is_varied(m))
        print_map(m, layers, "activations", out);
    free(m);
}

/* --- cycles --- */

static const cJSON *trial_by_number(const cJSON *trials, double wanted)
{
    const cJSON *trial;
    double number;
    cJSON_ArrayForEach(trial, trials)
    {
        if (field_number(trial, "trial", &number) && number == wanted)
            return trial;
    }
    return NULL;
}

static double most_cycles(const cJSON *trial)
{
    const cJSON *layer;
    double most = 0, cycles;
    cJSON_ArrayForEach(layer, field_find(trial, "layers"))
    {
        if (field_number(layer, "cycles", &cycles) && cycles < 1e15)
            most = fmax(most, cycles);
    }
    return most;
}

static void bar(const cJSON *layer, double scale, const char *class, int y, struct buffer *out)
{
    double cycles;
    if (!field_number(layer, "cycles", &cycles) || !(cycles >= 0) || !(cycles < 1e15))
        return;
    double length = cycles * scale;
    text_print(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"9\"/><text x=\"%.1f\" y=\"%d\">%.0f ", class, NAME_WIDTH, y, length,
               NAME_WIDTH + length + 4, y + 8, cycles);
    html_text(out, field_text(layer, "setting").text);
    text_print(out, "</text>\n");
}

void report_cycles(const cJSON *report, struct buffer *out)
{
    const cJSON *reference = field_find(report, "compare.reference"), *layer;
    double number, most;
    const cJSON *best = field_number(report, "study.best.trial", &number) ? trial_by_number(field_find(report, "compare.trials"), number) : NULL;
    int n = cJSON_GetArraySize(field_find(best, "layers")), row = 0;
    n = n < REPORT_LAYERS_MAX ? n : REPORT_LAYERS_MAX;
    most = fmax(most_cycles(best), most_cycles(reference));
    if (n == 0 || !(most > 0))
        return;
    double scale = (HTML_CHART_WIDTH - NAME_WIDTH - 130) / most;
    text_print(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n<title>cycles of each layer</title>\n", HTML_CHART_WIDTH, n * 2 * ROW);
    cJSON_ArrayForEach(layer, field_find(best, "layers"))
    {
        if (row == n)
            break;
        text_print(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", NAME_WIDTH - 6, row * 2 * ROW + 14);
        html_text(out, field_text(layer, "name").text);
        text_print(out, "</text>\n");
        bar(cJSON_GetArrayItem(field_find(reference, "layers"), row), scale, "off", row * 2 * ROW + 2, out);
        bar(layer, scale, "on", row * 2 * ROW + 13, out);
        row++;
    }
    text_print(out, "</svg>\n<p class=\"key\"><span class=\"k-off\"></span>w8a8 <span class=\"k-on\"></span>trial %.0f, the best. %s cycles of one inference.</p>\n",
               number, strcmp(field_string(best, "origin"), "virtual") == 0 ? "Virtual" : "Core");
}

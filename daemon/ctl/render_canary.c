// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a board's canary took, time and again: a table, and drift over days as plots.
#include "daemon/ctl/field.h"
#include "daemon/ctl/plot.h"
#include "daemon/ctl/render.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "2026-04-01T12:00:00Z" in days since 1970; NAN for anything else. */
static double day_of(const cJSON *canary)
{
    struct tm tm = {.tm_year = 0};
    const char *end = strptime(field_string(canary, "time"), "%Y-%m-%dT%H:%M:%SZ", &tm);
    return end && *end == '\0' ? (double)timegm(&tm) / 86400 : NAN;
}

static void plot_drift(const cJSON *canaries, const char *field, const char *what, struct buffer *out)
{
    const cJSON *canary;
    struct plot *p = calloc(1, sizeof *p);
    double first = day_of(cJSON_GetArrayItem(canaries, 0));
    char title[80];
    if (!p)
        return;
    snprintf(title, sizeof title, "%s off its reference, permille %.20s", what, field_string(cJSON_GetArrayItem(canaries, 0), "origin"));
    *p = (struct plot){.x_title = "days", .y_title = text_clean(title), .x_scale = 1, .y_scale = 1, .x_digits = 2, .y_digits = 3};
    cJSON_ArrayForEach(canary, canaries)
    {
        double day = day_of(canary), off;
        if (p->n == PLOT_POINTS_MAX || !field_number(canary, field, &off) || !isfinite(day - first))
            continue;
        p->x[p->n] = day - first;
        p->y[p->n++] = off;
    }
    if (p->n > 0)
        text_print(out, "\n");
    plot_print(p, out);
    free(p);
}

void render_canaries(const cJSON *answer, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {{"TIME", false},      {"CYCLES", true}, {"OFF permille", true}, {"ENERGY uJ", true},
                                                  {"OFF permille", true}, {"ORIGIN", false}, {"", false}};
    const cJSON *canaries = field_find(answer, "canaries"), *canary;
    if (cJSON_GetArraySize(canaries) == 0) {
        text_print(out, "%s: its canary was not measured yet\n", field_text(answer, "board").text);
        return;
    }
    struct table t;
    table_init(&t, columns, sizeof columns / sizeof *columns);
    cJSON_ArrayForEach(canary, canaries)
    {
        bool drifted = field_true(canary, "drifted");
        table_cell(&t, COLOR_NONE, "%s", field_text(canary, "time").text);
        table_cell(&t, COLOR_NONE, "%s", field_text(canary, "cycles").text);
        table_cell(&t, COLOR_NONE, "%s", field_fixed(canary, "cycles_off_permille", 3).text);
        table_cell(&t, COLOR_NONE, "%s", field_scaled(canary, "energy_nj", 1e-3, 1).text);
        table_cell(&t, COLOR_NONE, "%s", field_fixed(canary, "energy_off_permille", 3).text);
        table_cell(&t, COLOR_NONE, "%s", field_text(canary, "origin").text);
        table_cell(&t, drifted ? COLOR_RED : COLOR_NONE, "%s", drifted ? "drifted" : field_true(canary, "reference") ? "reference" : "");
    }
    table_print(&t, style, out);
    table_finish(&t);
    if (style->plot) {
        plot_drift(canaries, "cycles_off_permille", "cycles", out);
        plot_drift(canaries, "energy_off_permille", "energy", out);
    }
}

void render_reference(const cJSON *answer, const struct style *style, struct buffer *out)
{
    (void)style;
    text_print(out, "%s: its canary is measured as soon as it is free, and that is the reference then\n", field_text(answer, "board").text);
}

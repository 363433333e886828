// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The Pareto front: its trials, and a plot of accuracy against one objective.
#include "daemon/ctl/field.h"
#include "daemon/ctl/metric_words.h"
#include "daemon/ctl/plot.h"
#include "daemon/ctl/render.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct axis {
    const char *objective, *field, *title;
    double scale;
    int digits;
} axes[] = {
    {"flash_bytes", "flash_bytes", "flash, B planned", 1, 0},
    {"ram_bytes", "ram_bytes", "RAM, B planned", 1, 0},
    {"latency_cycles", "latency_us", "latency, ms", 1e-3, 3},
    {"energy_nj", "energy_uj", "energy, uJ", 1, 1},
};

/* Of the first objective; flash for one that is not known here. */
static const struct axis *axis_of(const cJSON *answer)
{
    const cJSON *first = cJSON_GetArrayItem(field_find(answer, "objectives"), 0);
    for (size_t i = 0; cJSON_IsString(first) && i < sizeof axes / sizeof *axes; i++)
        if (strcmp(first->valuestring, axes[i].objective) == 0)
            return &axes[i];
    return &axes[0];
}

static void plot_front(const cJSON *answer, struct buffer *out)
{
    const struct axis *axis = axis_of(answer);
    const cJSON *trials = field_find(answer, "trials"), *trial;
    struct plot *p = calloc(1, sizeof *p);
    const char *origin = "";
    char y_title[40];
    snprintf(y_title, sizeof y_title, "%s, %% host", metric_words_of_list(trials)->name);
    if (!p)
        return;
    *p = (struct plot){.y_title = y_title, .x_scale = axis->scale, .y_scale = 100, .x_digits = axis->digits, .y_digits = 2};
    cJSON_ArrayForEach(trial, trials)
    {
        double x, y;
        if (p->n == PLOT_POINTS_MAX || !field_number(trial, axis->field, &x) || !field_number(trial, "accuracy", &y) ||
            !isfinite(x) || !isfinite(y))
            continue;
        p->x[p->n] = x;
        p->y[p->n++] = y;
        origin = field_string(trial, "origin");
    }
    char x_title[80];
    bool measured = axis == &axes[2] || axis == &axes[3];
    snprintf(x_title, sizeof x_title, "%s%s%.20s", axis->title, measured ? " " : "", measured ? origin : "");
    p->x_title = text_clean(x_title);
    text_print(out, "\n");
    plot_print(p, out);
    free(p);
}

/* Cuts a candidate to what is left of the line. */
static void candidate_cell(struct table *t, const cJSON *trial, int room)
{
    const char *candidate = field_string(trial, "candidate");
    if (room > 8 && text_width(candidate) > room)
        table_cell(t, COLOR_NONE, "%.*s...", room - 3, candidate);
    else
        table_cell(t, COLOR_NONE, "%s", candidate);
}

void render_front(const cJSON *answer, const struct style *style, struct buffer *out)
{
    const cJSON *trials = field_find(answer, "trials"), *trial;
    const struct table_column columns[] = {
        {"TRIAL", true},     {metric_words_of_list(trials)->column, true}, {"LOSS points", true}, {"FLASH B", true},   {"RAM B", true},
        {"LATENCY ms", true}, {"ENERGY uJ", true},  {"ORIGIN", false},     {"CANDIDATE", false}};
    if (cJSON_GetArraySize(trials) == 0) {
        text_print(out, "nothing is measured yet\n");
        return;
    }
    struct table t;
    table_init(&t, columns, sizeof columns / sizeof *columns);
    cJSON_ArrayForEach(trial, trials)
    {
        table_cell(&t, COLOR_NONE, "%s", field_text(trial, "trial").text);
        table_cell(&t, COLOR_NONE, "%s", field_scaled(trial, "accuracy", 100, 2).text);
        table_cell(&t, COLOR_NONE, "%s", field_fixed(trial, "loss_points", 2).text);
        table_cell(&t, COLOR_NONE, "%s", field_text(trial, "flash_bytes").text);
        table_cell(&t, COLOR_NONE, "%s", field_text(trial, "ram_bytes").text);
        table_cell(&t, COLOR_NONE, "%s", field_scaled(trial, "latency_us", 1e-3, 3).text);
        table_cell(&t, COLOR_NONE, "%s", field_fixed(trial, "energy_uj", 1).text);
        table_cell(&t, COLOR_NONE, "%s", field_text(trial, "origin").text);
        candidate_cell(&t, trial, style->width ? style->width - 86 : 0);
    }
    table_print(&t, style, out);
    table_finish(&t);
    if (style->plot)
        plot_front(answer, out);
}

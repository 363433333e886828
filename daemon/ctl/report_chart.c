// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The charts over trials: accuracy against flash, and the reward as the search went on.
#include "daemon/ctl/compare.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/html.h"
#include "daemon/ctl/metric_words.h"
#include "daemon/ctl/report.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define KIB (1.0 / 1024)
#define CHART_HEIGHT 380
#define LOW_QUANTILE 10 // one in so many rewards may lie below the frame

struct point {
    double x, y;
    const cJSON *trial;
};

struct points {
    int n;
    struct point list[REPORT_TRIALS_MAX];
};

/* float32 lies far to the right: it would press the others together. */
static bool is_float(const cJSON *trial)
{
    char word[32];
    return compare_is_uniform(field_string(trial, "candidate"), word, sizeof word) && strcmp(word, "float32") == 0;
}

static void collect(struct points *p, const cJSON *trials, const char *x, double x_scale, const char *y, double y_scale)
{
    const cJSON *trial;
    p->n = 0;
    cJSON_ArrayForEach(trial, trials)
    {
        struct point at = {.trial = trial};
        if (p->n < REPORT_TRIALS_MAX && !is_float(trial) && field_number(trial, x, &at.x) && field_number(trial, y, &at.y) &&
            fabs(at.x) < 1e12 && fabs(at.y) < 1e12) {
            at.x *= x_scale;
            at.y *= y_scale;
            p->list[p->n++] = at;
        }
    }
}

static void frame(struct html_chart *c, const struct points *p)
{
    *c = (struct html_chart){p->list[0].x, p->list[0].x, p->list[0].y, p->list[0].y, CHART_HEIGHT};
    for (int i = 1; i < p->n; i++) {
        c->x_low = fmin(c->x_low, p->list[i].x);
        c->x_high = fmax(c->x_high, p->list[i].x);
        c->y_low = fmin(c->y_low, p->list[i].y);
        c->y_high = fmax(c->y_high, p->list[i].y);
    }
}

/* A dot that says which trial it is. */
static void dot(const struct html_chart *c, const struct point *p, const char *class, double radius, struct buffer *out)
{
    text_print(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>trial %s: ", class, html_chart_x(c, p->x), html_chart_y(c, p->y),
               radius, field_text(p->trial, "trial").text);
    html_text(out, field_string(p->trial, "candidate"));
    text_print(out, ", %s %s %%, flash %s B</title></circle>\n", metric_words_of(p->trial)->name, field_scaled(p->trial, "accuracy", 100, 2).text,
               field_fixed(p->trial, "flash_bytes", 0).text);
}

static int by_x(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

/* The front as steps: what accuracy can be had for that much flash. */
static void front_line(const struct html_chart *c, const struct points *p, struct buffer *out)
{
    int drawn = 0;
    for (int i = 0; i < p->n; i++) {
        if (!field_true(p->list[i].trial, "front"))
            continue;
        double x = html_chart_x(c, p->list[i].x), y = html_chart_y(c, p->list[i].y);
        text_print(out, drawn++ ? "H%.1fV%.1f" : "<path class=\"front\" d=\"M%.1f %.1f", x, y);
    }
    text_print(out, drawn ? "\"/>\n" : "");
}

/* What the study file allows, as a line. */
static void budget_line(const struct html_chart *c, const cJSON *report, struct buffer *out)
{
    double share, int8, bytes = 0;
    if (field_number(report, "study.config.budget.flash_of_int8", &share) && share > 0 &&
        field_number(field_find(report, "compare.reference"), "flash_bytes", &int8))
        bytes = share * int8;
    else if (!field_number(report, "study.config.budget.flash_bytes", &bytes))
        return;
    if (!(bytes * KIB > c->x_low && bytes * KIB < c->x_high))
        return;
    double x = html_chart_x(c, bytes * KIB);
    text_print(out, "<path class=\"budget\" d=\"M%.1f 12V%d\"/><text x=\"%.1f\" y=\"24\">budget</text>\n", x, CHART_HEIGHT - 44, x + 4);
}

static const char *class_of(const cJSON *trial)
{
    return strcmp(field_string(trial, "kind"), "baseline") == 0 ? "int8" : field_true(trial, "front") ? "on" : "off";
}

void report_front(const cJSON *report, struct buffer *out)
{
    struct points *p = malloc(sizeof *p);
    struct html_chart c;
    double best;
    if (p)
        collect(p, field_find(report, "trials"), "flash_bytes", KIB, "accuracy", 100);
    if (!p || p->n == 0) {
        text_print(out, "<p>Nothing is measured yet.</p>\n");
        free(p);
        return;
    }
    qsort(p->list, (size_t)p->n, sizeof *p->list, by_x);
    frame(&c, p);
    char title[40], y_title[60];
    snprintf(title, sizeof title, "%s against flash", metric_words_of(field_find(report, "study"))->name);
    snprintf(y_title, sizeof y_title, "%s on validation, %% (host)", metric_words_of(field_find(report, "study"))->name);
    html_chart_begin(&c, title, "flash, KiB (planned)", y_title, out);
    budget_line(&c, report, out);
    front_line(&c, p, out);
    for (int i = 0; i < p->n; i++)
        dot(&c, &p->list[i], class_of(p->list[i].trial), field_true(p->list[i].trial, "front") ? 4 : 2.5, out);
    for (int i = 0; field_number(report, "study.best.trial", &best) && i < p->n; i++) {
        double number;
        if (field_number(p->list[i].trial, "trial", &number) && number == best)
            dot(&c, &p->list[i], "best", 8, out);
    }
    html_chart_end(out);
    text_print(out, "<p class=\"key\"><span class=\"k-off\"></span>trial <span class=\"k-on\"></span>on the front <span class=\"k-int8\"></span>w8a8 "
                    "<span class=\"k-best\"></span>the best. float32 lies outside.</p>\n");
    free(p);
}

/* --- rewards --- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Few very bad trials must not press the others together. */
static double low_reward(const struct points *p)
{
    double *sorted = malloc((size_t)p->n * sizeof *sorted), low = 0;
    if (!sorted)
        return 0;
    for (int i = 0; i < p->n; i++)
        sorted[i] = p->list[i].y;
    qsort(sorted, (size_t)p->n, sizeof *sorted, by_value);
    low = sorted[p->n / LOW_QUANTILE];
    free(sorted);
    return low;
}

static void best_so_far(const struct html_chart *c, const struct points *p, struct buffer *out)
{
    double best = p->list[0].y;
    text_print(out, "<path class=\"front\" d=\"M%.1f %.1f", html_chart_x(c, p->list[0].x), html_chart_y(c, best));
    for (int i = 1; i < p->n; i++)
        if (p->list[i].y > best) {
            best = p->list[i].y;
            text_print(out, "H%.1fV%.1f", html_chart_x(c, p->list[i].x), html_chart_y(c, best));
        }
    text_print(out, "H%.1f\"/>\n", html_chart_x(c, p->list[p->n - 1].x));
}

void report_progress(const cJSON *report, struct buffer *out)
{
    struct points *p = malloc(sizeof *p);
    struct html_chart c;
    if (p)
        collect(p, field_find(report, "trials"), "trial", 1, "reward", 1);
    if (p && p->n > 0) {
        qsort(p->list, (size_t)p->n, sizeof *p->list, by_x);
        frame(&c, p);
        c.y_low = low_reward(p);
        html_chart_begin(&c, "rewards, and the best so far", "trial", "reward", out);
        best_so_far(&c, p, out);
        for (int i = 0; i < p->n; i++)
            dot(&c, &p->list[i], class_of(p->list[i].trial), 2.5, out);
        html_chart_end(out);
        text_print(out, "<p class=\"key\">The line is the best so far. Dots on the lower edge lie below it.</p>\n");
    }
    free(p);
}

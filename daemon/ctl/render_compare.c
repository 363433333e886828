// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Trials side by side: one column each, one row per figure, with what they take of what w8a8 takes.
#include "daemon/ctl/compare.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/metric_words.h"
#include "daemon/ctl/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 64
#define FACTOR_FROM 2.0 // from here on a factor says more than a percentage

/* What a row shows of a trial. */
struct row {
    const char *title;
    const char *path;   // of a field of the trial; NULL: `figure`
    const char *figure; // of a measurement
    double scale;
    int digits;
    const char *origin; // NULL: as the trial's latency and energy, or as the measurement
    bool with_saving;   // a second row: against w8a8
};

static const struct row flash_rows[] = {
    {"flash, bytes", "flash_bytes", NULL, 1, 0, "planned", true},
    {"  weights", "weights_bytes", NULL, 1, 0, "planned", false},
    {"  parameters", NULL, "parameters_bytes", 1, 0, NULL, false},
    {"  program", NULL, "program_bytes", 1, 0, NULL, false},
};

static const struct row board_rows[] = {
    {"RAM, bytes", "ram_bytes", NULL, 1, 0, "planned", true},
    {"  used of it", NULL, "ram_used_bytes", 1, 0, NULL, false},
    {"  stack used", NULL, "stack_used_bytes", 1, 0, NULL, false},
    {"latency, ms", "latency_us", NULL, 1e-3, 3, NULL, true},
    {"energy, uJ", "energy_uj", NULL, 1, 1, NULL, true},
    {"power, mW", "power_mw", NULL, 1, 2, NULL, false},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

const cJSON *compare_figure(const cJSON *trial, const char *name)
{
    const cJSON *figure, *found = NULL;
    double series, newest = -1;
    cJSON_ArrayForEach(figure, field_find(trial, "measurements"))
    {
        if (strcmp(field_string(figure, "name"), name) == 0 && field_number(figure, "series", &series) && series > newest) {
            found = figure;
            newest = series;
        }
    }
    return found;
}

bool compare_is_uniform(const char *candidate, char *word, size_t size)
{
    size_t n = strcspn(candidate, " ");
    for (const char *at = candidate + n; *at; at += n) {
        at += strspn(at, " ");
        if (*at && (strcspn(at, " ") != n || strncmp(at, candidate, n) != 0))
            return false;
    }
    snprintf(word, size, "%.*s", (int)n, candidate);
    return n > 0;
}

static bool value_of(const struct row *row, const cJSON *trial, double *value)
{
    bool known = row->path ? field_number(trial, row->path, value) : field_number(compare_figure(trial, row->figure), "value", value);
    return known && isfinite(*value);
}

/* The origin of a row: what all trials have that have the figure, "-" when none has. */
static struct field origin_of(const struct row *row, const cJSON *trials)
{
    struct field origin = {"-"};
    const cJSON *trial;
    double value;
    cJSON_ArrayForEach(trial, trials)
    {
        if (!value_of(row, trial, &value))
            continue;
        struct field one = field_text(row->path ? trial : compare_figure(trial, row->figure), "origin");
        if (row->origin)
            snprintf(one.text, sizeof one.text, "%s", row->origin);
        if (strcmp(origin.text, "-") == 0)
            origin = one;
        else if (strcmp(origin.text, one.text) != 0)
            snprintf(origin.text, sizeof origin.text, "mixed");
    }
    return origin;
}

/* "-48.9 %" or "x 3.54" of what the reference takes. */
static void saving_cell(struct table *t, double value, double reference)
{
    double ratio = value / reference;
    if (!(reference > 0) || !isfinite(ratio))
        table_cell(t, COLOR_NONE, "-");
    else if (ratio >= FACTOR_FROM)
        table_cell(t, COLOR_NONE, "x %.2f", ratio);
    else
        table_cell(t, ratio < 1 ? COLOR_GREEN : COLOR_NONE, "%+.1f %%", 100 * (ratio - 1));
}

static void figure_row(struct table *t, const struct row *row, const cJSON *answer)
{
    const cJSON *trials = field_find(answer, "trials"), *trial;
    double value;
    table_cell(t, COLOR_NONE, "%s", row->title);
    cJSON_ArrayForEach(trial, trials)
    {
        if (value_of(row, trial, &value))
            table_cell(t, COLOR_NONE, "%.*f", row->digits, value * row->scale == 0 ? 0.0 : value * row->scale);
        else
            table_cell(t, COLOR_NONE, "-");
    }
    table_cell(t, COLOR_NONE, "%s", origin_of(row, trials).text);
}

static void saving_row(struct table *t, const struct row *row, const cJSON *answer)
{
    const cJSON *reference = field_find(answer, "reference"), *trial;
    double value, of;
    table_cell(t, COLOR_NONE, "  against w8a8");
    cJSON_ArrayForEach(trial, field_find(answer, "trials"))
    {
        if (value_of(row, trial, &value) && value_of(row, reference, &of))
            saving_cell(t, value, of);
        else
            table_cell(t, COLOR_NONE, "-");
    }
    table_cell(t, COLOR_NONE, "%s", "");
}

static void figure_rows(struct table *t, const struct row *rows, size_t n, const cJSON *answer)
{
    for (size_t i = 0; i < n; i++) {
        figure_row(t, &rows[i], answer);
        if (rows[i].with_saving)
            saving_row(t, &rows[i], answer);
    }
}

static void candidate_row(struct table *t, const cJSON *trials)
{
    const cJSON *trial;
    table_cell(t, COLOR_NONE, "candidate");
    cJSON_ArrayForEach(trial, trials)
    {
        char word[WORD_MAX];
        bool alike = compare_is_uniform(field_string(trial, "candidate"), word, sizeof word);
        table_cell(t, COLOR_NONE, "%s", alike ? word : "mixed");
    }
    table_cell(t, COLOR_NONE, "%s", "");
}

static void kind_row(struct table *t, const cJSON *trials)
{
    const cJSON *trial;
    table_cell(t, COLOR_NONE, "kind");
    cJSON_ArrayForEach(trial, trials)
    {
        table_cell(t, COLOR_NONE, "%s%s", field_true(trial, "finalist") ? "finalist, " : "", field_text(trial, "kind").text);
    }
    table_cell(t, COLOR_NONE, "%s", "");
}

static bool test_accuracy(const cJSON *trial, double *accuracy)
{
    double correct, samples;
    if (!field_number(trial, "test_correct", &correct) || !field_number(trial, "test_samples", &samples) || !(samples > 0))
        return false;
    *accuracy = 100 * correct / samples;
    return isfinite(*accuracy);
}

static void test_rows(struct table *t, const cJSON *answer)
{
    const cJSON *trials = field_find(answer, "trials"), *trial;
    double accuracy, reference;
    bool known = test_accuracy(field_find(answer, "reference"), &reference);
    table_cell(t, COLOR_NONE, "%s", metric_words_of_list(trials)->test);
    cJSON_ArrayForEach(trial, trials)
    {
        if (test_accuracy(trial, &accuracy))
            table_cell(t, COLOR_NONE, "%.2f", accuracy);
        else
            table_cell(t, COLOR_NONE, "-");
    }
    table_cell(t, COLOR_NONE, "host");
    table_cell(t, COLOR_NONE, "  loss, points");
    cJSON_ArrayForEach(trial, trials)
    {
        if (known && test_accuracy(trial, &accuracy))
            table_cell(t, COLOR_NONE, "%.2f", reference == accuracy ? 0.0 : reference - accuracy);
        else
            table_cell(t, COLOR_NONE, "-");
    }
    table_cell(t, COLOR_NONE, "host");
}

/* Flash with the runner, where its size is known: what a board really holds. */
static void code_row(struct table *t, const cJSON *answer)
{
    const cJSON *trial;
    double code, flash;
    if (!field_number(answer, "runner_bytes", &code))
        return;
    table_cell(t, COLOR_NONE, "  with the runner");
    cJSON_ArrayForEach(trial, field_find(answer, "trials"))
    {
        if (field_number(trial, "flash_bytes", &flash))
            table_cell(t, COLOR_NONE, "%.0f", flash + code);
        else
            table_cell(t, COLOR_NONE, "-");
    }
    table_cell(t, COLOR_NONE, "planned");
}

/* Below the table: what does not fit into it. */
static void mixed_candidates(const cJSON *trials, struct buffer *out)
{
    const cJSON *trial;
    char word[WORD_MAX];
    cJSON_ArrayForEach(trial, trials)
    {
        const char *candidate = field_string(trial, "candidate");
        if (compare_is_uniform(candidate, word, sizeof word))
            continue;
        text_print(out, "%s: ", field_text(trial, "trial").text);
        text_string(out, candidate);
        text_print(out, "\n");
    }
}

bool compare_table_init(struct compare_table *c, const cJSON *answer)
{
    const cJSON *trials = field_find(answer, "trials"), *trial;
    struct table *t = &c->table;
    size_t n = 0;
    if (cJSON_GetArraySize(trials) == 0 || cJSON_GetArraySize(trials) > COMPARE_TRIALS_MAX)
        return false;
    c->columns[0] = (struct table_column){"TRIAL", false};
    cJSON_ArrayForEach(trial, trials)
    {
        c->numbers[n] = field_text(trial, "trial");
        c->columns[n + 1] = (struct table_column){c->numbers[n].text, true};
        n++;
    }
    c->columns[n + 1] = (struct table_column){"ORIGIN", false};
    table_init(t, c->columns, n + 2);
    kind_row(t, trials);
    candidate_row(t, trials);
    const struct row accuracy_rows[] = {
        {metric_words_of_list(trials)->validation, "accuracy", NULL, 100, 2, "host", false},
        {"  loss, points", "loss_points", NULL, 1, 2, "host", false},
    };
    figure_rows(t, accuracy_rows, COUNT(accuracy_rows), answer);
    test_rows(t, answer);
    figure_rows(t, flash_rows, COUNT(flash_rows), answer);
    code_row(t, answer);
    figure_rows(t, board_rows, COUNT(board_rows), answer);
    return true;
}

void compare_table_finish(struct compare_table *c)
{
    table_finish(&c->table);
}

void render_compare(const cJSON *answer, const struct style *style, struct buffer *out)
{
    struct compare_table c;
    if (!compare_table_init(&c, answer)) {
        text_print(out, "nothing to compare\n");
        return;
    }
    table_print(&c.table, style, out);
    compare_table_finish(&c);
    mixed_candidates(field_find(answer, "trials"), out);
}

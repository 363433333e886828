// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Trials: tables of them, and one in full.
#include "daemon/ctl/compare.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/metric_words.h"
#include "daemon/ctl/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void trial_columns(const cJSON *trials, struct table_column columns[TRIAL_COLUMNS])
{
    const struct table_column all[TRIAL_COLUMNS] = {
        {"TRIAL", true},   {"KIND", false},     {"STATE", false}, {metric_words_of_list(trials)->column, true}, {"LOSS points", true},
        {"FLASH B", true}, {"OF INT8 %", true}, {"RAM B", true},  {"LATENCY ms", true}, {"ENERGY uJ", true},
        {"ORIGIN", false}, {"REWARD", true},    {"", false}};
    memcpy(columns, all, sizeof all);
}

void trial_cells(struct table *t, const cJSON *trial)
{
    const char *state = field_string(trial, "state");
    table_cell(t, COLOR_NONE, "%s", field_text(trial, "trial").text);
    table_cell(t, COLOR_NONE, "%s", field_text(trial, "kind").text);
    table_cell(t, render_state_color(state), "%s", state);
    table_cell(t, COLOR_NONE, "%s", field_scaled(trial, "accuracy", 100, 2).text);
    table_cell(t, COLOR_NONE, "%s", field_fixed(trial, "loss_points", 2).text);
    table_cell(t, COLOR_NONE, "%s", field_text(trial, "flash_bytes").text);
    table_cell(t, COLOR_NONE, "%s", field_scaled(trial, "flash_of_int8", 100, 1).text);
    table_cell(t, COLOR_NONE, "%s", field_text(trial, "ram_bytes").text);
    table_cell(t, COLOR_NONE, "%s", field_scaled(trial, "latency_us", 1e-3, 3).text);
    table_cell(t, COLOR_NONE, "%s", field_fixed(trial, "energy_uj", 1).text);
    table_cell(t, COLOR_NONE, "%s", field_text(trial, "origin").text);
    table_cell(t, COLOR_NONE, "%s", field_fixed(trial, "reward", 3).text);
    table_cell(t, COLOR_GREEN, "%s%s", field_true(trial, "front") ? "front" : "", field_true(trial, "finalist") ? " finalist" : "");
}

void render_trials(const cJSON *answer, const struct style *style, struct buffer *out)
{
    const cJSON *trials = field_find(answer, "trials"), *trial;
    if (cJSON_GetArraySize(trials) == 0) {
        text_print(out, "no trials\n");
        return;
    }
    struct table_column columns[TRIAL_COLUMNS];
    struct table t;
    trial_columns(trials, columns);
    table_init(&t, columns, TRIAL_COLUMNS);
    cJSON_ArrayForEach(trial, trials)
        trial_cells(&t, trial);
    table_print(&t, style, out);
    table_finish(&t);
}

static void title(struct buffer *out, const char *text)
{
    text_print(out, "%-12s ", text);
}

static bool is_known(const cJSON *trial, const char *path)
{
    const cJSON *item = field_find(trial, path);
    return item && !cJSON_IsNull(item);
}

static void trial_head(const cJSON *trial, const struct style *style, struct buffer *out)
{
    const char *state = field_string(trial, "state");
    title(out, "trial");
    text_print(out, "%s of study %s, %s, ", field_text(trial, "trial").text, field_text(trial, "study").text,
               field_text(trial, "kind").text);
    text_color(out, style, render_state_color(state), state);
    text_print(out, "%s%s\n", field_true(trial, "front") ? ", on the front" : "", field_true(trial, "finalist") ? ", finalist" : "");
    if (is_known(trial, "why")) {
        title(out, "proposed as");
        text_print(out, "%s\n", field_text(trial, "why").text);
    }
    if (is_known(trial, "reason")) {
        title(out, "reason");
        text_print(out, "%s\n", field_text(trial, "reason").text);
    }
    title(out, "candidate");
    text_string(out, field_string(trial, "candidate"));
    text_print(out, "\n");
    title(out, "hash");
    text_print(out, "%s\n", field_text(trial, "hash").text);
}

static void trial_accuracy(const cJSON *trial, struct buffer *out)
{
    const struct metric_words *words = metric_words_of(trial);
    bool counts = strcmp(words->metric, "accuracy") == 0; // other metrics count nothing
    title(out, words->name);
    text_print(out, "%s %% host", field_scaled(trial, "accuracy", 100, 2).text);
    if (counts)
        text_print(out, ", %s of %s", field_text(trial, "correct").text, field_text(trial, "samples").text);
    double loss;
    if (field_number(trial, "loss_points", &loss))
        text_print(out, ", %.2f points %s w8a8", fabs(loss), loss < 0 ? "above" : "below");
    text_print(out, "\n");
    double correct, samples;
    if (field_number(trial, "test_correct", &correct) && field_number(trial, "test_samples", &samples) && samples > 0) {
        title(out, "on test");
        text_print(out, "%.2f %% host", 100 * correct / samples);
        if (counts)
            text_print(out, ", %.0f of %.0f", correct, samples);
        text_print(out, "\n");
    }
}

static void trial_latency(const cJSON *trial, struct buffer *out)
{
    title(out, "latency");
    if (is_known(trial, "latency_us"))
        text_print(out, "%s %s, %s cycles, spread %s\n", field_latency(trial, "latency_us").text, field_text(trial, "origin").text,
                   field_text(trial, "latency_cycles").text, field_text(trial, "latency_spread_cycles").text);
    else
        text_print(out, "-\n");
}

static void trial_energy(const cJSON *trial, struct buffer *out)
{
    title(out, "energy");
    if (is_known(trial, "energy_uj"))
        text_print(out, "%s %s, spread %s nJ, %s mW\n", field_energy(trial, "energy_uj").text, field_text(trial, "origin").text,
                   field_text(trial, "energy_spread_nj").text, field_fixed(trial, "power_mw", 1).text);
    else
        text_print(out, "-\n");
}

/* That raw samples are kept, and how to get them. */
static void trial_trace(const cJSON *trial, struct buffer *out)
{
    const cJSON *trace = field_find(trial, "trace");
    if (!cJSON_IsObject(trace))
        return;
    title(out, "raw samples");
    text_print(out, "%s in %s windows: pare trial trace %s FILE\n", field_text(trace, "samples").text, field_text(trace, "windows").text,
               field_text(trial, "trial").text);
}

static void trial_figures(const cJSON *trial, struct buffer *out)
{
    trial_accuracy(trial, out);
    title(out, "flash");
    text_print(out, "%s planned (weights %s)", field_bytes(trial, "flash_bytes").text, field_bytes(trial, "weights_bytes").text);
    if (is_known(trial, "flash_of_int8"))
        text_print(out, ", %s %% of int8", field_scaled(trial, "flash_of_int8", 100, 1).text);
    text_print(out, "\n");
    title(out, "RAM");
    text_print(out, "%s planned\n", field_bytes(trial, "ram_bytes").text);
    trial_latency(trial, out);
    trial_energy(trial, out);
    trial_trace(trial, out);
    title(out, "reward");
    text_print(out, "%s\n", field_fixed(trial, "reward", 4).text);
    title(out, "measured");
    text_print(out, "on %s in %s s", field_text(trial, "board").text, field_fixed(trial, "seconds", 1).text);
    if (cJSON_IsNumber(field_find(trial, "attempts")))
        text_print(out, ", attempts %s", field_text(trial, "attempts").text);
    text_print(out, "\n");
}

/* A table below a trial: each column is a field of each item. */
static void sub_table(const cJSON *items, const struct table_column *columns, const char *const *paths, size_t n,
                      const struct style *style, struct buffer *out)
{
    const cJSON *item;
    if (!cJSON_IsArray(items) || cJSON_GetArraySize(items) == 0)
        return;
    struct table t;
    table_init(&t, columns, n);
    cJSON_ArrayForEach(item, items)
    {
        for (size_t i = 0; i < n; i++)
            table_cell(&t, COLOR_NONE, "%s", field_text(item, paths[i]).text);
    }
    text_print(out, "\n");
    table_print(&t, style, out);
    table_finish(&t);
}

static void trial_layers(const cJSON *trial, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {{"LAYER", false}, {"KIND", false}, {"SLOT", true}, {"SETTING", false}, {"CYCLES", true}};
    static const char *const paths[] = {"name", "kind", "slot", "setting", "cycles"};
    sub_table(field_find(trial, "layers"), columns, paths, 5, style, out);
}

static void trial_measurements(const cJSON *trial, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {{"FIGURE", false}, {"SERIES", true},  {"VALUE", true},   {"UNIT", false},
                                                  {"SPREAD", true},  {"REPEATS", true}, {"ORIGIN", false}};
    static const char *const paths[] = {"name", "series", "value", "unit", "spread", "repeats", "origin"};
    sub_table(field_find(trial, "measurements"), columns, paths, 7, style, out);
}

static void trial_attempts(const cJSON *trial, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {{"ATTEMPT", true}, {"SERIES", true},   {"BOARD", false}, {"STATE", false},
                                                  {"CLASS", false},  {"SECONDS", true}, {"TEXT", false}};
    static const char *const paths[] = {"attempt", "series", "board", "state", "class", "seconds", "text"};
    sub_table(field_find(trial, "attempts"), columns, paths, 7, style, out);
}

/* What an object has, on one line: "steps 800, batch 32". */
static void members_print(const cJSON *object, struct buffer *out)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        char name[64];
        snprintf(name, sizeof name, "%.60s", item->string ? item->string : "");
        text_print(out, "%s%s %s", item == object->child ? "" : ", ", text_clean(name), field_value(item).text);
    }
    text_print(out, "\n");
}

static void trial_provenance(const cJSON *trial, struct buffer *out)
{
    const cJSON *provenance = field_find(trial, "provenance"), *item;
    if (cJSON_GetArraySize(provenance) > 0)
        text_print(out, "\n");
    cJSON_ArrayForEach(item, provenance)
    {
        char name[64];
        snprintf(name, sizeof name, "%.60s", item->string ? item->string : "");
        title(out, text_clean(name));
        if (cJSON_IsObject(item))
            members_print(item, out);
        else
            text_print(out, "%s\n", field_value(item).text);
    }
}

void render_trial(const cJSON *answer, const struct style *style, struct buffer *out)
{
    trial_head(answer, style, out);
    trial_figures(answer, out);
    trial_layers(answer, style, out);
    trial_measurements(answer, style, out);
    trial_attempts(answer, style, out);
    trial_provenance(answer, out);
}

void render_trace(const cJSON *answer, const struct style *style, struct buffer *out)
{
    (void)style;
    text_print(out, "%s: %s samples of %s windows, ", field_text(answer, "path").text, field_text(answer, "samples").text,
               field_text(answer, "windows").text);
    text_print(out, "%s, measured on %s\n", field_text(answer, "origin").text, field_text(answer, "board").text);
}

void render_exported(const cJSON *answer, const struct style *style, struct buffer *out)
{
    const cJSON *files = field_find(answer, "files"), *file;
    (void)style;
    if (field_find(answer, "trials")) {
        text_print(out, "%s: %s trials of study %s, ", field_text(answer, "path").text, field_text(answer, "trials").text, field_text(answer, "study").text);
        text_print(out, "%s\n", field_bytes(answer, "bytes").text);
        return;
    }
    text_print(out, "%s in %s\n", field_text(answer, "format").text, field_text(answer, "folder").text);
    cJSON_ArrayForEach(file, files)
    {
        text_print(out, "  ");
        text_string(out, cJSON_IsString(file) ? file->valuestring : "-");
        text_print(out, "\n");
    }
}

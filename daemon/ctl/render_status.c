// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The service as a whole, its boards, and events.
#include "daemon/ctl/field.h"
#include "daemon/ctl/metric_words.h"
#include "daemon/ctl/render.h"

#include <stdio.h>
#include <string.h>

void render_status(const cJSON *answer, const struct style *style, struct buffer *out)
{
    double uptime = 0;
    field_number(answer, "uptime_s", &uptime);
    text_print(out, "pared %s, process %s, up %s, %s MiB, longest stall %s ms\n", field_text(answer, "version").text,
               field_text(answer, "pid").text, field_duration(uptime).text,
               field_scaled(answer, "resident_kib", 1.0 / 1024, 1).text, field_text(answer, "loop_stall_ms").text);
    text_print(out, "database %s\n\n", field_text(answer, "database").text);
    render_studies(answer, style, out);
    text_print(out, "\n");
    render_boards(answer, style, out);
}

/* "probe 1, mismatch 2" */
static void failures(const cJSON *board, char *text, size_t size)
{
    const cJSON *list = field_find(board, "failures"), *item;
    size_t at = 0;
    snprintf(text, size, "-");
    cJSON_ArrayForEach(item, list)
    {
        if (!item->string || !cJSON_IsNumber(item) || item->valuedouble == 0 || at >= size)
            continue;
        int n = snprintf(text + at, size - at, "%s%.30s %.0f", at ? ", " : "", item->string, item->valuedouble);
        at += n > 0 ? (size_t)n : 0;
    }
}

static void board_row(struct table *t, const cJSON *board)
{
    char failed[200], worn[600];
    const char *state = field_string(board, "state");
    failures(board, failed, sizeof failed);
    snprintf(worn, sizeof worn, "%s of %s", field_text(board, "most_worn_page_erases").text, field_text(board, "wear_budget").text);
    table_cell(t, COLOR_NONE, "%s", field_text(board, "board").text);
    table_cell(t, COLOR_NONE, "%s", field_text(board, "type").text);
    table_cell(t, COLOR_NONE, "%s", field_true(board, "virtual") ? "virtual" : "real");
    table_cell(t, render_state_color(state), "%s", state);
    table_cell(t, COLOR_NONE, "%s", field_text(board, "trial").text);
    table_cell(t, COLOR_NONE, "%s", field_text(board, "jobs").text);
    table_cell(t, COLOR_NONE, "%s", failed);
    table_cell(t, COLOR_NONE, "%s", worn);
    table_cell(t, COLOR_NONE, "%s", field_text(board, "reason").text);
}

void render_boards(const cJSON *answer, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {
        {"BOARD", false}, {"TYPE", false},     {"ORIGIN", false}, {"STATE", false}, {"TRIAL", true},
        {"JOBS", true},   {"FAILURES", false}, {"ERASES", true},  {"REASON", false}};
    const cJSON *boards = field_find(answer, "boards"), *board;
    if (cJSON_GetArraySize(boards) == 0) {
        text_print(out, "no boards; they stand in pared's configuration\n");
        return;
    }
    struct table t;
    table_init(&t, columns, sizeof columns / sizeof *columns);
    cJSON_ArrayForEach(board, boards)
        board_row(&t, board);
    table_print(&t, style, out);
    table_finish(&t);
}

static void render_canary(const cJSON *canary, const struct style *style, struct buffer *out)
{
    if (!cJSON_IsObject(canary))
        return;
    bool drifted = field_true(canary, "drifted");
    text_print(out, "%-12s ", "canary");
    text_color(out, style, drifted ? COLOR_RED : COLOR_NONE, drifted ? "drifted" : "steady");
    text_print(out, ": %s cycles and %s nJ, at first %s and %s\n", field_text(canary, "cycles").text, field_text(canary, "energy_nj").text,
               field_text(canary, "first_cycles").text, field_text(canary, "first_energy_nj").text);
}

void render_board(const cJSON *answer, const struct style *style, struct buffer *out)
{
    static const char *const fields[][2] = {
        {"board", "board"}, {"type", "type"}, {"serial", "serial"}, {"state", "state"}, {"reason", "reason"},
        {"trial", "trial"}, {"jobs", "jobs"},
    };
    char failed[200];
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        text_print(out, "%-12s ", fields[i][0]);
        enum color color = strcmp(fields[i][1], "state") == 0 ? render_state_color(field_string(answer, "state")) : COLOR_NONE;
        text_color(out, style, color, field_text(answer, fields[i][1]).text);
        text_print(out, "\n");
    }
    failures(answer, failed, sizeof failed);
    if (cJSON_IsString(field_find(answer, "probe_firmware")))
        text_print(out, "%-12s %s\n", "firmware", field_text(answer, "probe_firmware").text);
    text_print(out, "%-12s %s\n", "origin", field_true(answer, "virtual") ? "virtual" : "real");
    text_print(out, "%-12s %s\n", "failures", text_clean(failed));
    render_canary(field_find(answer, "canary"), style, out);
    text_print(out, "%-12s %s of %s on the most worn page\n", "erases", field_text(answer, "most_worn_page_erases").text,
               field_text(answer, "wear_budget").text);
}

void render_board_state(const cJSON *answer, const struct style *style, struct buffer *out)
{
    const char *state = field_string(answer, "state");
    text_print(out, "%s is ", field_text(answer, "board").text);
    text_color(out, style, render_state_color(state), state);
    text_print(out, "\n");
}

/* "accuracy 91.50 %", "latency 25.0 ms virtual"; other data as they are. */
static void event_item(const cJSON *data, const cJSON *item, const char *origin, struct buffer *out)
{
    char name[64];
    snprintf(name, sizeof name, "%.60s", item->string);
    if (strcmp(name, "latency_us") == 0)
        text_print(out, "latency %s%s", field_latency(item, "").text, origin);
    else if (strcmp(name, "energy_uj") == 0)
        text_print(out, "energy %s%s", field_energy(item, "").text, origin);
    else if (strcmp(name, "accuracy") == 0)
        text_print(out, "%s %s %% host", metric_words_of(data)->name, field_scaled(item, "", 100, 2).text);
    else if (strcmp(name, "reward") == 0)
        text_print(out, "reward %s", field_fixed(item, "", 3).text);
    else
        text_print(out, "%s %s", text_clean(name), field_value(item).text);
}

static void event_data(const cJSON *data, struct buffer *out)
{
    const cJSON *item;
    const char *between = "";
    char origin[40] = "";
    if (cJSON_IsString(field_find(data, "origin")))
        snprintf(origin, sizeof origin, " %.30s", field_string(data, "origin"));
    text_clean(origin);
    cJSON_ArrayForEach(item, data)
    {
        if (!item->string || cJSON_IsNull(item) || cJSON_IsArray(item) || cJSON_IsObject(item) || strcmp(item->string, "origin") == 0)
            continue;
        text_print(out, "%s", between);
        event_item(data, item, origin, out);
        between = ", ";
    }
}

void render_event(const cJSON *answer, const struct style *style, struct buffer *out)
{
    text_color(out, style, COLOR_DIM, field_text(answer, "time").text);
    text_print(out, " %6s  ", field_text(answer, "seq").text);
    char topic[64];
    snprintf(topic, sizeof topic, "%-16.40s", field_text(answer, "topic").text);
    text_color(out, style, COLOR_BOLD, topic);
    if (cJSON_IsNumber(field_find(answer, "study")))
        text_print(out, "  study %s", field_text(answer, "study").text);
    if (cJSON_IsNumber(field_find(answer, "trial")))
        text_print(out, "  trial %s", field_text(answer, "trial").text);
    text_print(out, "  ");
    event_data(field_find(answer, "data"), out);
    while (out->size > 0 && out->data[out->size - 1] == ' ')
        out->size--;
    text_print(out, "\n");
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the operator of the service looks after: its configuration and its database.
#include "daemon/ctl/field.h"
#include "daemon/ctl/render.h"

#include <stdio.h>
#include <string.h>

static void line(struct buffer *out, const char *title, const char *text)
{
    text_print(out, "%-14s %s\n", title, text);
}

/* "all", or names. */
static void users(struct buffer *out, const char *title, const cJSON *list)
{
    const cJSON *user;
    text_print(out, "%-14s", title);
    if (cJSON_GetArraySize(list) == 0)
        text_print(out, " %s", cJSON_IsString(list) ? field_value(list).text : "-");
    cJSON_ArrayForEach(user, list)
        text_print(out, " %s", field_value(user).text);
    text_print(out, "\n");
}

static void config_boards(const cJSON *boards, const struct style *style, struct buffer *out)
{
    static const struct table_column columns[] = {{"BOARD", false}, {"TYPE", false},    {"SERIAL", false}, {"METER", false},
                                                  {"FILE", false},  {"OPENOCD", false}, {"RUNNER", false}};
    static const char *const paths[] = {"board", "type", "serial", "meter", "file", "openocd", "runner"};
    const cJSON *board;
    if (cJSON_GetArraySize(boards) == 0)
        return;
    struct table t;
    table_init(&t, columns, sizeof columns / sizeof *columns);
    cJSON_ArrayForEach(board, boards)
    {
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
            table_cell(&t, COLOR_NONE, "%s", field_text(board, paths[i]).text);
    }
    text_print(out, "\n");
    table_print(&t, style, out);
    table_finish(&t);
}

static enum color verdict_color(const char *verdict)
{
    return strcmp(verdict, "ok") == 0 ? COLOR_GREEN : strcmp(verdict, "failed") == 0 ? COLOR_RED : COLOR_YELLOW;
}

void render_doctor(const cJSON *answer, const struct style *style, struct buffer *out)
{
    const cJSON *check;
    cJSON_ArrayForEach(check, field_find(answer, "checks"))
    {
        const char *verdict = field_string(check, "verdict"), *advice = cJSON_GetStringValue(field_find(check, "advice"));
        text_color(out, style, verdict_color(verdict), verdict);
        text_print(out, "%*s %-16s ", strlen(verdict) < 8 ? 8 - (int)strlen(verdict) : 0, "", field_text(check, "check").text);
        text_string(out, field_string(check, "text"));
        if (advice) {
            text_print(out, "\n%26s", "");
            text_color(out, style, COLOR_DIM, advice);
        }
        text_print(out, "\n");
    }
    text_print(out, "failed: %s, warnings: %s\n", field_text(answer, "failed").text, field_text(answer, "warnings").text);
}

void render_config(const cJSON *answer, const struct style *style, struct buffer *out)
{
    static const char *const texts[] = {"file", "state", "database", "worker", "runner", "log"};
    static const char *const numbers[] = {"deadline_scale", "keep_events"};
    line(out, "socket", field_find(answer, "socket") ? field_text(answer, "socket").text : "(default)");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        line(out, texts[i], field_text(answer, texts[i]).text);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        line(out, numbers[i], field_text(answer, numbers[i]).text);
    users(out, "readers", field_find(answer, "readers"));
    users(out, "operators", field_find(answer, "operators"));
    config_boards(field_find(answer, "boards"), style, out);
}

void render_checks(const cJSON *answer, const struct style *style, struct buffer *out)
{
    const cJSON *problems = field_find(answer, "problems"), *problem;
    if (cJSON_IsArray(problems) && cJSON_GetArraySize(problems) == 0)
        text_print(out, "the database is whole\n");
    cJSON_ArrayForEach(problem, problems)
    {
        text_color(out, style, COLOR_RED, "damaged");
        text_print(out, ": %s\n", field_value(problem).text);
    }
}

void render_backup(const cJSON *answer, const struct style *style, struct buffer *out)
{
    (void)style;
    text_print(out, "%s: %s\n", field_text(answer, "path").text, field_bytes(answer, "bytes").text);
}

void render_digest(const cJSON *answer, const struct style *style, struct buffer *out)
{
    (void)style;
    text_print(out, "%s\n", field_text(answer, "digest").text);
}

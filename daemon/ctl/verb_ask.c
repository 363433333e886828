// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Verbs that ask once, with something done before or after: study files, one board, the front, exports, any method.
#include "base/file.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/verb.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STUDY_FILE_MAX (256 << 10) // bytes: the request has to stay below 1 MiB, also with every character escaped

/* All of standard input, as file_read does with files. */
static int read_input(size_t limit, char **data, struct error *e)
{
    struct buffer b;
    char chunk[4096];
    size_t n;
    buffer_init(&b, limit + 1);
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        if (buffer_append(&b, chunk, n) != 0) {
            buffer_finish(&b);
            return error_set(e, "standard input: more than the %zu bytes that are allowed", limit);
        }
    if (buffer_append(&b, "", 1) != 0) {
        buffer_finish(&b);
        return error_set(e, "standard input: too long");
    }
    *data = b.data;
    return 0;
}

/* The absolute folder of a path; of "-", where we are. */
static bool folder_of(const char *path, char folder[PATH_MAX])
{
    if (strcmp(path, "-") == 0)
        return getcwd(folder, PATH_MAX) != NULL;
    char full[PATH_MAX];
    if (!realpath(path, full))
        return false;
    strcpy(folder, dirname(full));
    return true;
}

/* Paths from the command line are relative to where we are, which the service does not know. */
static int make_absolute(cJSON *params, const char *name, struct error *e)
{
    char absolute[PATH_MAX];
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, name));
    if (path && verb_absolute(path, absolute, sizeof absolute) != 0)
        return error_set(e, "%s: the path is too long", path);
    if (path)
        cJSON_ReplaceItemInObjectCaseSensitive(params, name, cJSON_CreateString(absolute));
    return 0;
}

int verb_study_file(const struct verb *v)
{
    cJSON *params = cJSON_Duplicate(v->args->params, true), *result = NULL;
    char *path = strdup(field_string(params, "text")), *text = NULL, folder[PATH_MAX];
    struct error e = {""};
    size_t size;
    int exit_code;
    int bad = strcmp(path, "-") == 0 ? read_input(STUDY_FILE_MAX, &text, &e) : file_read(path, STUDY_FILE_MAX, &text, &size, &e);
    if (!bad && !folder_of(path, folder))
        bad = error_set(&e, "%s: its folder cannot be found", path);
    if (!bad)
        bad = make_absolute(params, "from_file", &e);
    if (!bad) {
        cJSON_ReplaceItemInObjectCaseSensitive(params, "text", cJSON_CreateString(text));
        cJSON_AddStringToObject(params, "folder", folder);
        if (verb_call(v, v->args->command->name, params, &result, &exit_code) == 0)
            exit_code = verb_show(v, result, v->args->command->method == METHOD_STUDY_CREATE ? render_created : render_checked, &v->style);
    } else {
        exit_code = verb_refuse(2, "%s", e.text);
    }
    free(text);
    free(path);
    cJSON_Delete(params);
    cJSON_Delete(result);
    return exit_code;
}

int verb_board_show(const struct verb *v)
{
    const char *name = args_text(v->args, "BOARD");
    cJSON *result = NULL;
    const cJSON *board;
    int exit_code;
    if (verb_call(v, "board.list", NULL, &result, &exit_code) != 0)
        return exit_code;
    exit_code = -1;
    cJSON_ArrayForEach(board, field_find(result, "boards"))
    {
        if (exit_code < 0 && strcmp(field_string(board, "board"), name) == 0)
            exit_code = verb_show(v, board, render_board, &v->style);
    }
    cJSON_Delete(result);
    return exit_code >= 0 ? exit_code : verb_refuse(kind_exit(KIND_NOT_FOUND), "there is no board %s: `pare board list` has them all", name);
}

int verb_board_canary(const struct verb *v)
{
    struct style style = v->style;
    cJSON *result = NULL;
    int exit_code;
    style.plot = style.plot || cJSON_HasObjectItem(v->args->own, "--plot");
    if (verb_call(v, "board.canary", v->args->params, &result, &exit_code) == 0)
        exit_code = verb_show(v, result, render_canaries, &style);
    cJSON_Delete(result);
    return exit_code;
}

int verb_pareto(const struct verb *v)
{
    static const char *const objectives[][2] = {
        {"flash", "flash_bytes"}, {"ram", "ram_bytes"}, {"latency", "latency_cycles"}, {"energy", "energy_nj"}};
    const char *x = args_text(v->args, "--x");
    cJSON *params = cJSON_Duplicate(v->args->params, true), *result = NULL;
    struct style style = v->style;
    int exit_code;
    for (size_t i = 0; x && i < sizeof objectives / sizeof *objectives; i++)
        if (strcmp(x, objectives[i][0]) == 0)
            cJSON_AddItemToObject(params, "objectives", cJSON_CreateStringArray(&objectives[i][1], 1));
    style.plot = style.plot || cJSON_HasObjectItem(v->args->own, "--plot");
    if (verb_call(v, "pareto", params, &result, &exit_code) == 0)
        exit_code = verb_show(v, result, render_front, &style);
    cJSON_Delete(params);
    cJSON_Delete(result);
    return exit_code;
}

static int export_text(const struct verb *v, const cJSON *result, const char *path)
{
    struct error e = {""};
    const char *text = cJSON_GetStringValue(field_find(result, "text"));
    if (!text)
        return verb_refuse(kind_exit(KIND_VERSION), "the answer has no text");
    if (!path) {
        struct buffer out;
        buffer_init(&out, TEXT_LIMIT);
        buffer_append(&out, text, strlen(text));
        if (out.size > 0 && text[out.size - 1] != '\n')
            buffer_append(&out, "\n", 1);
        return verb_print(&out);
    }
    if (file_write(path, text, strlen(text), &e) != 0)
        return verb_refuse(1, "%s", e.text);
    if (!v->args->json)
        return 0;
    cJSON *said = cJSON_CreateObject();
    cJSON_AddStringToObject(said, "format", "json");
    cJSON_AddStringToObject(said, "path", path);
    int exit_code = verb_print_json(v, said);
    cJSON_Delete(said);
    return exit_code;
}

int verb_export(const struct verb *v)
{
    const char *path = args_text(v->args, "-o"), *format = field_string(v->args->params, "format");
    bool package = strcmp(format, "c-package") == 0, trials = strcmp(format, "trials") == 0;
    struct error e = {""};
    if ((package || trials) && !path)
        return verb_refuse(2, "export %s wants %s: -o PATH", format, package ? "a folder" : "a new file");
    cJSON *params = cJSON_Duplicate(v->args->params, true), *result = NULL;
    int exit_code = 0;
    if (!cJSON_HasObjectItem(params, "format"))
        cJSON_AddStringToObject(params, "format", "json");
    if (package || trials) // the service writes it
        cJSON_AddStringToObject(params, package ? "folder" : "path", path);
    if (make_absolute(params, package ? "folder" : "path", &e) != 0)
        exit_code = verb_refuse(2, "%s", e.text);
    else if (verb_call(v, "export", params, &result, &exit_code) == 0)
        exit_code = package || trials ? verb_show(v, result, render_exported, &v->style) : export_text(v, result, path);
    cJSON_Delete(params);
    cJSON_Delete(result);
    return exit_code;
}

int verb_rpc(const struct verb *v)
{
    const char *json = args_text(v->args, "JSON");
    struct error e = {""};
    char *input = NULL;
    int exit_code = 0;
    if (json && strcmp(json, "-") == 0 && read_input(STUDY_FILE_MAX, &input, &e) != 0)
        return verb_refuse(2, "%s", e.text);
    cJSON *params = json ? cJSON_Parse(input ? input : json) : cJSON_CreateObject(), *result = NULL;
    free(input);
    if (!cJSON_IsObject(params))
        exit_code = verb_refuse(2, "the parameters of a method are one JSON object, like '{\"study\": \"demo\"}'");
    else if (verb_call(v, args_text(v->args, "METHOD"), params, &result, &exit_code) == 0)
        exit_code = verb_print_json(v, result);
    cJSON_Delete(params);
    cJSON_Delete(result);
    return exit_code;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pare db and pare config: what the operator of the service looks after; and trial trace, which hands out a file as db backup does.
#include "daemon/ctl/field.h"
#include "daemon/ctl/program.h"
#include "daemon/ctl/verb.h"

#include <limits.h>
#include <string.h>

int verb_db_check(const struct verb *v)
{
    cJSON *result = NULL;
    int exit_code;
    if (verb_call(v, "db.check", v->args->params, &result, &exit_code) != 0)
        return exit_code;
    const cJSON *problems = field_find(result, "problems");
    bool whole = cJSON_IsArray(problems) && cJSON_GetArraySize(problems) == 0;
    exit_code = verb_show(v, result, render_checks, &v->style);
    cJSON_Delete(result);
    return exit_code == 0 && !whole ? kind_exit(KIND_FAILED) : exit_code;
}

/* The service writes the file, so it needs a path that does not depend on where we are. */
static int call_with_path(const struct verb *v, render *show)
{
    char path[PATH_MAX];
    const char *file = field_string(v->args->params, "path");
    if (verb_absolute(file, path, sizeof path) != 0)
        return verb_refuse(2, "%s: the path is too long", file);
    cJSON *params = cJSON_Duplicate(v->args->params, true), *result = NULL;
    int exit_code;
    cJSON_ReplaceItemInObjectCaseSensitive(params, "path", cJSON_CreateString(path));
    if (verb_call(v, v->args->command->name, params, &result, &exit_code) == 0)
        exit_code = verb_show(v, result, show, &v->style);
    cJSON_Delete(params);
    cJSON_Delete(result);
    return exit_code;
}

int verb_db_backup(const struct verb *v)
{
    return call_with_path(v, render_backup);
}

int verb_trial_trace(const struct verb *v)
{
    return call_with_path(v, render_trace);
}

static int print_config_check(const struct verb *v, const char *file, int status, char *says)
{
    char *end = says + strlen(says);
    while (end > says && end[-1] == '\n')
        *--end = '\0';
    if (!v->args->json && status != 0)
        return verb_refuse(kind_exit(KIND_INVALID), "%s", strncmp(says, "pared: ", 7) == 0 ? says + 7 : says);
    if (!v->args->json) {
        struct buffer out;
        buffer_init(&out, TEXT_LIMIT);
        text_string(&out, says);
        text_print(&out, "\n");
        return verb_print(&out);
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", file);
    cJSON_AddBoolToObject(o, "good", status == 0);
    cJSON_AddStringToObject(o, "text", says);
    int exit_code = verb_print_json(v, o);
    cJSON_Delete(o);
    return exit_code == 0 && status != 0 ? kind_exit(KIND_INVALID) : exit_code;
}

int verb_config_check(const struct verb *v)
{
    static const char *const beside[] = {"..", "../sbin", NULL}; // of a build tree, and as installed
    char pared[PATH_MAX], says[PROGRAM_SAYS_MAX];
    const char *file = args_text(v->args, "FILE");
    struct error e = {""};
    if (!program_find("pared", beside, pared, sizeof pared))
        return verb_refuse(kind_exit(KIND_FAILED), "there is no program pared, neither beside pare nor in PATH: it is what checks");
    const char *const argv[] = {pared, "--check-config", file, NULL};
    int status = program_run(argv, says, sizeof says, &e);
    return status < 0 ? verb_refuse(kind_exit(KIND_FAILED), "%s", e.text) : print_config_check(v, file, status, says);
}

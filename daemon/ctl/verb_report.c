// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pare report: asks for all of a study, in pieces, and writes it as HTML.
#include "base/file.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/report.h"
#include "daemon/ctl/verb.h"

#define PIECE 200 // trials of one answer: below 1 MiB also with 256 slots

static int ask(const struct verb *v, const cJSON *study, const char *method, cJSON **result)
{
    cJSON *params = cJSON_CreateObject();
    int exit_code;
    cJSON_AddItemToObject(params, "study", cJSON_Duplicate(study, true));
    verb_call(v, method, params, result, &exit_code);
    cJSON_Delete(params);
    return exit_code;
}

/* The trials after number *after, onto the end of the list; *after becomes the last one's. */
static int ask_trials(const struct verb *v, const cJSON *study, cJSON *list, double *after, int *n)
{
    cJSON *params = cJSON_CreateObject(), *result = NULL, *trial;
    int exit_code;
    double number;
    cJSON_AddItemToObject(params, "study", cJSON_Duplicate(study, true));
    cJSON_AddNumberToObject(params, "limit", PIECE);
    cJSON_AddNumberToObject(params, "after", *after);
    *n = 0;
    if (verb_call(v, "trial.list", params, &result, &exit_code) == 0) {
        cJSON *trials = cJSON_GetObjectItemCaseSensitive(result, "trials");
        while ((trial = cJSON_DetachItemFromArray(trials, 0)) != NULL) {
            if (field_number(trial, "trial", &number) && number > *after) {
                *after = number;
                cJSON_AddItemToArray(list, trial);
                (*n)++;
            } else {
                cJSON_Delete(trial);
            }
        }
    }
    cJSON_Delete(params);
    cJSON_Delete(result);
    return exit_code;
}

static int fetch_trials(const struct verb *v, const cJSON *study, cJSON *report)
{
    cJSON *list = cJSON_AddArrayToObject(report, "trials");
    double after = 0;
    int n, exit_code;
    do
        exit_code = ask_trials(v, study, list, &after, &n);
    while (exit_code == 0 && n > 0 && cJSON_GetArraySize(list) < REPORT_TRIALS_MAX);
    return exit_code;
}

/* What report_html takes. The comparison is null until there is a best trial. */
static int fetch(const struct verb *v, cJSON *report)
{
    cJSON *shown = NULL, *front = NULL, *compare = NULL;
    int exit_code = ask(v, cJSON_GetObjectItemCaseSensitive(v->args->params, "study"), "study.show", &shown);
    const cJSON *study = field_find(shown, "study");
    if (exit_code == 0 && !cJSON_IsNumber(study))
        exit_code = verb_refuse(kind_exit(KIND_VERSION), "the answer has no study");
    if (exit_code == 0)
        exit_code = fetch_trials(v, study, report);
    if (exit_code == 0)
        exit_code = ask(v, study, "pareto", &front);
    if (exit_code == 0 && cJSON_IsObject(field_find(shown, "best")))
        exit_code = compare_fetch(v, study, NULL, &compare);
    cJSON_AddItemToObject(report, "study", shown);
    cJSON_AddItemToObject(report, "front", front);
    cJSON_AddItemToObject(report, "compare", compare);
    return exit_code;
}

static int write_report(const struct verb *v, struct buffer *html)
{
    const char *path = args_text(v->args, "-o");
    struct error e = {""};
    if (!path)
        return verb_print(html);
    int bad = file_write(path, html->data, html->size, &e);
    double bytes = (double)html->size;
    buffer_finish(html);
    if (bad)
        return verb_refuse(1, "%s", e.text);
    if (!v->args->json)
        return 0;
    cJSON *said = cJSON_CreateObject();
    cJSON_AddStringToObject(said, "path", path);
    cJSON_AddNumberToObject(said, "bytes", bytes);
    int exit_code = verb_print_json(v, said);
    cJSON_Delete(said);
    return exit_code;
}

int verb_report(const struct verb *v)
{
    cJSON *report = cJSON_CreateObject();
    int exit_code = fetch(v, report);
    if (exit_code == 0 && v->args->json && !args_text(v->args, "-o")) {
        exit_code = verb_print_json(v, report);
    } else if (exit_code == 0) {
        struct buffer html;
        buffer_init(&html, TEXT_LIMIT);
        report_html(report, &html);
        exit_code = write_report(v, &html);
    }
    cJSON_Delete(report);
    return exit_code;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pare compare: which trials are meant, and all that is known of each.
#include "daemon/ctl/compare.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE "w8a8"
#define LOOK_AT 8 // of the oldest trials: the baselines are the first

struct comparison {
    const struct verb *v;
    const cJSON *words; // which trials
    cJSON *study;     // its number or name, as a parameter; NULL: the newest
    cJSON *baselines; // trial.list of the first trials
    cJSON *answer;
    cJSON *trials;    // of the answer
    int exit_code;    // of what failed
};

static cJSON *params_of(const struct comparison *c)
{
    cJSON *params = cJSON_CreateObject();
    if (c->study)
        cJSON_AddItemToObject(params, "study", cJSON_Duplicate(c->study, true));
    return params;
}

/* Calls a method with one more parameter; NULL after having said why. */
static cJSON *ask(struct comparison *c, const char *method, const char *name, double value)
{
    cJSON *params = params_of(c), *result = NULL;
    if (name)
        cJSON_AddNumberToObject(params, name, value);
    int rc = verb_call(c->v, method, params, &result, &c->exit_code);
    cJSON_Delete(params);
    return rc == 0 ? result : NULL;
}

/* The baseline whose settings are all `setting`: its number, 0 when there is none. */
static int find_baseline(const struct comparison *c, const char *setting)
{
    const cJSON *trial;
    char word[64];
    double number;
    cJSON_ArrayForEach(trial, field_find(c->baselines, "trials"))
    {
        if (strcmp(field_string(trial, "kind"), "baseline") == 0 && field_number(trial, "trial", &number) &&
            compare_is_uniform(field_string(trial, "candidate"), word, sizeof word) && strcmp(word, setting) == 0)
            return (int)number;
    }
    return 0;
}

/* The first trials tell which study is meant, and which ones are baselines. */
static int find_baselines(struct comparison *c)
{
    c->baselines = ask(c, "trial.list", "limit", LOOK_AT);
    const cJSON *first = cJSON_GetArrayItem(field_find(c->baselines, "trials"), 0), *study = field_find(first, "study");
    if (!c->baselines)
        return -1;
    if (!first) {
        c->exit_code = verb_refuse(kind_exit(KIND_NOT_FOUND), "the study has no trials yet");
        return -1;
    }
    if (!c->study && cJSON_IsNumber(study))
        c->study = cJSON_Duplicate(study, true); // the newest one may soon be another
    return 0;
}

static int add_trial(struct comparison *c, int number)
{
    const cJSON *trial;
    double other;
    cJSON_ArrayForEach(trial, c->trials)
    {
        if (field_number(trial, "trial", &other) && (int)other == number)
            return 0; // it stands there already
    }
    cJSON *shown = ask(c, "trial.show", "trial", number);
    return shown && cJSON_AddItemToArray(c->trials, shown) ? 0 : -1;
}

static int add_best(struct comparison *c)
{
    double number = 0;
    cJSON *best = ask(c, "best", NULL, 0);
    bool known = field_number(best, "trial", &number);
    cJSON_Delete(best);
    return known ? add_trial(c, (int)number) : -1;
}

/* A number, "best", or the setting of a baseline. */
static int add_named(struct comparison *c, const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);
    if (strcmp(word, "best") == 0)
        return add_best(c);
    if (*end || number < 1 || number > 1000000000)
        number = find_baseline(c, word);
    if (number > 0)
        return add_trial(c, (int)number);
    c->exit_code = verb_refuse(2, "\"%.60s\" is no trial: a number, best, float32 or w8a8", word);
    return -1;
}

static int add_defaults(struct comparison *c)
{
    static const char *const settings[] = {"float32", REFERENCE};
    for (int i = 0; i < 2; i++) {
        int number = find_baseline(c, settings[i]);
        if (number > 0 && add_trial(c, number) != 0)
            return -1;
    }
    return add_best(c);
}

static int add_trials(struct comparison *c)
{
    const cJSON *word;
    if (cJSON_GetArraySize(c->words) == 0)
        return add_defaults(c);
    if (cJSON_GetArraySize(c->words) > COMPARE_TRIALS_MAX) {
        c->exit_code = verb_refuse(2, "at most %d trials fit beside each other", COMPARE_TRIALS_MAX);
        return -1;
    }
    cJSON_ArrayForEach(word, c->words)
    {
        if (add_named(c, word->valuestring) != 0)
            return -1;
    }
    return 0;
}

static int add_reference(struct comparison *c)
{
    int number = find_baseline(c, REFERENCE);
    cJSON *reference = number > 0 ? ask(c, "trial.show", "trial", number) : cJSON_CreateNull();
    return reference && cJSON_AddItemToObject(c->answer, "reference", reference) ? 0 : -1;
}

/* The size of the runner that the trials were measured with, if a board still has that one. */
static int add_runner(struct comparison *c)
{
    cJSON *boards = ask(c, "board.list", NULL, 0);
    const cJSON *board, *runner = field_find(field_find(c->answer, "reference"), "provenance.runner");
    double bytes;
    if (!boards)
        return -1;
    cJSON_ArrayForEach(board, field_find(boards, "boards"))
    {
        if (runner && cJSON_Compare(field_find(board, "runner"), runner, true) && field_number(board, "runner_bytes", &bytes) &&
            !cJSON_HasObjectItem(c->answer, "runner_bytes"))
            cJSON_AddNumberToObject(c->answer, "runner_bytes", bytes);
    }
    cJSON_Delete(boards);
    return 0;
}

static int fill(struct comparison *c)
{
    if (find_baselines(c) != 0)
        return -1;
    if (c->study)
        cJSON_AddItemToObject(c->answer, "study", cJSON_Duplicate(c->study, true));
    c->trials = cJSON_AddArrayToObject(c->answer, "trials");
    if (add_trials(c) != 0 || add_reference(c) != 0)
        return -1;
    cJSON_Delete(c->study);
    c->study = NULL; // boards are of no study
    return add_runner(c);
}

int compare_fetch(const struct verb *v, const cJSON *study, const cJSON *words, cJSON **answer)
{
    struct comparison c = {.v = v, .words = words, .study = study ? cJSON_Duplicate(study, true) : NULL, .answer = cJSON_CreateObject()};
    int bad = fill(&c);
    cJSON_Delete(c.study);
    cJSON_Delete(c.baselines);
    if (bad)
        cJSON_Delete(c.answer);
    else
        *answer = c.answer;
    return bad ? c.exit_code : 0;
}

int verb_compare(const struct verb *v)
{
    const cJSON *study = cJSON_GetObjectItemCaseSensitive(v->args->params, "study");
    const cJSON *words = cJSON_GetObjectItemCaseSensitive(v->args->own, "TRIAL...");
    cJSON *answer = NULL;
    int exit_code = compare_fetch(v, study, words, &answer);
    if (answer)
        exit_code = verb_show(v, answer, render_compare, &v->style);
    cJSON_Delete(answer);
    return exit_code;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A subject, an operator and a value; judged on what the service says.
#include "daemon/ctl/condition.h"

#include "daemon/ctl/commands.h"
#include "daemon/ctl/field.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUDY_STATES "created preparing searching finishing finished paused stopped failed"
#define OVER_STATES "finished stopped failed"

static const char *const operators[] = {
    [CONDITION_EQUAL] = "=",       [CONDITION_DIFFERENT] = "!=", [CONDITION_LESS] = "<",
    [CONDITION_LESS_EQUAL] = "<=", [CONDITION_GREATER] = ">",    [CONDITION_GREATER_EQUAL] = ">=",
};

static int read_operator(const char *text, struct condition *c, const char **rest)
{
    int found = -1;
    for (int i = CONDITION_EQUAL; i <= CONDITION_GREATER_EQUAL; i++) // the longest that stands there
        if (strncmp(text, operators[i], strlen(operators[i])) == 0 && (found < 0 || strlen(operators[i]) == 2))
            found = i;
    if (found < 0)
        return -1;
    c->operator = (enum condition_operator)found;
    *rest = text + strlen(operators[found]);
    if (found == CONDITION_EQUAL && **rest == '=')
        ++*rest;
    return 0;
}

static int read_state(const char *rest, struct condition *c, struct error *e)
{
    if (c->operator != CONDITION_EQUAL && c->operator != CONDITION_DIFFERENT)
        return error_set(e, "a state is compared with = or !=");
    if (!rest[0] || !c->name[0] || strlen(rest) >= sizeof c->word)
        return error_set(e, "a condition on a state is like study:demo=finished");
    if (c->subject == CONDITION_STUDY && !commands_choice(STUDY_STATES, rest, strlen(rest)))
        return error_set(e, "a study is never \"%.40s\": one of " STUDY_STATES, rest);
    strcpy(c->word, rest);
    return 0;
}

static int read_value(const char *rest, struct condition *c, struct error *e)
{
    char *end;
    c->value = strtod(rest, &end);
    if (end == rest || *end || !isfinite(c->value))
        return error_set(e, "\"%.40s\" is no number to compare %s with", rest, c->name);
    return 0;
}

int condition_parse(const char *text, struct condition *c, struct error *e)
{
    static const char *const prefixes[] = {[CONDITION_STUDY] = "study:", [CONDITION_BOARD] = "board:"};
    *c = (struct condition){.subject = CONDITION_FIELD};
    for (int i = CONDITION_STUDY; i <= CONDITION_BOARD; i++) {
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) != 0)
            continue;
        c->subject = (enum condition_subject)i;
        text += strlen(prefixes[i]);
    }
    size_t n = strcspn(text, "<>=!");
    const char *rest;
    if (n == 0 || n >= sizeof c->name || read_operator(text + n, c, &rest) != 0)
        return error_set(e, "a condition is like study:demo=finished, trials>=100 or best.energy_uj<900");
    memcpy(c->name, text, n);
    if (c->subject != CONDITION_FIELD)
        return read_state(rest, c, e);
    if (strcmp(c->name, "trials") == 0)
        c->subject = CONDITION_RESULTS;
    else if (strncmp(c->name, "best.", 5) != 0 && !commands_choice("measured infeasible given_up dropped", c->name, n))
        return error_set(e, "%s cannot be waited for: trials, measured, infeasible, given_up, dropped or best.FIELD", c->name);
    return read_value(rest, c, e);
}

static bool compare(double a, enum condition_operator operator, double b)
{
    switch (operator) {
    case CONDITION_EQUAL:
        return a == b;
    case CONDITION_DIFFERENT:
        return a != b;
    case CONDITION_LESS:
        return a < b;
    case CONDITION_LESS_EQUAL:
        return a <= b;
    case CONDITION_GREATER:
        return a > b;
    case CONDITION_GREATER_EQUAL:
        return a >= b;
    }
    return false;
}

static bool is_named(const cJSON *item, const char *field, const char *name)
{
    return strcmp(field_string(item, field), name) == 0;
}

/* By name or number; NULL: the one with the highest number. */
static const cJSON *find_study(const cJSON *studies, const char *name)
{
    const cJSON *list = field_find(studies, "studies"), *item, *found = NULL;
    double highest = -1, number;
    cJSON_ArrayForEach(item, list)
    {
        if (name && (is_named(item, "name", name) || strcmp(field_text(item, "study").text, name) == 0))
            return item;
        if (!name && field_number(item, "study", &number) && number > highest) {
            highest = number;
            found = item;
        }
    }
    return found;
}

static const cJSON *find_board(const cJSON *boards, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, field_find(boards, "boards"))
    {
        if (is_named(item, "board", name))
            return item;
    }
    return NULL;
}

static bool is_over(const cJSON *study)
{
    const char *state = field_string(study, "state");
    return commands_choice(OVER_STATES, state, strlen(state));
}

static enum verdict judge_state(const struct condition *c, const cJSON *item, const char *kind, char *text, size_t size)
{
    if (!item) {
        snprintf(text, size, "there is no %s %s", kind, c->name);
        return VERDICT_MISSING;
    }
    snprintf(text, size, "%s %s is %s", kind, c->name, field_text(item, "state").text);
    if (is_named(item, "state", c->word) == (c->operator == CONDITION_EQUAL))
        return VERDICT_HOLDS;
    return c->subject == CONDITION_STUDY && is_over(item) ? VERDICT_NEVER : VERDICT_PENDING;
}

static double results(const cJSON *study)
{
    static const char *const fields[] = {"measured", "infeasible", "given_up", "dropped"};
    double sum = 0, value;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        sum += field_number(study, fields[i], &value) ? value : 0;
    return sum;
}

static enum verdict judge_number(const struct condition *c, const cJSON *study, char *text, size_t size)
{
    double value = 0;
    if (!study) {
        snprintf(text, size, "there is no such study");
        return VERDICT_MISSING;
    }
    bool known = c->subject == CONDITION_RESULTS || field_number(study, c->name, &value);
    if (c->subject == CONDITION_RESULTS)
        value = results(study);
    if (known)
        snprintf(text, size, "study %s: %s is %.10g", field_text(study, "name").text, c->name, value);
    else
        snprintf(text, size, "study %s: %s is not known yet", field_text(study, "name").text, c->name);
    if (known && compare(value, c->operator, c->value))
        return VERDICT_HOLDS;
    if (!is_over(study))
        return VERDICT_PENDING;
    size_t at = strlen(text);
    snprintf(text + at, size - at, ", and the study is %s", field_text(study, "state").text);
    return VERDICT_NEVER;
}

enum verdict condition_judge(const struct condition *c, const cJSON *studies, const cJSON *boards, const cJSON *study,
                             char *text, size_t size)
{
    if (c->subject == CONDITION_STUDY)
        return judge_state(c, find_study(studies, c->name), "study", text, size);
    if (c->subject == CONDITION_BOARD)
        return judge_state(c, find_board(boards, c->name), "board", text, size);
    return judge_number(c, find_study(studies, study ? field_value(study).text : NULL), text, size);
}

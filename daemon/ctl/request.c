// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From a line to a method and parameters that can be trusted.
#include "daemon/ctl/request.h"

#include "daemon/ctl/strict_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ID_TEXT_MAX 128
#define INTEGER_MAX 9007199254740992.0 // 2^53: beyond it a JSON number is no exact integer

static int bad(struct refusal *why, const struct param *p, const char *text)
{
    return refusal_set(why, CODE_PARAMS, KIND_INVALID, p->name, "%s %s", p->name, text);
}

static int check_number(const struct param *p, const cJSON *value, struct refusal *why)
{
    bool integer = p->type == PARAM_INTEGER;
    if (!cJSON_IsNumber(value))
        return bad(why, p, integer ? "must be an integer" : "must be a number");
    double x = value->valuedouble;
    if (integer && (x != floor(x) || fabs(x) >= INTEGER_MAX))
        return bad(why, p, "must be an integer");
    if ((p->min != 0 || p->max != 0) && (x < p->min || x > p->max))
        return refusal_set(why, CODE_PARAMS, KIND_INVALID, p->name, "%s must be from %.15g to %.15g", p->name, p->min, p->max);
    return 0;
}

static int check_choice(const struct param *p, const cJSON *value, struct refusal *why)
{
    if (cJSON_IsString(value) && commands_choice(p->choices, value->valuestring, strlen(value->valuestring)))
        return 0;
    bad(why, p, "is none of what can be chosen");
    return refusal_hint(why, "one of: %s", p->choices);
}

/* An array or an object of strings. */
static int check_texts(const struct param *p, const cJSON *value, struct refusal *why)
{
    bool pairs = p->type == PARAM_PAIRS;
    if (pairs ? !cJSON_IsObject(value) : !cJSON_IsArray(value))
        return bad(why, p, pairs ? "must be an object of strings" : "must be an array of strings");
    int n = 0;
    for (const cJSON *item = value->child; item; item = item->next) {
        if (!cJSON_IsString(item))
            return bad(why, p, "must have strings only");
        if (++n > PARAM_LIST_MAX)
            return bad(why, p, "has too many items");
        if (p->type == PARAM_CHOICES && check_choice(p, item, why) != 0)
            return -1;
        for (const cJSON *other = value->child; p->type == PARAM_CHOICES && other != item; other = other->next)
            if (strcmp(other->valuestring, item->valuestring) == 0)
                return bad(why, p, "has an item twice");
    }
    return 0;
}

static int check_name(const struct param *p, const cJSON *value, struct refusal *why)
{
    if (cJSON_IsString(value) && value->valuestring[0])
        return 0;
    double x = cJSON_IsNumber(value) ? value->valuedouble : 0;
    if (x >= 1 && x == floor(x) && x < INTEGER_MAX)
        return 0;
    return bad(why, p, "must be a name or a number");
}

int request_check_value(const struct param *p, const cJSON *value, struct refusal *why)
{
    switch (p->type) {
    case PARAM_NONE:
        return 0;
    case PARAM_TEXT:
        return cJSON_IsString(value) ? 0 : bad(why, p, "must be a string");
    case PARAM_NAME:
        return check_name(p, value, why);
    case PARAM_INTEGER:
    case PARAM_NUMBER:
        return check_number(p, value, why);
    case PARAM_FLAG:
        return cJSON_IsBool(value) ? 0 : bad(why, p, "must be true or false");
    case PARAM_CHOICE:
        return check_choice(p, value, why);
    case PARAM_CHOICES:
    case PARAM_TEXTS:
    case PARAM_PAIRS:
        return check_texts(p, value, why);
    }
    return 0;
}

int request_check(const struct command *command, const cJSON *params, struct refusal *why)
{
    for (const struct param *p = command->params; p->type != PARAM_NONE; p++) {
        const cJSON *value = p->name ? cJSON_GetObjectItemCaseSensitive(params, p->name) : NULL;
        if (p->name && !value && p->required)
            return bad(why, p, "is missing");
        if (value && request_check_value(p, value, why) != 0)
            return -1;
    }
    return 0;
}

static int take_id(struct request *r, struct refusal *why)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(r->root, "id");
    r->wants_answer = id != NULL;
    if (!id || cJSON_IsNull(id))
        return 0;
    bool fits = cJSON_IsNumber(id) || (cJSON_IsString(id) && strlen(id->valuestring) <= ID_TEXT_MAX);
    if (!fits || !cJSON_PrintPreallocated((cJSON *)id, r->id, sizeof r->id, false)) {
        strcpy(r->id, "null");
        return refusal_set(why, CODE_REQUEST, KIND_INVALID, "id", "id must be a number or a string of at most 128 bytes");
    }
    return 0;
}

static int take_method(struct request *r, struct refusal *why)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(r->root, "jsonrpc");
    if (!cJSON_IsString(version) || strcmp(version->valuestring, "2.0") != 0)
        return refusal_set(why, CODE_REQUEST, KIND_INVALID, "jsonrpc", "jsonrpc must be \"2.0\"");
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(r->root, "method");
    if (!cJSON_IsString(method))
        return refusal_set(why, CODE_REQUEST, KIND_INVALID, "method", "method must be a string");
    r->command = commands_by_name(method->valuestring);
    if (r->command)
        return 0;
    refusal_set(why, CODE_METHOD, KIND_INVALID, "method", "there is no method \"%.40s\"", method->valuestring);
    const char *near = commands_suggest(method->valuestring, true);
    return near ? refusal_hint(why, "did you mean %s?", near) : -1;
}

static int take_params(struct request *r, struct refusal *why)
{
    r->params = cJSON_GetObjectItemCaseSensitive(r->root, "params");
    if (!r->params)
        r->params = cJSON_AddObjectToObject(r->root, "params");
    if (!r->params)
        return refusal_set(why, kind_code(KIND_FAILED), KIND_FAILED, NULL, "out of memory");
    if (!cJSON_IsObject(r->params))
        return refusal_set(why, CODE_PARAMS, KIND_INVALID, "params", "params must be an object: parameters are named");
    return request_check(r->command, r->params, why);
}

int request_parse(const char *line, size_t size, struct request *r, struct refusal *why)
{
    *r = (struct request){.wants_answer = true, .id = "null"};
    struct error e = {""};
    r->root = strict_json_parse(line, size, &e);
    if (!r->root)
        return refusal_set(why, CODE_PARSE, KIND_INVALID, NULL, "not JSON: %s", e.text);
    if (!cJSON_IsObject(r->root))
        return refusal_set(why, CODE_REQUEST, KIND_INVALID, NULL, "a request is one JSON object on a line");
    if (take_id(r, why) != 0 || take_method(r, why) != 0)
        return -1;
    return take_params(r, why);
}

void request_finish(struct request *r)
{
    cJSON_Delete(r->root);
    *r = (struct request){.id = "null"};
}

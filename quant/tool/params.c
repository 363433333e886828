// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/params.h"

#include <math.h>
#include <string.h>

#define WORD_MAX 32 // longer words are not compared
#define KEYS_MAX 32

static const char *const type_names[PARAMS_TYPE_COUNT] = {"a text", "an integer", "a number",
                                                          "a list", "an object",  "true or false", "a value"};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance: insertions, deletions and replacements. */
static int distance(const char *a, const char *b)
{
    int row[WORD_MAX + 1];
    int length = (int)strlen(b);
    for (int j = 0; j <= length; j++)
        row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= length; j++) {
            int replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[length];
}

const char *params_nearest(const char *text, const char *const *words, int n)
{
    const char *nearest = NULL;
    int least = 1 + (int)strlen(text) / 3;
    if (strlen(text) > WORD_MAX)
        return NULL;
    for (int i = 0; i < n; i++) {
        int d = strlen(words[i]) > WORD_MAX ? WORD_MAX : distance(text, words[i]);
        if (d <= least && (d < least || !nearest)) {
            least = d;
            nearest = words[i];
        }
    }
    return nearest;
}

static bool has_type(const cJSON *value, enum params_type type)
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    switch (type) {
    case PARAMS_TEXT:
        return cJSON_IsString(value) && value->valuestring[0];
    case PARAMS_INTEGER:
        return number == floor(number) && fabs(number) <= (double)PARAMS_INT_MAX;
    case PARAMS_NUMBER:
        return isfinite(number);
    case PARAMS_LIST:
        return cJSON_IsArray(value);
    case PARAMS_OBJECT:
        return cJSON_IsObject(value);
    case PARAMS_BOOL:
        return cJSON_IsBool(value);
    default:
        return true;
    }
}

static int unknown(const char *where, const char *key, const struct params_key *keys, int n, struct error *e)
{
    const char *words[KEYS_MAX];
    for (int i = 0; i < n && i < KEYS_MAX; i++)
        words[i] = keys[i].name;
    const char *meant = params_nearest(key, words, smaller(n, KEYS_MAX));
    if (meant)
        return error_set(e, "%s: there is no '%.40s'; did you mean '%s'?", where, key, meant);
    return error_set(e, "%s: there is no '%.40s'", where, key);
}

static int check_member(const cJSON *member, const char *where, const struct params_key *keys, int n,
                        struct error *e)
{
    int i = 0;
    while (i < n && strcmp(keys[i].name, member->string))
        i++;
    if (i == n)
        return unknown(where, member->string, keys, n, e);
    if (!has_type(member, keys[i].type))
        return error_set(e, "%s: '%s' must be %s", where, keys[i].name, type_names[keys[i].type]);
    if (keys[i].type == PARAMS_TEXT && strlen(member->valuestring) >= PARAMS_TEXT_MAX)
        return error_set(e, "%s: '%s' has more than %d bytes", where, keys[i].name, PARAMS_TEXT_MAX - 1);
    for (const cJSON *other = member->next; other; other = other->next)
        if (!strcmp(other->string, member->string))
            return error_set(e, "%s: '%s' is there twice", where, keys[i].name);
    return 0;
}

int params_check(const cJSON *object, const char *where, const struct params_key *keys, int n,
                 struct error *e)
{
    if (!cJSON_IsObject(object))
        return error_set(e, "%s: must be an object", where);
    for (const cJSON *member = object->child; member; member = member->next)
        if (check_member(member, where, keys, n, e))
            return -1;
    for (int i = 0; i < n; i++)
        if (keys[i].required && !params_member(object, keys[i].name))
            return error_set(e, "%s: '%s' is missing", where, keys[i].name);
    return 0;
}

const cJSON *params_member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *params_text(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(params_member(object, key));
}

int params_integer(const cJSON *object, const char *key, int64_t low, int64_t high, int64_t otherwise,
                   int64_t *value, struct error *e)
{
    const cJSON *member = params_member(object, key);
    *value = member ? (int64_t)member->valuedouble : otherwise;
    if (member && (*value < low || *value > high))
        return error_set(e, "'%s' is %lld, it must be %lld to %lld", key, (long long)*value, (long long)low,
                         (long long)high);
    return 0;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Words become a command, options and positionals become JSON values of the table's types.
#include "daemon/ctl/args.h"

#include "daemon/ctl/request.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    int argc, at;
    char **argv;
    struct args *args;
    struct error *error;
    int positionals; // seen
    bool only_positionals; // after --
};

bool args_is_positional(const struct param *p)
{
    return p->option && isupper((unsigned char)p->option[0]);
}

bool args_is_repeated(const struct param *p)
{
    return p->type == PARAM_TEXTS || p->type == PARAM_CHOICES || p->type == PARAM_PAIRS;
}

static int unknown_verb(const char *verb, struct error *e)
{
    const char *near = commands_suggest(verb, false);
    if (near)
        return error_set(e, "there is no verb \"%.60s\": did you mean %s?", verb, near);
    return error_set(e, "there is no verb \"%.60s\": `pare help` has them all", verb);
}

/* The first words that are no options. */
static int read_verb(struct reader *r)
{
    const char *word = r->argv[r->at];
    char verb[80];
    if (commands_is_group(word)) {
        const char *next = r->at + 1 < r->argc ? r->argv[r->at + 1] : NULL;
        r->args->group = word;
        if (!next || next[0] == '-') {
            r->at++;
            return 0;
        }
        snprintf(verb, sizeof verb, "%.30s %.40s", word, next);
        r->at++;
    } else {
        snprintf(verb, sizeof verb, "%.70s", word);
    }
    r->at++;
    r->args->command = commands_by_verb(verb);
    return r->args->command ? 0 : unknown_verb(verb, r->error);
}

static int to_number(const struct param *p, const char *text, cJSON **value, struct error *e)
{
    char *end;
    errno = 0;
    double x = strtod(text, &end);
    if (end == text || *end || errno || x - x != 0)
        return error_set(e, "%s wants a number, not \"%.60s\"", p->option, text);
    *value = cJSON_CreateNumber(x);
    return 0;
}

static cJSON *to_name(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    bool number = digits > 0 && digits < 16 && text[digits] == '\0' && text[0] != '0';
    return number ? cJSON_CreateNumber(strtod(text, NULL)) : cJSON_CreateString(text);
}

/* Adds "NAME=VALUE" to the object that is there. */
static int to_pair(const struct param *p, const char *text, cJSON *object, struct error *e)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return error_set(e, "%s wants NAME=VALUE, not \"%.60s\"", p->option, text);
    char *name = strndup(text, (size_t)(equals - text));
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    cJSON_AddStringToObject(object, name, equals + 1);
    free(name);
    return 0;
}

static int add_repeated(const struct param *p, const char *key, const char *text, cJSON *target, struct error *e)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(target, key);
    if (!list) {
        list = p->type == PARAM_PAIRS ? cJSON_CreateObject() : cJSON_CreateArray();
        cJSON_AddItemToObject(target, key, list);
    }
    if (p->type == PARAM_PAIRS)
        return to_pair(p, text, list, e);
    cJSON_AddItemToArray(list, cJSON_CreateString(text));
    return 0;
}

/* The table's checks, with the option's name in the place of the parameter's. */
static int check(const struct param *p, const cJSON *value, struct error *e)
{
    struct refusal why;
    struct param named = *p;
    named.name = p->option;
    if (request_check_value(&named, value, &why) == 0)
        return 0;
    return error_set(e, "%s%s%s", why.text, why.hint[0] ? ": " : "", why.hint);
}

static int take_value(struct reader *r, const struct param *p, const char *text)
{
    cJSON *target = p->name ? r->args->params : r->args->own;
    const char *key = p->name ? p->name : p->option;
    cJSON *value = NULL;
    if (args_is_repeated(p))
        return add_repeated(p, key, text, target, r->error) != 0 ? -1 : check(p, cJSON_GetObjectItem(target, key), r->error);
    if (cJSON_GetObjectItemCaseSensitive(target, key))
        return error_set(r->error, "%s is given twice", p->option);
    if (p->type == PARAM_FLAG)
        value = cJSON_CreateTrue();
    else if (p->type == PARAM_NAME)
        value = to_name(text);
    else if (p->type != PARAM_INTEGER && p->type != PARAM_NUMBER)
        value = cJSON_CreateString(text);
    else if (to_number(p, text, &value, r->error) != 0)
        return -1;
    cJSON_AddItemToObject(target, key, value);
    return check(p, value, r->error);
}

static bool take_global(struct reader *r, const struct param *p, const char *value)
{
    struct args *a = r->args;
    if (strcmp(p->option, "--json") == 0)
        a->json = true;
    else if (strcmp(p->option, "--no-color") == 0)
        a->no_color = true;
    else if (strcmp(p->option, "--help") == 0)
        a->help = true;
    else if (strcmp(p->option, "--version") == 0)
        a->version = true;
    else if (strcmp(p->option, "--socket") == 0)
        a->socket = value;
    else
        return false;
    return true;
}

static const struct param *find_option(const struct param *p, const char *word, size_t length)
{
    for (; p->type != PARAM_NONE; p++)
        if (p->option && p->option[0] == '-' && strncmp(p->option, word, length) == 0 && p->option[length] == '\0')
            return p;
    return NULL;
}

static int unknown_option(const struct reader *r, const char *word, size_t length)
{
    const struct command *c = r->args->command;
    return error_set(r->error, "%s%sthere is no option \"%.*s\": `pare%s%s --help` has them all", c ? c->verb : "", c ? ": " : "",
                     (int)(length < 60 ? length : 60), word, c ? " " : "", c ? c->verb : "");
}

/* --option, --option=value or --option value; also -o value and -oVALUE. */
static int read_option(struct reader *r)
{
    const char *word = r->argv[r->at++];
    bool is_short = word[1] != '-';
    size_t length = is_short ? 2 : strcspn(word, "=");
    if (strcmp(word, "-h") == 0) {
        r->args->help = true;
        return 0;
    }
    const struct param *global = find_option(commands_global(), word, length);
    const struct param *p = global ? global : r->args->command ? find_option(r->args->command->params, word, length) : NULL;
    if (!p)
        return unknown_option(r, word, length);
    const char *value = word[length] ? word + length + (word[length] == '=' && !is_short) : NULL;
    if (p->type == PARAM_FLAG && value)
        return error_set(r->error, "%s takes no value", p->option);
    if (p->type != PARAM_FLAG && !value)
        value = r->at < r->argc ? r->argv[r->at++] : NULL;
    if (p->type != PARAM_FLAG && !value)
        return error_set(r->error, "%s wants a value", p->option);
    return global && take_global(r, p, value) ? 0 : take_value(r, p, value);
}

static int read_positional(struct reader *r, const char *word)
{
    int i = 0;
    for (const struct param *p = r->args->command->params; p->type != PARAM_NONE; p++) {
        if (!args_is_positional(p))
            continue;
        if (i++ < r->positionals && !args_is_repeated(p))
            continue;
        r->positionals++;
        return take_value(r, p, word);
    }
    return error_set(r->error, "%s: \"%.60s\" is too much: `pare %s --help` says how it is used", r->args->command->verb, word,
                     r->args->command->verb);
}

static int check_required(const struct args *a, struct error *e)
{
    for (const struct param *p = a->command->params; p->type != PARAM_NONE; p++)
        if (p->required && p->option && !cJSON_GetObjectItemCaseSensitive(p->name ? a->params : a->own, p->name ? p->name : p->option))
            return error_set(e, "%s: %s is missing: for example `%s`", a->command->verb, p->option, a->command->examples[0]);
    return 0;
}

int args_parse(int argc, char **argv, struct args *a, struct error *e)
{
    struct reader r = {.argc = argc, .at = 1, .argv = argv, .args = a, .error = e};
    *a = (struct args){.params = cJSON_CreateObject(), .own = cJSON_CreateObject()};
    while (r.at < argc) {
        const char *word = argv[r.at];
        int bad;
        if (!r.only_positionals && strcmp(word, "--") == 0) {
            r.only_positionals = true;
            r.at++;
            continue;
        }
        if (!r.only_positionals && word[0] == '-' && word[1])
            bad = read_option(&r);
        else if (!a->command)
            bad = a->group ? error_set(e, "`pare %s --help` has its verbs", a->group) : read_verb(&r);
        else
            bad = read_positional(&r, argv[r.at++]);
        if (bad)
            return -1;
    }
    if (a->help || a->version || !a->command)
        return 0;
    return check_required(a, e);
}

void args_finish(struct args *a)
{
    cJSON_Delete(a->params);
    cJSON_Delete(a->own);
    *a = (struct args){.command = NULL};
}

const char *args_text(const struct args *a, const char *option)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(a->own, option);
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

bool args_number(const struct args *a, const char *option, double *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(a->own, option);
    if (cJSON_IsNumber(item))
        *value = item->valuedouble;
    return cJSON_IsNumber(item);
}

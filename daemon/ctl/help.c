// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Help for a person at a terminal.
#include "daemon/ctl/help.h"

#include "daemon/ctl/args.h"
#include "daemon/ctl/verb.h"

#include <stdio.h>
#include <string.h>

const char *help_value(const struct param *p)
{
    if (p->value)
        return p->value;
    if (p->type == PARAM_FLAG)
        return "";
    return p->type == PARAM_CHOICE || p->type == PARAM_CHOICES ? "WORD" : p->type == PARAM_TEXT ? "TEXT" : "N";
}

static void usage_param(const struct param *p, struct buffer *out)
{
    const char *value = args_is_positional(p) ? "" : help_value(p);
    text_print(out, p->required ? " %s%s%s" : " [%s%s%s]", p->option, value[0] ? " " : "", value);
}

void help_usage(const struct command *c, struct buffer *out)
{
    text_print(out, "pare %s", c->verb);
    for (int positional = 1; positional >= 0; positional--)
        for (const struct param *p = c->params; p->type != PARAM_NONE; p++)
            if (p->option && args_is_positional(p) == positional)
                usage_param(p, out);
}

static void option_lines(const struct param *p, struct buffer *out)
{
    for (; p->type != PARAM_NONE; p++) {
        if (!p->option)
            continue;
        char head[80];
        snprintf(head, sizeof head, "%s %s", p->option, args_is_positional(p) ? "" : help_value(p));
        text_print(out, "  %-26s %s", head, p->help);
        if (p->type == PARAM_CHOICE)
            text_print(out, ": %s", p->choices);
        text_print(out, "\n");
    }
}

void help_command(const struct command *c, const struct style *style, struct buffer *out)
{
    for (int i = 0; i < EXAMPLES_MAX && c->examples[i]; i++)
        text_print(out, "  %s\n", c->examples[i]);
    text_print(out, "\n");
    text_color(out, style, COLOR_BOLD, "usage: ");
    help_usage(c, out);
    text_print(out, "\n%s\n", c->help);
    if (c->params[0].type != PARAM_NONE)
        text_print(out, "\n");
    option_lines(c->params, out);
    text_print(out, "\n");
    option_lines(commands_global(), out);
}

void help_overview(const char *group, const struct style *style, struct buffer *out)
{
    size_t n, length = group ? strlen(group) : 0;
    const struct command *all = commands_all(&n);
    if (!group)
        text_print(out, "  pare study create demo.json --start\n  pare watch\n  pare best --max-loss-points 1\n"
                        "  pare export c-package -o firmware/net\n\n");
    text_color(out, style, COLOR_BOLD, "usage: ");
    text_print(out, "pare %s%sVERB [OPTION...]\n\n", group ? group : "", group ? " " : "");
    for (size_t i = 0; i < n; i++) {
        if (!all[i].verb || (group && (strncmp(all[i].verb, group, length) != 0 || all[i].verb[length] != ' ')))
            continue;
        text_print(out, "  %-15s %s\n", all[i].verb, all[i].help);
    }
    text_print(out, "\n");
    option_lines(commands_global(), out);
    text_print(out, "\n`pare VERB --help` has examples. Exit codes: 0 yes, 1 no or failed, 2 usage, 3 the service is not running,\n"
                    "4 not found, 5 denied, 6 time is up, 7 conflict, 8 hardware, 9 version. See pare(1), pare-rpc(7).\n");
}

int verb_help(const struct verb *v)
{
    const cJSON *words = cJSON_GetObjectItemCaseSensitive(v->args->own, "VERB..."), *word;
    char verb[80] = "";
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    cJSON_ArrayForEach(word, words)
    {
        size_t at = strlen(verb);
        snprintf(verb + at, sizeof verb - at, "%s%.30s", at ? " " : "", word->valuestring);
    }
    const struct command *c = commands_by_verb(verb);
    if (c)
        help_command(c, &v->style, &out);
    else if (!verb[0])
        help_overview(NULL, &v->style, &out);
    else if (commands_is_group(verb))
        help_overview(verb, &v->style, &out);
    else
        return verb_refuse(2, "there is no verb \"%s\": `pare help` has them all", verb);
    return verb_print(&out);
}

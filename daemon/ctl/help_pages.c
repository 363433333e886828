// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The table as sections of manual pages, in scdoc(5).
#include "daemon/ctl/args.h"
#include "daemon/ctl/help.h"

#include <string.h>

/* scdoc reads _ and * as marks. */
static void escaped(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("_*\\<>#[]|", *text))
            buffer_append(out, "\\", 1);
        buffer_append(out, text, 1);
    }
}

static void usage(const struct command *c, struct buffer *out)
{
    struct buffer plain;
    buffer_init(&plain, TEXT_LIMIT);
    help_usage(c, &plain);
    buffer_append(&plain, "", 1);
    text_print(out, "*pare* ");
    escaped(out, plain.data + strlen("pare "));
    buffer_finish(&plain);
}

static void option(const struct param *p, struct buffer *out)
{
    text_print(out, "\t*");
    escaped(out, p->option);
    text_print(out, "*");
    if (!args_is_positional(p) && help_value(p)[0]) {
        text_print(out, " _");
        escaped(out, help_value(p));
        text_print(out, "_");
    }
    text_print(out, "\n\t\t");
    escaped(out, p->help);
    if (p->type == PARAM_CHOICE) {
        text_print(out, ": ");
        escaped(out, p->choices);
    }
    text_print(out, ".\n\n");
}

void help_manual_verbs(struct buffer *out)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (!all[i].verb)
            continue;
        usage(&all[i], out);
        text_print(out, "\n\t");
        escaped(out, all[i].help);
        text_print(out, ".\n\n");
        for (const struct param *p = all[i].params; p->type != PARAM_NONE; p++)
            if (p->option)
                option(p, out);
        for (int e = 0; e < EXAMPLES_MAX && all[i].examples[e]; e++) {
            text_print(out, "\t\t");
            escaped(out, all[i].examples[e]);
            text_print(out, "\n\n");
        }
    }
}

void help_manual_options(struct buffer *out)
{
    for (const struct param *p = commands_global(); p->type != PARAM_NONE; p++) {
        text_print(out, "*%s* ", p->option);
        text_print(out, help_value(p)[0] ? "_%s_\n\t" : "%s\n\t", help_value(p));
        escaped(out, p->help);
        text_print(out, ".\n\n");
    }
}

static void type_of(const struct param *p, struct buffer *out)
{
    static const char *const names[] = {
        [PARAM_NONE] = "",          [PARAM_TEXT] = "string",     [PARAM_NAME] = "string or integer", [PARAM_INTEGER] = "integer",
        [PARAM_NUMBER] = "number",  [PARAM_FLAG] = "boolean",    [PARAM_CHOICE] = "one of",          [PARAM_CHOICES] = "array of",
        [PARAM_TEXTS] = "array of strings", [PARAM_PAIRS] = "object of strings",
    };
    text_print(out, "%s", names[p->type]);
    if (p->type == PARAM_CHOICE || p->type == PARAM_CHOICES) {
        text_print(out, " ");
        escaped(out, p->choices);
    }
    if (p->min != 0 || p->max != 0)
        text_print(out, " from %.16g to %.16g", p->min, p->max);
}

void help_manual_methods(struct buffer *out)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (!all[i].name)
            continue;
        text_print(out, "*%s* (%s)\n\t", all[i].name, all[i].who == ACCESS_OPERATOR ? "operators" : "readers");
        escaped(out, all[i].help);
        text_print(out, ". Result: ");
        escaped(out, all[i].result);
        text_print(out, "\n\n");
        for (const struct param *p = all[i].params; p->type != PARAM_NONE; p++) {
            if (!p->name)
                continue;
            text_print(out, "\t*");
            escaped(out, p->name);
            text_print(out, "* (");
            type_of(p, out);
            text_print(out, "%s)\n\t\t", p->required ? ", required" : "");
            escaped(out, p->help);
            text_print(out, ".\n\n");
        }
    }
}

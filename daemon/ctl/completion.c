// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A completion script for bash, written from the table.
#include "daemon/ctl/args.h"
#include "daemon/ctl/help.h"
#include "daemon/ctl/verb.h"

#include <stdio.h>
#include <string.h>

/* The first words of verbs, each once. */
static void first_words(struct buffer *out)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        size_t length = all[i].verb ? strcspn(all[i].verb, " ") : 0;
        bool again = !all[i].verb || (i > 0 && all[i - 1].verb && strncmp(all[i - 1].verb, all[i].verb, length + 1) == 0 &&
                                      all[i].verb[length] == ' ');
        if (!again)
            text_print(out, "%.*s ", (int)length, all[i].verb);
    }
}

/* `study) words="create start ..." ;;` for each group. */
static void groups(struct buffer *out)
{
    size_t n;
    const struct command *all = commands_all(&n);
    char open[40] = "";
    for (size_t i = 0; i < n; i++) {
        const char *space = all[i].verb ? strchr(all[i].verb, ' ') : NULL;
        char group[40] = "";
        if (space)
            snprintf(group, sizeof group, "%.*s", (int)(space - all[i].verb), all[i].verb);
        if (open[0] && strcmp(open, group) != 0)
            text_print(out, "\" ;;\n");
        if (group[0])
            text_print(out, strcmp(open, group) != 0 ? "    \"%s\") words=\"%s" : "%.0s %s", group, space + 1);
        strcpy(open, group);
    }
    if (open[0])
        text_print(out, "\" ;;\n");
}

static void choices(const struct param *p, struct buffer *out)
{
    text_print(out, "    \"%s\") words=\"%s\" ;;\n", p->option, p->choices);
}

static void options(struct buffer *out)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (!all[i].verb)
            continue;
        text_print(out, "    \"%s\") words=\"", all[i].verb);
        for (const struct param *p = all[i].params; p->type != PARAM_NONE; p++) {
            if (p->option && !args_is_positional(p))
                text_print(out, "%s ", p->option);
            else if (p->option && p->type == PARAM_CHOICE)
                text_print(out, "%s ", p->choices);
            else if (p->option && strcmp(p->option, "TOPIC...") == 0)
                text_print(out, "%s ", commands_topics());
        }
        for (const struct param *p = commands_global(); p->type != PARAM_NONE; p++)
            text_print(out, "%s%s", p->option, p[1].type != PARAM_NONE ? " " : "");
        text_print(out, "\" ;;\n");
    }
}

static void values(struct buffer *out)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++)
        for (const struct param *p = all[i].params; all[i].verb && p->type != PARAM_NONE; p++)
            if (p->option && p->type == PARAM_CHOICE && !args_is_positional(p))
                choices(p, out);
}

void help_completion(struct buffer *out)
{
    text_print(out, "# bash completion of pare: source <(pare completion bash)\n"
                    "_pare() {\n"
                    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} words=\n"
                    "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
                    "    words=\"");
    first_words(out);
    text_print(out, "--help --version\"\n"
                    "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return\n"
                    "  fi\n"
                    "  if [ \"$COMP_CWORD\" = 2 ]; then\n"
                    "    case $verb in\n");
    groups(out);
    text_print(out, "    esac\n"
                    "    [ -z \"$words\" ] || { COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return; }\n"
                    "  fi\n"
                    "  case $prev in\n");
    values(out);
    text_print(out, "    \"--socket\"|\"-o\") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
                    "  esac\n"
                    "  [ -z \"$words\" ] || { COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return; }\n"
                    "  case $verb in study|trial|board) verb=\"$verb ${COMP_WORDS[2]}\" ;; esac\n"
                    "  case $verb in\n");
    options(out);
    text_print(out, "  esac\n"
                    "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                    "  case $verb in \"study create\"|\"study check\") COMPREPLY+=($(compgen -f -- \"$cur\")) ;; esac\n"
                    "}\n"
                    "complete -F _pare pare\n");
}

int verb_completion(const struct verb *v)
{
    struct buffer out;
    (void)v;
    buffer_init(&out, TEXT_LIMIT);
    help_completion(&out);
    return verb_print(&out);
}

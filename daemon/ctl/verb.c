// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From a command line to a verb; calling and printing.
#include "daemon/ctl/verb.h"

#include "daemon/ctl/help.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct {
    const char *verb;
    int (*run)(const struct verb *v); // NULL: plain
    render *show;
} verbs[] = {
    {"status", NULL, render_status},
    {"top", verb_top, NULL},
    {"watch", verb_watch, NULL},
    {"wait", verb_wait, NULL},
    {"best", NULL, render_trial},
    {"pareto", verb_pareto, NULL},
    {"compare", verb_compare, NULL},
    {"export", verb_export, NULL},
    {"study create", verb_study_file, NULL},
    {"study check", verb_study_file, NULL},
    {"study start", NULL, render_study_state},
    {"study pause", NULL, render_study_state},
    {"study resume", NULL, render_study_state},
    {"study stop", NULL, render_study_state},
    {"study list", NULL, render_studies},
    {"study show", NULL, render_study},
    {"trial list", NULL, render_trials},
    {"trial show", NULL, render_trial},
    {"trial trace", verb_trial_trace, NULL},
    {"board list", NULL, render_boards},
    {"board show", verb_board_show, NULL},
    {"board canary", verb_board_canary, NULL},
    {"board reference", NULL, render_reference},
    {"board release", NULL, render_board_state},
    {"config check", verb_config_check, NULL},
    {"config show", NULL, render_config},
    {"db check", verb_db_check, NULL},
    {"db backup", verb_db_backup, NULL},
    {"db digest", NULL, render_digest},
    {"report", verb_report, NULL},
    {"doctor", verb_doctor, NULL},
    {"rpc", verb_rpc, NULL},
    {"completion", verb_completion, NULL},
    {"help", verb_help, NULL},
};

void verb_say(const char *text)
{
    fprintf(stderr, "pare: %s\n", text);
}

int verb_refuse(int exit_code, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    verb_say(text);
    return exit_code;
}

int verb_fail(const struct client_failure *f)
{
    char text[ERROR_TEXT_MAX], hint[REFUSAL_HINT_MAX];
    snprintf(text, sizeof text, "%s", f->why.text);
    snprintf(hint, sizeof hint, "%s", f->why.hint);
    return verb_refuse(f->exit_code, "%s%s%s", text_clean(text), hint[0] ? ": " : "", text_clean(hint));
}

int verb_print(struct buffer *text)
{
    bool good = text->size == 0 || fwrite(text->data, text->size, 1, stdout) == 1;
    good = fflush(stdout) == 0 && good;
    buffer_finish(text);
    return good ? 0 : verb_refuse(1, "cannot write to standard output");
}

int verb_print_json(const struct verb *v, const cJSON *value)
{
    char *json = v->terminal ? cJSON_Print(value) : cJSON_PrintUnformatted(value);
    if (!json)
        return verb_refuse(1, "out of memory");
    bool good = printf("%s\n", json) > 0 && fflush(stdout) == 0;
    free(json);
    return good ? 0 : verb_refuse(1, "cannot write to standard output");
}

int verb_show(const struct verb *v, const cJSON *result, render *show, const struct style *style)
{
    struct buffer out;
    if (v->args->json)
        return verb_print_json(v, result);
    buffer_init(&out, TEXT_LIMIT);
    show(result, style, &out);
    return verb_print(&out);
}

int verb_call(const struct verb *v, const char *method, const cJSON *params, cJSON **result, int *exit_code)
{
    struct client client;
    struct client_failure f;
    bool good = client_init(&client, v->args->socket, &f) == 0 && client_connect(&client, &f) == 0 &&
                client_call(&client, method, params, result, &f) == 0;
    client_finish(&client);
    *exit_code = good ? 0 : verb_fail(&f);
    return good ? 0 : -1;
}

int verb_absolute(const char *path, char *absolute, size_t size)
{
    char here[PATH_MAX] = "";
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return -1;
    int n = snprintf(absolute, size, "%s%s%s", here, path[0] == '/' ? "" : "/", path);
    return n >= 0 && (size_t)n < size ? 0 : -1;
}

int verb_plain(const struct verb *v, render *show)
{
    cJSON *result = NULL;
    int exit_code;
    if (verb_call(v, v->args->command->name, v->args->params, &result, &exit_code) != 0)
        return exit_code;
    exit_code = verb_show(v, result, show, &v->style);
    cJSON_Delete(result);
    return exit_code;
}

static struct style style_of_output(const struct args *a)
{
    struct winsize size = {.ws_col = 0};
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool terminal = isatty(STDOUT_FILENO);
    bool plain = a->no_color || (no_color && no_color[0]) || (term && strcmp(term, "dumb") == 0);
    if (terminal)
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    return (struct style){.color = terminal && !plain, .plot = terminal, .width = size.ws_col};
}

static int run_verb(const struct args *a)
{
    struct verb v = {.args = a, .style = style_of_output(a), .terminal = isatty(STDOUT_FILENO)};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].verb, a->command->verb) == 0)
            return verbs[i].run ? verbs[i].run(&v) : verb_plain(&v, verbs[i].show);
    return verb_refuse(1, "%s is not implemented", a->command->verb); // tests see to it that this is never said
}

static int print_help(const struct args *a)
{
    struct style style = style_of_output(a);
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    if (a->command)
        help_command(a->command, &style, &out);
    else
        help_overview(a->group, &style, &out);
    return verb_print(&out);
}

int verb_run(int argc, char **argv)
{
    struct args a;
    struct error e = {""};
    int exit_code;
    if (args_parse(argc, argv, &a, &e) != 0)
        exit_code = verb_refuse(2, "%s", e.text);
    else if (a.version)
        exit_code = printf("pare %s\n", PARE_VERSION) > 0 && fflush(stdout) == 0 ? 0 : 1;
    else if (a.help || (!a.command && !a.group))
        exit_code = print_help(&a);
    else if (!a.command)
        exit_code = verb_refuse(2, "pare %s wants a verb: `pare %s --help` has them", a.group, a.group);
    else
        exit_code = run_verb(&a);
    args_finish(&a);
    return exit_code;
}

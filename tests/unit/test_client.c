// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The client's pure parts: the command line by the table, conditions, help, completion, the table itself.
#include "daemon/ctl/args.h"
#include "daemon/ctl/condition.h"
#include "daemon/ctl/help.h"
#include "daemon/ctl/kind.h"
#include "tests/suite.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

/* A command line in one text, words separated by one space. */
static int parse(const char *line, struct args *a, struct error *e)
{
    static char copy[512];
    char *argv[WORDS_MAX + 1] = {"pare"};
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    return args_parse(argc, argv, a, e);
}

static const struct {
    const char *line, *params, *own;
} lines[] = {
    {"status", "{}", "{}"},
    {"study show demo", "{\"study\":\"demo\"}", "{}"},
    {"study show 3", "{\"study\":3}", "{}"},
    {"study show 03", "{\"study\":\"03\"}", "{}"},
    {"study show -- -x", "{\"study\":\"-x\"}", "{}"},
    {"best --study=demo --max-loss-points -1.5 --flash-bytes 100", "{\"study\":\"demo\",\"max_loss_points\":-1.5,\"flash_bytes\":100}", "{}"},
    {"trial list --front --limit 5 --order reward", "{\"front\":true,\"limit\":5,\"order\":\"reward\"}", "{}"},
    {"trial show --study demo 12", "{\"study\":\"demo\",\"trial\":12}", "{}"},
    {"export c-package -o x --trial 3", "{\"format\":\"c-package\",\"trial\":3}", "{\"-o\":\"x\"}"},
    {"export -ox", "{}", "{\"-o\":\"x\"}"},
    {"watch trial board.state --since 0 --count 3", "{\"topics\":[\"trial\",\"board.state\"],\"since\":0}", "{\"--count\":3}"},
    {"wait trials>=5 --timeout 0.5", "{}", "{\"CONDITION\":\"trials>=5\",\"--timeout\":0.5}"},
    {"study create f.json --set a=1 --set b=x=y --set a=2 --start", "{\"text\":\"f.json\",\"set\":{\"b\":\"x=y\",\"a\":\"2\"},\"start\":true}", "{}"},
    {"study check -", "{\"text\":\"-\"}", "{}"},
    {"help study create", "{}", "{\"VERB...\":[\"study\",\"create\"]}"},
    {"rpc trial.list {}", "{}", "{\"METHOD\":\"trial.list\",\"JSON\":\"{}\"}"},
};

START_TEST(command_lines_become_parameters)
{
    struct args a;
    struct error e = {""};
    cJSON *params = cJSON_Parse(lines[_i].params), *own = cJSON_Parse(lines[_i].own);
    ck_assert_msg(parse(lines[_i].line, &a, &e) == 0, "%s: %s", lines[_i].line, e.text);
    char *text = cJSON_PrintUnformatted(a.params);
    ck_assert_msg(cJSON_Compare(a.params, params, true), "%s: %s", lines[_i].line, text);
    ck_assert_msg(cJSON_Compare(a.own, own, true), "%s", lines[_i].line);
    free(text);
    cJSON_Delete(params);
    cJSON_Delete(own);
    args_finish(&a);
}
END_TEST

static const char *const wrong[][2] = {
    {"statsu", "did you mean status?"},
    {"study creat x", "did you mean study create?"},
    {"xyzzy", "pare help"},
    {"best --stdy demo", "--stdy"},
    {"best --flash-bytes many", "wants a number"},
    {"best --flash-bytes 1.5", "integer"},
    {"best --flash-bytes 0", "from 1 to"},
    {"best --flash-bytes", "wants a value"},
    {"best extra", "too much"},
    {"best --study a --study b", "given twice"},
    {"trial list --front=1", "takes no value"},
    {"trial list --limit 1001", "from 1 to 1000"},
    {"trial list --order size", "one of: trial reward"},
    {"trial show", "TRIAL is missing"},
    {"trial show x", "wants a number"},
    {"trial show 1e999", "wants a number"},
    {"study create f --set x", "NAME=VALUE"},
    {"study create f --set =x", "NAME=VALUE"},
    {"export yaml", "one of: json c-package"},
    {"completion fish", "one of: bash"},
    {"status --colour", "--colour"},
};

START_TEST(wrong_command_lines_say_what_is_wrong)
{
    struct args a;
    struct error e = {""};
    ck_assert_msg(parse(wrong[_i][0], &a, &e) == -1, "%s", wrong[_i][0]);
    ck_assert_msg(strstr(e.text, wrong[_i][1]) != NULL, "%s: %s", wrong[_i][0], e.text);
    ck_assert_ptr_null(strchr(e.text, '\n'));
    args_finish(&a);
}
END_TEST

START_TEST(every_example_is_a_command_line)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (!all[i].verb)
            continue;
        ck_assert_ptr_nonnull(all[i].examples[0]);
        for (int k = 0; k < EXAMPLES_MAX && all[i].examples[k]; k++) {
            const char *example = all[i].examples[k];
            char line[200];
            size_t length = strcspn(example, "|)'{");
            if (strncmp(example, "pare ", 5) != 0)
                continue;
            snprintf(line, sizeof line, "%.*s", (int)length - 5, example + 5);
            if (strchr(example, '\'')) // a word in quotes: any will do
                snprintf(line + strlen(line), sizeof line - strlen(line), "x");
            struct args a;
            struct error e = {""};
            ck_assert_msg(parse(line, &a, &e) == 0, "%s: %s", example, e.text);
            ck_assert_ptr_eq(a.command, &all[i]);
            args_finish(&a);
        }
    }
}
END_TEST

START_TEST(the_table_is_sound)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg((all[i].method == METHOD_NONE) == (all[i].name == NULL), "row %zu", i);
        ck_assert(all[i].name || all[i].verb);
        if (all[i].name) {
            ck_assert_ptr_eq(commands_by_name(all[i].name), &all[i]);
            ck_assert_ptr_eq(commands_by_method(all[i].method), &all[i]);
            ck_assert_int_ne(all[i].who, ACCESS_NONE);
            ck_assert_ptr_nonnull(all[i].result);
        }
        if (all[i].verb)
            ck_assert_ptr_eq(commands_by_verb(all[i].verb), &all[i]);
        ck_assert_int_eq(all[i].params[PARAMS_MAX - 1].type, PARAM_NONE);
        for (const struct param *p = all[i].params; p->type != PARAM_NONE; p++) {
            ck_assert(p->name || p->option);
            ck_assert_ptr_nonnull(p->help);
            ck_assert((p->type == PARAM_CHOICE || p->type == PARAM_CHOICES) == (p->choices != NULL));
            ck_assert(!p->option || p->option[0] == '-' || isupper((unsigned char)p->option[0]));
        }
    }
    for (int m = METHOD_HELLO; m < METHOD_COUNT; m++)
        ck_assert_ptr_nonnull(commands_by_method((enum method)m));
}
END_TEST

START_TEST(kinds_have_their_exit_codes)
{
    static const struct {
        const char *name;
        int exit_code;
    } kinds[] = {{"failed", 1}, {"invalid", 2},  {"not_found", 4}, {"denied", 5}, {"conflict", 7},
                 {"busy", 7},   {"hardware", 8}, {"version", 9},   {"new kind", 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        ck_assert_int_eq(kind_exit(kind_from_name(kinds[i].name)), kinds[i].exit_code);
    ck_assert_int_eq(kind_exit(kind_from_name(NULL)), 1);
}
END_TEST

static const char *const bad_conditions[][2] = {
    {"", "is like"},
    {"trials", "is like"},
    {"trials>=", "no number"},
    {"trials>=5x", "no number"},
    {"trials>=nan", "no number"},
    {">=5", "is like"},
    {"seed=1", "cannot be waited for"},
    {"study:demo", "is like"},
    {"study:demo=done", "one of created"},
    {"study:demo>finished", "= or !="},
    {"study:=finished", "is like"},
    {"board:b=", "is like"},
};

START_TEST(bad_conditions_are_refused)
{
    struct condition c;
    struct error e = {""};
    ck_assert_msg(condition_parse(bad_conditions[_i][0], &c, &e) == -1, "%s", bad_conditions[_i][0]);
    ck_assert_msg(strstr(e.text, bad_conditions[_i][1]) != NULL, "%s: %s", bad_conditions[_i][0], e.text);
}
END_TEST

static const char *const studies =
    "{\"studies\":[{\"study\":1,\"name\":\"old\",\"state\":\"finished\",\"measured\":8,\"infeasible\":1,\"given_up\":1,"
    "\"best\":{\"energy_uj\":548.5}},"
    "{\"study\":2,\"name\":\"new\",\"state\":\"searching\",\"measured\":3,\"infeasible\":2,\"given_up\":0,\"best\":null}]}";
static const char *const boards = "{\"boards\":[{\"board\":\"b-1\",\"state\":\"busy\"}]}";

static const struct {
    const char *condition, *study;
    enum verdict verdict;
} judged[] = {
    {"study:old=finished", NULL, VERDICT_HOLDS},   {"study:1=finished", NULL, VERDICT_HOLDS},
    {"study:old==finished", NULL, VERDICT_HOLDS},  {"study:old=failed", NULL, VERDICT_NEVER},
    {"study:new=finished", NULL, VERDICT_PENDING}, {"study:new!=created", NULL, VERDICT_HOLDS},
    {"study:x=finished", NULL, VERDICT_MISSING},   {"board:b-1=idle", NULL, VERDICT_PENDING},
    {"board:b-1!=idle", NULL, VERDICT_HOLDS},      {"board:b-2=idle", NULL, VERDICT_MISSING},
    {"trials>=5", NULL, VERDICT_HOLDS},            {"trials>5", NULL, VERDICT_PENDING},
    {"trials>=11", "\"old\"", VERDICT_NEVER},      {"trials=10", "1", VERDICT_HOLDS},
    {"measured<4", NULL, VERDICT_HOLDS},           {"measured<=2", NULL, VERDICT_PENDING},
    {"best.energy_uj<900", "1", VERDICT_HOLDS},    {"best.energy_uj<500", "1", VERDICT_NEVER},
    {"best.energy_uj<900", NULL, VERDICT_PENDING}, {"best.nothing<900", "\"old\"", VERDICT_NEVER},
    {"trials>=1", "\"x\"", VERDICT_MISSING},
};

START_TEST(conditions_are_judged_by_what_the_service_says)
{
    cJSON *s = cJSON_Parse(studies), *b = cJSON_Parse(boards), *study = judged[_i].study ? cJSON_Parse(judged[_i].study) : NULL;
    struct condition c;
    struct error e = {""};
    char text[256] = "";
    ck_assert_msg(condition_parse(judged[_i].condition, &c, &e) == 0, "%s", e.text);
    enum verdict verdict = condition_judge(&c, s, b, study, text, sizeof text);
    ck_assert_msg(verdict == judged[_i].verdict, "%s: verdict %d, %s", judged[_i].condition, verdict, text);
    ck_assert(text[0]);
    cJSON_Delete(s);
    cJSON_Delete(b);
    cJSON_Delete(study);
}
END_TEST

START_TEST(help_begins_with_examples_and_names_every_option)
{
    size_t n;
    const struct command *all = commands_all(&n);
    const struct style style = {.color = false};
    for (size_t i = 0; i < n; i++) {
        struct buffer out;
        if (!all[i].verb)
            continue;
        buffer_init(&out, TEXT_LIMIT);
        help_command(&all[i], &style, &out);
        buffer_append(&out, "", 1);
        ck_assert(strncmp(out.data, "  ", 2) == 0 && strncmp(out.data + 2, all[i].examples[0], strlen(all[i].examples[0])) == 0);
        for (const struct param *p = all[i].params; p->type != PARAM_NONE; p++)
            ck_assert(!p->option || strstr(out.data, p->option));
        buffer_finish(&out);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("client");
    TCase *t = suite_case(s, "client", NULL, NULL);
    tcase_add_loop_test(t, command_lines_become_parameters, 0, sizeof lines / sizeof *lines);
    tcase_add_loop_test(t, wrong_command_lines_say_what_is_wrong, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, every_example_is_a_command_line);
    tcase_add_test(t, the_table_is_sound);
    tcase_add_test(t, kinds_have_their_exit_codes);
    tcase_add_loop_test(t, bad_conditions_are_refused, 0, sizeof bad_conditions / sizeof *bad_conditions);
    tcase_add_loop_test(t, conditions_are_judged_by_what_the_service_says, 0, sizeof judged / sizeof *judged);
    tcase_add_test(t, help_begins_with_examples_and_names_every_option);
    return suite_run(s);
}

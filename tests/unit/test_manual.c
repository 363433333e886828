// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Every verb, option, method, parameter and kind of the tables stands in the built manual pages, and in docs/protocol.md.
// usage: test_manual pare.1 pare-rpc.7 protocol.md
#include "base/file.h"
#include "daemon/ctl/commands.h"
#include "daemon/ctl/kind.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *pages[3]; // pare.1, pare-rpc.7, protocol.md
static const char *paths[3];

/* Takes roff's marks out: fonts (\fB), zero-width (\&) and the backslash of what is escaped. */
static void strip_roff(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] == '\\' && from[1] == 'f' && from[2])
            from += 2;
        else if (from[0] == '\\' && from[1] == '&')
            from += 1;
        else if (from[0] != '\\')
            *to++ = *from;
    }
    *to = '\0';
}

static void setup(void)
{
    struct error e = {""};
    size_t size;
    for (int i = 0; i < 3; i++)
        ck_assert_msg(file_read(paths[i], 1 << 20, &pages[i], &size, &e) == 0, "%s", e.text);
    strip_roff(pages[0]);
    strip_roff(pages[1]);
}

static void teardown(void)
{
    for (int i = 0; i < 3; i++)
        free(pages[i]);
}

/* From the line that begins with `head`, up to the next line that begins with `next`, must have `word`. */
static void section_has(const char *page, const char *head, const char *next, const char *word)
{
    char start[128];
    snprintf(start, sizeof start, "\n%s", head);
    const char *at = strstr(page, start);
    ck_assert_msg(at != NULL, "\"%s\" is not in the manual", head);
    const char *end = strstr(at + strlen(start), next), *found = strstr(at, word);
    ck_assert_msg(found && (!end || found < end), "\"%s\" is not in the section of \"%s\"", word, head);
}

START_TEST(pare_has_every_verb_option_and_example)
{
    size_t n;
    const struct command *all = commands_all(&n);
    const char *verbs = strstr(pages[0], ".SH VERBS"), *options = strstr(pages[0], ".SH OPTIONS");
    ck_assert(verbs && options);
    for (size_t i = 0; i < n; i++) {
        char head[80], word[80];
        if (!all[i].verb)
            continue;
        snprintf(head, sizeof head, "pare %s", all[i].verb);
        section_has(verbs, head, "\npare ", all[i].help);
        for (const struct param *p = all[i].params; p->type != PARAM_NONE; p++) {
            snprintf(word, sizeof word, "\n%s", p->option ? p->option : "");
            section_has(verbs, head, "\npare ", word);
        }
        for (int e = 0; e < EXAMPLES_MAX && all[i].examples[e]; e++)
            section_has(verbs, all[i].examples[e], "\n", all[i].examples[e]);
    }
    for (const struct param *p = commands_global(); p->type != PARAM_NONE; p++)
        section_has(options, p->option, ".RE", p->help);
}
END_TEST

START_TEST(pare_rpc_has_every_method_parameter_and_kind)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        char head[80], word[80];
        if (!all[i].name)
            continue;
        snprintf(head, sizeof head, "%s (%s)", all[i].name, all[i].who == ACCESS_OPERATOR ? "operators" : "readers");
        section_has(pages[1], head, "ers)\n", all[i].help);
        for (const struct param *p = all[i].params; p->type != PARAM_NONE; p++) {
            snprintf(word, sizeof word, "\n%s (", p->name ? p->name : "");
            if (p->name)
                section_has(pages[1], head, "ers)\n.RS", word);
        }
    }
    for (int k = KIND_FAILED; k < KIND_COUNT; k++) {
        char head[80];
        snprintf(head, sizeof head, "%s (%d", kind_name((enum kind)k), kind_code((enum kind)k));
        section_has(pages[1], head, "\n\n", head);
    }
}
END_TEST

/* A row may stand for several methods: `study.start`, `.pause`. */
START_TEST(the_protocol_names_every_method_topic_and_kind)
{
    size_t n;
    const struct command *all = commands_all(&n);
    for (size_t i = 0; i < n; i++) {
        char whole[80], part[80];
        if (!all[i].name)
            continue;
        const char *dot = strchr(all[i].name, '.');
        snprintf(whole, sizeof whole, "`%s`", all[i].name);
        snprintf(part, sizeof part, "`%s`", dot ? dot : all[i].name);
        ck_assert_msg(strstr(pages[2], whole) || strstr(pages[2], part), "%s", all[i].name);
    }
    for (const char *t = commands_topics(); *t;) {
        char topic[64];
        size_t length = strcspn(t, " ");
        snprintf(topic, sizeof topic, "`%.*s`", (int)length, t);
        ck_assert_msg(strstr(pages[2], topic), "%s", topic);
        t += length + (t[length] == ' ');
    }
    for (int k = KIND_FAILED; k < KIND_COUNT; k++) {
        char row[80];
        snprintf(row, sizeof row, "| `%s` | %d | %d |", kind_name((enum kind)k), kind_code((enum kind)k), kind_exit((enum kind)k));
        ck_assert_msg(strstr(pages[2], row), "%s", row);
    }
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 4)
        return EXIT_FAILURE;
    for (int i = 0; i < 3; i++)
        paths[i] = argv[i + 1];
    Suite *s = suite_create("manual");
    TCase *t = suite_case(s, "manual", setup, teardown);
    tcase_add_test(t, pare_has_every_verb_option_and_example);
    tcase_add_test(t, pare_rpc_has_every_method_parameter_and_kind);
    tcase_add_test(t, the_protocol_names_every_method_topic_and_kind);
    return suite_run(s);
}

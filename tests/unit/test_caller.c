// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Files that are written for a user: in one step, whatever their names are and whoever else writes there. Whose rights count: test_pared.sh.
#include "base/file.h"
#include "daemon/caller.h"
#include "tests/suite.h"

#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITERS 8
#define ROUNDS 20
#define NAME_LENGTH 255 // that file systems take

static char folder[64];
static struct caller self;
static struct error error;

static void set_up(void)
{
    strcpy(folder, "/tmp/pare-caller-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    self = (struct caller){geteuid(), getegid()};
}

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int entries(void)
{
    DIR *d = opendir(folder);
    int n = -2; // . and ..
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void holds(const char *path, const char *expected)
{
    char *text;
    size_t size;
    ck_assert_msg(file_read(path, 100, &text, &size, &error) == 0, "%s", error.text);
    ck_assert_str_eq(text, expected);
    free(text);
}

/* Refused, with the path that was asked for and this reason, and nothing is left. */
static void refused(const char *path, const char *reason)
{
    char expected[600];
    int before = entries();
    snprintf(expected, sizeof expected, "%s: %s", path, reason);
    ck_assert_int_eq(caller_write(&self, path, "new", 3, &error), -1);
    ck_assert_str_eq(error.text, expected);
    ck_assert_int_eq(entries(), before);
}

START_TEST(a_name_may_be_as_long_as_the_folder_takes)
{
    char name[NAME_LENGTH + 2];
    memset(name, 'a', sizeof name);
    name[NAME_LENGTH + 1] = '\0';
    refused(in_folder(name), "File name too long");
    name[NAME_LENGTH] = '\0';
    ck_assert_msg(caller_write(&self, in_folder(name), "text", 4, &error) == 0, "%s", error.text);
    holds(in_folder(name), "text");
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(errors_name_what_was_asked_for)
{
    refused(in_folder("none/a"), "No such file or directory");
    ck_assert_int_eq(caller_write(&self, in_folder("a"), "old", 3, &error), 0);
    refused(in_folder("a"), "File exists");
    refused(in_folder("a/b"), "Not a directory");
    holds(in_folder("a"), "old");
}
END_TEST

START_TEST(what_a_killed_pared_left_stands_in_nobodys_way)
{
    char name[64];
    snprintf(name, sizeof name, "a.new-%ld", (long)getpid());
    ck_assert_int_eq(caller_write(&self, in_folder(name), "half", 4, &error), 0);
    ck_assert_msg(caller_write(&self, in_folder("a"), "whole", 5, &error) == 0, "%s", error.text);
    holds(in_folder("a"), "whole");
}
END_TEST

struct writing {
    char path[128], text[8];
    int rc;
    struct error e;
};

static void *write_one(void *user)
{
    struct writing *w = user;
    w->rc = caller_write(&self, w->path, w->text, strlen(w->text), &w->e);
    return NULL;
}

START_TEST(of_several_at_once_one_writes_and_the_others_are_told)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct writing w[WRITERS] = {0};
        pthread_t threads[WRITERS];
        char path[128], expected[256];
        int written = -1;
        snprintf(path, sizeof path, "%s/%d", folder, round);
        snprintf(expected, sizeof expected, "%s: File exists", path);
        for (int i = 0; i < WRITERS; i++) {
            snprintf(w[i].path, sizeof w[i].path, "%s", path);
            snprintf(w[i].text, sizeof w[i].text, "by %d", i);
            ck_assert_int_eq(pthread_create(&threads[i], NULL, write_one, &w[i]), 0);
        }
        for (int i = 0; i < WRITERS; i++) {
            pthread_join(threads[i], NULL);
            ck_assert_msg(w[i].rc != 0 || written < 0, "%d and %d have both written", written, i);
            if (w[i].rc == 0)
                written = i;
            else
                ck_assert_str_eq(w[i].e.text, expected);
        }
        ck_assert_int_ge(written, 0);
        holds(path, w[written].text);
        ck_assert_int_eq(entries(), round + 1);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("caller");
    TCase *t = suite_case(s, "caller", set_up, tear_down);
    tcase_add_test(t, a_name_may_be_as_long_as_the_folder_takes);
    tcase_add_test(t, errors_name_what_was_asked_for);
    tcase_add_test(t, what_a_killed_pared_left_stands_in_nobodys_way);
    tcase_add_test(t, of_several_at_once_one_writes_and_the_others_are_told);
    return suite_run(s);
}

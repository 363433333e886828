// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// pared's configuration: defaults, paths, boards from one file, and what is refused.
#include "daemon/config.h"

#include "base/file.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/pare-test-XXXXXX";
static char path[64];
static struct config config;
static struct error error;

static const char *const board = "{\"name\":\"v-${serial}\",\"type\":\"virtual\",\"virtual\":true,\"serial\":\"A1\",\"port\":7000,"
                                 "\"openocd_config\":[\"x ${port}\"],\"meter\":{\"kind\":\"lpm01a\",\"path\":\"/tmp/m\"}}";

static void set_up(void)
{
    strcpy(folder, "/tmp/pare-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/board.json", folder);
    ck_assert_int_eq(file_write(path, board, strlen(board), NULL), 0);
    snprintf(path, sizeof path, "%s/pared.json", folder);
}

static void tear_down(void)
{
    unlink(path);
    snprintf(path, sizeof path, "%s/board.json", folder);
    unlink(path);
    rmdir(folder);
}

static int read_text(const char *text)
{
    error.text[0] = '\0';
    ck_assert_int_eq(file_write(path, text, strlen(text), NULL), 0);
    return config_read(path, &config, &error);
}

static const char *under(const char *name)
{
    static char text[128];
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return text;
}

START_TEST(a_short_one_takes_the_defaults)
{
    ck_assert_msg(read_text("{\"state\": \"s\", // here\n \"runner\": \"r.bin\", \"boards\": [{\"file\": \"board.json\"}]}") == 0, "%s",
                  error.text);
    ck_assert_str_eq(config.state, under("s"));
    ck_assert_str_eq(config.database, under("s/pare.db"));
    ck_assert_str_eq(config.socket, "");
    ck_assert_int_eq(config.boards.n, 1);
    ck_assert_str_eq(config.files[0].name, "v-A1");
    ck_assert_str_eq(config.files[0].runner, under("r.bin"));
    ck_assert(config.deadline_scale == 1 && !config.readers.all && config.operators.n == 0);
}
END_TEST

START_TEST(one_board_file_serves_many)
{
    ck_assert_int_eq(read_text("{\"state\":\"/s\",\"runner\":\"/r\",\"readers\":\"all\",\"operators\":[\"root\"],\"boards\":["
                               "{\"file\":\"board.json\",\"serial\":\"B2\",\"port\":7001,\"meter\":\"/dev/m2\"},"
                               "{\"file\":\"board.json\",\"serial\":\"B3\",\"port\":7002}]}"),
                     0);
    ck_assert_str_eq(config.files[0].name, "v-B2");
    ck_assert_str_eq(config.files[0].lines[0], "x 7001");
    ck_assert_str_eq(config.files[0].meter_path, "/dev/m2");
    ck_assert_str_eq(config.files[1].name, "v-B3");
    ck_assert_str_eq(config.files[1].meter_path, "/tmp/m");
    ck_assert(config.readers.all && config.operators.n == 1 && config.operators.v[0] == 0);
}
END_TEST

START_TEST(what_is_wrong_is_named_with_its_file)
{
    static const char *const bad[][2] = {
        {"{\"state\":\"s\"}", "\"boards\" is missing"},
        {"{\"boards\":[]}", "\"state\" is missing"},
        {"{\"state\":\"s\",\"boards\":[],\"sockets\":\"x\"}", "did you mean \"socket\"?"},
        {"{\"state\":\"s\",\"boards\":[{\"file\":\"board.json\"}]}", "no \"runner\""},
        {"{\"state\":\"s\",\"boards\":[{\"file\":\"none.json\"}]}", "none.json"},
        {"{\"state\":\"s\",\"boards\":[{\"serial\":\"x\"}]}", "\"boards.file\" is missing"},
        {"{\"state\":\"s\",\"boards\":[{\"file\":\"board.json\",\"port\":0}]}", "\"boards.port\" is not within"},
        {"{\"state\":\"s\",\"boards\":[],\"operators\":[\"no such user\"]}", "no such user"},
        {"{\"state\":\"s\",\"boards\":[],\"readers\":\"some\"}", "\"readers\" is neither"},
        {"{\"state\":\"s\",\n\"boards\":[}", "line 2"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(read_text(bad[i][0]) == -1, "%s was accepted", bad[i][0]);
        ck_assert_msg(strstr(error.text, bad[i][1]) != NULL, "\"%s\" does not say %s", error.text, bad[i][1]);
        ck_assert_ptr_nonnull(strstr(error.text, "pared.json"));
    }
    ck_assert_int_eq(config_read("/nowhere/pared.json", &config, &error), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("config");
    TCase *t = suite_case(s, "config", set_up, tear_down);
    tcase_add_test(t, a_short_one_takes_the_defaults);
    tcase_add_test(t, one_board_file_serves_many);
    tcase_add_test(t, what_is_wrong_is_named_with_its_file);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board's canary: what is its reference, what is drift, what outlives the service.
#include "daemon/canary.h"

#include "base/file.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNER_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define RUNNER_B "00000000000000000000000000000000000000000000000000000000000000bb"

static char folder[64];
static struct store *store;
static struct canary canary;
static struct board_result result;
static struct error error;

static void open_as(const char *board, const char *runner)
{
    ck_assert_msg(canary_open(&canary, store, folder, "virtual-u585", board, runner, &error) == 0, "%s", error.text);
}

static void put_image(const char *content)
{
    ck_assert_int_eq(file_write(canary.image, content, strlen(content), &error), 0);
}

static void start_service(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/pare.db", folder);
    store = store_open(path, NULL, &error);
    ck_assert_msg(store != NULL, "%s", error.text);
}

static void know_board(const char *name, const char *serial)
{
    struct store_board board = {name, "virtual-u585", serial, true, 1000};
    ck_assert_int_eq(store_board(store, &board, &error), 0);
}

static void set_up(void)
{
    strcpy(folder, "/tmp/pare-canary-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    start_service();
    know_board("vboard-1", "V1");
    know_board("vboard-2", "V2");
    open_as("vboard-1", RUNNER_A);
    put_image("the first study's");
    open_as("vboard-1", RUNNER_A);
}

static void tear_down(void)
{
    store_close(store);
    file_remove(folder);
}

/* Measures, and stores what was found, as the writer does. Returns whether it is the reference. */
static int take(uint32_t cycles, int64_t energy_nj)
{
    result.sample_cycles[0] = cycles;
    result.energy_nj = energy_nj;
    struct store_canary found;
    ck_assert_msg(canary_begin(&canary, &error) == 0, "%s", error.text);
    ck_assert_int_eq(canary_take(&canary, &result, &found), 0);
    ck_assert_msg(store_canary(store, "vboard-1", &found, NULL, &error) == 0, "%s", error.text);
    return found.reference;
}

START_TEST(the_first_measurement_is_the_reference)
{
    ck_assert(cJSON_IsNull(canary_json(&canary)));
    ck_assert_int_eq(take(100000, 5000), 1);
    ck_assert(!canary.drifted);
    ck_assert_int_eq(take(100500, 5150), 0);
    ck_assert(!canary.drifted);
}
END_TEST

START_TEST(other_cycles_or_another_energy_are_drift_until_they_come_back)
{
    take(100000, 5000);
    take(100501, 5000);
    ck_assert(canary.drifted);
    take(100000, 4849);
    ck_assert(canary.drifted);
    take(100000, 4851);
    ck_assert(!canary.drifted);
    take(100000, 0); // the meter is gone: a failure elsewhere, no drift
    ck_assert(!canary.drifted);
}
END_TEST

START_TEST(reference_and_drift_outlive_the_service_but_not_its_runner)
{
    take(100000, 5000);
    take(102000, 5000);
    store_close(store);
    start_service();
    open_as("vboard-1", RUNNER_A);
    ck_assert(canary.drifted);
    ck_assert_int_eq(canary.last.cycles, 102000);
    ck_assert_int_eq(take(102000, 5000), 0);
    open_as("vboard-2", RUNNER_A); // another board has its own
    ck_assert_int_eq(canary.first.cycles, 0);
    open_as("vboard-1", RUNNER_B);
    ck_assert(!canary.drifted);
    ck_assert_int_eq(take(102000, 5000), 1);
}
END_TEST

START_TEST(after_a_repair_the_next_measurement_is_the_reference)
{
    take(100000, 5000);
    take(103000, 5500);
    canary_forget(&canary);
    ck_assert_int_eq(store_canary_forget(store, "vboard-1", NULL, &error), 0);
    store_close(store); // before it was measured again
    start_service();
    open_as("vboard-1", RUNNER_A);
    ck_assert(cJSON_IsNull(canary_json(&canary)));
    ck_assert_int_eq(take(103000, 5500), 1);
    ck_assert_int_eq(take(103000, 5500), 0);
    ck_assert(!canary.drifted);
}
END_TEST

START_TEST(with_another_image_the_next_measurement_is_the_reference)
{
    take(100000, 5000);
    put_image("another network's");
    ck_assert_int_eq(take(70000, 4000), 1);
    ck_assert(!canary.drifted);
    store_close(store);
    unlink(canary.image); // and so it goes when it comes while the service is away
    start_service();
    open_as("vboard-1", RUNNER_A);
    ck_assert(cJSON_IsNull(canary_json(&canary)));
    put_image("a third one's");
    ck_assert_int_eq(take(50000, 3000), 1);
    put_image("the first study's");
    open_as("vboard-1", RUNNER_A);
    ck_assert_int_eq(canary.first.cycles, 100000); // the first one's is still known
}
END_TEST

START_TEST(what_began_before_it_was_forgotten_is_no_reference)
{
    struct store_canary found;
    take(100000, 5000);
    ck_assert_int_eq(canary_begin(&canary, &error), 0);
    canary_forget(&canary); // while the board measures
    result.sample_cycles[0] = 110000;
    ck_assert_int_eq(canary_take(&canary, &result, &found), 1);
    ck_assert(cJSON_IsNull(canary_json(&canary)));
    ck_assert_int_eq(take(103000, 5000), 1);
    ck_assert(!canary.drifted);
}
END_TEST

START_TEST(the_first_image_is_adopted_and_outlives_its_study)
{
    char path[128];
    snprintf(path, sizeof path, "%s/1.image", folder);
    canary_drop_image(&canary);
    ck_assert(!canary_has_image(&canary));
    ck_assert_int_eq(file_write(path, "first", 5, &error), 0);
    canary_adopt(&canary, path);
    ck_assert_int_eq(file_write(path, "other", 5, &error), 0); // as the worker does
    canary_adopt(&canary, path);
    unlink(path);
    char *text;
    size_t size;
    ck_assert_int_eq(file_read(canary.image, 100, &text, &size, &error), 0);
    ck_assert_str_eq(text, "first");
    free(text);
    canary_drop_image(&canary);
    ck_assert(!canary_has_image(&canary));
    ck_assert_int_eq(canary_begin(&canary, &error), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("canary");
    TCase *t = suite_case(s, "canary", set_up, tear_down);
    tcase_add_test(t, the_first_measurement_is_the_reference);
    tcase_add_test(t, other_cycles_or_another_energy_are_drift_until_they_come_back);
    tcase_add_test(t, reference_and_drift_outlive_the_service_but_not_its_runner);
    tcase_add_test(t, after_a_repair_the_next_measurement_is_the_reference);
    tcase_add_test(t, with_another_image_the_next_measurement_is_the_reference);
    tcase_add_test(t, what_began_before_it_was_forgotten_is_no_reference);
    tcase_add_test(t, the_first_image_is_adopted_and_outlives_its_study);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board's canary: what is its reference, what is drift, what outlives the service.
#include "daemon/canary.h"

#include "base/file.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static struct canary canary;
static struct board_result result;
static struct error error;

static void set_up(void)
{
    strcpy(folder, "/tmp/pare-canary-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    canary_open(&canary, folder, "virtual-u585", "V1", "runner a");
}

static void tear_down(void)
{
    file_remove(folder);
}

static int take(uint32_t cycles, int64_t energy_nj)
{
    result.sample_cycles[0] = cycles;
    result.energy_nj = energy_nj;
    return canary_take(&canary, &result, &error);
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

START_TEST(the_reference_outlives_the_service_but_not_its_runner)
{
    take(100000, 5000);
    canary_open(&canary, folder, "virtual-u585", "V1", "runner a");
    ck_assert_int_eq(take(102000, 5000), 0);
    ck_assert(canary.drifted);
    canary_open(&canary, folder, "virtual-u585", "V1", "runner b");
    ck_assert_int_eq(take(102000, 5000), 1);
    canary_open(&canary, folder, "virtual-u585", "V2", "runner b"); // another board has its own
    ck_assert_int_eq(take(90000, 5000), 1);
}
END_TEST

START_TEST(a_spoilt_reference_is_none)
{
    static const char *const texts[] = {"", "{", "[]", "{\"runner\":\"runner a\",\"cycles\":-5}", "{\"runner\":7,\"cycles\":5}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_int_eq(file_write(canary.file, texts[i], strlen(texts[i]), &error), 0);
        canary_open(&canary, folder, "virtual-u585", "V1", "runner a");
        ck_assert_int_eq(canary.first.cycles, 0);
    }
}
END_TEST

START_TEST(the_first_image_is_adopted_and_outlives_its_study)
{
    char path[128];
    snprintf(path, sizeof path, "%s/1.image", folder);
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
    canary_drop(&canary);
    ck_assert(!canary_has_image(&canary));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("canary");
    TCase *t = tcase_create("canary");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, the_first_measurement_is_the_reference);
    tcase_add_test(t, other_cycles_or_another_energy_are_drift_until_they_come_back);
    tcase_add_test(t, the_reference_outlives_the_service_but_not_its_runner);
    tcase_add_test(t, a_spoilt_reference_is_none);
    tcase_add_test(t, the_first_image_is_adopted_and_outlives_its_study);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

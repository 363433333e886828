// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The course of a recording in few points.
#include "hwlink/profile.h"
#include "tests/suite.h"

#include <check.h>

static struct profile profile;
static uint32_t points[PROFILE_POINTS];

static void add(uint32_t n, double value)
{
    for (uint32_t i = 0; i < n; i++)
        profile_add(&profile, value);
}

START_TEST(a_short_recording_is_kept_whole)
{
    profile_init(&profile);
    ck_assert_uint_eq(profile_read(&profile, 1, points), 0);
    add(1, 3);
    add(1, 7);
    ck_assert_uint_eq(profile_read(&profile, 1000, points), 2);
    ck_assert_uint_eq(points[0], 3000);
    ck_assert_uint_eq(points[1], 7000);
}
END_TEST

START_TEST(a_long_one_keeps_its_course)
{
    profile_init(&profile);
    add(30000, 1);
    add(10000, 5);
    add(25536, 2);
    uint32_t n = profile_read(&profile, 100, points);
    ck_assert_uint_ge(n, PROFILE_POINTS / 2);
    ck_assert_uint_eq(n * profile.per, 65536); // a power of two: no point is cut
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += points[i] / 100.0 * profile.per;
    ck_assert_double_eq_tol(sum, 30000 + 50000 + 2 * 25536, 700); // each point is rounded
    ck_assert_uint_eq(points[0], 100);
    ck_assert_uint_eq(points[n / 2], 500); // sample 32768
    ck_assert_uint_eq(points[n - 1], 200);
}
END_TEST

START_TEST(what_cannot_be_is_cut)
{
    profile_init(&profile);
    add(1, -1);
    add(1, 1e30);
    ck_assert_uint_eq(profile_read(&profile, 1, points), 2);
    ck_assert_uint_eq(points[0], 0);
    ck_assert_uint_eq(points[1], UINT32_MAX);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("profile");
    TCase *t = suite_case(s, "profile", NULL, NULL);
    tcase_add_test(t, a_short_recording_is_kept_whole);
    tcase_add_test(t, a_long_one_keeps_its_course);
    tcase_add_test(t, what_cannot_be_is_cut);
    return suite_run(s);
}

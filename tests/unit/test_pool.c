// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Leases, suspicion and quarantine of boards; board files.
#include "hwlink/pool.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

static struct pool pool;
static uint32_t epoch;
static bool suspect;

static void two_boards(void)
{
    pool_init(&pool);
    ck_assert_int_eq(pool_add(&pool, "a", "virtual", NULL), 0);
    ck_assert_int_eq(pool_add(&pool, "b", "virtual", NULL), 1);
}

static int lease(uint64_t now)
{
    return pool_lease(&pool, "virtual", -1, now, &epoch, &suspect);
}

START_TEST(one_board_is_lent_by_its_number_unless_it_is_not_free)
{
    two_boards();
    epoch = pool_lease_board(&pool, 1, 10, &suspect);
    ck_assert_uint_gt(epoch, 0);
    ck_assert_uint_eq(pool_lease_board(&pool, 1, 11, &suspect), 0);
    ck_assert_int_eq(pool_return(&pool, 1, epoch, BOARD_FAIL_PROBE, "no answer", 20), 0);
    ck_assert_uint_eq(pool_lease_board(&pool, 1, 20 + POOL_REST_MS - 1, &suspect), 0);
    ck_assert_uint_gt(pool_lease_board(&pool, 1, 20 + POOL_REST_MS, &suspect), 0);
}
END_TEST

START_TEST(the_longest_idle_board_is_lent_first)
{
    two_boards();
    ck_assert_int_eq(lease(10), 0);
    ck_assert_int_eq(pool_return(&pool, 0, epoch, BOARD_OK, NULL, 11), 0);
    ck_assert_int_eq(lease(12), 1);
    ck_assert_int_eq(lease(13), 0);
    ck_assert_int_eq(lease(14), -1);
    ck_assert_int_eq(pool_lease(&pool, "other", -1, 15, &epoch, &suspect), -1);
}
END_TEST

START_TEST(another_attempt_can_avoid_a_board)
{
    two_boards();
    ck_assert_int_eq(pool_lease(&pool, NULL, 0, 1, &epoch, &suspect), 1);
    ck_assert_int_eq(pool_lease(&pool, NULL, 0, 2, &epoch, &suspect), -1);
}
END_TEST

START_TEST(an_old_lease_changes_nothing)
{
    two_boards();
    ck_assert_int_eq(lease(1), 0);
    uint32_t old = epoch;
    ck_assert_int_eq(pool_return(&pool, 0, old, BOARD_OK, NULL, 2), 0);
    ck_assert_int_eq(pool_return(&pool, 0, old, BOARD_FAIL_MISMATCH, "late", 3), 1);
    ck_assert(!pool.boards[0].suspect);
}
END_TEST

START_TEST(a_worn_board_is_quarantined_at_once)
{
    two_boards();
    int b = pool_lease(&pool, NULL, 1, 1, &epoch, &suspect);
    pool_return(&pool, b, epoch, BOARD_FAIL_WORN, "its budget is spent", 2);
    ck_assert_int_eq(pool.boards[b].state, POOL_QUARANTINED);
    ck_assert_str_eq(pool.boards[b].reason, "worn: its budget is spent");
}
END_TEST

START_TEST(a_build_failure_does_not_speak_against_the_board)
{
    two_boards();
    for (int i = 0; i < 10; i++) {
        int b = pool_lease(&pool, NULL, 1, 1, &epoch, &suspect);
        ck_assert_int_eq(b, 0);
        pool_return(&pool, b, epoch, BOARD_FAIL_BUILD, "bad image", 2);
    }
    ck_assert_int_eq(pool.boards[0].state, POOL_IDLE);
    ck_assert_uint_eq(pool.boards[0].failures[BOARD_FAIL_BUILD], 10);
}
END_TEST

START_TEST(a_mismatch_makes_suspect_and_a_second_one_quarantines)
{
    two_boards();
    int b = lease(0);
    pool_return(&pool, b, epoch, BOARD_FAIL_MISMATCH, "outputs differ", 1);
    ck_assert_int_eq(pool.boards[b].state, POOL_RESTING);
    ck_assert_int_eq(pool_lease(&pool, NULL, 1, 2, &epoch, &suspect), -1);
    uint64_t next = pool_next_ms(&pool);
    ck_assert_int_eq(pool_lease(&pool, NULL, 1, next, &epoch, &suspect), b);
    ck_assert(suspect);
    pool_return(&pool, b, epoch, BOARD_FAIL_MISMATCH, "outputs differ", next + 1);
    ck_assert_int_eq(pool.boards[b].state, POOL_QUARANTINED);
    ck_assert_str_eq(pool.boards[b].reason, "mismatch: outputs differ");
    pool_release_quarantine(&pool, b);
    ck_assert_int_eq(pool_lease(&pool, NULL, 1, next + 2, &epoch, &suspect), b);
    ck_assert(suspect);
    pool_return(&pool, b, epoch, BOARD_OK, NULL, next + 3);
    ck_assert(!pool.boards[b].suspect);
}
END_TEST

START_TEST(probe_failures_rest_longer_each_time_then_quarantine)
{
    two_boards();
    uint64_t now = 0, rest = 0;
    int rounds = 0;
    while (pool.boards[0].state != POOL_QUARANTINED) {
        ck_assert_int_eq(pool_lease(&pool, NULL, 1, now, &epoch, &suspect), 0);
        pool_return(&pool, 0, epoch, BOARD_FAIL_PROBE, "no answer", now);
        if (pool.boards[0].state == POOL_RESTING) {
            rest = pool.boards[0].until_ms - now;
            ck_assert_uint_le(rest, POOL_REST_MAX_MS);
            now = pool.boards[0].until_ms;
        }
        rounds++;
    }
    ck_assert_int_eq(rounds, 2 * POOL_STRIKES_MAX);
}
END_TEST

static uint64_t quarantined_until(uint64_t now)
{
    while (pool.boards[0].state != POOL_QUARANTINED) {
        ck_assert_int_eq(pool_lease(&pool, NULL, 1, now, &epoch, &suspect), 0);
        pool_return(&pool, 0, epoch, BOARD_FAIL_MISMATCH, "outputs differ", now);
        now = pool.boards[0].until_ms;
    }
    return pool.boards[0].until_ms;
}

START_TEST(a_quarantine_ends_by_itself_after_a_good_check)
{
    two_boards();
    uint64_t end = quarantined_until(0);
    ck_assert_int_eq(pool_check_due(&pool, end - 1, &epoch, &suspect), -1);
    ck_assert_int_eq(pool_check_due(&pool, end, &epoch, &suspect), 0);
    ck_assert(suspect);
    ck_assert_int_eq(pool_check_due(&pool, end, &epoch, &suspect), -1);
    ck_assert_int_eq(pool_lease(&pool, NULL, 1, end, &epoch, &suspect), -1); // not for work meanwhile
    ck_assert_int_eq(pool_checked(&pool, 0, pool.boards[0].epoch, BOARD_OK, NULL, end + 5), 0);
    ck_assert_int_eq(pool_lease(&pool, NULL, 1, end + 6, &epoch, &suspect), 0);
    ck_assert(suspect);
}
END_TEST

START_TEST(quarantines_grow_until_something_is_measured)
{
    two_boards();
    uint64_t now = quarantined_until(0), length = 0;
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(pool_check_due(&pool, now, &epoch, &suspect), 0);
        pool_checked(&pool, 0, epoch, BOARD_FAIL_PROBE, "no answer", now);
        ck_assert_int_eq(pool.boards[0].state, POOL_QUARANTINED);
        ck_assert_uint_ge(pool.boards[0].until_ms - now, length);
        length = pool.boards[0].until_ms - now;
        now = pool.boards[0].until_ms;
    }
    ck_assert_uint_eq(length, POOL_QUARANTINE_MAX_MS);
    ck_assert_str_eq(pool.boards[0].reason, "probe: no answer");
    pool_check_due(&pool, now, &epoch, &suspect);
    pool_checked(&pool, 0, epoch, BOARD_OK, NULL, now);
    pool_lease(&pool, NULL, 1, now, &epoch, &suspect);
    pool_return(&pool, 0, epoch, BOARD_OK, NULL, now);
    now += 1000;
    pool_lease(&pool, NULL, 1, now, &epoch, &suspect);
    pool_return(&pool, 0, epoch, BOARD_FAIL_PROBE, "TZEN is on", now);
    pool_quarantine(&pool, 0, now);
    ck_assert_uint_eq(pool.boards[0].until_ms - now, POOL_QUARANTINE_MS);
}
END_TEST

START_TEST(a_board_is_looked_at_before_it_is_lent_first)
{
    two_boards();
    pool_want_check(&pool, 0);
    ck_assert_uint_eq(pool_next_ms(&pool), 1);
    ck_assert_int_eq(pool_lease(&pool, NULL, 1, 5, &epoch, &suspect), -1);
    ck_assert_int_eq(pool_check_due(&pool, 5, &epoch, &suspect), 0);
    ck_assert(!suspect);
    ck_assert_int_eq(pool_checked(&pool, 0, epoch + 1, BOARD_OK, NULL, 6), 1);
    ck_assert_int_eq(pool_checked(&pool, 0, epoch, BOARD_FAIL_PROBE, "no answer", 6), 0);
    ck_assert_int_eq(pool.boards[0].state, POOL_RESTING);
    ck_assert_int_eq(pool_lease(&pool, NULL, 1, pool.boards[0].until_ms, &epoch, &suspect), 0);
}
END_TEST

START_TEST(a_lease_expires)
{
    two_boards();
    pool.lease_ms = 1000;
    int b = lease(100);
    ck_assert_int_eq(pool_expired(&pool, 1099), -1);
    ck_assert_uint_eq(pool_next_ms(&pool), 1100);
    ck_assert_int_eq(pool_expired(&pool, 1100), b);
    ck_assert_int_eq(pool_expired(&pool, 1100), -1); // told once
    ck_assert_int_eq(pool_expired(&pool, 1100 + POOL_LEASE_GRACE_MS), b);
    ck_assert_int_eq(pool_return(&pool, b, epoch, BOARD_FAIL_PROBE, "its lease expired", 1200), 0);
}
END_TEST

static const char *const full =
    "{\"name\":\"v-${serial}\",\"type\":\"virtual\",\"virtual\":true,\"serial\":\"A1\",\"port\":7000,"
    "\"openocd_config\":[\"st-link backend tcp ${port}\",\"adapter serial ${serial}\"],"
    "\"meter\":{\"kind\":\"lpm01a\",\"path\":\"${PARE_TEST_UNSET:-/tmp/m-}${serial}\",\"hz\":10000},\"runner\":\"r.bin\"}";

START_TEST(board_files_are_read_with_their_variables)
{
    struct board_file f;
    struct error e = {""};
    ck_assert_msg(board_file_parse(full, "configs", NULL, 0, &f, &e) == 0, "%s", e.text);
    ck_assert_str_eq(f.name, "v-A1");
    ck_assert_str_eq(f.lines[0], "st-link backend tcp 7000");
    ck_assert_str_eq(f.meter_path, "/tmp/m-A1");
    ck_assert_str_eq(f.runner, "configs/r.bin");
    ck_assert_uint_eq(f.meter_hz, 10000);
    ck_assert_uint_eq(f.erase_budget, 1000);
    ck_assert_int_eq(board_file_parse(full, ".", "B2", 7001, &f, &e), 0);
    ck_assert_str_eq(f.lines[0], "st-link backend tcp 7001");
    ck_assert_str_eq(f.lines[1], "adapter serial B2");
}
END_TEST

START_TEST(board_files_are_refused_with_the_key_named)
{
    struct board_file f;
    struct error e;
    const char *const bad[][2] = {
        {"[]", "not a JSON object"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[\"x\"],\"colour\":1}", "\"colour\""},
        {"{\"name\":\"a\",\"type\":\"b\",\"openocd_config\":[\"x\"]}", "serial"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"a b\",\"openocd_config\":[\"x\"]}", "serial"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\"}", "openocd_config"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[\"${PARE_TEST_UNSET}\"]}", "not set"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[1]}", "openocd_config"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[\"reset_config connect_assert_srst\"]}",
         "connect_assert_srst"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[\"x\"],\"ram_bytes\":99999999}", "ram_bytes"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[\"x\"],\"erase_budget\":10001}", "from 1 to 10000"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[\"x\"],\"usb_location\":\"2.3\"}", "place on USB"},
        {"{\"name\":\"a\",\"type\":\"b\",\"serial\":\"1\",\"openocd_config\":[\"x\"],\"meter\":{\"kind\":\"volt\"}}",
         "kind"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(board_file_parse(bad[i][0], ".", NULL, 0, &f, &e), -1);
        ck_assert_msg(strstr(e.text, bad[i][1]) != NULL, "\"%s\" does not mention %s", e.text, bad[i][1]);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pool");
    TCase *t = suite_case(s, "pool", NULL, NULL);
    tcase_add_test(t, the_longest_idle_board_is_lent_first);
    tcase_add_test(t, one_board_is_lent_by_its_number_unless_it_is_not_free);
    tcase_add_test(t, another_attempt_can_avoid_a_board);
    tcase_add_test(t, an_old_lease_changes_nothing);
    tcase_add_test(t, a_worn_board_is_quarantined_at_once);
    tcase_add_test(t, a_build_failure_does_not_speak_against_the_board);
    tcase_add_test(t, a_mismatch_makes_suspect_and_a_second_one_quarantines);
    tcase_add_test(t, probe_failures_rest_longer_each_time_then_quarantine);
    tcase_add_test(t, a_quarantine_ends_by_itself_after_a_good_check);
    tcase_add_test(t, quarantines_grow_until_something_is_measured);
    tcase_add_test(t, a_board_is_looked_at_before_it_is_lent_first);
    tcase_add_test(t, a_lease_expires);
    tcase_add_test(t, board_files_are_read_with_their_variables);
    tcase_add_test(t, board_files_are_refused_with_the_key_named);
    return suite_run(s);
}

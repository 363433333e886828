// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The flash log under fixed and random sequences: never overlapping, never forgotten silently, evenly worn.
#include "base/rng.h"
#include "hwlink/flashlog.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct flashlog_need need(uint32_t id, uint32_t bytes)
{
    struct flashlog_need n = {.bytes = bytes};
    memcpy(n.sha256, &id, sizeof id);
    return n;
}

static void write_all(struct flashlog *log, const struct flashlog_need *needs, int n)
{
    for (int i = 0; i < n; i++) {
        if (!needs[i].write)
            continue;
        ck_assert_int_eq(flashlog_intend(log, FLASHLOG_WEAR_BUDGET, needs[i].page, flashlog_pages(needs[i].bytes), NULL), 0);
        flashlog_add(log, needs[i].sha256, needs[i].bytes, needs[i].page);
    }
}

START_TEST(known_content_is_never_written_again)
{
    struct flashlog log = {0};
    bool restart;
    flashlog_load(&log);
    struct flashlog_need a[] = {need(1, 100), need(2, 9000), need(1, 100)};
    ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, a, 3, &restart, NULL), 0);
    ck_assert(a[0].write && a[1].write && !a[2].write);
    ck_assert_int_eq(a[0].page, a[2].page);
    write_all(&log, a, 3);
    struct flashlog_need b[] = {need(2, 9000), need(3, 8192)};
    ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, b, 2, &restart, NULL), 0);
    ck_assert(!b[0].write && b[1].write && !restart);
    ck_assert_int_eq(b[0].page, a[1].page);
    ck_assert_int_eq(b[1].page, BOARD_LOG_PAGE + 3);
}
END_TEST

START_TEST(a_full_log_is_started_anew_and_keeps_what_is_needed)
{
    struct flashlog log = {0};
    bool restart;
    flashlog_load(&log);
    struct flashlog_need old[] = {need(1, 100 * BOARD_PAGE_BYTES), need(2, 100 * BOARD_PAGE_BYTES)};
    ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, old, 2, &restart, NULL), 0);
    write_all(&log, old, 2);
    struct flashlog_need next[] = {need(1, 100 * BOARD_PAGE_BYTES), need(3, 90 * BOARD_PAGE_BYTES)};
    ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, next, 2, &restart, NULL), 0);
    ck_assert(restart && !next[0].write && next[1].write);
    ck_assert_ptr_null(flashlog_find(&log, old[1].sha256));
    ck_assert_uint_eq(log.restarts, 1);
}
END_TEST

START_TEST(what_cannot_fit_changes_nothing)
{
    struct flashlog log = {0}, before;
    struct error e = {""};
    bool restart;
    flashlog_load(&log);
    struct flashlog_need a[] = {need(1, 8192)};
    ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, a, 1, &restart, NULL), 0);
    write_all(&log, a, 1);
    before = log;
    struct flashlog_need b[] = {need(2, 200 * BOARD_PAGE_BYTES), need(3, 41 * BOARD_PAGE_BYTES)};
    ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, b, 2, &restart, &e), -1);
    ck_assert_int_eq(memcmp(&log, &before, sizeof log), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "do not fit"));
}
END_TEST

START_TEST(worn_pages_are_passed_over)
{
    struct flashlog log = {0};
    struct error e;
    bool restart;
    flashlog_load(&log);
    log.erases[BOARD_LOG_PAGE] = FLASHLOG_WEAR_BUDGET;
    log.erases[BOARD_LOG_PAGE + 1] = 5;
    struct flashlog_need a[] = {need(1, 10)};
    ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, a, 1, &restart, NULL), 0);
    ck_assert_int_eq(a[0].page, BOARD_LOG_PAGE + 2);
    ck_assert_int_eq(flashlog_intend(&log, FLASHLOG_WEAR_BUDGET, BOARD_LOG_PAGE, 1, &e), -1);
    ck_assert_uint_eq(log.erases[BOARD_LOG_PAGE], FLASHLOG_WEAR_BUDGET);
}
END_TEST

START_TEST(a_lost_or_impossible_state_claims_nothing)
{
    struct flashlog log = {0};
    ck_assert_int_eq(flashlog_load(&log), 1);
    ck_assert_uint_eq(log.n_jobs, FLASHLOG_JOBS_MAX);
    log.n_items = 2;
    log.items[0] = (struct flashlog_item){.bytes = 20000, .page = 20};
    log.items[1] = (struct flashlog_item){.bytes = 20000, .page = 22}; // overlaps
    log.erases[20] = 7;
    log.runner_bytes = 5;
    ck_assert_int_eq(flashlog_load(&log), 1);
    ck_assert_uint_eq(log.n_items, 0);
    ck_assert_uint_eq(log.runner_bytes, 0);
    ck_assert_uint_eq(log.erases[20], 7);
    log.n_items = 1;
    log.items[0].checked = 1;
    ck_assert_int_eq(flashlog_load(&log), 0);
    ck_assert_uint_eq(log.items[0].checked, 0);
}
END_TEST

START_TEST(erasing_runner_or_job_pages_forgets_them)
{
    struct flashlog log = {0};
    flashlog_load(&log);
    log.runner_bytes = 9;
    log.n_jobs = 3;
    ck_assert_int_eq(flashlog_intend(&log, FLASHLOG_WEAR_BUDGET, BOARD_JOB_PAGE, BOARD_JOB_PAGES, NULL), 0);
    ck_assert_uint_eq(log.n_jobs, 0);
    ck_assert_uint_eq(log.runner_bytes, 9);
    ck_assert_int_eq(flashlog_intend(&log, FLASHLOG_WEAR_BUDGET, 0, 2, NULL), 0);
    ck_assert_uint_eq(log.runner_bytes, 0);
}
END_TEST

/* 2,000 trials of blobs from a small set and one fresh program each, against a model of what each page holds. */
START_TEST(random_trials_never_overlap_and_wear_evenly)
{
    struct flashlog log = {0};
    struct rng r;
    uint32_t content[FLASHLOG_PAGES] = {0};
    bool restart;
    rng_seed(&r, 11, 5);
    flashlog_load(&log);
    for (uint32_t trial = 0; trial < 2000; trial++) {
        struct flashlog_need needs[9];
        for (int i = 0; i < 8; i++) {
            uint32_t id = 1 + rng_below(&r, 60);
            needs[i] = need(id, 500 + id * 1009);
        }
        needs[8] = need(1000 + trial, 3000);
        ck_assert_int_eq(flashlog_plan(&log, FLASHLOG_WEAR_BUDGET, needs, 9, &restart, NULL), 0);
        for (int i = 0; i < 9; i++) {
            uint32_t id, n = flashlog_pages(needs[i].bytes);
            memcpy(&id, needs[i].sha256, sizeof id);
            for (uint32_t p = needs[i].page; p < needs[i].page + n; p++) {
                if (needs[i].write)
                    content[p] = id;
            }
        }
        write_all(&log, needs, 9);
        for (int i = 0; i < 9; i++) {
            uint32_t id;
            memcpy(&id, needs[i].sha256, sizeof id);
            for (uint32_t p = needs[i].page; p < needs[i].page + flashlog_pages(needs[i].bytes); p++)
                ck_assert_uint_eq(content[p], id);
        }
    }
    uint32_t most = 0, least = UINT32_MAX;
    for (uint32_t p = BOARD_LOG_PAGE; p < FLASHLOG_PAGES; p++) {
        most = log.erases[p] > most ? log.erases[p] : most;
        least = log.erases[p] < least ? log.erases[p] : least;
    }
    ck_assert_uint_gt(log.restarts, 3);
    ck_assert_uint_le(most - least, 8);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("flashlog");
    TCase *t = suite_case(s, "flashlog", NULL, NULL);
    tcase_add_test(t, known_content_is_never_written_again);
    tcase_add_test(t, a_full_log_is_started_anew_and_keeps_what_is_needed);
    tcase_add_test(t, what_cannot_fit_changes_nothing);
    tcase_add_test(t, worn_pages_are_passed_over);
    tcase_add_test(t, a_lost_or_impossible_state_claims_nothing);
    tcase_add_test(t, erasing_runner_or_job_pages_forgets_them);
    tcase_add_test(t, random_trials_never_overlap_and_wear_evenly);
    return suite_run(s);
}

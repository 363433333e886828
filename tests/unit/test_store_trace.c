// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the store knows of files with raw samples, and of canaries.
#include "schema/writer.h"
#include "tests/suite.h"
#include "tests/unit/store_case.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define RUNNER_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define RUNNER_B "00000000000000000000000000000000000000000000000000000000000000bb"
#define IMAGE_A "00000000000000000000000000000000000000000000000000000000000000ca"
#define IMAGE_B "00000000000000000000000000000000000000000000000000000000000000cb"

static struct store_case lab;
static struct error *const error = &store_case_error;
static struct buffer out;
static char gone[256];       // files that were told to be gone
static int written, refused; // calls of write_file; how many of the next ones fail
static int64_t seen_kept;

static void set_up(void)
{
    store_case_open(&lab);
    store_case_study(&lab);
    buffer_init(&out, 1 << 20);
    gone[0] = '\0';
    written = refused = 0;
}

static void tear_down(void)
{
    buffer_finish(&out);
    store_case_close(&lab);
}

static int64_t count(const char *sql)
{
    int64_t n;
    must(connection_pragma(&lab.s->c, sql, &n, error));
    return n;
}

static int write_file(void *user, struct store_trace *t, int64_t kept_bytes)
{
    (void)user;
    written++;
    seen_kept = kept_bytes;
    t->bytes = 500;
    snprintf(t->sha256, sizeof t->sha256, "%064d", written);
    return refused-- > 0 ? -1 : 0;
}

static void note_gone(void *user, const char *file)
{
    (void)user;
    strcat(strcat(gone, file), " ");
}

/* A trial with so many right answers, and with every cost `cost`; with a trace. */
static void measure(int trial, int64_t correct, int64_t cost)
{
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS], seq;
    char file[32];
    int attempt;
    must(store_attempt(lab.s, lab.study, trial, "vboard-1", &attempt, error));
    struct store_result r = store_case_result(trial, attempt, figures, cycles);
    snprintf(file, sizeof file, "%d-%d.trace", trial, attempt);
    struct store_trace trace = {.file = file, .windows = 3, .samples = 60000, .write = write_file};
    figures[0].figure.value = correct;
    for (int i = 1; i < r.n_figures; i++)
        figures[i].figure.value = cost;
    r.trace = &trace;
    must(store_measured(lab.s, lab.study, &r, NULL, &seq, error));
    must(store_drop_traces(lab.s, note_gone, NULL, error));
}

START_TEST(samples_are_kept_of_the_front_and_of_baselines)
{
    store_case_propose(&lab, 1, 1, 6);
    measure(1, 1000, 40000);
    measure(2, 900, 90000); // the float32 baseline: beaten, and kept all the same
    measure(3, 990, 30000); // on the front
    measure(4, 980, 35000); // beaten by 3: its file is never written
    ck_assert_int_eq(written, 3);
    ck_assert_int_eq(seen_kept, 1000);
    ck_assert_int_eq(count("SELECT count(*) FROM v_trace WHERE trial = 4"), 0);
    ck_assert_int_eq(count("SELECT count(*) FROM v_trace WHERE trial IN (1, 2, 3) AND origin = 'virtual' AND board = 'vboard-1'"), 3);
    ck_assert_str_eq(gone, "");
    measure(5, 995, 29000); // beats 3
    ck_assert_str_eq(gone, "3-1.trace ");
    ck_assert_int_eq(count("SELECT group_concat(trial, '') = '125' FROM (SELECT trial FROM v_trace ORDER BY trial)"), 1);
}
END_TEST

START_TEST(a_finalist_keeps_both_files)
{
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    int attempt;
    store_case_propose(&lab, 1, 1, 4);
    measure(1, 1000, 40000);
    measure(3, 990, 30000);
    must(store_attempt(lab.s, lab.study, 3, "vboard-1", &attempt, error));
    struct store_result r = store_case_result(3, attempt, figures, cycles);
    struct store_trace trace = {.file = "3-2.trace", .windows = 3, .samples = 60000, .write = write_file};
    r.trace = &trace;
    for (int i = 0; i < r.n_figures; i++)
        figures[i].figure.value = i == 0 ? 990 : 30000;
    must(store_final(lab.s, lab.study, &r, 1.0, NULL, error));
    measure(4, 1000, 20000); // beats it
    ck_assert_int_eq(count("SELECT front FROM trial WHERE trial = 3"), 0);
    ck_assert_str_eq(gone, "");
    ck_assert_int_eq(count("SELECT count(*) FROM v_trace WHERE trial = 3"), 2);
    must(store_read_trace(store_case_reader(&lab), lab.study, 3, &out, error));
    cJSON *o = store_case_json(&out);
    ck_assert_str_eq(store_case_text(o, "file"), "3-2.trace");
    ck_assert_double_eq(store_case_number(o, "samples"), 60000);
    cJSON_Delete(o);
}
END_TEST

START_TEST(a_trial_that_comes_back_to_the_front_has_no_file_any_more)
{
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    int attempt;
    store_case_propose(&lab, 1, 1, 4);
    measure(1, 1000, 40000);
    measure(3, 980, 30000);
    measure(4, 990, 29000); // beats 3
    ck_assert_str_eq(gone, "3-1.trace ");
    must(store_attempt(lab.s, lab.study, 4, "vboard-1", &attempt, error));
    struct store_result r = store_case_result(4, attempt, figures, cycles);
    for (int i = 0; i < r.n_figures; i++)
        figures[i].figure.value = i == 0 ? 990 : 31000; // it was not as good as that
    must(store_final(lab.s, lab.study, &r, 1.0, NULL, error));
    ck_assert_int_eq(count("SELECT front FROM trial WHERE trial = 3"), 1);
    ck_assert_int_eq(count("SELECT count(*) FROM v_trace WHERE trial = 3"), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_costs_the_file_and_not_the_result)
{
    store_case_propose(&lab, 1, 1, 2);
    refused = 1;
    measure(1, 1000, 40000);
    ck_assert_int_eq(count("SELECT count(*) FROM trial WHERE outcome = 'measured'"), 1);
    ck_assert_int_eq(count("SELECT count(*) FROM v_trace"), 0);
    ck_assert_int_eq(store_read_trace(store_case_reader(&lab), lab.study, 1, &out, error), STORE_NOT_FOUND);
    ck_assert_msg(strstr(error->text, "trial 1") != NULL, "%s", error->text);
}
END_TEST

static int add_name(void *user, const char *file)
{
    (void)user;
    strcat(strcat(gone, file), ",");
    return 0;
}

/* As if it had been killed between a result and the files that it makes superfluous. */
START_TEST(what_a_crash_kept_is_dropped_by_the_next_call)
{
    store_case_propose(&lab, 1, 1, 4);
    measure(1, 1000, 40000);
    measure(3, 990, 30000);
    must(connection_execute(&lab.s->c, "UPDATE trial SET front = 0 WHERE trial = 3", error));
    store_case_reopen(&lab);
    must(store_each_trace(lab.s, add_name, NULL, error));
    ck_assert_str_eq(gone, "1-1.trace,3-1.trace,");
    gone[0] = '\0';
    must(store_drop_traces(lab.s, note_gone, NULL, error));
    ck_assert_str_eq(gone, "3-1.trace ");
    gone[0] = '\0';
    must(store_drop_traces(lab.s, note_gone, NULL, error));
    ck_assert_str_eq(gone, "");
}
END_TEST

/* --- canaries --- */

static void canary(const char *runner, int64_t cycles, int64_t energy_nj, bool reference)
{
    struct store_canary c = {runner, IMAGE_A, cycles, energy_nj, reference, false};
    must(store_canary(lab.s, "vboard-1", &c, NULL, error));
}

START_TEST(a_boards_reference_outlives_the_service_but_not_its_runner_or_image)
{
    struct store_canary first, last;
    must(store_canary_load(lab.s, "vboard-1", RUNNER_A, IMAGE_A, &first, &last, error));
    ck_assert_int_eq(first.cycles, 0);
    canary(RUNNER_A, 1000, 5000, true);
    canary(RUNNER_A, 1003, 0, false);
    store_case_reopen(&lab);
    must(store_canary_load(lab.s, "vboard-1", RUNNER_A, IMAGE_A, &first, &last, error));
    ck_assert(first.cycles == 1000 && first.energy_nj == 5000 && first.reference);
    ck_assert(last.cycles == 1003 && last.energy_nj == 0);
    must(store_canary_load(lab.s, "vboard-1", RUNNER_B, IMAGE_A, &first, &last, error));
    ck_assert_int_eq(first.cycles, 0);
    must(store_canary_load(lab.s, "vboard-1", RUNNER_A, IMAGE_B, &first, &last, error));
    ck_assert(first.cycles == 0 && last.cycles == 0);
    struct store_canary c = {RUNNER_A, IMAGE_A, 1, 1, true, false};
    ck_assert_int_eq(store_canary(lab.s, "nobody", &c, NULL, error), STORE_NOT_FOUND);
}
END_TEST

START_TEST(a_forgotten_reference_stays_in_the_chart)
{
    struct store_canary first, last;
    canary(RUNNER_A, 1000, 5000, true);
    canary(RUNNER_A, 1010, 5100, false);
    must(store_canary_forget(lab.s, "vboard-1", NULL, error));
    must(store_canary_load(lab.s, "vboard-1", RUNNER_A, IMAGE_A, &first, &last, error));
    ck_assert_int_eq(first.cycles, 0);
    ck_assert_int_eq(last.cycles, 1010);
    canary(RUNNER_A, 2000, 8000, true);
    canary(RUNNER_A, 2002, 7992, false);
    must(store_read_canaries(store_case_reader(&lab), "vboard-1", 0, &out, error));
    cJSON *o = store_case_json(&out), *list = cJSON_GetObjectItem(o, "canaries");
    static const double cycles_off[] = {0, 10, 0, 1}, energy_off[] = {0, 20, 0, -1};
    ck_assert_int_eq(cJSON_GetArraySize(list), 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_double_eq(store_case_number(cJSON_GetArrayItem(list, i), "cycles_off_permille"), cycles_off[i]);
        ck_assert_double_eq(store_case_number(cJSON_GetArrayItem(list, i), "energy_off_permille"), energy_off[i]);
        ck_assert_str_eq(store_case_text(cJSON_GetArrayItem(list, i), "origin"), "virtual");
    }
    cJSON_Delete(o);
    buffer_consume(&out, out.size);
    must(store_read_canaries(lab.r, "vboard-1", 2, &out, error));
    o = store_case_json(&out);
    ck_assert_double_eq(store_case_number(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "canaries"), 0), "cycles"), 2000); // the newest two
    cJSON_Delete(o);
    ck_assert_int_eq(store_read_canaries(lab.r, "nobody", 0, &out, error), STORE_NOT_FOUND);
}
END_TEST

START_TEST(another_image_is_not_compared_with_the_first_ones_reference)
{
    struct store_canary other = {RUNNER_A, IMAGE_B, 9000, 7000, true, false};
    canary(RUNNER_A, 1000, 5000, true);
    must(store_canary(lab.s, "vboard-1", &other, NULL, error));
    canary(RUNNER_A, 1001, 5000, false);
    ck_assert_int_eq(count("SELECT cycles_off_permille = 0 FROM v_canary WHERE cycles = 9000"), 1);
    ck_assert_int_eq(count("SELECT cycles_off_permille = 1 FROM v_canary WHERE cycles = 1001"), 1);
}
END_TEST

/* Steps of SQLite's machine that all of v_canary takes, with `n` rows behind one reference. */
static int steps_with(int n)
{
    char sql[400];
    sqlite3_stmt *all;
    must(connection_execute(&lab.s->c, "DELETE FROM canary", error));
    canary(RUNNER_A, 1000, 5000, true);
    snprintf(sql, sizeof sql,
             "INSERT INTO canary SELECT board, 1 + value, time_ms, runner_sha256, image_sha256, cycles + value %% 3, energy_nj, 0, 0 "
             "FROM canary, (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < %d) SELECT value FROM n)", n);
    must(connection_execute(&lab.s->c, sql, error));
    ck_assert_int_eq(sqlite3_prepare_v2(lab.s->c.db, "SELECT sum(cycles_off_permille) FROM v_canary WHERE board = 'vboard-1'", -1, &all, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(all), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int64(all, 0), n); // 0, 1 and 2 of a thousand in turn
    int steps = sqlite3_stmt_status(all, SQLITE_STMTSTATUS_VM_STEP, 0);
    sqlite3_finalize(all);
    return steps;
}

START_TEST(a_long_life_of_canaries_is_read_in_as_many_steps_as_it_has_rows)
{
    int few = steps_with(300), many = steps_with(3000);
    printf("%d steps with 300 rows, %d with 3000\n", few, many);
    ck_assert_int_lt(many, 11 * few);
}
END_TEST

START_TEST(old_canaries_go_and_references_stay)
{
    canary(RUNNER_A, 1000, 5000, true);
    canary(RUNNER_A, 1001, 5000, false);
    char text[80];
    snprintf(text, sizeof text, "UPDATE canary SET canary = canary + %d WHERE canary > 2", STORE_CANARIES_MAX);
    canary(RUNNER_A, 1002, 5000, false);
    must(connection_execute(&lab.s->c, text, error));
    canary(RUNNER_A, 1003, 5000, false);
    ck_assert_int_eq(count("SELECT count(*) FROM canary"), 3);
    ck_assert_int_eq(count("SELECT count(*) FROM canary WHERE cycles = 1001"), 0);
    ck_assert_int_eq(count("SELECT reference FROM canary WHERE cycles = 1000"), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("store_trace");
    TCase *t = suite_case(s, "traces", set_up, tear_down);
    tcase_add_test(t, samples_are_kept_of_the_front_and_of_baselines);
    tcase_add_test(t, a_finalist_keeps_both_files);
    tcase_add_test(t, a_trial_that_comes_back_to_the_front_has_no_file_any_more);
    tcase_add_test(t, a_file_that_cannot_be_written_costs_the_file_and_not_the_result);
    tcase_add_test(t, what_a_crash_kept_is_dropped_by_the_next_call);
    t = suite_case(s, "canaries", set_up, tear_down);
    tcase_add_test(t, a_boards_reference_outlives_the_service_but_not_its_runner_or_image);
    tcase_add_test(t, a_forgotten_reference_stays_in_the_chart);
    tcase_add_test(t, another_image_is_not_compared_with_the_first_ones_reference);
    tcase_add_test(t, a_long_life_of_canaries_is_read_in_as_many_steps_as_it_has_rows);
    tcase_add_test(t, old_canaries_go_and_references_stay);
    return suite_run(s);
}

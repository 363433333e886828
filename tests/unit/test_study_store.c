// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A result and the file with its raw samples: when the disk takes the one and not the other, and when the file is another one later.
#include "daemon/study_store.h"
#include "tests/unit/store_case.h"

#include "schema/reader.h"
#include "schema/writer.h"
#include "tests/suite.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct store_case lab;
static struct error *const error = &store_case_error;
static uv_loop_t loop;
static struct writer *writer;
static struct study_store store;
static struct trial_record record;
static struct rlimit old;
static char file[TRACES_PATH_MAX + 256];
static int stuck;             // how often nothing could be stored
static bool file_while_stuck;
static int stored;

static bool is_there(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static void on_stuck(void *user, const char *text)
{
    (void)user;
    if (!text)
        return;
    stuck++;
    file_while_stuck = is_there(file);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
}

static void set_up(void)
{
    struct writer_actions actions = {.stuck = on_stuck};
    stuck = 0;
    stored = -2;
    store_case_open(&lab);
    store_case_study(&lab);
    store_case_propose(&lab, 1, 1, 2);
    store_close(lab.s);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    writer = writer_open(&loop, lab.path, &actions, error);
    ck_assert_msg(writer != NULL, "%s", error->text);
    must(store_attempt(writer_store(writer), lab.study, 1, "vboard-1", &record.attempt, error));
    store = (struct study_store){.writer = writer, .study = lab.study};
    traces_folder(lab.folder, store.traces);
    must(traces_sweep(lab.folder, writer_store(writer), error));
    snprintf(file, sizeof file, "%s/%lld-1-1.trace", store.traces, (long long)lab.study);
}

static void tear_down(void)
{
    power_trace_finish(&record.trace);
    lab.s = NULL; // the writer has closed it
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    store_case_close(&lab);
}

static void fill_record(void)
{
    int64_t cycles[STORE_CASE_LAYERS];
    struct store_result r = store_case_result(1, record.attempt, record.figures, cycles);
    record.trial = 1;
    record.measured = true;
    record.n_figures = r.n_figures;
    record.clock_hz = r.clock_hz;
    snprintf(record.provenance, sizeof record.provenance, "%s", r.provenance);
    power_trace_begin(&record.trace, 10000, 3300, 0);
    power_trace_add(&record.trace, 1000);
}

static void on_stored(void *user, int rc, const char *text)
{
    (void)user;
    ck_assert_msg(rc == 0, "%s", text);
    stored = rc;
    writer_close(writer, NULL, NULL);
}

static void run(void)
{
    fill_record();
    study_store_result(&store, &record, STORE_MEASURED, on_stored, NULL);
    must(writer_start(writer, error));
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(stored, 0);
}

static int64_t count(const char *sql)
{
    int64_t n;
    struct store *s = store_open(lab.path, NULL, error);
    ck_assert_msg(s != NULL, "%s", error->text);
    must(connection_pragma(&s->c, sql, &n, error));
    store_close(s);
    return n;
}

START_TEST(a_result_has_its_file_beside_it)
{
    run();
    ck_assert_int_eq(stuck, 0);
    ck_assert(is_there(file));
    ck_assert_int_eq(count("SELECT count(*) FROM trace"), 1);
}
END_TEST

/* The SHA-256 in the row of the trial's file. */
static void read_row(char sha256[SHA256_HEX])
{
    struct buffer row;
    buffer_init(&row, 4096);
    must(store_read_trace(store_case_reader(&lab), lab.study, 1, &row, error));
    cJSON *o = store_case_json(&row);
    snprintf(sha256, SHA256_HEX, "%s", store_case_text(o, "sha256"));
    cJSON_Delete(o);
}

/* A whole one, whose own first line is right. */
static void put_other_file(char sha256[SHA256_HEX])
{
    struct power_trace t;
    int64_t bytes;
    power_trace_init(&t);
    power_trace_begin(&t, 10000, 3300, 0);
    power_trace_add(&t, 1001);
    must(power_trace_write(&t, file, &bytes, sha256, error));
    power_trace_finish(&t);
}

START_TEST(a_file_that_is_not_the_one_that_was_kept_is_refused)
{
    char kept[SHA256_HEX], other[SHA256_HEX];
    struct power_trace t;
    const char *name = strrchr(file, '/') + 1;
    run();
    read_row(kept);
    must(traces_read(store.traces, name, kept, &t, error));
    ck_assert_int_eq(t.windows[0].samples, 1);
    power_trace_finish(&t);
    put_other_file(other);
    ck_assert_int_eq(traces_read(store.traces, name, kept, &t, error), -1);
    ck_assert_msg(strstr(error->text, name) && strstr(error->text, "not the file that was kept") && strstr(error->text, other), "%s",
                  error->text);
    power_trace_finish(&t);
    must(traces_read(store.traces, name, other, &t, error)); // nothing else is wrong with it
    power_trace_finish(&t);
}
END_TEST

/* The file is small, and the database may not grow any more. */
START_TEST(a_file_does_not_take_the_room_of_its_own_result)
{
    char log[128];
    struct stat st;
    snprintf(log, sizeof log, "%s-wal", lab.path);
    must(store_board_state(writer_store(writer), "vboard-1", "idle", NULL, NULL, error)); // so that there is a log
    ck_assert_int_eq(stat(log, &st), 0);
    ck_assert_int_gt(st.st_size, POWER_TRACE_HEADER_MAX / 8);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit now = {(rlim_t)st.st_size, old.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &now), 0);
    run();
    ck_assert_int_eq(stuck, 1);
    ck_assert(!file_while_stuck);
    ck_assert(!is_there(file)); // nor is it written again: it is the result that counts
    ck_assert_int_eq(count("SELECT count(*) FROM trace"), 0);
    ck_assert_int_eq(count("SELECT count(*) FROM trial WHERE outcome = 'measured'"), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("study_store");
    TCase *t = suite_case(s, "traces", set_up, tear_down);
    tcase_add_test(t, a_result_has_its_file_beside_it);
    tcase_add_test(t, a_file_that_is_not_the_one_that_was_kept_is_refused);
    tcase_add_test(t, a_file_does_not_take_the_room_of_its_own_result);
    return suite_run(s);
}

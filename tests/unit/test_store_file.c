// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The database as a file: who may open it, versions, full disks, and crashes at every statement.
// usage: test_store_file [--all | --make] GOLDEN (a database of version 1); --all crashes before every statement, --make writes GOLDEN
#include "base/file.h"
#include "schema/migrations.h"
#include "schema/writer.h"
#include "tests/suite.h"
#include "tests/unit/store_case.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store_case lab;
static struct error *const error = &store_case_error;
static const char *golden;
static bool every_statement;

static void set_up(void)
{
    store_case_open(&lab);
}

static void tear_down(void)
{
    store_case_close(&lab);
}

static void sql(const char *path, const char *text)
{
    struct connection c = {0};
    ck_assert_int_eq(sqlite3_open(path, &c.db), SQLITE_OK);
    ck_assert_msg(connection_execute(&c, text, error) == 0, "%s: %s", text, error->text);
    connection_close(&c);
}

static int64_t number(const char *path, const char *text)
{
    int64_t n;
    struct connection c = {0};
    ck_assert_int_eq(sqlite3_open(path, &c.db), SQLITE_OK);
    ck_assert_msg(connection_pragma(&c, text, &n, error) == 0, "%s: %s", text, error->text);
    connection_close(&c);
    return n;
}

/* Opening is refused with a text that has `word` in it, and the file is left as it was. */
static void refused(const char *path, const char *word)
{
    uint8_t before[SHA256_BYTES], after[SHA256_BYTES];
    ck_assert_int_eq(sha256_file(path, before, error), 0);
    ck_assert_ptr_null(store_open(path, NULL, error));
    ck_assert_msg(strstr(error->text, word) != NULL, "%s", error->text);
    ck_assert_int_eq(sha256_file(path, after, error), 0);
    ck_assert_mem_eq(before, after, SHA256_BYTES);
}

static const char *neighbour(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", lab.folder, name);
    return path;
}

/* Does another process get in? Its error is looked for the pid of this one. */
static bool lets_another_in(void)
{
    int status;
    char pid[32];
    snprintf(pid, sizeof pid, "pid %d)", (int)getpid());
    pid_t other = fork();
    ck_assert_int_ge(other, 0);
    if (other == 0) {
        struct store *s = store_open(lab.path, NULL, error);
        _exit(s ? 0 : strstr(error->text, pid) ? 1 : 2);
    }
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 2, "the error does not name who has the file");
    return WEXITSTATUS(status) == 0;
}

START_TEST(a_second_opener_is_refused_and_told_the_first_ones_pid)
{
    ck_assert(!lets_another_in());
    store_case_reopen(&lab);
    ck_assert(!lets_another_in());
    store_close(lab.s);
    lab.s = NULL;
    ck_assert(lets_another_in());
}
END_TEST

/* A child that was forked, but has not run its program yet, when its parent was killed, has all of its descriptors. */
START_TEST(a_dead_ones_child_does_not_keep_the_lock)
{
    int ready[2], go[2];
    char byte;
    store_close(lab.s);
    lab.s = NULL;
    ck_assert(pipe(ready) == 0 && pipe(go) == 0);
    pid_t parent = fork();
    ck_assert_int_ge(parent, 0);
    if (parent == 0) {
        struct store *s = store_open(lab.path, NULL, error);
        if (s && fork() == 0) { // the child: ends when it is told to
            close(go[1]);
            if (write(ready[1], "r", 1) == 1 && read(go[0], &byte, 1) < 0)
                _exit(1);
        }
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(waitpid(parent, NULL, 0), parent);
    lab.s = store_open(lab.path, NULL, error);
    ck_assert_msg(lab.s != NULL, "%s", error->text);
    close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
}
END_TEST

START_TEST(a_newer_file_is_refused_untouched)
{
    store_close(lab.s);
    lab.s = NULL;
    char text[64];
    snprintf(text, sizeof text, "PRAGMA user_version = %d", STORE_VERSION + 1);
    sql(lab.path, text);
    refused(lab.path, "newer");
    ck_assert_ptr_null(store_reader_open(lab.path, error));
    ck_assert_ptr_nonnull(strstr(error->text, "newer"));
}
END_TEST

START_TEST(files_of_others_are_refused_untouched)
{
    const char *foreign = neighbour("foreign.db");
    sql(foreign, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    refused(foreign, "another program");
    const char *text = neighbour("text.db");
    static const char lines[] = "This is no database, but it is long enough to have a header of a hundred bytes, which SQLite looks at.";
    must(file_write(text, lines, sizeof lines, error));
    refused(text, "damaged");
    ck_assert_ptr_null(store_open("/nonexistent/pare.db", NULL, error));
    ck_assert_ptr_nonnull(strstr(error->text, "/nonexistent/pare.db"));
}
END_TEST

START_TEST(a_damaged_file_is_refused_with_advice)
{
    store_close(lab.s);
    lab.s = NULL;
    store_case_play(lab.path, 0);
    int64_t page = number(lab.path, "SELECT rootpage FROM sqlite_schema WHERE name = 'measurement'");
    FILE *f = fopen(lab.path, "r+b");
    ck_assert_ptr_nonnull(f);
    char junk[512];
    memset(junk, 0x5a, sizeof junk);
    ck_assert_int_eq(fseek(f, (long)(page - 1) * 4096, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(junk, sizeof junk, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ptr_null(store_open(lab.path, NULL, error));
    ck_assert_msg(strstr(error->text, "damaged") && strstr(error->text, ".recover"), "%s", error->text);
}
END_TEST

static cJSON *problems(const char *path, bool full)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    struct store_reader *r = store_reader_open(path, error);
    ck_assert_msg(r != NULL, "%s", error->text);
    must(store_check(r, full, &out, error));
    store_reader_close(r);
    cJSON *list = cJSON_ParseWithLength(out.data, out.size);
    ck_assert(cJSON_IsArray(list));
    buffer_finish(&out);
    return list;
}

/* The first problem has `word` in it; "": there is none. */
static void complains(const char *path, bool full, const char *word)
{
    cJSON *list = problems(path, full);
    if (!word[0])
        ck_assert_int_eq(cJSON_GetArraySize(list), 0);
    else
        ck_assert_msg(cJSON_GetArraySize(list) > 0 && strstr(cJSON_GetArrayItem(list, 0)->valuestring, word), "%s: %s", word,
                      cJSON_GetArraySize(list) > 0 ? cJSON_GetArrayItem(list, 0)->valuestring : "no problem");
    cJSON_Delete(list);
}

START_TEST(a_check_finds_what_is_wrong)
{
    store_close(lab.s);
    lab.s = NULL;
    store_case_play(lab.path, 0);
    complains(lab.path, false, "");
    complains(lab.path, true, "");
    sql(lab.path, "PRAGMA foreign_keys = OFF; DELETE FROM board");
    complains(lab.path, false, "names a row of board that is not there");
    sql(lab.path, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '(study, outcome)', '(study, kind)') "
                  "WHERE name = 'trial_outcome'");
    complains(lab.path, true, "trial_outcome");
}
END_TEST

START_TEST(a_backup_is_of_one_moment_and_opens_as_a_database)
{
    char to[128], before[SHA256_HEX], after[SHA256_HEX];
    snprintf(to, sizeof to, "%s/copy.db", lab.folder);
    store_close(lab.s);
    lab.s = NULL;
    store_case_play(lab.path, 0);
    store_case_digest(lab.path, before);
    must(store_backup(lab.path, to, error));
    store_case_digest(to, after);
    ck_assert_str_eq(before, after);
    ck_assert_int_eq(number(to, "PRAGMA user_version"), STORE_VERSION);
    ck_assert_int_eq(number(to, "PRAGMA application_id"), STORE_APPLICATION);
    complains(to, true, "");
    ck_assert_int_ne(store_backup(lab.path, to, error), 0);
    ck_assert_msg(strstr(error->text, "exist"), "%s", error->text);
    struct store *s = store_open(to, NULL, error);
    ck_assert_msg(s != NULL, "%s", error->text);
    store_close(s);
}
END_TEST

START_TEST(the_file_is_durable_and_says_what_it_is)
{
    int64_t value;
    must(connection_pragma(&lab.s->c, "PRAGMA synchronous", &value, error));
    ck_assert_int_eq(value, 2); // FULL
    must(connection_pragma(&lab.s->c, "PRAGMA foreign_keys", &value, error));
    ck_assert_int_eq(value, 1);
    must(connection_pragma(&lab.s->c, "PRAGMA trusted_schema", &value, error));
    ck_assert_int_eq(value, 0);
    must(connection_pragma(&lab.s->c, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &value, error));
    ck_assert_int_eq(value, 1);
    ck_assert_int_eq(number(lab.path, "PRAGMA application_id"), STORE_APPLICATION);
    ck_assert_int_eq(number(lab.path, "PRAGMA user_version"), STORE_VERSION);
}
END_TEST

/* Every table, view and column can be read by one who distrusts schemas. */
START_TEST(views_need_no_trust)
{
    store_close(lab.s);
    lab.s = NULL;
    store_case_play(lab.path, 0);
    static const char *const views[] = {"v_study", "v_trial", "v_measurement", "v_slot_bits", "v_layer", "v_layer_bits",
                                        "v_layer_cycles", "v_attempt", "v_board", "v_board_page", "v_trace", "v_canary", "v_event"};
    struct connection c = {0};
    ck_assert_int_eq(sqlite3_open_v2(lab.path, &c.db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    must(connection_execute(&c, "PRAGMA trusted_schema = OFF", error));
    int64_t n;
    must(connection_pragma(&c, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'", &n, error));
    ck_assert_int_eq(n, sizeof views / sizeof *views);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char text[128];
        snprintf(text, sizeof text, "SELECT count(*) FROM (SELECT * FROM %s)", views[i]);
        must(connection_pragma(&c, text, &n, error));
        ck_assert_msg(n > 0, "%s is empty", views[i]);
        snprintf(text, sizeof text, "SELECT * FROM %s", views[i]);
        must(connection_execute(&c, text, error));
    }
    connection_close(&c);
}
END_TEST

START_TEST(old_views_are_replaced_and_a_users_own_stay)
{
    store_close(lab.s);
    lab.s = NULL;
    sql(lab.path, "DROP VIEW v_trial; CREATE VIEW v_trial AS SELECT 1 AS old; CREATE VIEW mine AS SELECT 2 AS own;"
                  "UPDATE meta SET value = 'older' WHERE key = 'views'");
    lab.s = store_open(lab.path, NULL, error);
    ck_assert_msg(lab.s != NULL, "%s", error->text);
    sql(lab.path, "SELECT latency_cycles FROM v_trial");
    ck_assert_int_eq(number(lab.path, "SELECT own FROM mine"), 2);
}
END_TEST

static const struct migration steps[] = {
    {1, "CREATE TABLE meta (key TEXT, value TEXT); CREATE TABLE a (x INTEGER PRIMARY KEY); CREATE TABLE b (x REFERENCES a);"
        "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); CREATE VIEW v_a AS SELECT x FROM a"},
    {2, "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = 2"},
    {3, "UPDATE a SET y = 3; DELETE FROM a"}, // b points nowhere
};

START_TEST(migrations_back_up_go_step_by_step_and_take_back_what_fails)
{
    const char *path = neighbour("old.db");
    struct connection c = {0};
    int version;
    ck_assert_int_eq(sqlite3_open(path, &c.db), SQLITE_OK);
    must(migrations_identify(&c, path, 3, &version, error));
    ck_assert_int_eq(version, 0);
    must(migrations_run(&c, path, 0, steps, 1, error));
    ck_assert_int_eq(number(path, "PRAGMA user_version"), 1);
    ck_assert_int_ne(access(neighbour("old.db.v1.backup"), F_OK), 0);
    must(migrations_identify(&c, neighbour("old.db"), 3, &version, error));
    ck_assert_int_eq(version, 1);
    ck_assert_int_eq(migrations_run(&c, path, 1, steps, 3, error), -1);
    ck_assert_msg(strstr(error->text, "version 3") && strstr(error->text, "nowhere"), "%s", error->text);
    ck_assert_int_eq(number(path, "PRAGMA user_version"), 2);
    ck_assert_int_eq(number(path, "SELECT y FROM a"), 2);
    ck_assert_int_eq(number(neighbour("old.db.v1.backup"), "PRAGMA user_version"), 1);
    ck_assert_int_eq(number(neighbour("old.db.v1.backup"), "SELECT count(*) FROM a"), 1);
    connection_close(&c);
}
END_TEST

START_TEST(a_full_database_stores_nothing_and_the_same_call_succeeds_later)
{
    store_case_study(&lab);
    store_case_propose(&lab, 1, 1, 200);
    int64_t pages, seq;
    char limit[64], before[SHA256_HEX], after[SHA256_HEX];
    must(connection_pragma(&lab.s->c, "PRAGMA page_count", &pages, error));
    snprintf(limit, sizeof limit, "PRAGMA max_page_count = %d", (int)pages);
    must(connection_execute(&lab.s->c, limit, error));
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    int trial = 0, attempt, result = 0;
    while (result == 0) {
        must(++trial <= 200 ? 0 : -1); // it must become full
        int began = store_attempt(lab.s, lab.study, trial, "vboard-1", &attempt, error);
        if (began != 0) { // the attempt was already too much: make room for it alone
            ck_assert_int_eq(began, STORE_FULL);
            snprintf(limit, sizeof limit, "PRAGMA max_page_count = %d", (int)++pages);
            must(connection_execute(&lab.s->c, limit, error));
            must(store_attempt(lab.s, lab.study, trial, "vboard-1", &attempt, error));
        }
        store_case_digest(lab.path, before);
        struct store_result r = store_case_result(trial, attempt, figures, cycles);
        result = store_measured(lab.s, lab.study, &r, NULL, &seq, error);
    }
    ck_assert_int_eq(result, STORE_FULL);
    ck_assert_ptr_nonnull(strstr(error->text, "full"));
    store_case_digest(lab.path, after);
    ck_assert_str_eq(before, after);
    must(connection_execute(&lab.s->c, "PRAGMA max_page_count = 1000000", error));
    struct store_result r = store_case_result(trial, attempt, figures, cycles);
    must(store_measured(lab.s, lab.study, &r, NULL, &seq, error));
    ck_assert_int_eq(seq, trial);
}
END_TEST

START_TEST(an_io_error_stores_nothing_and_the_same_call_succeeds_later)
{
    store_case_study(&lab);
    store_case_propose(&lab, 1, 1, 2);
    char before[SHA256_HEX], after[SHA256_HEX];
    store_case_digest(lab.path, before);
    char *state = calloc(1, STORE_AGENT_MAX);
    ck_assert_ptr_nonnull(state);
    struct store_step s = {.step = 2, .state = state, .state_size = STORE_AGENT_MAX};
    struct rlimit old, small = {100000, RLIM_INFINITY}; // bytes of any file: writing beyond fails
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), STORE_FULL);
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), STORE_FULL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    store_case_digest(lab.path, after);
    ck_assert_str_eq(before, after);
    must(store_stepped(lab.s, lab.study, &s, NULL, error));
    s.state_size = STORE_AGENT_MAX + 1;
    s.step = 3;
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    free(state);
}
END_TEST

START_TEST(another_programs_lock_is_waited_for_and_reported)
{
    store_case_study(&lab);
    sqlite3_busy_timeout(lab.s->c.db, 0); // the test does not wait
    struct connection other = {0};
    ck_assert_int_eq(sqlite3_open(lab.path, &other.db), SQLITE_OK);
    must(connection_execute(&other, "BEGIN IMMEDIATE", error));
    ck_assert_int_eq(store_tell(lab.s, NULL, error), STORE_FULL);
    ck_assert_ptr_nonnull(strstr(error->text, "another program"));
    must(connection_execute(&other, "ROLLBACK", error));
    must(store_tell(lab.s, NULL, error));
    connection_close(&other);
}
END_TEST

/* Ends hard before statement `at`; returns whether the play was over before. */
static bool play_until(const char *path, int at)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        store_case_play(path, at);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
    return WEXITSTATUS(status) == 0;
}

START_TEST(a_crash_before_any_statement_leads_to_the_same_study)
{
    char whole[SHA256_HEX], resumed[SHA256_HEX], path[128];
    store_close(lab.s);
    lab.s = NULL;
    int n = store_case_play(lab.path, 0);
    store_case_digest(lab.path, whole);
    ck_assert_int_gt(n, 100);
    int crashes = 0;
    for (int at = 1; at <= n; at++) {
        if (!every_statement && at % 5 != 0 && (at < 200 || at >= 300)) // 200 to 300: a trial from its lease to the next proposal
            continue;
        crashes++;
        snprintf(path, sizeof path, "%s/crash-%d.db", lab.folder, at);
        ck_assert(!play_until(path, at));
        ck_assert(play_until(path, 0));
        store_case_digest(path, resumed);
        ck_assert_msg(strcmp(whole, resumed) == 0, "a crash before statement %d leads elsewhere", at);
        ck_assert_int_eq(number(path, "SELECT count(*) = max(result_seq) AND count(*) = count(DISTINCT result_seq) FROM trial"), 1);
        ck_assert_int_eq(number(path, "SELECT count(*) FROM v_trial t WHERE outcome = 'measured' AND (front OR finalist OR kind = 'baseline') "
                                      "IS NOT EXISTS (SELECT 1 FROM v_trace r WHERE r.study = t.study AND r.trial = t.trial)"), 0);
        unlink(path);
    }
    printf("crashed before %d of %d statements\n", crashes, n);
}
END_TEST

START_TEST(the_digest_sees_what_must_be_equal_and_nothing_else)
{
    char whole[SHA256_HEX], changed[SHA256_HEX];
    store_close(lab.s);
    lab.s = NULL;
    store_case_play(lab.path, 0);
    store_case_digest(lab.path, whole);
    static const char *const nothing[] = {"UPDATE trial SET created_ms = 5, updated_ms = 6", "UPDATE board SET reason = 'x'",
                                          "UPDATE study SET state = 'stopped', progress = 'x'", "DELETE FROM event",
                                          "UPDATE attempt SET provenance = NULL, begun_ms = 1",
                                          "UPDATE trial SET reason = 'x' WHERE outcome = 'given_up'"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        sql(lab.path, nothing[i]);
        store_case_digest(lab.path, changed);
        ck_assert_msg(strcmp(whole, changed) == 0, "%s", nothing[i]);
    }
    static const char *const something[] = {"UPDATE trial SET reward = reward + 1e-12 WHERE trial = 1",
                                            "UPDATE trial SET reason = 'x' WHERE outcome = 'infeasible'",
                                            "UPDATE trial SET kind = 'uniform' WHERE trial = 3",
                                            "UPDATE measurement SET value = value + 1 WHERE trial = 1 AND name = 'energy_nj'",
                                            "UPDATE layer_measurement SET cycles = cycles + 1 WHERE trial = 1 AND layer = 2",
                                            "UPDATE agent_state SET state = x'00'"};
    for (size_t i = 0; i < sizeof something / sizeof *something; i++) {
        sql(lab.path, something[i]);
        store_case_digest(lab.path, changed);
        ck_assert_msg(strcmp(whole, changed) != 0, "%s", something[i]);
        strcpy(whole, changed);
    }
}
END_TEST

/* A database that version 1 wrote, committed as it is: what stands in it must be found by every later version. */
START_TEST(a_database_of_version_1_opens_with_all_that_stands_in_it)
{
    char *data;
    size_t size;
    const char *path = neighbour("golden.db");
    must(file_read(golden, 1 << 20, &data, &size, error));
    must(file_write(path, data, size, error));
    free(data);
    ck_assert_int_eq(number(path, "PRAGMA user_version"), 1);
    struct store *s = store_open(path, NULL, error);
    ck_assert_msg(s != NULL, "%s", error->text);
    store_close(s);
    ck_assert_int_eq(number(path, "PRAGMA user_version"), STORE_VERSION);
    ck_assert_int_eq(number(path, "SELECT count(*) FROM v_trial"), STORE_CASE_TRIALS);
    ck_assert_int_eq(number(path, "SELECT count(*) FROM v_trial WHERE state = 'infeasible' AND trial = 4"), 1);
    ck_assert_int_eq(number(path, "SELECT count(*) FROM v_trial WHERE state = 'given_up' AND trial = 5"), 1);
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    store_case_result(7, 1, figures, cycles);
    ck_assert_int_eq(number(path, "SELECT correct FROM v_trial WHERE trial = 7"), figures[0].figure.value);
    ck_assert_int_eq(number(path, "SELECT latency_cycles FROM v_trial WHERE trial = 7"), figures[4].figure.value);
    ck_assert_int_eq(number(path, "SELECT cycles FROM v_layer_cycles WHERE trial = 7 AND name = 'dw_1'"), cycles[1]);
    ck_assert_int_eq(number(path, "SELECT finalist AND reward = 2.5 FROM v_trial WHERE trial = 3"), 1);
    ck_assert_int_eq(number(path, "SELECT most_worn_page_erases FROM v_board"), STORE_CASE_TRIALS);
    ck_assert_int_eq(number(path, "SELECT length(state) FROM agent_state"), SHA256_BYTES);
    ck_assert_int_eq(number(path, "SELECT count(*) FROM v_trace"), 0); // it could not have any
    ck_assert_int_eq(number(path, "SELECT count(*) FROM v_canary"), 0);
    complains(path, true, "");
}
END_TEST

/* Writes the committed file, with small pages. */
START_TEST(make_golden)
{
    char lock[256];
    store_case_play(golden, 0);
    sql(golden, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM");
    snprintf(lock, sizeof lock, "%s.lock", golden);
    must(unlink(lock));
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_second_opener_is_refused_and_told_the_first_ones_pid);
    tcase_add_test(t, a_dead_ones_child_does_not_keep_the_lock);
    tcase_add_test(t, a_newer_file_is_refused_untouched);
    tcase_add_test(t, files_of_others_are_refused_untouched);
    tcase_add_test(t, a_damaged_file_is_refused_with_advice);
    tcase_add_test(t, a_check_finds_what_is_wrong);
    tcase_add_test(t, a_backup_is_of_one_moment_and_opens_as_a_database);
    tcase_add_test(t, the_file_is_durable_and_says_what_it_is);
    tcase_add_test(t, views_need_no_trust);
    tcase_add_test(t, old_views_are_replaced_and_a_users_own_stay);
    tcase_add_test(t, migrations_back_up_go_step_by_step_and_take_back_what_fails);
    tcase_add_test(t, a_full_database_stores_nothing_and_the_same_call_succeeds_later);
    tcase_add_test(t, an_io_error_stores_nothing_and_the_same_call_succeeds_later);
    tcase_add_test(t, another_programs_lock_is_waited_for_and_reported);
    tcase_add_test(t, a_crash_before_any_statement_leads_to_the_same_study);
    tcase_add_test(t, the_digest_sees_what_must_be_equal_and_nothing_else);
    tcase_add_test(t, a_database_of_version_1_opens_with_all_that_stands_in_it);
}

int main(int argc, char **argv)
{
    every_statement = argc == 3 && strcmp(argv[1], "--all") == 0;
    bool make = argc == 3 && strcmp(argv[1], "--make") == 0;
    golden = argc > 1 ? argv[argc - 1] : "tests/unit/store_v1.db";
    Suite *suite = suite_create("store_file");
    TCase *t = suite_case(suite, "file", NULL, NULL);
    if (make)
        tcase_add_test(t, make_golden);
    else
        add_tests(t);
    return suite_run(suite);
}

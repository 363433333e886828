// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Reading: the JSON of docs/protocol.md, filters, orders, the front, events, and the cost of long lists.
#include "base/rng.h"
#include "schema/front_points.h"
#include "schema/reader.h"
#include "schema/writer.h"
#include "tests/suite.h"
#include "tests/unit/store_case.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUT_MAX (64 << 20)

static struct store_case lab;
static struct error *const error = &store_case_error;
static struct buffer out;

static void set_up(void)
{
    buffer_init(&out, OUT_MAX);
    store_case_open(&lab);
}

/* A study that was played to its end. */
static void set_up_played(void)
{
    set_up();
    store_close(lab.s);
    lab.s = NULL;
    store_case_play(lab.path, 0);
    store_case_reopen(&lab);
    lab.study = 1;
    store_case_reader(&lab);
}

static void tear_down(void)
{
    buffer_finish(&out);
    store_case_close(&lab);
}

static void has_keys(const cJSON *object, const char *keys)
{
    char list[1024];
    int n = 0;
    snprintf(list, sizeof list, "%s", keys);
    for (char *key = strtok(list, " "); key; key = strtok(NULL, " "), n++)
        ck_assert_msg(cJSON_HasObjectItem(object, key), "no %s", key);
    ck_assert_int_eq(cJSON_GetArraySize(object), n);
}

static cJSON *trials(struct store_list list)
{
    must(store_read_trials(lab.r, lab.study, &list, &out, error));
    return store_case_json(&out);
}

#define TRIAL_KEYS \
    "study trial kind why state candidate hash reason metric correct samples accuracy loss_points test_correct test_samples flash_bytes " \
    "weights_bytes flash_of_int8 ram_bytes latency_cycles latency_us latency_spread_cycles energy_nj energy_uj energy_spread_nj " \
    "power_mw origin reward front finalist board attempts seconds"

START_TEST(a_trial_has_the_protocols_shape)
{
    cJSON *list = trials((struct store_list){0});
    ck_assert_int_eq(cJSON_GetArraySize(list), STORE_CASE_TRIALS);
    cJSON *t = cJSON_GetArrayItem(list, 6);
    has_keys(t, TRIAL_KEYS);
    struct store_figure f[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    store_case_result(7, 1, f, cycles);
    ck_assert_double_eq(store_case_number(t, "trial"), 7);
    ck_assert_str_eq(store_case_text(t, "kind"), "policy");
    ck_assert_str_eq(store_case_text(t, "why"), "a sample of the policy");
    ck_assert_str_eq(store_case_text(t, "state"), "stepped");
    ck_assert_double_eq(store_case_number(t, "correct"), (double)f[0].figure.value);
    ck_assert_double_eq_tol(store_case_number(t, "accuracy"), (double)f[0].figure.value / 2000, 1e-12);
    ck_assert_double_eq(store_case_number(t, "flash_bytes"), (double)f[1].figure.value);
    ck_assert_double_eq(store_case_number(t, "latency_cycles"), (double)f[4].figure.value);
    ck_assert_double_eq_tol(store_case_number(t, "latency_us"), (double)f[4].figure.value / 160, 1e-6);
    ck_assert_double_eq_tol(store_case_number(t, "energy_uj"), (double)f[5].figure.value / 1000, 1e-9);
    ck_assert_double_eq_tol(store_case_number(t, "power_mw"), (double)f[5].figure.value / ((double)f[4].figure.value / 160), 1e-6);
    ck_assert_str_eq(store_case_text(t, "origin"), "virtual");
    ck_assert_str_eq(store_case_text(t, "board"), "vboard-1");
    store_case_result(1, 1, f, cycles);
    double int8 = (double)f[0].figure.value / 2000;
    ck_assert_double_eq_tol(store_case_number(t, "loss_points"), 100 * (int8 - store_case_number(t, "accuracy")), 1e-6);
    ck_assert(cJSON_IsBool(cJSON_GetObjectItem(t, "front")) && cJSON_IsBool(cJSON_GetObjectItem(t, "finalist")));
    cJSON_Delete(list);
}
END_TEST

START_TEST(what_was_not_found_out_is_null)
{
    cJSON *list = trials((struct store_list){.state = "infeasible"});
    ck_assert_int_eq(cJSON_GetArraySize(list), 1);
    cJSON *t = cJSON_GetArrayItem(list, 0);
    has_keys(t, TRIAL_KEYS);
    static const char *const unknown[] = {"correct", "accuracy", "loss_points", "flash_of_int8", "latency_us", "energy_nj",
                                          "power_mw", "origin", "reward", "board", "seconds"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        ck_assert_msg(cJSON_IsNull(cJSON_GetObjectItem(t, unknown[i])), "%s", unknown[i]);
    ck_assert_str_eq(store_case_text(t, "reason"), "it takes 512 bytes too many");
    cJSON_Delete(list);
}
END_TEST

START_TEST(a_finalists_numbers_are_the_fresh_ones)
{
    must(store_read_best(lab.r, lab.study, NULL, &out, error));
    cJSON *t = store_case_json(&out);
    struct store_figure f[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    store_case_result(3, 1, f, cycles);
    ck_assert_double_eq(store_case_number(t, "trial"), 3); // others have higher rewards, but were not measured again
    ck_assert_double_eq(store_case_number(t, "reward"), 2.5);
    ck_assert_double_eq(store_case_number(t, "latency_cycles"), (double)f[4].figure.value + 1);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(t, "finalist")));
    cJSON_Delete(t);
}
END_TEST

START_TEST(a_trial_shown_has_layers_attempts_measurements_and_provenance)
{
    must(store_read_trial(lab.r, lab.study, 3, &out, error));
    cJSON *t = store_case_json(&out);
    has_keys(t, TRIAL_KEYS " layers measurements provenance trace"); // "attempts" is their list here
    cJSON_Delete(t);
}
END_TEST

START_TEST(a_trial_shown_in_full)
{
    must(store_read_trial(lab.r, lab.study, 6, &out, error));
    cJSON *t = store_case_json(&out);
    cJSON *layers = cJSON_GetObjectItem(t, "layers"), *attempts = cJSON_GetObjectItem(t, "attempts");
    ck_assert_int_eq(cJSON_GetArraySize(layers), STORE_CASE_LAYERS);
    cJSON *dw = cJSON_GetArrayItem(layers, 1), *fc = cJSON_GetArrayItem(layers, 2);
    ck_assert_str_eq(store_case_text(dw, "name"), "dw_1");
    ck_assert_str_eq(store_case_text(dw, "setting"), store_case_text(fc, "setting")); // they share a slot
    ck_assert_str_eq(store_case_text(dw, "scheme"), "log");
    ck_assert_double_eq(store_case_number(dw, "cycles"), 6001);
    ck_assert_int_eq(cJSON_GetArraySize(attempts), 2);
    ck_assert_str_eq(store_case_text(cJSON_GetArrayItem(attempts, 0), "state"), "failed");
    ck_assert_str_eq(store_case_text(cJSON_GetArrayItem(attempts, 0), "class"), "probe");
    ck_assert_str_eq(store_case_text(cJSON_GetArrayItem(attempts, 1), "state"), "succeeded");
    cJSON *m = cJSON_GetArrayItem(cJSON_GetObjectItem(t, "measurements"), 0);
    has_keys(m, "name series value unit repeats spread of origin attempt");
    ck_assert_str_eq(store_case_text(cJSON_GetObjectItem(t, "provenance"), "board"), "vboard-1");
    cJSON_Delete(t);
    ck_assert_int_eq(store_read_trial(lab.r, lab.study, 99, &out, error), STORE_NOT_FOUND);
    ck_assert_int_eq(store_read_trial(lab.r, 99, 1, &out, error), STORE_NOT_FOUND);
}
END_TEST

#define STUDY_KEYS \
    "study name metric state reason network board_type trials measured infeasible given_up dropped slots seed created updated best progress"

START_TEST(a_study_has_the_protocols_shape)
{
    must(store_read_studies(lab.r, &out, error));
    cJSON *list = store_case_json(&out), *s = cJSON_GetArrayItem(list, 0);
    has_keys(s, STUDY_KEYS);
    ck_assert_str_eq(store_case_text(s, "name"), "demo");
    ck_assert_str_eq(store_case_text(s, "state"), "finished");
    ck_assert_double_eq(store_case_number(s, "slots"), 2);
    ck_assert_double_eq(store_case_number(s, "measured"), STORE_CASE_TRIALS - 2);
    ck_assert_double_eq(store_case_number(s, "infeasible"), 1);
    ck_assert_double_eq(store_case_number(s, "given_up"), 1);
    ck_assert_double_eq(store_case_number(cJSON_GetObjectItem(s, "best"), "trial"), 3);
    ck_assert_uint_eq(strlen(store_case_text(s, "created")), strlen("2026-04-01T12:00:00Z"));
    cJSON_Delete(list);
    must(store_read_study(lab.r, 1, &out, error));
    s = store_case_json(&out);
    has_keys(s, STUDY_KEYS " config layers agent network_sha256 quantized_sha256");
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(s, "layers")), STORE_CASE_LAYERS);
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(s, "slots")), 2);
    ck_assert_double_eq(store_case_number(cJSON_GetObjectItem(s, "agent"), "updates"), 1);
    ck_assert_str_eq(store_case_text(cJSON_GetObjectItem(s, "config"), "name"), "demo");
    cJSON_Delete(s);
    ck_assert_int_eq(store_read_study(lab.r, 2, &out, error), STORE_NOT_FOUND);
}
END_TEST

START_TEST(a_study_is_found_by_name_and_by_number)
{
    int64_t study = 0;
    must(store_read_study_number(lab.r, "demo", &study, error));
    ck_assert_int_eq(study, 1);
    study = 0;
    must(store_read_study_number(lab.r, "1", &study, error));
    ck_assert_int_eq(study, 1);
    static const char *const none[] = {"", "dem", "2", "1x", "' OR 1 --"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_int_eq(store_read_study_number(lab.r, none[i], &study, error), STORE_NOT_FOUND);
}
END_TEST

START_TEST(lists_are_ordered_filtered_and_limited)
{
    static const struct {
        const char *order, *key;
        double sign; // 1: smallest first
    } orders[] = {{"trial", "trial", 1}, {"reward", "reward", -1}, {"flash_bytes", "flash_bytes", 1}, {"accuracy", "accuracy", -1},
                  {"latency_cycles", "latency_cycles", 1}, {"energy_nj", "energy_nj", 1}};
    for (size_t k = 0; k < sizeof orders / sizeof *orders; k++) {
        cJSON *list = trials((struct store_list){.order = orders[k].order});
        double last = -INFINITY;
        bool nulls = false;
        for (int i = 0; i < STORE_CASE_TRIALS; i++) {
            double value = orders[k].sign * store_case_number(cJSON_GetArrayItem(list, i), orders[k].key);
            ck_assert_msg(isnan(value) || (!nulls && value >= last), "%s, place %d", orders[k].order, i);
            nulls = nulls || isnan(value); // they come last
            last = value;
        }
        cJSON_Delete(list);
    }
    cJSON *list = trials((struct store_list){.limit = 3, .state = "stepped"});
    ck_assert_int_eq(cJSON_GetArraySize(list), 3);
    cJSON_Delete(list);
    list = trials((struct store_list){.after = 3, .limit = 2});
    ck_assert_int_eq(cJSON_GetArraySize(list), 2);
    ck_assert_int_eq((int)store_case_number(cJSON_GetArrayItem(list, 0), "trial"), 4);
    cJSON_Delete(list);
    list = trials((struct store_list){.state = "measuring"});
    ck_assert_int_eq(cJSON_GetArraySize(list), 0);
    cJSON_Delete(list);
    ck_assert_int_eq(store_read_trials(lab.r, 1, &(struct store_list){.order = "candidate; --"}, &out, error), -1);
    ck_assert_int_eq(store_read_trials(lab.r, 1, &(struct store_list){.state = "unknown"}, &out, error), -1);
}
END_TEST

START_TEST(best_passes_all_filters)
{
    struct store_filter f = {NAN, NAN, -1, -1};
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    store_case_result(8, 1, figures, cycles); // the smallest flash
    f.flash_bytes = figures[1].figure.value;
    must(store_read_best(lab.r, 1, &f, &out, error));
    cJSON *t = store_case_json(&out);
    ck_assert_double_eq(store_case_number(t, "trial"), 8);
    cJSON_Delete(t);
    f.flash_bytes--;
    ck_assert_int_eq(store_read_best(lab.r, 1, &f, &out, error), STORE_NOT_FOUND);
    f = (struct store_filter){NAN, NAN, -1, 16001}; // RAM: trial 1 alone
    must(store_read_best(lab.r, 1, &f, &out, error));
    t = store_case_json(&out);
    ck_assert_double_eq(store_case_number(t, "trial"), 1);
    cJSON_Delete(t);
    f.latency_us = 1;
    ck_assert_int_eq(store_read_best(lab.r, 1, &f, &out, error), STORE_NOT_FOUND);
    f = (struct store_filter){-1000, NAN, -1, -1}; // a gain of 1000 points: nobody
    ck_assert_int_eq(store_read_best(lab.r, 1, &f, &out, error), STORE_NOT_FOUND);
}
END_TEST

START_TEST(boards_have_the_protocols_shape)
{
    must(store_board_state(lab.s, "vboard-1", "quarantined", "outputs differ", NULL, error));
    must(store_read_boards(lab.r, &out, error));
    cJSON *list = store_case_json(&out), *b = cJSON_GetArrayItem(list, 0);
    has_keys(b, "board type serial virtual state reason jobs failures most_worn_page_erases wear_budget study trial");
    ck_assert_str_eq(store_case_text(b, "state"), "quarantined");
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(b, "virtual")));
    ck_assert_double_eq(store_case_number(cJSON_GetObjectItem(b, "failures"), "probe"), 2);
    ck_assert_double_eq(store_case_number(b, "jobs"), STORE_CASE_TRIALS + 1); // 4 never came to a board; 6 twice, 3 again
    ck_assert_double_eq(store_case_number(b, "most_worn_page_erases"), STORE_CASE_TRIALS);
    cJSON_Delete(list);
}
END_TEST

/* Every member of trial.front, computed the plain way from the list. */
static bool beaten(const cJSON *list, const cJSON *t, const char *const *keys)
{
    const cJSON *other;
    cJSON_ArrayForEach(other, list)
    {
        bool as_good = store_case_number(other, "accuracy") >= store_case_number(t, "accuracy");
        bool better = store_case_number(other, "accuracy") > store_case_number(t, "accuracy");
        for (int k = 0; keys[k]; k++) {
            as_good = as_good && store_case_number(other, keys[k]) <= store_case_number(t, keys[k]);
            better = better || store_case_number(other, keys[k]) < store_case_number(t, keys[k]);
        }
        if (as_good && (better || store_case_number(other, "trial") < store_case_number(t, "trial")))
            return true;
    }
    return false;
}

START_TEST(the_front_is_what_nobody_beats)
{
    static const char *const keys[] = {"flash_bytes", "latency_cycles", NULL}; // the study's objectives
    cJSON *list = trials((struct store_list){.state = "stepped"}), *t;
    int n = 0;
    cJSON_ArrayForEach(t, list)
    {
        bool front = cJSON_IsTrue(cJSON_GetObjectItem(t, "front"));
        ck_assert_msg(front != beaten(list, t, keys), "trial %g", store_case_number(t, "trial"));
        n += front;
    }
    ck_assert_int_ge(n, 2);
    must(store_read_pareto(lab.r, 1, 0, &out, error));
    cJSON *pareto = store_case_json(&out), *of_front = trials((struct store_list){.front = true});
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(pareto, "trials")), n);
    ck_assert_int_eq(cJSON_GetArraySize(of_front), n);
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(pareto, "objectives")), 3);
    cJSON_Delete(pareto);
    cJSON_Delete(of_front);
    static const char *const energy[] = {"energy_nj", NULL};
    must(store_read_pareto(lab.r, 1, STORE_BY_ENERGY, &out, error));
    pareto = store_case_json(&out);
    ck_assert_str_eq(cJSON_GetArrayItem(cJSON_GetObjectItem(pareto, "objectives"), 1)->valuestring, "energy_nj");
    cJSON_ArrayForEach(t, cJSON_GetObjectItem(pareto, "trials")) ck_assert(!beaten(list, t, energy));
    cJSON_Delete(pareto);
    cJSON_Delete(list);
    ck_assert_int_eq(store_read_pareto(lab.r, 9, 0, &out, error), STORE_NOT_FOUND);
}
END_TEST

static bool dominates(const struct front_point *a, const struct front_point *b)
{
    bool better = a->trial < b->trial;
    for (int k = 0; k < a->n; k++) {
        if (!(a->cost[k] <= b->cost[k]))
            return false;
        better = better || a->cost[k] < b->cost[k];
    }
    return better;
}

START_TEST(the_front_of_random_points_equals_all_pairs)
{
    struct rng r;
    struct front_point list[200];
    rng_seed(&r, 7, 1);
    for (int round = 0; round < 200; round++) {
        int n = 1 + (int)rng_below(&r, 200), objectives = 1 + (int)rng_below(&r, FRONT_POINTS_OBJECTIVES);
        struct front_points p = {n, list};
        for (int i = 0; i < n; i++) {
            list[i] = (struct front_point){.trial = i + 1, .n = objectives};
            for (int k = 0; k < objectives; k++)
                list[i].cost[k] = rng_below(&r, 20) == 0 ? NAN : rng_below(&r, 10); // ties and gaps
        }
        front_points_mark(&p);
        for (int i = 0; i < n; i++) {
            bool front = true;
            for (int k = 0; k < objectives; k++)
                front = front && !isnan(list[i].cost[k]);
            for (int j = 0; j < n && front; j++)
                front = j == i || !dominates(&list[j], &list[i]);
            ck_assert(list[i].front == front);
        }
    }
}
END_TEST

START_TEST(events_are_read_from_where_the_reader_was)
{
    int64_t last = 0, end = store_last_event(lab.s);
    must(store_read_events(lab.r, 0, 0, NULL, 1000, &out, &last, error));
    ck_assert_int_eq(last, end);
    int lines = 0;
    size_t length;
    for (char *line; (line = buffer_record(&out, '\n', &length)); buffer_consume(&out, length + 1)) {
        cJSON *event = cJSON_Parse(line);
        ck_assert_ptr_nonnull(event);
        has_keys(event, "seq time topic study trial data");
        ck_assert_double_eq(store_case_number(event, "seq"), ++lines);
        cJSON_Delete(event);
    }
    ck_assert_int_eq(lines, (int)end);
    must(store_read_events(lab.r, 2, 0, NULL, 2, &out, &last, error)); // page by page
    ck_assert_int_eq(last, 4);
    buffer_consume(&out, out.size);
    must(store_read_events(lab.r, 0, 1, "[\"trial.measured\"]", 1000, &out, &last, error));
    ck_assert_int_eq(last, end);
    for (lines = 0; buffer_record(&out, '\n', &length); buffer_consume(&out, length + 1))
        lines++;
    ck_assert_int_eq(lines, STORE_CASE_TRIALS - 2);
    must(store_read_events(lab.r, end, 0, NULL, 1000, &out, &last, error));
    ck_assert_uint_eq(out.size, 0);
}
END_TEST

START_TEST(a_reader_behind_the_oldest_event_is_told_so)
{
    int64_t last = 0, end = store_last_event(lab.s);
    must(store_prune_events(lab.s, 3, error));
    ck_assert_int_eq(store_read_events(lab.r, end - 4, 0, NULL, 1000, &out, &last, error), STORE_PRUNED);
    ck_assert_int_eq(last, end);
    ck_assert_uint_eq(out.size, 0);
    must(store_read_events(lab.r, end - 3, 0, NULL, 1000, &out, &last, error));
    buffer_consume(&out, out.size);
    must(store_prune_events(lab.s, 0, error));
    ck_assert_int_eq(store_read_events(lab.r, end - 1, 0, NULL, 1000, &out, &last, error), STORE_PRUNED);
    must(store_read_events(lab.r, end, 0, NULL, 1000, &out, &last, error));
    ck_assert_int_eq(store_read_events(lab.r, end + 1, 0, NULL, 1000, &out, &last, error), STORE_PRUNED); // of another database
}
END_TEST

START_TEST(a_reader_writes_nothing)
{
    ck_assert_int_ne(connection_execute(&lab.r->c, "DELETE FROM event", error), 0);
    ck_assert_int_ne(connection_execute(&lab.r->c, "CREATE TABLE t (a)", error), 0);
}
END_TEST

START_TEST(a_reader_sees_one_moment_and_does_not_stop_the_writer)
{
    must(reader_begin(lab.r, error));
    int64_t before, during;
    must(connection_number(&lab.r->c, STATEMENT_LAST_EVENT, NO_VALUES, &before, error));
    struct store_event event = {.topic = "study.progress", .study = 1};
    must(store_tell(lab.s, &(struct store_events){&event, 1}, error));
    must(connection_number(&lab.r->c, STATEMENT_LAST_EVENT, NO_VALUES, &during, error));
    ck_assert_int_eq(before, during);
    must(reader_end(lab.r, 0));
    ck_assert_int_eq(store_last_event(lab.s), before + 1);
}
END_TEST

/* A study of ten thousand trials, written the quick way. */
static void fill(void)
{
    store_case_study(&lab);
    static const char text[] =
        "PRAGMA synchronous = OFF; BEGIN; CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000) SELECT i FROM n;"
        "INSERT INTO trial (study, trial, kind, candidate, hash, state, outcome, result_seq, reward, created_ms, updated_ms) "
        "SELECT 1, i, 'policy', 'w' || (1 + i % 16) || 'a8 w8a8', printf('%016x', i), 'stepped', 'measured', i, i * 7919 % 10007, 0, 0 FROM n;"
        "INSERT INTO attempt (study, trial, attempt, series, board, state, clock_hz, begun_ms, ended_ms) "
        "SELECT 1, i, 1, 0, 1, 'succeeded', 160000000, 0, 2100 FROM n;"
        "INSERT INTO measurement SELECT 1, i, name, 0, i * 7919 % 100003 + 1, unit, 1, 0, 200000, origin, attempt, 1 FROM n, (SELECT "
        "column1 AS name, column2 AS unit, column3 AS origin, column4 AS attempt FROM (VALUES ('correct', 'correct', 'host', NULL), "
        "('flash_bytes', 'bytes', 'planned', NULL), ('weights_bytes', 'bytes', 'planned', NULL), ('ram_bytes', 'bytes', 'planned', NULL), "
        "('latency_cycles', 'cycles', 'virtual', 1), ('energy_nj', 'nJ', 'virtual', 1))); COMMIT";
    must(connection_execute(&lab.s->c, text, error));
    store_case_reader(&lab);
}

static int64_t steps; // of SQLite's virtual machine

static int on_profile(unsigned what, void *user, void *statement, void *ns)
{
    (void)what, (void)user, (void)ns;
    steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

/* The work is bounded by what SQLite counts, not by a clock: 1,000 steps a trial take about 20 us. */
START_TEST(ten_thousand_trials_are_listed_at_once)
{
    fill();
    sqlite3_trace_v2(lab.r->c.db, SQLITE_TRACE_PROFILE, on_profile, NULL);
    static const char *const orders[] = {"trial", "reward", "accuracy"};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        steps = 0;
        cJSON *list = trials((struct store_list){.order = orders[i], .limit = 10000});
        ck_assert_int_eq(cJSON_GetArraySize(list), 10000);
        cJSON_Delete(list);
        printf("10,000 trials by %s: %lld steps\n", orders[i], (long long)steps);
        ck_assert_int_lt(steps, 10000 * 1000);
    }
    cJSON *list = trials((struct store_list){0});
    ck_assert_int_eq(cJSON_GetArraySize(list), 1000); // the default limit
    cJSON_Delete(list);
    must(store_read_pareto(lab.r, 1, STORE_BY_FLASH | STORE_BY_ENERGY, &out, error));
}
END_TEST

START_TEST(a_reader_ends_in_time_and_within_its_buffer)
{
    fill();
    struct store_list all = {.limit = 10000};
    store_reader_limit(lab.r, 0);
    ck_assert_int_eq(store_read_trials(lab.r, 1, &all, &out, error), STORE_LATE);
    ck_assert_int_eq(store_read_pareto(lab.r, 1, 0, &out, error), STORE_LATE);
    store_reader_limit(lab.r, -1);
    buffer_consume(&out, out.size);
    must(store_read_trials(lab.r, 1, &all, &out, error));
    struct buffer small;
    buffer_init(&small, 100000);
    ck_assert_int_eq(store_read_trials(lab.r, 1, &all, &small, error), -1);
    ck_assert_ptr_nonnull(strstr(error->text, "100000"));
    buffer_finish(&small);
    buffer_init(&small, 1000000);
    must(store_read_trials(lab.r, 1, &(struct store_list){.limit = 10}, &small, error));
    buffer_finish(&small);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_read");
    TCase *t = suite_case(suite, "played", set_up_played, tear_down);
    tcase_add_test(t, a_trial_has_the_protocols_shape);
    tcase_add_test(t, what_was_not_found_out_is_null);
    tcase_add_test(t, a_finalists_numbers_are_the_fresh_ones);
    tcase_add_test(t, a_trial_shown_has_layers_attempts_measurements_and_provenance);
    tcase_add_test(t, a_trial_shown_in_full);
    tcase_add_test(t, a_study_has_the_protocols_shape);
    tcase_add_test(t, a_study_is_found_by_name_and_by_number);
    tcase_add_test(t, lists_are_ordered_filtered_and_limited);
    tcase_add_test(t, best_passes_all_filters);
    tcase_add_test(t, boards_have_the_protocols_shape);
    tcase_add_test(t, the_front_is_what_nobody_beats);
    tcase_add_test(t, the_front_of_random_points_equals_all_pairs);
    tcase_add_test(t, events_are_read_from_where_the_reader_was);
    tcase_add_test(t, a_reader_behind_the_oldest_event_is_told_so);
    tcase_add_test(t, a_reader_writes_nothing);
    tcase_add_test(t, a_reader_sees_one_moment_and_does_not_stop_the_writer);
    t = suite_case(suite, "large", set_up, tear_down);
    tcase_add_test(t, ten_thousand_trials_are_listed_at_once);
    tcase_add_test(t, a_reader_ends_in_time_and_within_its_buffer);
    return suite_run(suite);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The life of a study on a virtual clock: what is proposed depends on the file and the figures, never on timing or crashes.
#include "tests/sim/study_lab.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct lab lab, other;

static struct lab_config small(void)
{
    struct lab_config c = {.boards = 1, .timing = 1};
    c.file.trials = 8;
    c.file.ahead = 2;
    c.file.attempts = 3;
    c.file.finalists = 2;
    c.file.flash_weight = 2;
    c.file.energy = true;
    c.file.seed = 5;
    snprintf(c.file.data[STUDY_TEST], sizeof c.file.data[STUDY_TEST], "/t.npy");
    return c;
}

static uint64_t run(const struct lab_config *c)
{
    lab_init(&lab, c);
    lab_run(&lab);
    return lab_digest(&lab);
}

START_TEST(a_study_runs_to_its_end)
{
    struct lab_config c = small();
    run(&c);
    ck_assert_int_eq(lab.store.state, STORE_FINISHED);
    ck_assert_int_eq(lab.store.n_trials, 10);
    ck_assert_int_eq(lab.store.applied, 10);
    ck_assert_int_eq(lab.study.worker, WORKER_GONE);
    int finalists = 0;
    for (int t = 1; t <= 10; t++)
        finalists += lab.store.finalists[t];
    ck_assert_int_eq(finalists, 2);
    ck_assert(lab.store.test_correct[1] > 0 && lab.store.test_correct[2] > 0);
}
END_TEST

START_TEST(its_trace_is_the_golden_one)
{
    static const char *const golden = "state preparing\nstate searching\n"
                                      "result 1 measured\nstep 1, 1 proposed\n"
                                      "result 2 measured\nstep 2, 1 proposed\n"
                                      "result 3 measured\nstep 3, 1 proposed\n"
                                      "result 4 given_up\nstep 4, 0 proposed\n"
                                      "result 5 measured\nstep 5, 0 proposed\n"
                                      "state finishing\n"
                                      "final 1 given_up\nfinal 2 given_up\nfinal 5 measured\nfinal 3 measured\n"
                                      "state finished\n";
    struct lab_config c = small();
    c.file.trials = 3;
    c.bad_trial = 4;
    run(&c);
    ck_assert_str_eq(lab.trace, golden);
}
END_TEST

START_TEST(neither_timing_nor_boards_nor_flaky_probes_change_what_is_proposed)
{
    struct lab_config c = small();
    c.file.trials = 40;
    c.file.ahead = 6;
    c.bad_every = 7;
    c.refused_every = 9;
    uint64_t expected = run(&c);
    ck_assert_int_eq(lab.store.state, STORE_FINISHED);
    int given_up = 0, infeasible = 0;
    for (int t = 1; t <= lab.store.n_trials; t++) {
        given_up += lab.store.outcomes[t] == STORE_GIVEN_UP;
        infeasible += lab.store.outcomes[t] == STORE_INFEASIBLE;
    }
    ck_assert_int_gt(given_up, 0);
    ck_assert_int_gt(infeasible, 0);
    for (uint64_t timing = 2; timing < 80; timing++) {
        c.timing = timing;
        c.boards = 1 + (int)(timing % 5);
        c.flaky_percent = timing % 3 ? 10 : 0;
        ck_assert_uint_eq(run(&c), expected);
    }
}
END_TEST

START_TEST(another_seed_or_ahead_is_another_study)
{
    struct lab_config c = small(), d = small(), e = small();
    d.file.seed = 6;
    e.file.ahead = 3;
    ck_assert_uint_ne(run(&c), run(&d));
    ck_assert_uint_ne(run(&c), run(&e));
}
END_TEST

/* A crash before every single event, and several in one study. */
START_TEST(a_crash_at_any_moment_changes_nothing)
{
    struct lab_config c = small();
    c.file.trials = 12;
    c.bad_every = 5;
    c.refused_every = 6;
    uint64_t expected = run(&c);
    int n = lab.delivered;
    for (int at = 1; at < n; at++) {
        c.crash_at = at;
        ck_assert_msg(run(&c) == expected, "another study after a crash at event %d:\n%s", at, lab.trace);
    }
    for (int seed = 0; seed < 40; seed++) {
        c.crash_at = 0;
        c.timing = (uint64_t)seed;
        lab_init(&lab, &c);
        for (int crashes = 0; crashes < 6; crashes++) {
            lab.config.crash_at = lab.delivered + 1 + (seed * 7 + crashes * 13) % 23;
            while (lab.n_events && lab.delivered <= lab.config.crash_at)
                lab_run(&lab);
        }
        lab.config.crash_at = 0;
        lab_run(&lab);
        ck_assert_uint_eq(lab_digest(&lab), expected);
    }
}
END_TEST

/* What a finalist gains by being trained for longer is in its reward, and in no other; whatever crashes. */
START_TEST(finalists_that_are_trained_anew_are_scored_anew)
{
    struct lab_config c = small();
    uint64_t kept = run(&c);
    other = lab;
    c.file.finalist_tune_steps = 100;
    uint64_t expected = run(&c);
    ck_assert_uint_ne(kept, expected);
    ck_assert_uint_eq(lab.store.agent, other.store.agent);
    for (int t = 1; t <= lab.store.n_trials; t++) {
        struct reward_figures truth = lab_truth(&lab, t);
        ck_assert(lab.store.finalists[t] == other.store.finalists[t]);
        if (!lab.store.finalists[t])
            continue;
        ck_assert_double_eq(other.store.final_rewards[t], study_reward(&other.study, &truth));
        truth.correct += LAB_TRAINED_CORRECT;
        ck_assert_double_eq(lab.store.final_rewards[t], study_reward(&lab.study, &truth));
    }
    for (int at = lab.delivered; at > 1; at--) {
        c.crash_at = at;
        ck_assert_msg(run(&c) == expected, "another study after a crash at event %d:\n%s", at, lab.trace);
    }
}
END_TEST

START_TEST(a_pause_at_any_moment_changes_nothing)
{
    struct lab_config c = small();
    uint64_t expected = run(&c);
    int n = lab.delivered;
    for (int at = 1; at < n - 8; at++) {
        c.pause_at = at;
        run(&c);
        ck_assert_msg(lab.store.state == STORE_PAUSED, "paused at event %d it is %s", at, store_state_name(lab.store.state));
        ck_assert_int_eq(lab.study.worker, WORKER_GONE);
        ck_assert_int_eq(lab.n_wishes, 0);
        memcpy(&other, &lab, sizeof lab);
        study_step(&lab.study, &(struct study_event){.kind = STUDY_EV_START});
        lab_crash(&other); // while it rests
        ck_assert_int_eq(other.store.state, STORE_PAUSED);
        ck_assert_int_eq(other.n_events, 0);
        study_step(&other.study, &(struct study_event){.kind = STUDY_EV_START});
        struct lab *both[] = {&lab, &other};
        for (int i = 0; i < 2; i++) {
            both[i]->config.pause_at = 0;
            both[i]->config.resume_at = both[i]->delivered + 1;
            struct study_todo t;
            study_next(&both[i]->study, &t);
            ck_assert_int_eq(t.kind, STUDY_DO_STATE);
            both[i]->store.state = both[i]->study.state;
            both[i]->study.worker = WORKER_OPENING;
            both[i]->events[both[i]->n_events++] =
                (struct lab_event){.at_ms = both[i]->now_ms, .event = {.kind = STUDY_EV_OPENED}};
            lab_run(both[i]);
            ck_assert_msg(lab_digest(both[i]) == expected, "another study after a pause at event %d:\n%s", at,
                          both[i]->trace);
        }
    }
}
END_TEST

/* One commit that fails, and all of them until somebody looks: begin, plans, results, steps and finals. */
START_TEST(a_store_that_fails_pauses_and_a_resume_goes_on)
{
    struct lab_config c = small();
    uint64_t expected = run(&c);
    int commits = lab.commits;
    for (c.fail_at = 1; c.fail_at <= commits; c.fail_at++)
        for (c.fail_n = 1; c.fail_n <= 1000; c.fail_n += 999) {
            run(&c);
            ck_assert_msg(lab.store.state == STORE_PAUSED, "after commit %d failed it is %s:\n%s", c.fail_at,
                          store_state_name(lab.store.state), lab.trace);
            ck_assert_str_eq(lab.store.reason, "it cannot be written");
            ck_assert_int_eq(lab.study.worker, WORKER_GONE);
            lab.config.fail_n = 0;
            lab_wants(&lab, STUDY_EV_START);
            lab_run(&lab);
            ck_assert_msg(lab_digest(&lab) == expected, "another study after commit %d failed:\n%s", c.fail_at, lab.trace);
        }
}
END_TEST

START_TEST(a_stopped_study_begins_nothing_more)
{
    struct lab_config c = small();
    c.stop_at = 20;
    run(&c);
    ck_assert_int_eq(lab.store.state, STORE_STOPPED);
    ck_assert_int_eq(lab.study.worker, WORKER_GONE);
    ck_assert_int_lt(lab.store.applied, 10);
    study_step(&lab.study, &(struct study_event){.kind = STUDY_EV_START});
    struct study_todo t;
    study_next(&lab.study, &t);
    ck_assert_int_eq(t.kind, STUDY_DO_NOTHING);
}
END_TEST

/* Whenever it is stopped: what is complete in the order of the trials is stored, and no attempt stays open. */
START_TEST(a_stopped_study_leaves_nothing_open)
{
    struct lab_config c = small();
    c.boards = 3;
    c.file.ahead = 4;
    run(&c);
    int n = lab.delivered, late = 0;
    for (c.stop_at = 1; c.stop_at < n - 8; c.stop_at++) {
        lab_init(&lab, &c);
        while (lab.n_events && lab.delivered < c.stop_at)
            lab_turn(&lab);
        int results = lab.store.n_results;
        lab_run(&lab);
        late += lab.store.n_results > results;
        ck_assert_int_eq(lab.store.state, STORE_STOPPED);
        for (int t = 1; t <= lab.store.n_trials; t++)
            ck_assert_msg(!lab.store.open[t], "stopped at event %d trial %d has an open attempt:\n%s", c.stop_at, t, lab.trace);
    }
    ck_assert_int_gt(late, 0);
}
END_TEST

/* Failures count the same with and without a restart, and this machine's never. */
START_TEST(a_crash_grants_no_further_attempts)
{
    struct lab_config c = small();
    c.bad_trial = 4;
    uint64_t expected = run(&c);
    ck_assert_int_eq(lab.store.faults[4], c.file.attempts);
    int n = lab.delivered;
    for (c.crash_at = 1; c.crash_at < n; c.crash_at++) {
        ck_assert_uint_eq(run(&c), expected);
        ck_assert_msg(lab.store.faults[4] == c.file.attempts, "%d failures after a crash at event %d", lab.store.faults[4], c.crash_at);
    }
}
END_TEST

START_TEST(without_a_reference_the_study_fails)
{
    struct lab_config c = small();
    c.bad_trial = 1;
    run(&c);
    ck_assert_int_eq(lab.store.state, STORE_FAILED);
    ck_assert_str_eq(lab.store.reason, "w8a8, the reference of all rewards: as the trial's reason says");
    ck_assert_int_eq(lab.store.n_results, 1);
}
END_TEST

START_TEST(a_float32_that_cannot_be_measured_ends_nothing)
{
    struct lab_config c = small();
    c.bad_trial = 2;
    run(&c);
    ck_assert_int_eq(lab.store.state, STORE_FINISHED);
    ck_assert_int_eq(lab.store.outcomes[2], STORE_GIVEN_UP);
}
END_TEST

START_TEST(failures_of_this_machine_rest_and_then_pause)
{
    struct lab_config c = small();
    uint64_t expected = run(&c), quick = lab.now_ms;
    c.host_failures = 3;
    ck_assert_uint_eq(run(&c), expected);
    ck_assert_uint_gt(lab.now_ms, quick + 3 * STUDY_HOST_REST_MS);
    c.host_failures = STUDY_HOST_FAILURES_MAX;
    run(&c);
    ck_assert_int_eq(lab.store.state, STORE_PAUSED);
    ck_assert_str_eq(lab.store.reason, "it failed");
    ck_assert_int_eq(lab.store.n_results, 0);
}
END_TEST

START_TEST(worn_boards_cost_no_candidate)
{
    struct lab_config c = small();
    uint64_t expected = run(&c);
    c.worn_failures = 2 * STUDY_TRIES_MAX;
    ck_assert_uint_eq(run(&c), expected);
}
END_TEST

START_TEST(a_worker_that_cannot_work_pauses_the_study)
{
    struct lab_config c = small();
    c.worker_fails = "disk full";
    run(&c);
    ck_assert_int_eq(lab.store.state, STORE_PAUSED);
    ck_assert_str_eq(lab.store.reason, "disk full");
    ck_assert_int_eq(lab.study.worker, WORKER_GONE);
}
END_TEST

START_TEST(an_exhausted_space_ends_the_search)
{
    struct lab_config c = small();
    c.exhausted_after = 3;
    uint64_t expected = run(&c);
    ck_assert_int_eq(lab.store.state, STORE_FINISHED);
    ck_assert_int_eq(lab.store.n_trials, 5);
    int n = lab.delivered;
    for (c.crash_at = 1; c.crash_at < n; c.crash_at++)
        ck_assert_uint_eq(run(&c), expected);
}
END_TEST

START_TEST(a_study_without_trials_measures_the_baselines)
{
    struct lab_config c = small();
    c.file.trials = 0;
    c.file.data[STUDY_TEST][0] = '\0';
    run(&c);
    ck_assert_int_eq(lab.store.state, STORE_FINISHED);
    ck_assert_int_eq(lab.store.applied, 2);
}
END_TEST

static struct lab_config promising(void)
{
    struct lab_config c = small();
    c.file.trials = 60;
    c.file.ahead = 4;
    c.file.board = STUDY_PROMISING;
    return c;
}

/* What was dropped could not have been the best, and most of the boards' work is saved. */
START_TEST(only_promising_trials_are_asked_of_a_board)
{
    struct lab_config c = promising();
    for (c.file.seed = 1; c.file.seed <= 20; c.file.seed++) {
        run(&c);
        double best = -1e9;
        int dropped = 0;
        ck_assert_int_eq(lab.store.state, STORE_FINISHED);
        for (int t = 3; t <= lab.store.n_trials; t++)
            if (lab.store.outcomes[t] == STORE_MEASURED && lab.study.trials[t].reward > best)
                best = lab.study.trials[t].reward;
        for (int t = 3; t <= lab.store.n_trials; t++)
            if (lab.store.outcomes[t] == STORE_DROPPED) {
                struct reward_figures f = lab_truth(&lab, t);
                ck_assert_double_le(study_reward(&lab.study, &f), best);
                ck_assert(isnan(lab.study.trials[t].reward));
                dropped++;
            }
        ck_assert_int_gt(dropped, 30);
        ck_assert_int_eq(lab.asked, 62 - dropped);
        ck_assert_int_lt(lab.parts, 4 * 58); // and not all of the set was needed for that
    }
}
END_TEST

START_TEST(what_is_promising_depends_on_neither_timing_nor_crashes)
{
    struct lab_config c = promising();
    c.bad_every = 9;
    c.refused_every = 11;
    for (int goal = STUDY_BEST_REWARD; goal <= STUDY_WHOLE_FRONT; goal++) {
        c.file.goal = goal;
        c.file.goal_cost = REWARD_LATENCY;
        c.file.max_loss_points = 5;
        c.crash_at = 0;
        uint64_t expected = run(&c);
        int n = lab.delivered;
        for (uint64_t timing = 2; timing < 20; timing++) {
            c.timing = timing;
            c.boards = 1 + (int)(timing % 4);
            c.flaky_percent = timing % 3 ? 10 : 0;
            ck_assert_uint_eq(run(&c), expected);
        }
        c.timing = 1;
        c.boards = 1;
        c.flaky_percent = 0;
        for (c.crash_at = 1; c.crash_at < n; c.crash_at += 3)
            ck_assert_msg(run(&c) == expected, "another study after a crash at event %d", c.crash_at);
    }
}
END_TEST

/* Of a front everything between its ends is wanted: its finalists are not the neighbours of one of them. */
START_TEST(a_fronts_finalists_are_spread_over_it)
{
    struct lab_config c = small();
    c.file.trials = 60;
    c.file.finalists = 2;
    c.file.goal = STUDY_WHOLE_FRONT;
    c.file.goal_cost = REWARD_LATENCY;
    run(&c);
    int slowest = 0, fastest = 0;
    for (int t = 3; t <= lab.store.n_trials; t++) {
        const struct reward_figures *f = lab.store.figures;
        bool beaten = false;
        for (int u = 3; u <= lab.store.n_trials; u++)
            beaten = beaten || (u != t && f[u].latency_cycles <= f[t].latency_cycles && f[u].correct >= f[t].correct);
        if (beaten)
            continue;
        slowest = slowest == 0 || f[t].latency_cycles > f[slowest].latency_cycles ? t : slowest;
        fastest = fastest == 0 || f[t].latency_cycles < f[fastest].latency_cycles ? t : fastest;
    }
    ck_assert_int_ne(slowest, fastest);
    ck_assert(lab.store.finalists[slowest] && lab.store.finalists[fastest]);
}
END_TEST

START_TEST(a_damaged_store_is_told)
{
    static struct study s;
    struct lab_config c = small();
    struct error e = {""};
    struct reward_figures f = {0};
    study_init(&s, &c.file);
    ck_assert_int_eq(study_load(&s, STORE_SEARCHING, 11, 0, true, &e), -1);
    ck_assert_int_eq(study_load(&s, STORE_SEARCHING, 3, 0, true, &e), 0);
    ck_assert_int_eq(study_load_result(&s, 2, STORE_BASELINE, STORE_MEASURED, &f, false, &e), -1);
    ck_assert_str_eq(e.text, "trial 2 follows trial 0 in the store");
    ck_assert_int_eq(study_load_result(&s, 1, STORE_POLICY, STORE_MEASURED, &f, false, &e), -1);
    ck_assert_int_eq(study_load_proposal(&s, 1, STORE_BASELINE, 0, 0, &e), 0);
    ck_assert_int_eq(study_load_result(&s, 2, STORE_BASELINE, STORE_MEASURED, &f, false, &e), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("study");
    TCase *t = suite_case(s, "study", NULL, NULL);
    tcase_add_test(t, a_study_runs_to_its_end);
    tcase_add_test(t, its_trace_is_the_golden_one);
    tcase_add_test(t, neither_timing_nor_boards_nor_flaky_probes_change_what_is_proposed);
    tcase_add_test(t, another_seed_or_ahead_is_another_study);
    tcase_add_test(t, a_crash_at_any_moment_changes_nothing);
    tcase_add_test(t, finalists_that_are_trained_anew_are_scored_anew);
    tcase_add_test(t, a_pause_at_any_moment_changes_nothing);
    tcase_add_test(t, a_store_that_fails_pauses_and_a_resume_goes_on);
    tcase_add_test(t, a_stopped_study_begins_nothing_more);
    tcase_add_test(t, a_stopped_study_leaves_nothing_open);
    tcase_add_test(t, a_crash_grants_no_further_attempts);
    tcase_add_test(t, without_a_reference_the_study_fails);
    tcase_add_test(t, a_float32_that_cannot_be_measured_ends_nothing);
    tcase_add_test(t, failures_of_this_machine_rest_and_then_pause);
    tcase_add_test(t, worn_boards_cost_no_candidate);
    tcase_add_test(t, a_worker_that_cannot_work_pauses_the_study);
    tcase_add_test(t, an_exhausted_space_ends_the_search);
    tcase_add_test(t, a_study_without_trials_measures_the_baselines);
    tcase_add_test(t, only_promising_trials_are_asked_of_a_board);
    tcase_add_test(t, what_is_promising_depends_on_neither_timing_nor_crashes);
    tcase_add_test(t, a_fronts_finalists_are_spread_over_it);
    tcase_add_test(t, a_damaged_store_is_told);
    return suite_run(s);
}

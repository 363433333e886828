// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent's steps in a study: what is proposed when, and that a saved agent goes on as if nothing had been.
#include "daemon/study_agent.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct space space;
static struct study_file file;
static struct study_agent agent;
static const struct costs_layer layers[4] = {{0, -1, 1, 1}, {1, 0, 1, 2}, {2, 1, 1, 2}, {3, 2, 2, 3}};
static struct error error;

static void set_up(void)
{
    static const char *const options[] = {"w8a8", "w4a8", "w2a8"};
    memset(&space, 0, sizeof space);
    memset(&file, 0, sizeof file);
    space.n_slots = 4;
    space.n_options = file.options.n = 3;
    for (int i = 0; i < 3; i++) {
        setting_parse(options[i], &space.options[i], NULL);
        file.options.v[i] = space.options[i];
    }
    for (int i = 0; i < 4; i++) {
        space.slots[i] = (struct space_slot){.allowed = 7, .macs = 100, .parameters = 100};
        for (int k = 0; k < 3; k++) {
            space.slots[i].flash_bytes[k] = 100 >> k;
            space.slots[i].sensitivity[k] = 0.001 * (k + 1) * (i + 1);
        }
    }
    space.flash_budget_bytes = space.ram_budget_bytes = INT64_MAX;
    file.trials = 30;
    file.ahead = 4;
    file.seed = 3;
    ck_assert_int_eq(study_agent_init(&agent, &space, layers, 4, &file, &error), 0);
}

static void tear_down(void)
{
    study_agent_finish(&agent);
}

static enum store_outcome outcome_of(int trial)
{
    return trial % 7 == 6 ? STORE_GIVEN_UP : STORE_MEASURED;
}

static void know(struct study_agent *a, int trial)
{
    struct reward_figures f = {.correct = 900 + trial * 37 % 90, .total = 1000, .flash_bytes = 1000 + trial * 53 % 400, .ram_bytes = 100,
                               .latency_cycles = 100000 + trial * 7919 % 5000, .energy_nj = 3000 + trial * 31 % 200};
    const int64_t cycles[4] = {20000, 30000 + trial % 3, 1000, f.latency_cycles - 60000};
    study_agent_know(a, trial, outcome_of(trial), &f, cycles, outcome_of(trial) == STORE_MEASURED ? 4 : 0);
}

static struct agent_step step(struct study_agent *a, int trial)
{
    struct agent_step s = {.trial = trial, .outcome = outcome_of(trial)};
    if (trial > 0)
        know(a, trial);
    study_agent_step(a, &s);
    ck_assert_msg(s.rc == 0, "%s", s.error.text);
    return s;
}

static void text_of(const struct study_agent *a, int trial, char text[CANDIDATE_TEXT_MAX])
{
    struct candidate c;
    study_agent_candidate(a, trial, &c);
    candidate_format(&c, text, CANDIDATE_TEXT_MAX);
}

START_TEST(the_first_step_proposes_what_may_be_ahead)
{
    char text[CANDIDATE_TEXT_MAX];
    struct agent_step s = step(&agent, 0);
    ck_assert_int_eq(s.n_proposals, 2); // with the baselines four are without a result
    ck_assert_int_eq(agent.n_trials, 4);
    ck_assert_ptr_nonnull(strstr(s.summary, "\"probabilities\""));
    for (int i = 0; i < s.n_proposals; i++)
        ck_assert_msg(strstr(s.whys[i], "% of the flash that it may take") != NULL, "\"%s\"", s.whys[i]);
    agent_step_finish(&s);
    text_of(&agent, 1, text);
    ck_assert_str_eq(text, "w8a8 w8a8 w8a8 w8a8");
    text_of(&agent, 2, text);
    ck_assert_str_eq(text, "float32 float32 float32 float32");
    for (int t = 1; t <= 5; t++) {
        s = step(&agent, t);
        ck_assert_int_eq(s.n_proposals, 1);
        ck_assert_msg(strncmp(s.whys[0], "a ", 2) == 0 || strncmp(s.whys[0], "the critic's pick", 17) == 0, "\"%s\"", s.whys[0]);
        agent_step_finish(&s);
    }
}
END_TEST

START_TEST(no_candidate_is_proposed_twice_and_the_reference_never)
{
    static char texts[40][CANDIDATE_TEXT_MAX];
    struct agent_step s = step(&agent, 0);
    agent_step_finish(&s);
    for (int t = 1; t <= agent.n_trials; t++) {
        s = step(&agent, t);
        agent_step_finish(&s);
    }
    ck_assert_int_eq(agent.n_trials, 32);
    for (int i = 1; i <= 32; i++) {
        text_of(&agent, i, texts[i]);
        for (int j = 1; j < i; j++)
            ck_assert_str_ne(texts[i], texts[j]);
    }
}
END_TEST

/* Another agent that knows the trials of `agent` from their texts. */
static void load_trials(struct study_agent *other, int known)
{
    char text[CANDIDATE_TEXT_MAX];
    ck_assert_int_eq(study_agent_init(other, &space, layers, 4, &file, &error), 0);
    for (int t = 1; t <= agent.n_trials; t++) {
        text_of(&agent, t, text);
        ck_assert_msg(study_agent_add(other, text, &error) == 0, "%s", error.text);
    }
    for (int t = 1; t <= known; t++)
        know(other, t);
}

START_TEST(a_loaded_agent_goes_on_bit_for_bit)
{
    struct study_agent other;
    struct agent_step s = step(&agent, 0);
    for (int t = 1; t <= 9; t++) {
        agent_step_finish(&s);
        s = step(&agent, t);
    }
    load_trials(&other, 9);
    ck_assert_msg(study_agent_load(&other, s.state, (size_t)s.state_size, 9, &error) == 0, "%s", error.text);
    agent_step_finish(&s);
    for (int t = 10; t <= 20; t++) {
        struct agent_step a = step(&agent, t), b = step(&other, t);
        ck_assert_int_eq(a.state_size, b.state_size);
        ck_assert_mem_eq(a.state, b.state, (size_t)a.state_size);
        ck_assert_int_eq(a.n_proposals, b.n_proposals);
        ck_assert_str_eq(a.summary, b.summary);
        agent_step_finish(&a);
        agent_step_finish(&b);
    }
    study_agent_finish(&other);
}
END_TEST

/* Also when nothing is left to propose and no update is due: then only what is said of the agent looks at it. */
START_TEST(of_a_loaded_agent_the_same_is_said)
{
    struct agent_step s = step(&agent, 0);
    for (int t = 1; t < 32; t++) {
        agent_step_finish(&s);
        s = step(&agent, t);
    }
    struct study_agent other;
    load_trials(&other, 31);
    ck_assert_msg(study_agent_load(&other, s.state, (size_t)s.state_size, 31, &error) == 0, "%s", error.text);
    agent_step_finish(&s);
    struct agent_step a = step(&agent, 32), b = step(&other, 32);
    ck_assert_str_eq(a.summary, b.summary);
    agent_step_finish(&a);
    agent_step_finish(&b);
    study_agent_finish(&other);
}
END_TEST

/* A study whose figures are a law of the candidate: slot 0 may be narrow, every other narrow slot costs two points; narrow is fast. */
static struct reward_figures law_of(const struct study_agent *a, int trial)
{
    struct reward_figures f = {.correct = 950, .total = 1000, .flash_bytes = 1000, .ram_bytes = 100, .latency_cycles = 1000, .energy_nj = 10};
    struct candidate c;
    study_agent_candidate(a, trial, &c);
    for (int i = 0; i < c.n && c.layers[i].w_bits < 8; i++)
        f.latency_cycles -= 100 * (i == 0 ? 2 : 1);
    for (int i = 0; i < c.n; i++)
        if (c.layers[i].w_bits < 8)
            f.correct -= i == 0 ? 2 : 20, f.latency_cycles -= 10;
    return f;
}

/* Runs the whole study; returns the trial with the highest reward. */
static int run_law(struct study_agent *a, double *most)
{
    struct agent_step s = {.trial = 0};
    int best = 0;
    study_agent_step(a, &s);
    agent_step_finish(&s);
    for (int t = 1; t <= a->n_trials; t++) {
        struct reward_figures f = law_of(a, t), reference = law_of(a, 1);
        double reward = reward_for(&f, &reference, &a->aim);
        study_agent_know(a, t, STORE_MEASURED, &f, NULL, 0);
        s = (struct agent_step){.trial = t, .reward = reward};
        study_agent_step(a, &s);
        ck_assert_msg(s.rc == 0, "%s", s.error.text);
        agent_step_finish(&s);
        if (t > STUDY_BASELINES && (best == 0 || reward > *most)) {
            best = t;
            *most = reward;
        }
    }
    return best;
}

START_TEST(the_least_cost_is_found_above_the_floor)
{
    struct study_agent other;
    double most;
    file.goal = STUDY_LEAST_COST;
    file.goal_cost = REWARD_LATENCY;
    file.max_loss_points = 1;
    for (file.seed = 1; file.seed <= 5; file.seed++) {
        ck_assert_int_eq(study_agent_init(&other, &space, layers, 4, &file, &error), 0);
        int best = run_law(&other, &most);
        struct reward_figures f = law_of(&other, best);
        ck_assert_int_eq(f.correct, 948); // slot 0 narrow, and no other
        ck_assert_int_eq(f.latency_cycles, 790);
        study_agent_finish(&other);
    }
}
END_TEST

START_TEST(alternatives_follow_every_goal_by_its_reward)
{
    static const enum agent_algorithm all[] = {AGENT_RANDOM, AGENT_UNIFORM, AGENT_LOCAL, AGENT_SENSITIVITY, AGENT_FROZEN};
    double most;
    file.goal = STUDY_LEAST_COST;
    file.goal_cost = REWARD_LATENCY;
    file.max_loss_points = 1;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct study_agent other;
        file.algorithm = (int)all[i];
        ck_assert_int_eq(study_agent_init(&other, &space, layers, 4, &file, &error), 0);
        ck_assert_int_gt(run_law(&other, &most), 0);
        if (all[i] == AGENT_LOCAL)
            ck_assert_double_gt(most, 0);
        study_agent_finish(&other);
    }
}
END_TEST

START_TEST(a_whole_front_is_looked_for)
{
    struct study_agent other;
    double most;
    bool found[1001] = {false};
    file.goal = STUDY_WHOLE_FRONT;
    file.goal_cost = REWARD_LATENCY;
    ck_assert_int_eq(study_agent_init(&other, &space, layers, 4, &file, &error), 0);
    run_law(&other, &most);
    for (int t = 3; t <= other.n_trials; t++)
        found[law_of(&other, t).latency_cycles] = true;
    ck_assert(found[790] && found[680] && found[570] && found[460]); // every step of the front
    study_agent_finish(&other);
}
END_TEST

START_TEST(an_agent_that_is_taught_anew_proposes_nothing_known)
{
    struct study_agent other;
    char text[CANDIDATE_TEXT_MAX], known[CANDIDATE_TEXT_MAX];
    struct agent_step s = step(&agent, 0);
    for (int t = 1; t <= 9; t++) {
        agent_step_finish(&s);
        s = step(&agent, t);
    }
    agent_step_finish(&s);
    load_trials(&other, 9);
    for (int t = 1; t <= 9; t++)
        ck_assert_int_eq(study_agent_teach(&other, t, &error), 0);
    for (int t = 10; t <= other.n_trials; t++) {
        s = step(&other, t);
        agent_step_finish(&s);
    }
    ck_assert_int_eq(other.n_trials, 32);
    for (int i = agent.n_trials + 1; i <= 32; i++) {
        text_of(&other, i, text);
        for (int j = 1; j < i; j++) {
            text_of(&other, j, known);
            ck_assert_str_ne(text, known);
        }
    }
    study_agent_finish(&other);
}
END_TEST

START_TEST(stored_candidates_of_another_space_are_refused)
{
    ck_assert_int_eq(study_agent_add(&agent, "w8a8", &error), 0);
    ck_assert_int_eq(study_agent_add(&agent, "float32", &error), 0);
    ck_assert_int_eq(study_agent_add(&agent, "w8a8 w8a8", &error), -1);
    ck_assert_int_eq(study_agent_add(&agent, "w8a8 w8a8 w8a8 w6a8", &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "trial 3"));
}
END_TEST

/* A list of n numbers that may be a policy's. */
static const char *policy_of(int n)
{
    static char text[64 + 16 * (AGENT_PRIOR + 2)];
    size_t at = (size_t)sprintf(text, ",\"policy_format\":%d,\"policy\":[-1", AGENT_PRIOR_FORMAT);
    for (int i = 1; i < n; i++)
        at += (size_t)sprintf(text + at, ",%g", 0.25 * (i % 3));
    strcpy(text + at, "]");
    return text;
}

/* What an earlier study found, as it is kept: w8a8, the best of all, one of another space, one without its layers' cycles. */
static void begin_with(const char *policy)
{
    static char path[] = "/tmp/pare-warm-XXXXXX";
    static char text[1024 + 16 * (AGENT_PRIOR + 2)];
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    snprintf(text, sizeof text,
             "{\"schema\":\"pare.trials/1\",\"from\":\"earlier\"%s,\"trials\":["
             "{\"candidate\":\"w8a8 w8a8 w8a8 w8a8\",\"correct\":950,\"of\":1000,\"flash_bytes\":1000,\"latency_cycles\":1000,"
             "\"layer_cycles\":[300,300,300,100]},"
             "{\"candidate\":\"w4a8 w8a8 w8a8 w8a8\",\"correct\":948,\"of\":1000,\"flash_bytes\":900,\"latency_cycles\":790,"
             "\"layer_cycles\":[100,300,290,100]},"
             "{\"candidate\":\"w6a8 w8a8 w8a8 w8a8\",\"correct\":948,\"of\":1000,\"flash_bytes\":900,\"latency_cycles\":790},"
             "{\"candidate\":\"w4a8 w4a8 w8a8 w8a8\",\"correct\":928,\"of\":1000,\"flash_bytes\":800,\"latency_cycles\":680}]}", policy);
    ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    snprintf(file.from, sizeof file.from, "%s", path);
}

START_TEST(what_a_study_begins_with_is_none_of_its_own)
{
    struct study_agent warm, other;
    char text[CANDIDATE_TEXT_MAX];
    begin_with(policy_of(AGENT_PRIOR));
    ck_assert_msg(study_agent_init(&warm, &space, layers, 4, &file, &error) == 0, "%s", error.text);
    ck_assert_int_eq(study_agent_init(&other, &space, layers, 4, &file, &error), 0);
    ck_assert_int_eq(warm.warm.n, 3); // w6a8 is no option here
    struct agent_step s = step(&warm, 0);
    ck_assert_int_eq(agent_results(warm.agent), 3);
    ck_assert_int_eq(warm.n_trials, 4); // baselines and proposals only
    ck_assert_ptr_nonnull(strstr(s.summary, "\"from\":\"earlier\",\"imported\":3,\"left_out\":1,\"entropy_bits\""));
    for (int t = 1; t <= 9; t++) {
        agent_step_finish(&s);
        s = step(&warm, t);
    }
    for (int t = 1; t <= warm.n_trials; t++) {
        text_of(&warm, t, text);
        ck_assert_int_eq(study_agent_add(&other, text, &error), 0);
        if (t <= 9)
            know(&other, t);
    }
    ck_assert_msg(study_agent_load(&other, s.state, (size_t)s.state_size, 9, &error) == 0, "%s", error.text);
    agent_step_finish(&s);
    for (int t = 10; t <= 20; t++) {
        struct agent_step a = step(&warm, t), b = step(&other, t);
        ck_assert_int_eq(a.state_size, b.state_size);
        ck_assert_mem_eq(a.state, b.state, (size_t)a.state_size);
        agent_step_finish(&a);
        agent_step_finish(&b);
    }
    unlink(file.from);
    study_agent_finish(&warm);
    study_agent_finish(&other);
}
END_TEST

START_TEST(the_best_of_an_earlier_study_is_measured_again_soon)
{
    struct study_agent warm;
    char text[CANDIDATE_TEXT_MAX];
    double most;
    int at = 0;
    file.goal = STUDY_LEAST_COST;
    file.goal_cost = REWARD_LATENCY;
    file.max_loss_points = 1;
    begin_with("");
    ck_assert_int_eq(study_agent_init(&warm, &space, layers, 4, &file, &error), 0);
    run_law(&warm, &most);
    for (int t = 3; t <= warm.n_trials && at == 0; t++) {
        text_of(&warm, t, text);
        at = strcmp(text, "w4a8 w8a8 w8a8 w8a8") == 0 || strcmp(text, "w2a8 w8a8 w8a8 w8a8") == 0 ? t : 0;
    }
    ck_assert_int_gt(at, 0);
    ck_assert_int_le(at, 10);
    unlink(file.from);
    study_agent_finish(&warm);
}
END_TEST

/* An earlier study of another network: nothing but its policy. */
START_TEST(a_policy_is_what_the_agent_begins_with)
{
    static char path[] = "/tmp/pare-policy-XXXXXX";
    struct study_agent warm;
    double cold_probabilities[4 * 3], warm_probabilities[4 * 3];
    int fd = mkstemp(path);
    dprintf(fd, "{\"schema\":\"pare.trials/1\",\"from\":\"earlier\"%s,\"trials\":[]}", policy_of(AGENT_PRIOR));
    close(fd);
    snprintf(file.from, sizeof file.from, "%s", path);
    ck_assert_msg(study_agent_init(&warm, &space, layers, 4, &file, &error) == 0, "%s", error.text);
    agent_probabilities(agent.agent, cold_probabilities);
    agent_probabilities(warm.agent, warm_probabilities);
    ck_assert_mem_ne(cold_probabilities, warm_probabilities, sizeof cold_probabilities);
    struct agent_step cold = step(&agent, 0), with = step(&warm, 0);
    ck_assert(cold.state_size == with.state_size && memcmp(cold.state, with.state, (size_t)cold.state_size) != 0);
    agent_step_finish(&cold);
    agent_step_finish(&with);
    study_agent_finish(&warm);
    unlink(path);
}
END_TEST

START_TEST(a_policy_of_another_version_costs_no_trials)
{
    struct study_agent warm;
    begin_with(policy_of(AGENT_PRIOR + 1));
    ck_assert_msg(study_agent_init(&warm, &space, layers, 4, &file, &error) == 0, "%s", error.text);
    ck_assert(warm.warm.n == 3 && !warm.warm.has_prior);
    struct agent_step s = step(&warm, 0);
    ck_assert_int_eq(agent_results(warm.agent), 3);
    ck_assert_ptr_nonnull(strstr(s.summary, "\"no_policy\":\"it is of another version of pare: "));
    agent_step_finish(&s);
    study_agent_finish(&warm);
    unlink(file.from);
}
END_TEST

START_TEST(a_file_is_begun_with_as_a_study_is)
{
    struct study_agent warm;
    begin_with(policy_of(AGENT_PRIOR));
    snprintf(file.from_file, sizeof file.from_file, "%s", file.from);
    file.from[0] = '\0';
    ck_assert_msg(study_agent_init(&warm, &space, layers, 4, &file, &error) == 0, "%s", error.text);
    ck_assert(warm.warm.n == 3 && warm.warm.has_prior);
    study_agent_finish(&warm);
    unlink(file.from_file);
}
END_TEST

/* The table of costs multiplies what shapes have by ratios that it saw elsewhere. */
START_TEST(expected_costs_beyond_all_bounds_stay_in_range)
{
    static const char *const candidates[] = {"w8a8", "float32", "w4a8 w8a8 w8a8 w8a8", "w8a8 w4a8 w8a8 w8a8"};
    const int64_t many = 1000000000000000, cycles[2][4] = {{1, many, many, 1}, {many, many, many, 1}};
    struct reward_figures f = {.correct = 1, .total = 1, .flash_bytes = 1, .ram_bytes = 1, .latency_cycles = 3 * many, .energy_nj = many}, hope;
    for (int t = 1; t <= 4; t++)
        ck_assert_msg(study_agent_add(&agent, candidates[t - 1], &error) == 0, "%s", error.text);
    study_agent_know(&agent, 1, STORE_MEASURED, &f, cycles[0], 4);
    study_agent_know(&agent, 3, STORE_MEASURED, &f, cycles[1], 4);
    study_agent_hope(&agent, 4, 3, &hope);
    ck_assert(hope.latency_cycles == 1000000000000000000 && hope.energy_nj == 1000000000000000000);
}
END_TEST

START_TEST(a_damaged_beginning_is_refused)
{
    struct study_agent warm;
    begin_with("]");
    ck_assert_int_eq(study_agent_init(&warm, &space, layers, 4, &file, &error), -1);
    ck_assert_str_eq(error.text, "what the study began with is not pare.trials/1");
    study_agent_finish(&warm);
    unlink(file.from);
    ck_assert_int_eq(study_agent_init(&warm, &space, layers, 4, &file, &error), -1);
    study_agent_finish(&warm);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("study_agent");
    TCase *t = suite_case(s, "study_agent", set_up, tear_down);
    tcase_add_test(t, the_first_step_proposes_what_may_be_ahead);
    tcase_add_test(t, no_candidate_is_proposed_twice_and_the_reference_never);
    tcase_add_test(t, a_loaded_agent_goes_on_bit_for_bit);
    tcase_add_test(t, of_a_loaded_agent_the_same_is_said);
    tcase_add_test(t, the_least_cost_is_found_above_the_floor);
    tcase_add_test(t, alternatives_follow_every_goal_by_its_reward);
    tcase_add_test(t, a_whole_front_is_looked_for);
    tcase_add_test(t, an_agent_that_is_taught_anew_proposes_nothing_known);
    tcase_add_test(t, what_a_study_begins_with_is_none_of_its_own);
    tcase_add_test(t, the_best_of_an_earlier_study_is_measured_again_soon);
    tcase_add_test(t, a_policy_is_what_the_agent_begins_with);
    tcase_add_test(t, a_policy_of_another_version_costs_no_trials);
    tcase_add_test(t, a_file_is_begun_with_as_a_study_is);
    tcase_add_test(t, expected_costs_beyond_all_bounds_stay_in_range);
    tcase_add_test(t, a_damaged_beginning_is_refused);
    tcase_add_test(t, stored_candidates_of_another_space_are_refused);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The agent's steps in a study: what is proposed when, and that a saved agent goes on as if nothing had been.
#include "daemon/study_agent.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct space space;
static struct study_file file;
static struct study_agent agent;
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
    ck_assert_int_eq(study_agent_init(&agent, &space, &file, &error), 0);
}

static void tear_down(void)
{
    study_agent_finish(&agent);
}

static struct agent_step step(struct study_agent *a, int trial)
{
    struct agent_step s = {.trial = trial, .outcome = trial % 7 == 6 ? STORE_GIVEN_UP : STORE_MEASURED, .reward = sin(trial)};
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
    agent_step_finish(&s);
    text_of(&agent, 1, text);
    ck_assert_str_eq(text, "w8a8 w8a8 w8a8 w8a8");
    text_of(&agent, 2, text);
    ck_assert_str_eq(text, "float32 float32 float32 float32");
    for (int t = 1; t <= 5; t++) {
        s = step(&agent, t);
        ck_assert_int_eq(s.n_proposals, 1);
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
static void load_trials(struct study_agent *other)
{
    char text[CANDIDATE_TEXT_MAX];
    ck_assert_int_eq(study_agent_init(other, &space, &file, &error), 0);
    for (int t = 1; t <= agent.n_trials; t++) {
        text_of(&agent, t, text);
        ck_assert_msg(study_agent_add(other, text, &error) == 0, "%s", error.text);
    }
}

START_TEST(a_loaded_agent_goes_on_bit_for_bit)
{
    struct study_agent other;
    struct agent_step s = step(&agent, 0);
    for (int t = 1; t <= 9; t++) {
        agent_step_finish(&s);
        s = step(&agent, t);
    }
    load_trials(&other);
    ck_assert_msg(study_agent_load(&other, s.state, (size_t)s.state_size, &error) == 0, "%s", error.text);
    agent_step_finish(&s);
    for (int t = 10; t <= 20; t++) {
        struct agent_step a = step(&agent, t), b = step(&other, t);
        ck_assert_int_eq(a.state_size, b.state_size);
        ck_assert_mem_eq(a.state, b.state, (size_t)a.state_size);
        ck_assert_int_eq(a.n_proposals, b.n_proposals);
        agent_step_finish(&a);
        agent_step_finish(&b);
    }
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
    load_trials(&other);
    for (int t = 1; t <= 9; t++)
        ck_assert_int_eq(study_agent_teach(&other, t, t % 7 == 6 ? STORE_GIVEN_UP : STORE_MEASURED, sin(t), &error), 0);
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

int main(void)
{
    Suite *s = suite_create("study_agent");
    TCase *t = tcase_create("study_agent");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 0);
    tcase_add_test(t, the_first_step_proposes_what_may_be_ahead);
    tcase_add_test(t, no_candidate_is_proposed_twice_and_the_reference_never);
    tcase_add_test(t, a_loaded_agent_goes_on_bit_for_bit);
    tcase_add_test(t, an_agent_that_is_taught_anew_proposes_nothing_known);
    tcase_add_test(t, stored_candidates_of_another_space_are_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

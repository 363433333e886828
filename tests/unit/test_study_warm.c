// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What a new study takes of an earlier one's trials and policy, what it keeps of them, and what it says of the rest.
#include "daemon/study_warm.h"
#include "daemon/trials_file.h"
#include "daemon/trials_identity.h"
#include "tests/unit/trials_case.h"

#include "base/file.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNNER STORE_CASE_RUNNER

static const char *source_root;
static struct trials_case c;
static struct warm warm;
static struct error *const error = &store_case_error;

static void set_up(void)
{
    trials_case_open(&c);
    memset(&warm, 0, sizeof warm);
}

static void tear_down(void)
{
    warm_finish(&warm);
    trials_case_close(&c);
}

static struct warm_taken take(const struct study_file *f, const char *sha256)
{
    struct warm_taken taken;
    cJSON *ours = trials_identity(f, RUNNER, true);
    must(warm_take(c.tree, &(struct warm_source){"alps", sha256}, ours, &taken, error));
    cJSON_Delete(ours);
    return taken;
}

static void read_kept(void)
{
    char *text = trials_case_text(c.tree);
    warm_finish(&warm);
    must(warm_read(text, &c.space, STORE_CASE_LAYERS, &warm, error));
    free(text);
}

START_TEST(a_study_of_the_same_takes_trials_and_policy)
{
    struct warm_taken taken = take(&c.file, NULL);
    ck_assert(taken.trials == TRIALS_CASE_TRIALS && taken.policy && !taken.no_trials.text[0] && !taken.no_policy.text[0]);
    read_kept();
    ck_assert_str_eq(warm.from, "alps");
    ck_assert(warm.n == TRIALS_CASE_TRIALS && warm.offered == TRIALS_CASE_TRIALS && warm.has_prior && !warm.file_sha256[0]);
    ck_assert(warm.reference.correct == 1837 && warm.reference.total == 2000);
    for (int i = 0; i < TRIALS_CASE_TRIALS; i++) {
        const struct reward_figures *f = &warm.trials[i].figures;
        int t = i ? i + 2 : 1;
        ck_assert(f->correct == 1800 + t * 37 % 101 && f->total == 2000 && f->flash_bytes == 40000 - t * 1013 && f->ram_bytes == 16000 + t);
        ck_assert(f->latency_cycles == 4000000 + t * 7919 && f->energy_nj == 600000 + t && f->clock_hz == 160000000);
        for (int k = 0; k < STORE_CASE_LAYERS; k++)
            ck_assert_int_eq(warm.trials[i].layer_cycles[k], 1000 * t + k);
    }
}
END_TEST

START_TEST(what_differs_is_named_and_only_the_policy_is_taken)
{
    struct study_file other = c.file;
    other.clipping = 1;
    other.network[sizeof "/srv/files/"] = '9';
    struct warm_taken taken = take(&other, RUNNER);
    ck_assert(taken.trials == 0 && taken.policy);
    ck_assert_str_eq(taken.no_trials.text, "\"network\" is 111111111111... there and 191111111111... here; \"space.clipping\" is \"mse\" there and \"minmax\" here");
    read_kept();
    ck_assert(warm.n == 0 && warm.has_prior && warm.reference.total == 0);
    ck_assert_str_eq(warm.file_sha256, RUNNER);
    ck_assert_str_eq(warm.no_trials.text, taken.no_trials.text);
}
END_TEST

START_TEST(boards_must_be_the_same_and_of_the_same_kind)
{
    struct error why;
    static const char *const runners[] = {RUNNER, TRIALS_CASE_SHA256("0")};
    for (int i = 0; i < 4; i++) {
        cJSON *ours = trials_identity(&c.file, runners[i / 2], i % 2);
        ck_assert_int_eq(trials_identity_equal(trials_case_in(&c, "identity"), ours, &why), i == 1);
        cJSON_Delete(ours);
    }
    ck_assert_str_eq(why.text, "\"runner\" is cccccccccccc... there and 000000000000... here");
}
END_TEST

START_TEST(a_policy_of_another_version_is_left_and_the_trials_are_taken)
{
    char numbers[64];
    trials_case_set(c.tree, "policy", "[0.5,1,2,3,4,5,6,7]");
    if (AGENT_PRIOR == 8)
        trials_case_set(c.tree, "policy", "[0.5]");
    snprintf(numbers, sizeof numbers, "numbers, and this one's has %d", AGENT_PRIOR);
    struct warm_taken taken = take(&c.file, NULL);
    ck_assert(taken.trials == TRIALS_CASE_TRIALS && !taken.policy && strstr(taken.no_policy.text, numbers));
    read_kept();
    ck_assert(warm.n == TRIALS_CASE_TRIALS && !warm.has_prior && strstr(warm.no_policy.text, numbers));
}
END_TEST

/* As what a study takes says, and what it keeps of that. */
static void policy_is_left(const char *words)
{
    cJSON *kept = cJSON_Duplicate(c.tree, 1);
    struct warm_taken taken = take(&c.file, NULL);
    ck_assert_msg(taken.trials == TRIALS_CASE_TRIALS && !taken.policy && strstr(taken.no_policy.text, words), "%s", taken.no_policy.text);
    read_kept();
    ck_assert(warm.n == TRIALS_CASE_TRIALS && !warm.has_prior && strstr(warm.no_policy.text, words));
    cJSON_Delete(c.tree);
    c.tree = kept;
}

START_TEST(a_policy_whose_numbers_mean_something_else_is_left)
{
    ck_assert(store_case_number(c.tree, "policy_format") == AGENT_PRIOR_FORMAT);
    cJSON_SetNumberValue(trials_case_in(&c, "policy_format"), AGENT_PRIOR_FORMAT + 1);
    policy_is_left("of another version of pare: format ");
    cJSON_DeleteItemFromObject(c.tree, "policy_format");
    policy_is_left("of another version of pare: it has no \"policy_format\"");
}
END_TEST

START_TEST(a_policy_that_would_never_learn_again_is_left)
{
    cJSON *number = cJSON_GetArrayItem(trials_case_in(&c, "policy"), 2);
    cJSON_SetNumberValue(number, -20);
    ck_assert(warm_policy(c.tree, (double[AGENT_PRIOR]){0}, error) == 0);
    cJSON_SetNumberValue(number, -20.5);
    policy_is_left("number 3 of it is beyond 20");
}
END_TEST

/* That a file has, but no study could read again. */
START_TEST(more_than_a_study_can_keep_is_refused)
{
    char *long_text = malloc(WARM_TEXT_MAX + 1), *text;
    memset(long_text, 'x', WARM_TEXT_MAX);
    long_text[WARM_TEXT_MAX] = '\0';
    cJSON_AddStringToObject(trials_case_trial(&c, 1), "later", long_text);
    text = trials_case_text(c.tree);
    cJSON *o = trials_case_parse(text);
    ck_assert_msg(o != NULL, "%s", error->text); // members that are not known are nobody's fault
    ck_assert_ptr_null(warm_text(c.tree, error));
    ck_assert_str_eq(error->text, "what a study would keep of it has more than 8388608 bytes");
    cJSON_DeleteItemFromObject(trials_case_trial(&c, 1), "later");
    free(text);
    text = warm_text(c.tree, error);
    ck_assert_ptr_nonnull(text);
    free(text);
    free(long_text);
    cJSON_Delete(o);
}
END_TEST

START_TEST(a_file_from_before_a_key_was_known_is_of_another_study)
{
    cJSON_DeleteItemFromObject(trials_case_in(&c, "identity"), "space.clipping");
    cJSON_DeleteItemFromObject(trials_case_in(&c, "identity"), "network");
    char *text = trials_case_text(c.tree);
    cJSON *o = trials_case_parse(text);
    ck_assert_msg(o != NULL, "%s", error->text);
    struct warm_taken taken = take(&c.file, NULL);
    ck_assert(taken.trials == 0 && taken.policy);
    ck_assert_str_eq(taken.no_trials.text, "\"network\" is nothing there and 111111111111... here; \"space.clipping\" is nothing there and \"mse\" here");
    cJSON_Delete(o);
    free(text);
}
END_TEST

/* Else its broken versions would never reach what reads a policy. */
START_TEST(the_sample_of_the_fuzzer_has_a_policy_of_this_version)
{
    char path[512], *text;
    size_t size;
    double prior[AGENT_PRIOR];
    snprintf(path, sizeof path, "%s/tests/data/fake.trials.json", source_root);
    must(file_read(path, TRIALS_FILE_MAX, &text, &size, error));
    cJSON *o = trials_file_parse(text, size, error);
    ck_assert_msg(o != NULL, "%s", error->text);
    ck_assert_msg(warm_policy(o, prior, error) == 0, "%s (tests/data/fake_trials.sh gives it one)", error->text);
    cJSON_Delete(o);
    free(text);
}
END_TEST

START_TEST(what_has_neither_trials_nor_policy_for_a_study_is_refused)
{
    struct warm_taken taken;
    cJSON *ours = trials_identity(&c.file, RUNNER, false);
    cJSON_DeleteItemFromObject(c.tree, "policy");
    ck_assert_int_eq(warm_take(c.tree, &(struct warm_source){"a.json", RUNNER}, ours, &taken, error), -1);
    ck_assert_str_eq(error->text, "the file a.json has nothing to begin with: its trials are no measure (\"origin\" is \"virtual\" there and \"real\" here), and its "
                                  "policy cannot be used (there is none)");
    cJSON_Delete(ours);
}
END_TEST

START_TEST(of_many_trials_w8a8_and_the_newest_are_taken)
{
    cJSON *list = trials_case_in(&c, "trials");
    for (int i = 0; i < WARM_TRIALS_MAX; i++) {
        cJSON *t = cJSON_Duplicate(trials_case_trial(&c, 1), 1);
        trials_case_set(t, "trial", "1");
        cJSON_SetNumberValue(cJSON_GetObjectItem(t, "trial"), 100 + i);
        cJSON_AddItemToArray(list, t);
    }
    struct warm_taken taken = take(&c.file, NULL);
    ck_assert_int_eq(taken.trials, WARM_TRIALS_MAX);
    ck_assert(store_case_number(trials_case_trial(&c, 0), "trial") == 1 && store_case_number(trials_case_trial(&c, 1), "trial") == 101);
    ck_assert(store_case_number(trials_case_trial(&c, WARM_TRIALS_MAX - 1), "trial") == 100 + WARM_TRIALS_MAX - 1);
}
END_TEST

START_TEST(candidates_that_are_not_searched_here_are_left_out)
{
    take(&c.file, NULL);
    c.space.slots[0].allowed &= ~(1u << 3); // w5a1, of trial 4
    read_kept();
    ck_assert(warm.n == TRIALS_CASE_TRIALS - 1 && warm.offered == TRIALS_CASE_TRIALS);
}
END_TEST

START_TEST(what_was_kept_before_there_were_files_is_still_read)
{
    must(warm_read("{\"schema\":\"pare.warm/1\",\"from\":\"old\",\"no_trials\":\"its network is another one\",\"trials\":[]}", &c.space, 3, &warm, error));
    ck_assert(warm.n == 0 && !warm.has_prior && strcmp(warm.from, "old") == 0 && strcmp(warm.no_trials.text, "its network is another one") == 0);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_study_warm SOURCE_ROOT\n");
        return 2;
    }
    source_root = argv[1];
    Suite *s = suite_create("study_warm");
    TCase *t = suite_case(s, "study_warm", set_up, tear_down);
    tcase_add_test(t, a_study_of_the_same_takes_trials_and_policy);
    tcase_add_test(t, what_differs_is_named_and_only_the_policy_is_taken);
    tcase_add_test(t, boards_must_be_the_same_and_of_the_same_kind);
    tcase_add_test(t, a_policy_of_another_version_is_left_and_the_trials_are_taken);
    tcase_add_test(t, a_policy_whose_numbers_mean_something_else_is_left);
    tcase_add_test(t, a_policy_that_would_never_learn_again_is_left);
    tcase_add_test(t, more_than_a_study_can_keep_is_refused);
    tcase_add_test(t, a_file_from_before_a_key_was_known_is_of_another_study);
    tcase_add_test(t, the_sample_of_the_fuzzer_has_a_policy_of_this_version);
    tcase_add_test(t, what_has_neither_trials_nor_policy_for_a_study_is_refused);
    tcase_add_test(t, of_many_trials_w8a8_and_the_newest_are_taken);
    tcase_add_test(t, candidates_that_are_not_searched_here_are_left_out);
    tcase_add_test(t, what_was_kept_before_there_were_files_is_still_read);
    return suite_run(s);
}

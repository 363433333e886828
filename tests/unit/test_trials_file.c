// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Trials of a study as a file: what is written, and what is refused and with which words.
#include "daemon/trials_export.h"
#include "daemon/trials_file.h"
#include "tests/unit/trials_case.h"

#include "base/rng.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS 500
#define RUNNER STORE_CASE_RUNNER
#define LONG RUNNER RUNNER // a name that no network has

static struct trials_case c;
static struct error *const error = &store_case_error;

static void set_up(void)
{
    trials_case_open(&c);
}

static void tear_down(void)
{
    trials_case_close(&c);
}

/* The tree as it is now is refused with these words, in one line. */
static void refused(const char *words)
{
    char *text = trials_case_text(c.tree);
    cJSON *o = trials_case_parse(text);
    ck_assert_msg(!o, "taken in spite of: %s", words);
    ck_assert_msg(strstr(error->text, words) && !strchr(error->text, '\n'), "\"%s\" is not in \"%s\"", words, error->text);
    free(text);
}

START_TEST(a_study_hands_out_what_it_measured_and_where)
{
    const cJSON *first = trials_case_trial(&c, 0), *third = trials_case_trial(&c, 2), *identity = trials_case_in(&c, "identity");
    ck_assert_int_eq(cJSON_GetArraySize(trials_case_in(&c, "trials")), TRIALS_CASE_TRIALS);
    ck_assert_str_eq(store_case_text(first, "candidate"), "w8a8 w8a8");
    ck_assert_str_eq(store_case_text(third, "candidate"), "w5a1 w1a8/log"); // trial 2 is float32
    ck_assert(store_case_number(third, "trial") == 4 && store_case_number(third, "correct") == 1800 + 4 * 37 % 101 && store_case_number(third, "of") == 2000);
    ck_assert(store_case_number(third, "flash_bytes") == 40000 - 4 * 1013 && store_case_number(third, "ram_bytes") == 16004);
    ck_assert(store_case_number(third, "latency_cycles") == 4000000 + 4 * 7919 && store_case_number(third, "energy_nj") == 600004);
    ck_assert(store_case_number(third, "clock_hz") == 160000000 && cJSON_GetArraySize(cJSON_GetObjectItem(third, "layer_cycles")) == STORE_CASE_LAYERS);
    ck_assert_str_ne(store_case_text(trials_case_in(&c, "tool"), "version"), "");
    ck_assert_str_eq(store_case_text(identity, "board_type"), "virtual-u585");
    ck_assert_str_eq(store_case_text(identity, "origin"), "virtual");
    ck_assert_str_eq(store_case_text(identity, "runner"), RUNNER);
    ck_assert_str_eq(store_case_text(identity, "network"), TRIALS_CASE_SHA256("1"));
    ck_assert_str_eq(store_case_text(identity, "space.clipping"), "mse");
    ck_assert_str_eq(cJSON_GetArrayItem(trials_case_in(&c, "slots"), 1)->valuestring, "dw_1+fc");
    ck_assert_str_eq(store_case_text(cJSON_GetArrayItem(trials_case_in(&c, "layers"), 2), "name"), "fc");
    ck_assert_int_eq(cJSON_GetArraySize(trials_case_in(&c, "policy")), AGENT_PRIOR);
}
END_TEST

START_TEST(what_is_written_is_read_back_and_equal_studies_give_equal_bytes)
{
    cJSON *again = NULL;
    char *text = trials_case_text(c.tree), *other;
    cJSON *o = trials_case_parse(text);
    ck_assert_msg(o != NULL, "%s", error->text);
    must(trials_export(c.lab.s, "", c.lab.study, &again, error));
    other = trials_case_text(again);
    ck_assert_str_eq(text, other);
    free(other);
    other = trials_case_text(o);
    ck_assert_str_eq(text, other);
    free(other);
    free(text);
    cJSON_Delete(again);
    cJSON_Delete(o);
}
END_TEST

START_TEST(the_last_line_is_the_sha256_of_what_stands_before_it)
{
    char *text = trials_case_text(c.tree), hex[SHA256_HEX];
    char *line = strstr(text, "\n\"sha256\":\"") + 1;
    uint8_t digest[SHA256_BYTES];
    sha256_of(text, (size_t)(line - text), digest);
    ck_assert_int_eq(strncmp(line + sizeof "\"sha256\":\"" - 1, sha256_hex(digest, hex), 64), 0);
    free(text);
}
END_TEST

START_TEST(a_study_that_has_not_measured_w8a8_has_no_trials)
{
    cJSON *o;
    trials_case_begin(&c, "new");
    must(trials_export(c.lab.s, "new", 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), 0);
    ck_assert_str_eq(store_case_text(o, "no_trials"), "its w8a8 was not measured");
    ck_assert_ptr_nonnull(strstr(store_case_text(o, "no_policy"), "no saved agent")); // and none is made up
    ck_assert_ptr_null(cJSON_GetObjectItem(o, "policy"));
    cJSON_Delete(o);
    ck_assert_int_eq(trials_export(c.lab.s, "none", 0, &o, error), STORE_NOT_FOUND);
    ck_assert_ptr_null(o);
}
END_TEST

/* Measures trial 1 of a study of its own, which then hands out `no_trials`. */
static void no_trials(const char *name, const char *provenance, int n_figures, const char *reason)
{
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS], seq;
    int attempt;
    cJSON *o;
    trials_case_begin(&c, name);
    store_case_propose(&c.lab, 1, 1, 1);
    must(store_attempt(c.lab.s, c.lab.study, 1, "vboard-1", &attempt, error));
    struct store_result r = store_case_result(1, attempt, figures, cycles);
    r.n_figures = n_figures > 0 ? n_figures : r.n_figures;
    r.provenance = provenance ? provenance : r.provenance;
    must(store_measured(c.lab.s, c.lab.study, &r, NULL, &seq, error));
    must(trials_export(c.lab.s, name, 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), 0);
    ck_assert_str_eq(store_case_text(o, "no_trials"), reason);
    cJSON_Delete(o);
}

START_TEST(a_study_whose_w8a8_is_no_measure_now_says_why)
{
    static const char other[] = "its w8a8 was not measured with the runner that the study has now";
    no_trials("half", NULL, 5, "its w8a8 was measured, but without \"energy_nj\"");
    no_trials("older", "{\"runner\":\"" TRIALS_CASE_SHA256("0") "\"}", 0, other);
    no_trials("silent", "{}", 0, other);
}
END_TEST

START_TEST(trials_of_another_runner_are_not_handed_out)
{
    cJSON *o;
    must(store_study_runner(c.lab.s, c.lab.study, TRIALS_CASE_SHA256("0"), error));
    must(trials_export(c.lab.s, "alps", 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), 0);
    ck_assert_ptr_nonnull(strstr(store_case_text(o, "no_trials"), "the runner that the study has now"));
    cJSON_Delete(o);
}
END_TEST

START_TEST(a_policy_that_never_moved_is_not_handed_out)
{
    cJSON *o;
    trials_case_agent(&c, 3, AGENT_RANDOM);
    must(trials_export(c.lab.s, "alps", 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), TRIALS_CASE_TRIALS);
    ck_assert_str_eq(store_case_text(o, "no_policy"), "it has not learned yet");
    ck_assert(!cJSON_GetObjectItem(o, "policy") && !cJSON_GetObjectItem(o, "policy_format"));
    cJSON_Delete(o);
}
END_TEST

START_TEST(what_is_no_file_of_trials_is_refused)
{
    char *text = trials_case_text(c.tree);
    ck_assert(!trials_case_parse("") && strstr(error->text, "is not JSON"));
    ck_assert(!trials_case_parse("[1,2") && strstr(error->text, "cut or changed"));
    ck_assert(!trials_case_parse("[1,2]") && strstr(error->text, "no \"schema\""));
    ck_assert(!trials_case_parse("{\"a\":1,\"a\":1}") && strstr(error->text, "stands twice"));
    ck_assert(!trials_case_parse("{\"schema\":\"pare.config/1\"}") && strstr(error->text, "it is pare.config/1, and this pare reads pare.trials/1"));
    char *end = strstr(text, "\"sha256\"");
    snprintf(end - 2, 4, "}\n");
    ck_assert(!trials_case_parse(text) && strstr(error->text, "last line is not its SHA-256"));
    free(text);
    trials_case_set(c.tree, "schema", "\"pare.trials/2\"");
    refused("it is pare.trials/2, and this pare reads pare.trials/1");
}
END_TEST

START_TEST(a_file_of_too_many_values_is_refused_as_such)
{
    size_t n = TRIALS_FILE_VALUES_MAX;
    char *text = malloc(2 * n + 2);
    for (size_t i = 0; i < n; i++)
        memcpy(text + 2 * i, i ? ",0" : "[0", 2);
    strcpy(text + 2 * n, "]");
    ck_assert(!trials_case_parse(text) && strstr(error->text, "too many values"));
    free(text);
}
END_TEST

START_TEST(a_file_that_was_edited_is_refused)
{
    char *text = trials_case_text(c.tree), *at = strstr(text, "\"correct\":") + sizeof "\"correct\":" - 1;
    *at = *at == '1' ? '2' : '1';
    ck_assert(!trials_case_parse(text) && strstr(error->text, "has not the SHA-256"));
    free(text);
}
END_TEST

START_TEST(heads_that_make_no_sense_are_refused)
{
    static const char *const bad[][3] = {
        {"study", "7", "\"study\" is no name"},
        {"tool", "{}", "\"tool\" has no \"version\""},
        {"tool", "{\"version\":\"" LONG "\"}", "\"tool\" has no \"version\""},
        {"tool", "{\"version\":\"1\",\"more\":\"" LONG LONG LONG LONG LONG LONG LONG LONG "\"}", "\"tool\" has more than 1024 bytes"},
        {"quantized_sha256", "\"" LONG "\"", "\"quantized_sha256\" is no SHA-256"},
        {"identity", "[]", "no \"identity\""},
        {"options", "[]", "\"options\" are no list"},
        {"options", "[\"w8a8\",\"w8a8\"]", "entry 2 of its \"options\""},
        {"options", "[\"w8a8\",\"w99a8\"]", "entry 2 of its \"options\""},
        {"slots", "[]", "\"slots\" are no list"},
        {"slots", "[1,2]", "\"slots\" are no list"},
        {"slots", "[\"a\",\"" LONG "\"]", "\"slots\" are no list"},
        {"layers", "{}", "\"layers\" are no list"},
        {"layers", "[{\"name\":\"" LONG "\",\"kind\":\"b\",\"slot\":1}]", "\"layers\" are no list"},
        {"layers", "[{\"name\":\"a\",\"kind\":\"" LONG "\",\"slot\":1}]", "\"layers\" are no list"},
        {"policy_format", "0", "\"policy_format\" is no whole number"},
        {"policy_format", "\"1\"", "\"policy_format\" is no whole number"},
        {"layers", "[{\"name\":\"a\",\"kind\":\"b\",\"slot\":2}]", "\"layers\" are no list"},
        {"policy", "[1,null]", "\"policy\" is no list"},
        {"policy", "{\"a\":1}", "\"policy\" is no list"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cJSON *kept = cJSON_Duplicate(c.tree, 1);
        trials_case_set(c.tree, bad[i][0], bad[i][1]);
        refused(bad[i][2]);
        cJSON_Delete(c.tree);
        c.tree = kept;
    }
    char *many = calloc(1, 70000);
    many[0] = '"';
    memset(many + 1, 'x', 69000);
    many[69001] = '"';
    trials_case_set(trials_case_in(&c, "identity"), "later", many);
    free(many);
    refused("\"identity\" has more than 65536 bytes");
    trials_case_set(trials_case_in(&c, "identity"), "later", "1");
    cJSON *energy = cJSON_DetachItemFromObject(trials_case_in(&c, "identity"), "measure.energy");
    refused("\"measure.energy\" of its \"identity\" is neither"); // without it nobody knows what a trial should have
    cJSON_AddItemToObject(trials_case_in(&c, "identity"), "measure.energy", energy);
    trials_case_set(trials_case_in(&c, "identity"), "network", "\"abc\"");
    refused("\"network\" of its \"identity\" is no SHA-256");
}
END_TEST

/* What trials_file_text itself never writes. */
START_TEST(trials_that_are_no_list_are_refused)
{
    char *text = trials_case_text(c.tree), *at = strstr(text, "\"trials\":"), hex[SHA256_HEX];
    uint8_t digest[SHA256_BYTES];
    at += sprintf(at, "\"trials\":{\"a\":1},\n");
    sha256_of(text, (size_t)(at - text), digest);
    sprintf(at, "\"sha256\":\"%s\"}\n", sha256_hex(digest, hex));
    ck_assert_msg(!trials_case_parse(text) && strstr(error->text, "no list \"trials\""), "%s", error->text);
    free(text);
}
END_TEST

START_TEST(figures_that_cannot_be_are_refused)
{
    static const char *const bad[][3] = {
        {"trial", "0", "entry 3 of its \"trials\": its \"trial\""},
        {"trial", "3", "trial 3 comes after trial 3"},
        {"trial", "4.5", "no whole number"},
        {"candidate", "\"w8a8\"", "it has the candidate of trial 1"},
        {"candidate", "\"w4a1 w1a8/log\"", "trial 4: it has the candidate of trial 3"},
        {"candidate", "\"w8a8 w8a8 w8a8\"", "none of 2 slots"},
        {"candidate", "\"w8a8 w3a8\"", "has w3a8, which is none of \"options\""},
        {"candidate", "\"float32\"", "has float32, which is none of \"options\""},
        {"candidate", "null", "there is none"},
        {"correct", "-1", "\"correct\" is no whole number"},
        {"correct", "2001", "2001 right answers of 2000"},
        {"correct", "1e400", "too large"},
        {"of", "0", "\"of\" is no whole number from 1"},
        {"of", "4000", "are of 4000, those of w8a8 of 2000"},
        {"flash_bytes", "0", "\"flash_bytes\""},
        {"flash_bytes", "1e16", "\"flash_bytes\""},
        {"ram_bytes", "\"7\"", "\"ram_bytes\""},
        {"latency_cycles", "-4", "\"latency_cycles\""},
        {"latency_cycles", "4.25", "\"latency_cycles\""},
        {"clock_hz", "0", "\"clock_hz\""},
        {"energy_nj", "0", "\"energy_nj\""},
        {"layer_cycles", "[1,2]", "not of 3 layers"},
        {"layer_cycles", "[1,2,-3]", "no whole numbers"},
        {"layer_cycles", "7", "not of 3 layers"},
        {"layer_cycles", "[4031676,1007919,1]", "\"layer_cycles\" are 5039596 together, and an inference has 4031676"}, // 5/4 and 1
        {"latency_cycles", "1000000000001", "\"latency_cycles\""},
        {"energy_nj", "1000000000001", "\"energy_nj\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cJSON *kept = cJSON_Duplicate(c.tree, 1);
        if (strcmp(bad[i][1], "1e400") == 0) // that cJSON writes no such number is its own business
            cJSON_ReplaceItemInObject(trials_case_trial(&c, 2), bad[i][0], cJSON_CreateRaw("1e400"));
        else
            trials_case_set(trials_case_trial(&c, 2), bad[i][0], bad[i][1]);
        refused(bad[i][2]);
        cJSON_Delete(c.tree);
        c.tree = kept;
    }
    trials_case_set(trials_case_trial(&c, 2), "layer_cycles", "[4031676,1007919,0]");
    char *text = trials_case_text(c.tree);
    cJSON *o = trials_case_parse(text);
    ck_assert_msg(o != NULL, "%s", error->text);
    cJSON_Delete(o);
    free(text);
    trials_case_set(trials_case_in(&c, "identity"), "measure.energy", "false");
    refused("trial 1: it has \"energy_nj\", and \"measure.energy\" is false");
}
END_TEST

START_TEST(the_first_trial_must_be_w8a8)
{
    cJSON_DeleteItemFromArray(trials_case_in(&c, "trials"), 0);
    refused("trial 3: it comes first and is not w8a8");
}
END_TEST

/* Whatever becomes of some bytes, the trials are those that were measured or there are none. */
START_TEST(a_mutated_file_is_refused_or_has_the_same_trials)
{
    char *text = trials_case_text(c.tree), *broken = malloc(strlen(text) + 1);
    size_t size = strlen(text), taken = 0;
    struct rng r;
    rng_seed(&r, 20, 1);
    for (int i = 0; i < MUTATIONS; i++) {
        size_t length = size;
        memcpy(broken, text, size + 1);
        for (uint32_t k = 0, n = 1 + rng_below(&r, 4); k < n; k++) {
            char *byte = &broken[rng_below(&r, (uint32_t)size)];
            *byte = rng_below(&r, 2) ? (char)rng_u32(&r) : (char)(*byte ^ 1 << rng_below(&r, 7));
        }
        if (rng_below(&r, 8) == 0)
            length = rng_below(&r, (uint32_t)size);
        error->text[0] = '\0';
        cJSON *o = trials_file_parse(broken, length, error);
        ck_assert_msg(o ? cJSON_Compare(cJSON_GetObjectItem(o, "trials"), trials_case_in(&c, "trials"), 1) : error->text[0] && !strchr(error->text, '\n'), "mutation %d", i);
        taken += o != NULL;
        cJSON_Delete(o);
    }
    ck_assert_uint_lt(taken, MUTATIONS / 10); // a byte that was changed into itself
    free(broken);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trials_file");
    TCase *t = suite_case(s, "trials_file", set_up, tear_down);
    tcase_add_test(t, a_study_hands_out_what_it_measured_and_where);
    tcase_add_test(t, what_is_written_is_read_back_and_equal_studies_give_equal_bytes);
    tcase_add_test(t, the_last_line_is_the_sha256_of_what_stands_before_it);
    tcase_add_test(t, a_study_that_has_not_measured_w8a8_has_no_trials);
    tcase_add_test(t, a_study_whose_w8a8_is_no_measure_now_says_why);
    tcase_add_test(t, trials_of_another_runner_are_not_handed_out);
    tcase_add_test(t, a_policy_that_never_moved_is_not_handed_out);
    tcase_add_test(t, what_is_no_file_of_trials_is_refused);
    tcase_add_test(t, a_file_of_too_many_values_is_refused_as_such);
    tcase_add_test(t, a_file_that_was_edited_is_refused);
    tcase_add_test(t, heads_that_make_no_sense_are_refused);
    tcase_add_test(t, trials_that_are_no_list_are_refused);
    tcase_add_test(t, figures_that_cannot_be_are_refused);
    tcase_add_test(t, the_first_trial_must_be_w8a8);
    tcase_add_test(t, a_mutated_file_is_refused_or_has_the_same_trials);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Study files: what is read, what is refused, and that what is written is read back.
#include "daemon/study_file.h"
#include "base/file.h"
#include "daemon/study_wear.h"
#include "hwlink/board.h"
#include "schema/store.h"
#include "tests/suite.h"

#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct study_file file;
static struct error error;
static const char *studies;
static char field[KEYS_FIELD_MAX];

#define DATA "\"data\":{\"calibration\":\"c.npy\",\"validation\":\"v.npy\",\"validation_labels\":\"l.npy\"}"
#define HEAD "{\"name\":\"a\",\"network\":\"n.onnx\"," DATA ",\"board_type\":\"virtual\","
#define SPACE "\"space\":{\"options\":[\"w8a8\",\"w4a8\"]}"

static int parse(const char *text)
{
    error.text[0] = '\0';
    return study_file_parse(text, "/home/me", NULL, &file, field, &error);
}

START_TEST(the_example_of_the_manual_is_read)
{
    const char *text =
        "{\n  \"name\": \"demo\",   // unique\n  \"network\": \"dscnn.onnx\",\n"
        "  \"input\": {\"scale\": 0.25, \"mean\": [], \"std\": [], \"layout\": \"nhwc\"},\n"
        "  \"data\": {\"calibration\": \"c.npy\", \"validation\": \"v.npy\", \"validation_labels\": \"vl.npy\",\n"
        "    \"test\": \"/abs/t.npy\", \"test_labels\": \"tl.npy\"},\n  /* a\n comment \" */\n"
        "  \"board_type\": \"virtual-u585\",\n"
        "  \"space\": {\"options\": [\"w8a8\", \"w4a8\", \"w2a8\"],\n"
        "    \"rules\": [{\"layer\": \"^conv_0$\", \"options\": [\"w8a8\", \"w4a8\"]}], \"clipping\": \"minmax\", \"equalize\": true, \"tune_steps\": 300, \"finalist_tune_steps\": 900},\n"
        "  \"budget\": {\"flash_of_int8\": 0.6, \"flash_bytes\": 40000, \"ram_bytes\": 65536},\n"
        "  \"objective\": {\"flash\": 2.0},\n"
        "  \"search\": {\"algorithm\": \"random\", \"trials\": 20, \"seed\": 9007199254740991},\n"
        "  \"measure\": {\"placement\": \"flash\", \"energy\": false, \"samples\": 2, \"windows\": 1, \"attempts\": 2},\n"
        "  \"finalists\": 1\n}\n";
    ck_assert_msg(parse(text) == 0, "%s", error.text);
    ck_assert_str_eq(file.name, "demo");
    ck_assert_str_eq(file.network, "/home/me/dscnn.onnx");
    ck_assert_str_eq(file.data[STUDY_TEST], "/abs/t.npy");
    ck_assert_str_eq(file.data[STUDY_VALIDATION_LABELS], "/home/me/vl.npy");
    ck_assert(file.input_scale == 0.25 && file.flash_of_int8 == 0.6 && file.flash_weight == 2);
    ck_assert_int_eq(file.options.n, 3);
    ck_assert_int_eq(file.options.v[2].w_bits, 2);
    ck_assert_int_eq(file.rules.n, 1);
    ck_assert_int_eq(file.rules.v[0].options.n, 2);
    ck_assert_int_eq(file.algorithm, AGENT_RANDOM);
    ck_assert_int_eq(file.seed, 9007199254740991);
    ck_assert(!file.energy && file.clipping == 1 && file.equalize && file.tune_steps == 300 && file.finalist_tune_steps == 900 && !file.per_tensor && file.attempts == 2 && file.finalists == 1);
}
END_TEST

START_TEST(a_short_file_takes_the_defaults)
{
    ck_assert_msg(parse(HEAD SPACE "}") == 0, "%s", error.text);
    ck_assert(file.trials == 64 && file.energy && file.samples == 4 && file.attempts == 3 && file.finalists == 3);
    ck_assert(file.input_scale == 1 && file.flash_weight == 1 && file.clipping == 0 && file.algorithm == AGENT_POLICY);
    ck_assert(file.placement == BOARD_IN_FLASH && file.ahead == 0);
}
END_TEST

START_TEST(what_is_written_is_read_back_to_the_same_value)
{
    static struct study_file again;
    ck_assert_int_eq(parse(HEAD "\"space\":{\"options\":[\"w8a8\",\"w3a4/log\"],\"rules\":[{\"layer\":\"fc\",\"options\":"
                                "[\"w8a8\"]}]},\"input\":{\"mean\":[0.1,0.2],\"std\":[1,2.5]},\"search\":{\"ahead\":5}}"),
                     0);
    char *text = study_file_text(&file);
    ck_assert_msg(study_file_parse(text, NULL, NULL, &again, field, &error) == 0, "%s", error.text);
    ck_assert_mem_eq(&again, &file, sizeof file);
    free(text);
}
END_TEST

START_TEST(goals_decide_rewards_and_fronts)
{
    struct reward_figures int8 = {900, 1000, 1000, 1000, 1000, 1000, 1000000}, f = {895, 1000, 1000, 1000, 250, 1000, 1000000};
    struct reward_aim aim;
    ck_assert_msg(parse(HEAD SPACE ",\"goal\":{\"kind\":\"least_cost\",\"cost\":\"latency\",\"max_loss_points\":0.5}}") == 0, "%s", error.text);
    ck_assert(file.goal == STUDY_LEAST_COST && file.goal_cost == REWARD_LATENCY);
    ck_assert_uint_eq(study_file_objectives(&file), STORE_BY_LATENCY);
    aim = study_file_aim(&file);
    ck_assert_double_eq_tol(reward_for(&f, &int8, &aim), 2, 1e-12); // a quarter, and exactly the loss that is allowed
    f.correct = 890;
    ck_assert_double_eq_tol(reward_for(&f, &int8, &aim), REWARD_SHORT - 0.5, 1e-9);
    ck_assert_int_eq(parse(HEAD SPACE ",\"goal\":{\"kind\":\"accuracy\"}}"), 0);
    aim = study_file_aim(&file);
    ck_assert_double_eq_tol(reward_for(&f, &int8, &aim), -1, 1e-12);
    ck_assert_uint_eq(study_file_objectives(&file), STORE_BY_FLASH);
    ck_assert_int_eq(parse(HEAD SPACE ",\"goal\":{\"kind\":\"front\",\"cost\":\"energy\"}}"), 0);
    aim = study_file_aim(&file);
    ck_assert(aim.weights.energy == 1 && aim.weights.flash == 0);
    ck_assert_uint_eq(study_file_objectives(&file), STORE_BY_ENERGY);
    f.correct = 900;
    ck_assert_int_eq(parse(HEAD SPACE ",\"goal\":{\"kind\":\"accuracy\"},\"budget\":{\"latency_us\":125}}"), 0);
    struct reward_aim quick = study_file_aim(&file);
    ck_assert(reward_is_beyond(&f, &quick)); // 250 us
    ck_assert_double_eq_tol(reward_for(&f, &int8, &quick), REWARD_SHORT - 1, 1e-9);
}
END_TEST

START_TEST(sram_gives_no_energy)
{
    ck_assert_int_eq(parse(HEAD SPACE ",\"measure\":{\"placement\":\"sram\"}}"), 0);
    ck_assert(!file.energy);
    ck_assert_int_eq(parse(HEAD SPACE ",\"measure\":{\"placement\":\"sram\",\"energy\":true}}"), -1);
    ck_assert_str_eq(field, "measure.energy");
}
END_TEST

START_TEST(a_file_to_begin_with_is_found_beside_the_study_file)
{
    ck_assert_int_eq(parse(HEAD SPACE ",\"search\":{\"from_file\":\"old/b.json\"}}"), 0);
    ck_assert_str_eq(file.from_file, "/home/me/old/b.json");
    ck_assert_str_eq(file.from, "");
}
END_TEST

START_TEST(names_are_replaced_and_missing_ones_listed)
{
    const char *text = "{\"name\":\"a\",\"network\":\"${net}\",\"data\":{\"calibration\":\"${data}/c.npy\","
                       "\"validation\":\"${data}/v.npy\",\"validation_labels\":\"x${data}\"}," SPACE
                       ",\"board_type\":\"v\"}";
    ck_assert_int_eq(parse(text), -1);
    ck_assert_str_eq(error.text, "the file wants --set net=... --set data=...");
    cJSON *set = cJSON_Parse("{\"net\":\"/n/x.onnx\",\"data\":\"d\"}");
    ck_assert_msg(study_file_parse(text, "/f", set, &file, field, &error) == 0, "%s", error.text);
    ck_assert_str_eq(file.network, "/n/x.onnx");
    ck_assert_str_eq(file.data[STUDY_CALIBRATION], "/f/d/c.npy");
    ck_assert_str_eq(file.data[STUDY_VALIDATION_LABELS], "/f/xd");
    cJSON_Delete(set);
}
END_TEST

START_TEST(errors_are_one_line_that_names_the_key)
{
    const char *const bad[][3] = {
        {"{", "", "line 1: not JSON"},
        {"{\n\n\"name\": }", "", "line 3: not JSON"},
        {"[]", "", "is not a JSON object"},
        {"{} x", "", "not JSON"},
        {HEAD SPACE ",\"finalist\":1}", "finalist", "did you mean \"finalists\"?"},
        {HEAD SPACE ",\"colour\":1}", "colour", "is not a key here"},
        {HEAD SPACE ",\"search\":{\"trails\":1}}", "search.trails", "did you mean \"trials\"?"},
        {HEAD SPACE ",\"search\":{\"trials\":1,\"trials\":2}}", "search.trials", "twice"},
        {HEAD SPACE ",\"search\":{\"trials\":2000}}", "search.trials", "is not within 1 and 1997"},
        {HEAD SPACE ",\"search\":{\"trials\":1.5}}", "search.trials", "whole number"},
        {HEAD SPACE ",\"search\":{\"algorithm\":\"luck\"}}", "search.algorithm", "none of policy, frozen, random"},
        {HEAD SPACE ",\"search\":{\"from\":\"b\",\"from_file\":\"b.json\"}}", "search.from_file", "and \"search.from\" exclude each other"},
        {HEAD SPACE ",\"search\":{\"algorithm\":\"local\",\"from\":\"b\"}}", "search.from", "is for \"algorithm\": \"policy\""},
        {HEAD SPACE ",\"search\":{\"algorithm\":\"local\",\"from_file\":\"b.json\"}}", "search.from_file", "is for \"algorithm\": \"policy\""},
        {HEAD SPACE ",\"objective\":{\"flash\":-1}}", "objective.flash", "is not within"},
        {HEAD SPACE ",\"measure\":{\"energy\":1}}", "measure.energy", "neither true nor false"},
        {HEAD SPACE ",\"objective\":{\"energy\":1},\"measure\":{\"energy\":false}}", "objective.energy", "needs"},
        {HEAD SPACE ",\"metric\":\"auc\",\"measure\":{\"board\":\"promising\"}}", "measure.board", "needs"},
        {HEAD SPACE ",\"budget\":{\"energy_uj\":5},\"measure\":{\"energy\":false}}", "budget.energy_uj", "needs"},
        {HEAD SPACE ",\"goal\":{\"kind\":\"fast\"}}", "goal.kind", "none of reward, accuracy, least_cost, front"},
        {HEAD SPACE ",\"goal\":{\"kind\":\"accuracy\"},\"objective\":{\"ram\":1}}", "objective", "has no meaning"},
        {HEAD SPACE ",\"goal\":{\"kind\":\"front\",\"cost\":\"energy\"},\"measure\":{\"energy\":false}}", "goal.cost", "needs"},
        {HEAD "\"space\":{\"options\":[\"w4a8\"]}}", "space.options", "lacks \"w8a8\""},
        {HEAD "\"space\":{\"options\":[\"w8a8\",\"w8a8\"]}}", "space.options", "twice"},
        {HEAD "\"space\":{\"options\":[\"w8a8\",\"float32\"]}}", "space.options", "baseline"},
        {HEAD "\"space\":{\"options\":[\"w8a8\",\"q4\"]}}", "space.options", "\"q4\""},
        {HEAD "\"space\":{\"options\":[\"w8a8\"],\"rules\":[{\"layer\":\"(\",\"options\":[\"w8a8\"]}]}}", "space.rules",
         "pattern"},
        {HEAD "\"space\":{\"options\":[\"w8a8\"],\"rules\":[{\"layer\":\"x\",\"options\":[\"w4a8\"]}]}}", "space.rules",
         "none of space.options"},
        {HEAD SPACE ",\"input\":{\"std\":[0]}}", "input.std", "above 0"},
        {HEAD "\"finalists\":1}", "space", "is missing"},
        {"{\"name\":\"12\",\"network\":\"n\"," DATA ",\"board_type\":\"v\"," SPACE "}", "name", "number"},
        {"{\"name\":\"a b\",\"network\":\"n\"," DATA ",\"board_type\":\"v\"," SPACE "}", "name", "letters"},
        {"{\"name\":\"a\",\"network\":\"\"," DATA ",\"board_type\":\"v\"," SPACE "}", "network", "is empty"},
        {"{\"name\":\"a\",\"network\":7," DATA ",\"board_type\":\"v\"," SPACE "}", "network", "is not a text"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(parse(bad[i][0]) == -1, "%s was accepted", bad[i][0]);
        ck_assert_msg(strstr(error.text, bad[i][2]) != NULL, "\"%s\" does not say %s", error.text, bad[i][2]);
        ck_assert_str_eq(field, bad[i][1]);
        ck_assert_ptr_null(strchr(error.text, '\n'));
    }
}
END_TEST

START_TEST(hostile_texts_are_refused)
{
    static char deep[5000];
    memset(deep, '[', sizeof deep - 1);
    ck_assert_int_eq(parse(deep), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "nested"));
    ck_assert_int_eq(parse("{\"name\": \"unfinished /* comment"), -1);
    ck_assert_int_eq(parse("/* unfinished"), -1);
    ck_assert_int_eq(parse(""), -1);
}
END_TEST

START_TEST(the_worker_is_told_what_the_file_says)
{
    ck_assert_int_eq(parse(HEAD "\"space\":{\"options\":[\"w8a8\"]},\"measure\":{\"samples\":7}}"), 0);
    cJSON *o = study_file_open(&file, "/state/1", 1000, 500);
    ck_assert_str_eq(cJSON_GetObjectItem(o, "folder")->valuestring, "/state/1");
    ck_assert_str_eq(cJSON_GetObjectItem(o, "clipping")->valuestring, "mse");
    ck_assert_int_eq(cJSON_GetObjectItem(o, "board_samples")->valueint, 7);
    ck_assert_int_eq(cJSON_GetObjectItem(o, "ram_bytes")->valueint, 500);
    ck_assert_ptr_null(cJSON_GetObjectItem(o, "test"));
    cJSON_Delete(o);
}
END_TEST

#define UNLABELLED "{\"name\":\"a\",\"network\":\"n.onnx\",\"data\":{\"calibration\":\"c.npy\",\"validation\":\"v.npy\"},\"board_type\":\"virtual\"," SPACE

START_TEST(metrics_without_labels_need_none)
{
    ck_assert_int_eq(parse(HEAD SPACE ",\"metric\":\"auc\"}"), 0);
    cJSON *o = study_file_open(&file, "/state/1", 1000, 500);
    ck_assert_str_eq(cJSON_GetObjectItem(o, "metric")->valuestring, "auc");
    cJSON_Delete(o);
    ck_assert_int_eq(parse(UNLABELLED ",\"metric\":\"auc\"}"), -1);
    ck_assert_str_eq(field, "data.validation_labels");
    ck_assert_int_eq(parse(UNLABELLED "}"), -1);
    ck_assert_int_eq(parse(UNLABELLED ",\"metric\":\"fidelity\"}"), 0);
    ck_assert_int_eq(parse(UNLABELLED ",\"metric\":\"best\"}"), -1);
    ck_assert_str_eq(field, "metric");
    ck_assert_int_eq(parse(UNLABELLED ",\"metric\":\"scorer\"}"), -1);
    ck_assert_str_eq(field, "scorer");
    ck_assert_int_eq(parse(HEAD SPACE ",\"scorer\":\"f1\"}"), -1);
    ck_assert_str_eq(field, "scorer");
}
END_TEST

START_TEST(scorers_are_programs_of_the_services_folder)
{
    ck_assert_int_eq(parse(UNLABELLED ",\"metric\":\"scorer\",\"scorer\":\"true\",\"scorer_seconds\":5}"), 0);
    ck_assert_int_eq(study_file_find_scorer(&file, "", field, &error), -1);
    ck_assert_str_eq(field, "scorer");
    ck_assert_ptr_nonnull(strstr(error.text, "runs none"));
    ck_assert_msg(study_file_find_scorer(&file, "/bin", field, &error) == 0, "%s", error.text);
    ck_assert_str_eq(file.scorer, "/bin/true");
    ck_assert_int_eq(study_file_find_scorer(&file, "/bin", field, &error), 0); // as a stored study has it
    cJSON *o = study_file_open(&file, "/state/1", 1000, 500);
    ck_assert_str_eq(cJSON_GetObjectItem(o, "scorer")->valuestring, "/bin/true");
    ck_assert_int_eq(cJSON_GetObjectItem(o, "scorer_seconds")->valueint, 5);
    cJSON_Delete(o);
    static const char *const refused[] = {"../bin/true", "/usr/bin/true", ".true", "no-such-program"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        snprintf(file.scorer, sizeof file.scorer, "%s", refused[i]);
        ck_assert_int_eq(study_file_find_scorer(&file, "/bin", field, &error), -1);
    }
}
END_TEST

START_TEST(a_study_tells_what_it_costs_the_flash)
{
    struct study_file f = {.trials = 64, .finalists = 3};
    struct study_wear_boards boards = {.n = 2, .spent = 990, .budget = 1000};
    struct study_wear w = study_wear(&f, 4 * 100 * 8192, &boards); // 100 pages as int8
    ck_assert_int_eq(w.at_most, 69);
    ck_assert_int_eq(w.about, (69 * 120 + 479) / 480);
    ck_assert_int_eq(w.left, 10);
    cJSON *o = study_wear_json(&w, &boards);
    ck_assert_ptr_nonnull(strstr(cJSON_GetObjectItem(o, "text")->valuestring, "10 are left of 1000: not enough"));
    cJSON_Delete(o);
    f.placement = BOARD_IN_SRAM;
    ck_assert_int_eq(study_wear(&f, 4 * 100 * 8192, &boards).at_most, 0);
}
END_TEST

/* The study files that pare ships, with the names that they ask for. */
START_TEST(the_shipped_studies_are_read)
{
    char path[512], *text;
    size_t size;
    glob_t g;
    cJSON *set = cJSON_Parse("{\"network\":\"n.onnx\",\"data\":\"d\"}");
    snprintf(path, sizeof path, "%s/*.json", studies);
    ck_assert_int_eq(glob(path, 0, NULL, &g), 0);
    ck_assert_uint_ge(g.gl_pathc, 4);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        ck_assert_msg(file_read(g.gl_pathv[i], 65536, &text, &size, &error) == 0, "%s", error.text);
        ck_assert_msg(study_file_parse(text, studies, set, &file, field, &error) == 0, "%s: %s", g.gl_pathv[i], error.text);
        free(text);
    }
    globfree(&g);
    cJSON_Delete(set);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 2)
        return fputs("usage: test_study_file FOLDER_OF_STUDIES\n", stderr), 2;
    studies = argv[1];
    Suite *s = suite_create("study_file");
    TCase *t = suite_case(s, "study_file", NULL, NULL);
    tcase_add_test(t, the_example_of_the_manual_is_read);
    tcase_add_test(t, a_short_file_takes_the_defaults);
    tcase_add_test(t, the_shipped_studies_are_read);
    tcase_add_test(t, what_is_written_is_read_back_to_the_same_value);
    tcase_add_test(t, goals_decide_rewards_and_fronts);
    tcase_add_test(t, sram_gives_no_energy);
    tcase_add_test(t, a_file_to_begin_with_is_found_beside_the_study_file);
    tcase_add_test(t, names_are_replaced_and_missing_ones_listed);
    tcase_add_test(t, errors_are_one_line_that_names_the_key);
    tcase_add_test(t, hostile_texts_are_refused);
    tcase_add_test(t, the_worker_is_told_what_the_file_says);
    tcase_add_test(t, metrics_without_labels_need_none);
    tcase_add_test(t, scorers_are_programs_of_the_services_folder);
    tcase_add_test(t, a_study_tells_what_it_costs_the_flash);
    return suite_run(s);
}

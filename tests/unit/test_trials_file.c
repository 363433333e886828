// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Trials of a study as a file: what is written, what is refused and with which words, and what of it a new study takes.
#include "daemon/study_warm.h"
#include "daemon/trials_export.h"
#include "daemon/trials_file.h"
#include "daemon/trials_identity.h"
#include "tests/unit/store_case.h"

#include "base/file.h"
#include "base/rng.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS 6 // measured ones of the study that is exported, w8a8 among them
#define MUTATIONS 500
#define RUNNER STORE_CASE_RUNNER
#define LONG RUNNER RUNNER // a name that no network has
#define HEX(digit) digit digit digit digit digit digit digit digit
#define FOLDER(digit) "/srv/files/" HEX(digit digit digit digit digit digit digit digit) "/"

static const char study_text[] =
    "{\"name\":\"alps\",\"network\":\"" FOLDER("1") "net.onnx\",\"data\":{\"calibration\":\"" FOLDER("2") "c.npy\",\"validation\":\"" FOLDER("3") "v.npy\","
    "\"validation_labels\":\"" FOLDER("4") "l.npy\"},\"board_type\":\"virtual-u585\",\"space\":{\"options\":[\"w8a8\",\"w1a8/log\",\"w4a1\",\"w5a1\",\"w6a1\","
    "\"w7a1\",\"w8a1\",\"w9a1\"]}}";
static const char space_text[] =
    "{\"quantized_sha256\":\"" RUNNER "\",\"options\":[\"w8a8\",\"w1a8/log\",\"w4a1\",\"w5a1\",\"w6a1\",\"w7a1\",\"w8a1\",\"w9a1\"],"
    "\"layers\":[{\"name\":\"conv_0\",\"kind\":\"conv\",\"slot\":0,\"macs\":100},{\"name\":\"dw_1\",\"kind\":\"depthwise\",\"slot\":1},"
    "{\"name\":\"fc\",\"kind\":\"dense\",\"slot\":1}],\"slots\":[{\"name\":\"conv_0\",\"macs\":9},{\"name\":\"dw_1+fc\"}]}";

static const char *source_root;
static struct store_case lab;
static struct study_file file;
static struct space space;
static struct error *const error = &store_case_error;
static cJSON *tree; // what the study hands out
static struct warm warm;

static void fill_space(void)
{
    memset(&space, 0, sizeof space);
    space.n_slots = 2;
    space.n_options = file.options.n;
    memcpy(space.options, file.options.v, sizeof space.options);
    for (int i = 0; i < space.n_slots; i++) {
        space.slots[i] = (struct space_slot){.allowed = (1u << space.n_options) - 1, .macs = 10, .parameters = 10};
        for (int k = 0; k < space.n_options; k++)
            space.slots[i].flash_bytes[k] = 100 + k;
    }
    space.flash_budget_bytes = space.ram_budget_bytes = INT64_MAX;
}

/* An agent that has seen two results, and whose policy moved after them if it is one that learns, as a study saves it. */
static void save_agent(int64_t step, enum agent_algorithm algorithm)
{
    static char state[AGENT_STATE_MAX];
    const uint8_t choices[2][2] = {{0, 1}, {1, 0}};
    struct agent_config config = {.algorithm = algorithm, .seed = 4, .batch = 1};
    struct agent *a = agent_create(&space, &config, error);
    ck_assert_ptr_nonnull(a);
    for (int i = 0; i < 2; i++)
        must(agent_result(a, choices[i], AGENT_MEASURED, 0.5 + i, error));
    long size = agent_save(a, state, sizeof state);
    agent_destroy(a);
    ck_assert_int_gt(size, 0);
    must(store_stepped(lab.s, lab.study, &(struct store_step){.step = step, .state = state, .state_size = (size_t)size}, NULL, error));
}

static void create_study(void)
{
    struct store_study row = {.name = "alps", .text = study_text, .folder = "/srv", .config = study_text, .network = "net.onnx", .board_type = "virtual-u585",
                              .seed = 1, .trials = TRIALS, .objectives = STORE_BY_FLASH};
    must(study_file_parse(study_text, NULL, NULL, &file, NULL, error));
    must(store_create_study(lab.s, &row, NULL, &lab.study, error));
    must(store_study_space(lab.s, lab.study, space_text, HEX("00000000"), error));
    must(store_study_runner(lab.s, lab.study, RUNNER, error));
}

/* float32 is measured too, and the last proposal has no result. */
static void set_up(void)
{
    store_case_open(&lab);
    store_case_study(&lab);
    create_study();
    fill_space();
    store_case_propose(&lab, 1, 1, TRIALS + 2);
    for (int t = 1; t <= TRIALS + 1; t++)
        store_case_measure(&lab, t);
    save_agent(2, AGENT_POLICY);
    must(trials_export(lab.s, "alps", 0, &tree, error));
    memset(&warm, 0, sizeof warm);
}

static void tear_down(void)
{
    cJSON_Delete(tree);
    warm_finish(&warm);
    store_case_close(&lab);
}

static cJSON *in(const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(tree, name);
}

static cJSON *trial(int i)
{
    return cJSON_GetArrayItem(in("trials"), i);
}

static void set(cJSON *o, const char *name, const char *json)
{
    cJSON *v = cJSON_Parse(json);
    ck_assert_ptr_nonnull(v);
    ck_assert(cJSON_ReplaceItemInObjectCaseSensitive(o, name, v) || cJSON_AddItemToObject(o, name, v));
}

static cJSON *parse(const char *text)
{
    error->text[0] = '\0';
    return trials_file_parse(text, strlen(text), error);
}

static char *text_of(const cJSON *o)
{
    char *text = trials_file_text(o);
    ck_assert_ptr_nonnull(text);
    return text;
}

/* The tree as it is now is refused with these words, in one line. */
static void refused(const char *words)
{
    char *text = text_of(tree);
    cJSON *o = parse(text);
    ck_assert_msg(!o, "taken in spite of: %s", words);
    ck_assert_msg(strstr(error->text, words) && !strchr(error->text, '\n'), "\"%s\" is not in \"%s\"", words, error->text);
    free(text);
}

START_TEST(a_study_hands_out_what_it_measured_and_where)
{
    const cJSON *first = trial(0), *third = trial(2), *identity = in("identity");
    ck_assert_int_eq(cJSON_GetArraySize(in("trials")), TRIALS);
    ck_assert_str_eq(store_case_text(first, "candidate"), "w8a8 w8a8");
    ck_assert_str_eq(store_case_text(third, "candidate"), "w5a1 w1a8/log"); // trial 2 is float32
    ck_assert(store_case_number(third, "trial") == 4 && store_case_number(third, "correct") == 1800 + 4 * 37 % 101 && store_case_number(third, "of") == 2000);
    ck_assert(store_case_number(third, "flash_bytes") == 40000 - 4 * 1013 && store_case_number(third, "ram_bytes") == 16004);
    ck_assert(store_case_number(third, "latency_cycles") == 4000000 + 4 * 7919 && store_case_number(third, "energy_nj") == 600004);
    ck_assert(store_case_number(third, "clock_hz") == 160000000 && cJSON_GetArraySize(cJSON_GetObjectItem(third, "layer_cycles")) == STORE_CASE_LAYERS);
    ck_assert_str_ne(store_case_text(in("tool"), "version"), "");
    ck_assert_str_eq(store_case_text(identity, "board_type"), "virtual-u585");
    ck_assert_str_eq(store_case_text(identity, "origin"), "virtual");
    ck_assert_str_eq(store_case_text(identity, "runner"), RUNNER);
    ck_assert_str_eq(store_case_text(identity, "network"), HEX("11111111"));
    ck_assert_str_eq(store_case_text(identity, "space.clipping"), "mse");
    ck_assert_str_eq(cJSON_GetArrayItem(in("slots"), 1)->valuestring, "dw_1+fc");
    ck_assert_str_eq(store_case_text(cJSON_GetArrayItem(in("layers"), 2), "name"), "fc");
    ck_assert_int_eq(cJSON_GetArraySize(in("policy")), AGENT_PRIOR);
}
END_TEST

START_TEST(what_is_written_is_read_back_and_equal_studies_give_equal_bytes)
{
    cJSON *again = NULL;
    char *text = text_of(tree), *other;
    cJSON *o = parse(text);
    ck_assert_msg(o != NULL, "%s", error->text);
    must(trials_export(lab.s, "", lab.study, &again, error));
    other = text_of(again);
    ck_assert_str_eq(text, other);
    free(other);
    other = text_of(o);
    ck_assert_str_eq(text, other);
    free(other);
    free(text);
    cJSON_Delete(again);
    cJSON_Delete(o);
}
END_TEST

START_TEST(the_last_line_is_the_sha256_of_what_stands_before_it)
{
    char *text = text_of(tree), hex[SHA256_HEX];
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
    must(store_create_study(lab.s, &(struct store_study){.name = "new", .text = study_text, .folder = "/srv", .config = study_text, .network = "net.onnx",
                                                         .board_type = "virtual-u585", .trials = 4, .objectives = STORE_BY_FLASH}, NULL, &lab.study, error));
    must(trials_export(lab.s, "new", 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), 0);
    ck_assert_str_eq(store_case_text(o, "no_trials"), "its w8a8 was not measured");
    ck_assert_ptr_nonnull(strstr(store_case_text(o, "no_policy"), "no saved agent")); // and none is made up
    ck_assert_ptr_null(cJSON_GetObjectItem(o, "policy"));
    cJSON_Delete(o);
    ck_assert_int_eq(trials_export(lab.s, "none", 0, &o, error), STORE_NOT_FOUND);
    ck_assert_ptr_null(o);
}
END_TEST

/* Measures trial 1 of a study of its own, which then hands out `no_trials`. */
static void no_trials(const char *name, const char *provenance, int n_figures, const char *reason)
{
    struct store_study row = {.name = name, .text = study_text, .folder = "/srv", .config = study_text, .network = "net.onnx",
                              .board_type = "virtual-u585", .trials = TRIALS, .objectives = STORE_BY_FLASH};
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS], seq;
    int attempt;
    cJSON *o;
    must(store_create_study(lab.s, &row, NULL, &lab.study, error));
    must(store_study_space(lab.s, lab.study, space_text, HEX("00000000"), error));
    must(store_study_runner(lab.s, lab.study, RUNNER, error));
    store_case_propose(&lab, 1, 1, 1);
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    struct store_result r = store_case_result(1, attempt, figures, cycles);
    r.n_figures = n_figures > 0 ? n_figures : r.n_figures;
    r.provenance = provenance ? provenance : r.provenance;
    must(store_measured(lab.s, lab.study, &r, NULL, &seq, error));
    must(trials_export(lab.s, name, 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), 0);
    ck_assert_str_eq(store_case_text(o, "no_trials"), reason);
    cJSON_Delete(o);
}

START_TEST(a_study_whose_w8a8_is_no_measure_now_says_why)
{
    static const char other[] = "its w8a8 was not measured with the runner that the study has now";
    no_trials("half", NULL, 5, "its w8a8 was measured, but without \"energy_nj\"");
    no_trials("older", "{\"runner\":\"" HEX("00000000") "\"}", 0, other);
    no_trials("silent", "{}", 0, other);
}
END_TEST

START_TEST(trials_of_another_runner_are_not_handed_out)
{
    cJSON *o;
    must(store_study_runner(lab.s, lab.study, HEX("00000000"), error));
    must(trials_export(lab.s, "alps", 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), 0);
    ck_assert_ptr_nonnull(strstr(store_case_text(o, "no_trials"), "the runner that the study has now"));
    cJSON_Delete(o);
}
END_TEST

START_TEST(what_is_no_file_of_trials_is_refused)
{
    char *text = text_of(tree);
    ck_assert(!parse("") && strstr(error->text, "is not JSON"));
    ck_assert(!parse("[1,2") && strstr(error->text, "cut or changed"));
    ck_assert(!parse("[1,2]") && strstr(error->text, "no \"schema\""));
    ck_assert(!parse("{\"a\":1,\"a\":1}") && strstr(error->text, "stands twice"));
    ck_assert(!parse("{\"schema\":\"pare.config/1\"}") && strstr(error->text, "it is pare.config/1, and this pare reads pare.trials/1"));
    char *end = strstr(text, "\"sha256\"");
    snprintf(end - 2, 4, "}\n");
    ck_assert(!parse(text) && strstr(error->text, "last line is not its SHA-256"));
    free(text);
    set(tree, "schema", "\"pare.trials/2\"");
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
    ck_assert(!parse(text) && strstr(error->text, "too many values"));
    free(text);
}
END_TEST

START_TEST(a_file_that_was_edited_is_refused)
{
    char *text = text_of(tree), *at = strstr(text, "\"correct\":") + sizeof "\"correct\":" - 1;
    *at = *at == '1' ? '2' : '1';
    ck_assert(!parse(text) && strstr(error->text, "has not the SHA-256"));
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
        cJSON *kept = cJSON_Duplicate(tree, 1);
        set(tree, bad[i][0], bad[i][1]);
        refused(bad[i][2]);
        cJSON_Delete(tree);
        tree = kept;
    }
    char *many = calloc(1, 70000);
    many[0] = '"';
    memset(many + 1, 'x', 69000);
    many[69001] = '"';
    set(in("identity"), "later", many);
    free(many);
    refused("\"identity\" has more than 65536 bytes");
    set(in("identity"), "later", "1");
    set(in("identity"), "network", "\"abc\"");
    refused("\"network\" of its \"identity\" is no SHA-256");
}
END_TEST

/* What trials_file_text itself never writes. */
START_TEST(trials_that_are_no_list_are_refused)
{
    char *text = text_of(tree), *at = strstr(text, "\"trials\":"), hex[SHA256_HEX];
    uint8_t digest[SHA256_BYTES];
    at += sprintf(at, "\"trials\":{\"a\":1},\n");
    sha256_of(text, (size_t)(at - text), digest);
    sprintf(at, "\"sha256\":\"%s\"}\n", sha256_hex(digest, hex));
    ck_assert_msg(!parse(text) && strstr(error->text, "no list \"trials\""), "%s", error->text);
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
        cJSON *kept = cJSON_Duplicate(tree, 1);
        if (strcmp(bad[i][1], "1e400") == 0) // that cJSON writes no such number is its own business
            cJSON_ReplaceItemInObject(trial(2), bad[i][0], cJSON_CreateRaw("1e400"));
        else
            set(trial(2), bad[i][0], bad[i][1]);
        refused(bad[i][2]);
        cJSON_Delete(tree);
        tree = kept;
    }
    set(trial(2), "layer_cycles", "[4031676,1007919,0]");
    char *text = text_of(tree);
    cJSON *o = parse(text);
    ck_assert_msg(o != NULL, "%s", error->text);
    cJSON_Delete(o);
    free(text);
    set(in("identity"), "measure.energy", "false");
    refused("trial 1: it has \"energy_nj\", and \"measure.energy\" is false");
}
END_TEST

START_TEST(the_first_trial_must_be_w8a8)
{
    cJSON_DeleteItemFromArray(in("trials"), 0);
    refused("trial 3: it comes first and is not w8a8");
}
END_TEST

/* Whatever becomes of some bytes, the trials are those that were measured or there are none. */
START_TEST(a_mutated_file_is_refused_or_has_the_same_trials)
{
    char *text = text_of(tree), *broken = malloc(strlen(text) + 1);
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
        ck_assert_msg(o ? cJSON_Compare(cJSON_GetObjectItem(o, "trials"), in("trials"), 1) : error->text[0] && !strchr(error->text, '\n'), "mutation %d", i);
        taken += o != NULL;
        cJSON_Delete(o);
    }
    ck_assert_uint_lt(taken, MUTATIONS / 10); // a byte that was changed into itself
    free(broken);
    free(text);
}
END_TEST

static struct warm_taken take(const struct study_file *f, const char *sha256)
{
    struct warm_taken taken;
    cJSON *ours = trials_identity(f, RUNNER, true);
    must(warm_take(tree, &(struct warm_source){"alps", sha256}, ours, &taken, error));
    cJSON_Delete(ours);
    return taken;
}

static void read_kept(void)
{
    char *text = text_of(tree);
    warm_finish(&warm);
    must(warm_read(text, &space, STORE_CASE_LAYERS, &warm, error));
    free(text);
}

START_TEST(a_study_of_the_same_takes_trials_and_policy)
{
    struct warm_taken taken = take(&file, NULL);
    ck_assert(taken.trials == TRIALS && taken.policy && !taken.no_trials.text[0] && !taken.no_policy.text[0]);
    read_kept();
    ck_assert_str_eq(warm.from, "alps");
    ck_assert(warm.n == TRIALS && warm.offered == TRIALS && warm.has_prior && !warm.file_sha256[0]);
    ck_assert(warm.reference.correct == 1837 && warm.reference.total == 2000);
    for (int i = 0; i < TRIALS; i++) {
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
    struct study_file other = file;
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
    static const char *const runners[] = {RUNNER, HEX("00000000")};
    for (int i = 0; i < 4; i++) {
        cJSON *ours = trials_identity(&file, runners[i / 2], i % 2);
        ck_assert_int_eq(trials_identity_equal(in("identity"), ours, &why), i == 1);
        cJSON_Delete(ours);
    }
    ck_assert_str_eq(why.text, "\"runner\" is cccccccccccc... there and 000000000000... here");
}
END_TEST

START_TEST(a_policy_of_another_version_is_left_and_the_trials_are_taken)
{
    char numbers[64];
    set(tree, "policy", "[0.5,1,2,3,4,5,6,7]");
    if (AGENT_PRIOR == 8)
        set(tree, "policy", "[0.5]");
    snprintf(numbers, sizeof numbers, "numbers, and this one's has %d", AGENT_PRIOR);
    struct warm_taken taken = take(&file, NULL);
    ck_assert(taken.trials == TRIALS && !taken.policy && strstr(taken.no_policy.text, numbers));
    read_kept();
    ck_assert(warm.n == TRIALS && !warm.has_prior && strstr(warm.no_policy.text, numbers));
}
END_TEST

/* As what a study takes says, and what it keeps of that. */
static void policy_is_left(const char *words)
{
    cJSON *kept = cJSON_Duplicate(tree, 1);
    struct warm_taken taken = take(&file, NULL);
    ck_assert_msg(taken.trials == TRIALS && !taken.policy && strstr(taken.no_policy.text, words), "%s", taken.no_policy.text);
    read_kept();
    ck_assert(warm.n == TRIALS && !warm.has_prior && strstr(warm.no_policy.text, words));
    cJSON_Delete(tree);
    tree = kept;
}

START_TEST(a_policy_whose_numbers_mean_something_else_is_left)
{
    ck_assert(store_case_number(tree, "policy_format") == AGENT_PRIOR_FORMAT);
    cJSON_SetNumberValue(in("policy_format"), AGENT_PRIOR_FORMAT + 1);
    policy_is_left("of another version of pare: format ");
    cJSON_DeleteItemFromObject(tree, "policy_format");
    policy_is_left("of another version of pare: it has no \"policy_format\"");
}
END_TEST

START_TEST(a_policy_that_would_never_learn_again_is_left)
{
    cJSON *number = cJSON_GetArrayItem(in("policy"), 2);
    cJSON_SetNumberValue(number, -20);
    ck_assert(warm_policy(tree, (double[AGENT_PRIOR]){0}, error) == 0);
    cJSON_SetNumberValue(number, -20.5);
    policy_is_left("number 3 of it is beyond 20");
}
END_TEST

START_TEST(a_policy_that_never_moved_is_not_handed_out)
{
    cJSON *o;
    save_agent(3, AGENT_RANDOM);
    must(trials_export(lab.s, "alps", 0, &o, error));
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(o, "trials")), TRIALS);
    ck_assert_str_eq(store_case_text(o, "no_policy"), "it has not learned yet");
    ck_assert(!cJSON_GetObjectItem(o, "policy") && !cJSON_GetObjectItem(o, "policy_format"));
    cJSON_Delete(o);
}
END_TEST

/* That a file has, but no study could read again. */
START_TEST(more_than_a_study_can_keep_is_refused)
{
    char *long_text = malloc(WARM_TEXT_MAX + 1), *text;
    memset(long_text, 'x', WARM_TEXT_MAX);
    long_text[WARM_TEXT_MAX] = '\0';
    cJSON_AddStringToObject(trial(1), "later", long_text);
    text = text_of(tree);
    cJSON *o = parse(text);
    ck_assert_msg(o != NULL, "%s", error->text); // members that are not known are nobody's fault
    ck_assert_ptr_null(warm_text(tree, error));
    ck_assert_str_eq(error->text, "what a study would keep of it has more than 8388608 bytes");
    cJSON_DeleteItemFromObject(trial(1), "later");
    free(text);
    text = warm_text(tree, error);
    ck_assert_ptr_nonnull(text);
    free(text);
    free(long_text);
    cJSON_Delete(o);
}
END_TEST

START_TEST(a_file_from_before_a_key_was_known_is_of_another_study)
{
    cJSON_DeleteItemFromObject(in("identity"), "space.clipping");
    cJSON_DeleteItemFromObject(in("identity"), "network");
    char *text = text_of(tree);
    cJSON *o = parse(text);
    ck_assert_msg(o != NULL, "%s", error->text);
    struct warm_taken taken = take(&file, NULL);
    ck_assert(taken.trials == 0 && taken.policy);
    ck_assert_str_eq(taken.no_trials.text, "\"network\" is nothing there and 111111111111... here; \"space.clipping\" is nothing there and \"mse\" here");
    cJSON_DeleteItemFromObject(in("identity"), "measure.energy"); // without it nobody knows what a trial should have
    refused("\"measure.energy\" of its \"identity\" is neither");
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
    cJSON *ours = trials_identity(&file, RUNNER, false);
    cJSON_DeleteItemFromObject(tree, "policy");
    ck_assert_int_eq(warm_take(tree, &(struct warm_source){"a.json", RUNNER}, ours, &taken, error), -1);
    ck_assert_str_eq(error->text, "the file a.json has nothing to begin with: its trials are no measure (\"origin\" is \"virtual\" there and \"real\" here), and its "
                                  "policy cannot be used (there is none)");
    cJSON_Delete(ours);
}
END_TEST

START_TEST(of_many_trials_w8a8_and_the_newest_are_taken)
{
    cJSON *list = in("trials");
    for (int i = 0; i < WARM_TRIALS_MAX; i++) {
        cJSON *t = cJSON_Duplicate(trial(1), 1);
        set(t, "trial", "1");
        cJSON_SetNumberValue(cJSON_GetObjectItem(t, "trial"), 100 + i);
        cJSON_AddItemToArray(list, t);
    }
    struct warm_taken taken = take(&file, NULL);
    ck_assert_int_eq(taken.trials, WARM_TRIALS_MAX);
    ck_assert(store_case_number(trial(0), "trial") == 1 && store_case_number(trial(1), "trial") == 101);
    ck_assert(store_case_number(trial(WARM_TRIALS_MAX - 1), "trial") == 100 + WARM_TRIALS_MAX - 1);
}
END_TEST

START_TEST(candidates_that_are_not_searched_here_are_left_out)
{
    take(&file, NULL);
    space.slots[0].allowed &= ~(1u << 3); // w5a1, of trial 4
    read_kept();
    ck_assert(warm.n == TRIALS - 1 && warm.offered == TRIALS);
}
END_TEST

START_TEST(what_was_kept_before_there_were_files_is_still_read)
{
    must(warm_read("{\"schema\":\"pare.warm/1\",\"from\":\"old\",\"no_trials\":\"its network is another one\",\"trials\":[]}", &space, 3, &warm, error));
    ck_assert(warm.n == 0 && !warm.has_prior && strcmp(warm.from, "old") == 0 && strcmp(warm.no_trials.text, "its network is another one") == 0);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_trials_file SOURCE_ROOT\n");
        return 2;
    }
    source_root = argv[1];
    Suite *s = suite_create("trials_file");
    TCase *t = suite_case(s, "trials_file", set_up, tear_down);
    tcase_add_test(t, a_study_hands_out_what_it_measured_and_where);
    tcase_add_test(t, what_is_written_is_read_back_and_equal_studies_give_equal_bytes);
    tcase_add_test(t, the_last_line_is_the_sha256_of_what_stands_before_it);
    tcase_add_test(t, a_study_that_has_not_measured_w8a8_has_no_trials);
    tcase_add_test(t, a_study_whose_w8a8_is_no_measure_now_says_why);
    tcase_add_test(t, trials_of_another_runner_are_not_handed_out);
    tcase_add_test(t, what_is_no_file_of_trials_is_refused);
    tcase_add_test(t, a_file_of_too_many_values_is_refused_as_such);
    tcase_add_test(t, a_file_that_was_edited_is_refused);
    tcase_add_test(t, heads_that_make_no_sense_are_refused);
    tcase_add_test(t, trials_that_are_no_list_are_refused);
    tcase_add_test(t, figures_that_cannot_be_are_refused);
    tcase_add_test(t, the_first_trial_must_be_w8a8);
    tcase_add_test(t, a_mutated_file_is_refused_or_has_the_same_trials);
    tcase_add_test(t, a_study_of_the_same_takes_trials_and_policy);
    tcase_add_test(t, what_differs_is_named_and_only_the_policy_is_taken);
    tcase_add_test(t, boards_must_be_the_same_and_of_the_same_kind);
    tcase_add_test(t, a_policy_of_another_version_is_left_and_the_trials_are_taken);
    tcase_add_test(t, a_policy_whose_numbers_mean_something_else_is_left);
    tcase_add_test(t, a_policy_that_would_never_learn_again_is_left);
    tcase_add_test(t, a_policy_that_never_moved_is_not_handed_out);
    tcase_add_test(t, more_than_a_study_can_keep_is_refused);
    tcase_add_test(t, a_file_from_before_a_key_was_known_is_of_another_study);
    tcase_add_test(t, the_sample_of_the_fuzzer_has_a_policy_of_this_version);
    tcase_add_test(t, what_has_neither_trials_nor_policy_for_a_study_is_refused);
    tcase_add_test(t, of_many_trials_w8a8_and_the_newest_are_taken);
    tcase_add_test(t, candidates_that_are_not_searched_here_are_left_out);
    tcase_add_test(t, what_was_kept_before_there_were_files_is_still_read);
    return suite_run(s);
}

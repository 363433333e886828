// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The real worker on the demo's network: what it answers, what it refuses, and that it goes on to the same
// bits. usage: test_work PARE_NET DEMO_FOLDER
#include "base/file.h"
#include "base/sha256.h"
#include "tests/suite.h"
#include "tests/system/worker.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *pare_net, *demo;
static char folder[64];

#define INPUT "\"input\": {\"scale\": 0.25}"
#define BUDGET INPUT ", \"ram_bytes\": 688128, \"flash_bytes\": 1966080"
#define OPTIONS "\"options\": [\"w8a8\", \"w4a8\", \"w2a8\", \"w4a4\", \"w4a8/log\"]"

/* Params of open on the demo; `extra` is more JSON members, or replaces `network` and the like when `but`
 * names a file. */
static const char *open_params(const char *key, const char *file, const char *extra)
{
    static char text[8192];
    static const char *const files[][2] = {{"network", "dscnn.onnx"},
                                           {"calibration", "calibration_x.npy"},
                                           {"validation", "validation_x.npy"},
                                           {"validation_labels", "validation_y.npy"},
                                           {"test", "test_x.npy"},
                                           {"test_labels", "test_y.npy"}};
    size_t n = (size_t)snprintf(text, sizeof text, "{\"folder\": \"%s\"", folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        bool other = key && !strcmp(files[i][0], key);
        n += (size_t)snprintf(text + n, sizeof text - n, ", \"%s\": \"%s/%s\"", files[i][0],
                              other ? folder : demo, other ? file : files[i][1]);
    }
    snprintf(text + n, sizeof text - n, "%s}", extra);
    return text;
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/test_work-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static const cJSON *member(const cJSON *o, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);
    ck_assert_msg(m, "no '%s' in %s", key, cJSON_PrintUnformatted(o));
    return m;
}

static long long number(const cJSON *o, const char *key)
{
    return (long long)cJSON_GetNumberValue(member(o, key));
}

static const cJSON *result_of(const cJSON *answer)
{
    ck_assert_ptr_nonnull(answer);
    return member(answer, "result");
}

static void expect_error(cJSON *answer, const char *kind, const char *words)
{
    ck_assert_ptr_nonnull(answer);
    const cJSON *error = member(answer, "error");
    const char *text = cJSON_GetStringValue(member(error, "message"));
    ck_assert_str_eq(cJSON_GetStringValue(member(error, "kind")), kind);
    ck_assert_msg(strstr(text, words), "'%s' does not say '%s'", text, words);
    ck_assert_ptr_null(strchr(text, '\n'));
    cJSON_Delete(answer);
}

static cJSON *open_demo(struct worker *w)
{
    worker_start(w, pare_net);
    return worker_ask(w, "open", open_params(NULL, NULL, ", " OPTIONS ", " BUDGET));
}

/* Flash of a candidate that has option `option` everywhere, by the sums that open has given. */
static long long flash_of(const cJSON *opened, int option)
{
    long long bytes = number(opened, "flash_fixed_bytes");
    const cJSON *slot;
    cJSON_ArrayForEach(slot, member(opened, "slots")) bytes +=
        (long long)cJSON_GetArrayItem(member(slot, "flash_bytes"), option)->valuedouble;
    return bytes;
}

static void lower_adds_up(struct worker *w, const cJSON *opened, const char *setting, int option)
{
    char params[256], path[128], hex[SHA256_HEX];
    uint8_t sha256[SHA256_BYTES];
    snprintf(path, sizeof path, "%s/image", folder);
    snprintf(params, sizeof params, "{\"candidate\": \"%s\", \"image\": \"%s\"}", setting, path);
    cJSON *answer = worker_ask(w, "lower", params);
    const cJSON *l = result_of(answer);
    ck_assert_int_eq(number(l, "flash_bytes"), flash_of(opened, option));
    ck_assert_int_eq(number(l, "flash_bytes"),
                     number(l, "weights_bytes") + number(l, "parameters_bytes") + number(l, "program_bytes"));
    ck_assert_int_eq(cJSON_GetArraySize(member(l, "op_layers")), number(opened, "ops"));
    ck_assert_int_eq(sha256_file(path, sha256, NULL), 0);
    ck_assert_str_eq(sha256_hex(sha256, hex), cJSON_GetStringValue(member(l, "image_sha256")));
    cJSON_Delete(answer);
}

static long long score(struct worker *w, const char *setting, const char *rest)
{
    char params[256];
    snprintf(params, sizeof params, "{\"candidate\": \"%s\", %s}", setting, rest);
    cJSON *answer = worker_ask(w, "score", params);
    long long correct = number(result_of(answer), "correct");
    cJSON_Delete(answer);
    return correct;
}

START_TEST(a_study_is_opened_lowered_scored_and_packaged)
{
    struct worker w;
    cJSON *answer = open_demo(&w);
    const cJSON *opened = result_of(answer);
    ck_assert_int_eq(number(opened, "classes"), 12);
    ck_assert_int_eq(number(opened, "validation_samples"), 2000);
    ck_assert_int_eq(number(opened, "test_samples"), 1000);
    ck_assert_int_eq(cJSON_GetArraySize(member(opened, "steps")), number(opened, "ops"));
    ck_assert_int_eq(number(opened, "float_correct") / 10, 192); // configs/demo/README.md: 96.2 %
    lower_adds_up(&w, opened, "w8a8", 0);
    lower_adds_up(&w, opened, "w4a8", 1);
    lower_adds_up(&w, opened, "w4a8/log", 4);
    lower_adds_up(&w, opened, "w4a4", 3);

    long long all = score(&w, "w8a8", "\"set\": \"validation\"");
    ck_assert_int_gt(all, number(opened, "float_correct") - 40); // int8 loses less than 2 points
    ck_assert_int_lt(score(&w, "w2a8", "\"set\": \"validation\""), all - 100);
    long long part = score(&w, "w8a8", "\"set\": \"validation\", \"n\": 700");
    ck_assert_int_eq(part + score(&w, "w8a8", "\"set\": \"validation\", \"first\": 700"), all);
    long long parts = score(&w, "w8a8", "\"set\": \"validation\", \"every\": 2, \"offset\": 1");
    ck_assert_int_eq(parts + score(&w, "w8a8", "\"set\": \"validation\", \"every\": 2"), all);
    ck_assert_int_gt(score(&w, "w8a8", "\"set\": \"test\""), 800);

    char params[256], path[128], image[SHA256_HEX];
    snprintf(
        params, sizeof params,
        "{\"candidate\": \"w4a8\", \"folder\": \"%s/package\", \"name\": \"kws\", \"figures\": {\"a\": 1}}",
        folder);
    cJSON *packaged = worker_ask(&w, "package", params);
    ck_assert_int_eq(number(result_of(packaged), "flash_bytes"), flash_of(opened, 1));
    snprintf(image, sizeof image, "%s", cJSON_GetStringValue(member(result_of(packaged), "image_sha256")));
    const cJSON *file;
    cJSON_ArrayForEach(file, member(result_of(packaged), "files"))
    {
        snprintf(path, sizeof path, "%s/package/%s", folder, file->valuestring);
        ck_assert_int_eq(access(path, R_OK), 0);
    }
    cJSON_Delete(packaged);
    expect_error(worker_ask(&w, "package", params), "failed", "not an empty folder");
    snprintf(params, sizeof params, "{\"candidate\": \"w4a8\", \"image\": \"%s/image\"}", folder);
    packaged = worker_ask(&w, "lower", params); // what a board measures is what is handed out
    ck_assert_str_eq(image, cJSON_GetStringValue(member(result_of(packaged), "image_sha256")));
    cJSON_Delete(packaged);
    cJSON_Delete(answer);
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

/* The text of every answer, one after another. */
static char *answers(struct worker *w, const cJSON *opened)
{
    char params[128];
    struct buffer b;
    buffer_init(&b, 16u << 20);
    char *text = cJSON_PrintUnformatted(opened);
    buffer_append(&b, text, strlen(text));
    free(text);
    for (int i = 0; i < 2; i++) {
        snprintf(params, sizeof params, "{\"candidate\": \"%s\", \"image\": \"%s/image\"}",
                 i ? "w4a4" : "w2a8", folder);
        cJSON *answer = worker_ask(w, "lower", params);
        cJSON *scored = worker_ask(w, "score",
                                   i ? "{\"candidate\": \"w4a4\", \"set\": \"test\"}"
                                     : "{\"candidate\": \"w2a8\", \"set\": \"test\"}");
        text = cJSON_PrintUnformatted(result_of(answer));
        char *more = cJSON_PrintUnformatted(result_of(scored));
        buffer_append(&b, text, strlen(text));
        buffer_append(&b, more, strlen(more));
        free(text);
        free(more);
        cJSON_Delete(answer);
        cJSON_Delete(scored);
    }
    buffer_append(&b, "", 1);
    return b.data;
}

START_TEST(a_killed_worker_goes_on_to_the_same_bits)
{
    struct worker w;
    cJSON *answer = open_demo(&w);
    ck_assert_int_gt(w.progress, 0);
    char *before = answers(&w, result_of(answer));
    cJSON_Delete(answer);
    worker_kill(&w);

    answer = open_demo(&w);
    ck_assert_int_eq(w.progress, 0); // nothing was computed again
    char *after = answers(&w, result_of(answer));
    ck_assert_str_eq(before, after);
    cJSON_Delete(answer);
    worker_kill(&w);

    char path[128]; // a damaged file is computed again
    snprintf(path, sizeof path, "%s/quantized.bin", folder);
    ck_assert_int_eq(truncate(path, 1000), 0);
    answer = open_demo(&w);
    ck_assert_int_gt(w.progress, 0);
    free(after);
    after = answers(&w, result_of(answer));
    ck_assert_str_eq(before, after);
    cJSON_Delete(answer);
    ck_assert_int_eq(worker_end(&w), 0);
    free(before);
    free(after);
}
END_TEST

#define TRAINED ", \"options\": [\"w8a8\", \"w2a8\", \"w2a8/trained\"], \"tune_steps\": 120, " BUDGET
#define TRAINED_SHORT ", \"options\": [\"w8a8\", \"w2a8\", \"w2a8/trained\"], \"tune_steps\": 5, \"calibration_samples\": 500, " BUDGET
#define TEST_SET "{\"candidate\": \"w2a8/trained\", \"set\": \"test\"}"

static char *trained_score(struct worker *w)
{
    cJSON *answer = worker_ask(w, "score", TEST_SET);
    char *text = cJSON_PrintUnformatted(result_of(answer));
    cJSON_Delete(answer);
    return text;
}

START_TEST(training_is_done_once_and_goes_on_after_a_kill)
{
    struct worker w;
    worker_start(&w, pare_net);
    cJSON_Delete(worker_ask(&w, "open", open_params(NULL, NULL, TRAINED)));
    long long untrained = score(&w, "w2a8", "\"set\": \"test\"");
    char *whole = trained_score(&w);
    ck_assert_int_gt(w.progress, 50);
    ck_assert_int_gt(score(&w, "w2a8/trained", "\"set\": \"test\""), untrained);
    ck_assert_int_eq(w.progress, 0);
    worker_kill(&w);

    worker_start(&w, pare_net); // what was trained is kept
    cJSON_Delete(worker_ask(&w, "open", open_params(NULL, NULL, TRAINED)));
    char *again = trained_score(&w);
    ck_assert_int_eq(w.progress, 0);
    ck_assert_str_eq(whole, again);
    free(again);
    worker_kill(&w);

    char command[160];
    snprintf(command, sizeof command, "rm %s/tuned-*.bin", folder);
    ck_assert_int_eq(system(command), 0);
    worker_start(&w, pare_net); // killed after its first checkpoint
    cJSON_Delete(worker_ask(&w, "open", open_params(NULL, NULL, TRAINED)));
    worker_send(&w, "{\"id\": 2, \"method\": \"lower\", \"params\": {\"candidate\": \"w2a8/trained\"}}");
    worker_wait_progress(&w, "training", 50);
    worker_kill(&w);
    snprintf(command, sizeof command, "ls %s/tuned-*.part >/dev/null", folder);
    ck_assert_int_eq(system(command), 0);
    worker_start(&w, pare_net);
    cJSON_Delete(worker_ask(&w, "open", open_params(NULL, NULL, TRAINED)));
    again = trained_score(&w);
    ck_assert_int_gt(w.progress, 0);
    ck_assert_int_lt(w.progress, 75);
    ck_assert_str_eq(whole, again);
    ck_assert_int_ne(system(command), 0); // the checkpoint is gone
    free(again);
    free(whole);
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

#define TRAINED_LONG ", \"options\": [\"w8a8\", \"w2a8/trained\"], \"tune_steps\": 20000, \"calibration_samples\": 100, " BUDGET

/* A percent of so long a training are 200 steps: whoever waits for a sign of life hears of each checkpoint, which is on the disk by then. */
START_TEST(each_checkpoint_is_told)
{
    struct worker w;
    char command[160];
    int before = 0;
    snprintf(command, sizeof command, "ls %s/tuned-*.part >/dev/null", folder);
    for (int i = 0; i < 2; i++) {
        worker_start(&w, pare_net);
        cJSON_Delete(worker_ask(&w, "open", open_params(NULL, NULL, TRAINED_LONG)));
        worker_send(&w, "{\"id\": 2, \"method\": \"lower\", \"params\": {\"candidate\": \"w2a8/trained\"}}");
        int step = worker_wait_kept(&w);
        ck_assert_int_eq(step % 50, 0);
        ck_assert_int_gt(step, before); // the second goes on from there
        ck_assert_int_eq(system(command), 0);
        before = step;
        ck_assert_int_eq(worker_wait_kept(&w), step + 50);
        worker_kill(&w);
    }
}
END_TEST

/* What a study compares before it mixes figures: the same weights have the same hash wherever they come from, others another one. */
START_TEST(open_tells_which_weights_it_has)
{
    static const char *const rest[] = {", " OPTIONS ", " BUDGET ", \"calibration_samples\": 20",
                                       ", " OPTIONS ", " BUDGET ", \"calibration_samples\": 20, \"rules\": [{\"layer\": \".\", \"options\": [\"w8a8\"]}]",
                                       ", " OPTIONS ", " BUDGET ", \"calibration_samples\": 20, \"clipping\": \"minmax\""};
    char hash[3][SHA256_HEX];
    struct worker w;
    worker_start(&w, pare_net);
    for (int i = 0; i < 3; i++) {
        cJSON *answer = worker_ask(&w, "open", open_params(NULL, NULL, rest[i]));
        ck_assert_int_eq(strlen(cJSON_GetStringValue(member(result_of(answer), "quantized_sha256"))), 64);
        strcpy(hash[i], cJSON_GetStringValue(member(result_of(answer), "quantized_sha256")));
        cJSON_Delete(answer);
    }
    ck_assert_str_eq(hash[0], hash[1]);
    ck_assert_str_ne(hash[0], hash[2]);
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

/* A candidate has a result for each length of training; neither is lost over the other. */
START_TEST(a_finalists_training_is_another_one)
{
    static const char lower[] = "{\"candidate\": \"w2a8/trained\", \"tune_steps\": 20}";
    struct worker w;
    worker_start(&w, pare_net);
    cJSON_Delete(worker_ask(&w, "open", open_params(NULL, NULL, TRAINED_SHORT)));
    cJSON *answer = worker_ask(&w, "lower", lower);
    const cJSON *trained = member(result_of(answer), "trained");
    ck_assert_int_eq(w.progress, 20);
    ck_assert_double_gt(w.loss, 0);
    ck_assert_int_eq(member(trained, "steps")->valueint, 20);
    ck_assert_int_eq(member(trained, "batch")->valueint, 32);
    ck_assert_int_eq(member(trained, "samples")->valueint, 500);
    ck_assert_double_gt(member(trained, "rate")->valuedouble, 0);
    cJSON_Delete(answer);
    char *of_open = trained_score(&w);
    ck_assert_int_eq(w.progress, 5);
    long long longer = score(&w, "w2a8/trained", "\"set\": \"test\", \"tune_steps\": 20");
    ck_assert_int_eq(w.progress, 0);
    char *again = trained_score(&w);
    ck_assert_int_eq(w.progress, 0);
    ck_assert_str_eq(of_open, again);
    ck_assert_int_lt(score(&w, "w2a8/trained", "\"set\": \"test\", \"tune_steps\": 0"), longer); // not at all
    answer = worker_ask(&w, "lower", "{\"candidate\": \"w2a8\", \"tune_steps\": 20}"); // nothing to train
    ck_assert(!cJSON_HasObjectItem(result_of(answer), "trained"));
    cJSON_Delete(answer);
    free(of_open);
    free(again);
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

/* Options of few bits are further from the float network; no labels are there to tell. */
START_TEST(fidelity_needs_no_labels)
{
    struct worker w;
    char text[2048];
    worker_start(&w, pare_net);
    snprintf(text, sizeof text, "{\"folder\": \"%s\", \"network\": \"%s/dscnn.onnx\", \"calibration\": \"%s/calibration_x.npy\", \"validation\": "
                                "\"%s/test_x.npy\", \"options\": [\"w8a8\", \"w2a8\"], \"calibration_samples\": 20, \"metric\": \"fidelity\", " BUDGET "}",
             folder, demo, demo, demo);
    cJSON *answer = worker_ask(&w, "open", text);
    ck_assert_str_eq(cJSON_GetStringValue(member(result_of(answer), "metric")), "fidelity");
    ck_assert_int_eq(number(result_of(answer), "float_correct"), 1000000);
    ck_assert_int_eq(number(result_of(answer), "validation_samples"), 1000);
    cJSON_Delete(answer);
    long long fine = score(&w, "w8a8", "\"set\": \"validation\", \"n\": 200"), coarse = score(&w, "w2a8", "\"set\": \"validation\", \"n\": 200");
    ck_assert_int_gt(fine, 980000);
    ck_assert_int_lt(fine, 1000000);
    ck_assert_int_lt(coarse, fine - 20000);
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

START_TEST(rules_restrict_the_slots_they_match)
{
    struct worker w;
    worker_start(&w, pare_net);
    cJSON *answer =
        worker_ask(&w, "open",
                   open_params(NULL, NULL,
                               ", " OPTIONS ", " BUDGET ", \"calibration_samples\": 20, "
                               "\"rules\": [{\"layer\": \"nothing is called so\", \"options\": [\"w2a8\"]}, "
                               "{\"layer\": \".\", \"options\": [\"w4a8\", \"w8a8\"]}]"));
    const cJSON *slot;
    cJSON_ArrayForEach(slot, member(result_of(answer), "slots"))
    {
        const int allowed[] = {0, 1};
        cJSON *expected = cJSON_CreateIntArray(allowed, 2);
        ck_assert(cJSON_Compare(member(slot, "allowed"), expected, true));
        cJSON_Delete(expected);
    }
    cJSON_Delete(answer);
    expect_error(worker_ask(&w, "open",
                            open_params(NULL, NULL,
                                        ", " OPTIONS ", " BUDGET
                                        ", \"rules\": [{\"layer\": \"(\", \"options\": [\"w4a8\"]}]")),
                 "invalid", "not a regular expression");
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

START_TEST(wrong_requests_get_one_clear_line_each)
{
    static const char *const wrong[][2] = {
        {"", "not JSON"},
        {"{\"id\": 1", "not JSON"},
        {"{\"id\": 1, \"method\": \"inspect\"} {}", "not JSON"},
        {"[]", "must be an object"},
        {"{\"method\": \"inspect\"}", "'id' is missing"},
        {"{\"id\": 1.5, \"method\": \"inspect\"}", "'id' must be an integer"},
        {"{\"id\": 1, \"method\": \"lowr\"}", "did you mean 'lower'?"},
        {"{\"id\": 1, \"method\": \"lower\", \"parms\": {}}", "did you mean 'params'?"},
        {"{\"id\": 1, \"method\": \"lower\"}", "must be an object"},
        {"{\"id\": 1, \"method\": \"lower\", \"params\": {\"candidat\": \"w8a8\"}}",
         "did you mean 'candidate'?"},
        {"{\"id\": 1, \"method\": \"lower\", \"params\": {\"candidate\": 8}}", "'candidate' must be a text"},
        {"{\"id\": 1, \"method\": \"lower\", \"params\": {\"candidate\": \"a\", \"candidate\": \"b\"}}",
         "twice"},
        {"{\"id\": 1, \"method\": \"lower\", \"params\": {\"candidate\": \"w8a8\"}}", "nothing is open"},
        {"{\"id\": 1, \"method\": \"score\", \"params\": {\"candidate\": \"w8a8\", \"set\": \"train\"}}",
         "validation or test"},
        {"{\"id\": 1, \"method\": \"package\", \"params\": {\"candidate\": \"w8a8\", \"folder\": \"/tmp/x\", "
         "\"name\": \"a b\"}}",
         "no C identifier"},
        {"{\"id\": 1, \"method\": \"open\", \"params\": {}}", "'network' is missing"},
    };
    struct worker w;
    worker_start(&w, pare_net);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        worker_send(&w, wrong[i][0]);
        expect_error(worker_next(&w), "invalid", wrong[i][1]);
    }
    static const char *const wrong_open[][2] = {
        {", " OPTIONS, "'ram_bytes' is missing"},
        {", \"options\": [\"w4a8\"], " BUDGET, "w8a8, the reference"},
        {", \"options\": [\"w8a8\", \"w99a8\"], " BUDGET, "not a setting"},
        {", \"options\": [\"w8a8\", \"w8a8\"], " BUDGET, "twice"},
        {", " OPTIONS ", " BUDGET ", \"rules\": [{\"layer\": \"x\", \"options\": [\"w3a3\"]}]",
         "not among the options"},
        {", " OPTIONS ", \"ram_bytes\": 1, \"flash_bytes\": 1, \"input\": {\"std\": [0]}", "above 0"},
        {", " OPTIONS ", " BUDGET ", \"board_samples\": 1000", "must be 1 to 64"},
    };
    for (size_t i = 0; i < sizeof wrong_open / sizeof *wrong_open; i++)
        expect_error(worker_ask(&w, "open", open_params(NULL, NULL, wrong_open[i][0])), "invalid",
                     wrong_open[i][1]);
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

/* Puts the first `bytes` of a file of the demo (0: all) into the folder, with the byte at `at` changed to
 * `value` (at < 0: none). */
static void spoil(const char *name, const char *to, size_t bytes, long at, char value)
{
    char path[256], *data;
    size_t size;
    snprintf(path, sizeof path, "%s/%s", demo, name);
    ck_assert_int_eq(file_read(path, 16u << 20, &data, &size, NULL), 0);
    if (at >= 0)
        data[at] = value;
    snprintf(path, sizeof path, "%s/%s", folder, to);
    ck_assert_int_eq(file_write(path, data, bytes ? bytes : size, NULL), 0);
    free(data);
}

START_TEST(broken_files_get_one_clear_line_each)
{
    struct worker w;
    const char *good = ", " OPTIONS ", " BUDGET;
    spoil("dscnn.onnx", "short.onnx", 40000, -1, 0);
    spoil("calibration_x.npy", "short.npy", 1000, -1, 0);
    spoil("validation_y.npy", "labels.npy", 0, 200, 77);
    spoil("validation_y.npy", "shape.npy", 0, -1, 0);
    worker_start(&w, pare_net);
    expect_error(worker_ask(&w, "open", open_params("network", "short.onnx", good)), "invalid", "short.onnx");
    expect_error(worker_ask(&w, "open", open_params("network", "missing.onnx", good)), "invalid",
                 "missing.onnx");
    expect_error(worker_ask(&w, "open", open_params("calibration", "short.npy", good)), "invalid",
                 "short.npy");
    expect_error(worker_ask(&w, "open", open_params("calibration", "shape.npy", good)), "invalid",
                 "shape.npy");
    expect_error(worker_ask(&w, "open", open_params("validation_labels", "labels.npy", good)), "invalid",
                 "77");
    expect_error(worker_ask(&w, "lower", "{\"candidate\": \"w8a8\"}"), "invalid", "nothing is open");
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

START_TEST(what_fits_no_board_is_infeasible_with_the_bytes_that_are_missing)
{
    struct worker w;
    worker_start(&w, pare_net);
    cJSON *answer =
        worker_ask(&w, "open",
                   open_params(NULL, NULL,
                               ", " OPTIONS ", " INPUT ", \"ram_bytes\": 688128, \"flash_bytes\": 9000, "
                               "\"calibration_samples\": 20"));
    char missing[32];
    snprintf(missing, sizeof missing, "%lld", flash_of(result_of(answer), 0) - 9000);
    cJSON_Delete(answer);
    expect_error(worker_ask(&w, "lower", "{\"candidate\": \"w8a8\"}"), "infeasible", missing);
    expect_error(worker_ask(&w, "lower", "{\"candidate\": \"w3a8\"}"), "invalid", "not among the options");
    expect_error(worker_ask(&w, "lower", "{\"candidate\": \"w8a8 w8a8\"}"), "invalid", "2 settings");
    expect_error(worker_ask(&w, "score", "{\"candidate\": \"w8a8\", \"set\": \"test\", \"first\": 1001}"),
                 "invalid", "1000");
    ck_assert_int_eq(worker_end(&w), 0);
}
END_TEST

START_TEST(an_endless_line_ends_the_worker)
{
    struct worker w;
    static char text[5u << 20];
    worker_start(&w, pare_net);
    signal(SIGPIPE, SIG_IGN);
    memset(text, 'x', sizeof text);
    for (size_t sent = 0; sent < sizeof text;) {
        ssize_t n = write(w.to, text + sent, sizeof text - sent);
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    ck_assert_ptr_null(worker_next(&w));
    ck_assert_int_eq(worker_end(&w), 1);
}
END_TEST

START_TEST(a_worker_never_outlives_its_parent)
{
    int to[2], from[2];
    ck_assert(!pipe(to) && !pipe(from));
    pid_t parent = fork();
    if (!parent) {
        if (!fork()) {
            dup2(to[0], 0);
            dup2(from[1], 1);
            for (int fd = 3; fd < 64; fd++)
                close(fd);
            execl(pare_net, pare_net, "work", (char *)NULL);
            _exit(127);
        }
        for (;;)
            pause();
    }
    close(from[1]);
    char byte;
    ck_assert_int_eq(write(to[1], "{}\n", 3), 3); // its input stays open; its first answer shows that it runs
    ck_assert_int_eq(read(from[0], &byte, 1), 1);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    while (read(from[0], &byte, 1) > 0)
        ; // ends when nobody can write any more
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    pare_net = argv[1];
    demo = argv[2];
    Suite *suite = suite_create("work");
    TCase *tests = suite_case(suite, "work", make_folder, remove_folder);
    tcase_add_test(tests, a_study_is_opened_lowered_scored_and_packaged);
    tcase_add_test(tests, a_killed_worker_goes_on_to_the_same_bits);
    tcase_add_test(tests, training_is_done_once_and_goes_on_after_a_kill);
    tcase_add_test(tests, each_checkpoint_is_told);
    tcase_add_test(tests, open_tells_which_weights_it_has);
    tcase_add_test(tests, a_finalists_training_is_another_one);
    tcase_add_test(tests, fidelity_needs_no_labels);
    tcase_add_test(tests, rules_restrict_the_slots_they_match);
    tcase_add_test(tests, wrong_requests_get_one_clear_line_each);
    tcase_add_test(tests, broken_files_get_one_clear_line_each);
    tcase_add_test(tests, what_fits_no_board_is_infeasible_with_the_bytes_that_are_missing);
    tcase_add_test(tests, an_endless_line_ends_the_worker);
    tcase_add_test(tests, a_worker_never_outlives_its_parent);
    return suite_run(suite);
}

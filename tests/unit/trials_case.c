// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/trials_case.h"

#include "daemon/trials_export.h"
#include "daemon/trials_file.h"

#include <check.h>
#include <string.h>

#define FOLDER(digit) "/srv/files/" TRIALS_CASE_SHA256(digit) "/"

const char trials_case_study[] =
    "{\"name\":\"alps\",\"network\":\"" FOLDER("1") "net.onnx\",\"data\":{\"calibration\":\"" FOLDER("2") "c.npy\",\"validation\":\"" FOLDER("3") "v.npy\","
    "\"validation_labels\":\"" FOLDER("4") "l.npy\"},\"board_type\":\"virtual-u585\",\"space\":{\"options\":[\"w8a8\",\"w1a8/log\",\"w4a1\",\"w5a1\",\"w6a1\","
    "\"w7a1\",\"w8a1\",\"w9a1\"]}}";
static const char space_text[] =
    "{\"quantized_sha256\":\"" STORE_CASE_RUNNER "\",\"options\":[\"w8a8\",\"w1a8/log\",\"w4a1\",\"w5a1\",\"w6a1\",\"w7a1\",\"w8a1\",\"w9a1\"],"
    "\"layers\":[{\"name\":\"conv_0\",\"kind\":\"conv\",\"slot\":0,\"macs\":100},{\"name\":\"dw_1\",\"kind\":\"depthwise\",\"slot\":1},"
    "{\"name\":\"fc\",\"kind\":\"dense\",\"slot\":1}],\"slots\":[{\"name\":\"conv_0\",\"macs\":9},{\"name\":\"dw_1+fc\"}]}";

static struct error *const error = &store_case_error;

static void fill_space(const struct study_file *file, struct space *space)
{
    memset(space, 0, sizeof *space);
    space->n_slots = 2;
    space->n_options = file->options.n;
    memcpy(space->options, file->options.v, sizeof space->options);
    for (int i = 0; i < space->n_slots; i++) {
        space->slots[i] = (struct space_slot){.allowed = (1u << space->n_options) - 1, .macs = 10, .parameters = 10};
        for (int k = 0; k < space->n_options; k++)
            space->slots[i].flash_bytes[k] = 100 + k;
    }
    space->flash_budget_bytes = space->ram_budget_bytes = INT64_MAX;
}

void trials_case_agent(struct trials_case *c, int64_t step, enum agent_algorithm algorithm)
{
    static char state[AGENT_STATE_MAX];
    const uint8_t choices[2][2] = {{0, 1}, {1, 0}};
    struct agent_config config = {.algorithm = algorithm, .seed = 4, .batch = 1};
    struct agent *a = agent_create(&c->space, &config, error);
    ck_assert_ptr_nonnull(a);
    for (int i = 0; i < 2; i++)
        must(agent_result(a, choices[i], AGENT_MEASURED, 0.5 + i, error));
    long size = agent_save(a, state, sizeof state);
    agent_destroy(a);
    ck_assert_int_gt(size, 0);
    must(store_stepped(c->lab.s, c->lab.study, &(struct store_step){.step = step, .state = state, .state_size = (size_t)size}, NULL, error));
}

void trials_case_begin(struct trials_case *c, const char *name)
{
    struct store_study row = {.name = name, .text = trials_case_study, .folder = "/srv", .config = trials_case_study, .network = "net.onnx",
                              .board_type = "virtual-u585", .seed = 1, .trials = TRIALS_CASE_TRIALS, .objectives = STORE_BY_FLASH};
    must(store_create_study(c->lab.s, &row, NULL, &c->lab.study, error));
    must(store_study_space(c->lab.s, c->lab.study, space_text, TRIALS_CASE_SHA256("0"), error));
    must(store_study_runner(c->lab.s, c->lab.study, STORE_CASE_RUNNER, error));
}

void trials_case_open(struct trials_case *c)
{
    store_case_open(&c->lab);
    store_case_study(&c->lab);
    must(study_file_parse(trials_case_study, NULL, NULL, &c->file, NULL, error));
    fill_space(&c->file, &c->space);
    trials_case_begin(c, "alps");
    store_case_propose(&c->lab, 1, 1, TRIALS_CASE_TRIALS + 2);
    for (int t = 1; t <= TRIALS_CASE_TRIALS + 1; t++)
        store_case_measure(&c->lab, t);
    trials_case_agent(c, 2, AGENT_POLICY);
    must(trials_export(c->lab.s, "alps", 0, &c->tree, error));
}

void trials_case_close(struct trials_case *c)
{
    cJSON_Delete(c->tree);
    store_case_close(&c->lab);
}

cJSON *trials_case_in(const struct trials_case *c, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(c->tree, name);
}

cJSON *trials_case_trial(const struct trials_case *c, int i)
{
    return cJSON_GetArrayItem(trials_case_in(c, "trials"), i);
}

void trials_case_set(cJSON *object, const char *name, const char *json)
{
    cJSON *v = cJSON_Parse(json);
    ck_assert_ptr_nonnull(v);
    ck_assert(cJSON_ReplaceItemInObjectCaseSensitive(object, name, v) || cJSON_AddItemToObject(object, name, v));
}

char *trials_case_text(const cJSON *tree)
{
    char *text = trials_file_text(tree);
    ck_assert_ptr_nonnull(text);
    return text;
}

cJSON *trials_case_parse(const char *text)
{
    error->text[0] = '\0';
    return trials_file_parse(text, strlen(text), error);
}

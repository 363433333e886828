// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The worker's answer becomes a space with budgets, or one clear line.
#include "daemon/space_json.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

static struct space space;
static struct study_file file;
static struct error error;

static const char *const good =
    "{\"options\":[\"w8a8\",\"w4a8\"],\"flash_fixed_bytes\":100,\"extra\":true,"
    "\"slots\":[{\"name\":\"a\",\"allowed\":[0,1],\"flash_bytes\":[800,400],\"sensitivity\":[0,0.25],\"macs\":10,\"parameters\":800},"
    "{\"name\":\"b\",\"allowed\":[1],\"flash_bytes\":[100,50],\"sensitivity\":[1e-9,2],\"macs\":10,\"parameters\":100}],"
    "\"steps\":[{\"fixed_bytes\":64,\"slots\":[[0,300],[1,20]]},{\"fixed_bytes\":0,\"slots\":[]}]}";

static void set_up(void)
{
    memset(&file, 0, sizeof file);
    file.options.n = 2;
    setting_parse("w8a8", &file.options.v[0], NULL);
    setting_parse("w4a8", &file.options.v[1], NULL);
    error.text[0] = '\0';
}

static int read_text(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    int rc = space_json_read(json, &file, 1000000, 500000, &space, &error);
    cJSON_Delete(json);
    return rc;
}

START_TEST(a_good_answer_is_read)
{
    ck_assert_msg(read_text(good) == 0, "%s", error.text);
    ck_assert_int_eq(space.n_slots, 2);
    ck_assert_int_eq(space.n_options, 2);
    ck_assert_int_eq(space.n_steps, 2);
    ck_assert_uint_eq(space.slots[0].allowed, 3);
    ck_assert_uint_eq(space.slots[1].allowed, 2);
    ck_assert(space.slots[0].sensitivity[1] == 0.25);
    ck_assert_int_eq(space.steps[0].slot_bytes[1], 20);
    ck_assert_int_eq(space.flash_budget_bytes, 1000000);
    ck_assert_int_eq(space.ram_budget_bytes, 500000);
    ck_assert_int_eq(space_json_int8_flash(&space), 1000);
}
END_TEST

START_TEST(layers_of_equal_shape_share_their_costs)
{
    struct costs_layer l[4];
    cJSON *json = cJSON_Parse("{\"layers\":[{\"kind\":\"conv\",\"slot\":0,\"input_slot\":-1,\"macs\":9,\"parameters\":3,\"output\":[1,1,3]},"
                              "{\"kind\":\"conv\",\"slot\":1,\"macs\":10,\"parameters\":3,\"output\":[1,1,3]},"
                              "{\"kind\":\"conv\",\"slot\":1,\"input_slot\":0,\"macs\":9,\"parameters\":3,\"output\":[1,1,3]}]}");
    ck_assert_int_eq(read_text(good), 0);
    ck_assert_int_eq(space_json_layers(json, &space, l, 4, &error), 3);
    ck_assert(l[0].shape == l[2].shape && l[0].shape != l[1].shape && l[0].kind == l[1].kind);
    ck_assert(l[0].input_slot == -1 && l[1].input_slot == 0 && l[2].input_slot == 0);
    ck_assert_int_eq(space_json_layers(json, &space, l, 2, &error), -1);
    cJSON_SetNumberValue(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "layers"), 2), "input_slot"), 2);
    ck_assert_int_eq(space_json_layers(json, &space, l, 4, &error), -1);
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_slot_has_the_geometry_of_its_largest_layer)
{
    char text[2048];
    snprintf(text, sizeof text, "%.*s,\"layers\":["
             "{\"kind\":\"depthwise\",\"slot\":1,\"macs\":9,\"input\":[8,8,6],\"output\":[4,4,6],\"kernel\":[3,3],\"stride\":[2,2]},"
             "{\"kind\":\"dense\",\"slot\":1,\"macs\":8,\"input\":[1,1,6],\"output\":[1,1,3]},"
             "{\"kind\":\"dense\",\"slot\":7,\"macs\":80,\"input\":[1,1,6],\"output\":[1,1,3]}]}", (int)strlen(good) - 1, good);
    ck_assert_msg(read_text(text) == 0, "%s", error.text);
    const struct space_geometry *g = &space.slots[1].geometry;
    ck_assert_double_eq(g->taps, 9);
    ck_assert_double_eq(g->stride, 2);
    ck_assert_double_eq(g->inputs, 6);
    ck_assert_double_eq(g->outputs, 6);
    ck_assert_double_eq(g->pixels, 16);
    ck_assert(g->depthwise && !space.slots[0].geometry.depthwise);
    ck_assert_double_eq(space.slots[0].geometry.taps, 0); // not known
}
END_TEST

START_TEST(the_smallest_budget_holds)
{
    file.flash_of_int8 = 0.9;
    file.flash_bytes = 950;
    file.ram_bytes = 400;
    ck_assert_msg(read_text(good) == 0, "%s", error.text);
    ck_assert_int_eq(space.flash_budget_bytes, 900);
    ck_assert_int_eq(space.ram_budget_bytes, 400);
    file.flash_bytes = 600;
    ck_assert_int_eq(read_text(good), 0);
    ck_assert_int_eq(space.flash_budget_bytes, 600);
}
END_TEST

START_TEST(a_network_that_fits_nothing_is_one_clear_error)
{
    file.flash_bytes = 200;
    ck_assert_int_eq(read_text(good), -1);
    ck_assert_msg(strstr(error.text, "550") != NULL || strstr(error.text, "350") != NULL, "%s", error.text);
    set_up();
    file.ram_bytes = 100;
    ck_assert_int_eq(read_text(good), -1);
    ck_assert(error.text[0]);
}
END_TEST

/* `good` with its first `from` replaced. */
static int read_changed(const char *from, const char *to)
{
    char text[4096];
    const char *at = strstr(good, from);
    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return read_text(text);
}

START_TEST(senseless_answers_are_refused_by_name)
{
    static const char *const bad[][3] = {
        {"\"flash_fixed_bytes\":100", "\"flash_fixed_bytes\":-1", "flash_fixed_bytes"},
        {"\"flash_fixed_bytes\":100", "\"flash_fixed_bytes\":1e300", "flash_fixed_bytes"},
        {"[\"w8a8\",\"w4a8\"]", "[\"w8a8\"]", "options are not the study's"},
        {"[\"w8a8\",\"w4a8\"]", "[\"w8a8\",7]", "options"},
        {"\"allowed\":[0,1]", "\"allowed\":[0,2]", "slots"},
        {"\"allowed\":[0,1]", "\"allowed\":[]", "slot"},
        {"[800,400]", "[800]", "slots"},
        {"[800,400]", "[800,400.5]", "slots"},
        {"[0,0.25]", "[0,\"x\"]", "slots"},
        {"[0,300]", "[7,300]", "steps"},
        {"[0,300]", "[0]", "steps"},
        {"\"slots\":[]", "\"slots\":[[0,1],[0,1],[0,1],[0,1],[0,1]]", "steps"},
        {"\"steps\"", "\"stops\"", "steps"},
        {"\"slots\"", "\"slits\"", "slots"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(read_changed(bad[i][0], bad[i][1]) == -1, "%s was accepted", bad[i][1]);
        ck_assert_msg(strstr(error.text, bad[i][2]) != NULL, "\"%s\" does not name %s", error.text, bad[i][2]);
    }
    ck_assert_int_eq(space_json_read(NULL, &file, 1, 1, &space, &error), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("space_json");
    TCase *t = suite_case(s, "space_json", set_up, NULL);
    tcase_add_test(t, a_good_answer_is_read);
    tcase_add_test(t, layers_of_equal_shape_share_their_costs);
    tcase_add_test(t, a_slot_has_the_geometry_of_its_largest_layer);
    tcase_add_test(t, the_smallest_budget_holds);
    tcase_add_test(t, a_network_that_fits_nothing_is_one_clear_error);
    tcase_add_test(t, senseless_answers_are_refused_by_name);
    return suite_run(s);
}

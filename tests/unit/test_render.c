// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Answers as text: golden files for recorded answers, and strange answers that must do no harm.
// usage: test_render ANSWERS.json GOLDEN_FOLDER; with PARE_GOLDEN_UPDATE=1 in the environment it writes the golden files anew.
#include "daemon/ctl/render.h"

#include "base/file.h"
#include "daemon/ctl/compare.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/plot.h"
#include "daemon/ctl/report.h"
#include "tests/suite.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *answers_path, *golden_folder;

static render render_report;

static const struct {
    const char *golden, *method, *params;
    render *show;
    struct style style;
} cases[] = {
    {"status", "status", "{}", render_status, {.color = false}},
    {"status_color", "status", "{}", render_status, {.color = true}},
    {"studies", "study.list", "{}", render_studies, {.color = false}},
    {"study", "study.show", "{}", render_study, {.color = false}},
    {"trials", "trial.list", "{}", render_trials, {.color = false}},
    {"trial", "trial.show", "{}", render_trial, {.color = false}},
    {"boards", "board.list", "{}", render_boards, {.color = false}},
    {"compare", "compare", "{}", render_compare, {.color = false}},
    {"report", "report", "{}", render_report, {.color = false}},
    {"doctor", "doctor", "{}", render_doctor, {.color = false}},
    {"doctor_color", "doctor", "{}", render_doctor, {.color = true}},
    {"config", "config.show", "{}", render_config, {.color = false}},
    {"whole", "db.check", "{}", render_checks, {.color = false}},
    {"damaged", "db.check", "{\"full\":true}", render_checks, {.color = true}},
    {"backup", "db.backup", "{}", render_backup, {.color = false}},
    {"trace", "trial.trace", "{}", render_trace, {.color = false}},
    {"canaries", "board.canary", "{}", render_canaries, {.color = false}},
    {"canaries_plot", "board.canary", "{}", render_canaries, {.color = true, .plot = true}},
    {"no_canaries", "board.canary", "{\"limit\":1}", render_canaries, {.color = false}},
    {"reference", "board.reference", "{}", render_reference, {.color = false}},
    {"digest", "db.digest", "{}", render_digest, {.color = false}},
    {"front", "pareto", "{}", render_front, {.color = false}},
    {"front_plot", "pareto", "{\"objectives\":[\"energy_nj\"]}", render_front, {.plot = true, .width = 100}},
    {"exported", "export", "{\"format\":\"c-package\"}", render_exported, {.color = false}},
    {"exported_trials", "export", "{\"format\":\"trials\"}", render_exported, {.color = false}},
    {"began_with_file", "study.show", "{\"study\":\"next\"}", render_study, {.color = false}},
    {"began_with_policy", "study.show", "{\"study\":\"other\"}", render_study, {.color = false}},
    {"begins_with_all", "study.create", "{\"set\":{\"name\":\"next\"}}", render_created, {.color = false}},
    {"begins_with_policy", "study.create", "{\"set\":{\"name\":\"other\"}}", render_created, {.color = false}},
    {"begins_with_trials", "study.create", "{\"set\":{\"name\":\"later\"}}", render_created, {.color = false}},
    {"created", "study.create", "{}", render_created, {.color = false}},
    {"checked", "study.check", "{}", render_checked, {.color = false}},
    {"study_state", "study.pause", "{}", render_study_state, {.color = false}},
    {"board_state", "board.release", "{}", render_board_state, {.color = false}},
};

static cJSON *recorded(void)
{
    struct error e = {""};
    char *text;
    size_t size;
    ck_assert_msg(file_read(answers_path, 1 << 24, &text, &size, &e) == 0, "%s", e.text);
    cJSON *file = cJSON_ParseWithLength(text, size);
    ck_assert_ptr_nonnull(file);
    free(text);
    return file;
}

static const cJSON *find(const cJSON *file, const char *method, const char *params)
{
    cJSON *wanted = cJSON_Parse(params), *none = cJSON_CreateObject();
    const cJSON *answer, *found = NULL;
    cJSON_ArrayForEach(answer, cJSON_GetObjectItem(file, "answers"))
    {
        const cJSON *with = cJSON_GetObjectItem(answer, "params");
        if (!found && strcmp(field_string(answer, "method"), method) == 0 && cJSON_Compare(with ? with : none, wanted, true))
            found = cJSON_GetObjectItem(answer, "result");
    }
    cJSON_Delete(wanted);
    cJSON_Delete(none);
    ck_assert_ptr_nonnull(found);
    return found;
}

/* What pare compare puts together. */
static cJSON *comparison(const cJSON *file)
{
    static const char *const shown[] = {"{\"trial\":2}", "{\"trial\":1}", "{}", "{\"trial\":13}"};
    cJSON *answer = cJSON_CreateObject(), *trials = cJSON_AddArrayToObject(answer, "trials");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        cJSON_AddItemToArray(trials, cJSON_Duplicate(find(file, "trial.show", shown[i]), true));
    cJSON_AddItemToObject(answer, "reference", cJSON_Duplicate(find(file, "trial.show", shown[1]), true));
    cJSON_AddNumberToObject(answer, "runner_bytes", 28416);
    return answer;
}

/* What pare report puts together. */
static cJSON *study_report(const cJSON *file)
{
    cJSON *report = cJSON_CreateObject();
    cJSON_AddItemToObject(report, "study", cJSON_Duplicate(find(file, "study.show", "{}"), true));
    cJSON_AddItemToObject(report, "trials", cJSON_Duplicate(cJSON_GetObjectItem(find(file, "trial.list", "{}"), "trials"), true));
    cJSON_AddItemToObject(report, "front", cJSON_Duplicate(find(file, "pareto", "{}"), true));
    cJSON_AddItemToObject(report, "compare", comparison(file));
    return report;
}

static void render_report(const cJSON *answer, const struct style *style, struct buffer *out)
{
    (void)style;
    report_html(answer, out);
}

/* What pare doctor puts together. */
static cJSON *examination(void)
{
    return cJSON_Parse("{\"checks\": [{\"check\": \"service\", \"verdict\": \"ok\", \"text\": \"pared 0.1.0, process 4242\", \"advice\": null}, "
                       "{\"check\": \"udev rules\", \"verdict\": \"warning\", \"text\": \"60-pare.rules is not installed\", \"advice\": \"cp ...\"}, "
                       "{\"check\": \"board lab-7\", \"verdict\": \"failed\", \"text\": \"quarantined: mismatch\", \"advice\": \"look after it\"}], "
                       "\"failed\": 1, \"warnings\": 1}");
}

static cJSON *answer_of(const cJSON *file, int i)
{
    if (strcmp(cases[i].method, "compare") == 0)
        return comparison(file);
    if (strcmp(cases[i].method, "report") == 0)
        return study_report(file);
    if (strcmp(cases[i].method, "doctor") == 0)
        return examination();
    return cJSON_Duplicate(find(file, cases[i].method, cases[i].params), true);
}

static void compare_with_golden(const char *name, const struct buffer *out)
{
    char path[512], *text;
    size_t size;
    struct error e = {""};
    snprintf(path, sizeof path, "%s/%s.txt", golden_folder, name);
    if (getenv("PARE_GOLDEN_UPDATE"))
        ck_assert_int_eq(file_write(path, out->data, out->size, &e), 0);
    ck_assert_msg(file_read(path, 1 << 20, &text, &size, &e) == 0, "%s", e.text);
    ck_assert_msg(size == out->size && memcmp(text, out->data, size) == 0, "%s is now\n%.*s", path, (int)out->size, out->data);
    free(text);
}

START_TEST(recorded_answers_look_as_they_did)
{
    cJSON *file = recorded(), *answer = answer_of(file, _i);
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    cases[_i].show(answer, &cases[_i].style, &out);
    compare_with_golden(cases[_i].golden, &out);
    buffer_finish(&out);
    cJSON_Delete(answer);
    cJSON_Delete(file);
}
END_TEST

/* Says in all objects what they are judged by. */
static void judge_by(cJSON *value, const char *metric)
{
    for (cJSON *v = value->child; v; v = v->next)
        judge_by(v, metric);
    if (cJSON_IsObject(value))
        cJSON_AddStringToObject(value, "metric", metric);
}

/* The text in small letters. */
static char *small(const struct buffer *out)
{
    char *text = strndup(out->data, out->size);
    for (char *c = text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return text;
}

START_TEST(a_study_of_another_metric_never_speaks_of_accuracy)
{
    static const char *const about_trials[] = {"studies", "study", "trials", "trial", "compare", "report", "front", "front_plot"};
    cJSON *file = recorded();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof about_trials / sizeof *about_trials; k++) {
            if (strcmp(cases[i].golden, about_trials[k]) != 0)
                continue;
            struct buffer out;
            buffer_init(&out, TEXT_LIMIT);
            cJSON *answer = answer_of(file, (int)i);
            judge_by(answer, "auc");
            cases[i].show(answer, &cases[i].style, &out);
            char *text = small(&out);
            ck_assert_msg(!strstr(text, "accuracy") && strstr(text, "auc"), "%s: %s", cases[i].golden, text);
            free(text);
            cJSON_Delete(answer);
            buffer_finish(&out);
        }
    cJSON_Delete(file);
}
END_TEST

START_TEST(events_look_as_they_did)
{
    cJSON *file = recorded();
    const cJSON *event;
    const struct style style = {.color = false};
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    cJSON_ArrayForEach(event, cJSON_GetObjectItem(file, "events"))
        render_event(event, &style, &out);
    compare_with_golden("events", &out);
    buffer_finish(&out);
    cJSON_Delete(file);
}
END_TEST

/* Every number, text and object of an answer in turn becomes something else. */
static const char *const strange[] = {"null", "[]", "{}", "\"\\u001b[2J\\n\\u007f\"", "1e308", "-1e308", "true", "[null, 1, {}]"};

static cJSON *any_item(cJSON *item, int *countdown, cJSON **parent)
{
    for (cJSON *child = item->child; child; child = child->next) {
        if ((*countdown)-- == 0) {
            *parent = item;
            return child;
        }
        cJSON *found = any_item(child, countdown, parent);
        if (found)
            return found;
    }
    return NULL;
}

/* Puts strange[kind] in the place of the n-th item. Returns false when there are not so many. */
static bool spoil(cJSON *answer, int n, int kind)
{
    cJSON *parent = NULL, *item = any_item(answer, &n, &parent);
    if (!item)
        return false;
    cJSON *other = cJSON_Parse(strange[kind]);
    if (item->string)
        other->string = strdup(item->string);
    ck_assert(cJSON_ReplaceItemViaPointer(parent, item, other));
    return true;
}

static void check_harmless(const struct buffer *out)
{
    for (size_t i = 0; i < out->size; i++)
        if (out->data[i] != '\n' && ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f))
            ck_abort_msg("control character %d in %.*s", out->data[i], (int)out->size, out->data);
}

START_TEST(strange_answers_do_no_harm)
{
    cJSON *file = recorded();
    cJSON *good = answer_of(file, _i);
    const struct style style = {.plot = true, .width = 90};
    int stride = strcmp(cases[_i].method, "report") == 0 ? 7 : 1; // a report is long; 7 shares no factor with the fields of a trial
    for (int kind = 0; kind < (int)(sizeof strange / sizeof *strange); kind++) {
        bool more = true;
        for (int n = kind % stride; more; n += stride) {
            cJSON *answer = cJSON_Duplicate(good, true);
            struct buffer out;
            buffer_init(&out, TEXT_LIMIT);
            more = spoil(answer, n, kind);
            cases[_i].show(answer, &style, &out);
            check_harmless(&out);
            buffer_finish(&out);
            cJSON_Delete(answer);
        }
    }
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    cases[_i].show(NULL, &style, &out);
    check_harmless(&out);
    buffer_finish(&out);
    cJSON_Delete(good);
    cJSON_Delete(file);
}
END_TEST

static const struct {
    double value;
    const char *latency, *energy, *bytes;
} units[] = {
    {0, "0 us", "0 uJ", "0 B"},
    {12, "12 us", "12 uJ", "12 B"},
    {0.5, "0.5 us", "0.5 uJ", "0.5 B"},
    {1000, "1.0 ms", "1.0 mJ", "1000 B"},
    {25000, "25.0 ms", "25.0 mJ", "24.4 KiB"},
    {123456, "123.5 ms", "123.5 mJ", "120.6 KiB"},
    {2500000, "2.5 s", "2.5 J", "2.4 MiB"},
};

START_TEST(a_candidate_is_uniform_when_all_its_settings_are_alike)
{
    char word[16];
    ck_assert(compare_is_uniform("w8a8", word, sizeof word));
    ck_assert_str_eq(word, "w8a8");
    ck_assert(compare_is_uniform("w4a8/log w4a8/log", word, sizeof word));
    ck_assert_str_eq(word, "w4a8/log");
    ck_assert(!compare_is_uniform("w8a8 w8a8 w8a4", word, sizeof word));
    ck_assert(!compare_is_uniform("w8a8 w8a8/log", word, sizeof word));
    ck_assert(!compare_is_uniform("", word, sizeof word));
}
END_TEST

START_TEST(the_figure_of_the_newest_series_is_compared)
{
    cJSON *file = recorded();
    const cJSON *trial = find(file, "trial.show", "{}");
    double value;
    ck_assert(field_number(compare_figure(trial, "ram_used_bytes"), "value", &value) && value == 16000);
    ck_assert_ptr_null(compare_figure(trial, "no_such_figure"));
    cJSON_Delete(file);
}
END_TEST

START_TEST(quantities_get_a_unit_that_suits_them)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        cJSON *number = cJSON_CreateNumber(units[i].value);
        ck_assert_str_eq(field_latency(number, "").text, units[i].latency);
        ck_assert_str_eq(field_energy(number, "").text, units[i].energy);
        ck_assert_str_eq(field_bytes(number, "").text, units[i].bytes);
        cJSON_Delete(number);
    }
    ck_assert_str_eq(field_latency(NULL, "").text, "-");
    ck_assert_str_eq(field_duration(59).text, "59 s");
    ck_assert_str_eq(field_duration(3599).text, "59 min 59 s");
    ck_assert_str_eq(field_duration(86399).text, "23 h 59 min");
    ck_assert_str_eq(field_duration(90000).text, "1 d 1 h");
    ck_assert_str_eq(field_duration(-1).text, "0 s");
}
END_TEST

START_TEST(tables_are_aligned_by_characters_not_bytes)
{
    static const struct table_column columns[] = {{"NAME", false}, {"N", true}, {"", false}};
    const struct style style = {.color = false};
    struct table t;
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    table_init(&t, columns, 3);
    table_cell(&t, COLOR_NONE, "caf\xc3\xa9");
    table_cell(&t, COLOR_RED, "7");
    table_cell(&t, COLOR_NONE, "x\ty");
    table_cell(&t, COLOR_NONE, "longer");
    table_cell(&t, COLOR_NONE, "1234");
    table_cell(&t, COLOR_NONE, "%s", "");
    table_print(&t, &style, &out);
    table_finish(&t);
    buffer_append(&out, "", 1);
    ck_assert_str_eq(out.data, "NAME       N\ncaf\xc3\xa9       7  x?y\nlonger  1234\n");
    buffer_finish(&out);
}
END_TEST

START_TEST(a_plot_of_one_point_and_of_none)
{
    static struct plot p = {.x_title = "x", .y_title = "y", .x_scale = 1, .y_scale = 1};
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    plot_print(&p, &out);
    ck_assert_uint_eq(out.size, 0);
    p.n = 1;
    plot_print(&p, &out);
    ck_assert_ptr_nonnull(memchr(out.data, '*', out.size));
    buffer_finish(&out);
}
END_TEST

int main(int argc, char **argv)
{
    const int n = sizeof cases / sizeof *cases;
    if (argc != 3)
        return EXIT_FAILURE;
    answers_path = argv[1];
    golden_folder = argv[2];
    Suite *s = suite_create("render");
    TCase *t = suite_case(s, "render", NULL, NULL);
    tcase_add_loop_test(t, recorded_answers_look_as_they_did, 0, n);
    tcase_add_loop_test(t, strange_answers_do_no_harm, 0, n);
    tcase_add_test(t, events_look_as_they_did);
    tcase_add_test(t, a_study_of_another_metric_never_speaks_of_accuracy);
    tcase_add_test(t, a_candidate_is_uniform_when_all_its_settings_are_alike);
    tcase_add_test(t, the_figure_of_the_newest_series_is_compared);
    tcase_add_test(t, quantities_get_a_unit_that_suits_them);
    tcase_add_test(t, tables_are_aligned_by_characters_not_bytes);
    tcase_add_test(t, a_plot_of_one_point_and_of_none);
    return suite_run(s);
}

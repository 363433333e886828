// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Writing studies, trials, steps, boards and events: what is kept, what is refused, what may be told twice.
#include "schema/writer.h"
#include "tests/suite.h"
#include "tests/unit/store_case.h"

#include <check.h>
#include <math.h>
#include <string.h>

static struct store_case lab;
static struct error *const error = &store_case_error;

static void set_up(void)
{
    store_case_open(&lab);
    store_case_study(&lab);
}

static void tear_down(void)
{
    store_case_close(&lab);
}

static int64_t count(const char *sql)
{
    int64_t n;
    must(connection_pragma(&lab.s->c, sql, &n, error));
    return n;
}

static int keep_study(void *user, const struct store_study *study)
{
    *(struct store_study *)user = *study; // its texts are not looked at afterwards
    return 0;
}

static struct store_study study(void)
{
    struct store_study found = {0};
    must(store_each_study(lab.s, keep_study, &found, error));
    return found;
}

START_TEST(a_study_comes_back_as_it_was_told)
{
    struct store_study at = study();
    ck_assert_int_eq(at.study, lab.study);
    ck_assert_int_eq(at.state, STORE_CREATED);
    ck_assert_int_eq(at.seed, 1);
    ck_assert_int_eq(at.applied_seq, 0);
    ck_assert_int_eq(at.next_result_seq, 1);
    ck_assert_int_eq(count("SELECT count(*) FROM study WHERE text = '{ /* demo */ }' AND folder = '/srv/demo' "
                           "AND network = 'dscnn.onnx' AND board_type = 'virtual-u585'"), 1);
}
END_TEST

START_TEST(a_name_is_given_once_and_is_no_number)
{
    struct store_study s = {.name = "demo", .text = "", .folder = "", .config = "{}", .network = "n", .board_type = "b", .trials = 1};
    int64_t number;
    ck_assert_int_eq(store_create_study(lab.s, &s, NULL, &number, error), STORE_CONFLICT);
    ck_assert_ptr_nonnull(strstr(error->text, "demo"));
    static const char *const wrong[] = {"12", "", "a b", "../x", "a\"b"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s.name = wrong[i];
        ck_assert_int_eq(store_create_study(lab.s, &s, NULL, &number, error), -1);
    }
    s.name = "other";
    s.config = "{broken";
    ck_assert_int_eq(store_create_study(lab.s, &s, NULL, &number, error), -1);
    s.config = "{}";
    must(store_create_study(lab.s, &s, NULL, &number, error));
    ck_assert_int_eq(number, 2);
}
END_TEST

START_TEST(pausing_keeps_the_state_to_go_on_in)
{
    must(store_study_state(lab.s, lab.study, STORE_SEARCHING, NULL, NULL, error));
    must(store_study_state(lab.s, lab.study, STORE_PAUSED, "the disk is full", NULL, error));
    must(store_study_state(lab.s, lab.study, STORE_PAUSED, "by the user", NULL, error));
    ck_assert_int_eq(count("SELECT resume = 'searching' AND reason = 'by the user' FROM study"), 1);
    must(store_study_state(lab.s, lab.study, STORE_SEARCHING, NULL, NULL, error));
    ck_assert_int_eq(count("SELECT resume IS NULL AND reason IS NULL FROM study"), 1);
    ck_assert_int_eq(store_study_state(lab.s, 99, STORE_PAUSED, NULL, NULL, error), STORE_NOT_FOUND);
}
END_TEST

START_TEST(a_study_keeps_its_network)
{
    char other[SHA256_HEX];
    memset(other, 'c', SHA256_HEX - 1);
    other[SHA256_HEX - 1] = 0;
    ck_assert_int_eq(store_study_space(lab.s, lab.study, "{}", other, error), STORE_CONFLICT);
    must(store_study_runner(lab.s, lab.study, other, error));
    ck_assert_int_eq(store_study_runner(lab.s, lab.study, "short", error), -1);
    must(store_study_progress(lab.s, lab.study, "trial 1: flashing", NULL, error));
    ck_assert_int_eq(count("SELECT progress = 'trial 1: flashing' FROM study"), 1);
}
END_TEST

START_TEST(proposals_are_numbered_without_gaps_and_never_twice_the_same)
{
    store_case_propose(&lab, 1, 1, 2);
    char text[64] = "w4a8 w4a8";
    struct store_proposal p = {.trial = 4, .kind = STORE_POLICY, .candidate = text, .hash = 4};
    struct store_step s = {.step = 2, .proposals = &p, .n_proposals = 1};
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    p.trial = 3;
    p.candidate = "w4a8; DROP TABLE trial";
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    p.candidate = text;
    must(store_stepped(lab.s, lab.study, &s, NULL, error));
    s.step = 3;
    p.trial = 4;
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    ck_assert_ptr_nonnull(strstr(error->text, "already"));
    ck_assert_int_eq(study().n_trials, 3);
    ck_assert_int_eq(study().step, 2);
}
END_TEST

static int keep_hash(void *user, const struct store_proposal *p)
{
    *(uint64_t *)user = p->hash;
    return 1;
}

START_TEST(a_hash_keeps_all_its_bits)
{
    struct store_proposal p = {.trial = 1, .kind = STORE_POLICY, .candidate = "w4a8", .hash = 0xfedcba9876543210u};
    struct store_step s = {.step = 1, .proposals = &p, .n_proposals = 1};
    must(store_stepped(lab.s, lab.study, &s, NULL, error));
    uint64_t hash = 0;
    ck_assert_int_eq(store_each_proposal(lab.s, lab.study, keep_hash, &hash, error), 1);
    ck_assert_uint_eq(hash, 0xfedcba9876543210u);
    ck_assert_int_eq(count("SELECT hash = 'fedcba9876543210' FROM trial"), 1);
}
END_TEST

START_TEST(a_result_told_again_changes_nothing)
{
    store_case_propose(&lab, 1, 1, 2);
    ck_assert_int_eq(store_case_measure(&lab, 2), 1);
    ck_assert_int_eq(store_case_measure(&lab, 1), 2);
    char before[SHA256_HEX], after[SHA256_HEX];
    store_case_digest(lab.path, before);
    int64_t events = store_last_event(lab.s), seq = 0;
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    struct store_result r = store_case_result(2, 1, figures, cycles);
    figures[0].figure.value = 5;
    struct store_event event = {.topic = "trial.measured"};
    ck_assert_int_eq(store_measured(lab.s, lab.study, &r, &(struct store_events){&event, 1}, &seq, error), STORE_ALREADY);
    ck_assert_int_eq(seq, 1);
    ck_assert_int_eq(store_last_event(lab.s), events);
    ck_assert_int_eq(study().next_result_seq, 3);
    store_case_digest(lab.path, after);
    ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(every_outcome_takes_a_place_in_the_order_of_results)
{
    store_case_propose(&lab, 1, 1, 3);
    int64_t seq;
    struct store_result r = {.trial = 3, .outcome = STORE_INFEASIBLE, .reason = "512 bytes too many"};
    must(store_measured(lab.s, lab.study, &r, NULL, &seq, error));
    ck_assert_int_eq(seq, 1);
    ck_assert_int_eq(store_case_measure(&lab, 1), 2);
    r = (struct store_result){.trial = 2, .outcome = STORE_GIVEN_UP, .reason = "float32 does not fit"};
    must(store_measured(lab.s, lab.study, &r, NULL, &seq, error));
    ck_assert_int_eq(seq, 3);
    r.trial = 9;
    ck_assert_int_eq(store_measured(lab.s, lab.study, &r, NULL, &seq, error), STORE_NOT_FOUND);
    ck_assert_int_eq(store_measured(lab.s, 9, &r, NULL, &seq, error), STORE_NOT_FOUND);
}
END_TEST

static void check_figure(const struct figure *a, const struct figure *b)
{
    ck_assert(a->value == b->value && a->spread == b->spread && a->of == b->of && a->repeats == b->repeats && a->unit == b->unit &&
              a->origin == b->origin);
}

static int keep_results(void *user, const struct store_result *r)
{
    struct store_result *list = user;
    ck_assert_int_eq(r->result_seq, ++list[0].result_seq);
    list[r->result_seq] = *r;
    if (r->outcome == STORE_MEASURED) {
        struct store_figure figures[STORE_FIGURES_MAX];
        int64_t cycles[STORE_CASE_LAYERS];
        struct store_result told = store_case_result(r->trial, r->attempt, figures, cycles);
        ck_assert_int_eq(r->n_figures, told.n_figures);
        for (int i = 0; i < told.n_figures; i++)
            for (int k = 0; k < told.n_figures; k++)
                if (strcmp(figures[i].name, r->figures[k].name) == 0)
                    check_figure(&figures[i].figure, &r->figures[k].figure);
        ck_assert_int_eq(r->n_layers, told.n_layers);
        ck_assert_mem_eq(r->layer_cycles, told.layer_cycles, (size_t)told.n_layers * sizeof *cycles);
    }
    return 0;
}

START_TEST(results_come_back_in_order_with_their_figures)
{
    store_case_propose(&lab, 1, 1, 3);
    store_case_measure(&lab, 2);
    struct store_result refused = {.trial = 3, .outcome = STORE_INFEASIBLE, .reason = "512 bytes too many"};
    int64_t seq;
    must(store_measured(lab.s, lab.study, &refused, NULL, &seq, error));
    store_case_measure(&lab, 1);
    struct store_result list[8] = {0};
    must(store_each_result(lab.s, lab.study, 0, keep_results, list, error));
    ck_assert_int_eq(list[0].result_seq, 3);
    ck_assert_int_eq(list[1].trial, 2);
    ck_assert_int_eq(list[2].trial, 3);
    ck_assert_int_eq(list[2].outcome, STORE_INFEASIBLE);
    ck_assert_int_eq(list[3].trial, 1);
    ck_assert_int_eq(list[3].attempt, 1);
    ck_assert_int_eq(list[3].clock_hz, 160000000);
    ck_assert(!list[3].stepped && isnan(list[3].reward));
}
END_TEST

START_TEST(a_step_applies_results_once)
{
    store_case_propose(&lab, 1, 1, 2);
    store_case_measure(&lab, 1);
    store_case_measure(&lab, 2);
    struct store_reward rewards[] = {{1, 0.1}, {2, -1e-300}};
    struct store_step s = {.step = 2, .applied_seq = 2, .state = "agent", .state_size = 5, .rewards = rewards, .n_rewards = 2};
    must(store_stepped(lab.s, lab.study, &s, NULL, error));
    ck_assert_int_eq(study().applied_seq, 2);
    ck_assert_int_eq(count("SELECT count(*) FROM trial WHERE state = 'stepped'"), 2);
    rewards[0].reward = 7;
    s.state = "other";
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), STORE_ALREADY);
    ck_assert_int_eq(count("SELECT reward = 0.1 FROM trial WHERE trial = 1"), 1);
    struct buffer state;
    buffer_init(&state, STORE_AGENT_MAX);
    must(store_agent_state(lab.s, lab.study, &state, error));
    ck_assert_int_eq((int)state.size, 5);
    ck_assert_mem_eq(state.data, "agent", 5);
    buffer_finish(&state);
    s = (struct store_step){.step = 3, .applied_seq = 2, .summary = "{}"};
    must(store_stepped(lab.s, lab.study, &s, NULL, error));
    ck_assert_int_eq(count("SELECT state = CAST('agent' AS BLOB) AND summary = '{}' FROM agent_state"), 1);
}
END_TEST

START_TEST(a_step_that_does_not_fit_is_refused_whole)
{
    store_case_propose(&lab, 1, 1, 3);
    store_case_measure(&lab, 1);
    store_case_measure(&lab, 2);
    struct store_reward rewards[] = {{1, 0.1}, {2, 0.2}, {3, 0.3}};
    const struct store_step good = {.step = 2, .applied_seq = 2, .state = "a", .state_size = 1, .rewards = rewards, .n_rewards = 2};
    struct store_step s = good;
    char before[SHA256_HEX], after[SHA256_HEX];
    store_case_digest(lab.path, before);
    s.step = 3; // a gap
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    s.step = 0;
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    s = good;
    s.applied_seq = 3; // no such result
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    s = good;
    s.n_rewards = 1; // one is missing
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    s.n_rewards = 3; // one of a trial without result
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    s = good;
    rewards[1].reward = NAN;
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    rewards[1].reward = 0.2;
    s.summary = "{broken";
    ck_assert_int_eq(store_stepped(lab.s, lab.study, &s, NULL, error), -1);
    store_case_digest(lab.path, after);
    ck_assert_str_eq(before, after);
    must(store_stepped(lab.s, lab.study, &good, NULL, error));
}
END_TEST

static int keep_proposal(void *user, const struct store_proposal *p)
{
    *(struct store_proposal *)user = *p;
    return p->trial == 1 ? 1 : 0; // only the first
}

START_TEST(failures_are_counted_by_who_may_be_at_fault)
{
    static const char *const classes[] = {"host", "probe", "flash", "run", "mismatch", "power", "worn"};
    struct store_proposal p = {0};
    int attempt;
    store_case_propose(&lab, 1, 1, 1);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
        must(store_attempt_failed(lab.s, lab.study, 1, attempt, classes[i], "why", NULL, error));
    }
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    must(store_attempt_interrupted(lab.s, lab.study, 1, attempt, "the study was ended", error));
    ck_assert_int_eq(store_attempt_interrupted(lab.s, lab.study, 1, attempt, "again", error), STORE_CONFLICT);
    ck_assert_int_eq(count("SELECT count(*) FROM attempt WHERE state = 'interrupted' AND class IS NULL"), 1);
    ck_assert_int_eq(count("SELECT state = 'lowered' FROM trial WHERE trial = 1"), 1);
    ck_assert_int_eq(store_each_proposal(lab.s, lab.study, keep_proposal, &p, error), 1);
    ck_assert_int_eq(p.tries, 5);
    ck_assert_int_eq(p.faults, 3);
}
END_TEST

START_TEST(a_failed_attempt_leads_to_another_one)
{
    store_case_propose(&lab, 1, 1, 2);
    int attempt, other;
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    ck_assert_int_eq(attempt, 1);
    ck_assert_int_eq(count("SELECT state = 'measuring' FROM trial WHERE trial = 1"), 1);
    ck_assert_int_eq(store_attempt(lab.s, lab.study, 1, "vboard-1", &other, error), STORE_CONFLICT);
    must(store_attempt(lab.s, lab.study, 2, "vboard-1", &other, error)); // the board goes on before a result is stored
    ck_assert_int_eq(count("SELECT trial FROM v_board"), 2);
    must(store_attempt_failed(lab.s, lab.study, 2, other, "probe", "no answer", NULL, error));
    ck_assert_int_eq(count("SELECT trial FROM v_board"), 1);
    ck_assert_int_eq(store_attempt(lab.s, lab.study, 2, "nobody", &other, error), STORE_NOT_FOUND);
    ck_assert_int_eq(store_attempt(lab.s, lab.study, 9, "vboard-1", &other, error), STORE_NOT_FOUND);
    must(store_attempt_failed(lab.s, lab.study, 1, 1, "probe", "no answer", NULL, error));
    ck_assert_int_eq(store_attempt_failed(lab.s, lab.study, 1, 1, "probe", "no answer", NULL, error), STORE_CONFLICT);
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    ck_assert_int_eq(attempt, 2);
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS], seq;
    struct store_result r = store_case_result(1, 1, figures, cycles);
    ck_assert_int_eq(store_measured(lab.s, lab.study, &r, NULL, &seq, error), -1); // attempt 1 has failed
    r.attempt = 2;
    must(store_measured(lab.s, lab.study, &r, NULL, &seq, error));
}
END_TEST

START_TEST(attempts_of_a_dead_process_are_interrupted)
{
    store_case_propose(&lab, 1, 1, 1);
    int attempt;
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    store_case_reopen(&lab);
    ck_assert_int_eq(count("SELECT state = 'interrupted' AND ended_ms = begun_ms FROM attempt"), 1);
    ck_assert_int_eq(count("SELECT state = 'lowered' FROM trial"), 1);
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    ck_assert_int_eq(attempt, 2);
}
END_TEST

/* Trial 1 told with one figure of another origin. */
static int tell_origin(enum origin origin)
{
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS], seq;
    struct store_result r = store_case_result(1, 1, figures, cycles);
    figures[4].figure.origin = (uint8_t)origin;
    return store_measured(lab.s, lab.study, &r, NULL, &seq, error);
}

START_TEST(a_virtual_board_gives_no_real_figure)
{
    store_case_propose(&lab, 1, 1, 1);
    int attempt;
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    ck_assert_int_eq(tell_origin(ORIGIN_REAL), -1);
    ck_assert_ptr_nonnull(strstr(error->text, "origin"));
    ck_assert_int_eq(tell_origin(ORIGIN_NONE), -1);
    must(tell_origin(ORIGIN_VIRTUAL));
    static const char forge[] = "UPDATE measurement SET origin = 'real' WHERE name = 'latency_cycles'";
    ck_assert_int_eq(connection_execute(&lab.s->c, forge, error), -1);
    ck_assert_int_eq(connection_execute(&lab.s->c, "UPDATE board SET virtual = 0", error), -1);
}
END_TEST

START_TEST(a_figure_of_a_board_needs_an_attempt)
{
    store_case_propose(&lab, 1, 1, 1);
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS], seq;
    struct store_result r = store_case_result(1, 0, figures, cycles);
    r.n_layers = 0;
    ck_assert_int_eq(store_measured(lab.s, lab.study, &r, NULL, &seq, error), -1);
    ck_assert_int_eq(store_lowered(lab.s, lab.study, 1, figures, 5, error), -1);
    must(store_lowered(lab.s, lab.study, 1, figures, 4, error));
    must(store_lowered(lab.s, lab.study, 1, figures, 4, error));
    ck_assert_int_eq(count("SELECT count(*) FROM measurement"), 4);
    ck_assert_int_eq(store_lowered(lab.s, lab.study, 1, figures, STORE_FIGURES_MAX + 1, error), -1);
}
END_TEST

START_TEST(a_board_is_one_part)
{
    struct store_board b = {"vboard-1", "virtual-u585", "VBOARD000001", true, 500};
    must(store_board(lab.s, &b, error));
    ck_assert_int_eq(count("SELECT wear_budget FROM board"), 500);
    b.serial = "VBOARD000002";
    ck_assert_int_eq(store_board(lab.s, &b, error), STORE_CONFLICT);
    ck_assert_ptr_nonnull(strstr(error->text, "VBOARD000001"));
    b = (struct store_board){"other", "virtual-u585", "VBOARD000001", true, 500};
    ck_assert_int_eq(store_board(lab.s, &b, error), STORE_CONFLICT);
    b = (struct store_board){"real", "virtual-u585", "0042", false, 500}; // a type is real or virtual
    ck_assert_int_eq(store_board(lab.s, &b, error), STORE_CONFLICT);
    b.type = "nucleo-u575zi-q";
    must(store_board(lab.s, &b, error));
    store_case_propose(&lab, 1, 1, 1);
    int attempt;
    ck_assert_int_eq(store_attempt(lab.s, lab.study, 1, "real", &attempt, error), -1); // not the study's type
}
END_TEST

START_TEST(wear_is_stored_before_the_erase_and_never_goes_down)
{
    uint32_t erases[3] = {5, 0, 2}, fewer[3] = {4, 1, 2};
    must(store_board_flash(lab.s, "vboard-1", "state 1", 7, erases, 3, error));
    must(store_board_flash(lab.s, "vboard-1", "state two", 9, fewer, 3, error));
    store_case_reopen(&lab);
    struct buffer state;
    buffer_init(&state, 1024);
    must(store_board_load(lab.s, "vboard-1", &state, error));
    ck_assert_int_eq((int)state.size, 9);
    ck_assert_mem_eq(state.data, "state two", 9);
    buffer_finish(&state);
    ck_assert_int_eq(count("SELECT group_concat(erases, '') = '512' FROM board_page"), 1);
    ck_assert_int_eq(store_board_flash(lab.s, "nobody", "x", 1, erases, 3, error), STORE_NOT_FOUND);
    ck_assert_int_eq(store_board_load(lab.s, "nobody", &state, error), STORE_NOT_FOUND);
    ck_assert_int_eq(store_board_state(lab.s, "nobody", "idle", NULL, NULL, error), STORE_NOT_FOUND);
}
END_TEST

START_TEST(a_finalist_shows_its_fresh_figures_and_keeps_the_old)
{
    store_case_propose(&lab, 1, 1, 1);
    struct store_figure figures[STORE_FIGURES_MAX];
    int64_t cycles[STORE_CASE_LAYERS];
    struct store_result r = store_case_result(1, 0, figures, cycles);
    int attempt;
    ck_assert_int_eq(store_final(lab.s, lab.study, &r, 1, NULL, error), -1); // it has no result yet
    store_case_measure(&lab, 1);
    must(store_attempt(lab.s, lab.study, 1, "vboard-1", &attempt, error));
    r.attempt = attempt;
    figures[4].figure.value = 4100000;
    must(store_final(lab.s, lab.study, &r, 1.5, NULL, error));
    ck_assert_int_eq(store_final(lab.s, lab.study, &r, 2.5, NULL, error), STORE_ALREADY);
    ck_assert_int_eq(count("SELECT latency_cycles FROM v_trial"), 4100000);
    ck_assert_int_eq(count("SELECT reward = 1.5 AND finalist FROM v_trial"), 1);
    ck_assert_int_eq(count("SELECT count(*) FROM measurement WHERE name = 'latency_cycles'"), 2);
    ck_assert_int_eq(count("SELECT count(*) FROM layer_measurement"), 2 * STORE_CASE_LAYERS);
    struct store_result list[8] = {0};
    must(store_each_result(lab.s, lab.study, 0, keep_results, list, error)); // compares with the search's figures
    ck_assert(list[1].finalist);
    struct store_figure test = {"test_correct", {.value = 900, .of = 1000, .repeats = 1, .unit = UNIT_CORRECT, .origin = ORIGIN_HOST}};
    must(store_add_figures(lab.s, lab.study, 1, &test, 1, error));
    ck_assert_int_eq(count("SELECT test_correct FROM v_trial"), 900);
    test.figure.value = 901;
    must(store_add_figures(lab.s, lab.study, 1, &test, 1, error));
    ck_assert_int_eq(count("SELECT test_correct FROM v_trial"), 901);
}
END_TEST

START_TEST(an_older_series_never_hides_a_finalists_figure)
{
    store_case_propose(&lab, 1, 1, 1);
    store_case_measure(&lab, 1);
    struct store_figure test = {"test_correct", {.value = 950, .of = 1000, .repeats = 1, .unit = UNIT_CORRECT, .origin = ORIGIN_HOST}};
    struct store_result r = {.trial = 1, .figures = &test, .n_figures = 1};
    must(store_final(lab.s, lab.study, &r, 1.5, NULL, error));
    test.figure.value = 900;
    must(store_add_figures(lab.s, lab.study, 1, &test, 1, error));
    ck_assert_int_eq(count("SELECT count(*) FROM measurement WHERE name = 'test_correct'"), 2);
    ck_assert_int_eq(count("SELECT count(*) FROM v_trial"), 1);
    ck_assert_int_eq(count("SELECT test_correct FROM v_trial"), 950);
}
END_TEST

START_TEST(events_are_numbered_with_their_change_and_only_then)
{
    int64_t before = store_last_event(lab.s);
    struct store_event events[] = {{.topic = "study.state", .data = "{\"state\":\"searching\"}"}, {.topic = "x", .data = "{broken"}};
    struct store_events both = {events, 2};
    ck_assert_int_eq(store_study_state(lab.s, lab.study, STORE_SEARCHING, NULL, &both, error), -1);
    ck_assert_int_eq(study().state, STORE_CREATED);
    ck_assert_int_eq(store_last_event(lab.s), before);
    both.n = 1;
    must(store_study_state(lab.s, lab.study, STORE_SEARCHING, NULL, &both, error));
    ck_assert_int_eq(events[0].seq, before + 1);
    ck_assert_int_eq(store_last_event(lab.s), before + 1);
    must(store_prune_events(lab.s, 0, error));
    store_case_reopen(&lab);
    ck_assert_int_eq(store_last_event(lab.s), before + 1);
    must(store_tell(lab.s, &both, error));
    ck_assert_int_eq(events[0].seq, before + 2);
}
END_TEST

START_TEST(every_statement_can_be_prepared)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_stmt *s = NULL;
        ck_assert_msg(statement_sql[i] != NULL, "statement %d has no text", i);
        ck_assert_msg(connection_start(&lab.s->c, (enum statement)i, NO_VALUES, &s, error) == 0, "%s: %s", statement_sql[i],
                      error->text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *t = suite_case(suite, "writing", set_up, tear_down);
    tcase_add_test(t, a_study_comes_back_as_it_was_told);
    tcase_add_test(t, a_name_is_given_once_and_is_no_number);
    tcase_add_test(t, pausing_keeps_the_state_to_go_on_in);
    tcase_add_test(t, a_study_keeps_its_network);
    tcase_add_test(t, proposals_are_numbered_without_gaps_and_never_twice_the_same);
    tcase_add_test(t, a_hash_keeps_all_its_bits);
    tcase_add_test(t, a_result_told_again_changes_nothing);
    tcase_add_test(t, every_outcome_takes_a_place_in_the_order_of_results);
    tcase_add_test(t, results_come_back_in_order_with_their_figures);
    tcase_add_test(t, a_step_applies_results_once);
    tcase_add_test(t, a_step_that_does_not_fit_is_refused_whole);
    tcase_add_test(t, a_failed_attempt_leads_to_another_one);
    tcase_add_test(t, failures_are_counted_by_who_may_be_at_fault);
    tcase_add_test(t, attempts_of_a_dead_process_are_interrupted);
    tcase_add_test(t, a_virtual_board_gives_no_real_figure);
    tcase_add_test(t, a_figure_of_a_board_needs_an_attempt);
    tcase_add_test(t, a_board_is_one_part);
    tcase_add_test(t, wear_is_stored_before_the_erase_and_never_goes_down);
    tcase_add_test(t, a_finalist_shows_its_fresh_figures_and_keeps_the_old);
    tcase_add_test(t, an_older_series_never_hides_a_finalists_figure);
    tcase_add_test(t, events_are_numbered_with_their_change_and_only_then);
    tcase_add_test(t, every_statement_can_be_prepared);
    return suite_run(suite);
}

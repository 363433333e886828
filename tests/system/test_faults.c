// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Everything that can break on a virtual board, through the real openocd: what a measurement says of it, what brings the board back, and
// that a figure is right whenever there is one. usage: test_faults PARE_VBOARD RUNNER_BIN SOURCE_ROOT
#include "tests/sim/small_image.h"
#include "tests/system/vboard_lab.h"

#include "base/file.h"
#include "hwlink/board.h"
#include "hwlink/vboard/fault.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY_FAILURE ((1u << BOARD_FAIL_PROBE) | (1u << BOARD_FAIL_FLASH) | (1u << BOARD_FAIL_RUN))
#define MAYBE(mask) ((mask) | 1u << BOARD_OK)
#define ONLY(failure) (1u << (failure))

static const char *program, *runner, *source_root;
static struct vboard_lab lab;
static struct board_file file;
static uv_loop_t loop;
static struct board *board;
static struct board_result result, reference;
static char image_path[128], progress[65536];

static const struct small_image plain = {.first_seed = 1, .second_seed = 2, .inputs = 200, .hidden = 64, .w_bits = 4, .n_samples = 2};

/* PARE_TRACE=1 shows what is said to the board. */
static void on_progress(void *user, struct board *b, const char *text)
{
    size_t n = strlen(progress);
    (void)user, (void)b;
    snprintf(progress + n, sizeof progress - n, "%.200s\n", text);
    if (getenv("PARE_TRACE"))
        printf("%s\n", text);
}

static void on_done(void *user, const struct board_result *r)
{
    *(bool *)user = true;
    result = *r;
}

static void open_board(void)
{
    struct error e = {""};
    struct board_actions actions = {.progress = on_progress};
    board = board_open(&loop, &file, NULL, runner, lab.state, &actions, &e);
    ck_assert_msg(board != NULL, "%s", e.text);
}

/* A board that was measured once, at its place on USB. */
static void set_up(void)
{
    uint8_t expected[MAILBOX_OUTPUTS_BYTES];
    vboard_lab_start(&lab, program, 1);
    vboard_lab_board_file(&lab, 0, source_root, &file);
    strcpy(file.usb_location, "1-1");
    uv_loop_init(&loop);
    snprintf(image_path, sizeof image_path, "%s/image.pimg", lab.state);
    ck_assert_int_eq(small_image_write(image_path, &plain, expected, NULL), 0);
    open_board();
}

static void tear_down(void)
{
    board_close(board, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    vboard_lab_stop(&lab);
}

static void measure_with(bool energy)
{
    struct error e = {""};
    bool done = false;
    struct board_job job = {.image_path = image_path, .energy = energy, .windows = 1, .repeats = 20, .deadline_scale = 0.1};
    progress[0] = '\0';
    ck_assert_msg(board_measure(board, &job, on_done, &done, &e) == 0, "%s", e.text);
    while (!done)
        uv_run(&loop, UV_RUN_ONCE);
    printf("%s: %s%s%s\n", board_failure_name(result.failure), result.text,
           result.recovered ? " recovered: " : "", result.recovered ? board_rung_name(result.recovered) : "");
    if (result.failure == BOARD_OK && reference.n_samples > 0) {
        ck_assert(result.outputs_ok);
        ck_assert_mem_eq(result.sample_cycles, reference.sample_cycles, sizeof result.sample_cycles);
        ck_assert_mem_eq(result.outputs_sha256, reference.outputs_sha256, SHA256_BYTES);
    }
}

static void measure(void)
{
    measure_with(false);
}

static void is(unsigned mask, const char *text)
{
    ck_assert_msg(mask >> result.failure & 1, "%s: %s", board_failure_name(result.failure), result.text);
    ck_assert_msg(strstr(result.text, text), "\"%s\" is not in: %s", text, result.text);
}

static void is_good(enum board_rung recovered)
{
    is(ONLY(BOARD_OK), "");
    ck_assert_msg(result.recovered == recovered, "recovered: %s\n%s", board_rung_name(result.recovered), progress);
}

static void begin(void)
{
    measure();
    is_good(BOARD_RUNG_NONE);
    reference = result;
}

static void fault(const char *members)
{
    vboard_lab_fault(&lab, 0, members);
}

/* What is suspected gets a fresh start: as the pool does with it. */
static void measure_suspect(void)
{
    board_distrust(board);
    measure();
}

START_TEST(an_unplugged_probe_is_told_until_it_is_back)
{
    begin();
    fault("\"fault\": \"unplug\"");
    measure();
    is(ONLY(BOARD_FAIL_PROBE), "");
    measure();
    is(ONLY(BOARD_FAIL_PROBE), "should be at USB 1-1, where none is");
    fault("\"fault\": \"replug\"");
    measure();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(a_probe_at_another_place_is_not_used)
{
    begin();
    fault("\"fault\": \"unplug\"");
    fault("\"fault\": \"replug\", \"port\": 9");
    measure();
    measure();
    is(ONLY(BOARD_FAIL_PROBE), "it is at USB 1-9 now");
    fault("\"fault\": \"replug\", \"port\": 1");
    measure();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(a_brown_out_at_any_moment_costs_one_measurement)
{
    static const int after[] = {60, 300, 1000, 4000};
    char members[64];
    begin();
    snprintf(members, sizeof members, "\"fault\": \"brown-out\", \"after\": %d", after[_i]);
    board_distrust(board); // more to do than from memory
    fault(members);
    measure();
    is(MAYBE(ANY_FAILURE), "");
    fault("\"clear\": \"all\"");
    measure();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(a_board_without_power_is_given_up_after_every_rung)
{
    begin();
    fault("\"fault\": \"no-power\"");
    measure();
    measure();
    is(ONLY(BOARD_FAIL_PROBE), "no connection to the board (tried: reopened, connected under reset, USB port cycled, power cycled)");
    fault("\"clear\": \"no-power\"");
    measure();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

static const struct {
    const char *members;
    enum board_rung rung;
} recoveries[] = {
    {"\"fault\": \"ap-error\"", BOARD_RUNG_REOPEN},
    {"\"fault\": \"wait\"", BOARD_RUNG_REOPEN},
    {"\"fault\": \"wait\", \"count\": 3", BOARD_RUNG_REOPEN}, // a real probe waits itself; OpenOCD 0.12 gives up
    {"\"fault\": \"probe-hang\"", BOARD_RUNG_REOPEN},
    {"\"fault\": \"stuck-core\", \"till\": \"reset\"", BOARD_RUNG_UNDER_RESET},
    {"\"fault\": \"probe-hang\", \"till\": \"replugged\"", BOARD_RUNG_PORT_CYCLE},
    {"\"fault\": \"stuck-core\", \"till\": \"powered\"", BOARD_RUNG_POWER_CYCLE},
};

START_TEST(each_rung_of_the_ladder_brings_back_what_it_can)
{
    begin();
    fault(recoveries[_i].members);
    measure();
    is_good(recoveries[_i].rung);
}
END_TEST

START_TEST(a_probe_that_hangs_in_the_midst_costs_one_measurement)
{
    begin();
    board_distrust(board);
    fault("\"fault\": \"probe-hang\", \"after\": 700, \"till\": \"replugged\"");
    measure();
    is(ONLY(BOARD_FAIL_PROBE), "did not answer in time");
    measure();
    is_good(BOARD_RUNG_PORT_CYCLE);
}
END_TEST

START_TEST(a_core_that_sticks_in_the_midst_costs_one_measurement)
{
    begin();
    board_distrust(board);
    fault("\"fault\": \"stuck-core\", \"after\": 700");
    measure();
    is(MAYBE(ANY_FAILURE), "");
    measure();
    is_good(result.recovered);
}
END_TEST

START_TEST(flash_that_comes_out_wrong_is_seen_and_avoided)
{
    fault("\"fault\": \"flash-bits\", \"count\": 1, \"after\": 400");
    measure();
    is(MAYBE(ONLY(BOARD_FAIL_FLASH)), "");
    fault("\"clear\": \"all\"");
    measure();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(flash_that_rots_is_a_failure_and_written_anew)
{
    static const char *const members[] = {"\"fault\": \"flash-rot\", \"first\": 16, \"last\": 40, \"count\": 400, \"seed\": 3",
                                          "\"fault\": \"flash-rot\", \"first\": 0, \"last\": 3, \"count\": 200, \"seed\": 4"};
    begin();
    fault(members[_i]);
    measure();
    is(ANY_FAILURE | ONLY(BOARD_FAIL_MISMATCH), "");
    measure_suspect();
    is_good(BOARD_RUNG_NONE);
    ck_assert(_i == 0 ? result.items_written > 0 : result.runner_written);
}
END_TEST

START_TEST(a_flash_that_stays_busy_is_reset_when_it_is_suspect)
{
    fault("\"fault\": \"flash-busy\"");
    measure();
    is(ONLY(BOARD_FAIL_FLASH), "could not be erased");
    measure_suspect();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(write_protection_is_a_failure_of_flash_and_stays)
{
    fault("\"fault\": \"write-protection\", \"first\": 16, \"last\": 127");
    measure();
    is(ONLY(BOARD_FAIL_FLASH), "pages");
    measure_suspect();
    is(ONLY(BOARD_FAIL_FLASH), "protected");
    fault("\"clear\": \"all\"");
    measure();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(option_bytes_are_reported_and_left_alone)
{
    static const char *const faults[][2] = {{"\"fault\": \"tzen\"", "TZEN"}, {"\"fault\": \"rdp\"", "RDP"}};
    begin();
    fault(faults[_i][0]);
    measure_suspect();
    is(ONLY(BOARD_FAIL_PROBE), faults[_i][1]);
    ck_assert(result.needs_operator);
    ck_assert_ptr_null(strstr(progress, "flash"));
    fault("\"clear\": \"all\"");
    measure();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(a_clock_that_never_locks_is_told_by_the_runner)
{
    begin();
    fault("\"fault\": \"clock-stuck\"");
    measure();
    is(ONLY(BOARD_FAIL_RUN), "");
    measure_suspect();
    is_good(BOARD_RUNG_NONE);
}
END_TEST

START_TEST(worn_pages_are_avoided_after_one_failure)
{
    fault("\"fault\": \"worn-pages\", \"first\": 16, \"last\": 17");
    measure();
    is(ONLY(BOARD_FAIL_FLASH), "");
    int tries = 1;
    for (; result.failure != BOARD_OK && tries < 4; tries++)
        measure();
    is_good(BOARD_RUNG_NONE);
    ck_assert_int_le(tries, 3); // one for each page
    ck_assert_uint_ge(board_log(board)->erases[16], FLASHLOG_BAD_WRITE);
}
END_TEST

START_TEST(a_silent_meter_is_a_failure_of_power)
{
    begin();
    fault("\"fault\": \"meter-silent\"");
    measure_with(true);
    is(ONLY(BOARD_FAIL_POWER), "no answer to");
    fault("\"clear\": \"all\"");
    measure_with(true);
    is_good(BOARD_RUNG_NONE);
    ck_assert_int_gt(result.energy_nj, 0);
}
END_TEST

/* A fault that is added to the virtual board is to be tried here: each name stands in an order above. */
START_TEST(every_fault_that_there_is_is_tried)
{
    char path[1024], order[64], *text;
    size_t size;
    struct error e = {""};
    snprintf(path, sizeof path, "%s/tests/system/test_faults.c", source_root);
    ck_assert_msg(file_read(path, 1 << 20, &text, &size, &e) == 0, "%s", e.text);
    for (int i = 0; i < FAULT_COUNT; i++) {
        snprintf(order, sizeof order, "\\\"fault\\\": \\\"%s\\\"", fault_name((enum fault_kind)i));
        ck_assert_msg(strstr(text, order) != NULL, "no test orders the fault %s", fault_name((enum fault_kind)i));
    }
    free(text);
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof *(a)))

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PARE_VBOARD RUNNER_BIN SOURCE_ROOT\n", argv[0]);
        return 2;
    }
    if (system("openocd --version >/dev/null 2>&1") != 0) {
        printf("skipped: no openocd here\n");
        return 77;
    }
    program = argv[1];
    runner = argv[2];
    source_root = argv[3];
    setvbuf(stdout, NULL, _IOLBF, 0);
    Suite *s = suite_create("faults");
    TCase *t = suite_case(s, "faults", set_up, tear_down);
    tcase_add_test(t, an_unplugged_probe_is_told_until_it_is_back);
    tcase_add_test(t, a_probe_at_another_place_is_not_used);
    tcase_add_loop_test(t, a_brown_out_at_any_moment_costs_one_measurement, 0, 4);
    tcase_add_test(t, a_board_without_power_is_given_up_after_every_rung);
    tcase_add_loop_test(t, each_rung_of_the_ladder_brings_back_what_it_can, 0, N(recoveries));
    tcase_add_test(t, a_probe_that_hangs_in_the_midst_costs_one_measurement);
    tcase_add_test(t, a_core_that_sticks_in_the_midst_costs_one_measurement);
    tcase_add_test(t, flash_that_comes_out_wrong_is_seen_and_avoided);
    tcase_add_loop_test(t, flash_that_rots_is_a_failure_and_written_anew, 0, 2);
    tcase_add_test(t, a_flash_that_stays_busy_is_reset_when_it_is_suspect);
    tcase_add_test(t, write_protection_is_a_failure_of_flash_and_stays);
    tcase_add_loop_test(t, option_bytes_are_reported_and_left_alone, 0, 2);
    tcase_add_test(t, a_clock_that_never_locks_is_told_by_the_runner);
    tcase_add_test(t, worn_pages_are_avoided_after_one_failure);
    tcase_add_test(t, a_silent_meter_is_a_failure_of_power);
    t = suite_case(s, "list", NULL, NULL);
    tcase_add_test(t, every_fault_that_there_is_is_tried);
    return suite_run(s);
}

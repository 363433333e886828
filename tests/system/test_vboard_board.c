// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The board link on a virtual board, through the real openocd: latency, outputs, energy. usage: test_vboard_board PARE_VBOARD
// RUNNER_BIN SOURCE_ROOT
#include "tests/sim/small_image.h"
#include "tests/system/vboard_lab.h"

#include "hwlink/board.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *program, *runner, *source_root;
static struct vboard_lab lab;
static struct board_file file;
static uv_loop_t loop;
static struct board_result result;
static char image_path[128];
static uint8_t expected[MAILBOX_OUTPUTS_BYTES];

static const struct small_image plain = {.first_seed = 1, .second_seed = 2, .inputs = 200, .hidden = 64, .w_bits = 4, .n_samples = 5};

static void make_image(const struct small_image *s)
{
    struct error e = {""};
    ck_assert_msg(small_image_write(image_path, s, expected, &e) == 0, "%s", e.text);
}

static void set_up(void)
{
    vboard_lab_start(&lab, program, 2);
    vboard_lab_board_file(&lab, 0, source_root, &file);
    uv_loop_init(&loop);
    snprintf(image_path, sizeof image_path, "%s/image.pimg", lab.state);
    make_image(&plain);
}

static void tear_down(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    vboard_lab_stop(&lab);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* PARE_TRACE=1 shows what is said to the board. */
static void on_progress(void *user, struct board *b, const char *text)
{
    (void)user, (void)b;
    if (getenv("PARE_TRACE"))
        printf("%.3f %s\n", seconds(), text);
}

static struct board *open_board(const struct flashlog *log)
{
    struct error e = {""};
    struct board_actions actions = {.progress = on_progress};
    struct board *b = board_open(&loop, &file, log, runner, lab.state, &actions, &e);
    ck_assert_msg(b != NULL, "%s", e.text);
    return b;
}

static void close_board(struct board *b)
{
    board_close(b, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void on_done(void *user, const struct board_result *r)
{
    ck_assert_int_eq(r->trace != NULL, r->n_windows > 0);
    if (r->trace) {
        ck_assert_int_eq(r->trace->n, r->n_windows);
        ck_assert(r->trace->is_virtual);
        ck_assert_int_eq(r->trace->windows[0].samples, r->trace->windows[0].of);
    }
    *(bool *)user = true;
    result = *r;
}

/* One measurement to its end. Prints how long it took, for the record: nothing depends on it. */
static void measure(struct board *b, const struct board_job *job)
{
    struct error e = {""};
    struct board_job with_path = *job;
    bool done = false;
    double start = seconds();
    with_path.image_path = image_path;
    ck_assert_msg(board_measure(b, &with_path, on_done, &done, &e) == 0, "%s", e.text);
    while (!done)
        uv_run(&loop, UV_RUN_ONCE);
    printf("measured in %.2f s (%u items written)\n", seconds() - start, result.items_written);
}

static void good(struct board *b, const struct board_job *job)
{
    measure(b, job);
    ck_assert_msg(result.failure == BOARD_OK, "%s: %s", board_failure_name(result.failure), result.text);
    ck_assert(result.outputs_ok && result.is_virtual);
}

static const struct board_job latency = {0};
static const struct board_job energy = {.energy = true};

START_TEST(an_image_is_flashed_run_and_read_back)
{
    uint8_t digest[SHA256_BYTES];
    struct board *b = open_board(NULL);
    ck_assert_str_eq(board_probe_firmware(b), "");
    good(b, &latency);
    ck_assert_msg(strncmp(board_probe_firmware(b), "V3J7", 4) == 0, "%s", board_probe_firmware(b));
    ck_assert(result.runner_written);
    ck_assert_uint_eq(result.items_written, 4);
    ck_assert_uint_eq(result.clock_hz, 160000000);
    ck_assert_uint_eq(result.n_samples, 5);
    sha256_of(expected, 5 * 12, digest);
    ck_assert_mem_eq(result.outputs_sha256, digest, SHA256_BYTES);
    uint32_t cycles = result.sample_cycles[0], ops = result.op_cycles[0] + result.op_cycles[1];
    uint32_t macs = 200 * 64 + 64 * 12;
    ck_assert_uint_gt(cycles, macs / 2); // SMLAD does two in a cycle
    ck_assert_uint_lt(cycles, 20 * macs);
    ck_assert_uint_le(ops, cycles);
    ck_assert_uint_gt(ops, cycles * 8 / 10);
    good(b, &latency);
    ck_assert_uint_eq(result.items_written, 0);
    ck_assert_uint_eq(result.sample_cycles[0], cycles);
    close_board(b);
}
END_TEST

START_TEST(a_board_is_left_halted)
{
    int status;
    struct board *b = open_board(NULL);
    good(b, &latency);
    close_board(b);
    char *text = vboard_lab_openocd(&lab, 0, "init; echo state:[stm32u5x.cpu curstate]", &status);
    ck_assert_msg(status == 0 && strstr(text, "state:halted"), "%s", text);
    free(text);
}
END_TEST

START_TEST(wrong_expectations_are_a_mismatch)
{
    struct board *b = open_board(NULL);
    good(b, &latency);
    FILE *f = fopen(image_path, "r+b");
    struct image_file header;
    ck_assert_uint_eq(fread(&header, sizeof header, 1, f), 1);
    fseek(f, (long)header.expected_offset, SEEK_SET);
    fputc(expected[0] ^ 1, f);
    fclose(f);
    measure(b, &latency);
    ck_assert_int_eq(result.failure, BOARD_FAIL_MISMATCH);
    make_image(&plain);
    good(b, &latency);
    close_board(b);
}
END_TEST

START_TEST(sram_takes_fewer_cycles_than_flash_and_no_page)
{
    struct board *b = open_board(NULL);
    good(b, &latency);
    struct board_job sram = {.placement = BOARD_IN_SRAM};
    uint32_t in_flash = result.sample_cycles[0];
    good(b, &sram);
    ck_assert_uint_eq(result.pages_written, 0);
    ck_assert_uint_lt(result.sample_cycles[0], in_flash);
    close_board(b);
}
END_TEST

START_TEST(energy_follows_the_model_and_is_the_same_again)
{
    struct board *b = open_board(NULL);
    good(b, &energy);
    ck_assert_uint_eq(result.n_windows, 3);
    ck_assert(result.waveform_repeated);
    ck_assert_int_gt(result.window_us, 190000); // 200 ms by the cycles of the first, cold inference
    ck_assert_int_lt(result.window_us, 210000);
    double picojoules = (double)result.energy_nj * 1000 / result.sample_cycles[0];
    printf("%.1f pJ per cycle, spread %lld nJ of %lld, %u repeats, %lld us\n", picojoules,
           (long long)result.energy_spread_nj, (long long)result.energy_nj, result.repeats, (long long)result.window_us);
    ck_assert_double_eq_tol(picojoules, 150, 15); // step-down converter, 160 MHz
    ck_assert_int_le(result.energy_spread_nj, result.energy_nj / 500);
    ck_assert_ptr_nonnull(strstr(result.provenance, "\"waveform_repeated\":true"));
    ck_assert_ptr_nonnull(strstr(result.provenance, "X-NUCLEO-LPM01A"));
    int64_t first = result.energy_nj, spread = result.energy_spread_nj;
    struct board *again = b;
    good(again, &energy);
    ck_assert_int_eq(result.energy_nj, first);
    ck_assert_int_eq(result.energy_spread_nj, spread);
    close_board(b);
}
END_TEST

START_TEST(another_board_has_other_noise_and_the_same_cycles)
{
    struct board *b = open_board(NULL);
    good(b, &energy);
    struct board_result first = result;
    close_board(b);
    vboard_lab_board_file(&lab, 1, source_root, &file);
    b = open_board(NULL);
    good(b, &energy);
    ck_assert_mem_eq(result.sample_cycles, first.sample_cycles, sizeof first.sample_cycles);
    ck_assert_int_ne(result.energy_nj, first.energy_nj);
    ck_assert_int_le(llabs(result.energy_nj - first.energy_nj), first.energy_nj / 500);
    close_board(b);
}
END_TEST

/* A log whose least worn pages begin at `page`: what is written goes there. */
static void begin_log_at(struct flashlog *log, uint32_t page, uint32_t n)
{
    memset(log, 0, sizeof *log);
    log->version = FLASHLOG_VERSION;
    for (uint32_t i = 0; i < FLASHLOG_PAGES; i++)
        log->erases[i] = i < page || i >= page + n;
}

START_TEST(latency_does_not_depend_on_the_slot)
{
    static struct flashlog log;
    static uint8_t used[FLASHLOG_PAGES];
    uint32_t cycles[MAILBOX_SAMPLES_MAX] = {0}, ops[IMAGE_OPS_MAX] = {0};
    for (uint32_t page = BOARD_LOG_PAGE; page < FLASHLOG_PAGES; page += 4) {
        begin_log_at(&log, page, 4);
        struct board *b = open_board(&log);
        good(b, &latency);
        for (uint32_t i = 0; i < board_log(b)->n_items; i++)
            used[board_log(b)->items[i].page] = 1;
        if (cycles[0] == 0) {
            memcpy(cycles, result.sample_cycles, sizeof cycles);
            memcpy(ops, result.op_cycles, sizeof ops);
        }
        ck_assert_mem_eq(result.sample_cycles, cycles, sizeof cycles);
        ck_assert_mem_eq(result.op_cycles, ops, sizeof ops);
        close_board(b);
    }
    for (uint32_t page = BOARD_LOG_PAGE; page < FLASHLOG_PAGES; page++)
        ck_assert_msg(used[page], "page %u was not used", page);
}
END_TEST

START_TEST(a_board_that_dies_is_a_probe_failure)
{
    struct board *b = open_board(NULL);
    good(b, &latency);
    vboard_lab_kill(&lab);
    measure(b, &latency);
    ck_assert_int_eq(result.failure, BOARD_FAIL_PROBE);
    ck_assert(result.text[0]);
    vboard_lab_restart(&lab, program);
    vboard_lab_board_file(&lab, 0, source_root, &file);
    struct flashlog log = *board_log(b);
    close_board(b);
    b = open_board(&log);
    good(b, &latency);
    ck_assert_uint_eq(result.items_written, 0); // its flash was kept
    close_board(b);
}
END_TEST

/* The pool's only thread waits until it is told to go on. */
static void on_hold(uv_work_t *work)
{
    uv_sem_wait(work->data);
}

static void count_handle(uv_handle_t *handle, void *n)
{
    (void)handle;
    ++*(int *)n;
}

static int handles(void)
{
    int n = 0;
    uv_walk(&loop, count_handle, &n);
    return n;
}

START_TEST(an_openocd_that_dies_while_the_next_image_is_read_costs_nothing)
{
    char kill_children[64];
    struct error e = {""};
    bool done = false;
    uv_sem_t go;
    uv_work_t hold = {.data = &go};
    struct board_job job = {.image_path = image_path};
    setenv("UV_THREADPOOL_SIZE", "1", 1);
    struct board *b = open_board(NULL);
    int before = handles();
    good(b, &latency);
    uv_sem_init(&go, 0);
    uv_queue_work(&loop, &hold, on_hold, NULL);
    ck_assert_msg(board_measure(b, &job, on_done, &done, &e) == 0, "%s", e.text);
    snprintf(kill_children, sizeof kill_children, "pkill -KILL -P %d -x openocd", (int)getpid());
    ck_assert_int_eq(system(kill_children), 0);
    while (handles() > before) // until nothing of openocd is left
        uv_run(&loop, UV_RUN_ONCE);
    uv_sem_post(&go);
    while (!done && uv_run(&loop, UV_RUN_ONCE))
        ;
    ck_assert_msg(done, "the measurement was forgotten");
    ck_assert_msg(result.failure == BOARD_OK, "%s: %s", board_failure_name(result.failure), result.text);
    close_board(b);
    uv_sem_destroy(&go);
}
END_TEST

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
    setvbuf(stdout, NULL, _IOLBF, 0);
    source_root = argv[3];
    Suite *s = suite_create("vboard_board");
    TCase *t = suite_case(s, "vboard_board", set_up, tear_down);
    tcase_add_test(t, an_image_is_flashed_run_and_read_back);
    tcase_add_test(t, a_board_is_left_halted);
    tcase_add_test(t, wrong_expectations_are_a_mismatch);
    tcase_add_test(t, sram_takes_fewer_cycles_than_flash_and_no_page);
    tcase_add_test(t, energy_follows_the_model_and_is_the_same_again);
    tcase_add_test(t, another_board_has_other_noise_and_the_same_cycles);
    tcase_add_test(t, latency_does_not_depend_on_the_slot);
    tcase_add_test(t, a_board_that_dies_is_a_probe_failure);
    tcase_add_test(t, an_openocd_that_dies_while_the_next_image_is_read_costs_nothing);
    return suite_run(s);
}

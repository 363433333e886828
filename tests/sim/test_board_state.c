// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The core of a board against a fake part: what is said in which order, and what becomes of every fault.
#include "base/file.h"
#include "hwlink/board_plan.h"
#include "hwlink/board_state.h"
#include "tests/sim/fake_part.h"
#include "tests/sim/small_image.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fake_part *part;
static struct board_core *core;
static struct board_file file;
static char folder[] = "/tmp/pare-test-XXXXXX", image_path[64];
static char lines[65536];
static uint8_t runner[3 * BOARD_PAGE_BYTES];
static int erases_asked;
static bool erases_refused;
static const struct small_image plain = {1, 2, 64, 32, 8, 4};

static void on_trace(void *user, const char *line)
{
    (void)user;
    size_t n = strlen(lines);
    snprintf(lines + n, sizeof lines - n, "%.100s\n", line);
}

static void set_up(void)
{
    struct error e = {""};
    strcpy(folder, "/tmp/pare-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(image_path, sizeof image_path, "%s/image", folder);
    part = calloc(1, sizeof *part);
    core = calloc(1, sizeof *core);
    fake_part_init(part);
    memset(&file, 0, sizeof file);
    strcpy(file.name, "fake");
    file.meter = METER_LPM01A;
    file.erase_budget = FLASHLOG_WEAR_BUDGET;
    core->file = &file;
    snprintf(core->path, sizeof core->path, "%s/piece", folder);
    for (size_t i = 0; i < sizeof runner; i++)
        runner[i] = (uint8_t)(i * 31);
    core->runner = runner;
    core->runner_bytes = sizeof runner;
    core->trace = on_trace;
    flashlog_load(&core->log);
    core->log.n_jobs = 0;
    erases_asked = 0;
    erases_refused = false;
    ck_assert_msg(small_image_write(image_path, &plain, part->outputs, &e) == 0, "%s", e.text);
}

static void tear_down(void)
{
    unlink(image_path);
    unlink(core->path);
    rmdir(folder);
    board_image_finish(&core->image);
    free(core->sram);
    free(core);
    free(part);
}

static struct flashlog stored_log; // as the database has it: with the newest intent to erase

/* Carries out one todo; returns the event that follows. */
static struct board_event carry_out(const struct board_todo *t, char *reply, size_t size)
{
    static const struct meter_window window = {.energy_nj = 1000 * 200, .length_us = 200 * 1000, .instrument = "fake meter"};
    if (t->data)
        ck_assert_int_eq(file_write(core->path, t->data, t->size, NULL), 0);
    switch (t->kind) {
    case BOARD_DO_START:
    case BOARD_DO_CALL: {
        enum fake_answer a = fake_part_command(part, t->command, reply, size);
        if (a == FAKE_HANG || a == FAKE_DIE)
            return (struct board_event){.kind = BOARD_EV_GONE, .text = a == FAKE_HANG ? "no answer" : "it died"};
        return (struct board_event){.kind = BOARD_EV_ANSWER, .code = a, .text = reply};
    }
    case BOARD_DO_ASK:
        erases_asked++;
        stored_log = core->log;
        return (struct board_event){.kind = BOARD_EV_ERASE, .ok = !erases_refused};
    case BOARD_DO_WAIT:
        return (struct board_event){.kind = BOARD_EV_TIME};
    case BOARD_DO_RECORD:
        fake_part_power_cycle(part);
        return (struct board_event){.kind = BOARD_EV_METER, .ok = true, .text = "", .window = &window};
    case BOARD_DO_PORT:
    case BOARD_DO_POWER:
        return (struct board_event){.kind = BOARD_EV_SWITCHED, .ok = true, .text = ""};
    default:
        return (struct board_event){.kind = BOARD_EV_GONE, .text = "it was stopped"};
    }
}

static enum board_failure run(void)
{
    static char reply[1 << 18];
    struct board_todo t;
    struct board_event ev = {.kind = BOARD_EV_MEASURE};
    for (int i = 0; i < 20000; i++) {
        board_step(core, &ev, &t);
        if (t.kind == BOARD_DO_FINISH) {
            ck_assert_int_eq(core->state, BOARD_IDLE);
            return core->result.failure;
        }
        ck_assert_int_ne(t.kind, BOARD_DO_NOTHING);
        ev = carry_out(&t, reply, sizeof reply);
    }
    ck_abort_msg("the measurement does not end");
    return BOARD_FAIL_HOST;
}

static enum board_failure measure(const struct board_job *job)
{
    struct board_image image;
    struct error e = {""};
    lines[0] = '\0';
    ck_assert_msg(board_image_read(image_path, &image, &e) == 0, "%s", e.text);
    ck_assert_msg(board_core_set(core, job, &image, &e) == 0, "%s", e.text);
    core->sram_bytes = board_core_sram_bytes(core);
    core->sram = realloc(core->sram, core->sram_bytes + 1);
    return run();
}

static enum board_failure check_health(void)
{
    lines[0] = '\0';
    board_core_set_check(core, 0);
    return run();
}

static const struct board_job latency = {0};
static const struct board_job energy = {.energy = true, .repeats = 200, .windows = 2};

/* Commands of the first measurement, addresses and all: a change of what is said to a board is a change of this text. */
static const char *const first_trace =
    "starting\n  init; poll off\nhalting\n  reset halt\n"
    "inspecting\n  list [read_memory 0xe0044000 32 1] [read_memory 0x40022040 32 1]\n"
    "checking\n  verify_image F 0x08000000 bin\n"
    "asking\nask: pages 0+3\nerasing\n  flash erase_sector 0 0 2\nwriting\n  flash write_image F 0x08000000 bin\n"
    "verifying\n  verify_image F 0x08000000 bin\n"
    "asking\nask: pages 16+1\nerasing\n  flash erase_sector 0 16 16\nwriting\n  flash write_image F 0x08020000 bin\n"
    "verifying\n  verify_image F 0x08020000 bin\n"
    "asking\nask: pages 17+1\nerasing\n  flash erase_sector 0 17 17\nwriting\n  flash write_image F 0x08022000 bin\n"
    "verifying\n  verify_image F 0x08022000 bin\n"
    "asking\nask: pages 18+1\nerasing\n  flash erase_sector 0 18 18\nwriting\n  flash write_image F 0x08024000 bin\n"
    "verifying\n  verify_image F 0x08024000 bin\n"
    "asking\nask: pages 19+1\nerasing\n  flash erase_sector 0 19 19\nwriting\n  flash write_image F 0x08026000 bin\n"
    "verifying\n  verify_image F 0x08026000 bin\n"
    "clearing\n  write_memory 0x20010000 32 {0 0 0 0}\nreleasing\n  reset run; poll; poll\n"
    "booting\n  read_memory 0x20010000 32 25\n"
    "posting\n  write_memory\nrunning\n  read_memory 0x20010000 32 25\n"
    "reading\n  read_memory 0x20010050 32 336\n  read_memory 0x20014000 32 12\n"
    "parking\n  halt\nidle\nfinished: ok\n";

/* The trace with the piece's path as "F" and the job's words left out. */
static void shorten(char *out, size_t size)
{
    size_t n = 0;
    for (const char *p = lines; *p && n + 1 < size;) {
        size_t path = strlen(core->path);
        if (strncmp(p, core->path, path) == 0) {
            out[n++] = 'F';
            p += path;
        } else if (strncmp(p, " 0x20010010 32 {", 16) == 0) {
            p += strcspn(p, "\n");
        } else {
            out[n++] = *p++;
        }
    }
    out[n] = '\0';
}

START_TEST(the_first_measurement_says_exactly_this)
{
    static char text[65536];
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    shorten(text, sizeof text);
    ck_assert_str_eq(text, first_trace);
    ck_assert_uint_eq(core->result.items_written, 4);
    ck_assert_uint_eq(core->result.pages_written, 7);
    ck_assert(core->result.runner_written && core->result.outputs_ok);
    ck_assert_uint_eq(core->result.sample_cycles[3], FAKE_CYCLES);
    ck_assert_uint_eq(core->result.op_layer[1], 1);
}
END_TEST

START_TEST(a_known_image_writes_and_verifies_nothing)
{
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_uint_eq(core->result.items_written, 0);
    ck_assert_uint_eq(core->result.pages_written, 0);
    ck_assert_ptr_null(strstr(lines, "image"));
}
END_TEST

START_TEST(a_changed_layer_writes_its_blob_and_the_program)
{
    struct small_image other = plain;
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    other.second_seed = 9;
    ck_assert_int_eq(small_image_write(image_path, &other, part->outputs, NULL), 0);
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_uint_eq(core->result.items_written, 2);
    ck_assert_uint_eq(core->result.pages_written, 2);
}
END_TEST

START_TEST(a_stored_log_is_verified_before_it_is_used)
{
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    flashlog_load(&core->log);
    core->runner_checked = false;
    part->flash[17 * BOARD_PAGE_BYTES] ^= 1; // the second blob has changed behind our back
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_uint_eq(core->result.items_written, 2); // the blob goes elsewhere, so the program changes too
    ck_assert(!core->result.runner_written);
    flashlog_load(&core->log);
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_uint_eq(core->result.items_written, 0);
    ck_assert_ptr_nonnull(strstr(lines, "verify_image"));
}
END_TEST

START_TEST(sram_placement_writes_no_log_page)
{
    struct board_job job = {.placement = BOARD_IN_SRAM};
    ck_assert_int_eq(measure(&job), BOARD_OK);
    ck_assert_uint_eq(core->result.items_written, 0);
    ck_assert_uint_eq(core->result.pages_written, 3); // the runner, once
    ck_assert_int_eq(measure(&job), BOARD_OK);
    ck_assert_uint_eq(core->result.pages_written, 0);
    ck_assert_ptr_nonnull(strstr(lines, "load_image"));
}
END_TEST

START_TEST(energy_is_measured_with_openocd_gone)
{
    ck_assert_int_eq(measure(&energy), BOARD_OK);
    ck_assert_int_eq(core->result.energy_nj, 1000);
    ck_assert_uint_eq(core->result.n_windows, 2);
    ck_assert_uint_eq(core->result.repeats, 200);
    ck_assert_uint_eq(core->log.n_jobs, 1);
    const char *gone = strstr(lines, "detaching\n"), *metering = strstr(lines, "metering\n");
    ck_assert(gone && metering && gone < metering);
    const char *again = strstr(metering, "starting\n");
    ck_assert_ptr_nonnull(again);
    ck_assert_ptr_null(strstr(again, "reset")); // attached without a reset
}
END_TEST

START_TEST(a_meter_that_does_not_supply_gets_a_reset_without_debugger)
{
    struct board_job job = {.energy = true, .repeats = 200, .windows = 5};
    file.meter = METER_HWMON;
    ck_assert_int_eq(measure(&job), BOARD_OK);
    ck_assert_uint_eq(core->result.n_windows, 1); // each would need OpenOCD again
    const char *off = strstr(lines, "detaching\n  write_memory 0xe000edf0 32 {0xa05f0000}; write_memory 0xe000ed0c 32 {0x05fa0004}");
    ck_assert(off && strstr(off, "metering\n"));
}
END_TEST

START_TEST(job_pages_are_erased_when_they_are_full)
{
    for (unsigned i = 0; i < FLASHLOG_JOBS_MAX + 2; i++)
        ck_assert_int_eq(measure(&energy), BOARD_OK);
    ck_assert_uint_eq(part->erases[BOARD_JOB_PAGE], 1);
    ck_assert_uint_eq(core->log.n_jobs, 2);
    ck_assert(!part->dirty_flash);
}
END_TEST

START_TEST(spent_pages_are_the_boards_fault)
{
    core->log.erases[BOARD_JOB_PAGE] = FLASHLOG_WEAR_BUDGET;
    core->log.n_jobs = FLASHLOG_JOBS_MAX; // they must be erased
    ck_assert_int_eq(measure(&energy), BOARD_FAIL_WORN);
    ck_assert_ptr_nonnull(strstr(core->result.text, "its budget is spent"));
    ck_assert(core->result.needs_operator);
    for (uint32_t p = 0; p < FLASHLOG_PAGES; p++)
        core->log.erases[p] = FLASHLOG_WEAR_BUDGET;
    core->log.n_items = 0;
    ck_assert_int_eq(measure(&latency), BOARD_FAIL_WORN);
    ck_assert_ptr_nonnull(strstr(core->result.text, "erases"));
}
END_TEST

START_TEST(a_stale_count_of_job_records_heals_itself)
{
    ck_assert_int_eq(measure(&energy), BOARD_OK);
    core->log.n_jobs = 0; // the state was stored before the record was written
    ck_assert_int_eq(measure(&energy), BOARD_OK);
    ck_assert_uint_eq(part->erases[BOARD_JOB_PAGE], 1);
    ck_assert_uint_eq(core->log.n_jobs, 1);
}
END_TEST

START_TEST(no_erase_happens_before_the_intent_is_stored)
{
    erases_refused = true;
    ck_assert_int_eq(measure(&latency), BOARD_FAIL_HOST);
    for (int i = 0; i < 256; i++)
        ck_assert_uint_eq(part->erases[i], 0);
    erases_refused = false;
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_uint_eq(core->log.erases[0], 2); // counted when intended: never below the truth
}
END_TEST

START_TEST(a_log_that_is_full_starts_anew)
{
    struct small_image s = plain;
    bool restarted = false;
    for (uint64_t i = 0; i < 100; i++) {
        s.second_seed = 100 + i;
        ck_assert_int_eq(small_image_write(image_path, &s, part->outputs, NULL), 0);
        ck_assert_int_eq(measure(&latency), BOARD_OK);
        restarted |= core->result.log_restarted;
    }
    ck_assert(!restarted);
    for (uint64_t i = 0; i < 30; i++) {
        s.second_seed = 300 + i;
        ck_assert_int_eq(small_image_write(image_path, &s, part->outputs, NULL), 0);
        ck_assert_int_eq(measure(&latency), BOARD_OK);
        restarted |= core->result.log_restarted;
    }
    ck_assert(restarted && !part->dirty_flash);
    for (int i = 0; i < 256; i++)
        ck_assert_uint_eq(part->erases[i], core->log.erases[i]);
}
END_TEST

/* A board that is about to begin its log anew, with the image that makes it do so. */
static void fill_log(struct fake_part *full, struct flashlog *log)
{
    struct small_image s = plain;
    for (uint64_t i = 0; i < 200; i++) {
        s.second_seed = 100 + i;
        *full = *part;
        *log = core->log;
        ck_assert_int_eq(small_image_write(image_path, &s, part->outputs, NULL), 0);
        memcpy(full->outputs, part->outputs, sizeof full->outputs);
        ck_assert_int_eq(measure(&latency), BOARD_OK);
        if (core->result.log_restarted)
            return;
    }
    ck_abort_msg("the log does not become full");
}

/* Service and OpenOCD are killed at once, before any command or (1) in the midst of any write; what is known then is what was stored. */
START_TEST(a_log_that_is_begun_anew_survives_a_cut_at_any_command)
{
    static struct fake_part full;
    static struct flashlog log;
    int n = 0;
    fill_log(&full, &log);
    for (bool cut = true; cut; n++) {
        *part = full;
        core->log = stored_log = log;
        core->runner_checked = false;
        snprintf(part->fault, sizeof part->fault, "die ");
        part->fault_after = n;
        part->fault_stays = true;
        part->half_writes = _i;
        measure(&latency);
        cut = part->fault_after == 0;
        part->fault[0] = '\0';
        part->fault_stays = false;
        core->log = stored_log;
        flashlog_load(&core->log);
        core->runner_checked = false;
        ck_assert_msg(measure(&latency) == BOARD_OK, "after a cut at command %d: %s", n, core->result.text);
        ck_assert(core->result.outputs_ok);
        for (int i = 0; i < 256; i++)
            ck_assert_uint_le(part->erases[i], core->log.erases[i]);
    }
    ck_assert_int_gt(n, 15);
    printf("cut at each of %d commands\n", n - 1);
}
END_TEST

START_TEST(different_outputs_are_a_mismatch_and_trust_is_lost)
{
    part->wrong_outputs = true;
    ck_assert_int_eq(measure(&latency), BOARD_FAIL_MISMATCH);
    ck_assert(!core->runner_checked);
    part->wrong_outputs = false;
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_uint_eq(core->result.items_written, 0);
    ck_assert_ptr_nonnull(strstr(lines, "checking"));
}
END_TEST

START_TEST(a_silent_runner_ends_at_the_deadline)
{
    part->deaf_runner = true;
    ck_assert_int_eq(measure(&latency), BOARD_FAIL_RUN);
    ck_assert_ptr_nonnull(strstr(core->result.text, "did not end"));
}
END_TEST

static const struct {
    const char *fault;
    int after;
    enum board_failure failure;
} faults[] = {
    {"fail init", 0, BOARD_OK}, // tried again
    {"die init", 0, BOARD_OK},
    {"hang reset halt", 0, BOARD_OK}, // the ladder's next rung
    {"fail reset halt", 0, BOARD_OK},
    {"fail list", 0, BOARD_OK},
    {"die list", 0, BOARD_OK},
    {"fail reset halt", 1, BOARD_FAIL_PROBE},
    {"fail verify_image", 0, BOARD_OK}, // the runner is written anew
    {"fail verify_image", 1, BOARD_FAIL_FLASH},
    {"fail flash erase_sector", 0, BOARD_FAIL_FLASH},
    {"die flash erase_sector", 1, BOARD_FAIL_PROBE},
    {"fail flash write_image", 2, BOARD_FAIL_FLASH},
    {"hang flash write_image", 0, BOARD_FAIL_PROBE},
    {"fail flash write_image", 5, BOARD_OK}, // the job record: begun anew on erased pages
    {"die write_memory", 0, BOARD_FAIL_PROBE},
    {"fail write_memory", 1, BOARD_FAIL_PROBE},
    {"hang reset run", 0, BOARD_FAIL_PROBE},
    {"fail read_memory", 0, BOARD_FAIL_PROBE},
    {"die read_memory", 2, BOARD_FAIL_PROBE},
    {"die read_memory", 5, BOARD_FAIL_PROBE},
    {"die halt", 0, BOARD_OK}, // everything is measured by then
};

START_TEST(every_fault_has_its_class_and_the_next_measurement_is_good)
{
    snprintf(part->fault, sizeof part->fault, "%s", faults[_i].fault);
    part->fault_after = faults[_i].after;
    enum board_failure f = measure(&energy);
    ck_assert_msg(f == faults[_i].failure, "%s: %s (%s)", faults[_i].fault, board_failure_name(f), core->result.text);
    ck_assert_msg(part->fault[0] == '\0', "%s did not happen", faults[_i].fault);
    ck_assert(f == BOARD_OK || core->result.text[0]);
    f = measure(&energy);
    ck_assert_msg(f == BOARD_OK, "after %s: %s", faults[_i].fault, core->result.text);
    for (int i = 0; i < 256; i++)
        ck_assert_uint_le(part->erases[i], core->log.erases[i]);
}
END_TEST

START_TEST(the_ladder_is_climbed_rung_by_rung_up_to_a_person)
{
    static const char *const rungs[] = {"reopened", "connected under reset", "USB port cycled", "power cycled", "by a person"};
    const char *at = lines;
    strcpy(file.usb_location, "1-2.3");
    strcpy(part->fault, "fail init");
    part->fault_stays = true;
    ck_assert_int_eq(measure(&latency), BOARD_FAIL_PROBE);
    for (size_t i = 0; i < sizeof rungs / sizeof *rungs; i++) {
        char line[64];
        snprintf(line, sizeof line, "ladder: %s", rungs[i]);
        at = strstr(at, line);
        ck_assert_msg(at != NULL, "no %s in\n%s", line, lines);
    }
    ck_assert_ptr_nonnull(strstr(core->result.text, "USB port cycled, power cycled"));
    part->fault[0] = '\0';
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_int_eq(core->result.recovered, BOARD_RUNG_NONE);
}
END_TEST

START_TEST(rungs_without_means_are_left_out)
{
    file.meter = METER_NONE;
    strcpy(part->fault, "fail init");
    part->fault_stays = true;
    ck_assert_int_eq(measure(&latency), BOARD_FAIL_PROBE);
    ck_assert_ptr_null(strstr(lines, "cycled"));
}
END_TEST

START_TEST(what_brought_a_board_back_is_told)
{
    strcpy(part->fault, "fail reset halt");
    part->fault_stays = true;
    struct board_todo t;
    char reply[1024];
    struct board_event ev = {.kind = BOARD_EV_MEASURE};
    lines[0] = '\0';
    board_core_set_check(core, 0);
    do {
        board_step(core, &ev, &t);
        if (t.under_reset)
            part->fault[0] = '\0';
        ev = carry_out(&t, reply, sizeof reply);
    } while (t.kind != BOARD_DO_FINISH);
    ck_assert_int_eq(core->result.failure, BOARD_OK);
    ck_assert_int_eq(core->result.recovered, BOARD_RUNG_UNDER_RESET);
}
END_TEST

START_TEST(a_protected_part_needs_its_operator_and_is_not_touched)
{
    static const uint32_t options[] = {0x9feff8aau, 0x1feff855u, 0x1feff8ccu};
    for (int i = 0; i < 4; i++) {
        part->options = i < 3 ? options[i] : 0;
        part->idcode = i == 3 ? 0x20016419u : 0;
        ck_assert_int_eq(measure(&latency), BOARD_FAIL_PROBE);
        ck_assert(core->result.needs_operator);
        ck_assert_ptr_null(strstr(lines, "flash"));
        ck_assert_ptr_null(strstr(lines, "write"));
    }
    part->options = part->idcode = 0;
    ck_assert_int_eq(measure(&latency), BOARD_OK);
}
END_TEST

START_TEST(a_health_check_changes_nothing)
{
    ck_assert_int_eq(check_health(), BOARD_OK);
    ck_assert_ptr_nonnull(strstr(lines, "verify_image")); // no runner there: it will be written when it is needed
    ck_assert_uint_eq(part->erases[0], 0);
    ck_assert_int_eq(measure(&latency), BOARD_OK);
    ck_assert_int_eq(check_health(), BOARD_OK);
    ck_assert_ptr_nonnull(strstr(lines, "list [read_memory"));
    part->options = 0x9feff8aau;
    ck_assert_int_eq(check_health(), BOARD_FAIL_PROBE);
    ck_assert(core->result.needs_operator);
}
END_TEST

/* Of a float32 program whose samples are `expected`. */
static bool agrees(const float *expected, const float *outputs, uint32_t samples, uint32_t each, bool is_float)
{
    struct image_file about = {.n_samples = samples, .output_bytes = 4 * each, .expected_bytes = 4 * samples * each};
    struct image_program program = {.n_ops = 1};
    struct image_op op = {.float32 = is_float};
    struct board_image i = {.file = &about, .program = &program, .ops = &op, .expected = (const uint8_t *)expected};
    return board_image_agrees(&i, outputs);
}

START_TEST(float_outputs_agree_within_a_thousandth_of_the_largest)
{
    const float expected[4] = {1000, 0, 1, -2}, near[4] = {999.5f, 0.9f, 1.001f, -2}, far[4] = {1000, 0, 1, -2.003f};
    const float none[4] = {1000, 0, NAN, -2};
    ck_assert(agrees(expected, expected, 2, 2, true));
    ck_assert(agrees(expected, near, 2, 2, true));
    ck_assert(!agrees(expected, far, 2, 2, true));
    ck_assert(!agrees(expected, none, 2, 2, true));
    ck_assert(agrees(expected, expected, 2, 2, false));
    ck_assert(!agrees(expected, near, 2, 2, false));
}
END_TEST

START_TEST(damaged_image_files_are_refused)
{
    char *data;
    size_t size;
    struct board_image image;
    struct error e;
    ck_assert_int_eq(file_read(image_path, 1 << 20, &data, &size, NULL), 0);
    for (size_t i = 0; i < sizeof(struct image_file); i++) {
        data[i] ^= 0x41;
        ck_assert_int_eq(file_write(image_path, data, size, NULL), 0);
        if (board_image_read(image_path, &image, &e) == 0) // reserved fields
            board_image_finish(&image);
        data[i] ^= 0x41;
    }
    for (size_t n = 0; n < size; n += 97) {
        ck_assert_int_eq(file_write(image_path, data, n, NULL), 0);
        ck_assert_int_eq(board_image_read(image_path, &image, &e), -1);
    }
    free(data);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("board_state");
    TCase *t = suite_case(s, "board_state", set_up, tear_down);
    tcase_add_test(t, the_first_measurement_says_exactly_this);
    tcase_add_test(t, a_known_image_writes_and_verifies_nothing);
    tcase_add_test(t, a_changed_layer_writes_its_blob_and_the_program);
    tcase_add_test(t, a_stored_log_is_verified_before_it_is_used);
    tcase_add_test(t, sram_placement_writes_no_log_page);
    tcase_add_test(t, energy_is_measured_with_openocd_gone);
    tcase_add_test(t, a_meter_that_does_not_supply_gets_a_reset_without_debugger);
    tcase_add_test(t, job_pages_are_erased_when_they_are_full);
    tcase_add_test(t, spent_pages_are_the_boards_fault);
    tcase_add_test(t, a_stale_count_of_job_records_heals_itself);
    tcase_add_test(t, no_erase_happens_before_the_intent_is_stored);
    tcase_add_test(t, a_log_that_is_full_starts_anew);
    tcase_add_loop_test(t, a_log_that_is_begun_anew_survives_a_cut_at_any_command, 0, 2);
    tcase_add_test(t, different_outputs_are_a_mismatch_and_trust_is_lost);
    tcase_add_test(t, the_ladder_is_climbed_rung_by_rung_up_to_a_person);
    tcase_add_test(t, rungs_without_means_are_left_out);
    tcase_add_test(t, what_brought_a_board_back_is_told);
    tcase_add_test(t, a_protected_part_needs_its_operator_and_is_not_touched);
    tcase_add_test(t, a_health_check_changes_nothing);
    tcase_add_test(t, a_silent_runner_ends_at_the_deadline);
    tcase_add_loop_test(t, every_fault_has_its_class_and_the_next_measurement_is_good, 0,
                        (int)(sizeof faults / sizeof *faults));
    tcase_add_test(t, float_outputs_agree_within_a_thousandth_of_the_largest);
    tcase_add_test(t, damaged_image_files_are_refused);
    return suite_run(s);
}

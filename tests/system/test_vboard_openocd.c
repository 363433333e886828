// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Debian's unmodified openocd on virtual boards. usage: test_vboard_openocd PARE_VBOARD
#include "tests/system/vboard_lab.h"

#include "base/file.h"
#include "base/rng.h"
#include "hwlink/vboard/vboard.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program;
static struct vboard_lab lab;

static void set_up(void)
{
    vboard_lab_start(&lab, program, 2);
}

static void tear_down(void)
{
    vboard_lab_stop(&lab);
}

/* Runs commands on a board; all must go well. The text is valid until the next call. */
static const char *run(int board, const char *commands)
{
    static char *text;
    int status;
    free(text);
    text = vboard_lab_openocd(&lab, board, commands, &status);
    ck_assert_msg(status == 0, "%s: status %d\n%s", commands, status, text);
    return text;
}

static void says(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what), "\"%s\" is not said in:\n%s", what, text);
}

static char *random_file(const char *name, size_t size, uint64_t seed)
{
    static char path[128];
    struct rng r;
    uint8_t *data = malloc(size);
    rng_seed(&r, seed, 0);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)rng_u32(&r);
    snprintf(path, sizeof path, "%s/%s", lab.state, name);
    ck_assert_int_eq(file_write(path, data, size, NULL), 0);
    free(data);
    return path;
}

START_TEST(openocd_finds_the_part)
{
    const char *text = run(0, "init; reset halt; flash probe 0; echo [flash list]");
    says(text, "STLINK V3");
    says(text, "Target voltage: 3.3");
    says(text, "SWD DPIDR 0x0be12477");
    says(text, "Cortex-M33 r0p4 processor detected");
    says(text, "target has 8 breakpoints, 4 watchpoints");
    says(text, "STM32U57/U58xx");
    says(text, "flash size = 2048 KiB");
    says(text, "RDP level 0");
    ck_assert_ptr_null(strstr(text, "lockup"));
    ck_assert_ptr_null(strstr(text, "Error"));
}
END_TEST

START_TEST(a_quarter_of_a_megabyte_is_erased_written_and_verified)
{
    char commands[1024], *path = random_file("image.bin", 256 * 1024, 1);
    snprintf(commands, sizeof commands,
             "init; reset halt; flash erase_sector 0 16 47; flash write_image %s 0x08020000 bin; verify_image %s 0x08020000 bin; "
             "dump_image %s/back.bin 0x08020000 262144",
             path, path, lab.state);
    const char *text = run(0, commands);
    ck_assert_ptr_null(strstr(text, "slower")); // by its loader on the emulated core
    char back[128], *a, *b;
    size_t na, nb;
    snprintf(back, sizeof back, "%s/back.bin", lab.state);
    ck_assert_int_eq(file_read(path, 1 << 20, &a, &na, NULL), 0);
    ck_assert_int_eq(file_read(back, 1 << 20, &b, &nb, NULL), 0);
    ck_assert_uint_eq(na, nb);
    ck_assert_mem_eq(a, b, na);
    free(a);
    free(b);
    int status; // and a difference is found
    snprintf(commands, sizeof commands, "init; reset halt; verify_image %s 0x08020010 bin", path);
    char *bad = vboard_lab_openocd(&lab, 0, commands, &status);
    ck_assert_int_ne(status, 0);
    free(bad);
}
END_TEST

/* r0 = 0; r0++ three times; stay. In SRAM. */
#define TINY "write_memory 0x20001000 16 {0x2000 0x3001 0x3001 0x3001 0xe7fe}; reg pc 0x20001000; reg sp 0x20002000;"

START_TEST(it_stops_at_hardware_breakpoints_and_steps)
{
    const char *text = run(0, "init; reset halt; " TINY "bp 0x20001004 2 hw; resume; wait_halt 1000; echo at:[reg pc]; "
                              "echo first:[reg r0]; rbp 0x20001004; step; echo second:[reg r0]; step; echo third:[reg r0]; "
                              "step; step; echo stays:[reg pc]");
    says(text, "halted due to breakpoint");
    says(text, "at:pc (/32): 0x20001004");
    says(text, "first:r0 (/32): 0x00000001");
    says(text, "second:r0 (/32): 0x00000002");
    says(text, "third:r0 (/32): 0x00000003");
    says(text, "halted due to single-step");
    says(text, "stays:pc (/32): 0x20001008");
}
END_TEST

START_TEST(software_breakpoints_and_registers_work)
{
    const char *text = run(0, "init; reset halt; " TINY "bp 0x20001006 2; reg d2 0x3f80000040000000; reg xPSR 0x21000000; resume; "
                              "wait_halt 1000; echo at:[reg pc]; echo d2:[reg d2]; rbp 0x20001006; reg r7 0x1234; "
                              "echo r7:[reg r7]; resume; halt; echo then:[reg pc]");
    says(text, "at:pc (/32): 0x20001006");
    says(text, "d2:d2 (/64): 0x3f80000040000000");
    says(text, "r7:r7 (/32): 0x00001234");
    says(text, "then:pc (/32): 0x20001008");
}
END_TEST

START_TEST(memory_is_read_and_written_while_the_core_runs)
{
    /* ldr r1,[r2]; adds r1,#1; str r1,[r2]; b back: counts at 0x20002000 */
    const char *text = run(0, "init; reset halt; write_memory 0x20001000 16 {0x6811 0x3101 0x6011 0xe7fb}; reg r2 0x20002000; "
                              "write_memory 0x20002000 32 0; reg pc 0x20001000; resume; set a [read_memory 0x20002000 32 1]; "
                              "write_memory 0x20003000 32 {0xcafe 0xbabe}; sleep 5; set b [read_memory 0x20002000 32 1]; "
                              "set c [read_memory 0x20003000 32 2]; echo more:[expr {$b > $a}]; echo kept:$c; "
                              "echo state:[stm32u5x.cpu curstate]; halt");
    says(text, "more:1");
    says(text, "kept:0xcafe 0xbabe");
    says(text, "state:running");
}
END_TEST

START_TEST(what_is_not_there_is_a_bus_error_and_no_more)
{
    const char *text = run(0, "init; reset halt; echo bad:[catch {read_memory 0x60000000 32 1}]; "
                              "echo good:[read_memory 0x0bfa07a0 16 1]");
    says(text, "good:0x800");
    ck_assert(strstr(text, "bad:1") || strstr(text, "bad:-4"));
}
END_TEST

START_TEST(two_boards_are_told_apart_by_serial)
{
    run(0, "init; reset halt; write_memory 0x20000100 32 0x11111111");
    run(1, "init; reset halt; write_memory 0x20000100 32 0x22222222");
    says(run(0, "init; echo [read_memory 0x20000100 32 1]"), "0x11111111");
    says(run(1, "init; echo [read_memory 0x20000100 32 1]"), "0x22222222");
    int status;
    struct vboard_lab other = lab;
    strcpy(other.serials[0], "VBOARD000003");
    char *text = vboard_lab_openocd(&other, 0, "init", &status);
    ck_assert_int_ne(status, 0);
    says(text, "serial mismatch");
    free(text);
}
END_TEST

START_TEST(a_probe_belongs_to_one_at_a_time)
{
    char inner[512];
    snprintf(inner, sizeof inner,
             "init; catch {exec timeout 600 openocd -f interface/stlink-dap.cfg -c \"st-link backend tcp %d; adapter serial %s; "
             "transport select dapdirect_swd\" -f target/stm32u5x.cfg -c \"init; shutdown\" 2>@1} m; echo $m",
             lab.port, lab.serials[0]);
    says(run(0, inner), "already used");
}
END_TEST

START_TEST(what_was_programmed_survives_kill_9)
{
    char commands[512], *path = random_file("image.bin", 40000, 2);
    snprintf(commands, sizeof commands, "init; reset halt; flash write_image erase %s 0x08100000 bin", path);
    run(1, commands);
    vboard_lab_kill(&lab);
    vboard_lab_restart(&lab, program);
    snprintf(commands, sizeof commands, "init; reset halt; verify_image %s 0x08100000 bin", path);
    run(1, commands);
    char cells[128], *data;
    size_t size;
    snprintf(cells, sizeof cells, "%s/%s.flash", lab.state, lab.serials[1]);
    ck_assert_int_eq(file_read(cells, 1 << 22, &data, &size, NULL), 0);
    const struct vboard_cells *kept = (const struct vboard_cells *)(const void *)data;
    ck_assert_uint_eq(size, sizeof *kept);
    for (uint32_t i = 0; i < FLASH_PAGES; i++)
        ck_assert_uint_eq(kept->record.erases[i], i >= 128 && i < 133);
    free(data);
}
END_TEST

START_TEST(a_blank_part_sleeps_without_lockup)
{
    const char *text = run(0, "init; reset run; sleep 20; halt; echo at:[reg pc]");
    says(text, "at:pc (/32): 0x0bf9");
    ck_assert_ptr_null(strstr(text, "lockup"));
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PARE_VBOARD\n", argv[0]);
        return 2;
    }
    if (system("openocd --version >/dev/null 2>&1") != 0) {
        printf("skipped: no openocd here\n");
        return 77;
    }
    program = argv[1];
    Suite *s = suite_create("vboard_openocd");
    TCase *t = suite_case(s, "vboard_openocd", set_up, tear_down);
    tcase_add_test(t, openocd_finds_the_part);
    tcase_add_test(t, a_quarter_of_a_megabyte_is_erased_written_and_verified);
    tcase_add_test(t, it_stops_at_hardware_breakpoints_and_steps);
    tcase_add_test(t, software_breakpoints_and_registers_work);
    tcase_add_test(t, memory_is_read_and_written_while_the_core_runs);
    tcase_add_test(t, what_is_not_there_is_a_bus_error_and_no_more);
    tcase_add_test(t, two_boards_are_told_apart_by_serial);
    tcase_add_test(t, a_probe_belongs_to_one_at_a_time);
    tcase_add_test(t, what_was_programmed_survives_kill_9);
    tcase_add_test(t, a_blank_part_sleeps_without_lockup);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Faults that are ordered: each happens when it should, does what it says, and is mended by what mends it.
#include "hwlink/vboard/control.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLASH_KEYR 0x40022008u
#define FLASH_STATUS 0x40022020u
#define FLASH_CONTROL 0x40022028u
#define FLASH_OPTIONS 0x40022040u
#define DHCSR 0xe000edf0u
#define RAM 0x20001000u

static struct vboard *board;
static struct control *control;
static char state[64];

static void set_up(void)
{
    struct error e = {""};
    strcpy(state, "/tmp/pare-fault-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(state));
    board = vboard_create("B1", NULL, &e);
    ck_assert_msg(board != NULL, "%s", e.text);
    control = control_open(&board, 1, NULL, state, &e);
    ck_assert_msg(control != NULL, "%s", e.text);
}

static void tear_down(void)
{
    char command[96];
    control_close(control);
    vboard_destroy(board);
    snprintf(command, sizeof command, "rm -rf %s", state);
    ck_assert_int_eq(system(command), 0);
}

static void says(const char *line, const char *what)
{
    char *answer = control_line(control, line);
    ck_assert_msg(strstr(answer, what), "\"%s\" is not in %s", what, answer);
    free(answer);
}

static void order(const char *fault)
{
    char line[256];
    snprintf(line, sizeof line, "{\"board\": \"B1\", %s}", fault);
    says(line, "\"ok\":true");
}

static enum dap_ack get(uint32_t address, uint32_t *value)
{
    uint8_t word[4];
    uint32_t at;
    dap_write_dp(&board->dap, DAP_DP_ABORT, DAP_ABORT_STKERRCLR);
    enum dap_ack ack = dap_read_block(&board->dap, 0, address, 4, true, word, 4, &at);
    memcpy(value, word, 4);
    return ack;
}

static uint32_t read_word(uint32_t address)
{
    uint32_t value;
    ck_assert_int_eq(get(address, &value), DAP_OK);
    return value;
}

static void write_word(uint32_t address, uint32_t value)
{
    uint8_t word[4];
    uint32_t at;
    memcpy(word, &value, 4);
    ck_assert_int_eq(dap_write_block(&board->dap, 0, address, 4, true, word, 4, &at), DAP_OK);
}

static void power_cycle(void)
{
    vboard_power(board, false);
    vboard_power(board, true);
}

static void unlock(void)
{
    write_word(FLASH_KEYR, FLASH_KEY1);
    write_word(FLASH_KEYR, FLASH_KEY2);
}

static void erase(uint32_t page)
{
    write_word(FLASH_STATUS, 0xffffffff);
    write_word(FLASH_CONTROL, FLASH_NSCR_PER | FLASH_NSCR_STRT | page << 3);
}

static void program(uint32_t offset)
{
    write_word(FLASH_CONTROL, FLASH_NSCR_PG);
    for (uint32_t i = 0; i < 4; i++)
        write_word(FLASH_BASE + offset + 4 * i, 0x11111111 * (i + 1));
}

START_TEST(nonsense_is_told_and_changes_nothing)
{
    says("", "error");
    says("[]", "not a JSON object");
    says("{\"board\": \"B2\", \"fault\": \"unplug\"}", "names no board");
    says("{\"board\": \"B1\", \"fault\": \"fire\"}", "no fault \\\"fire\\\"");
    says("{\"board\": \"B1\", \"fault\": \"wait\", \"often\": 3}", "unknown key \\\"often\\\"");
    says("{\"board\": \"B1\", \"fault\": \"wait\", \"count\": -1}", "not a whole number");
    says("{\"board\": \"B1\", \"fault\": \"wait\", \"till\": \"later\"}", "none of");
    says("{\"board\": \"B1\", \"fault\": \"worn-pages\", \"first\": 9, \"last\": 3}", "greater");
    says("{\"board\": \"B1\"}", "\"faults\":[],\"ordered\":[]");
}
END_TEST

START_TEST(a_fault_waits_for_its_debug_accesses)
{
    uint32_t value;
    order("\"fault\": \"ap-error\", \"after\": 3, \"count\": 2");
    says("{\"board\": \"B1\"}", "\"ordered\":[\"ap-error\"]");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(get(RAM, &value), DAP_OK);
    ck_assert_int_eq(get(RAM, &value), DAP_FAULT);
    ck_assert_int_eq(get(RAM, &value), DAP_FAULT);
    ck_assert_int_eq(get(RAM, &value), DAP_OK);
}
END_TEST

START_TEST(waits_last_until_the_probe_is_let_go)
{
    uint32_t value;
    order("\"fault\": \"wait\"");
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(get(RAM, &value), DAP_WAIT);
    fault_event(board, FAULT_TILL_REOPENED);
    ck_assert_int_eq(get(RAM, &value), DAP_OK);
}
END_TEST

START_TEST(a_brown_out_loses_sram_and_debug_state)
{
    write_word(RAM, 0x1234);
    write_word(DHCSR, 0xa05f0003u);
    ck_assert(board->machine->debug.halted);
    order("\"fault\": \"brown-out\"");
    ck_assert_uint_eq(read_word(RAM), 0);
    ck_assert(!board->machine->debug.halted);
    ck_assert(board->powered);
}
END_TEST

START_TEST(without_power_the_meter_cannot_help)
{
    order("\"fault\": \"no-power\"");
    power_cycle();
    ck_assert(!board->powered);
    order("\"clear\": \"no-power\"");
    ck_assert(board->powered);
}
END_TEST

START_TEST(a_stuck_core_heeds_the_reset_pin_or_power)
{
    static const char *const till[] = {"reset", "powered"};
    char line[96];
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "\"fault\": \"stuck-core\", \"till\": \"%s\"", till[i]);
        order(line);
        write_word(DHCSR, 0xa05f0003u);
        ck_assert(!(read_word(DHCSR) & 1u << 17));
        write_word(0xe000ed0cu, 0x05fa0004u);
        ck_assert(!(read_word(DHCSR) & 1u << 17));
        board->stlink.drive_reset(board, true);
        board->stlink.drive_reset(board, false);
        write_word(DHCSR, 0xa05f0003u);
        ck_assert_int_eq(read_word(DHCSR) >> 17 & 1, i == 0);
        power_cycle();
        write_word(DHCSR, 0xa05f0003u);
        ck_assert(read_word(DHCSR) & 1u << 17);
    }
}
END_TEST

START_TEST(what_a_stuck_core_was_asked_for_does_not_come_later)
{
    static const uint32_t optkeyr = 0x40022010u, acr = 0x40022000u;
    unlock();
    write_word(optkeyr, FLASH_OPTKEY1);
    write_word(optkeyr, FLASH_OPTKEY2);
    order("\"fault\": \"stuck-core\", \"till\": \"powered\"");
    read_word(DHCSR); // tells of the reset at the beginning, and forgets it
    write_word(FLASH_CONTROL, FLASH_NSCR_OBL_LAUNCH);
    board->machine->debug.stuck = false;
    write_word(acr, 4);
    ck_assert_uint_eq(read_word(DHCSR) >> 25 & 1, 0);
    write_word(FLASH_CONTROL, FLASH_NSCR_OBL_LAUNCH);
    ck_assert_uint_eq(read_word(DHCSR) >> 25 & 1, 1); // now it heeds it
}
END_TEST

START_TEST(flash_comes_out_wrong_so_often)
{
    unlock();
    order("\"fault\": \"flash-bits\", \"count\": 1");
    program(0);
    program(16);
    ck_assert_uint_ne(read_word(FLASH_BASE), 0x11111111);
    ck_assert_uint_eq(read_word(FLASH_BASE + 16), 0x11111111);
}
END_TEST

START_TEST(flash_rots_where_it_was_programmed)
{
    unlock();
    program(3 * FLASH_PAGE_BYTES);
    order("\"fault\": \"flash-rot\", \"seed\": 7");
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < 4; i++)
        wrong += (uint32_t)__builtin_popcount(read_word(FLASH_BASE + 3 * FLASH_PAGE_BYTES + 4 * i) ^ 0x11111111 * (i + 1));
    ck_assert_uint_eq(wrong, 1);
}
END_TEST

START_TEST(a_busy_flash_is_free_after_a_reset)
{
    order("\"fault\": \"flash-busy\"");
    ck_assert(read_word(FLASH_STATUS) & FLASH_NSSR_BSY);
    fault_event(board, FAULT_TILL_RESET);
    ck_assert(!(read_word(FLASH_STATUS) & FLASH_NSSR_BSY));
}
END_TEST

START_TEST(worn_pages_and_protected_ones_are_errors_of_flash)
{
    unlock();
    order("\"fault\": \"worn-pages\", \"first\": 5, \"last\": 6");
    erase(5);
    program(5 * FLASH_PAGE_BYTES);
    ck_assert(read_word(FLASH_STATUS) & FLASH_NSSR_PROGERR);
    erase(7);
    program(7 * FLASH_PAGE_BYTES);
    ck_assert_uint_eq(read_word(FLASH_STATUS) & 0xfa, 0);
    order("\"fault\": \"write-protection\", \"first\": 8, \"last\": 9");
    erase(9);
    ck_assert(read_word(FLASH_STATUS) & FLASH_NSSR_WRPERR);
    order("\"clear\": \"all\"");
    erase(9);
    ck_assert_uint_eq(read_word(FLASH_STATUS) & 0xfa, 0);
}
END_TEST

START_TEST(option_bytes_say_what_an_operator_must_see)
{
    uint32_t value;
    order("\"fault\": \"tzen\"");
    ck_assert(read_word(FLASH_OPTIONS) >> 31);
    order("\"fault\": \"rdp\"");
    ck_assert_uint_eq(read_word(FLASH_OPTIONS) & 0xff, 0x55);
    ck_assert_int_eq(get(FLASH_BASE, &value), DAP_FAULT);
    power_cycle();
    ck_assert_uint_eq(read_word(FLASH_OPTIONS) & 0xff, 0x55);
    order("\"clear\": \"all\"");
    ck_assert_uint_eq(read_word(FLASH_OPTIONS), 0x1feff8aau);
    read_word(FLASH_BASE);
}
END_TEST

static bool seen(int port)
{
    char path[128];
    snprintf(path, sizeof path, "%s/usb/1-%d/serial", state, port);
    return access(path, R_OK) == 0;
}

START_TEST(a_probe_may_come_back_under_another_path)
{
    ck_assert(seen(1));
    order("\"fault\": \"unplug\"");
    ck_assert(!seen(1) && !board->plugged);
    order("\"fault\": \"probe-hang\", \"till\": \"replugged\"");
    order("\"fault\": \"replug\", \"port\": 9");
    ck_assert(seen(9) && !seen(1) && board->plugged && !board->hung);
}
END_TEST

START_TEST(a_port_that_is_switched_off_and_on_replugs)
{
    char path[128];
    snprintf(path, sizeof path, "%s/usb/1-0:1.0/usb1-port1/disable", state);
    order("\"fault\": \"probe-hang\", \"till\": \"replugged\"");
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("1\n0\n", f);
    fclose(f);
    for (bool hung = true; hung;) {
        vboard_enter(board);
        hung = board->hung;
        vboard_leave(board);
    }
    ck_assert_uint_eq(board->plugs, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vboard_fault");
    TCase *t = suite_case(s, "vboard_fault", set_up, tear_down);
    tcase_add_test(t, nonsense_is_told_and_changes_nothing);
    tcase_add_test(t, a_fault_waits_for_its_debug_accesses);
    tcase_add_test(t, waits_last_until_the_probe_is_let_go);
    tcase_add_test(t, a_brown_out_loses_sram_and_debug_state);
    tcase_add_test(t, without_power_the_meter_cannot_help);
    tcase_add_test(t, a_stuck_core_heeds_the_reset_pin_or_power);
    tcase_add_test(t, what_a_stuck_core_was_asked_for_does_not_come_later);
    tcase_add_test(t, flash_comes_out_wrong_so_often);
    tcase_add_test(t, flash_rots_where_it_was_programmed);
    tcase_add_test(t, a_busy_flash_is_free_after_a_reset);
    tcase_add_test(t, worn_pages_and_protected_ones_are_errors_of_flash);
    tcase_add_test(t, option_bytes_say_what_an_operator_must_see);
    tcase_add_test(t, a_probe_may_come_back_under_another_path);
    tcase_add_test(t, a_port_that_is_switched_off_and_on_replugs);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The debug access port and the ST-LINK before it, on a bus that is an array.
#include "hwlink/vboard/dap.h"
#include "hwlink/vboard/stlink.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>

#define RAM 0x20000000u
#define RAM_BYTES 0x2000u

static uint8_t ram[RAM_BYTES];
static int accesses, resets;
static uint32_t supply = 3300;
static struct dap dap;
static struct stlink probe;

static int bus_read(void *user, uint32_t address, unsigned size, uint32_t *value)
{
    (void)user;
    accesses++;
    if (address - RAM > RAM_BYTES - size)
        return -1;
    *value = 0;
    memcpy(value, ram + (address - RAM), size);
    return 0;
}

static int bus_write(void *user, uint32_t address, unsigned size, uint32_t value)
{
    (void)user;
    accesses++;
    if (address - RAM > RAM_BYTES - size)
        return -1;
    memcpy(ram + (address - RAM), &value, size);
    return 0;
}

static uint32_t get_supply(void *user)
{
    (void)user;
    return supply;
}

static void drive_reset(void *user, bool asserted)
{
    (void)user;
    resets += asserted;
}

static void set_up(void)
{
    for (uint32_t i = 0; i < RAM_BYTES; i++)
        ram[i] = (uint8_t)(i * 7);
    memset(&dap, 0, sizeof dap);
    dap.read = bus_read;
    dap.write = bus_write;
    dap_reset(&dap);
    stlink_init(&probe, &dap);
    probe.supply_mv = get_supply;
    probe.drive_reset = drive_reset;
    supply = 3300;
    accesses = resets = 0;
}

static uint32_t dp(uint32_t reg)
{
    uint32_t value;
    ck_assert_int_eq(dap_read_dp(&dap, reg, &value), DAP_OK);
    return value;
}

static uint32_t ap(uint32_t number, uint32_t reg)
{
    uint32_t value;
    ck_assert_int_eq(dap_read_ap(&dap, number, reg, &value), DAP_OK);
    return value;
}

static void aim(uint32_t csw, uint32_t tar)
{
    dap_write_ap(&dap, 0, DAP_AP_CSW, csw);
    dap_write_ap(&dap, 0, DAP_AP_TAR, tar);
}

START_TEST(it_names_itself_and_acknowledges_power)
{
    ck_assert_uint_eq(dp(DAP_DP_DPIDR), 0x0be12477);
    dap_write_dp(&dap, DAP_DP_CTRL_STAT, 0x50000020);
    ck_assert_uint_eq(dp(DAP_DP_CTRL_STAT), 0xf0000000);
    ck_assert_uint_eq(ap(0, 0xfc), 0x84770001);
    ck_assert_uint_eq(ap(0, 0xf8), 0xe00fe003);
    ck_assert_uint_eq(ap(1, 0xfc), 0);
    ck_assert_uint_eq(ap(255, 0xfc), 0);
    ck_assert_int_eq(accesses, 0);
}
END_TEST

START_TEST(words_follow_each_other_and_wrap_at_a_kilobyte)
{
    uint32_t word;
    aim(0x12, RAM + 0x3fc);
    word = ap(0, DAP_AP_DRW);
    ck_assert_mem_eq(&word, ram + 0x3fc, 4);
    ck_assert_uint_eq(ap(0, DAP_AP_TAR), RAM);
    ck_assert_uint_eq(dp(DAP_DP_RDBUFF), RAM); // the read before, without a new access
    aim(0x02, RAM + 8);
    ap(0, DAP_AP_DRW);
    ck_assert_uint_eq(ap(0, DAP_AP_TAR), RAM + 8);
    aim(0x22, RAM); // packed is not offered
    ck_assert_uint_eq(ap(0, DAP_AP_CSW) & 0x30, 0x10);
}
END_TEST

START_TEST(narrow_data_stand_in_their_lanes)
{
    aim(0x10, RAM + 3);
    ck_assert_uint_eq(ap(0, DAP_AP_DRW), (uint32_t)ram[3] << 24);
    aim(0x11, RAM + 2);
    ck_assert_int_eq(dap_write_ap(&dap, 0, DAP_AP_DRW, 0xbeef0000), DAP_OK);
    ck_assert_uint_eq(ram[2], 0xef);
    ck_assert_uint_eq(ram[3], 0xbe);
    ck_assert_uint_eq(ram[1], 7);
    aim(0x02, RAM + 0x14);
    uint32_t word = ap(0, DAP_AP_BD0 + 4); // a window of four words
    ck_assert_mem_eq(&word, ram + 0x14, 4);
}
END_TEST

START_TEST(a_bus_error_stays_until_it_is_cleared)
{
    uint32_t value;
    aim(0x12, 0xf0000000);
    ck_assert_int_eq(dap_read_ap(&dap, 0, DAP_AP_DRW, &value), DAP_FAULT);
    ck_assert_uint_eq(value, 0);
    ck_assert(dp(DAP_DP_CTRL_STAT) & DAP_STICKYERR);
    aim(0x12, RAM);
    accesses = 0;
    ck_assert_int_eq(dap_read_ap(&dap, 0, DAP_AP_DRW, &value), DAP_FAULT);
    ck_assert_int_eq(accesses, 0);
    dap_write_dp(&dap, DAP_DP_ABORT, DAP_ABORT_STKERRCLR);
    ck_assert_int_eq(dap_read_ap(&dap, 0, DAP_AP_DRW, &value), DAP_OK);
}
END_TEST

/* --- the probe --- */

static uint8_t out[STLINK_DATA_MAX];

static void say(const uint8_t *command, size_t n, uint32_t size)
{
    uint8_t c[STLINK_COMMAND_BYTES] = {0};
    memcpy(c, command, n);
    stlink_read(&probe, c, out, size);
}

#define SAY(size, ...) say((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), size)

static void status_is(uint8_t status, uint32_t address)
{
    SAY(12, 0xf2, 0x3e);
    ck_assert_uint_eq(out[0], status);
    if (status != 0x80)
        ck_assert_mem_eq(out + 4, &address, 4);
}

START_TEST(the_probe_is_an_stlink_v3)
{
    SAY(6, 0xf1);
    ck_assert_uint_eq(out[0], 0x30);
    SAY(12, 0xfb);
    ck_assert_uint_eq(out[0], 3);
    ck_assert_uint_ge(out[2], 6); // batches, 512-byte narrow transfers
    SAY(8, 0xf7);
    uint32_t reference, half;
    memcpy(&reference, out, 4);
    memcpy(&half, out + 4, 4);
    ck_assert_double_eq_tol(2 * 1.2 * half / reference, 3.3, 0.01);
    SAY(2, 0xf5);
    ck_assert_uint_eq(out[0], 1);
    SAY(2, 0xf2, 0x30, 0xa3);
    ck_assert_uint_eq(out[0], 0x80);
    SAY(2, 0xf5);
    ck_assert_uint_eq(out[0], 2);
    SAY(52, 0xf2, 0x62, 0);
    ck_assert_uint_eq(out[0], 0x80);
    ck_assert_uint_gt(out[8], 0);
    SAY(2, 0xf2, 0x3c, 2);
    ck_assert_int_eq(resets, 1);
}
END_TEST

START_TEST(blocks_of_memory_go_both_ways)
{
    uint8_t data[64];
    const uint8_t write[STLINK_COMMAND_BYTES] = {0xf2, 0x08, 0x00, 0x01, 0x00, 0x20, sizeof data, 0};
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(200 - i);
    stlink_write(&probe, write, data, sizeof data);
    status_is(0x80, 0);
    ck_assert_mem_eq(ram + 0x100, data, sizeof data);
    SAY(64, 0xf2, 0x07, 0x00, 0x01, 0x00, 0x20, 64, 0);
    ck_assert_mem_eq(out, data, sizeof data);
    SAY(2, 0xf2, 0x0c, 0x03, 0x01, 0x00, 0x20, 1, 0); // one byte comes as two
    ck_assert_uint_eq(out[0], data[3]);
    SAY(8, 0xf2, 0x54, 0x04, 0x01, 0x00, 0x20, 8, 0); // twice the same address
    ck_assert_mem_eq(out, data + 4, 4);
    ck_assert_mem_eq(out + 4, data + 4, 4);
    SAY(8, 0xf2, 0x07, 0xfc, 0x1f, 0x00, 0x20, 8, 0); // over the end
    status_is(0x11, RAM + RAM_BYTES);
    SAY(4, 0xf2, 0x07, 0x00, 0x00, 0x00, 0x20, 4, 0); // the next one begins anew
    status_is(0x80, 0);
}
END_TEST

START_TEST(a_batch_reads_and_writes_single_words)
{
    struct {
        uint8_t kinds[8];
        uint32_t operands[5];
    } batch = {{5, 1, 2, 3, 3}, {0, RAM + 0x20, 0x12345678, RAM + 0x20, RAM + 0x24}};
    const uint8_t command[STLINK_COMMAND_BYTES] = {0xf2, 0x51, 5};
    uint32_t answer[10], word;
    stlink_write(&probe, command, (const uint8_t *)&batch, sizeof batch);
    SAY(sizeof answer, 0xf2, 0x52);
    memcpy(answer, out, sizeof answer);
    memcpy(&word, ram + 0x24, 4);
    ck_assert_uint_eq(answer[3], 0x12345678);
    ck_assert_uint_eq(answer[4], word);
    for (int i = 5; i < 10; i++)
        ck_assert_uint_eq(answer[i], 0x80);
}
END_TEST

START_TEST(an_absurd_batch_is_answered_by_nothing)
{
    uint8_t data[16] = {3, 3, 3, 3};
    const uint8_t command[STLINK_COMMAND_BYTES] = {0xf2, 0x51, 0xff, 0xff, 0xff, 0xff};
    stlink_write(&probe, command, data, sizeof data);
    ck_assert_int_eq(accesses, 0);
    SAY(32, 0xf2, 0x52);
    ck_assert_uint_eq(out[16], 0); // no status says good
}
END_TEST

START_TEST(faults_can_be_ordered)
{
    dap.ill = DAP_WAIT;
    dap.ill_count = 1;
    SAY(4, 0xf2, 0x07, 0x00, 0x00, 0x00, 0x20, 4, 0);
    status_is(0x10, RAM);
    SAY(4, 0xf2, 0x07, 0x00, 0x00, 0x00, 0x20, 4, 0);
    status_is(0x80, 0);
}
END_TEST

START_TEST(without_supply_nothing_answers)
{
    supply = 0;
    SAY(8, 0xf7);
    ck_assert_uint_eq(out[4], 0);
    SAY(2, 0xf2, 0x30, 0xa3);
    ck_assert_uint_eq(out[0], 0x09);
    SAY(8, 0xf2, 0x45, 0xff, 0xff, 0, 0);
    ck_assert_uint_eq(out[0], 0x16);
    SAY(4, 0xf2, 0x07, 0x00, 0x00, 0x00, 0x20, 4, 0);
    ck_assert_int_eq(accesses, 0);
    status_is(0x16, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vboard_dap");
    TCase *t = suite_case(s, "vboard_dap", set_up, NULL);
    tcase_add_test(t, it_names_itself_and_acknowledges_power);
    tcase_add_test(t, words_follow_each_other_and_wrap_at_a_kilobyte);
    tcase_add_test(t, narrow_data_stand_in_their_lanes);
    tcase_add_test(t, a_bus_error_stays_until_it_is_cleared);
    tcase_add_test(t, the_probe_is_an_stlink_v3);
    tcase_add_test(t, blocks_of_memory_go_both_ways);
    tcase_add_test(t, a_batch_reads_and_writes_single_words);
    tcase_add_test(t, an_absurd_batch_is_answered_by_nothing);
    tcase_add_test(t, faults_can_be_ordered);
    tcase_add_test(t, without_supply_nothing_answers);
    return suite_run(s);
}

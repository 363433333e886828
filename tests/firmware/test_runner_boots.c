// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The runner on a machine without a debugger: the same from .elf, .hex and .bin, ready for jobs within a few milliseconds.
// usage: test_runner_boots ELF HEX BIN
#include "hwlink/vboard/firmware_file.h"
#include "quant/kernels/mailbox.h"
#include "tests/suite.h"

#include <check.h>
#include <stddef.h>
#include <string.h>

#define BOOT_CYCLES 2000000u

static const char *images[3];

static struct machine *machine_with(const char *path)
{
    struct error e = {{0}};
    struct machine *m = machine_create();
    ck_assert_ptr_nonnull(m);
    ck_assert_msg(firmware_file_load(m, path, &e) == 0, "%s", e.text);
    return m;
}

START_TEST(the_runner_says_ready)
{
    struct machine *m = machine_with(images[_i]);
    ck_assert_int_eq(core_run(m, BOOT_CYCLES), CORE_BUDGET);
    struct mailbox mailbox;
    memcpy(&mailbox, memory_at(m, MAILBOX_ADDRESS, sizeof mailbox), sizeof mailbox);
    ck_assert_uint_eq(mailbox.magic, MAILBOX_MAGIC);
    ck_assert_uint_eq(mailbox.result.state, MAILBOX_READY);
    ck_assert_int_eq(m->icache.wait_states, 4); // it runs at 160 MHz
    ck_assert_int_eq(m->icache.enabled, 1);
    machine_destroy(m);
}
END_TEST

START_TEST(all_kinds_of_file_give_the_same_flash)
{
    struct machine *elf = machine_with(images[0]), *other = machine_with(images[_i]);
    ck_assert_mem_eq(memory_at(elf, FLASH_BASE, FLASH_BYTES), memory_at(other, FLASH_BASE, FLASH_BYTES), FLASH_BYTES);
    machine_destroy(elf);
    machine_destroy(other);
}
END_TEST

START_TEST(two_boots_take_the_same_cycles)
{
    uint64_t instructions[2];
    for (int i = 0; i < 2; i++) {
        struct machine *m = machine_with(images[0]);
        core_run(m, BOOT_CYCLES);
        instructions[i] = m->core.counts.instructions;
        machine_destroy(m);
    }
    ck_assert_uint_eq(instructions[0], instructions[1]);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    memcpy(images, argv + 1, sizeof images);
    Suite *suite = suite_create("runner_boots");
    TCase *t = suite_case(suite, "boot", NULL, NULL);
    tcase_add_loop_test(t, the_runner_says_ready, 0, 3);
    tcase_add_loop_test(t, all_kinds_of_file_give_the_same_flash, 1, 3);
    tcase_add_test(t, two_boots_take_the_same_cycles);
    return suite_run(suite);
}

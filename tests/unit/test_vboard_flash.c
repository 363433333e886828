// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The virtual flash: keys, erasing, quad-words, protection, wear and time.
#include "hwlink/vboard/flash.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct flash flash;
static uint8_t *bytes;
static uint32_t changed_from, changed_bytes;

static void on_changed(void *user, uint32_t offset, uint32_t n)
{
    (void)user;
    changed_from = offset;
    changed_bytes = n;
}

static void set_up(void)
{
    bytes = malloc(FLASH_BYTES);
    memset(bytes, 0xff, FLASH_BYTES);
    memset(&flash, 0, sizeof flash);
    flash.bytes = bytes;
    flash.changed = on_changed;
    flash_reset(&flash);
}

static void tear_down(void)
{
    free(bytes);
}

static void write_register(uint32_t offset, uint32_t value)
{
    flash_write_register(&flash, offset, value, 0);
}

static uint32_t status(void)
{
    return flash_read_register(&flash, FLASH_NSSR, 0);
}

static void unlock(void)
{
    write_register(FLASH_NSKEYR, FLASH_KEY1);
    write_register(FLASH_NSKEYR, FLASH_KEY2);
}

static void erase(uint32_t page)
{
    uint32_t bank = page < FLASH_BANK_PAGES ? 0 : FLASH_NSCR_BKER;
    write_register(FLASH_NSCR, FLASH_NSCR_PER | FLASH_NSCR_STRT | bank | page % FLASH_BANK_PAGES << 3);
}

static void program(uint32_t offset, uint32_t first)
{
    for (uint32_t i = 0; i < 4; i++)
        flash_store(&flash, offset + 4 * i, first + i, 4, 0);
}

START_TEST(nothing_is_written_while_locked)
{
    write_register(FLASH_NSCR, FLASH_NSCR_PG);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_NSCR, 0), 0xc0000000u);
    program(0, 1);
    ck_assert_uint_eq(status(), FLASH_NSSR_PGSERR);
    ck_assert_uint_eq(bytes[0], 0xff);
    erase(0);
    ck_assert_uint_eq(flash.record->erases[0], 0);
}
END_TEST

START_TEST(a_wrong_key_locks_until_reset)
{
    write_register(FLASH_NSKEYR, FLASH_KEY1);
    write_register(FLASH_NSKEYR, 1);
    unlock();
    ck_assert(flash_read_register(&flash, FLASH_NSCR, 0) & FLASH_NSCR_LOCK);
    flash_reset(&flash);
    unlock();
    ck_assert(!(flash_read_register(&flash, FLASH_NSCR, 0) & FLASH_NSCR_LOCK));
    write_register(FLASH_NSCR, FLASH_NSCR_LOCK);
    ck_assert(flash_read_register(&flash, FLASH_NSCR, 0) & FLASH_NSCR_LOCK);
}
END_TEST

START_TEST(a_page_erase_takes_one_page_and_is_counted)
{
    memset(bytes, 0x55, FLASH_BYTES);
    unlock();
    erase(130);
    ck_assert_uint_eq(status(), 0);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < FLASH_BYTES; i++)
        wrong += bytes[i] != (i / FLASH_PAGE_BYTES == 130 ? 0xff : 0x55);
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(flash.record->erases[130], 1);
    ck_assert_uint_eq(flash.record->erases[2], 0);
    ck_assert_uint_eq(changed_from, 130 * FLASH_PAGE_BYTES);
    ck_assert_uint_eq(changed_bytes, FLASH_PAGE_BYTES);
}
END_TEST

START_TEST(a_mass_erase_takes_the_banks_it_names)
{
    memset(bytes, 0, FLASH_BYTES);
    unlock();
    write_register(FLASH_NSCR, FLASH_NSCR_MER2 | FLASH_NSCR_STRT);
    ck_assert_uint_eq(bytes[FLASH_BYTES / 2 - 1], 0);
    ck_assert_uint_eq(bytes[FLASH_BYTES / 2], 0xff);
    ck_assert_uint_eq(flash.record->erases[255], 1);
    ck_assert_uint_eq(flash.record->erases[127], 0);
}
END_TEST

START_TEST(a_quad_word_is_written_when_its_four_words_are_there)
{
    unlock();
    write_register(FLASH_NSCR, FLASH_NSCR_PG);
    flash_store(&flash, 0x1008, 3, 4, 0);
    ck_assert_uint_eq(status(), FLASH_NSSR_WDW);
    ck_assert_uint_eq(bytes[0x1008], 0xff);
    flash_store(&flash, 0x1000, 1, 4, 0);
    flash_store(&flash, 0x1004, 2, 4, 0);
    flash_store(&flash, 0x100c, 4, 4, 0);
    ck_assert_uint_eq(status(), 0);
    uint32_t quad[4];
    memcpy(quad, bytes + 0x1000, sizeof quad);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(quad[i], i + 1);
    ck_assert_uint_eq(changed_from, 0x1000);
    ck_assert_uint_eq(changed_bytes, 16);
}
END_TEST

START_TEST(what_is_not_erased_is_not_overwritten_but_by_zeros)
{
    uint32_t zero = 0;
    unlock();
    write_register(FLASH_NSCR, FLASH_NSCR_PG);
    program(0, 1);
    program(0, 1);
    ck_assert_uint_eq(status(), FLASH_NSSR_PROGERR);
    program(0x10, 1); // an error that is not cleared blocks
    ck_assert_uint_eq(status(), FLASH_NSSR_PROGERR | FLASH_NSSR_PGSERR);
    write_register(FLASH_NSSR, 0xffffffff);
    ck_assert_uint_eq(status(), 0);
    for (uint32_t i = 0; i < 4; i++)
        flash_store(&flash, 4 * i, zero, 4, 0);
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(bytes[0], 0);
}
END_TEST

START_TEST(ones_spend_the_ecc_of_a_quad_word)
{
    unlock();
    write_register(FLASH_NSCR, FLASH_NSCR_PG);
    for (uint32_t i = 0; i < 4; i++)
        flash_store(&flash, 0x2000 + 4 * i, 0xffffffff, 4, 0);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_ECCR, 0), 0);
    program(0x2000, 0x1000); // reads as erased: no PROGERR, but a broken word
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_ECCR, 0), FLASH_ECCR_ECCD | 0x2000);
    ck_assert_uint_eq(bytes[0x2000], 1);
    erase(1);
    program(0x2000, 0x1000);
    ck_assert_uint_eq(bytes[0x2000], 0xff); // PG was cleared by the erase's write
    write_register(FLASH_NSSR, 0xffffffff);
    write_register(FLASH_NSCR, FLASH_NSCR_PG);
    program(0x2000, 0x1000);
    ck_assert_uint_eq(bytes[0x2000], 0);
}
END_TEST

START_TEST(narrow_and_scattered_stores_are_errors)
{
    unlock();
    write_register(FLASH_NSCR, FLASH_NSCR_PG);
    flash_store(&flash, 0, 1, 2, 0);
    ck_assert_uint_eq(status(), FLASH_NSSR_SIZERR);
    write_register(FLASH_NSSR, 0xffffffff);
    flash_store(&flash, 0, 1, 4, 0);
    flash_store(&flash, 16, 1, 4, 0);
    ck_assert_uint_eq(status(), FLASH_NSSR_PGAERR);
    ck_assert_uint_eq(bytes[0], 0xff);
}
END_TEST

START_TEST(protected_pages_keep_their_contents)
{
    flash.record->wrp[2] = 5u << 16 | 3; // bank 2, pages 3 to 5
    bytes[131 * FLASH_PAGE_BYTES] = 7;
    flash_reset(&flash);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_WRP2AR, 0), 5u << 16 | 3);
    unlock();
    erase(131);
    ck_assert_uint_eq(status(), FLASH_NSSR_WRPERR);
    ck_assert_uint_eq(bytes[131 * FLASH_PAGE_BYTES], 7);
    write_register(FLASH_NSSR, 0xffffffff);
    erase(134);
    erase(3);
    ck_assert_uint_eq(status(), 0);
    write_register(FLASH_NSCR, FLASH_NSCR_PG);
    program(133 * FLASH_PAGE_BYTES, 1);
    ck_assert_uint_eq(status(), FLASH_NSSR_WRPERR);
}
END_TEST

START_TEST(option_bytes_need_their_own_keys)
{
    uint32_t before = flash_read_register(&flash, FLASH_OPTR, 0);
    write_register(FLASH_OPTR, 0);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_OPTR, 0), before);
    unlock();
    write_register(FLASH_OPTKEYR, FLASH_OPTKEY1);
    write_register(FLASH_OPTKEYR, FLASH_OPTKEY2);
    write_register(FLASH_OPTR, (before & ~0xffu) | 0x55);
    ck_assert(flash_is_open_to_debugger(&flash));
    write_register(FLASH_NSCR, FLASH_NSCR_OPTSTRT);
    ck_assert(flash_is_open_to_debugger(&flash)); // not in force before they are loaded
    ck_assert(!flash.launch);
    write_register(FLASH_NSCR, FLASH_NSCR_OBL_LAUNCH);
    ck_assert(flash.launch);
    flash_reset(&flash);
    ck_assert(!flash_is_open_to_debugger(&flash));
    ck_assert(!flash.launch);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_OPTR, 0) & 0xff, 0x55);
    unlock();
    write_register(FLASH_NSCR, FLASH_NSCR_OBL_LAUNCH); // locked again by the reset
    ck_assert(!flash.launch);
}
END_TEST

static void store_rdp(uint32_t level)
{
    unlock();
    write_register(FLASH_OPTKEYR, FLASH_OPTKEY1);
    write_register(FLASH_OPTKEYR, FLASH_OPTKEY2);
    write_register(FLASH_OPTR, (flash_read_register(&flash, FLASH_OPTR, 0) & ~0xffu) | level);
    write_register(FLASH_NSCR, FLASH_NSCR_OPTSTRT);
    flash_reset(&flash);
}

START_TEST(readout_protection_is_taken_back_for_all_that_stands_there)
{
    bytes[100] = bytes[FLASH_BYTES - 1] = 7;
    store_rdp(0x55);
    ck_assert_uint_eq(bytes[100], 7);
    store_rdp(0xaa);
    ck_assert(flash_is_open_to_debugger(&flash));
    ck_assert(bytes[100] == 0xff && bytes[FLASH_BYTES - 1] == 0xff);
    ck_assert_uint_eq(flash.record->erases[200], 1);
    store_rdp(0xcc); // level 2 is for ever
    store_rdp(0xaa);
    ck_assert(!flash_is_open_to_debugger(&flash));
}
END_TEST

START_TEST(with_times_it_is_busy_for_so_long_by_the_clock)
{
    flash.timing = (struct flash_timing){.erase_ns = 250000, .program_ns = 25000};
    flash.clock_hz = 4000000;
    unlock();
    flash_write_register(&flash, FLASH_NSCR, FLASH_NSCR_PER | FLASH_NSCR_STRT, 5000);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_NSSR, 5999), FLASH_NSSR_BSY);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_NSSR, 6000), 0);
    flash_write_register(&flash, FLASH_NSCR, FLASH_NSCR_PER | FLASH_NSCR_STRT, UINT64_MAX);
    ck_assert_uint_eq(flash_read_register(&flash, FLASH_NSSR, UINT64_MAX), 0); // a debugger with the core halted
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vboard_flash");
    TCase *t = suite_case(s, "vboard_flash", set_up, tear_down);
    tcase_add_test(t, nothing_is_written_while_locked);
    tcase_add_test(t, a_wrong_key_locks_until_reset);
    tcase_add_test(t, a_page_erase_takes_one_page_and_is_counted);
    tcase_add_test(t, a_mass_erase_takes_the_banks_it_names);
    tcase_add_test(t, a_quad_word_is_written_when_its_four_words_are_there);
    tcase_add_test(t, what_is_not_erased_is_not_overwritten_but_by_zeros);
    tcase_add_test(t, ones_spend_the_ecc_of_a_quad_word);
    tcase_add_test(t, narrow_and_scattered_stores_are_errors);
    tcase_add_test(t, protected_pages_keep_their_contents);
    tcase_add_test(t, option_bytes_need_their_own_keys);
    tcase_add_test(t, readout_protection_is_taken_back_for_all_that_stands_there);
    tcase_add_test(t, with_times_it_is_busy_for_so_long_by_the_clock);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board with a pace is never ahead of it, by more than one slice.
#include "hwlink/vboard/rcc.h"
#include "hwlink/vboard/vboard.h"
#include "tests/suite.h"

#include <check.h>
#include <string.h>
#include <time.h>

#define PACE 10.0
#define SLICE_CYCLES 16384.0

static double host_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Stack, reset vector; then for ever: adds r0, #1; b back. */
static void put_program(struct vboard *b)
{
    static const uint32_t words[] = {0x20010000, FLASH_BASE + 9, 0xe7fd3001};
    memcpy(b->machine->memory.flash, words, sizeof words);
}

START_TEST(a_virtual_second_takes_as_long_as_the_pace_says)
{
    struct error e = {""};
    struct vboard *b = vboard_create("PACE", NULL, &e);
    ck_assert_msg(b != NULL, "%s", e.text);
    put_program(b);
    machine_reset(b->machine, 1);
    b->pace = PACE;
    double hz = rcc_hclk_hz(&b->machine->peripherals.rcc), cycles, began = host_s();
    ck_assert_int_eq(vboard_start(b, &e), 0);
    do {
        vboard_enter(b);
        cycles = (double)(b->machine->core.time >> CORE_TIME_BITS);
        vboard_leave(b);
    } while (cycles < 2 * SLICE_CYCLES);
    ck_assert_double_ge(host_s() - began, (cycles - SLICE_CYCLES) / hz * PACE - 0.012); // 10 ms may be made up for
    vboard_destroy(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pace");
    TCase *t = suite_case(s, "pace", NULL, NULL);
    tcase_add_test(t, a_virtual_second_takes_as_long_as_the_pace_says);
    return suite_run(s);
}

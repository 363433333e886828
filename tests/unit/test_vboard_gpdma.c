// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The DMA controller: memory to memory, lists, serial ports, and what goes wrong.
#include "hwlink/vboard/machine.h"
#include "hwlink/vboard/memory.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define CHANNEL(i, offset) (GPDMA_BASE + 0x80u * (i) + (offset))
#define SR 0x60u
#define CR 0x64u
#define FCR 0x5cu
#define TR1 0x90u
#define TR2 0x94u
#define BR1 0x98u
#define SAR 0x9cu
#define DAR 0xa0u
#define LLR 0xccu
#define LBAR 0x50u
#define EN 1u
#define TC (1u << 8)
#define HT (1u << 9)
#define DTE (1u << 10)
#define USE (1u << 12)
#define IDLE 1u
#define SINC (1u << 3)
#define DINC (1u << 19)
#define SWREQ (1u << 9)
#define USART1 0x40013800u
#define FROM 0x20001000u
#define TO 0x20002000u
#define LIST 0x20003000u

static struct machine *m;
static char sent[64];
static size_t n_sent;

static void output(void *user, uint8_t byte)
{
    (void)user;
    sent[n_sent++] = (char)byte;
}

static void set_up(void)
{
    m = machine_create();
    machine_reset(m, 1);
    m->peripherals.usart.output = output;
    n_sent = 0;
    for (uint32_t i = 0; i < 256; i++)
        bus_write(m, FROM + i, 1, i, BUS_DEBUGGER);
}

static void tear_down(void)
{
    machine_destroy(m);
}

static uint32_t get(uint32_t address)
{
    uint32_t value = 0;
    ck_assert_int_eq(bus_read(m, address, 4, &value, BUS_CORE), 0);
    return value;
}

static void put(uint32_t address, uint32_t value)
{
    ck_assert_int_eq(bus_write(m, address, 4, value, BUS_CORE), 0);
}

static void channel(uint32_t i, uint32_t tr1, uint32_t tr2, uint32_t bytes, uint32_t from, uint32_t to)
{
    put(CHANNEL(i, TR1), tr1);
    put(CHANNEL(i, TR2), tr2);
    put(CHANNEL(i, BR1), bytes);
    put(CHANNEL(i, SAR), from);
    put(CHANNEL(i, DAR), to);
}

START_TEST(memory_is_copied_and_the_end_told)
{
    channel(3, 2 | SINC | 2u << 16 | DINC, SWREQ, 64, FROM, TO);
    ck_assert_uint_eq(get(CHANNEL(3, SR)), IDLE);
    put(CHANNEL(3, CR), EN | TC);
    for (uint32_t i = 0; i < 64; i += 4)
        ck_assert_uint_eq(get(TO + i), get(FROM + i));
    ck_assert_uint_eq(get(TO + 64), 0);
    ck_assert_uint_eq(get(CHANNEL(3, SR)), IDLE | TC | HT);
    ck_assert_uint_eq(get(CHANNEL(3, CR)), TC);
    ck_assert_uint_eq(get(CHANNEL(3, BR1)), 0);
    ck_assert(gpdma_irq_level(&m->peripherals.gpdma, 3));
    put(CHANNEL(3, FCR), 0x7f00);
    ck_assert_uint_eq(get(CHANNEL(3, SR)), IDLE);
    ck_assert(!gpdma_irq_level(&m->peripherals.gpdma, 3));
}
END_TEST

START_TEST(bytes_widen_to_words_or_are_packed)
{
    channel(0, SINC | 2u << 16 | DINC, SWREQ, 4, FROM + 1, TO);
    put(CHANNEL(0, CR), EN);
    ck_assert_uint_eq(get(TO), 1);
    ck_assert_uint_eq(get(TO + 12), 4);
    channel(0, SINC | 2u << 11 | 2u << 16 | DINC, SWREQ, 4, FROM + 1, TO);
    put(CHANNEL(0, CR), EN);
    ck_assert_uint_eq(get(TO), 0x04030201);
}
END_TEST

START_TEST(a_list_is_followed_to_its_end)
{
    static const uint32_t nodes[2][4] = {{4, FROM, TO, (1u << 29 | 1u << 28 | 1u << 27 | 1u << 16) | ((LIST + 16) & 0xfffc)}, {8, FROM + 16, TO + 4, 0}};
    for (uint32_t i = 0; i < 8; i++)
        put(LIST + 4 * i, nodes[i / 4][i % 4]);
    channel(12, 2 | SINC | 2u << 16 | DINC, SWREQ | 3u << 30, 0, 0, 0);
    put(CHANNEL(12, LBAR), LIST & 0xffff0000u);
    put(CHANNEL(12, LLR), (1u << 29 | 1u << 28 | 1u << 27 | 1u << 16) | (LIST & 0xfffc));
    put(CHANNEL(12, CR), EN | TC);
    ck_assert_uint_eq(get(TO), get(FROM));
    ck_assert_uint_eq(get(TO + 8), get(FROM + 20));
    ck_assert_uint_eq(get(CHANNEL(12, SR)) & (IDLE | TC), IDLE | TC);
    ck_assert_uint_eq(gpdma_irq(12), 84);
}
END_TEST

START_TEST(a_serial_port_is_fed_and_emptied)
{
    static const char text[] = "hello";
    put(USART1 + 0x0c, 1); // BRR: fast
    put(USART1, 1u << 2 | 1u << 3 | 1);
    for (uint32_t i = 0; i < sizeof text - 1; i++)
        bus_write(m, FROM + i, 1, (uint8_t)text[i], BUS_DEBUGGER);
    channel(1, SINC, 25 | 1u << 10, 5, FROM, USART1 + 0x28);
    channel(2, DINC, 24, 3, USART1 + 0x24, TO);
    put(CHANNEL(1, CR), EN);
    put(CHANNEL(2, CR), EN);
    ck_assert_uint_eq(n_sent, 0); // the port does not ask yet
    put(USART1 + 0x08, 1u << 7 | 1u << 6);
    ck_assert_uint_eq(n_sent, 5);
    ck_assert_int_eq(memcmp(sent, text, 5), 0);
    ck_assert_uint_eq(get(CHANNEL(2, SR)), 0);
    peripheral_input(m, "abc", 3);
    for (int i = 0; i < 10 && !(get(CHANNEL(2, SR)) & TC); i++) {
        m->core.time += 100u << CORE_TIME_BITS;
        peripheral_advance(m);
    }
    ck_assert_uint_eq(get(TO), 'a' | 'b' << 8 | 'c' << 16);
}
END_TEST

#define TIM6 0x40001000u

/* As a waveform is played: a word from memory to a pin or a DAC at each update of a timer. */
START_TEST(a_timer_asks_for_one_word_at_each_update)
{
    put(TIM6 + 0x2c, 99); // ARR: a hundred cycles
    channel(4, 2 | SINC | 2u << 16, 4 | 1u << 10, 12, FROM, TO); // TIM6's update
    put(CHANNEL(4, CR), EN | TC);
    put(TIM6 + 0x0c, 1u << 8); // UDE
    ck_assert_uint_eq(get(TO), 0);
    put(TIM6, 1);
    for (int i = 0; i < 3; i++) {
        m->core.time += 99u << CORE_TIME_BITS;
        peripheral_advance(m);
        ck_assert_uint_eq(get(CHANNEL(4, BR1)), 12 - 4 * (unsigned)i);
        m->core.time += 1u << CORE_TIME_BITS;
        ck_assert_uint_eq(peripheral_advance(m), machine_cycles(m) + 100);
        ck_assert_uint_eq(get(CHANNEL(4, BR1)), 8 - 4 * (unsigned)i);
        ck_assert_uint_eq(get(TO), get(FROM + 4 * (unsigned)i));
    }
    ck_assert_uint_eq(get(CHANNEL(4, SR)) & (IDLE | TC), IDLE | TC);
    ck_assert(gpdma_irq_level(&m->peripherals.gpdma, 4));
}
END_TEST

#define TIM7 0x40001400u

START_TEST(a_timer_may_set_another_ones_period)
{
    put(TIM6 + 0x2c, 99);
    put(TIM6 + 0x0c, 1u << 8); // UDE
    put(TIM7 + 0x2c, 60000);
    put(TIM7 + 0x0c, 1); // UIE
    put(FROM, 29);
    channel(4, 2 | SINC | 2u << 16, 4 | 1u << 10, 4, FROM, TIM7 + 0x2c);
    put(CHANNEL(4, CR), EN);
    put(TIM6, 1);
    m->core.time += 90u << CORE_TIME_BITS;
    put(TIM7, 1);
    m->core.time += 10u << CORE_TIME_BITS;
    ck_assert_uint_eq(peripheral_advance(m), machine_cycles(m) + 20); // thirty cycles from where it began
}
END_TEST

START_TEST(a_request_that_never_comes_is_told_once)
{
    channel(5, 2 | SINC | 2u << 16 | DINC, 42, 8, FROM, TO); // TIM1's first channel
    put(CHANNEL(5, CR), EN);
    unsigned notes = m->notes;
    for (int i = 0; i < 5; i++)
        peripheral_advance(m);
    ck_assert_uint_eq(get(CHANNEL(5, BR1)), 8);
    ck_assert_uint_eq(m->notes, notes);
    ck_assert_uint_gt(notes, 0);
}
END_TEST

START_TEST(errors_stop_a_channel)
{
    channel(0, 2 | SINC | 2u << 16 | DINC, SWREQ, 8, 0x60000000u, TO);
    put(CHANNEL(0, CR), EN);
    ck_assert_uint_eq(get(CHANNEL(0, SR)) & (IDLE | DTE), IDLE | DTE);
    put(CHANNEL(0, CR), 2);
    channel(0, 2 | SINC | 2u << 16 | DINC, SWREQ, 6, FROM, TO); // no multiple of a word
    put(CHANNEL(0, CR), EN);
    ck_assert_uint_eq(get(CHANNEL(0, SR)) & (IDLE | USE), IDLE | USE);
    channel(1, 2 | 2u << 16, SWREQ, 4, GPDMA_BASE + 0x64, GPDMA_BASE + 0x64); // itself
    put(CHANNEL(1, CR), EN);
}
END_TEST

START_TEST(a_circular_list_in_memory_does_not_hang)
{
    static const uint32_t node[2] = {4, 1u << 29 | 1u << 16 | (LIST & 0xfffc)};
    put(LIST, node[0]);
    put(LIST + 4, node[1]);
    channel(0, 2 | 2u << 16, SWREQ, 4, FROM, TO);
    put(CHANNEL(0, LBAR), LIST & 0xffff0000u);
    put(CHANNEL(0, LLR), node[1]);
    put(CHANNEL(0, CR), EN);
    put(CHANNEL(0, CR), 2); // RESET
    ck_assert_uint_eq(get(CHANNEL(0, SR)), IDLE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gpdma");
    TCase *t = suite_case(s, "gpdma", set_up, tear_down);
    tcase_add_test(t, memory_is_copied_and_the_end_told);
    tcase_add_test(t, bytes_widen_to_words_or_are_packed);
    tcase_add_test(t, a_list_is_followed_to_its_end);
    tcase_add_test(t, a_serial_port_is_fed_and_emptied);
    tcase_add_test(t, a_timer_asks_for_one_word_at_each_update);
    tcase_add_test(t, a_timer_may_set_another_ones_period);
    tcase_add_test(t, a_request_that_never_comes_is_told_once);
    tcase_add_test(t, errors_stop_a_channel);
    tcase_add_test(t, a_circular_list_in_memory_does_not_hang);
    return suite_run(s);
}

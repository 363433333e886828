// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The simple blocks of the virtual chip: clocks, pins, timers, console; the power model; the key of a job.
#include "hwlink/vboard/crc.h"
#include "hwlink/vboard/gpio.h"
#include "hwlink/vboard/idle.h"
#include "hwlink/vboard/jobkey.h"
#include "hwlink/vboard/machine.h"
#include "hwlink/vboard/power.h"
#include "hwlink/vboard/rcc.h"
#include "hwlink/vboard/timers.h"
#include "hwlink/vboard/usart.h"
#include "quant/kernels/mailbox.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(the_clock_follows_the_registers)
{
    struct rcc r = {0};
    rcc_reset(&r, 0);
    ck_assert_uint_eq(rcc_hclk_hz(&r), 4000000);
    rcc_write(&r, 0x28, 1u << 18 | 1);                      // PLL1 from MSI, M 1
    rcc_write(&r, 0x34, 1u << 24 | 1u << 16 | 1u << 9 | 79); // N 80, R 2
    ck_assert_uint_eq(rcc_read(&r, 0x00) & 1u << 25, 0);
    rcc_write(&r, 0x00, 0x35 | 1u << 24);
    ck_assert(rcc_read(&r, 0x00) & 1u << 25); // PLL1RDY
    rcc_write(&r, 0x1c, 3);
    ck_assert_uint_eq(rcc_read(&r, 0x1c), 0xf); // SWS follows SW
    ck_assert_uint_eq(rcc_hclk_hz(&r), 160000000);
    rcc_write(&r, 0x20, 8); // HPRE 2
    ck_assert_uint_eq(rcc_hclk_hz(&r), 80000000);
    r.clock_stuck = true;
    ck_assert_uint_eq(rcc_read(&r, 0x00) & 1u << 25, 0);
}
END_TEST

START_TEST(voltage_and_regulator_are_as_asked)
{
    struct rcc r = {0};
    rcc_reset(&r, 0);
    ck_assert_uint_eq(rcc_read_power(&r, 0x0c), 0x8000);
    rcc_write_power(&r, 0x0c, 3u << 16 | 1u << 18);
    ck_assert_uint_eq(rcc_read_power(&r, 0x0c), 3u << 16 | 1u << 18 | 0xc000);
    ck_assert_int_eq(rcc_voltage_range(&r), 1);
    ck_assert(!rcc_uses_smps(&r));
    rcc_write_power(&r, 0x08, 2);
    ck_assert(rcc_uses_smps(&r));
    ck_assert(rcc_read_power(&r, 0x3c) & 2);
}
END_TEST

static int edges, last_level;

static void on_edge(void *user, uint32_t port, uint32_t pin, int level)
{
    (void)user;
    ck_assert_uint_eq(port, 2);
    ck_assert_uint_eq(pin, 7);
    edges++;
    last_level = level;
}

START_TEST(a_pin_tells_of_each_change_once)
{
    struct gpio g = {.changed = on_edge};
    edges = 0;
    gpio_reset(&g);
    gpio_write(&g, 0x818, 1u << 7); // PC7 high, but not yet an output
    ck_assert_int_eq(edges, 0);
    gpio_write(&g, 0x800, (0xffffffff & ~(3u << 14)) | 1u << 14);
    ck_assert_int_eq(edges, 1);
    gpio_write(&g, 0x818, 1u << 7);
    ck_assert_int_eq(edges, 1);
    ck_assert_int_eq(gpio_level(&g, 2, 7), 1);
    ck_assert_uint_eq(gpio_read(&g, 0x810), 1u << 7);
    gpio_write(&g, 0x828, 1u << 7);
    ck_assert_int_eq(edges, 2);
    ck_assert_int_eq(last_level, 0);
    gpio_write(&g, 0x814, 1u << 7);
    gpio_reset(&g); // a reset lets go of the pin
    ck_assert_int_eq(edges, 4);
    ck_assert_int_eq(last_level, 0);
}
END_TEST

START_TEST(a_timer_counts_wraps_and_interrupts)
{
    struct timers t;
    timers_reset(&t);
    timers_write(&t, 0x28, 9, 0);    // PSC: a tenth of the clock
    timers_write(&t, 0x2c, 99, 0);   // ARR
    timers_write(&t, 0x14, 1, 0);    // EGR.UG: the prescaler is taken over
    timers_write(&t, 0x10, 0, 0);
    timers_write(&t, 0x0c, 1, 0);
    timers_write(&t, 0x00, 1, 1000); // starts at cycle 1000
    ck_assert_uint_eq(timers_read(&t, 0x24, 1500), 50);
    ck_assert_uint_eq(timers_advance(&t, 1500), 2000);
    ck_assert_int_eq(timers_irq(&t, 0), 0);
    ck_assert_uint_eq(timers_advance(&t, 2005), 3000);
    ck_assert_int_eq(timers_irq(&t, 0), 1);
    ck_assert_uint_eq(timers_read(&t, 0x24, 2005), 0);
    timers_write(&t, 0x10, 0, 2005);
    ck_assert_int_eq(timers_irq(&t, 0), 0);
    timers_write(&t, 0x00, 0, 2505);
    ck_assert_uint_eq(timers_read(&t, 0x24, 99999), 50); // stopped
    ck_assert_uint_eq(timers_advance(&t, 99999), UINT64_MAX);
}
END_TEST

START_TEST(timers_follow_the_divider_of_their_bus)
{
    struct rcc r = {0};
    rcc_reset(&r, 0);
    ck_assert_uint_eq(rcc_timer_divider(&r), 1);
    rcc_write(&r, 0x20, 4u << 4 | 5u << 8); // APB1 by 2, APB2 by 4
    ck_assert_uint_eq(rcc_timer_divider(&r), 1);
    ck_assert_uint_eq(rcc_usart_hz(&r, 0), 1000000);
    rcc_write(&r, 0x20, 7u << 4); // APB1 by 16
    ck_assert_uint_eq(rcc_timer_divider(&r), 8);
    struct timers t;
    timers_reset(&t);
    timers_write(&t, 0x00, 1, 0);
    ck_assert_uint_eq(timers_read(&t, 0x24, 100), 100);
    timers_clock(&t, 8, 100);
    ck_assert_uint_eq(timers_read(&t, 0x24, 180), 110);
}
END_TEST

START_TEST(a_one_pulse_timer_stops_by_itself)
{
    struct timers t;
    timers_reset(&t);
    timers_write(&t, 0x1000 + 0x2c, 0x1ffff, 0); // TIM6 has 16 bits
    ck_assert_uint_eq(timers_read(&t, 0x1000 + 0x2c, 0), 0xffff);
    timers_write(&t, 0x1000 + 0x2c, 9, 0);
    timers_write(&t, 0x1000, 9, 0); // OPM, CEN
    timers_advance(&t, 10);
    ck_assert_uint_eq(timers_read(&t, 0x1000, 10), 8);
    ck_assert_uint_eq(timers_read(&t, 0x1000 + 0x10, 10), 1);
}
END_TEST

static uint8_t sent;

static void on_byte(void *user, uint8_t byte)
{
    (void)user;
    sent = byte;
}

START_TEST(the_console_sends_and_receives)
{
    static struct usart u;
    u.output = on_byte;
    usart_reset(&u);
    usart_write(&u, 0, 0x28, 'x');
    ck_assert_uint_eq(sent, 'x');
    ck_assert_uint_eq(usart_read(&u, 0, 0x1c, 0, 1) & 0xe0, 0xc0); // TXE, TC
    usart_write(&u, 0, 0x00, 1u << 5 | 1u << 2 | 1);                // RXNEIE, RE, UE
    ck_assert_int_eq(usart_irq(&u, 0, 0), 0);
    ck_assert_uint_eq(usart_input(&u, "ab", 2, 0), 2);
    ck_assert_int_eq(usart_irq(&u, 0, 0), 1);
    ck_assert_int_eq(usart_irq(&u, 1, 0), 0);                // that port does not listen
    ck_assert_uint_eq(usart_read(&u, 0, 0x24, 0, 0), 'a'); // a debugger takes nothing
    ck_assert_uint_eq(usart_read(&u, 0, 0x24, 0, 1), 'a');
    ck_assert_uint_eq(usart_read(&u, 0, 0x24, 0, 1), 'b');
    ck_assert_int_eq(usart_irq(&u, 0, 0), 0);
    static char much[USART_INPUT_MAX + 10];
    ck_assert_uint_eq(usart_input(&u, much, sizeof much, 0), USART_INPUT_MAX);
}
END_TEST

START_TEST(bytes_arrive_at_the_baud_rate)
{
    static struct usart u;
    usart_reset(&u);
    usart_write(&u, 5, 0x0c, 256 * 100); // LPUART1: a hundred clocks a bit
    usart_write(&u, 5, 0x00, 1u << 5 | 1u << 2 | 1);
    usart_clock(&u, 5, 160000000, 16000000);
    ck_assert_uint_eq(usart_input(&u, "ab", 2, 50), 2);
    ck_assert_uint_eq(usart_read(&u, 5, 0x24, 50, 1), 'a');
    ck_assert_int_eq(usart_irq(&u, 5, 10049), 0);
    ck_assert_uint_eq(usart_next(&u, 10049), 10050); // ten bits, ten cycles of the core each clock
    ck_assert_int_eq(usart_irq(&u, 5, 10050), 1);
    ck_assert_uint_eq(usart_next(&u, 10050), UINT64_MAX);
}
END_TEST

START_TEST(a_line_is_idle_a_byte_after_the_last_one)
{
    static struct usart u;
    usart_reset(&u);
    usart_write(&u, 0, 0x0c, 100);
    usart_write(&u, 0, 0x00, 1u << 4 | 1u << 2 | 1); // IDLEIE, RE, UE
    usart_clock(&u, 0, 160000000, 160000000);        // a thousand cycles a byte
    ck_assert_int_eq(usart_irq(&u, 0, 5000), 0);     // nothing came: nothing ends
    usart_input(&u, "ab", 2, 5000);
    usart_read(&u, 0, 0x24, 5000, 1);
    usart_read(&u, 0, 0x24, 6000, 1);
    ck_assert_uint_eq(usart_next(&u, 6000), 7000);
    ck_assert_int_eq(usart_irq(&u, 0, 6999), 0);
    ck_assert_int_eq(usart_irq(&u, 0, 7000), 1);
    ck_assert_uint_eq(usart_read(&u, 0, 0x1c, 7000, 1) & 1u << 4, 1u << 4);
    usart_write(&u, 0, 0x20, 1u << 4); // ICR
    ck_assert_int_eq(usart_irq(&u, 0, 9000), 0);
    usart_input(&u, "c", 1, 9000);
    usart_read(&u, 0, 0x24, 9000, 1);
    usart_input(&u, "d", 1, 9500); // before the line was idle
    ck_assert_int_eq(usart_irq(&u, 0, 10000), 0);
    usart_read(&u, 0, 0x24, 10000, 1);
    ck_assert_int_eq(usart_irq(&u, 0, 11000), 1);
}
END_TEST

#define FLASH_AT(offset) (0x40022000u + (offset))
#define RCC_CSR_AT 0x46020cf4u

static uint32_t look(struct machine *m, uint32_t address)
{
    uint32_t value = 0;
    ck_assert_int_eq(bus_read(m, address, 4, &value, BUS_DEBUGGER), 0);
    return value;
}

/* Unlocks the option bytes and protects the first page. */
static void protect_page(struct machine *m, enum bus_who who)
{
    static const uint32_t writes[][2] = {{FLASH_NSKEYR, FLASH_KEY1}, {FLASH_NSKEYR, FLASH_KEY2}, {FLASH_OPTKEYR, FLASH_OPTKEY1},
                                         {FLASH_OPTKEYR, FLASH_OPTKEY2}, {FLASH_WRP1AR, 0xff80ff80u}, {FLASH_NSCR, FLASH_NSCR_OPTSTRT}};
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
        bus_write(m, FLASH_AT(writes[i][0]), 4, writes[i][1], who);
}

START_TEST(option_bytes_are_loaded_by_a_reset_that_says_so)
{
    struct machine *m = machine_create();
    ck_assert_uint_eq(look(m, RCC_CSR_AT) >> 24, 0x0c); // supply and pin
    bus_write(m, RCC_CSR_AT, 4, RCC_CSR_RMVF, BUS_DEBUGGER);
    ck_assert_uint_eq(look(m, RCC_CSR_AT) >> 24, 0);
    protect_page(m, BUS_DEBUGGER);
    ck_assert_uint_eq(m->peripherals.flash.loaded_wrp[0], 0xff80ffffu); // stored, not yet in force
    bus_write(m, 0x20000000u, 4, 0x12345678, BUS_DEBUGGER);
    bus_write(m, FLASH_AT(FLASH_NSCR), 4, FLASH_NSCR_OBL_LAUNCH, BUS_DEBUGGER);
    ck_assert_uint_eq(look(m, FLASH_AT(FLASH_WRP1AR)), 0xff80ff80u);
    ck_assert_uint_eq(m->peripherals.flash.loaded_wrp[0], 0xff80ff80u);
    ck_assert_uint_eq(look(m, FLASH_AT(FLASH_NSCR)), 0xc0000000u); // locked again
    ck_assert_uint_eq(look(m, RCC_CSR_AT) >> 24, 0x06);            // option bytes and pin
    ck_assert_uint_eq(look(m, 0x20000000u), 0x12345678);           // SRAM stays
    bus_write(m, 0xe000ed0cu, 4, 0x05fa0004u, BUS_DEBUGGER);       // SYSRESETREQ: causes gather
    ck_assert_uint_eq(look(m, RCC_CSR_AT) >> 24, 0x16);
    machine_destroy(m);
}
END_TEST

/* The store itself is the last thing that the program before the reset does. */
START_TEST(a_program_that_loads_option_bytes_starts_anew)
{
    static const uint16_t code[] = {0x6011, 0x3001, 0xe7fd}; // str r1,[r2]; r0++, for ever
    struct machine *m = machine_create();
    for (uint32_t i = 0; i < 3; i++)
        bus_write(m, 0x20000000u + 2 * i, 2, code[i], BUS_DEBUGGER);
    protect_page(m, BUS_DEBUGGER);
    core_set_register(m, 15, 0x20000000u);
    core_set_register(m, 0, 0);
    core_set_register(m, 1, FLASH_NSCR_OBL_LAUNCH);
    core_set_register(m, 2, FLASH_AT(FLASH_NSCR));
    core_run(m, 20);
    ck_assert_uint_eq(look(m, RCC_CSR_AT) >> 24 & 0x16, 0x06);
    ck_assert_uint_eq(m->peripherals.flash.loaded_wrp[0], 0xff80ff80u);
    ck_assert_uint_ne(core_register(m, 15) & 0xfffffff0u, 0x20000000u); // at the vectors of an empty flash
    machine_destroy(m);
}
END_TEST

START_TEST(the_crc_unit_gives_known_checks)
{
    struct crc c;
    crc_reset(&c);
    for (const char *p = "123456789"; *p; p++)
        crc_write(&c, 0, 1, (uint8_t)*p);
    ck_assert_uint_eq(crc_read(&c, 0), 0x0376e6e7); // CRC-32/MPEG-2
    crc_write(&c, 8, 4, 1u << 7 | 1u << 5 | 1);
    for (const char *p = "123456789"; *p; p++)
        crc_write(&c, 0, 1, (uint8_t)*p);
    ck_assert_uint_eq(~crc_read(&c, 0), 0xcbf43926); // CRC-32
    crc_write(&c, 0x10, 4, 0xffff);
    crc_write(&c, 0x14, 4, 0x1021);
    crc_write(&c, 8, 4, 1u << 3 | 1);
    crc_write(&c, 0, 4, 0x31323334);
    crc_write(&c, 0, 4, 0x35363738);
    crc_write(&c, 0, 1, '9');
    ck_assert_uint_eq(crc_read(&c, 0), 0x29b1); // CRC-16/CCITT-FALSE
}
END_TEST

static double picojoules_per_cycle(const struct power_setup *s, uint64_t lines)
{
    struct power_activity a = {.run_time = 100000u << 8, .flash_lines = lines};
    return (double)power_energy_fj(s, &a) / 1000 / 100000;
}

START_TEST(energy_is_near_the_published_one)
{
    struct power_setup smps = {.supply_mv = 1800, .hclk_hz = 160000000, .range = 1, .smps = true, .factor_permille = POWER_LEAN_PERMILLE};
    ck_assert_double_eq_tol(picojoules_per_cycle(&smps, 50), 141.1, 3);   // kws
    ck_assert_double_eq_tol(picojoules_per_cycle(&smps, 100), 145.1, 3);  // ic
    ck_assert_double_eq_tol(picojoules_per_cycle(&smps, 3300), 149.3, 3); // ad streams from flash
    smps.factor_permille = POWER_PLAIN_PERMILLE;
    ck_assert_double_eq_tol(picojoules_per_cycle(&smps, 100), 162.6, 5); // rounds v0.7 and v1.0
    struct power_setup ldo = {.supply_mv = 3000, .hclk_hz = 160000000, .range = 1};
    ck_assert_double_eq_tol(picojoules_per_cycle(&ldo, 0), 84 * 3.0, 1);
    ldo.range = 4;
    ldo.hclk_hz = 24000000;
    ck_assert_double_eq_tol(picojoules_per_cycle(&ldo, 0), 73 * 3.0, 2);
}
END_TEST

START_TEST(a_debugger_costs_and_sleep_saves)
{
    struct power_setup s = {.supply_mv = 3300, .hclk_hz = 160000000, .range = 1, .smps = true,
                              .factor_permille = POWER_PLAIN_PERMILLE};
    struct power_activity run = {.run_time = 1000u << 8}, sleep = {.sleep_time = 1000u << 8};
    uint64_t running = power_energy_fj(&s, &run), sleeping = power_energy_fj(&s, &sleep);
    ck_assert_uint_lt(2 * sleeping, running);
    ck_assert_uint_eq(power_duration_ps(&s, &run), 6250000);
    s.debugger = true;
    ck_assert_uint_eq(power_energy_fj(&s, &run) - running, 1500 * 6250); // 1.5 mW for 6.25 us
    s.debugger = false;
    s.deep = true;
    ck_assert_uint_lt(100 * power_energy_fj(&s, &sleep), sleeping);
    ck_assert_uint_eq(power_energy_fj(&s, &run), running);
}
END_TEST

/* A flash with one job, its program at `page` and its one blob behind it. */
static uint8_t *flash_with_job(uint32_t page, uint32_t sequence, uint8_t weight)
{
    uint8_t *flash = malloc(BOARD_FLASH_BYTES);
    memset(flash, 0xff, BOARD_FLASH_BYTES);
    uint32_t at = page * BOARD_PAGE_BYTES;
    struct image_program p = {.magic = IMAGE_PROGRAM_MAGIC, .version = IMAGE_VERSION, .bytes = 128, .crc32 = 77,
                              .blobs_offset = sizeof p, .n_blobs = 1};
    struct image_blob blob = {BOARD_FLASH_ADDRESS + at + BOARD_PAGE_BYTES, 16};
    struct mailbox_job job = {.magic = MAILBOX_MAGIC, .version = MAILBOX_VERSION, .sequence = sequence,
                              .program_address = BOARD_FLASH_ADDRESS + at};
    memcpy(flash + at, &p, sizeof p);
    memcpy(flash + at + sizeof p, &blob, sizeof blob);
    memset(flash + at + BOARD_PAGE_BYTES, weight, 16);
    memcpy(flash + BOARD_JOB_PAGE * BOARD_PAGE_BYTES + 64, &job, sizeof job);
    return flash;
}

static struct jobkey key_with(uint32_t page, uint32_t sequence, uint8_t weight)
{
    uint8_t *flash = flash_with_job(page, sequence, weight);
    struct jobkey key = jobkey_of(flash);
    free(flash);
    return key;
}

START_TEST(a_job_is_known_wherever_it_stands_in_flash)
{
    struct jobkey a = key_with(16, 1, 5), moved = key_with(100, 9, 5), other = key_with(16, 1, 6);
    ck_assert_uint_eq(a.image, moved.image);
    ck_assert_uint_eq(moved.sequence, 9);
    ck_assert_uint_ne(a.image, other.image);
}
END_TEST

START_TEST(a_job_that_points_nowhere_is_survived)
{
    uint8_t *flash = flash_with_job(20, 1, 1);
    struct image_program *p = (struct image_program *)(void *)(flash + 20 * BOARD_PAGE_BYTES);
    struct jobkey good = jobkey_of(flash);
    p->n_blobs = 0xffffffff;
    ck_assert_uint_ne(jobkey_of(flash).image, good.image);
    p->n_blobs = 1;
    p->blobs_offset = 0xfffffff0;
    jobkey_of(flash);
    struct mailbox_job *job = (struct mailbox_job *)(void *)(flash + BOARD_JOB_PAGE * BOARD_PAGE_BYTES + 64);
    job->program_address = BOARD_FLASH_ADDRESS + BOARD_FLASH_BYTES - 4;
    jobkey_of(flash);
    job->program_address = 3;
    jobkey_of(flash);
    free(flash);
}
END_TEST

/* A machine at this code in SRAM, r2 and r3 pointing to data there. */
static bool waits(const uint16_t *code, unsigned n)
{
    struct machine *m = machine_create();
    ck_assert_ptr_nonnull(m);
    for (unsigned i = 0; i < n; i++)
        bus_write(m, 0x20000000u + 2 * i, 2, code[i], BUS_DEBUGGER);
    core_set_register(m, 15, 0x20000000u);
    core_set_register(m, 2, 0x20001000u);
    core_set_register(m, 3, 0x4002001cu);
    core_run(m, 100);
    bool yes = idle_is_waiting(m);
    machine_destroy(m);
    return yes;
}

#define WAITS(...) waits((const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2)

START_TEST(a_core_that_waits_is_told_from_one_that_works)
{
    ck_assert(WAITS(0xe7fe));                                  // b .
    ck_assert(WAITS(0x6811, 0x4c02, 0x42b1, 0xd0fb, 0xe7fe)); // ldr r1,[r2]; ldr r4,=; cmp r1,r6; beq back
    ck_assert(WAITS(0x6811, 0x07c9, 0xd5fc, 0xe7fe));          // ldr r1,[r2]; lsls r1,#31; bpl back
    ck_assert(!WAITS(0x3001, 0xe7fd));                         // counts
    ck_assert(!WAITS(0x6011, 0xe7fd));                         // stores
    ck_assert(!WAITS(0x6819, 0xe7fd));                         // reads a device
}
END_TEST

START_TEST(a_core_that_is_resumed_has_moved_when_the_write_returns)
{
    static const uint16_t count[] = {0x3001, 0xe7fd}; // r0++, for ever
    struct machine *m = machine_create();
    for (uint32_t i = 0; i < 2; i++)
        bus_write(m, 0x20000000u + 2 * i, 2, count[i], BUS_DEBUGGER);
    bus_write(m, 0xe000edf0u, 4, 0xa05f0003u, BUS_DEBUGGER);
    core_set_register(m, 0, 0);
    core_set_register(m, 15, 0x20000000u);
    core_ask_stop(m); // as another thread does that wants the board
    bus_write(m, 0xe000edf0u, 4, 0xa05f0001u, BUS_DEBUGGER);
    uint32_t counted = core_register(m, 0);
    ck_assert_uint_gt(counted, 0);
    ck_assert_uint_lt(counted, 64);
    ck_assert(!m->debug.halted);
    bus_write(m, 0xe000edf0u, 4, 0xa05f0003u, BUS_DEBUGGER);
    bus_write(m, 0xe0002008u, 4, 0x20000003u, BUS_DEBUGGER); // a breakpoint on its way is found
    bus_write(m, 0xe0002000u, 4, 3, BUS_DEBUGGER);
    bus_write(m, 0xe000edf0u, 4, 0xa05f0001u, BUS_DEBUGGER);
    ck_assert(m->debug.halted);
    ck_assert_uint_eq(core_register(m, 15), 0x20000002u);
    machine_destroy(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vboard_chip");
    TCase *t = suite_case(s, "vboard_chip", NULL, NULL);
    tcase_add_test(t, the_clock_follows_the_registers);
    tcase_add_test(t, voltage_and_regulator_are_as_asked);
    tcase_add_test(t, a_pin_tells_of_each_change_once);
    tcase_add_test(t, a_timer_counts_wraps_and_interrupts);
    tcase_add_test(t, timers_follow_the_divider_of_their_bus);
    tcase_add_test(t, a_one_pulse_timer_stops_by_itself);
    tcase_add_test(t, the_console_sends_and_receives);
    tcase_add_test(t, bytes_arrive_at_the_baud_rate);
    tcase_add_test(t, a_line_is_idle_a_byte_after_the_last_one);
    tcase_add_test(t, option_bytes_are_loaded_by_a_reset_that_says_so);
    tcase_add_test(t, a_program_that_loads_option_bytes_starts_anew);
    tcase_add_test(t, the_crc_unit_gives_known_checks);
    tcase_add_test(t, energy_is_near_the_published_one);
    tcase_add_test(t, a_debugger_costs_and_sleep_saves);
    tcase_add_test(t, a_core_that_waits_is_told_from_one_that_works);
    tcase_add_test(t, a_core_that_is_resumed_has_moved_when_the_write_returns);
    tcase_add_test(t, a_job_is_known_wherever_it_stands_in_flash);
    tcase_add_test(t, a_job_that_points_nowhere_is_survived);
    return suite_run(s);
}

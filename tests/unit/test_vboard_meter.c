// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The virtual power meter: its language, its stream, and that no energy is lost on the way to a sample.
#include "hwlink/vboard/powershield.h"
#include "hwlink/vboard/window.h"
#include "tests/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct powershield meter;
static bool fed;
static uint32_t fed_mv;
static int feeds;

static void supply(void *user, bool on, uint32_t mv)
{
    (void)user;
    fed = on;
    fed_mv = mv;
    feeds++;
}

static void set_up(void)
{
    powershield_init(&meter);
    meter.supply = supply;
    strcpy(meter.name, "0042");
    fed = true;
    feeds = 0;
}

static void tear_down(void)
{
    powershield_finish(&meter);
}

/* What the meter has to say since the last call. */
static const char *heard(void)
{
    static char text[POWERSHIELD_OUTPUT_MAX + 1];
    memcpy(text, meter.out.data ? meter.out.data : "", meter.out.size);
    text[meter.out.size] = '\0';
    buffer_consume(&meter.out, meter.out.size);
    return text;
}

static const char *say(const char *line)
{
    powershield_take(&meter, (const uint8_t *)line, strlen(line));
    powershield_take(&meter, (const uint8_t *)"\n", 1);
    return heard();
}

START_TEST(commands_are_acknowledged_word_for_word)
{
    static const char *const good[] = {"htc", "volt 1800m", "volt 33-1", "format bin_hexa", "freq 100000", "freq 100k",
                                       "acqtime 0", "acqtime inf", "acqtime 100u", "acqmode dyn", "funcmode optim",
                                       "output current", "trigsrc d7", "trigdelay 0", "eventsrc d7 fal", "currthres 1m",
                                       "pwr on nostatus", "pwrend on", "lcd 1 \"hello\"", "hrc"};
    char expected[96];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(expected, sizeof expected, "PowerShield > ack %s\r\n", good[i]);
        ck_assert_str_eq(say(good[i]), expected);
    }
    ck_assert_uint_eq(meter.supply_mv, 3300);
    ck_assert_str_eq(say("version"), "PowerShield > ack version 1.0.7\r\n");
    ck_assert_str_eq(say("powershield"), "PowerShield > ack powershield PowerShield present 0042\r\n");
}
END_TEST

START_TEST(nonsense_is_refused_with_its_reason)
{
    static const char *const bad[] = {"volt 5", "volt", "volt 3300m x", "freq 3", "freq -1", "acqtime 1000", "format hex",
                                      "trigsrc d8", "targrst 2", "pwr up", "eventsrc d9 fal", "stop", "abc", "freq 99999999999999"};
    ck_assert_ptr_nonnull(strstr(say("freq 1k"), "error freq 1k\r\nError detail: PowerShield not controlled by host\r\n"));
    say("htc");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *answer = say(bad[i]);
        ck_assert_msg(strncmp(answer, "PowerShield > error ", 20) == 0 && strstr(answer, "\r\nError detail: "), "%s: %s",
                      bad[i], answer);
    }
    char longer[1000];
    memset(longer, 'x', sizeof longer);
    longer[999] = '\0';
    ck_assert_ptr_nonnull(strstr(say(longer), "error"));
}
END_TEST

START_TEST(it_switches_the_supply)
{
    say("htc");
    say("pwr off");
    ck_assert(!fed && feeds == 1);
    ck_assert_str_eq(say("pwr get"), "PowerShield > ack pwr get off\r\n");
    say("volt 1800m"); // of a target that is off: nothing to do yet
    ck_assert_int_eq(feeds, 1);
    say("pwr on");
    ck_assert(fed && fed_mv == 1800);
    say("targrst 10m");
    ck_assert(fed && feeds == 4);
    say("targrst 0");
    ck_assert(!fed);
    ck_assert_str_eq(say("volt get"), "PowerShield > ack volt get 1800-03\r\n");
}
END_TEST

/* Feeds `n` cells of 6.4 us with `fj` each. */
static void run(int n, uint64_t fj)
{
    for (int i = 0; i < n; i++) {
        struct waveform_cell cell = {6400000, fj};
        powershield_cell(&meter, &cell);
        ck_assert_uint_eq(cell.ps, 0);
    }
}

START_TEST(text_samples_are_readable_and_limited_in_speed)
{
    say("htc");
    say("acqtime inf");
    say("freq 10k");
    ck_assert_ptr_nonnull(strstr(say("start"), "too high"));
    say("freq 5k");
    ck_assert_str_eq(say("start"), "PowerShield > ack start\r\nTimeStamp: 000s 000ms, buff 00%\r\n");
    meter.gain = 1;
    run(32, 150000000); // 204.8 us at 23.4 mW: one sample
    const char *sample = heard();
    ck_assert_uint_eq(strlen(sample), 9);
    char *end;
    double value = strtol(sample, &end, 10) * pow(10, strtol(end, NULL, 10));
    ck_assert_double_eq_tol(value, 0.0234375 / 3.3, 0.01 * 0.0071);
    const char *last = say("stop");
    ck_assert_str_eq(last, "PowerShield > ack stop\r\nend\r\nAcquisition completed\r\n");
}
END_TEST

/* Decodes a binary recording: samples, their sum, and the text frames; checks that every byte belongs to something. */
struct heard {
    int samples, stamps, ends, power_downs;
    double sum;
    char text[512];
};

static struct heard decode(void)
{
    struct heard h = {0};
    const uint8_t *b = (const uint8_t *)meter.out.data;
    size_t n = meter.out.size, i = 0;
    while (i + 2 <= n) {
        if (b[i] != 0xf0) {
            ck_assert_uint_lt(b[i] >> 4, 15);
            h.sum += ((b[i] & 15) << 8 | b[i + 1]) * pow(16, -(b[i] >> 4));
            h.samples++;
            i += 2;
            continue;
        }
        size_t j = i + 2 + (b[i + 1] == 0xf3 ? 5 : 0);
        while (b[j] != 0xff || b[j + 1] != 0xff)
            j++;
        if (b[i + 1] == 0xf2)
            strncat(h.text, (const char *)b + i + 2, j - i - 2);
        h.stamps += b[i + 1] == 0xf3;
        h.ends += b[i + 1] == 0xf4;
        h.power_downs += b[i + 1] == 0xf6;
        i = j + 2;
    }
    ck_assert_uint_eq(i, n);
    buffer_consume(&meter.out, n);
    return h;
}

static void arm(const char *voltage)
{
    say("htc");
    say(voltage);
    say("format bin_hexa");
    say("freq 100000");
    say("acqtime 0");
    say("trigsrc d7");
    say("eventsrc d7 fal");
    ck_assert_str_eq(say("start"), "PowerShield > ack start\r\n");
}

START_TEST(a_recording_begins_and_is_marked_at_the_pin)
{
    arm("volt 3300m");
    run(10, 150000000);
    ck_assert_str_eq(heard(), "");
    ck_assert_ptr_nonnull(strstr(say("pwr on"), "ack pwr on")); // still in text
    powershield_edge(&meter, 1);
    run(1000, 150000000);
    powershield_say(&meter, "hello");
    powershield_edge(&meter, 0);
    run(20, 10000000);
    struct heard h = decode();
    ck_assert_int_eq(h.stamps, 1);
    ck_assert_int_eq(h.samples, 652); // 6528 us at 100 kHz
    ck_assert_str_eq(h.text, "hello\r\nevent 1 ris\r\n");
    powershield_take(&meter, (const uint8_t *)"pwr off\n", 8);
    h = decode();
    ck_assert_int_eq(h.power_downs, 1);
    ck_assert_str_eq(h.text, "ack pwr off\r\n");
    powershield_take(&meter, (const uint8_t *)"stop\n", 5);
    const uint8_t *out = (const uint8_t *)meter.out.data;
    ck_assert_ptr_nonnull(memmem(out, meter.out.size, "\xf0\xf4\xff\xff", 4));
    ck_assert_ptr_nonnull(memmem(out, meter.out.size, "Acquisition completed", 21));
}
END_TEST

/* What the samples say of a window of 200 ms, against what was fed. */
static double recorded_against_fed(uint64_t seed, uint64_t repeat, const char *voltage, double volts)
{
    double joules = 0, fed_joules = 0;
    powershield_seed(&meter, seed, repeat);
    arm(voltage);
    powershield_edge(&meter, 1);
    for (int i = 0; i < 31250; i++) {
        uint64_t fj = 120000000 + (uint64_t)(i * 7919 % 60000) * 1000; // a lively current
        fed_joules += (double)fj * 1e-15;
        run(1, fj);
        if (meter.out.size > POWERSHIELD_OUTPUT_FULL / 2)
            joules += decode().sum * volts / 100000;
    }
    joules += decode().sum * volts / 100000;
    say("stop");
    return joules / fed_joules;
}

START_TEST(the_samples_sum_to_the_energy_within_a_thousandth)
{
    for (uint64_t i = 0; i < 20; i++) {
        ck_assert_double_eq_tol(recorded_against_fed(i, 0, "volt 3300m", 3.3), 1, 1e-3);
        ck_assert_double_eq_tol(recorded_against_fed(7, i, "volt 1800m", 1.8), 1, 1e-3);
    }
}
END_TEST

START_TEST(noise_follows_from_seed_and_repeat_alone)
{
    double a = recorded_against_fed(1, 0, "volt 3300m", 3.3), b = recorded_against_fed(1, 1, "volt 3300m", 3.3);
    double c = recorded_against_fed(2, 0, "volt 3300m", 3.3), again = recorded_against_fed(1, 0, "volt 3300m", 3.3);
    ck_assert(a == again);
    ck_assert(a != b && a != c && b != c);
}
END_TEST

/* The core asks between cells whether the reader keeps up; what is left of the cell that filled the buffer still counts. */
START_TEST(a_slow_reader_makes_time_wait_and_loses_no_sample)
{
    const uint64_t cell_ps = 33300000, sample_ps = 10000000;
    int cells = 0, samples = 0;
    arm("volt 3300m");
    powershield_edge(&meter, 1);
    for (int round = 0; round < 10; round++) {
        while (!powershield_is_full(&meter)) {
            struct waveform_cell cell = {cell_ps, 150000000};
            powershield_cell(&meter, &cell);
            ck_assert_uint_eq(cell.ps, 0);
            cells++;
        }
        ck_assert_uint_lt(meter.out.size, POWERSHIELD_OUTPUT_BRIM);
        samples += decode().samples;
    }
    ck_assert_int_eq(samples, (int)((uint64_t)cells * cell_ps / sample_ps));
}
END_TEST

START_TEST(a_target_reset_leaves_its_gap_in_the_recording)
{
    arm("volt 3300m");
    powershield_edge(&meter, 1);
    run(100, 150000000);
    ck_assert_int_eq(decode().samples, 64);
    powershield_take(&meter, (const uint8_t *)"targrst 10m\n", 12);
    run(100, 150000000);
    ck_assert_int_eq(decode().samples, 1064);
}
END_TEST

START_TEST(equal_laps_are_found_and_said_again)
{
    struct window w = {0};
    struct waveform_cell cell;
    window_open(&w);
    for (int lap = 0; lap < 4; lap++) {
        bool alike = window_lap(&w);
        ck_assert_int_eq(alike, lap == 3); // the first has another second cell
        for (int i = 0; i < 5 && !alike; i++)
            window_cell(&w, (struct waveform_cell){1000, lap == 0 && i == 1 ? 5 : 7});
    }
    ck_assert_uint_eq(w.fj, 5 + 14 * 7);
    window_repeat(&w, 3);
    int cells = 0;
    while (window_next(&w, &cell)) {
        ck_assert_uint_eq(cell.fj, 7);
        cells++;
    }
    ck_assert_int_eq(cells, 15);
    ck_assert_uint_eq(w.repeated, 3);
    ck_assert_uint_eq(w.ps, 30000);
    window_close(&w);
    window_finish(&w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vboard_meter");
    TCase *t = suite_case(s, "vboard_meter", set_up, tear_down);
    tcase_add_test(t, commands_are_acknowledged_word_for_word);
    tcase_add_test(t, nonsense_is_refused_with_its_reason);
    tcase_add_test(t, it_switches_the_supply);
    tcase_add_test(t, text_samples_are_readable_and_limited_in_speed);
    tcase_add_test(t, a_recording_begins_and_is_marked_at_the_pin);
    tcase_add_test(t, the_samples_sum_to_the_energy_within_a_thousandth);
    tcase_add_test(t, noise_follows_from_seed_and_repeat_alone);
    tcase_add_test(t, a_slow_reader_makes_time_wait_and_loses_no_sample);
    tcase_add_test(t, a_target_reset_leaves_its_gap_in_the_recording);
    tcase_add_test(t, equal_laps_are_found_and_said_again);
    return suite_run(s);
}

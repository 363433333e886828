// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Meters against emulated instruments on a pseudo-terminal, in the same loop, which follow the protocols as published: LPM01A in ASCII,
// STLINK-V3PWR, PPK2; and hwmon against a folder.
#include "hwlink/meter.h"
#include "hwlink/ppk2_stream.h"

#include "base/buffer.h"
#include "base/file.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static uv_loop_t loop;
static uv_poll_t line;
static int master, slave;
static struct board_file file;
static struct buffer out; // what the line has no room for yet
static char heard[4096];
static void (*take)(uint8_t byte); // the emulated instrument
static void (*stream)(void);       // what it sends when the window comes
static bool started;

static void say(const void *bytes, size_t n)
{
    ck_assert_int_eq(buffer_append(&out, bytes, n), 0);
}

static void say_text(const char *text)
{
    say(text, strlen(text));
}

static void on_line(uv_poll_t *poll, int status, int events)
{
    uint8_t byte;
    (void)poll, (void)status, (void)events;
    while (read(master, &byte, 1) == 1)
        take(byte);
    ssize_t n = out.size > 0 ? write(master, out.data, out.size < 777 ? out.size : 777) : 0; // cut anywhere
    if (n > 0)
        buffer_consume(&out, (size_t)n);
    uv_poll_start(&line, UV_READABLE | (out.size > 0 ? UV_WRITABLE : 0), on_line);
}

static void set_up(void)
{
    struct termios t;
    uv_loop_init(&loop);
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    ck_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    memset(&file, 0, sizeof file);
    snprintf(file.meter_path, sizeof file.meter_path, "%s", ptsname(master));
    slave = open(file.meter_path, O_RDWR | O_NOCTTY);
    tcgetattr(slave, &t);
    cfmakeraw(&t);
    tcsetattr(slave, TCSANOW, &t);
    file.supply_mv = 3000;
    file.meter_hz = 100000;
    uv_poll_init(&loop, &line, master);
    uv_poll_start(&line, UV_READABLE, on_line);
    buffer_init(&out, 1 << 22);
    heard[0] = '\0';
    started = false;
}

struct outcome {
    bool done;
    int status;
    char text[256];
    struct meter_window window;
};

/* The points' mean is the window's power, but for the samples of the last point, which is not whole. */
static void has_the_course_of_its_power(const struct meter_window *w)
{
    double sum_uw = 0;
    ck_assert_uint_gt(w->n_points, 0);
    for (uint32_t i = 0; i < w->n_points; i++)
        sum_uw += w->points_uw[i];
    double energy_nj = sum_uw / w->n_points * (double)w->length_us / 1000;
    ck_assert_double_le(fabs(energy_nj - (double)w->energy_nj), 0.03 * (double)w->energy_nj + 1);
    ck_assert_int_gt(w->point_us, 0);
}

static int add_up(void *user, int window, double time_us, double watts)
{
    double *sum_watts = user;
    (void)window, (void)time_us;
    *sum_watts += watts;
    return 0;
}

/* No sample is missing from the trace, and together they are the window's energy. hwmon looks at half of a window. */
static void has_every_sample(const struct meter_window *w)
{
    const struct power_trace *t = w->trace;
    double sum_watts = 0;
    ck_assert_int_eq(t->n, 1);
    ck_assert_int_eq(t->windows[0].samples, w->samples);
    ck_assert_int_eq(t->windows[0].of, w->samples);
    ck_assert_int_eq(power_trace_each(t, add_up, &sum_watts), 0);
    double energy_nj = sum_watts / w->samples * (double)w->length_us * 1000;
    ck_assert_double_le(fabs(energy_nj - (double)w->energy_nj), 1e-4 * (double)w->energy_nj + 1);
    ck_assert_int_eq(t->windows[0].first_us, file.meter_path[1] == 't' ? w->length_us / 4 : 0);
}

static void on_done(void *user, int status, const char *text, const struct meter_window *w)
{
    struct outcome *o = user;
    o->done = true;
    o->status = status;
    snprintf(o->text, sizeof o->text, "%s", text);
    if (w)
        o->window = *w;
    if (status == 0 && w)
        has_the_course_of_its_power(w);
    if (status == 0 && w)
        has_every_sample(w);
}

static void on_cycled(void *user, int status, const char *text)
{
    on_done(user, status, text, NULL);
}

static struct outcome wait_for(struct outcome *o)
{
    while (!o->done)
        uv_run(&loop, UV_RUN_ONCE);
    return *o;
}

static struct meter *open_meter(const struct meter_kind_actions *kind)
{
    struct error e = {""};
    struct meter *m = kind->open(&loop, &file, &e);
    ck_assert_msg(m != NULL, "%s", e.text);
    return m;
}

/* Opens, records one window of `us`, closes. */
static struct outcome record(const struct meter_kind_actions *kind, int64_t us)
{
    struct outcome o = {0};
    struct meter *m = open_meter(kind);
    kind->record(m, &(struct meter_wish){us, 0, 600000}, on_done, &o);
    wait_for(&o);
    kind->close(m, NULL, NULL);
    if (!uv_is_closing((uv_handle_t *)&line))
        uv_close((uv_handle_t *)&line, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    close(master);
    close(slave);
    buffer_finish(&out);
    return o;
}

static void good(const struct outcome *o)
{
    ck_assert_msg(o->status == 0, "%s", o->text);
}

static int64_t nanojoules(double amperes, double volts, double seconds)
{
    return (int64_t)(amperes * volts * seconds * 1e9 + 0.5);
}

/* --- ST's language --- */

static const char *line_end, *answer_end;

static void st_answer(const char *command)
{
    char text[256];
    strcat(strcat(heard, command), ";");
    if (strcmp(command, "start") == 0)
        started = true;
    if (strcmp(command, "powershield") == 0)
        snprintf(text, sizeof text, "ack STLINK-V3PWR 002F0021%s", answer_end);
    else if (strcmp(command, "stop") == 0)
        snprintf(text, sizeof text, "error stop%s", answer_end);
    else
        snprintf(text, sizeof text, "ack %s%s", command, answer_end);
    say_text(text);
    if (strcmp(command, "pwr on") == 0 && started)
        stream();
}

static void st_take(uint8_t byte)
{
    static char command[128];
    static size_t n;
    if (byte != '\n' && n < sizeof command - 1) {
        command[n++] = (char)byte;
        return;
    }
    command[n] = '\0';
    n = 0;
    if (strcmp(line_end, "\r\n") == 0) {
        ck_assert_msg(command[strlen(command) - 1] == '\r', "\"%s\" ends without CR", command);
        command[strlen(command) - 1] = '\0';
    }
    st_answer(command);
}

static void speak_st(const char *a_line_end, const char *an_answer_end, void (*a_stream)(void))
{
    take = st_take;
    line_end = a_line_end;
    answer_end = an_answer_end;
    stream = a_stream;
}

/* A stamp whose contents look like an end, 640.9 uA for ever, the voltage in the midst. */
static void v3_stream(void)
{
    say("\xf0\xf3\xff\xff\xff\xff\x05\xff\xff", 9);
    for (int i = 0; i < 250; i++) {
        say("\x52\xa0", 2);
        if (i == 20)
            say("\xf0\xf7\x0b\xb8\xff\xff", 6); // 3000 mV
        if (i == 30)
            say("\xf0\xf2" "at \xff\xff 31\r\n\xff\xff", 14); // neither ends it
        if (i == 40)
            say("\xf0\xf8\xff\xff\xff\xff", 6);
    }
}

START_TEST(v3pwr_measures_the_expected_length)
{
    speak_st("\r\n", "\r\n\r\n", v3_stream);
    struct outcome o = record(&meter_v3pwr, 2000);
    good(&o);
    ck_assert_uint_eq(o.window.samples, 200);
    ck_assert(!o.window.marked);
    ck_assert_int_eq(o.window.energy_nj, nanojoules(0x2a0 / 1048576.0, 3.0, 0.002));
    ck_assert_str_eq(o.window.instrument, "STLINK-V3PWR 002F0021");
    ck_assert_ptr_nonnull(strstr(heard, "power_monitor;"));
    ck_assert_ptr_nonnull(strstr(heard, "volt 3000m;format bin_hex;freq 100000;"));
    ck_assert_ptr_nonnull(strstr(heard, "trigsrc hw;pwr off;start;pwr on;"));
}
END_TEST

static void v3_error(void)
{
    say("\xf0\xf1" "supply overload\r\n\xff\xff", 21);
}

START_TEST(v3pwr_tells_what_the_instrument_says)
{
    speak_st("\r\n", "\r\n\r\n", v3_error);
    struct outcome o = record(&meter_v3pwr, 2000);
    ck_assert_int_eq(o.status, -1);
    ck_assert_msg(strstr(o.text, "supply overload"), "%s", o.text);
}
END_TEST

static void ascii_stream(void)
{
    say_text("TimeStamp: 000s 001ms, buff 00%\r\n");
    say("\0", 1);
    for (int i = 0; i < 300; i++) {
        say_text(i % 2 ? "6409-07\r\n" : "0700-06\r\n");
        if (i == 99)
            say_text("TimeStamp: 000s 100ms, buff 01%\r\n");
        if (i == 199)
            say_text("event 1 ris\r\n");
    }
}

START_TEST(ascii_samples_are_those_of_binary)
{
    file.meter_hz = 5000;
    speak_st("\n", "\r\n", ascii_stream);
    struct outcome o = record(&meter_lpm01a_ascii, 40000);
    good(&o);
    ck_assert_uint_eq(o.window.samples, 200);
    ck_assert(o.window.marked);
    ck_assert_int_le(llabs(o.window.energy_nj - nanojoules((640.9e-6 + 700e-6) / 2, 3.0, 0.04)), 1);
    ck_assert_ptr_nonnull(strstr(heard, "format ascii_dec;freq 5000;"));
}
END_TEST

static void ascii_garbage(void)
{
    say_text("6409-07\r\n64-\r\n6409-07\r\nevent 1 ris\r\n6409-07\r\n6409-07\r\nevent 2 ris\r\n");
}

START_TEST(ascii_garbage_is_a_failure)
{
    file.meter_hz = 5000;
    speak_st("\n", "\r\n", ascii_garbage);
    struct outcome o = record(&meter_lpm01a_ascii, 1000);
    ck_assert_int_eq(o.status, -1);
    ck_assert_msg(strstr(o.text, "garbage"), "%s", o.text);
}
END_TEST

START_TEST(ascii_is_not_asked_for_more_than_it_can)
{
    struct error e = {""};
    ck_assert_ptr_null(meter_lpm01a_ascii.open(&loop, &file, &e));
    ck_assert_ptr_nonnull(strstr(e.text, "5000"));
}
END_TEST

/* --- PPK2 --- */

static const char *const meta = "Calibrated: 0\nR0: 1031.64\nR1: 101.65\nR2: 10.15\nR3: 0.94\nR4: 0.043\nGS0: 1\nGS1: 1\nGS2: 1.1\nGS3: 1\n"
                                "GS4: 1\nGI0: 1\nGI1: 1\nGI2: 0.95\nGI3: 0.95\nGI4: 0.95\nO0: 0\nO1: 0\nO2: 95.5\nO3: 40\nO4: 20\nS0: 0\n"
                                "S1: 0\nS2: 0.00000012\nS3: 0\nS4: 0\nI0: 0\nI1: 0\nI2: 0.00000005\nI3: 0\nI4: 0\nUG0: 1\nUG1: 1\n"
                                "UG2: 1.02\nUG3: 1\nUG4: 1\nVDD: 3000\nHW: 36867\nmode: 2\nIA: 56\nEND";

/* As published, for range 2 of the calibration above, at 3 V. */
static double ppk_amperes(uint32_t adc)
{
    double i0 = (4.0 * adc - 95.5) * (1.8 / 163840) / 10.15;
    return 1.02 * (i0 * (1.1 * i0 + 0.95) + (0.00000012 * 3.0 + 0.00000005));
}

static uint32_t counter;

static void word(uint32_t adc, uint32_t range, bool high)
{
    uint32_t w = adc | range << 14 | (counter++ & 63) << 18 | (high ? 1u << 24 : 0);
    uint8_t bytes[4] = {(uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24)};
    say(bytes, 4);
}

static void words(int n, bool high)
{
    for (int i = 0; i < n; i++)
        word(5000, 2, high);
}

static void ppk_take(uint8_t byte)
{
    static const uint8_t sizes[256] = {[0x0c] = 1, [0x0d] = 2, [0x11] = 1};
    static uint8_t command[3];
    static size_t n;
    command[n++] = byte;
    if (n <= sizes[command[0]])
        return;
    char text[16];
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, sizeof text - 2 * i, "%02x", command[i]);
    strcat(strcat(heard, text), ";");
    n = 0;
    if (command[0] == 0x19)
        say_text(meta);
    if (command[0] == 0x06)
        started = true;
    if (command[0] == 0x07)
        started = false;
    if (command[0] == 0x0c && command[1] == 1 && started)
        stream();
}

static void ppk_window(void)
{
    words(50, false);
    words(4000, true);
    words(50, false);
}

START_TEST(ppk2_window_goes_from_edge_to_edge)
{
    take = ppk_take;
    stream = ppk_window;
    struct outcome o = record(&meter_ppk2, 0);
    good(&o);
    ck_assert_uint_eq(o.window.samples, 4000);
    ck_assert_int_eq(o.window.length_us, 40000);
    ck_assert(o.window.marked && o.window.lost == 0);
    ck_assert_int_le(llabs(o.window.energy_nj - nanojoules(ppk_amperes(5000), 3.0, 0.04)), 1);
    ck_assert_ptr_nonnull(strstr(heard, "1102;0d0bb8;0c00;06;0c01;"));
}
END_TEST

static void ppk_gap(void)
{
    words(50, false);
    words(1000, true);
    counter += 3;
    words(3000, true);
    words(50, false);
}

START_TEST(ppk2_samples_that_are_lost_are_counted)
{
    take = ppk_take;
    stream = ppk_gap;
    struct outcome o = record(&meter_ppk2, 0);
    ck_assert_int_eq(o.status, -1); // the gap, and what it takes to believe the phase again
    ck_assert_msg(strstr(o.text, "samples were lost: 6 of 4003"), "%s", o.text);
}
END_TEST

static void ppk_long_gap(void)
{
    words(50, false);
    words(10000, true);
    counter += 3;
    words(10000, true);
    words(50, false);
}

START_TEST(ppk2_few_lost_samples_count_as_the_one_before)
{
    take = ppk_take;
    stream = ppk_long_gap;
    struct outcome o = record(&meter_ppk2, 0);
    good(&o);
    ck_assert_uint_eq(o.window.samples, 20003);
    ck_assert_uint_eq(o.window.lost, 6);
    ck_assert_int_le(llabs(o.window.energy_nj - nanojoules(ppk_amperes(5000), 3.0, 0.20003)), 2);
}
END_TEST

static void ppk_slip(void)
{
    say("\x55", 1); // begins in the midst of a word
    words(50, false);
    words(10000, true);
    say("\x12\x34\x56", 3); // a piece of a word got lost, or came twice
    words(10000, true);
    words(50, false);
}

START_TEST(ppk2_finds_the_phase_of_its_words_again)
{
    take = ppk_take;
    stream = ppk_slip;
    struct outcome o = record(&meter_ppk2, 0);
    good(&o);
    ck_assert_uint_eq(o.window.samples, 20000);
    ck_assert_uint_gt(o.window.lost, 0);
    ck_assert_int_le(llabs(o.window.energy_nj - nanojoules(ppk_amperes(5000), 3.0, 0.2)), 2);
}
END_TEST

START_TEST(ppk2_range_switches_do_not_spike)
{
    struct ppk2_calibration c;
    struct ppk2_stream s;
    ck_assert_int_eq(ppk2_calibration_read(meta, &c, NULL), 0);
    ppk2_stream_init(&s, &c, 3000);
    counter = 7;
    buffer_init(&out, 1 << 20);
    words(100, true);
    word(16000, 3, true); // the switch itself: far too much
    for (int i = 0; i < 2; i++)
        word(480, 3, true);
    words(100, true);
    ppk2_stream_take(&s, (const uint8_t *)out.data, out.size);
    ck_assert_uint_eq(s.samples, 203 - 3); // three to believe the phase
    double mean = s.amperes / (double)s.samples, spike = (4.0 * 16000 - 40) * (1.8 / 163840) / 0.94 * 0.95;
    ck_assert(fabs(mean - ppk_amperes(5000)) < 0.01 * spike);
    buffer_finish(&out);
}
END_TEST

START_TEST(ppk2_calibration_without_a_resistor_is_refused)
{
    struct ppk2_calibration c;
    struct error e = {""};
    ck_assert_int_eq(ppk2_calibration_read("R0: 1000\nR1: 100\nR2: 0\nR3: 1\nR4: 1\n", &c, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "range 2"));
}
END_TEST

START_TEST(a_supply_is_cut_and_given_back)
{
    static const struct meter_kind_actions *const kinds[] = {&meter_v3pwr, &meter_ppk2};
    static const char *const said[] = {"pwr off;pwr on;", "0c00;0c01;"};
    struct outcome o = {0};
    speak_st("\r\n", "\r\n\r\n", v3_stream);
    take = _i == 0 ? st_take : ppk_take;
    struct meter *m = open_meter(kinds[_i]);
    kinds[_i]->cycle(m, 600000, on_cycled, &o);
    wait_for(&o);
    good(&o);
    while (!strstr(heard, said[_i]))
        uv_run(&loop, UV_RUN_ONCE);
    kinds[_i]->close(m, NULL, NULL);
    uv_close((uv_handle_t *)&line, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}
END_TEST

/* --- hwmon --- */

static void put(const char *name, const char *text)
{
    char path[320];
    snprintf(path, sizeof path, "%s/%s", file.meter_path, name);
    ck_assert_int_eq(file_write(path, text, strlen(text), NULL), 0);
}

START_TEST(hwmon_power_is_that_of_the_middle)
{
    char command[300];
    strcpy(file.meter_path, "/tmp/pare-hwmon-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(file.meter_path));
    put("name", "ina226\n");
    put("in1_input", "3000\n");
    put("curr1_input", "7\n");
    if (_i == 1)
        put("power1_input", "21500\n");
    struct outcome o = record(&meter_hwmon, 40000);
    good(&o);
    ck_assert_int_eq(o.window.energy_nj, _i == 1 ? 860000 : 840000); // 21.5 mW or 3 V times 7 mA, for 40 ms
    ck_assert_uint_gt(o.window.samples, 0);
    ck_assert_str_eq(o.window.instrument, "ina226 (hwmon)");
    ck_assert(!meter_hwmon.cycle);
    snprintf(command, sizeof command, "rm -r %s", file.meter_path);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("meters");
    TCase *t = suite_case(s, "meters", set_up, NULL);
    tcase_add_test(t, v3pwr_measures_the_expected_length);
    tcase_add_test(t, v3pwr_tells_what_the_instrument_says);
    tcase_add_test(t, ascii_samples_are_those_of_binary);
    tcase_add_test(t, ascii_garbage_is_a_failure);
    tcase_add_test(t, ascii_is_not_asked_for_more_than_it_can);
    tcase_add_test(t, ppk2_window_goes_from_edge_to_edge);
    tcase_add_test(t, ppk2_samples_that_are_lost_are_counted);
    tcase_add_test(t, ppk2_few_lost_samples_count_as_the_one_before);
    tcase_add_test(t, ppk2_finds_the_phase_of_its_words_again);
    tcase_add_test(t, ppk2_range_switches_do_not_spike);
    tcase_add_test(t, ppk2_calibration_without_a_resistor_is_refused);
    tcase_add_loop_test(t, a_supply_is_cut_and_given_back, 0, 2);
    tcase_add_loop_test(t, hwmon_power_is_that_of_the_middle, 0, 2);
    return suite_run(s);
}

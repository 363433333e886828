// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The LPM01A driver against a scripted instrument on a pseudo-terminal, in the same loop: what a lively line can bring.
#include "hwlink/meter.h"

#include "base/buffer.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static uv_loop_t loop;
static uv_poll_t instrument;
static int master, slave;
static struct board_file file;
static char heard[4096]; // commands so far
static size_t stale;     // bytes of samples that come before the answer to the first "stop" of a recording
static bool recording;
static bool late;        // the answer to an idle "stop" comes with the next answer
static bool silent_stop; // an idle instrument that says nothing to "stop"
static const char *refuse; // this command is answered by an error

static struct buffer out; // what the line has no room for yet

static void on_command(uv_poll_t *poll, int status, int events);

static void send_some(void)
{
    ssize_t n = out.size > 0 ? write(master, out.data, out.size) : 0;
    if (n > 0)
        buffer_consume(&out, (size_t)n);
    uv_poll_start(&instrument, UV_READABLE | (out.size > 0 ? UV_WRITABLE : 0), on_command);
}

static void say(const void *bytes, size_t n)
{
    ck_assert_int_eq(buffer_append(&out, bytes, n), 0);
}

static void say_text(const char *text)
{
    say(text, strlen(text));
}

/* 100 samples of 640.9 uA, the mark of the falling edge, and some more. */
static void say_recording(void)
{
    recording = true;
    for (int i = 0; i < 100; i++)
        say("\x52\xa0", 2);
    say("\xf0\xf2" "event 1 ris\r\n" "\xff\xff", 17);
    for (int i = 0; i < 50; i++)
        say("\x52\xa0", 2);
}

static void answer(const char *command)
{
    char text[320];
    strcat(strcat(heard, command), ";");
    if (strcmp(command, "stop") == 0) {
        for (size_t i = 0; i < stale && recording; i += 2)
            say("\x52\xa0", 2);
        if (recording)
            say_text("PowerShield > ack stop\r\nAcquisition completed\r\n");
        else if (!silent_stop && !late)
            say_text("PowerShield > error stop\r\nError detail: no acquisition\r\n");
        recording = false;
        return;
    }
    if (late)
        say_text("PowerShield > error stop\r\nError detail: no acquisition\r\n");
    late = false;
    bool bad = refuse && strcmp(command, refuse) == 0;
    snprintf(text, sizeof text, "PowerShield > %s %s\r\n%s", bad ? "error" : "ack", command, bad ? "Error detail: no\r\n" : "");
    say_text(text);
    if (strcmp(command, "pwr on") == 0 && strstr(heard, "start"))
        say_recording();
}

static void on_command(uv_poll_t *poll, int status, int events)
{
    static char line[256];
    static size_t n;
    char byte;
    (void)poll, (void)status, (void)events;
    while (read(master, &byte, 1) == 1) {
        if (byte != '\n' && n < sizeof line - 1) {
            line[n++] = byte;
            continue;
        }
        line[n] = '\0';
        n = 0;
        answer(line);
    }
    send_some();
}

static void set_up(void)
{
    struct termios t;
    uv_loop_init(&loop);
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    ck_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    snprintf(file.meter_path, sizeof file.meter_path, "%s", ptsname(master));
    slave = open(file.meter_path, O_RDWR | O_NOCTTY);
    tcgetattr(slave, &t);
    cfmakeraw(&t);
    tcsetattr(slave, TCSANOW, &t);
    file.supply_mv = 3300;
    file.meter_hz = 100000;
    uv_poll_init(&loop, &instrument, master);
    uv_poll_start(&instrument, UV_READABLE, on_command);
    heard[0] = '\0';
    buffer_init(&out, 1 << 20);
    stale = 0;
    silent_stop = late = recording = false;
    refuse = NULL;
}

struct outcome {
    bool done;
    int status;
    char text[256];
    struct meter_window window;
};

static void on_done(void *user, int status, const char *text, const struct meter_window *w)
{
    struct outcome *o = user;
    o->done = true;
    o->status = status;
    snprintf(o->text, sizeof o->text, "%s", text);
    if (w)
        o->window = *w;
}

static struct outcome record(struct meter *m)
{
    struct outcome o = {0};
    meter_lpm01a.record(m, &(struct meter_wish){1000, 0, 60000}, on_done, &o);
    while (!o.done)
        uv_run(&loop, UV_RUN_ONCE);
    return o;
}

static struct meter *open_meter(void)
{
    struct error e = {""};
    struct meter *m = meter_lpm01a.open(&loop, &file, &e);
    ck_assert_msg(m != NULL, "%s", e.text);
    return m;
}

static void finish(struct meter *m)
{
    meter_lpm01a.close(m, NULL, NULL);
    uv_close((uv_handle_t *)&instrument, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    close(master);
    close(slave);
    buffer_finish(&out);
}

START_TEST(a_window_ends_at_its_mark)
{
    struct meter *m = open_meter();
    struct outcome o = record(m);
    ck_assert_msg(o.status == 0, "%s", o.text);
    ck_assert_uint_eq(o.window.samples, 100);
    ck_assert_int_eq(o.window.length_us, 1000);
    ck_assert_int_eq(o.window.energy_nj, (int64_t)(0x2a0 / 1048576.0 * 3.3 * 1e-3 * 1e9 + 0.5));
    ck_assert(o.window.marked && !o.window.repeated);
    finish(m);
}
END_TEST

START_TEST(what_an_older_recording_left_does_no_harm)
{
    struct meter *m = open_meter();
    stale = 18000;
    for (int i = 0; i < 3; i++) { // more than a line may have without an end
        struct outcome o = record(m);
        ck_assert_msg(o.status == 0, "recording %d: %s", i, o.text);
        ck_assert_uint_eq(o.window.samples, 100);
    }
    finish(m);
}
END_TEST

START_TEST(an_instrument_that_says_nothing_to_stop_is_used)
{
    struct meter *m = open_meter();
    silent_stop = true;
    struct outcome o = record(m);
    ck_assert_msg(o.status == 0, "%s", o.text);
    finish(m);
}
END_TEST

START_TEST(a_late_answer_is_not_taken_for_another)
{
    struct meter *m = open_meter();
    late = true;
    struct outcome o = record(m);
    ck_assert_msg(o.status == 0, "%s", o.text);
    finish(m);
}
END_TEST

START_TEST(a_refused_command_names_itself)
{
    struct meter *m = open_meter();
    refuse = "volt 3300m";
    struct outcome o = record(m);
    ck_assert_int_eq(o.status, -1);
    ck_assert_ptr_nonnull(strstr(o.text, "volt"));
    ck_assert_ptr_null(strstr(heard, "start"));
    finish(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("meter_lpm01a");
    TCase *t = suite_case(s, "meter_lpm01a", set_up, NULL);
    tcase_add_test(t, a_window_ends_at_its_mark);
    tcase_add_test(t, what_an_older_recording_left_does_no_harm);
    tcase_add_test(t, an_instrument_that_says_nothing_to_stop_is_used);
    tcase_add_test(t, a_late_answer_is_not_taken_for_another);
    tcase_add_test(t, a_refused_command_names_itself);
    return suite_run(s);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The conversation with ST's power instruments: settings, power off, start, power on, samples from the window's rising edge on.
#include "hwlink/meter_shield.h"

#include "base/buffer.h"
#include "hwlink/meter_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MS 3000u
#define SETTLE_MS 200u    // of silence: a "stop" to an idle instrument may stay without an answer
#define TAIL_BYTES 32u    // of what comes before the answer to "stop": samples of an older recording, without lines
#define LINES_MAX 16384u  // bytes of text without a line end
#define PIECE_BYTES 65536u

enum phase { PHASE_IDLE = 0, PHASE_TALKING, PHASE_RECORDING };

struct meter {
    struct meter_port port; // first
    uint32_t supply_mv, hz;
    enum phase phase;
    const struct shield_dialect *dialect;
    const struct shield_step *steps; // of the present conversation
    size_t n_steps, step;
    bool marks; // the instrument marks the falling edge
    int64_t expected_us;
    struct buffer lines;
    char tail[TAIL_BYTES]; // the last bytes while it settles
    struct lpm01a_stream stream;
    struct power_trace trace;
    char instrument[METER_NAME_MAX];
    uint8_t piece[PIECE_BYTES];
    void (*done)(void *user, int status, const char *text, const struct meter_window *w);
    void (*cycled)(void *user, int status, const char *text);
    void *user;
};

static void send_line(struct meter *m, const char *text)
{
    char line[96];
    int n = snprintf(line, sizeof line, "%s%s", text, m->dialect->line_end);
    meter_port_write(&m->port, line, (size_t)n);
}

static void end(struct meter *m, int status, const char *text, const struct meter_window *w)
{
    m->phase = PHASE_IDLE;
    meter_port_stop(&m->port);
    void (*cycled)(void *, int, const char *) = m->cycled;
    m->cycled = NULL;
    if (cycled)
        cycled(m->user, status, text);
    else if (m->done)
        m->done(m->user, status, text, w);
}

static void fail(struct meter *m, const char *what, const char *text)
{
    char line[ERROR_TEXT_MAX];
    snprintf(line, sizeof line, "meter: %s%s%.200s", what, text[0] ? ": " : "", text);
    if (m->phase == PHASE_RECORDING)
        send_line(m, "stop");
    end(m, -1, line, NULL);
}

/* --- talking --- */

static void on_step_time(uv_timer_t *timer);
static void next_step(struct meter *m);

static void say_step(struct meter *m)
{
    char command[64];
    const char *text = m->steps[m->step].command;
    uv_timer_start(&m->port.timer, on_step_time, m->steps[m->step].kind == SHIELD_SETTLE ? SETTLE_MS : REPLY_MS, 0);
    if (!text)
        return; // only time
    uint32_t value = strstr(text, "volt") ? m->supply_mv : m->hz;
    if (strchr(text, '%')) { // the two commands with a number
        int head = (int)strcspn(text, "%");
        snprintf(command, sizeof command, "%.*s%u%s", head, text, value, text + head + 2);
        text = command;
    }
    send_line(m, text);
}

static void init_stream(struct meter *m)
{
    lpm01a_stream_init(&m->stream);
    m->stream.fixed_frames = m->dialect->fixed_frames;
    power_trace_begin(&m->trace, 1000000000u / m->hz, m->supply_mv, 0); // 1 nA at so many mV; its recording starts at the edge
    m->stream.trace = &m->trace;
}

static void start_recording(struct meter *m)
{
    uv_timer_stop(&m->port.timer);
    init_stream(m);
    m->phase = PHASE_RECORDING;
}

static void next_step(struct meter *m)
{
    if (++m->step < m->n_steps)
        say_step(m);
    else if (m->cycled)
        end(m, 0, "", NULL);
    else
        start_recording(m);
}

static void on_step_time(uv_timer_t *timer)
{
    struct meter *m = timer->data;
    if (m->steps[m->step].kind == SHIELD_ACK)
        fail(m, "no answer to", m->steps[m->step].command);
    else
        next_step(m);
}

/* Where "ack COMMAND ..." or "error COMMAND ..." begins in a line; NULL if it answers another command, late. */
static const char *answer_to(const char *line, const char *how, const char *command)
{
    const char *at = strstr(line, how);
    size_t word = strcspn(command, " ");
    return at && strncmp(at + strlen(how), command, word) == 0 ? at : NULL;
}

static void take_line(struct meter *m, const char *line)
{
    const struct shield_step *s = &m->steps[m->step];
    if (s->kind == SHIELD_SETTLE)
        return; // the rest of an answer's line end
    const char *ack = answer_to(line, "ack ", s->command), *error = answer_to(line, "error ", s->command);
    if (s->kind == SHIELD_NAME && (ack = strstr(line, "ack ")) != NULL)
        snprintf(m->instrument, sizeof m->instrument, "%.*s", (int)strcspn(ack + 4, "\r\n"), ack + 4);
    if (!ack && !error)
        return; // details, and what an earlier recording still had to say
    if (error && s->kind == SHIELD_ACK) {
        fail(m, s->command, error);
        return;
    }
    if (ack && strncmp(s->command, "version", 7) == 0) {
        const char *version = ack + strspn(ack + 3, " ") + 3;
        snprintf(m->instrument, sizeof m->instrument, "%s %.*s", m->dialect->instrument,
                 (int)strcspn(version, "\r\n"), version);
    }
    if (strncmp(s->command, "eventsrc", 8) == 0)
        m->marks = ack != NULL;
    next_step(m);
}

/* Drops what an older recording left, up to the end of it. Returns how many bytes that took. */
static size_t settle(struct meter *m, const uint8_t *bytes, size_t n)
{
    static const char *const ends[] = {"Acquisition completed\r\n", "\nError detail: "};
    uv_timer_start(&m->port.timer, on_step_time, SETTLE_MS, 0);
    for (size_t i = 0; i < n; i++) {
        memmove(m->tail, m->tail + 1, TAIL_BYTES - 1);
        m->tail[TAIL_BYTES - 1] = (char)bytes[i];
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            size_t length = strlen(ends[k]);
            if (memcmp(m->tail + TAIL_BYTES - length, ends[k], length) == 0) {
                next_step(m);
                return i + 1;
            }
        }
    }
    return n;
}

/* Takes lines until the recording starts. Returns how many bytes of `bytes` were text. */
static size_t take_text(struct meter *m, const uint8_t *bytes, size_t n)
{
    size_t i = 0, length;
    if (m->steps[m->step].kind == SHIELD_SETTLE)
        i = settle(m, bytes, n);
    while (i < n && m->phase == PHASE_TALKING) {
        const uint8_t *line_end = memchr(bytes + i, '\n', n - i);
        size_t piece = line_end ? (size_t)(line_end - bytes) + 1 - i : n - i;
        if (buffer_append(&m->lines, bytes + i, piece) != 0) {
            fail(m, "a line without an end", "");
            return n;
        }
        i += piece;
        char *line = buffer_record(&m->lines, '\n', &length);
        if (!line)
            continue;
        take_line(m, line);
        buffer_consume(&m->lines, length + 1);
    }
    while (i < n && m->phase == PHASE_RECORDING && m->stream.samples == 0 && m->stream.n == 0 && strchr("\r\n", bytes[i]) && bytes[i])
        i++; // the rest of the last answer's line end
    return i;
}

/* --- recording --- */

/* The window is over: its energy by the trapezoid of equal steps (the sum), current times supply times step. */
static void finish(struct meter *m)
{
    const struct lpm01a_stream *s = &m->stream;
    struct meter_window w = {.samples = (uint32_t)s->end_samples, .marked = m->marks, .repeated = s->repeated};
    double volts = (s->voltage_mv ? s->voltage_mv : m->supply_mv) / 1000.0;
    w.energy_nj = (int64_t)(s->end_amperes * volts / m->hz * 1e9 + 0.5);
    w.length_us = (int64_t)((double)s->end_samples * 1e6 / m->hz + 0.5);
    w.n_points = profile_read(&s->profile, volts * 1e6, w.points_uw);
    w.point_us = (int64_t)s->profile.per * 1000000 / m->hz;
    snprintf(w.instrument, sizeof w.instrument, "%s", m->instrument);
    if (s->voltage_mv)
        m->trace.windows[0].unit_pw = s->voltage_mv;
    w.trace = &m->trace;
    send_line(m, "stop");
    end(m, 0, "", &w);
}

static void take_recording(struct meter *m, const uint8_t *bytes, size_t n)
{
    struct lpm01a_stream *s = &m->stream;
    uint64_t expected = (uint64_t)((double)m->expected_us * m->hz / 1e6 + 0.5);
    while (n > 0 && !s->ended) {
        size_t piece = m->marks || n < 2 ? n : 2; // an unmarked window ends at an exact sample
        m->dialect->take(s, bytes, piece);
        bytes += piece;
        n -= piece;
        if (!m->marks && s->samples >= expected && expected > 0) {
            s->ended = true;
            s->end_samples = s->samples;
            s->end_amperes = s->amperes;
        }
    }
    if (s->trouble[0])
        fail(m, "it says", s->trouble);
    else if (s->lost > 0)
        fail(m, "garbage in its samples", "");
    else if (s->ended)
        finish(m);
    else if (s->over)
        fail(m, "it ended before the window did", "");
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct meter *m = poll->data;
    const char *why;
    ptrdiff_t n = meter_port_read(&m->port, status, events, m->piece, sizeof m->piece, &why);
    if (n == 0)
        return;
    if (n < 0) {
        fail(m, "the port is gone", why);
        return;
    }
    size_t used = m->phase == PHASE_TALKING ? take_text(m, m->piece, (size_t)n) : 0;
    if (m->phase == PHASE_RECORDING)
        take_recording(m, m->piece + used, (size_t)n - used);
}

static void on_deadline(uv_timer_t *timer)
{
    struct meter *m = timer->data;
    char text[96];
    snprintf(text, sizeof text, "%llu samples seen", (unsigned long long)m->stream.samples);
    fail(m, m->stream.samples ? "the window did not end" : "no window began", text);
}

static void begin(struct meter *m, const struct shield_step *steps, size_t n_steps, uint64_t deadline_ms)
{
    m->phase = PHASE_TALKING;
    m->steps = steps;
    m->n_steps = n_steps;
    m->step = 0;
    m->marks = false;
    memset(m->tail, 0, sizeof m->tail);
    buffer_consume(&m->lines, m->lines.size);
    init_stream(m);
    uv_timer_start(&m->port.deadline, on_deadline, deadline_ms, 0);
    uv_poll_start(&m->port.poll, UV_READABLE, on_readable);
    say_step(m);
}

void shield_record(struct meter *m, const struct meter_wish *wish,
                   void (*done)(void *user, int status, const char *text, const struct meter_window *w), void *user)
{
    m->done = done;
    m->user = user;
    m->expected_us = wish->expected_us;
    begin(m, m->dialect->record, m->dialect->n_record, wish->deadline_ms);
}

void shield_cycle(struct meter *m, uint64_t deadline_ms, void (*done)(void *user, int status, const char *text), void *user)
{
    m->cycled = done;
    m->user = user;
    begin(m, m->dialect->cycle, m->dialect->n_cycle, deadline_ms);
}

/* --- open and close --- */

struct meter *shield_open(uv_loop_t *loop, const struct board_file *file, const struct shield_dialect *dialect, struct error *e)
{
    struct meter *m = calloc(1, sizeof *m);
    if (!m) {
        error_set(e, "out of memory");
        return NULL;
    }
    m->dialect = dialect;
    if (meter_port_open(&m->port, loop, file->meter_path, dialect->baud, m, e) != 0) {
        free(m);
        return NULL;
    }
    m->supply_mv = file->supply_mv;
    m->hz = file->meter_hz;
    snprintf(m->instrument, sizeof m->instrument, "%s", dialect->instrument);
    buffer_init(&m->lines, LINES_MAX);
    return m;
}

static void free_meter(void *meter)
{
    struct meter *m = meter;
    buffer_finish(&m->lines);
    power_trace_finish(&m->trace);
    free(m);
}

void shield_close(struct meter *m, void (*closed)(void *user), void *user)
{
    m->done = NULL;
    m->cycled = NULL;
    send_line(m, "stop");
    send_line(m, "pwr on");
    send_line(m, "hrc");
    meter_port_close(&m->port, free_meter, closed, user);
}

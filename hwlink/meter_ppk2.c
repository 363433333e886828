// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Nordic PPK2 as the board's source, over its serial port. The window pin is wired to logic input D0: both edges are in the stream.
#include "hwlink/meter.h"

#include "base/buffer.h"
#include "hwlink/meter_port.h"
#include "hwlink/ppk2_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CMD_START = 0x06, CMD_STOP = 0x07, CMD_POWER = 0x0c, CMD_VOLTAGE = 0x0d, CMD_MODE = 0x11, CMD_META = 0x19 };

#define MODE_SOURCE 2
#define BAUD 115200u    // a virtual port: any will do
#define SETTLE_MS 200u  // of silence after "stop"; also without supply
#define META_MS 3000u
#define META_MAX 8192u
#define LOST_OF 1000u   // at most one sample in so many may be missing
#define PIECE_BYTES 65536u

enum phase { PHASE_IDLE = 0, PHASE_SETTLE, PHASE_META, PHASE_OFF, PHASE_RECORD };

struct meter {
    struct meter_port port; // first
    uint32_t supply_mv;
    enum phase phase;
    bool only_cycle;
    struct buffer meta;
    struct ppk2_calibration calibration;
    struct ppk2_stream stream;
    struct power_trace trace;
    uint8_t piece[PIECE_BYTES];
    void (*done)(void *user, int status, const char *text, const struct meter_window *w);
    void (*cycled)(void *user, int status, const char *text);
    void *user;
};

static void send_bytes(struct meter *m, const uint8_t *bytes, size_t n)
{
    meter_port_write(&m->port, bytes, n);
}

#define SEND(m, ...) send_bytes(m, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void end(struct meter *m, int status, const char *text, const struct meter_window *w)
{
    void (*cycled)(void *, int, const char *) = m->cycled;
    m->phase = PHASE_IDLE;
    m->cycled = NULL;
    meter_port_stop(&m->port);
    if (cycled)
        cycled(m->user, status, text);
    else if (m->done)
        m->done(m->user, status, text, w);
}

static void fail(struct meter *m, const char *what, const char *text)
{
    char line[ERROR_TEXT_MAX];
    snprintf(line, sizeof line, "meter: %s%s%.200s", what, text[0] ? ": " : "", text);
    SEND(m, CMD_STOP);
    end(m, -1, line, NULL);
}

/* --- the conversation --- */

static void on_timer(uv_timer_t *timer);

static void enter(struct meter *m, enum phase phase, uint64_t ms)
{
    m->phase = phase;
    uv_timer_start(&m->port.timer, on_timer, ms, 0);
}

static void power_off(struct meter *m)
{
    SEND(m, CMD_MODE, MODE_SOURCE);
    SEND(m, CMD_VOLTAGE, (uint8_t)(m->supply_mv >> 8), (uint8_t)m->supply_mv);
    SEND(m, CMD_POWER, 0);
    enter(m, PHASE_OFF, SETTLE_MS);
}

static void power_on(struct meter *m)
{
    if (!m->only_cycle) {
        ppk2_stream_init(&m->stream, &m->calibration, m->supply_mv);
        power_trace_begin(&m->trace, 1000000000u / PPK2_HZ, m->supply_mv, 0); // 1 nA at so many mV; the first one sees D0 high
        m->stream.trace = &m->trace;
        m->phase = PHASE_RECORD;
        SEND(m, CMD_START);
    }
    SEND(m, CMD_POWER, 1);
    if (m->only_cycle)
        end(m, 0, "", NULL);
}

static void on_timer(uv_timer_t *timer)
{
    struct meter *m = timer->data;
    if (m->phase == PHASE_SETTLE && m->only_cycle) {
        power_off(m);
    } else if (m->phase == PHASE_SETTLE) {
        buffer_consume(&m->meta, m->meta.size);
        enter(m, PHASE_META, META_MS);
        SEND(m, CMD_META);
    } else if (m->phase == PHASE_META) {
        fail(m, "it does not tell its calibration", "");
    } else if (m->phase == PHASE_OFF) {
        power_on(m);
    }
}

static void take_meta(struct meter *m, size_t n)
{
    struct error e = {""};
    if (buffer_append(&m->meta, m->piece, n) != 0) {
        fail(m, "its calibration has no end", "");
        return;
    }
    char *last = memmem(m->meta.data, m->meta.size, "END", 3);
    if (!last)
        return;
    *last = '\0';
    if (ppk2_calibration_read(m->meta.data, &m->calibration, &e) != 0)
        fail(m, e.text, "");
    else
        power_off(m);
}

static void finish(struct meter *m)
{
    const struct ppk2_stream *s = &m->stream;
    struct meter_window w = {.samples = (uint32_t)s->samples, .lost = (uint32_t)s->lost, .marked = true};
    char text[96];
    if (s->lost > s->samples / LOST_OF) {
        snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64, s->lost, s->samples);
        fail(m, "samples were lost", text);
        return;
    }
    w.energy_nj = (int64_t)(s->amperes * m->supply_mv / 1000.0 / PPK2_HZ * 1e9 + 0.5);
    w.length_us = (int64_t)(s->samples * 1000000 / PPK2_HZ);
    w.n_points = profile_read(&s->profile, m->supply_mv * 1e3, w.points_uw);
    w.point_us = (int64_t)s->profile.per * 1000000 / PPK2_HZ;
    snprintf(w.instrument, sizeof w.instrument, "Nordic PPK2");
    w.trace = &m->trace;
    SEND(m, CMD_STOP);
    end(m, 0, "", &w);
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
    } else if (m->phase == PHASE_SETTLE) {
        enter(m, PHASE_SETTLE, SETTLE_MS);
    } else if (m->phase == PHASE_META) {
        take_meta(m, (size_t)n);
    } else if (m->phase == PHASE_RECORD) {
        ppk2_stream_take(&m->stream, m->piece, (size_t)n);
        if (m->stream.ended)
            finish(m);
    }
}

static void on_deadline(uv_timer_t *timer)
{
    struct meter *m = timer->data;
    fail(m, m->phase != PHASE_RECORD ? "it does not answer" : m->stream.inside ? "the window did not end" : "no window began",
         m->phase == PHASE_RECORD && !m->stream.inside ? "is D0 wired to the window pin?" : "");
}

static void begin(struct meter *m, bool only_cycle, uint64_t deadline_ms)
{
    m->only_cycle = only_cycle;
    uv_timer_start(&m->port.deadline, on_deadline, deadline_ms, 0);
    uv_poll_start(&m->port.poll, UV_READABLE, on_readable);
    SEND(m, CMD_STOP);
    enter(m, PHASE_SETTLE, SETTLE_MS);
}

static void ppk2_record(struct meter *m, const struct meter_wish *wish,
                        void (*done)(void *user, int status, const char *text, const struct meter_window *w), void *user)
{
    m->done = done;
    m->user = user;
    begin(m, false, wish->deadline_ms);
}

static void ppk2_cycle(struct meter *m, uint64_t deadline_ms, void (*done)(void *user, int status, const char *text), void *user)
{
    m->cycled = done;
    m->user = user;
    begin(m, true, deadline_ms);
}

/* --- open and close --- */

static struct meter *ppk2_open(uv_loop_t *loop, const struct board_file *file, struct error *e)
{
    struct meter *m = calloc(1, sizeof *m);
    if (!m) {
        error_set(e, "out of memory");
        return NULL;
    }
    if (meter_port_open(&m->port, loop, file->meter_path, BAUD, m, e) != 0) {
        free(m);
        return NULL;
    }
    m->supply_mv = file->supply_mv;
    buffer_init(&m->meta, META_MAX);
    return m;
}

static void free_meter(void *meter)
{
    struct meter *m = meter;
    buffer_finish(&m->meta);
    power_trace_finish(&m->trace);
    free(m);
}

static void ppk2_close(struct meter *m, void (*closed)(void *user), void *user)
{
    m->done = NULL;
    m->cycled = NULL;
    SEND(m, CMD_STOP);
    SEND(m, CMD_POWER, 1);
    meter_port_close(&m->port, free_meter, closed, user);
}

const struct meter_kind_actions meter_ppk2 = {"ppk2", ppk2_open, ppk2_record, ppk2_cycle, ppk2_close};

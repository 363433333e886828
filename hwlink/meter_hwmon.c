// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// INA219, INA226, INA228 and other current monitors through Linux hwmon (Documentation/hwmon/ina2xx.rst): it neither supplies the board
// nor sees the window. The mean power in the middle half of a long window, in which the board only repeats, times the window's length.
#include "hwlink/meter.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 64u

struct meter {
    uv_timer_t timer;
    char folder[BOARD_PATH_MAX], name[32];
    bool has_power; // power1_input; else in1_input * curr1_input
    uint64_t step_ms, from_ns, to_ns;
    int64_t expected_us;
    double sum_uw;
    struct profile profile;
    struct power_trace trace;
    uint32_t samples;
    void (*done)(void *user, int status, const char *text, const struct meter_window *w);
    void *user;
    void (*closed)(void *user);
    void *closed_user;
};

static int read_text(const struct meter *m, const char *file, char *text, size_t size, struct error *e)
{
    char path[BOARD_PATH_MAX + 32], *data;
    size_t n;
    snprintf(path, sizeof path, "%s/%s", m->folder, file);
    if (file_read(path, VALUE_MAX, &data, &n, e) != 0)
        return -1;
    snprintf(text, size, "%.*s", (int)strcspn(data, "\r\n"), data);
    free(data);
    return 0;
}

static int read_value(const struct meter *m, const char *file, double *value, struct error *e)
{
    char text[VALUE_MAX], *end;
    if (read_text(m, file, text, sizeof text, e) != 0)
        return -1;
    *value = strtod(text, &end);
    return end != text && *end == '\0' ? 0 : error_set(e, "%s/%s holds no number", m->folder, file);
}

static int read_power(const struct meter *m, double *uw, struct error *e)
{
    double mv, ma;
    if (m->has_power)
        return read_value(m, "power1_input", uw, e);
    if (read_value(m, "in1_input", &mv, e) != 0 || read_value(m, "curr1_input", &ma, e) != 0)
        return -1;
    *uw = mv * ma;
    return 0;
}

static void end(struct meter *m, int status, const char *text, const struct meter_window *w)
{
    uv_timer_stop(&m->timer);
    if (m->done)
        m->done(m->user, status, text, w);
}

static void finish(struct meter *m)
{
    struct meter_window w = {.samples = m->samples, .length_us = m->expected_us};
    w.energy_nj = (int64_t)(m->sum_uw / m->samples * (double)m->expected_us / 1000 + 0.5);
    w.n_points = profile_read(&m->profile, 1, w.points_uw);
    w.point_us = (int64_t)(m->profile.per * m->step_ms * 1000);
    snprintf(w.instrument, sizeof w.instrument, "%s (hwmon)", m->name);
    w.trace = &m->trace;
    end(m, 0, "", &w);
}

static void on_time(uv_timer_t *timer)
{
    struct meter *m = timer->data;
    struct error e = {""};
    double uw;
    uint64_t now = uv_hrtime();
    if (now < m->from_ns)
        return;
    if (now >= m->to_ns && m->samples > 0) {
        finish(m);
        return;
    }
    if (read_power(m, &uw, &e) != 0) {
        error_wrap(&e, "meter");
        end(m, -1, e.text, NULL);
        return;
    }
    m->sum_uw += uw;
    profile_add(&m->profile, uw);
    power_trace_add(&m->trace, uw);
    m->samples++;
}

static void hwmon_record(struct meter *m, const struct meter_wish *wish,
                         void (*done)(void *user, int status, const char *text, const struct meter_window *w), void *user)
{
    uint64_t window = (uint64_t)wish->expected_us * 1000, start = uv_hrtime() + (uint64_t)wish->lead_us * 1000;
    m->done = done;
    m->user = user;
    m->expected_us = wish->expected_us;
    m->from_ns = start + window / 4;
    m->to_ns = start + window / 4 * 3;
    m->sum_uw = 0;
    profile_init(&m->profile);
    power_trace_begin(&m->trace, (uint32_t)m->step_ms * 1000000, 1000000, wish->expected_us / 4); // as it is asked for, not as it is timed
    m->samples = 0;
    uv_timer_start(&m->timer, on_time, m->step_ms, m->step_ms);
}

static struct meter *hwmon_open(uv_loop_t *loop, const struct board_file *file, struct error *e)
{
    double uw;
    struct meter *m = calloc(1, sizeof *m);
    if (!m) {
        error_set(e, "out of memory");
        return NULL;
    }
    snprintf(m->folder, sizeof m->folder, "%s", file->meter_path);
    m->step_ms = file->meter_hz < 1000 ? 1000 / file->meter_hz : 1;
    m->has_power = read_value(m, "power1_input", &uw, NULL) == 0;
    if (read_text(m, "name", m->name, sizeof m->name, e) != 0 || read_power(m, &uw, e) != 0) {
        error_wrap(e, "meter");
        free(m);
        return NULL;
    }
    uv_timer_init(loop, &m->timer);
    m->timer.data = m;
    return m;
}

static void on_closed(uv_handle_t *handle)
{
    struct meter *m = handle->data;
    if (m->closed)
        m->closed(m->closed_user);
    power_trace_finish(&m->trace);
    free(m);
}

static void hwmon_close(struct meter *m, void (*closed)(void *user), void *user)
{
    m->closed = closed;
    m->closed_user = user;
    m->done = NULL;
    uv_close((uv_handle_t *)&m->timer, on_closed);
}

const struct meter_kind_actions meter_hwmon = {"hwmon", hwmon_open, hwmon_record, NULL, hwmon_close};

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Commands in a table, then the acquisition and its two formats.
#include "hwlink/vboard/powershield.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROMPT "PowerShield > "
#define FIRMWARE "1.0.7"
#define OVERCURRENT_A 0.05
#define GAIN_SPREAD 3e-4     // from recording to recording: MLPerf Tiny windows spread by 0.02 to 0.45 %
#define GAIN_LIMIT 6e-4      // so that a window's energy stays within 0.1 % of the model's
#define SAMPLE_SPREAD 5e-3   // from sample to sample, uniform
#define STAMP_US 1000000u    // virtual time between two time stamps

enum { META = 0xf0, META_TEXT = 0xf2, META_TIME, META_END, META_OVERCURRENT, META_POWER_DOWN, META_VOLTAGE };

void powershield_init(struct powershield *p)
{
    memset(p, 0, sizeof *p);
    buffer_init(&p->out, POWERSHIELD_OUTPUT_MAX);
    p->supply_mv = 3300;
    p->hz = 100;
    p->acquisition_us = 10000000;
    p->supplied = true;
    p->gain = 1;
    powershield_seed(p, 0, 0);
}

void powershield_finish(struct powershield *p)
{
    buffer_finish(&p->out);
}

void powershield_seed(struct powershield *p, uint64_t seed, uint64_t repeat)
{
    rng_seed(&p->noise, seed, repeat);
    double off = GAIN_SPREAD * rng_normal(&p->noise);
    p->gain = 1 + fmax(-GAIN_LIMIT, fmin(GAIN_LIMIT, off));
}

bool powershield_is_full(const struct powershield *p)
{
    return p->out.size >= POWERSHIELD_OUTPUT_FULL;
}

/* --- what goes out --- */

static void put(struct powershield *p, const void *bytes, size_t n)
{
    buffer_append(&p->out, bytes, n); // what does not fit any more is lost, as on the instrument
}

static void put_text(struct powershield *p, const char *text)
{
    put(p, text, strlen(text));
}

static void put_meta(struct powershield *p, uint8_t kind, const void *bytes, size_t n)
{
    const uint8_t head[2] = {META, kind}, tail[2] = {0xff, 0xff};
    put(p, head, 2);
    put(p, bytes, n);
    put(p, tail, 2);
}

/* One line for the host: framed in a binary stream, so that samples stay readable. */
static void put_line(struct powershield *p, const char *text)
{
    char line[POWERSHIELD_LINE_MAX + 96];
    int n = snprintf(line, sizeof line, "%s\r\n", text);
    if (p->state == POWERSHIELD_RUNNING && p->binary)
        put_meta(p, META_TEXT, line, (size_t)n);
    else
        put(p, line, (size_t)n);
}

static void answer(struct powershield *p, const char *what, const char *more)
{
    char text[POWERSHIELD_LINE_MAX + 64];
    bool framed = p->state == POWERSHIELD_RUNNING && p->binary;
    snprintf(text, sizeof text, "%s%s %s%s%s", framed ? "" : PROMPT, what, p->line, more[0] ? " " : "", more);
    put_line(p, text);
}

void powershield_say(struct powershield *p, const char *text)
{
    if (p->state == POWERSHIELD_RUNNING)
        put_line(p, text);
}

static void put_stamp(struct powershield *p)
{
    uint64_t ms = p->samples * 1000 / p->hz;
    unsigned load = (unsigned)(p->out.size * 100 / POWERSHIELD_OUTPUT_MAX);
    if (p->binary) {
        const uint8_t stamp[5] = {(uint8_t)(ms >> 24), (uint8_t)(ms >> 16), (uint8_t)(ms >> 8), (uint8_t)ms, (uint8_t)load};
        put_meta(p, META_TIME, stamp, sizeof stamp);
        return;
    }
    char text[64];
    snprintf(text, sizeof text, "TimeStamp: %03us %03ums, buff %02u%%", (unsigned)(ms / 1000), (unsigned)(ms % 1000), load);
    put_line(p, text);
}

/* --- acquisition --- */

static void end(struct powershield *p)
{
    bool was_running = p->state == POWERSHIELD_RUNNING;
    if (was_running && p->binary)
        put_meta(p, META_END, "", 0);
    p->state = POWERSHIELD_IDLE;
    if (was_running && !p->binary)
        put_line(p, "end");
    put_line(p, "Acquisition completed");
    if (p->off_after && p->supplied) {
        p->supplied = false;
        p->supply(p->user, false, p->supply_mv);
    }
}

static void begin(struct powershield *p)
{
    p->state = POWERSHIELD_RUNNING;
    p->samples = 0;
    p->residue = 0;
    p->event_due = false;
    waveform_sampler_begin(&p->sampler, p->hz);
    put_stamp(p);
    if (p->status_wanted && p->binary) {
        const uint8_t mv[2] = {(uint8_t)(p->supply_mv >> 8), (uint8_t)p->supply_mv};
        put_meta(p, META_VOLTAGE, mv, 2);
    }
}

/* value = low 12 bits * 16^-(high 4 bits), as fine as it can be said. */
static double put_binary(struct powershield *p, double value)
{
    int power = 14;
    while (power > 0 && value * ldexp(1, 4 * power) > 4095)
        power--;
    unsigned steps = value > 0 ? (unsigned)(value * ldexp(1, 4 * power) + 0.5) : 0;
    steps = steps < 4095 ? steps : 4095;
    const uint8_t bytes[2] = {(uint8_t)((unsigned)power << 4 | steps >> 8), (uint8_t)steps};
    put(p, bytes, 2);
    return steps * ldexp(1, -4 * power);
}

/* Four digits and a power of ten: 6409-07. */
static double put_ascii(struct powershield *p, double value)
{
    int power = 12;
    char text[16];
    while (power > 0 && value * pow(10, power) > 9999)
        power--;
    unsigned steps = value > 0 ? (unsigned)(value * pow(10, power) + 0.5) : 0;
    steps = steps < 9999 ? steps : 9999;
    snprintf(text, sizeof text, "%04u-%02d\r\n", steps, power);
    put_text(p, text);
    return steps * pow(10, -power);
}

static void put_event(struct powershield *p)
{
    char text[32];
    p->event_due = false;
    snprintf(text, sizeof text, "event %u ris", ++p->events);
    put_line(p, text);
}

static void put_sample(struct powershield *p, uint64_t fj)
{
    double joules = (double)fj * 1e-15 * (p->gain + SAMPLE_SPREAD * (2 * rng_uniform(&p->noise) - 1));
    double amperes = joules * p->hz * 1000 / p->supply_mv;
    double value = (p->energy ? joules : amperes) + p->residue;
    p->residue = value - (p->binary ? put_binary(p, value) : put_ascii(p, value));
    p->samples++;
    if (p->event_due)
        put_event(p);
    if (amperes > OVERCURRENT_A) {
        if (p->binary)
            put_meta(p, META_OVERCURRENT, "", 0);
        end(p);
    } else if (p->acquisition_us && p->samples * 1000000 / p->hz >= p->acquisition_us) {
        end(p);
    } else if (p->samples * 1000000 / p->hz / STAMP_US != (p->samples - 1) * 1000000 / p->hz / STAMP_US) {
        put_stamp(p);
    }
}

/* Goes on past "full": time waits between cells, and what is left of a cell must not depend on how fast the host reads. */
static void stream(struct powershield *p, struct waveform_cell *cell)
{
    uint64_t fj;
    while (cell->ps > 0 && p->state == POWERSHIELD_RUNNING && p->out.size < POWERSHIELD_OUTPUT_BRIM)
        if (waveform_sampler_take(&p->sampler, cell, &fj))
            put_sample(p, fj);
    if (p->state != POWERSHIELD_RUNNING)
        cell->ps = cell->fj = 0;
}

void powershield_cell(struct powershield *p, struct waveform_cell *cell)
{
    stream(p, &p->gap);
    if (p->gap.ps == 0)
        stream(p, cell);
}

void powershield_edge(struct powershield *p, int level)
{
    if (p->state == POWERSHIELD_ARMED && level)
        begin(p);
    else if (p->state == POWERSHIELD_RUNNING && (level ? p->event_rising : p->event_falling))
        p->event_due = true;
}

/* --- commands --- */

/* "3300m", "100k", "2-3", "10": in billionths. Returns -1 if it is no number. */
static int64_t number(const char *text)
{
    char *rest;
    long long value = strtoll(text, &rest, 10);
    int power = 9;
    if (rest == text || value < 0 || value > 1000000)
        return -1;
    if (*rest == 'n' || *rest == 'u' || *rest == 'm' || *rest == 'k')
        power += *rest == 'n' ? -9 : *rest == 'u' ? -6 : *rest == 'm' ? -3 : 3, rest++;
    else if (*rest == '-' || *rest == '+')
        power += (int)strtol(rest, &rest, 10);
    if (*rest || power < 0 || power > 12)
        return -1;
    while (power-- > 0)
        value *= 10;
    return value;
}

static const int64_t one = 1000000000; // of number()

/* Each command gets its arguments ("" if there are none) and what it has to say beyond the ack; -1: the arguments are wrong. */
static int set_voltage(struct powershield *p, const char *a, char *more)
{
    if (strcmp(a, "get") == 0)
        return sprintf(more, "%04u-03", p->supply_mv), 0;
    int64_t mv = number(a) / (one / 1000);
    if (mv < 1800 || mv > 3300)
        return -1;
    p->supply_mv = (uint32_t)mv;
    if (p->supplied)
        p->supply(p->user, true, p->supply_mv);
    return 0;
}

static int set_frequency(struct powershield *p, const char *a, char *more)
{
    static const uint32_t allowed[] = {100000, 50000, 20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1};
    (void)more;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (number(a) == allowed[i] * one) {
            p->hz = allowed[i];
            return 0;
        }
    }
    return -1;
}

static int set_time(struct powershield *p, const char *a, char *more)
{
    int64_t us = strcmp(a, "inf") == 0 ? 0 : number(a) / (one / 1000000);
    (void)more;
    if (number(a) < 0 && us != 0)
        return -1;
    if (us != 0 && (us < 100 || us > 100000000))
        return -1;
    p->acquisition_us = (uint64_t)us;
    return 0;
}

/* A choice between two words; *second tells which. */
static int choose(const char *a, const char *no, const char *yes, bool *second)
{
    if (strcmp(a, no) != 0 && strcmp(a, yes) != 0)
        return -1;
    if (second)
        *second = strcmp(a, yes) == 0;
    return 0;
}

static int set_mode(struct powershield *p, const char *a, char *more)
{
    (void)p, (void)more;
    return choose(a, "dyn", "stat", NULL);
}

static int set_function(struct powershield *p, const char *a, char *more)
{
    (void)p, (void)more;
    return choose(a, "optim", "high", NULL);
}

static int set_output(struct powershield *p, const char *a, char *more)
{
    (void)more;
    return choose(a, "current", "energy", &p->energy);
}

static int set_format(struct powershield *p, const char *a, char *more)
{
    (void)more;
    return choose(a, "ascii_dec", "bin_hexa", &p->binary);
}

static int set_trigger(struct powershield *p, const char *a, char *more)
{
    (void)more;
    return choose(a, "sw", "d7", &p->trigger_d7);
}

static int set_events(struct powershield *p, const char *a, char *more)
{
    (void)more;
    if (strcmp(a, "d7 ris") != 0 && strcmp(a, "d7 fal") != 0 && strcmp(a, "d7 both") != 0 && strcmp(a, "none") != 0)
        return -1;
    p->event_rising = strstr(a, "ris") || strstr(a, "both");
    p->event_falling = strstr(a, "fal") || strstr(a, "both");
    return 0;
}

static int accept_number(struct powershield *p, const char *a, char *more)
{
    (void)p, (void)more;
    return number(a) >= 0 ? 0 : -1;
}

static int accept(struct powershield *p, const char *a, char *more)
{
    (void)p, (void)a, (void)more;
    return 0;
}

static void feed(struct powershield *p, bool on)
{
    if (p->state == POWERSHIELD_RUNNING && p->binary && p->supplied && !on)
        put_meta(p, META_POWER_DOWN, "", 0);
    p->supplied = on;
    p->supply(p->user, on, p->supply_mv);
}

static int set_power(struct powershield *p, const char *a, char *more)
{
    if (strcmp(a, "get") == 0)
        return strcpy(more, p->supplied ? "on" : "off"), 0;
    p->status_wanted = strstr(a, " status") != NULL;
    if (strncmp(a, "on", 2) != 0 && strncmp(a, "off", 3) != 0 && strncmp(a, "auto", 4) != 0)
        return -1;
    feed(p, a[1] != 'f');
    return 0;
}

static int set_power_end(struct powershield *p, const char *a, char *more)
{
    (void)more;
    return choose(a, "on", "off", &p->off_after);
}

static int reset_target(struct powershield *p, const char *a, char *more)
{
    int64_t time = number(a);
    (void)more;
    if (time != 0 && (time < one / 100 || time > one))
        return -1;
    feed(p, false);
    p->gap = (struct waveform_cell){.ps = (uint64_t)time * 1000, .fj = 0};
    if (time != 0)
        feed(p, true);
    return 0;
}

static int take_control(struct powershield *p, const char *a, char *more)
{
    (void)a, (void)more;
    p->host_control = true;
    return 0;
}

static int release_control(struct powershield *p, const char *a, char *more)
{
    (void)a, (void)more;
    p->host_control = false;
    return 0;
}

static int tell_version(struct powershield *p, const char *a, char *more)
{
    (void)p, (void)a;
    return strcpy(more, FIRMWARE), 0;
}

static int tell_name(struct powershield *p, const char *a, char *more)
{
    (void)a;
    return snprintf(more, 96, "PowerShield present %s", p->name), 0;
}

static int tell_status(struct powershield *p, const char *a, char *more)
{
    (void)p, (void)a;
    return strcpy(more, "ok"), 0;
}

static int tell_range(struct powershield *p, const char *a, char *more)
{
    (void)p, (void)a;
    return strcpy(more, "1000-10 1000-05"), 0;
}

static int tell_temperature(struct powershield *p, const char *a, char *more)
{
    (void)p;
    return strcpy(more, strcmp(a, "degf") == 0 ? "77.0" : "25.0"), 0;
}

static int reset_itself(struct powershield *p, const char *a, char *more)
{
    (void)a, (void)more;
    p->host_control = p->energy = p->binary = p->trigger_d7 = p->event_rising = p->event_falling = p->off_after = false;
    p->hz = 100;
    p->acquisition_us = 10000000;
    p->state = POWERSHIELD_IDLE;
    return 0;
}

static const struct command {
    const char *name;
    int (*carry_out)(struct powershield *p, const char *a, char *more);
    bool needs_control, while_running;
} commands[] = {
    {"powershield", tell_name, false, true},      {"version", tell_version, false, true},
    {"status", tell_status, false, true},         {"range", tell_range, false, true},
    {"echo", accept, false, true},                {"htc", take_control, false, true},
    {"hrc", release_control, false, true},        {"lcd", accept, true, true},
    {"psrst", reset_itself, false, true},         {"volt", set_voltage, true, false},
    {"freq", set_frequency, true, false},         {"acqtime", set_time, true, false},
    {"acqmode", set_mode, true, false},           {"funcmode", set_function, true, false},
    {"output", set_output, true, false},          {"format", set_format, true, false},
    {"trigsrc", set_trigger, true, false},        {"trigdelay", accept_number, true, false},
    {"eventsrc", set_events, true, false},        {"currthres", accept_number, true, false},
    {"pwr", set_power, true, true},               {"pwrend", set_power_end, true, true},
    {"targrst", reset_target, true, true},        {"temp", tell_temperature, false, true},
    {"autotest", accept, true, false},            {"calib", accept, true, false},
};

static void refuse(struct powershield *p, const char *detail)
{
    char text[96];
    answer(p, "error", "");
    snprintf(text, sizeof text, "Error detail: %s", detail);
    put_line(p, text);
}

/* Too fast for its text format (the help's table). */
static bool is_too_fast(const struct powershield *p)
{
    uint64_t limit_us = p->hz <= 5000 ? UINT64_MAX : p->hz == 10000 ? 1000000 : p->hz == 20000 ? 500000 : 0;
    uint64_t asked_us = p->acquisition_us ? p->acquisition_us : UINT64_MAX;
    return (!p->binary && asked_us > limit_us) || (p->energy && p->hz > 10000);
}

static void start(struct powershield *p)
{
    if (!p->host_control)
        refuse(p, "PowerShield not controlled by host");
    else if (p->state != POWERSHIELD_IDLE)
        refuse(p, "acquisition on going");
    else if (is_too_fast(p))
        refuse(p, "sampling frequency too high for this format or output");
    else {
        answer(p, "ack", "");
        if (!p->trigger_d7)
            begin(p);
        else
            p->state = POWERSHIELD_ARMED;
    }
}

/* What waits to be sent is dropped: the host has said that it does not want it. */
static void stop(struct powershield *p)
{
    if (p->state == POWERSHIELD_IDLE) {
        refuse(p, "no acquisition on going");
        return;
    }
    buffer_consume(&p->out, p->out.size);
    answer(p, "ack", "");
    end(p);
}

static void take_command(struct powershield *p)
{
    char name[16] = "", more[96] = "", *line = p->line;
    size_t n = strcspn(line, " ");
    const char *arguments = line + n + strspn(line + n, " ");
    snprintf(name, sizeof name, "%.*s", (int)n, line);
    if (strcmp(name, "start") == 0) {
        start(p);
        return;
    }
    if (strcmp(name, "stop") == 0) {
        stop(p);
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *c = &commands[i];
        if (strcmp(c->name, name) != 0)
            continue;
        if (c->needs_control && !p->host_control)
            refuse(p, "PowerShield not controlled by host");
        else if (!c->while_running && p->state != POWERSHIELD_IDLE)
            refuse(p, "acquisition on going");
        else if (c->carry_out(p, arguments, more) != 0)
            refuse(p, "wrong argument");
        else
            answer(p, "ack", more);
        return;
    }
    refuse(p, "unknown command");
}

void powershield_take(struct powershield *p, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\r') {
            if (p->line_bytes < POWERSHIELD_LINE_MAX - 1)
                p->line[p->line_bytes++] = (char)bytes[i];
            continue;
        }
        p->line[p->line_bytes] = '\0';
        if (p->line_bytes > 0)
            take_command(p);
        p->line_bytes = 0;
    }
}

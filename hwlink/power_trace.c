// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/power_trace.h"

#include "base/file.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "pare.trace/1"
#define CODED_MAX 10        // bytes of one sample: 64 bits, seven to a byte
#define COUNT_LIMIT 1e15    // beyond all that an instrument shows; differences fit 64 bits
#define PIECE_BYTES 16384u  // that the memory grows by at least

void power_trace_init(struct power_trace *t)
{
    memset(t, 0, sizeof *t);
}

void power_trace_finish(struct power_trace *t)
{
    free(t->data);
    memset(t, 0, sizeof *t);
}

void power_trace_move(struct power_trace *to, struct power_trace *from)
{
    free(to->data);
    *to = *from;
    memset(from, 0, sizeof *from);
}

void power_trace_begin(struct power_trace *t, uint32_t period_ns, int64_t unit_pw, int64_t first_us)
{
    t->period_ns = period_ns;
    t->n = 1;
    t->windows[0] = (struct power_trace_window){.unit_pw = unit_pw, .first_us = first_us};
    t->size = 0;
    t->last = 0;
}

/* Room for `n` bytes more. */
static bool has_room(struct power_trace *t, size_t n)
{
    if (t->size + n > POWER_TRACE_BYTES_MAX)
        return false;
    if (t->size + n <= t->capacity)
        return true;
    size_t larger = t->capacity + t->capacity / 2 + n + PIECE_BYTES;
    uint8_t *data = realloc(t->data, larger);
    if (!data)
        return false;
    t->data = data;
    t->capacity = larger;
    return true;
}

void power_trace_add(struct power_trace *t, double counts)
{
    struct power_trace_window *w = &t->windows[t->n - 1];
    bool whole = w->samples == w->of++; // once one is left out, so are all after it
    if (!whole || !(fabs(counts) < COUNT_LIMIT) || !has_room(t, CODED_MAX))
        return;
    int64_t count = llround(counts), step = count - t->last;
    uint64_t rest = step < 0 ? ~((uint64_t)step << 1) : (uint64_t)step << 1; // small ones of either sign become small
    size_t before = t->size;
    for (; rest >= 0x80; rest >>= 7)
        t->data[t->size++] = (uint8_t)(rest | 0x80);
    t->data[t->size++] = (uint8_t)rest;
    w->bytes += t->size - before;
    w->samples++;
    t->last = count;
}

void power_trace_append(struct power_trace *to, const struct power_trace *from)
{
    size_t at = 0;
    if (to->n == 0)
        to->period_ns = from->period_ns;
    for (int i = 0; i < from->n && to->n < POWER_TRACE_WINDOWS_MAX; at += from->windows[i++].bytes) {
        struct power_trace_window w = from->windows[i];
        if (!has_room(to, w.bytes)) {
            w.bytes = 0;
            w.samples = 0;
        }
        if (w.bytes > 0)
            memcpy(to->data + to->size, from->data + at, w.bytes);
        to->size += w.bytes;
        to->windows[to->n++] = w;
    }
}

/* --- files --- */

static cJSON *window_json(const struct power_trace_window *w)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "unit_pw", (double)w->unit_pw);
    cJSON_AddNumberToObject(o, "first_us", (double)w->first_us);
    cJSON_AddNumberToObject(o, "samples", (double)w->samples);
    cJSON_AddNumberToObject(o, "of", (double)w->of);
    cJSON_AddNumberToObject(o, "lost", (double)w->lost);
    cJSON_AddNumberToObject(o, "energy_nj", (double)w->energy_nj);
    cJSON_AddBoolToObject(o, "marked", w->marked);
    cJSON_AddNumberToObject(o, "bytes", (double)w->bytes);
    return o;
}

static char *header_of(const struct power_trace *t)
{
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX];
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
    sha256_of(t->data, t->size, digest);
    cJSON_AddStringToObject(o, "format", FORMAT);
    cJSON_AddStringToObject(o, "origin", t->is_virtual ? "virtual" : "real");
    cJSON_AddStringToObject(o, "meter", t->instrument);
    cJSON_AddBoolToObject(o, "repeated", t->repeated);
    cJSON_AddNumberToObject(o, "period_ns", t->period_ns);
    for (int i = 0; i < t->n; i++)
        cJSON_AddItemToArray(list, window_json(&t->windows[i]));
    cJSON_AddItemToObject(o, "windows", list);
    cJSON_AddStringToObject(o, "sha256", sha256_hex(digest, hex));
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text;
}

int power_trace_write(const struct power_trace *t, const char *path, int64_t *bytes, char sha256[SHA256_HEX], struct error *e)
{
    uint8_t digest[SHA256_BYTES];
    char *header = header_of(t);
    size_t n = header ? strlen(header) + 1 : 0;
    char *content = header && n <= POWER_TRACE_HEADER_MAX ? malloc(n + t->size) : NULL;
    int rc = content ? 0 : error_set(e, "%s: no memory for a trace", path);
    if (rc == 0) {
        memcpy(content, header, n - 1);
        content[n - 1] = '\n';
        if (t->size > 0)
            memcpy(content + n, t->data, t->size);
        sha256_of(content, n + t->size, digest);
        sha256_hex(digest, sha256);
        *bytes = (int64_t)(n + t->size);
        rc = file_write(path, content, n + t->size, e);
    }
    free(content);
    free(header);
    return rc;
}

/* A whole number from `min` to `max`. */
static bool take_number(const cJSON *o, const char *name, double min, double max, int64_t *to)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= min && v->valuedouble <= max) || v->valuedouble != floor(v->valuedouble))
        return false;
    *to = (int64_t)v->valuedouble;
    return true;
}

static bool take_text(const cJSON *o, const char *name, const char **to)
{
    *to = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
    return *to != NULL;
}

static bool take_window(const cJSON *o, struct power_trace *t)
{
    struct power_trace_window *w = &t->windows[t->n];
    int64_t bytes;
    if (t->n == POWER_TRACE_WINDOWS_MAX || !take_number(o, "unit_pw", 1, COUNT_LIMIT, &w->unit_pw) ||
        !take_number(o, "first_us", -COUNT_LIMIT, COUNT_LIMIT, &w->first_us) ||
        !take_number(o, "samples", 0, COUNT_LIMIT, &w->samples) || !take_number(o, "of", 0, COUNT_LIMIT, &w->of) ||
        !take_number(o, "lost", 0, COUNT_LIMIT, &w->lost) || !take_number(o, "energy_nj", -COUNT_LIMIT, COUNT_LIMIT, &w->energy_nj) ||
        !take_number(o, "bytes", 0, POWER_TRACE_BYTES_MAX, &bytes))
        return false;
    w->marked = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "marked"));
    w->bytes = (size_t)bytes;
    t->n++;
    return true;
}

static int take_header(const cJSON *o, struct power_trace *t, const char **sha256, struct error *e)
{
    const char *format, *origin, *meter;
    const cJSON *w;
    int64_t period = 0;
    if (!take_text(o, "format", &format) || strcmp(format, FORMAT) != 0)
        return error_set(e, "it is no " FORMAT);
    if (!take_text(o, "origin", &origin) || !take_text(o, "meter", &meter) || !take_text(o, "sha256", sha256) ||
        !take_number(o, "period_ns", 1, UINT32_MAX, &period))
        return error_set(e, "its first line lacks what a " FORMAT " says");
    snprintf(t->instrument, sizeof t->instrument, "%s", meter);
    t->is_virtual = strcmp(origin, "real") != 0;
    t->repeated = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "repeated"));
    t->period_ns = (uint32_t)period;
    cJSON_ArrayForEach(w, cJSON_GetObjectItemCaseSensitive(o, "windows"))
        if (!take_window(w, t))
            return error_set(e, "its window %d makes no sense", t->n + 1);
    return 0;
}

/* The coded samples are as long, and the same, as the first line says. */
static int check_data(const struct power_trace *t, const char *sha256, struct error *e)
{
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX];
    size_t bytes = 0;
    for (int i = 0; i < t->n; i++)
        bytes += t->windows[i].bytes;
    sha256_of(t->data, t->size, digest);
    if (bytes != t->size || strcmp(sha256_hex(digest, hex), sha256) != 0)
        return error_set(e, "its samples are not those that were written");
    return 0;
}

int power_trace_parse(const char *content, size_t size, struct power_trace *t, struct error *e)
{
    const char *sha256 = "", *line_end = memchr(content, '\n', size < POWER_TRACE_HEADER_MAX ? size : POWER_TRACE_HEADER_MAX);
    power_trace_init(t);
    if (!line_end)
        return error_set(e, "it has no first line");
    size_t n = (size_t)(line_end - content) + 1;
    cJSON *o = cJSON_ParseWithLength(content, n - 1);
    int rc = take_header(o, t, &sha256, e);
    if (rc == 0 && !has_room(t, size - n))
        rc = error_set(e, "it is too long");
    if (rc == 0) {
        if (size > n)
            memcpy(t->data, content + n, size - n);
        t->size = size - n;
        rc = check_data(t, sha256, e);
    }
    cJSON_Delete(o);
    return rc;
}

/* The number at *at, before `end`. Returns 0, or -1. */
static int decode(const uint8_t **at, const uint8_t *end, int64_t *step)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *step = value & 1 ? (int64_t)~(value >> 1) : (int64_t)(value >> 1);
            return 0;
        }
    }
    return -1;
}

int power_trace_each(const struct power_trace *t, int (*each)(void *user, int window, double time_us, double watts), void *user)
{
    const uint8_t *at = t->data;
    for (int i = 0; i < t->n; i++) {
        const struct power_trace_window *w = &t->windows[i];
        const uint8_t *end = w->bytes > 0 ? at + w->bytes : at;
        int64_t step, count = 0;
        for (int64_t k = 0; k < w->samples; k++) {
            if (decode(&at, end, &step) != 0 || fabs((double)step) > 2 * COUNT_LIMIT)
                return -1;
            count += step;
            if (fabs((double)count) > COUNT_LIMIT)
                return -1;
            int rc = each(user, i, (double)w->first_us + (double)k * t->period_ns / 1000, (double)count * (double)w->unit_pw * 1e-12);
            if (rc != 0)
                return rc;
        }
        if (at != end)
            return -1;
    }
    return 0;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Bytes to samples and metadata; survives garbage and cuts anywhere.
#include "hwlink/lpm01a_stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { META = 0xf0, META_ERROR = 0xf1, META_TEXT, META_TIME, META_END, META_OVERCURRENT, META_POWER_DOWN, META_VOLTAGE };

#define EDGE_SAMPLES 2u // a mark in the first samples is the rising edge that started the recording

void lpm01a_stream_init(struct lpm01a_stream *s)
{
    memset(s, 0, sizeof *s);
    profile_init(&s->profile);
}

void lpm01a_stream_sample(struct lpm01a_stream *s, double amperes)
{
    s->amperes += amperes;
    s->samples++;
    if (s->ended)
        return;
    profile_add(&s->profile, amperes);
    if (s->trace)
        power_trace_add(s->trace, amperes * 1e9);
}

static void take_sample(struct lpm01a_stream *s)
{
    unsigned power = s->frame[0] >> 4, value = (s->frame[0] & 0xfu) << 8 | s->frame[1];
    lpm01a_stream_sample(s, ldexp((double)value, -4 * (int)power));
}

static void say(struct lpm01a_stream *s, const char *text)
{
    if (!s->trouble[0])
        snprintf(s->trouble, sizeof s->trouble, "%.60s", text);
}

void lpm01a_stream_text(struct lpm01a_stream *s, const char *text)
{
    bool mark = strstr(text, "event ") != NULL;
    if (mark && s->samples > EDGE_SAMPLES && !s->ended) {
        s->ended = true;
        s->end_samples = s->samples;
        s->end_amperes = s->amperes;
    }
    s->repeated |= strstr(text, "repeat") != NULL;
}

static void take_meta(struct lpm01a_stream *s)
{
    char text[LPM01A_FRAME_MAX];
    size_t n = s->n - 4; // without F0 Fx and FF FF
    memcpy(text, s->frame + 2, n);
    text[n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    switch (s->frame[1]) {
    case META_ERROR:
        say(s, text[0] ? text : "an error without a text");
        break;
    case META_TEXT:
        lpm01a_stream_text(s, text);
        break;
    case META_END:
        s->over = true;
        break;
    case META_OVERCURRENT:
        say(s, "overcurrent");
        break;
    case META_POWER_DOWN:
        say(s, "target power went down");
        break;
    case META_VOLTAGE:
        s->voltage_mv = n >= 2 ? (uint32_t)(s->frame[2] << 8 | s->frame[3]) : 0;
        break;
    default:
        break; // time stamps, and what newer firmware adds
    }
}

/* Source: STMicroelectronics, x-cube-n6-ai-power-measurement, stlinkpwr_cmd.py. */
static size_t fixed_length(const struct lpm01a_stream *s)
{
    static const uint8_t lengths[16] = {[3] = 9, [4] = 4, [5] = 8, [6] = 4, [7] = 6, [8] = 6, [9] = 5, [10] = 4, [11] = 4};
    static const uint8_t text_end[4] = {0x0d, 0x0a, 0xff, 0xff};
    bool text = s->frame[1] == META_ERROR || s->frame[1] == META_TEXT;
    if (text)
        return s->n >= 6 && memcmp(s->frame + s->n - 4, text_end, 4) == 0 ? s->n : 0;
    return lengths[s->frame[1] & 0xf];
}

/* The frame's whole length, or 0 while it depends on what is still to come. */
static size_t frame_length(const struct lpm01a_stream *s)
{
    if (s->frame[0] != META)
        return 2;
    if (s->n < 2)
        return 0;
    if (s->fixed_frames)
        return fixed_length(s);
    if (s->frame[1] == META_TIME)
        return 9;
    if (s->frame[1] == META_VOLTAGE)
        return 6;
    bool closed = s->n >= 4 && s->frame[s->n - 1] == 0xff && s->frame[s->n - 2] == 0xff;
    return closed ? s->n : 0;
}

/* Drops the first byte of what was taken for a frame and looks at the rest again. */
static void resync(struct lpm01a_stream *s)
{
    uint8_t rest[LPM01A_FRAME_MAX];
    size_t n = s->n - 1;
    memcpy(rest, s->frame + 1, n);
    s->n = 0;
    s->lost++;
    size_t skip = 0;
    while (skip < n && rest[skip] != META) // up to the next thing that can be metadata
        skip++;
    s->lost += (uint32_t)skip;
    lpm01a_stream_take(s, rest + skip, n - skip);
}

static bool is_bad(const struct lpm01a_stream *s)
{
    if (s->n == 1)
        return s->frame[0] > META;
    if (s->frame[0] != META)
        return false;
    size_t length = frame_length(s);
    if (length == s->n && (s->frame[s->n - 1] != 0xff || s->frame[s->n - 2] != 0xff))
        return true;
    bool unknown = s->fixed_frames && s->n >= 2 && s->frame[1] > META_ERROR + 10;
    return unknown || s->frame[1] < META_ERROR || s->n == LPM01A_FRAME_MAX;
}

void lpm01a_stream_take(struct lpm01a_stream *s, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n && !s->over && s->samples < LPM01A_SAMPLES_MAX; i++) {
        s->frame[s->n++] = bytes[i];
        if (is_bad(s)) {
            resync(s);
            continue;
        }
        if (s->n != frame_length(s))
            continue;
        if (s->frame[0] == META)
            take_meta(s);
        else
            take_sample(s);
        s->n = 0;
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Lines of an X-NUCLEO-LPM01A in format ascii_dec.
#include "hwlink/lpm01a_stream.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(struct lpm01a_stream *s, const char *text)
{
    if (!s->trouble[0])
        snprintf(s->trouble, sizeof s->trouble, "%.60s", text);
}

/* "DIGITS-EXPONENT". */
static void take_sample(struct lpm01a_stream *s, const char *line)
{
    char *end;
    unsigned long value = strtoul(line, &end, 10);
    if (end == line || *end != '-' || !isdigit((unsigned char)end[1])) {
        s->lost++;
        return;
    }
    unsigned long power = strtoul(end + 1, &end, 10);
    if (*end != '\0' || power > 20 || value > 99999) {
        s->lost++;
        return;
    }
    lpm01a_stream_sample(s, (double)value * pow(10, -(double)power));
}

static void take_line(struct lpm01a_stream *s, const char *line)
{
    line += strspn(line, " ");
    if (isdigit((unsigned char)line[0]))
        take_sample(s, line);
    else if (strstr(line, "Acquisition completed") || strcmp(line, "end") == 0)
        s->over = true;
    else if (strncasecmp(line, "error", 5) == 0 || strcasestr(line, "overcurrent") || strcasestr(line, "power down"))
        say(s, line);
    else if (strncmp(line, "TimeStamp", 9) != 0)
        lpm01a_stream_text(s, line);
}

void lpm01a_ascii_take(struct lpm01a_stream *s, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n && !s->over && s->samples < LPM01A_SAMPLES_MAX; i++) {
        if (bytes[i] == '\0') // some samples have one before them
            continue;
        if (bytes[i] != '\n') {
            s->frame[s->n] = bytes[i];
            s->n += s->n < LPM01A_FRAME_MAX - 1; // of a line that is too long only the beginning counts
            continue;
        }
        s->frame[s->n] = '\0';
        s->n = 0;
        char *line = (char *)s->frame;
        line[strcspn(line, "\r")] = '\0';
        if (line[0])
            take_line(s, line);
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Equal input gives equal bytes: no clock, no locale, no hash order.
#include "daemon/ctl/html.h"

#include "base/sha256.h"

#include <string.h>

#define LEFT 64
#define RIGHT 16
#define TOP 12
#define BOTTOM 44
#define TICKS 6 // about

void html_text(struct buffer *out, const char *text)
{
    static const char special[] = "&<>\"'\x7f";
    static const char *const safe[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "?"};
    while (*text) {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= 0x20 && !strchr(special, text[plain]))
            plain++;
        buffer_append(out, text, plain);
        text += plain;
        if (*text) {
            const char *found = strchr(special, *text), *put = found ? safe[found - special] : "?";
            buffer_append(out, put, strlen(put));
            text++;
        }
    }
}

/* RFC 4648, section 4; 32 bytes become 44 characters. */
static void base64(const uint8_t bytes[SHA256_BYTES], char text[45])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    int n = 0;
    for (int i = 0; i < SHA256_BYTES; i += 3) {
        uint32_t v = (uint32_t)bytes[i] << 16 | (i + 1 < SHA256_BYTES ? (uint32_t)bytes[i + 1] << 8 : 0) |
                     (i + 2 < SHA256_BYTES ? (uint32_t)bytes[i + 2] : 0);
        for (int k = 0; k < 4; k++)
            text[n++] = i + k > SHA256_BYTES ? '=' : digits[v >> (18 - 6 * k) & 63];
    }
    text[n] = '\0';
}

void html_begin(struct buffer *out, const char *title, const char *style)
{
    uint8_t digest[SHA256_BYTES];
    char hash[45];
    sha256_of(style, strlen(style), digest);
    base64(digest, hash);
    text_print(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", hash);
    html_text(out, title);
    text_print(out, "</title>\n<style>");
    buffer_append(out, style, strlen(style));
    text_print(out, "</style>\n</head>\n<body>\n");
}

void html_end(struct buffer *out)
{
    text_print(out, "</body>\n</html>\n");
}

static void cell(struct buffer *out, const char *tag, bool number, const char *text)
{
    text_print(out, number ? "<%s class=\"n\">" : "<%s>", tag);
    html_text(out, text);
    text_print(out, "</%s>", tag);
}

void html_table(struct buffer *out, const struct table *t)
{
    text_print(out, "<table>\n<thead><tr>");
    for (size_t c = 0; c < t->n_columns; c++)
        cell(out, "th", t->columns[c].right, t->columns[c].title);
    text_print(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns) {
        text_print(out, "<tr>");
        for (size_t c = 0; c < t->n_columns; c++)
            cell(out, "td", t->columns[c].right, t->texts.data + t->cells[i + c].at);
        text_print(out, "</tr>\n");
    }
    text_print(out, "</tbody>\n</table>\n");
    if (t->failed)
        text_print(out, "<p>Not all is shown: out of memory.</p>\n");
}

/* --- charts --- */

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

double html_chart_x(const struct html_chart *c, double x)
{
    return LEFT + clamp((x - c->x_low) / (c->x_high - c->x_low), 0, 1) * (HTML_CHART_WIDTH - LEFT - RIGHT);
}

double html_chart_y(const struct html_chart *c, double y)
{
    return TOP + clamp((c->y_high - y) / (c->y_high - c->y_low), 0, 1) * (c->height - TOP - BOTTOM);
}

/* A twentieth more on both sides, and never nothing. */
static void widen(double *low, double *high)
{
    double margin = (*high - *low) / 20;
    if (!(margin > 0))
        margin = *high > 0 ? *high / 20 : *high < 0 ? -*high / 20 : 1;
    *low -= margin;
    *high += margin;
}

/* 1, 2 or 5 times a power of ten, and the digits after the point that it needs. */
static double step_of(double range, int *digits)
{
    static const double parts[] = {1, 2, 5};
    double power = 1;
    *digits = 0;
    while (power * 10 * TICKS <= range && power < 1e15)
        power *= 10;
    while (power * TICKS > range && power > 1e-9) {
        power /= 10;
        (*digits)++;
    }
    for (int i = 0; i < 3; i++)
        if (parts[i] * power * TICKS >= range)
            return parts[i] * power;
    if (*digits > 0)
        (*digits)--;
    return 10 * power;
}

static double first_tick(double low, double step)
{
    double n = low / step;
    int64_t whole = (int64_t)n;
    return (double)(whole + (n > (double)whole)) * step;
}

static void x_ticks(const struct html_chart *c, struct buffer *out)
{
    int digits;
    double step = step_of(c->x_high - c->x_low, &digits), bottom = c->height - BOTTOM;
    for (double v = first_tick(c->x_low, step); v <= c->x_high; v += step) {
        double x = html_chart_x(c, v);
        text_print(out, "<path class=\"grid\" d=\"M%.1f %dV%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.*f</text>\n", x, TOP, bottom, x,
                   bottom + 16, digits, v > -step / 1e6 && v < step / 1e6 ? 0 : v);
    }
}

static void y_ticks(const struct html_chart *c, struct buffer *out)
{
    int digits;
    double step = step_of(c->y_high - c->y_low, &digits);
    for (double v = first_tick(c->y_low, step); v <= c->y_high; v += step) {
        double y = html_chart_y(c, v);
        text_print(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.*f</text>\n", LEFT, y,
                   HTML_CHART_WIDTH - RIGHT, LEFT - 6, y + 4, digits, v > -step / 1e6 && v < step / 1e6 ? 0 : v);
    }
}

void html_chart_begin(struct html_chart *c, const char *title, const char *x_title, const char *y_title, struct buffer *out)
{
    widen(&c->x_low, &c->x_high);
    widen(&c->y_low, &c->y_high);
    text_print(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", HTML_CHART_WIDTH, c->height);
    html_text(out, title);
    text_print(out, "</title>\n");
    x_ticks(c, out);
    y_ticks(c, out);
    text_print(out, "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", LEFT, TOP,
               HTML_CHART_WIDTH - LEFT - RIGHT, c->height - TOP - BOTTOM, (LEFT + HTML_CHART_WIDTH - RIGHT) / 2, c->height - 8);
    html_text(out, x_title);
    text_print(out, "</text>\n<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">", (TOP + c->height - BOTTOM) / 2);
    html_text(out, y_title);
    text_print(out, "</text>\n");
}

void html_chart_end(struct buffer *out)
{
    text_print(out, "</svg>\n");
}

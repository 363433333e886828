// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// HTML and SVG as text: what comes from elsewhere is escaped here and nowhere else.
#ifndef PARE_DAEMON_CTL_HTML_H
#define PARE_DAEMON_CTL_HTML_H

#include "daemon/ctl/text.h"

/* Appends text with & < > " ' and control characters made harmless: for elements and quoted attributes alike. */
void html_text(struct buffer *out, const char *text);

/* Begins a document whose policy lets in nothing but `style`, by its hash; ends with <body>. */
void html_begin(struct buffer *out, const char *title, const char *style);
void html_end(struct buffer *out);

/* A table as it stands; numbers have the class "n". */
void html_table(struct buffer *out, const struct table *t);

/* A chart: a frame with two linear axes inside an <svg> of HTML_CHART_WIDTH by `height`. */
#define HTML_CHART_WIDTH 760

struct html_chart {
    double x_low, x_high, y_low, y_high; // of the values; widened a little by html_chart_begin
    int height;
};

void html_chart_begin(struct html_chart *c, const char *title, const char *x_title, const char *y_title, struct buffer *out);
void html_chart_end(struct buffer *out);

/* Where a value stands, in the units of the <svg>; clamped to the frame. */
double html_chart_x(const struct html_chart *c, double x);
double html_chart_y(const struct html_chart *c, double y);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Points in a small field of text.
#ifndef PARE_DAEMON_CTL_PLOT_H
#define PARE_DAEMON_CTL_PLOT_H

#include "base/buffer.h"

#define PLOT_WIDTH 60
#define PLOT_HEIGHT 14
#define PLOT_POINTS_MAX 2048

struct plot {
    const char *x_title, *y_title;
    double x_scale, y_scale; // what values are multiplied with before they are shown
    int x_digits, y_digits;
    int n;
    double x[PLOT_POINTS_MAX], y[PLOT_POINTS_MAX];
};

/* Appends the plot, its axes from the smallest to the largest value; nothing when there are no points. */
void plot_print(const struct plot *p, struct buffer *out);

#endif

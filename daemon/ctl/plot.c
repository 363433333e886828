// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A grid of characters, filled and printed from the top.
#include "daemon/ctl/plot.h"

#include "daemon/ctl/text.h"

#include <stdio.h>
#include <string.h>

static void range(const double *values, int n, double *low, double *high)
{
    *low = *high = values[0];
    for (int i = 1; i < n; i++) {
        *low = values[i] < *low ? values[i] : *low;
        *high = values[i] > *high ? values[i] : *high;
    }
}

/* 0..cells-1; the middle when all values are the same. */
static int cell_of(double value, double low, double high, int cells)
{
    return high > low ? (int)((value - low) / (high - low) * (cells - 1) + 0.5) : cells / 2;
}

void plot_print(const struct plot *p, struct buffer *out)
{
    char grid[PLOT_HEIGHT][PLOT_WIDTH + 1];
    double x_low, x_high, y_low, y_high;
    if (p->n <= 0)
        return;
    range(p->x, p->n, &x_low, &x_high);
    range(p->y, p->n, &y_low, &y_high);
    memset(grid, ' ', sizeof grid);
    for (int i = 0; i < p->n; i++)
        grid[PLOT_HEIGHT - 1 - cell_of(p->y[i], y_low, y_high, PLOT_HEIGHT)][cell_of(p->x[i], x_low, x_high, PLOT_WIDTH)] = '*';
    text_print(out, "%s\n", p->y_title);
    for (int row = 0; row < PLOT_HEIGHT; row++) {
        char label[32] = "";
        double y = row == 0 ? y_high : y_low;
        if (row == 0 || row == PLOT_HEIGHT - 1)
            snprintf(label, sizeof label, "%.*f", p->y_digits, y * p->y_scale);
        int end = PLOT_WIDTH;
        while (end > 0 && grid[row][end - 1] == ' ')
            end--;
        text_print(out, "%9s |%.*s\n", label, end, grid[row]);
    }
    text_print(out, "%9s +", "");
    for (int i = 0; i < PLOT_WIDTH; i++)
        text_print(out, "-");
    char left[32], right[32];
    snprintf(left, sizeof left, "%.*f", p->x_digits, x_low * p->x_scale);
    snprintf(right, sizeof right, "%.*f", p->x_digits, x_high * p->x_scale);
    text_print(out, "\n%11s%s%*s\n%11s%s\n", "", left, PLOT_WIDTH - (int)strlen(left), right, "", p->x_title);
}

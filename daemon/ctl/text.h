// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Text for people: printed into a buffer, with colour where it is wanted, and in aligned tables.
#ifndef PARE_DAEMON_CTL_TEXT_H
#define PARE_DAEMON_CTL_TEXT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define TEXT_LIMIT (16 << 20)   // bytes of one answer for people: a thousand trials need less than one MiB
#define TEXT_PIECE_MAX 4096     // bytes of one call of text_print
#define TABLE_COLUMNS_MAX 16

enum color {
    COLOR_NONE = 0,
    COLOR_BOLD,
    COLOR_DIM,
    COLOR_RED,
    COLOR_GREEN,
    COLOR_YELLOW,
    COLOR_COUNT,
};

struct style {
    bool color;
    bool plot;
    int width; // columns of the terminal, 0: any
};

/* Appends. What would pass TEXT_PIECE_MAX or TEXT_LIMIT is cut. */
void text_print(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends `text` of any length without its control characters. */
void text_string(struct buffer *out, const char *text);

/* The same in a colour, when the style has any. */
void text_color(struct buffer *out, const struct style *style, enum color color, const char *text);

/* Replaces control characters by '?': what comes from elsewhere must not move the cursor. Returns `text`. */
char *text_clean(char *text);

/* Columns that UTF-8 text takes, one per character. */
int text_width(const char *text);

struct table_column {
    const char *title;
    bool right; // numbers
};

struct table_cell {
    size_t at; // in `texts`
    enum color color;
};

struct table {
    const struct table_column *columns;
    size_t n_columns, n_cells, capacity;
    struct table_cell *cells;
    struct buffer texts; // each with its NUL
    bool failed;         // no memory: what is there is shown, and a line says so
};

/* `columns` must outlive the table; at most TABLE_COLUMNS_MAX. */
void table_init(struct table *t, const struct table_column *columns, size_t n_columns);
void table_finish(struct table *t);

/* The next cell, row by row. */
void table_cell(struct table *t, enum color color, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Titles and rows, two spaces between columns, no spaces at the ends of lines. */
void table_print(const struct table *t, const struct style *style, struct buffer *out);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Buffers of text and tables that measure before they print.
#include "daemon/ctl/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const escapes[COLOR_COUNT] = {
    [COLOR_NONE] = "",          [COLOR_BOLD] = "\x1b[1m",   [COLOR_DIM] = "\x1b[2m",
    [COLOR_RED] = "\x1b[31m",   [COLOR_GREEN] = "\x1b[32m", [COLOR_YELLOW] = "\x1b[33m",
};

void text_print(struct buffer *out, const char *format, ...)
{
    char piece[TEXT_PIECE_MAX];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(piece, sizeof piece, format, list);
    va_end(list);
    if (n > 0)
        buffer_append(out, piece, (size_t)n < sizeof piece ? (size_t)n : sizeof piece - 1);
}

static char clean(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f ? '?' : c;
}

void text_string(struct buffer *out, const char *text)
{
    for (; *text; text++)
        buffer_append(out, &(char){clean(*text)}, 1);
}

void text_color(struct buffer *out, const struct style *style, enum color color, const char *text)
{
    bool colored = style->color && color != COLOR_NONE;
    if (colored)
        text_print(out, "%s", escapes[color]);
    text_string(out, text);
    if (colored)
        text_print(out, "\x1b[0m");
}

char *text_clean(char *text)
{
    for (char *c = text; *c; c++)
        *c = clean(*c);
    return text;
}

int text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void table_init(struct table *t, const struct table_column *columns, size_t n_columns)
{
    assert(n_columns > 0 && n_columns <= TABLE_COLUMNS_MAX);
    *t = (struct table){.columns = columns, .n_columns = n_columns};
    buffer_init(&t->texts, TEXT_LIMIT);
}

void table_finish(struct table *t)
{
    buffer_finish(&t->texts);
    free(t->cells);
    *t = (struct table){.columns = NULL};
}

static bool has_room(struct table *t)
{
    if (t->n_cells < t->capacity)
        return true;
    size_t capacity = t->capacity ? 2 * t->capacity : 64;
    struct table_cell *grown = realloc(t->cells, capacity * sizeof *grown);
    if (!grown)
        return false;
    t->cells = grown;
    t->capacity = capacity;
    return true;
}

void table_cell(struct table *t, enum color color, const char *format, ...)
{
    char text[TEXT_PIECE_MAX];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    text_clean(text);
    size_t at = t->texts.size;
    if (t->failed || !has_room(t) || buffer_append(&t->texts, text, strlen(text) + 1) != 0) {
        t->failed = true;
        return;
    }
    t->cells[t->n_cells++] = (struct table_cell){.at = at, .color = color};
}

static const char *cell_text(const struct table *t, size_t i)
{
    return t->texts.data + t->cells[i].at;
}

static void print_cell(const struct table *t, const struct style *style, size_t column, const int *widths,
                       enum color color, const char *text, struct buffer *out)
{
    int room = widths[column] - text_width(text);
    bool last = column + 1 == t->n_columns;
    if (t->columns[column].right)
        text_print(out, "%*s", room, "");
    text_color(out, style, color, text);
    if (!t->columns[column].right && !last)
        text_print(out, "%*s", room, "");
    text_print(out, last ? "\n" : "  ");
}

/* An empty last cell leaves the spaces of the one before. */
static void trim_line(struct buffer *out)
{
    size_t end = out->size;
    if (end == 0 || out->data[end - 1] != '\n')
        return;
    size_t text = end - 1;
    while (text > 0 && out->data[text - 1] == ' ')
        text--;
    out->data[text] = '\n';
    out->size = text + 1;
}

void table_print(const struct table *t, const struct style *style, struct buffer *out)
{
    int widths[TABLE_COLUMNS_MAX];
    size_t whole = t->n_cells - t->n_cells % t->n_columns;
    for (size_t c = 0; c < t->n_columns; c++)
        widths[c] = text_width(t->columns[c].title);
    for (size_t i = 0; i < whole; i++) {
        int width = text_width(cell_text(t, i));
        if (width > widths[i % t->n_columns])
            widths[i % t->n_columns] = width;
    }
    for (size_t c = 0; c < t->n_columns; c++)
        print_cell(t, style, c, widths, COLOR_BOLD, t->columns[c].title, out);
    trim_line(out);
    for (size_t i = 0; i < whole; i++) {
        print_cell(t, style, i % t->n_columns, widths, t->cells[i].color, cell_text(t, i), out);
        if ((i + 1) % t->n_columns == 0)
            trim_line(out);
    }
    if (t->failed)
        text_print(out, "(not all is shown: out of memory)\n");
}

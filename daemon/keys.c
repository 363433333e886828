// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/keys.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 32
#define SUGGEST_DISTANCE 3 // letters that may differ in a suggestion

/* --- the text --- */

/* Comments become blanks, so that lines stay what they are. */
static void blank_comments(char *t)
{
    while (*t) {
        if (*t == '"') {
            for (t++; *t && *t != '"'; t++)
                if (*t == '\\' && t[1])
                    t++;
            t += *t == '"';
        } else if (t[0] == '/' && t[1] == '/') {
            while (*t && *t != '\n')
                *t++ = ' ';
        } else if (t[0] == '/' && t[1] == '*') {
            char *end = strstr(t + 2, "*/");
            for (char *stop = end ? end + 2 : t + strlen(t); t < stop; t++)
                *t = *t == '\n' ? '\n' : ' ';
        } else {
            t++;
        }
    }
}

static int depth_of(const char *t)
{
    int depth = 0, most = 0;
    for (bool quoted = false; *t; t++) {
        if (quoted && *t == '\\' && t[1])
            t++;
        else if (*t == '"')
            quoted = !quoted;
        else if (!quoted && (*t == '{' || *t == '['))
            most = ++depth > most ? depth : most;
        else if (!quoted && (*t == '}' || *t == ']'))
            depth--;
    }
    return most;
}

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (; text < at && *text; text++)
        line += *text == '\n';
    return line;
}

cJSON *keys_parse(const char *text, struct error *e)
{
    const char *end = NULL;
    char *copy = strlen(text) <= KEYS_TEXT_MAX ? strdup(text) : NULL;
    cJSON *value = NULL;
    if (!copy) {
        error_set(e, "a text of more than %u bytes", KEYS_TEXT_MAX);
        return NULL;
    }
    blank_comments(copy);
    if (depth_of(copy) > NESTING_MAX)
        error_set(e, "nested deeper than %d", NESTING_MAX);
    else if (!(value = cJSON_ParseWithOpts(copy, &end, 1)))
        error_set(e, "line %d: not JSON", line_of(copy, end ? end : copy));
    free(copy);
    return value;
}

/* --- errors --- */

int keys_error(struct keys_reader *r, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return r->field[0] ? error_set(r->e, "\"%s\" %s", r->field, text) : error_set(r->e, "the file %s", text);
}

/* Enters a key; returns the length to go back to. */
static size_t enter(struct keys_reader *r, const char *name)
{
    size_t length = strlen(r->field);
    snprintf(r->field + length, sizeof r->field - length, "%s%s", length ? "." : "", name);
    return length;
}

static int distance(const char *a, const char *b)
{
    int row[64], n = (int)strlen(b);
    if (n >= 63)
        return n;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; *a; a++, i++) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int change = corner + (*a != b[j - 1]);
            corner = row[j];
            int best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = best < change ? best : change;
        }
    }
    return row[n];
}

static int unknown_key(struct keys_reader *r, const struct key *keys, const char *name)
{
    const struct key *nearest = NULL;
    int least = SUGGEST_DISTANCE + 1;
    for (const struct key *k = keys; k->name; k++) {
        int d = distance(name, k->name);
        if (d < least && d < (int)strlen(k->name)) {
            least = d;
            nearest = k;
        }
    }
    enter(r, name);
    return nearest ? keys_error(r, "is not a key here; did you mean \"%s\"?", nearest->name)
                   : keys_error(r, "is not a key here");
}

/* --- values --- */

/* Appends `n` bytes at *at; returns -1 when `size` does not hold them and a NUL. */
static int put(char *text, size_t size, size_t *at, const char *from, size_t n)
{
    if (*at + n >= size)
        return -1;
    memcpy(text + *at, from, n);
    *at += n;
    text[*at] = '\0';
    return 0;
}

static const char *set_value(const struct keys_reader *r, const char *name, size_t n)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, r->set) {
        if (strlen(v->string) == n && memcmp(v->string, name, n) == 0 && cJSON_IsString(v))
            return v->valuestring;
    }
    return NULL;
}

int keys_text(struct keys_reader *r, const cJSON *value, char *text, size_t size)
{
    size_t at = 0;
    if (!cJSON_IsString(value))
        return keys_error(r, "is not a text");
    text[0] = '\0';
    for (const char *from = value->valuestring; *from;) {
        const char *mark = r->set ? strstr(from, "${") : NULL, *end = mark ? strchr(mark, '}') : NULL;
        size_t plain = end ? (size_t)(mark - from) : strlen(from);
        if (put(text, size, &at, from, plain) != 0)
            return keys_error(r, "is longer than %zu bytes", size - 1);
        if (!end)
            break;
        const char *with = set_value(r, mark + 2, (size_t)(end - mark) - 2);
        if (!with)
            return keys_error(r, "wants a value for %.*s", (int)(end - mark) + 1, mark);
        if (put(text, size, &at, with, strlen(with)) != 0)
            return keys_error(r, "is longer than %zu bytes", size - 1);
        from = end + 1;
    }
    return 0;
}

static int read_path(struct keys_reader *r, const cJSON *value, char *path, size_t size)
{
    char text[KEYS_PATH_MAX];
    if (keys_text(r, value, text, sizeof text) != 0)
        return -1;
    if (!text[0])
        return keys_error(r, "is empty");
    if (text[0] != '/' && !r->folder)
        return keys_error(r, "is not an absolute path");
    int n = text[0] == '/' ? snprintf(path, size, "%s", text) : snprintf(path, size, "%s/%s", r->folder, text);
    return n < (int)size ? 0 : keys_error(r, "is too long a path");
}

static int read_number(struct keys_reader *r, const cJSON *value, const struct key *k, double *to)
{
    double v = value->valuedouble;
    if (!cJSON_IsNumber(value) || !isfinite(v))
        return keys_error(r, "is not a number");
    if (k->kind == KEY_INT && v != floor(v))
        return keys_error(r, "is not a whole number");
    if (v < k->min || v > k->max)
        return keys_error(r, "is not within %.15g and %.15g", k->min, k->max);
    *to = v;
    return 0;
}

static int read_choice(struct keys_reader *r, const cJSON *value, const char *const *names, int *to)
{
    char text[64], known[256] = "";
    if (keys_text(r, value, text, sizeof text) != 0)
        return -1;
    for (int i = 0; names[i]; i++) {
        size_t at = strlen(known);
        if (strcmp(names[i], text) == 0) {
            *to = i;
            return 0;
        }
        snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", names[i]);
    }
    return keys_error(r, "is none of %s", known);
}

static int read_key(struct keys_reader *r, const cJSON *value, const struct key *k, char *record)
{
    void *where = record + k->offset;
    double number = 0;
    switch (k->kind) {
    case KEY_TEXT:
        return keys_text(r, value, where, k->size);
    case KEY_PATH:
        return read_path(r, value, where, k->size);
    case KEY_INT:
        if (read_number(r, value, k, &number) != 0)
            return -1;
        *(int64_t *)where = (int64_t)number;
        return 0;
    case KEY_NUMBER:
        return read_number(r, value, k, where);
    case KEY_BOOL:
        if (!cJSON_IsBool(value))
            return keys_error(r, "is neither true nor false");
        *(bool *)where = cJSON_IsTrue(value);
        return 0;
    case KEY_CHOICE:
        return read_choice(r, value, k->names, where);
    case KEY_OBJECT:
        return keys_read(r, value, k->keys, record);
    case KEY_OWN:
        return k->read(r, value, where);
    }
    return -1;
}

static int check_names(struct keys_reader *r, const cJSON *object, const struct key *keys)
{
    const cJSON *v;
    cJSON_ArrayForEach(v, object) {
        const struct key *k = keys;
        while (k->name && strcmp(k->name, v->string) != 0)
            k++;
        if (!k->name)
            return unknown_key(r, keys, v->string);
        if (cJSON_GetObjectItemCaseSensitive(object, v->string) != v) {
            enter(r, v->string);
            return keys_error(r, "stands there twice");
        }
    }
    return 0;
}

int keys_read(struct keys_reader *r, const cJSON *object, const struct key *keys, void *record)
{
    if (!cJSON_IsObject(object))
        return keys_error(r, "is not a JSON object");
    if (check_names(r, object, keys) != 0)
        return -1;
    for (const struct key *k = keys; k->name; k++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, k->name);
        if (!v && !k->needed)
            continue;
        size_t back = enter(r, k->name);
        if (!v)
            return keys_error(r, "is missing");
        if (read_key(r, v, k, record) != 0)
            return -1;
        r->field[back] = '\0';
    }
    return 0;
}

/* --- writing --- */

static cJSON *write_key(const struct key *k, const char *record)
{
    const void *where = record + k->offset;
    switch (k->kind) {
    case KEY_TEXT:
    case KEY_PATH:
        return *(const char *)where ? cJSON_CreateString(where) : NULL;
    case KEY_INT:
        return cJSON_CreateNumber((double)*(const int64_t *)where);
    case KEY_NUMBER:
        return cJSON_CreateNumber(*(const double *)where);
    case KEY_BOOL:
        return cJSON_CreateBool(*(const bool *)where);
    case KEY_CHOICE:
        return cJSON_CreateString(k->names[*(const int *)where]);
    case KEY_OBJECT:
        return keys_write(k->keys, record);
    case KEY_OWN:
        return k->write ? k->write(where) : NULL;
    }
    return NULL;
}

cJSON *keys_write(const struct key *keys, const void *record)
{
    cJSON *object = cJSON_CreateObject();
    for (const struct key *k = keys; object && k->name; k++) {
        cJSON *v = write_key(k, record);
        if (v)
            cJSON_AddItemToObject(object, k->name, v);
    }
    return object;
}

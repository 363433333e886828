// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A scanner that accepts or refuses without allocating; the tree is cJSON's, the keys are compared afterwards.
#include "daemon/ctl/strict_json.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct scanner {
    const unsigned char *text;
    size_t size, at;
    int depth, values, values_max;
    struct error *error;
};

static int refuse(struct scanner *s, const char *why)
{
    return error_set(s->error, "%s at byte %zu", why, s->at + 1);
}

static int peek(const struct scanner *s)
{
    return s->at < s->size ? s->text[s->at] : -1;
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->size && memchr(" \t\r\n", s->text[s->at], 4))
        s->at++;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int scan_digits(struct scanner *s)
{
    if (!is_digit(peek(s)))
        return refuse(s, "a digit is missing");
    while (is_digit(peek(s)))
        s->at++;
    return 0;
}

static int scan_number(struct scanner *s)
{
    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0')
        s->at++;
    else if (scan_digits(s) != 0)
        return -1;
    if (peek(s) == '.') {
        s->at++;
        if (scan_digits(s) != 0)
            return -1;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (scan_digits(s) != 0)
            return -1;
    }
    return 0;
}

static int hex4(const struct scanner *s, size_t at)
{
    int value = 0;
    for (size_t i = at; i < at + 4; i++) {
        int c = i < s->size ? s->text[i] : -1;
        int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* After a backslash. */
static int scan_escape(struct scanner *s)
{
    int c = peek(s);
    if (c >= 0 && memchr("\"\\/bfnrt", c, 8)) {
        s->at++;
        return 0;
    }
    int unit = c == 'u' ? hex4(s, s->at + 1) : -1;
    if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
        return refuse(s, "a bad escape");
    s->at += 5;
    if (unit < 0xd800 || unit > 0xdbff)
        return 0;
    if (peek(s) != '\\' || s->at + 1 >= s->size || s->text[s->at + 1] != 'u')
        return refuse(s, "half a surrogate pair");
    int low = hex4(s, s->at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return refuse(s, "half a surrogate pair");
    s->at += 6;
    return 0;
}

/* One character of two to four bytes: no overlong forms, no surrogates, at most U+10FFFF (RFC 3629, section 4). */
static int scan_utf8(struct scanner *s)
{
    int c = s->text[s->at];
    int more = c >= 0xc2 && c <= 0xdf ? 1 : c >= 0xe0 && c <= 0xef ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;
    if (more == 0 || s->size - s->at <= (size_t)more)
        return refuse(s, "no UTF-8");
    int second = s->text[s->at + 1];
    int low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    int high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high)
        return refuse(s, "no UTF-8");
    for (int i = 2; i <= more; i++)
        if ((s->text[s->at + (size_t)i] & 0xc0) != 0x80)
            return refuse(s, "no UTF-8");
    s->at += (size_t)more + 1;
    return 0;
}

/* At the opening quote. */
static int scan_string(struct scanner *s)
{
    if (peek(s) != '"')
        return refuse(s, "a string is missing");
    s->at++;
    while (s->at < s->size) {
        int c = s->text[s->at];
        if (c == '"') {
            s->at++;
            return 0;
        }
        int bad = 0;
        if (c == '\\') {
            s->at++;
            bad = scan_escape(s);
        } else if (c < 0x20) {
            return refuse(s, "a control character in a string");
        } else if (c < 0x80) {
            s->at++;
        } else {
            bad = scan_utf8(s);
        }
        if (bad)
            return -1;
    }
    return refuse(s, "a string without an end");
}

static int scan_word(struct scanner *s, const char *word)
{
    size_t n = strlen(word);
    if (s->size - s->at < n || memcmp(s->text + s->at, word, n) != 0)
        return refuse(s, "no JSON value");
    s->at += n;
    return 0;
}

static int scan_value(struct scanner *s);

/* "KEY": before an object's value. */
static int scan_key(struct scanner *s)
{
    if (scan_string(s) != 0)
        return -1;
    skip_space(s);
    if (peek(s) != ':')
        return refuse(s, "a colon is missing");
    s->at++;
    return 0;
}

/* At the opening bracket or brace. */
static int scan_items(struct scanner *s, bool keys, char end)
{
    if (++s->depth > STRICT_JSON_DEPTH_MAX)
        return refuse(s, "too deep");
    s->at++;
    skip_space(s);
    while (peek(s) != end) {
        if ((keys && scan_key(s) != 0) || scan_value(s) != 0)
            return -1;
        skip_space(s);
        if (peek(s) == end)
            break;
        if (peek(s) != ',')
            return refuse(s, "a comma or an end is missing");
        s->at++;
        skip_space(s);
        if (peek(s) == end)
            return refuse(s, "a value is missing");
    }
    s->at++;
    s->depth--;
    return 0;
}

static int scan_value(struct scanner *s)
{
    if (++s->values > s->values_max)
        return refuse(s, "too many values");
    skip_space(s);
    switch (peek(s)) {
    case '{':
        return scan_items(s, true, '}');
    case '[':
        return scan_items(s, false, ']');
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return peek(s) == '-' || is_digit(peek(s)) ? scan_number(s) : refuse(s, "no JSON value");
    }
}

static int by_key(const void *a, const void *b)
{
    const cJSON *x = *(const cJSON *const *)a, *y = *(const cJSON *const *)b;
    return strcmp(x->string, y->string);
}

/* `items` has room for every value of the tree. */
static int check_keys(const cJSON *object, const cJSON **items, struct error *e)
{
    size_t n = 0;
    for (const cJSON *item = object->child; item; item = item->next)
        items[n++] = item;
    qsort(items, n, sizeof *items, by_key);
    for (size_t i = 1; i < n; i++)
        if (strcmp(items[i - 1]->string, items[i]->string) == 0)
            return error_set(e, "the key \"%.64s\" stands twice", items[i]->string);
    return 0;
}

static int check_tree(const cJSON *value, const cJSON **items, struct error *e)
{
    if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
        return error_set(e, "a number is too large");
    if (cJSON_IsObject(value) && check_keys(value, items, e) != 0)
        return -1;
    for (const cJSON *item = value->child; item; item = item->next)
        if (check_tree(item, items, e) != 0)
            return -1;
    return 0;
}

cJSON *strict_json_parse(const char *text, size_t size, struct error *e)
{
    return strict_json_parse_file(text, size, STRICT_JSON_VALUES_MAX, e);
}

cJSON *strict_json_parse_file(const char *text, size_t size, int values_max, struct error *e)
{
    struct scanner s = {.text = (const unsigned char *)text, .size = size, .values_max = values_max, .error = e};
    if (scan_value(&s) != 0)
        return NULL;
    skip_space(&s);
    if (s.at != size) {
        refuse(&s, "something after the value");
        return NULL;
    }
    cJSON *tree = cJSON_ParseWithLength(text, size);
    const cJSON **items = malloc(sizeof *items * (size_t)s.values);
    if (!tree || !items || check_tree(tree, items, e) != 0) {
        if (!tree || !items)
            error_set(e, "out of memory");
        cJSON_Delete(tree);
        tree = NULL;
    }
    free(items);
    return tree;
}

void strict_json_clean(char *text)
{
    struct scanner s = {.text = (unsigned char *)text, .size = strlen(text)};
    while (s.at < s.size) {
        unsigned char c = s.text[s.at];
        if (c >= 0x20 && c < 0x7f)
            s.at++;
        else if (c < 0x80 || scan_utf8(&s) != 0)
            text[s.at++] = '?';
    }
}

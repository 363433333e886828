// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/net/npy.h"

#include "base/file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name; // behind the sign of byte order
    size_t bytes;
} types[NPY_TYPE_COUNT] = {
    [NPY_NONE] = {"?", 0}, [NPY_U1] = {"u1", 1}, [NPY_I1] = {"i1", 1}, [NPY_I2] = {"i2", 2},
    [NPY_I4] = {"i4", 4},  [NPY_I8] = {"i8", 8}, [NPY_F4] = {"f4", 4}, [NPY_F8] = {"f8", 8},
};

size_t npy_type_bytes(enum npy_type type)
{
    return types[type].bytes;
}

/* The header is a Python dict literal; a cursor over it never leaves [at, end). */
struct cursor {
    const char *at, *end;
};

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_space(c);
    if (c->at >= c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* A quoted string without escapes, at most size - 1 bytes. */
static bool take_string(struct cursor *c, char *text, size_t size)
{
    skip_space(c);
    if (c->at >= c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    char quote = *c->at++;
    size_t n = 0;
    while (c->at < c->end && *c->at != quote && n + 1 < size)
        text[n++] = *c->at++;
    text[n] = 0;
    return take(c, quote);
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n))
        return false;
    c->at += n;
    return true;
}

static bool take_size(struct cursor *c, size_t *value)
{
    skip_space(c);
    const char *start = c->at;
    for (*value = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (*value > SIZE_MAX / 10 - 1)
            return false;
        *value = *value * 10 + (size_t)(*c->at - '0');
    }
    return c->at > start;
}

static int take_shape(struct cursor *c, struct npy *a, struct error *e)
{
    if (!take(c, '('))
        return error_set(e, "a broken shape");
    for (a->n_axes = 0; !take(c, ')');) {
        if (a->n_axes == NPY_AXES_MAX)
            return error_set(e, "more than %d axes", NPY_AXES_MAX);
        if (!take_size(c, &a->axes[a->n_axes++]) || (!take(c, ',') && (c->at >= c->end || *c->at != ')')))
            return error_set(e, "a broken shape");
    }
    return 0;
}

static int take_type(struct cursor *c, struct npy *a, struct error *e)
{
    char text[16];
    if (!take_string(c, text, sizeof text))
        return error_set(e, "a broken type");
    for (int t = NPY_NONE + 1; t < NPY_TYPE_COUNT; t++)
        if (!strcmp(text + (text[0] != 0), types[t].name) &&
            (text[0] == '<' || (types[t].bytes == 1 && text[0] == '|')))
            a->type = (enum npy_type)t;
    return a->type
               ? 0
               : error_set(e, "numbers of type '%s' are not supported (u1 i1 i2 i4 i8 f4 f8, little-endian)",
                           text);
}

static int take_entry(struct cursor *c, struct npy *a, unsigned *seen, struct error *e)
{
    char key[24];
    if (!take_string(c, key, sizeof key) || !take(c, ':'))
        return error_set(e, "a broken header");
    if (!strcmp(key, "descr")) {
        *seen |= 1;
        return take_type(c, a, e);
    }
    if (!strcmp(key, "shape")) {
        *seen |= 2;
        return take_shape(c, a, e);
    }
    if (strcmp(key, "fortran_order"))
        return error_set(e, "an unknown key '%s' in the header", key);
    *seen |= 4;
    return take_word(c, "False") ? 0 : error_set(e, "stored in Fortran order; C order is needed");
}

static int take_header(struct cursor *c, struct npy *a, struct error *e)
{
    unsigned seen = 0;
    if (!take(c, '{'))
        return error_set(e, "a broken header");
    while (!take(c, '}')) {
        if (take_entry(c, a, &seen, e))
            return -1;
        if (!take(c, ',') && (c->at >= c->end || *c->at != '}'))
            return error_set(e, "a broken header");
    }
    return seen == 7 ? 0 : error_set(e, "a header without descr, fortran_order or shape");
}

static int check_size(struct npy *a, size_t size, struct error *e)
{
    size_t bytes = types[a->type].bytes, left = size - a->offset;
    a->elements = 1;
    for (int i = 0; i < a->n_axes; i++) {
        if (a->axes[i] && a->elements > left / bytes / a->axes[i])
            return error_set(e, "the file is too short for its shape");
        a->elements *= a->axes[i];
    }
    if (a->elements * bytes > left)
        return error_set(e, "the file is too short for its shape");
    return a->elements * bytes == left ? 0 : error_set(e, "the file is longer than its shape says");
}

int npy_parse(const char *bytes, size_t size, struct npy *a, struct error *e)
{
    memset(a, 0, sizeof *a);
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6))
        return error_set(e, "not a .npy file");
    const unsigned char *u = (const unsigned char *)bytes;
    if (u[6] != 1 && u[6] != 2)
        return error_set(e, ".npy version %d is not supported (1 and 2 are)", u[6]);
    size_t start = u[6] == 1 ? 10 : 12;
    size_t length = u[8] | (size_t)u[9] << 8;
    if (u[6] == 2)
        length |= (size_t)u[10] << 16 | (size_t)u[11] << 24;
    if (length > size - start)
        return error_set(e, "the file ends within its header");
    struct cursor c = {bytes + start, bytes + start + length};
    a->offset = start + length;
    return take_header(&c, a, e) || check_size(a, size, e) ? -1 : 0;
}

int64_t npy_integer(const struct npy *a, const char *bytes, size_t i)
{
    const char *at = bytes + a->offset + i * types[a->type].bytes;
    int16_t i2;
    int32_t i4;
    int64_t i8;
    switch (a->type) {
    case NPY_U1:
        return (uint8_t)*at;
    case NPY_I1:
        return (int8_t)*at;
    case NPY_I2:
        memcpy(&i2, at, sizeof i2);
        return i2;
    case NPY_I4:
        memcpy(&i4, at, sizeof i4);
        return i4;
    case NPY_I8:
        memcpy(&i8, at, sizeof i8);
        return i8;
    default:
        return 0;
    }
}

double npy_number(const struct npy *a, const char *bytes, size_t i)
{
    const char *at = bytes + a->offset + i * types[a->type].bytes;
    float f4;
    double f8;
    switch (a->type) {
    case NPY_F4:
        memcpy(&f4, at, sizeof f4);
        return (double)f4;
    case NPY_F8:
        memcpy(&f8, at, sizeof f8);
        return f8;
    default:
        return (double)npy_integer(a, bytes, i);
    }
}

char *npy_shape_text(const struct npy *a, int first, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "(");
    for (int i = first; i < a->n_axes && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", i > first ? ", " : "", a->axes[i]);
    if (used < size)
        snprintf(text + used, size - used, ")");
    return text;
}

int npy_write(const char *path, enum npy_type type, int n_axes, const size_t *axes, const void *data, struct error *e)
{
    char header[256] = "\x93NUMPY\x01\x00";
    size_t elements = 1, used = 10;
    used += (size_t)snprintf(header + used, sizeof header - used, "{'descr': '<%s', 'fortran_order': False, 'shape': (",
                             type == NPY_F4 ? "f4" : "i4");
    for (int i = 0; i < n_axes; i++) {
        used += (size_t)snprintf(header + used, sizeof header - used, "%zu,", axes[i]);
        elements *= axes[i];
    }
    used += (size_t)snprintf(header + used, sizeof header - used, "), }");
    size_t size = (used + 1 + 63) / 64 * 64, bytes = elements * 4;
    memset(header + used, ' ', size - used);
    header[size - 1] = '\n';
    header[8] = (char)((size - 10) & 255), header[9] = (char)((size - 10) >> 8);
    char *all = malloc(size + bytes);
    if (!all)
        return error_set(e, "out of memory");
    memcpy(all, header, size);
    memcpy(all + size, data, bytes);
    int failed = file_write(path, all, size + bytes, e);
    free(all);
    return failed;
}

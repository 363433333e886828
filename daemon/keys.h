// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// JSON objects as tables of keys: one table reads a struct, refuses what it does not know, and writes the struct back.
#ifndef PARE_DAEMON_KEYS_H
#define PARE_DAEMON_KEYS_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_TEXT_MAX (1u << 20) // bytes of a JSON text: a line of the socket
#define KEYS_FIELD_MAX 128
#define KEYS_PATH_MAX 4096

struct keys_reader;

enum key_kind {
    KEY_TEXT = 0, // char[size]
    KEY_PATH,     // char[size]; a relative one starts at the reader's folder
    KEY_INT,      // int64_t within min..max
    KEY_NUMBER,   // double within min..max
    KEY_BOOL,     // bool
    KEY_CHOICE,   // int: index into `names`
    KEY_OBJECT,   // `keys`, with offsets from the same struct
    KEY_OWN,      // `read` and `write`
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset, size;
    bool needed;
    double min, max;
    const char *const *names; // ends with NULL
    const struct key *keys;   // ends with a NULL name
    int (*read)(struct keys_reader *r, const cJSON *value, void *where);
    cJSON *(*write)(const void *where); // NULL: left out
};

struct keys_reader {
    const char *folder;         // for KEY_PATH; NULL: paths must be absolute
    const cJSON *set;           // object of strings for "${name}"; NULL: "${" is an ordinary text
    char field[KEYS_FIELD_MAX]; // out: the key that an error is about ("space.options")
    struct error *e;
};

/* Reads JSON with comments. Returns the value (the caller's to delete), or NULL with the reason and the line. */
cJSON *keys_parse(const char *text, struct error *e);

/* Fills `record` (which holds the defaults) from `object`. Unknown and doubled keys, wrong types and values out of range are errors
 * that name the key. Returns 0, or -1. */
int keys_read(struct keys_reader *r, const cJSON *object, const struct key *keys, void *record);

/* The reader's error at key `name` inside the present one. Returns -1. */
int keys_error(struct keys_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A string with its "${name}" replaced, into `text` of `size` bytes. Returns 0, or -1 (keys_error). */
int keys_text(struct keys_reader *r, const cJSON *value, char *text, size_t size);

/* What keys_read reads back into the same record; the caller deletes it. NULL when out of memory. */
cJSON *keys_write(const struct key *keys, const void *record);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Reads JSON objects strictly: every key is known, every value has the right type and range, and the message
// says what was meant.
#ifndef PARE_QUANT_TOOL_PARAMS_H
#define PARE_QUANT_TOOL_PARAMS_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define PARAMS_TEXT_MAX 4096 // bytes of a string with its NUL: as long as a path
#define PARAMS_INT_MAX (1ll << 53)

enum params_type {
    PARAMS_TEXT = 0, // not empty
    PARAMS_INTEGER,  // exact in a double
    PARAMS_NUMBER,   // finite
    PARAMS_LIST,
    PARAMS_OBJECT,
    PARAMS_BOOL,
    PARAMS_ANY,
    PARAMS_TYPE_COUNT,
};

struct params_key {
    const char *name;
    enum params_type type;
    bool required;
};

/* Checks keys and types of `object`. `where` begins the message ("open", "rules[2]"). Returns 0, or -1 with
 * the reason. */
int params_check(const cJSON *object, const char *where, const struct params_key *keys, int n,
                 struct error *e);

/* Values of a checked object; missing ones give NULL or `otherwise`. */
const char *params_text(const cJSON *object, const char *key);
const cJSON *params_member(const cJSON *object, const char *key);

/* 0, or -1 with the reason: outside low..high. */
int params_integer(const cJSON *object, const char *key, int64_t low, int64_t high, int64_t otherwise,
                   int64_t *value, struct error *e);

/* The word of `words` that is nearest to `text` when it is near enough to be a slip of the pen, or NULL. */
const char *params_nearest(const char *text, const char *const *words, int n);

#endif

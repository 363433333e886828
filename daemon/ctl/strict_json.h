// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// JSON from strangers: RFC 8259 to the letter, with limits, before cJSON (which is lenient) builds a tree of it.
#ifndef PARE_DAEMON_CTL_STRICT_JSON_H
#define PARE_DAEMON_CTL_STRICT_JSON_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#define STRICT_JSON_DEPTH_MAX 32     // arrays and objects within each other: more is no request
#define STRICT_JSON_VALUES_MAX 10000 // a value costs 64 bytes of memory, so a line of "0,0,..." would cost 32 MiB

/* Reads one JSON value that fills `text` but for white space. Refused are: more than the limits, invalid UTF-8, control characters
 * and \u0000 in strings, lone surrogates, numbers that are not finite, duplicate keys, anything after the value.
 * Returns the tree (cJSON_Delete), or NULL with the reason and the byte where it went wrong. */
cJSON *strict_json_parse(const char *text, size_t size, struct error *e);

/* The same for a file, which may have `values_max` values. */
cJSON *strict_json_parse_file(const char *text, size_t size, int values_max, struct error *e);

/* Replaces every byte that is not part of valid UTF-8, and control characters, by '?': for texts that go into answers. */
void strict_json_clean(char *text);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Fields of answers as text: what is null, missing or of another type becomes "-".
#ifndef PARE_DAEMON_CTL_FIELD_H
#define PARE_DAEMON_CTL_FIELD_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#define FIELD_TEXT_MAX 256

/* Text on its way into a printf, in the caller's frame. */
struct field {
    char text[FIELD_TEXT_MAX];
};

/* "a.b" goes into the object a, "" is the object itself. NULL when it is not there. */
const cJSON *field_find(const cJSON *object, const char *path);

bool field_number(const cJSON *object, const char *path, double *value);
bool field_true(const cJSON *object, const char *path);
const char *field_string(const cJSON *object, const char *path); // "-" when it is none

/* Strings as they are, numbers with `digits` after the point, cut to FIELD_TEXT_MAX, without control characters. */
struct field field_value(const cJSON *item); // NULL too
struct field field_text(const cJSON *object, const char *path);
struct field field_fixed(const cJSON *object, const char *path, int digits);

/* `value` times `scale` with `digits` after the point. */
struct field field_scaled(const cJSON *object, const char *path, double scale, int digits);

/* Quantities with a unit that suits their size: "25.0 ms", "600 uJ", "20.5 KiB", "3 h 12 min". */
struct field field_latency(const cJSON *object, const char *path); // from microseconds
struct field field_energy(const cJSON *object, const char *path);  // from microjoules
struct field field_bytes(const cJSON *object, const char *path);
struct field field_duration(double seconds);

#endif

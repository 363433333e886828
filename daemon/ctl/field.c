// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Reading answers that a newer service may have written.
#include "daemon/ctl/field.h"

#include "daemon/ctl/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct field nothing = {"-"};

const cJSON *field_find(const cJSON *object, const char *path)
{
    while (object && *path) {
        char key[64];
        size_t n = strcspn(path, ".");
        if (n >= sizeof key)
            return NULL;
        memcpy(key, path, n);
        key[n] = '\0';
        object = cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
        if (path[n] == '\0')
            return object;
        path += n + 1;
    }
    return object;
}

bool field_number(const cJSON *object, const char *path, double *value)
{
    const cJSON *item = field_find(object, path);
    if (!cJSON_IsNumber(item))
        return false;
    *value = item->valuedouble;
    return true;
}

bool field_true(const cJSON *object, const char *path)
{
    return cJSON_IsTrue(field_find(object, path));
}

const char *field_string(const cJSON *object, const char *path)
{
    const cJSON *item = field_find(object, path);
    return cJSON_IsString(item) ? item->valuestring : "-";
}

struct field field_value(const cJSON *item)
{
    struct field f = nothing;
    if (cJSON_IsString(item))
        snprintf(f.text, sizeof f.text, "%s", item->valuestring);
    else if (cJSON_IsNumber(item))
        snprintf(f.text, sizeof f.text, "%.15g", item->valuedouble);
    else if (cJSON_IsBool(item))
        snprintf(f.text, sizeof f.text, "%s", cJSON_IsTrue(item) ? "yes" : "no");
    text_clean(f.text);
    return f;
}

struct field field_text(const cJSON *object, const char *path)
{
    return field_value(field_find(object, path));
}

static struct field fixed(double value, int digits, const char *unit)
{
    struct field f;
    snprintf(f.text, sizeof f.text, "%.*f%s", digits, value == 0 ? 0.0 : value, unit); // no "-0"
    return f;
}

struct field field_scaled(const cJSON *object, const char *path, double scale, int digits)
{
    double value;
    return field_number(object, path, &value) ? fixed(value * scale, digits, "") : nothing;
}

struct field field_fixed(const cJSON *object, const char *path, int digits)
{
    return field_scaled(object, path, 1, digits);
}

struct unit_step {
    double from, scale;
    const char *unit;
};

/* In the largest unit of which it is at least one; the steps end with `from` 0. */
static struct field in_unit(const cJSON *object, const char *path, const struct unit_step *steps)
{
    double value;
    if (!field_number(object, path, &value))
        return nothing;
    while (steps->from > fabs(value))
        steps++;
    double shown = value * steps->scale;
    return fixed(shown, steps->from == 0 || fabs(shown) >= 99.95 ? (shown != floor(shown)) : 1, steps->unit);
}

struct field field_latency(const cJSON *object, const char *path)
{
    static const struct unit_step steps[] = {{1e6, 1e-6, " s"}, {1e3, 1e-3, " ms"}, {0, 1, " us"}};
    return in_unit(object, path, steps);
}

struct field field_energy(const cJSON *object, const char *path)
{
    static const struct unit_step steps[] = {{1e6, 1e-6, " J"}, {1e3, 1e-3, " mJ"}, {0, 1, " uJ"}};
    return in_unit(object, path, steps);
}

struct field field_bytes(const cJSON *object, const char *path)
{
    static const struct unit_step steps[] = {{1 << 20, 1.0 / (1 << 20), " MiB"}, {1 << 10, 1.0 / (1 << 10), " KiB"}, {0, 1, " B"}};
    return in_unit(object, path, steps);
}

struct field field_duration(double seconds)
{
    struct field f;
    long s = seconds > 0 && seconds < 1e15 ? (long)seconds : 0;
    if (s >= 86400)
        snprintf(f.text, sizeof f.text, "%ld d %ld h", s / 86400, s / 3600 % 24);
    else if (s >= 3600)
        snprintf(f.text, sizeof f.text, "%ld h %ld min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(f.text, sizeof f.text, "%ld min %ld s", s / 60, s % 60);
    else
        snprintf(f.text, sizeof f.text, "%ld s", s);
    return f;
}

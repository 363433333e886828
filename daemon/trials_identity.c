// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/trials_identity.h"

#include "base/sha256.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/strict_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 72 // bytes of a value in a line about differences
#define SHOWN_HEX 12 // digits of a hash there

enum part_kind {
    PART_VALUE = 0, // as it stands in the study file
    PART_FILE,      // SHA-256 of the file that is named there
    PART_FILE_IF_ANY,
    PART_RUNNER,    // not of the study file
    PART_ORIGIN,
};

static const struct part {
    const char *key; // of the study file, objects within each other separated by dots
    enum part_kind kind;
} parts[] = {
    {"network", PART_FILE},
    {"data.calibration", PART_FILE},
    {"data.validation", PART_FILE},
    {"data.validation_labels", PART_FILE_IF_ANY},
    {"data.validation_first", PART_VALUE},
    {"data.validation_samples", PART_VALUE},
    {"input.scale", PART_VALUE},
    {"input.mean", PART_VALUE},
    {"input.std", PART_VALUE},
    {"input.layout", PART_VALUE},
    {"space.clipping", PART_VALUE},
    {"space.per_tensor", PART_VALUE},
    {"space.equalize", PART_VALUE},
    {"space.state_bits", PART_VALUE},
    {"space.tune_steps", PART_VALUE},
    {"metric", PART_VALUE},
    {"scorer", PART_FILE_IF_ANY},
    {"board_type", PART_VALUE},
    {"measure.placement", PART_VALUE},
    {"measure.energy", PART_VALUE},
    {"runner", PART_RUNNER},
    {"origin", PART_ORIGIN},
};

#define PARTS (sizeof parts / sizeof *parts)

static bool is_file(const struct part *p)
{
    return p->kind == PART_FILE || p->kind == PART_FILE_IF_ANY;
}

/* What was taken in stands in a folder of that name; of other files it is computed. NULL where they cannot be read. */
static cJSON *hash_of(const char *path)
{
    char hex[SHA256_HEX] = "";
    uint8_t digest[SHA256_BYTES];
    const char *end = strrchr(path, '/');
    if (end && end - path >= SHA256_HEX && end[-SHA256_HEX] == '/')
        snprintf(hex, sizeof hex, "%.*s", SHA256_HEX - 1, end - (SHA256_HEX - 1));
    if (sha256_parse(hex, digest) != 0 && sha256_file(path, digest, NULL) != 0)
        return NULL;
    return cJSON_CreateString(sha256_hex(digest, hex));
}

cJSON *trials_identity(const struct study_file *f, const char *runner, bool is_virtual)
{
    char *text = study_file_text(f);
    cJSON *config = text ? cJSON_Parse(text) : NULL, *o = config ? cJSON_CreateObject() : NULL;
    for (size_t i = 0; o && i < PARTS; i++) {
        const struct part *p = &parts[i];
        const cJSON *v = field_find(config, p->key);
        cJSON *part = p->kind == PART_RUNNER   ? cJSON_CreateString(runner)
                      : p->kind == PART_ORIGIN ? cJSON_CreateString(is_virtual ? "virtual" : "real")
                      : !v                     ? NULL
                      : is_file(p)             ? hash_of(cJSON_IsString(v) ? v->valuestring : "")
                                               : cJSON_Duplicate(v, 1);
        if (part)
            cJSON_AddItemToObject(o, p->key, part);
    }
    cJSON_Delete(config);
    free(text);
    return o;
}

int trials_identity_check(const cJSON *identity, struct error *e)
{
    uint8_t digest[SHA256_BYTES];
    if (!cJSON_IsObject(identity))
        return error_set(e, "it has no \"identity\"");
    for (size_t i = 0; i < PARTS; i++) {
        const struct part *p = &parts[i];
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(identity, p->key);
        const char *hex = cJSON_GetStringValue(v);
        if (v && (is_file(p) || p->kind == PART_RUNNER) && (!hex || sha256_parse(hex, digest) != 0))
            return error_set(e, "\"%s\" of its \"identity\" is no SHA-256", p->key);
    }
    if (!cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(identity, "measure.energy")))
        return error_set(e, "\"measure.energy\" of its \"identity\" is neither true nor false"); // says what figures a trial has
    return 0;
}

/* A value for people. */
static const char *show(const cJSON *v, char text[SHOWN_MAX])
{
    const char *string = cJSON_GetStringValue(v);
    char *json = v ? cJSON_PrintUnformatted(v) : NULL;
    if (string && strlen(string) == SHA256_HEX - 1)
        snprintf(text, SHOWN_MAX, "%.*s...", SHOWN_HEX, string);
    else
        snprintf(text, SHOWN_MAX, "%s", json ? json : "nothing");
    free(json);
    return text;
}

/* What neither of them has is equal only where it may be missing. */
static bool equal(const struct part *p, const cJSON *a, const cJSON *b)
{
    return !a && !b ? p->kind == PART_FILE_IF_ANY : cJSON_Compare(a, b, 1);
}

bool trials_identity_equal(const cJSON *theirs, const cJSON *ours, struct error *why)
{
    char there[SHOWN_MAX], here[SHOWN_MAX], text[ERROR_TEXT_MAX] = "";
    for (size_t i = 0; i < PARTS; i++) {
        const cJSON *a = cJSON_GetObjectItemCaseSensitive(theirs, parts[i].key), *b = cJSON_GetObjectItemCaseSensitive(ours, parts[i].key);
        size_t at = strlen(text);
        if (!equal(&parts[i], a, b))
            snprintf(text + at, sizeof text - at, "%s\"%s\" is %s there and %s here", at ? "; " : "", parts[i].key, show(a, there), show(b, here));
    }
    if (!text[0])
        return true;
    strict_json_clean(text);
    error_set(why, "%s", text);
    return false;
}

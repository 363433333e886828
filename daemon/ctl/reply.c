// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Ready-made JSON is put between a head and a tail without being read; what comes as text is escaped by cJSON.
#include "daemon/ctl/reply.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `head` `json` `tail` and a line feed. */
static char *frame(const char *head, const char *json, size_t json_size, const char *tail, size_t *size)
{
    size_t a = strlen(head), b = strlen(tail);
    char *line = malloc(a + json_size + b + 2);
    if (!line)
        return NULL;
    memcpy(line, head, a);
    memcpy(line + a, json, json_size);
    memcpy(line + a + json_size, tail, b);
    memcpy(line + a + json_size + b, "\n", 2);
    *size = a + json_size + b + 1;
    return line;
}

char *reply_result(const char *id, const char *json, size_t json_size, size_t *size)
{
    char head[1024];
    snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":", id);
    return frame(head, json, json_size, "}", size);
}

static cJSON *refusal_object(const struct refusal *why)
{
    cJSON *error = cJSON_CreateObject();
    cJSON_AddNumberToObject(error, "code", why->code);
    cJSON_AddStringToObject(error, "message", why->text);
    cJSON *data = cJSON_AddObjectToObject(error, "data");
    cJSON_AddStringToObject(data, "kind", kind_name(why->kind));
    if (why->field[0])
        cJSON_AddStringToObject(data, "field", why->field);
    if (why->hint[0])
        cJSON_AddStringToObject(data, "hint", why->hint);
    return error;
}

char *reply_refusal(const char *id, const struct refusal *why, size_t *size)
{
    char head[1024];
    snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":", id);
    cJSON *error = refusal_object(why);
    char *json = cJSON_PrintUnformatted(error);
    cJSON_Delete(error);
    char *line = json ? frame(head, json, strlen(json), "}", size) : NULL;
    cJSON_free(json);
    return line;
}

char *reply_event(const char *json, size_t *size)
{
    return frame("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":", json, strlen(json), "}", size);
}

char *reply_lag(int64_t resume, int64_t lost, size_t *size)
{
    char json[96];
    int n = snprintf(json, sizeof json, "{\"resume\":%" PRId64 ",\"lost\":%" PRId64 "}", resume, lost);
    return frame("{\"jsonrpc\":\"2.0\",\"method\":\"lag\",\"params\":", json, (size_t)n, "}", size);
}

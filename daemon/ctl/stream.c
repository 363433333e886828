// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Subscribe, read, and come back with what was seen last.
#include "daemon/ctl/stream.h"

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int subscribe(struct stream *s, struct client_failure *f)
{
    cJSON *params = cJSON_Duplicate(s->filter, true), *result = NULL;
    if (s->seen >= 0) {
        cJSON_DeleteItemFromObjectCaseSensitive(params, "since");
        cJSON_AddNumberToObject(params, "since", (double)s->seen);
    }
    int bad = client_call(&s->client, "events.subscribe", params, &result, f);
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(result, "seq");
    if (!bad && !cJSON_HasObjectItem(params, "since") && cJSON_IsNumber(seq))
        s->seen = (int64_t)seq->valuedouble;
    cJSON_Delete(result);
    cJSON_Delete(params);
    if (bad)
        client_disconnect(&s->client);
    return bad;
}

static int connect_and_subscribe(struct stream *s, struct client_failure *f)
{
    return client_connect(&s->client, f) != 0 ? -1 : subscribe(s, f);
}

int stream_open(struct stream *s, const char *socket, const cJSON *filter, void (*say)(const char *text),
                struct client_failure *f)
{
    *s = (struct stream){.seen = -1, .retry_ms = STREAM_RETRY_MIN_MS, .say = say};
    s->filter = cJSON_Duplicate(filter, true);
    const cJSON *since = cJSON_GetObjectItemCaseSensitive(filter, "since");
    int bad = client_init(&s->client, socket, f);
    if (cJSON_IsNumber(since))
        s->seen = (int64_t)since->valuedouble;
    return bad ? -1 : connect_and_subscribe(s, f);
}

void stream_close(struct stream *s)
{
    client_finish(&s->client);
    cJSON_Delete(s->filter);
    s->filter = NULL;
}

/* A socket that is not there cannot be waited for but by looking again, ever more rarely. */
static void wait_before_retry(struct stream *s, int64_t deadline_ms, int also_fd)
{
    struct pollfd fd = {.fd = also_fd, .events = POLLIN};
    int64_t ms = s->retry_ms;
    if (deadline_ms != CLIENT_FOREVER && deadline_ms - client_now() < ms)
        ms = deadline_ms - client_now();
    poll(&fd, 1, ms < 0 ? 0 : (int)ms);
    s->retry_ms = s->retry_ms * 2 < STREAM_RETRY_MAX_MS ? s->retry_ms * 2 : STREAM_RETRY_MAX_MS;
}

/* Returns STREAM_RESUMED, STREAM_NOTHING or -1. */
static int come_back(struct stream *s, int64_t deadline_ms, int also_fd, struct client_failure *f)
{
    if (connect_and_subscribe(s, f) == 0) {
        s->retry_ms = STREAM_RETRY_MIN_MS;
        return STREAM_RESUMED;
    }
    bool newer = s->seen > 0 && strcmp(f->why.field, "since") == 0;
    if (newer) {
        s->say("the service has another database: going on with its new events");
        s->seen = -1;
        cJSON_DeleteItemFromObjectCaseSensitive(s->filter, "since");
    }
    if (!newer && f->exit_code != EXIT_NOT_RUNNING && f->why.kind != KIND_BUSY)
        return -1;
    wait_before_retry(s, deadline_ms, also_fd);
    return STREAM_NOTHING;
}

static void take_lag(struct stream *s, const cJSON *params)
{
    const cJSON *resume = cJSON_GetObjectItemCaseSensitive(params, "resume");
    const cJSON *lost = cJSON_GetObjectItemCaseSensitive(params, "lost");
    if (cJSON_IsNumber(resume))
        s->seen = (int64_t)resume->valuedouble;
    if (cJSON_IsNumber(lost) && lost->valuedouble > 0) {
        char text[80];
        snprintf(text, sizeof text, "%.0f events are no longer kept", lost->valuedouble);
        s->say(text);
    }
    client_disconnect(&s->client);
}

/* Returns whether the message was an event, then in *event. Takes the message. */
static bool take_message(struct stream *s, cJSON *message, cJSON **event)
{
    const char *method = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "method"));
    cJSON *params = cJSON_DetachItemFromObjectCaseSensitive(message, "params");
    bool is_event = method && params && strcmp(method, "event") == 0;
    if (is_event) {
        const cJSON *seq = cJSON_GetObjectItemCaseSensitive(params, "seq");
        s->seen = cJSON_IsNumber(seq) ? (int64_t)seq->valuedouble : s->seen;
        *event = params;
    } else {
        if (method && strcmp(method, "lag") == 0)
            take_lag(s, params);
        cJSON_Delete(params);
    }
    cJSON_Delete(message);
    return is_event;
}

static bool is_over(int64_t deadline_ms)
{
    return deadline_ms != CLIENT_FOREVER && client_now() >= deadline_ms;
}

int stream_next(struct stream *s, int64_t deadline_ms, int also_fd, cJSON **event, struct client_failure *f)
{
    for (;;) {
        if (s->client.fd < 0) {
            int result = come_back(s, deadline_ms, also_fd, f);
            if (result != STREAM_NOTHING || also_fd >= 0 || is_over(deadline_ms))
                return result;
            continue;
        }
        cJSON *message = NULL;
        int result = client_next(&s->client, deadline_ms, also_fd, &message, f);
        if (result == 0 && take_message(s, message, event))
            return STREAM_EVENT;
        if (result > 0)
            return STREAM_NOTHING;
        if (result < 0 && f->exit_code != EXIT_NOT_RUNNING)
            return -1;
        if (result < 0)
            s->say("the service has ended: waiting for it to come back");
    }
}

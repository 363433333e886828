// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Events are read from the application in pieces, as fast as the subscriber takes them, so that nothing queues up for a slow one.
#include "daemon/ctl/reply.h"
#include "daemon/ctl/server_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct server_pull {
    struct session *connection;
    int64_t newest; // event there was when it was asked
};

/* "trial.measured" is meant by itself and by its group, "trial". */
static bool topic_matches(const char *wanted, const char *topic)
{
    size_t n = strlen(wanted);
    return strncmp(wanted, topic, n) == 0 && (topic[n] == '\0' || topic[n] == '.');
}

static bool topic_exists(const char *wanted)
{
    for (const char *t = commands_topics(); *t;) {
        char topic[64];
        size_t n = strcspn(t, " ");
        snprintf(topic, sizeof topic, "%.*s", (int)n, t);
        if (wanted[0] && topic_matches(wanted, topic))
            return true;
        t += n + (t[n] == ' ');
    }
    return false;
}

static int check_topics(const cJSON *topics, struct refusal *why)
{
    const cJSON *topic;
    cJSON_ArrayForEach(topic, topics)
    {
        if (topic_exists(topic->valuestring))
            continue;
        refusal_set(why, CODE_PARAMS, KIND_INVALID, "topics", "there is no topic \"%.40s\"", topic->valuestring);
        return refusal_hint(why, "one of: %s", commands_topics());
    }
    return 0;
}

static int take_since(const struct server *s, const cJSON *params, struct subscription *sub, struct refusal *why)
{
    const cJSON *since = cJSON_GetObjectItemCaseSensitive(params, "since");
    sub->seen = since ? (int64_t)since->valuedouble : s->seq;
    if (sub->seen <= s->seq)
        return 0;
    refusal_set(why, CODE_PARAMS, KIND_INVALID, "since", "the newest event is %" PRId64, s->seq);
    return refusal_hint(why, "another database? leave since out, or say 0 for all that is kept");
}

static int take_study(const struct server *s, const cJSON *params, struct subscription *sub, struct refusal *why)
{
    const cJSON *study = cJSON_GetObjectItemCaseSensitive(params, "study");
    if (!study)
        return 0;
    if (s->actions.study)
        sub->study = s->actions.study(s->actions.user, study);
    else if (cJSON_IsNumber(study))
        sub->study = (int64_t)study->valuedouble;
    if (sub->study > 0)
        return 0;
    return refusal_set(why, kind_code(KIND_NOT_FOUND), KIND_NOT_FOUND, "study", "there is no such study");
}

static int take(struct session *c, const cJSON *params, struct subscription *sub, struct refusal *why)
{
    const cJSON *topics = cJSON_GetObjectItemCaseSensitive(params, "topics");
    if (c->subscription.active) {
        refusal_set(why, kind_code(KIND_CONFLICT), KIND_CONFLICT, NULL, "this connection has a subscription");
        return refusal_hint(why, "make another connection");
    }
    if (check_topics(topics, why) != 0 || take_since(c->server, params, sub, why) != 0 ||
        take_study(c->server, params, sub, why) != 0)
        return -1;
    sub->topics = cJSON_GetArraySize(topics) > 0 ? cJSON_Duplicate(topics, true) : NULL;
    return 0;
}

void subscription_begin(struct session *c, struct request *r)
{
    struct subscription sub = {.active = true};
    struct refusal why;
    if (take(c, r->params, &sub, &why) != 0) {
        if (r->wants_answer)
            session_refuse(c, r->id, &why);
        return;
    }
    sub.number = ++c->server->subscriptions;
    c->subscription = sub;
    char json[96];
    int n = snprintf(json, sizeof json, "{\"subscription\":%" PRId64 ",\"seq\":%" PRId64 "}", sub.number, c->server->seq);
    size_t size = 0;
    char *line = r->wants_answer ? reply_result(r->id, json, (size_t)n, &size) : NULL;
    if (r->wants_answer)
        session_send(c, line, size);
    server_kick(c->server);
}

void subscription_end(struct session *c)
{
    cJSON_Delete(c->subscription.topics);
    c->subscription = (struct subscription){.active = false};
}

void subscription_pull(struct session *c)
{
    struct server *s = c->server;
    if (c->state != SESSION_OPEN || !c->subscription.active || c->pulling || c->unsent >= SERVER_PULL_WATER ||
        c->subscription.seen >= s->seq)
        return;
    struct server_pull *pull = malloc(sizeof *pull);
    if (!pull) {
        session_close(c);
        return;
    }
    *pull = (struct server_pull){.connection = c, .newest = s->seq};
    c->pulling = true;
    s->actions.events(s->actions.user, pull, c->subscription.seen, SERVER_PULL_MAX);
}

static bool is_wanted(const struct subscription *sub, const struct server_event *event)
{
    if (sub->study && event->study != sub->study)
        return false;
    if (!sub->topics)
        return true;
    const cJSON *topic;
    cJSON_ArrayForEach(topic, sub->topics)
    {
        if (topic_matches(topic->valuestring, event->topic))
            return true;
    }
    return false;
}

/* The last line of a subscription that cannot go on. */
static void lag(struct session *c, int64_t resume, int64_t lost)
{
    size_t size = 0;
    char *line = reply_lag(resume, lost, &size);
    session_send(c, line, size);
    session_drain(c);
}

/* Stops where the subscriber has enough for now; what is left is asked for again. */
static void send_events(struct session *c, const struct server_event *events, int n)
{
    struct subscription *sub = &c->subscription;
    for (int i = 0; i < n && sub->active && c->unsent < SERVER_HIGH_WATER / 2; i++) {
        assert(events[i].seq > sub->seen);
        if (is_wanted(sub, &events[i])) {
            size_t size = 0;
            char *line = reply_event(events[i].json, &size);
            session_send(c, line, size);
        }
        if (sub->active)
            sub->seen = events[i].seq;
    }
}

void server_events(struct server_pull *pull, const struct server_event *events, int n, int64_t oldest)
{
    struct session *c = pull->connection;
    struct subscription *sub = &c->subscription;
    int64_t newest = pull->newest, kept_from = oldest ? oldest : newest + 1;
    free(pull);
    c->pulling = false;
    server_kick(c->server); // to go on, or to end
    if (c->state != SESSION_OPEN || !sub->active)
        return;
    if (n < 0)
        lag(c, sub->seen, 0);
    else if (sub->seen > 0 && kept_from > sub->seen + 1)
        lag(c, kept_from - 1, kept_from - 1 - sub->seen);
    else if (n == 0)
        sub->seen = newest;
    else
        send_events(c, events, n);
}

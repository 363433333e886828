// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Verbs that live on events: watch prints them, wait looks at the service again whenever one comes.
#include "daemon/ctl/condition.h"
#include "daemon/ctl/field.h"
#include "daemon/ctl/stream.h"
#include "daemon/ctl/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 2000 // beyond its time, wait still takes the answer that it has asked for

static int print_event(const struct verb *v, const cJSON *event)
{
    struct buffer out;
    buffer_init(&out, TEXT_LIMIT);
    if (v->args->json) {
        char *json = cJSON_PrintUnformatted(event);
        if (json)
            buffer_append(&out, json, strlen(json));
        buffer_append(&out, "\n", 1);
        free(json);
    } else {
        render_event(event, &v->style, &out);
    }
    return verb_print(&out);
}

int verb_watch(const struct verb *v)
{
    struct stream s;
    struct client_failure f;
    double count = -1;
    int exit_code = 0;
    args_number(v->args, "--count", &count);
    if (stream_open(&s, v->args->socket, v->args->params, verb_say, &f) != 0) {
        stream_close(&s);
        return verb_fail(&f);
    }
    while (count != 0 && exit_code == 0) {
        cJSON *event = NULL;
        int result = stream_next(&s, CLIENT_FOREVER, -1, &event, &f);
        if (result < 0)
            exit_code = verb_fail(&f);
        if (result == STREAM_EVENT) {
            exit_code = print_event(v, event);
            cJSON_Delete(event);
            count -= count > 0;
        }
    }
    stream_close(&s);
    return exit_code;
}

struct waiting {
    const struct verb *verb;
    struct condition condition;
    struct stream stream;
    struct client client;
    int64_t deadline_ms;
    char text[512]; // how it stands
};

/* Returns 0 with the verdict, or -1 with the failure. */
static int judge(struct waiting *w, enum verdict *verdict, struct client_failure *f)
{
    cJSON *studies = NULL, *boards = NULL;
    bool on_board = w->condition.subject == CONDITION_BOARD;
    w->client.deadline_ms = w->deadline_ms == CLIENT_FOREVER ? CLIENT_FOREVER : w->deadline_ms + ANSWER_MS;
    int bad = client_connect(&w->client, f); // anew each time: who is idle may be closed
    if (!bad)
        bad = client_call(&w->client, on_board ? "board.list" : "study.list", NULL, on_board ? &boards : &studies, f);
    if (!bad)
        *verdict = condition_judge(&w->condition, studies, boards, field_find(w->verb->args->params, "study"), w->text,
                                   sizeof w->text);
    client_disconnect(&w->client);
    cJSON_Delete(studies);
    cJSON_Delete(boards);
    return bad;
}

/* Takes the events that are there already; one look at the service answers for all of them. */
static int skip_events(struct waiting *w, struct client_failure *f)
{
    int result = STREAM_EVENT;
    for (int64_t deadline = w->deadline_ms; result == STREAM_EVENT; deadline = 0) {
        cJSON *event = NULL;
        result = stream_next(&w->stream, deadline, -1, &event, f);
        cJSON_Delete(event);
    }
    return result < 0 ? -1 : 0;
}

/* Until there is a verdict, the time is over (then it is pending), or the service refuses (-1). */
static int wait_for_verdict(struct waiting *w, enum verdict *verdict, struct client_failure *f)
{
    for (;;) {
        int bad = judge(w, verdict, f);
        if (bad && f->exit_code == EXIT_TIMEOUT)
            return 0;
        if (bad && f->exit_code != EXIT_NOT_RUNNING && f->why.kind != KIND_BUSY)
            return -1;
        if (!bad && *verdict != VERDICT_PENDING)
            return 0;
        if (w->deadline_ms != CLIENT_FOREVER && client_now() >= w->deadline_ms)
            return 0;
        if (skip_events(w, f) != 0)
            return -1;
    }
}

static int print_verdict(const struct waiting *w, enum verdict verdict)
{
    static const int exit_codes[] = {[VERDICT_PENDING] = EXIT_TIMEOUT, [VERDICT_HOLDS] = 0, [VERDICT_NEVER] = 1, [VERDICT_MISSING] = 4};
    if (!w->verb->args->json) {
        if (verdict == VERDICT_HOLDS)
            return printf("%s\n", w->text) > 0 && fflush(stdout) == 0 ? 0 : 1;
        return verb_refuse(exit_codes[verdict], "%s%s", verdict == VERDICT_PENDING ? "time is up: " : "", w->text);
    }
    cJSON *said = cJSON_CreateObject();
    cJSON_AddStringToObject(said, "condition", args_text(w->verb->args, "CONDITION"));
    cJSON_AddBoolToObject(said, "holds", verdict == VERDICT_HOLDS);
    cJSON_AddBoolToObject(said, "timeout", verdict == VERDICT_PENDING);
    cJSON_AddStringToObject(said, "text", w->text);
    int bad = verb_print_json(w->verb, said);
    cJSON_Delete(said);
    return bad ? bad : exit_codes[verdict];
}

int verb_wait(const struct verb *v)
{
    struct waiting w = {.verb = v, .stream.client.fd = -1, .deadline_ms = CLIENT_FOREVER, .text = "the service does not answer"};
    struct client_failure f;
    struct error e = {""};
    enum verdict verdict = VERDICT_PENDING;
    double timeout;
    if (condition_parse(args_text(v->args, "CONDITION"), &w.condition, &e) != 0)
        return verb_refuse(2, "%s", e.text);
    if (args_number(v->args, "--timeout", &timeout))
        w.deadline_ms = client_now() + (int64_t)(timeout * 1000);
    cJSON *all = cJSON_CreateObject();
    bool good = client_init(&w.client, v->args->socket, &f) == 0 && // first subscribe, then look: nothing can slip between
                stream_open(&w.stream, v->args->socket, all, verb_say, &f) == 0 && wait_for_verdict(&w, &verdict, &f) == 0;
    stream_close(&w.stream);
    client_finish(&w.client);
    cJSON_Delete(all);
    return good ? print_verdict(&w, verdict) : verb_fail(&f);
}

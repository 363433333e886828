// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A service that answers from a file of recorded answers (toy_answers.json), behind the real server: for tests of the client.
// usage: toy_pared SOCKET FILE SEQ ACCESS: SEQ events of the file have happened; ACCESS: operator or reader.
//
// The file: {"answers": [{"method", "params": {...}, "from": SEQ, "emit": N, "result": {...} or "error": {"kind", "field", "hint",
// "text"}}], "events": [...]}. The last answer holds whose params are all in the request and whose `from` is not above SEQ; `emit` lets
// that many more events happen. Each request is told on standard output: "METHOD PARAMS".
#include "base/file.h"
#include "daemon/ctl/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct toy {
    uv_loop_t loop;
    struct server *server;
    cJSON *file;
    int seq;
    enum access access;
};

static enum access access_of(void *user, const struct server_peer *peer)
{
    (void)peer;
    return ((struct toy *)user)->access;
}

static bool is_part(const cJSON *part, const cJSON *whole)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, part)
    {
        if (!cJSON_Compare(item, cJSON_GetObjectItemCaseSensitive(whole, item->string), true))
            return false;
    }
    return true;
}

static const cJSON *find_answer(const struct toy *t, const char *method, const cJSON *params)
{
    const cJSON *answer, *found = NULL;
    cJSON_ArrayForEach(answer, cJSON_GetObjectItem(t->file, "answers"))
    {
        const cJSON *from = cJSON_GetObjectItem(answer, "from");
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(answer, "method")), method) == 0 &&
            is_part(cJSON_GetObjectItem(answer, "params"), params) && (!from || from->valueint <= t->seq))
            found = answer;
    }
    return found;
}

static void answer(struct toy *t, enum method method, struct server_call *call, const cJSON *params)
{
    char *said = cJSON_PrintUnformatted(params);
    printf("%s %s\n", commands_by_method(method)->name, said);
    fflush(stdout);
    free(said);
    const cJSON *found = find_answer(t, commands_by_method(method)->name, params);
    const cJSON *error = cJSON_GetObjectItem(found, "error"), *emit = cJSON_GetObjectItem(found, "emit");
    if (!found) {
        server_fail(call, KIND_FAILED, NULL, NULL, "the toy has no answer");
        return;
    }
    if (emit) {
        t->seq += emit->valueint;
        server_wake(t->server, t->seq);
    }
    if (error)
        server_fail(call, kind_from_name(cJSON_GetStringValue(cJSON_GetObjectItem(error, "kind"))),
                    cJSON_GetStringValue(cJSON_GetObjectItem(error, "field")),
                    cJSON_GetStringValue(cJSON_GetObjectItem(error, "hint")), "%s",
                    cJSON_GetStringValue(cJSON_GetObjectItem(error, "text")));
    else
        server_answer(call, cJSON_Duplicate(cJSON_GetObjectItem(found, "result"), true));
}

#define ANSWER(method)                                                                                                 \
    static void answer_##method(void *user, struct server_call *call, const cJSON *params)                             \
    {                                                                                                                  \
        answer(user, method, call, params);                                                                            \
    }
ANSWER(METHOD_HELLO)
ANSWER(METHOD_STATUS)
ANSWER(METHOD_STUDY_CREATE)
ANSWER(METHOD_STUDY_CHECK)
ANSWER(METHOD_STUDY_START)
ANSWER(METHOD_STUDY_PAUSE)
ANSWER(METHOD_STUDY_RESUME)
ANSWER(METHOD_STUDY_STOP)
ANSWER(METHOD_STUDY_LIST)
ANSWER(METHOD_STUDY_SHOW)
ANSWER(METHOD_TRIAL_LIST)
ANSWER(METHOD_TRIAL_SHOW)
ANSWER(METHOD_TRIAL_TRACE)
ANSWER(METHOD_BOARD_LIST)
ANSWER(METHOD_BOARD_CANARY)
ANSWER(METHOD_BOARD_REFERENCE)
ANSWER(METHOD_BOARD_RELEASE)
ANSWER(METHOD_BEST)
ANSWER(METHOD_PARETO)
ANSWER(METHOD_EXPORT)
ANSWER(METHOD_CONFIG_SHOW)
ANSWER(METHOD_DB_CHECK)
ANSWER(METHOD_DB_BACKUP)
ANSWER(METHOD_DB_DIGEST)

static server_action *const actions[METHOD_COUNT] = {
    [METHOD_HELLO] = answer_METHOD_HELLO,
    [METHOD_STATUS] = answer_METHOD_STATUS,
    [METHOD_STUDY_CREATE] = answer_METHOD_STUDY_CREATE,
    [METHOD_STUDY_CHECK] = answer_METHOD_STUDY_CHECK,
    [METHOD_STUDY_START] = answer_METHOD_STUDY_START,
    [METHOD_STUDY_PAUSE] = answer_METHOD_STUDY_PAUSE,
    [METHOD_STUDY_RESUME] = answer_METHOD_STUDY_RESUME,
    [METHOD_STUDY_STOP] = answer_METHOD_STUDY_STOP,
    [METHOD_STUDY_LIST] = answer_METHOD_STUDY_LIST,
    [METHOD_STUDY_SHOW] = answer_METHOD_STUDY_SHOW,
    [METHOD_TRIAL_LIST] = answer_METHOD_TRIAL_LIST,
    [METHOD_TRIAL_SHOW] = answer_METHOD_TRIAL_SHOW,
    [METHOD_TRIAL_TRACE] = answer_METHOD_TRIAL_TRACE,
    [METHOD_BOARD_LIST] = answer_METHOD_BOARD_LIST,
    [METHOD_BOARD_CANARY] = answer_METHOD_BOARD_CANARY,
    [METHOD_BOARD_REFERENCE] = answer_METHOD_BOARD_REFERENCE,
    [METHOD_BOARD_RELEASE] = answer_METHOD_BOARD_RELEASE,
    [METHOD_BEST] = answer_METHOD_BEST,
    [METHOD_PARETO] = answer_METHOD_PARETO,
    [METHOD_EXPORT] = answer_METHOD_EXPORT,
    [METHOD_CONFIG_SHOW] = answer_METHOD_CONFIG_SHOW,
    [METHOD_DB_CHECK] = answer_METHOD_DB_CHECK,
    [METHOD_DB_BACKUP] = answer_METHOD_DB_BACKUP,
    [METHOD_DB_DIGEST] = answer_METHOD_DB_DIGEST,
};

static void on_events(void *user, struct server_pull *pull, int64_t since, int limit)
{
    struct toy *t = user;
    struct server_event events[SERVER_PULL_MAX];
    const cJSON *event;
    int n = 0;
    cJSON_ArrayForEach(event, cJSON_GetObjectItem(t->file, "events"))
    {
        int seq = cJSON_GetObjectItem(event, "seq")->valueint;
        const cJSON *study = cJSON_GetObjectItem(event, "study");
        if (seq > since && seq <= t->seq && n < limit)
            events[n++] = (struct server_event){.seq = seq,
                                                .topic = cJSON_GetStringValue(cJSON_GetObjectItem(event, "topic")),
                                                .study = cJSON_IsNumber(study) ? study->valueint : 0,
                                                .json = cJSON_PrintUnformatted(event)};
    }
    server_events(pull, events, n, 1);
    while (n-- > 0)
        free((char *)events[n].json);
}

static cJSON *read_answers(const char *path)
{
    struct error e;
    char *text;
    size_t size;
    if (file_read(path, 1 << 24, &text, &size, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        return NULL;
    }
    cJSON *file = cJSON_ParseWithLength(text, size);
    free(text);
    return file;
}

int main(int argc, char **argv)
{
    static struct toy toy;
    struct error e = {""};
    if (argc != 5 || !(toy.file = read_answers(argv[2]))) {
        fprintf(stderr, "usage: toy_pared SOCKET FILE SEQ ACCESS\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    toy.seq = atoi(argv[3]);
    toy.access = strcmp(argv[4], "operator") == 0 ? ACCESS_OPERATOR : ACCESS_READER;
    uv_loop_init(&toy.loop);
    struct server_options options = {.path = argv[1], .mode = 0600, .seq = toy.seq};
    struct server_actions all = {.user = &toy, .access = access_of, .events = on_events};
    memcpy(all.calls, actions, sizeof actions);
    if (server_open(&toy.loop, &options, &all, &toy.server, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        return EXIT_FAILURE;
    }
    printf("ready\n");
    fflush(stdout);
    return uv_run(&toy.loop, UV_RUN_DEFAULT);
}

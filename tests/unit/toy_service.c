// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// See toy_service.h.
#include "tests/unit/toy_service.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TURNS_MAX 2000 // of the loop without a byte: it will not come

static enum access toy_access(void *user, const struct server_peer *peer)
{
    struct toy *t = user;
    ck_assert_uint_eq(peer->uid, geteuid());
    ck_assert_int_eq(peer->pid, getpid());
    return t->access;
}

static void on_status(void *user, struct server_call *call, const cJSON *params)
{
    struct toy *t = user;
    t->calls++;
    ck_assert(cJSON_IsObject(params));
    server_answer_text(call, "{\"ok\":1.50}", 11);
}

static void on_list(void *user, struct server_call *call, const cJSON *params)
{
    struct toy *t = user;
    (void)params;
    t->calls++;
    ck_assert_int_lt(t->n_held, TOY_HELD_MAX);
    t->held[t->n_held++] = call;
}

/* trial.list: `limit` KiB of text. */
static void on_trials(void *user, struct server_call *call, const cJSON *params)
{
    struct toy *t = user;
    t->calls++;
    size_t size = (size_t)cJSON_GetObjectItem(params, "limit")->valueint << 10;
    char *text = malloc(size + 2);
    memset(text, 'x', size + 2);
    text[0] = text[size + 1] = '"';
    server_answer_text(call, text, size + 2);
    free(text);
}

static void on_pause(void *user, struct server_call *call, const cJSON *params)
{
    struct toy *t = user;
    t->calls++;
    const cJSON *study = cJSON_GetObjectItem(params, "study");
    if (cJSON_IsString(study))
        server_fail(call, KIND_NOT_FOUND, "study", "pare study list", "there is no study \"%s\"", study->valuestring);
    else
        server_answer(call, cJSON_Parse("{\"state\":\"paused\"}"));
}

static void on_shutdown(void *user, struct server_call *call, const cJSON *params)
{
    struct toy *t = user;
    (void)params;
    server_answer_text(call, "{}", 2);
    server_close(t->server, NULL, NULL);
    t->server = NULL;
}

void toy_answer_pull(struct toy *t)
{
    struct server_event events[SERVER_PULL_MAX];
    char json[SERVER_PULL_MAX][1200];
    int n = 0;
    int64_t first = t->pull_since + 1 > t->oldest ? t->pull_since + 1 : t->oldest;
    for (int64_t seq = first; seq <= t->newest && n < SERVER_PULL_MAX; seq++, n++) {
        const char *topic = seq % 2 ? "trial.measured" : "board.state";
        snprintf(json[n], sizeof json[n], "{\"seq\":%" PRId64 ",\"topic\":\"%s\",\"pad\":\"%01000d\"}", seq, topic, 0);
        events[n] = (struct server_event){.seq = seq, .topic = topic, .study = seq % 3, .json = json[n]};
    }
    struct server_pull *pull = t->pull;
    t->pull = NULL;
    server_events(pull, events, n, t->oldest);
}

static void on_events(void *user, struct server_pull *pull, int64_t since, int limit)
{
    struct toy *t = user;
    ck_assert_int_eq(limit, SERVER_PULL_MAX);
    t->pulls++;
    t->pull = pull;
    t->pull_since = since;
    if (!t->hold_pulls)
        toy_answer_pull(t);
}

static int64_t study_number(void *user, const cJSON *study)
{
    (void)user;
    return cJSON_IsNumber(study) ? study->valueint : strcmp(study->valuestring, "one") == 0 ? 1 : 0;
}

void toy_options(const struct toy *t, struct server_options *options)
{
    *options = (struct server_options){.path = t->path, .mode = 0660, .seq = t->newest};
}

void toy_actions(struct toy *t, struct server_actions *actions)
{
    *actions = (struct server_actions){.user = t, .access = toy_access, .events = on_events, .study = study_number};
    actions->calls[METHOD_STATUS] = on_status;
    actions->calls[METHOD_STUDY_LIST] = on_list;
    actions->calls[METHOD_TRIAL_LIST] = on_trials;
    actions->calls[METHOD_STUDY_PAUSE] = on_pause;
    actions->calls[METHOD_SHUTDOWN] = on_shutdown;
}

void toy_start(struct toy *t)
{
    struct server_options options;
    struct server_actions actions;
    struct error e = {""};
    signal(SIGPIPE, SIG_IGN); // as pared does
    memset(t, 0, sizeof *t);
    t->access = ACCESS_OPERATOR;
    t->oldest = 1;
    strcpy(t->folder, "/tmp/pare-toy-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(t->folder));
    snprintf(t->path, sizeof t->path, "%s/pared.sock", t->folder);
    ck_assert_int_eq(uv_loop_init(&t->loop), 0);
    toy_options(t, &options);
    toy_actions(t, &actions);
    ck_assert_msg(server_open(&t->loop, &options, &actions, &t->server, &e) == 0, "%s", e.text);
}

void toy_turn(struct toy *t)
{
    for (int i = 0; i < 8; i++)
        uv_run(&t->loop, UV_RUN_NOWAIT);
}

static void on_server_closed(void *user)
{
    struct toy *t = user;
    t->closed = true;
}

void toy_stop(struct toy *t)
{
    if (t->server)
        server_close(t->server, on_server_closed, t);
    else
        t->closed = true;
    ck_assert_int_eq(uv_run(&t->loop, UV_RUN_DEFAULT), 0);
    ck_assert(t->closed);
    ck_assert_int_eq(uv_loop_close(&t->loop), 0);
    ck_assert_int_ne(access(t->path, F_OK), 0);
    ck_assert_int_eq(rmdir(t->folder), 0);
}

struct toy_client *toy_connect(struct toy *t)
{
    struct toy_client *c = calloc(1, sizeof *c);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, t->path);
    c->toy = t;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    buffer_init(&c->in, 2 * SERVER_LINE_MAX);
    ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&address, sizeof address), 0);
    toy_turn(t);
    return c;
}

void toy_disconnect(struct toy_client *c)
{
    close(c->fd);
    buffer_finish(&c->in);
    free(c);
}

void toy_send(struct toy_client *c, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(c->fd, text, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return; // the server has closed; toy_hear says so
        text += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
        uv_run(&c->toy->loop, UV_RUN_NOWAIT);
    }
}

void toy_say(struct toy_client *c, const char *format, ...)
{
    char text[4096];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof text - 1, format, list);
    va_end(list);
    text[n++] = '\n';
    toy_send(c, text, (size_t)n);
}

/* Reads what is there. Returns whether there was something. */
static bool take(struct toy_client *c)
{
    static char chunk[65536];
    ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
    c->over = n == 0 || (n < 0 && errno != EAGAIN);
    if (n > 0)
        ck_assert_int_eq(buffer_append(&c->in, chunk, (size_t)n), 0);
    return n > 0;
}

const char *toy_hear(struct toy_client *c)
{
    size_t length;
    char *line = NULL;
    for (int turn = 0; !(line = buffer_record(&c->in, '\n', &length)) && !c->over && turn < TURNS_MAX; turn++) {
        uv_run(&c->toy->loop, UV_RUN_NOWAIT);
        if (take(c))
            turn = 0;
    }
    if (!line)
        return NULL;
    ck_assert_uint_le(length, SERVER_LINE_MAX);
    memcpy(c->line, line, length + 1);
    buffer_consume(&c->in, length + 1);
    return c->line;
}

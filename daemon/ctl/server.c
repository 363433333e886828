// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Listening, the calls that are out, and the end of it all. connection.c has what is between.
#include "daemon/ctl/server.h"

#include "base/log.h"
#include "daemon/ctl/reply.h"
#include "daemon/ctl/server_inner.h"
#include "daemon/ctl/socket_file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct server_call {
    struct session *connection;
    struct request request;
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct server *s = handle->data;
    if (--s->handles > 0)
        return;
    void (*closed)(void *user) = s->closed;
    void *user = s->closed_user;
    free(s);
    if (closed)
        closed(user);
}

static void reap(struct server *s)
{
    for (struct session **at = &s->connections; *at;) {
        struct session *c = *at, *next = c->next;
        if (session_reap(c))
            *at = next;
        else
            at = &c->next;
    }
}

static void on_kick(uv_idle_t *kick)
{
    struct server *s = kick->data;
    uv_idle_stop(kick);
    for (struct session *c = s->connections; c; c = c->next) {
        if (c->state == SESSION_OPEN && (c->paused || c->ended))
            session_work(c);
        subscription_pull(c);
    }
    reap(s);
    if (s->closing && !s->connections && !uv_is_closing((uv_handle_t *)kick))
        uv_close((uv_handle_t *)kick, on_handle_closed);
}

void server_kick(struct server *s)
{
    if (!uv_is_closing((uv_handle_t *)&s->kick))
        uv_idle_start(&s->kick, on_kick);
}

/* Makes room for one more by closing the one that has been idle for longest (the newest are first in the list). Returns false when all are in use. */
static bool make_room(struct server *s)
{
    struct session *idle = NULL;
    for (struct session *c = s->connections; c; c = c->next) {
        bool busy = c->state != SESSION_OPEN || c->subscription.active || c->in_flight > 0 || c->unsent > 0;
        if (!busy && (!idle || c->active_ms <= idle->active_ms))
            idle = c;
    }
    if (idle)
        session_close(idle);
    return idle != NULL;
}

int server_connections(const struct server *s)
{
    int n = 0;
    for (const struct session *c = s->connections; c; c = c->next)
        n += c->state < SESSION_CLOSING;
    return n;
}

static void turn_away(struct session *c, enum kind kind, const char *text, const char *hint)
{
    struct refusal why;
    refusal_set(&why, kind_code(kind), kind, NULL, "%s", text);
    refusal_hint(&why, "%s", hint);
    session_refuse(c, "null", &why);
    session_drain(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    if (status != 0) {
        log_warning("socket: %s", uv_strerror(status));
        return;
    }
    bool room = server_connections(s) < SERVER_CONNECTIONS_MAX || make_room(s);
    struct session *c = session_accept(s, listener);
    if (!c)
        return;
    c->access = s->actions.access(s->actions.user, &c->peer);
    if (!room)
        turn_away(c, KIND_BUSY, "too many connections", "close some, or try again later");
    else if (c->access == ACCESS_NONE)
        turn_away(c, KIND_DENIED, "you may not use this service", "readers and operators stand in pared's configuration");
}

static int listen_on(struct server *s, const struct server_options *o, struct error *e)
{
    int bad = uv_pipe_bind(&s->listener, o->path);
    if (bad)
        return error_set(e, "%s: %s", o->path, uv_strerror(bad));
    if (chmod(o->path, o->mode) != 0) // before it listens: nobody can have connected with other rights
        return error_set(e, "%s: %s", o->path, strerror(errno));
    bad = uv_listen((uv_stream_t *)&s->listener, SERVER_CONNECTIONS_MAX, on_connection);
    return bad ? error_set(e, "%s: %s", o->path, uv_strerror(bad)) : 0;
}

int server_open(uv_loop_t *loop, const struct server_options *options, const struct server_actions *actions,
                struct server **server, struct error *e)
{
    if (socket_file_clear(options->path, e) != 0)
        return -1;
    struct server *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(e, "out of memory");
    s->actions = *actions;
    s->loop = loop;
    s->seq = options->seq;
    uv_pipe_init(loop, &s->listener, 0);
    uv_idle_init(loop, &s->kick);
    s->listener.data = s->kick.data = s;
    s->handles = 2;
    if (listen_on(s, options, e) != 0) {
        server_close(s, NULL, NULL);
        return -1;
    }
    *server = s;
    return 0;
}

void server_close(struct server *s, void (*closed)(void *user), void *user)
{
    if (s->closing)
        return;
    s->closing = true;
    s->closed = closed;
    s->closed_user = user;
    uv_close((uv_handle_t *)&s->listener, on_handle_closed); // libuv removes the file
    for (struct session *c = s->connections; c; c = c->next)
        session_drain(c);
    server_kick(s);
}

void server_wake(struct server *s, int64_t seq)
{
    if (seq <= s->seq)
        return;
    s->seq = seq;
    server_kick(s);
}

static struct server_call *call_create(struct session *c, struct request *r)
{
    struct server_call *call = malloc(sizeof *call);
    if (!call)
        return NULL;
    *call = (struct server_call){.connection = c, .request = *r};
    *r = (struct request){.id = "null"};
    c->in_flight++;
    return call;
}

static void call_destroy(struct server_call *call)
{
    call->connection->in_flight--;
    server_kick(call->connection->server); // there may be lines that waited for this, or an end
    request_finish(&call->request);
    free(call);
}

static int check_access(const struct session *c, const struct request *r, struct refusal *why)
{
    const struct server_actions *a = &c->server->actions;
    if (c->access < r->command->who) {
        refusal_set(why, kind_code(KIND_DENIED), KIND_DENIED, NULL, "%s: you may only read", r->command->name);
        return refusal_hint(why, "add your user to \"operators\" in pared's configuration");
    }
    if (r->command->method != METHOD_EVENTS_SUBSCRIBE && !a->calls[r->command->method])
        return refusal_set(why, CODE_METHOD, KIND_INVALID, "method", "%s is not offered here", r->command->name);
    return 0;
}

void server_dispatch(struct session *c, struct request *r)
{
    const struct server_actions *a = &c->server->actions;
    struct refusal why;
    if (check_access(c, r, &why) != 0) {
        if (r->wants_answer)
            session_refuse(c, r->id, &why);
        request_finish(r);
        return;
    }
    if (r->command->method == METHOD_EVENTS_SUBSCRIBE) {
        subscription_begin(c, r);
        request_finish(r);
        return;
    }
    if (r->command->who == ACCESS_OPERATOR)
        log_info("%s by user %u, process %d", r->command->name, (unsigned)c->peer.uid, (int)c->peer.pid);
    struct server_call *call = call_create(c, r);
    if (!call) {
        request_finish(r);
        session_close(c);
        return;
    }
    a->calls[call->request.command->method](a->user, call, call->request.params);
}

static void answer_too_long(struct server_call *call)
{
    struct refusal why;
    refusal_set(&why, kind_code(KIND_FAILED), KIND_FAILED, NULL, "the answer is longer than 1 MiB");
    refusal_hint(&why, "ask for less, with limit");
    session_refuse(call->connection, call->request.id, &why);
}

void server_answer_text(struct server_call *call, const char *json, size_t size)
{
    if (!server_call_gone(call) && call->request.wants_answer) {
        size_t line_size = 0;
        char *line = reply_result(call->request.id, json, size, &line_size);
        if (line && line_size > SERVER_LINE_MAX) {
            free(line);
            answer_too_long(call);
        } else {
            session_send(call->connection, line, line_size);
        }
    }
    call_destroy(call);
}

void server_answer(struct server_call *call, cJSON *result)
{
    char *json = cJSON_PrintUnformatted(result);
    cJSON_Delete(result);
    if (json)
        server_answer_text(call, json, strlen(json));
    else
        server_fail(call, KIND_FAILED, NULL, NULL, "out of memory");
    cJSON_free(json);
}

void server_fail(struct server_call *call, enum kind kind, const char *field, const char *hint, const char *format, ...)
{
    struct refusal why;
    va_list list;
    va_start(list, format);
    refusal_set_list(&why, kind_code(kind), kind, field, format, list);
    va_end(list);
    if (hint)
        refusal_hint(&why, "%s", hint);
    if (!server_call_gone(call) && call->request.wants_answer)
        session_refuse(call->connection, call->request.id, &why);
    call_destroy(call);
}

const struct server_peer *server_call_peer(const struct server_call *call)
{
    return &call->connection->peer;
}

bool server_call_gone(const struct server_call *call)
{
    return call->connection->state != SESSION_OPEN;
}

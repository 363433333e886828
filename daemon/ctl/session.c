// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Callbacks in the order in which a connection meets them: accept, read, work, send, drain, close.
#include "daemon/ctl/session.h"

#include "daemon/ctl/reply.h"
#include "daemon/ctl/server_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LINES_PER_TURN 32     // then the others have their turn
#define KEEP_CAPACITY 65536   // an idle connection keeps no more than this of memory for lines

struct outgoing {
    uv_write_t write;
    struct session *connection;
    char *line;
    size_t size;
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    (void)suggested;
    struct session *c = handle->data;
    *piece = uv_buf_init(c->server->chunk, sizeof c->server->chunk); // emptied before the next read
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
    struct session *c = stream->data;
    if (c->state != SESSION_OPEN || n == 0)
        return;
    c->active_ms = uv_now(c->server->loop);
    if (n == UV_EOF) {
        c->ended = true;
        subscription_end(c); // who wants events keeps its writing side open: a peer that has left looks the same
    } else if (n < 0 || buffer_append(&c->in, piece->base, (size_t)n) != 0) {
        session_close(c);
        return;
    }
    session_work(c);
}

static void read_peer(struct session *c)
{
    struct ucred who = {.uid = (uid_t)-1, .gid = (gid_t)-1};
    socklen_t size = sizeof who;
    int fd;
    if (uv_fileno((uv_handle_t *)&c->pipe, &fd) == 0)
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
    c->peer = (struct server_peer){.uid = who.uid, .gid = who.gid, .pid = who.pid};
}

struct session *session_accept(struct server *s, uv_stream_t *listener)
{
    struct session *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->server = s;
    c->state = SESSION_OPEN;
    buffer_init(&c->in, SERVER_LINE_MAX + sizeof s->chunk);
    uv_pipe_init(s->loop, &c->pipe, 0);
    uv_timer_init(s->loop, &c->linger);
    c->pipe.data = c->linger.data = c;
    c->handles = 2;
    c->active_ms = uv_now(s->loop);
    c->next = s->connections;
    s->connections = c;
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0) {
        session_close(c);
        return NULL;
    }
    read_peer(c);
    return c;
}

static bool is_blank(const char *line, size_t size)
{
    return strspn(line, " \t\r") >= size; // the line's end has become NUL
}

static void refuse_offence(struct session *c, const char *text)
{
    struct refusal why;
    refusal_set(&why, CODE_PARSE, KIND_INVALID, NULL, "%s", text);
    session_refuse(c, "null", &why);
    session_drain(c);
}

static void work_line(struct session *c, const char *line, size_t size)
{
    struct request request;
    struct refusal why;
    if (is_blank(line, size))
        return;
    if (request_parse(line, size, &request, &why) == 0) {
        server_dispatch(c, &request);
        return;
    }
    if (request.wants_answer)
        session_refuse(c, request.id, &why);
    request_finish(&request);
}

/* Is there a whole line? Looks at each byte once. */
static bool has_line(struct session *c)
{
    size_t left = c->in.size - c->scanned;
    const char *end = left ? memchr(c->in.data + c->scanned, '\n', left) : NULL;
    c->scanned = end ? (size_t)(end - c->in.data) : c->in.size;
    return end != NULL;
}

static void drop_line(struct session *c)
{
    buffer_consume(&c->in, c->scanned + 1);
    c->scanned = 0;
    if (c->in.size == 0 && c->in.capacity > KEEP_CAPACITY)
        buffer_finish(&c->in);
}

static void pause_reading(struct session *c, bool pause)
{
    if (pause == c->paused || c->state != SESSION_OPEN)
        return;
    c->paused = pause;
    if (pause)
        uv_read_stop((uv_stream_t *)&c->pipe);
    else if (!c->ended && uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
        session_close(c);
}

void session_work(struct session *c)
{
    bool line = has_line(c);
    for (int i = 0; line && i < LINES_PER_TURN && c->in_flight < SERVER_IN_FLIGHT_MAX; i++) {
        if (c->scanned <= SERVER_LINE_MAX) {
            c->in.data[c->scanned] = '\0';
            work_line(c, c->in.data, c->scanned);
        } else {
            refuse_offence(c, "a line of more than 1 MiB");
        }
        if (c->state != SESSION_OPEN)
            return;
        drop_line(c);
        line = has_line(c);
    }
    if (line && c->in_flight < SERVER_IN_FLIGHT_MAX)
        server_kick(c->server);
    pause_reading(c, line);
    if (!line && c->in.size > SERVER_LINE_MAX)
        refuse_offence(c, "a line of more than 1 MiB");
    else if (!line && c->ended && c->in.size > 0)
        refuse_offence(c, "a line feed is missing at the end");
    else if (!line && c->ended && c->in_flight == 0)
        session_drain(c);
}

static void on_written(uv_write_t *write, int status)
{
    struct outgoing *o = write->data;
    struct session *c = o->connection;
    c->unsent -= o->size;
    free(o->line);
    free(o);
    if (status != 0 || (c->state == SESSION_DRAINING && c->unsent == 0))
        session_close(c);
    else if (c->subscription.active)
        server_kick(c->server);
}

/* Sends whatever the marks say. */
static void send_line(struct session *c, char *line, size_t size)
{
    struct outgoing *o = calloc(1, sizeof *o);
    if (!o || !line) {
        free(o);
        free(line);
        session_close(c);
        return;
    }
    *o = (struct outgoing){.connection = c, .line = line, .size = size, .write.data = o};
    uv_buf_t piece = uv_buf_init(line, (unsigned)size);
    c->unsent += size;
    if (uv_write(&o->write, (uv_stream_t *)&c->pipe, &piece, 1, on_written) == 0)
        return;
    c->unsent -= size;
    free(line);
    free(o);
    session_close(c);
}

void session_send(struct session *c, char *line, size_t size)
{
    if (c->state != SESSION_OPEN) {
        free(line);
        return;
    }
    if (!line || c->unsent == 0 || c->unsent + size <= SERVER_HIGH_WATER) {
        send_line(c, line, size);
        return;
    }
    free(line);
    if (c->subscription.active) {
        line = reply_lag(c->subscription.seen, 0, &size);
        send_line(c, line, size);
    }
    session_drain(c);
}

void session_refuse(struct session *c, const char *id, const struct refusal *why)
{
    size_t size = 0;
    char *line = reply_refusal(id, why, &size);
    session_send(c, line, size);
}

static void on_linger(uv_timer_t *timer)
{
    session_close(timer->data);
}

void session_drain(struct session *c)
{
    if (c->state != SESSION_OPEN)
        return;
    subscription_end(c);
    uv_read_stop((uv_stream_t *)&c->pipe);
    c->state = SESSION_DRAINING;
    if (c->unsent == 0)
        session_close(c);
    else
        uv_timer_start(&c->linger, on_linger, SERVER_LINGER_MS, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct session *c = handle->data;
    assert(c->handles > 0);
    if (--c->handles > 0)
        return;
    c->state = SESSION_CLOSED;
    server_kick(c->server);
}

void session_close(struct session *c)
{
    if (c->state >= SESSION_CLOSING)
        return;
    subscription_end(c);
    c->state = SESSION_CLOSING;
    uv_close((uv_handle_t *)&c->pipe, on_closed);
    uv_close((uv_handle_t *)&c->linger, on_closed);
}

bool session_reap(struct session *c)
{
    if (c->state != SESSION_CLOSED || c->in_flight > 0 || c->pulling)
        return false;
    buffer_finish(&c->in);
    free(c);
    return true;
}

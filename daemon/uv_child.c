// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/uv_child.h"

#include "base/buffer.h"
#include "base/log.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct child {
    struct child_actions actions;
    uv_process_t process;
    uv_pipe_t to, from, log;
    struct buffer lines, log_lines;
    char name[96], last_log[CHILD_LOG_MAX], why[ERROR_TEXT_MAX];
    char chunk[65536];
    bool exited, killed, in_line;
    int open_handles;
};

static void free_child(struct child *c)
{
    buffer_finish(&c->lines);
    buffer_finish(&c->log_lines);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    struct child *c = handle->data;
    if (--c->open_handles > 0)
        return;
    char text[ERROR_TEXT_MAX];
    snprintf(text, sizeof text, "%.100s%s%.380s", c->why, c->last_log[0] ? ": " : "", c->last_log);
    c->actions.gone(c->actions.user, text);
    free_child(c);
}

static void close_all(struct child *c)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&c->process, (uv_handle_t *)&c->to, (uv_handle_t *)&c->from,
                              (uv_handle_t *)&c->log};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], on_closed);
}

/* It has ended, and all that it said is read. */
static void finish_if_over(struct child *c)
{
    bool reading = uv_is_active((uv_handle_t *)&c->from) || uv_is_active((uv_handle_t *)&c->log);
    if (c->exited && (c->killed || !reading) && !c->in_line)
        close_all(c);
}

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
    struct child *c = process->data;
    c->exited = true;
    kill(-process->pid, SIGKILL); // what it may have left behind
    if (!c->why[0] && signal)
        snprintf(c->why, sizeof c->why, "ended by signal %d", signal);
    else if (!c->why[0])
        snprintf(c->why, sizeof c->why, "ended with status %d", (int)status);
    finish_if_over(c);
}

static void on_lines(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
    struct child *c = stream->data;
    size_t length;
    char *line;
    if (n < 0) {
        uv_read_stop(stream);
        finish_if_over(c);
        return;
    }
    if (buffer_append(&c->lines, piece->base, (size_t)n) != 0) {
        child_kill(c, "a line of its is too long");
        return;
    }
    c->in_line = true;
    while (!c->killed && (line = buffer_record(&c->lines, '\n', &length))) {
        c->actions.line(c->actions.user, line);
        buffer_consume(&c->lines, length + 1);
    }
    c->in_line = false;
    finish_if_over(c);
}

static void on_log(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
    struct child *c = stream->data;
    size_t length;
    char *line;
    if (n < 0) {
        uv_read_stop(stream);
        finish_if_over(c);
        return;
    }
    if (buffer_append(&c->log_lines, piece->base, (size_t)n) != 0)
        buffer_consume(&c->log_lines, c->log_lines.size);
    while ((line = buffer_record(&c->log_lines, '\n', &length))) {
        snprintf(c->last_log, sizeof c->last_log, "%.*s", CHILD_LOG_MAX - 1, line);
        log_info("%s: %s", c->name, c->last_log);
        buffer_consume(&c->log_lines, length + 1);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    struct child *c = handle->data;
    (void)suggested;
    *piece = uv_buf_init(c->chunk, sizeof c->chunk);
}

static int spawn(struct child *c, uv_loop_t *loop, const char *const *arguments)
{
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&c->to},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->from},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->log},
    };
    uv_process_options_t options = {
        .file = arguments[0],
        .args = (char **)(uintptr_t)arguments,
        .exit_cb = on_exit_of_child,
        .flags = UV_PROCESS_DETACHED, // a group of its own, to be killed as a whole
        .stdio = stdio,
        .stdio_count = 3,
    };
    return uv_spawn(loop, &c->process, &options);
}

static void on_failed_start(uv_handle_t *handle)
{
    struct child *c = handle->data;
    if (--c->open_handles == 0)
        free_child(c);
}

struct child *child_start(uv_loop_t *loop, const char *const *arguments, int nice, const char *name,
                          const struct child_actions *actions, struct error *e)
{
    struct child *c = calloc(1, sizeof *c);
    if (!c) {
        error_set(e, "out of memory");
        return NULL;
    }
    c->actions = *actions;
    snprintf(c->name, sizeof c->name, "%s", name);
    buffer_init(&c->lines, CHILD_LINE_MAX);
    buffer_init(&c->log_lines, 65536);
    uv_pipe_init(loop, &c->to, 0);
    uv_pipe_init(loop, &c->from, 0);
    uv_pipe_init(loop, &c->log, 0);
    c->process.data = c->to.data = c->from.data = c->log.data = c;
    c->open_handles = 4;
    int rc = spawn(c, loop, arguments);
    if (rc != 0) {
        error_set(e, "%s: %s", arguments[0], uv_strerror(rc));
        uv_close((uv_handle_t *)&c->process, on_failed_start);
        uv_close((uv_handle_t *)&c->to, on_failed_start);
        uv_close((uv_handle_t *)&c->from, on_failed_start);
        uv_close((uv_handle_t *)&c->log, on_failed_start);
        return NULL;
    }
    setpriority(PRIO_PROCESS, (id_t)c->process.pid, nice);
    uv_read_start((uv_stream_t *)&c->from, on_alloc, on_lines);
    uv_read_start((uv_stream_t *)&c->log, on_alloc, on_log);
    return c;
}

static void on_written(uv_write_t *write, int status)
{
    (void)status; // a broken pipe is followed by the child's end
    free(write);
}

void child_send(struct child *c, const char *line, size_t size)
{
    uv_write_t *write = malloc(sizeof *write + size + 1);
    if (!write) {
        child_kill(c, "out of memory");
        return;
    }
    char *copy = (char *)(write + 1);
    memcpy(copy, line, size);
    copy[size] = '\n';
    uv_buf_t piece = uv_buf_init(copy, (unsigned)size + 1);
    if (uv_is_closing((uv_handle_t *)&c->to) || uv_write(write, (uv_stream_t *)&c->to, &piece, 1, on_written) != 0)
        free(write);
}

void child_kill(struct child *c, const char *why)
{
    if (c->killed)
        return;
    c->killed = true;
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "%s", why);
    if (!c->exited)
        kill(-c->process.pid, SIGKILL);
    uv_read_stop((uv_stream_t *)&c->from);
    finish_if_over(c);
}

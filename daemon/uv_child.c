// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/uv_child.h"

#include "base/buffer.h"
#include "base/log.h"
#include "hwlink/process.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct child {
    struct child_actions actions;
    struct process process;
    struct buffer lines, log_lines;
    char name[96], last_log[CHILD_LOG_MAX], why[ERROR_TEXT_MAX];
    char chunk[65536];
    bool exited, killed, in_line;
};

static void free_child(struct child *c)
{
    buffer_finish(&c->lines);
    buffer_finish(&c->log_lines);
    free(c);
}

static void on_closed(struct process *p)
{
    struct child *c = p->user;
    char text[ERROR_TEXT_MAX];
    snprintf(text, sizeof text, "%.330s%s%.150s", c->why, c->last_log[0] ? ": " : "", c->last_log);
    c->actions.gone(c->actions.user, text);
    free_child(c);
}

/* It has ended, and all that it said is read. */
static void finish_if_over(struct child *c)
{
    bool reading = uv_is_active((uv_handle_t *)&c->process.from) || uv_is_active((uv_handle_t *)&c->process.log);
    if (c->exited && (c->killed || !reading) && !c->in_line)
        process_close(&c->process, on_closed);
}

static void on_ended(struct process *p, bool started, const char *text)
{
    struct child *c = p->user;
    (void)started; // the text says so
    c->exited = true;
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "%s", text);
    finish_if_over(c);
}

/* The child that one of its pipes belongs to. */
static struct child *child_of(const void *handle)
{
    const struct process *p = ((const uv_handle_t *)handle)->data;
    return p->user;
}

static void on_lines(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
    struct child *c = child_of(stream);
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
    struct child *c = child_of(stream);
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
    struct child *c = child_of(handle);
    (void)suggested;
    *piece = uv_buf_init(c->chunk, sizeof c->chunk);
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
    c->process.user = c;
    c->process.ended = on_ended;
    if (process_start(&c->process, loop, arguments, nice, e) != 0) {
        free_child(c);
        return NULL;
    }
    uv_read_start((uv_stream_t *)&c->process.from, on_alloc, on_lines);
    uv_read_start((uv_stream_t *)&c->process.log, on_alloc, on_log);
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
    if (uv_is_closing((uv_handle_t *)&c->process.to) || uv_write(write, (uv_stream_t *)&c->process.to, &piece, 1, on_written) != 0)
        free(write);
}

void child_kill(struct child *c, const char *why)
{
    if (c->killed)
        return;
    c->killed = true;
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "%s", why);
    process_signal(&c->process, SIGKILL);
    uv_read_stop((uv_stream_t *)&c->process.from);
    finish_if_over(c);
}

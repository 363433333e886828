// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// OpenOCD over pipes: framing by 0x1a, deadlines, and a kill ladder, because it obeys no signal while a command runs.
#include "hwlink/openocd.h"

#include "base/buffer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX (2 * BOARD_LINES_MAX + 16)

enum ladder {
    LADDER_NONE = 0,
    LADDER_ASKED,  // shutdown and end of file
    LADDER_TERM,
    LADDER_KILL,
};

struct openocd {
    struct openocd_actions actions;
    uv_process_t process;
    uv_pipe_t to, from, log;
    uv_timer_t timer;
    struct buffer reply;
    char tail[OPENOCD_TAIL_MAX];
    size_t tail_size;
    char chunk[65536];
    enum ladder ladder;
    bool calling, exited;
    int open_handles;
    char why[ERROR_TEXT_MAX]; // the first reason for its end
};

/* The last is closed: nothing of libuv points here any more. */
static void on_closed(uv_handle_t *handle)
{
    struct openocd *o = handle->data;
    if (--o->open_handles > 0)
        return;
    char text[ERROR_TEXT_MAX], tail[ERROR_TEXT_MAX / 2];
    openocd_tail(o, tail, sizeof tail);
    snprintf(text, sizeof text, "%.200s%s%s", o->why, tail[0] ? ": " : "", tail);
    if (o->actions.gone)
        o->actions.gone(o->actions.user, text);
    buffer_finish(&o->reply);
    free(o);
}

static void close_all(struct openocd *o)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&o->process, (uv_handle_t *)&o->to, (uv_handle_t *)&o->from,
                              (uv_handle_t *)&o->log, (uv_handle_t *)&o->timer};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], on_closed);
}

static void say_why(struct openocd *o, const char *text)
{
    if (!o->why[0])
        snprintf(o->why, sizeof o->why, "%s", text);
}

/* The child has ended, and what it still had to say on stderr is read. */
static void finish_if_over(struct openocd *o)
{
    if (o->exited && !uv_is_active((uv_handle_t *)&o->log))
        close_all(o);
}

static void on_child_exit(uv_process_t *process, int64_t status, int signal)
{
    struct openocd *o = process->data;
    char text[96];
    if (signal)
        snprintf(text, sizeof text, "openocd was ended by signal %d", signal);
    else
        snprintf(text, sizeof text, "openocd exited with status %d", (int)status);
    say_why(o, text);
    o->exited = true;
    o->calling = false;
    uv_timer_stop(&o->timer);
    uv_read_stop((uv_stream_t *)&o->from);
    finish_if_over(o);
}

static void on_ladder(uv_timer_t *timer)
{
    struct openocd *o = timer->data;
    o->ladder = o->ladder == LADDER_ASKED ? LADDER_TERM : LADDER_KILL;
    uv_process_kill(&o->process, o->ladder == LADDER_TERM ? SIGTERM : SIGKILL);
    if (o->ladder != LADDER_KILL)
        uv_timer_start(timer, on_ladder, OPENOCD_STEP_MS, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    struct openocd *o = timer->data;
    say_why(o, "openocd did not answer in time");
    openocd_stop(o);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status; // a broken pipe is followed by the child's exit, which is what counts
    free(write);
}

static void send_text(struct openocd *o, const char *text, size_t size)
{
    uv_write_t *write = malloc(sizeof *write + size);
    if (!write)
        return; // the deadline runs and brings the child down
    char *copy = (char *)(write + 1);
    memcpy(copy, text, size);
    uv_buf_t piece = uv_buf_init(copy, (unsigned)size);
    if (uv_write(write, (uv_stream_t *)&o->to, &piece, 1, on_written) != 0)
        free(write);
}

void openocd_stop(struct openocd *o)
{
    if (o->ladder != LADDER_NONE || o->exited)
        return;
    o->ladder = LADDER_ASKED;
    say_why(o, "openocd was stopped");
    o->calling = false;
    uv_buf_t bye = uv_buf_init((char[]){"shutdown\x1a"}, 9);
    uv_try_write((uv_stream_t *)&o->to, &bye, 1);
    uv_close((uv_handle_t *)&o->to, on_closed);
    uv_timer_start(&o->timer, on_ladder, OPENOCD_STEP_MS, 0);
}

/* "CODE TEXT" with TEXT as a Tcl list element: bare or in braces. */
static void deliver(struct openocd *o, char *answer)
{
    char *text;
    long code = strtol(answer, &text, 10);
    if (text == answer || (*text != ' ' && *text != '\0')) {
        say_why(o, "openocd's answer was not understood");
        openocd_stop(o);
        return;
    }
    text += *text == ' ';
    size_t n = strlen(text);
    if (n >= 2 && text[0] == '{' && text[n - 1] == '}') {
        text[n - 1] = '\0';
        text++;
    }
    o->calling = false;
    uv_timer_stop(&o->timer);
    o->actions.answer(o->actions.user, (int)code, text);
}

static void on_reply(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
    struct openocd *o = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        return;
    }
    if (o->ladder != LADDER_NONE)
        return;
    if (buffer_append(&o->reply, piece->base, (size_t)n) != 0) {
        say_why(o, "openocd's answer is too long");
        openocd_stop(o);
        return;
    }
    size_t length;
    char *record = buffer_record(&o->reply, '\x1a', &length);
    if (!record || !o->calling)
        return;
    char *copy = strndup(record, length);
    buffer_consume(&o->reply, length + 1);
    if (copy)
        deliver(o, copy);
    free(copy);
}

static void on_log(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
    struct openocd *o = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        finish_if_over(o);
        return;
    }
    size_t add = (size_t)n < OPENOCD_TAIL_MAX - 1 ? (size_t)n : OPENOCD_TAIL_MAX - 1;
    size_t keep = OPENOCD_TAIL_MAX - 1 - add;
    keep = keep < o->tail_size ? keep : o->tail_size;
    memmove(o->tail, o->tail + o->tail_size - keep, keep);
    memcpy(o->tail + keep, piece->base + (size_t)n - add, add);
    o->tail_size = keep + add;
    o->tail[o->tail_size] = '\0';
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    struct openocd *o = handle->data;
    (void)suggested;
    *piece = uv_buf_init(o->chunk, sizeof o->chunk);
}

#define UNDER_RESET "reset_config srst_only srst_nogate connect_assert_srst"

static void fill_arguments(const struct board_file *f, bool under_reset, const char *arguments[ARGUMENTS_MAX])
{
    static const char *const fixed[] = {"tcl_port pipe", "telnet_port disabled", "gdb_port disabled", "noinit"};
    int n = 0;
    arguments[n++] = f->openocd;
    if (f->openocd_scripts[0]) {
        arguments[n++] = "-s";
        arguments[n++] = f->openocd_scripts;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        arguments[n++] = "-c";
        arguments[n++] = fixed[i];
    }
    for (int i = 0; i < f->n_lines; i++) {
        arguments[n++] = "-c";
        arguments[n++] = f->lines[i];
    }
    if (under_reset) {
        arguments[n++] = "-c";
        arguments[n++] = UNDER_RESET;
    }
    arguments[n] = NULL;
}

static int spawn(struct openocd *o, uv_loop_t *loop, const struct board_file *f, bool under_reset)
{
    const char *arguments[ARGUMENTS_MAX];
    fill_arguments(f, under_reset, arguments);
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&o->to},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&o->from},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&o->log},
    };
    uv_process_options_t options = {
        .file = f->openocd,
        .args = (char **)arguments,
        .exit_cb = on_child_exit,
        .flags = UV_PROCESS_DETACHED, // a terminal's Ctrl-C is for the service, which then stops its children in order
        .stdio = stdio,
        .stdio_count = 3,
    };
    return uv_spawn(loop, &o->process, &options);
}

struct openocd *openocd_start(uv_loop_t *loop, const struct board_file *file, bool under_reset,
                              const struct openocd_actions *actions, struct error *e)
{
    struct openocd *o = calloc(1, sizeof *o);
    if (!o) {
        error_set(e, "out of memory");
        return NULL;
    }
    buffer_init(&o->reply, OPENOCD_REPLY_MAX);
    uv_pipe_init(loop, &o->to, 0);
    uv_pipe_init(loop, &o->from, 0);
    uv_pipe_init(loop, &o->log, 0);
    uv_timer_init(loop, &o->timer);
    o->to.data = o->from.data = o->log.data = o->timer.data = o;
    int rc = spawn(o, loop, file, under_reset); // also initializes the process handle, even when it fails
    o->process.data = o;
    o->open_handles = 5;
    if (rc != 0) {
        error_set(e, "starting %s: %s", file->openocd, uv_strerror(rc));
        close_all(o);
        return NULL;
    }
    o->actions = *actions;
    uv_read_start((uv_stream_t *)&o->from, on_alloc, on_reply);
    uv_read_start((uv_stream_t *)&o->log, on_alloc, on_log);
    return o;
}

void openocd_call(struct openocd *o, const char *command, uint64_t deadline_ms)
{
    if (o->ladder != LADDER_NONE || o->exited)
        return; // `gone` is on its way
    size_t size = strlen(command) + 32;
    char *text = malloc(size);
    o->calling = true;
    uv_timer_start(&o->timer, on_deadline, deadline_ms, 0);
    if (!text)
        return; // the deadline follows
    int n = snprintf(text, size, "list [catch {%s} m] $m\x1a", command);
    send_text(o, text, (size_t)n);
    free(text);
}

void openocd_tail(const struct openocd *o, char *text, size_t size)
{
    size_t n = 0;
    const char *line = o->tail;
    text[0] = '\0';
    while (*line) {
        size_t length = strcspn(line, "\n");
        bool matters = strncmp(line, "Error", 5) == 0 || strncmp(line, "** ", 3) == 0;
        if (matters && n + length + 3 < size)
            n += (size_t)snprintf(text + n, size - n, "%s%.*s", n ? "; " : "", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

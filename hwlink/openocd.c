// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// OpenOCD over pipes: framing by 0x1a, deadlines, and a kill ladder, because it obeys no signal while a command runs.
#include "hwlink/openocd.h"

#include "base/buffer.h"
#include "hwlink/process.h"

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
    struct process process;
    uv_timer_t timer;
    struct buffer reply;
    char tail[OPENOCD_TAIL_MAX];
    size_t tail_size;
    char firmware[OPENOCD_FIRMWARE_MAX];
    char chunk[65536];
    enum ladder ladder;
    bool calling, never_started, running, exited;
    uint64_t deadline_ms; // of the call that waits for the start
    char why[ERROR_TEXT_MAX]; // the first reason for its end
};

/* The timer closes last: nothing of libuv points here any more. */
static void on_timer_closed(uv_handle_t *handle)
{
    struct openocd *o = handle->data;
    char text[ERROR_TEXT_MAX], tail[ERROR_TEXT_MAX / 2];
    openocd_tail(o, tail, sizeof tail);
    snprintf(text, sizeof text, "%.250s%s%s", o->why, tail[0] ? ": " : "", tail);
    o->actions.gone(o->actions.user, !o->never_started, text);
    buffer_finish(&o->reply);
    free(o);
}

static void on_process_closed(struct process *p)
{
    struct openocd *o = p->user;
    uv_close((uv_handle_t *)&o->timer, on_timer_closed);
}

static void on_deadline(uv_timer_t *timer);

static void say_why(struct openocd *o, const char *text)
{
    if (!o->why[0])
        snprintf(o->why, sizeof o->why, "%s", text);
}

/* The child has ended, and what it still had to say on stderr is read. */
static void finish_if_over(struct openocd *o)
{
    if (o->exited && !uv_is_active((uv_handle_t *)&o->process.log))
        process_close(&o->process, on_process_closed);
}

static void on_ended(struct process *p, bool started, const char *text)
{
    struct openocd *o = p->user;
    char why[ERROR_TEXT_MAX];
    snprintf(why, sizeof why, "%s%.400s", started ? "openocd " : "", text);
    say_why(o, why);
    o->exited = true;
    o->never_started = !started;
    o->calling = false;
    uv_timer_stop(&o->timer);
    uv_read_stop((uv_stream_t *)&p->from);
    finish_if_over(o);
}

/* The time that a start takes is not OpenOCD's. */
static void on_started(struct process *p)
{
    struct openocd *o = p->user;
    o->running = true;
    if (o->calling)
        uv_timer_start(&o->timer, on_deadline, o->deadline_ms, 0);
}

/* The one that a pipe belongs to. */
static struct openocd *openocd_of(const void *handle)
{
    const struct process *p = ((const uv_handle_t *)handle)->data;
    return p->user;
}

static void on_ladder(uv_timer_t *timer)
{
    struct openocd *o = timer->data;
    o->ladder = o->ladder == LADDER_ASKED ? LADDER_TERM : LADDER_KILL;
    process_signal(&o->process, o->ladder == LADDER_TERM ? SIGTERM : SIGKILL);
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
    if (uv_write(write, (uv_stream_t *)&o->process.to, &piece, 1, on_written) != 0)
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
    uv_try_write((uv_stream_t *)&o->process.to, &bye, 1);
    process_close_input(&o->process);
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
    struct openocd *o = openocd_of(stream);
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

/* "Info : STLINK V3J13M4 (API v3) VID:PID 0483:374E", perhaps cut by the end of a piece. */
static void note_firmware(struct openocd *o)
{
    static const char before[] = "STLINK V";
    const char *at = o->firmware[0] ? NULL : strstr(o->tail, before);
    size_t n = at ? strspn(at + sizeof before - 1, "0123456789JSMBP") : 0;
    if (n > 0 && n + 1 < sizeof o->firmware && at[sizeof before - 1 + n] != '\0')
        snprintf(o->firmware, sizeof o->firmware, "V%.*s", (int)n, at + sizeof before - 1);
}

static void on_log(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
    struct openocd *o = openocd_of(stream);
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
    note_firmware(o);
}

const char *openocd_probe_firmware(const struct openocd *o)
{
    return o->firmware;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    struct openocd *o = openocd_of(handle);
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

struct openocd *openocd_start(uv_loop_t *loop, const struct board_file *file, bool under_reset,
                              const struct openocd_actions *actions, struct error *e)
{
    const char *arguments[ARGUMENTS_MAX];
    struct openocd *o = calloc(1, sizeof *o);
    if (!o) {
        error_set(e, "out of memory");
        return NULL;
    }
    buffer_init(&o->reply, OPENOCD_REPLY_MAX);
    o->process.user = o;
    o->process.started = on_started;
    o->process.ended = on_ended;
    fill_arguments(file, under_reset, arguments);
    if (process_start(&o->process, loop, arguments, 0, e) != 0) {
        free(o);
        return NULL;
    }
    o->actions = *actions;
    uv_timer_init(loop, &o->timer);
    o->timer.data = o;
    uv_read_start((uv_stream_t *)&o->process.from, on_alloc, on_reply);
    uv_read_start((uv_stream_t *)&o->process.log, on_alloc, on_log);
    return o;
}

void openocd_call(struct openocd *o, const char *command, uint64_t deadline_ms)
{
    if (o->ladder != LADDER_NONE || o->exited)
        return; // `gone` is on its way
    size_t size = strlen(command) + 32;
    char *text = malloc(size);
    o->calling = true;
    o->deadline_ms = deadline_ms;
    if (o->running)
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

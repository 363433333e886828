// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The shell around board_state: carries out its todos with libuv, OpenOCD and a meter, and comes back with events.
#include "hwlink/board.h"

#include "base/file.h"
#include "hwlink/board_disk.h"
#include "hwlink/board_plan.h"
#include "hwlink/board_state.h"
#include "hwlink/board_wire.h"
#include "hwlink/openocd.h"
#include "hwlink/usb_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNER_MAX (BOARD_RUNNER_PAGES * BOARD_PAGE_BYTES)

struct board {
    struct board_core core;
    struct board_file file;
    struct board_actions actions;
    uv_loop_t *loop;
    uv_timer_t timer; // waits, and events that must not come from inside a call
    struct openocd *openocd;
    struct meter *meter;
    int old_meters;     // that failed and are not closed yet
    int chores;         // that the thread pool has in hand
    unsigned long turn; // counts events: what a piece was written for may be over when it is done
    unsigned long reads; // counts images that were asked for, or given up: OpenOCD may come and go meanwhile
    struct board_disk_file piece;
    struct power_trace trace; // of the windows so far
    char probe_firmware[OPENOCD_FIRMWARE_MAX];
    struct board_job job; // while its image is read
    bool reading;
    char command[BOARD_COMMAND_MAX]; // while its piece is written
    uint64_t command_ms;
    void (*done)(void *user, const struct board_result *result);
    void *done_user;
    bool busy, closing, closed_timer;
    enum board_event_kind later; // what the timer brings
    char later_text[ERROR_TEXT_MAX];
    bool later_ok;
    void (*closed)(void *user);
    void *closed_user;
};

static const char *const failure_names[BOARD_FAILURE_COUNT] = {"ok",    "build", "host",  "probe",
                                                               "flash", "run",   "power", "mismatch", "worn"};

const char *board_failure_name(enum board_failure f)
{
    return (unsigned)f < BOARD_FAILURE_COUNT ? failure_names[f] : "?";
}

/* The one close predicate: child, meter, chores and timer are gone. */
static void free_if_closed(struct board *b)
{
    if (!b->closing || b->openocd || b->meter || b->old_meters || b->chores || !b->closed_timer)
        return;
    if (b->closed)
        b->closed(b->closed_user);
    board_image_finish(&b->core.image);
    unlink(b->core.path);
    board_disk_file_finish(&b->piece);
    power_trace_finish(&b->trace);
    free(b->core.runner);
    free(b->core.sram);
    free(b);
}

static void carry_out(struct board *b, const struct board_todo *t);

static void event(struct board *b, const struct board_event *ev)
{
    struct board_todo t;
    if (b->closing)
        return;
    b->turn++;
    board_step(&b->core, ev, &t);
    carry_out(b, &t);
}

static void on_timer(uv_timer_t *timer)
{
    struct board *b = timer->data;
    event(b, &(struct board_event){.kind = b->later, .ok = b->later_ok, .text = b->later_text});
}

/* An event from the loop, after `ms`. */
static void bring_later(struct board *b, enum board_event_kind kind, bool ok, const char *text, uint64_t ms)
{
    b->later = kind;
    b->later_ok = ok;
    snprintf(b->later_text, sizeof b->later_text, "%s", text);
    uv_timer_start(&b->timer, on_timer, ms, 0);
}

/* --- OpenOCD --- */

static void on_answer(void *user, int code, const char *text)
{
    struct board *b = user;
    if (openocd_probe_firmware(b->openocd)[0])
        snprintf(b->probe_firmware, sizeof b->probe_firmware, "%s", openocd_probe_firmware(b->openocd));
    event(b, &(struct board_event){.kind = BOARD_EV_ANSWER, .code = code, .text = text});
}

static void on_gone(void *user, bool started, const char *text)
{
    struct board *b = user;
    b->openocd = NULL;
    event(b, &(struct board_event){.kind = started ? BOARD_EV_GONE : BOARD_EV_NO_PROGRAM, .text = text});
    free_if_closed(b);
}

/* No OpenOCD is started before the probe is known to be the board's own. */
static bool is_right_probe(struct board *b)
{
    struct error e = {""};
    if (!b->file.usb_location[0])
        return true;
    int rc = usb_port_check(b->file.usb_devices, b->file.usb_location, b->file.serial, &e);
    if (rc != 0)
        bring_later(b, BOARD_EV_WRONG_PROBE, rc == 1, e.text, 0);
    return rc == 0;
}

static void start_openocd(struct board *b, const struct board_todo *t)
{
    struct error e = {""};
    struct openocd_actions actions = {b, on_answer, on_gone};
    if (!is_right_probe(b))
        return;
    b->openocd = openocd_start(b->loop, &b->file, t->under_reset, &actions, &e);
    if (b->openocd)
        openocd_call(b->openocd, t->command, t->ms);
    else
        bring_later(b, BOARD_EV_NO_PROGRAM, false, e.text, 0);
}

static void call_openocd(struct board *b, const char *command, uint64_t ms)
{
    if (b->openocd)
        openocd_call(b->openocd, command, ms);
}

/* The file is there: now OpenOCD may be told of it, unless what it was for is over. */
static void on_piece_written(void *user, unsigned long turn, int rc, const char *text)
{
    struct board *b = user;
    b->chores--;
    if (turn == b->turn && !b->closing) {
        uv_timer_stop(&b->timer);
        if (rc != 0)
            event(b, &(struct board_event){.kind = BOARD_EV_HOST, .text = text});
        else
            call_openocd(b, b->command, b->command_ms);
    }
    free_if_closed(b);
}

/* OpenOCD reads what it writes from a file; pieces are at most a few hundred KB. */
static void write_piece(struct board *b, const struct board_todo *t)
{
    struct error e = {""};
    struct board_disk_writer w = {b, b->turn, on_piece_written};
    snprintf(b->command, sizeof b->command, "%s", t->command);
    b->command_ms = t->ms;
    if (board_disk_write(b->loop, &b->piece, t->data, t->size, &w, &e) != 0) {
        bring_later(b, BOARD_EV_HOST, false, e.text, 0);
        return;
    }
    b->chores++;
    bring_later(b, BOARD_EV_HOST, false, "the disk does not answer", t->ms);
}

/* --- the meter --- */

static void on_meter_closed(void *user)
{
    struct board *b = user;
    b->old_meters--;
    free_if_closed(b);
}

/* An instrument that failed is opened anew for its next use: its port may have gone and come again. */
static void close_meter(struct board *b)
{
    if (!b->meter)
        return;
    b->old_meters++;
    meter_actions(b->file.meter)->close(b->meter, on_meter_closed, b);
    b->meter = NULL;
}

/* Samples are for whoever looks at a figure later: that there is no memory for them fails nothing. */
static void keep_samples(struct board *b, const struct meter_window *w)
{
    struct power_trace *t = &b->trace;
    power_trace_append(t, w->trace);
    snprintf(t->instrument, sizeof t->instrument, "%s", w->instrument);
    t->is_virtual = b->file.is_virtual;
    t->repeated |= w->repeated;
    t->windows[t->n - 1].lost = w->lost;
    t->windows[t->n - 1].energy_nj = w->energy_nj;
    t->windows[t->n - 1].marked = w->marked;
}

static void on_recorded(void *user, int status, const char *text, const struct meter_window *w)
{
    struct board *b = user;
    if (status != 0)
        close_meter(b);
    else
        keep_samples(b, w);
    event(b, &(struct board_event){.kind = BOARD_EV_METER, .ok = status == 0, .text = text, .window = w});
}

static void on_power_cycled(void *user, int status, const char *text)
{
    struct board *b = user;
    if (status != 0)
        close_meter(b);
    event(b, &(struct board_event){.kind = BOARD_EV_SWITCHED, .ok = status == 0, .text = text});
}

/* The meter, opened if need be; else the event says why not. */
static struct meter *need_meter(struct board *b, enum board_event_kind kind)
{
    struct error e = {""};
    if (!b->meter)
        b->meter = meter_actions(b->file.meter)->open(b->loop, &b->file, &e);
    if (!b->meter)
        bring_later(b, kind, false, e.text, 0);
    return b->meter;
}

static void record(struct board *b, const struct board_todo *t)
{
    struct meter *m = need_meter(b, BOARD_EV_METER);
    if (m)
        meter_actions(b->file.meter)->record(m, &(struct meter_wish){t->us, t->lead_us, t->ms}, on_recorded, b);
}

static void power_cycle(struct board *b, const struct board_todo *t)
{
    struct meter *m = need_meter(b, BOARD_EV_SWITCHED);
    if (m)
        meter_actions(b->file.meter)->cycle(m, t->ms, on_power_cycled, b);
}

static void switch_port(struct board *b, const struct board_todo *t)
{
    struct error e = {""};
    bool ok = usb_port_switch(b->file.usb_devices, b->file.usb_location, t->on, &e) == 0;
    bring_later(b, BOARD_EV_SWITCHED, ok, e.text, 0);
}

/* --- todos --- */

static void ask_owner(struct board *b, const struct board_todo *t)
{
    if (b->actions.before_erase)
        b->actions.before_erase(b->actions.user, b, t->page, t->n, &b->core.log);
    else
        bring_later(b, BOARD_EV_ERASE, true, "", 0);
}

static void finish(struct board *b)
{
    struct board_result result = b->core.result;
    result.trace = result.n_windows > 0 ? &b->trace : NULL;
    void (*done)(void *, const struct board_result *) = b->done;
    b->busy = false;
    b->done = NULL;
    if (done)
        done(b->done_user, &result);
}

static void carry_out(struct board *b, const struct board_todo *t)
{
    if (t->log_changed && b->actions.log_changed)
        b->actions.log_changed(b->actions.user, b, &b->core.log);
    switch (t->kind) {
    case BOARD_DO_NOTHING:
        break;
    case BOARD_DO_START:
        start_openocd(b, t);
        break;
    case BOARD_DO_CALL:
        if (t->data)
            write_piece(b, t);
        else
            call_openocd(b, t->command, t->ms);
        break;
    case BOARD_DO_ASK:
        ask_owner(b, t);
        break;
    case BOARD_DO_WAIT:
        bring_later(b, BOARD_EV_TIME, true, "", t->ms);
        break;
    case BOARD_DO_RECORD:
        record(b, t);
        break;
    case BOARD_DO_STOP:
        openocd_stop(b->openocd);
        break;
    case BOARD_DO_PORT:
        switch_port(b, t);
        break;
    case BOARD_DO_POWER:
        power_cycle(b, t);
        break;
    case BOARD_DO_FINISH:
        if (b->core.result.failure == BOARD_OK)
            board_wire_provenance(&b->core);
        finish(b);
        break;
    }
}

/* Every move of the core is a line of progress; its commands are not. */
static void on_trace(void *user, const char *line)
{
    struct board *b = user;
    if (b->actions.progress)
        b->actions.progress(b->actions.user, b, line);
}

/* --- the owner's calls --- */

static int load_runner(struct board *b, const char *path, struct error *e)
{
    size_t size;
    char *data;
    if (!path[0])
        return error_set(e, "no runner is named");
    if (file_read(path, RUNNER_MAX, &data, &size, e) != 0)
        return -1;
    b->core.runner = (uint8_t *)data;
    b->core.runner_bytes = (uint32_t)size;
    sha256_of(data, size, b->core.runner_sha256);
    return size >= 8 ? 0 : error_set(e, "%s is no runner", path);
}

struct board *board_open(uv_loop_t *loop, const struct board_file *file, const struct flashlog *log,
                         const char *runner_path, const char *work_dir, const struct board_actions *actions,
                         struct error *e)
{
    struct board *b = calloc(1, sizeof *b);
    if (!b) {
        error_set(e, "out of memory");
        return NULL;
    }
    b->loop = loop;
    b->file = *file;
    b->core.file = &b->file;
    int n = snprintf(b->core.path, sizeof b->core.path, "%s/%s.bin", work_dir, file->serial);
    int rc = n < (int)sizeof b->core.path && !strpbrk(work_dir, " {}[]$\"\\;")
                 ? load_runner(b, runner_path ? runner_path : file->runner, e)
                 : error_set(e, "the folder \"%s\" has a name that OpenOCD cannot be told", work_dir);
    if (rc == 0)
        rc = board_disk_file_init(&b->piece, b->core.path, e);
    if (rc != 0) {
        error_wrap(e, "board %s", file->name);
        free(b->core.runner);
        free(b);
        return NULL;
    }
    if (actions)
        b->actions = *actions;
    if (log)
        b->core.log = *log;
    flashlog_load(&b->core.log);
    b->core.trace = on_trace;
    b->core.trace_user = b;
    uv_timer_init(loop, &b->timer);
    b->timer.data = b;
    return b;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct board *b = handle->data;
    b->closed_timer = true;
    free_if_closed(b);
}

void board_close(struct board *b, void (*closed)(void *user), void *user)
{
    b->closing = true;
    b->closed = closed;
    b->closed_user = user;
    if (b->openocd)
        openocd_stop(b->openocd);
    close_meter(b);
    uv_close((uv_handle_t *)&b->timer, on_timer_closed);
}

/* A measurement that ends before the board was touched. */
static void fail_early(struct board *b, enum board_failure failure, const char *text)
{
    b->core.result = (struct board_result){.failure = failure};
    snprintf(b->core.result.text, sizeof b->core.result.text, "%s", text);
    finish(b);
}

/* The SRAM placement needs room for a copy of all sections. */
static int take_image(struct board *b, struct board_image *image, enum board_failure *failure, struct error *e)
{
    *failure = BOARD_FAIL_BUILD;
    if (board_core_set(&b->core, &b->job, image, e) != 0)
        return -1;
    *failure = BOARD_FAIL_HOST;
    b->core.sram_bytes = board_core_sram_bytes(&b->core);
    uint8_t *sram = realloc(b->core.sram, b->core.sram_bytes + 1);
    if (!sram)
        return error_set(e, "out of memory");
    b->core.sram = sram;
    return 0;
}

static void on_image_read(void *user, unsigned long read, int rc, bool is_there, struct board_image *image, const char *text)
{
    struct board *b = user;
    struct error e = {""};
    enum board_failure failure;
    b->chores--;
    if (b->closing || read != b->reads) {
        free_if_closed(b);
        return;
    }
    b->reading = false;
    uv_timer_stop(&b->timer); // an abort that comes too late for this; the next look at the lease aborts again
    if (rc != 0)
        fail_early(b, is_there ? BOARD_FAIL_BUILD : BOARD_FAIL_HOST, text);
    else if (take_image(b, image, &failure, &e) != 0)
        fail_early(b, failure, e.text);
    else
        event(b, &(struct board_event){.kind = BOARD_EV_MEASURE, .ok = true, .text = ""});
}

int board_measure(struct board *b, const struct board_job *job,
                  void (*done)(void *user, const struct board_result *result), void *user, struct error *e)
{
    struct board_disk_reader r = {b, b->reads + 1, on_image_read};
    if (b->busy || b->closing)
        return error_set(e, "board %s is busy", b->file.name);
    if (board_disk_read(b->loop, job->image_path, &r, e) != 0)
        return -1;
    b->reads++;
    b->chores++;
    power_trace_finish(&b->trace);
    b->job = *job;
    b->job.image_path = NULL; // copied
    b->reading = b->busy = true;
    b->done = done;
    b->done_user = user;
    return 0;
}

int board_check(struct board *b, double deadline_scale, void (*done)(void *user, const struct board_result *result), void *user,
                struct error *e)
{
    if (b->busy || b->closing)
        return error_set(e, "board %s is busy", b->file.name);
    board_core_set_check(&b->core, deadline_scale);
    b->busy = true;
    b->done = done;
    b->done_user = user;
    bring_later(b, BOARD_EV_MEASURE, true, "", 0);
    return 0;
}

static void on_reading_aborted(uv_timer_t *timer)
{
    struct board *b = timer->data;
    b->reading = false;
    b->reads++; // the image comes too late
    fail_early(b, BOARD_FAIL_PROBE, b->later_text);
}

void board_abort(struct board *b, const char *why)
{
    if (b->reading) {
        snprintf(b->later_text, sizeof b->later_text, "%s", why);
        uv_timer_start(&b->timer, on_reading_aborted, 0, 0);
        return;
    }
    bool metering = b->core.state == BOARD_METERING || b->core.state == BOARD_CYCLING;
    if (!b->busy || b->core.state == BOARD_IDLE || b->core.state == BOARD_FAILING)
        return;
    if (metering)
        close_meter(b); // no word of it any more
    bring_later(b, BOARD_EV_ABORT, false, why, 0);
}

void board_erase_answer(struct board *b, bool stored)
{
    if (b->core.state == BOARD_ASKING)
        bring_later(b, BOARD_EV_ERASE, stored, "", 0);
}

void board_distrust(struct board *b)
{
    board_plan_distrust(&b->core);
    b->core.wary = true;
}

const struct flashlog *board_log(const struct board *b)
{
    return &b->core.log;
}

const struct board_file *board_about(const struct board *b)
{
    return &b->file;
}

const char *board_probe_firmware(const struct board *b)
{
    return b->probe_firmware;
}

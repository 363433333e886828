// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The moves of a board's life: one function per state, in the order of a measurement.
#include "hwlink/board_state.h"

#include "base/stats.h"
#include "hwlink/board_moves.h"
#include "hwlink/board_plan.h"
#include "hwlink/board_wire.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define DHCSR 0xe000edf0u // Armv8-M manual, D1.2
#define DHCSR_DEBUG_OFF 0xa05f0000u
#define AIRCR 0xe000ed0cu
#define AIRCR_RESET 0x05fa0004u
#define BOOT_MS 5000u      // until the runner says READY
#define RUN_MS 60000u      // for all samples of a job
#define PICK_UP_MS 10000u  // from the window's end to the result
#define POWER_UP_MS 10000u // from power-on to the window
#define POLL_MS 2u         // first wait between two looks; doubled up to POLL_MAX_MS
#define POLL_MAX_MS 50u
#define WINDOW_S 0.2       // a window is at least so long unless repeats are given
#define WINDOW_SLOW_S 2.0  // for an instrument of milliseconds that does not supply the board
#define WINDOW_REPEATS 10u
#define LAP_SLACK_CYCLES 2000.0 // a lap also copies the input and counts no single operations
#define HEAD_WORDS ((uint32_t)((offsetof(struct mailbox, result) + 5 * sizeof(uint32_t)) / sizeof(uint32_t)))

double board_scale(const struct board_core *c)
{
    double asked = c->job.deadline_scale > 0 ? c->job.deadline_scale : 1;
    return c->file->is_virtual ? 4 * asked : asked; // a virtual board shares the host's cores
}

void board_trace(const struct board_core *c, const char *format, ...)
{
    char line[BOARD_COMMAND_MAX + 64];
    va_list args;
    if (!c->trace)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    c->trace(c->trace_user, line);
}

#define TO(state) (1u << (state))
#define NO_CONNECTION (TO(BOARD_STARTING) | TO(BOARD_PAUSING) | TO(BOARD_CYCLING))
#define CONNECTED                                                                                                      \
    (TO(BOARD_CHECKING) | TO(BOARD_ASKING) | TO(BOARD_WRITING) | TO(BOARD_LOADING) | TO(BOARD_CLEARING) | TO(BOARD_PARKING))
#define ANY_END (TO(BOARD_FAILING) | TO(BOARD_IDLE))

struct state_about {
    const char *name;
    uint32_t next; // allowed successors besides ANY_END
};

static const struct state_about about[BOARD_STATE_COUNT] = {
    [BOARD_IDLE] = {"idle", TO(BOARD_STARTING) | TO(BOARD_CYCLING) | TO(BOARD_HALTING)},
    [BOARD_STARTING] = {"starting", TO(BOARD_PAUSING) | TO(BOARD_CYCLING) | TO(BOARD_HALTING) | TO(BOARD_RUNNING)},
    [BOARD_PAUSING] = {"pausing", TO(BOARD_STARTING)},
    [BOARD_CYCLING] = {"cycling", TO(BOARD_CYCLING) | TO(BOARD_STARTING)},
    [BOARD_HALTING] = {"halting", NO_CONNECTION | TO(BOARD_INSPECTING) | CONNECTED},
    [BOARD_INSPECTING] = {"inspecting", NO_CONNECTION | CONNECTED},
    [BOARD_CHECKING] = {"checking", TO(BOARD_CHECKING) | TO(BOARD_ASKING) | TO(BOARD_LOADING) | TO(BOARD_CLEARING) |
                                        TO(BOARD_PARKING)},
    [BOARD_ASKING] = {"asking", TO(BOARD_ERASING)},
    [BOARD_ERASING] = {"erasing", TO(BOARD_WRITING)},
    [BOARD_WRITING] = {"writing", TO(BOARD_VERIFYING) | TO(BOARD_ASKING)},
    [BOARD_LOADING] = {"loading", TO(BOARD_VERIFYING)},
    [BOARD_VERIFYING] = {"verifying", TO(BOARD_ASKING) | TO(BOARD_WRITING) | TO(BOARD_LOADING) | TO(BOARD_CLEARING) |
                                          TO(BOARD_DETACHING)},
    [BOARD_CLEARING] = {"clearing", TO(BOARD_RELEASING)},
    [BOARD_RELEASING] = {"releasing", TO(BOARD_BOOTING)},
    [BOARD_BOOTING] = {"booting", TO(BOARD_POSTING)},
    [BOARD_POSTING] = {"posting", TO(BOARD_RUNNING)},
    [BOARD_RUNNING] = {"running", TO(BOARD_READING)},
    [BOARD_READING] = {"reading", TO(BOARD_PARKING) | TO(BOARD_HALTING)},
    [BOARD_DETACHING] = {"detaching", TO(BOARD_METERING)},
    [BOARD_METERING] = {"metering", TO(BOARD_METERING) | TO(BOARD_STARTING)},
    [BOARD_PARKING] = {"parking", 0},
    [BOARD_FAILING] = {"failing", 0},
};

void board_go(struct board_core *c, enum board_state next)
{
    assert((about[c->state].next | ANY_END) & TO(next));
    if (next != c->state)
        board_trace(c, "%s", about[next].name);
    c->state = next;
}

/* --- endings --- */

static void finish(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_IDLE);
    board_trace(c, "finished: %s", board_failure_name(c->result.failure));
    t->kind = BOARD_DO_FINISH;
    t->log_changed = true;
}

void board_fail(struct board_core *c, struct board_todo *t, enum board_failure failure, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->result.text, sizeof c->result.text, format, args);
    va_end(args);
    c->result.failure = failure;
    if (failure != BOARD_FAIL_BUILD && failure != BOARD_FAIL_HOST && failure != BOARD_FAIL_POWER)
        board_plan_distrust(c);
    if (!c->connected) {
        finish(c, t);
        return;
    }
    board_go(c, BOARD_FAILING);
    t->kind = BOARD_DO_STOP; // what it has to say on stderr comes with its end
}

void board_fail_operator(struct board_core *c, struct board_todo *t, enum board_failure failure, const char *text)
{
    c->result.needs_operator = true;
    board_fail(c, t, failure, "%s", text);
}

static void look(struct board_core *c, struct board_todo *t)
{
    board_wire_read(t, board_scale(c), MAILBOX_ADDRESS, HEAD_WORDS);
}

void board_look_again(struct board_core *c, struct board_todo *t)
{
    c->waited_ms = 0;
    look(c, t);
}

/* All is done: a waiting runner would spend a virtual board's host for nothing. */
void board_park(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_PARKING);
    board_wire_call(t, board_scale(c), BOARD_HALT_MS, "halt");
}

void board_connected(struct board_core *c, struct board_todo *t)
{
    if (c->energy_phase) {
        board_plan_record(c, false);
        board_next_write(c, t);
    } else {
        c->runner_wrong = false;
        board_check_next(c, t);
    }
}

/* --- what follows writing --- */

static bool meter_supplies(const struct board_core *c)
{
    const struct meter_kind_actions *meter = meter_actions(c->file->meter);
    return meter && meter->cycle;
}

/* OpenOCD leaves before power is measured. Where the meter cannot take the board's supply away, debug is ended and the part reset by
 * hand: so the runner starts as after a power cycle. */
static void detach(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_DETACHING);
    if (meter_supplies(c))
        t->kind = BOARD_DO_STOP;
    else
        board_wire_call(t, board_scale(c), BOARD_HALT_MS, "write_memory 0x%08x 32 {0x%08x}; write_memory 0x%08x 32 {0x%08x}",
                        DHCSR, DHCSR_DEBUG_OFF, AIRCR, AIRCR_RESET);
}

static void on_detached(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->code != 0)
        board_fail(c, t, BOARD_FAIL_PROBE, "the part could not be reset without a debugger");
    else
        t->kind = BOARD_DO_STOP;
}

void board_all_written(struct board_core *c, struct board_todo *t)
{
    if (c->energy_phase) {
        detach(c, t);
        return;
    }
    board_go(c, BOARD_CLEARING); // what an earlier run left in SRAM must not pass for an answer
    board_wire_call(t, board_scale(c), BOARD_HALT_MS, "write_memory 0x%08x 32 {0 0 0 0}", MAILBOX_ADDRESS);
}

/* --- the run --- */

static void on_cleared(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->code != 0) {
        board_fail(c, t, BOARD_FAIL_PROBE, "the mailbox could not be cleared");
        return;
    }
    board_go(c, BOARD_RELEASING);
    /* With polling off OpenOCD would go on believing that the core is in reset, and its `halt` do nothing: one look finds
     * the reset over, the next the core running. */
    board_wire_call(t, board_scale(c), BOARD_HALT_MS, "reset run; poll; poll");
}

static void on_released(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->code != 0) {
        board_fail(c, t, BOARD_FAIL_PROBE, "the core could not be reset and released");
        return;
    }
    board_go(c, BOARD_BOOTING);
    c->waited_ms = 0;
    look(c, t);
}

/* Waits a little longer each time; -1 when `limit_ms` is over (and nothing is to be done yet). */
static int wait_more(struct board_core *c, struct board_todo *t, uint64_t limit_ms)
{
    if ((double)c->waited_ms > (double)limit_ms * board_scale(c))
        return -1;
    uint64_t ms = c->waited_ms < POLL_MS ? POLL_MS : c->waited_ms;
    t->kind = BOARD_DO_WAIT;
    t->ms = ms < POLL_MAX_MS ? ms : POLL_MAX_MS;
    c->waited_ms += t->ms;
    return 0;
}

/* Reads the mailbox's head out of an answer; a failure is already told. Returns 0 or -1. */
static int read_head(struct board_core *c, const struct board_event *ev, struct board_todo *t, struct mailbox *m)
{
    uint32_t words[HEAD_WORDS];
    if (ev->code != 0 || board_wire_words(ev->text, words, HEAD_WORDS) != 0) {
        board_fail(c, t, BOARD_FAIL_PROBE, "the mailbox could not be read");
        return -1;
    }
    memset(m, 0, sizeof *m);
    memcpy(m, words, sizeof words);
    return 0;
}

static void on_boot_look(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    struct mailbox m;
    if (read_head(c, ev, t, &m) != 0)
        return;
    if (m.magic != MAILBOX_MAGIC || m.result.state == MAILBOX_BOOTING) {
        if (wait_more(c, t, BOOT_MS) != 0)
            board_fail(c, t, BOARD_FAIL_RUN, "the runner did not come up");
    } else if (m.version != MAILBOX_VERSION || m.runner_version != MAILBOX_VERSION) {
        board_fail(c, t, BOARD_FAIL_BUILD, "the runner speaks version %u, not %u", m.runner_version, MAILBOX_VERSION);
    } else if (m.result.state == MAILBOX_FAILED) {
        board_fail(c, t, BOARD_FAIL_RUN, "the runner failed at its start: error %u, detail 0x%x", m.result.error, m.result.detail);
    } else {
        board_go(c, BOARD_POSTING);
        board_plan_job(c, 0);
        board_wire_post(t, board_scale(c), &c->record);
    }
}

static void on_posted(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->code != 0) {
        board_fail(c, t, BOARD_FAIL_PROBE, "the job could not be written");
        return;
    }
    board_go(c, BOARD_RUNNING);
    c->waited_ms = 0;
    look(c, t);
}

static const char *runner_error(uint32_t error)
{
    static const char *const names[] = {"no error", "bad job", "bad program", "no kernel for an operation", "processor fault",
                                        "the clock did not come up"};
    return error < sizeof names / sizeof *names ? names[error] : "unknown error";
}

static void on_run_look(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    struct mailbox m;
    if (read_head(c, ev, t, &m) != 0)
        return;
    bool ours = m.magic == MAILBOX_MAGIC && m.result.sequence == c->record.sequence;
    if (ours && m.result.state == MAILBOX_DONE) {
        board_go(c, BOARD_READING);
        c->outputs_wanted = false;
        board_wire_read(t, board_scale(c), MAILBOX_ADDRESS + offsetof(struct mailbox, result), sizeof c->raw / 4);
    } else if (m.magic == MAILBOX_MAGIC && m.result.state == MAILBOX_FAILED) {
        board_fail(c, t, BOARD_FAIL_RUN, "the runner says: %s (detail 0x%x)", runner_error(m.result.error), m.result.detail);
    } else if (wait_more(c, t, c->energy_phase ? PICK_UP_MS : RUN_MS) != 0) {
        board_fail(c, t, BOARD_FAIL_RUN, "the run did not end: runner state %u, job %u, %u samples done", m.result.state,
             m.result.sequence, m.result.samples_done);
    }
}

static void take_latency(struct board_core *c)
{
    struct board_result *r = &c->result;
    const struct mailbox_result *raw = &c->raw;
    r->is_virtual = c->file->is_virtual;
    r->clock_hz = raw->clock_hz;
    r->n_samples = c->image.file->n_samples;
    memcpy(r->sample_cycles, raw->sample_cycles, sizeof r->sample_cycles);
    r->n_ops = c->image.program->n_ops;
    memcpy(r->op_cycles, raw->op_cycles, sizeof r->op_cycles);
    for (uint32_t i = 0; i < r->n_ops; i++)
        r->op_layer[i] = c->image.ops[i].layer;
    r->arena_high_water = raw->arena_high_water;
    r->stack_high_water = raw->stack_high_water;
}

static uint32_t window_repeats(const struct board_core *c)
{
    if (c->job.repeats > 0)
        return c->job.repeats;
    double seconds = meter_supplies(c) ? WINDOW_S : WINDOW_SLOW_S;
    double n = seconds * c->result.clock_hz / c->result.sample_cycles[0] + 1;
    return n < WINDOW_REPEATS ? WINDOW_REPEATS : n > BOARD_REPEATS_MAX ? BOARD_REPEATS_MAX : (uint32_t)n;
}

/* The outputs are those of the host: go on with the energy, or end well. */
static void run_is_right(struct board_core *c, struct board_todo *t)
{
    if (c->energy_phase || !c->job.energy) {
        board_park(c, t);
        return;
    }
    c->energy_phase = true;
    c->result.repeats = window_repeats(c);
    board_call_halt(c, t);
}

static void on_read(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    uint32_t bytes = c->image.file->expected_bytes;
    if (!c->outputs_wanted) {
        if (ev->code != 0 || board_wire_words(ev->text, (uint32_t *)&c->raw, sizeof c->raw / 4) != 0) {
            board_fail(c, t, BOARD_FAIL_PROBE, "the result could not be read");
        } else if (c->raw.clock_hz == 0 || c->raw.sample_cycles[0] == 0) {
            board_fail(c, t, BOARD_FAIL_RUN, "the runner counted no cycles");
        } else {
            c->outputs_wanted = true;
            board_wire_read(t, board_scale(c), MAILBOX_OUTPUTS_ADDRESS, bytes / 4);
        }
        return;
    }
    uint32_t outputs[MAILBOX_OUTPUTS_BYTES / 4];
    if (ev->code != 0 || board_wire_words(ev->text, outputs, bytes / 4) != 0) {
        board_fail(c, t, BOARD_FAIL_PROBE, "the outputs could not be read");
        return;
    }
    if (!c->energy_phase)
        take_latency(c);
    sha256_of(outputs, bytes, c->result.outputs_sha256);
    c->result.outputs_ok = board_image_agrees(&c->image, outputs);
    if (!c->result.outputs_ok)
        board_fail(c, t, BOARD_FAIL_MISMATCH, "the board's outputs%s differ from the host's",
             c->energy_phase ? " after the power cycle" : "");
    else
        run_is_right(c, t);
}

/* --- energy --- */

/* What the window should last, from the cycles that were counted with the debugger. */
static double expected_window_us(const struct board_core *c)
{
    return 1e6 * c->result.repeats * c->result.sample_cycles[0] / c->result.clock_hz;
}

static void call_record(struct board_core *c, struct board_todo *t)
{
    board_go(c, BOARD_METERING);
    t->kind = BOARD_DO_RECORD;
    t->us = (int64_t)(expected_window_us(c) + 0.5);
    double samples_us = (double)expected_window_us(c) / c->result.repeats * c->result.n_samples;
    t->lead_us = (int64_t)(samples_us + 0.5);
    t->ms = (uint64_t)(board_scale(c) * (POWER_UP_MS + (samples_us + 2 * expected_window_us(c)) / 1000));
    board_trace(c, "record: %u repeats", c->result.repeats);
}

static void on_recorded(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (!ev->ok) {
        board_fail(c, t, BOARD_FAIL_POWER, "%s", ev->text);
        return;
    }
    struct board_result *r = &c->result;
    const struct meter_window *w = ev->window;
    double off_us = (double)w->length_us - expected_window_us(c);
    double slack_us = 0.05 * expected_window_us(c) + 1e6 * LAP_SLACK_CYCLES * r->repeats / r->clock_hz + 100;
    if (off_us < -slack_us || off_us > slack_us) {
        board_fail(c, t, BOARD_FAIL_POWER, "a window of %" PRId64 " us, %.0f us were expected", w->length_us,
             expected_window_us(c));
        return;
    }
    c->window_nj[c->windows_done++] = (w->energy_nj + r->repeats / 2) / r->repeats;
    r->window_us = w->length_us;
    r->waveform_repeated |= w->repeated;
    r->n_points = w->n_points;
    r->point_us = w->point_us;
    memcpy(r->points_uw, w->points_uw, sizeof r->points_uw);
    memcpy(c->meter_name, w->instrument, sizeof c->meter_name);
    if (c->windows_done < c->job.windows) {
        call_record(c, t);
        return;
    }
    int64_t *nj = c->window_nj;
    r->n_windows = c->windows_done;
    r->energy_nj = stats_median_i64(nj, (int)r->n_windows); // sorts
    r->energy_spread_nj = nj[r->n_windows - 1] - nj[0];
    board_pick_up(c, t);
}

/* --- the table --- */

static void on_idle(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->kind != BOARD_EV_MEASURE)
        return;
    if (c->wary && c->connected) {
        board_go(c, BOARD_STARTING);
        t->kind = BOARD_DO_STOP;
    } else if (c->wary) {
        board_freshen(c, t);
    } else if (c->connected)
        board_call_halt(c, t);
    else
        board_start(c, t);
}

static void on_failing(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    if (ev->kind != BOARD_EV_GONE)
        return;
    size_t n = strlen(c->result.text);
    snprintf(c->result.text + n, sizeof c->result.text - n, " (%s)", ev->text);
    finish(c, t);
}

static void on_parked(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    (void)ev; // everything is measured; a board that cannot be halted shows at its next job
    finish(c, t);
}

static void (*const on_answer[BOARD_STATE_COUNT])(struct board_core *, const struct board_event *, struct board_todo *) = {
    [BOARD_STARTING] = board_on_started,
    [BOARD_HALTING] = board_on_halted,
    [BOARD_INSPECTING] = board_on_inspected,
    [BOARD_CHECKING] = board_on_checked,
    [BOARD_ERASING] = board_on_erased,
    [BOARD_WRITING] = board_on_written,
    [BOARD_VERIFYING] = board_on_verified,
    [BOARD_LOADING] = board_on_written,
    [BOARD_CLEARING] = on_cleared,
    [BOARD_RELEASING] = on_released,
    [BOARD_BOOTING] = on_boot_look,
    [BOARD_POSTING] = on_posted,
    [BOARD_RUNNING] = on_run_look,
    [BOARD_READING] = on_read,
    [BOARD_PARKING] = on_parked,
    [BOARD_DETACHING] = on_detached,
};

static void on_gone(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    c->connected = false;
    bool connecting = c->state == BOARD_HALTING || c->state == BOARD_INSPECTING;
    if (c->state == BOARD_STARTING && c->wary)
        board_freshen(c, t);
    else if (c->state == BOARD_STARTING || (connecting && !c->energy_phase))
        board_no_connection(c, ev->text, t);
    else if (c->state == BOARD_DETACHING)
        call_record(c, t);
    else if (c->state == BOARD_FAILING)
        on_failing(c, ev, t);
    else if (c->state == BOARD_PARKING)
        finish(c, t);
    else if (c->state != BOARD_IDLE)
        board_fail(c, t, BOARD_FAIL_PROBE, "while %s: %s", about[c->state].name, ev->text);
}

static void on_time(struct board_core *c, struct board_todo *t)
{
    if (c->state == BOARD_PAUSING)
        board_start(c, t);
    else if (c->state == BOARD_CYCLING)
        board_on_cycle_time(c, t);
    else if (c->state == BOARD_BOOTING || c->state == BOARD_RUNNING)
        look(c, t);
}

void board_step(struct board_core *c, const struct board_event *ev, struct board_todo *t)
{
    memset(t, 0, sizeof *t);
    if (ev->kind == BOARD_EV_MEASURE)
        on_idle(c, ev, t);
    else if (ev->kind == BOARD_EV_GONE || (ev->kind == BOARD_EV_NO_PROGRAM && c->state == BOARD_FAILING))
        on_gone(c, ev, t);
    else if (ev->kind == BOARD_EV_NO_PROGRAM) {
        c->connected = false;
        board_fail(c, t, BOARD_FAIL_HOST, "%s", ev->text);
    } else if (ev->kind == BOARD_EV_HOST)
        board_fail(c, t, BOARD_FAIL_HOST, "%s", ev->text);
    else if (ev->kind == BOARD_EV_TIME)
        on_time(c, t);
    else if (ev->kind == BOARD_EV_ERASE && c->state == BOARD_ASKING)
        board_on_erase_answer(c, ev, t);
    else if (ev->kind == BOARD_EV_SWITCHED && c->state == BOARD_CYCLING)
        board_on_switched(c, ev, t);
    else if (ev->kind == BOARD_EV_WRONG_PROBE && c->state == BOARD_STARTING)
        board_on_wrong_probe(c, ev, t);
    else if (ev->kind == BOARD_EV_ABORT && c->state != BOARD_IDLE && c->state != BOARD_FAILING)
        board_fail(c, t, BOARD_FAIL_PROBE, "%s", ev->text);
    else if (ev->kind == BOARD_EV_METER && c->state == BOARD_METERING)
        on_recorded(c, ev, t);
    else if (ev->kind == BOARD_EV_ANSWER && on_answer[c->state])
        on_answer[c->state](c, ev, t);
    if (t->command[0])
        board_trace(c, "  %s", t->command);
}

static void begin(struct board_core *c)
{
    memset(&c->result, 0, sizeof c->result);
    c->result.is_virtual = c->file->is_virtual;
    c->energy_phase = c->foreign_port = c->fresh = false;
    c->starts = 0;
    c->rung = BOARD_RUNG_NONE;
    c->tried[0] = '\0';
    c->windows_done = 0;
    c->n_writes = c->write = 0;
}

int board_core_set(struct board_core *c, const struct board_job *job, struct board_image *image, struct error *e)
{
    const char *senseless = NULL;
    if (job->energy && (c->file->meter == METER_NONE || job->placement != BOARD_IN_FLASH))
        senseless = c->file->meter == METER_NONE ? "this board has no meter" : "energy is measured from flash only";
    else if (job->repeats > BOARD_REPEATS_MAX || job->windows > BOARD_WINDOWS_MAX)
        senseless = "too many repeats or windows";
    board_image_finish(&c->image);
    c->image = *image;
    memset(image, 0, sizeof *image);
    if (senseless)
        return error_set(e, "%s", senseless);
    c->job = *job;
    c->job.windows = !meter_supplies(c) ? 1 : job->windows > 0 ? job->windows : 3;
    c->job.image_path = NULL; // it was read
    c->check_only = false;
    begin(c);
    board_plan_needs(c);
    return 0;
}

void board_core_set_check(struct board_core *c, double deadline_scale)
{
    c->job = (struct board_job){.deadline_scale = deadline_scale};
    c->n_needs = 0;
    c->check_only = true;
    c->inspected = false;
    begin(c);
}

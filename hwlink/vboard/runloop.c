// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The thread of a board's core: runs it in slices; while somebody measures, in cells of power; rests while it only waits.
// Virtual time never follows the host's: a slow host, a debugger or a slow reader of samples make the board late, not different. With a pace
// the host waits for it.
#include "hwlink/vboard/idle.h"
#include "hwlink/vboard/vboard.h"
#include "quant/kernels/mailbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SLICE_MIN 16384u     // cycles after something was changed: then look if it waits again
#define SLICE_MAX 1048576u
#define REPEAT_CELLS 256     // said again before others may enter
#define GAP_PS 1000000000u   // a meter's time goes on by so much while its target has no power
#define CELL_HZ 20000u       // a cell is at most 50 us long, however slow the clock
#define UNATTENDED_NS 1000000000u // a core that runs for nobody gets a tenth of the host after so long
#define UNATTENDED_REST 9u
#define PACE_STEP_NS 1000000u // waits are not shorter
#define PACE_LATE_NS 10000000u // so much is made up for, no more
#define METER_PIECE 2048u
#define METER_WAIT_NS 1000000u

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool is_recording(const struct vboard *b)
{
    return b->meter.state == POWERSHIELD_RUNNING;
}

/* The reader of samples is slow: time waits for it, unless a debugger holds the board; then samples are lost. */
static bool must_wait_for_reader(const struct vboard *b)
{
    return is_recording(b) && powershield_is_full(&b->meter) && b->link_users == 0;
}

static bool can_run(const struct vboard *b)
{
    if (atomic_load(&b->wanted) > 0 || must_wait_for_reader(b))
        return false;
    if (!b->powered)
        return is_recording(b);
    if (b->window.to_repeat > 0)
        return true;
    return !b->machine->debug.halted && !b->machine->debug.stuck && !b->in_reset && (!b->waiting || is_recording(b));
}

/* --- cells of power --- */

static void begin_cell(struct vboard *b)
{
    b->cell_counts = b->machine->core.counts;
    b->cell_time = b->machine->core.time;
    b->in_cell = true;
}

static struct power_setup setup(const struct vboard *b)
{
    struct power_setup s = {.supply_mv = b->meter.supply_mv,
                            .debugger = debug_is_attached(b->machine),
                            .deep = b->machine->system.scr & 4};
    power_setup_read(&s, &b->machine->peripherals.rcc);
    return s;
}

static void end_cell(struct vboard *b)
{
    const struct core *c = &b->machine->core;
    struct power_setup s = setup(b);
    uint64_t sleep = c->counts.sleep_time - b->cell_counts.sleep_time;
    struct power_activity a = {.run_time = c->time - b->cell_time - sleep,
                               .sleep_time = sleep,
                               .flash_lines = c->counts.flash_fetches - b->cell_counts.flash_fetches};
    struct waveform_cell cell = {power_duration_ps(&s, &a), power_energy_fj(&s, &a)};
    b->in_cell = false;
    b->passed_ps += cell.ps;
    if (cell.ps == 0)
        return;
    if (b->window.open)
        window_cell(&b->window, cell);
    powershield_cell(&b->meter, &cell);
}

static uint64_t cell_length(const struct vboard *b)
{
    uint64_t cycles = rcc_hclk_hz(&b->machine->peripherals.rcc) / CELL_HZ;
    cycles = cycles < WAVEFORM_CELL_CYCLES ? cycles : WAVEFORM_CELL_CYCLES;
    return (cycles ? cycles : 1) << CORE_TIME_BITS;
}

/* --- the window --- */

/* The runner's mailbox while it is at a job, or NULL: another firmware's pins mean nothing. */
static struct mailbox *runner_mailbox(struct vboard *b)
{
    void *at = memory_at(b->machine, MAILBOX_ADDRESS, sizeof(struct mailbox));
    struct mailbox *mailbox = at;
    return mailbox->magic == MAILBOX_MAGIC && mailbox->result.state == MAILBOX_RUNNING ? mailbox : NULL;
}

/* The two laps before this one were alike: this one is executed as the last, those between are said again. */
static void hasten(struct vboard *b)
{
    char text[96];
    struct mailbox *mailbox = runner_mailbox(b);
    if (!mailbox || mailbox->result.repeats_left < 2)
        return;
    uint32_t laps = mailbox->result.repeats_left - 1;
    window_repeat(&b->window, laps);
    snprintf(text, sizeof text, "lap %u verified, its waveform is repeated %u times", b->window.laps - 1, laps);
    powershield_say(&b->meter, text);
    mailbox->result.repeats_left = 1;
}

static void tell_window(struct vboard *b)
{
    char text[96];
    snprintf(text, sizeof text, "window %" PRIu64 " ns, model %" PRIu64 " nJ", b->window.ps / 1000, b->window.fj / 1000000);
    powershield_say(&b->meter, text);
}

static void take_edge(struct vboard *b, bool lap, int level)
{
    if (lap) {
        if (b->window.open && window_lap(&b->window))
            hasten(b);
        return;
    }
    if (level)
        window_open(&b->window);
    else if (b->window.open)
        tell_window(b);
    if (!level)
        window_close(&b->window);
    powershield_edge(&b->meter, level);
}

static void take_edges(struct vboard *b)
{
    if (b->n_edges > 0 && b->in_cell)
        end_cell(b);
    for (int i = 0; i < b->n_edges; i++)
        take_edge(b, b->edges[i].lap, b->edges[i].level);
    b->n_edges = 0;
}

/* --- what the thread does next --- */

static void say_again(struct vboard *b)
{
    struct waveform_cell cell;
    for (int i = 0; i < REPEAT_CELLS && !must_wait_for_reader(b) && window_next(&b->window, &cell); i++) {
        b->passed_ps += cell.ps;
        powershield_cell(&b->meter, &cell);
    }
}

static void gap(struct vboard *b)
{
    struct waveform_cell cell = {.ps = GAP_PS};
    b->passed_ps += GAP_PS;
    powershield_cell(&b->meter, &cell);
}

/* Sleeps for ever or is locked up: nothing happens, but for a meter's time. */
static void pass(struct vboard *b, uint64_t cycles)
{
    if (atomic_load(&b->measuring))
        machine_pass(b->machine, cycles ? cycles : 1);
    else
        b->waiting = true;
}

static void run_cell(struct vboard *b)
{
    struct machine *m = b->machine;
    if (!b->in_cell)
        begin_cell(b);
    uint64_t length = cell_length(b), gone = m->core.time - b->cell_time;
    uint64_t cycles = gone < length ? (length - gone) >> CORE_TIME_BITS : 0;
    enum core_stop stop = cycles ? core_run(m, cycles) : core_step(m);
    if (stop == CORE_ASLEEP || stop == CORE_LOCKED_UP)
        pass(b, cycles);
    debug_stopped(m, stop);
    take_edges(b);
    if (b->in_cell && m->core.time - b->cell_time >= length)
        end_cell(b);
}

static void run_slice(struct vboard *b)
{
    struct machine *m = b->machine;
    uint64_t before = m->core.time;
    b->in_cell = false;
    enum core_stop stop = core_run(m, b->slice);
    b->passed_ps += ((m->core.time - before) >> CORE_TIME_BITS) * (1000000000000u / rcc_hclk_hz(&m->peripherals.rcc));
    if (stop == CORE_ASLEEP || stop == CORE_LOCKED_UP)
        pass(b, 0);
    debug_stopped(m, stop);
    take_edges(b);
    if (stop == CORE_BUDGET && idle_is_waiting(m))
        b->waiting = true;
    take_edges(b);
    b->slice = b->pace > 0 ? SLICE_MIN : b->slice < SLICE_MAX ? 2 * b->slice : SLICE_MAX; // a pace is kept in small steps
}

static void work(struct vboard *b)
{
    if (!b->powered) {
        gap(b);
        return;
    }
    if (b->window.to_repeat > 0) {
        say_again(b);
        return;
    }
    bool measuring = b->window.open || is_recording(b);
    atomic_store(&b->measuring, measuring);
    if (measuring)
        run_cell(b);
    else
        run_slice(b);
}

/* The meter's port sends in pieces: a system call for each cell would cost more than the cell. */
static void wake_meter(struct vboard *b)
{
    uint64_t one = 1, now = now_ns();
    if (b->meter.out.size == 0 || (b->meter.out.size < METER_PIECE && now - b->woken_ns < METER_WAIT_NS))
        return;
    b->woken_ns = now;
    ssize_t n = write(b->meter_wake, &one, sizeof one);
    (void)n; // full means that it is awake
}

/* Leaves the lock for so long, or until something is changed. */
static void leave_for(struct vboard *b, uint64_t ns)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    ns += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    pthread_cond_timedwait(&b->changed, &b->lock, &until);
}

/* When nobody has looked at this core for long. */
static void rest(struct vboard *b, uint64_t began_ns)
{
    uint64_t now = now_ns();
    if (!atomic_load(&b->measuring) && now - b->touched_ns >= UNATTENDED_NS)
        leave_for(b, UNATTENDED_REST * (now - began_ns));
}

/* The host's time is to go on as the board's has, times the pace. */
static void keep_pace(struct vboard *b, uint64_t began_ns)
{
    uint64_t now = now_ns();
    if (b->due_ns + PACE_LATE_NS < began_ns)
        b->due_ns = began_ns - PACE_LATE_NS;
    b->due_ns += (uint64_t)((double)b->passed_ps / 1000 * b->pace);
    b->passed_ps = 0;
    if (b->due_ns < now + PACE_STEP_NS)
        return;
    for (; !b->quit && now < b->due_ns; now = now_ns())
        leave_for(b, b->due_ns - now);
}

void *vboard_run(void *board)
{
    struct vboard *b = board;
    pthread_mutex_lock(&b->lock);
    while (!b->quit) {
        if (!can_run(b)) {
            pthread_cond_wait(&b->changed, &b->lock);
            b->slice = SLICE_MIN;
            continue;
        }
        uint64_t began = now_ns();
        work(b);
        wake_meter(b);
        if (b->pace > 0)
            keep_pace(b, began);
        else
            rest(b, began);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

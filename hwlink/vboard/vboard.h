// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One virtual board: the machine, its probe, its meter, its supply and what it keeps on disk. Its core runs in a thread of its own.
#ifndef PARE_HWLINK_VBOARD_VBOARD_H
#define PARE_HWLINK_VBOARD_VBOARD_H

#include "base/error.h"
#include "hwlink/vboard/fault.h"
#include "hwlink/vboard/flash.h"
#include "hwlink/vboard/jobkey.h"
#include "hwlink/vboard/machine.h"
#include "hwlink/vboard/power.h"
#include "hwlink/vboard/powershield.h"
#include "hwlink/vboard/stlink.h"
#include "hwlink/vboard/window.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define VBOARD_SERIAL_MAX 33
#define VBOARD_EDGES_MAX 8

/* What a board keeps without power: a file of this form, mapped shared, so that nothing programmed is lost by kill -9. */
struct vboard_cells {
    uint8_t flash[FLASH_BYTES];
    struct flash_record record;
};

struct vboard {
    char serial[VBOARD_SERIAL_MAX];
    struct machine *machine;
    struct vboard_cells *cells;
    uint8_t *own_flash; // the machine's, while `cells` take its place
    struct dap dap;
    struct stlink stlink;
    struct powershield meter;
    int meter_wake;     // eventfd: the meter has something to say

    bool powered, in_reset;
    atomic_bool plugged; // the probe is on the bus
    uint32_t plugs;     // how often it came back: a handle of before is none any more
    bool hung;          // the probe answers no transfer
    bool unsupplied;    // there is no supply to be switched on
    bool meter_silent;
    struct faults faults;
    int link_users;     // connections that have opened the probe
    struct jobkey key;  // at power-on
    uint32_t repeat;    // power-ons since the job record changed
    struct window window;

    /* The core's thread and those who want the machine. All of a board is guarded by `lock`; see vboard_enter. */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_int wanted;      // threads that wait for the lock or have it
    atomic_bool measuring;  // cells of power are being counted: they are not to be cut
    bool quit, waiting;     // waiting: the core will do nothing until something is changed from outside
    bool touched;           // the present holder changed something
    uint64_t touched_ns, woken_ns; // host time of the last entry, of the last word to the meter's port
    uint64_t slice;         // cycles of the next run
    double pace;            // host seconds that a virtual second takes at least; 0: as few as the host can
    uint64_t passed_ps;     // virtual time since pace was last kept
    uint64_t due_ns;        // host time up to which the board has run
    struct {
        bool lap; // else the window's pin
        int level;
    } edges[VBOARD_EDGES_MAX];
    int n_edges;
    struct core_counts cell_counts; // at the start of the present cell
    uint64_t cell_time;
    bool in_cell;
};

/* A board with power on, its core in reset until vboard_start. `state_dir` holds its file SERIAL.flash (made if missing); NULL: it
 * forgets. Returns NULL with the reason. */
struct vboard *vboard_create(const char *serial, const char *state_dir, struct error *e);

/* Starts the core's thread. Returns 0, or -1 with the reason. */
int vboard_start(struct vboard *b, struct error *e);

/* Ends the thread if there is one, and frees. Nobody may be inside. */
void vboard_destroy(struct vboard *b);

/* Between these two the core stands still (in virtual time nothing passes) and everything of the board is the caller's. `leave` lets
 * it go on. Any thread; not nested. */
void vboard_enter(struct vboard *b);
void vboard_leave(struct vboard *b);

/* Something that a waiting core may notice was changed. Inside enter and leave. */
void vboard_touch(struct vboard *b);

/* Supply on or off, or another voltage. Off: SRAM and debug state are lost. On: power-on reset. Inside enter and leave. */
void vboard_power(struct vboard *b, bool on);

/* The core's thread, in runloop.c. */
void *vboard_run(void *board);

#endif

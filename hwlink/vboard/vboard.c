// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board's parts put together.
#include "hwlink/vboard/vboard.h"

#include "quant/kernels/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- entry --- */

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void vboard_enter(struct vboard *b)
{
    atomic_fetch_add(&b->wanted, 1);
    if (!atomic_load(&b->measuring))
        core_ask_stop(b->machine);
    pthread_mutex_lock(&b->lock);
    b->touched_ns = now_ns();
}

void vboard_leave(struct vboard *b)
{
    if (b->touched)
        b->waiting = false;
    b->touched = false;
    atomic_fetch_sub(&b->wanted, 1);
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

void vboard_touch(struct vboard *b)
{
    b->touched = true;
}

/* --- the debugger's bus --- */

static bool is_flash(uint32_t address)
{
    return (address & ~0x04000000u) - FLASH_BASE < FLASH_BYTES;
}

static int bus_in(void *user, uint32_t address, unsigned size, uint32_t *value)
{
    struct vboard *b = user;
    fault_tick(b);
    if (is_flash(address) && !flash_is_open_to_debugger(&b->machine->peripherals.flash))
        return -1;
    return bus_read(b->machine, address, size, value, BUS_DEBUGGER);
}

static int bus_out(void *user, uint32_t address, unsigned size, uint32_t value)
{
    struct vboard *b = user;
    fault_tick(b);
    vboard_touch(b);
    return bus_write(b->machine, address, size, value, BUS_DEBUGGER);
}

static uint32_t probe_supply(void *user)
{
    const struct vboard *b = user;
    return b->powered ? b->meter.supply_mv : 0;
}

static void probe_reset(void *user, bool asserted)
{
    struct vboard *b = user;
    if (b->in_reset && !asserted && b->powered) {
        fault_event(b, FAULT_TILL_RESET);
        machine_reset(b->machine, 0);
    }
    b->in_reset = asserted;
    vboard_touch(b);
}

/* --- pins and supply --- */

static void pin_changed(void *user, uint32_t port, uint32_t pin, int level)
{
    struct vboard *b = user;
    bool lap = port == MAILBOX_LAP_PORT && pin == MAILBOX_LAP_PIN;
    if (!lap && (port != MAILBOX_WINDOW_PORT || pin != MAILBOX_WINDOW_PIN))
        return;
    if (b->n_edges < VBOARD_EDGES_MAX) {
        b->edges[b->n_edges].lap = lap;
        b->edges[b->n_edges++].level = level;
    }
    b->machine->core.stop = CORE_ASKED + 1; // a cell of power ends exactly here
    core_look(&b->machine->core);
}

/* The noise of a recording depends on image, board and how often this job was started, and on nothing else. */
static void seed_noise(struct vboard *b)
{
    struct jobkey key = jobkey_of(b->machine->memory.flash);
    uint64_t seed = key.image;
    b->repeat = key.sequence == b->key.sequence && key.image == b->key.image ? b->repeat + 1 : 0;
    b->key = key;
    for (const char *s = b->serial; *s; s++)
        seed = (seed ^ (uint8_t)*s) * 0x100000001b3u;
    powershield_seed(&b->meter, seed, b->repeat);
}

void vboard_power(struct vboard *b, bool on)
{
    on = on && !b->unsupplied;
    bool came = on && !b->powered;
    b->powered = on;
    vboard_touch(b);
    if (!on) {
        dap_reset(&b->dap);
        debug_reset(b->machine, 1);
        window_close(&b->window);
        powershield_edge(&b->meter, 0);
        b->n_edges = 0;
        b->in_cell = false;
    } else if (came) {
        machine_reset(b->machine, 1);
        dap_reset(&b->dap);
        seed_noise(b);
        fault_event(b, FAULT_TILL_RESET);
        fault_event(b, FAULT_TILL_POWERED);
    }
}

static void meter_supplies(void *user, bool on, uint32_t mv)
{
    (void)mv; // the meter knows it
    vboard_power(user, on);
}

/* --- what stays on disk --- */

static int map_cells(struct vboard *b, const char *state_dir, struct error *e)
{
    char path[4096];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s.flash", state_dir, b->serial);
    int fd = n < (int)sizeof path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;
    if (fd < 0)
        return error_set(e, "%s: %s", path, strerror(errno));
    bool fresh = fstat(fd, &st) == 0 && st.st_size == 0;
    bool right = fresh ? ftruncate(fd, sizeof *b->cells) == 0 : st.st_size == sizeof *b->cells;
    b->cells = right ? mmap(NULL, sizeof *b->cells, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    int cause = errno;
    close(fd);
    if (b->cells == MAP_FAILED) {
        b->cells = NULL;
        return error_set(e, "%s: %s", path, right ? strerror(cause) : "not a board's flash");
    }
    if (fresh || b->cells->record.magic != FLASH_RECORD_MAGIC) {
        memset(b->cells->flash, 0xff, sizeof b->cells->flash);
        flash_record_init(&b->cells->record);
    }
    return 0;
}

static void use_cells(struct vboard *b)
{
    b->own_flash = b->machine->memory.flash;
    b->machine->memory.flash = b->cells->flash;
    core_use_flash(b->machine, b->cells->flash);
    b->machine->peripherals.flash.bytes = b->cells->flash;
    b->machine->peripherals.flash.record = &b->cells->record;
}

/* --- life --- */

static void connect_parts(struct vboard *b)
{
    b->dap = (struct dap){.read = bus_in, .write = bus_out, .user = b};
    dap_reset(&b->dap);
    stlink_init(&b->stlink, &b->dap);
    b->stlink.supply_mv = probe_supply;
    b->stlink.drive_reset = probe_reset;
    b->stlink.user = b;
    powershield_init(&b->meter);
    b->meter.supply = meter_supplies;
    b->meter.user = b;
    snprintf(b->meter.name, sizeof b->meter.name, "%s", b->serial);
    b->machine->peripherals.gpio.changed = pin_changed;
    b->machine->peripherals.gpio.user = b;
    b->plugged = true;
}

struct vboard *vboard_create(const char *serial, const char *state_dir, struct error *e)
{
    struct vboard *b = calloc(1, sizeof *b);
    if (!b || !(b->machine = machine_create())) {
        free(b);
        error_set(e, "out of memory");
        return NULL;
    }
    snprintf(b->serial, sizeof b->serial, "%s", serial);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    b->meter_wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    connect_parts(b);
    if (b->meter_wake < 0 || (state_dir && map_cells(b, state_dir, e) != 0)) {
        if (b->meter_wake < 0)
            error_set(e, "eventfd: %s", strerror(errno));
        vboard_destroy(b);
        return NULL;
    }
    if (b->cells)
        use_cells(b);
    vboard_power(b, true);
    return b;
}

int vboard_start(struct vboard *b, struct error *e)
{
    int rc = pthread_create(&b->thread, NULL, vboard_run, b);
    if (rc != 0) {
        b->thread = 0;
        return error_set(e, "a thread for board %s: %s", b->serial, strerror(rc));
    }
    return 0;
}

void vboard_destroy(struct vboard *b)
{
    if (b->thread) {
        vboard_enter(b);
        b->quit = true;
        vboard_leave(b);
        pthread_join(b->thread, NULL);
    }
    if (b->own_flash)
        b->machine->memory.flash = b->own_flash;
    if (b->cells)
        munmap(b->cells, sizeof *b->cells);
    machine_destroy(b->machine);
    if (b->meter_wake >= 0)
        close(b->meter_wake);
    window_finish(&b->window);
    powershield_finish(&b->meter);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

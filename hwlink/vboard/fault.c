// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One row for each fault: how it is set and unset in the part that it concerns.
#include "hwlink/vboard/fault.h"

#include "base/rng.h"
#include "hwlink/vboard/vboard.h"

#include <string.h>

#define RDP_LEVEL_1 0x55u
#define RDP_LEVEL_0 0xaau
#define TZEN (1u << 31)
#define WRP_NONE 0xff80ffffu

static void set_unplug(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    b->plugged = !on;
    b->plugs += !on;
    if (!on)
        fault_event(b, FAULT_TILL_REPLUGGED);
}

static void set_brown_out(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    bool was = b->powered;
    if (!on)
        return;
    vboard_power(b, false);
    vboard_power(b, was);
}

static void set_no_power(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    b->unsupplied = on;
    vboard_power(b, !on);
}

static void set_stuck_core(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    b->machine->debug.stuck = on;
    if (on)
        b->machine->debug.halted = false;
    vboard_touch(b);
}

static void answer(struct vboard *b, const struct fault *f, bool on, enum dap_ack ack)
{
    b->dap.ill = ack;
    b->dap.ill_count = !on ? 0 : f->count ? f->count : DAP_ILL_FOR_EVER;
}

static void set_ap_error(struct vboard *b, const struct fault *f, bool on)
{
    answer(b, f, on, DAP_FAULT);
}

static void set_wait(struct vboard *b, const struct fault *f, bool on)
{
    answer(b, f, on, DAP_WAIT);
}

static void set_flash_bits(struct vboard *b, const struct fault *f, bool on)
{
    b->machine->peripherals.flash.ill.spoil_quads = !on ? 0 : f->count ? f->count : UINT32_MAX;
}

/* Bits of what is programmed, chosen by the seed; a blank flash has nothing that could rot. */
static void set_flash_rot(struct vboard *b, const struct fault *f, bool on)
{
    struct flash *flash = &b->machine->peripherals.flash;
    struct rng r;
    uint32_t page_quads = FLASH_PAGE_BYTES / FLASH_QUAD_BYTES, n = (f->last - f->first + 1) * page_quads;
    rng_seed(&r, f->seed, 1);
    for (uint32_t wanted = f->count ? f->count : 1; on && wanted > 0; wanted--) {
        uint32_t at = rng_below(&r, n), bit = rng_below(&r, 8 * FLASH_QUAD_BYTES), i = 0;
        while (i < n && !flash_spoil(flash, f->first * page_quads + (at + i) % n, bit))
            i++;
    }
}

static void set_flash_busy(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    b->machine->peripherals.flash.ill.busy = on;
}

static void set_write_protection(struct vboard *b, const struct fault *f, bool on)
{
    struct flash *flash = &b->machine->peripherals.flash;
    uint32_t bank = f->first / FLASH_BANK_PAGES, first = f->first % FLASH_BANK_PAGES, last = f->last % FLASH_BANK_PAGES;
    flash->record->wrp[2 * bank] = on ? 0xff80ff80u | last << 16 | first : WRP_NONE;
    flash_load_options(flash);
}

static void set_options(struct vboard *b, uint32_t bits, uint32_t value)
{
    struct flash *flash = &b->machine->peripherals.flash;
    flash->record->optr = (flash->record->optr & ~bits) | value;
    flash_load_options(flash);
}

static void set_rdp(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    set_options(b, 0xff, on ? RDP_LEVEL_1 : RDP_LEVEL_0);
}

static void set_tzen(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    set_options(b, TZEN, on ? TZEN : 0);
}

static void set_clock_stuck(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    b->machine->peripherals.rcc.clock_stuck = on;
    vboard_touch(b);
}

static void set_probe_hang(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    b->hung = on;
}

static void set_worn_pages(struct vboard *b, const struct fault *f, bool on)
{
    struct flash_ill *ill = &b->machine->peripherals.flash.ill;
    ill->worn_first = f->first;
    ill->worn_pages = on ? f->last - f->first + 1 : 0;
}

static void set_meter_silent(struct vboard *b, const struct fault *f, bool on)
{
    (void)f;
    b->meter_silent = on;
}

struct row {
    const char *name;
    void (*set)(struct vboard *b, const struct fault *f, bool on);
    enum fault_end till;
    bool once; // it happens and is over
};

static const struct row rows[FAULT_COUNT] = {
    [FAULT_UNPLUG] = {"unplug", set_unplug, FAULT_TILL_CLEARED, false},
    [FAULT_BROWN_OUT] = {"brown-out", set_brown_out, FAULT_TILL_CLEARED, true},
    [FAULT_NO_POWER] = {"no-power", set_no_power, FAULT_TILL_CLEARED, false},
    [FAULT_STUCK_CORE] = {"stuck-core", set_stuck_core, FAULT_TILL_POWERED, false},
    [FAULT_AP_ERROR] = {"ap-error", set_ap_error, FAULT_TILL_REOPENED, false},
    [FAULT_WAIT] = {"wait", set_wait, FAULT_TILL_REOPENED, false},
    [FAULT_FLASH_BITS] = {"flash-bits", set_flash_bits, FAULT_TILL_POWERED, false},
    [FAULT_FLASH_ROT] = {"flash-rot", set_flash_rot, FAULT_TILL_CLEARED, true},
    [FAULT_FLASH_BUSY] = {"flash-busy", set_flash_busy, FAULT_TILL_RESET, false},
    [FAULT_WRITE_PROTECTION] = {"write-protection", set_write_protection, FAULT_TILL_CLEARED, false},
    [FAULT_RDP] = {"rdp", set_rdp, FAULT_TILL_CLEARED, false},
    [FAULT_TZEN] = {"tzen", set_tzen, FAULT_TILL_CLEARED, false},
    [FAULT_CLOCK_STUCK] = {"clock-stuck", set_clock_stuck, FAULT_TILL_POWERED, false},
    [FAULT_PROBE_HANG] = {"probe-hang", set_probe_hang, FAULT_TILL_REOPENED, false},
    [FAULT_WORN_PAGES] = {"worn-pages", set_worn_pages, FAULT_TILL_CLEARED, false},
    [FAULT_METER_SILENT] = {"meter-silent", set_meter_silent, FAULT_TILL_CLEARED, false},
};

static const char *const ends[FAULT_END_COUNT] = {"cleared", "reopened", "reset", "replugged", "powered"};

const char *fault_name(enum fault_kind kind)
{
    return (unsigned)kind < FAULT_COUNT ? rows[kind].name : "?";
}

int fault_find(const char *name)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

int fault_find_end(const char *name)
{
    for (int i = 0; i < FAULT_END_COUNT; i++)
        if (strcmp(ends[i], name) == 0)
            return i;
    return -1;
}

struct fault fault_usual(enum fault_kind kind)
{
    bool pages = kind == FAULT_WRITE_PROTECTION;
    return (struct fault){.till = rows[kind].till, .last = pages ? FLASH_BANK_PAGES - 1 : FLASH_PAGES - 1};
}

static void happen(struct vboard *b, enum fault_kind kind)
{
    struct fault *f = &b->faults.v[kind];
    f->ordered = false;
    f->active = !rows[kind].once;
    rows[kind].set(b, f, true);
}

void fault_order(struct vboard *b, enum fault_kind kind, const struct fault *how)
{
    struct fault *f = &b->faults.v[kind];
    fault_clear(b, kind);
    *f = *how;
    f->active = false;
    f->ordered = true;
    if (f->after == 0)
        happen(b, kind);
}

void fault_clear(struct vboard *b, enum fault_kind kind)
{
    struct fault *f = &b->faults.v[kind];
    bool was = f->active;
    f->ordered = f->active = false;
    if (was)
        rows[kind].set(b, f, false);
}

void fault_tick(struct vboard *b)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct fault *f = &b->faults.v[i];
        if (f->ordered && --f->after == 0)
            happen(b, (enum fault_kind)i);
    }
}

void fault_event(struct vboard *b, enum fault_end what)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct fault *f = &b->faults.v[i];
        if (!f->active)
            continue;
        if (f->till == what)
            fault_clear(b, (enum fault_kind)i);
        else if (what == FAULT_TILL_POWERED && i != FAULT_NO_POWER)
            rows[i].set(b, f, true); // a power-on reset has cleared registers, not the cause
    }
}

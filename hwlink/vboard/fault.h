// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What can be broken on a virtual board, when it breaks, and what mends it.
#ifndef PARE_HWLINK_VBOARD_FAULT_H
#define PARE_HWLINK_VBOARD_FAULT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct vboard;

enum fault_kind {
    FAULT_UNPLUG = 0,       // the probe is off the bus
    FAULT_BROWN_OUT,        // the supply dips once: SRAM and debug state are lost
    FAULT_NO_POWER,         // no supply, whatever the meter does
    FAULT_STUCK_CORE,       // halts no more, is not reset by software
    FAULT_AP_ERROR,         // the access port answers FAULT
    FAULT_WAIT,             // the access port answers WAIT
    FAULT_FLASH_BITS,       // quad-words that are programmed come out with a wrong bit
    FAULT_FLASH_ROT,        // a bit of what stands in flash flips
    FAULT_FLASH_BUSY,       // BSY stays
    FAULT_WRITE_PROTECTION, // of pages first..last of one bank
    FAULT_RDP,              // readout protection, level 1
    FAULT_TZEN,             // TrustZone is on
    FAULT_CLOCK_STUCK,      // no oscillator or regulator gets ready
    FAULT_PROBE_HANG,       // the probe takes a transfer and never answers
    FAULT_WORN_PAGES,       // pages first..last do not erase to ones any more
    FAULT_METER_SILENT,     // the meter hears nothing
    FAULT_COUNT,
};

/* What happens to a board, and mends what waits for it. */
enum fault_end {
    FAULT_TILL_CLEARED = 0, // by the control socket only
    FAULT_TILL_REOPENED,    // the host lets go of the probe
    FAULT_TILL_RESET,       // the reset pin
    FAULT_TILL_REPLUGGED,
    FAULT_TILL_POWERED,     // off and on
    FAULT_END_COUNT,
};

struct fault {
    bool ordered, active;
    uint32_t after;       // debug accesses until it happens
    enum fault_end till;
    uint32_t count;       // AP errors, WAITs, quad-words, bits; 0: no end of them (rot: one bit)
    uint32_t first, last; // pages
    uint64_t seed;        // of the bit that rots
};

struct faults {
    struct fault v[FAULT_COUNT];
};

const char *fault_name(enum fault_kind kind);                    // "stuck-core"
int fault_find(const char *name);                                // the kind, or -1
int fault_find_end(const char *name);                            // "cleared", "reopened", "reset", "replugged", "powered"; or -1
struct fault fault_usual(enum fault_kind kind);                  // at once, and what mends it if nobody says otherwise

/* All of these inside vboard_enter and vboard_leave. */
void fault_order(struct vboard *b, enum fault_kind kind, const struct fault *how); // happens at once if how->after is 0
void fault_clear(struct vboard *b, enum fault_kind kind);                          // also what was only ordered
void fault_tick(struct vboard *b);                                                 // one debug access passed
void fault_event(struct vboard *b, enum fault_end what);                           // mends; breaks again what a reset mended by itself

#endif

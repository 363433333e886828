// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One virtual STM32U585: core, memory, system registers, peripherals, debug. No global state; many live in one process.
#ifndef PARE_HWLINK_VBOARD_MACHINE_H
#define PARE_HWLINK_VBOARD_MACHINE_H

#include "hwlink/vboard/core.h"
#include "hwlink/vboard/debug.h"
#include "hwlink/vboard/icache.h"
#include "hwlink/vboard/memory.h"
#include "hwlink/vboard/peripherals.h"
#include "hwlink/vboard/system.h"

#include <stdint.h>

/* A machine belongs to one thread at a time: whoever calls into it while another thread is in core_run must first make that
 * return (core_ask_stop), do its accesses, and let the thread go on. Only core_ask_stop may be called from any thread. */
#define MACHINE_NOTES_MAX 256u // places that machine_note_unknown remembers

struct machine {
    struct core core; // first: what the instruction handlers touch
    struct icache icache;
    struct memory memory;
    struct system system;
    struct peripherals peripherals; // peripherals.h
    struct debug debug;             // debug.h
    uint32_t noted[MACHINE_NOTES_MAX];
    unsigned notes;
};

/* A machine after power-up with erased flash, or NULL without memory. Zeroed but for what each part's _reset sets. */
struct machine *machine_create(void);
void machine_destroy(struct machine *m);

/* Resets all parts in the order peripherals, system, core, debug (debug last: it may want the core halted). SRAM and flash
 * keep their contents. `power` also clears what only a power cycle clears (SRAM, debug logic). */
void machine_reset(struct machine *m, int power);

/* Core cycles since machine_create, sleep included, whatever the clock. */
static inline uint64_t machine_cycles(const struct machine *m)
{
    return m->core.time >> CORE_TIME_BITS;
}

/* Lets time pass while the core does nothing (halted by a debugger, or asleep for ever). Timers go on. */
void machine_pass(struct machine *m, uint64_t cycles);

/* Logs once per machine and place that firmware touched something that is not modelled; a bounded number of places. */
void machine_note_unknown(struct machine *m, const char *what, uint32_t address, uint32_t value);

#endif

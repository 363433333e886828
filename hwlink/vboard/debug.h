// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Debug registers of the core: DHCSR, DCRSR, DEMCR, DFSR, FPB, DWT, DBGMCU; what the core asks of them. Source: Armv8-M manual D1.2,
// RM0456 chapter 75; what OpenOCD needs of it: docs/virtual-board.md.
#ifndef PARE_HWLINK_VBOARD_DEBUG_H
#define PARE_HWLINK_VBOARD_DEBUG_H

#include "hwlink/vboard/core.h"
#include "hwlink/vboard/memory.h"

#include <stdbool.h>
#include <stdint.h>

#define DEBUG_BREAKPOINTS 8u  // FPB comparators
#define DEBUG_WATCHPOINTS 4u  // DWT comparators: stored, not compared
#define DEBUG_STORED_WORDS 32u

struct debug {
    bool halted;              // in debug state: core_run must not be called
    bool stuck;               // a fault for tests: it neither runs nor halts, and takes no system reset
    uint32_t control;         // DHCSR C_DEBUGEN, C_HALT, C_STEP, C_MASKINTS
    bool was_reset, retired;  // S_RESET_ST, S_RETIRE_ST
    uint32_t demcr, dfsr, dcrdr;
    bool fp_enabled;
    uint32_t fp_comp[DEBUG_BREAKPOINTS];
    uint32_t dwt_ctrl, cyccnt_offset; // CYCCNT = low word of cycles + offset while it counts
    uint32_t cyccnt;                  // while it does not count
    uint32_t dwt[DEBUG_WATCHPOINTS * 4];
    uint32_t dbgmcu[DEBUG_STORED_WORDS]; // kept until power goes
};

/* `power` clears everything; a system reset keeps the debugger's registers and halts at the reset vector if DEMCR asks for it. */
void debug_reset(struct machine *m, int power);

/* DWT (0xe0001000), FPB (0xe0002000), ITM, DFSR, DHCSR..DEMCR, DSCSR, DAUTHSTATUS, DBGMCU, and what else of 0xe0000000-0xe00fffff is
 * not the system's. Halts and steps are over when the write returns, and what is resumed has begun to run. Returns 0 or -1 (bus fault). */
int debug_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who);
int debug_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who);

/* core_run returned because of `stop`: enters debug state where that is due (breakpoints, vector catch). */
void debug_stopped(struct machine *m, enum core_stop stop);

/* A debugger has enabled halting debug: it costs power, and firmware may look (DHCSR.C_DEBUGEN). */
bool debug_is_attached(const struct machine *m);

/* Asked when an instruction is decoded: a change of the FPB calls core_invalidate on the addresses concerned. */
int debug_breakpoint_at(const struct machine *m, uint32_t address);

/* BKPT halts (C_DEBUGEN); else it is a HardFault (no DebugMonitor). */
int debug_bkpt_halts(const struct machine *m);

/* DEMCR.VC_*: after entry of this exception, before its first instruction: 1 to stop with CORE_CATCH. */
int debug_vector_catch(struct machine *m, unsigned exception);

/* DHCSR.C_MASKINTS with C_DEBUGEN: PendSV, SysTick and external interrupts are not taken. */
int debug_mask_interrupts(const struct machine *m);

#endif

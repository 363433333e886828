// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Debug registers of the core: DHCSR, DCRSR, DEMCR, DFSR, FPB, DWT; what the core asks of them.
#ifndef PARE_HWLINK_VBOARD_DEBUG_H
#define PARE_HWLINK_VBOARD_DEBUG_H

#include "hwlink/vboard/memory.h"

#include <stdint.h>

struct debug {
    uint32_t dhcsr, demcr, dfsr;
    uint32_t dwt_ctrl, cyccnt_offset; // CYCCNT = low word of cycles + offset while it counts
    uint32_t cyccnt;                  // while it does not count
};

void debug_reset(struct machine *m, int power);

/* DWT (0xe0001000), FPB (0xe0002000), ITM, DFSR, DHCSR..DEMCR, DSCSR, DAUTHSTATUS, and what else of 0xe0000000-0xe00fffff is not
 * the system's. Returns 0 or -1 (bus fault). */
int debug_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who);
int debug_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who);

/* Asked when an instruction is decoded: a change of the FPB calls core_invalidate on the addresses concerned. */
int debug_breakpoint_at(const struct machine *m, uint32_t address);

/* BKPT halts (C_DEBUGEN); else it is a HardFault (no DebugMonitor). */
int debug_bkpt_halts(const struct machine *m);

/* DEMCR.VC_*: after entry of this exception, before its first instruction: 1 to stop with CORE_CATCH. */
int debug_vector_catch(struct machine *m, unsigned exception);

/* DHCSR.C_MASKINTS with C_DEBUGEN: PendSV, SysTick and external interrupts are not taken. */
int debug_mask_interrupts(const struct machine *m);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The Cortex-M33: registers, execution from decoded instructions, time.
#ifndef PARE_HWLINK_VBOARD_CORE_H
#define PARE_HWLINK_VBOARD_CORE_H

#include <stdatomic.h>
#include <stdint.h>

struct machine;
struct op;

/* Time is kept in 1/256 core cycles, because some costs are means over fetch phases that are not modelled (timing.h). */
#define CORE_TIME_BITS 8
#define CORE_NEVER UINT64_MAX

enum core_stop {
    CORE_BUDGET = 0, // max_cycles have passed
    CORE_ASKED,      // core_ask_stop
    CORE_BREAKPOINT, // PC is on it: FPB match (debug_breakpoint_at) before execution, or BKPT (debug_bkpt_halts)
    CORE_CATCH,      // debug_vector_catch or a halt by debug_reset_done asked for it: halted before the handler's first instruction
    CORE_ASLEEP,     // sleeps and nothing that is scheduled will wake it: see machine_pass
    CORE_LOCKED_UP,  // a fault that HardFault could not take; PC is 0xeffffffe
};

/* What power and statistics are computed from; counts since machine_create. */
struct core_counts {
    uint64_t instructions;
    uint64_t sleep_time;     // 1/256 cycles; running is core.time minus this
    uint64_t flash_fetches;  // 16-byte lines read from the flash array (ICACHE misses, or every line without ICACHE)
    uint64_t cache_hits, cache_misses;
    uint64_t loads, stores, flash_loads;
    uint64_t branches;       // taken
    uint64_t exceptions;
    /* Time that was not issue of an instruction, in 1/256 cycles, by reason. The first two only with core.account set. */
    uint64_t stall_use;      // result of load, multiply or shifted operand used too early
    uint64_t stall_issue;    // instructions that issue for more than a cycle (LDM, LDRD, DIV, MULS, ...)
    uint64_t stall_branch;   // taken branches
    uint64_t stall_fetch;    // instruction side: flash lines
    uint64_t stall_data;     // data side: flash lines and C-bus conflicts
    uint64_t stall_fpu;      // FPU results and blocked FPU
    uint64_t stall_exception;
    uint64_t dual_issued;    // pairs
};

struct core {
    uint32_t r[16];   // r[13] is the current stack pointer; r[15] only valid while not in core_run: see core_register
    uint64_t time;    // 1/256 cycles
    uint64_t limit;   // the inner loop is left once time reaches it; 0 makes it look at events after this instruction
    const struct op *entry;  // where the last taken branch went
    uint64_t entry_time;     // and when
    const struct op *second; // the last branch, IT or NOP, if it was the second of a pair
    uint32_t line;    // address / 16 of the flash or SRAM line that instructions come from
    uint32_t n;       // bit 31 is N
    uint32_t z;       // 0 is Z set
    uint32_t c, v;    // 0 or 1
    uint32_t q, ge;   // 0 or 1; 4 bits
    uint32_t s[32];   // FPU registers
    uint64_t s_ready[32]; // time from which an instruction may use them
    uint64_t fpu_ready;   // time from which the FPU takes another instruction
    uint32_t fpscr;   // without flags that wait in the host's environment: core_register reads it whole
    struct core_region *region; // of the code that runs

    uint32_t ipsr;         // number of the active exception, 0 in thread mode
    uint32_t other_sp;     // the stack pointer that is not r[13]
    uint32_t control, primask, faultmask, basepri;
    uint32_t msplim, psplim;
    uint32_t itstate;      // for an instruction that is decoded again in the middle of an IT block
    int exclusive;         // LDREX is open
    int event;             // SEV's register, for WFE
    int sleeping, locked_up;
    int reset_requested;   // AIRCR.SYSRESETREQ
    int bkpt_stops;        // BKPT returns CORE_BREAKPOINT although no debugger enabled halting (`run`, tests)
    int stepping;          // breakpoints of the FPB do not stop
    int account;           // count stall_use and stall_issue too (slower)
    int stop;              // enum core_stop + 1 that a handler wants
    uint32_t fetches;      // code comes from flash
    uint32_t sram_free;    // SRAM_BYTES, or 0 if code comes from SRAM by the same bus: bytes that data reaches at once
    uint64_t ahead_time;   // at this time, `ahead` bytes from `ahead_pc` on had been fetched; fetch.c
    uint32_t ahead_pc;
    int ahead;
    atomic_int ask_stop;
    struct core_counts counts;
    struct core_region *regions;
};

/* Allocates decode caches. Returns 0, or -1 without memory. */
int core_init(struct machine *m);
void core_finish(struct machine *m);

/* As the reset pin: MSP and PC from the vector table at 0x08000000 (VTOR is the system's). Where that is blank (0xffffffff) the
 * core sleeps in a WFI stub in system memory, as a blank part does in its boot loader. */
void core_reset(struct machine *m);

/* Executes until something of enum core_stop; at least one instruction is tried unless asked to stop. A stop request is taken
 * (cleared) by the run that it ends; if none runs, the next returns at once. Exact: the same program takes the same cycles
 * however the runs are cut. A system reset asked for by firmware is carried out inside. */
enum core_stop core_run(struct machine *m, uint64_t max_cycles);

/* One instruction, or one exception entry with the first instruction of its handler (interrupts are not taken while
 * debug_mask_interrupts). Does not stop at a breakpoint of the FPB on it. */
enum core_stop core_step(struct machine *m);

/* Makes core_run return soon (within 4096 cycles). Any thread. */
void core_ask_stop(struct machine *m);

/* Something changed that may pend an interrupt or schedule an event: look before the next instruction. */
static inline void core_look(struct core *c)
{
    c->limit = 0;
}

/* Registers by DCRSR.REGSEL: 0-15 (15 the address of the next instruction), 16 xPSR, 17 MSP, 18 PSP, 20
 * CONTROL<<24 | FAULTMASK<<16 | BASEPRI<<8 | PRIMASK, 28 MSPLIM, 29 PSPLIM, 33 FPSCR, 64-95 S0-S31; others read 0. */
uint32_t core_register(struct machine *m, unsigned selector);
void core_set_register(struct machine *m, unsigned selector, uint32_t value);

/* Forget what was decoded from these addresses (any alias): code was changed from outside, or a breakpoint came or went. The
 * core's own stores and bus_write do it themselves. */
void core_invalidate(struct machine *m, uint32_t address, uint32_t bytes);
void core_invalidate_all(struct machine *m);

/* Executes from these FLASH_BYTES instead of the memory's own, which stay the caller's business. */
void core_use_flash(struct machine *m, uint8_t *flash);

#endif

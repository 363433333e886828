// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Debug state and its registers, as a debugger and the core see them.
#include "hwlink/vboard/debug.h"

#include "hwlink/vboard/machine.h"

#include <string.h>

#define DWT_CTRL 0xe0001000u
#define DWT_CYCCNT 0xe0001004u
#define DWT_COMP0 0xe0001020u
#define DWT_DEVARCH 0xe0001fbcu
#define FP_CTRL 0xe0002000u
#define FP_COMP0 0xe0002008u
#define SCB_DFSR 0xe000ed30u
#define DCB_DHCSR 0xe000edf0u
#define DCB_DCRSR 0xe000edf4u
#define DCB_DCRDR 0xe000edf8u
#define DCB_DEMCR 0xe000edfcu
#define DBGMCU_IDCODE 0xe0044000u

#define DWT_CTRL_FIXED 0x40000000u // four comparators
#define DWT_DEVARCH_V2 0x47701a02u
#define FP_CTRL_FIXED 0x10000080u // revision 2, eight code comparators
#define FP_CTRL_KEY 2u
#define DBGMCU_STM32U585 0x20006482u // revision B

#define C_DEBUGEN 1u
#define C_HALT 2u
#define C_STEP 4u
#define C_MASKINTS 8u
#define S_REGRDY (1u << 16)
#define S_HALT (1u << 17)
#define S_SLEEP (1u << 18)
#define S_LOCKUP (1u << 19)
#define S_RETIRE_ST (1u << 24)
#define S_RESET_ST (1u << 25)
#define DHCSR_KEY 0xa05f0000u
#define DCRSR_WRITE (1u << 16)
#define VC_CORERESET (1u << 0)
#define VC_MMERR (1u << 4)
#define VC_USAGE (7u << 5) // NOCPERR, CHKERR, STATERR
#define VC_BUSERR (1u << 8)
#define VC_HARDERR (1u << 10)
#define RESUME_CYCLES 64u // 16 us at 4 MHz: no probe is faster
#define DFSR_HALTED (1u << 0)
#define DFSR_BKPT (1u << 1)
#define DFSR_VCATCH (1u << 3)

/* --- debug state --- */

/* `control` keeps what the debugger has asked for: a core that a breakpoint halted leaves a reset running, as parts do when
 * OpenOCD resets them out of one of its algorithms. */

static void halt(struct machine *m, uint32_t reason)
{
    struct debug *d = &m->debug;
    d->halted = true;
    d->dfsr |= reason;
    m->core.sleeping = 0; // a debug event ends a WFI
    m->core.locked_up = 0;
}

void debug_reset(struct machine *m, int power)
{
    struct debug *d = &m->debug;
    if (power)
        memset(d, 0, sizeof *d);
    d->was_reset = true;
    d->halted = false;
    if (!(d->control & C_DEBUGEN) || d->stuck)
        return;
    if (d->demcr & VC_CORERESET)
        halt(m, DFSR_VCATCH);
    else if (d->control & C_HALT)
        halt(m, DFSR_HALTED);
    if (d->halted) {
        m->core.stop = CORE_CATCH + 1;
        core_look(&m->core);
    }
}

bool debug_is_attached(const struct machine *m)
{
    return m->debug.control & C_DEBUGEN;
}

void debug_stopped(struct machine *m, enum core_stop stop)
{
    if (m->debug.halted || !debug_is_attached(m))
        return;
    if (stop == CORE_BREAKPOINT)
        halt(m, DFSR_BKPT);
    else if (stop == CORE_CATCH)
        halt(m, DFSR_VCATCH);
}

static void let_go(struct machine *m)
{
    m->debug.halted = false;
    m->core.stop = 0; // what the core was to stop for is over
}

/* However busy the host is, a core that is let go has moved before the debugger's next access, as over a real probe. */
static void resume(struct machine *m)
{
    uint64_t before = m->core.counts.instructions;
    enum core_stop stop;
    let_go(m);
    do // a request to stop that came before is not for it
        stop = core_run(m, RESUME_CYCLES);
    while (stop == CORE_ASKED && m->core.counts.instructions == before);
    debug_stopped(m, stop);
}

static void step(struct machine *m)
{
    struct debug *d = &m->debug;
    uint64_t before = m->core.counts.instructions;
    enum core_stop stop;
    let_go(m);
    do // a request to stop that came before this step is not for it
        stop = core_step(m);
    while (stop == CORE_ASKED && m->core.counts.instructions == before);
    d->retired = true;
    if (d->halted)
        return; // it stepped into a reset
    halt(m, stop == CORE_BREAKPOINT ? DFSR_BKPT : stop == CORE_CATCH ? DFSR_VCATCH : DFSR_HALTED);
}

static void breakpoint_changed(struct machine *m, uint32_t comparator)
{
    if (comparator & 1)
        core_invalidate(m, comparator & ~1u, 2);
}

/* Whether they count at all has changed. */
static void breakpoints_changed(struct machine *m)
{
    for (uint32_t i = 0; i < DEBUG_BREAKPOINTS; i++)
        breakpoint_changed(m, m->debug.fp_comp[i]);
}

static void write_dhcsr(struct machine *m, uint32_t value)
{
    struct debug *d = &m->debug;
    if ((value & 0xffff0000u) != DHCSR_KEY)
        return;
    uint32_t before = d->control;
    d->control = value & C_DEBUGEN ? value & (C_DEBUGEN | C_HALT | C_STEP | C_MASKINTS) : 0;
    if ((before ^ d->control) & C_DEBUGEN)
        breakpoints_changed(m);
    core_look(&m->core);
    if (d->stuck)
        return;
    if (d->control & C_HALT) {
        if (!d->halted)
            halt(m, DFSR_HALTED);
    } else if (d->halted && d->control & C_STEP) {
        step(m);
    } else if (d->halted) {
        resume(m);
    }
}

static uint32_t read_dhcsr(struct machine *m, enum bus_who who)
{
    struct debug *d = &m->debug;
    uint32_t value = d->control | S_REGRDY;
    value |= d->halted ? S_HALT | C_HALT : 0;
    value |= m->core.sleeping ? S_SLEEP : 0;
    value |= m->core.locked_up ? S_LOCKUP : 0;
    value |= d->retired || !d->halted ? S_RETIRE_ST : 0;
    value |= d->was_reset ? S_RESET_ST : 0;
    if (who == BUS_DEBUGGER)
        d->retired = d->was_reset = false;
    return value;
}

static void transfer_register(struct machine *m, uint32_t value)
{
    struct debug *d = &m->debug;
    if (!d->halted)
        return;
    if (value & DCRSR_WRITE)
        core_set_register(m, value & 0x7f, d->dcrdr);
    else
        d->dcrdr = core_register(m, value & 0x7f);
}

/* --- breakpoints --- */

static void write_comparator(struct machine *m, uint32_t i, uint32_t value)
{
    struct debug *d = &m->debug;
    uint32_t before = d->fp_comp[i];
    d->fp_comp[i] = value;
    breakpoint_changed(m, before);
    breakpoint_changed(m, value);
}

static void write_fp_ctrl(struct machine *m, uint32_t value)
{
    struct debug *d = &m->debug;
    if (!(value & FP_CTRL_KEY) || d->fp_enabled == (bool)(value & 1))
        return;
    d->fp_enabled = value & 1;
    breakpoints_changed(m);
}

int debug_breakpoint_at(const struct machine *m, uint32_t address)
{
    const struct debug *d = &m->debug;
    if (!d->fp_enabled || !(d->control & C_DEBUGEN))
        return 0;
    for (uint32_t i = 0; i < DEBUG_BREAKPOINTS; i++)
        if (d->fp_comp[i] == (address | 1))
            return 1;
    return 0;
}

int debug_bkpt_halts(const struct machine *m)
{
    return m->debug.control & C_DEBUGEN;
}

int debug_vector_catch(struct machine *m, unsigned exception)
{
    const struct debug *d = &m->debug;
    uint32_t wanted = exception == EXCEPTION_HARDFAULT    ? VC_HARDERR
                      : exception == EXCEPTION_MEMMANAGE  ? VC_MMERR
                      : exception == EXCEPTION_BUSFAULT   ? VC_BUSERR
                      : exception == EXCEPTION_USAGEFAULT ? VC_USAGE
                                                          : 0;
    return d->control & C_DEBUGEN && d->demcr & wanted;
}

int debug_mask_interrupts(const struct machine *m)
{
    return (m->debug.control & (C_DEBUGEN | C_MASKINTS)) == (C_DEBUGEN | C_MASKINTS);
}

/* --- counters --- */

static uint32_t cycle_count(const struct machine *m)
{
    const struct debug *d = &m->debug;
    return d->dwt_ctrl & 1 ? (uint32_t)machine_cycles(m) + d->cyccnt_offset : d->cyccnt;
}

static void set_cycle_count(struct machine *m, uint32_t value, uint32_t ctrl)
{
    m->debug.dwt_ctrl = ctrl;
    m->debug.cyccnt = value;
    m->debug.cyccnt_offset = value - (uint32_t)machine_cycles(m);
}

/* --- registers by address --- */

static uint32_t *stored_word(struct debug *d, uint32_t address)
{
    if (address - DWT_COMP0 < sizeof d->dwt)
        return &d->dwt[(address - DWT_COMP0) / 4];
    if (address - DBGMCU_IDCODE < sizeof d->dbgmcu)
        return &d->dbgmcu[(address - DBGMCU_IDCODE) / 4];
    return NULL;
}

static uint32_t read_word(struct machine *m, uint32_t address, enum bus_who who)
{
    struct debug *d = &m->debug;
    if (address - FP_COMP0 < sizeof d->fp_comp)
        return d->fp_comp[(address - FP_COMP0) / 4];
    switch (address) {
    case DWT_CTRL:
        return DWT_CTRL_FIXED | d->dwt_ctrl;
    case DWT_CYCCNT:
        return cycle_count(m);
    case DWT_DEVARCH:
        return DWT_DEVARCH_V2;
    case FP_CTRL:
        return FP_CTRL_FIXED | d->fp_enabled;
    case SCB_DFSR:
        return d->dfsr;
    case DCB_DHCSR:
        return read_dhcsr(m, who);
    case DCB_DCRDR:
        return d->dcrdr;
    case DCB_DEMCR:
        return d->demcr;
    case DBGMCU_IDCODE:
        return DBGMCU_STM32U585;
    default: {
        const uint32_t *word = stored_word(d, address);
        return word ? *word : 0; // no TrustZone (DSCSR, DAUTHSTATUS), no trace, no CoreSight tables
    }
    }
}

static void write_word(struct machine *m, uint32_t address, uint32_t value, enum bus_who who)
{
    struct debug *d = &m->debug;
    if (address - FP_COMP0 < sizeof d->fp_comp) {
        write_comparator(m, (address - FP_COMP0) / 4, value);
        return;
    }
    switch (address) {
    case DWT_CTRL:
        set_cycle_count(m, cycle_count(m), value & 1);
        break;
    case DWT_CYCCNT:
        set_cycle_count(m, value, d->dwt_ctrl);
        break;
    case FP_CTRL:
        write_fp_ctrl(m, value);
        break;
    case SCB_DFSR:
        d->dfsr &= ~value;
        break;
    case DCB_DHCSR:
        if (who == BUS_DEBUGGER)
            write_dhcsr(m, value);
        break;
    case DCB_DCRSR:
        transfer_register(m, value);
        break;
    case DCB_DCRDR:
        d->dcrdr = value;
        break;
    case DCB_DEMCR:
        d->demcr = value;
        break;
    default: {
        uint32_t *word = stored_word(d, address);
        if (word)
            *word = value;
    }
    }
}

int debug_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who)
{
    uint32_t word = read_word(m, address & ~3u, who);
    *value = size == 4 ? word : word >> 8 * (address & 3) & ((1u << 8 * size) - 1);
    return 0;
}

int debug_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who)
{
    if (size == 4)
        write_word(m, address, value, who);
    return 0;
}

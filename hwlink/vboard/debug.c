// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/debug.h"

#include "hwlink/vboard/machine.h"

#define DWT_CTRL 0xe0001000u
#define DWT_CYCCNT 0xe0001004u
#define DCB_DHCSR 0xe000edf0u
#define DCB_DEMCR 0xe000edfcu

void debug_reset(struct machine *m, int power)
{
    if (power)
        m->debug = (struct debug){0};
}

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

int debug_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who)
{
    (void)size, (void)who;
    *value = 0;
    switch (address) {
    case DWT_CTRL: *value = 0x40000000u | m->debug.dwt_ctrl; break;
    case DWT_CYCCNT: *value = cycle_count(m); break;
    case DCB_DHCSR: *value = m->debug.dhcsr; break;
    case DCB_DEMCR: *value = m->debug.demcr; break;
    default: machine_note_unknown(m, "read of debug register", address, 0);
    }
    return 0;
}

int debug_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who)
{
    (void)size, (void)who;
    switch (address) {
    case DWT_CTRL: set_cycle_count(m, cycle_count(m), value & 1); break;
    case DWT_CYCCNT: set_cycle_count(m, value, m->debug.dwt_ctrl); break;
    case DCB_DEMCR: m->debug.demcr = value; break;
    default: machine_note_unknown(m, "write of debug register", address, value);
    }
    return 0;
}

int debug_breakpoint_at(const struct machine *m, uint32_t address)
{
    (void)m, (void)address;
    return 0;
}

int debug_bkpt_halts(const struct machine *m)
{
    return (int)(m->debug.dhcsr & 1);
}

int debug_vector_catch(struct machine *m, unsigned exception)
{
    (void)m, (void)exception;
    return 0;
}

int debug_mask_interrupts(const struct machine *m)
{
    (void)m;
    return 0;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/data.h"

#define CCR_UNALIGN_TRP (1u << 3)

static inline void flash_load_time(struct machine *m, const struct op *op, uint32_t address)
{
    struct core *c = &m->core;
    uint32_t line = address >> ICACHE_LINE_BITS, waited = 0;
    c->counts.flash_loads++;
    if (!icache_hit(c, &m->icache, line))
        waited = icache_read_data(c, &m->icache, line);
    if (c->fetches)
        waited += fetch_gives_way(m, op, waited);
    add_stall(&c->counts.stall_data, c, waited);
}

/* Code that comes from SRAM waits while its data does. */
static void shared_bus_time(struct machine *m, const struct op *op)
{
    if (m->core.region->shares_bus)
        add_stall(&m->core.counts.stall_data, &m->core, fetch_gives_way(m, op, 0));
}

/* Offset in flash, at either of its addresses; FLASH_BYTES or more elsewhere. */
static uint32_t flash_offset(uint32_t address)
{
    return (address & ~0x04000000u) - FLASH_BASE;
}

/* Two lines and a fetch for each of them, if it is not aligned. */
static uint32_t load_flash(struct machine *m, const struct op *op, uint32_t address, unsigned size, uint32_t *value)
{
    uint32_t at = flash_offset(address);
    if (at + size > FLASH_BYTES)
        return CFSR_PRECISERR;
    flash_load_time(m, op, FLASH_BASE + at);
    if ((address ^ (address + size - 1)) >> ICACHE_LINE_BITS)
        flash_load_time(m, op, FLASH_BASE + at + size - 1);
    *value = 0;
    memcpy(value, m->memory.flash + at, size);
    return 0;
}

static uint32_t check_alignment(struct machine *m, uint32_t address, unsigned size)
{
    if (!(address & (size - 1)))
        return 0;
    if (m->system.ccr & CCR_UNALIGN_TRP || address >= 0x40000000u)
        return CFSR_UNALIGNED;
    add_stall(&m->core.counts.stall_issue, &m->core, TIMING_UNALIGNED);
    return 0;
}

uint32_t data_load_elsewhere(struct machine *m, const struct op *op, uint32_t address, unsigned size, uint32_t *value)
{
    static const uint32_t mask[] = {0, 0xff, 0xffff, 0, 0xffffffff};
    uint32_t at = flash_offset(address);
    if (at <= FLASH_BYTES - 4 && !(address & (size - 1))) { // the common case
        flash_load_time(m, op, FLASH_BASE + at);
        memcpy(value, m->memory.flash + at, 4);
        *value &= mask[size];
        return 0;
    }
    *value = 0;
    uint32_t fault = address & (size - 1) ? check_alignment(m, address, size) : 0;
    if (fault)
        return fault;
    if (at < FLASH_BYTES)
        return load_flash(m, op, address, size, value);
    shared_bus_time(m, op);
    return bus_read(m, address, size, value, BUS_CORE) ? CFSR_PRECISERR : 0;
}

uint32_t data_store_elsewhere(struct machine *m, const struct op *op, uint32_t address, unsigned size, uint32_t value)
{
    uint32_t fault = check_alignment(m, address, size);
    if (fault)
        return fault;
    if (size < 4)
        value &= (1u << 8 * size) - 1;
    shared_bus_time(m, op);
    return bus_write(m, address, size, value, BUS_CORE) ? CFSR_PRECISERR : 0;
}

const struct op *data_fault(struct machine *m, const struct op *op, uint32_t address, uint32_t cfsr)
{
    if (cfsr != CFSR_PRECISERR)
        return exception_fault(m, op, EXCEPTION_USAGEFAULT, cfsr);
    m->system.bfar = address;
    return exception_fault(m, op, EXCEPTION_BUSFAULT, CFSR_PRECISERR | CFSR_BFARVALID);
}

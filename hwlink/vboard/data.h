// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Loads and stores of the core: SRAM at once, all else through data.c. Private to the core.
#ifndef PARE_HWLINK_VBOARD_DATA_H
#define PARE_HWLINK_VBOARD_DATA_H

#include "hwlink/vboard/op.h"

/* data.c: whatever is not an aligned access to SRAM. 0, or a bit of CFSR: CFSR_PRECISERR, CFSR_UNALIGNED. */
uint32_t data_load_elsewhere(struct machine *m, const struct op *op, uint32_t address, unsigned size, uint32_t *value);
uint32_t data_store_elsewhere(struct machine *m, const struct op *op, uint32_t address, unsigned size, uint32_t value);

/* data.c: takes the fault that one of these functions reported. */
const struct op *data_fault(struct machine *m, const struct op *op, uint32_t address, uint32_t cfsr);

static inline uint32_t data_load(struct machine *m, const struct op *op, uint32_t address, unsigned size, uint32_t *value)
{
    uint32_t at = address - SRAM_BASE;
    m->core.counts.loads++;
    if (__builtin_expect(at >= m->core.sram_free || (address & (size - 1)), 0))
        return data_load_elsewhere(m, op, address, size, value);
    *value = 0;
    memcpy(value, m->memory.sram + at, size);
    return 0;
}

static inline uint32_t data_store(struct machine *m, const struct op *op, uint32_t address, unsigned size, uint32_t value)
{
    uint32_t at = address - SRAM_BASE;
    m->core.counts.stores++;
    if (__builtin_expect(at >= m->core.sram_free || (address & (size - 1)), 0))
        return data_store_elsewhere(m, op, address, size, value);
    memcpy(m->memory.sram + at, &value, size);
    if (__builtin_expect(m->memory.code[at / MEMORY_GRANULE], 0))
        core_invalidate(m, address, size);
    return 0;
}

/* For those that must be aligned whatever CCR says. */
static inline uint32_t data_load_word(struct machine *m, const struct op *op, uint32_t address, uint32_t *value)
{
    return (address & 3) ? CFSR_UNALIGNED : data_load(m, op, address, 4, value);
}

static inline uint32_t data_store_word(struct machine *m, const struct op *op, uint32_t address, uint32_t value)
{
    return (address & 3) ? CFSR_UNALIGNED : data_store(m, op, address, 4, value);
}

#endif

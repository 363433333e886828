// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/memory.h"

#include "hwlink/vboard/machine.h"

#include <stdlib.h>
#include <string.h>

#define ALIAS_BIT_FLASH 0x04000000u // secure alias of the C-bus
#define ALIAS_BIT_SRAM 0x10000000u
#define SRAM_CBUS_BASE 0x0a000000u
#define PERIPHERAL_BASE 0x40000000u
#define PERIPHERAL_BYTES 0x20000000u
#define PPB_BASE 0xe0000000u
#define PPB_BYTES 0x00100000u
#define SCS_BASE 0xe000e000u
#define OTP_BYTES 0x200u
#define OTP_AT (0x0bfa0000u - SYSTEM_MEMORY_BASE)
#define UID_AT (0x0bfa0700u - SYSTEM_MEMORY_BASE)
#define FLASH_SIZE_AT (0x0bfa07a0u - SYSTEM_MEMORY_BASE)

static void set_identity(uint8_t *system_memory)
{
    static const uint32_t uid[3] = {0x00290041, 0x50325015, 0x20313357}; // wafer and lot of nobody
    static const uint16_t package_and_size[1] = {FLASH_BYTES / 1024};
    memset(system_memory + OTP_AT, 0xff, OTP_BYTES);
    memcpy(system_memory + UID_AT, uid, sizeof uid);
    memcpy(system_memory + FLASH_SIZE_AT, package_and_size, sizeof package_and_size);
}

int memory_init(struct machine *m)
{
    struct memory *memory = &m->memory;
    memory->flash = malloc(FLASH_BYTES);
    memory->sram = calloc(1, SRAM_BYTES);
    memory->sram4 = calloc(1, SRAM4_BYTES);
    memory->system_memory = calloc(1, SYSTEM_MEMORY_BYTES);
    memory->code = calloc(1, (SRAM_BYTES + SRAM4_BYTES) / MEMORY_GRANULE);
    if (!memory->flash || !memory->sram || !memory->sram4 || !memory->system_memory || !memory->code)
        return -1;
    memset(memory->flash, 0xff, FLASH_BYTES);
    set_identity(memory->system_memory);
    return 0;
}

void memory_finish(struct machine *m)
{
    free(m->memory.flash);
    free(m->memory.sram);
    free(m->memory.sram4);
    free(m->memory.system_memory);
    free(m->memory.code);
}

static int within(uint32_t address, uint32_t bytes, uint32_t base, uint32_t size)
{
    return address - base < size && bytes <= size - (address - base);
}

/* At one of its addresses without the alias bit of secure access. */
static uint8_t *sram_at(struct machine *m, uint32_t address, uint32_t bytes)
{
    if (within(address & ~ALIAS_BIT_SRAM, bytes, SRAM_BASE, SRAM_BYTES))
        return m->memory.sram + ((address & ~ALIAS_BIT_SRAM) - SRAM_BASE);
    if (within(address & ~ALIAS_BIT_SRAM, bytes, SRAM4_BASE, SRAM4_BYTES))
        return m->memory.sram4 + ((address & ~ALIAS_BIT_SRAM) - SRAM4_BASE);
    if (within(address & ~ALIAS_BIT_FLASH, bytes, SRAM_CBUS_BASE, SRAM_BYTES))
        return m->memory.sram + ((address & ~ALIAS_BIT_FLASH) - SRAM_CBUS_BASE);
    return NULL;
}

uint8_t *memory_at(struct machine *m, uint32_t address, uint32_t bytes)
{
    uint8_t *sram = sram_at(m, address, bytes);
    if (sram)
        return sram;
    uint32_t code = address & ~ALIAS_BIT_FLASH;
    if (within(code, bytes, FLASH_BASE, FLASH_BYTES))
        return m->memory.flash + (code - FLASH_BASE);
    if (within(code, bytes, SYSTEM_MEMORY_BASE, SYSTEM_MEMORY_BYTES))
        return m->memory.system_memory + (code - SYSTEM_MEMORY_BASE);
    return NULL;
}

/* Of the system control space, what belongs to debug.h. */
static int is_debug_register(uint32_t address)
{
    if (address - SCS_BASE >= 0x1000)
        return 1;
    uint32_t at = (address - SCS_BASE) & ~3u;
    return at == 0xd30 || (at >= 0xdf0 && at <= 0xdfc) || at == 0xe04 || at == 0xe08 || at == 0xfb8 || at == 0xfbc;
}

int bus_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who)
{
    const uint8_t *normal = memory_at(m, address, size);
    *value = 0;
    if (normal) {
        memcpy(value, normal, size);
        return 0;
    }
    if (address & (size - 1))
        return -1;
    if (address - PERIPHERAL_BASE < PERIPHERAL_BYTES)
        return peripheral_read(m, address, size, value, who);
    if (address - PPB_BASE >= PPB_BYTES)
        return -1;
    return is_debug_register(address) ? debug_read(m, address, size, value, who) : system_read(m, address, size, value);
}

int bus_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who)
{
    uint8_t *sram = sram_at(m, address, size);
    if (sram) {
        memcpy(sram, &value, size);
        core_invalidate(m, address, size);
        return 0;
    }
    if (address & (size - 1))
        return -1;
    uint32_t flash = address & ~ALIAS_BIT_FLASH;
    if (within(flash, size, FLASH_BASE, FLASH_BYTES))
        return peripheral_write(m, flash, size, value, who);
    if (address - PERIPHERAL_BASE < PERIPHERAL_BYTES || within(flash, size, SYSTEM_MEMORY_BASE, SYSTEM_MEMORY_BYTES))
        return peripheral_write(m, address, size, value, who);
    if (address - PPB_BASE >= PPB_BYTES)
        return -1;
    return is_debug_register(address) ? debug_write(m, address, size, value, who)
                                      : system_write(m, address, size, value, who == BUS_DEBUGGER);
}

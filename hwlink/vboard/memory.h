// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The address map: flash, SRAM and system memory, and who answers for the rest.
#ifndef PARE_HWLINK_VBOARD_MEMORY_H
#define PARE_HWLINK_VBOARD_MEMORY_H

#include <stdint.h>

struct machine;

/* RM0456, memory map. Each block also answers at its secure or C-bus alias. */
#define FLASH_BASE 0x08000000u // alias 0x0c000000
#define FLASH_BYTES 0x200000u
#define SRAM_BASE 0x20000000u // SRAM1-3; aliases 0x30000000, and 0x0a000000 (0x0e000000) on the C-bus
#define SRAM_BYTES 0xc0000u
#define SRAM4_BASE 0x28000000u // alias 0x38000000
#define SRAM4_BYTES 0x4000u
#define SYSTEM_MEMORY_BASE 0x0bf80000u // boot loader, OTP (0x0bfa0000), UID (0x0bfa0700), flash size (0x0bfa07a0)
#define SYSTEM_MEMORY_BYTES 0x30000u
#define MEMORY_GRANULE 64u // code is forgotten by granules of this many bytes

enum bus_who {
    BUS_CORE = 0,
    BUS_DEBUGGER,
};

struct memory {
    uint8_t *flash, *sram, *sram4, *system_memory;
    uint8_t *code; // a byte for each granule of SRAM, then SRAM4: something was decoded from it
};

/* Allocates; flash erased, SRAM zero, identity words set. Returns 0, or -1 without memory. */
int memory_init(struct machine *m);
void memory_finish(struct machine *m);

/* One access of 1, 2 or 4 bytes, as the data side of the bus matrix sees it; costs no time by itself. An access need not be
 * aligned in normal memory; in devices it must be. Flash writes and 0x40000000-0x5fffffff go to peripheral_read/_write, the
 * private peripheral bus to system_* and debug_*. Returns 0, or -1 for a bus fault (*value is then 0). */
int bus_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who);
int bus_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who);

/* `bytes` from normal memory (flash, SRAM, system memory), or NULL if not all of it is. Writing needs core_invalidate after. */
uint8_t *memory_at(struct machine *m, uint32_t address, uint32_t bytes);

#endif

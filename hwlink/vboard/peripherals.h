// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The chip around the core: who answers at which address, and what their registers mean to the rest of the machine.
#ifndef PARE_HWLINK_VBOARD_PERIPHERALS_H
#define PARE_HWLINK_VBOARD_PERIPHERALS_H

#include "hwlink/vboard/crc.h"
#include "hwlink/vboard/flash.h"
#include "hwlink/vboard/gpdma.h"
#include "hwlink/vboard/gpio.h"
#include "hwlink/vboard/memory.h"
#include "hwlink/vboard/rcc.h"
#include "hwlink/vboard/timers.h"
#include "hwlink/vboard/usart.h"

#include <stdint.h>

#define PERIPHERAL_STORED_MAX 1024u // registers without a model that keep what was written

struct peripherals {
    struct rcc rcc;
    struct flash flash;
    struct gpio gpio;
    struct usart usart; // its `output` and `user` are the owner's
    struct timers timers;
    struct crc crc;
    struct gpdma gpdma;
    uint32_t icache_cr;
    uint64_t icache_hits, icache_misses; // where the monitors were last reset
    struct peripheral_stored {
        uint32_t address, value; // address 0: free
    } stored[PERIPHERAL_STORED_MAX];
};

/* `power`: also what only a power cycle clears. */
void peripheral_reset(struct machine *m, int power);

/* Registers at 0x40000000-0x5fffffff (aligned; the secure alias at 0x50000000 is the same), and writes into flash. Registers without
 * a model keep what is written, noted once. Returns 0 or -1 (bus fault). */
int peripheral_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who);
int peripheral_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who);

/* Brings timers and serial lines up to machine_cycles, pends what is due. Returns the cycle of the next event, or CORE_NEVER. A
 * register write that makes an earlier event calls core_look. */
uint64_t peripheral_advance(struct machine *m);

/* Bytes for the receiver of the console. Returns how many were taken. */
uint32_t peripheral_input(struct machine *m, const void *bytes, uint32_t n);

#endif

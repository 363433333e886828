// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The chip around the core: RCC, PWR, FLASH, ICACHE registers, GPIO, USART1 and what else firmware touches.
#ifndef PARE_HWLINK_VBOARD_PERIPHERALS_H
#define PARE_HWLINK_VBOARD_PERIPHERALS_H

#include "hwlink/vboard/memory.h"

#include <stdint.h>

#define PERIPHERAL_INPUT_MAX 4096u // bytes of USART1 input that wait

struct peripherals {
    uint32_t flash_acr, icache_cr, rcc_cr, rcc_cfgr1, rcc_pll1cfgr, pwr_vosr;
    /* What USART1 sends, by the core's thread; NULL throws it away. */
    void (*console)(void *user, uint8_t byte);
    void *console_user;
    uint8_t input[PERIPHERAL_INPUT_MAX];
    uint32_t input_from, input_until;
};

void peripheral_reset(struct machine *m, int power);

/* Registers at 0x40000000-0x5fffffff (aligned), and writes into flash. Returns 0 or -1 (bus fault). */
int peripheral_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who);
int peripheral_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who);

/* Brings timers and serial lines up to machine_cycles, pends what is due. Returns the cycle of the next event, or CORE_NEVER. A
 * register write that makes an earlier event calls core_look. */
uint64_t peripheral_advance(struct machine *m);

/* Bytes for USART1's receiver. Returns how many were taken. */
uint32_t peripheral_input(struct machine *m, const void *bytes, uint32_t n);

#endif

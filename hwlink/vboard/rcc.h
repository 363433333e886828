// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Clocks and supply: RCC and PWR with their ready bits, and the core clock that follows. Source: RM0456 chapters 10 and 11.
#ifndef PARE_HWLINK_VBOARD_RCC_H
#define PARE_HWLINK_VBOARD_RCC_H

#include <stdbool.h>
#include <stdint.h>

#define RCC_BASE 0x46020c00u
#define PWR_BASE 0x46020800u
#define RCC_BYTES 0x200u
#define PWR_BYTES 0x100u

struct rcc {
    uint32_t registers[RCC_BYTES / 4]; // as written; ready bits are made when read
    uint32_t power[PWR_BYTES / 4];
    bool clock_stuck; // a fault: no oscillator or PLL becomes ready any more
};

/* Why there was a reset, as in RCC_CSR. Firmware clears what has gathered by RMVF. */
#define RCC_CSR_RMVF (1u << 23)
#define RCC_CSR_OBLRSTF (1u << 25) // option bytes were loaded
#define RCC_CSR_PINRSTF (1u << 26) // with every reset: the chip pulls the pin itself
#define RCC_CSR_BORRSTF (1u << 27) // supply
#define RCC_CSR_SFTRSTF (1u << 28) // software

/* `causes`: of the bits above. */
void rcc_reset(struct rcc *r, uint32_t causes);

/* Offsets from RCC_BASE and PWR_BASE. */
uint32_t rcc_read(const struct rcc *r, uint32_t offset);
void rcc_write(struct rcc *r, uint32_t offset, uint32_t value);
uint32_t rcc_read_power(const struct rcc *r, uint32_t offset);
void rcc_write_power(struct rcc *r, uint32_t offset, uint32_t value);

/* Core clock (HCLK) as the registers set it; an external crystal is taken to have 16 MHz, as on B-U585I-IOT02A. */
uint32_t rcc_hclk_hz(const struct rcc *r);

/* Core cycles for each clock of TIM2 to TIM7: 1, or half of what APB1 divides by. */
uint32_t rcc_timer_divider(const struct rcc *r);

/* Clock of a serial port, numbered as in usart.h: RCC_CCIPR1 and CCIPR3. */
uint32_t rcc_usart_hz(const struct rcc *r, int port);

/* The core is fed by the step-down converter (PWR_CR3.REGSEL), not by the linear regulator. */
bool rcc_uses_smps(const struct rcc *r);

/* An SRAM block of the run domain is switched off (PWR_CR1: SRAM1PD, SRAM3PD or SRAM4PD). */
bool rcc_sram_is_off(const struct rcc *r);

/* Voltage range 1 (fast) to 4. */
int rcc_voltage_range(const struct rcc *r);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The registers of STM32U575/U585 and of the Cortex-M33 that the runner touches. Source: RM0456 and the Armv8-M manual.
#ifndef PARE_HWLINK_RUNNER_REGISTERS_H
#define PARE_HWLINK_RUNNER_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define RCC_CR REGISTER(0x46020c00u)
#define RCC_CR_PLL1ON (1u << 24)
#define RCC_CR_PLL1RDY (1u << 25)
#define RCC_CFGR1 REGISTER(0x46020c1cu)
#define RCC_CFGR1_SW_PLL1 3u
#define RCC_CFGR1_SWS_PLL1 (3u << 2)
#define RCC_PLL1CFGR REGISTER(0x46020c28u)
#define RCC_PLL1CFGR_MSI_4_8_MHZ 1u // source MSIS, input range 4..8 MHz, M = 1
#define RCC_PLL1CFGR_REN (1u << 18)
#define RCC_PLL1DIVR REGISTER(0x46020c34u)
#define RCC_AHB2ENR1 REGISTER(0x46020c8cu)
#define RCC_AHB2ENR1_GPIOEN(port) (1u << (port))
#define RCC_AHB3ENR REGISTER(0x46020c94u)
#define RCC_AHB3ENR_PWREN (1u << 2)

#define PWR_CR3 REGISTER(0x46020808u)
#define PWR_CR3_REGSEL (1u << 1)
#define PWR_SVMSR REGISTER(0x4602083cu)
#define PWR_SVMSR_REGS (1u << 1)
#define PWR_VOSR REGISTER(0x4602080cu)
#define PWR_VOSR_RANGE1 (3u << 16)
#define PWR_VOSR_BOOSTEN (1u << 18)
#define PWR_VOSR_VOSRDY (1u << 15)
#define PWR_VOSR_BOOSTRDY (1u << 14)

#define FLASH_ACR REGISTER(0x40022000u)
#define FLASH_ACR_4WS 4u
#define FLASH_ACR_PREFETCH (1u << 8)

#define ICACHE_CR REGISTER(0x40030400u)
#define ICACHE_CR_EN (1u << 0)
#define ICACHE_CR_INVALIDATE (1u << 1)
#define ICACHE_SR REGISTER(0x40030404u)
#define ICACHE_SR_BUSY (1u << 0)

#define GPIO_MODER(port) REGISTER(0x42020000u + 0x400u * (port))
#define GPIO_BSRR(port) REGISTER(0x42020018u + 0x400u * (port))

#define DWT_CTRL REGISTER(0xe0001000u)
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CYCCNT REGISTER(0xe0001004u)
#define SCB_SHCSR REGISTER(0xe000ed24u)
#define SCB_SHCSR_FAULTS_ENABLED (7u << 16)
#define SCB_CFSR REGISTER(0xe000ed28u)
#define SCB_CPACR REGISTER(0xe000ed88u)
#define SCB_CPACR_FPU (0xfu << 20)
#define DCB_DHCSR REGISTER(0xe000edf0u)
#define DCB_DHCSR_DEBUG_ENABLED (1u << 0)
#define DCB_DEMCR REGISTER(0xe000edfcu)
#define DCB_DEMCR_TRCENA (1u << 24)

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/runner/clock.h"

#include "hwlink/runner/registers.h"
#include "quant/kernels/mailbox.h"

#define READY_POLLS 100000u // at 4 MHz above 100 ms; the slowest of them takes 50 us

#define REGULATOR_POLLS 2000u

static int wait_some(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t polls)
{
    for (uint32_t i = 0; i < polls; i++)
        if ((*reg & mask) == value)
            return 0;
    return -1;
}

static int wait_for(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    return wait_some(reg, mask, value, READY_POLLS);
}

/* The step-down converter takes half the energy of the linear regulator; a part without one stays as it is. */
static void use_smps(void)
{
    PWR_CR3 |= PWR_CR3_REGSEL;
    wait_some(&PWR_SVMSR, PWR_SVMSR_REGS, PWR_SVMSR_REGS, REGULATOR_POLLS);
}

static int start_pll(void)
{
    RCC_AHB3ENR |= RCC_AHB3ENR_PWREN;
    (void)RCC_AHB3ENR;
    use_smps();
    PWR_VOSR |= PWR_VOSR_RANGE1;
    if (wait_for(&PWR_VOSR, PWR_VOSR_VOSRDY, PWR_VOSR_VOSRDY))
        return -1;
    FLASH_ACR = FLASH_ACR_4WS | FLASH_ACR_PREFETCH;
    RCC_PLL1CFGR = RCC_PLL1CFGR_MSI_4_8_MHZ | RCC_PLL1CFGR_REN;
    PWR_VOSR |= PWR_VOSR_BOOSTEN; // its clock is PLL1's input: after the source is chosen
    if (wait_for(&PWR_VOSR, PWR_VOSR_BOOSTRDY, PWR_VOSR_BOOSTRDY))
        return -1;
    RCC_PLL1DIVR = (2u - 1) << 24 | (2u - 1) << 16 | (2u - 1) << 9 | (80u - 1); // 4 MHz * 80 / 2
    RCC_CR |= RCC_CR_PLL1ON;
    if (wait_for(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY))
        return -1;
    RCC_CFGR1 |= RCC_CFGR1_SW_PLL1;
    return wait_for(&RCC_CFGR1, RCC_CFGR1_SWS_PLL1, RCC_CFGR1_SWS_PLL1);
}

static void make_output(uint32_t port, uint32_t pin)
{
    GPIO_MODER(port) = (GPIO_MODER(port) & ~(3u << 2 * pin)) | 1u << 2 * pin;
}

static void start_pins(void)
{
    RCC_AHB2ENR1 |= RCC_AHB2ENR1_GPIOEN(MAILBOX_WINDOW_PORT) | RCC_AHB2ENR1_GPIOEN(MAILBOX_LAP_PORT);
    (void)RCC_AHB2ENR1;
    clock_window_pin(0);
    clock_lap_pin(0);
    make_output(MAILBOX_WINDOW_PORT, MAILBOX_WINDOW_PIN);
    make_output(MAILBOX_LAP_PORT, MAILBOX_LAP_PIN);
}

int clock_start(void)
{
    if (start_pll())
        return -1;
    ICACHE_CR |= ICACHE_CR_EN;
    start_pins();
    DCB_DEMCR |= DCB_DEMCR_TRCENA;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    return 0;
}

void clock_empty_cache(void)
{
    ICACHE_CR |= ICACHE_CR_INVALIDATE;
    wait_for(&ICACHE_SR, ICACHE_SR_BUSY, 0);
}

static void set_pin(uint32_t port, uint32_t pin, int high)
{
    GPIO_BSRR(port) = 1u << (high ? pin : pin + 16);
}

void clock_window_pin(int high)
{
    set_pin(MAILBOX_WINDOW_PORT, MAILBOX_WINDOW_PIN, high);
}

void clock_lap_pin(int high)
{
    set_pin(MAILBOX_LAP_PORT, MAILBOX_LAP_PIN, high);
}

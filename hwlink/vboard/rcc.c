// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Every oscillator and regulator is ready at once.
#include "hwlink/vboard/rcc.h"

#include <string.h>

enum { RCC_CR = 0x00, RCC_ICSCR1 = 0x08, RCC_CFGR1 = 0x1c, RCC_CFGR2 = 0x20, RCC_CFGR3 = 0x24, RCC_PLL1CFGR = 0x28, RCC_PLL1DIVR = 0x34,
       RCC_CCIPR1 = 0xe0, RCC_CCIPR3 = 0xe8, RCC_BDCR = 0xf0, RCC_CSR = 0xf4 };
enum { PWR_CR1 = 0x00, PWR_CR3 = 0x08, PWR_VOSR = 0x0c, PWR_SVMSR = 0x3c };

#define HSI_HZ 16000000u
#define HSE_HZ 16000000u
#define LSE_HZ 32768u
#define MSIK_HZ 4000000u // after reset
#define CR_RESET 0x35u          // MSIS and MSIK run
#define PLL_DIVIDERS_RESET 0x01010280u
#define REGSEL (1u << 1)
#define SRAM_OFF (1u << 8 | 1u << 10 | 1u << 11)
#define VOSRDY (1u << 15)
#define BOOSTRDY (1u << 14)
#define BOOSTEN (1u << 18)

struct ready {
    uint32_t on, ready;
};

static const struct ready oscillators[] = {{1u << 0, 1u << 2},   {1u << 4, 1u << 5},   {1u << 8, 1u << 10},
                                           {1u << 12, 1u << 13}, {1u << 14, 1u << 15}, {1u << 16, 1u << 17},
                                           {1u << 24, 1u << 25}, {1u << 26, 1u << 27}, {1u << 28, 1u << 29}};
static const struct ready backup[] = {{1u << 0, 1u << 1}, {1u << 7, 1u << 11}, {1u << 26, 1u << 27}};

#define CAUSES (RCC_CSR_OBLRSTF | RCC_CSR_PINRSTF | RCC_CSR_BORRSTF | RCC_CSR_SFTRSTF | 7u << 29)

void rcc_reset(struct rcc *r, uint32_t causes)
{
    uint32_t before = causes & RCC_CSR_BORRSTF ? 0 : r->registers[RCC_CSR / 4] & CAUSES;
    memset(r->registers, 0, sizeof r->registers);
    memset(r->power, 0, sizeof r->power);
    r->registers[RCC_CR / 4] = CR_RESET;
    r->registers[RCC_ICSCR1 / 4] = 0x44000000u;
    r->registers[RCC_PLL1DIVR / 4] = PLL_DIVIDERS_RESET;
    r->registers[RCC_CSR / 4] = 0x4400u | before | causes;
}

static uint32_t with_ready(const struct rcc *r, uint32_t value, const struct ready *table, int n)
{
    for (int i = 0; i < n; i++) {
        value &= ~table[i].ready;
        if (value & table[i].on && !r->clock_stuck)
            value |= table[i].ready;
    }
    return value;
}

uint32_t rcc_read(const struct rcc *r, uint32_t offset)
{
    uint32_t value = r->registers[offset / 4 % (RCC_BYTES / 4)];
    switch (offset) {
    case RCC_CR:
        return with_ready(r, value, oscillators, sizeof oscillators / sizeof *oscillators);
    case RCC_BDCR:
        return with_ready(r, value, backup, sizeof backup / sizeof *backup);
    case RCC_CFGR1:
        return (value & ~0xcu) | (value & 3) << 2; // SWS follows SW
    default:
        return value;
    }
}

void rcc_write(struct rcc *r, uint32_t offset, uint32_t value)
{
    if (offset == RCC_CSR) // the causes are only read; RMVF clears them and falls back
        value = (value & ~(CAUSES | RCC_CSR_RMVF)) | (value & RCC_CSR_RMVF ? 0 : r->registers[RCC_CSR / 4] & CAUSES);
    r->registers[offset / 4 % (RCC_BYTES / 4)] = value;
}

uint32_t rcc_read_power(const struct rcc *r, uint32_t offset)
{
    uint32_t value = r->power[offset / 4 % (PWR_BYTES / 4)], vosr = r->power[PWR_VOSR / 4];
    switch (offset) {
    case PWR_VOSR:
        value &= ~(VOSRDY | BOOSTRDY);
        return value | (r->clock_stuck ? 0 : VOSRDY | (value & BOOSTEN ? BOOSTRDY : 0));
    case PWR_SVMSR:
        return (vosr & 3u << 16) | VOSRDY | (r->power[PWR_CR3 / 4] & REGSEL);
    default:
        return value;
    }
}

void rcc_write_power(struct rcc *r, uint32_t offset, uint32_t value)
{
    r->power[offset / 4 % (PWR_BYTES / 4)] = value;
}

/* MSI ranges: four oscillators, each divided by 1 to 4 (RM0456, RCC_ICSCR1). */
static uint32_t msi_hz(const struct rcc *r)
{
    static const uint32_t oscillator[4] = {48000000, 4000000, 3072000, 400000};
    uint32_t icscr1 = r->registers[RCC_ICSCR1 / 4];
    uint32_t range = icscr1 >> 23 & 1 ? icscr1 >> 28 & 0xf : r->registers[RCC_CSR / 4] >> 12 & 0xf;
    return oscillator[range / 4] / (range % 4 + 1);
}

static uint32_t pll1_hz(const struct rcc *r)
{
    uint32_t config = r->registers[RCC_PLL1CFGR / 4], dividers = r->registers[RCC_PLL1DIVR / 4];
    uint32_t source = (config & 3) == 1 ? msi_hz(r) : (config & 3) == 2 ? HSI_HZ : (config & 3) == 3 ? HSE_HZ : 0;
    uint64_t vco = (uint64_t)source / ((config >> 8 & 0xf) + 1) * ((dividers & 0x1ff) + 1);
    return (uint32_t)(vco / ((dividers >> 24 & 0x7f) + 1));
}

uint32_t rcc_hclk_hz(const struct rcc *r)
{
    uint32_t sw = r->registers[RCC_CFGR1 / 4] & 3, hpre = r->registers[RCC_CFGR2 / 4] & 0xf;
    uint32_t hz = sw == 0 ? msi_hz(r) : sw == 1 ? HSI_HZ : sw == 2 ? HSE_HZ : pll1_hz(r);
    static const uint8_t shift[8] = {1, 2, 3, 4, 6, 7, 8, 9};
    hz = hpre & 8 ? hz >> shift[hpre & 7] : hz;
    return hz ? hz : 1;
}

/* PPRE1, PPRE2 and PPRE3 are alike: below 4 not divided, then by 2 to 16. */
static uint32_t bus_divider(uint32_t ppre)
{
    return ppre & 4 ? 2u << (ppre & 3) : 1;
}

uint32_t rcc_timer_divider(const struct rcc *r)
{
    uint32_t divider = bus_divider(r->registers[RCC_CFGR2 / 4] >> 4);
    return divider == 1 ? 1 : divider / 2;
}

uint32_t rcc_usart_hz(const struct rcc *r, int port)
{
    uint32_t cfgr2 = r->registers[RCC_CFGR2 / 4], cfgr3 = r->registers[RCC_CFGR3 / 4];
    uint32_t select = port == 5 ? r->registers[RCC_CCIPR3 / 4] & 7 : r->registers[RCC_CCIPR1 / 4] >> 2 * port & 3;
    if (select == 0)
        return rcc_hclk_hz(r) / bus_divider(port == 0 ? cfgr2 >> 8 : port == 5 ? cfgr3 >> 4 : cfgr2 >> 4);
    return select == 2 ? HSI_HZ : select == 3 ? LSE_HZ : select == 4 ? MSIK_HZ : rcc_hclk_hz(r);
}

bool rcc_uses_smps(const struct rcc *r)
{
    return r->power[PWR_CR3 / 4] & REGSEL;
}

bool rcc_sram_is_off(const struct rcc *r)
{
    return r->power[PWR_CR1 / 4] & SRAM_OFF;
}

int rcc_voltage_range(const struct rcc *r)
{
    return 4 - (int)(r->power[PWR_VOSR / 4] >> 16 & 3);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/peripherals.h"

#include "hwlink/vboard/machine.h"

#include <string.h>

#define RCC_CR 0x46020c00u
#define RCC_CFGR1 0x46020c1cu
#define RCC_PLL1CFGR 0x46020c28u
#define PWR_VOSR 0x4602080cu
#define FLASH_ACR 0x40022000u
#define ICACHE_CR 0x40030400u
#define USART1_ISR 0x4001381cu
#define USART1_RDR 0x40013824u
#define USART1_TDR 0x40013828u
#define ISR_TX_READY 0xc0u // TXE and TC
#define ISR_RXNE 0x20u

void peripheral_reset(struct machine *m, int power)
{
    struct peripherals *p = &m->peripherals;
    p->flash_acr = p->rcc_cfgr1 = p->rcc_pll1cfgr = p->pwr_vosr = 0;
    p->rcc_cr = 0x35;
    p->icache_cr = 4;
    if (power)
        p->input_from = p->input_until = 0;
    icache_reset(m);
}

static uint32_t next_input(struct peripherals *p)
{
    return p->input_from < p->input_until ? p->input[p->input_from++] : 0;
}

int peripheral_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who)
{
    struct peripherals *p = &m->peripherals;
    (void)who;
    uint32_t word = 0;
    switch (address & ~3u) {
    case RCC_CR: word = p->rcc_cr | (p->rcc_cr & 0x15000000u) << 1; break;
    case RCC_CFGR1: word = (p->rcc_cfgr1 & ~0xcu) | (p->rcc_cfgr1 & 3u) << 2; break;
    case RCC_PLL1CFGR: word = p->rcc_pll1cfgr; break;
    case PWR_VOSR: word = p->pwr_vosr | 0x8000u | (p->pwr_vosr & 0x40000u) >> 4; break;
    case FLASH_ACR: word = p->flash_acr; break;
    case ICACHE_CR: word = p->icache_cr; break;
    case USART1_ISR: word = ISR_TX_READY | (p->input_from < p->input_until ? ISR_RXNE : 0); break;
    case USART1_RDR: word = next_input(p); break;
    default: machine_note_unknown(m, "read of register", address, 0);
    }
    *value = size == 4 ? word : word >> 8 * (address & 3) & ((1u << 8 * size) - 1);
    return 0;
}

int peripheral_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who)
{
    struct peripherals *p = &m->peripherals;
    (void)size, (void)who;
    switch (address) {
    case RCC_CR: p->rcc_cr = value; break;
    case RCC_CFGR1: p->rcc_cfgr1 = value; break;
    case RCC_PLL1CFGR: p->rcc_pll1cfgr = value; break;
    case PWR_VOSR: p->pwr_vosr = value; break;
    case FLASH_ACR:
        p->flash_acr = value;
        icache_flash_timing(m, (int)(value & 15), (int)(value >> 8 & 1));
        break;
    case ICACHE_CR:
        p->icache_cr = value & ~2u;
        icache_configure(m, (int)(value & 1), value & 4 ? 2 : 1);
        if (value & 2)
            icache_empty(m);
        break;
    case USART1_TDR:
        if (p->console)
            p->console(p->console_user, (uint8_t)value);
        break;
    default: machine_note_unknown(m, "write of register", address, value);
    }
    return 0;
}

uint64_t peripheral_advance(struct machine *m)
{
    (void)m;
    return CORE_NEVER;
}

uint32_t peripheral_input(struct machine *m, const void *bytes, uint32_t n)
{
    struct peripherals *p = &m->peripherals;
    if (p->input_from == p->input_until)
        p->input_from = p->input_until = 0;
    if (n > PERIPHERAL_INPUT_MAX - p->input_until)
        n = PERIPHERAL_INPUT_MAX - p->input_until;
    memcpy(p->input + p->input_until, bytes, n);
    p->input_until += n;
    return n;
}

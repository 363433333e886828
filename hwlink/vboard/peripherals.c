// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The table of blocks, and the registers that the core's side has to hear of.
#include "hwlink/vboard/peripherals.h"

#include "hwlink/vboard/machine.h"

#include <string.h>

#define FLASH_REGISTERS 0x40022000u
#define ICACHE_REGISTERS 0x40030400u
#define SECURE_ALIAS 0x10000000u
#define ICACHE_CR_RESET 4u // 2 ways, off
#define IDCODE_F1 0x40015800u // where OpenOCD looks for another family's device id: must read 0

enum { ICACHE_CR = 0x00, ICACHE_SR = 0x04, ICACHE_HMONR = 0x10, ICACHE_MMONR = 0x14 };

static void flash_changed(void *user, uint32_t offset, uint32_t bytes)
{
    core_invalidate(user, FLASH_BASE + offset, bytes);
}

static uint32_t causes_of_reset(const struct machine *m, int power)
{
    if (power)
        return RCC_CSR_BORRSTF | RCC_CSR_PINRSTF;
    if (m->peripherals.flash.launch)
        return RCC_CSR_OBLRSTF | RCC_CSR_PINRSTF;
    return m->core.reset_requested ? RCC_CSR_SFTRSTF | RCC_CSR_PINRSTF : RCC_CSR_PINRSTF;
}

void peripheral_reset(struct machine *m, int power)
{
    struct peripherals *p = &m->peripherals;
    rcc_reset(&p->rcc, causes_of_reset(m, power));
    if (!p->flash.bytes)
        p->flash.bytes = m->memory.flash;
    p->flash.changed = flash_changed;
    p->flash.user = m;
    flash_reset(&p->flash);
    gpio_reset(&p->gpio);
    usart_reset(&p->usart);
    crc_reset(&p->crc);
    timers_reset(&p->timers);
    gpdma_reset(&p->gpdma);
    memset(p->stored, 0, sizeof p->stored);
    if (power)
        p->usart.from = p->usart.until = 0;
    p->icache_cr = ICACHE_CR_RESET;
    icache_reset(m);
}

/* --- ICACHE: its registers here, its tags in icache.c --- */

static uint32_t read_icache(struct machine *m, uint32_t offset)
{
    const struct peripherals *p = &m->peripherals;
    switch (offset) {
    case ICACHE_CR:
        return p->icache_cr;
    case ICACHE_SR:
        return 2; // BSYENDF: an invalidation is over at once
    case ICACHE_HMONR:
        return (uint32_t)(m->core.counts.cache_hits - p->icache_hits);
    case ICACHE_MMONR:
        return (uint32_t)(m->core.counts.cache_misses - p->icache_misses);
    default:
        return 0;
    }
}

/* Ends at a whole cycle: from here on, time does not depend on how long the firmware had waited before. */
static void invalidate(struct machine *m)
{
    uint64_t cycle = 1u << CORE_TIME_BITS;
    icache_empty(m);
    m->core.time = (m->core.time + cycle - 1) & ~(cycle - 1);
}

static void write_icache(struct machine *m, uint32_t offset, uint32_t value)
{
    struct peripherals *p = &m->peripherals;
    if (offset != ICACHE_CR)
        return;
    p->icache_cr = value & ~2u;
    icache_configure(m, (int)(value & 1), value & 4 ? 2 : 1);
    if (value & 2)
        invalidate(m);
    if (value & 1u << 18) // HITMRST
        p->icache_hits = m->core.counts.cache_hits;
    if (value & 1u << 19) // MISSMRST
        p->icache_misses = m->core.counts.cache_misses;
}

/* --- registers without a model --- */

/* Bits that firmware waits for in blocks that do nothing else here: read as 1, or as 0 whatever was written. */
static const struct waited_for {
    uint32_t address, ones, zeros;
} waited_for[] = {
    {0x42028000, 1u << 12 | 1, 0},           // ADC1 ISR: LDORDY, ADRDY
    {0x42028008, 0, 1u << 31 | 0x3e},        // ADC1 CR: no calibration or conversion goes on
    {0x46021000, 1u << 12 | 1, 0},           // ADC4
    {0x46021008, 0, 1u << 31 | 0x3e},
    {0x42040010, 1u << 31, 0x37},            // OTG_FS GRSTCTL: AHB idle, no reset or flush goes on
    {0x40031404, 0, 3},                      // DCACHE1 SR: not busy
    {0x420c0800, 0, 1u << 7},                // RNG CR: CONDRST is over
    {0x420c0804, 1, 0},                      // RNG SR: DRDY
    {0x4000300c, 0, 7},                      // IWDG SR: nothing is updated; it never bites
    {0x4600780c, 0x7f, 0},                   // RTC ICSR: RSF, INITF and all may be written
};

static struct peripheral_stored *stored(struct machine *m, uint32_t address, bool add)
{
    struct peripheral_stored *table = m->peripherals.stored;
    uint32_t at = (address / 4 * 2654435761u) % PERIPHERAL_STORED_MAX;
    for (uint32_t i = 0; i < PERIPHERAL_STORED_MAX; i++, at = (at + 1) % PERIPHERAL_STORED_MAX) {
        if (table[at].address == address)
            return &table[at];
        if (table[at].address == 0) {
            table[at].address = add ? address : 0;
            return add ? &table[at] : NULL;
        }
    }
    return NULL;
}

static uint32_t read_stored(struct machine *m, uint32_t address)
{
    const struct peripheral_stored *s = stored(m, address, false);
    if (!s && address != IDCODE_F1)
        machine_note_unknown(m, "read of register", address, 0);
    uint32_t value = s ? s->value : 0;
    for (size_t i = 0; i < sizeof waited_for / sizeof *waited_for; i++)
        if (waited_for[i].address == address)
            value = (value | waited_for[i].ones) & ~waited_for[i].zeros;
    return value;
}

static void write_stored(struct machine *m, uint32_t address, uint32_t value)
{
    struct peripheral_stored *s = stored(m, address, true);
    machine_note_unknown(m, "write of register", address, value);
    if (s)
        s->value = value;
}

/* --- the map --- */

static bool within(uint32_t address, uint32_t base, uint32_t bytes)
{
    return address - base < bytes;
}

/* Time as the flash sees it: a debugger that waits for a halted core waits in real time. */
static uint64_t flash_now(const struct machine *m, enum bus_who who)
{
    return who == BUS_DEBUGGER && m->debug.halted ? UINT64_MAX : machine_cycles(m);
}

static uint32_t read_word(struct machine *m, uint32_t address, enum bus_who who)
{
    struct peripherals *p = &m->peripherals;
    if (within(address, GPIO_BASE, GPIO_PORTS * GPIO_PORT_BYTES))
        return gpio_read(&p->gpio, address - GPIO_BASE);
    uint32_t offset;
    int port = usart_port_at(address, &offset);
    if (port >= 0)
        return usart_read(&p->usart, port, offset, machine_cycles(m), who == BUS_CORE);
    if (within(address, CRC_BASE, CRC_BYTES))
        return crc_read(&p->crc, address - CRC_BASE);
    if (within(address, TIMERS_BASE, TIMERS_N * TIMERS_STRIDE))
        return timers_read(&p->timers, address - TIMERS_BASE, machine_cycles(m));
    if (within(address, GPDMA_BASE, GPDMA_BYTES))
        return gpdma_read(&p->gpdma, address - GPDMA_BASE);
    if (within(address, FLASH_REGISTERS, FLASH_REGISTER_BYTES))
        return flash_read_register(&p->flash, address - FLASH_REGISTERS, flash_now(m, who));
    if (within(address, RCC_BASE, RCC_BYTES))
        return rcc_read(&p->rcc, address - RCC_BASE);
    if (within(address, PWR_BASE, PWR_BYTES))
        return rcc_read_power(&p->rcc, address - PWR_BASE);
    if (within(address, ICACHE_REGISTERS, 0x400))
        return read_icache(m, address - ICACHE_REGISTERS);
    return read_stored(m, address);
}

static void write_flash_register(struct machine *m, uint32_t offset, uint32_t value, enum bus_who who)
{
    m->peripherals.flash.clock_hz = rcc_hclk_hz(&m->peripherals.rcc);
    flash_write_register(&m->peripherals.flash, offset, value, flash_now(m, who));
    if (offset == FLASH_ACR)
        icache_flash_timing(m, (int)(value & 15), (int)(value >> 8 & 1));
    if (m->debug.stuck)
        m->peripherals.flash.launch = false; // it takes no reset, and not later either
    if (m->peripherals.flash.launch)
        system_request_reset(m, who == BUS_DEBUGGER);
}

static void write_rcc(struct machine *m, uint32_t offset, uint32_t value)
{
    struct peripherals *p = &m->peripherals;
    rcc_write(&p->rcc, offset, value);
    timers_clock(&p->timers, rcc_timer_divider(&p->rcc), machine_cycles(m));
    core_look(&m->core);
}

static void write_usart(struct machine *m, int port, uint32_t offset, uint32_t value)
{
    struct peripherals *p = &m->peripherals;
    usart_write(&p->usart, port, offset, value);
    usart_clock(&p->usart, port, rcc_hclk_hz(&p->rcc), rcc_usart_hz(&p->rcc, port));
    if (offset == USART_CR3)
        gpdma_run(m);
}

static void write_word(struct machine *m, uint32_t address, uint32_t value, enum bus_who who)
{
    struct peripherals *p = &m->peripherals;
    uint32_t offset;
    int port = usart_port_at(address, &offset);
    if (within(address, GPIO_BASE, GPIO_PORTS * GPIO_PORT_BYTES))
        gpio_write(&p->gpio, address - GPIO_BASE, value);
    else if (port >= 0)
        write_usart(m, port, offset, value);
    else if (within(address, GPDMA_BASE, GPDMA_BYTES))
        gpdma_write(m, address - GPDMA_BASE, value);
    else if (within(address, TIMERS_BASE, TIMERS_N * TIMERS_STRIDE))
        timers_write(&p->timers, address - TIMERS_BASE, value, machine_cycles(m));
    else if (within(address, FLASH_REGISTERS, FLASH_REGISTER_BYTES))
        write_flash_register(m, address - FLASH_REGISTERS, value, who);
    else if (within(address, RCC_BASE, RCC_BYTES))
        write_rcc(m, address - RCC_BASE, value);
    else if (within(address, PWR_BASE, PWR_BYTES))
        rcc_write_power(&p->rcc, address - PWR_BASE, value);
    else if (within(address, ICACHE_REGISTERS, 0x400))
        write_icache(m, address - ICACHE_REGISTERS, value);
    else
        write_stored(m, address, value);
}

static bool has_events(uint32_t address)
{
    uint32_t offset;
    return usart_port_at(address, &offset) >= 0 || within(address, GPDMA_BASE, GPDMA_BYTES) || within(address, TIMERS_BASE, TIMERS_N * TIMERS_STRIDE);
}

int peripheral_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value, enum bus_who who)
{
    uint32_t word = read_word(m, address & ~(SECURE_ALIAS | 3u), who);
    *value = size == 4 ? word : word >> 8 * (address & 3) & ((1u << 8 * size) - 1);
    if (has_events(address & ~SECURE_ALIAS))
        core_look(&m->core);
    return 0;
}

/* Narrow stores change their lanes of the register; those into a store-only register (BSRR) have zeros in the others. */
static uint32_t merged(struct machine *m, uint32_t address, unsigned size, uint32_t value)
{
    uint32_t shift = 8 * (address & 3), mask = ((1u << 8 * size) - 1) << shift;
    uint32_t at = address & ~(SECURE_ALIAS | 3u), before = 0, offset;
    if (usart_port_at(at, &offset) < 0)
        before = read_word(m, at, BUS_DEBUGGER);
    return (before & ~mask) | (value << shift & mask);
}

int peripheral_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, enum bus_who who)
{
    if (address < TIMERS_BASE) {
        m->peripherals.flash.clock_hz = rcc_hclk_hz(&m->peripherals.rcc);
        flash_store(&m->peripherals.flash, address & (FLASH_BYTES - 1), value, (int)size, flash_now(m, who));
        return 0;
    }
    uint32_t at = address & ~SECURE_ALIAS;
    if (within(at, CRC_BASE, CRC_BYTES)) {
        crc_write(&m->peripherals.crc, (at - CRC_BASE) & ~3u, size, value);
        return 0;
    }
    if (size < 4)
        value = merged(m, address, size, value);
    write_word(m, address & ~(SECURE_ALIAS | 3u), value, who);
    if (has_events(address & ~SECURE_ALIAS))
        core_look(&m->core);
    return 0;
}

uint64_t peripheral_advance(struct machine *m)
{
    struct peripherals *p = &m->peripherals;
    uint64_t now = machine_cycles(m), next = timers_advance(&p->timers, now);
    if (gpdma_run(m)) // with what the timers ask for now
        next = timers_advance(&p->timers, now); // it may have been a timer's register
    uint64_t byte = usart_next(&p->usart, now);
    for (uint32_t i = 0; i < TIMERS_N; i++)
        system_set_irq(m, TIMERS_IRQ + i, timers_irq(&p->timers, i));
    for (int i = 0; i < USART_PORTS; i++)
        system_set_irq(m, USART_IRQ + (unsigned)i, usart_irq(&p->usart, i, now));
    for (int i = 0; i < GPDMA_CHANNELS; i++)
        system_set_irq(m, gpdma_irq(i), gpdma_irq_level(&p->gpdma, i));
    return byte < next ? byte : next;
}

uint32_t peripheral_input(struct machine *m, const void *bytes, uint32_t n)
{
    uint32_t taken = usart_input(&m->peripherals.usart, bytes, n, machine_cycles(m));
    core_look(&m->core);
    return taken;
}

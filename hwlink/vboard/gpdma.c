// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/gpdma.h"

#include "hwlink/vboard/machine.h"

#include <string.h>

enum { LBAR = 0x50, FCR = 0x5c, SR = 0x60, CR = 0x64, TR1 = 0x90, TR2 = 0x94, BR1 = 0x98, SAR = 0x9c, DAR = 0xa0, TR3 = 0xa4, BR2 = 0xa8, LLR = 0xcc };

#define FIRST_CHANNEL 0x50u
#define STRIDE 0x80u
#define CR_EN (1u << 0)
#define CR_RESET (1u << 1)
#define CR_SUSP (1u << 2)
#define CR_LSM (1u << 16) // one link, then it stops
#define SR_IDLE (1u << 0)
#define SR_TC (1u << 8) // enables stand at the same bits of CR
#define SR_HT (1u << 9)
#define SR_DTE (1u << 10) // a bus error
#define SR_USE (1u << 12) // senseless settings
#define SR_SUSP (1u << 13)
#define FLAGS 0x7f00u
#define BNDT 0xffffu
#define REQUEST_USART1_RX 24u // each port's RX, then its TX, in the order of usart.h
#define REQUESTS 128u
#define CR3_DMAR (1u << 6)
#define CR3_DMAT (1u << 7)
#define ISR 0x1cu
#define ISR_RXNE (1u << 5)
#define TCEM_LAST 3u

void gpdma_reset(struct gpdma *d)
{
    memset(d, 0, sizeof *d);
    for (int i = 0; i < GPDMA_CHANNELS; i++)
        d->channels[i].sr = SR_IDLE;
}

static uint32_t *word(struct gpdma_channel *c, uint32_t offset)
{
    switch (offset) {
    case LBAR: return &c->lbar;
    case SR: return &c->sr;
    case CR: return &c->cr;
    case TR1: return &c->tr1;
    case TR2: return &c->tr2;
    case BR1: return &c->br1;
    case SAR: return &c->sar;
    case DAR: return &c->dar;
    case TR3: return &c->tr3;
    case BR2: return &c->br2;
    case LLR: return &c->llr;
    default: return NULL;
    }
}

/* The channel at `offset`, or -1; `within` is the register's offset in channel 0. */
static int channel_at(uint32_t offset, uint32_t *within)
{
    *within = FIRST_CHANNEL + (offset - FIRST_CHANNEL) % STRIDE;
    return offset >= FIRST_CHANNEL && offset < FIRST_CHANNEL + GPDMA_CHANNELS * STRIDE ? (int)((offset - FIRST_CHANNEL) / STRIDE) : -1;
}

uint32_t gpdma_read(const struct gpdma *d, uint32_t offset)
{
    uint32_t within;
    int i = channel_at(offset, &within);
    struct gpdma_channel c = d->channels[i < 0 ? 0 : i];
    const uint32_t *w = i < 0 ? NULL : word(&c, within);
    return w ? *w : 0;
}

unsigned gpdma_irq(int channel)
{
    return channel < 8 ? 29u + (unsigned)channel : 72u + (unsigned)channel;
}

int gpdma_irq_level(const struct gpdma *d, int channel)
{
    const struct gpdma_channel *c = &d->channels[channel];
    return (c->sr & c->cr & FLAGS) != 0;
}

/* --- transfers --- */

static void stop(struct gpdma_channel *c, uint32_t flags)
{
    c->cr &= ~CR_EN;
    c->sr |= SR_IDLE | flags;
}

/* TIM2 to TIM7 by the number of their update's request (RM0456, GPDMA1 requests), or -1. */
static int timer_of(uint32_t request)
{
    static const uint8_t updates[TIMERS_N] = {60, 65, 71, 76, 4, 5};
    for (int i = 0; i < (int)TIMERS_N; i++)
        if (updates[i] == request)
            return i;
    return -1;
}

/* A port's request stands as long as it can take or has a byte; a timer's is for one transfer. */
static bool is_requested(struct machine *m, const struct gpdma_channel *c)
{
    uint32_t request = c->tr2 % REQUESTS, side = request - REQUEST_USART1_RX;
    struct usart *u = &m->peripherals.usart;
    if (c->tr2 & 1u << 9) // SWREQ
        return true;
    int timer = timer_of(request);
    if (timer >= 0)
        return timers_take_request(&m->peripherals.timers, (uint32_t)timer);
    if (side >= 2 * USART_PORTS) {
        machine_note_unknown(m, "a DMA request by number", GPDMA_BASE + GPDMA_BYTES - REQUESTS + request, request);
        return false;
    }
    int port = (int)side / 2;
    uint32_t cr3 = usart_read(u, port, USART_CR3, 0, 0);
    if (side & 1)
        return (cr3 & CR3_DMAT) != 0;
    return (cr3 & CR3_DMAR) && (usart_read(u, port, ISR, machine_cycles(m), 0) & ISR_RXNE);
}

/* Reads or writes `bytes` in pieces of `width`. */
static int transfer(struct machine *m, uint32_t *address, uint32_t width, bool increment, uint8_t *data, uint32_t bytes, bool out)
{
    for (uint32_t at = 0; at < bytes; at += width) {
        uint32_t value = 0;
        if (out)
            memcpy(&value, data + at, width);
        if ((out ? bus_write(m, *address, width, value, BUS_CORE) : bus_read(m, *address, width, &value, BUS_CORE)) != 0)
            return -1;
        if (!out)
            memcpy(data + at, &value, width);
        *address += increment ? width : 0;
    }
    return 0;
}

/* One unit: the wider of both sides when data are packed, else one datum, cut or filled with zeros. */
static void move(struct machine *m, struct gpdma_channel *c)
{
    uint8_t data[8] = {0};
    uint32_t from = 1u << (c->tr1 & 3), to = 1u << (c->tr1 >> 16 & 3), wide = from > to ? from : to;
    bool packed = c->tr1 >> 12 & 1;
    uint32_t in = packed ? wide : from, out = packed ? wide : to, left = c->br1 & BNDT;
    if (from > 4 || to > 4 || left < in) {
        stop(c, SR_USE);
        return;
    }
    if (transfer(m, &c->sar, from, c->tr1 >> 3 & 1, data, in, false) != 0 || transfer(m, &c->dar, to, c->tr1 >> 19 & 1, data, out, true) != 0) {
        stop(c, SR_DTE);
        return;
    }
    c->br1 -= in;
    if (left > c->block / 2 && left - in <= c->block / 2)
        c->sr |= SR_HT;
}

/* What LLR says is loaded from the list, in this order. */
static int load_link(struct machine *m, struct gpdma_channel *c)
{
    static const struct {
        uint32_t bit, offset;
    } parts[] = {{31, TR1}, {30, TR2}, {29, BR1}, {28, SAR}, {27, DAR}, {25, TR3}, {26, BR2}, {16, LLR}};
    uint32_t llr = c->llr, address = (c->lbar & 0xffff0000u) | (llr & 0xfffcu);
    if (!(llr >> 16 & 1))
        c->llr = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!(llr >> parts[i].bit & 1))
            continue;
        if (bus_read(m, address, 4, word(c, parts[i].offset), BUS_CORE) != 0)
            return -1;
        address += 4;
    }
    c->block = c->br1 & BNDT;
    return 0;
}

static void end_block(struct machine *m, struct gpdma_channel *c)
{
    bool last = c->llr == 0;
    if (c->block > 0 && (last || c->tr2 >> 30 != TCEM_LAST)) // nothing ends where a list only begins
        c->sr |= SR_TC;
    if (last)
        stop(c, 0);
    else if (load_link(m, c) != 0)
        stop(c, 1u << 11); // ULEF
    else if (c->cr & CR_LSM)
        stop(c, 0);
}

static bool run_channel(struct machine *m, struct gpdma_channel *c)
{
    bool moved = false;
    for (uint32_t i = 0; i < GPDMA_UNITS_MAX && c->cr & CR_EN && !(c->cr & CR_SUSP); i++) {
        if ((c->br1 & BNDT) == 0)
            end_block(m, c);
        else if (is_requested(m, c)) {
            move(m, c);
            moved = true;
        } else
            break;
    }
    return moved;
}

bool gpdma_run(struct machine *m)
{
    struct gpdma *d = &m->peripherals.gpdma;
    bool moved = false;
    if (d->running)
        return false;
    d->running = true;
    for (int i = 0; i < GPDMA_CHANNELS; i++)
        moved |= run_channel(m, &d->channels[i]);
    d->running = false;
    return moved;
}

/* --- registers --- */

static void write_control(struct gpdma_channel *c, uint32_t value)
{
    bool begins = value & CR_EN && !(c->cr & CR_EN);
    if (value & CR_RESET) {
        c->cr = value & ~(CR_EN | CR_RESET | CR_SUSP);
        c->sr = SR_IDLE;
        return;
    }
    c->cr = value | (c->cr & CR_EN); // only the end or a reset takes EN back
    if (value & CR_SUSP && c->cr & CR_EN)
        c->sr |= SR_SUSP;
    if (!begins)
        return;
    c->sr &= ~SR_IDLE;
    c->block = c->br1 & BNDT;
    if (c->block == 0 && c->llr == 0)
        stop(c, SR_USE);
}

void gpdma_write(struct machine *m, uint32_t offset, uint32_t value)
{
    uint32_t within;
    int i = channel_at(offset, &within);
    if (i < 0)
        return;
    struct gpdma_channel *c = &m->peripherals.gpdma.channels[i];
    uint32_t *w = word(c, within);
    if (within == FCR)
        c->sr &= ~(value & FLAGS);
    else if (within == CR)
        write_control(c, value);
    else if (w && within != SR && !(c->cr & CR_EN))
        *w = value;
    gpdma_run(m);
}

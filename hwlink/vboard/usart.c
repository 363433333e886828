// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/usart.h"

#include <string.h>

enum { CR1 = 0x00, BRR = 0x0c, ISR = 0x1c, ICR = 0x20, RDR = 0x24, TDR = 0x28, PRESC = 0x2c, WORDS = 12, BLOCK_BYTES = 0x400 };

#define UE (1u << 0)
#define RE (1u << 2)
#define TE (1u << 3)
#define IDLE (1u << 4)
#define RXNE (1u << 5) // CR1's interrupt enables stand at the bits of their flags
#define TC (1u << 6)
#define TXE (1u << 7)
#define OVER8 (1u << 15)
#define TEACK (1u << 21)
#define REACK (1u << 22)
#define BITS_OF_A_BYTE 10u // with start and stop
#define LPUART 5           // its BRR is in 1/256

static const uint32_t bases[USART_PORTS] = {0x40013800, 0x40004400, 0x40004800, 0x40004c00, 0x40005000, 0x46002400};

void usart_reset(struct usart *u)
{
    memset(u->registers, 0, sizeof u->registers);
    memset(u->byte_cycles, 0, sizeof u->byte_cycles);
    u->due = 0;
    u->idle_at = UINT64_MAX;
}

int usart_port_at(uint32_t address, uint32_t *offset)
{
    for (int i = 0; i < USART_PORTS; i++) {
        *offset = address - bases[i];
        if (*offset < BLOCK_BYTES)
            return i;
    }
    return -1;
}

static int has_arrived(const struct usart *u, uint64_t now)
{
    return u->from < u->until && now >= u->due;
}

static uint32_t status(const struct usart *u, int port, uint64_t now)
{
    uint32_t cr1 = u->registers[port][CR1 / 4], flags = TXE | TC;
    if (!(cr1 & UE))
        return flags;
    flags |= cr1 & TE ? TEACK : 0;
    flags |= cr1 & RE ? REACK : 0;
    flags |= cr1 & RE && now >= u->idle_at ? IDLE : 0;
    return flags | (cr1 & RE && has_arrived(u, now) ? RXNE : 0);
}

static uint8_t receive(struct usart *u, int port, uint64_t now, int by_core)
{
    if (!by_core)
        return u->input[u->from];
    u->due = now + u->byte_cycles[port];
    u->from++;
    u->idle_at = u->from == u->until ? u->due : UINT64_MAX;
    return u->input[u->from - 1];
}

uint32_t usart_read(struct usart *u, int port, uint32_t offset, uint64_t now, int by_core)
{
    if (offset == ISR)
        return status(u, port, now);
    if (offset == RDR)
        return has_arrived(u, now) ? receive(u, port, now, by_core) : 0;
    return offset / 4 < WORDS ? u->registers[port][offset / 4] : 0;
}

void usart_write(struct usart *u, int port, uint32_t offset, uint32_t value)
{
    if (offset == ICR && value & IDLE)
        u->idle_at = UINT64_MAX;
    if (offset == TDR && u->output)
        u->output(u->user, (uint8_t)value);
    else if (offset / 4 < WORDS && offset != ISR && offset != ICR && offset != RDR)
        u->registers[port][offset / 4] = value;
}

void usart_clock(struct usart *u, int port, uint32_t hclk_hz, uint32_t kernel_hz)
{
    static const uint16_t prescalers[16] = {1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256, 256, 256, 256, 256};
    const uint32_t *r = u->registers[port];
    uint64_t kernel_256 = (uint64_t)r[BRR / 4] * (port == LPUART ? 1 : r[CR1 / 4] & OVER8 ? 128 : 256);
    kernel_256 *= BITS_OF_A_BYTE * prescalers[r[PRESC / 4] & 15];
    u->byte_cycles[port] = kernel_256 * hclk_hz / kernel_hz >> 8;
}

uint32_t usart_input(struct usart *u, const void *bytes, uint32_t n, uint64_t now)
{
    if (u->from == u->until) {
        u->from = u->until = 0;
        u->due = u->due > now ? u->due : now;
        u->idle_at = u->idle_at > now ? UINT64_MAX : u->idle_at; // it goes on before the line was idle
    }
    uint32_t room = USART_INPUT_MAX - u->until;
    n = n < room ? n : room;
    memcpy(u->input + u->until, bytes, n);
    u->until += n;
    return n;
}

uint64_t usart_next(const struct usart *u, uint64_t now)
{
    if (u->from == u->until)
        return u->idle_at > now ? u->idle_at : UINT64_MAX;
    return u->due > now ? u->due : UINT64_MAX;
}

int usart_irq(const struct usart *u, int port, uint64_t now)
{
    return (status(u, port, now) & u->registers[port][CR1 / 4] & (IDLE | RXNE | TC | TXE)) != 0;
}

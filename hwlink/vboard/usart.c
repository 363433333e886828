// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/usart.h"

#include <string.h>

enum { CR1 = 0x00, ISR = 0x1c, ICR = 0x20, RDR = 0x24, TDR = 0x28, WORDS = 12 };

#define RXNE (1u << 5) // CR1's interrupt enables stand at the bits of their flags
#define TC (1u << 6)
#define TXE (1u << 7)
#define TEACK (1u << 21)
#define REACK (1u << 22)

void usart_reset(struct usart *u)
{
    memset(u->registers, 0, sizeof u->registers);
}

static uint32_t status(const struct usart *u)
{
    return TXE | TC | TEACK | REACK | (u->from < u->until ? RXNE : 0);
}

uint32_t usart_read(struct usart *u, uint32_t offset, int by_core)
{
    if (offset == ISR)
        return status(u);
    if (offset == RDR && u->from < u->until)
        return by_core ? u->input[u->from++] : u->input[u->from];
    return offset / 4 < WORDS && offset != RDR ? u->registers[offset / 4] : 0;
}

void usart_write(struct usart *u, uint32_t offset, uint32_t value)
{
    if (offset == TDR && u->output)
        u->output(u->user, (uint8_t)value);
    else if (offset / 4 < WORDS && offset != ISR && offset != ICR && offset != RDR)
        u->registers[offset / 4] = value;
}

uint32_t usart_input(struct usart *u, const void *bytes, uint32_t n)
{
    if (u->from == u->until)
        u->from = u->until = 0;
    uint32_t room = USART_INPUT_MAX - u->until;
    n = n < room ? n : room;
    memcpy(u->input + u->until, bytes, n);
    u->until += n;
    return n;
}

int usart_irq(const struct usart *u)
{
    return (status(u) & u->registers[CR1 / 4] & (RXNE | TC | TXE)) != 0;
}

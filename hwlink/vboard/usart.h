// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The serial ports as one console: what any of them sends comes out at once; what is received goes to whichever listens, byte by
// byte at its baud rate. Source: RM0456 chapters 66 and 67.
#ifndef PARE_HWLINK_VBOARD_USART_H
#define PARE_HWLINK_VBOARD_USART_H

#include <stdint.h>

#define USART_PORTS 6 // USART1, USART2, USART3, UART4, UART5, LPUART1
#define USART_IRQ 61u // of USART1; the others follow
#define USART_CR3 0x08u
#define USART_INPUT_MAX 4096u // bytes that wait for the firmware

struct usart {
    uint32_t registers[USART_PORTS][12]; // CR1 .. PRESC as written
    /* Each byte that is sent, by the core's thread; NULL throws it away. */
    void (*output)(void *user, uint8_t byte);
    void *user;
    uint8_t input[USART_INPUT_MAX];
    uint32_t from, until;
    uint64_t due; // cycle at which input[from] has arrived
    uint64_t byte_cycles[USART_PORTS];
    uint64_t idle_at;  // cycle from which the line counts as idle, a byte's time after the last one; UINT64_MAX: told and cleared, or nothing came
};

void usart_reset(struct usart *u);

/* The port whose registers are at `address`, or -1; `offset` of the register. */
int usart_port_at(uint32_t address, uint32_t *offset);

/* `now` is the core's cycle count. A debugger's look at RDR takes nothing. */
uint32_t usart_read(struct usart *u, int port, uint32_t offset, uint64_t now, int by_core);
void usart_write(struct usart *u, int port, uint32_t offset, uint32_t value);

/* Sets how long a byte takes on the line, from BRR and the rest: core clock and the port's own, in Hz. */
void usart_clock(struct usart *u, int port, uint32_t hclk_hz, uint32_t kernel_hz);

/* Queues input. Returns how many bytes were taken. */
uint32_t usart_input(struct usart *u, const void *bytes, uint32_t n, uint64_t now);

/* The cycle at which the next byte arrives, UINT64_MAX if none is on its way. */
uint64_t usart_next(const struct usart *u, uint64_t now);

/* The level of a port's interrupt line. */
int usart_irq(const struct usart *u, int port, uint64_t now);

#endif

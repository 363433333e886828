// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// USART1 as a console: what is sent comes out at once, what is received waits in a queue. Source: RM0456 chapter 66.
#ifndef PARE_HWLINK_VBOARD_USART_H
#define PARE_HWLINK_VBOARD_USART_H

#include <stdint.h>

#define USART_BASE 0x40013800u
#define USART_BYTES 0x400u
#define USART_IRQ 61u
#define USART_INPUT_MAX 4096u // bytes that wait for the firmware

struct usart {
    uint32_t registers[12]; // CR1 .. PRESC as written
    /* Each byte that is sent, by the core's thread; NULL throws it away. */
    void (*output)(void *user, uint8_t byte);
    void *user;
    uint8_t input[USART_INPUT_MAX];
    uint32_t from, until;
};

void usart_reset(struct usart *u);
uint32_t usart_read(struct usart *u, uint32_t offset, int by_core); // a debugger's look at RDR takes nothing
void usart_write(struct usart *u, uint32_t offset, uint32_t value);

/* Queues input. Returns how many bytes were taken. */
uint32_t usart_input(struct usart *u, const void *bytes, uint32_t n);

/* The level of its interrupt line. */
int usart_irq(const struct usart *u);

#endif

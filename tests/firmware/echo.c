// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Says what it is told, by the interrupt of USART1: a conversation for `pare-vboard run --send --until`.
#include "hwlink/runner/registers.h"
#include "tests/firmware/console.h"

#define USART1_CR1 REGISTER(0x40013800u)
#define USART1_CR1_RE (1u << 2)
#define USART1_CR1_RXNEIE (1u << 5)
#define USART1_ISR REGISTER(0x4001381cu)
#define USART1_ISR_RXNE (1u << 5)
#define USART1_RDR REGISTER(0x40013824u)
#define NVIC_ISER1 REGISTER(0xe000e104u)
#define USART1_ENABLE (1u << (61 - 32))
#define VTOR REGISTER(0xe000ed08u)
#define VECTORS 128 // aligned to the next power of two above their bytes

static char word[32];
static unsigned length;
static volatile int complete;
static uint32_t vectors[VECTORS] __attribute__((aligned(512)));

static void on_byte(void)
{
    char byte = (char)USART1_RDR;
    if (byte == '%')
        complete = 1;
    else if (length + 1 < sizeof word)
        word[length++] = byte;
}

static void listen(void)
{
    const uint32_t *before = (const uint32_t *)(uintptr_t)VTOR;
    for (unsigned i = 0; i < 16; i++)
        vectors[i] = before[i];
    vectors[16 + 61] = (uint32_t)(uintptr_t)on_byte;
    VTOR = (uint32_t)(uintptr_t)vectors;
    USART1_CR1 |= USART1_CR1_RE | USART1_CR1_RXNEIE;
    NVIC_ISER1 = USART1_ENABLE;
}

int main(void)
{
    console_text("ready\n");
    listen();
    for (;;) {
        while (!complete)
            __asm volatile("wfi");
        complete = 0;
        word[length] = 0;
        length = 0;
        console_text("<");
        console_text(word);
        console_text(">\n");
    }
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/console.h"

#if !defined(__arm__)
#include <stdio.h>
#include <stdlib.h>

void console_text(const char *text)
{
    fputs(text, stdout);
}

_Noreturn void console_end(void)
{
    puts(CONSOLE_END);
    exit(0);
}

uint32_t console_cycles(void)
{
    return 0;
}
#elif defined(CONSOLE_SEMIHOSTING)
static int semihost(int operation, const void *argument)
{
    register int r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void console_text(const char *text)
{
    semihost(0x04, text); // SYS_WRITE0
}

_Noreturn void console_end(void)
{
    console_text(CONSOLE_END "\n");
    semihost(0x18, (const void *)0x20026); // SYS_EXIT, application exit
    for (;;)
        __asm volatile("");
}

uint32_t console_cycles(void)
{
    return 0;
}
#else
#include "hwlink/runner/clock.h"
#include "hwlink/runner/registers.h"

#define RCC_AHB2ENR1_GPIOAEN (1u << 0)
#define RCC_APB2ENR REGISTER(0x46020ca4u)
#define RCC_APB2ENR_USART1EN (1u << 14)
#define GPIOA_AFRH REGISTER(0x42020024u)
#define USART1_CR1 REGISTER(0x40013800u)
#define USART1_CR1_UE (1u << 0)
#define USART1_CR1_TE (1u << 3)
#define USART1_BRR REGISTER(0x4001380cu)
#define USART1_ISR REGISTER(0x4001381cu)
#define USART1_ISR_TXE (1u << 7)
#define USART1_TDR REGISTER(0x40013828u)
#define BAUD 115200u
#define TX_PIN 9u // PA9, which both supported boards wire to their debug adapter's serial port

/* 115200 baud 8N1; its clock is that of the core. */
static void start_usart(void)
{
    RCC_AHB2ENR1 |= RCC_AHB2ENR1_GPIOAEN;
    RCC_APB2ENR |= RCC_APB2ENR_USART1EN;
    (void)RCC_APB2ENR;
    GPIOA_AFRH = (GPIOA_AFRH & ~(0xfu << 4 * (TX_PIN - 8))) | 7u << 4 * (TX_PIN - 8);
    GPIO_MODER(0) = (GPIO_MODER(0) & ~(3u << 2 * TX_PIN)) | 2u << 2 * TX_PIN;
    USART1_BRR = (CLOCK_HZ + BAUD / 2) / BAUD;
    USART1_CR1 = USART1_CR1_UE | USART1_CR1_TE;
}

void console_text(const char *text)
{
    static int started;
    if (!started++)
        start_usart();
    for (; *text; text++) {
        for (int i = 0; i < 10000 && !(USART1_ISR & USART1_ISR_TXE); i++)
            ;
        USART1_TDR = (uint8_t)*text;
    }
}

_Noreturn void console_end(void)
{
    console_text(CONSOLE_END "\n");
    for (;;)
        __asm volatile("wfi");
}

uint32_t console_cycles(void)
{
    return DWT_CYCCNT;
}
#endif

void console_unsigned(uint32_t value)
{
    char text[11] = {0};
    char *at = text + 10;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    console_text(at);
}

void console_hex(uint32_t value)
{
    char text[9] = {0};
    for (int i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    console_text(text);
}

void console_ratio(uint32_t numerator, uint32_t denominator)
{
    uint32_t hundredths = (uint32_t)(((uint64_t)numerator * 100 + denominator / 2) / denominator);
    char decimals[4] = {'.', (char)('0' + hundredths / 10 % 10), (char)('0' + hundredths % 10), 0};
    console_unsigned(hundredths / 100);
    console_text(decimals);
}

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
#include "hwlink/runner/registers.h"

#define USART1_ISR REGISTER(0x4001381cu)
#define USART1_ISR_TXE (1u << 7)
#define USART1_TDR REGISTER(0x40013828u)

void console_text(const char *text)
{
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

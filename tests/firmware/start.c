// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From reset to main of a test program: 160 MHz as in the runner, or as an emulator starts.
#include "hwlink/runner/clock.h"
#include "hwlink/runner/registers.h"
#include "tests/firmware/console.h"

extern uint32_t bss_start[], bss_end[], stack_top[];
int main(void);
void reset(void);

static void fault(void)
{
    console_text("fault ");
    console_hex(SCB_CFSR);
    console_text("\n");
    console_end();
}

/* As short as a handler can be. */
__attribute__((naked)) static void supervisor_call(void)
{
    __asm volatile("bx lr");
}

void reset(void)
{
    SCB_CPACR |= SCB_CPACR_FPU;
    __asm volatile("dsb\n isb");
    for (uint32_t *to = bss_start; to < bss_end; to++)
        *to = 0;
#if !defined(CONSOLE_SEMIHOSTING)
    if (clock_start())
        fault();
#endif
    main();
    console_end();
}

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    [0] = (vector)stack_top, [1] = reset, [2] = fault, [3] = fault, [4] = fault, [5] = fault, [6] = fault, [11] = supervisor_call,
};

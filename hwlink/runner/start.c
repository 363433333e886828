// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// From reset to main, and what happens when the processor faults.
#include "hwlink/runner/start.h"

#include "hwlink/runner/registers.h"
#include "quant/kernels/mailbox.h"

#define STACK_PAINT 0x5afe57acu

extern uint32_t data_start[], data_end[], bss_start[], bss_end[], stack_limit[], stack_top[];
extern const uint32_t data_load[];

int main(void);
void reset(void);

/* Every fault ends here: the host reads what it was and resets. */
static void fault(void)
{
    struct mailbox *mailbox = (struct mailbox *)MAILBOX_ADDRESS;
    mailbox->result.error = MAILBOX_FAULT;
    mailbox->result.detail = SCB_CFSR;
    mailbox->result.state = MAILBOX_FAILED;
    for (;;)
        __asm volatile("");
}

void reset(void)
{
    SCB_CPACR |= SCB_CPACR_FPU;
    __asm volatile("dsb\n isb");
    for (uint32_t *to = data_start, i = 0; to < data_end; to++, i++)
        *to = data_load[i];
    for (uint32_t *to = bss_start; to < bss_end; to++)
        *to = 0;
    for (uint32_t *to = stack_limit; to < (uint32_t *)__builtin_frame_address(0) - 16; to++)
        *to = STACK_PAINT;
    SCB_SHCSR |= SCB_SHCSR_FAULTS_ENABLED;
    main();
    fault();
}

uint32_t stack_high_water(void)
{
    const uint32_t *lowest = stack_limit;
    while (lowest < stack_top && *lowest == STACK_PAINT)
        lowest++;
    return (uint32_t)(stack_top - lowest) * (uint32_t)sizeof *lowest;
}

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    [0] = (vector)stack_top, [1] = reset, [2] = fault,  [3] = fault,  [4] = fault,  [5] = fault,
    [6] = fault,             [7] = fault, [11] = fault, [12] = fault, [14] = fault, [15] = fault,
};

__attribute__((section(".identity"), used)) static const char identity[] = "pare-runner " RUNNER_VERSION;

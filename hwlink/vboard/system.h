// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// System control space: NVIC, SysTick, SCB, FPU control, MPU registers (stored), and which exception is taken next.
#ifndef PARE_HWLINK_VBOARD_SYSTEM_H
#define PARE_HWLINK_VBOARD_SYSTEM_H

#include <stdint.h>

struct machine;

#define SYSTEM_IRQS 141u // of the STM32U575/585 (RM0456, vector table: 0..140)
#define SYSTEM_EXCEPTIONS (16u + SYSTEM_IRQS)
#define SYSTEM_WORDS ((SYSTEM_EXCEPTIONS + 31u) / 32u)

enum exception {
    EXCEPTION_RESET = 1,
    EXCEPTION_NMI,
    EXCEPTION_HARDFAULT,
    EXCEPTION_MEMMANAGE,
    EXCEPTION_BUSFAULT,
    EXCEPTION_USAGEFAULT,
    EXCEPTION_SECUREFAULT,
    EXCEPTION_SVCALL = 11,
    EXCEPTION_DEBUGMONITOR,
    EXCEPTION_PENDSV = 14,
    EXCEPTION_SYSTICK,
    EXCEPTION_IRQ0,
};

struct system {
    uint32_t pending[SYSTEM_WORDS], enabled[SYSTEM_WORDS], active[SYSTEM_WORDS], level[SYSTEM_WORDS];
    uint8_t priority[SYSTEM_EXCEPTIONS]; // 4 bits implemented: 0x00, 0x10 .. 0xf0
    uint32_t vtor, aircr, scr, ccr, shcsr_enables, cfsr, hfsr, mmfar, bfar, afsr, cpacr, fpccr, fpcar, fpdscr;
    uint32_t mpu_ctrl, mpu_rnr, mpu_mair[2], mpu_rbar[8], mpu_rlar[8];
    uint32_t systick_ctrl, systick_load;
    uint64_t systick_zero; // time in cycles of the next wrap while it counts
    uint32_t systick_left; // ticks to the wrap while it does not count
    int any_pending;       // a hint: 0 is certain
};

void system_reset(struct machine *m);

/* Registers at 0xe000e000-0xe000efff and the like that are not debug's. Unknown ones read 0 and ignore writes, noted once.
 * Returns 0 or -1 (bus fault). AIRCR.SYSRESETREQ: by the core sets core.reset_requested, by a debugger resets at once. */
int system_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value);
int system_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, int debugger);

/* An interrupt line of a peripheral goes high or low. While high it pends again after its handler returned. */
void system_set_irq(struct machine *m, unsigned irq, int level);

/* Pends any exception (PendSV, SysTick, an external one by 16 + number). */
void system_pend(struct machine *m, unsigned exception);

/* The exception to take now at the current execution priority, or 0. `sleeping`: as WFI sees it (PRIMASK is ignored). */
unsigned system_next(struct machine *m, int sleeping);

/* Lower is more urgent; 256 in thread mode with nothing masked, -1 in HardFault, -2 in NMI. */
int system_execution_priority(const struct machine *m);
int system_priority(const struct machine *m, unsigned exception);

/* Brings SysTick up to now. Returns the cycle of its next wrap, or CORE_NEVER. */
uint64_t system_advance(struct machine *m);

void system_set_active(struct machine *m, unsigned exception, int active);

/* A reset by software: by a debugger at once, by the core before its next instruction; none while it is stuck. */
void system_request_reset(struct machine *m, int debugger);

#endif

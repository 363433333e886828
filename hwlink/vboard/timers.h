// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// TIM2 to TIM7 as what common firmware uses them for: counters that wrap, flag, interrupt and ask for DMA. Source: RM0456 chapters 55 and 57.
#ifndef PARE_HWLINK_VBOARD_TIMERS_H
#define PARE_HWLINK_VBOARD_TIMERS_H

#include <stdint.h>

#define TIMERS_BASE 0x40000000u
#define TIMERS_N 6u // TIM2, 3, 4, 5, 6, 7
#define TIMERS_STRIDE 0x400u
#define TIMERS_IRQ 45u // of TIM2; the others follow

struct timer {
    uint32_t registers[24]; // as written
    uint32_t psc;           // the prescaler in effect
    uint32_t status;
    int dma;                // its update asks for a transfer that has not come yet
    uint64_t zero;          // cycle at which the counter was, or would have been, 0
    uint32_t stopped_at;    // its value while it does not count
};

struct timers {
    struct timer timer[TIMERS_N];
    uint32_t divider; // core cycles for each of the timers' clock
};

void timers_reset(struct timers *t);

/* The timers' clock from `now` on, in core cycles; counters go on where they are. */
void timers_clock(struct timers *t, uint32_t divider, uint64_t now);

/* Offsets from TIMERS_BASE; `now` is the core's cycle count. */
uint32_t timers_read(struct timers *t, uint32_t offset, uint64_t now);
void timers_write(struct timers *t, uint32_t offset, uint32_t value, uint64_t now);

/* Flags what has wrapped. Returns the cycle of the next wrap that interrupts or asks for DMA, or UINT64_MAX. */
uint64_t timers_advance(struct timers *t, uint64_t now);

/* Takes the request that an update of TIM2 + i (DIER.UDE) has made, if there is one. Returns whether. */
int timers_take_request(struct timers *t, uint32_t i);

int timers_irq(const struct timers *t, uint32_t i); // level of the line of TIM2 + i

#endif

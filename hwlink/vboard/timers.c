// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/timers.h"

#include <string.h>

enum { CR1 = 0x00, DIER = 0x0c, SR = 0x10, EGR = 0x14, CNT = 0x24, PSC = 0x28, ARR = 0x2c, BYTES = 0x60 };

#define CEN 1u
#define OPM 8u
#define UIF 1u
#define URS 4u   // an update by software only updates
#define UDE (1u << 8)

static int is_wide(uint32_t i)
{
    return i < 4; // TIM2 to TIM5 count 32 bits
}

void timers_reset(struct timers *t)
{
    memset(t, 0, sizeof *t);
    t->divider = 1;
    for (uint32_t i = 0; i < TIMERS_N; i++)
        t->timer[i].registers[ARR / 4] = is_wide(i) ? 0xffffffffu : 0xffffu;
}

static uint32_t reg(const struct timer *t, uint32_t offset)
{
    return t->registers[offset / 4];
}

/* Core cycles for each count. */
static uint64_t tick(const struct timers *t, const struct timer *timer)
{
    return ((uint64_t)timer->psc + 1) * t->divider;
}

static uint64_t period(const struct timers *t, const struct timer *timer)
{
    return ((uint64_t)reg(timer, ARR) + 1) * tick(t, timer);
}

static void start_from(const struct timers *t, struct timer *timer, uint32_t count, uint64_t now)
{
    timer->zero = now - count * tick(t, timer); // may wrap below 0: differences stay right
    timer->stopped_at = count;
}

static void tell(struct timer *timer)
{
    timer->status |= UIF;
    timer->dma |= (reg(timer, DIER) & UDE) != 0;
}

static void advance(const struct timers *t, struct timer *timer, uint64_t now)
{
    if (!(reg(timer, CR1) & CEN) || now - timer->zero < period(t, timer))
        return;
    tell(timer);
    if (reg(timer, CR1) & OPM) {
        timer->registers[CR1 / 4] &= ~CEN;
        timer->stopped_at = 0;
        return;
    }
    timer->zero += (now - timer->zero) / period(t, timer) * period(t, timer);
    if (timer->psc != reg(timer, PSC)) {
        timer->psc = reg(timer, PSC);
        start_from(t, timer, 0, now);
    }
}

static uint32_t count(const struct timers *t, const struct timer *timer, uint64_t now)
{
    return reg(timer, CR1) & CEN ? (uint32_t)((now - timer->zero) / tick(t, timer)) : timer->stopped_at;
}

void timers_clock(struct timers *t, uint32_t divider, uint64_t now)
{
    uint32_t counts[TIMERS_N];
    if (divider == t->divider)
        return;
    for (uint32_t i = 0; i < TIMERS_N; i++) {
        advance(t, &t->timer[i], now);
        counts[i] = count(t, &t->timer[i], now);
    }
    t->divider = divider;
    for (uint32_t i = 0; i < TIMERS_N; i++)
        start_from(t, &t->timer[i], counts[i], now);
}

uint32_t timers_read(struct timers *t, uint32_t offset, uint64_t now)
{
    uint32_t i = offset / TIMERS_STRIDE, at = offset % TIMERS_STRIDE;
    if (i >= TIMERS_N || at >= BYTES)
        return 0;
    struct timer *timer = &t->timer[i];
    advance(t, timer, now);
    return at == CNT ? count(t, timer, now) : at == SR ? timer->status : reg(timer, at);
}

static void update(const struct timers *t, struct timer *timer, uint64_t now)
{
    timer->psc = reg(timer, PSC);
    if (!(reg(timer, CR1) & URS))
        tell(timer);
    start_from(t, timer, 0, now);
}

void timers_write(struct timers *t, uint32_t offset, uint32_t value, uint64_t now)
{
    uint32_t i = offset / TIMERS_STRIDE, at = offset % TIMERS_STRIDE;
    if (i >= TIMERS_N || at >= BYTES)
        return;
    struct timer *timer = &t->timer[i];
    advance(t, timer, now);
    uint32_t now_at = count(t, timer, now);
    if (at == SR) {
        timer->status &= value;
        return;
    }
    timer->registers[at / 4] = is_wide(i) || (at != ARR && at != CNT) ? value : value & 0xffff;
    if (at == EGR && value & 1)
        update(t, timer, now);
    else if (at == CNT)
        start_from(t, timer, reg(timer, CNT), now);
    else if (at == CR1)
        start_from(t, timer, now_at, now);
}

uint64_t timers_advance(struct timers *t, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < TIMERS_N; i++) {
        struct timer *timer = &t->timer[i];
        advance(t, timer, now);
        if (reg(timer, CR1) & CEN && reg(timer, DIER) & (UIF | UDE)) {
            uint64_t wrap = timer->zero + period(t, timer);
            next = wrap < next ? wrap : next;
        }
    }
    return next;
}

int timers_irq(const struct timers *t, uint32_t i)
{
    return (t->timer[i].status & reg(&t->timer[i], DIER) & UIF) != 0;
}

int timers_take_request(struct timers *t, uint32_t i)
{
    int asked = t->timer[i].dma;
    t->timer[i].dma = 0;
    return asked;
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/timers.h"

#include <string.h>

enum { CR1 = 0x00, DIER = 0x0c, SR = 0x10, EGR = 0x14, CNT = 0x24, PSC = 0x28, ARR = 0x2c, BYTES = 0x60 };

#define CEN 1u
#define OPM 8u
#define UIF 1u

static int is_wide(uint32_t i)
{
    return i < 4; // TIM2 to TIM5 count 32 bits
}

void timers_reset(struct timers *t)
{
    memset(t, 0, sizeof *t);
    for (uint32_t i = 0; i < TIMERS_N; i++)
        t->timer[i].registers[ARR / 4] = is_wide(i) ? 0xffffffffu : 0xffffu;
}

static uint32_t reg(const struct timer *t, uint32_t offset)
{
    return t->registers[offset / 4];
}

static uint64_t period(const struct timer *t)
{
    return ((uint64_t)reg(t, ARR) + 1) * (t->psc + 1);
}

static void start_from(struct timer *t, uint32_t count, uint64_t now)
{
    t->zero = now - (uint64_t)count * (t->psc + 1); // may wrap below 0: differences stay right
    t->stopped_at = count;
}

static void advance(struct timer *t, uint64_t now)
{
    if (!(reg(t, CR1) & CEN) || now - t->zero < period(t))
        return;
    t->status |= UIF;
    if (reg(t, CR1) & OPM) {
        t->registers[CR1 / 4] &= ~CEN;
        t->stopped_at = 0;
        return;
    }
    t->zero += (now - t->zero) / period(t) * period(t);
    if (t->psc != reg(t, PSC)) {
        t->psc = reg(t, PSC);
        start_from(t, 0, now);
    }
}

static uint32_t count(const struct timer *t, uint64_t now)
{
    return reg(t, CR1) & CEN ? (uint32_t)((now - t->zero) / (t->psc + 1)) : t->stopped_at;
}

uint32_t timers_read(struct timers *t, uint32_t offset, uint64_t now)
{
    uint32_t i = offset / TIMERS_STRIDE, at = offset % TIMERS_STRIDE;
    if (i >= TIMERS_N || at >= BYTES)
        return 0;
    struct timer *timer = &t->timer[i];
    advance(timer, now);
    return at == CNT ? count(timer, now) : at == SR ? timer->status : reg(timer, at);
}

static void update(struct timer *t, uint64_t now)
{
    t->psc = reg(t, PSC);
    t->status |= UIF;
    start_from(t, 0, now);
}

void timers_write(struct timers *t, uint32_t offset, uint32_t value, uint64_t now)
{
    uint32_t i = offset / TIMERS_STRIDE, at = offset % TIMERS_STRIDE;
    if (i >= TIMERS_N || at >= BYTES)
        return;
    struct timer *timer = &t->timer[i];
    advance(timer, now);
    uint32_t now_at = count(timer, now);
    if (at == SR) {
        timer->status &= value;
        return;
    }
    timer->registers[at / 4] = is_wide(i) || (at != ARR && at != CNT) ? value : value & 0xffff;
    if (at == EGR && value & 1)
        update(timer, now);
    else if (at == CNT)
        start_from(timer, reg(timer, CNT), now);
    else if (at == CR1)
        start_from(timer, now_at, now);
}

uint64_t timers_advance(struct timers *t, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < TIMERS_N; i++) {
        struct timer *timer = &t->timer[i];
        advance(timer, now);
        if (reg(timer, CR1) & CEN && reg(timer, DIER) & UIF) {
            uint64_t wrap = timer->zero + period(timer);
            next = wrap < next ? wrap : next;
        }
    }
    return next;
}

int timers_irq(const struct timers *t, uint32_t i)
{
    return (t->timer[i].status & reg(&t->timer[i], DIER) & UIF) != 0;
}

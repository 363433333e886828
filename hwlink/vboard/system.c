// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/system.h"

#include "hwlink/vboard/machine.h"

#define PRIORITY_BITS 0xf0u // 4 implemented (RM0456, NVIC)
#define SYSTICK_ENABLE 1u
#define SYSTICK_INTERRUPT 2u
#define SYSTICK_CORE_CLOCK 4u
#define SYSTICK_COUNTED (1u << 16)
#define SYSTICK_EXTERNAL_DIVIDER 8u // HCLK / 8 as after reset of RCC_CCIPR1

void system_reset(struct machine *m)
{
    m->system = (struct system){.vtor = FLASH_BASE, .ccr = 0x201, .fpccr = 0xc0000004u};
}

static int bit(const uint32_t *words, unsigned n)
{
    return (int)(words[n / 32] >> n % 32 & 1);
}

static void set_bit(uint32_t *words, unsigned n, int on)
{
    if (on)
        words[n / 32] |= 1u << n % 32;
    else
        words[n / 32] &= ~(1u << n % 32);
}

int system_priority(const struct machine *m, unsigned exception)
{
    if (exception <= EXCEPTION_HARDFAULT)
        return (int)exception - 4; // -3, -2, -1
    uint32_t subpriority = (2u << (m->system.aircr >> 8 & 7)) - 1;
    return (int)(m->system.priority[exception] & ~subpriority);
}

int system_execution_priority(const struct machine *m)
{
    const struct core *c = &m->core;
    int now = 256;
    for (unsigned word = 0; word < SYSTEM_WORDS; word++) {
        for (uint32_t left = m->system.active[word]; left; left &= left - 1) {
            int priority = system_priority(m, 32 * word + (unsigned)__builtin_ctz(left));
            now = priority < now ? priority : now;
        }
    }
    if (c->basepri && (int)c->basepri < now)
        now = (int)c->basepri;
    if (c->primask && now > 0)
        now = 0;
    if (c->faultmask && now > -1)
        now = -1;
    return now;
}

static int is_enabled(const struct machine *m, unsigned exception)
{
    if (exception >= EXCEPTION_IRQ0)
        return bit(m->system.enabled, exception);
    if (exception >= EXCEPTION_MEMMANAGE && exception <= EXCEPTION_USAGEFAULT)
        return (int)(m->system.shcsr_enables >> (exception + 12) & 1);
    return 1;
}

/* The most urgent of those that pend and are enabled; the lowest number of equals. */
static unsigned most_urgent(struct machine *m)
{
    unsigned best = 0;
    int masked = debug_mask_interrupts(m), best_priority = 256;
    for (unsigned word = 0; word < SYSTEM_WORDS; word++) {
        for (uint32_t left = m->system.pending[word]; left; left &= left - 1) {
            unsigned exception = 32 * word + (unsigned)__builtin_ctz(left);
            if (!is_enabled(m, exception) || (masked && exception >= EXCEPTION_PENDSV))
                continue;
            int priority = exception <= EXCEPTION_HARDFAULT ? (int)exception - 4 : m->system.priority[exception];
            if (priority < best_priority) {
                best = exception;
                best_priority = priority;
            }
        }
    }
    return best;
}

unsigned system_next(struct machine *m, int sleeping)
{
    if (!m->system.any_pending)
        return 0;
    unsigned best = most_urgent(m);
    if (!best)
        return 0;
    uint32_t primask = m->core.primask;
    if (sleeping)
        m->core.primask = 0;
    int taken = system_priority(m, best) < system_execution_priority(m);
    m->core.primask = primask;
    return taken ? best : 0;
}

static void note_pending(struct machine *m)
{
    m->system.any_pending = 0;
    for (unsigned word = 0; word < SYSTEM_WORDS; word++)
        m->system.any_pending |= m->system.pending[word] != 0;
    core_look(&m->core);
}

void system_pend(struct machine *m, unsigned exception)
{
    set_bit(m->system.pending, exception, 1);
    m->system.any_pending = 1;
    core_look(&m->core);
}

void system_set_irq(struct machine *m, unsigned irq, int level)
{
    unsigned exception = EXCEPTION_IRQ0 + irq;
    if (irq >= SYSTEM_IRQS || bit(m->system.level, exception) == level)
        return;
    set_bit(m->system.level, exception, level);
    if (level)
        system_pend(m, exception);
}

void system_set_active(struct machine *m, unsigned exception, int active)
{
    set_bit(m->system.active, exception, active);
    if (active)
        set_bit(m->system.pending, exception, 0);
    else if (bit(m->system.level, exception))
        set_bit(m->system.pending, exception, 1);
    note_pending(m);
}

/* SysTick. While it counts, it shows 0 at systick_zero and every period before that. */
static uint32_t systick_divider(const struct machine *m)
{
    return m->system.systick_ctrl & SYSTICK_CORE_CLOCK ? 1 : SYSTICK_EXTERNAL_DIVIDER;
}

static uint64_t systick_period(const struct machine *m)
{
    return ((uint64_t)m->system.systick_load + 1) * systick_divider(m);
}

static int systick_counts(const struct machine *m)
{
    return (m->system.systick_ctrl & SYSTICK_ENABLE) && m->system.systick_load;
}

uint64_t system_advance(struct machine *m)
{
    struct system *s = &m->system;
    if (!systick_counts(m))
        return CORE_NEVER;
    uint64_t now = machine_cycles(m);
    if (now >= s->systick_zero) {
        s->systick_ctrl |= SYSTICK_COUNTED;
        if (s->systick_ctrl & SYSTICK_INTERRUPT)
            system_pend(m, EXCEPTION_SYSTICK);
        s->systick_zero += ((now - s->systick_zero) / systick_period(m) + 1) * systick_period(m);
    }
    return s->systick_zero;
}

static uint32_t systick_value(struct machine *m)
{
    if (!systick_counts(m))
        return m->system.systick_left;
    system_advance(m);
    uint64_t left = (m->system.systick_zero - machine_cycles(m) + systick_divider(m) - 1) / systick_divider(m);
    return left > m->system.systick_load ? 0 : (uint32_t)left;
}

/* Begins or ends counting from `left`. */
static void systick_set(struct machine *m, uint32_t ctrl, uint32_t left)
{
    struct system *s = &m->system;
    s->systick_ctrl = ctrl;
    s->systick_left = left;
    s->systick_zero = machine_cycles(m) + (left ? (uint64_t)left * systick_divider(m) : systick_period(m));
    core_look(&m->core);
}

static uint32_t read_systick(struct machine *m, uint32_t at)
{
    struct system *s = &m->system;
    uint32_t value;
    switch (at) {
    case 0x10:
        system_advance(m);
        value = s->systick_ctrl;
        s->systick_ctrl &= ~SYSTICK_COUNTED;
        return value;
    case 0x14: return s->systick_load;
    case 0x18: return systick_value(m);
    default: return 0xc0000000u; // CALIB: no reference
    }
}

static void write_systick(struct machine *m, uint32_t at, uint32_t value)
{
    struct system *s = &m->system;
    switch (at) {
    case 0x10: systick_set(m, (s->systick_ctrl & SYSTICK_COUNTED) | (value & 7), systick_value(m)); break;
    case 0x14: {
        uint32_t left = systick_value(m);
        s->systick_load = value & 0xffffffu;
        systick_set(m, s->systick_ctrl, left);
        break;
    }
    case 0x18: systick_set(m, s->systick_ctrl & ~SYSTICK_COUNTED, 0); break;
    default: break;
    }
}

/* NVIC. Words of 32 interrupts begin at exception 16. */
static uint32_t irq_word(const uint32_t *words, unsigned n)
{
    return (n < SYSTEM_WORDS ? words[n] >> 16 : 0) | (n + 1 < SYSTEM_WORDS ? words[n + 1] << 16 : 0);
}

static void change_irqs(uint32_t *words, unsigned n, uint32_t value, int on)
{
    for (unsigned i = 0; i < 32; i++)
        if (value >> i & 1 && 32 * n + i < SYSTEM_IRQS)
            set_bit(words, EXCEPTION_IRQ0 + 32 * n + i, on);
}

static uint32_t read_nvic(struct machine *m, uint32_t at)
{
    struct system *s = &m->system;
    unsigned n = at >> 2 & 15;
    if (at >= 0x400) {
        uint32_t value = 0, first = EXCEPTION_IRQ0 + at - 0x400;
        for (unsigned i = 0; i < 4; i++)
            value |= first + i < SYSTEM_EXCEPTIONS ? (uint32_t)s->priority[first + i] << 8 * i : 0;
        return value;
    }
    switch (at >> 7) {
    case 2:
    case 3: return irq_word(s->enabled, n);
    case 4:
    case 5: return irq_word(s->pending, n);
    case 6: return irq_word(s->active, n);
    default: return 0;
    }
}

static void write_nvic(struct machine *m, uint32_t at, uint32_t value)
{
    struct system *s = &m->system;
    unsigned n = at >> 2 & 15;
    switch (at >> 7) {
    case 2: change_irqs(s->enabled, n, value, 1); break;
    case 3: change_irqs(s->enabled, n, value, 0); break;
    case 4: change_irqs(s->pending, n, value, 1); break;
    case 5: change_irqs(s->pending, n, value & ~irq_word(s->level, n), 0); break;
    default: break;
    }
    note_pending(m);
}

static void write_priorities(struct machine *m, unsigned first, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++)
        if (first + i < SYSTEM_EXCEPTIONS && first + i > EXCEPTION_HARDFAULT)
            m->system.priority[first + i] = (uint8_t)(value >> 8 * i & PRIORITY_BITS);
    core_look(&m->core);
}

/* SCB. */
static uint32_t read_icsr(struct machine *m)
{
    const struct system *s = &m->system;
    unsigned pending = s->any_pending ? most_urgent(m) : 0;
    int others = 0;
    for (unsigned word = 0; word < SYSTEM_WORDS; word++)
        others |= (s->pending[word] & (word ? ~0u : ~0xffffu)) != 0;
    return m->core.ipsr | pending << 12 | (others ? 1u << 22 : 0) | (uint32_t)bit(s->pending, EXCEPTION_SYSTICK) << 26 |
           (uint32_t)bit(s->pending, EXCEPTION_PENDSV) << 28 | (uint32_t)bit(s->pending, EXCEPTION_NMI) << 31;
}

static void write_icsr(struct machine *m, uint32_t value)
{
    struct system *s = &m->system;
    if (value & 1u << 31)
        set_bit(s->pending, EXCEPTION_NMI, 1);
    if (value & 1u << 28)
        set_bit(s->pending, EXCEPTION_PENDSV, 1);
    if (value & 1u << 27)
        set_bit(s->pending, EXCEPTION_PENDSV, 0);
    if (value & 1u << 26)
        set_bit(s->pending, EXCEPTION_SYSTICK, 1);
    if (value & 1u << 25)
        set_bit(s->pending, EXCEPTION_SYSTICK, 0);
    note_pending(m);
}

void system_request_reset(struct machine *m, int debugger)
{
    if (m->debug.stuck)
        return;
    m->core.reset_requested = 1;
    if (debugger)
        machine_reset(m, 0);
    else
        core_look(&m->core);
}

static void write_aircr(struct machine *m, uint32_t value, int debugger)
{
    if (value >> 16 != 0x05fa)
        return;
    m->system.aircr = value & 0x6700u;
    if (value & 4)
        system_request_reset(m, debugger);
}

static uint32_t read_shcsr(const struct machine *m)
{
    const struct system *s = &m->system;
    return s->shcsr_enables | (uint32_t)bit(s->active, EXCEPTION_MEMMANAGE) | (uint32_t)bit(s->active, EXCEPTION_BUSFAULT) << 1 |
           (uint32_t)bit(s->active, EXCEPTION_HARDFAULT) << 2 | (uint32_t)bit(s->active, EXCEPTION_USAGEFAULT) << 3 |
           (uint32_t)bit(s->active, EXCEPTION_NMI) << 5 | (uint32_t)bit(s->active, EXCEPTION_SVCALL) << 7 |
           (uint32_t)bit(s->active, EXCEPTION_PENDSV) << 10 | (uint32_t)bit(s->active, EXCEPTION_SYSTICK) << 11;
}

/* RBAR_A1, RLAR_A1, .. RLAR_A3 at 0xda4..0xdb8: regions of the group that RNR is in. */
static unsigned mpu_region(const struct machine *m, uint32_t at)
{
    return (m->system.mpu_rnr & 4) + ((at - 0xd9c) / 8 & 3);
}

static uint32_t read_mpu(const struct machine *m, uint32_t at)
{
    const struct system *s = &m->system;
    switch (at) {
    case 0xd90: return 8u << 8;
    case 0xd94: return s->mpu_ctrl;
    case 0xd98: return s->mpu_rnr;
    case 0xd9c: return s->mpu_rbar[s->mpu_rnr & 7];
    case 0xda0: return s->mpu_rlar[s->mpu_rnr & 7];
    case 0xdc0:
    case 0xdc4: return s->mpu_mair[at >> 2 & 1];
    default: return at & 4 ? s->mpu_rbar[mpu_region(m, at)] : s->mpu_rlar[mpu_region(m, at)];
    }
}

static void write_mpu(struct machine *m, uint32_t at, uint32_t value)
{
    struct system *s = &m->system;
    switch (at) {
    case 0xd90: break;
    case 0xd94: s->mpu_ctrl = value & 7; break;
    case 0xd98: s->mpu_rnr = value & 7; break;
    case 0xd9c: s->mpu_rbar[s->mpu_rnr & 7] = value; break;
    case 0xda0: s->mpu_rlar[s->mpu_rnr & 7] = value; break;
    case 0xdc0:
    case 0xdc4: s->mpu_mair[at >> 2 & 1] = value; break;
    default: *(at & 4 ? &s->mpu_rbar[mpu_region(m, at)] : &s->mpu_rlar[mpu_region(m, at)]) = value;
    }
}

static uint32_t read_word(struct machine *m, uint32_t at)
{
    const struct system *s = &m->system;
    if (at >= 0x10 && at <= 0x1c)
        return read_systick(m, at);
    if (at >= 0x100 && at < 0x600)
        return read_nvic(m, at);
    if (at >= 0xd18 && at < 0xd24) {
        const uint8_t *p = &s->priority[at - 0xd18 + 4];
        return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    if (at >= 0xd90 && at <= 0xdc4)
        return read_mpu(m, at);
    switch (at) {
    case 0x004: return (SYSTEM_IRQS + 31) / 32 - 1;
    case 0xd00: return 0x410fd214u; // CPUID: r0p4
    case 0xd04: return read_icsr(m);
    case 0xd08: return s->vtor;
    case 0xd0c: return 0xfa050000u | s->aircr;
    case 0xd10: return s->scr;
    case 0xd14: return s->ccr;
    case 0xd24: return read_shcsr(m);
    case 0xd28: return s->cfsr;
    case 0xd2c: return s->hfsr;
    case 0xd34: return s->mmfar;
    case 0xd38: return s->bfar;
    case 0xd3c: return s->afsr;
    case 0xd40: return 0x30; // ID_PFR0: Thumb-2
    case 0xd44: return 0x210; // ID_PFR1
    case 0xd7c: return 0x8000c000u; // CTR: no caches in the core
    case 0xd88: return s->cpacr;
    case 0xf34: return s->fpccr;
    case 0xf38: return s->fpcar;
    case 0xf3c: return s->fpdscr;
    case 0xf40: return 0x10110021u; // MVFR0-2: FPv5, single precision
    case 0xf44: return 0x11000011u;
    case 0xf48: return 0x00000040u;
    default:
        machine_note_unknown(m, "read of system register", 0xe000e000u + at, 0);
        return 0;
    }
}

int system_read(struct machine *m, uint32_t address, unsigned size, uint32_t *value)
{
    uint32_t word = read_word(m, (address & 0xfff) & ~3u);
    *value = size == 4 ? word : word >> 8 * (address & 3) & ((1u << 8 * size) - 1);
    return 0;
}

static void write_cpacr(struct machine *m, uint32_t value)
{
    uint32_t before = m->system.cpacr;
    m->system.cpacr = value & 0x00f0ffffu;
    if ((before ^ value) & 0x00f00000u)
        core_invalidate_all(m); // what is decoded knows whether there is an FPU
}

static void write_word(struct machine *m, uint32_t at, uint32_t value, int debugger)
{
    struct system *s = &m->system;
    switch (at) {
    case 0x008: break; // ACTLR
    case 0xd04: write_icsr(m, value); break;
    case 0xd08: s->vtor = value & ~0x7fu; break;
    case 0xd0c: write_aircr(m, value, debugger); break;
    case 0xd10: s->scr = value & 0x1e; break;
    case 0xd14: s->ccr = (value & 0x0007071au) | 0x201; break;
    case 0xd24: s->shcsr_enables = value & 0x000f0000u; break;
    case 0xd28: s->cfsr &= ~value; break;
    case 0xd2c: s->hfsr &= ~value; break;
    case 0xd34: s->mmfar = value; break;
    case 0xd38: s->bfar = value; break;
    case 0xd3c: s->afsr = value; break;
    case 0xd88: write_cpacr(m, value); break;
    case 0xf00: system_pend(m, EXCEPTION_IRQ0 + (value & 0x1ff) % SYSTEM_IRQS); break;
    case 0xf34: s->fpccr = value & 0xf400077fu; break;
    case 0xf38: s->fpcar = value & ~7u; break;
    case 0xf3c: s->fpdscr = value & 0x07c00000u; break;
    default: machine_note_unknown(m, "write of system register", 0xe000e000u + at, value);
    }
}

int system_write(struct machine *m, uint32_t address, unsigned size, uint32_t value, int debugger)
{
    uint32_t at = address & 0xfff;
    if (at >= 0xd18 && at < 0xd24)
        write_priorities(m, at - 0xd18 + 4, size, value);
    else if (at >= 0x400 && at < 0x600)
        write_priorities(m, EXCEPTION_IRQ0 + at - 0x400, size, value);
    else if (at >= 0x100 && at < 0x400)
        write_nvic(m, at & ~3u, value << 8 * (at & 3));
    else if (at >= 0x10 && at <= 0x1c)
        write_systick(m, at & ~3u, value);
    else if (at >= 0xd90 && at <= 0xdc4)
        write_mpu(m, at & ~3u, value);
    else
        write_word(m, at & ~3u, value << 8 * (at & 3), debugger);
    return 0;
}

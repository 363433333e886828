// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Random programs of all instructions that gcc emits: makes them in RAM, runs them from random registers, and prints a checksum of
// what they leave. Two emulators (or an emulator and a board) must print the same.
#include "base/rng.h"
#include "tests/firmware/console.h"
#include "tests/firmware/instruction_patterns.h"

#include <string.h>

#ifndef INSTRUCTION_CASES
#define INSTRUCTION_CASES 4000
#endif
#ifndef INSTRUCTION_DETAIL
#define INSTRUCTION_DETAIL (-1) // the case whose program and registers are printed in full
#endif
#define STEPS 12      // patterns of a program
#define DATA_BYTES 16384u
#define REFRESH 100   // cases from one filling of the data to the next
#define COUNT(table) (sizeof(table) / sizeof *(table))

struct state {
    uint32_t r[13], apsr, s[32], fpscr;
};

static uint8_t data[DATA_BYTES] __attribute__((aligned(16)));
static uint16_t code[256] __attribute__((aligned(16)));
static unsigned length; // halfwords of code

/* Loads the state, runs `program`, stores the state. */
void execute(struct state *state, const void *program);
__attribute__((naked)) void execute(struct state *state, const void *program)
{
    (void)state, (void)program;
    __asm volatile("push {r4-r11, lr}\n"
                   "vpush {s16-s31}\n"
                   "push {r0, r1}\n"
                   "ldr r2, [r0, #184]\n"
                   "vmsr fpscr, r2\n"
                   "add r2, r0, #56\n"
                   "vldmia r2, {s0-s31}\n"
                   "ldr r2, [r0, #52]\n"
                   "msr APSR_nzcvqg, r2\n"
                   "ldr lr, =1f + 1\n"
                   "ldmia r0, {r0-r12}\n"
                   "ldr pc, [sp, #4]\n"
                   ".balign 4\n"
                   "1: ldr lr, [sp]\n"
                   "stmia lr, {r0-r12}\n"
                   "mov r0, lr\n"
                   "mrs r2, APSR\n"
                   "str r2, [r0, #52]\n"
                   "add r2, r0, #56\n"
                   "vstmia r2, {s0-s31}\n"
                   "vmrs r2, fpscr\n"
                   "str r2, [r0, #184]\n"
                   "mov r2, #0\n"
                   "vmsr fpscr, r2\n"
                   "pop {r0, r1}\n"
                   "vpop {s16-s31}\n"
                   "pop {r4-r11, pc}\n"
                   ".ltorg\n");
}

/* One choice for each letter of a pattern. */
struct choice {
    uint32_t d, n, m, a, l, p, q, cond;
};

static struct choice choose(struct rng *r)
{
    static const uint8_t parallel[] = {0, 1, 2, 4, 5, 6};
    struct choice c = {rng_below(r, 12), rng_below(r, 12), rng_below(r, 12), rng_below(r, 12), 0,
                       parallel[rng_below(r, 6)], parallel[rng_below(r, 6)], rng_below(r, 14)};
    c.l = (c.d + 1 + rng_below(r, 11)) % 12;
    return c;
}

/* The bit that a letter stands for; `left` counts its remaining bits down. */
static uint32_t bit_of(char letter, const struct choice *c, unsigned left, struct rng *r)
{
    switch (letter) {
    case 'D': return c->d >> left & 1;
    case 'N': return c->n >> left & 1;
    case 'M': return c->m >> left & 1;
    case 'A': return c->a >> left & 1;
    case 'L': return c->l >> left & 1;
    case 'p': return c->p >> left & 1;
    case 'q': return c->q >> left & 1;
    case 'c': return c->cond >> left & 1;
    case 'x': return rng_u32(r) >> 7 & 1;
    default: return letter == '1';
    }
}

static unsigned run_of(const char *at)
{
    unsigned n = 1;
    while (at[n] == at[0])
        n++;
    return n;
}

static void emit(const char *pattern, struct rng *r)
{
    struct choice c = choose(r);
    uint32_t word = 0;
    unsigned bits = 0, left = 0;
    for (const char *at = pattern; *at; at++) {
        if (at == pattern || at[-1] != at[0])
            left = run_of(at);
        word = word << 1 | bit_of(*at, &c, --left, r);
        if (++bits % 16 == 0)
            code[length++] = (uint16_t)word;
    }
}

static const char *any(const char *const *table, unsigned n, struct rng *r)
{
    return table[rng_below(r, n)];
}

static void emit_it_block(struct rng *r)
{
    uint32_t mask = 1 + rng_below(r, 15), cond = rng_below(r, 14);
    unsigned n = 4;
    for (uint32_t m = mask; !(m & 1); m >>= 1)
        n--;
    code[length++] = (uint16_t)(0xbf00u | cond << 4 | mask);
    for (unsigned i = 0; i < n; i++)
        emit(any(integer_patterns, COUNT(integer_patterns), r), r);
}

static void make_program(struct rng *r)
{
    length = 0;
    int floats = rng_below(r, 3) == 0;
    for (unsigned i = 0; i < STEPS; i++) {
        uint32_t kind = rng_below(r, 10);
        if (floats && kind < 7)
            emit(any(float_patterns, COUNT(float_patterns), r), r);
        else if (kind < 2)
            emit(any(group_patterns, COUNT(group_patterns), r), r);
        else if (kind == 2)
            emit_it_block(r);
        else
            emit(any(integer_patterns, COUNT(integer_patterns), r), r);
    }
    code[length++] = 0x4770; // bx lr
    __asm volatile("dsb\n isb" ::: "memory");
}

/* Small numbers and corner cases come more often than chance would have it. */
static uint32_t any_word(struct rng *r)
{
    static const uint32_t corners[] = {0, 1, 0xffffffffu, 0x7fffffffu, 0x80000000u, 0x7fff8000u, 0x80007fffu, 0x00ff00ffu};
    uint32_t kind = rng_below(r, 8);
    if (kind == 0)
        return corners[rng_below(r, COUNT(corners))];
    if (kind == 1)
        return rng_u32(r) & 255;
    return rng_u32(r);
}

static uint32_t any_float(struct rng *r)
{
    static const uint32_t corners[] = {0, 0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00001u, 0xffc12345u, 0x7f800001u,
                                       0xffa00000u, 0x00000001u, 0x807fffffu, 0x00800000u, 0x7f7fffffu, 0x3f800000u,
                                       0x4b000001u, 0xcf000000u, 0x4f7fffffu, 0x3effffffu, 0x3f000000u, 0xbfc00000u};
    uint32_t kind = rng_below(r, 8);
    if (kind == 0)
        return corners[rng_below(r, COUNT(corners))];
    if (kind < 3)
        return rng_u32(r);
    return (rng_u32(r) & 0x807fffffu) | (110 + rng_below(r, 40)) << 23; // of like magnitude
}

static void make_state(struct state *s, struct rng *r)
{
    for (unsigned i = 0; i < 12; i++)
        s->r[i] = any_word(r);
    s->r[12] = (uint32_t)data + DATA_BYTES / 2;
    s->apsr = rng_u32(r) & 0xf80f0000u;
    for (unsigned i = 0; i < 32; i++)
        s->s[i] = any_float(r);
    s->fpscr = rng_below(r, 4) ? 0 : rng_u32(r) & 0x03c00000u; // DN, FZ, RMode
}

static void fill_data(struct rng *r)
{
    for (unsigned i = 0; i < DATA_BYTES; i += 4) {
        uint32_t word = any_word(r);
        memcpy(data + i, &word, 4);
    }
}

/* FNV-1a by words: every case looks at all of the data. */
static uint32_t hash(uint32_t value, const void *words, unsigned bytes)
{
    const uint32_t *w = words;
    for (unsigned i = 0; i < bytes / 4; i++)
        value = (value ^ w[i]) * 16777619u;
    return value;
}

static void print_words(const char *name, const uint32_t *words, unsigned n)
{
    console_text(name);
    for (unsigned i = 0; i < n; i++) {
        console_text(i % 8 ? " " : "\n  ");
        console_hex(words[i]);
    }
    console_text("\n");
}

static void print_detail(const char *when, const struct state *s)
{
    console_text(when);
    print_words(" r0-r12, apsr", s->r, 14);
    print_words("s0-s31, fpscr", s->s, 33);
}

static void print_program(void)
{
    uint32_t words[COUNT(code)];
    for (unsigned i = 0; i < length; i++)
        words[i] = code[i];
    print_words("program", words, length);
}

static uint32_t run_case(unsigned number, struct rng *r)
{
    static struct state s;
    make_program(r);
    make_state(&s, r);
    if (number % REFRESH == 0)
        fill_data(r);
    if ((int)number == INSTRUCTION_DETAIL) {
        print_program();
        print_detail("before", &s);
    }
    execute(&s, (const void *)((uint32_t)code | 1));
    s.r[12] -= (uint32_t)data;
    s.apsr &= 0xf80f0000u;
    if ((int)number == INSTRUCTION_DETAIL)
        print_detail("after", &s);
    return hash(hash(2166136261u, &s, sizeof s), data, sizeof data);
}

int main(void)
{
    struct rng r;
    for (unsigned i = 0; i < INSTRUCTION_CASES; i++) {
        rng_seed(&r, i, 7);
        uint32_t left = run_case(i, &r);
        console_text("case ");
        console_unsigned(i);
        console_text(" ");
        console_hex(left);
        console_text("\n");
    }
    console_end();
}

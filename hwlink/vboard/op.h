// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A decoded instruction, and what the handlers of all kinds share. Private to the core.
#ifndef PARE_HWLINK_VBOARD_OP_H
#define PARE_HWLINK_VBOARD_OP_H

#include "hwlink/vboard/machine.h"
#include "hwlink/vboard/timing.h"

#include <stddef.h>
#include <string.h>

/* A handler executes its instruction and returns the next one to execute. Before it is called, op->cost has been added to
 * core.time and the instruction has been counted. */
typedef const struct op *op_run(struct machine *m, const struct op *op);

enum op_flag {
    OP_LINE = 1,          // its last byte is the first of its flash line on the straight way: fetch_line
    OP_CONDITIONAL = 2,   // in an IT block: cond decides
    OP_BREAK = 4,         // a breakpoint of the FPB is on it
    OP_AFTER_NARROW = 8,  // the instruction before it has 16 bits: it may be the second of a pair
    OP_AFTER_FLAGS = 16,  // the instruction before it sets flags: as a taken branch it is not
    OP_TARGET_SPLIT = 32, // a direct branch whose target is a 32-bit instruction at 2 mod 4
    OP_SPLIT = 64,        // it is such an instruction
    OP_ENDS = 128,        // nothing follows it on the straight way
};

/* One for each halfword of code memory; all zero is `never looked at`. */
struct op {
    op_run *run;   // NULL or op_decode_here: not decoded
    op_run *inner; // the instruction's handler, when `run` is a wrapper that does what the flags say
    uint32_t imm;
    uint32_t pc;   // its address
    uint8_t d, n, m, a; // registers as the handler reads them
    uint16_t cost; // to issue, with the bubble before the next on the straight way
    uint8_t step;  // bytes from this struct to the next on the straight way
    uint8_t flags;
    uint8_t cond;  // of a branch or of OP_CONDITIONAL
    uint8_t it;    // ITSTATE before it
    uint8_t shift, amount; // of a shifted operand; other small parameters
    uint8_t issue;  // cycles without bubble
    uint8_t refund; // bubble cycles before it that vanish if its condition fails
};

/* Code that can be executed: a block of memory at one of its addresses. */
struct core_region {
    uint32_t base, bytes;
    uint8_t *memory;
    struct op *ops;   // allocated when first used
    uint8_t *granules; // of memory.code, or NULL: firmware cannot write it
    int flash;         // reads cost time: icache.h
    int shares_bus;    // with loads from SRAM
};

/* Bits of what an instruction reads and writes, for the bubbles; op_timing.c. */
enum op_kind {
    KIND_PLAIN = 0,
    KIND_LOAD,    // late result
    KIND_MAC,     // late result, accumulator read late
    KIND_XTA,     // late result, accumulator read late but not from a load
    KIND_LATE,    // shifted or rotated operand, DSP: late result
};

struct op_use {
    enum op_kind kind;
    uint16_t reads;       // registers wanted at issue
    uint16_t accumulates; // registers wanted a stage later
    uint16_t stores;      // store data
    uint16_t late;        // registers written late
    uint8_t multiplies, fills_multiplier; // the second: another multiply waits
    uint8_t sets_flags, late_flags, reads_flags;
    uint8_t narrow;
    uint8_t cycles; // issue
};

/* The slot after this instruction. */
static inline const struct op *op_next(const struct op *op)
{
    return (const struct op *)(const void *)((const char *)op + op->step);
}

/* The same after an instruction that always has 32 bits. */
static inline const struct op *op_next_wide(const struct op *op)
{
    return op + 2;
}

/* decode.c */
op_run op_decode_here;
const struct op *op_at(struct machine *m, uint32_t address); // decoded; on a fault of the fetch the handler's first instruction
void op_finish(struct op *op);                               // chooses run from inner and flags

/* decode16.c, decode32.c: fill op (inner, registers, imm, cond, OP_ENDS) and use. `op->pc` and `op->it` are set. */
void decode_16(struct machine *m, struct op *op, struct op_use *use, uint32_t h);
void decode_32(struct machine *m, struct op *op, struct op_use *use, uint32_t h1, uint32_t h2);
void decode_float(struct machine *m, struct op *op, struct op_use *use, uint32_t h1, uint32_t h2);

/* op_timing.c: cycles of bubble between two neighbours. */
unsigned op_bubble(const struct op_use *first, const struct op_use *second);

/* exception.c */
const struct op *exception_enter(struct machine *m, unsigned number, uint32_t return_address, uint32_t it);
const struct op *exception_return(struct machine *m, uint32_t exc_return);
const struct op *exception_fault(struct machine *m, const struct op *op, unsigned number, uint32_t cfsr);
const struct op *exception_fetch_fault(struct machine *m, uint32_t address);
const struct op *exception_lockup(struct machine *m);

#define CFSR_IACCVIOL (1u << 0)
#define CFSR_IBUSERR (1u << 8)
#define CFSR_PRECISERR (1u << 9)
#define CFSR_STKERR (1u << 12)
#define CFSR_UNSTKERR (1u << 11)
#define CFSR_BFARVALID (1u << 15)
#define CFSR_UNDEFINSTR (1u << 16)
#define CFSR_INVSTATE (1u << 17)
#define CFSR_INVPC (1u << 18)
#define CFSR_NOCP (1u << 19)
#define CFSR_STKOF (1u << 20)
#define CFSR_UNALIGNED (1u << 24)
#define CFSR_DIVBYZERO (1u << 25)

/* Flags. */
static inline void set_nz(struct core *c, uint32_t result)
{
    c->n = result;
    c->z = result;
}

static inline uint32_t add_carry(struct core *c, uint32_t a, uint32_t b, uint32_t carry)
{
    uint64_t wide = (uint64_t)a + b + carry;
    uint32_t result = (uint32_t)wide;
    c->c = (uint32_t)(wide >> 32);
    c->v = ((a ^ result) & (b ^ result)) >> 31;
    set_nz(c, result);
    return result;
}

static inline int holds(const struct core *c, unsigned cond)
{
    int result;
    switch (cond >> 1) {
    case 0: result = c->z == 0; break;
    case 1: result = c->c != 0; break;
    case 2: result = c->n >> 31 != 0; break;
    case 3: result = c->v != 0; break;
    case 4: result = c->c && c->z; break;
    case 5: result = c->n >> 31 == c->v; break;
    case 6: result = c->z && c->n >> 31 == c->v; break;
    default: return 1;
    }
    return (cond & 1) ? !result : result;
}

static inline uint32_t apsr(const struct core *c)
{
    return (c->n & 0x80000000u) | (c->z ? 0 : 1u << 30) | c->c << 29 | c->v << 28 | c->q << 27 | c->ge << 16;
}

static inline void set_apsr(struct core *c, uint32_t value)
{
    c->n = value;
    c->z = ~value & 1u << 30;
    c->c = value >> 29 & 1;
    c->v = value >> 28 & 1;
    c->q = value >> 27 & 1;
    c->ge = value >> 16 & 15;
}

/* fetch.c: the instruction reads data on the bus of its own fetch, and waited this long for it. Returns the time that the next
 * instruction has to wait for its fetch. */
uint32_t fetch_gives_way(struct machine *m, const struct op *op, uint32_t waited);

/* Instruction side of the C-bus, when icache_hit does not know the line. decode.c */
void fetch_line(struct machine *m, uint32_t line);
const struct op *fetch_then_go(struct machine *m, const struct op *op, uint32_t line); // returns op

/* Is this narrow branch, IT or NOP the second of a pair? Remembers it, so that the next one is not. */
static inline int pairs(struct core *c, const struct op *op)
{
    int second = (op->flags & OP_AFTER_NARROW) && op != c->entry && c->second != op - 1;
    c->second = second ? op : NULL;
    return second;
}

/* Where a jump arrives. */
static inline const struct op *arrive(struct machine *m, const struct op *target)
{
    struct core *c = &m->core;
    c->entry = target;
    c->entry_time = c->time;
    if (!c->fetches)
        return target;
    uint32_t line = target->pc >> ICACHE_LINE_BITS;
    c->line = line;
    return icache_hit(c, &m->icache, line) ? target : fetch_then_go(m, target, line);
}

/* A jump to an address without its Thumb bit, within or out of the region. */
static inline const struct op *jump(struct machine *m, uint32_t address)
{
    const struct op *target = op_at(m, address);
    if (target->flags & OP_SPLIT) {
        m->core.time += TIMING_SPLIT_TARGET;
        m->core.counts.stall_branch += TIMING_SPLIT_TARGET;
    }
    return arrive(m, target);
}

static inline void add_stall(uint64_t *reason, struct core *c, uint32_t time)
{
    c->time += time;
    *reason += time;
}

/* BX, BLX, and loads of PC: interworking address, or EXC_RETURN in handler mode. exec_branch.c */
const struct op *jump_exchange(struct machine *m, const struct op *op, uint32_t target);

/* Stack pointer written by other than PUSH/POP handlers: checks the limit. Returns 0 if it is below. */
static inline int stack_allows(const struct core *c, uint32_t sp)
{
    return sp >= ((c->control & 2) && !c->ipsr ? c->psplim : c->msplim);
}

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Every constant of the cycle model, with its source. In 1/256 core cycles unless the name says cycles.
//
// Sources:
// [jnk]  jnk0le/random, "pipeline cycle test/doc/cortex_m33.md" (CC0): measured on an RP2350 (Cortex-M33 r1p0).
// [ci0]  compendium.i-0.nl: instruction timing of the Cortex-M33.
// [fit]  fitted on nine published MLPerf Tiny images of NUCLEO-U575ZI-Q (round v1.2, ST and Bosch), see docs/virtual-board.md.
// [m4]   Cortex-M4 technical reference manual (ARM 100166), table 3-1: no figure for the M33 was found.
// [m33]  Cortex-M33 technical reference manual (ARM 100230).
// [rm]   RM0456, STM32U5 reference manual.
#ifndef PARE_HWLINK_VBOARD_TIMING_H
#define PARE_HWLINK_VBOARD_TIMING_H

#define TIMING_CYCLE 256u

/* A result that leaves the second stage (loads, multiplies, {S,U}XTA*, DSP, shifted operands) is usable one cycle later: one
 * bubble if the very next instruction wants it. Which uses are exempt is in op_timing.c. [jnk] The bubble also stands between SMMLA, SMMLS
 * or SMMUL and a multiply that follows at once, whatever it reads. [fit] */
#define TIMING_BUBBLE_CYCLES 1u
#ifndef TIMING_MULTIPLY_BUBBLE_CYCLES // what is fitted can be set from outside: tests/bench/left_out.sh
#define TIMING_MULTIPLY_BUBBLE_CYCLES 1u
#endif

/* Taken branch, beyond its issue: 2 cycles in all; 1 if it is the second of a pair. [jnk] */
#define TIMING_TAKEN TIMING_CYCLE

/* Branch to a 32-bit instruction at an address of 2 mod 4: two fetches. [ci0] */
#define TIMING_SPLIT_TARGET TIMING_CYCLE

/* PC loaded from memory: the load's use, then as a taken branch. [m4] has 1 + P as well. */
#define TIMING_LOADED_PC (2u * TIMING_CYCLE)

/* An operand shifted left by this much at most makes no late result: that of the sources was shifted further. [fit] */
#ifndef TIMING_FAST_SHIFT
#define TIMING_FAST_SHIFT 3u
#endif

/* MULS.N, and a flag-setting instruction whose constant is rotated into place. [jnk] */
#define TIMING_LATE_FLAGS_CYCLES 2u

/* SDIV, UDIV: 2 for quotients of no bits to 12 for quotients of 32 bits. [m4] */
#define TIMING_DIV_CYCLES 2u
#define TIMING_DIV_RANGE_CYCLES 10u

/* FPU, cycles from issue until an instruction may use the result. VADD, VMUL, VCVT and the like. [fit: with [jnk]'s pipeline] */
#define TIMING_FPU_LATENCY 2u
/* VFMA, VMLA and their kin: 3, and no FPU instruction in the two cycles after. [jnk] */
#define TIMING_FMA_LATENCY 3u
#define TIMING_FMA_BLOCKS 2u
#define TIMING_FPU_LOAD_LATENCY 2u // as for integer loads [jnk]
#define TIMING_FPU_DIV_CYCLES 14u  // VDIV, VSQRT [m4]

/* Exception entry and return, zero wait states. [m33: 12 for entry; m4: 10 for return] */
#define TIMING_ENTRY (12u * TIMING_CYCLE)
#define TIMING_RETURN (10u * TIMING_CYCLE)
#define TIMING_FP_STACKING (17u * TIMING_CYCLE) // 18 more words by pairs of a push, only without FPCCR.LSPEN [m4]

/* Fetch and data of the C-bus (or, for code in SRAM, of the S-bus): the bus carries a word in a cycle and data goes first. Fetch is
 * up to 3 words ahead, as in the Cortex-M3's manual (DDI 0337, prefetch unit). [fit: as a whole, in place of a mean cost] */
#define TIMING_FETCH_AHEAD 12 // bytes

/* A load or store that is not aligned is done in two. [m33] */
#define TIMING_UNALIGNED TIMING_CYCLE

/* Flash line that is not in the cache, for an instruction: a cycle for each wait state, 4 at 160 MHz [rm], a quarter of it for the line
 * after the last one read, if prefetch is on [fit, before v1.2]. Fetch that is ahead hides the rest of what data waits for. */
#define TIMING_CODE_PREFETCH 4u

/* The same for data: the wait states and 2.7 cycles of cache and bus; 3 in all for a line that has been prefetched. [fit] */
#ifndef TIMING_REFILL
#define TIMING_REFILL 691u
#define TIMING_REFILL_PREFETCHED (3u * TIMING_CYCLE)
#endif

#endif

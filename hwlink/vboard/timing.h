// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Every constant of the cycle model, with its source. In 1/256 core cycles unless the name says cycles.
//
// Sources:
// [jnk]  jnk0le/random, "pipeline cycle test/doc/cortex_m33.md" (CC0): measured on an RP2350 (Cortex-M33 r1p0).
// [ci0]  compendium.i-0.nl: instruction timing of the Cortex-M33.
// [fit]  fitted on 17 published MLPerf Tiny images of NUCLEO-U575ZI-Q (rounds v1.1 to v1.3), see docs/virtual-board.md.
// [m4]   Cortex-M4 technical reference manual (ARM 100166), table 3-1: no figure for the M33 was found.
// [m33]  Cortex-M33 technical reference manual (ARM 100230).
// [rm]   RM0456, STM32U5 reference manual.
#ifndef PARE_HWLINK_VBOARD_TIMING_H
#define PARE_HWLINK_VBOARD_TIMING_H

#define TIMING_CYCLE 256u

/* A result that leaves the second stage (loads, multiplies, {S,U}XTA*, DSP, shifted operands) is usable one cycle later: one
 * bubble if the very next instruction wants it. Which uses are exempt is in op_timing.c. [jnk] */
#define TIMING_BUBBLE_CYCLES 1u

/* Taken branch, beyond its issue: 2 cycles in all; 1 if it is the second of a pair. [jnk] */
#define TIMING_TAKEN TIMING_CYCLE

/* Branch to a 32-bit instruction at an address of 2 mod 4: two fetches. [ci0] says 1, [fit] 1.25. */
#define TIMING_SPLIT_TARGET 320u

/* PC loaded from memory: the load's use, then as a taken branch. [m4] has 1 + P as well. */
#define TIMING_LOADED_PC (2u * TIMING_CYCLE)

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

/* Data load from flash, cached or not: the C-bus is shared with instruction fetch, 0.6 cycles in the mean. [fit] */
#define TIMING_FLASH_LOAD 154u
/* Data load from SRAM while the code runs from SRAM over the same S-bus. By analogy with the C-bus; not measured. */
#define TIMING_SRAM_LOAD_WITH_CODE 154u

/* A load or store that is not aligned is done in two. [m33] */
#define TIMING_UNALIGNED TIMING_CYCLE

/* Flash line that is not in the cache: one cycle for each wait state, 4 at 160 MHz [fit, as rm's LATENCY says]; a quarter of it,
 * 1 at 160 MHz, for the line after the last one read, if prefetch is on [fit]. */
#define TIMING_MISS_PER_WAIT_STATE TIMING_CYCLE
#define TIMING_NEXT_MISS_PER_WAIT_STATE (TIMING_CYCLE / 4u)

#endif

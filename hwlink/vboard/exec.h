// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The handlers that execute instructions, by kind; decoding chooses among them. Private to the core.
#ifndef PARE_HWLINK_VBOARD_EXEC_H
#define PARE_HWLINK_VBOARD_EXEC_H

#include "hwlink/vboard/op.h"

/* Data processing of d, n and a second operand (exec_alu.c). */
enum alu_operation {
    ALU_AND = 0, ALU_BIC, ALU_ORR, ALU_ORN, ALU_EOR, ALU_MOV, ALU_MVN, ALU_ADD, ALU_ADC, ALU_SBC, ALU_SUB, ALU_RSB,
    ALU_TST, ALU_TEQ, ALU_CMN, ALU_CMP, // only flags; their forms without S are NULL
    ALU_OPERATIONS,
};
enum alu_operand {
    ALU_IMM = 0, // imm; with S: carry becomes `amount` if `shift`
    ALU_REG,     // m
    ALU_SHIFT,   // m shifted by shift (enum shift) and amount
    ALU_OPERANDS,
};
enum shift { SHIFT_LSL = 0, SHIFT_LSR, SHIFT_ASR, SHIFT_ROR, SHIFT_RRX };
extern op_run *const exec_alu[ALU_OPERATIONS][ALU_OPERANDS][2]; // [2]: sets flags

op_run run_lsl_reg, run_lsr_reg, run_asr_reg, run_ror_reg, run_lsls_reg, run_lsrs_reg, run_asrs_reg, run_rors_reg; // n by m
op_run run_sp_add_imm, run_sp_add, run_sp_sub, run_sp_mov; // writes of the stack pointer: n with imm or shifted m
op_run run_movt, run_bfi, run_bfc, run_sbfx, run_ubfx; // lsb in shift, width in amount
op_run run_clz, run_rbit, run_rev, run_rev16, run_revsh;

/* exec_multiply.c: d, n, m, accumulator a; long results in a (low) and d (high) */
op_run run_mul, run_muls, run_mla, run_mls, run_smull, run_umull, run_smlal, run_umlal, run_umaal;
op_run run_smulxy, run_smlaxy, run_smulwy, run_smlawy, run_smlalxy; // halves in shift: bit 0 of m, bit 1 of n
op_run run_smlad, run_smladx, run_smuad, run_smlsd, run_smusd, run_smlald, run_smlsld; // others: shift is X
op_run run_smmla, run_smmls; // rounding in shift; a = 15 without accumulator
op_run run_usada8, run_sdiv, run_udiv;

/* exec_dsp.c */
op_run run_qadd, run_qsub, run_qdadd, run_qdsub, run_sel, run_pkhbt, run_pkhtb, run_ssat, run_usat, run_ssat16, run_usat16;
op_run run_sxtb, run_sxth, run_uxtb, run_uxth, run_sxtb16, run_uxtb16;       // amount: rotation
op_run run_sxtab, run_sxtah, run_uxtab, run_uxtah, run_sxtab16, run_uxtab16;
extern op_run *const exec_parallel[8][8]; // [op1][prefix] as encoded, NULL: undefined

/* exec_memory.c. d is the register loaded or stored, n the base. */
enum transfer { LOAD_U32 = 0, LOAD_U16, LOAD_U8, LOAD_S16, LOAD_S8, STORE_32, STORE_16, STORE_8, TRANSFERS };
enum addressing {
    ADDRESS_IMM = 0, // n + imm
    ADDRESS_REG,     // n + (m << amount)
    ADDRESS_PRE,     // n + imm, written back
    ADDRESS_POST,    // n, then n + imm written back
    ADDRESS_LITERAL, // imm
    ADDRESSINGS,
};
extern op_run *const exec_transfer[TRANSFERS][ADDRESSINGS]; // stores have no literal
op_run run_transfer_sp;            // shift: transfer, a: addressing; the stack pointer is written back
op_run run_ldr_pc;                 // any addressing, in `shift`; d = 15
op_run run_ldrd, run_strd;         // d, a; addressing in `shift`
op_run run_ldm, run_stm;           // registers in imm; shift: 1 decrement before; amount: 1 writes back
op_run run_ldrex, run_strex, run_clrex; // size in amount, d result or value, a value of strex
op_run run_tbb, run_tbh;

/* exec_branch.c */
extern op_run *const exec_branch[15]; // by condition, 14 always; imm: slots to the target
op_run run_bl, run_bx, run_blx, run_bxns, run_cbz, run_cbnz, run_mov_pc, run_add_pc, run_it, run_nop, run_wfi, run_wfe, run_sev;

/* exec_system.c */
op_run run_svc, run_bkpt, run_undefined, run_no_coprocessor, run_cps, run_mrs, run_msr, run_barrier, run_unmodelled;

/* exec_float.c: registers are numbers of S registers (double of the pair where 64 bits are moved) */
op_run run_vadd, run_vsub, run_vmul, run_vnmul, run_vdiv, run_vsqrt, run_vabs, run_vneg, run_vmov_reg, run_vmov_imm;
op_run run_vfma, run_vmla; // shift: bit 0 negates the product, bit 1 the accumulator
op_run run_vcmp, run_vsel, run_vmaxnm, run_vminnm, run_vrint, run_vcvt_int, run_vcvt_from_int, run_vcvt_fixed, run_vcvt_half;
op_run run_vmov_core, run_vmov_pair, run_vmrs, run_vmsr;
op_run run_vldr, run_vstr; // n + imm, or imm if n = 15; m: words
op_run run_vldm, run_vstm; // m words from register d; base n; shift: 1 decrement before; amount: 1 writes back

#endif

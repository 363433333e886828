// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Decoding of floating point instructions (FPv5, single precision; doubles are moved, not computed).
#include "hwlink/vboard/decode.h"
#include "hwlink/vboard/fpu.h"

static void singles(struct op *op, uint32_t h1, uint32_t h2)
{
    op->d = (uint8_t)(field(h2, 12, 4) << 1 | field(h1, 6, 1));
    op->n = (uint8_t)(field(h1, 0, 4) << 1 | field(h2, 7, 1));
    op->m = (uint8_t)(field(h2, 0, 4) << 1 | field(h2, 5, 1));
}

/* VFPExpandImm */
static uint32_t expand_immediate(uint32_t imm8)
{
    uint32_t exponent = imm8 & 0x40 ? 0x3e000000u : 0x40000000u;
    return imm8 >> 7 << 31 | exponent | (imm8 & 0x3f) << 19;
}

static void rounding(struct op *op, op_run *run, unsigned how, unsigned parameter)
{
    op->inner = run;
    op->shift = (uint8_t)how;
    op->amount = (uint8_t)parameter;
}

static void decode_fixed(struct op *op, uint32_t h1, uint32_t h2)
{
    unsigned size = h2 & 0x80 ? 32 : 16, immediate = field(h2, 0, 4) << 1 | field(h2, 5, 1);
    op->inner = run_vcvt_fixed;
    op->m = op->d;
    op->amount = (uint8_t)size;
    op->imm = size - immediate;
    op->shift = (uint8_t)((h1 & 4 ? 1 : 0) | (h1 & 1 ? 0 : 2));
    if (immediate > size)
        undefined(op);
}

#define BY_FPSCR (FPU_AWAY + 1u)

static void decode_one_operand(struct op *op, uint32_t h1, uint32_t h2)
{
    unsigned high = h2 >> 7 & 1;
    switch (h1 & 15) {
    case 0: op->inner = high ? run_vabs : run_vmov_reg; break;
    case 1: op->inner = high ? run_vsqrt : run_vneg; break;
    case 2:
    case 3:
        op->inner = run_vcvt_half;
        op->shift = h1 & 1;
        op->amount = high ? 16 : 0;
        break;
    case 4:
    case 5:
        op->inner = run_vcmp;
        op->shift = (uint8_t)(high | (h1 & 1) << 1);
        break;
    case 6: rounding(op, run_vrint, high ? FPU_ZERO : BY_FPSCR, 0); break;
    case 7:
        if (high)
            undefined(op);
        else
            rounding(op, run_vrint, BY_FPSCR, 1);
        break;
    case 8: rounding(op, run_vcvt_from_int, 0, high); break;
    case 12:
    case 13: rounding(op, run_vcvt_int, high ? FPU_ZERO : BY_FPSCR, h1 & 1); break;
    case 10:
    case 11:
    case 14:
    case 15: decode_fixed(op, h1, h2); break;
    default: undefined(op);
    }
}

static void decode_arithmetic(struct op *op, uint32_t h1, uint32_t h2)
{
    unsigned second = h2 >> 6 & 1;
    switch (h1 >> 4 & 11) {
    case 0:
        op->inner = run_vmla;
        op->shift = (uint8_t)second;
        break;
    case 1:
        op->inner = run_vmla;
        op->shift = (uint8_t)(second | 2);
        break;
    case 2: op->inner = second ? run_vnmul : run_vmul; break;
    case 3: op->inner = second ? run_vsub : run_vadd; break;
    case 8:
        op->inner = run_vdiv;
        if (second)
            undefined(op);
        break;
    case 9:
        op->inner = run_vfma;
        op->shift = (uint8_t)(second | 2);
        break;
    case 10:
        op->inner = run_vfma;
        op->shift = (uint8_t)second;
        break;
    default:
        if (second) {
            decode_one_operand(op, h1, h2);
        } else {
            op->inner = run_vmov_imm;
            op->imm = expand_immediate((h1 & 15) << 4 | (h2 & 15));
        }
    }
}

/* VSEL, VMAXNM, VMINNM, VRINTA.., VCVTA.. */
static void decode_unconditional(struct op *op, uint32_t h1, uint32_t h2)
{
    static const uint8_t modes[] = {FPU_AWAY, FPU_NEAREST, FPU_UP, FPU_DOWN};
    static const uint8_t conditions[] = {0, 6, 10, 12};
    unsigned mode = modes[h1 & 3];
    if (!(h1 & 0x80)) {
        op->inner = run_vsel;
        op->cond = conditions[h1 >> 4 & 3];
    } else if ((h1 & 0x30) == 0) {
        op->inner = h2 & 0x40 ? run_vminnm : run_vmaxnm;
    } else if ((h1 & 0x3c) == 0x38 && (h2 & 0xc0) == 0x40) {
        rounding(op, run_vrint, mode, 0);
    } else if ((h1 & 0x3c) == 0x3c && h2 & 0x40) {
        rounding(op, run_vcvt_int, mode, h2 >> 7 & 1);
    } else {
        undefined(op);
    }
}

static void decode_core_move(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int to_core = (h1 & 0x10) != 0, is_double = (h2 & 0x100) != 0;
    op->d = (uint8_t)field(h2, 12, 4);
    op->shift = (uint8_t)to_core;
    if (!to_core)
        use->reads = BIT(op->d);
    if (!is_double && (h1 & 0xe0) == 0xe0 && (h1 & 15) == 1) {
        op->inner = to_core ? run_vmrs : run_vmsr;
        use->sets_flags = to_core && op->d == 15;
    } else if (!is_double && (h1 & 0xe0) == 0) {
        op->inner = run_vmov_core;
        op->n = (uint8_t)(field(h1, 0, 4) << 1 | field(h2, 7, 1));
    } else if (is_double && (h1 & 0xc0) == 0 && !(h2 & 0x80)) {
        op->inner = run_vmov_core;
        op->n = (uint8_t)(field(h1, 0, 4) << 1 | field(h1, 5, 1));
    } else {
        undefined(op);
    }
}

static void decode_pair_move(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int is_double = (h2 & 0x100) != 0;
    op->inner = run_vmov_pair;
    op->shift = h1 >> 4 & 1;
    op->d = (uint8_t)field(h2, 12, 4);
    op->a = (uint8_t)(h1 & 15);
    op->m = (uint8_t)(is_double ? field(h2, 0, 4) << 1 : field(h2, 0, 4) << 1 | field(h2, 5, 1));
    use->cycles = 2;
    if (!op->shift)
        use->reads = BIT(op->d) | BIT(op->a);
    if (op->m == 31 || (is_double && h2 & 0x20))
        undefined(op);
}

static void decode_transfer(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int is_double = (h2 & 0x100) != 0, load = (h1 & 0x10) != 0, up = (h1 & 0x80) != 0, writes = (h1 & 0x20) != 0;
    unsigned words = h2 & 255;
    op->n = (uint8_t)(h1 & 15);
    op->d = (uint8_t)(field(h2, 12, 4) << 1 | (is_double ? 0 : field(h1, 6, 1)));
    use->reads = op->n == 15 ? 0 : BIT(op->n);
    if (is_double && h1 & 0x40) {
        undefined(op);
    } else if ((h1 & 0x120) == 0x100) { // VLDR, VSTR
        op->inner = load ? run_vldr : run_vstr;
        op->m = is_double ? 2 : 1;
        op->imm = up ? words * 4 : 0 - words * 4;
        if (op->n == 15)
            op->imm += (op->pc + 4) & ~3u;
        use->cycles = op->m;
    } else if (words == 0 || op->d + (is_double ? words & ~1u : words) > 32 || (h1 & 0x100 ? up : !up)) {
        undefined(op);
    } else {
        op->inner = load ? run_vldm : run_vstm;
        op->m = (uint8_t)(is_double ? words & ~1u : words);
        op->imm = words * 4; // FLDMX: an odd number, a word more is skipped
        op->shift = !up;
        op->amount = (uint8_t)writes;
        use->cycles = op->m;
    }
}

void decode_float(struct machine *m, struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    (void)m;
    int is_double = (h2 & 0x100) != 0;
    if ((h1 & 0xffe0) == 0xec40) {
        decode_pair_move(op, use, h1, h2);
    } else if ((h1 & 0xfe00) == 0xec00) {
        decode_transfer(op, use, h1, h2);
    } else if ((h1 & 0xff00) == 0xee00 && h2 & 0x10) {
        decode_core_move(op, use, h1, h2);
    } else if (is_double) {
        undefined(op); // no double precision arithmetic
    } else if ((h1 & 0xff00) == 0xee00) {
        singles(op, h1, h2);
        decode_arithmetic(op, h1, h2);
    } else if ((h1 & 0xff00) == 0xfe00 && !(h2 & 0x10)) {
        singles(op, h1, h2);
        decode_unconditional(op, h1, h2);
    } else {
        undefined(op);
    }
}

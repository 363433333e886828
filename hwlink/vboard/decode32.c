// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Decoding of 32-bit instructions (Armv8-M manual, T32 encodings): data processing, branches, system.
#include "hwlink/vboard/decode.h"

/* Data processing by its 4 bits of operation, PC as destination or first operand making another of it; -1: undefined. */
static int alu_operation(unsigned operation, unsigned n, unsigned d, int s)
{
    static const int8_t plain[16] = {ALU_AND, ALU_BIC, ALU_ORR, ALU_ORN, ALU_EOR, -1, -1, -1,
                                     ALU_ADD, -1, ALU_ADC, ALU_SBC, -1, ALU_SUB, ALU_RSB, -1};
    if (n == 15 && operation == 2)
        return ALU_MOV;
    if (n == 15 && operation == 3)
        return ALU_MVN;
    if (d == 15 && s)
        return operation == 0 ? ALU_TST : operation == 4 ? ALU_TEQ : operation == 8 ? ALU_CMN : operation == 13 ? ALU_CMP : -1;
    return plain[operation];
}

/* The stack pointer as destination: other handlers. Returns whether this was one. */
static int alu_to_sp(struct op *op, struct op_use *use, int what, enum alu_operand how)
{
    if (op->d != 13 || (what != ALU_ADD && what != ALU_SUB && what != ALU_MOV))
        return 0;
    use->reads = BIT(op->n) | (how == ALU_IMM ? 0 : BIT(op->m));
    if (how == ALU_IMM) {
        op->inner = run_sp_add_imm;
        if (what == ALU_SUB)
            op->imm = 0 - op->imm;
        if (what == ALU_MOV)
            return 0;
        return 1;
    }
    op->inner = what == ALU_ADD ? run_sp_add : what == ALU_SUB ? run_sp_sub : run_sp_mov;
    return what != ALU_MOV || how == ALU_REG;
}

/* imm3:imm2 and type to shift and amount; amount 0 is no shift. */
static void shift_operand(struct op *op, unsigned type, unsigned amount)
{
    op->shift = (uint8_t)type;
    op->amount = (uint8_t)amount;
    if (amount == 0 && (type == SHIFT_LSR || type == SHIFT_ASR))
        op->amount = 32;
    if (amount == 0 && type == SHIFT_ROR) {
        op->shift = SHIFT_RRX;
        op->amount = 1;
    }
}

static void decode_pack(struct op *op, struct op_use *use, uint32_t h2)
{
    unsigned amount = field(h2, 12, 3) << 2 | field(h2, 6, 2);
    op->inner = h2 & 0x20 ? run_pkhtb : run_pkhbt;
    op->amount = (uint8_t)(amount == 0 && h2 & 0x20 ? 32 : amount);
    use->reads = BIT(op->n) | BIT(op->m);
    use->late = BIT(op->d);
    use->kind = KIND_LATE;
}

static void decode_shifted_register(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    unsigned operation = field(h1, 5, 4);
    int s = (h1 & 0x10) != 0;
    registers(op, h1, h2);
    if (operation == 6) {
        decode_pack(op, use, h2);
        return;
    }
    int what = alu_operation(operation, op->n, op->d, s);
    if (what < 0) {
        undefined(op);
        return;
    }
    shift_operand(op, field(h2, 4, 2), field(h2, 12, 3) << 2 | field(h2, 6, 2));
    enum alu_operand how = op->amount ? ALU_SHIFT : ALU_REG;
    if (!alu_to_sp(op, use, what, how))
        alu(op, use, what, how, s);
    if (how == ALU_REG || what == ALU_MOV)
        return;
    use->reads_flags |= op->shift == SHIFT_RRX;
    if (op->shift == SHIFT_LSL && op->amount <= TIMING_FAST_SHIFT)
        return;
    use->kind = KIND_LATE;
    use->late = what >= ALU_TST ? 0 : BIT(op->d);
    use->late_flags = (uint8_t)s;
}

/* A constant of 12 bits (ThumbExpandImm_C). Returns whether it is rotated into place. */
static int expand_immediate(struct op *op, uint32_t h1, uint32_t h2)
{
    uint32_t i = (h1 >> 10 & 1) << 11 | field(h2, 12, 3) << 8 | (h2 & 255), byte = i & 255;
    op->shift = 0;
    if (i >> 10 == 0) {
        static const uint32_t patterns[] = {1, 0x00010001u, 0x01000100u, 0x01010101u};
        op->imm = byte * patterns[i >> 8 & 3];
        return 0;
    }
    unsigned turn = i >> 7;
    uint32_t value = 0x80 | (i & 127);
    op->imm = value >> turn | value << (32 - turn);
    op->shift = 1; // the carry becomes bit 31
    op->amount = (uint8_t)(op->imm >> 31);
    return 1;
}

static void decode_modified_immediate(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int s = (h1 & 0x10) != 0;
    registers(op, h1, h2);
    int rotated = expand_immediate(op, h1, h2);
    int what = alu_operation(field(h1, 5, 4), op->n, op->d, s);
    if (what < 0) {
        undefined(op);
        return;
    }
    if (!alu_to_sp(op, use, what, ALU_IMM))
        alu(op, use, what, ALU_IMM, s);
    if (!rotated || what == ALU_MOV)
        return;
    if (s) {
        use->cycles = TIMING_LATE_FLAGS_CYCLES;
        return;
    }
    use->kind = KIND_LATE;
    use->late = BIT(op->d);
}

static void decode_saturate(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int is_unsigned = (h1 & 0x80) != 0, asr = (h1 & 0x20) != 0;
    unsigned amount = field(h2, 12, 3) << 2 | field(h2, 6, 2);
    op->imm = (h2 & 31) + !is_unsigned;
    op->amount = (uint8_t)amount;
    op->shift = (uint8_t)asr;
    op->inner = is_unsigned ? run_usat : run_ssat;
    if (asr && amount == 0)
        op->inner = is_unsigned ? run_usat16 : run_ssat16;
    use->reads = BIT(op->n);
    use->late = BIT(op->d);
    use->kind = KIND_LATE;
}

static void decode_bit_field(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    unsigned lsb = field(h2, 12, 3) << 2 | field(h2, 6, 2), kind = field(h1, 5, 3);
    op->shift = (uint8_t)lsb;
    use->reads = BIT(op->n);
    if (kind == 3) { // BFI, BFC: the last bit is given
        if ((h2 & 31) < lsb) {
            undefined(op);
            return;
        }
        op->amount = (uint8_t)((h2 & 31) - lsb + 1);
        op->inner = op->n == 15 ? run_bfc : run_bfi;
        use->reads = BIT(op->d) | (op->n == 15 ? 0 : BIT(op->n));
        return;
    }
    op->amount = (uint8_t)((h2 & 31) + 1);
    op->inner = kind == 2 ? run_sbfx : run_ubfx;
    if (lsb + op->amount > 32)
        undefined(op);
}

static void decode_plain_immediate(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    registers(op, h1, h2);
    uint32_t imm12 = (h1 >> 10 & 1) << 11 | field(h2, 12, 3) << 8 | (h2 & 255);
    uint32_t imm16 = (h1 & 15) << 12 | imm12;
    switch (field(h1, 4, 5)) {
    case 0x00:
    case 0x0a: {
        int subtracts = (h1 & 0xa0) != 0;
        op->imm = subtracts ? 0 - imm12 : imm12;
        if (op->n == 15) {
            op->imm += (op->pc + 4) & ~3u;
            alu(op, use, ALU_MOV, ALU_IMM, 0);
        } else if (!alu_to_sp(op, use, ALU_ADD, ALU_IMM)) {
            alu(op, use, ALU_ADD, ALU_IMM, 0);
        }
        break;
    }
    case 0x04:
        op->imm = imm16;
        alu(op, use, ALU_MOV, ALU_IMM, 0);
        break;
    case 0x0c:
        op->imm = imm16;
        op->inner = run_movt;
        use->reads = BIT(op->d);
        break;
    case 0x10:
    case 0x12:
    case 0x18:
    case 0x1a: decode_saturate(op, use, h1, h2); break;
    case 0x14:
    case 0x16:
    case 0x1c: decode_bit_field(op, use, h1, h2); break;
    default: undefined(op);
    }
}

/* System instructions of op = 0b10. */
static void decode_control(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    registers(op, h1, h2);
    switch (field(h1, 4, 7)) {
    case 0x38:
    case 0x39:
        op->inner = run_msr;
        op->imm = h2 & 0xfff;
        use->reads = BIT(op->n);
        break;
    case 0x3a: {
        static op_run *const hints[] = {run_barrier, run_barrier, run_wfe, run_wfi, run_sev};
        op->inner = (h2 & 255) < 5 ? hints[h2 & 255] : run_barrier;
        break;
    }
    case 0x3b:
        op->inner = field(h2, 4, 4) == 2 ? run_clrex : run_barrier;
        break;
    case 0x3e:
    case 0x3f:
        op->inner = run_mrs;
        op->imm = h2 & 255;
        break;
    default:
        undefined(op);
    }
}

static void decode_branch(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    uint32_t s = h1 >> 10 & 1, j1 = h2 >> 13 & 1, j2 = h2 >> 11 & 1;
    if ((h2 & 0xd000) == 0x8000) {
        unsigned cond = field(h1, 6, 4);
        if (cond >= 14) {
            decode_control(op, use, h1, h2);
            return;
        }
        uint32_t offset = s << 20 | j2 << 19 | j1 << 18 | (h1 & 63) << 12 | (h2 & 0x7ff) << 1;
        op->imm = (uint32_t)((int32_t)(offset << 11) >> 12) + 2;
        op->inner = exec_branch[cond];
        use->reads_flags = 1;
        return;
    }
    if ((h2 & 0xd000) == 0xc000) {
        undefined(op);
        return;
    }
    uint32_t i1 = !(j1 ^ s), i2 = !(j2 ^ s);
    uint32_t offset = s << 24 | i1 << 23 | i2 << 22 | (h1 & 0x3ff) << 12 | (h2 & 0x7ff) << 1;
    op->imm = (uint32_t)((int32_t)(offset << 7) >> 8) + 2;
    op->inner = h2 & 0x4000 ? run_bl : exec_branch[14];
    op->flags |= OP_ENDS;
}

static void late(struct op *op, struct op_use *use, enum op_kind kind, uint32_t reads, uint32_t accumulates)
{
    use->kind = kind;
    use->reads = (uint16_t)reads;
    use->accumulates = (uint16_t)accumulates;
    use->late = BIT(op->d);
}

static void decode_extend(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    static op_run *const plain[] = {run_sxth, run_uxth, run_sxtb16, run_uxtb16, run_sxtb, run_uxtb};
    static op_run *const adding[] = {run_sxtah, run_uxtah, run_sxtab16, run_uxtab16, run_sxtab, run_uxtab};
    unsigned kind = field(h1, 4, 3);
    if (kind > 5) {
        undefined(op);
        return;
    }
    op->amount = (uint8_t)(field(h2, 4, 2) * 8);
    op->inner = (op->n == 15 ? plain : adding)[kind];
    use->reads = BIT(op->m);
    if (op->n != 15)
        late(op, use, KIND_XTA, BIT(op->m), BIT(op->n));
}

static void decode_register_misc(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    static op_run *const runs[4][4] = {
        {run_qadd, run_qdadd, run_qsub, run_qdsub}, {run_rev, run_rev16, run_rbit, run_revsh}, {run_sel}, {run_clz}};
    unsigned row = field(h1, 4, 2), column = field(h2, 4, 2);
    if (!runs[row][column] || h1 & 0x40) {
        undefined(op);
        return;
    }
    op->inner = runs[row][column];
    if (row == 1 || row == 3)
        use->reads = BIT(op->m);
    else
        late(op, use, KIND_LATE, BIT(op->n) | BIT(op->m), 0);
}

static void decode_register(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    static op_run *const shifts[4][2] = {{run_lsl_reg, run_lsls_reg}, {run_lsr_reg, run_lsrs_reg},
                                         {run_asr_reg, run_asrs_reg}, {run_ror_reg, run_rors_reg}};
    registers(op, h1, h2);
    if ((h2 & 0xf000) != 0xf000) {
        undefined(op);
    } else if (!(h1 & 0x80) && !(h2 & 0xf0)) {
        op->inner = shifts[field(h1, 5, 2)][h1 >> 4 & 1];
        use->reads = BIT(op->n) | BIT(op->m);
        use->sets_flags = h1 >> 4 & 1;
    } else if (!(h1 & 0x80) && h2 & 0x80) {
        decode_extend(op, use, h1, h2);
    } else if (h1 & 0x80 && !(h2 & 0x80) && exec_parallel[field(h1, 4, 3)][field(h2, 4, 3)]) {
        op->inner = exec_parallel[field(h1, 4, 3)][field(h2, 4, 3)];
        late(op, use, KIND_LATE, BIT(op->n) | BIT(op->m), 0);
    } else if (h1 & 0x80 && field(h2, 6, 2) == 2) {
        decode_register_misc(op, use, h1, h2);
    } else {
        undefined(op);
    }
}

static void decode_multiply(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    registers(op, h1, h2);
    unsigned kind = field(h1, 4, 3), second = field(h2, 4, 2);
    int adds = op->a != 15;
    op->shift = (uint8_t)(second & 1);
    switch (kind) {
    case 0: op->inner = second & 1 ? run_mls : adds ? run_mla : run_mul; break;
    case 1:
        op->shift = (uint8_t)second;
        op->inner = adds ? run_smlaxy : run_smulxy;
        break;
    case 2: op->inner = !adds ? run_smuad : second & 1 ? run_smladx : run_smlad; break;
    case 3: op->inner = adds ? run_smlawy : run_smulwy; break;
    case 4: op->inner = adds ? run_smlsd : run_smusd; break;
    case 5: op->inner = run_smmla; break;
    case 6: op->inner = run_smmls; break;
    default: op->inner = run_usada8;
    }
    if (h2 & 0xc0)
        undefined(op);
    late(op, use, KIND_MAC, BIT(op->n) | BIT(op->m), adds ? BIT(op->a) : 0);
    use->multiplies = 1;
    use->fills_multiplier = kind == 5 || kind == 6;
}

static void long_multiply(struct op *op, struct op_use *use, op_run *run, int adds)
{
    uint16_t both = BIT(op->d) | BIT(op->a);
    op->inner = run;
    late(op, use, KIND_MAC, BIT(op->n) | BIT(op->m), adds ? both : 0);
    use->late = both;
    use->multiplies = 1;
}

static void decode_long_multiply(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    registers(op, h1, h2);
    unsigned kind = field(h1, 4, 3), second = field(h2, 4, 4);
    op->shift = (uint8_t)(second & 1);
    if (kind == 0 && second == 0) {
        long_multiply(op, use, run_smull, 0);
    } else if (kind == 2 && second == 0) {
        long_multiply(op, use, run_umull, 0);
    } else if ((kind == 1 || kind == 3) && second == 15) {
        op->inner = kind == 1 ? run_sdiv : run_udiv;
        use->reads = BIT(op->n) | BIT(op->m);
    } else if (kind == 4 && second == 0) {
        long_multiply(op, use, run_smlal, 1);
    } else if (kind == 4 && second >> 2 == 2) {
        op->shift = (uint8_t)(second & 3);
        long_multiply(op, use, run_smlalxy, 1);
    } else if ((kind == 4 || kind == 5) && second >> 1 == 6) {
        long_multiply(op, use, kind == 4 ? run_smlald : run_smlsld, 1);
    } else if (kind == 6 && second == 0) {
        long_multiply(op, use, run_umlal, 1);
    } else if (kind == 6 && second == 6) {
        long_multiply(op, use, run_umaal, 1);
    } else {
        undefined(op);
    }
}

static void decode_coprocessor(struct machine *m, struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    unsigned coprocessor = field(h2, 8, 4);
    if ((coprocessor != 10 && coprocessor != 11) || field(h1, 8, 2) == 3) {
        undefined(op);
        if (coprocessor < 8)
            op->inner = run_no_coprocessor;
    } else if ((m->system.cpacr >> 20 & 3) != 3) {
        op->inner = run_no_coprocessor;
        op->flags |= OP_ENDS;
    } else {
        decode_float(m, op, use, h1, h2);
    }
}

void decode_32(struct machine *m, struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    op->step = 2 * sizeof *op;
    use->cycles = 1;
    unsigned top = field(h1, 11, 2);
    if (top != 2 && (h1 & 0x0400))
        decode_coprocessor(m, op, use, h1, h2);
    else if (top == 1 && (h1 & 0x0200))
        decode_shifted_register(op, use, h1, h2);
    else if (top == 1 && (h1 & 0x0040))
        decode_dual_exclusive(op, use, h1, h2);
    else if (top == 1)
        decode_multiple(op, use, h1, h2);
    else if (top == 2 && (h2 & 0x8000))
        decode_branch(op, use, h1, h2);
    else if (top == 2 && (h1 & 0x0200))
        decode_plain_immediate(op, use, h1, h2);
    else if (top == 2)
        decode_modified_immediate(op, use, h1, h2);
    else if (!(h1 & 0x0200))
        decode_single(op, use, h1, h2);
    else if (!(h1 & 0x0100))
        decode_register(op, use, h1, h2);
    else if (!(h1 & 0x0080))
        decode_multiply(op, use, h1, h2);
    else
        decode_long_multiply(op, use, h1, h2);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Decoding of 16-bit instructions (Armv8-M manual, T16 encodings).
#include "hwlink/vboard/decode.h"

static int in_it(const struct op *op)
{
    return (op->it & 15) != 0;
}

static void decode_shift_add(struct op *op, struct op_use *use, uint32_t h)
{
    int s = !in_it(op);
    op->d = (uint8_t)field(h, 0, 3);
    op->n = op->m = (uint8_t)field(h, 3, 3);
    unsigned kind = field(h, 11, 2), amount = field(h, 6, 5);
    if (kind < 3) {
        op->shift = (uint8_t)kind;
        op->amount = (uint8_t)(amount == 0 && kind ? 32 : amount);
        alu(op, use, ALU_MOV, op->amount ? ALU_SHIFT : ALU_REG, s);
        return;
    }
    op->m = (uint8_t)field(h, 6, 3);
    op->imm = op->m;
    alu(op, use, h & 0x200 ? ALU_SUB : ALU_ADD, h & 0x400 ? ALU_IMM : ALU_REG, s);
}

static void decode_immediate(struct op *op, struct op_use *use, uint32_t h)
{
    static const uint8_t operations[] = {ALU_MOV, ALU_CMP, ALU_ADD, ALU_SUB};
    enum alu_operation what = operations[field(h, 11, 2)];
    op->d = op->n = (uint8_t)field(h, 8, 3);
    op->imm = h & 255;
    alu(op, use, what, ALU_IMM, what == ALU_CMP || !in_it(op));
}

static void decode_register_shift(struct op *op, struct op_use *use, unsigned operation, int s)
{
    static op_run *const runs[][2] = {
        [2] = {run_lsl_reg, run_lsls_reg}, [3] = {run_lsr_reg, run_lsrs_reg},
        [4] = {run_asr_reg, run_asrs_reg}, [7] = {run_ror_reg, run_rors_reg},
    };
    op->inner = runs[operation][s];
    use->reads = BIT(op->n) | BIT(op->m);
    use->sets_flags = (uint8_t)s;
}

static void decode_data_processing(struct op *op, struct op_use *use, uint32_t h)
{
    static const uint8_t operations[16] = {ALU_AND, ALU_EOR, 0,       0,       0,       ALU_ADC, ALU_SBC, 0,
                                           ALU_TST, ALU_RSB, ALU_CMP, ALU_CMN, ALU_ORR, 0,       ALU_BIC, ALU_MVN};
    unsigned operation = field(h, 6, 4);
    int s = !in_it(op);
    op->d = op->n = (uint8_t)field(h, 0, 3);
    op->m = (uint8_t)field(h, 3, 3);
    if (operation == 2 || operation == 3 || operation == 4 || operation == 7) {
        decode_register_shift(op, use, operation, s);
    } else if (operation == 9) { // RSB #0
        op->n = op->m;
        op->imm = 0;
        alu(op, use, ALU_RSB, ALU_IMM, s);
    } else if (operation == 13) {
        op->inner = s ? run_muls : run_mul;
        use->reads = BIT(op->n) | BIT(op->m);
        use->sets_flags = (uint8_t)s;
        use->cycles = s ? TIMING_LATE_FLAGS_CYCLES : 1;
        use->kind = s ? KIND_PLAIN : KIND_MAC;
        use->late = s ? 0 : BIT(op->d);
    } else {
        alu(op, use, operations[operation], ALU_REG, s || (operation >= 8 && operation <= 11));
    }
}

/* A register operand that is PC becomes a constant. */
static void decode_high_add(struct op *op, struct op_use *use)
{
    if (op->d == 15) {
        op->inner = run_add_pc;
        op->flags |= OP_ENDS;
        use->reads = BIT(op->m);
    } else if (op->m == 15) {
        op->imm = op->pc + 4;
        alu(op, use, ALU_ADD, ALU_IMM, 0);
    } else if (op->d == 13) {
        op->inner = run_sp_add;
        op->shift = SHIFT_LSL;
        op->amount = 0;
        use->reads = BIT(op->n) | BIT(op->m);
    } else {
        alu(op, use, ALU_ADD, ALU_REG, 0);
    }
}

static void decode_high_mov(struct op *op, struct op_use *use)
{
    use->reads = BIT(op->m);
    if (op->d == 15) {
        op->inner = run_mov_pc;
        op->flags |= OP_ENDS;
    } else if (op->d == 13) {
        op->inner = run_sp_mov;
    } else if (op->m == 15) {
        op->imm = op->pc + 4;
        alu(op, use, ALU_MOV, ALU_IMM, 0);
    } else {
        alu(op, use, ALU_MOV, ALU_REG, 0);
    }
}

static void decode_special(struct op *op, struct op_use *use, uint32_t h)
{
    op->d = op->n = (uint8_t)(field(h, 0, 3) | (h >> 4 & 8));
    op->m = (uint8_t)field(h, 3, 4);
    switch (field(h, 8, 2)) {
    case 0:
        decode_high_add(op, use);
        break;
    case 1:
        alu(op, use, ALU_CMP, ALU_REG, 1);
        break;
    case 2:
        decode_high_mov(op, use);
        break;
    default:
        op->inner = h & 0x80 ? run_blx : run_bx;
        op->flags |= OP_ENDS;
        use->reads = BIT(op->m);
    }
}

static void transfer(struct op *op, struct op_use *use, enum transfer what, enum addressing how)
{
    op->inner = exec_transfer[what][how];
    if (how != ADDRESS_LITERAL)
        use->reads = BIT(op->n);
    if (how == ADDRESS_REG)
        use->reads |= BIT(op->m);
    if (what >= STORE_32) {
        use->stores = BIT(op->d);
    } else {
        use->kind = KIND_LOAD;
        use->late = BIT(op->d);
    }
}

static void decode_transfer_register(struct op *op, struct op_use *use, uint32_t h)
{
    static const uint8_t kinds[] = {STORE_32, STORE_16, STORE_8, LOAD_S8, LOAD_U32, LOAD_U16, LOAD_U8, LOAD_S16};
    op->d = (uint8_t)field(h, 0, 3);
    op->n = (uint8_t)field(h, 3, 3);
    op->m = (uint8_t)field(h, 6, 3);
    op->amount = 0;
    transfer(op, use, kinds[field(h, 9, 3)], ADDRESS_REG);
}

static void decode_transfer_immediate(struct op *op, struct op_use *use, uint32_t h)
{
    int load = (h & 0x800) != 0;
    op->d = (uint8_t)field(h, 0, 3);
    op->n = (uint8_t)field(h, 3, 3);
    switch (h >> 12) {
    case 6:
        op->imm = field(h, 6, 5) * 4;
        transfer(op, use, load ? LOAD_U32 : STORE_32, ADDRESS_IMM);
        break;
    case 7:
        op->imm = field(h, 6, 5);
        transfer(op, use, load ? LOAD_U8 : STORE_8, ADDRESS_IMM);
        break;
    case 8:
        op->imm = field(h, 6, 5) * 2;
        transfer(op, use, load ? LOAD_U16 : STORE_16, ADDRESS_IMM);
        break;
    default:
        op->d = (uint8_t)field(h, 8, 3);
        op->n = 13;
        op->imm = (h & 255) * 4;
        transfer(op, use, load ? LOAD_U32 : STORE_32, ADDRESS_IMM);
    }
}

static void multiple(struct op *op, struct op_use *use, uint32_t registers, int load, int before, int writes_back)
{
    op->inner = load ? run_ldm : run_stm;
    op->imm = registers;
    op->shift = (uint8_t)before;
    op->amount = (uint8_t)writes_back;
    use->reads = BIT(op->n);
    use->cycles = (uint8_t)__builtin_popcount(registers);
    if (load) {
        use->kind = KIND_LOAD;
        use->late = BIT(31 - __builtin_clz(registers));
        if (registers & 0x8000u)
            op->flags |= OP_ENDS;
    } else {
        use->stores = BIT(__builtin_ctz(registers)); // the first must be there at once, the others have time
    }
}

static void decode_push_pop(struct op *op, struct op_use *use, uint32_t h)
{
    int pop = (h & 0x800) != 0;
    uint32_t registers = (h & 255) | (h & 0x100 ? (pop ? 0x8000u : 0x4000u) : 0);
    op->n = 13;
    if (registers)
        multiple(op, use, registers, pop, !pop, 1);
    else
        undefined(op);
}

static void decode_hint(struct op *op, struct op_use *use, uint32_t h)
{
    (void)use;
    if (h & 15) {
        op->inner = run_it;
        op->imm = h & 255;
        return;
    }
    switch (field(h, 4, 4)) {
    case 2: op->inner = run_wfe; break;
    case 3: op->inner = run_wfi; break;
    case 4: op->inner = run_sev; break;
    default: op->inner = run_nop;
    }
}

static void decode_compare_branch(struct op *op, struct op_use *use, uint32_t h)
{
    op->n = (uint8_t)field(h, 0, 3);
    op->imm = field(h, 3, 5) + (h >> 4 & 32) + 2; // in halfwords from here
    op->inner = h & 0x800 ? run_cbnz : run_cbz;
    use->reads = BIT(op->n);
}

static void decode_extend(struct op *op, struct op_use *use, uint32_t h)
{
    static op_run *const runs[] = {run_sxth, run_sxtb, run_uxth, run_uxtb};
    op->d = (uint8_t)field(h, 0, 3);
    op->m = (uint8_t)field(h, 3, 3);
    op->amount = 0;
    op->inner = runs[field(h, 6, 2)];
    use->reads = BIT(op->m);
}

static void decode_reverse(struct op *op, struct op_use *use, uint32_t h)
{
    static op_run *const runs[] = {run_rev, run_rev16, run_undefined, run_revsh};
    op->d = (uint8_t)field(h, 0, 3);
    op->m = (uint8_t)field(h, 3, 3);
    op->inner = runs[field(h, 6, 2)];
    use->reads = BIT(op->m);
}

static void decode_misc(struct op *op, struct op_use *use, uint32_t h)
{
    if ((h & 0xf500) == 0xb100) {
        decode_compare_branch(op, use, h);
    } else if ((h & 0xf600) == 0xb400) {
        decode_push_pop(op, use, h);
    } else if ((h & 0xff00) == 0xb000) {
        op->d = op->n = 13;
        op->imm = (h & 127) * 4;
        if (h & 0x80)
            op->imm = 0 - op->imm;
        op->inner = run_sp_add_imm;
        use->reads = BIT(13);
    } else if ((h & 0xff00) == 0xb200) {
        decode_extend(op, use, h);
    } else if ((h & 0xffe0) == 0xb660) {
        op->inner = run_cps;
        op->imm = h & 31;
    } else if ((h & 0xff00) == 0xba00) {
        decode_reverse(op, use, h);
    } else if ((h & 0xff00) == 0xbe00) {
        op->inner = run_bkpt;
        op->imm = h & 255;
    } else if ((h & 0xff00) == 0xbf00) {
        decode_hint(op, use, h);
    } else {
        undefined(op);
    }
}

static void decode_branch(struct op *op, struct op_use *use, uint32_t h)
{
    unsigned cond = field(h, 8, 4);
    if (h >> 12 == 14) {
        op->inner = exec_branch[14];
        op->imm = (uint32_t)((int32_t)(h << 21) >> 21) + 2;
        op->flags |= OP_ENDS;
    } else if (cond == 15) {
        op->inner = run_svc;
        op->imm = h & 255;
    } else if (cond == 14) {
        undefined(op);
    } else {
        op->inner = exec_branch[cond];
        op->imm = (uint32_t)(int32_t)(int8_t)h + 2;
        use->reads_flags = 1;
    }
}

static void decode_narrow_multiple(struct op *op, struct op_use *use, uint32_t h)
{
    int load = (h & 0x800) != 0;
    uint32_t registers = h & 255;
    op->n = (uint8_t)field(h, 8, 3);
    if (registers)
        multiple(op, use, registers, load, 0, !(load && registers >> op->n & 1));
    else
        undefined(op);
}

static void decode_address(struct op *op, struct op_use *use, uint32_t h)
{
    op->d = (uint8_t)field(h, 8, 3);
    op->imm = (h & 255) * 4;
    op->n = 13;
    if (h & 0x800) {
        alu(op, use, ALU_ADD, ALU_IMM, 0);
    } else {
        op->imm += (op->pc + 4) & ~3u;
        alu(op, use, ALU_MOV, ALU_IMM, 0);
    }
    op->shift = 0;
}

void decode_16(struct machine *m, struct op *op, struct op_use *use, uint32_t h)
{
    (void)m;
    op->step = sizeof *op;
    use->narrow = 1;
    use->cycles = 1;
    switch (h >> 12) {
    case 0:
    case 1: decode_shift_add(op, use, h); break;
    case 2:
    case 3: decode_immediate(op, use, h); break;
    case 4:
        if (h & 0x800) {
            op->d = (uint8_t)field(h, 8, 3);
            op->imm = ((op->pc + 4) & ~3u) + (h & 255) * 4;
            transfer(op, use, LOAD_U32, ADDRESS_LITERAL);
        } else if (h & 0x400) {
            decode_special(op, use, h);
        } else {
            decode_data_processing(op, use, h);
        }
        break;
    case 5: decode_transfer_register(op, use, h); break;
    case 6:
    case 7:
    case 8:
    case 9: decode_transfer_immediate(op, use, h); break;
    case 10: decode_address(op, use, h); break;
    case 11: decode_misc(op, use, h); break;
    case 12: decode_narrow_multiple(op, use, h); break;
    default: decode_branch(op, use, h);
    }
}

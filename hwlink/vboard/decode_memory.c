// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Decoding of 32-bit loads and stores of core registers (Armv8-M manual, T32 encodings).
#include "hwlink/vboard/decode.h"

static void transfer_use(struct op *op, struct op_use *use, int load, enum addressing how)
{
    if (how != ADDRESS_LITERAL)
        use->reads = BIT(op->n);
    if (how == ADDRESS_REG)
        use->reads |= BIT(op->m);
    if (load) {
        use->kind = KIND_LOAD;
        use->late = BIT(op->d);
    } else {
        use->stores = BIT(op->d);
    }
}

/* Addressing of LDR and the like; -1 if undefined. */
static int single_addressing(struct op *op, uint32_t h1, uint32_t h2)
{
    if (op->n == 15) {
        uint32_t base = (op->pc + 4) & ~3u;
        op->imm = h1 & 0x80 ? base + (h2 & 0xfff) : base - (h2 & 0xfff);
        return ADDRESS_LITERAL;
    }
    if (h1 & 0x80) {
        op->imm = h2 & 0xfff;
        return ADDRESS_IMM;
    }
    if (h2 & 0x800) {
        op->imm = h2 & 0x200 ? h2 & 255 : 0 - (h2 & 255);
        if (!(h2 & 0x400))
            return h2 & 0x100 ? ADDRESS_POST : -1;
        return h2 & 0x100 ? ADDRESS_PRE : ADDRESS_IMM;
    }
    op->amount = (uint8_t)field(h2, 4, 2);
    return field(h2, 6, 6) ? -1 : ADDRESS_REG;
}

void decode_single(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    static const uint8_t loads[2][4] = {{LOAD_U8, LOAD_U16, LOAD_U32, 0}, {LOAD_S8, LOAD_S16, 0, 0}};
    static const uint8_t stores[] = {STORE_8, STORE_16, STORE_32};
    int load = (h1 & 0x10) != 0, is_signed = (h1 & 0x100) != 0;
    unsigned size = field(h1, 5, 2);
    registers(op, h1, h2);
    op->d = op->a;
    int how = single_addressing(op, h1, h2);
    if (how < 0 || size == 3 || (is_signed && (size == 2 || !load)) || (!load && op->n == 15)) {
        undefined(op);
        return;
    }
    if (load && op->d == 15 && size < 2) { // PLD, PLI
        op->inner = run_barrier;
        return;
    }
    transfer_use(op, use, load, (enum addressing)how);
    if (load && op->d == 15) {
        op->inner = run_ldr_pc;
        op->shift = (uint8_t)how;
        op->flags |= OP_ENDS;
        use->late = 0;
        return;
    }
    enum transfer what = load ? loads[is_signed][size] : stores[size];
    op->inner = exec_transfer[what][how];
    if (op->n == 13 && (how == ADDRESS_PRE || how == ADDRESS_POST)) {
        op->inner = run_transfer_sp;
        op->shift = (uint8_t)what;
        op->a = (uint8_t)how;
    }
}

void decode_multiple(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int load = (h1 & 0x10) != 0, before = field(h1, 7, 2) == 2;
    op->n = (uint8_t)(h1 & 15);
    op->imm = load ? h2 & 0xdfffu : h2 & 0x5fffu;
    if (!op->imm || (field(h1, 7, 2) != 1 && !before) || op->n == 15) {
        undefined(op);
        return;
    }
    op->inner = load ? run_ldm : run_stm;
    op->shift = (uint8_t)before;
    op->amount = (h1 & 0x20) && !(load && op->imm >> op->n & 1);
    use->reads = BIT(op->n);
    use->cycles = (uint8_t)__builtin_popcount(op->imm);
    if (!load) {
        use->stores = BIT(__builtin_ctz(op->imm));
        return;
    }
    use->kind = KIND_LOAD;
    use->late = BIT(31 - __builtin_clz(op->imm));
    if (op->imm & 0x8000u)
        op->flags |= OP_ENDS;
}

static void decode_dual(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int load = (h1 & 0x10) != 0, pre = (h1 & 0x100) != 0, writes = (h1 & 0x20) != 0;
    registers(op, h1, h2);
    op->a = op->d; // second
    op->d = (uint8_t)field(h2, 12, 4);
    uint32_t offset = (h2 & 255) * 4;
    op->imm = h1 & 0x80 ? offset : 0 - offset;
    enum addressing how = !pre ? ADDRESS_POST : writes ? ADDRESS_PRE : ADDRESS_IMM;
    if (op->n == 15) {
        op->imm += (op->pc + 4) & ~3u;
        how = ADDRESS_LITERAL;
    }
    op->shift = (uint8_t)how;
    op->inner = load ? run_ldrd : run_strd;
    transfer_use(op, use, load, how);
    if (load)
        use->late = BIT(op->a);
    use->cycles = 2;
}

/* Exclusive, acquire and release by size, table branches, TT. */
static void decode_exclusive(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    int load = (h1 & 0x10) != 0;
    unsigned kind = field(h2, 4, 4);
    registers(op, h1, h2);
    use->reads = BIT(op->n);
    if (!(h1 & 0x80)) { // LDREX, STREX, TT
        op->imm = (h2 & 255) * 4;
        op->amount = 4;
        op->inner = load ? run_ldrex : op->a == 15 ? run_unmodelled : run_strex;
    } else if (kind < 2 && load) {
        op->inner = kind ? run_tbh : run_tbb;
        use->reads = (op->n == 15 ? 0 : BIT(op->n)) | BIT(op->m);
        op->flags |= OP_ENDS;
        return;
    } else if (kind == 8 || kind == 9 || kind == 10) { // LDA, STL
        static const uint8_t loads[] = {LOAD_U8, LOAD_U16, LOAD_U32}, stores[] = {STORE_8, STORE_16, STORE_32};
        op->d = op->a;
        op->inner = exec_transfer[load ? loads[kind - 8] : stores[kind - 8]][ADDRESS_IMM];
        transfer_use(op, use, load, ADDRESS_IMM);
        return;
    } else if (kind == 4 || kind == 5 || kind >= 12) {
        op->amount = (uint8_t)(1u << (kind & 3));
        op->d = load ? op->d : op->m;
        op->inner = load ? run_ldrex : run_strex;
    } else {
        undefined(op);
        return;
    }
    if (load) {
        op->d = op->a;
        use->kind = KIND_LOAD;
        use->late = BIT(op->d);
    } else {
        use->stores = BIT(op->a);
    }
}

void decode_dual_exclusive(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2)
{
    if (h1 == 0xe97f && h2 == 0xe97f)
        op->inner = run_barrier; // SG
    else if (h1 & 0x120)
        decode_dual(op, use, h1, h2);
    else
        decode_exclusive(op, use, h1, h2);
}

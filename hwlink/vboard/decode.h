// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the decoders of all encodings share. Private to the core.
#ifndef PARE_HWLINK_VBOARD_DECODE_H
#define PARE_HWLINK_VBOARD_DECODE_H

#include "hwlink/vboard/exec.h"

#define BIT(r) ((uint16_t)(1u << (r)))

static inline unsigned field(uint32_t h, unsigned low, unsigned bits)
{
    return h >> low & ((1u << bits) - 1);
}

static inline void undefined(struct op *op)
{
    op->inner = run_undefined;
    op->flags |= OP_ENDS;
}

/* The usual places of registers in 32-bit encodings. */
static inline void registers(struct op *op, uint32_t h1, uint32_t h2)
{
    op->n = (uint8_t)(h1 & 15);
    op->m = (uint8_t)(h2 & 15);
    op->d = (uint8_t)field(h2, 8, 4);
    op->a = (uint8_t)field(h2, 12, 4);
}

/* Operands of an ALU_ operation. */
static inline void alu(struct op *op, struct op_use *use, int what, enum alu_operand how, int s)
{
    op->inner = exec_alu[what][how][s];
    use->sets_flags = (uint8_t)s;
    use->reads_flags = what == ALU_ADC || what == ALU_SBC;
    if (what != ALU_MOV && what != ALU_MVN)
        use->reads |= BIT(op->n);
    if (how != ALU_IMM)
        use->reads |= BIT(op->m);
}

/* decode_memory.c: loads and stores of one register; several, two, exclusive, and table branches. */
void decode_single(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2);
void decode_multiple(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2);
void decode_dual_exclusive(struct op *op, struct op_use *use, uint32_t h1, uint32_t h2);

#endif

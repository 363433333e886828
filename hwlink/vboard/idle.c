// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/idle.h"

#include "hwlink/vboard/machine.h"

#include <string.h>

#define LOOP_MAX 12 // instructions of a waiting loop

/* Encodings of Armv8-M (manual, C2.4) that change nothing but registers and flags. */
static bool is_load(uint32_t op)
{
    return (op & 0xf800) == 0x6800 || (op & 0xf800) == 0x7800 || (op & 0xf800) == 0x8800; // LDR, LDRB, LDRH (immediate)
}

static bool is_harmless(uint32_t op)
{
    return op < 0x4700 ||                                          // shifts, sums, moves, compares: registers only
           (op & 0xf800) == 0x4800 ||                              // LDR (literal)
           (op & 0xf800) == 0xe000 ||                              // B
           ((op & 0xf000) == 0xd000 && (op & 0x0e00) != 0x0e00) || // B<c>
           (op & 0xf500) == 0xb100 ||                              // CBZ, CBNZ
           op == 0xbf00;                                           // NOP
}

static uint32_t load_address(struct machine *m, uint32_t op)
{
    uint32_t offset = op >> 6 & 0x1f, scale = (op & 0xf800) == 0x6800 ? 4 : (op & 0xf800) == 0x8800 ? 2 : 1;
    return core_register(m, op >> 3 & 7) + offset * scale;
}

/* The next instruction may belong to a waiting loop. */
static bool may_wait(struct machine *m)
{
    uint16_t op;
    const uint8_t *code = memory_at(m, core_register(m, 15), 2);
    if (!code)
        return false;
    memcpy(&op, code, sizeof op);
    return is_load(op) ? memory_at(m, load_address(m, op), 4) != NULL : is_harmless(op);
}

struct snapshot {
    uint32_t r[16], xpsr;
};

static struct snapshot look(struct machine *m)
{
    struct snapshot s;
    memset(&s, 0, sizeof s);
    for (unsigned i = 0; i < 16; i++)
        s.r[i] = core_register(m, i);
    s.xpsr = core_register(m, 16);
    return s;
}

bool idle_is_waiting(struct machine *m)
{
    if (system_advance(m) != CORE_NEVER || peripheral_advance(m) != CORE_NEVER || m->core.sleeping || m->core.locked_up)
        return false;
    for (int i = 0; i < LOOP_MAX; i++) { // once around: registers settle
        if (!may_wait(m) || core_step(m) != CORE_BUDGET)
            return false;
    }
    struct snapshot before = look(m);
    for (int i = 0; i < LOOP_MAX; i++) {
        if (!may_wait(m) || core_step(m) != CORE_BUDGET)
            return false;
        struct snapshot after = look(m);
        if (memcmp(&before, &after, sizeof before) == 0)
            return true;
    }
    return false;
}

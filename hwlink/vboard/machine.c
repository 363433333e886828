// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/machine.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

struct machine *machine_create(void)
{
    struct machine *m = calloc(1, sizeof *m);
    if (m && memory_init(m) == 0 && core_init(m) == 0) {
        machine_reset(m, 1);
        return m;
    }
    machine_destroy(m);
    return NULL;
}

void machine_destroy(struct machine *m)
{
    if (!m)
        return;
    core_finish(m);
    memory_finish(m);
    free(m);
}

void machine_reset(struct machine *m, int power)
{
    if (power) {
        memset(m->memory.sram, 0, SRAM_BYTES);
        memset(m->memory.sram4, 0, SRAM4_BYTES);
        core_invalidate_all(m);
    }
    icache_reset(m);
    peripheral_reset(m, power);
    system_reset(m);
    core_reset(m);
    debug_reset(m, power);
}

void machine_pass(struct machine *m, uint64_t cycles)
{
    m->core.time += cycles << CORE_TIME_BITS;
    m->core.counts.sleep_time += cycles << CORE_TIME_BITS;
    system_advance(m);
    peripheral_advance(m);
}

void machine_note_unknown(struct machine *m, const char *what, uint32_t address, uint32_t value)
{
    for (unsigned i = 0; i < m->notes; i++)
        if (m->noted[i] == address)
            return;
    if (m->notes == MACHINE_NOTES_MAX)
        return;
    m->noted[m->notes++] = address;
    log_info("%s 0x%08x (0x%08x) is not modelled", what, (unsigned)address, (unsigned)value);
}

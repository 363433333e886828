// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/icache.h"

#include "hwlink/vboard/machine.h"
#include "hwlink/vboard/timing.h"

#include <string.h>

#define SETS (ICACHE_LINES / 2)

void icache_empty(struct machine *m)
{
    memset(m->icache.tag, 0, sizeof m->icache.tag);
    memset(m->icache.recent, 0, sizeof m->icache.recent); // what follows must not depend on what was before
    m->icache.last_line = UINT32_MAX - 1;
    m->core.line = UINT32_MAX;
}

void icache_reset(struct machine *m)
{
    m->icache = (struct icache){.ways = 2};
    icache_empty(m);
}

void icache_configure(struct machine *m, int enabled, int ways)
{
    if (enabled == m->icache.enabled && ways == m->icache.ways)
        return;
    m->icache.enabled = enabled;
    m->icache.ways = ways;
    icache_empty(m);
}

void icache_flash_timing(struct machine *m, int wait_states, int prefetch)
{
    struct icache *i = &m->icache;
    i->wait_states = wait_states;
    i->prefetch = prefetch;
    i->miss_time = (uint32_t)wait_states * TIMING_MISS_PER_WAIT_STATE;
    i->next_miss_time = prefetch ? (uint32_t)wait_states * TIMING_NEXT_MISS_PER_WAIT_STATE : i->miss_time;
}

/* From the flash array; the line after the last one may have been prefetched, the last one itself is still there. */
static uint32_t read_array(struct machine *m, uint32_t line)
{
    struct icache *i = &m->icache;
    uint32_t after = line - i->last_line;
    i->last_line = line;
    m->core.counts.flash_fetches++;
    return after == 0 ? 0 : after == 1 ? i->next_miss_time : i->miss_time;
}

static uint32_t read_direct_mapped(struct machine *m, uint32_t line)
{
    uint32_t *tag = &m->icache.tag[line % ICACHE_LINES];
    if (*tag == line + 1) {
        m->core.counts.cache_hits++;
        return 0;
    }
    *tag = line + 1;
    m->core.counts.cache_misses++;
    return read_array(m, line);
}

uint32_t icache_read(struct machine *m, uint32_t line)
{
    struct icache *i = &m->icache;
    if (!i->enabled)
        return read_array(m, line);
    if (i->ways == 1)
        return read_direct_mapped(m, line);
    uint32_t set = line % SETS;
    for (uint32_t way = 0; way < 2; way++) {
        if (i->tag[way * SETS + set] == line + 1) {
            i->recent[set] = (uint8_t)way;
            m->core.counts.cache_hits++;
            return 0;
        }
    }
    uint32_t victim = !i->recent[set];
    i->tag[victim * SETS + set] = line + 1;
    i->recent[set] = (uint8_t)victim;
    m->core.counts.cache_misses++;
    return read_array(m, line);
}

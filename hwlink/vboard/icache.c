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
    memset(m->icache.direct, 0, sizeof m->icache.direct);
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
static uint32_t read_array(struct core *c, struct icache *i, uint32_t line)
{
    uint32_t after = line - i->last_line;
    i->last_line = line;
    c->counts.flash_fetches++;
    return after == 0 ? 0 : after == 1 ? i->next_miss_time : i->miss_time;
}

static uint32_t miss(struct core *c, struct icache *i, uint32_t line)
{
    c->counts.cache_misses++;
    return read_array(c, i, line);
}

static uint32_t read_direct_mapped(struct core *c, struct icache *i, uint32_t line)
{
    uint32_t *tag = &i->direct[line % ICACHE_LINES];
    if (*tag == line + 1) {
        c->counts.cache_hits++;
        return 0;
    }
    *tag = line + 1;
    return miss(c, i, line);
}

uint32_t icache_read(struct core *c, struct icache *i, uint32_t line)
{
    if (!i->enabled)
        return read_array(c, i, line);
    if (i->ways == 1)
        return read_direct_mapped(c, i, line);
    uint32_t *first = &i->tag[line % SETS * 2], *second = first + 1;
    int hit = *second == line + 1;
    if (*first != line + 1) {
        *second = *first;
        *first = line + 1;
        if (!hit)
            return miss(c, i, line);
    }
    c->counts.cache_hits++;
    return 0;
}

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

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void icache_flash_timing(struct machine *m, int wait_states, int prefetch)
{
    struct icache *i = &m->icache;
    uint32_t wait = (uint32_t)wait_states * TIMING_CYCLE, data = wait + TIMING_REFILL;
    i->wait_states = wait_states;
    i->prefetch = prefetch;
    i->code = (struct icache_miss){wait, prefetch ? wait / TIMING_CODE_PREFETCH : wait};
    i->data = (struct icache_miss){data, prefetch ? least(data, TIMING_REFILL_PREFETCHED) : data};
}

/* From the flash array; the line after the last one may have been prefetched, the last one itself is still there. */
static uint32_t read_array(struct core *c, struct icache *i, uint32_t line, const struct icache_miss *miss)
{
    uint32_t after = line - i->last_line;
    i->last_line = line;
    c->counts.flash_fetches++;
    return after == 0 ? 0 : after == 1 ? miss->next : miss->far;
}

static uint32_t miss(struct core *c, struct icache *i, uint32_t line, const struct icache_miss *time)
{
    c->counts.cache_misses++;
    return read_array(c, i, line, time);
}

static uint32_t read_direct_mapped(struct core *c, struct icache *i, uint32_t line, const struct icache_miss *time)
{
    uint32_t *tag = &i->direct[line % ICACHE_LINES];
    if (*tag == line + 1) {
        c->counts.cache_hits++;
        return 0;
    }
    *tag = line + 1;
    return miss(c, i, line, time);
}

static uint32_t read_line(struct core *c, struct icache *i, uint32_t line, const struct icache_miss *time)
{
    if (!i->enabled)
        return read_array(c, i, line, time);
    if (i->ways == 1)
        return read_direct_mapped(c, i, line, time);
    uint32_t *first = &i->tag[line % SETS * 2], *second = first + 1;
    int hit = *second == line + 1;
    if (*first != line + 1) {
        *second = *first;
        *first = line + 1;
        if (!hit)
            return miss(c, i, line, time);
    }
    c->counts.cache_hits++;
    return 0;
}

uint32_t icache_read(struct core *c, struct icache *i, uint32_t line)
{
    return read_line(c, i, line, &i->code);
}

uint32_t icache_read_data(struct core *c, struct icache *i, uint32_t line)
{
    return read_line(c, i, line, &i->data);
}

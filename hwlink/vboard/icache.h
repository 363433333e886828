// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Reads from flash: the 8 KB instruction cache of the U5, wait states and prefetch. It knows tags, never data.
#ifndef PARE_HWLINK_VBOARD_ICACHE_H
#define PARE_HWLINK_VBOARD_ICACHE_H

#include "hwlink/vboard/core.h"

#include <stdint.h>

struct machine;

#define ICACHE_LINES 512u // of 16 bytes (RM0456: 8 Kbytes, 128-bit lines)
#define ICACHE_LINE_BITS 4

struct icache {
    /* Line number + 1, 0 is empty. Two ways: a set's two side by side, the one used last first. One way: at line % 512. Only one
     * of them is in use, the other is empty. */
    uint32_t tag[ICACHE_LINES], direct[ICACHE_LINES];
    uint32_t last_line;               // read from flash last: the next one has been prefetched
    int enabled, ways;                // 1 or 2
    int wait_states, prefetch;        // FLASH_ACR LATENCY and PRFTEN
    struct icache_miss {
        uint32_t far, next; // 1/256 cycles: any line, and the one after the line read last
    } code, data;
};

/* As after reset: cache off, 2 ways, no wait states, no prefetch. */
void icache_reset(struct machine *m);

/* From ICACHE_CR EN and WAYSEL (ways 1 or 2). Switching it off, or another number of ways, empties it. */
void icache_configure(struct machine *m, int enabled, int ways);

/* ICACHE_CR CACHEINV; also whenever flash contents change by hand. */
void icache_empty(struct machine *m);

/* From FLASH_ACR. */
void icache_flash_timing(struct machine *m, int wait_states, int prefetch);

/* The C-bus reads `line` (address / 16) of flash, for an instruction or for data: counts, keeps the tags. Returns the stall in 1/256
 * cycles. */
uint32_t icache_read(struct core *c, struct icache *i, uint32_t line);
uint32_t icache_read_data(struct core *c, struct icache *i, uint32_t line);

/* The common case of it, without a stall: the line was used last in its set. Returns 0 where icache_read must be asked. */
static inline int icache_hit(struct core *c, const struct icache *i, uint32_t line)
{
    if (__builtin_expect(i->tag[line % (ICACHE_LINES / 2) * 2] != line + 1, 0))
        return 0;
    c->counts.cache_hits++;
    return 1;
}

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// GPDMA1 as firmware uses it: memory to memory, linked lists, and the requests of the serial ports and of timers' updates. A transfer takes no time. Source: RM0456 chapter 17.
#ifndef PARE_HWLINK_VBOARD_GPDMA_H
#define PARE_HWLINK_VBOARD_GPDMA_H

#include <stdbool.h>
#include <stdint.h>

#define GPDMA_BASE 0x40020000u
#define GPDMA_BYTES 0x1000u
#define GPDMA_CHANNELS 16
#define GPDMA_UNITS_MAX 1000000u // moved without a pause: a circular list in memory has no end

struct machine;

struct gpdma_channel {
    uint32_t lbar, sr, cr, tr1, tr2, br1, sar, dar, tr3, br2, llr;
    uint32_t block; // bytes of the present block
};

struct gpdma {
    struct gpdma_channel channels[GPDMA_CHANNELS];
    bool running; // what it writes may be its own registers
};

void gpdma_reset(struct gpdma *d);
uint32_t gpdma_read(const struct gpdma *d, uint32_t offset);
void gpdma_write(struct machine *m, uint32_t offset, uint32_t value);

/* Moves what can be moved: all of it for a request by software, what the serial ports ask for now. Returns whether anything was: it may have been
 * written to a register of any peripheral. */
bool gpdma_run(struct machine *m);

unsigned gpdma_irq(int channel);                         // number of its line
int gpdma_irq_level(const struct gpdma *d, int channel);

#endif

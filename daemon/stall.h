// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How long the loop was ever kept from polling: one turn's time without what it waited for.
#ifndef PARE_DAEMON_STALL_H
#define PARE_DAEMON_STALL_H

#include <stdint.h>
#include <uv.h>

struct stall {
    uv_check_t check; // after each poll
    uint64_t last_ns, idle_ns, worst_ns;
};

/* The loop must be fresh: it is made to count its idle time. Does not keep the loop alive. */
void stall_init(struct stall *s, uv_loop_t *loop);
void stall_close(struct stall *s); // asynchronous: `s` must live until the loop has ended

#endif

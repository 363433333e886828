// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How long the loop was ever kept from polling by what it did itself: one turn's time without what it waited for, and without what the
// machine gave to other programs (the kernel counts that: schedstat, "time spent waiting on a runqueue").
#ifndef PARE_DAEMON_STALL_H
#define PARE_DAEMON_STALL_H

#include <stdint.h>
#include <uv.h>

struct stall {
    uv_check_t check; // after each poll
    uint64_t last_ns, idle_ns, queued_ns, worst_ns;
    int schedstat;    // descriptor; -1: this kernel does not count
};

/* In the loop's thread; the loop is made to count its idle time. Does not keep the loop alive; the owner
 * closes `check`, then calls stall_finish. */
void stall_init(struct stall *s, uv_loop_t *loop);
void stall_finish(struct stall *s);

#endif

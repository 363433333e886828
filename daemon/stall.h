// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// How long the loop was ever kept from polling: one turn's time without what it waited for.
#ifndef PARE_DAEMON_STALL_H
#define PARE_DAEMON_STALL_H

#include <stdint.h>
#include <uv.h>

struct stall {
    uv_check_t check; // after each poll
    uint64_t last_ns, idle_ns, worked_ns, worst_ns;
};

/* The loop is made to count its idle time. Does not keep the loop alive; the owner closes `check`. */
void stall_init(struct stall *s, uv_loop_t *loop);

#endif

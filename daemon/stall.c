// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/stall.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOUD_NS 50000000u // a turn of this length is worth a line

/* What this thread has waited for a processor since it began. "RUN_NS QUEUED_NS SLICES" */
static uint64_t queued(const struct stall *s)
{
    char text[96], *second;
    ssize_t n = s->schedstat >= 0 ? pread(s->schedstat, text, sizeof text - 1, 0) : -1;
    if (n <= 0)
        return 0;
    text[n] = '\0';
    strtoull(text, &second, 10);
    return strtoull(second, NULL, 10);
}

/* The wait for a processor after a poll counts as idle for libuv and as queued for the kernel: it is taken off twice then, so that
 * on a crowded machine a turn may look shorter than it was, never longer. */
static void on_check(uv_check_t *check)
{
    struct stall *s = check->data;
    uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(check->loop), waited_for = queued(s);
    uint64_t turn = now - s->last_ns, others = idle - s->idle_ns + waited_for - s->queued_ns;
    uint64_t kept = s->last_ns && turn > others ? turn - others : 0;
    if (kept > s->worst_ns)
        s->worst_ns = kept;
    if (kept > LOUD_NS)
        log_warning("the loop was kept for %u ms", (unsigned)(kept / 1000000));
    s->last_ns = uv_hrtime(); // reading the statistics is not the loop's work, nor is what the kernel puts in between
    s->idle_ns = idle;
    s->queued_ns = waited_for;
}

void stall_init(struct stall *s, uv_loop_t *loop)
{
    char path[64];
    *s = (struct stall){.last_ns = 0};
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", (int)gettid());
    s->schedstat = open(path, O_RDONLY | O_CLOEXEC);
    uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    uv_check_init(loop, &s->check);
    s->check.data = s;
    uv_check_start(&s->check, on_check);
    uv_unref((uv_handle_t *)&s->check);
}

void stall_finish(struct stall *s)
{
    if (s->schedstat >= 0)
        close(s->schedstat);
}

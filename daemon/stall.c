// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/stall.h"

#include "base/log.h"

#include <time.h>

#define LOUD_NS 50000000u // a turn of this length is worth a line

/* What the loop's own thread has worked. */
static uint64_t worked_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void on_check(uv_check_t *check)
{
    struct stall *s = check->data;
    uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(check->loop);
    uint64_t worked = worked_ns(), turn = now - s->last_ns, waited = idle - s->idle_ns;
    uint64_t kept = s->last_ns && turn > waited ? turn - waited : 0;
    if (kept > s->worst_ns)
        s->worst_ns = kept;
    if (kept > LOUD_NS)
        log_warning("the loop was kept for %u ms, %u of them by its own work", (unsigned)(kept / 1000000),
                    (unsigned)((worked - s->worked_ns) / 1000000));
    s->last_ns = now;
    s->worked_ns = worked;
    s->idle_ns = idle;
}

void stall_init(struct stall *s, uv_loop_t *loop)
{
    *s = (struct stall){.last_ns = 0};
    uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    uv_check_init(loop, &s->check);
    s->check.data = s;
    uv_check_start(&s->check, on_check);
    uv_unref((uv_handle_t *)&s->check);
}

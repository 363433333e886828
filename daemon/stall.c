// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "daemon/stall.h"

static void on_check(uv_check_t *check)
{
    struct stall *s = check->data;
    uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(check->loop);
    uint64_t turn = now - s->last_ns, waited = idle - s->idle_ns;
    if (s->last_ns && turn > waited && turn - waited > s->worst_ns)
        s->worst_ns = turn - waited;
    s->last_ns = now;
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

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/meter_port.h"

#include "hwlink/serial_port.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int meter_port_open(struct meter_port *p, uv_loop_t *loop, const char *path, uint32_t baud, void *meter, struct error *e)
{
    p->fd = serial_port_open(path, baud, e);
    if (p->fd < 0)
        return error_wrap(e, "meter");
    if (uv_poll_init(loop, &p->poll, p->fd) != 0) {
        close(p->fd);
        return error_set(e, "meter: %s cannot be watched", path);
    }
    uv_timer_init(loop, &p->timer);
    uv_timer_init(loop, &p->deadline);
    p->poll.data = p->timer.data = p->deadline.data = meter;
    p->open_handles = 3;
    return 0;
}

ptrdiff_t meter_port_read(struct meter_port *p, int status, int events, void *bytes, size_t size, const char **why)
{
    ssize_t n = status == 0 && (events & UV_READABLE) ? read(p->fd, bytes, size) : -1;
    if (n > 0)
        return n;
    if (n < 0 && status == 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    *why = status < 0 ? uv_strerror(status) : n < 0 ? strerror(errno) : "";
    return -1;
}

void meter_port_write(struct meter_port *p, const void *bytes, size_t size)
{
    ssize_t sent = write(p->fd, bytes, size);
    (void)sent;
}

void meter_port_stop(struct meter_port *p)
{
    uv_timer_stop(&p->timer);
    uv_timer_stop(&p->deadline);
    uv_poll_stop(&p->poll);
}

static void on_closed(uv_handle_t *handle)
{
    void *meter = handle->data;
    struct meter_port *p = meter; // its first member
    if (--p->open_handles > 0)
        return;
    close(p->fd);
    if (p->closed)
        p->closed(p->closed_user);
    p->free_meter(meter);
}

void meter_port_close(struct meter_port *p, void (*free_meter)(void *meter), void (*closed)(void *user), void *user)
{
    p->free_meter = free_meter;
    p->closed = closed;
    p->closed_user = user;
    uv_close((uv_handle_t *)&p->poll, on_closed);
    uv_close((uv_handle_t *)&p->timer, on_closed);
    uv_close((uv_handle_t *)&p->deadline, on_closed);
}

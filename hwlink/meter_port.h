// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What every meter on a serial port has on the loop: the port, a timer for its present step and one for the whole measurement.
#ifndef PARE_HWLINK_METER_PORT_H
#define PARE_HWLINK_METER_PORT_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* The first member of a meter. */
struct meter_port {
    uv_poll_t poll;
    uv_timer_t timer, deadline; // `data` of all three is the meter
    int fd, open_handles;
    void (*free_meter)(void *meter);
    void (*closed)(void *user);
    void *closed_user;
};

/* Returns 0, or -1 with the reason and nothing to be closed. */
int meter_port_open(struct meter_port *p, uv_loop_t *loop, const char *path, uint32_t baud, void *meter, struct error *e);

/* Reads what is there. Returns its bytes (0: nothing yet), or -1 when the port is gone, with the reason. For the callback of `poll`. */
ptrdiff_t meter_port_read(struct meter_port *p, int status, int events, void *bytes, size_t size, const char **why);

/* What is not sent is not answered: a deadline sees it. */
void meter_port_write(struct meter_port *p, const void *bytes, size_t size);

/* No callback but `closed` (may be NULL), after which `free_meter` frees the meter and with it `p`. */
void meter_port_close(struct meter_port *p, void (*free_meter)(void *meter), void (*closed)(void *user), void *user);

void meter_port_stop(struct meter_port *p); // both timers and the reading

#endif

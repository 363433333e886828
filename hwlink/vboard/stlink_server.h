// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The TCP server that OpenOCD's `st-link backend tcp` talks to, in place of ST's stlink-server: probes by serial on one port, bound to
// 127.0.0.1, a thread per connection. Protocol: stlink-server API 3, as OpenOCD 0.12 uses it.
#ifndef PARE_HWLINK_VBOARD_STLINK_SERVER_H
#define PARE_HWLINK_VBOARD_STLINK_SERVER_H

#include "base/error.h"
#include "hwlink/vboard/vboard.h"

#define STLINK_SERVER_CONNECTIONS_MAX 256

struct stlink_server;

/* Listens on `port` (0: any free one) for `n` boards, which stay the caller's. Returns NULL with the reason. */
struct stlink_server *stlink_server_open(struct vboard **boards, int n, int port, struct error *e);

int stlink_server_port(const struct stlink_server *s);

/* Ends all connections and their threads. */
void stlink_server_close(struct stlink_server *s);

#endif

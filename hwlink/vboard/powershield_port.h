// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A board's meter on a pseudo-terminal, served by a thread.
#ifndef PARE_HWLINK_VBOARD_POWERSHIELD_PORT_H
#define PARE_HWLINK_VBOARD_POWERSHIELD_PORT_H

#include "base/error.h"
#include "hwlink/vboard/vboard.h"

struct powershield_port;

/* Opens a pseudo-terminal for the board's meter and serves it. Returns NULL with the reason. */
struct powershield_port *powershield_port_open(struct vboard *b, struct error *e);

const char *powershield_port_path(const struct powershield_port *p); // "/dev/pts/3", valid while it is open
void powershield_port_close(struct powershield_port *p);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A serial port in raw mode at any speed.
#ifndef PARE_HWLINK_SERIAL_PORT_H
#define PARE_HWLINK_SERIAL_PORT_H

#include "base/error.h"

#include <stdint.h>

/* Opens a tty (or pseudo-terminal) non-blocking, raw, exclusively for this process's use by convention (TIOCEXCL).
 * Returns the descriptor, which the caller closes, or -1 with the reason. */
int serial_port_open(const char *path, uint32_t baud, struct error *e);

#endif

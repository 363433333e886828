// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A pseudo-terminal: what programs of the host open as they would a real instrument or a real serial port.
#ifndef PARE_HWLINK_VBOARD_TERMINAL_H
#define PARE_HWLINK_VBOARD_TERMINAL_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define TERMINAL_PATH_MAX 64

struct terminal {
    int master;                   // does not block
    int slave;                    // held open so that the terminal outlives its users
    char path[TERMINAL_PATH_MAX]; // for them
};

/* A raw one. Returns 0, or -1 with the reason; close it in either case. */
int terminal_open(struct terminal *t, struct error *e);
void terminal_close(struct terminal *t);

/* One byte for the user. Where nobody reads and the terminal is full, it is lost, as on a line that nobody listens to. */
void terminal_put(struct terminal *t, uint8_t byte);

/* What the user has typed, at most `size` bytes; waits for something if `wait`. Returns how many; 0 after a signal. */
size_t terminal_take(struct terminal *t, void *bytes, size_t size, int wait);

#endif

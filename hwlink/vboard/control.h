// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The control socket of `pare-vboard serve`: orders faults in lines of JSON (docs/virtual-board.md), and the emulated USB ports.
#ifndef PARE_HWLINK_VBOARD_CONTROL_H
#define PARE_HWLINK_VBOARD_CONTROL_H

#include "base/error.h"
#include "hwlink/vboard/vboard.h"

#define CONTROL_CLIENTS_MAX 8
#define CONTROL_LINE_MAX 4096u
#define CONTROL_BOARDS_MAX 64 // each has a USB port, which takes a descriptor

struct control;

/* Serves `n` boards, which stay the caller's, in a thread of its own. `socket_path` NULL: no socket. `state` NULL: no USB ports.
 * Returns NULL with the reason. */
struct control *control_open(struct vboard **boards, int n, const char *socket_path, const char *state, struct error *e);

/* Carries out one line. Returns the answer, one line of JSON without its end, on the heap; never NULL. */
char *control_line(struct control *c, const char *line);

void control_close(struct control *c); // removes the socket

#endif

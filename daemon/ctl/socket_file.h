// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Where the socket is, and what to do about one that is already there.
#ifndef PARE_DAEMON_CTL_SOCKET_FILE_H
#define PARE_DAEMON_CTL_SOCKET_FILE_H

#include "base/error.h"

#include <stddef.h>

#define SOCKET_PATH_MAX 108 // sun_path of unix(7), with the NUL

/* The default: /run/pare/pared.sock for root, else $XDG_RUNTIME_DIR/pare/pared.sock. PARE_SOCKET comes before both.
 * Returns 0, or -1 with the reason (too long, XDG_RUNTIME_DIR is not set). */
int socket_file_default(char path[SOCKET_PATH_MAX], struct error *e);

/* Makes room for a new socket: removes one on which nobody listens. Returns 0, or -1: a service answers there, or the file
 * is no socket. Two services that do this at once are kept apart by the database's lock, not here. */
int socket_file_clear(const char *path, struct error *e);

#endif

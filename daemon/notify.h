// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One datagram to systemd (sd_notify(3)), if it wants any.
#ifndef PARE_DAEMON_NOTIFY_H
#define PARE_DAEMON_NOTIFY_H

/* Sends "READY=1" and the like to $NOTIFY_SOCKET; does nothing without it. */
void notify(const char *state);

#endif

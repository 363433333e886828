// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The part of /sys/bus/usb/devices that tells where a probe is plugged in and can cut its port's supply, as a folder: DEVICE/serial, and
// HUB/HUB-portN/disable as a FIFO that takes "1" and "0". Source: Linux, Documentation/ABI/testing/sysfs-bus-usb.
#ifndef PARE_HWLINK_VBOARD_USBTREE_H
#define PARE_HWLINK_VBOARD_USBTREE_H

#include "base/error.h"

#define USBTREE_PORTS 99 // of the one root hub

/* Makes "STATE/usb" with port `port` (1..): its FIFO, opened for reading without blocking. Returns the descriptor, or -1 with the reason. */
int usbtree_add_port(const char *state, int port, struct error *e);

/* The probe `serial` is seen on `port`, or no more. */
int usbtree_plug(const char *state, int port, const char *serial, struct error *e);
void usbtree_unplug(const char *state, int port);

#endif

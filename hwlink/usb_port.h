// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Where a probe is plugged in, and its port's supply, as the kernel shows them. Source: Linux, Documentation/ABI/testing/sysfs-bus-usb
// and sysfs-bus-usb "portX/disable" (since 6.0). A location is a bus and ports: "1-2.3".
#ifndef PARE_HWLINK_USB_PORT_H
#define PARE_HWLINK_USB_PORT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define USB_PORT_DEVICES "/sys/bus/usb/devices"
#define USB_PORT_LOCATION_MAX 32

/* Whether `location` has the form BUS-PORT[.PORT...]. */
bool usb_port_is_location(const char *location);

/* Whether the probe `serial` is at `location`. Returns 0 if it is, 1 if nothing is there, 2 if another device is; then `e` says what is
 * there, and where the serial was found instead, if anywhere. */
int usb_port_check(const char *devices, const char *location, const char *serial, struct error *e);

/* Cuts the port's supply, or gives it back. Returns 0, or -1 with the reason (no right to, no such port, an older kernel). */
int usb_port_switch(const char *devices, const char *location, bool on, struct error *e);

#endif

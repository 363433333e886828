// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/usb_port.h"

#include "hwlink/board_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES (2 * BOARD_PATH_MAX)

bool usb_port_is_location(const char *location)
{
    size_t bus = strspn(location, "0123456789"), n = strlen(location);
    const char *ports = location + bus + 1;
    return bus > 0 && location[bus] == '-' && n < USB_PORT_LOCATION_MAX && ports[0] >= '1' && ports[0] <= '9' &&
           strspn(ports, "0123456789.") == strlen(ports) && !strstr(ports, "..") && location[n - 1] != '.';
}

/* One line of a small file; empty if it cannot be read. */
static void read_line(const char *path, char *line, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, line, size - 1) : 0;
    if (fd >= 0)
        close(fd);
    line[n > 0 ? n : 0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
}

static void serial_at(const char *devices, const char *location, char serial[BOARD_NAME_MAX])
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.200s/%.60s/serial", devices, location);
    read_line(path, serial, BOARD_NAME_MAX);
}

/* The location of `serial`, or "" if it is not plugged in. */
static void find(const char *devices, const char *serial, char location[USB_PORT_LOCATION_MAX])
{
    char there[BOARD_NAME_MAX];
    struct dirent *entry;
    DIR *d = opendir(devices);
    location[0] = '\0';
    while (d && (entry = readdir(d)) != NULL) {
        if (!usb_port_is_location(entry->d_name))
            continue;
        serial_at(devices, entry->d_name, there);
        if (strcmp(there, serial) == 0)
            snprintf(location, USB_PORT_LOCATION_MAX, "%.31s", entry->d_name);
    }
    if (d)
        closedir(d);
}

int usb_port_check(const char *devices, const char *location, const char *serial, struct error *e)
{
    char there[BOARD_NAME_MAX], elsewhere[USB_PORT_LOCATION_MAX], also[96] = "";
    serial_at(devices, location, there);
    if (strcmp(there, serial) == 0)
        return 0;
    find(devices, serial, elsewhere);
    if (elsewhere[0])
        snprintf(also, sizeof also, "; it is at USB %s now", elsewhere);
    if (there[0])
        error_set(e, "probe %s should be at USB %s, where %s is%s", serial, location, there, also);
    else
        error_set(e, "probe %s should be at USB %s, where none is%s", serial, location, also);
    return there[0] ? 2 : 1;
}

/* "1-2.3" is port 3 of hub 1-2; "1-3" is port 3 of the root hub of bus 1. */
static void port_path(const char *devices, const char *location, char *path, size_t size)
{
    const char *dot = strrchr(location, '.');
    int bus = (int)strcspn(location, "-");
    if (dot)
        snprintf(path, size, "%.200s/%.*s:1.0/%.*s-port%s/disable", devices, (int)(dot - location), location,
                 (int)(dot - location), location, dot + 1);
    else
        snprintf(path, size, "%.200s/%.*s-0:1.0/usb%.*s-port%s/disable", devices, bus, location, bus, location,
                 location + bus + 1);
}

int usb_port_switch(const char *devices, const char *location, bool on, struct error *e)
{
    char path[PATH_BYTES];
    port_path(devices, location, path, sizeof path);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? write(fd, on ? "0\n" : "1\n", 2) : -1;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    return n == 2 ? 0 : error_set(e, "%s: %s", path, strerror(cause));
}

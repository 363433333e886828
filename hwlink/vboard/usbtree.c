// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/usbtree.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096

int usbtree_add_port(const char *state, int port, struct error *e)
{
    char folder[PATH_MAX_BYTES], path[PATH_MAX_BYTES + 16];
    int n = snprintf(folder, sizeof folder, "%s/usb/1-0:1.0/usb1-port%d", state, port);
    if (n >= (int)sizeof folder)
        return error_set(e, "%s: the path is too long", state);
    if (file_make_folder(folder, e) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/disable", folder);
    unlink(path);
    int fd = mkfifo(path, 0600) == 0 ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
    return fd >= 0 ? fd : error_set(e, "%s: %s", path, strerror(errno));
}

int usbtree_plug(const char *state, int port, const char *serial, struct error *e)
{
    char folder[PATH_MAX_BYTES], path[PATH_MAX_BYTES + 16], line[64];
    int n = snprintf(folder, sizeof folder, "%s/usb/1-%d", state, port);
    if (n >= (int)sizeof folder)
        return error_set(e, "%s: the path is too long", state);
    if (file_make_folder(folder, e) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/serial", folder);
    snprintf(line, sizeof line, "%s\n", serial);
    return file_write(path, line, strlen(line), e);
}

void usbtree_unplug(const char *state, int port)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/usb/1-%d/serial", state, port);
    unlink(path);
    snprintf(path, sizeof path, "%s/usb/1-%d", state, port);
    rmdir(path);
}

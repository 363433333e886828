// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// termios2, because the meter's 3,686,400 baud has no B constant.
#include "hwlink/serial_port.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int serial_port_open(const char *path, uint32_t baud, struct error *e)
{
    struct termios2 t;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, "%s: %s", path, strerror(errno));
    if (ioctl(fd, TCGETS2, &t) != 0) {
        close(fd);
        return error_set(e, "%s is no terminal", path);
    }
    t.c_iflag = 0;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    t.c_ispeed = t.c_ospeed = baud;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (ioctl(fd, TCSETS2, &t) != 0) {
        int cause = errno;
        close(fd);
        return error_set(e, "%s: %s", path, strerror(cause));
    }
    ioctl(fd, TIOCEXCL);
    ioctl(fd, TCFLSH, TCIOFLUSH);
    return fd;
}

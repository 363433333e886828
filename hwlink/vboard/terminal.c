// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int open_both(struct terminal *t)
{
    struct termios settings;
    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->master < 0 || grantpt(t->master) != 0 || unlockpt(t->master) != 0 ||
        ptsname_r(t->master, t->path, sizeof t->path) != 0)
        return -1;
    t->slave = open(t->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->slave < 0 || tcgetattr(t->slave, &settings) != 0)
        return -1;
    cfmakeraw(&settings);
    if (tcsetattr(t->slave, TCSANOW, &settings) != 0)
        return -1;
    return fcntl(t->master, F_SETFL, O_RDWR | O_NONBLOCK);
}

int terminal_open(struct terminal *t, struct error *e)
{
    t->master = t->slave = -1;
    if (open_both(t) != 0)
        return error_set(e, "a pseudo-terminal: %s", strerror(errno));
    return 0;
}

void terminal_close(struct terminal *t)
{
    if (t->master >= 0)
        close(t->master);
    if (t->slave >= 0)
        close(t->slave);
    t->master = t->slave = -1;
}

void terminal_put(struct terminal *t, uint8_t byte)
{
    ssize_t n = write(t->master, &byte, 1);
    (void)n;
}

size_t terminal_take(struct terminal *t, void *bytes, size_t size, int wait)
{
    struct pollfd fd = {t->master, POLLIN, 0};
    if (wait && poll(&fd, 1, -1) < 0)
        return 0;
    ssize_t n = read(t->master, bytes, size);
    return n > 0 ? (size_t)n : 0;
}

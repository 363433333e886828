// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/powershield_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PIECE_BYTES 4096u

struct powershield_port {
    struct vboard *board;
    pthread_t thread;
    int master, slave, quit; // the slave is held open so that the terminal outlives its users; quit is an eventfd
    char path[POWERSHIELD_PATH_MAX];
    uint8_t piece[PIECE_BYTES]; // on its way out
    size_t size, sent;
};

/* What the host has written. */
static int take_input(struct powershield_port *p)
{
    uint8_t bytes[512];
    ssize_t n = read(p->master, bytes, sizeof bytes);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR || errno == EIO ? 0 : -1;
    ioctl(p->slave, TIOCNXCL); // a user that died without a word must not lock the next one out
    vboard_enter(p->board);
    if (!p->board->meter_silent)
        powershield_take(&p->board->meter, bytes, (size_t)n);
    vboard_touch(p->board);
    vboard_leave(p->board);
    return 0;
}

/* Takes the next piece of what the meter says. A piece that is under way when the host says "stop" still goes out, as on the wire. */
static void next_piece(struct powershield_port *p)
{
    struct buffer *out = &p->board->meter.out;
    vboard_enter(p->board);
    p->size = out->size < PIECE_BYTES ? out->size : PIECE_BYTES;
    p->sent = 0;
    if (p->size > 0)
        memcpy(p->piece, out->data, p->size);
    buffer_consume(out, p->size);
    vboard_leave(p->board);
}

/* Sends until the terminal is full or nothing is left. */
static void send_output(struct powershield_port *p)
{
    for (;;) {
        if (p->sent == p->size)
            next_piece(p);
        if (p->size == 0)
            return;
        ssize_t n = write(p->master, p->piece + p->sent, p->size - p->sent);
        if (n <= 0)
            return;
        p->sent += (size_t)n;
    }
}

static void *serve(void *port)
{
    struct powershield_port *p = port;
    struct pollfd fds[3] = {{p->master, POLLIN, 0}, {p->board->meter_wake, POLLIN, 0}, {p->quit, POLLIN, 0}};
    uint64_t count;
    for (;;) {
        fds[0].events = (short)(POLLIN | (p->sent < p->size ? POLLOUT : 0));
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[2].revents)
            return NULL;
        if (fds[1].revents && read(p->board->meter_wake, &count, sizeof count) < 0 && errno != EAGAIN)
            return NULL;
        if (fds[0].revents & POLLIN && take_input(p) != 0)
            return NULL;
        send_output(p);
    }
}

static int open_terminal(struct powershield_port *p)
{
    struct termios t;
    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->master < 0 || grantpt(p->master) != 0 || unlockpt(p->master) != 0 ||
        ptsname_r(p->master, p->path, sizeof p->path) != 0)
        return -1;
    p->slave = open(p->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->slave < 0 || tcgetattr(p->slave, &t) != 0)
        return -1;
    cfmakeraw(&t);
    if (tcsetattr(p->slave, TCSANOW, &t) != 0)
        return -1;
    return fcntl(p->master, F_SETFL, O_RDWR | O_NONBLOCK);
}

static void close_terminal(struct powershield_port *p)
{
    int fds[] = {p->master, p->slave, p->quit};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

struct powershield_port *powershield_port_open(struct vboard *b, struct error *e)
{
    struct powershield_port *p = calloc(1, sizeof *p);
    if (!p) {
        error_set(e, "out of memory");
        return NULL;
    }
    p->board = b;
    p->master = p->slave = -1;
    p->quit = eventfd(0, EFD_CLOEXEC);
    if (p->quit < 0 || open_terminal(p) != 0 || pthread_create(&p->thread, NULL, serve, p) != 0) {
        error_set(e, "a pseudo-terminal for %s: %s", b->serial, strerror(errno));
        close_terminal(p);
        free(p);
        return NULL;
    }
    return p;
}

const char *powershield_port_path(const struct powershield_port *p)
{
    return p->path;
}

void powershield_port_close(struct powershield_port *p)
{
    uint64_t one = 1;
    ssize_t n = write(p->quit, &one, sizeof one);
    (void)n;
    pthread_join(p->thread, NULL);
    close_terminal(p);
    free(p);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/powershield_port.h"

#include "hwlink/vboard/terminal.h"

#include <errno.h>
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
    struct terminal terminal;
    int quit; // an eventfd
    uint8_t piece[PIECE_BYTES]; // on its way out
    size_t size, sent;
};

/* What the host has written. */
static int take_input(struct powershield_port *p)
{
    uint8_t bytes[512];
    ssize_t n = read(p->terminal.master, bytes, sizeof bytes);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR || errno == EIO ? 0 : -1;
    ioctl(p->terminal.slave, TIOCNXCL); // a user that died without a word must not lock the next one out
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
        ssize_t n = write(p->terminal.master, p->piece + p->sent, p->size - p->sent);
        if (n <= 0)
            return;
        p->sent += (size_t)n;
    }
}

static void *serve(void *port)
{
    struct powershield_port *p = port;
    struct pollfd fds[3] = {{p->terminal.master, POLLIN, 0}, {p->board->meter_wake, POLLIN, 0}, {p->quit, POLLIN, 0}};
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

static void close_port(struct powershield_port *p)
{
    terminal_close(&p->terminal);
    if (p->quit >= 0)
        close(p->quit);
    free(p);
}

struct powershield_port *powershield_port_open(struct vboard *b, struct error *e)
{
    struct powershield_port *p = calloc(1, sizeof *p);
    if (!p) {
        error_set(e, "out of memory");
        return NULL;
    }
    p->board = b;
    p->quit = eventfd(0, EFD_CLOEXEC);
    int rc = terminal_open(&p->terminal, e);
    if (rc == 0 && (p->quit < 0 || pthread_create(&p->thread, NULL, serve, p) != 0))
        rc = error_set(e, "%s", strerror(errno));
    if (rc != 0) {
        error_wrap(e, "the meter of %s", b->serial);
        close_port(p);
        return NULL;
    }
    return p;
}

const char *powershield_port_path(const struct powershield_port *p)
{
    return p->terminal.path;
}

void powershield_port_close(struct powershield_port *p)
{
    uint64_t one = 1;
    ssize_t n = write(p->quit, &one, sizeof one);
    (void)n;
    pthread_join(p->thread, NULL);
    close_port(p);
}

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/stlink_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_REFRESH = 0, REQUEST_COUNT, REQUEST_INFO, REQUEST_OPEN, REQUEST_CLOSE, REQUEST_USB, REQUEST_VERSION };

#define USB_HEAD 32u
#define USB_WRITE 0
#define STATUS_OK 1u
#define STATUS_BAD 0x1002u
#define STATUS_OPEN_ERROR 0x1003u
#define STATUS_GONE 0x2001u
#define SERIAL_BINARY 12u
#define IDS_OF_ONE_PLUG 256u
#define HUNG_LOOK_MS 20
#define API_VERSION 3u // lets OpenOCD send batches

struct connection {
    struct stlink_server *server;
    pthread_t thread;
    int fd;
    bool used, over;
    struct vboard *board; // the one it has opened
    uint32_t plugs;       // of the board then: who is pulled out and plugged in again is another device
    uint8_t in[USB_HEAD + STLINK_DATA_MAX], out[4 + STLINK_DATA_MAX];
};

struct stlink_server {
    struct vboard **boards;
    int n, fd, port;
    pthread_t thread;
    pthread_mutex_t lock; // of the connections
    bool closing;
    struct connection *connections[STLINK_SERVER_CONNECTIONS_MAX];
};

static void put32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int receive(int fd, uint8_t *to, size_t n)
{
    while (n > 0) {
        ssize_t got = recv(fd, to, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        to += got;
        n -= (size_t)got;
    }
    return 0;
}

static int send_all(int fd, const uint8_t *from, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, from, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        from += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* --- the list of probes --- */

static struct vboard *plugged(const struct stlink_server *s, uint32_t index)
{
    for (int i = 0; i < s->n; i++)
        if (s->boards[i]->plugged && index-- == 0)
            return s->boards[i];
    return NULL;
}

static uint32_t count(const struct stlink_server *s)
{
    uint32_t n = 0;
    while (plugged(s, n))
        n++;
    return n;
}

/* Ids are places in the whole list, so that they stay when others are unplugged. */
static uint32_t id_of(const struct stlink_server *s, const struct vboard *b)
{
    uint32_t i = 0;
    while (s->boards[i] != b)
        i++;
    return b->plugs * IDS_OF_ONE_PLUG + i + 1;
}

/* stlink-server tells a serial of 12 bytes in hexadecimal, and OpenOCD compares with that (older probes have binary ones). */
static void put_serial(uint8_t *to, const char *serial)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = strlen(serial);
    for (size_t i = 0; i < n && n == SERIAL_BINARY; i++) {
        to[2 * i] = (uint8_t)digits[(uint8_t)serial[i] >> 4];
        to[2 * i + 1] = (uint8_t)digits[serial[i] & 15];
    }
    if (n != SERIAL_BINARY)
        memcpy(to, serial, n);
}

static void info(struct connection *c)
{
    struct vboard *b = plugged(c->server, c->in[1]);
    memset(c->out, 0, 45);
    put32(c->out, b ? STATUS_OK : STATUS_BAD);
    if (!b)
        return;
    put32(c->out + 4, id_of(c->server, b));
    put_serial(c->out + 8, b->serial);
    c->out[40] = STLINK_VID & 0xff, c->out[41] = STLINK_VID >> 8;
    c->out[42] = STLINK_PID & 0xff, c->out[43] = STLINK_PID >> 8;
    c->out[44] = b->link_users > 0; // a probe belongs to one at a time, as on USB
}

static void let_go(struct connection *c)
{
    struct vboard *b = c->board;
    if (!b)
        return;
    vboard_enter(b);
    b->link_users--;
    stlink_release(&b->stlink);
    fault_event(b, FAULT_TILL_REOPENED);
    vboard_leave(b);
    c->board = NULL;
}

static void open_probe(struct connection *c)
{
    uint32_t id = u32(c->in + 4), place = (id - 1) % IDS_OF_ONE_PLUG;
    struct vboard *b = id >= 1 && place < (uint32_t)c->server->n ? c->server->boards[place] : NULL;
    let_go(c);
    if (b) {
        vboard_enter(b);
        if (b->link_users == 0 && b->plugged && id_of(c->server, b) == id) {
            b->link_users = 1;
            c->board = b;
            c->plugs = b->plugs;
        }
        vboard_leave(b);
    }
    put32(c->out, c->board ? STATUS_OK : STATUS_OPEN_ERROR);
    put32(c->out + 4, id);
}

/* --- requests --- */

static bool is_hung(struct connection *c)
{
    struct vboard *b = c->board;
    vboard_enter(b);
    bool hung = b->hung && b->plugged && b->plugs == c->plugs;
    vboard_leave(b);
    return hung;
}

/* A probe that hangs neither answers nor lets go. Returns 0 when it works again, -1 when the host gives up. */
static int wait_while_hung(struct connection *c)
{
    struct pollfd look = {c->fd, POLLRDHUP, 0};
    while (is_hung(c))
        if (poll(&look, 1, HUNG_LOOK_MS) > 0)
            return -1;
    return 0;
}

/* Returns the answer's size, or -1 to end the connection. */
static int usb(struct connection *c)
{
    uint32_t size = u32(c->in + 28);
    bool writes = c->in[24] == USB_WRITE;
    if (size > STLINK_DATA_MAX || (writes && receive(c->fd, c->in + USB_HEAD, size) != 0))
        return -1;
    struct vboard *b = c->board;
    if (!b || wait_while_hung(c) != 0)
        return -1;
    vboard_enter(b);
    bool there = b->plugged && b->plugs == c->plugs;
    if (there && writes)
        stlink_write(&b->stlink, c->in + 8, c->in + USB_HEAD, size);
    else if (there)
        stlink_read(&b->stlink, c->in + 8, c->out + 4, size);
    there = there && b->plugged && b->plugs == c->plugs; // a fault may come in the midst of it
    vboard_leave(b);
    if (!there || wait_while_hung(c) != 0)
        return -1;
    put32(c->out, STATUS_OK);
    return (int)(4 + (writes ? 0 : size));
}

static int version(struct connection *c)
{
    put32(c->out, API_VERSION);
    put32(c->out + 4, 2);
    put32(c->out + 8, 1);
    put32(c->out + 12, 0);
    return 16;
}

static int carry_out(struct connection *c)
{
    switch (c->in[0]) {
    case REQUEST_VERSION:
        return version(c);
    case REQUEST_REFRESH:
        put32(c->out, STATUS_OK);
        return 4;
    case REQUEST_COUNT:
        put32(c->out, count(c->server));
        return 4;
    case REQUEST_INFO:
        info(c);
        return 45;
    case REQUEST_OPEN:
        open_probe(c);
        return 8;
    case REQUEST_CLOSE:
        let_go(c);
        put32(c->out, STATUS_OK);
        return 4;
    default:
        return usb(c);
    }
}

static void *serve(void *connection)
{
    static const uint8_t sizes[] = {2, 1, 8, 8, 8, USB_HEAD, 4}; // of requests; nothing else frames them
    struct connection *c = connection;
    while (receive(c->fd, c->in, 1) == 0) {
        if (c->in[0] >= sizeof sizes || receive(c->fd, c->in + 1, sizes[c->in[0]] - 1u) != 0)
            break;
        int n = carry_out(c);
        if (n < 0 || send_all(c->fd, c->out, (size_t)n) != 0)
            break;
    }
    let_go(c);
    pthread_mutex_lock(&c->server->lock);
    shutdown(c->fd, SHUT_RDWR);
    c->over = true;
    pthread_mutex_unlock(&c->server->lock);
    return NULL;
}

/* --- connections --- */

static void bury(struct connection *c)
{
    pthread_join(c->thread, NULL);
    close(c->fd);
    free(c);
}

/* A free place; connections that are over are buried on the way. */
static int free_place(struct stlink_server *s)
{
    int place = -1;
    for (int i = 0; i < STLINK_SERVER_CONNECTIONS_MAX; i++) {
        if (s->connections[i] && s->connections[i]->over) {
            bury(s->connections[i]);
            s->connections[i] = NULL;
        }
        place = place < 0 && !s->connections[i] ? i : place;
    }
    return place;
}

static void take_connection(struct stlink_server *s, int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pthread_mutex_lock(&s->lock);
    int place = s->closing ? -1 : free_place(s);
    struct connection *c = place >= 0 ? calloc(1, sizeof *c) : NULL;
    if (c) {
        c->server = s;
        c->fd = fd;
        if (pthread_create(&c->thread, NULL, serve, c) == 0) {
            s->connections[place] = c;
        } else {
            free(c);
            c = NULL;
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (!c)
        close(fd);
}

static void *listen_for_ever(void *server)
{
    struct stlink_server *s = server;
    for (;;) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            take_connection(s, fd);
        else if (errno != EINTR && errno != ECONNABORTED)
            return NULL; // closed, or out of descriptors for good
    }
}

static int bind_port(struct stlink_server *s, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(s->fd, 16) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&address, &size) != 0)
        return -1;
    s->port = ntohs(address.sin_port);
    return 0;
}

struct stlink_server *stlink_server_open(struct vboard **boards, int n, int port, struct error *e)
{
    struct stlink_server *s = calloc(1, sizeof *s);
    if (!s) {
        error_set(e, "out of memory");
        return NULL;
    }
    s->boards = boards;
    s->n = n;
    pthread_mutex_init(&s->lock, NULL);
    if (bind_port(s, port) != 0 || pthread_create(&s->thread, NULL, listen_for_ever, s) != 0) {
        error_set(e, "port %d of 127.0.0.1: %s", port, strerror(errno));
        if (s->fd >= 0)
            close(s->fd);
        free(s);
        return NULL;
    }
    return s;
}

int stlink_server_port(const struct stlink_server *s)
{
    return s->port;
}

void stlink_server_close(struct stlink_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    for (int i = 0; i < STLINK_SERVER_CONNECTIONS_MAX; i++)
        if (s->connections[i])
            shutdown(s->connections[i]->fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    for (int i = 0; i < STLINK_SERVER_CONNECTIONS_MAX; i++)
        if (s->connections[i])
            bury(s->connections[i]);
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

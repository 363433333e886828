// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "hwlink/vboard/control.h"

#include "base/buffer.h"
#include "hwlink/vboard/usbtree.h"

#include <cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd; // -1: free
    struct buffer in;
};

struct port {
    int number, fd; // of the FIFO "disable"; -1: none
    bool disabled;
};

struct control {
    struct vboard **boards;
    int n;
    const char *state;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    int listener, quit;
    pthread_t thread;
    bool started;
    struct client clients[CONTROL_CLIENTS_MAX];
    struct port ports[CONTROL_BOARDS_MAX];
};

/* --- USB --- */

static int find_board(const struct control *c, const char *serial)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->boards[i]->serial, serial) == 0)
            return i;
    return -1;
}

/* What is seen on the bus follows what is plugged in. */
static int show_plug(struct control *c, int i, struct error *e)
{
    if (!c->state)
        return 0;
    if (c->boards[i]->plugged)
        return usbtree_plug(c->state, c->ports[i].number, c->boards[i]->serial, e);
    usbtree_unplug(c->state, c->ports[i].number);
    return 0;
}

/* The port's supply is cut, or comes back: to the probe this is being pulled out and plugged in. */
static void switch_port(struct control *c, int i, bool disable)
{
    struct vboard *b = c->boards[i];
    if (disable == c->ports[i].disabled)
        return;
    c->ports[i].disabled = disable;
    vboard_enter(b);
    bool pulled = b->faults.v[FAULT_UNPLUG].active; // no cable, whatever the port does
    if (!pulled)
        b->plugged = !disable;
    if (!pulled && !disable) {
        b->plugs++;
        fault_event(b, FAULT_TILL_REPLUGGED);
    }
    vboard_leave(b);
    show_plug(c, i, NULL);
}

static void take_port(struct control *c, int i)
{
    char text[64];
    ssize_t n = read(c->ports[i].fd, text, sizeof text);
    for (ssize_t k = 0; k < n; k++)
        if (text[k] == '0' || text[k] == '1')
            switch_port(c, i, text[k] == '1');
}

static int move_port(struct control *c, int i, int number, struct error *e)
{
    if (!c->state)
        return error_set(e, "without --state there are no USB ports");
    for (int k = 0; k < c->n; k++)
        if (k != i && c->ports[k].number == number)
            return error_set(e, "port %d is another board's", number);
    int fd = usbtree_add_port(c->state, number, e);
    if (fd < 0)
        return -1;
    usbtree_unplug(c->state, c->ports[i].number);
    close(c->ports[i].fd);
    c->ports[i] = (struct port){number, fd, false};
    return 0;
}

/* --- lines --- */

static int whole(const cJSON *o, const char *name, double most, uint32_t *out, struct error *e)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!v)
        return 0;
    if (!cJSON_IsNumber(v) || v->valuedouble < 0 || v->valuedouble > most || v->valuedouble != (double)(uint32_t)v->valuedouble)
        return error_set(e, "\"%s\" is not a whole number up to %.0f", name, most);
    *out = (uint32_t)v->valuedouble;
    return 0;
}

static int read_fault(const cJSON *o, enum fault_kind kind, struct fault *f, struct error *e)
{
    uint32_t seed = 0;
    *f = fault_usual(kind);
    const cJSON *till = cJSON_GetObjectItemCaseSensitive(o, "till");
    int end = cJSON_IsString(till) ? fault_find_end(till->valuestring) : -1;
    if (till && end < 0)
        return error_set(e, "\"till\" is none of cleared, reopened, reset, replugged, powered");
    if (till)
        f->till = (enum fault_end)end;
    if (whole(o, "after", 1e9, &f->after, e) != 0 || whole(o, "count", 1e9, &f->count, e) != 0 ||
        whole(o, "first", FLASH_PAGES - 1, &f->first, e) != 0 || whole(o, "last", FLASH_PAGES - 1, &f->last, e) != 0 ||
        whole(o, "seed", 4294967295.0, &seed, e) != 0)
        return -1;
    f->seed = seed;
    return f->first <= f->last ? 0 : error_set(e, "\"first\" is greater than \"last\"");
}

static int replug(struct control *c, int i, const cJSON *o, struct error *e)
{
    uint32_t number = (uint32_t)c->ports[i].number;
    if (whole(o, "port", USBTREE_PORTS, &number, e) != 0)
        return -1;
    if ((int)number != c->ports[i].number && move_port(c, i, (int)number, e) != 0)
        return -1;
    vboard_enter(c->boards[i]);
    fault_clear(c->boards[i], FAULT_UNPLUG);
    vboard_leave(c->boards[i]);
    return 0;
}

static int order(struct control *c, int i, const cJSON *o, const char *name, struct error *e)
{
    struct fault f;
    if (strcmp(name, "replug") == 0)
        return replug(c, i, o, e);
    int kind = fault_find(name);
    if (kind < 0)
        return error_set(e, "there is no fault \"%.40s\"", name);
    if (read_fault(o, (enum fault_kind)kind, &f, e) != 0)
        return -1;
    vboard_enter(c->boards[i]);
    fault_order(c->boards[i], (enum fault_kind)kind, &f);
    vboard_leave(c->boards[i]);
    return 0;
}

static int clear(struct control *c, int i, const char *name, struct error *e)
{
    int kind = fault_find(name);
    bool all = strcmp(name, "all") == 0;
    if (kind < 0 && !all)
        return error_set(e, "there is no fault \"%.40s\"", name);
    vboard_enter(c->boards[i]);
    for (int k = 0; k < FAULT_COUNT; k++)
        if (all || k == kind)
            fault_clear(c->boards[i], (enum fault_kind)k);
    vboard_leave(c->boards[i]);
    return 0;
}

static int carry_out(struct control *c, const cJSON *o, int *board, struct error *e)
{
    static const char *const known[] = {"board", "fault", "clear", "after", "till", "count", "first", "last", "seed", "port", NULL};
    const cJSON *item;
    if (!cJSON_IsObject(o))
        return error_set(e, "not a JSON object");
    cJSON_ArrayForEach(item, o) {
        int k = 0;
        while (known[k] && strcmp(known[k], item->string) != 0)
            k++;
        if (!known[k])
            return error_set(e, "unknown key \"%.40s\"", item->string);
    }
    const char *serial = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "board"));
    const char *fault = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "fault"));
    const char *cleared = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "clear"));
    *board = serial ? find_board(c, serial) : -1;
    if (*board < 0)
        return error_set(e, "\"board\" names no board here");
    if (fault && order(c, *board, o, fault, e) != 0)
        return -1;
    if (cleared && clear(c, *board, cleared, e) != 0)
        return -1;
    return show_plug(c, *board, e);
}

static cJSON *about(struct control *c, int i)
{
    struct vboard *b = c->boards[i];
    cJSON *o = cJSON_CreateObject(), *active = cJSON_CreateArray(), *ordered = cJSON_CreateArray();
    cJSON_AddBoolToObject(o, "ok", true);
    cJSON_AddStringToObject(o, "board", b->serial);
    vboard_enter(b);
    cJSON_AddBoolToObject(o, "plugged", b->plugged);
    cJSON_AddBoolToObject(o, "powered", b->powered);
    for (int k = 0; k < FAULT_COUNT; k++) {
        if (b->faults.v[k].active)
            cJSON_AddItemToArray(active, cJSON_CreateString(fault_name((enum fault_kind)k)));
        if (b->faults.v[k].ordered)
            cJSON_AddItemToArray(ordered, cJSON_CreateString(fault_name((enum fault_kind)k)));
    }
    vboard_leave(b);
    if (c->state)
        cJSON_AddNumberToObject(o, "port", c->ports[i].number);
    cJSON_AddItemToObject(o, "faults", active);
    cJSON_AddItemToObject(o, "ordered", ordered);
    return o;
}

char *control_line(struct control *c, const char *line)
{
    struct error e = {""};
    int board = -1;
    cJSON *question = cJSON_Parse(line), *o;
    if (carry_out(c, question, &board, &e) == 0) {
        o = about(c, board);
    } else {
        o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "error", e.text);
    }
    char *answer = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    cJSON_Delete(question);
    if (!answer)
        abort(); // a few bytes
    return answer;
}

/* --- the thread --- */

static void drop(struct client *client)
{
    close(client->fd);
    buffer_finish(&client->in);
    client->fd = -1;
}

static void accept_client(struct control *c)
{
    int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; i < CONTROL_CLIENTS_MAX && fd >= 0; i++) {
        if (c->clients[i].fd >= 0)
            continue;
        c->clients[i].fd = fd;
        buffer_init(&c->clients[i].in, CONTROL_LINE_MAX);
        return;
    }
    if (fd >= 0)
        close(fd);
}

static void answer_lines(struct control *c, struct client *client)
{
    size_t length;
    for (char *line; (line = buffer_record(&client->in, '\n', &length));) {
        char *answer = control_line(c, line);
        size_t n = strlen(answer);
        answer[n] = '\n'; // in the NUL's place
        bool sent = send(client->fd, answer, n + 1, MSG_NOSIGNAL) == (ssize_t)(n + 1);
        free(answer);
        buffer_consume(&client->in, length + 1);
        if (!sent) {
            drop(client);
            return;
        }
    }
}

static void take_client(struct control *c, struct client *client)
{
    char bytes[1024];
    ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);
    if (n <= 0 || buffer_append(&client->in, bytes, (size_t)n) != 0)
        drop(client);
    else
        answer_lines(c, client);
}

static void *serve(void *control)
{
    struct control *c = control;
    struct pollfd fds[2 + CONTROL_CLIENTS_MAX + CONTROL_BOARDS_MAX];
    for (;;) {
        fds[0] = (struct pollfd){c->quit, POLLIN, 0};
        fds[1] = (struct pollfd){c->listener, POLLIN, 0};
        for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
            fds[2 + i] = (struct pollfd){c->clients[i].fd, POLLIN, 0};
        for (int i = 0; i < c->n; i++)
            fds[2 + CONTROL_CLIENTS_MAX + i] = (struct pollfd){c->ports[i].fd, POLLIN, 0};
        if (poll(fds, (nfds_t)(2 + CONTROL_CLIENTS_MAX + c->n), -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[0].revents)
            return NULL;
        for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
            if (fds[2 + i].revents && c->clients[i].fd >= 0)
                take_client(c, &c->clients[i]);
        for (int i = 0; i < c->n; i++)
            if (fds[2 + CONTROL_CLIENTS_MAX + i].revents)
                take_port(c, i);
        if (fds[1].revents)
            accept_client(c);
    }
}

/* --- opening and closing --- */

static int listen_at(struct control *c, const char *path, struct error *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(e, "%s: the path is too long", path);
    strcpy(address.sun_path, path);
    unlink(path);
    c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(c->listener, CONTROL_CLIENTS_MAX) != 0)
        return error_set(e, "%s: %s", path, strerror(errno));
    strcpy(c->path, path);
    return 0;
}

static int open_ports(struct control *c, struct error *e)
{
    for (int number = 1; number <= USBTREE_PORTS && c->state; number++) // of an earlier life
        usbtree_unplug(c->state, number);
    for (int i = 0; i < c->n && c->state; i++) {
        c->ports[i].number = i + 1;
        c->ports[i].fd = usbtree_add_port(c->state, i + 1, e);
        if (c->ports[i].fd < 0 || show_plug(c, i, e) != 0)
            return -1;
    }
    return 0;
}

struct control *control_open(struct vboard **boards, int n, const char *socket_path, const char *state, struct error *e)
{
    struct control *c = calloc(1, sizeof *c);
    if (!c || n > CONTROL_BOARDS_MAX) {
        free(c);
        error_set(e, c ? "too many boards" : "out of memory");
        return NULL;
    }
    c->boards = boards;
    c->n = n;
    c->state = state;
    c->listener = -1;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
        c->clients[i].fd = -1;
    for (int i = 0; i < CONTROL_BOARDS_MAX; i++)
        c->ports[i].fd = -1;
    c->quit = eventfd(0, EFD_CLOEXEC);
    if (open_ports(c, e) == 0 && (!socket_path || listen_at(c, socket_path, e) == 0)) {
        c->started = c->quit >= 0 && pthread_create(&c->thread, NULL, serve, c) == 0;
        if (c->started)
            return c;
        error_set(e, "a thread for the control socket: %s", strerror(errno));
    }
    control_close(c);
    return NULL;
}

void control_close(struct control *c)
{
    uint64_t one = 1;
    if (c->started && write(c->quit, &one, sizeof one) == sizeof one)
        pthread_join(c->thread, NULL);
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0)
            drop(&c->clients[i]);
    for (int i = 0; i < c->n; i++)
        if (c->ports[i].fd >= 0)
            close(c->ports[i].fd);
    if (c->listener >= 0)
        close(c->listener);
    if (c->path[0])
        unlink(c->path);
    if (c->quit >= 0)
        close(c->quit);
    free(c);
}

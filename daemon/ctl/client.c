// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Connect, send a line, read lines.
#include "daemon/ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX (1 << 20)

int64_t client_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fail(struct client_failure *f, enum kind kind, const char *text, const char *hint)
{
    refusal_set(&f->why, kind_code(kind), kind, NULL, "%s", text);
    refusal_hint(&f->why, "%s", hint);
    f->exit_code = kind_exit(kind);
    return -1;
}

static int not_running(struct client *c, struct client_failure *f, const char *what)
{
    char text[SOCKET_PATH_MAX + 64];
    snprintf(text, sizeof text, "%s (%s)", what, c->path);
    fail(f, KIND_FAILED, text, "start it with `systemctl start pared` or `pared --config FILE`");
    f->exit_code = EXIT_NOT_RUNNING;
    client_disconnect(c);
    return -1;
}

int client_init(struct client *c, const char *socket, struct client_failure *f)
{
    struct error e = {""};
    *c = (struct client){.fd = -1, .deadline_ms = CLIENT_FOREVER};
    buffer_init(&c->in, CLIENT_LINE_MAX);
    if (!socket)
        return socket_file_default(c->path, &e) == 0 ? 0 : fail(f, KIND_INVALID, e.text, "");
    if (snprintf(c->path, sizeof c->path, "%s", socket) >= (int)sizeof c->path)
        return fail(f, KIND_INVALID, "the socket's path is too long", "");
    return 0;
}

void client_disconnect(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buffer_finish(&c->in);
}

void client_finish(struct client *c)
{
    client_disconnect(c);
}

static int dial(struct client *c, struct client_failure *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, c->path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0 && connect(c->fd, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    int why = errno;
    client_disconnect(c);
    if (why == ENOENT || why == ECONNREFUSED)
        return not_running(c, f, "the service is not running");
    if (why == EACCES)
        return fail(f, KIND_DENIED, "you may not use the service's socket", "\"readers\" in pared's configuration opens it");
    return fail(f, KIND_FAILED, strerror(why), "");
}

static int check_version(struct client *c, struct client_failure *f)
{
    cJSON *hello = NULL;
    if (client_call(c, "hello", NULL, &hello, f) != 0)
        return f->why.code == CODE_METHOD ? 0 : -1; // it is never required
    const cJSON *api = cJSON_GetObjectItemCaseSensitive(hello, "api");
    int theirs = cJSON_IsNumber(api) ? api->valueint : 0;
    cJSON_Delete(hello);
    if (theirs == CLIENT_API)
        return 0;
    char text[80];
    snprintf(text, sizeof text, "the service speaks version %d of the protocol, pare speaks %d", theirs, CLIENT_API);
    client_disconnect(c);
    return fail(f, KIND_VERSION, text, "install pare and pared of the same release");
}

int client_connect(struct client *c, struct client_failure *f)
{
    return dial(c, f) != 0 ? -1 : check_version(c, f);
}

/* A broken pipe is no failure here: there may be a last line that says why, and reading finds the end. */
static void send_all(struct client *c, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(c->fd, text, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        text += n;
        size -= (size_t)n;
    }
}

static int send_request(struct client *c, const char *method, const cJSON *params, int id, struct client_failure *f)
{
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "jsonrpc", "2.0");
    cJSON_AddNumberToObject(request, "id", id);
    cJSON_AddStringToObject(request, "method", method);
    if (params)
        cJSON_AddItemReferenceToObject(request, "params", (cJSON *)params);
    char *line = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    if (!line)
        return fail(f, KIND_FAILED, "out of memory", "");
    size_t size = strlen(line);
    line[size] = '\n'; // in the place of the NUL
    bool fits = size + 1 <= REQUEST_MAX;
    if (fits)
        send_all(c, line, size + 1);
    free(line);
    return fits ? 0 : fail(f, KIND_INVALID, "the request is longer than 1 MiB", "");
}

/* A whole line that has come. Returns 0, 1 when there is none, or -1 when it is not understood. */
static int take_line(struct client *c, cJSON **message, struct client_failure *f)
{
    size_t length;
    const char *line = buffer_record(&c->in, '\n', &length);
    if (!line)
        return 1;
    *message = cJSON_ParseWithLength(line, length);
    buffer_consume(&c->in, length + 1);
    if (cJSON_IsObject(*message))
        return 0;
    cJSON_Delete(*message);
    client_disconnect(c);
    return fail(f, KIND_VERSION, "the answer is not understood", "is it pared that listens on the socket?");
}

/* Waits for the service or `also_fd`. Returns 0 when the service has said something, -1 after a signal, 1 else. */
static int wait_readable(const struct client *c, int64_t deadline_ms, int also_fd)
{
    struct pollfd fds[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = also_fd, .events = POLLIN}};
    int64_t left = deadline_ms == CLIENT_FOREVER ? -1 : deadline_ms - client_now();
    if (deadline_ms != CLIENT_FOREVER && left < 0)
        left = 0;
    int n = poll(fds, 2, left > 1000000000 ? 1000000000 : (int)left);
    return n < 0 ? -1 : n > 0 && fds[0].revents ? 0 : 1;
}

int client_next(struct client *c, int64_t deadline_ms, int also_fd, cJSON **message, struct client_failure *f)
{
    char chunk[65536];
    for (;;) {
        int result = take_line(c, message, f);
        if (result <= 0)
            return result;
        int nothing = wait_readable(c, deadline_ms, also_fd);
        if (nothing < 0 && also_fd < 0)
            continue;
        if (nothing)
            return 1;
        ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return not_running(c, f, "the service has ended");
        if (buffer_append(&c->in, chunk, (size_t)n) != 0) {
            client_disconnect(c);
            return fail(f, KIND_FAILED, "a line of the service is too long", "");
        }
    }
}

static void take_refusal(const cJSON *error, struct client_failure *f)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(error, "data");
    const char *message = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "message"));
    const char *hint = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "hint"));
    const char *field = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "field"));
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
    enum kind kind = kind_from_name(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "kind")));
    refusal_set(&f->why, cJSON_IsNumber(code) ? code->valueint : 0, kind, field, "%s", message ? message : "refused");
    refusal_hint(&f->why, "%s", hint ? hint : "");
    f->exit_code = kind_exit(kind);
}

/* The answer to `id`, or a refusal of the connection as a whole (id null). */
static bool is_answer(const cJSON *message, int id)
{
    const cJSON *theirs = cJSON_GetObjectItemCaseSensitive(message, "id");
    return (cJSON_IsNumber(theirs) && theirs->valueint == id) || cJSON_IsNull(theirs);
}

static int no_answer(struct client *c, struct client_failure *f)
{
    client_disconnect(c);
    fail(f, KIND_FAILED, "the service did not answer in time", "");
    f->exit_code = EXIT_TIMEOUT;
    return -1;
}

int client_call(struct client *c, const char *method, const cJSON *params, cJSON **result, struct client_failure *f)
{
    cJSON *message = NULL;
    int id = ++c->next_id;
    if (send_request(c, method, params, id, f) != 0)
        return -1;
    do {
        cJSON_Delete(message);
        message = NULL;
        int nothing = client_next(c, c->deadline_ms, -1, &message, f);
        if (nothing)
            return nothing > 0 ? no_answer(c, f) : -1;
    } while (!is_answer(message, id));
    cJSON *error = cJSON_GetObjectItemCaseSensitive(message, "error");
    *result = error ? NULL : cJSON_DetachItemFromObjectCaseSensitive(message, "result");
    if (error)
        take_refusal(error, f);
    else if (!*result)
        fail(f, KIND_VERSION, "the answer has no result", "");
    cJSON_Delete(message);
    return *result ? 0 : -1;
}

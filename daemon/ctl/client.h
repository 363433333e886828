// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A blocking connection to the service.
#ifndef PARE_DAEMON_CTL_CLIENT_H
#define PARE_DAEMON_CTL_CLIENT_H

#include "base/buffer.h"
#include "daemon/ctl/refusal.h"
#include "daemon/ctl/socket_file.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#define CLIENT_API 1                  // the major version of the protocol that is spoken here
#define CLIENT_LINE_MAX (2 << 20)     // bytes: the service sends at most 1 MiB
#define CLIENT_FOREVER (-1)           // no deadline

struct client {
    char path[SOCKET_PATH_MAX];
    int fd; // -1: not connected
    int next_id;
    int64_t deadline_ms; // of answers; CLIENT_FOREVER unless it is set
    struct buffer in;
};

/* What went wrong, and the exit code that says so. The exit code of `why.kind`, unless the service is not there or time is up. */
struct client_failure {
    int exit_code;
    struct refusal why;
};

/* `socket` NULL: the default. Does not connect yet. Returns 0, or -1 with the failure. */
int client_init(struct client *c, const char *socket, struct client_failure *f);
void client_finish(struct client *c);

/* Connects, and asks with `hello` whether the protocol is ours. Returns 0, or -1 with the failure: EXIT_NOT_RUNNING where nobody
 * listens, else denied, version or failed. */
int client_connect(struct client *c, struct client_failure *f);
void client_disconnect(struct client *c);

/* Calls and waits for the answer; notifications that come meanwhile are dropped (so: before subscribing, or on another connection).
 * `params` may be NULL and stays the caller's. Returns 0 with *result (cJSON_Delete), or -1 with the failure. */
int client_call(struct client *c, const char *method, const cJSON *params, cJSON **result, struct client_failure *f);

/* The next line that the service sends, until `deadline_ms` of client_now or CLIENT_FOREVER. `also_fd` >= 0: returns as soon
 * as there is something to read there, or after a signal. Returns 0 with *message (cJSON_Delete), 1 when there was none until then, or -1 with the
 * failure (disconnected). */
int client_next(struct client *c, int64_t deadline_ms, int also_fd, cJSON **message, struct client_failure *f);

int64_t client_now(void); // milliseconds of the monotonic clock

#endif

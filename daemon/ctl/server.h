// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The JSON-RPC server on a Unix socket; it knows methods by their table and nothing of what they do. docs/protocol.md.
//
// Everything here runs on the loop's thread. The server calls the application from the loop only, never from within a
// function of this header, so an action may answer at once or from any later callback. The process must ignore SIGPIPE.
#ifndef PARE_DAEMON_CTL_SERVER_H
#define PARE_DAEMON_CTL_SERVER_H

#include "base/error.h"
#include "daemon/ctl/commands.h"
#include "daemon/ctl/kind.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#define SERVER_LINE_MAX (1 << 20)         // bytes of one line, both ways
#define SERVER_CONNECTIONS_MAX 64         // more: the longest idle one goes, or the new one is told `busy`
#define SERVER_IN_FLIGHT_MAX 32           // requests of one connection without an answer; more are not read yet
#define SERVER_HIGH_WATER (1 << 20)       // bytes that one connection has not taken: then `lag`, and it is closed
#define SERVER_PULL_WATER (64 << 10)      // events are asked for while less than this waits to be sent
#define SERVER_PULL_MAX 64                // events in one piece
#define SERVER_LINGER_MS 5000             // a connection that is being closed may take this long to read the rest

struct server;
struct server_call; // one request: answered exactly once
struct server_pull; // one question for events: answered exactly once

struct server_peer { // from SO_PEERCRED
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/* An event as the application stores it. */
struct server_event {
    int64_t seq;
    const char *topic;
    int64_t study;    // 0: of no study
    const char *json; // the notification's `params`, one JSON object on one line
};

/* `params` is the request's checked object (never NULL; required parameters are there, types and limits hold; unknown
 * fields are still in it); it lives until the call is answered. */
typedef void server_action(void *user, struct server_call *call, const cJSON *params);

struct server_actions {
    void *user;
    /* What may this peer do? Asked once, when it connects. */
    enum access (*access)(void *user, const struct server_peer *peer);
    /* One action per method; NULL: the method is refused as unknown. METHOD_EVENTS_SUBSCRIBE is the server's own. */
    server_action *calls[METHOD_COUNT];
    /* The number of a study given by name or number, for the filter of a subscription; 0: there is none. NULL: as it stands. */
    int64_t (*study)(void *user, const cJSON *study);
    /* Read at most `limit` events with seq > `since`, in order, of all studies and topics (the server filters), and hand
     * them to server_events, now or later. One pull per connection is out at a time. */
    void (*events)(void *user, struct server_pull *pull, int64_t since, int limit);
};

struct server_options {
    const char *path; // of the socket; its folder must exist
    mode_t mode;      // of the socket: 0660, or 0666 where all may read
    int64_t seq;      // of the newest event there is, 0 when there is none
};

/* Listens. A socket file on which nobody answers is replaced; a live one, or a file that is no socket, is an error.
 * `actions` is copied. Returns 0 with *server, or -1 with the reason; the loop's next turn then frees what there was. */
int server_open(uv_loop_t *loop, const struct server_options *options, const struct server_actions *actions,
                struct server **server, struct error *e);

/* Stops listening, removes the socket, closes the connections after what is queued for them is sent (SERVER_LINGER_MS at most).
 * Calls and pulls that are out must still be answered (the answers go nowhere). `closed` comes from the loop after that;
 * then the server is freed. It may be NULL. */
void server_close(struct server *s, void (*closed)(void *user), void *user);

/* Events up to `seq` are committed: subscribers are served. */
void server_wake(struct server *s, int64_t seq);

/* How many connections there are now. */
int server_connections(const struct server *s);

/* Answers with `result`, which is freed. */
void server_answer(struct server_call *call, cJSON *result);

/* Answers with ready-made JSON, one valid value without line ends, copied. */
void server_answer_text(struct server_call *call, const char *json, size_t size);

/* Answers with a failure. `field` (the key at fault) and `hint` (what to do) may be NULL. */
void server_fail(struct server_call *call, enum kind kind, const char *field, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* About a call that is not answered yet. */
const struct server_peer *server_call_peer(const struct server_call *call);
bool server_call_gone(const struct server_call *call); // the caller has left: the answer will go nowhere

/* Answers a pull with `n` >= 0 events (copied), or -1: could not be read. `oldest` is the seq of the oldest event that is kept
 * (0: there is none): a subscriber who needs older ones is told so. */
void server_events(struct server_pull *pull, const struct server_event *events, int n, int64_t oldest);

#endif

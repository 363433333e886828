// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// One client of the server: reads lines, keeps count of what is out, sends, drains and closes. Only for the server's own files.
#ifndef PARE_DAEMON_CTL_SESSION_H
#define PARE_DAEMON_CTL_SESSION_H

#include "base/buffer.h"
#include "daemon/ctl/request.h"
#include "daemon/ctl/server.h"

/*
 *   OPEN --- end of input and all answered, an offence, lag, server_close ---> DRAINING   (nothing is read any more)
 *     |                                                                           | all sent, or SERVER_LINGER_MS
 *     +------------------------- broken, evicted ----------------------------> CLOSING --- handles closed ---> CLOSED
 *   A CLOSED one is freed when its calls and its pull are answered.
 */
enum session_state {
    SESSION_NONE = 0,
    SESSION_OPEN,
    SESSION_DRAINING,
    SESSION_CLOSING,
    SESSION_CLOSED,
};

struct subscription {
    bool active;
    int64_t number;   // of the subscription
    int64_t seen;     // events up to here are sent or filtered out
    int64_t study;    // 0: all
    cJSON *topics;    // NULL: all
};

struct session {
    struct server *server;
    struct session *next;
    enum session_state state;
    uv_pipe_t pipe;
    uv_timer_t linger;
    int handles; // of the two, still open
    struct server_peer peer;
    enum access access;
    struct buffer in;
    size_t scanned;     // of `in`, without a line feed
    bool paused;        // not reading: lines are left in `in`
    bool ended;         // the peer has sent all it will
    int in_flight;      // calls without an answer
    bool pulling;       // a pull without an answer
    size_t unsent;      // bytes
    uint64_t active_ms; // when it last sent something
    struct subscription subscription;
};

/* Accepts the next one that waits on `listener`. NULL when it has gone again or memory is short. */
struct session *session_accept(struct server *s, uv_stream_t *listener);

/* Goes through the lines that are there (from the loop only). */
void session_work(struct session *c);

/* Sends a line and takes it over; NULL (no memory) closes. Above the high-water mark: `lag` and draining. */
void session_send(struct session *c, char *line, size_t size);
void session_refuse(struct session *c, const char *id, const struct refusal *why);

void session_drain(struct session *c); // stop reading, send what is queued, close
void session_close(struct session *c); // at once

/* Ended, and nothing of it points anywhere: frees it. Returns false while it must stay. */
bool session_reap(struct session *c);

#endif

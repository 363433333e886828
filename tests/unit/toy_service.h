// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A service of a few lines behind the real server, in the test's own loop, and clients that speak to it byte by byte.
#ifndef PARE_TESTS_UNIT_TOY_SERVICE_H
#define PARE_TESTS_UNIT_TOY_SERVICE_H

#include "base/buffer.h"
#include "daemon/ctl/server.h"

#define TOY_EVENTS_MAX 20000
#define TOY_HELD_MAX 64

struct toy {
    uv_loop_t loop;
    struct server *server;
    char folder[64], path[96];
    enum access access;
    struct server_call *held[TOY_HELD_MAX]; // study.list: answered when the test says so
    int n_held, calls;
    int64_t oldest, newest; // events that are kept: seq n has topic n % 2 ? "trial.measured" : "board.state", study n % 3
    bool hold_pulls;
    struct server_pull *pull;
    int64_t pull_since;
    int pulls, pulled_most;
    bool closed;
};

struct toy_client {
    struct toy *toy;
    int fd;
    bool over; // the server has closed
    struct buffer in;
    char line[SERVER_LINE_MAX + 1];
};

void toy_start(struct toy *t);
void toy_stop(struct toy *t); // fails the test where the server does not end
void toy_turn(struct toy *t); // all that can happen without waiting
void toy_answer_pull(struct toy *t);
void toy_options(const struct toy *t, struct server_options *options);
void toy_actions(struct toy *t, struct server_actions *actions);

struct toy_client *toy_connect(struct toy *t);
void toy_disconnect(struct toy_client *c);
void toy_send(struct toy_client *c, const char *text, size_t size); // turns the loop while the socket is full
void toy_say(struct toy_client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next line, or NULL: the server has closed, or says nothing after many turns. Valid until the next call. */
const char *toy_hear(struct toy_client *c);

#endif

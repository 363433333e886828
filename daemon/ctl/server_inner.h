// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The server as its own files see it.
#ifndef PARE_DAEMON_CTL_SERVER_INNER_H
#define PARE_DAEMON_CTL_SERVER_INNER_H

#include "daemon/ctl/session.h"

struct server {
    struct server_actions actions;
    uv_loop_t *loop;
    uv_pipe_t listener;
    uv_idle_t kick; // runs once after something has changed: what must not happen within a caller's stack happens there
    bool closing;
    int handles; // of the two, still open
    void (*closed)(void *user);
    void *closed_user;
    struct session *connections;
    int64_t seq;           // of the newest event
    int64_t subscriptions; // ever made
    char chunk[65536];     // what was read last, of any connection
};

/* The next turn of the loop looks at all connections. */
void server_kick(struct server *s);

/* Carries out a checked request (connection.c); takes over what `r` holds. */
void server_dispatch(struct session *c, struct request *r);

/* events.subscribe. */
void subscription_begin(struct session *c, struct request *r);

/* Asks the application for more where there is more and the subscriber has room. */
void subscription_pull(struct session *c);

void subscription_end(struct session *c);

#endif

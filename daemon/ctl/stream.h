// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Events without end: a subscription that outlives connections and services, by the sequence number of what it has seen.
#ifndef PARE_DAEMON_CTL_STREAM_H
#define PARE_DAEMON_CTL_STREAM_H

#include "daemon/ctl/client.h"

#define STREAM_RETRY_MIN_MS 50
#define STREAM_RETRY_MAX_MS 1000

enum stream_outcome {
    STREAM_EVENT = 0,
    STREAM_NOTHING, // until the deadline, or there is something on the other descriptor
    STREAM_RESUMED, // connected again: what was known of the service may be old
};

struct stream {
    struct client client;
    cJSON *filter;  // parameters of events.subscribe
    int64_t seen;   // the last sequence number; -1: none
    int retry_ms;
    void (*say)(const char *text); // tells a person of ends and losses
};

/* Connects and subscribes with `filter` (copied; "since" may be in it). Returns 0, or -1 with the failure. stream_close follows either way. */
int stream_open(struct stream *s, const char *socket, const cJSON *filter, void (*say)(const char *text),
                struct client_failure *f);
void stream_close(struct stream *s);

/* The next event's params in *event (cJSON_Delete), else as enum stream_outcome says. When the service ends, it is waited for.
 * Returns -1 with the failure when it refuses. */
int stream_next(struct stream *s, int64_t deadline_ms, int also_fd, cJSON **event, struct client_failure *f);

#endif

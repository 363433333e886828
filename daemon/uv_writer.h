// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The one thread that writes to the store, and its queue: in order, and again later while the disk is full.
#ifndef PARE_DAEMON_UV_WRITER_H
#define PARE_DAEMON_UV_WRITER_H

#include "schema/store.h"

#include <uv.h>

#define WRITER_REST_MS 100u      // after STORE_FULL; doubled up to
#define WRITER_REST_MAX_MS 5000u // this

struct writer;

/* One thing to be written. Embed it first in a struct that holds all that `run` needs. */
struct writer_job {
    /* In the writer's thread. STORE_FULL: called again later, nothing after it goes before it. */
    int (*run)(struct store *s, struct writer_job *job, struct error *e);
    /* On the loop, in order, exactly once; frees the job. `rc` is run's result; STORE_FULL when the writer was closed before
     * it could be stored; `error` says more. */
    void (*done)(struct writer_job *job, int rc);
    struct error error;
    int rc;                  // the writer's own, as the rest
    int64_t last_event;
    struct writer_job *next;
};

struct writer_actions {
    void *user;
    void (*written)(void *user, int64_t last_event);    // after each job: newest event of the store
    void (*stuck)(void *user, const char *text);        // nothing can be stored now: why; NULL: it goes on again
};

/* Opens the store (creating the database) and no thread yet. Returns NULL with the reason. */
struct writer *writer_open(uv_loop_t *loop, const char *path, const struct writer_actions *actions, struct error *e);

/* The store, for the caller's own use before writer_start. */
struct store *writer_store(struct writer *w);

int writer_start(struct writer *w, struct error *e);

/* Takes the job over. */
void writer_put(struct writer *w, struct writer_job *job);

/* Stores what is queued (what cannot be stored now is dropped and told so), ends the thread, closes the store; `closed` comes
 * from the loop after all done calls, then the writer is freed. */
void writer_close(struct writer *w, void (*closed)(void *user), void *user);

#endif

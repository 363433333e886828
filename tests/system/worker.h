// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The real worker at the other end of two pipes, for tests.
#ifndef PARE_TESTS_SYSTEM_WORKER_H
#define PARE_TESTS_SYSTEM_WORKER_H

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <sys/types.h>

struct worker {
    pid_t pid;
    int to, from;
    struct buffer lines;
    int64_t id;
    int progress; // progress lines of the last request
    double loss;  // of the last of them that had one
};

void worker_start(struct worker *w, const char *pare_net);

/* Sends a line as it is, without its end; waits for no answer. */
void worker_send(struct worker *w, const char *line);

/* The next line that is no progress, parsed; NULL when the worker has ended. The caller deletes it. */
cJSON *worker_next(struct worker *w);

/* Sends a request and waits for its answer. `params` is JSON text. */
cJSON *worker_ask(struct worker *w, const char *method, const char *params);

/* Reads until it tells of `text` that it is at `percent` or more; an answer before that fails the test. */
void worker_wait_progress(struct worker *w, const char *text, int percent);

/* Reads until it tells of a checkpoint of training; returns its step. An answer before that fails the test. */
int worker_wait_kept(struct worker *w);

/* Closes its input; returns the exit status. */
int worker_end(struct worker *w);

void worker_kill(struct worker *w);

#endif

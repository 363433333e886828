// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The keeper of one study's worker (`pare-net work`, docs/worker.md): starts it, asks it, starts it again when it dies.
#ifndef PARE_DAEMON_UV_WORKER_H
#define PARE_DAEMON_UV_WORKER_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define WORKER_DEATHS_MAX 5        // in a row, without an answer or a new checkpoint between them; then it is given up
#define WORKER_REST_MS 200u        // before a new start; doubled up to
#define WORKER_REST_MAX_MS 10000u  // this
#define WORKER_SILENCE_MS 1800000u // without an answer or progress it is killed; sensitivities of a large network take minutes
#define WORKER_NICE 10

enum worker_kind { // of a failure
    WORKER_FAILED = 0, // this machine
    WORKER_INVALID,    // the user's files or settings
    WORKER_INFEASIBLE, // this candidate
};

struct worker;

struct worker_options {
    const char *program; // pare-net
    const char *name;    // for the log
    const char *open;    // params of `open`, as JSON text
    const char *state;   // the folder with copies of the user's files: its errors are told with the user's names; outlives the worker
    const cJSON *was;    // an answer to `open` with what is measured already, see worker_open; NULL: there is none
    double patience;     // > 0 stretches WORKER_SILENCE_MS; 0: 1
};

/* Called from the loop, never from inside a worker_* call. */
struct worker_actions {
    void *user;
    void (*opened)(void *user, const cJSON *result);  // the first time
    /* It could not be opened, or died too often. The worker says nothing more; close it. */
    void (*failed)(void *user, enum worker_kind kind, const char *text);
    void (*progress)(void *user, const char *text);   // "sensitivities 3 of 10"; may be NULL
};

/* All texts are copied. Every answer to `open` must be of the same quantized weights as `was` or else the first one ("quantized_sha256";
 * its "slots" where it is of before there was that): a worker whose answer is not has failed. Returns NULL when out of memory; that the program cannot be started is told by `failed`. */
struct worker *worker_open(uv_loop_t *loop, const struct worker_options *options, const struct worker_actions *actions);

/* Asks; one question at a time, after `opened`. `params` is taken over. `done` is called once, unless the worker fails or is closed before:
 * with the result, or NULL with kind and text. A question that the worker dies over is asked again. */
void worker_ask(struct worker *w, const char *method, cJSON *params,
                void (*done)(void *user, const cJSON *result, enum worker_kind kind, const char *text), void *user);

/* Kills it; no callback but `closed`, which may be NULL; then the worker is freed. */
void worker_close(struct worker *w, void (*closed)(void *user), void *user);


#endif

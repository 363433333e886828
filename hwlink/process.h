// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A child process with pipes to its stdin, stdout and stderr, started by the thread pool: whoever starts a process waits until the
// kernel has run it (uv_spawn: 3 ms, 100 ms on a crowded machine), and the loop must not.
#ifndef PARE_HWLINK_PROCESS_H
#define PARE_HWLINK_PROCESS_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct process {
    uv_pipe_t to, from, log; // of its stdin, stdout, stderr; may be used at once; their `data` is this process
    void *user;
    /* Called from the loop when it runs; may be NULL. Then `ended` follows one day. */
    void (*started)(struct process *p);
    /* Called once, from the loop: it ended, or could not be started. `text` says how, valid during the call. stdout and stderr may
     * still hold what it said. */
    void (*ended)(struct process *p, bool started, const char *text);

    void (*closed)(struct process *p);
    uv_poll_t poll; // of the process's descriptor
    uv_work_t *start; // NULL when it is through
    pid_t pid;        // 0 until it runs and when it has ended
    int descriptor, signal, open_handles;
};

/* Starts `arguments` (ends with NULL; [0] is the program, searched in PATH; copied) niced by `nice`, in a session of its own, with no
 * signal blocked or ignored. `user`, `started` and `ended` are set by the caller before. Returns 0 (`ended` follows), or -1 without
 * memory, with nothing to be closed. */
int process_start(struct process *p, uv_loop_t *loop, const char *const *arguments, int nice, struct error *e);

/* Sends `signal` to it and all that it started. If it does not run yet, the start is called off, or the signal remembered if it is too late
 * for that. Nothing after its end. */
void process_signal(struct process *p, int signal);

/* End of file on its stdin. */
void process_close_input(struct process *p);

/* After `ended`, also again: closes what is open; `closed` is called from the loop when nothing of libuv points to `p`. */
void process_close(struct process *p, void (*closed)(struct process *p));

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// A child process that is spoken to in lines over its stdin and stdout; stderr is its log.
#ifndef PARE_DAEMON_UV_CHILD_H
#define PARE_DAEMON_UV_CHILD_H

#include "base/error.h"

#include <stddef.h>
#include <uv.h>

#define CHILD_LINE_MAX (4u << 20) // bytes of a line from the child (docs/worker.md)
#define CHILD_LOG_MAX 400         // of a line of its log

struct child;

/* Called from the loop, never from inside a child_* call. */
struct child_actions {
    void *user;
    void (*line)(void *user, const char *line);  // without its end, valid during the call
    /* It is gone, or could not be started: why, with the last line of its log. The child is freed after this. */
    void (*gone)(void *user, const char *text);
};

/* Starts `arguments` (ends with NULL; [0] is the program) niced by `nice`, in a session of its own. Lines of its stderr go to the
 * log after `name`. Returns NULL without memory. */
struct child *child_start(uv_loop_t *loop, const char *const *arguments, int nice, const char *name,
                          const struct child_actions *actions, struct error *e);

/* Writes `line` and its end. What cannot be written ends the child. */
void child_send(struct child *c, const char *line, size_t size);

/* Kills it and all that it started; `gone` follows, no more lines. */
void child_kill(struct child *c, const char *why);

#endif

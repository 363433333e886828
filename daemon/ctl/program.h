// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Other programs that the client asks: where they are, and what they say.
#ifndef PARE_DAEMON_CTL_PROGRAM_H
#define PARE_DAEMON_CTL_PROGRAM_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define PROGRAM_SAYS_MAX 16384  // bytes that are kept of what a program says
#define PROGRAM_WAIT_MS 20000   // then it is killed

/* Looks for an executable file: a name with a slash as it is, others beside this program, in the folders of `beside` (relative to
 * where this program is; NULL, or ended by NULL), then in PATH and the sbin folders. Returns false when there is none. */
bool program_find(const char *name, const char *const *beside, char *path, size_t size);

/* Runs it to its end, nothing on its standard input; what it says on both outputs stands in `says`. Returns its exit status, or -1 with the
 * reason (cannot be run, killed by a signal, takes too long). */
int program_run(const char *const *argv, char *says, size_t size, struct error *e);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// Files opened with the rights of the user who asked: pared must not read or write for others what they could not themselves.
#ifndef PARE_DAEMON_CALLER_H
#define PARE_DAEMON_CALLER_H

#include "base/error.h"

#include <sys/types.h>

struct caller {
    uid_t uid;
    gid_t gid;
};

/* open(2) as the caller would do it; also blocks until done: for the thread pool. Only the calling thread's rights change, for
 * the time of the call. Where pared may not take another user's rights (it is neither root nor has CAP_SETUID) that is the error.
 * Returns a descriptor (close-on-exec), or -1 with the reason. */
int caller_open(const struct caller *c, const char *path, int flags, mode_t mode, struct error *e);

/* Writes a file that must not exist yet, as the caller and in one step: beside it first, as .pare- and 16 hex digits, and its bytes are on the disk
 * before it gets its name. Returns 0, or -1 with the reason, which names `path`, and no such file. Of several at once for one path one does it. */
int caller_write(const struct caller *c, const char *path, const void *data, size_t size, struct error *e);

/* mkdir(2) as the caller; an existing folder is an error unless it is empty. */
int caller_make_folder(const struct caller *c, const char *path, struct error *e);

/* unlink(2) as the caller. What cannot be removed stays. */
void caller_remove(const struct caller *c, const char *path);

#endif

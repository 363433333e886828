// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The kinds of failure that the protocol names: what went wrong, in a word that programs can rely on.
#ifndef PARE_DAEMON_CTL_KIND_H
#define PARE_DAEMON_CTL_KIND_H

enum kind {
    KIND_NONE = 0,
    KIND_FAILED,    // it was tried and did not work, or the answer is "no"
    KIND_INVALID,   // parameters, a study file, or the line itself
    KIND_NOT_FOUND, // no such study, trial or board
    KIND_DENIED,    // the caller may not do this
    KIND_CONFLICT,  // already exists, or the wrong state for it
    KIND_BUSY,      // a limit is reached; later it may work
    KIND_HARDWARE,  // a board, probe or meter
    KIND_VERSION,   // client, service, database and runner do not fit together
    KIND_COUNT,
};

/* Exit codes of `pare` that have no kind of the protocol. */
enum {
    EXIT_NOT_RUNNING = 3,
    EXIT_TIMEOUT = 6,
    EXIT_INTERRUPTED = 130,
};

const char *kind_name(enum kind kind);      // "not_found"
enum kind kind_from_name(const char *name); // KIND_FAILED for a name that a newer service may have
int kind_code(enum kind kind);              // the application's JSON-RPC error code, -32000 and below
int kind_exit(enum kind kind);              // the exit code of `pare`

#endif

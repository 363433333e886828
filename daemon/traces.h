// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The files with raw samples of power windows, STATE/traces: a file is on the disk before the row that names it, and goes after it.
#ifndef PARE_DAEMON_TRACES_H
#define PARE_DAEMON_TRACES_H

#include "daemon/keys.h"
#include "hwlink/power_trace.h"
#include "schema/store.h"

#define TRACES_BYTES_MAX (1ll << 30) // of all files: thousands of trials on fronts; beyond it a trial has only its thinned course of power
#define TRACES_NAME_MAX 64
#define TRACES_PATH_MAX (KEYS_PATH_MAX + 16 + TRACES_NAME_MAX)

/* The folder's path, from that of the state. */
void traces_folder(const char *state, char folder[TRACES_PATH_MAX]);

/* The name of an attempt's file. */
void traces_name(int64_t study, int trial, int attempt, char name[TRACES_NAME_MAX]);

/* Writes it, whole and down to the disk. Returns 0 with *bytes and sha256, or -1 after having logged why not, and with no such file: there is too
 * much already (`kept_bytes`), or the disk does not take it. */
int traces_write(const char *folder, const char *name, const struct power_trace *t, int64_t kept_bytes, int64_t *bytes,
                 char sha256[SHA256_HEX]);

/* Reads it. Returns 0, or -1 with the reason: it is not there, or not the file whose SHA-256 (hex) its row has. power_trace_finish in any case. */
int traces_read(const char *folder, const char *name, const char *sha256, struct power_trace *t, struct error *e);

/* What cannot be removed is logged. */
void traces_remove(const char *folder, const char *name);

/* At start: makes the folder, forgets what has left the front, and removes files that no row names (a kill came between the two).
 * Returns 0, or -1 with the reason: the store or the folder cannot be used. */
int traces_sweep(const char *state, struct store *s, struct error *e);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// What the store is told of boards and attempts, as jobs for the writer.
#ifndef PARE_DAEMON_BOARD_STORE_H
#define PARE_DAEMON_BOARD_STORE_H

#include "daemon/uv_writer.h"
#include "hwlink/flashlog.h"

/* `done` comes from the loop with the store's result and, unless it is 0, the reason. Texts are copied. */

void board_store_attempt(struct writer *w, int64_t study, int trial, const char *board,
                         void (*done)(void *user, int rc, const char *text, int attempt), void *user);

void board_store_flash(struct writer *w, const char *board, const struct flashlog *log,
                       void (*done)(void *user, int rc, const char *text), void *user);

/* These are only logged when they cannot be stored. */
void board_store_failed(struct writer *w, int64_t study, int trial, int attempt, const char *board, const char *class,
                        const char *text);
void board_store_state(struct writer *w, const char *board, const char *state, const char *reason);

/* A measurement of its canary, and the event that tells of it (JSON). */
void board_store_canary(struct writer *w, const char *board, const struct store_canary *canary, const char *data);

/* No measurement so far is a reference any more. */
void board_store_canary_forgotten(struct writer *w, const char *board);

#endif

// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
// The lab's boards on the loop: lends them to studies, one attempt at a time, and keeps their flash and failures in the store.
#ifndef PARE_DAEMON_UV_BOARDS_H
#define PARE_DAEMON_UV_BOARDS_H

#include "daemon/config.h"
#include "daemon/study_wear.h"
#include "daemon/uv_writer.h"
#include "hwlink/board.h"
#include "hwlink/pool.h"

#include <cjson/cJSON.h>

struct boards;

/* How an attempt ended; valid during the call. */
struct board_attempt {
    int board;          // index, for `avoid`
    int attempt;        // its number within the trial
    const struct board_result *result;
};

/* A wish for one attempt on one board; the caller's memory until `done` or boards_cancel says so. */
struct board_wish {
    const char *type;       // of the board
    int64_t study;
    int trial;
    int avoid;              // index of a board, if there is another; -1
    uint64_t rest_ms;       // not before that has passed
    struct board_job job;   // image_path must live as long as the wish
    /* Exactly once, from the loop, unless cancelled: a failure is stored as such, a success waits for store_measured. */
    void (*done)(void *user, const struct board_attempt *attempt);
    void (*progress)(void *user, const char *text); // may be NULL
    void *user;

    uint64_t not_before_ms; // the boards' own, as the rest
    bool lent;
    struct board_wish *next;
};

/* Opens all boards of the configuration, whose flash the store knows. Before writer_start. Returns NULL with the reason. */
struct boards *boards_open(uv_loop_t *loop, const struct config *config, struct writer *writer, struct error *e);

void boards_wish(struct boards *b, struct board_wish *w);

/* Returns true if the wish is withdrawn; false if a board has it already: `done` comes. */
bool boards_cancel(struct boards *b, struct board_wish *w);

/* What a study's files may count on: the smallest limits among the boards of `type`, and whether all have a meter.
 * Returns how many there are. */
int boards_about(const struct boards *b, const char *type, int64_t *flash_bytes, int64_t *ram_bytes, bool *meters);

/* The flash of the boards of `type`; n is 0 if there are none. */
struct study_wear_boards boards_wear(const struct boards *b, const char *type);

/* SHA-256 of the runner of the boards of `type`, in hex. */
const char *boards_runner(const struct boards *b, const char *type);

/* Whether the boards of `type` are virtual: all are, or none. */
bool boards_virtual(const struct boards *b, const char *type);

/* Why no board of `type` could be had now (all rest or are quarantined); returns false, with an empty text, if one could. */
bool boards_waiting(const struct boards *b, const char *type, char *text, size_t size);

/* Puts what is true now into a list of boards as the store knows them (docs/protocol.md). */
void boards_overlay(const struct boards *b, cJSON *list);

/* Ends a quarantine. Returns 0, -1 if there is no such board, 1 if it is in none. */
int boards_release(struct boards *b, const char *name);

/* What the board's canary is measured to be next, as soon as the board is free, is its reference. Returns 0, -1 if there is no such board,
 * 1 if nothing will be measured: canaries are off, or there is none yet. */
int boards_new_reference(struct boards *b, const char *name);

/* Ends all attempts (without `done`). `closed` comes from the loop; jobs of theirs may still be out with the writer: close it
 * before boards_destroy. */
void boards_close(struct boards *b, void (*closed)(void *user), void *user);
void boards_destroy(struct boards *b);

#endif
